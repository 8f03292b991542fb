//! What was found, in plain words.

use equipoise_document::{EstimateId, Level};

use super::answer::Answer;
use super::association::Association;
use super::heat_map::HeatMap;
use super::slices::{FoundSlice, FoundSlices};
use super::tree::ErrorTree;
use super::{info, words};

/// A finding is more than chance below this adjusted p-value.
const LEVEL: f64 = 0.05;
/// Slices that have a sentence.
const MOST_SENTENCES: usize = 3;
/// Share of the smaller one's rows that two slices with a sentence each may have in common.
const MOST_HELD: f64 = 0.5;

/// The slices that are more than chance, or that there are none.
///
/// `is_interrupted` says that a search that was stopped was stopped by the user and not by the clock.
pub(super) fn of_slices(answer: &mut Answer<'_>, found: &FoundSlices, is_interrupted: bool) {
    bounds(answer, found, is_interrupted);
    permuted(answer, found);
    let mut told: Vec<&FoundSlice> = Vec::new();
    // The surest differences first: they are what should be looked at; then what has most rows.
    for slice in found.by_difference.iter().chain(&found.by_score) {
        // What lies mostly within a slice that was told, or around it, is no news.
        let is_new = !told.iter().any(|t| t.held(slice) > MOST_HELD);
        if told.len() < MOST_SENTENCES
            && is_new
            && slice.adjusted() < LEVEL
            && slice.difference.value.unwrap_or(0.0) > 0.0
        {
            told.push(slice);
        }
    }
    for slice in &told {
        sentence(answer, found, slice);
    }
    if told.is_empty() {
        let family = words::count(found.search.family.n);
        let which = match (found.search.was_stopped, found.search.family.is_exact) {
            (true, _) => "the slices that were looked at, of".to_owned(),
            (false, true) => format!("{family} slices of"),
            (false, false) => format!("at most {family} slices of"),
        };
        let text = format!(
            "{}Among {which} up to {} conditions and at least {} rows, none has clearly more loss than the other rows{}. That is no \
             proof that there is none.",
            answer.lead(),
            answer.params.raw.max_terms,
            words::count(found.min_rows),
            if found.is_honest { " when the best are looked at in rows that were not searched" } else { "" },
        );
        answer.note(0.0, Level::Finding, "no_worse_slice", text, Vec::new());
    }
}

fn sentence(answer: &mut Answer<'_>, found: &FoundSlices, slice: &FoundSlice) {
    let kind = answer.params.loss;
    let rest = found.total.without(&slice.sums).mean().value().unwrap_or(0.0);
    let (own, n) = (slice.mean.value.unwrap_or(0.0), words::count(slice.sums.rows));
    let times = slice.ratio.value.map_or_else(|_| String::new(), |r| format!(", {r:.1} times as much"));
    let coverage = slice
        .coverage
        .map_or_else(String::new, |c| format!("; they hold {} of all {}", words::percent(c), words::total(kind)));
    #[allow(clippy::cast_precision_loss, reason = "row counts stay far below 2^53")]
    let share = slice.sums.rows as f64 / found.total.rows.max(1) as f64;
    let text = format!(
        "{}Where {} ({n} rows, {} of all), {}, against {} elsewhere{times}{coverage} (adjusted {}{}).",
        answer.lead(),
        slice.says,
        words::percent(share),
        words::sentence(kind, own),
        words::loss(kind, rest),
        words::p(slice.adjusted()),
        if slice.confirmed.is_some() { ", in rows that were not searched" } else { "" },
    );
    let place = |id: EstimateId| id.of_group(&[("slice", slice.predicate.as_str())]);
    let about = vec![place(answer.id(kind.metric())), place(answer.id(kind.metric()).aggregated("difference_to_rest"))];
    answer.note(slice.difference.value.unwrap_or(0.0), Level::Concern, "worse_slice", text, about);
}

