//! One line for each column: type, missing and different values, middle, spread, outliers.

use equipoise_document::{
    Axis, Better, Block, BlockKind, ColumnRole, ColumnType, Estimate, Level, Missing, Note, Table, TableColumn, Unit,
};
use equipoise_kernels::{Ends, Tally, wilson};

use super::answer::{Answer, Given, count_of, grouped, of, percent, short, some_of};
use super::columns::{Kind, Looked};
use super::counts::{Counted, Cut, Plan};
use super::grid::{Grid, quantile};

/// What is known of a column's distribution of numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    pub(super) min: Option<f64>,
    pub(super) q1: Option<f64>,
    pub(super) q3: Option<f64>,
    pub(super) max: Option<f64>,
    /// Ends of the fences' whiskers: the last numbers within Tukey's fences.
    pub(super) whiskers: Option<(f64, f64)>,
    /// Rows beyond Tukey's fences.
    pub(super) tukey: Tally,
    /// Rows further from the median than the asked number of scaled median absolute deviations; none without spread.
    pub(super) mad: Option<Tally>,
}

/// One column as it was found.
pub(super) struct Profile<'a> {
    pub(super) looked: &'a Looked,
    pub(super) plan: &'a Plan,
    pub(super) counted: &'a Counted,
    /// Number of different values, with an interval where it is estimated.
    pub(super) distinct: (f64, Option<Ends>),
    /// The most frequent values with their rows; text counts may be low by the error.
    pub(super) top: Vec<(String, Tally)>,
    pub(super) n_missing: Tally,
    pub(super) whole: Tally,
    pub(super) numbers: Option<Numbers>,
}

/// Profiles of all columns in order.
pub(super) fn of_all<'a>(
    answer: &Answer<'_>,
    columns: &'a [Looked],
    plans: &'a [Plan],
    counts: &'a [Counted],
    levels: &dyn Fn(usize, usize) -> String,
) -> Vec<Profile<'a>> {
    let three = columns.iter().zip(plans).zip(counts);
    three.map(|((looked, plan), counted)| one(answer, looked, plan, counted, levels)).collect()
}

fn one<'a>(
    answer: &Answer<'_>,
    looked: &'a Looked,
    plan: &'a Plan,
    counted: &'a Counted,
    levels: &dyn Fn(usize, usize) -> String,
) -> Profile<'a> {
    let n_missing = counted.missing();
    let values = counted.values();
    let present: Tally = values.iter().copied().sum();
    let n_top = answer.params.top_values as usize;
    let cells_with = |keep: &dyn Fn(usize) -> Option<String>| {
        let mut cells: Vec<(usize, &Tally)> = values.iter().enumerate().filter(|(_, t)| t.n > 0).collect();
        cells.sort_by(|(i, a), (j, b)| b.w.total_cmp(&a.w).then(i.cmp(j)));
        cells.into_iter().filter_map(|(cell, t)| Some((keep(cell)?, *t))).take(n_top).collect::<Vec<_>>()
    };
    #[allow(clippy::cast_precision_loss, reason = "counts")]
    let filled = || values.iter().filter(|t| t.n > 0).count() as f64;
    let (distinct, top, numbers) = match &plan.cut {
        Cut::Grid(grid, _) => {
            let distinct =
                if grid.is_exact() { (filled(), None) } else { counted.distinct.count(answer.confidence.z()) };
            let is_date = looked.column_type == ColumnType::Datetime;
            let name = |cell: usize| {
                let number = if cell % 2 == 1 { grid.number(cell) } else { None }?;
                Some(if is_date { date(number) } else { short(number) })
            };
            // Values that all occur once are not frequent values.
            let has_repeats = values.iter().skip(1).step_by(2).any(|t| t.n > 1);
            let top = if has_repeats { cells_with(&name) } else { Vec::new() };
            (distinct, top, Some(numbers(answer, grid, &values)))
        }
        Cut::Levels(_) => ((filled(), None), cells_with(&|cell| Some(levels(looked.place, cell))), None),
        Cut::Text => {
            let of_text = |(text, w): (String, f64)| {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a weight near a count")]
                let n = w.round().max(0.0) as u64;
                (text, Tally { n, w, ww: w })
            };
            let top = counted.frequent.top(n_top).into_iter().map(of_text).collect();
            (counted.distinct.count(answer.confidence.z()), top, None)
        }
    };
    let whole = [n_missing, present].into_iter().sum();
    Profile { looked, plan, counted, distinct, top, n_missing, whole, numbers }
}

