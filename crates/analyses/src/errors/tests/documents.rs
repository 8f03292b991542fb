//! Whole sections.

use super::*;

#[test]
fn a_section_is_whole() {
    let mut run = people(2_500, 7);
    run.cohorts = vec![("young".to_owned(), (0..2_500).map(|i| i % 3 == 0).collect())];
    run.params = json!({"cohorts": ["young"]});
    let section = run.answer().unwrap();
    check_tables(&section);
    let tables: Vec<&str> = section.tables.iter().map(|t| t.id.as_str()).collect();
    for id in ["slices", "sure_slices", "tree", "heat_map", "association", "tree{young}", "heat_map{young}"] {
        assert!(tables.contains(&id), "{id} is not among {tables:?}");
    }
    assert!(codes(&section).contains(&"worse_slice") && codes(&section).contains(&"honest_halves"));
    assert!(text(&section, "worse_slice").contains("times as much"), "{}", text(&section, "worse_slice"));
    assert_eq!(section.notes[0].level, Level::Concern);
    let n = section.estimate(&"errors.error_rate{young}".parse().unwrap()).unwrap().n;
    assert_eq!(n, 834);
    assert!(value(&section, "errors.error_rate[node=0]").is_ok());
    for estimate in section.estimates.iter().filter(|e| e.value.is_some() && !e.id.to_string().contains("ratio")) {
        assert!(estimate.interval.is_some(), "{} has no interval", estimate.id);
    }
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let bytes = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut run = people(3_000, 8);
        run.weight = Some((0..3_000).map(|i| 0.25 + (i % 7) as f64).collect());
        serde_json::to_string(&pool.install(|| run.answer()).unwrap()).unwrap()
    };
    assert_eq!(bytes(1), bytes(3));
}

#[test]
fn several_classes_and_all_right() {
    let rows: Vec<(u16, u16)> = (0..600).map(|i| (i % 3, if i % 5 == 0 { (i + 1) % 3 } else { i % 3 })).collect();
    let mut run = Run::binary(&rows).numbers("x", (0..600).map(|i| f64::from(i % 5)));
    run.task = Task::Multiclass;
    run.classes = ["a", "b", "c"].map(str::to_owned).to_vec();
    run.params = json!({"metric": "accuracy", "heat_map": ["x"]});
    let section = run.answer().unwrap();
    check_tables(&section);
    assert_eq!(value(&section, "errors.error_rate"), Ok(0.2));
    assert_eq!(value(&section, "errors.accuracy.cell[x=0]"), Ok(0.0));
    assert_eq!(value(&section, "errors.accuracy.cell[x=3]"), Ok(1.0));
    let right: Vec<(u16, u16)> = (0..300).map(|i| (i % 2, i % 2)).collect();
    let section = Run::binary(&right).numbers("x", (0..300).map(f64::from)).answer().unwrap();
    check_tables(&section);
    assert!(codes(&section).contains(&"tree_of_one_node") && codes(&section).contains(&"no_worse_slice"));
}

#[test]
fn weights_count() {
    // Weighted, the rare group holds most of the loss: 3·90 of 3·90 + 10.
    let rows: Vec<(u16, u16)> = (0..1_000).map(|i| (0, u16::from(i % 10 == 0 || i % 100 == 1))).collect();
    let mut run = Run::binary(&rows).names("g", (0..1_000).map(|i| if i % 10 == 0 { "rare" } else { "many" }));
    run.weight = Some((0..1_000).map(|i| if i % 10 == 0 { 3.0 } else { 1.0 }).collect());
    let section = run.answer().unwrap();
    check_tables(&section);
    assert!((value(&section, "errors.error_rate").unwrap() - (300.0 + 10.0) / 1_200.0).abs() < 1e-12);
    let estimate = section.estimate(&"errors.error_rate".parse().unwrap()).unwrap();
    assert_eq!((estimate.n, estimate.n_effective), (1_000, Some(1_200.0 * 1_200.0 / 1_800.0)));
}

#[test]
fn nothing_to_find_is_said() {
    let mut draws = Draws::new(3, "null", 0);
    let rows: Vec<(u16, u16)> = (0..2_000).map(|_| (0, u16::from(draws.uniform() < 0.2))).collect();
    let x: Vec<f64> = (0..2_000).map(|_| draws.uniform()).collect();
    let section =
        Run::binary(&rows).numbers("x", x).numbers("z", (0..2_000).map(|i| f64::from(i % 7))).answer().unwrap();
    let found = codes(&section);
    assert!(found.contains(&"no_worse_slice") && found.contains(&"no_worse_leaf"), "{found:?}");
    assert!(text(&section, "association").contains("No column alone"));
    assert!(section.notes.iter().all(|n| n.level != Level::Concern));
}

#[test]
fn a_stopped_search_is_marked_partial() {
    let run = people(500, 9);
    run.matrix(LossKind::ZeroOne, |matrix, _| {
        let options = FinderOptions {
            search: SliceOptions { min_rows: 10, ..SliceOptions::default() },
            min_support: 0.0,
            bins: 5,
            merge_overlap: 0.9,
            honest: false,
            confidence: Confidence::at(0.95),
            permutations: (0, 0),
        };
        let found = matrix.slices(&RowMask::all(500), &options, &|| true);
        assert!(found.search.was_stopped && !found.by_score.is_empty());
        let params = Params::default().check(Task::Binary, false).unwrap();
        let section = Section::new(ID, "", "");
        let mut answer = Answer::new(&params, matrix, Confidence::at(0.95), section);
        findings::of_slices(&mut answer, &found, true);
        let note = answer.finish().notes.remove(0);
        assert_eq!((note.level, note.code.as_str()), (Level::Failure, "partial_search"));
        assert!(note.text.contains("all slices of one condition"), "{}", note.text);
    });
    let stopped = Run { is_stopped: true, ..people(200, 9) };
    assert_eq!(stopped.error(), "interrupted");
}

#[test]
fn a_search_that_would_explode_is_bounded() {
    let mut run = people(3_000, 10);
    run.params = json!({"max_visits": 5_000});
    let section = run.answer().unwrap();
    check_tables(&section);
    let note = text(&section, "bounded_search");
    assert!(note.contains("all slices of one condition were looked at"), "{note}");
}
