//! Treatments with a cause that nobody measured: instruments, and the front door of a graph.

use equipoise_causal::{Hidden, HiddenCause, simulate_hidden};

use super::*;

/// Rows with `d`, `z` and five controls; the outcome is a column too, so that a graph may name it.
fn with(rows: Hidden, params: Value) -> Run {
    let mut run = Run::new(rows.y.clone(), vec![("d", MemoryColumn::Numbers(rows.d))], params);
    run.columns.push(("z".to_owned(), MemoryColumn::Numbers(rows.z)));
    run.columns.push(("y".to_owned(), MemoryColumn::Numbers(rows.y)));
    for (j, x) in rows.x.into_iter().enumerate() {
        run.columns.push((format!("x{j}"), MemoryColumn::Numbers(x)));
    }
    run
}

const CONTROLS: [&str; 5] = ["x0", "x1", "x2", "x3", "x4"];

#[test]
fn an_instrument_of_two_levels_speaks_for_those_it_moves() {
    let rows = simulate_hidden(HiddenCause::Compliance, 4000, 1, true);
    let moved: f64 = rows.share.iter().sum();
    let truth = rows.effect.iter().zip(&rows.share).map(|(t, s)| t * s).sum::<f64>() / moved;
    let params = json!({ "treatment_features": ["d"], "control_features": CONTROLS, "instrument": "z", "n_rep": 1 });
    let mut run = with(rows, params);
    run.cohorts.push(("half".to_owned(), (0..4000).map(|i| i % 2 == 0).collect()));
    let section = run.answer().unwrap();
    let id = "causal.average_effect[d=1]";
    assert!(covers(&section, id, truth) && (value(&section, id) - truth).abs() < 0.4, "{}", value(&section, id));
    assert_eq!(estimate(&section, id).interval.as_ref().unwrap().method, "cross_fitted_local");
    assert!(value(&section, "causal.first_stage_f[d=1]") > 100.0);
    assert!(covers(&section, "causal.anderson_rubin[d=1]", truth));
    let codes = codes(&section);
    for code in ["local_effect", "instrument_strength", "no_cohort_effects"] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    let text = &section.notes.iter().find(|n| n.code == "average_effect").unwrap().text;
    assert!(text.starts_with("If the rows whose `d` the instrument decides had 1 instead of 0, y would"), "{text}");
    assert!(text.contains("the instrument reaches the outcome only through the treatment"), "{text}");
    assert!(section.table("instrument").is_some_and(|t| t.n_rows() == 1));
}

#[test]
fn a_weak_instrument_does_not_bound_the_effect() {
    let rows = simulate_hidden(HiddenCause::WeakInstrument, 300, 2, true);
    let params = json!({ "treatment_features": ["d"], "control_features": CONTROLS, "instrument": "z", "n_rep": 1 });
    let section = with(rows, params).answer().unwrap();
    assert!(value(&section, "causal.first_stage_f[d]") < 10.0);
    assert!(estimate(&section, "causal.anderson_rubin[d]").missing.is_some());
    let note = section.notes.iter().find(|n| n.code == "unbounded_effect").unwrap();
    assert!(note.text.starts_with("The instrument is too weak to bound the effect of `d`"), "{}", note.text);
    assert!(section.notes.iter().any(|n| n.code == "instrument_strength" && n.text.contains("weak: below 10")));
}

#[test]
fn a_graph_opens_the_front_door() {
    let edges = ["d -> z -> y", "d <-> y"];
    for (model, least_rows) in [("linear", 3000), ("automl", 1500)] {
        let rows = simulate_hidden(HiddenCause::Mediator, least_rows, 3, true);
        // The laws hold without controls too: what moves the mediator is its treatment and chance.
        let params =
            json!({ "treatment_features": ["d"], "dag": { "edges": edges }, "nuisance_model": model, "n_rep": 1 });
        let mut rows = rows;
        let free: Vec<f64> = (0..least_rows).map(|i| rows.z[i] - (0.25 * rows.x[0][i] - 0.15 * rows.x[2][i])).collect();
        rows.y.iter_mut().zip(&free).zip(&rows.z).for_each(|((y, f), z)| *y += f - z);
        rows.z = free;
        let section = with(rows, params).answer().unwrap();
        let effect = estimate(&section, "causal.average_effect[d=1]");
        assert!(covers(&section, "causal.average_effect[d=1]", 0.8), "{model}: {effect:?}");
        assert_eq!(effect.interval.as_ref().unwrap().method, "cross_fitted_front_door");
        let note = section.notes.iter().find(|n| n.code == "adjustment_set").unwrap();
        assert!(note.text.contains("the way through `z` does (front door)"), "{}", note.text);
        let text = &section.notes.iter().find(|n| n.code == "average_effect").unwrap().text;
        assert!(text.contains("the whole effect goes through the mediators"), "{text}");
    }
}

#[test]
fn the_front_door_of_a_number() {
    // d and y share a hidden cause; d moves z by 0.5, z moves y by 2: one unit of d moves y by 1.
    let mut draws = equipoise_kernels::Draws::new(8, "way", 0);
    let n = 3000;
    let mut rows = Hidden {
        y: Vec::new(),
        d: Vec::new(),
        z: Vec::new(),
        x: Vec::new(),
        effect: vec![1.0; n],
        share: vec![1.0; n],
    };
    for _ in 0..n {
        let hidden = draws.normal();
        let d = hidden + draws.normal();
        let z = 0.5 * d + draws.normal();
        rows.y.push(2.0 * z + 3.0 * hidden + draws.normal());
        rows.d.push(d);
        rows.z.push(z);
    }
    let params = json!({ "treatment_features": ["d"], "dag": { "edges": ["d -> z -> y", "d <-> y"] } });
    let section = with(rows, params).answer().unwrap();
    assert!(covers(&section, "causal.average_effect[d]", 1.0), "{}", value(&section, "causal.average_effect[d]"));
    assert!(section.table("dose_response_0").is_none() && section.table("rows_0").is_none());
}
