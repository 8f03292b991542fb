//! Numbers into estimates, tables and blocks.

use equipoise_document::{
    Axis, Better, Block, BlockKind, Estimate, EstimateId, Interval, Level, Missing, Note, PValue, Reference, Section,
    Table, TableColumn, Unit,
};
use equipoise_kernels::{Confidence, Ends, Mean, Measured, benjamini_hochberg, mover, normal_two_sided};

use super::ID;
use super::explainer::Explainer;
use super::importance::Permuted;
use super::pass::{Found, Kept};
use super::subject::Subject;
use super::summary::{Cut, Summary};
use super::words::{listed, number, percent, signed};

/// Points of one feature's swarm.
const SWARM: usize = 40;
/// Features that are compared between cohorts.
const COMPARED: usize = 10;
/// Features in the document.
const LISTED: usize = 200;

/// The section as it grows.
pub(super) struct Answer<'s, 'a> {
    pub(super) subject: &'s Subject<'a>,
    pub(super) explainer: &'s Explainer<'a>,
    pub(super) confidence: Confidence,
    pub(super) section: Section,
    /// Features by importance.
    pub(super) order: Vec<usize>,
}

impl Answer<'_, '_> {
    pub(super) fn id(&self, metric: &str, feature: usize, cohort: usize) -> EstimateId {
        EstimateId::new(ID, metric).by(&[self.subject.name(feature)]).within(self.subject.context.cohort_name(cohort))
    }

    pub(super) fn top(&self) -> &[usize] {
        self.order.get(..self.subject.params.top.min(self.order.len())).unwrap_or_default()
    }

    /// Features with numbers of their own in the document; all are in the file of attributions.
    pub(super) fn listed(&self) -> &[usize] {
        self.order.get(..LISTED.min(self.order.len())).unwrap_or_default()
    }

    pub(super) fn note(&mut self, note: Note) {
        self.section.notes.push(note);
    }

    pub(super) fn unit(&self) -> Unit {
        match self.explainer.space {
            "probability" => Unit::Share,
            "prediction" => Unit::Target,
            other => Unit::Named(other.to_owned()),
        }
    }

    pub(super) fn estimate(
        &mut self,
        id: EstimateId,
        measured: &Measured,
        mean: (u64, Option<f64>),
        better: Better,
        unit: Unit,
    ) {
        let value = measured.value.map_err(crate::missing::missing);
        let level = self.confidence.level();
        let interval = measured.ends.map(|e| Interval::new(e.low, e.high, level, measured.method));
        let estimate = Estimate::from_result(id, value, mean.0, better)
            .with_unit(unit)
            .with_interval(interval)
            .with_n_effective(mean.1)
            .flagged_small(mean.0 < self.subject.params.min_rows);
        self.section.estimates.push(estimate);
    }

    fn support(&self, mean: &Mean) -> (u64, Option<f64>) {
        (mean.rows(), self.subject.context.test.frame.is_weighted().then(|| mean.n_effective()))
    }

