//! How errors of predicted numbers are spread.

use equipoise_data::Bins;
use equipoise_document::{Axis, Better, BinRule, Block, BlockKind, EstimateId, Reference, Table, TableColumn, Unit};
use equipoise_kernels::{Mean, Merge, Numbers, Ordered};

use super::ID;
use super::answer::{Answer, Support};
use super::regression::Gathered;

/// Residuals, errors along the prediction, and the target's and predictions' distributions.
pub(super) fn add(answer: &mut Answer<'_>, gathered: &Gathered) {
    histogram(answer, "residuals", "Errors", "Prediction minus truth", &[("", &gathered.errors)]);
    by_prediction(answer);
    let frame = answer.context.test.frame;
    let truth = frame.reduce(0, Numbers::default, |numbers, rows| {
        numbers.push_all(rows.truth.values().iter().copied(), rows.weight);
    });
    let predicted = frame.reduce(0, Numbers::default, |numbers, rows| {
        let values = rows.predicted.map_or(&[][..], |p| p.values());
        numbers.push_all(values.iter().copied(), rows.weight);
    });
    let (truth, predicted) = (truth.sorted(), predicted.sorted());
    let target = answer.context.spec.target.clone().unwrap_or_else(|| "target".to_owned());
    histogram(answer, "target", "Truth and prediction", &target, &[("Truth", &truth), ("Prediction", &predicted)]);
}

/// Thirty bins of equal width over the inner 99.8 %; what lies outside counts in the outermost bins.
fn histogram(answer: &mut Answer<'_>, id: &str, title: &str, axis: &str, series: &[(&str, &Ordered)]) {
    const N_BINS: u32 = 30;
    let ends = |share: f64| series.iter().filter_map(move |(_, numbers)| numbers.quantile(share));
    let low = ends(0.001).fold(f64::INFINITY, f64::min);
    let high = ends(0.999).fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high.is_finite()) {
        return;
    }
    let width = (high - low) / f64::from(N_BINS);
    let (width, n_bins) = if width > 0.0 { (width, N_BINS) } else { (1.0, 1) };
    let mut rows = Vec::new();
    for (name, numbers) in series {
        let mut below = 0.0;
        for bin in 0..n_bins {
            let (from, to) = (low + width * f64::from(bin), low + width * f64::from(bin + 1));
            let upto = if bin + 1 == n_bins { numbers.total() } else { numbers.weight_below(to) };
            rows.push((from, to, (*name).to_owned(), (upto - below) / numbers.total()));
            below = upto;
        }
    }
    let has_series = series.len() > 1;
    let mut table = Table::new(id, title)
        .column(TableColumn::number("low", "From", rows.iter().map(|r| Some(r.0))).with_unit(Unit::Target))
        .column(TableColumn::number("high", "To", rows.iter().map(|r| Some(r.1))).with_unit(Unit::Target));
    if has_series {
        table = table.column(TableColumn::text("series", "Of", rows.iter().map(|r| r.2.clone())));
    }
    answer.table(
        table.column(
            TableColumn::number("share", "Share of rows", rows.iter().map(|r| Some(r.3))).with_unit(Unit::Share),
        ),
    );
    answer.block(Block::new(
        id,
        title,
        id,
        BlockKind::Distribution {
            low: "low".into(),
            high: "high".into(),
            value: "share".into(),
            series: has_series.then(|| "series".into()),
            axis: Axis::titled(axis),
        },
        format!("{title}: shares of rows in bins of equal width; the outermost bins hold what lies beyond."),
    ));
}

#[derive(Clone, Default)]
struct Along {
    predicted: Mean,
    truth: Mean,
    error: Mean,
    absolute: Mean,
}

impl Merge for Along {
    fn merge_from(&mut self, other: Self) {
        let Self { predicted, truth, error, absolute } = other;
        self.predicted.merge_from(predicted);
        self.truth.merge_from(truth);
        self.error.merge_from(error);
        self.absolute.merge_from(absolute);
    }
}

