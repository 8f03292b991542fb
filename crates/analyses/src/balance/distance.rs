//! How far the shares of a column's values lie from a reference.

use equipoise_document::{
    Better, Block, BlockKind, Estimate, EstimateId, Interval, Level, Missing, Note, PValue, Table, TableColumn, Unit,
};
use equipoise_kernels::{
    Divergence, Ends, Tally, benjamini_hochberg, chi_squared_against, chi_squared_tail, normal_interval, shares,
};

use super::answer::{Answer, id, p_in_words, part_name, percent, some_of};
use super::observed::Observed;

/// What shares are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Against {
    /// The user's shares.
    Reference,
    /// The training data.
    Train,
    /// Equal shares of all values that occur.
    Uniform,
}

/// One line of the table.
struct Line {
    column: String,
    part: usize,
    against: Against,
    ids: Vec<EstimateId>,
    chi_squared: Estimate,
}

/// Observed cells with their reference, by name.
struct Compared {
    names: Vec<String>,
    cells: Vec<Tally>,
    q: Vec<f64>,
    /// The reference's rows, where it was counted.
    counted: Option<Vec<Tally>>,
}

impl Against {
    fn word(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Train => "train",
            Self::Uniform => "uniform",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Reference => "given shares",
            Self::Train => "training data",
            Self::Uniform => "equal shares",
        }
    }
}

/// Id and title of each divergence.
fn metric(divergence: Divergence) -> (&'static str, &'static str) {
    match divergence {
        Divergence::KullbackLeibler => ("kl_divergence", "Kullback–Leibler"),
        Divergence::JensenShannon => ("jensen_shannon_distance", "Jensen–Shannon distance"),
        Divergence::TotalVariation => ("total_variation", "Total variation"),
        Divergence::InfinityNorm => ("infinity_norm", "Largest difference"),
        Divergence::CrossEntropy => ("cross_entropy", "Cross-entropy"),
    }
}

/// The largest value a divergence can take; none where there is no bound.
fn bound(divergence: Divergence) -> f64 {
    match divergence {
        Divergence::JensenShannon => std::f64::consts::LN_2.sqrt(),
        Divergence::TotalVariation | Divergence::InfinityNorm => 1.0,
        Divergence::KullbackLeibler | Divergence::CrossEntropy => f64::INFINITY,
    }
}

/// Adds the distances of every column from every reference there is for it.
pub(super) fn add(answer: &mut Answer<'_>, columns: &[Observed]) {
    let mut lines = Vec::new();
    for observed in columns {
        for part in 0..observed.parts.len() {
            for against in [Against::Reference, Against::Train, Against::Uniform] {
                if let Some(compared) = line_up(answer, observed, part, against) {
                    lines.push(line(answer, observed, part, against, &compared));
                }
            }
        }
    }
    if lines.is_empty() {
        return;
    }
    adjust(&mut lines);
    let mut table = Table::new("distances", "How far the data lies from a reference")
        .column(TableColumn::text("column", "Column", lines.iter().map(|l| l.column.as_str())))
        .column(TableColumn::text("part", "Data", lines.iter().map(|l| part_name(l.part))))
        .column(TableColumn::text("reference", "Held against", lines.iter().map(|l| l.against.says())));
    for (place, divergence) in Divergence::ALL.into_iter().enumerate() {
        let (id, title) = metric(divergence);
        table = table.column(TableColumn::estimate(id, title, lines.iter().map(|l| l.ids.get(place).cloned())));
    }
    table =
        table.column(TableColumn::estimate("chi_squared", "χ²", lines.iter().map(|l| Some(l.chi_squared.id.clone()))));
    answer.section.tables.push(table);
    answer.section.estimates.extend(lines.into_iter().map(|l| l.chi_squared));
    let says = "Distances of the shares of each column's values from given shares, from the training data, and from equal \
                shares of the values that occur. Logarithms are natural; rows without a value are left out.";
    answer.section.blocks.push(Block::new(
        "distances",
        "Distance from a reference",
        "distances",
        BlockKind::Table {},
        says,
    ));
}