/// Quantiles, fences and outliers out of counted cells.
pub(super) fn numbers(answer: &Answer<'_>, grid: &Grid, cells: &[Tally]) -> Numbers {
    let weights: Vec<f64> = cells.iter().map(|t| t.w).collect();
    let at = |share: f64| quantile(grid, &weights, share).map(|(x, _)| x);
    let (q1, median, q3) = (at(0.25), at(0.5), at(0.75));
    let mut found = Numbers { min: at(0.0), q1, q3, max: at(1.0), ..Numbers::default() };
    let places = |keep: &dyn Fn(f64) -> bool| -> Tally {
        let is_kept = |(cell, _): &(usize, &Tally)| grid.number(*cell).is_none_or(keep);
        cells.iter().enumerate().filter(is_kept).map(|(_, t)| *t).sum()
    };
    if let (Some(q1), Some(q3)) = (q1, q3) {
        let reach = answer.params.tukey * (q3 - q1);
        let (low, high) = (q1 - reach, q3 + reach);
        found.tukey = places(&|x| x < low || x > high);
        let inside = cells.iter().enumerate().filter(|(_, t)| t.w > 0.0);
        let inside: Vec<f64> =
            inside.filter_map(|(cell, _)| grid.number(cell)).filter(|x| (low..=high).contains(x)).collect();
        found.whiskers = inside.first().copied().zip(inside.last().copied());
    }
    if let Some(median) = median {
        let distances = cells.iter().enumerate().filter(|(_, t)| t.w > 0.0);
        let mut distances: Vec<(f64, f64)> =
            distances.filter_map(|(cell, t)| Some(((grid.number(cell)? - median).abs(), t.w))).collect();
        distances.sort_by(|a, b| a.0.total_cmp(&b.0));
        let sorted: Vec<f64> = distances.iter().map(|d| d.0).collect();
        let own = Grid::over(&sorted, None, 0);
        let mut weights = vec![0.0; own.n_cells()];
        for (distance, w) in &distances {
            if let Some(sum) = weights.get_mut(own.cell(*distance)) {
                *sum += w;
            }
        }
        let deviation = quantile(&own, &weights, 0.5).map(|(x, _)| x * 1.482_602_218_505_602);
        if let Some(deviation) = deviation.filter(|d| *d > 0.0) {
            let reach = answer.params.mad * deviation;
            found.mad = Some(places(&|x| (x - median).abs() > reach));
        }
    }
    found
}

/// The interval of a quantile: the quantiles at the ends of Wilson's interval of its share (Woodruff 1952).
pub(super) fn quantile_ends(answer: &Answer<'_>, grid: &Grid, cells: &[Tally], share: f64) -> Option<Ends> {
    let whole: Tally = cells.iter().copied().sum();
    let ends = wilson(share, whole.n_effective()?, answer.confidence)?;
    let weights: Vec<f64> = cells.iter().map(|t| t.w).collect();
    Some(Ends { low: quantile(grid, &weights, ends.low)?.0, high: quantile(grid, &weights, ends.high)?.0 })
}

/// The middle of a column as an estimate.
pub(super) fn median(
    answer: &Answer<'_>,
    id: equipoise_document::EstimateId,
    grid: &Grid,
    cells: &[Tally],
) -> Estimate {
    let weights: Vec<f64> = cells.iter().map(|t| t.w).collect();
    let n: Tally = cells.iter().copied().sum();
    let value = quantile(grid, &weights, 0.5).map(|(x, _)| x).ok_or(Missing::Empty);
    let ends = quantile_ends(answer, grid, cells, 0.5);
    answer.estimate(id, Given { value, ends, method: "woodruff", n }, Better::Neither)
}

