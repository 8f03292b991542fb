//! Pairs of columns: how closely they go together, which are copies or functions of each other, and how they lie jointly.

use equipoise_data::MISSING;
use equipoise_document::{Axis, Better, BlockKind, ColumnRole, EstimateId, Level, Note, Table, TableColumn, Unit};
use equipoise_kernels::{Tally, benjamini_hochberg};
use rayon::prelude::*;

use super::answer::{Answer, adjusted, count_of, grouped, id, some_of};
use super::columns::{Kind, Looked};
use super::leakage::Power;
use super::pairs::{Associated, associate};
use super::params::Params;
use super::picked::{Picked, Values};
use super::profile::Profile;

/// Pairs whose association is an estimate of its own; the heat map has all.
const MOST_ESTIMATES: usize = 120;
/// A column of names with more values keeps its most frequent ones; the rest is one.
const MOST_LEVELS: usize = 50;

/// Two columns with what was found of them; places are among the chosen columns.
pub(super) struct Pair {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) found: Vec<Associated>,
}

impl Pair {
    /// The measure that the heat map shows: Spearman, Cramér's V or the correlation ratio.
    fn main(&self) -> Option<&Associated> {
        self.found.last()
    }

    /// Its size, 0 to 1.
    pub(super) fn strength(&self) -> Option<f64> {
        self.main()?.given.value.ok().map(f64::abs)
    }
}

/// Places of the columns that enter, and how many were left out: the target, then inputs, most telling first.
pub(super) fn chosen(params: &Params, columns: &[Looked], powers: &[Power]) -> (Vec<usize>, usize) {
    let fits = |place: usize| columns.get(place).is_some_and(|c| c.kind() != Kind::Text);
    let mut places: Vec<usize> =
        (0..columns.len()).filter(|p| fits(*p) && columns.get(*p).is_some_and(|c| c.has(ColumnRole::Target))).collect();
    places.extend(powers.iter().map(|p| p.place).filter(|p| fits(*p)));
    let named = params.pairs.iter().flat_map(|(a, b)| [a, b]);
    let named: Vec<usize> = named.filter_map(|name| columns.iter().position(|c| c.name == *name)).collect();
    let sensitive = (0..columns.len()).filter(|p| columns.get(*p).is_some_and(|c| c.has(ColumnRole::Sensitive)));
    let sensitive: Vec<usize> = sensitive.filter(|p| fits(*p)).collect();
    let most = (params.pair_columns as usize).max(named.len());
    let rest: Vec<usize> = named.iter().chain(&sensitive).copied().filter(|p| !places.contains(p)).collect();
    places.extend(rest);
    // Columns that were asked for and sensitive ones stay, whatever they tell.
    places.sort_by_key(|p| {
        let is_kept = named.contains(p) || sensitive.contains(p);
        u8::from(!is_kept && columns.get(*p).is_none_or(|c| !c.has(ColumnRole::Target)))
    });
    let n_left = places.len().saturating_sub(most);
    places.truncate(most);
    places.sort_unstable();
    (places, n_left)
}