fn line_up(answer: &mut Answer<'_>, observed: &Observed, part: usize, against: Against) -> Option<Compared> {
    let present = observed.present(part);
    let (names, cells): (Vec<String>, Vec<Tally>) = present.into_iter().map(|(name, t)| (name.to_owned(), t)).unzip();
    match against {
        Against::Uniform => {
            if observed.is_quantiles {
                return None;
            }
            let seen = || cells.iter().filter(|c| c.w > 0.0);
            let k = seen().count();
            #[allow(clippy::cast_precision_loss, reason = "a number of values")]
            let q = cells.iter().map(|c| if c.w > 0.0 { 1.0 / k as f64 } else { 0.0 }).collect();
            (k > 1).then_some(Compared { names, cells, q, counted: None })
        }
        Against::Train => {
            if part > 0 {
                return None;
            }
            let train: Vec<Tally> = observed.present(1).into_iter().map(|(_, tally)| tally).collect();
            let q = shares(&train)?;
            Some(Compared { names, cells, q, counted: Some(train) })
        }
        Against::Reference => {
            let wanted = answer.params.reference.get(&observed.column)?;
            let (mut names, mut cells) = (names, cells);
            let unseen: Vec<String> = wanted.keys().filter(|name| !names.contains(name)).cloned().collect();
            let unwanted: Vec<String> = names
                .iter()
                .zip(&cells)
                .filter(|(n, c)| c.n > 0 && !wanted.contains_key(*n))
                .map(|(n, _)| n.clone())
                .collect();
            note_unmatched(answer, &observed.column, part, &unseen, &unwanted);
            cells.extend(unseen.iter().map(|_| Tally::default()));
            names.extend(unseen);
            let q = names.iter().map(|name| wanted.get(name).copied().unwrap_or(0.0)).collect();
            Some(Compared { names, cells, q, counted: None })
        }
    }
}

fn note_unmatched(answer: &mut Answer<'_>, column: &str, part: usize, unseen: &[String], unwanted: &[String]) {
    let part = part_name(part);
    if !unseen.is_empty() {
        let text =
            format!("The reference for `{column}` names {}, which the {part} data does not have.", some_of(unseen, 5));
        answer.note(0.0, Note::new(Level::Caution, "reference_not_seen", text));
    }
    if !unwanted.is_empty() {
        let text = format!(
            "The reference for `{column}` gives no share to {}, which the {part} data has: Kullback–Leibler and χ² are \
             undefined.",
            some_of(unwanted, 5)
        );
        answer.note(0.0, Note::new(Level::Caution, "reference_incomplete", text));
    }
}

fn line(answer: &mut Answer<'_>, observed: &Observed, part: usize, against: Against, compared: &Compared) -> Line {
    let column = observed.column.as_str();
    let Compared { cells, q, counted, .. } = compared;
    let whole: Tally = cells.iter().copied().sum();
    let p = shares(cells).unwrap_or_default();
    let mut ids = Vec::new();
    for divergence in Divergence::ALL {
        let id = id(part, metric(divergence).0).aggregated(against.word()).by(&[column]);
        let value = divergence.between(&p, q);
        let variance = match counted {
            Some(counted) => divergence.variance_between(cells, counted),
            None => divergence.variance_from(cells, q),
        };
        let ends = value
            .zip(variance.filter(|v| *v > 0.0))
            .and_then(|(value, variance)| normal_interval(value, variance.sqrt(), answer.confidence))
            .map(|ends: Ends| ends.within(0.0, bound(divergence)));
        let better = if divergence == Divergence::CrossEntropy { Better::Lower } else { Better::Zero };
        let unit = match divergence {
            Divergence::KullbackLeibler | Divergence::CrossEntropy => Unit::Nats,
            Divergence::TotalVariation | Divergence::InfinityNorm => Unit::Share,
            Divergence::JensenShannon => Unit::Plain,
        };
        let estimate = Estimate::from_result(id.clone(), value.ok_or(why_missing(whole)), whole.n, better)
            .with_unit(unit)
            .with_interval(ends.map(|e| Interval::new(e.low, e.high, answer.confidence.level(), "delta")))
            .with_n_effective(answer.n_effective(whole))
            .flagged_small(answer.is_small(whole));
        answer.section.estimates.push(estimate);
        ids.push(id);
    }
    let chi_squared = chi_squared(answer, id(part, "chi_squared").aggregated(against.word()).by(&[column]), compared);
    say(answer, observed, part, against, compared, &chi_squared);
    Line { column: column.to_owned(), part, against, ids, chi_squared }
}

