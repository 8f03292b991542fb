use equipoise_kernels::{Confidence, Ends, Scores, difference_ends, wilson};

use super::*;

#[test]
fn differences_of_accuracy_and_area_are_covered() {
    // The truth from 400,000 rows; 400 samples of 150 rows. Monte-Carlo error of the coverage: 1.1 points.
    let ids = ["performance.accuracy", "performance.roc_auc", "performance.brier_score"];
    let wanted: Vec<EstimateId> = ids.iter().map(|i| id(i)).collect();
    let [a, b] = drawn(400_000, 31).frames();
    let truth = paired_differences(&a, &b, &wanted, 0.95, 0).unwrap();
    let mut held = [0_u32; 3];
    for sample in 0..400 {
        let found = intervals(&drawn(150, 1_000 + sample).frames(), &ids);
        for ((held, found), truth) in held.iter_mut().zip(found).zip(&truth) {
            let d = truth.b - truth.a;
            *held += u32::from(found.low <= d && d <= found.high);
        }
    }
    for (name, held) in ids.iter().zip(held) {
        assert!((368..=396).contains(&held), "{name}: {held} of 400");
    }
}

#[test]
fn pairing_is_worth_its_name() {
    // The same numbers as if from different rows: square-and-add of each model's own interval.
    let rows = drawn(800, 32);
    let confidence = Confidence::at(0.95);
    let own = |model: usize| -> [(f64, Ends); 3] {
        let share = |among: &dyn Fn(usize) -> bool, of: &dyn Fn(usize) -> bool| {
            let n = (0..800).filter(|i| among(*i)).count() as f64;
            let p = (0..800).filter(|i| among(*i) && of(*i)).count() as f64 / n;
            (p, wilson(p, n, confidence).unwrap())
        };
        let (y, d) = (&rows.truth, &rows.predicted[model]);
        let mut scores = Scores::default();
        let p = &rows.probability.as_ref().unwrap()[model];
        scores.push_rows(y.iter().map(|y| *y == 1).zip(p.iter().copied()), None);
        let area = scores.sorted().summary(confidence).roc_auc;
        [
            share(&|_| true, &|i| y[i] == d[i]),
            share(&|i| y[i] == 1, &|i| d[i] == 1),
            (area.value.unwrap(), area.ends.unwrap()),
        ]
    };
    let ids = ["performance.accuracy", "performance.recall", "performance.roc_auc"];
    let found = intervals(&rows.frames(), &ids);
    for (((name, found), a), b) in ids.iter().zip(found).zip(own(0)).zip(own(1)) {
        let unpaired = difference_ends(b, a);
        let ratio = (found.high - found.low) / (unpaired.high - unpaired.low);
        assert!(ratio < 0.8, "{name}: {ratio}");
    }
}

#[test]
fn gaps_are_covered() {
    let ids = ["performance.f1", "fairness.selection_rate.difference[sex]"];
    let wanted: Vec<EstimateId> = ids.iter().map(|i| id(i)).collect();
    let [a, b] = drawn(400_000, 33).frames();
    let truth = paired_differences(&a, &b, &wanted, 0.95, 0).unwrap();
    let mut held = [0_u32; 2];
    for sample in 0..100 {
        let found = intervals(&drawn(300, 5_000 + sample).frames(), &ids);
        for ((held, found), truth) in held.iter_mut().zip(found).zip(&truth) {
            let d = truth.b - truth.a;
            *held += u32::from(found.low <= d && d <= found.high);
        }
    }
    assert!(held.iter().all(|held| (87..=100).contains(held)), "{held:?} of 100");
}
