//! What is counted while explained rows go by.

use equipoise_data::{Bins, Column, MISSING};
use equipoise_document::BinRule;
use equipoise_kernels::Mean;

use super::explainer::Explained;
use super::subject::Subject;
use super::table::Table;

/// Bins of a numeric feature in its dependence curve.
const BINS: u32 = 20;
/// Values of a feature of names that have a place of their own.
const LEVELS: usize = 30;

/// Sums over the explained rows.
pub(super) struct Summary {
    n_features: usize,
    pub(super) n_outputs: usize,
    /// By cohort (the first is all rows) and feature: mean size of the attribution over outputs.
    pub(super) sizes: Vec<Vec<Mean>>,
    /// By feature and output: the attribution itself.
    pub(super) signed: Vec<Mean>,
    /// By feature and output: its size.
    pub(super) by_output: Vec<Mean>,
    /// By feature: how values become bins.
    pub(super) cuts: Vec<Cut>,
    /// By feature, bin and output: the attribution.
    pub(super) dependence: Vec<Vec<Mean>>,
    /// By feature and output: `Σw, Σwx, Σwφ, Σwx², Σwφ², Σwxφ`, `x` less a shift.
    products: Vec<[f64; 6]>,
    shifts: Vec<f64>,
}

/// How values of a feature become bins; the last bin holds missing values.
pub(super) enum Cut {
    Numbers { bins: Bins, middles: Vec<f64> },
    Names(Vec<String>),
}

impl Cut {
    pub(super) fn n(&self) -> usize {
        1 + match self {
            Self::Numbers { bins, .. } => bins.labels().len(),
            Self::Names(names) => names.len(),
        }
    }
}

impl Summary {
    pub(super) fn new(subject: &Subject<'_>, n_outputs: usize) -> Self {
        let d = subject.n_features();
        let cuts: Vec<Cut> = (0..d).map(|f| cut(subject, f)).collect();
        let shift = |f: usize| subject.info(f).and_then(|c| c.sample.get(c.sample.len() / 2).copied()).unwrap_or(0.0);
        let n_cohorts = subject.context.test.frame.cohorts().len();
        Self {
            n_features: d,
            n_outputs,
            sizes: vec![vec![Mean::default(); d]; n_cohorts],
            signed: vec![Mean::default(); d * n_outputs],
            by_output: vec![Mean::default(); d * n_outputs],
            dependence: cuts.iter().map(|c| vec![Mean::default(); c.n() * n_outputs]).collect(),
            cuts,
            products: vec![[0.0; 6]; d * n_outputs],
            shifts: (0..d).map(shift).collect(),
        }
    }

    /// Takes in a part.
    pub(super) fn push(
        &mut self,
        rows: &Table,
        places: &[u32],
        explained: &Explained,
        weight: Option<&[f64]>,
        members: &[Vec<bool>],
    ) {
        let k = self.n_outputs;
        let width = self.n_features * k;
        let cohorts: Vec<Vec<usize>> = members
            .iter()
            .map(|m| {
                (0..places.len())
                    .filter(|i| places.get(*i).is_some_and(|p| m.get(*p as usize) == Some(&true)))
                    .collect()
            })
            .collect();
        let weight_at = |row: usize| weight.map_or(1.0, |w| w.get(row).copied().unwrap_or(0.0));
        for feature in 0..self.n_features {
            let column = |output: usize| -> Vec<f64> {
                explained.values.iter().skip(feature * k + output).step_by(width.max(1)).copied().collect()
            };
            let bins = rows.columns.get(feature).zip(self.cuts.get(feature)).map(|(c, cut)| bins_of(c, cut));
            let mut sizes = vec![0.0; places.len()];
            for output in 0..k {
                let values = column(output);
                let absolute: Vec<f64> = values.iter().map(|x| x.abs()).collect();
                #[allow(clippy::cast_precision_loss, reason = "a few classes")]
                sizes.iter_mut().zip(&absolute).for_each(|(sum, x)| *sum += x / k as f64);
                let place = feature * k + output;
                if let Some(mean) = self.signed.get_mut(place) {
                    mean.push_all(&values, weight);
                }
                if let Some(mean) = self.by_output.get_mut(place) {
                    mean.push_all(&absolute, weight);
                }
                if let (Some(bins), Some(means)) = (&bins, self.dependence.get_mut(feature)) {
                    push_binned(means, bins, &values, weight, (k, output));
                }
                if let (Some(Column::Number(x)), Some(sums)) = (rows.columns.get(feature), self.products.get_mut(place))
                {
                    let shift = self.shifts.get(feature).copied().unwrap_or(0.0);
                    for (row, (x, phi)) in x.iter().zip(&values).enumerate().filter(|(_, (x, _))| x.is_finite()) {
                        let (w, x) = (weight_at(row), x - shift);
                        let terms = [w, w * x, w * phi, w * x * x, w * phi * phi, w * x * phi];
                        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
                    }
                }
            }
            for (cohort, means) in self.sizes.iter_mut().enumerate() {
                let Some(mean) = means.get_mut(feature) else { continue };
                match cohort.checked_sub(1).and_then(|c| cohorts.get(c)) {
                    None => mean.push_all(&sizes, weight),
                    Some(rows) => {
                        let some: Vec<f64> = rows.iter().filter_map(|r| sizes.get(*r).copied()).collect();
                        let weights = weight.map(|_| rows.iter().map(|r| weight_at(*r)).collect::<Vec<f64>>());
                        mean.push_all(&some, weights.as_deref());
                    }
                }
            }
        }
    }