    /// The importance of every feature over all rows: size and direction.
    pub(super) fn importance(&mut self, found: &Found) {
        let summary = &found.summary;
        let unit = self.unit();
        for feature in self.listed().to_vec() {
            let Some(mean) = summary.sizes.first().and_then(|s| s.get(feature)) else { continue };
            let measured = mean.measure(self.confidence);
            let id = self.id("mean_abs_attribution", feature, 0);
            self.estimate(id, &measured, self.support(mean), Better::Neither, unit.clone());
            if summary.n_outputs == 1
                && let Some(mean) = summary.signed.get(feature)
            {
                let measured = mean.measure(self.confidence);
                let id = self.id("mean_attribution", feature, 0);
                self.estimate(id, &measured, self.support(mean), Better::Neither, unit.clone());
            }
        }
        let ids = |metric: &str| -> Vec<Option<EstimateId>> {
            self.listed().iter().map(|f| Some(self.id(metric, *f, 0))).collect()
        };
        let total: f64 = summary.means().iter().sum();
        let names = || self.listed().iter().map(|f| self.subject.name(*f).to_owned());
        let mut table = Table::new("importance", "Features by importance")
            .column(TableColumn::text("feature", "Feature", names()))
            .column(TableColumn::estimate(
                "mean_abs_attribution",
                "Mean size of attribution",
                ids("mean_abs_attribution"),
            ))
            .column(
                TableColumn::number(
                    "share",
                    "Share of all",
                    self.listed().iter().map(|f| summary.means().get(*f).map(|m| m / total)),
                )
                .with_unit(Unit::Share),
            );
        if summary.n_outputs == 1 {
            table = table
                .column(TableColumn::estimate("mean_attribution", "Mean attribution", ids("mean_attribution")))
                .column(TableColumn::number(
                    "direction",
                    "Direction",
                    self.listed().iter().map(|f| summary.direction(*f, 0)),
                ))
                .column(TableColumn::text(
                    "says",
                    "What it does",
                    self.listed().iter().map(|f| self.effect(summary, *f)),
                ));
        }
        self.section.tables.push(table);
        let space = self.explainer.space;
        self.section.blocks.push(Block::new(
            "importance",
            "What drives the predictions?",
            "importance",
            BlockKind::Ranking {
                label: "feature".into(),
                value: "mean_abs_attribution".into(),
                axis: Axis::titled(&format!("Mean size of attribution ({space})")),
            },
            format!("How far each feature moves the {space} of a row on average, up or down."),
        ));
        if summary.n_outputs > 1 {
            self.by_output(summary);
        }
    }

    /// Importance by class.
    fn by_output(&mut self, summary: &Summary) {
        let k = summary.n_outputs;
        let top = self.top().to_vec();
        let cells = || top.iter().flat_map(|f| (0..k).map(move |o| (*f, o)));
        let table = Table::new("by_class", "Importance by class")
            .column(TableColumn::text("feature", "Feature", cells().map(|(f, _)| self.subject.name(f).to_owned())))
            .column(TableColumn::text("class", "Class", cells().map(|(_, o)| self.subject.output_name(o))))
            .column(TableColumn::number(
                "size",
                "Mean size of attribution",
                cells().map(|(f, o)| summary.by_output.get(f * k + o).and_then(|m| m.value().ok())),
            ))
            .column(TableColumn::number("direction", "Direction", cells().map(|(f, o)| summary.direction(f, o))));
        self.section.tables.push(table);
        self.section.blocks.push(Block::new(
            "by_class",
            "What drives each class?",
            "by_class",
            BlockKind::HeatMap {
                x: "class".into(),
                y: "feature".into(),
                value: "size".into(),
                axis: Axis::titled("Mean size of attribution"),
            },
            "How far the most important features move the score of each class.",
        ));
    }

    /// What a feature does, in words.
    pub(super) fn effect(&self, summary: &Summary, feature: usize) -> String {
        if let Some(direction) = summary.direction(feature, 0) {
            let way = if direction > 0.0 { "higher values raise it" } else { "higher values lower it" };
            return match direction.abs() {
                size if size >= 0.6 => way.to_owned(),
                size if size >= 0.3 => format!("{way}, by and large"),
                _ => "no single direction".to_owned(),
            };
        }
        let (Some(Cut::Names(names)), Some(means)) = (summary.cuts.get(feature), summary.dependence.get(feature))
        else {
            return String::new();
        };
        let known = names.iter().zip(means).filter(|(_, m)| m.rows() >= self.subject.params.min_rows);
        let known: Vec<(&String, f64)> = known.filter_map(|(n, m)| Some((n, m.value().ok()?))).collect();
        let high = known.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        let low = known.iter().min_by(|a, b| a.1.total_cmp(&b.1));
        match (high, low) {
            (Some(high), Some(low)) if high.0 != low.0 => {
                format!("`{}` raises it most, `{}` lowers it most", high.0, low.0)
            }
            _ => String::new(),
        }
    }