/// What was not searched.
fn bounds(answer: &mut Answer<'_>, found: &FoundSlices, is_interrupted: bool) {
    let (search, wanted) = (&found.search, answer.params.raw.max_terms as usize);
    if search.was_stopped {
        let what = complete(search.complete_to);
        let (level, why) = match answer.params.raw.max_secs {
            Some(most) if !is_interrupted => (Level::Caution, format!("ended after {most} seconds (`max_secs`)")),
            _ => (Level::Failure, "was interrupted".to_owned()),
        };
        let text = format!(
            "{}The search for slices {why}. What is shown is the best so far: {what} were looked at, and some of those of up to \
             {wanted}.",
            answer.lead(),
        );
        answer.note(0.0, level, "partial_search", text, Vec::new());
    } else if search.complete_to < wanted {
        let text = format!(
            "{}The search for slices ended at its bound of {} visits: {} were looked at, and only those of up to {wanted} that \
             promised most. `max_visits` allows more, `features` and `max_terms` ask for less.",
            answer.lead(),
            words::count(answer.params.raw.max_visits),
            complete(search.complete_to)
        );
        answer.note(0.0, Level::Caution, "bounded_search", text, Vec::new());
    } else if !search.family.is_exact {
        let text = format!(
            "{}Slices that cannot be among the best by score were passed over, so that the list by sure difference is left out and \
             adjusted values assume {} slices, the most there can be.",
            answer.lead(),
            words::count(search.family.n)
        );
        info(answer, "passed_over", text);
    }
}

/// The slices that were all looked at.
fn complete(n_terms: usize) -> String {
    match n_terms {
        1 => "all slices of one condition".to_owned(),
        n => format!("all slices of up to {n} conditions"),
    }
}

/// What an interruption left no time for.
pub(super) fn of_interruption(answer: &mut Answer<'_>, missing: &[&str]) {
    if missing.is_empty() {
        return;
    }
    let text = format!("{}The run was interrupted. Missing: {}.", answer.lead(), missing.join(", "));
    answer.note(0.0, Level::Failure, "interrupted", text, Vec::new());
}

/// Permutations that were asked for and could not be had.
fn permuted(answer: &mut Answer<'_>, found: &FoundSlices) {
    if answer.params.raw.slice_permutations == 0 || found.n_permutations > 0 {
        return;
    }
    let text = format!(
        "{}There are no p-values by permutation: they need errors that are counted, rows without weights, and a search that looks at \
         every slice, of columns with few enough values.",
        answer.lead()
    );
    answer.note(0.0, Level::Caution, "no_permutations", text, Vec::new());
}

/// The worst leaf that is more than chance.
pub(super) fn of_tree(answer: &mut Answer<'_>, tree: &ErrorTree) {
    let kind = answer.params.loss;
    let Some(root) = tree.nodes.first() else { return };
    if tree.nodes.len() == 1 {
        let text = format!(
            "{}The tree has one node: no split leaves {} rows on each side with different loss.",
            answer.lead(),
            words::count(answer.params.raw.min_child_samples)
        );
        answer.note(0.0, Level::Finding, "tree_of_one_node", text, Vec::new());
        return;
    }
    let min = answer.params.raw.min_rows;
    let mean = |sums: &equipoise_kernels::LossSums| sums.mean().value().unwrap_or(0.0);
    let leaves = tree.nodes.iter().filter(|n| n.is_leaf && n.sums.rows >= min);
    let worst = leaves.reduce(|a, b| if mean(&b.sums) > mean(&a.sums) { b } else { a });
    let Some(worst) = worst else { return };
    let is_sure = worst.adjusted.is_some_and(|p| p < LEVEL) && mean(&worst.sums) > mean(&root.sums);
    if tree.is_honest && !is_sure {
        let text = format!(
            "{}No leaf of the tree has clearly more loss than the other rows when measured in rows that it was not learned from.",
            answer.lead()
        );
        answer.note(0.0, Level::Finding, "no_worse_leaf", text, Vec::new());
        return;
    }
    let text = format!(
        "{}The worst leaf of the tree is {} ({} rows): {}, against {} of all{}{}.",
        answer.lead(),
        worst.path,
        words::count(worst.sums.rows),
        words::sentence(kind, mean(&worst.sums)),
        words::loss(kind, mean(&root.sums)),
        worst.coverage.map_or_else(String::new, |c| format!(
            "; it holds {} of all {}",
            words::percent(c),
            words::total(kind)
        )),
        worst.adjusted.map_or_else(String::new, |p| format!(" (adjusted {})", words::p(p))),
    );
    let name = worst.id.to_string();
    let about = vec![answer.id(kind.metric()).of_group(&[("node", name.as_str())])];
    let level = if tree.is_honest { Level::Concern } else { Level::Finding };
    answer.note(mean(&worst.sums) - mean(&root.sums), level, "worst_leaf", text, about);
}

