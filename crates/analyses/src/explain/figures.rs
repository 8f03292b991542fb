//! Curves, pairs and single rows as tables and blocks.

use equipoise_document::{Axis, Better, Block, BlockKind, EstimateId, Table, TableColumn, Unit};

use super::ID;
use super::curves::{Curves, Grid};
use super::interactions::{Interactions, Surface};
use super::local::Local;
use super::section::Answer;
use super::words::{number, signed};

/// Rows of a waterfall; smaller attributions are put together.
const STEPS: usize = 10;

impl Answer<'_, '_> {
    /// Partial dependence, individual lines and local effects.
    pub(super) fn curves(&mut self, curves: &[Curves], output: usize, numbers_of: &[u32]) {
        let z = self.confidence.z();
        let mut cells: [Vec<Option<f64>>; 5] = Default::default();
        let (mut series, mut ale_series) = (Vec::new(), Vec::new());
        let (mut names, mut values, mut means, mut lows, mut highs) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut ale: [Vec<Option<f64>>; 4] = Default::default();
        let mut lines: (Vec<String>, Vec<String>, [Vec<Option<f64>>; 4]) = Default::default();
        for curve in curves {
            let name = self.subject.name(curve.feature);
            match &curve.grid {
                Grid::Numbers(places) => {
                    for (x, (value, error)) in places.iter().zip(&curve.partial) {
                        series.push(name.to_owned());
                        let row = [Some(*x), Some(*value), Some(value - z * error), Some(value + z * error), None];
                        cells.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
                    }
                    for (x, (value, error)) in places.iter().zip(&curve.local) {
                        ale_series.push(name.to_owned());
                        let row = [Some(*x), Some(*value), Some(value - z * error), Some(value + z * error)];
                        ale.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
                    }
                    for (row, answers) in &curve.lines {
                        let first = answers.first().copied().unwrap_or(0.0);
                        let slopes = slopes(places, answers);
                        for ((x, y), slope) in places.iter().zip(answers).zip(slopes) {
                            lines.0.push(name.to_owned());
                            lines.1.push(numbers_of.get(*row).map_or_else(String::new, u32::to_string));
                            let row = [Some(*x), Some(*y), Some(y - first), slope];
                            lines.2.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
                        }
                    }
                }
                Grid::Names(levels) => {
                    for ((_, level), (value, error)) in levels.iter().zip(&curve.partial) {
                        names.push(name.to_owned());
                        values.push(level.clone());
                        means.push(Some(*value));
                        lows.push(Some(value - z * error));
                        highs.push(Some(value + z * error));
                    }
                }
            }
        }
        let what = match self.subject.context.task {
            equipoise_document::Task::Regression => "Prediction".to_owned(),
            _ => format!("Probability of {}", self.subject.output_name(output)),
        };
        let curve = |y: &str, low: bool, series: &str, title: &str| BlockKind::Curve {
            x: "x".into(),
            y: y.into(),
            low: low.then(|| "low".into()),
            high: low.then(|| "high".into()),
            series: Some(series.into()),
            x_axis: Axis::titled("Value"),
            y_axis: Axis::titled(title),
            reference: None,
        };
        let [x, y, low, high, _] = cells;
        if !x.is_empty() {
            let table = Table::new("partial_dependence", "Partial dependence")
                .column(TableColumn::text("feature", "Feature", series))
                .column(TableColumn::number("x", "Value", x))
                .column(TableColumn::number("prediction", &what, y))
                .column(TableColumn::number("low", "Lower end", low))
                .column(TableColumn::number("high", "Upper end", high));
            self.section.tables.push(table);
            self.section.blocks.push(Block::new(
                "partial_dependence",
                "What would the model say at other values?",
                "partial_dependence",
                curve("prediction", true, "feature", &what),
                "Mean prediction of the same rows when one feature is set to a value; the band is the uncertainty from the choice of rows.",
            ));
        }
        let [x, y, low, high] = ale;
        if !x.is_empty() {
            let table = Table::new("local_effects", "Accumulated local effects")
                .column(TableColumn::text("feature", "Feature", ale_series))
                .column(TableColumn::number("x", "Value", x))
                .column(TableColumn::number("effect", "Effect", y))
                .column(TableColumn::number("low", "Lower end", low))
                .column(TableColumn::number("high", "Upper end", high));
            self.section.tables.push(table);
            self.section.blocks.push(Block::new(
                "local_effects",
                "And when only values near the row's own are tried?",
                "local_effects",
                curve("effect", true, "feature", "Accumulated local effect"),
                "Accumulated local effects: as partial dependence, from steps that rows near a value would make, so that correlated features do not lead to rows that do not exist.",
            ));
        }
        let (feature, row, [x, y, centred, slope]) = lines;
        if !x.is_empty() {
            let label = feature.iter().zip(&row).map(|(f, r)| format!("{f}, row {r}"));
            let table = Table::new("lines", "Individual lines")
                .column(TableColumn::text("line", "Line", label))
                .column(TableColumn::text("feature", "Feature", feature.clone()))
                .column(TableColumn::text("row", "Row", row.clone()))
                .column(TableColumn::number("x", "Value", x))
                .column(TableColumn::number("prediction", &what, y))
                .column(TableColumn::number("centred", "Change from the lowest value", centred))
                .column(TableColumn::number("derivative", "Slope", slope));
            self.section.tables.push(table);
        }
        if !names.is_empty() {
            let table = Table::new("partial_dependence_names", "Partial dependence by name")
                .column(TableColumn::text("feature", "Feature", names))
                .column(TableColumn::text("value", "Value", values))
                .column(TableColumn::number("prediction", &what, means))
                .column(TableColumn::number("low", "Lower end", lows))
                .column(TableColumn::number("high", "Upper end", highs));
            self.section.tables.push(table);
            self.section.blocks.push(Block::new(
                "partial_dependence_names",
                "What would the model say at other names?",
                "partial_dependence_names",
                BlockKind::Dots {
                    label: "value".into(),
                    value: "prediction".into(),
                    series: Some("feature".into()),
                    axis: Axis::titled(&what),
                    reference: None,
                },
                "Mean prediction of the same rows when one feature is set to a value.",
            ));
        }
    }

