//! Features that belong together.

use equipoise_data::Column;

use super::params::problem;
use super::subject::Subject;
use super::table::Table;
use crate::AnalysisError;

/// Rows that correlations are taken over.
const ROWS: usize = 2_000;

/// Groups of at least two features, by place: the asked ones, then those that are correlated.
pub(super) fn chosen(subject: &Subject<'_>) -> Result<Vec<Vec<usize>>, AnalysisError> {
    let mut groups = Vec::new();
    let mut taken = vec![false; subject.n_features()];
    for names in &subject.params.groups {
        let mut group = Vec::new();
        for name in names {
            let place = subject.feature("groups", name)?;
            if taken.get(place) == Some(&true) {
                return problem("groups", format!("`{name}` stands in two groups"), "put each feature in one group");
            }
            if let Some(taken) = taken.get_mut(place) {
                *taken = true;
            }
            group.push(place);
        }
        if group.len() > 1 {
            groups.push(group);
        }
    }
    if let Some(least) = subject.params.group_correlation {
        let places = subject.sample(&subject.context.test, ROWS, "explain.correlation");
        let ranks = correlations(&subject.rows_at(&places)?);
        let mut cluster: Vec<usize> = (0..subject.n_features()).collect();
        for (a, b, r) in ranks {
            let is_free = |i: usize| taken.get(i) == Some(&false);
            if r.abs() >= least && is_free(a) && is_free(b) {
                let (from, to) = (cluster.get(b).copied().unwrap_or(b), cluster.get(a).copied().unwrap_or(a));
                cluster.iter_mut().filter(|c| **c == from).for_each(|c| *c = to);
            }
        }
        for id in 0..cluster.len() {
            let group: Vec<usize> = (0..cluster.len()).filter(|i| cluster.get(*i) == Some(&id)).collect();
            if group.len() > 1 {
                groups.push(group);
            }
        }
    }
    Ok(groups)
}

/// The group of each feature; features without one are a group by themselves.
pub(super) fn labels(groups: &[Vec<usize>], n_features: usize) -> Vec<usize> {
    let of = |feature: usize| groups.iter().position(|g| g.contains(&feature)).unwrap_or(groups.len() + feature);
    (0..n_features).map(of).collect()
}

/// Spearman's correlation of each pair of numeric features.
pub(super) fn correlations(rows: &Table) -> Vec<(usize, usize, f64)> {
    let ranks: Vec<Option<Vec<f64>>> = rows
        .columns
        .iter()
        .map(|column| match column {
            Column::Number(values) => Some(ranks(values)),
            Column::Codes { .. } => None,
        })
        .collect();
    let mut out = Vec::new();
    for (a, x) in ranks.iter().enumerate() {
        for (b, y) in ranks.iter().enumerate().skip(a + 1) {
            if let Some(r) = x.as_ref().zip(y.as_ref()).and_then(|(x, y)| pearson(x, y)) {
                out.push((a, b, r));
            }
        }
    }
    out
}

/// Mid-ranks; missing values stay missing.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).filter(|i| values.get(*i).is_some_and(|x| !x.is_nan())).collect();
    let at = |i: &usize| values.get(*i).copied().unwrap_or(f64::NAN);
    order.sort_by(|a, b| at(a).total_cmp(&at(b)));
    let mut ranks = vec![f64::NAN; values.len()];
    let mut before = 0;
    for tie in order.chunk_by(|a, b| at(a).total_cmp(&at(b)).is_eq()) {
        #[allow(clippy::cast_precision_loss, reason = "a few thousand rows")]
        let middle = before as f64 + (tie.len() as f64 - 1.0) / 2.0;
        for place in tie {
            if let Some(rank) = ranks.get_mut(*place) {
                *rank = middle;
            }
        }
        before += tie.len();
    }
    ranks
}

/// Correlation over the rows where both are known; none without spread.
pub(super) fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let pairs = || x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan());
    #[allow(clippy::cast_precision_loss, reason = "a few thousand rows")]
    let n = pairs().count() as f64;
    let (mx, my) = (pairs().map(|(x, _)| x).sum::<f64>() / n, pairs().map(|(_, y)| y).sum::<f64>() / n);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        xx += (x - mx) * (x - mx);
        yy += (y - my) * (y - my);
        xy += (x - mx) * (y - my);
    }
    (n >= 3.0 && xx > 0.0 && yy > 0.0).then(|| xy / libm::sqrt(xx * yy))
}

/// Spearman's correlation of two lists.
pub(super) fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&ranks(x), &ranks(y))
}