fn why_missing(whole: Tally) -> Missing {
    if whole.n == 0 { Missing::Empty } else { Missing::ZeroDenominator }
}

/// Pearson's test: of fixed shares, or of equal shares in both parts when the reference is counted too.
fn chi_squared(answer: &Answer<'_>, id: EstimateId, compared: &Compared) -> Estimate {
    let whole: Tally = compared.cells.iter().copied().sum();
    let p = shares(&compared.cells).unwrap_or_default();
    let result = match &compared.counted {
        None => whole.n_effective().and_then(|n| chi_squared_against(&p, &compared.q, n)),
        Some(counted) => {
            // Σ over both parts of n·(share − pooled)²/pooled, at effective numbers of rows.
            let other: Tally = counted.iter().copied().sum();
            whole.n_effective().zip(other.n_effective()).and_then(|(n, m)| {
                let pooled: Vec<f64> = p.iter().zip(&compared.q).map(|(p, q)| (n * p + m * q) / (n + m)).collect();
                let (a, df) = chi_squared_against(&p, &pooled, n)?;
                Some((a + chi_squared_against(&compared.q, &pooled, m)?.0, df))
            })
        }
    };
    #[allow(clippy::cast_precision_loss, reason = "a number of values")]
    let p_value = result.map(|(statistic, df)| chi_squared_tail(statistic, df as f64));
    let n_used = compared.cells.iter().filter(|c| c.w > 0.0).count();
    let why = if n_used < 2 { Missing::FewerThanTwoGroups } else { why_missing(whole) };
    Estimate::from_result(id, result.map(|(statistic, _)| statistic).ok_or(why), whole.n, Better::Zero)
        .with_n_effective(answer.n_effective(whole))
        .with_p_value(p_value.map(|value| PValue { value, adjusted: None, method: "chi_squared".into() }))
        .flagged_small(answer.is_small(whole))
}

/// Benjamini–Hochberg over all columns held against the same reference in the same part.
fn adjust(lines: &mut [Line]) {
    for part in 0..2 {
        for against in [Against::Reference, Against::Train, Against::Uniform] {
            let is_here = |l: &&mut Line| l.part == part && l.against == against;
            let mut family: Vec<&mut PValue> =
                lines.iter_mut().filter(is_here).filter_map(|l| l.chi_squared.p_value.as_mut()).collect();
            let adjusted = benjamini_hochberg(&family.iter().map(|p| p.value).collect::<Vec<_>>());
            for (p, adjusted) in family.iter_mut().zip(adjusted) {
                p.adjusted = Some(adjusted);
                p.method = "chi_squared, benjamini_hochberg".to_owned();
            }
        }
    }
}

fn say(
    answer: &mut Answer<'_>,
    observed: &Observed,
    part: usize,
    against: Against,
    compared: &Compared,
    test: &Estimate,
) {
    if against == Against::Uniform || !(observed.is_sensitive || against == Against::Reference) {
        return;
    }
    let Some(p) = shares(&compared.cells) else { return };
    let gaps = compared.names.iter().zip(p.iter().zip(&compared.q));
    let Some((name, (p, q))) = gaps.max_by(|a, b| (a.1.0 - a.1.1).abs().total_cmp(&(b.1.0 - b.1.1).abs())) else {
        return;
    };
    let p_value = test.p_value.as_ref().map(|p| p.value);
    let is_clear = p_value.is_none_or(|p| p < 1.0 - answer.confidence.level());
    let is_concern = is_clear && (p - q).abs() >= answer.params.concern_from;
    let text = format!(
        "`{name}` makes up {} of the {} data by `{}`, against {} in the {}{}.",
        percent(*p),
        part_name(part),
        observed.column,
        percent(*q),
        against.says(),
        p_value.map_or_else(String::new, |p| format!(" (χ² over all values: {})", p_in_words(p))),
    );
    let level = if is_concern { Level::Concern } else { Level::Finding };
    let largest = id(part, "infinity_norm").aggregated(against.word()).by(&[observed.column.as_str()]);
    answer.note((p - q).abs(), Note::new(level, "representation_gap", text).about([largest]));
}