    /// Pairs of features by how much they act together.
    pub(super) fn interactions(&mut self, found: &Interactions, surface: Option<&Surface>) {
        if found.pairs.is_empty() {
            return;
        }
        let name = |pair: &[usize; 2]| pair.map(|f| self.subject.name(f).to_owned());
        let id = |metric: &str, pair: &[usize; 2]| EstimateId::new(ID, metric).by(&name(pair));
        let has_shapley = found.pairs.iter().any(|p| p.shapley.is_some());
        let n_ranked = if has_shapley { found.n_shapley } else { found.n_h };
        let mut all = Vec::new();
        for pair in &found.pairs {
            all.extend(pair.shapley.map(|m| (id("interaction", &pair.features), m, found.n_shapley, self.unit())));
            all.push((id("h_statistic", &pair.features), pair.h, found.n_h, Unit::Plain));
            all.push((id("interaction_rank", &pair.features), pair.rank, n_ranked, Unit::Plain));
        }
        let label = found.pairs.iter().map(|p| name(&p.features).join(" × "));
        let mut table =
            Table::new("interactions", "Features that act together").column(TableColumn::text("pair", "Pair", label));
        if has_shapley {
            let ids = found.pairs.iter().map(|p| p.shapley.map(|_| id("interaction", &p.features)));
            table = table.column(TableColumn::estimate("interaction", "Mean size of interaction", ids));
        }
        let ids = found.pairs.iter().map(|p| Some(id("h_statistic", &p.features)));
        let ranks = found.pairs.iter().map(|p| Some(id("interaction_rank", &p.features)));
        let table = table
            .column(TableColumn::estimate("h", "H-statistic", ids))
            .column(TableColumn::estimate("rank", "Place", ranks));
        for (id, measured, n, unit) in all {
            self.estimate(id, &measured, (n, None), Better::Neither, unit);
        }
        let (value, title) =
            if has_shapley { ("interaction", "Mean size of interaction") } else { ("h", "H-statistic") };
        let says = format!(
            "How much pairs of the {} most important features move predictions beyond what each does alone.",
            self.subject.params.interactions
        );
        self.section.tables.push(table);
        self.section.blocks.push(Block::new(
            "interactions",
            "Which features act together?",
            "interactions",
            BlockKind::Ranking { label: "pair".into(), value: value.into(), axis: Axis::titled(title) },
            says,
        ));
        if let Some(surface) = surface {
            self.surface(surface);
        }
    }

    fn surface(&mut self, surface: &Surface) {
        let [first, second] = surface.features.map(|f| self.subject.name(f).to_owned());
        let [x, y] = &surface.places;
        let cells = || x.iter().flat_map(|x| y.iter().map(move |y| (*x, *y)));
        let table = Table::new("local_effects_2d", &format!("Joint effect of {first} and {second}"))
            .column(TableColumn::text("x", &first, cells().map(|(x, _)| number(x))))
            .column(TableColumn::text("y", &second, cells().map(|(_, y)| number(y))))
            .column(TableColumn::number("effect", "Joint effect", surface.values.iter().map(|v| Some(*v))));
        self.section.tables.push(table);
        let empty = if surface.n_empty > 0 {
            format!(" {} of the cells hold no rows and take the step of the nearest cell that does.", surface.n_empty)
        } else {
            String::new()
        };
        self.section.blocks.push(Block::new(
            "local_effects_2d",
            &format!("How do {first} and {second} act together?"),
            "local_effects_2d",
            BlockKind::HeatMap {
                x: "x".into(),
                y: "y".into(),
                value: "effect".into(),
                axis: Axis::titled("Joint effect"),
            },
            format!("What the two do to the prediction beyond the sum of what each does alone.{empty}"),
        ));
    }