/// The mean of a column as an estimate.
pub(super) fn mean(answer: &Answer<'_>, id: equipoise_document::EstimateId, counted: &Counted) -> Estimate {
    let n = counted.moments.tally();
    let value = match counted.moments.mean() {
        _ if counted.moments.n_infinite() > 0 => Err(Missing::NotFinite),
        Some(mean) => Ok(mean),
        None => Err(if n.n == 0 { Missing::Empty } else { Missing::ZeroWeight }),
    };
    let ends = counted.moments.mean_ends(answer.confidence);
    answer.estimate(id, Given { value, ends, method: "student_t", n }, Better::Neither)
}

/// Beyond so many columns the tables begin with those that deserve a look.
const MANY_COLUMNS: usize = 50;

/// What a column deserves to be looked at for: those with an office first, then what a note may speak of, then holes.
fn notability(answer: &Answer<'_>, profile: &Profile<'_>) -> f64 {
    let looked = profile.looked;
    let top = profile.top.first().and_then(|(_, rows)| rows.share_of(profile.present())).unwrap_or(0.0);
    let missing = profile.n_missing.share_of(profile.whole).unwrap_or(0.0);
    let outliers = profile.numbers.as_ref().and_then(|n| n.tukey.share_of(profile.present())).unwrap_or(0.0);
    let is_stuck = looked.kind() != Kind::Text && top >= answer.params.near_constant;
    let office = match (looked.has(ColumnRole::Target), looked.has(ColumnRole::Sensitive)) {
        (true, _) => 100.0,
        (_, true) => 50.0,
        _ => 0.0,
    };
    let suspect =
        if looked.is_input() && (is_stuck || profile.distinct.0 <= 1.0 || profile.is_like_id()) { 10.0 } else { 0.0 };
    office + suspect + 4.0 * missing + outliers
}

/// Adds the table of all columns.
pub(super) fn add(answer: &mut Answer<'_>, profiles: &[Profile<'_>], n_left_out: u64) {
    let mut order: Vec<&Profile<'_>> = profiles.iter().collect();
    if profiles.len() > MANY_COLUMNS {
        let size = |p: &&Profile<'_>| notability(answer, p);
        // A stable sort: of equals the earlier column of the data.
        order.sort_by(|a, b| size(b).total_cmp(&size(a)));
        let text = format!(
            "There are {} columns. Tables of all of them begin with the target and sensitive columns, then those that are constant, \
             nearly constant or name rows, then those with most missing values and outliers.",
            profiles.len()
        );
        answer.note(0.0, Note::new(Level::Info, "many_columns", text));
    }
    tables(answer, &order, n_left_out);
    note_all(answer, profiles);
}