/// Columns of many names keep the most frequent ones.
pub(super) fn folded(picked: &mut Picked, places: &[usize], profiles: &[Profile<'_>]) -> Vec<String> {
    let mut names = Vec::new();
    for (values, place) in picked.columns.iter_mut().zip(places) {
        let Some(profile) = profiles.get(*place) else { continue };
        let Values::Codes(codes) = values else { continue };
        let n = profile.counted.n_cells().saturating_sub(1);
        let mut order: Vec<usize> = (0..n).filter(|cell| profile.counted.cell(*cell).n > 0).collect();
        if order.len() <= MOST_LEVELS {
            continue;
        }
        order.sort_by(|a, b| profile.counted.cell(*b).w.total_cmp(&profile.counted.cell(*a).w).then(a.cmp(b)));
        let mut keep = vec![false; n];
        order.iter().take(MOST_LEVELS - 1).for_each(|cell| {
            if let Some(keep) = keep.get_mut(*cell) {
                *keep = true;
            }
        });
        let rest = u32::try_from(n).unwrap_or(MISSING - 1);
        for code in codes.iter_mut().filter(|code| **code != MISSING) {
            if !keep.get(*code as usize).copied().unwrap_or(false) {
                *code = rest;
            }
        }
        names.push(profile.looked.name.clone());
    }
    names
}

/// All pairs, in the order of the columns.
pub(super) fn all(answer: &Answer<'_>, picked: &Picked) -> Vec<Pair> {
    let n = picked.columns.len();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
    let one = |(a, b): (usize, usize)| {
        let both = picked.columns.get(a).zip(picked.columns.get(b));
        let found = both.map_or_else(Vec::new, |(x, y)| associate(picked, x, y, answer.confidence));
        Pair { a, b, found }
    };
    pairs.into_par_iter().map(one).collect()
}

/// Adds the associations: a heat map of all pairs, and the strongest with intervals and adjusted p-values.
pub(super) fn add(
    answer: &mut Answer<'_>,
    profiles: &[Profile<'_>],
    places: &[usize],
    pairs: &[Pair],
    picked: &Picked,
    known: &[(usize, usize)],
) {
    if pairs.is_empty() {
        return;
    }
    let name = |at: usize| places.get(at).and_then(|p| profiles.get(*p)).map_or("", |p| p.looked.name.as_str());
    heat_map(answer, places.len(), pairs, &name);
    // One family: every measure of every pair.
    let tests: Vec<(usize, usize)> =
        pairs.iter().enumerate().flat_map(|(i, p)| (0..p.found.len()).map(move |j| (i, j))).collect();
    let at = |(i, j): &(usize, usize)| pairs.get(*i).and_then(|p| p.found.get(*j));
    let p: Vec<f64> = tests.iter().map(|t| at(t).and_then(|f| f.p).unwrap_or(1.0)).collect();
    let p_adjusted = benjamini_hochberg(&p);
    let adjusted_of = |i: usize, j: usize| {
        let place = tests.binary_search(&(i, j)).ok();
        place.and_then(|place| p_adjusted.get(place)).copied().unwrap_or(1.0)
    };
    let mut order: Vec<usize> = (0..pairs.len()).collect();
    let strength = |i: &usize| pairs.get(*i).and_then(Pair::strength).unwrap_or(-1.0);
    // Rounded, so that the last bits do not choose between equal pairs.
    order.sort_by(|a, b| {
        let key = |i: &usize| (strength(i) * 1e9).round();
        key(b).total_cmp(&key(a)).then(a.cmp(b))
    });
    order.truncate(MOST_ESTIMATES);
    let (mut xs, mut ys, mut measures, mut rows, mut ids, mut adjusted_p) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for i in order {
        let Some(pair) = pairs.get(i) else { continue };
        for (j, found) in pair.found.iter().enumerate() {
            let p_adjusted = adjusted_of(i, j);
            let p = found.p.and_then(|p| adjusted(p, p_adjusted, found.test));
            let pair_id = id(found.metric).by(&[name(pair.a), name(pair.b)]);
            let estimate = answer.estimate(pair_id, found.given, Better::Neither).with_p_value(p);
            rows.push(found.given.n.n);
            ids.push(Some(answer.add(estimate)));
            xs.push(name(pair.a).to_owned());
            ys.push(name(pair.b).to_owned());
            measures.push(measure_word(found.metric));
            adjusted_p.push(found.p.map(|_| p_adjusted));
        }
    }
    let n_shown = ids.len();
    let table = Table::new("associations", "Columns that go together")
        .column(TableColumn::text("a", "Column", xs))
        .column(TableColumn::text("b", "and", ys))
        .column(TableColumn::text("measure", "Measure", measures))
        .column(TableColumn::rows("n", "Rows", rows))
        .column(TableColumn::estimate("association", "Association", ids))
        .column(TableColumn::number("p", "Adjusted p", adjusted_p));
    answer.table(table);
    let says = format!(
        "Association of pairs of columns over the rows that have both values, strongest first: Pearson and Spearman for two columns \
         of numbers, Cramér's V without bias for two of names, the correlation ratio for one of each. {n_shown} of {} measures; p-values \
         are adjusted over all of them.",
        tests.len()
    );
    answer.block("associations", "Columns that go together", "associations", BlockKind::Table {}, says);
    let strong: Vec<&Pair> = pairs
        .iter()
        .filter(|p| p.strength().is_some_and(|s| s >= 0.95) && !known.contains(&(p.a, p.b)))
        .filter(|p| {
            let is_target = |at: usize| {
                places.get(at).and_then(|p| profiles.get(*p)).is_some_and(|p| p.looked.has(ColumnRole::Target))
            };
            !is_target(p.a) && !is_target(p.b)
        })
        .collect();
    if let Some(first) = strong.first() {
        let names: Vec<String> = strong.iter().map(|p| format!("{} and {}", name(p.a), name(p.b))).collect();
        let text = format!(
            "{} nearly the same: {}. Explanations share their effect between such columns arbitrarily.",
            if strong.len() == 1 {
                "One pair of columns says".to_owned()
            } else {
                format!("{} pairs of columns say", strong.len())
            },
            some_of(&names, 5)
        );
        let metric = first.main().map_or("", |m| m.metric);
        let about = [id(metric).by(&[name(first.a), name(first.b)])];
        let about: Vec<EstimateId> = about.into_iter().filter(|id| answer.section.estimate(id).is_some()).collect();
        answer.note(30.0, Note::new(Level::Finding, "associated_columns", text).about(about));
    }
    if picked.is_part() {
        let text = format!(
            "Pairs of columns are looked at in {} picked by their numbers out of {}; `pair_rows` sets how many.",
            count_of(picked.len() as u64, "row"),
            grouped(picked.n_all() as u64)
        );
        answer.note(0.0, Note::new(Level::Info, "picked_rows", text));
    }
}

fn measure_word(metric: &str) -> &'static str {
    match metric {
        "pearson" => "Pearson",
        "spearman" => "Spearman",
        "cramers_v" => "Cramér's V",
        _ => "correlation ratio",
    }
}

fn heat_map<'a>(answer: &mut Answer<'_>, n: usize, pairs: &[Pair], name: &dyn Fn(usize) -> &'a str) {
    let (mut xs, mut ys, mut values, mut signs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let strength = |a: usize, b: usize| {
        let pair = pairs.iter().find(|p| (p.a, p.b) == (a.min(b), a.max(b)));
        (pair.and_then(Pair::strength), pair.and_then(|p| p.main()?.given.value.ok()))
    };
    for a in 0..n {
        for b in 0..n {
            let (size, value) = if a == b { (Some(1.0), Some(1.0)) } else { strength(a, b) };
            xs.push(name(b).to_owned());
            ys.push(name(a).to_owned());
            values.push(size);
            signs.push(value.map_or("", |v| if v < 0.0 { "falls" } else { "rises" }));
        }
    }
    let table = Table::new("association_matrix", "How closely columns go together")
        .column(TableColumn::text("b", "Column", xs))
        .column(TableColumn::text("a", "and", ys))
        .column(TableColumn::number("strength", "Strength", values))
        .column(TableColumn::text("way", "Way", signs));
    answer.table(table);
    let kind = BlockKind::HeatMap {
        x: "b".into(),
        y: "a".into(),
        value: "strength".into(),
        axis: Axis::titled("strength of association").within(0.0, 1.0),
    };
    let says = "Strength of the association of every pair, 0 none to 1: the size of Spearman's correlation, Cramér's V, or the \
                correlation ratio. Measures of different kinds compare only roughly.";
    answer.block("association_matrix", "How closely columns go together", "association_matrix", kind, says);
}

/// Two columns of which one says what the other is.
pub(super) struct Relation {
    pub(super) a: usize,
    pub(super) b: usize,
    pub(super) kind: Related,
    pub(super) n: u64,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Related {
    /// Every row has the same value in both.
    Same,
    /// Each value of one goes with one value of the other, both ways.
    OneToOne,
    /// The first tells the second.
    Function,
}

/// Different values up to which a column can tell another; beyond, and where most rows differ, telling means nothing.
const MOST_TELLING: usize = 2_000;

/// Copies and functions among the picked columns.
pub(super) fn related(picked: &Picked, places: &[usize], profiles: &[Profile<'_>]) -> Vec<Relation> {
    let hash = |at: usize| places.get(at).and_then(|p| profiles.get(*p)).map(|p| p.counted.column_hash);
    let keys: Vec<Option<(Vec<u32>, usize)>> = picked.columns.iter().map(keyed).collect();
    let n = picked.columns.len();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
    let one = |(a, b): (usize, usize)| {
        let n_rows = picked.len() as u64;
        if hash(a).is_some() && hash(a) == hash(b) {
            return Some(Relation { a, b, kind: Related::Same, n: n_rows });
        }
        let ((x, n_x), (y, n_y)) = (keys.get(a)?.as_ref()?, keys.get(b)?.as_ref()?);
        if *n_x < 2 || *n_y < 2 {
            return None;
        }
        let tells = |from: &[u32], to: &[u32], n_from: usize| {
            let mut of = vec![MISSING; n_from];
            let mut n = 0_u64;
            for (f, t) in from.iter().zip(to).filter(|(f, t)| **f != MISSING && **t != MISSING) {
                let slot = of.get_mut(*f as usize)?;
                if *slot == MISSING {
                    *slot = *t;
                } else if *slot != *t {
                    return None;
                }
                n += 1;
            }
            // A value met once tells nothing: most must be met again.
            (n >= 20 && n >= 3 * n_from as u64).then_some(n)
        };
        let forth = if *n_x >= *n_y { tells(x, y, *n_x) } else { None };
        let back = if *n_y >= *n_x { tells(y, x, *n_y) } else { None };
        match (forth, back) {
            (Some(n), Some(_)) => Some(Relation { a, b, kind: Related::OneToOne, n }),
            (Some(n), None) => Some(Relation { a, b, kind: Related::Function, n }),
            (None, Some(n)) => Some(Relation { a: b, b: a, kind: Related::Function, n }),
            (None, None) => None,
        }
    };
    pairs.into_par_iter().filter_map(one).collect()
}

/// Values as small numbers, with how many there are; none for too many to tell anything.
fn keyed(values: &Values) -> Option<(Vec<u32>, usize)> {
    match values {
        Values::Codes(codes) => {
            let mut known: Vec<u32> = codes.iter().copied().filter(|c| *c != MISSING).collect();
            known.sort_unstable();
            known.dedup();
            let key = |c: &u32| known.binary_search(c).ok().and_then(|i| u32::try_from(i).ok()).unwrap_or(MISSING);
            (known.len() <= MOST_TELLING).then(|| (codes.iter().map(key).collect(), known.len()))
        }
        Values::Numbers(numbers) => {
            let mut known: Vec<f64> = numbers.iter().copied().filter(|x| !x.is_nan()).collect();
            known.sort_unstable_by(f64::total_cmp);
            known.dedup();
            let key = |x: &f64| {
                let place = known.binary_search_by(|k| k.total_cmp(x)).ok();
                place.and_then(|i| u32::try_from(i).ok()).unwrap_or(MISSING)
            };
            (known.len() <= MOST_TELLING).then(|| (numbers.iter().map(key).collect(), known.len()))
        }
    }
}

/// Adds copies and functions; gives the pairs, lower place first.
pub(super) fn add_related(
    answer: &mut Answer<'_>,
    relations: &[Relation],
    places: &[usize],
    profiles: &[Profile<'_>],
    target: &str,
) -> Vec<(usize, usize)> {
    let profile = |at: usize| places.get(at).and_then(|p| profiles.get(*p));
    let name = |at: usize| profile(at).map_or("", |p| p.looked.name.as_str());
    let is_target = |at: usize| profile(at).is_some_and(|p| p.looked.has(ColumnRole::Target));
    if !relations.is_empty() {
        let word = |r: &Relation| match r.kind {
            Related::Same => "has the same values as",
            Related::OneToOne => "goes one to one with",
            Related::Function => "tells",
        };
        let table = Table::new("functions", "Columns that say the same")
            .column(TableColumn::text("a", "Column", relations.iter().map(|r| name(r.a))))
            .column(TableColumn::text("how", "How", relations.iter().map(word)))
            .column(TableColumn::text("b", "Column", relations.iter().map(|r| name(r.b))))
            .column(TableColumn::rows("n", "Rows without exception", relations.iter().map(|r| r.n)));
        answer.table(table);
        let says = "Pairs of columns of which one says what the other is, without exception in the rows looked at. Values met once \
                    prove nothing, so only columns whose values recur are tried.";
        answer.block("functions", "Columns that say the same", "functions", BlockKind::Table {}, says);
    }
    let tells_target = |r: &&Relation| is_target(r.b) || (is_target(r.a) && r.kind != Related::Function);
    for relation in relations.iter().filter(tells_target) {
        let other = if is_target(relation.b) { relation.a } else { relation.b };
        if !profile(other).is_some_and(|p| p.looked.is_input()) {
            continue;
        }
        let text = format!(
            "`{}` {} `{target}` without exception in {}: it holds the answer.",
            name(other),
            if relation.kind == Related::Function { "tells" } else { "goes one to one with" },
            count_of(relation.n, "row")
        );
        answer.note(2_000.0, Note::new(Level::Concern, "leakage_one_to_one", text));
    }
    let told = |kind: Related| -> Vec<String> {
        let of_kind = relations.iter().filter(|r| r.kind == kind && !is_target(r.a) && !is_target(r.b));
        of_kind.map(|r| format!("{} and {}", name(r.a), name(r.b))).collect()
    };
    let same = told(Related::Same);
    if !same.is_empty() {
        let text = format!("The same values in every row: {}. One of them can go.", some_of(&same, 6));
        answer.note(65.0, Note::new(Level::Caution, "duplicate_columns", text));
    }
    let one = told(Related::OneToOne);
    if !one.is_empty() {
        let text = format!(
            "Two names for one thing (each value of one goes with one value of the other): {}.",
            some_of(&one, 6)
        );
        answer.note(35.0, Note::new(Level::Finding, "one_to_one_columns", text));
    }
    let functions: Vec<String> = relations
        .iter()
        .filter(|r| r.kind == Related::Function && !is_target(r.a) && !is_target(r.b))
        .map(|r| format!("{} tells {}", name(r.a), name(r.b)))
        .collect();
    if !functions.is_empty() {
        let text = format!("Columns that follow from another: {}.", some_of(&functions, 6));
        answer.note(25.0, Note::new(Level::Finding, "functional_columns", text));
    }
    relations.iter().map(|r| (r.a.min(r.b), r.a.max(r.b))).collect()
}

/// Adds the joint distribution of pairs: those asked for, then the most associated that are not functions of each other.
pub(super) fn draw(
    answer: &mut Answer<'_>,
    profiles: &[Profile<'_>],
    places: &[usize],
    pairs: &[Pair],
    picked: &Picked,
    known: &[(usize, usize)],
    level: &dyn Fn(usize, u32) -> String,
) {
    let place_of =
        |name: &str| places.iter().position(|p| profiles.get(*p).is_some_and(|profile| profile.looked.name == name));
    let asked = answer.params.pairs.iter().filter_map(|(a, b)| Some((place_of(a)?, place_of(b)?)));
    let mut drawn: Vec<(usize, usize)> = asked.collect();
    let mut order: Vec<&Pair> = pairs.iter().filter(|p| !known.contains(&(p.a, p.b))).collect();
    let key = |p: &Pair| (p.strength().unwrap_or(-1.0) * 1e9).round();
    order.sort_by(|a, b| key(b).total_cmp(&key(a)).then((a.a, a.b).cmp(&(b.a, b.b))));
    let mut n_more = answer.params.top_pairs as usize;
    for pair in order.iter().filter(|p| p.strength().is_some_and(|s| s > 0.0)) {
        if n_more == 0 {
            break;
        }
        if !drawn.contains(&(pair.a, pair.b)) {
            drawn.push((pair.a, pair.b));
            n_more -= 1;
        }
    }
    for (a, b) in drawn {
        density(answer, profiles, places, picked, (a, b), level);
    }
}

/// Values of a column as labelled groups, in order.
struct Labelled {
    /// Group of each row; none where the value is missing.
    groups: Vec<Option<usize>>,
    labels: Vec<String>,
    is_number: bool,
}

/// Groups of names, and of numbers, of a joint distribution.
const MOST_GROUPS: usize = 12;
const MOST_BINS: u32 = 10;

fn labelled(picked: &Picked, at: usize, level: &dyn Fn(usize, u32) -> String, place: usize) -> Option<Labelled> {
    match picked.columns.get(at)? {
        Values::Numbers(values) => {
            let mut sorted: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            let bins = equipoise_data::Bins::by_rule(&equipoise_document::BinRule::Quantiles(MOST_BINS), &sorted);
            let groups = values.iter().map(|x| (!x.is_nan()).then(|| bins.bin(*x))).collect();
            Some(Labelled { groups, labels: bins.labels().to_vec(), is_number: true })
        }
        Values::Codes(codes) => {
            let mut counts: std::collections::BTreeMap<u32, f64> = std::collections::BTreeMap::new();
            for (row, code) in codes.iter().enumerate().filter(|(_, c)| **c != MISSING) {
                *counts.entry(*code).or_default() += picked.weight_at(row);
            }
            let mut order: Vec<(u32, f64)> = counts.into_iter().collect();
            order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
            let is_folded = order.len() > MOST_GROUPS;
            let shown: Vec<u32> =
                order.iter().take(if is_folded { MOST_GROUPS - 1 } else { order.len() }).map(|o| o.0).collect();
            let mut labels: Vec<String> = shown.iter().map(|code| level(place, *code)).collect();
            if is_folded {
                labels.push("(other)".to_owned());
            }
            let group = |code: &u32| {
                (*code != MISSING).then(|| shown.iter().position(|c| c == code).unwrap_or(MOST_GROUPS - 1))
            };
            Some(Labelled { groups: codes.iter().map(group).collect(), labels, is_number: false })
        }
    }
}

fn density(
    answer: &mut Answer<'_>,
    profiles: &[Profile<'_>],
    places: &[usize],
    picked: &Picked,
    (a, b): (usize, usize),
    level: &dyn Fn(usize, u32) -> String,
) {
    let of = |at: usize| {
        let place = *places.get(at)?;
        let profile = profiles.get(place)?;
        Some((labelled(picked, at, level, place)?, profile.looked.name.clone()))
    };
    let (Some((x, x_name)), Some((y, y_name))) = (of(a), of(b)) else { return };
    // Names go down, numbers across.
    let ((x, x_name), (y, y_name)) =
        if y.is_number && !x.is_number { ((y, y_name), (x, x_name)) } else { ((x, x_name), (y, y_name)) };
    let mut cells = vec![Tally::default(); x.labels.len() * y.labels.len()];
    let mut of_row = vec![0.0; y.labels.len()];
    for (row, (i, j)) in x.groups.iter().zip(&y.groups).enumerate() {
        let (Some(i), Some(j)) = (i, j) else { continue };
        let w = picked.weight_at(row);
        if let Some(cell) = cells.get_mut(j * x.labels.len() + i) {
            cell.push(w);
        }
        if let Some(sum) = of_row.get_mut(*j) {
            *sum += w;
        }
    }
    let (mut xs, mut ys, mut rows, mut shares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (j, y_label) in y.labels.iter().enumerate() {
        let total = of_row.get(j).copied().unwrap_or(0.0);
        for (i, x_label) in x.labels.iter().enumerate() {
            let cell = cells.get(j * x.labels.len() + i).copied().unwrap_or_default();
            xs.push(x_label.clone());
            ys.push(y_label.clone());
            rows.push(cell.n);
            shares.push((total > 0.0).then(|| cell.w / total));
        }
    }
    let id = format!("joint[{x_name},{y_name}]");
    let title = format!("{x_name} by {y_name}");
    let table = Table::new(&id, &title)
        .column(TableColumn::text("x", &x_name, xs))
        .column(TableColumn::text("y", &y_name, ys))
        .column(TableColumn::rows("n", "Rows", rows))
        .column(TableColumn::number("share", "Share of its line", shares).with_unit(Unit::Share));
    answer.table(table);
    let kind = BlockKind::HeatMap {
        x: "x".into(),
        y: "y".into(),
        value: "share".into(),
        axis: Axis::titled("share of the line's rows"),
    };
    let says = format!(
        "How the rows of each value of `{y_name}` spread over `{x_name}`: shares of a line sum to 1{}.",
        if x.is_number { "; numbers are cut into groups of about equal size" } else { "" }
    );
    answer.block(&id, &title, &id, kind, says);
}