    /// Correlation of a feature's value with its attribution; none for names and constants.
    pub(super) fn direction(&self, feature: usize, output: usize) -> Option<f64> {
        let [w, x, phi, xx, pp, xp] = self.products.get(feature * self.n_outputs + output)?;
        let (vx, vp) = (xx - x * x / w, pp - phi * phi / w);
        (*w > 0.0 && vx > 1e-12 * xx && vp > 1e-12 * pp)
            .then(|| ((xp - x * phi / w) / libm::sqrt(vx * vp)).clamp(-1.0, 1.0))
    }

    /// Features by their mean size over all rows, largest first; equal ones in the order of the data.
    pub(super) fn ranking(&self) -> Vec<usize> {
        let size = |f: &usize| self.sizes.first().and_then(|s| s.get(*f)).and_then(|m| m.value().ok()).unwrap_or(0.0);
        let mut order: Vec<usize> = (0..self.n_features).collect();
        order.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
        order
    }

    /// Mean size of each feature over all rows.
    pub(super) fn means(&self) -> Vec<f64> {
        self.sizes.first().into_iter().flatten().map(|m| m.value().unwrap_or(0.0)).collect()
    }
}

fn cut(subject: &Subject<'_>, feature: usize) -> Cut {
    let Some(info) = subject.info(feature) else { return Cut::Names(Vec::new()) };
    if subject.is_numeric(feature) {
        let bins = Bins::by_rule(&BinRule::Quantiles(BINS), &info.sample);
        let middle = |bin: usize| {
            let from = info.sample.partition_point(|x| bin > 0 && bins.edges().get(bin - 1).is_some_and(|e| x < e));
            let to = bins.edges().get(bin).map_or(info.sample.len(), |e| info.sample.partition_point(|x| x < e));
            info.sample.get(from + to.saturating_sub(from) / 2).copied().unwrap_or(f64::NAN)
        };
        let middles = (0..bins.labels().len()).map(middle).collect();
        return Cut::Numbers { bins, middles };
    }
    Cut::Names(info.levels.iter().take(LEVELS).cloned().collect())
}

fn bins_of(column: &Column, cut: &Cut) -> Vec<usize> {
    let last = cut.n() - 1;
    match (column, cut) {
        (Column::Number(values), Cut::Numbers { bins, .. }) => {
            values.iter().map(|x| if x.is_nan() { last } else { bins.bin(*x) }).collect()
        }
        (Column::Codes { codes, .. }, _) => {
            codes.iter().map(|c| if *c == MISSING { last } else { (*c as usize).min(last) }).collect()
        }
        (Column::Number(values), Cut::Names(_)) => vec![last; values.len()],
    }
}

/// Puts attributions into the means of their bins.
fn push_binned(
    means: &mut [Mean],
    bins: &[usize],
    values: &[f64],
    weight: Option<&[f64]>,
    (k, output): (usize, usize),
) {
    let n_bins = means.len() / k.max(1);
    let mut by_bin: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); n_bins];
    for (row, (bin, value)) in bins.iter().zip(values).enumerate() {
        if let Some((values, weights)) = by_bin.get_mut(*bin) {
            values.push(*value);
            weights.extend(weight.and_then(|w| w.get(row)));
        }
    }
    for (bin, (values, weights)) in by_bin.iter().enumerate() {
        if let Some(mean) = means.get_mut(bin * k + output) {
            mean.push_all(values, weight.map(|_| weights.as_slice()));
        }
    }
}
