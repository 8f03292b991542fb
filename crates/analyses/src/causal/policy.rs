//! Whom to treat: a shallow tree, and what it is worth on rows it was not found on.

use equipoise_causal::{Policy, PolicyNode, PolicyOptions, held_out};
use equipoise_document::{Block, BlockKind, Level, Table, TableColumn};
use equipoise_kernels::boost::{Binned, BoostColumn};

use super::answer::{About, Answer, number};
use super::differ::Differ;
use super::params::{Direction, RawParams};
use super::treatment::Kind;
use super::{Design, Studied};

/// Features that are searched.
const MAX_FEATURES: usize = 20;
/// Bins of a feature: the search costs their square for every pair.
const BINS: usize = 64;

/// Adds the policy tree of a treatment.
pub(super) fn add(answer: &mut Answer, one: &Studied<'_>, differ: &Differ, params: &RawParams) {
    let Some((actions, rewards)) = rewards(one, differ, params) else { return };
    let chosen = features(differ);
    let columns: Vec<BoostColumn<'_>> =
        chosen.iter().filter_map(|c| differ.design.columns.get(*c)).map(|x| BoostColumn::Number(x)).collect();
    let Ok(data) = Binned::new(&columns, BINS) else { return };
    let options = PolicyOptions {
        max_depth: params.max_tree_depth,
        min_leaf_rows: params.min_tree_leaf_samples.unwrap_or((one.n() / 100).max(10)),
        min_gain: 1e-4,
    };
    let everybody: Vec<u32> = (0..u32::try_from(one.sample.y.len()).unwrap_or(u32::MAX)).collect();
    let tree = Policy::fit(&data, &rewards, actions.len(), &everybody, options, one.rows());
    let Ok(value) = held_out(&data, &rewards, actions.len(), &one.found.folds, options, one.rows()) else { return };
    let name = &one.treatment.name;
    let mut said = Vec::new();
    for (place, (action, (gain, se))) in actions.iter().zip(&value.gains).enumerate() {
        let level = one.treatment.level(place);
        let about = About { treatment: name, level: level.or(Some(action)), cohort: None };
        let id = about.id("policy_gain_over_all");
        let estimate = answer.effect(id, *gain, *se, one.n(), "held_out");
        answer.add(estimate);
        said.push(format!(
            "{} ({}) more than “{action}” for everybody",
            answer.change(*gain),
            answer.interval_in_words(*gain, *se)
        ));
    }
    picture(answer, one, differ, &tree, &actions, &chosen);
    let is_one = tree.nodes.len() == 1;
    let text = if is_one {
        let best = tree.nodes.first().and_then(|n| match n {
            PolicyNode::Leaf { action, .. } => actions.get(*action),
            PolicyNode::Split { .. } => None,
        });
        format!(
            "No rule about whom to treat with `{name}` does better than “{}” for everybody.",
            best.map_or("the same", String::as_str)
        )
    } else {
        format!(
            "Deciding `{name}` by the rule of the policy tree is worth per row, on rows that it was not found on: {}. Costs of {} \
             are taken off.",
            said.join("; "),
            number(params.cost(one.place))
        )
    };
    answer.note(Level::Finding, "policy", text);
}

/// The actions, and for each row and action a doubly robust reward beyond the first action's.
fn rewards(one: &Studied<'_>, differ: &Differ, params: &RawParams) -> Option<(Vec<String>, Vec<f64>)> {
    if differ.fits.is_empty() {
        return None;
    }
    let better = if params.better == Direction::Lower { -1.0 } else { 1.0 };
    let cost = params.cost(one.place);
    let n = one.sample.y.len();
    match &one.treatment.kind {
        Kind::Levels { names, .. } => {
            let actions: Vec<String> = names.iter().map(|l| format!("{} = {l}", one.treatment.name)).collect();
            let mut rewards = Vec::with_capacity(n * actions.len());
            for row in 0..n {
                rewards.push(0.0);
                for contrast in &one.found.contrasts {
                    rewards.push(better * contrast.pseudo.get(row).copied().unwrap_or(0.0) - cost);
                }
            }
            Some((actions, rewards))
        }
        Kind::Number { .. } => {
            let step = step_of(one);
            let contrast = one.found.contrasts.first()?;
            let left = &contrast.residuals;
            let square = one.rows().mean(&left.treatment.iter().map(|v| v * v).collect::<Vec<f64>>());
            let said = number(step);
            let name = &one.treatment.name;
            let actions =
                vec![format!("leave {name}"), format!("raise {name} by {said}"), format!("lower {name} by {said}")];
            let mut rewards = Vec::with_capacity(n * 3);
            for (row, (u, v)) in left.outcome.iter().zip(&left.treatment).enumerate() {
                let theta = differ.at(0, row).map_or(contrast.scored.theta, |e| e.0);
                let effect = better * step * (theta + v * (u - theta * v) / square);
                rewards.extend([0.0, effect - cost, -effect - cost]);
            }
            Some((actions, rewards))
        }
    }
}

