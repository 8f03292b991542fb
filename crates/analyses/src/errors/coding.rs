//! How the values of a column become at most 256 codes, and codes words again.

use equipoise_data::{Column, ColumnInfo, MISSING, SAMPLE_ROWS};
use equipoise_document::ColumnType;
use equipoise_kernels::CodeSet;

use super::params::BinRule;

/// Most codes of a column, that of missing values included.
const MOST_CODES: usize = 256;

/// How a column is coded. Codes of numbers are bins that hold their upper edge: `(a, b]`. The last code stands for
/// missing values.
#[derive(Clone, Debug)]
pub struct Coding {
    /// The column's name.
    pub name: String,
    kind: Kind,
    /// True when every different value of the data has a code of its own.
    is_exact: bool,
    n_valued: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Inner edges, ascending.
    Numbers { edges: Vec<f64>, low: f64, high: f64, sample: std::sync::Arc<[f64]>, is_date: bool },
    /// Names by code; `other` is the code of all names that are too rare for one.
    Names { names: Vec<String>, code_of: Vec<u8>, other: Option<u8>, is_flag: bool },
}

impl Coding {
    /// Of a column; none for text, whose values are hardly ever the same. `wanted` are the cuts that must be met exactly,
    /// `counts` the rows of each level, which matter where there are more levels than codes.
    pub(super) fn of(info: &ColumnInfo, n_rows: usize, wanted: &[(BinRule, u32)], counts: &[u64]) -> Option<Self> {
        let coding = |kind, is_exact, n_valued| Some(Self { name: info.name.clone(), kind, is_exact, n_valued });
        match info.column_type {
            ColumnType::Text => None,
            ColumnType::Numeric | ColumnType::Datetime => {
                let (edges, is_exact) = inner_edges(info, n_rows, wanted);
                let n_valued = edges.len() + 1;
                let (low, high) = (info.min.unwrap_or(0.0), info.max.unwrap_or(0.0));
                let is_date = info.column_type == ColumnType::Datetime;
                let sample = std::sync::Arc::clone(&info.sample);
                coding(Kind::Numbers { edges, low, high, sample, is_date }, is_exact, n_valued)
            }
            ColumnType::Categorical | ColumnType::Boolean => {
                let is_flag = info.column_type == ColumnType::Boolean;
                let room = MOST_CODES - 1;
                let n = info.levels.len();
                let mut by_rows: Vec<usize> = (0..n).collect();
                let mut other = None;
                if n > room {
                    // The rarest share a code; of equally frequent ones the later names.
                    by_rows.sort_by_key(|i| (std::cmp::Reverse(counts.get(*i).copied().unwrap_or(0)), *i));
                    by_rows.truncate(room - 1);
                    by_rows.sort_unstable();
                    other = u8::try_from(room - 1).ok();
                }
                let mut code_of = vec![other.unwrap_or(0); n];
                for (code, level) in (0..=u8::MAX).zip(&by_rows) {
                    if let Some(slot) = code_of.get_mut(*level) {
                        *slot = code;
                    }
                }
                let names = by_rows.iter().filter_map(|i| info.levels.get(*i)).cloned().collect();
                let n_valued = by_rows.len() + usize::from(other.is_some());
                coding(Kind::Names { names, code_of, other, is_flag }, other.is_none(), n_valued.max(1))
            }
        }
    }

    /// Number of codes, that of missing values included.
    #[must_use]
    pub fn n_codes(&self) -> usize {
        self.n_valued + 1
    }

    /// Number of codes of values.
    #[must_use]
    pub fn n_valued(&self) -> usize {
        self.n_valued
    }

    /// The code of missing values.
    #[must_use]
    pub fn missing(&self) -> u8 {
        u8::try_from(self.n_valued).unwrap_or(u8::MAX)
    }