fn tables(answer: &mut Answer<'_>, profiles: &[&Profile<'_>], n_left_out: u64) {
    let mut missing = Vec::new();
    let (mut top, mut top_share) = (Vec::new(), Vec::new());
    let (mut means, mut medians, mut outliers, mut far) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for profile in profiles {
        let name = profile.looked.name.as_str();
        let (whole, present) = (profile.whole, profile.present());
        let share = answer.share(of("missing_share", name), profile.n_missing, whole, Better::Lower);
        missing.push(Some(answer.add(share)));
        match profile.top.first().filter(|_| profile.looked.kind() != Kind::Text) {
            Some((value, rows)) => {
                let share = answer.share(of("most_frequent_share", name), *rows, present, Better::Neither);
                top_share.push(Some(answer.add(share)));
                top.push(value.clone());
            }
            None => {
                top_share.push(None);
                top.push(profile.top.first().map_or_else(String::new, |(text, _)| text.clone()));
            }
        }
        let numbers = profile.numbers.as_ref().filter(|_| profile.looked.column_type == ColumnType::Numeric);
        let Some((numbers, Cut::Grid(grid, _))) = numbers.map(|n| (n, &profile.plan.cut)) else {
            for ids in [&mut means, &mut medians, &mut outliers, &mut far] {
                ids.push(None);
            }
            continue;
        };
        let estimate = mean(answer, of("mean", name), profile.counted);
        means.push(Some(answer.add(estimate)));
        let estimate = median(answer, of("median", name), grid, &profile.counted.values());
        medians.push(Some(answer.add(estimate)));
        let estimate = answer.share(of("outlier_share", name), numbers.tukey, present, Better::Neither);
        outliers.push(Some(answer.add(estimate)));
        far.push(numbers.mad.map(|rows| {
            let estimate = answer.share(of("far_share", name), rows, present, Better::Neither);
            answer.add(estimate)
        }));
    }
    let of_numbers = |f: &dyn Fn(&Profile<'_>, &Numbers) -> Option<f64>| {
        let one = |p: &Profile<'_>| p.numbers.as_ref().filter(|_| p.is_numeric()).and_then(|n| f(p, n));
        profiles.iter().copied().map(one).collect::<Vec<_>>()
    };
    #[allow(clippy::cast_possible_truncation, reason = "counts")]
    let distinct = profiles.iter().map(|p| Some(p.distinct.0 as i64));
    let table = Table::new("columns", "All columns")
        .column(TableColumn::text("column", "Column", profiles.iter().map(|p| p.looked.name.as_str())))
        .column(TableColumn::text("type", "Type", profiles.iter().map(|p| type_word(p.looked.column_type))))
        .column(TableColumn::text("role", "Role", profiles.iter().map(|p| p.looked.role_words())))
        .column(TableColumn::estimate("missing_share", "Missing", missing))
        .column(TableColumn::integer("distinct", "Different values", distinct))
        .column(TableColumn::text("most_frequent", "Most frequent", top))
        .column(TableColumn::estimate("most_frequent_share", "Its share", top_share));
    answer.table(table);
    let says = format!(
        "{} over {}: type, role, missing and different values, and the most frequent value, with intervals.{}",
        count_of(profiles.len() as u64, "column"),
        count_of(profiles.first().map_or(0, |p| p.whole.n), "row"),
        if n_left_out > 0 {
            format!(" {} whose target is missing are left out.", count_of(n_left_out, "row"))
        } else {
            String::new()
        }
    );
    answer.block("columns", "All columns", "columns", BlockKind::Table {}, says);
    add_missing_picture(answer, profiles);
    if profiles.iter().any(|p| p.is_numeric()) {
        let is_shown = |p: &&&Profile<'_>| p.is_numeric();
        let keep = |ids: Vec<Option<equipoise_document::EstimateId>>| {
            let both = ids.into_iter().zip(profiles);
            both.filter(|(_, p)| p.is_numeric()).map(|(id, _)| id).collect::<Vec<_>>()
        };
        let some = |values: Vec<Option<f64>>| {
            values.into_iter().zip(profiles).filter(|(_, p)| p.is_numeric()).map(|(x, _)| x).collect::<Vec<_>>()
        };
        let zeros = |p: &Profile<'_>| p.counted.moments.zeros().share_of(p.present());
        let table = Table::new("numbers", "Columns of numbers")
            .column(TableColumn::text(
                "column",
                "Column",
                profiles.iter().filter(is_shown).map(|p| p.looked.name.as_str()),
            ))
            .column(TableColumn::rows("n", "Rows", profiles.iter().filter(is_shown).map(|p| p.present().n)))
            .column(TableColumn::estimate("mean", "Mean", keep(means)))
            .column(TableColumn::number(
                "sd",
                "Standard deviation",
                some(of_numbers(&|p, _| p.counted.moments.standard_deviation())),
            ))
            .column(TableColumn::number("skew", "Skew", some(of_numbers(&|p, _| p.counted.moments.skewness()))))
            .column(TableColumn::number("min", "Least", some(of_numbers(&|_, n| n.min))))
            .column(TableColumn::number("q1", "Lower quartile", some(of_numbers(&|_, n| n.q1))))
            .column(TableColumn::estimate("median", "Median", keep(medians)))
            .column(TableColumn::number("q3", "Upper quartile", some(of_numbers(&|_, n| n.q3))))
            .column(TableColumn::number("max", "Most", some(of_numbers(&|_, n| n.max))))
            .column(TableColumn::number("zeros", "Zeros", some(of_numbers(&|p, _| zeros(p)))).with_unit(Unit::Share))
            .column(TableColumn::estimate("outlier_share", "Beyond Tukey's fences", keep(outliers)))
            .column(TableColumn::estimate("far_share", "Far by MAD", keep(far)));
        answer.table(table);
        let says = format!(
            "Middle, spread and ends of every column of numbers. Outliers lie more than {} interquartile ranges beyond the \
             quartiles (Tukey), or more than {} scaled median absolute deviations from the median (MAD); they are values to look \
             at, not errors.",
            short(answer.params.tukey),
            short(answer.params.mad)
        );
        answer.block("numbers", "Columns of numbers", "numbers", BlockKind::Table {}, says);
    }
}