/// A tenth of the usual size of a number, as a step that can be taken; 0 for levels.
pub(super) fn step_of(one: &Studied<'_>) -> f64 {
    let Kind::Number { values } = &one.treatment.kind else { return 0.0 };
    let sizes: Vec<f64> = values.iter().map(|x| x.abs()).filter(|x| *x > 0.0).collect();
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    let step = 0.1 * sizes.iter().sum::<f64>() / sizes.len().max(1) as f64;
    step
}

/// The features whose effect is surest, where there are many.
fn features(differ: &Differ) -> Vec<usize> {
    let n = differ.design.columns.len();
    let mut order: Vec<(f64, usize)> = (0..n)
        .map(|feature| {
            let z = differ.fits.iter().flatten().filter_map(|fit| {
                let se = fit.standard_errors().get(feature).copied()?;
                (se > 0.0).then(|| (fit.coefficients.get(feature).copied().unwrap_or(0.0) / se).abs())
            });
            (z.fold(0.0, f64::max), feature)
        })
        .collect();
    order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut chosen: Vec<usize> = order.into_iter().take(MAX_FEATURES).map(|(_, f)| f).collect();
    chosen.sort_unstable();
    chosen
}

/// The condition of a side of a split in words.
fn condition(design: &Design, feature: usize, threshold: f64, is_left: bool) -> String {
    let name = design.names.get(feature).map_or("", String::as_str);
    let is_flag =
        design.columns.get(feature).is_some_and(|x| x.iter().all(|x| x.abs() < 1e-12 || (*x - 1.0).abs() < 1e-12));
    let is_named = design.sources.get(feature).is_some_and(|s| s != name);
    match (is_flag && is_named, is_left) {
        (true, true) => format!("not: {name}"),
        (true, false) => name.to_owned(),
        (false, true) => format!("{name} ≤ {}", number(threshold)),
        (false, false) => format!("{name} > {}", number(threshold)),
    }
}

fn picture(
    answer: &mut Answer,
    one: &Studied<'_>,
    differ: &Differ,
    tree: &Policy,
    actions: &[String],
    chosen: &[usize],
) {
    let mut labels: Vec<String> = vec!["everybody".to_owned(); tree.nodes.len()];
    let mut parents: Vec<Option<usize>> = vec![None; tree.nodes.len()];
    for (place, node) in tree.nodes.iter().enumerate() {
        if let PolicyNode::Split { column, threshold, left, right, .. } = node {
            let feature = chosen.get(*column).copied().unwrap_or(0);
            for (child, is_left) in [(*left, true), (*right, false)] {
                if let Some(label) = labels.get_mut(child) {
                    *label = condition(&differ.design, feature, *threshold, is_left);
                }
                if let Some(parent) = parents.get_mut(child) {
                    *parent = Some(place);
                }
            }
        }
    }
    let mut rewards = Vec::new();
    let mut counts = Vec::new();
    let mut done = Vec::new();
    for (node, label) in tree.nodes.iter().zip(&mut labels) {
        match node {
            PolicyNode::Leaf { action, n, reward } => {
                let action = actions.get(*action).cloned().unwrap_or_default();
                *label = format!("{label}: {action}");
                done.push(action);
                rewards.push(Some(*reward));
                counts.push(*n);
            }
            PolicyNode::Split { n, .. } => {
                done.push(String::new());
                rewards.push(None);
                counts.push(*n);
            }
        }
    }
    let id = format!("policy_{}", one.place);
    let name = &one.treatment.name;
    let parent = parents.iter().map(|p| p.map(|p| i64::try_from(p).unwrap_or(0)));
    let table = Table::new(&id, &format!("Policy for {name}"))
        .column(TableColumn::integer("node", "Node", (0..tree.nodes.len()).map(|i| i64::try_from(i).ok())))
        .column(TableColumn::integer("parent", "Parent", parent))
        .column(TableColumn::text("rule", "Rows and action", labels))
        .column(TableColumn::text("action", "Action", done))
        .column(TableColumn::number("gain", "Gain per row", rewards))
        .column(TableColumn::rows("n", "Rows", counts));
    answer.section.tables.push(table);
    let kind = BlockKind::Tree {
        node: "node".into(),
        parent: "parent".into(),
        label: "rule".into(),
        value: "gain".into(),
        weight: "n".into(),
        more: vec!["action".into()],
    };
    let says = format!(
        "The best rule about whom to treat with {name} among all trees of so many levels over {} features. Gains in the tree are \
         those of the rows it was found on; the worth on other rows is in the findings.",
        chosen.len()
    );
    answer.section.blocks.push(Block::new(&id, &format!("Policy: {name}"), &id, kind, says));
}