/// Bins that could not be as many as asked.
pub(super) fn of_heat_map(answer: &mut Answer<'_>, map: &HeatMap) {
    let asked = answer.params.raw.bins as usize;
    for axis in &map.axes {
        let Some(coding) = answer.matrix.codings().get(axis.column) else { continue };
        let n = axis.bins.iter().filter(|(set, _)| !set.contains(coding.missing())).count();
        if coding.is_ordered() && n < asked {
            let why = if coding.is_exact() && coding.n_valued() <= asked {
                format!("it has {} different values", coding.n_valued())
            } else {
                "no more cuts separate its rows".to_owned()
            };
            let text = format!("{}`{}` has {n} bins where {asked} were asked: {why}.", answer.lead(), axis.name);
            info(answer, "fewer_bins", text);
        }
    }
}

/// The columns that tell something of the errors.
pub(super) fn of_association(answer: &mut Answer<'_>, list: &[Association]) {
    let sure: Vec<&Association> = list.iter().filter(|a| a.adjusted.is_some_and(|p| p < LEVEL)).collect();
    let text = if sure.is_empty() {
        if answer.params.raw.permutations == 0 || list.is_empty() {
            return;
        }
        format!("{}No column alone tells of the errors more than chance would.", answer.lead())
    } else {
        let names: Vec<String> = sure.iter().take(5).map(|a| format!("`{}`", a.name)).collect();
        let all = if sure.len() == 1 {
            "One column alone tells".to_owned()
        } else {
            format!("{} columns alone tell", sure.len())
        };
        format!(
            "{}{all} of the errors more than chance would (adjusted p below 0.05), most of all {}.",
            answer.lead(),
            names.join(", ")
        )
    };
    let about = sure.iter().take(5).map(|a| answer.id("mutual_information").by(&[a.name.as_str()])).collect();
    answer.note(0.0, Level::Finding, "association", text, about);
}

/// What holds for the whole section.
pub(super) fn of_the_run(answer: &mut Answer<'_>) {
    if answer.params.raw.honest {
        let text = "The tree and the slices were found in one half of the rows and measured in the other half, so that their \
                    numbers are not those of the worst that chance put together. `honest = false` uses all rows for both."
            .to_owned();
        info(answer, "honest_halves", text);
    } else {
        let text = "The tree and the slices were found and measured in the same rows (`honest = false`): their numbers are worse than \
                    new rows will be, intervals are too narrow, and nodes have no p-value. Slices have p-values adjusted over all \
                    slices that were looked at."
            .to_owned();
        answer.note(0.0, Level::Caution, "same_rows", text, Vec::new());
    }
    let left_out: Vec<String> = answer.matrix.left_out.iter().map(|c| format!("`{c}`")).collect();
    if !left_out.is_empty() {
        let text = format!("Columns of text are not searched: {}.", left_out.join(", "));
        info(answer, "text_left_out", text);
    }
    let crowded: Vec<String> =
        answer.matrix.codings().iter().filter(|c| c.has_other()).map(|c| format!("`{}`", c.name)).collect();
    if !crowded.is_empty() {
        let text = format!(
            "With more than 255 different names, the rarest of {} are taken together in the tree and in no slice.",
            crowded.join(", ")
        );
        info(answer, "many_names", text);
    }
}