fn add_missing_picture(answer: &mut Answer<'_>, profiles: &[&Profile<'_>]) {
    let mut holes: Vec<&Profile<'_>> = profiles.iter().copied().filter(|p| p.n_missing.n > 0).collect();
    if holes.is_empty() {
        return;
    }
    holes.sort_by(|a, b| b.n_missing.w.total_cmp(&a.n_missing.w).then_with(|| a.looked.name.cmp(&b.looked.name)));
    let n = holes.len();
    holes.truncate(40);
    let table = Table::new("missing", "Missing values")
        .column(TableColumn::text("column", "Column", holes.iter().map(|p| p.looked.name.as_str())))
        .column(TableColumn::rows("n", "Missing rows", holes.iter().map(|p| p.n_missing.n)))
        .column(TableColumn::estimate(
            "share",
            "Share missing",
            holes.iter().map(|p| Some(of("missing_share", &p.looked.name))),
        ));
    answer.table(table);
    let says = if n > holes.len() {
        format!("The {} columns with most missing values, of {n} that have any.", holes.len())
    } else {
        "The columns with missing values, with intervals.".to_owned()
    };
    let dots = BlockKind::Dots {
        label: "column".into(),
        value: "share".into(),
        series: None,
        axis: Axis::titled("share of rows without a value"),
        reference: None,
    };
    answer.section.blocks.push(Block::new("missing", "Missing values", "missing", dots, says));
}

impl Profile<'_> {
    /// Rows with a value.
    pub(super) fn present(&self) -> Tally {
        Tally {
            n: self.whole.n - self.n_missing.n,
            w: (self.whole.w - self.n_missing.w).max(0.0),
            ww: (self.whole.ww - self.n_missing.ww).max(0.0),
        }
    }

    /// Where sums of a numeric target are centred.
    pub(super) fn plan_shift(&self) -> f64 {
        self.counted.target_shift
    }

    pub(super) fn is_numeric(&self) -> bool {
        self.looked.column_type == ColumnType::Numeric
    }

    /// True when the column seems to name rows: almost every row has a value of its own.
    pub(super) fn is_like_id(&self) -> bool {
        let n = self.present().n;
        #[allow(clippy::cast_precision_loss, reason = "row counts stay below 2^53")]
        let share = self.distinct.0 / n.max(1) as f64;
        match self.looked.kind() {
            Kind::Number => {
                let is_whole = self.counted.moments.are_whole() && self.looked.column_type == ColumnType::Numeric;
                n >= 100 && share >= 0.999 && is_whole && self.distinct.1.is_none()
                    || n >= 100 && share >= 0.95 && is_whole && self.distinct.1.is_some()
            }
            Kind::Names | Kind::Text => n >= 50 && share >= 0.95,
        }
    }
}

