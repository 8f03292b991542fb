//! How the rows of each cohort differ from all other rows, column by column.

use equipoise_document::{Better, BlockKind, Level, Note, Table, TableColumn};
use equipoise_kernels::{Tally, benjamini_hochberg};

use super::answer::{Answer, adjusted, of, short, some_of};
use super::counts::{Counted, Counts, Cut};
use super::distance::names;
use super::drift::{between_numbers, cells};
use super::profile::Profile;
use crate::Context;

/// Lines of the table.
const MOST_LINES: usize = 200;

/// Adds the Jensen–Shannon distance of every drawn column between a cohort and the rows outside it.
pub(super) fn add(
    answer: &mut Answer<'_>,
    context: &Context<'_>,
    profiles: &[Profile<'_>],
    drawn: &[usize],
    all: &Counts,
    cohorts: &[Counts],
) {
    let mut lines = Vec::new();
    for (i, counted) in cohorts.iter().enumerate() {
        let Some(cohort) = context.cohort_name(i + 1) else { continue };
        // A complement lies as far from its cohort as the cohort from it.
        if context.spec.complements && !context.spec.cohorts.iter().any(|c| c.name == cohort) {
            continue;
        }
        for (at, place) in drawn.iter().enumerate() {
            let three = (profiles.get(*place), all.columns.get(*place), counted.columns.get(at));
            let (Some(profile), Some(all), Some(own)) = three else { continue };
            let (inside, outside) = (cells(own), rest(all, own));
            if outside.iter().all(|t| t.n == 0) {
                continue;
            }
            let distance = match &profile.plan.cut {
                Cut::Grid(..) => between_numbers(answer, &inside, &outside, &cells(all)),
                Cut::Levels(_) => names(&inside, &outside, answer.confidence),
                Cut::Text => continue,
            };
            let size = distance.js.value.unwrap_or(-1.0);
            lines.push((cohort.to_owned(), profile.looked.name.clone(), distance, size, i));
        }
    }
    if lines.is_empty() {
        return;
    }
    let p: Vec<f64> = lines.iter().map(|l| l.2.test.map_or(1.0, |t| t.0)).collect();
    let p_adjusted = benjamini_hochberg(&p);
    let mut lines: Vec<_> = lines.into_iter().zip(p_adjusted).collect();
    let key = |size: f64| (size * 1e9).round();
    lines.sort_by(|(a, _), (b, _)| a.4.cmp(&b.4).then(key(b.3).total_cmp(&key(a.3))).then_with(|| a.1.cmp(&b.1)));
    let (mut of_cohort, mut names, mut ids, mut ps) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for ((cohort, name, distance, size, _), p_adjusted) in lines {
        let p = distance.test.and_then(|(p, method)| adjusted(p, p_adjusted, method));
        let id = of("jensen_shannon", &name).aggregated("rest").within(Some(&cohort));
        let estimate = answer.estimate(id, distance.js, Better::Neither).with_p_value(p);
        let id = answer.add(estimate);
        if p_adjusted < 0.05 && size >= 0.1 {
            match said.iter_mut().find(|(c, _)| *c == cohort) {
                Some((_, names)) => names.push(name.clone()),
                None => said.push((cohort.clone(), vec![name.clone()])),
            }
        }
        if ids.len() < MOST_LINES {
            ids.push(Some(id));
            of_cohort.push(cohort);
            names.push(name);
            ps.push(Some(p_adjusted));
        }
    }
    let table = Table::new("contrasts", "Cohorts and the other rows")
        .column(TableColumn::text("cohort", "Cohort", of_cohort))
        .column(TableColumn::text("column", "Column", names))
        .column(TableColumn::estimate("js", "Jensen–Shannon distance", ids))
        .column(TableColumn::number("p", "Adjusted p", ps));
    answer.table(table);
    let says = format!(
        "How differently each column is distributed inside a cohort and outside it, most different first: 0 alike, {} without \
         anything in common. A cohort made by a condition on a column differs in it by its making.",
        short(std::f64::consts::LN_2.sqrt())
    );
    answer.block("contrasts", "Cohorts and the other rows", "contrasts", BlockKind::Table {}, says);
    for (cohort, names) in said {
        let text = format!("The cohort `{cohort}` differs from the other rows most in {}.", some_of(&names, 5));
        answer.note(2.0, Note::new(Level::Finding, "cohort_contrast", text));
    }
}

/// Cells of the rows that are not in a part; counts of the whole may be by label.
fn rest(all: &Counted, part: &Counted) -> Vec<Tally> {
    let one = |cell: usize| {
        let (all, part) = (all.cell(cell), part.cell(cell));
        let n = all.n.saturating_sub(part.n);
        if n == 0 {
            return Tally::default();
        }
        Tally { n, w: (all.w - part.w).max(0.0), ww: (all.ww - part.ww).max(0.0) }
    };
    (0..all.n_cells()).map(one).collect()
}
