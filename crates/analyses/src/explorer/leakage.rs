//! Single columns against the target, and the suspects among them.

use equipoise_document::{Axis, Better, BlockKind, Level, Note, Table, TableColumn, Task, Unit};
use equipoise_kernels::Tally;

use super::answer::{Answer, of, percent, short};
use super::columns::Kind;
use super::counts::{Counted, Cut};
use super::power::{area, explained, information};
use super::profile::Profile;

/// How well one column foretells the target.
pub(super) struct Power {
    /// Place among the profiles.
    pub(super) place: usize,
    /// Share of what is to be known that it tells.
    pub(super) share: f64,
}

/// Adds how much each input tells of the target; gives the inputs, most telling first.
pub(super) fn add(answer: &mut Answer<'_>, profiles: &[Profile<'_>], task: Task, target: &str) -> Vec<Power> {
    let metric = if task == Task::Regression { "explained_variance" } else { "information" };
    let (mut powers, mut suspects) = (Vec::new(), Vec::new());
    for (place, profile) in profiles.iter().enumerate() {
        // Columns that hold the predictions tell of the target by their office.
        if !profile.looked.is_input() || profile.looked.kind() == Kind::Text {
            continue;
        }
        let name = profile.looked.name.as_str();
        let given = if task == Task::Regression {
            explained(&profile.counted.targets, answer.confidence)
        } else {
            information(&grouped_cells(profile), answer.confidence)
        };
        let (value, low) = (given.value.ok(), given.ends.map(|e| e.low));
        let estimate = answer.estimate(of(metric, name), given, Better::Neither).with_unit(Unit::Share);
        let id = answer.add(estimate);
        let mut is_suspect = value.is_some_and(|v| v >= answer.params.leakage_share);
        let mut area_of = None;
        let mut falls = false;
        if task == Task::Binary && profile.looked.kind() == Kind::Number {
            let (given, is_falling) = area(profile.counted, answer.confidence);
            falls = is_falling;
            is_suspect |= given.value.is_ok_and(|a| a >= answer.params.leakage_auc);
            area_of = given.value.ok();
            let estimate =
                answer.estimate(of("single_feature_auc", name), given, Better::Neither).with_unit(Unit::Share);
            answer.add(estimate);
        }
        let share = value.unwrap_or(f64::NEG_INFINITY);
        if is_suspect {
            suspects.push((share.max(area_of.map_or(0.0, |a| 2.0 * a - 1.0)), place, area_of, value, low, id));
        }
        powers.push((Power { place, share }, area_of.is_some(), falls));
    }
    powers.sort_by(|a, b| b.0.share.total_cmp(&a.0.share).then(a.0.place.cmp(&b.0.place)));
    add_table(answer, profiles, &powers, metric, target);
    suspects.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    for (size, place, area, share, _, id) in suspects {
        let Some(profile) = profiles.get(place) else { continue };
        let name = &profile.looked.name;
        let tells = match (area, share) {
            (Some(area), _) => format!("alone it ranks the rows with an area under the ROC curve of {}", short(area)),
            (None, Some(share)) => format!("alone it tells {} of what is to be known", percent(share)),
            (None, None) => "alone it tells nearly all".to_owned(),
        };
        let text = format!(
            "`{name}` may leak `{target}`: {tells}. Check that its value is known when a prediction is made, and not written \
             down with or after the outcome."
        );
        let mut about = vec![id];
        if area.is_some() {
            about.push(of("single_feature_auc", name));
        }
        answer.note(1_000.0 + size, Note::new(Level::Concern, "leakage_suspect", text).about(about));
    }
    powers.into_iter().map(|(power, _, _)| power).collect()
}

fn add_table(
    answer: &mut Answer<'_>,
    profiles: &[Profile<'_>],
    powers: &[(Power, bool, bool)],
    metric: &str,
    target: &str,
) {
    if powers.is_empty() {
        return;
    }
    const MOST: usize = 60;
    let shown: Vec<(&Power, bool, bool, &Profile<'_>)> =
        powers.iter().take(MOST).filter_map(|(p, a, f)| Some((p, *a, *f, profiles.get(p.place)?))).collect();
    let name = |p: &Profile<'_>| p.looked.name.clone();
    let has_areas = shown.iter().any(|(_, has_area, ..)| *has_area);
    let title = if metric == "information" { "Information" } else { "Variance told" };
    let mut table = Table::new("power", &format!("What each column alone tells of {target}"))
        .column(TableColumn::text("column", "Column", shown.iter().map(|(.., p)| name(p))))
        .column(TableColumn::estimate(metric, title, shown.iter().map(|(.., p)| Some(of(metric, &p.looked.name)))));
    if has_areas {
        let ids = shown.iter().map(|(_, has, _, p)| has.then(|| of("single_feature_auc", &p.looked.name)));
        let ways = shown.iter().map(|(_, has, falls, _)| match (has, falls) {
            (true, true) => "falls",
            (true, false) => "rises",
            (false, _) => "",
        });
        table = table.column(TableColumn::estimate("area", "ROC AUC alone", ids)).column(TableColumn::text(
            "way",
            "With it, the target",
            ways,
        ));
    }
    answer.table(table);
    let says = format!(
        "How much each column alone tells of `{target}`, each row foretold by the other rows only: 0 tells nothing, 1 all. A column \
         near 1 is too good to be true.{}",
        if powers.len() > MOST {
            format!(" The {MOST} most telling of {} columns.", powers.len())
        } else {
            String::new()
        }
    );
    let dots = BlockKind::Dots {
        label: "column".into(),
        value: metric.into(),
        series: None,
        axis: Axis::titled("share of what is to be known"),
        reference: None,
    };
    answer.block("power", &format!("What each column alone tells of {target}"), "power", dots, says);
}

/// Rows by group of cells and label: names by value, numbers by groups of about equal weight, missing values last.
pub(super) fn grouped_cells(profile: &Profile<'_>) -> Vec<Vec<Tally>> {
    let counted: &Counted = profile.counted;
    let n_labels = if counted.n_cells() == 0 { 0 } else { counted.n_labels() };
    let labels = |cell: usize| (0..n_labels).map(move |label| counted.at(cell, label));
    match &profile.plan.cut {
        Cut::Grid(_, groups) => {
            let n = groups.iter().max().map_or(1, |g| usize::from(*g) + 1);
            let mut cells = vec![vec![Tally::default(); n_labels]; n];
            for (cell, group) in groups.iter().enumerate() {
                let Some(into) = cells.get_mut(usize::from(*group)) else { continue };
                for (sum, t) in into.iter_mut().zip(labels(cell)) {
                    *sum = [*sum, t].into_iter().sum();
                }
            }
            cells
        }
        Cut::Levels(_) | Cut::Text => (0..counted.n_cells()).map(|cell| labels(cell).collect()).collect(),
    }
}