    /// Whether codes ascend with the values.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        matches!(self.kind, Kind::Numbers { .. })
    }

    /// Whether there are more names than codes.
    pub(super) fn is_crowded(info: &ColumnInfo) -> bool {
        info.levels.len() > MOST_CODES - 1
    }

    /// Whether a code stands for names that are too many to have one each.
    pub(super) fn has_other(&self) -> bool {
        matches!(self.kind, Kind::Names { other: Some(_), .. })
    }

    /// Whether every different value has a code.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact
    }

    /// Codes of some rows.
    pub(super) fn push(&self, column: &Column, codes: &mut Vec<u8>) {
        let missing = self.missing();
        match (column, &self.kind) {
            (Column::Number(values), Kind::Numbers { edges, .. }) => {
                let last = edges.len();
                let code = |x: &f64| {
                    if x.is_nan() {
                        return missing;
                    }
                    u8::try_from(edges.partition_point(|edge| *edge < *x).min(last)).unwrap_or(missing)
                };
                codes.extend(values.iter().map(code));
            }
            (Column::Codes { codes: levels, .. }, Kind::Names { code_of, .. }) => {
                let code = |level: &u32| {
                    if *level == MISSING { missing } else { code_of.get(*level as usize).copied().unwrap_or(missing) }
                };
                codes.extend(levels.iter().map(code));
            }
            (Column::Number(values), Kind::Names { .. }) => codes.extend(values.iter().map(|_| missing)),
            (Column::Codes { codes: levels, .. }, Kind::Numbers { .. }) => codes.extend(levels.iter().map(|_| missing)),
        }
    }

    /// The first code of each bin but the first, for a rule that needs no losses; empty for names.
    pub(super) fn cuts(&self, rule: BinRule, bins: u32) -> Vec<usize> {
        let Kind::Numbers { edges, low, high, sample, .. } = &self.kind else { return Vec::new() };
        if self.is_exact && self.n_valued <= bins as usize {
            return (1..self.n_valued).collect();
        }
        let wanted = edges_of(rule, bins, *low, *high, sample);
        let mut cuts: Vec<usize> = wanted.iter().map(|e| edges.partition_point(|edge| edge <= e)).collect();
        cuts.retain(|cut| *cut > 0 && *cut < self.n_valued);
        cuts.dedup();
        cuts
    }

    /// The condition that a value has one of these codes, in plain words: `25 < age ≤ 37`.
    #[must_use]
    pub fn says(&self, set: &CodeSet) -> String {
        let value = self.says_value(set);
        let has_missing = set.contains(self.missing());
        match (value, has_missing) {
            (None, true) => format!("{} missing", self.name),
            (None, false) => format!("{} nothing", self.name),
            (Some(text), false) => text.written(&self.name),
            (Some(text), true) => format!("{} or missing", text.written(&self.name)),
        }
    }

    /// The same without the column's name, for axes: `25 < … ≤ 37`.
    #[must_use]
    pub fn label(&self, set: &CodeSet) -> String {
        let value = self.says_value(set).map(Words::alone);
        match (value, set.contains(self.missing())) {
            (None, _) => equipoise_data::MISSING_GROUP.to_owned(),
            (Some(text), false) => text,
            (Some(text), true) => format!("{text} or missing"),
        }
    }

    /// The same as an SQL condition that cohorts understand.
    #[must_use]
    pub fn predicate(&self, set: &CodeSet) -> String {
        let column = quoted(&self.name, '"');
        let is_null = format!("{column} is null");
        let has_missing = set.contains(self.missing());
        let valued = self.valued(set);
        if valued.is_empty() {
            return if has_missing { is_null } else { "false".to_owned() };
        }
        if valued.len() == self.n_valued {
            return if has_missing { "true".to_owned() } else { format!("{column} is not null") };
        }
        let condition = match &self.kind {
            Kind::Numbers { edges, is_date, .. } => {
                let (low, high) = ends(edges, &valued);
                let literal = |x: f64| if *is_date { format!("'{}'", date(x)) } else { sql_number(x) };
                match (low, high) {
                    (Some(a), Some(b)) => format!("{column} > {} and {column} <= {}", literal(a), literal(b)),
                    (Some(a), None) => format!("{column} > {}", literal(a)),
                    (None, Some(b)) => format!("{column} <= {}", literal(b)),
                    (None, None) => format!("{column} is not null"),
                }
            }
            Kind::Names { is_flag: true, .. } => {
                format!("{column} = {}", if valued.contains(&1) { "true" } else { "false" })
            }
            Kind::Names { names, other, .. } => {
                let is_in = other.is_none_or(|o| !set.contains(o));
                let listed = (0..=u8::MAX).zip(names).filter(|(code, _)| set.contains(*code) == is_in);
                let listed: Vec<String> = listed.map(|(_, name)| quoted(name, '\'')).collect();
                match (listed.as_slice(), is_in) {
                    ([one], true) => format!("{column} = {one}"),
                    ([one], false) => format!("{column} <> {one}"),
                    ([], false) => format!("{column} is not null"),
                    (list, true) => format!("{column} in ({})", list.join(", ")),
                    (list, false) => format!("{column} not in ({})", list.join(", ")),
                }
            }
        };
        if has_missing { format!("({condition} or {is_null})") } else { condition }
    }

    fn valued(&self, set: &CodeSet) -> Vec<u8> {
        set.iter().filter(|code| usize::from(*code) < self.n_valued).collect()
    }

    fn says_value(&self, set: &CodeSet) -> Option<Words> {
        let valued = self.valued(set);
        let first = *valued.first()?;
        match &self.kind {
            Kind::Numbers { edges, high, is_date, low, .. } => {
                let write = |x: f64| if *is_date { date(x) } else { short(x) };
                if self.is_exact && valued.len() == 1 {
                    let value = edges.get(usize::from(first)).copied().unwrap_or(*high);
                    return Some(Words::Equal(write(if self.n_valued == 1 { *low } else { value })));
                }
                let (a, b) = ends(edges, &valued);
                Some(Words::Range(a.map(write), b.map(write)))
            }
            Kind::Names { names, other, .. } => {
                let has_other = other.is_some_and(|o| set.contains(o));
                let name = |code: u8| names.get(usize::from(code)).cloned().unwrap_or_default();
                let codes = || (0..=u8::MAX).take(names.len());
                if has_other || (valued.len() > 3 && valued.len() * 2 > self.n_valued) {
                    let out: Vec<String> = codes().filter(|c| !set.contains(*c)).map(name).collect();
                    return Some(if out.is_empty() { Words::Any } else { Words::NoneOf(out) });
                }
                let mut inside: Vec<String> = codes().filter(|c| set.contains(*c)).map(name).collect();
                Some(if inside.len() == 1 { Words::Equal(inside.swap_remove(0)) } else { Words::OneOf(inside) })
            }
        }
    }
}