    /// Importance by cohort and the difference to all other rows.
    pub(super) fn cohorts(&mut self, summary: &Summary) {
        let n_cohorts = summary.sizes.len();
        if n_cohorts < 2 {
            return;
        }
        let unit = self.unit();
        let some: Vec<usize> = self.order.iter().copied().take(COMPARED).collect();
        let mut rows = Vec::new();
        for cohort in 1..n_cohorts {
            for feature in &some {
                let pick = |c: usize| summary.sizes.get(c).and_then(|s| s.get(*feature));
                let (Some(all), Some(part)) = (pick(0), pick(cohort)) else { continue };
                let rest = all.without(part);
                let (a, b) = (part.measure(self.confidence), rest.measure(self.confidence));
                let size = self.id("mean_abs_attribution", *feature, cohort);
                self.estimate(size.clone(), &a, self.support(part), Better::Neither, unit.clone());
                let gap = EstimateId::new(ID, "mean_abs_attribution")
                    .aggregated("difference")
                    .by(&[self.subject.name(*feature)])
                    .within(self.subject.context.cohort_name(cohort));
                rows.push((cohort, *feature, size, gap, difference(&a, &b), test(part, &rest), self.support(part)));
            }
        }
        let p: Vec<f64> = rows.iter().filter_map(|r| r.5).collect();
        let mut adjusted = benjamini_hochberg(&p).into_iter();
        let mut found = Vec::new();
        for (cohort, feature, _, gap, measured, p, support) in &rows {
            let adjusted = p.and_then(|_| adjusted.next());
            self.estimate(gap.clone(), measured, *support, Better::Zero, unit.clone());
            if let (Some(last), Some(p)) = (self.section.estimates.pop(), p) {
                let p = PValue { value: *p, adjusted, method: "normal, benjamini_hochberg".to_owned() };
                self.section.estimates.push(last.with_p_value(Some(p)));
            }
            if let (Some(adjusted), Ok(value)) = (adjusted, measured.value)
                && adjusted < 1.0 - self.confidence.level()
            {
                found.push((*cohort, *feature, value, gap.clone()));
            }
        }
        let name = |c: usize| self.subject.context.cohort_name(c).unwrap_or_default().to_owned();
        let table = Table::new("by_cohort", "Importance by cohort")
            .column(TableColumn::text("cohort", "Cohort", rows.iter().map(|r| name(r.0))))
            .column(TableColumn::text("feature", "Feature", rows.iter().map(|r| self.subject.name(r.1).to_owned())))
            .column(TableColumn::estimate("size", "Mean size of attribution", rows.iter().map(|r| Some(r.2.clone()))))
            .column(TableColumn::estimate(
                "difference",
                "More than in other rows by",
                rows.iter().map(|r| Some(r.3.clone())),
            ));
        self.section.tables.push(table);
        self.section.blocks.push(Block::new(
            "by_cohort",
            "What drives the predictions of each cohort?",
            "by_cohort",
            BlockKind::Dots {
                label: "feature".into(),
                value: "size".into(),
                series: Some("cohort".into()),
                axis: Axis::titled("Mean size of attribution"),
                reference: None,
            },
            "How far the most important features move the predictions of each cohort.",
        ));
        found.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        for (cohort, feature, value, gap) in found.into_iter().take(3) {
            let way = if value > 0.0 { "more" } else { "less" };
            let text = format!(
                "`{}` moves predictions {way} within {} than elsewhere: by {} on average.",
                self.subject.name(feature),
                self.subject.context.cohort_name(cohort).unwrap_or_default(),
                signed(value)
            );
            self.note(Note::new(Level::Finding, "cohort_driver", text).about([gap]));
        }
    }