    /// Single rows.
    pub(super) fn local(&mut self, rows: &[Local]) {
        let text =
            |id: &str, title: &str, of: &dyn Fn(&Local) -> String| TableColumn::text(id, title, rows.iter().map(of));
        let nearest = |l: &Local| {
            l.nearest.iter().map(|(row, d)| format!("{row} ({})", number(*d))).collect::<Vec<_>>().join(", ")
        };
        let table = Table::new("rows", "Explained rows")
            .column(TableColumn::integer("row", "Row", rows.iter().map(|l| Some(i64::from(l.row)))))
            .column(text("why", "Why it is shown", &|l| l.why.clone()))
            .column(text("truth", "Truth", &|l| l.truth.clone()))
            .column(text("predicted", "Prediction", &|l| l.predicted.clone()))
            .column(TableColumn::number("base", "Base", rows.iter().map(|l| Some(l.base))))
            .column(TableColumn::number(
                "sum",
                "Base and attributions",
                rows.iter().map(|l| Some(l.base + l.values.iter().sum::<f64>())),
            ))
            .column(TableColumn::number("model", "What the model says", rows.iter().map(|l| Some(l.total))))
            .column(TableColumn::number("stability", "Stability", rows.iter().map(|l| l.stability)))
            .column(text("nearest", "Most similar rows (distance)", &nearest));
        self.section.tables.push(table);
        self.section.blocks.push(Block::new(
            "rows",
            "Which rows are explained one by one?",
            "rows",
            BlockKind::Table {},
            "Base and attributions sum to what the model says; stability is the rank correlation with the explanation of almost the same row.",
        ));
        let space = self.explainer.space;
        for local in rows {
            let mut order: Vec<usize> = (0..local.values.len()).collect();
            let size = |i: &usize| local.values.get(*i).map_or(0.0, |x| x.abs());
            order.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
            let value = |i: &usize| local.values.get(*i).copied().unwrap_or(0.0);
            let (shown, rest) = order.split_at(STEPS.min(order.len()));
            let label =
                |i: &usize| format!("{} = {}", self.subject.name(*i), local.shown.get(*i).map_or("", String::as_str));
            let mut labels = vec!["Base".to_owned()];
            labels.extend(shown.iter().map(label));
            let mut steps = vec![Some(local.base)];
            steps.extend(shown.iter().map(|i| Some(value(i))));
            let mut errors = vec![None];
            errors.extend(shown.iter().map(|i| local.errors.get(*i).copied()));
            if !rest.is_empty() {
                labels.push(format!("{} other features", rest.len()));
                steps.push(Some(rest.iter().map(value).sum()));
                errors.push(None);
            }
            let id = format!("row_{}", local.row);
            let mut table = Table::new(&id, &format!("Row {}", local.row))
                .column(TableColumn::text("step", "Step", labels))
                .column(TableColumn::number("attribution", &format!("Attribution ({space})"), steps));
            if !local.errors.is_empty() {
                table = table.column(TableColumn::number("standard_error", "Standard error", errors));
            }
            self.section.tables.push(table);
            let names: Vec<String> =
                shown.iter().take(3).map(|i| format!("`{}` ({})", self.subject.name(*i), signed(value(i)))).collect();
            let of = if self.explainer.n_outputs > 1 {
                format!(" of `{}`", self.subject.output_name(local.output))
            } else {
                String::new()
            };
            self.section.blocks.push(Block::new(
                &id,
                &format!("Why row {}: {}", local.row, local.why),
                &id,
                BlockKind::Waterfall { label: "step".into(), value: "attribution".into() },
                format!(
                    "From {} on average to {}{of} for this row (predicted {}, truth {}), most of all by {}.",
                    number(local.base),
                    number(local.total),
                    local.predicted,
                    local.truth,
                    names.join(", ")
                ),
            ));
        }
    }
}

/// Slopes between neighbouring places, at the right one; none at the first.
fn slopes(places: &[f64], answers: &[f64]) -> Vec<Option<f64>> {
    let pairs = places.windows(2).zip(answers.windows(2));
    let between = pairs.map(|(x, y)| match (x, y) {
        ([x0, x1], [y0, y1]) if x1 > x0 => Some((y1 - y0) / (x1 - x0)),
        _ => None,
    });
    std::iter::once(None).chain(between).collect()
}