/// A condition in words.
enum Words {
    Any,
    Equal(String),
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    Range(Option<String>, Option<String>),
}

/// Names that are written before the rest is counted.
const MOST_NAMES: usize = 6;

impl Words {
    fn written(&self, column: &str) -> String {
        match self {
            Self::Any => format!("{column} any value"),
            Self::Equal(value) => format!("{column} = {value}"),
            Self::OneOf(names) => format!("{column} in {{{}}}", some_of(names)),
            Self::NoneOf(names) => format!("{column} not in {{{}}}", some_of(names)),
            Self::Range(None, None) => format!("{column} any value"),
            Self::Range(Some(a), None) => format!("{column} > {a}"),
            Self::Range(None, Some(b)) => format!("{column} ≤ {b}"),
            Self::Range(Some(a), Some(b)) => format!("{a} < {column} ≤ {b}"),
        }
    }

    fn alone(self) -> String {
        match self {
            Self::Any | Self::Range(None, None) => "any".to_owned(),
            Self::Equal(value) => value,
            Self::OneOf(names) => some_of(&names),
            Self::NoneOf(names) => format!("not {}", some_of(&names)),
            Self::Range(Some(a), None) => format!("> {a}"),
            Self::Range(None, Some(b)) => format!("≤ {b}"),
            Self::Range(Some(a), Some(b)) => format!("{a} – {b}"),
        }
    }
}

fn some_of(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let rest = names.len().saturating_sub(MOST_NAMES);
    if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") }
}

/// Lower and upper edge of a run of bins; none where it is open.
fn ends(edges: &[f64], valued: &[u8]) -> (Option<f64>, Option<f64>) {
    let low = valued.first().and_then(|c| usize::from(*c).checked_sub(1)).and_then(|i| edges.get(i));
    let high = valued.last().and_then(|c| edges.get(usize::from(*c)));
    (low.copied(), high.copied())
}