/// Mean error in tenths of the rows by prediction.
fn by_prediction(answer: &mut Answer<'_>) {
    let frame = answer.context.test.frame;
    let predicted = frame.reduce(0, Numbers::default, |numbers, rows| {
        let values = rows.predicted.map_or(&[][..], |p| p.values());
        numbers.push_all(values.iter().copied(), None);
    });
    let bins = Bins::by_rule(&BinRule::Quantiles(10), predicted.sorted().values());
    let n_bins = bins.labels().len();
    let along = frame.reduce(
        0,
        || vec![Along::default(); n_bins],
        |along, rows| {
            let (truth, predicted) = (rows.truth.values(), rows.predicted.map_or(&[][..], |p| p.values()));
            let mut parts: Vec<(Vec<f64>, Vec<f64>, Vec<f64>)> = vec![Default::default(); n_bins];
            for (place, (y, p)) in truth.iter().zip(predicted).enumerate() {
                if let Some(part) = parts.get_mut(bins.bin(*p)) {
                    part.0.push(*y);
                    part.1.push(*p);
                    part.2.push(rows.weight_at(place));
                }
            }
            for (along, (y, p, w)) in along.iter_mut().zip(parts) {
                let w = rows.weight.map(|_| w.as_slice());
                let error: Vec<f64> = y.iter().zip(&p).map(|(y, p)| p - y).collect();
                let absolute: Vec<f64> = error.iter().map(|e| e.abs()).collect();
                along.truth.push_all(&y, w);
                along.predicted.push_all(&p, w);
                along.error.push_all(&error, w);
                along.absolute.push_all(&absolute, w);
            }
        },
    );
    let labels = bins.labels();
    let (mut errors, mut absolutes) = (Vec::new(), Vec::new());
    for (label, along) in labels.iter().zip(&along) {
        let n_effective = frame.is_weighted().then(|| along.error.n_effective());
        let support = Support { n: along.error.rows(), n_effective };
        let id = |metric: &str| EstimateId::new(ID, metric).of_group(&[("_predicted", label.as_str())]);
        let (error, absolute) = (along.error.measure(answer.confidence), along.absolute.measure(answer.confidence));
        errors.push(Some(answer.add(id("mean_error"), error, support, Better::Zero, Unit::Target)));
        let better = Better::Lower;
        absolutes.push(Some(answer.add(id("mean_absolute_error"), absolute, support, better, Unit::Target)));
    }
    let of = |pick: fn(&Along) -> &Mean| along.iter().map(move |a| pick(a).value().ok()).collect::<Vec<_>>();
    let table = Table::new("by_prediction", "Errors by prediction")
        .column(TableColumn::text("prediction", "Prediction", labels.iter().cloned()))
        .column(TableColumn::rows("n", "Rows", along.iter().map(|a| a.error.rows())))
        .column(TableColumn::number("mean_prediction", "Mean prediction", of(|a| &a.predicted)).with_unit(Unit::Target))
        .column(TableColumn::number("mean_target", "Mean truth", of(|a| &a.truth)).with_unit(Unit::Target))
        .column(TableColumn::estimate("mean_error", "Mean error", errors).with_unit(Unit::Target))
        .column(TableColumn::estimate("mean_absolute_error", "Mean absolute error", absolutes).with_unit(Unit::Target));
    answer.table(table);
    answer.block(Block::new(
        "by_prediction",
        "Mean error by prediction",
        "by_prediction",
        BlockKind::Dots {
            label: "prediction".into(),
            value: "mean_error".into(),
            series: None,
            axis: Axis::titled("Prediction minus truth"),
            reference: Some(Reference::At(0.0)),
        },
        "Mean of prediction minus truth in tenths of the rows by prediction: away from zero where predictions of that \
         size are too high or too low.",
    ));
}