/// What people must know of single columns.
fn note_all(answer: &mut Answer<'_>, profiles: &[Profile<'_>]) {
    let inputs = || profiles.iter().filter(|p| p.looked.is_input());
    let constant: Vec<&str> =
        inputs().filter(|p| p.distinct.0 <= 1.0 && p.present().n > 0).map(|p| p.looked.name.as_str()).collect();
    if !constant.is_empty() {
        let text = format!(
            "{} the same value in every row that has one: {}. A model can learn nothing from {}.",
            if constant.len() == 1 {
                "One feature has".to_owned()
            } else {
                format!("{} features have", constant.len())
            },
            some_of(&constant, 8),
            if constant.len() == 1 { "it" } else { "them" }
        );
        answer.note(50.0, Note::new(Level::Caution, "constant_columns", text));
    }
    let limit = answer.params.near_constant;
    for profile in inputs().filter(|p| p.distinct.0 > 1.0) {
        let Some((value, rows)) = profile.top.first() else { continue };
        let share = rows.share_of(profile.present()).unwrap_or(0.0);
        if share >= limit && profile.looked.kind() != Kind::Text {
            let text =
                format!("`{}` is nearly constant: {} of its rows hold `{value}`.", profile.looked.name, percent(share));
            let about = [of("most_frequent_share", &profile.looked.name)];
            answer.note(40.0 + share, Note::new(Level::Caution, "near_constant", text).about(about));
        }
    }
    let ids: Vec<&str> = inputs().filter(|p| p.is_like_id()).map(|p| p.looked.name.as_str()).collect();
    if !ids.is_empty() {
        let text = format!(
            "{} to name rows rather than describe them (almost every row has a value of its own): {}. As a feature such a \
             column lets a model learn rows by heart; give it the role `id`.",
            if ids.len() == 1 { "One feature seems".to_owned() } else { format!("{} features seem", ids.len()) },
            some_of(&ids, 8)
        );
        answer.note(60.0, Note::new(Level::Caution, "id_like_columns", text));
    }
    let holes: Vec<&Profile<'_>> =
        inputs().filter(|p| p.n_missing.share_of(p.whole).is_some_and(|s| s >= 0.5)).collect();
    if !holes.is_empty() {
        let names: Vec<&str> = holes.iter().map(|p| p.looked.name.as_str()).collect();
        let text = format!("At least half of the values are missing in {}.", some_of(&names, 8));
        let about = holes.iter().take(8).map(|p| of("missing_share", &p.looked.name));
        answer.note(45.0, Note::new(Level::Caution, "mostly_missing", text).about(about));
    }
    let mut far: Vec<(f64, &Profile<'_>)> = inputs()
        .filter_map(|p| Some((p.numbers.as_ref()?.tukey.share_of(p.present())?, p)))
        .filter(|(share, p)| p.is_numeric() && *share > 0.0)
        .collect();
    far.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.looked.name.cmp(&b.1.looked.name)));
    if let Some((share, profile)) = far.first() {
        let n = profile.numbers.as_ref().map_or(0, |n| n.tukey.n);
        let text = format!(
            "{} beyond Tukey's fences, most often in `{}` ({} rows, {}). Where zeros or a few values fill most rows, the rest \
             lies beyond the fences: look before removing.",
            if far.len() == 1 {
                "One feature has values".to_owned()
            } else {
                format!("{} features have values", far.len())
            },
            profile.looked.name,
            grouped(n),
            percent(*share)
        );
        let about = [of("outlier_share", &profile.looked.name)];
        answer.note(0.0, Note::new(Level::Finding, "outliers", text).about(about));
    }
    let rough: Vec<&str> = profiles.iter().filter(|p| p.distinct.1.is_some()).map(|p| p.looked.name.as_str()).collect();
    if !rough.is_empty() {
        let text = format!(
            "The number of different values is estimated from the smallest 4,096 hashes (standard error 1.6 %) for {}.",
            some_of(&rough, 8)
        );
        answer.note(0.0, Note::new(Level::Info, "distinct_estimated", text));
    }
}

pub(super) fn type_word(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Numeric => "numbers",
        ColumnType::Categorical => "names",
        ColumnType::Boolean => "true/false",
        ColumnType::Datetime => "dates",
        ColumnType::Text => "text",
    }
}

/// Seconds since 1970 as a date, `2020-01-31`, with the time where it is not midnight.
pub(super) fn date(seconds: f64) -> String {
    if seconds.is_nan() || seconds.abs() >= 1e14 {
        return short(seconds);
    }
    #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
    let whole = seconds.floor() as i64;
    let (days, rest) = (whole.div_euclid(86_400), whole.rem_euclid(86_400));
    // Days to a civil date by eras of 400 years that begin in March.
    let z = days + 719_468;
    let (era, day_of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if rest == 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", rest / 3_600, rest / 60 % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(0.0), "1970-01-01");
        assert_eq!(date(951_782_400.0), "2000-02-29");
        assert_eq!(date(-86_400.0 + 3_660.0), "1969-12-31 01:01");
    }
}