/// Inner edges of a column of numbers: each different value has a bin when there is room; otherwise the wanted cuts, the
/// cuts into 2 to 16, 18 and 20 bins by width and by rank, and finer ranks, the outer ones first, while there is room.
fn inner_edges(info: &ColumnInfo, n_rows: usize, wanted: &[(BinRule, u32)]) -> (Vec<f64>, bool) {
    let room = MOST_CODES - 2;
    let mut distinct = info.sample.to_vec();
    distinct.dedup();
    let is_whole = n_rows <= SAMPLE_ROWS;
    if distinct.len() <= room + 1 && is_whole {
        distinct.pop();
        return (distinct, true);
    }
    let (low, high) = (info.min.unwrap_or(0.0), info.max.unwrap_or(0.0));
    let mut edges: Vec<f64> = Vec::new();
    let mut add = |more: Vec<f64>| {
        for e in more {
            let place = edges.partition_point(|edge| *edge < e);
            if edges.len() < room && edges.get(place) != Some(&e) && e >= low && e < high {
                edges.insert(place, e);
            }
        }
    };
    for (rule, bins) in wanted {
        add(edges_of(*rule, *bins, low, high, &info.sample));
    }
    if distinct.len() <= room {
        add(distinct);
    }
    for bins in (2..=16).chain([18, 20]) {
        for rule in [BinRule::EqualWidth, BinRule::Quantile] {
            add(edges_of(rule, bins, low, high, &info.sample));
        }
    }
    let tails = [0.01, 0.99, 0.02, 0.98, 0.03, 0.97, 0.04, 0.96, 0.005, 0.995, 0.002, 0.998];
    add(tails.iter().map(|share| at_rank(&info.sample, *share)).collect());
    for parts in [32, 64, 128, 256] {
        add((1..parts).map(|i| at_rank(&info.sample, f64::from(i) / f64::from(parts))).collect());
    }
    (edges, false)
}

/// Inner edges of bins that hold their upper edge. Equal widths are those of `numpy.linspace`; ranks are quantiles of type
/// 7, moved down to the number of the data below, which holds the same rows.
fn edges_of(rule: BinRule, bins: u32, low: f64, high: f64, sample: &[f64]) -> Vec<f64> {
    match rule {
        BinRule::EqualWidth => {
            let step = (high - low) / f64::from(bins);
            (1..bins).map(|i| f64::from(i) * step + low).collect()
        }
        // Supervised cuts are chosen among all edges there are.
        BinRule::Quantile | BinRule::Supervised => {
            let mut edges: Vec<f64> = (1..bins).map(|i| at_rank(sample, f64::from(i) / f64::from(bins))).collect();
            edges.dedup();
            edges
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a sample has at most 65,536 numbers")]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in the sample")]
fn at_rank(sample: &[f64], share: f64) -> f64 {
    let place = share * sample.len().saturating_sub(1) as f64;
    sample.get(place.floor() as usize).copied().unwrap_or(0.0)
}

/// A name between quotes, those in it doubled.
fn quoted(name: &str, quote: char) -> String {
    let doubled: String = [quote, quote].iter().collect();
    format!("{quote}{}{quote}", name.replace(quote, &doubled))
}

/// A number as SQL reads it back to the last bit.
fn sql_number(x: f64) -> String {
    let size = x.abs();
    if x != 0.0 && !(1e-5..1e15).contains(&size) { format!("{x:e}") } else { format!("{x}") }
}

/// A number in at most six significant digits, without trailing zeros.
pub(super) fn short(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    let magnitude = libm::floor(libm::log10(x.abs()));
    if !(-5.0..=14.0).contains(&magnitude) {
        return format!("{x:.5e}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10")]
    let decimals = (5.0 - magnitude).clamp(0.0, 10.0) as usize;
    let text = format!("{x:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Seconds since 1970 as `2020-01-31` or `2020-01-31T12:30:00.25`, to the microsecond.
#[allow(clippy::cast_possible_truncation, reason = "a cast of floats saturates")]
fn date(seconds: f64) -> String {
    let micros = (seconds * 1e6).round() as i64;
    let (days, in_day) = (micros.div_euclid(86_400_000_000), micros.rem_euclid(86_400_000_000));
    // Civil date from days, years beginning in March (Hinnant's algorithm).
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    if in_day != 0 {
        let (whole, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
        text += &format!("T{:02}:{:02}:{:02}", whole / 3_600, whole / 60 % 60, whole % 60);
        if fraction != 0 {
            text += format!(".{fraction:06}").trim_end_matches('0');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_civil() {
        assert_eq!(
            [0.0, 951_782_400.0, -1.0, 1_580_474_096.25].map(date),
            ["1970-01-01", "2000-02-29", "1969-12-31T23:59:59", "2020-01-31T12:34:56.25"]
        );
    }

    #[test]
    fn numbers_read_back() {
        for x in [0.1, -2.5, 1e300, 1e-300, 123_456_789.123, 0.0] {
            assert_eq!(sql_number(x).parse::<f64>().unwrap().to_bits(), x.to_bits());
        }
        assert_eq!([short(0.123_456_78), short(1_234_567.0), short(-3.0)], ["0.123457", "1234567", "-3"]);
    }
}