    /// A bounded picture of single attributions: quantiles of each feature's, with the mean rank of its values there.
    pub(super) fn swarm(&mut self, kept: &Kept) {
        let Some(rows) = &kept.rows else { return };
        let (k, d) = (self.explainer.n_outputs, self.subject.n_features());
        if k != 1 {
            return;
        }
        let (mut names, mut places, mut values, mut ranks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let top = self.top().to_vec();
        for (position, feature) in top.iter().enumerate() {
            let rank = match rows.columns.get(*feature) {
                Some(equipoise_data::Column::Number(x)) => super::groups::ranks(x),
                _ => vec![f64::NAN; rows.n_rows],
            };
            let mut all: Vec<(f64, f64)> =
                kept.values.iter().skip(*feature).step_by(d.max(1)).copied().zip(rank).collect();
            all.sort_by(|a, b| a.0.total_cmp(&b.0));
            for slice in all.chunks(all.len().div_ceil(SWARM).max(1)) {
                let known: Vec<f64> = slice.iter().map(|s| s.1).filter(|r| !r.is_nan()).collect();
                names.push(self.subject.name(*feature).to_owned());
                #[allow(clippy::cast_precision_loss, reason = "a few features")]
                places.push(Some((top.len() - position) as f64));
                values.push(slice.get(slice.len() / 2).map(|s| s.0));
                #[allow(clippy::cast_precision_loss, reason = "a thousand rows")]
                ranks.push(
                    (!known.is_empty())
                        .then(|| known.iter().sum::<f64>() / known.len() as f64 / rows.n_rows.max(2) as f64),
                );
            }
        }
        let table = Table::new("swarm", "Attributions of single rows")
            .column(TableColumn::text("feature", "Feature", names))
            .column(TableColumn::number("place", "Place (highest is most important)", places))
            .column(TableColumn::number("attribution", "Attribution", values))
            .column(TableColumn::number("value", "Value of the feature (0 lowest, 1 highest)", ranks));
        self.section.tables.push(table);
        let space = self.explainer.space;
        let order: Vec<String> = top.iter().map(|f| format!("`{}`", self.subject.name(*f))).collect();
        self.section.blocks.push(Block::new(
            "swarm",
            "How do attributions spread over the rows?",
            "swarm",
            BlockKind::Scatter {
                x: "attribution".into(),
                y: "place".into(),
                colour: Some("value".into()),
                x_axis: Axis::titled(&format!("Attribution ({space})")),
                y_axis: Axis::titled("Feature, the most important on top"),
            },
            format!(
                "Each point stands for one part in {SWARM} of the rows; colour is the value of the feature. From the top: {}.",
                order.join(", ")
            ),
        ));
    }

    /// Mean attribution by value of the feature.
    pub(super) fn dependence(&mut self, summary: &Summary) {
        if summary.n_outputs != 1 {
            return;
        }
        let mut numeric: [Vec<Option<f64>>; 4] = Default::default();
        let (mut features, mut n_numeric) = (Vec::new(), Vec::new());
        let (mut names, mut values, mut means, mut n_named) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for feature in self.top() {
            let (Some(cut), Some(bins)) = (summary.cuts.get(*feature), summary.dependence.get(*feature)) else {
                continue;
            };
            let name = self.subject.name(*feature);
            for (bin, mean) in bins.iter().enumerate().filter(|(_, mean)| mean.rows() > 0) {
                let measured = mean.measure(self.confidence);
                match cut {
                    Cut::Numbers { middles, .. } => {
                        let Some(x) = middles.get(bin) else { continue };
                        features.push(name.to_owned());
                        n_numeric.push(mean.rows());
                        let cells = [
                            Some(*x),
                            measured.value.ok(),
                            measured.ends.map(|e| e.low),
                            measured.ends.map(|e| e.high),
                        ];
                        numeric.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
                    }
                    Cut::Names(levels) => {
                        names.push(name.to_owned());
                        let rest = if levels.len() < cut.n() - 1 { "(other)" } else { "(missing or other)" };
                        values.push(levels.get(bin).cloned().unwrap_or_else(|| rest.to_owned()));
                        means.push(measured.value.ok());
                        n_named.push(mean.rows());
                    }
                }
            }
        }
        let [x, y, low, high] = numeric;
        if !x.is_empty() {
            let table = Table::new("dependence", "Attribution by value")
                .column(TableColumn::text("feature", "Feature", features))
                .column(TableColumn::number("x", "Value", x))
                .column(TableColumn::number("attribution", "Mean attribution", y))
                .column(TableColumn::number("low", "Lower end", low))
                .column(TableColumn::number("high", "Upper end", high))
                .column(TableColumn::rows("n", "Rows", n_numeric));
            self.section.tables.push(table);
            self.section.blocks.push(Block::new(
                "dependence",
                "How does each number act?",
                "dependence",
                BlockKind::Curve {
                    x: "x".into(),
                    y: "attribution".into(),
                    low: Some("low".into()),
                    high: Some("high".into()),
                    series: Some("feature".into()),
                    x_axis: Axis::titled("Value"),
                    y_axis: Axis::titled("Mean attribution"),
                    reference: Some(Reference::At(0.0)),
                },
                "Mean attribution of rows by the value of the feature, with its interval.",
            ));
        }
        if !names.is_empty() {
            let table = Table::new("dependence_names", "Attribution by name")
                .column(TableColumn::text("feature", "Feature", names))
                .column(TableColumn::text("value", "Value", values))
                .column(TableColumn::number("attribution", "Mean attribution", means))
                .column(TableColumn::rows("n", "Rows", n_named));
            self.section.tables.push(table);
            self.section.blocks.push(Block::new(
                "dependence_names",
                "How does each name act?",
                "dependence_names",
                BlockKind::Dots {
                    label: "value".into(),
                    value: "attribution".into(),
                    series: Some("feature".into()),
                    axis: Axis::titled("Mean attribution"),
                    reference: Some(Reference::At(0.0)),
                },
                "Mean attribution of rows by the value of the feature.",
            ));
        }
    }

    /// Permutation importance of features and groups.
    pub(super) fn permuted(&mut self, permuted: &Permuted) {
        let metric = permuted.metric;
        let name = |features: &[usize]| -> Vec<&str> { features.iter().map(|f| self.subject.name(*f)).collect() };
        let id = |features: &[usize]| EstimateId::new(ID, "permutation_importance").by(&name(features));
        let mut order: Vec<usize> = (0..permuted.all.len()).collect();
        let value = |i: &usize| permuted.all.get(*i).and_then(|p| p.value).unwrap_or(f64::NEG_INFINITY);
        order.sort_by(|a, b| value(b).total_cmp(&value(a)).then(a.cmp(b)));
        let sorted: Vec<_> = order.iter().filter_map(|i| permuted.all.get(*i)).collect();
        let estimates: Vec<Estimate> = sorted
            .iter()
            .map(|one| {
                let interval =
                    one.ends.map(|Ends { low, high }| Interval::new(low, high, self.confidence.level(), one.method));
                Estimate::from_result(
                    id(&one.features),
                    one.value.ok_or(Missing::OneClass),
                    permuted.n_rows,
                    Better::Neither,
                )
                .with_unit(metric.unit())
                .with_interval(interval)
                .flagged_small(permuted.n_rows < self.subject.params.min_rows)
            })
            .collect();
        let shown = metric.id().replace('_', " ");
        let table = Table::new("permutation", &format!("Loss of {shown} when a feature is shuffled"))
            .column(TableColumn::text("feature", "Feature", sorted.iter().map(|p| name(&p.features).join(" + "))))
            .column(TableColumn::estimate(
                "loss",
                &format!("Loss of {shown}"),
                sorted.iter().map(|p| Some(id(&p.features))),
            ));
        self.section.tables.push(table);
        self.section.estimates.extend(estimates);
        let baseline = permuted
            .baseline
            .map_or_else(String::new, |b| format!(" It is {} with every value in its place.", number(b)));
        self.section.blocks.push(Block::new(
            "permutation",
            "What does the fit depend on?",
            "permutation",
            BlockKind::Dots {
                label: "feature".into(),
                value: "loss".into(),
                series: None,
                axis: Axis::titled(&format!("Loss of {shown}")),
                reference: Some(Reference::At(0.0)),
            },
            format!(
                "How much {shown} is lost when the values of a feature are shuffled among {} rows, {} times.{baseline}",
                permuted.n_rows, self.subject.params.repeats
            ),
        ));
    }

    /// What drives the predictions, in a sentence.
    pub(super) fn headline(&mut self, summary: &Summary) {
        let means = summary.means();
        let total: f64 = means.iter().sum();
        let top: Vec<usize> =
            self.order.iter().copied().take(3).filter(|f| means.get(*f).is_some_and(|m| *m > 0.0)).collect();
        if top.is_empty() || total <= 0.0 {
            let text = "No feature moves the predictions: the model says the same of every row.".to_owned();
            self.note(Note::new(Level::Concern, "no_drivers", text));
            return;
        }
        let share: f64 = top.iter().filter_map(|f| means.get(*f)).sum::<f64>() / total;
        let names: Vec<&str> = top.iter().map(|f| self.subject.name(*f)).collect();
        let about: Vec<EstimateId> = top.iter().map(|f| self.id("mean_abs_attribution", *f, 0)).collect();
        let effect = top.first().map(|f| self.effect(summary, *f)).filter(|e| !e.is_empty() && summary.n_outputs == 1);
        let effect =
            effect.map_or_else(String::new, |e| format!(" Of `{}`, {e}.", names.first().copied().unwrap_or_default()));
        let verb = if names.len() == 1 { "moves" } else { "move" };
        let text =
            format!("{} {verb} the predictions most: {} of all attributions.{effect}", listed(&names), percent(share));
        self.note(Note::new(Level::Finding, "top_drivers", text).about(about));
    }

    /// Base, additivity, and how exact the numbers are.
    pub(super) fn exactness(&mut self, found: &Found, agreement: Option<f64>) {
        let n = found.n_rows;
        let unit = self.unit();
        for (output, base) in found.base.iter().enumerate() {
            let id = EstimateId::new(ID, "base_value");
            let id =
                if found.base.len() == 1 { id } else { id.of_group(&[("class", self.subject.output_name(output))]) };
            self.section.estimates.push(Estimate::new(id, *base, n, Better::Neither).with_unit(unit.clone()));
        }
        let id = EstimateId::new(ID, "additivity_error");
        self.section.estimates.push(Estimate::new(id, found.additivity, n, Better::Lower).with_unit(unit));
        if self.explainer.n_calls() > 0 {
            #[allow(clippy::cast_precision_loss, reason = "a count for the eye")]
            let calls = self.explainer.n_calls() as f64;
            let id = EstimateId::new(ID, "model_calls");
            self.section.estimates.push(Estimate::new(id, calls, n, Better::Neither).with_unit(Unit::Rows));
        }
        if let Some(error) = found.error {
            let id = EstimateId::new(ID, "relative_standard_error");
            self.section.estimates.push(Estimate::new(id, error, n, Better::Lower).with_unit(Unit::Share));
        }
        if let Some(agreement) = agreement {
            let id = EstimateId::new(ID, "agreement_with_permutation");
            self.section.estimates.push(Estimate::new(id, agreement, n, Better::Higher));
        }
    }
}

/// The difference of two means with its interval.
fn difference(a: &Measured, b: &Measured) -> Measured {
    let value = a.value.and_then(|x| b.value.map(|y| x - y));
    let ends = match (a.value, b.value, a.ends, b.ends) {
        (Ok(x), Ok(y), Some(of_a), Some(of_b)) => mover(&[(1.0, x, of_a), (-1.0, y, of_b)]),
        _ => None,
    };
    Measured::new(value, ends, "mover")
}

/// Two-sided p-value of two means being the same.
fn test(a: &Mean, b: &Mean) -> Option<f64> {
    let (x, y) = (a.value().ok()?, b.value().ok()?);
    let error = libm::hypot(a.standard_error()?, b.standard_error()?);
    (error > 0.0).then(|| normal_two_sided((x - y) / error))
}
