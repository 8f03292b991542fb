//! Effects whose treatment has a cause that nobody measured: by an instrument, and by the front door.

use super::by_number;
use crate::*;

/// Doubly robust numbers of a target by the levels of an instrument.
fn by_instrument<'a>(cross: &CrossFit<'_>, target: &'a [f64], z: &'a [u32], m: &[f64]) -> Aipw<'a> {
    let outcome = (0..2).map(|arm| {
        let subset: Vec<bool> = z.iter().map(|z| *z == arm).collect();
        cross.regressions(&[target], Some(&subset)).unwrap().remove(0).values
    });
    let chance = vec![m.iter().map(|m| 1.0 - m).collect(), m.to_vec()];
    Aipw { y: target, level: z, outcome: outcome.collect(), chance }
}

pub(super) fn late(rows: &Hidden, folds: &Folds) -> Iv {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let z: Vec<u32> = rows.z.iter().map(|z| u32::from(*z > 0.5)).collect();
    let m: Vec<f64> = cross.chance(&rows.z).unwrap().values.iter().map(|m| m.clamp(0.01, 0.99)).collect();
    let (y, d) = (by_instrument(&cross, &rows.y, &z, &m), by_instrument(&cross, &rows.d, &z, &m));
    Iv::interactive(&y, &d, Rows::default()).unwrap()
}

pub(super) fn by_number_instrument(rows: &Hidden, folds: &Folds) -> Iv {
    let covariates = Covariates { columns: rows.x.iter().map(Vec::as_slice).collect(), binned: None };
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let found = cross.regressions(&[&rows.y, &rows.d, &rows.z], None).unwrap();
    let left = Residuals::new(&rows.y, &rows.d, &found[0].values, &found[1].values);
    let z: Vec<f64> = rows.z.iter().zip(&found[2].values).map(|(z, p)| z - p).collect();
    Iv::partially_linear(&left, &z, Rows::default()).unwrap()
}

pub(super) fn front_door(rows: &Hidden, folds: &Folds) -> Scored {
    let columns: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
    let more: Vec<&[f64]> = columns.iter().copied().chain([rows.z.as_slice()]).collect();
    let (covariates, behind) = (Covariates { columns, binned: None }, Covariates { columns: more, binned: None });
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let behind = CrossFit { covariates: &behind, ..cross };
    let level: Vec<u32> = rows.d.iter().map(|d| u32::from(*d > 0.5)).collect();
    let (door, named) = FrontDoor::fit(&cross, &behind, &rows.y, &level, 2, 0.01).unwrap();
    assert_eq!(named.len(), 4);
    door.effect(1, 0, Rows::default()).unwrap()
}

pub(super) fn way(rows: &Hidden, folds: &Folds) -> Scored {
    let columns: Vec<&[f64]> = rows.x.iter().map(Vec::as_slice).collect();
    let more: Vec<&[f64]> = columns.iter().copied().chain([rows.d.as_slice()]).collect();
    let (covariates, behind) = (Covariates { columns, binned: None }, Covariates { columns: more, binned: None });
    let cross = CrossFit { covariates: &covariates, folds, rows: Rows::default(), choice: Choice::Plain };
    let behind = CrossFit { covariates: &behind, ..cross };
    let first = cross.regressions(&[&rows.d, &rows.z], None).unwrap();
    let second = behind.regressions(&[&rows.z, &rows.y], None).unwrap();
    let left = |x: &[f64], n: &Nuisance| x.iter().zip(&n.values).map(|(x, p)| x - p).collect::<Vec<f64>>();
    let way = Way {
        treatment: left(&rows.d, &first[0]),
        mediators: vec![left(&rows.z, &first[1])],
        mediators_behind: vec![left(&rows.z, &second[0])],
        outcome_behind: left(&rows.y, &second[1]),
    };
    way.effect(Rows::default()).unwrap()
}

#[test]
fn a_table_by_the_front_door() {
    // Smoking, tar and cancer (Pearl 2009, table 3.1): shares of cancer by smoking and tar.
    let cells = [(0_u32, 0.0, 475.0, 0.10), (1, 0.0, 25.0, 0.90), (0, 1.0, 25.0, 0.05), (1, 1.0, 475.0, 0.85)];
    let (mut y, mut level, mut weight) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tar, mut outcome, mut behind) = (Vec::new(), vec![Vec::new(); 2], vec![Vec::new(); 2]);
    let share = |d: u32, m: f64| cells.iter().find(|c| c.0 == d && c.1 == m).unwrap().3;
    for (d, m, n, p) in cells {
        for (is_ill, of) in [(1.0, p), (0.0, 1.0 - p)] {
            y.push(is_ill);
            level.push(d);
            weight.push(n * of);
            tar.push(m);
            // P(smoking given tar) = 475/500 or 25/500.
            let smokes = if m == 1.0 { 0.95 } else { 0.05 };
            for e in 0..2 {
                outcome[e].push(share(e as u32, m));
                behind[e].push(if e == 1 { smokes } else { 1.0 - smokes });
            }
        }
    }
    let chance = vec![vec![0.5; 8], vec![0.5; 8]];
    // E[share of e at tar given d]: tar in 95 % of the smokers, 5 % of the others.
    let through = [0.05, 0.95]
        .map(|t| (0..2).map(|e| vec![t * share(e, 1.0) + (1.0 - t) * share(e, 0.0); 8]).collect::<Vec<_>>());
    let door = FrontDoor { y: &y, level: &level, outcome, chance, chance_behind: behind, through: through.to_vec() };
    let rows = Rows { weight: Some(&weight), ..Rows::default() };
    // By hand: tar (0.05 + 0.85)/2 = 0.45, no tar (0.10 + 0.90)/2 = 0.5; with smoking 0.95·0.45 + 0.05·0.5 = 0.4525,
    // without 0.4975: smoking would lower the risk by 0.045.
    let effect = door.effect(1, 0, rows).unwrap();
    assert!((effect.theta + 0.045).abs() < 1e-12, "{}", effect.theta);
    assert!((rows.mean(&door.scores(1)) - 0.4525).abs() < 1e-12);
}

#[test]
fn what_a_hidden_cause_bends_is_found() {
    let folds = by_number(4000, 5);
    let rows = simulate_hidden(HiddenCause::Mediator, 4000, 3, true);
    let near = |found: &Scored, truth: f64| (found.theta - truth).abs() < 4.0 * found.se && found.se < 0.2;
    assert!(near(&front_door(&rows, &folds), 0.8) && near(&way(&rows, &folds), 0.8));
    // Both doors' estimates are close to each other, and the naive one is far away.
    let plain = Simulated { y: rows.y.clone(), d: rows.d.clone(), x: rows.x.clone(), effect: rows.effect };
    let naive = super::plain_residuals(&plain, &folds).partialling_out(Rows::default()).unwrap();
    assert!(!near(&naive, 0.8), "{}", naive.theta);
    let number = by_number_instrument(&simulate_hidden(HiddenCause::Instrument, 4000, 3, true), &folds);
    assert!(near(&number.scored, 0.5) && number.first_stage_f > 100.0);
    let rows = simulate_hidden(HiddenCause::Compliance, 4000, 3, true);
    let moved: f64 = rows.share.iter().sum();
    let truth = rows.effect.iter().zip(&rows.share).map(|(t, s)| t * s).sum::<f64>() / moved;
    let found = late(&rows, &folds);
    assert!((found.scored.theta - truth).abs() < 4.0 * found.scored.se && found.first_stage_f > 100.0);
}

#[test]
fn a_weak_instrument_is_told_by_its_region() {
    // The usual interval misses far too often; the test's region does not.
    let folds = by_number(300, 5);
    let (mut usual, mut region, mut unbounded) = (0, 0, 0);
    for seed in 0..300 {
        let iv = by_number_instrument(&simulate_hidden(HiddenCause::WeakInstrument, 300, seed, true), &folds);
        usual += usize::from((iv.scored.theta - 0.5).abs() < 1.96 * iv.scored.se);
        let found = iv.test.region(0.95);
        region += usize::from(found.holds(0.5));
        unbounded += usize::from(!matches!(found, Region::Between(..)));
    }
    // 95 % of 300 with four standard errors of 1.26 points.
    assert!((270..=298).contains(&region) && unbounded > 200, "{usual} {region} {unbounded}");
}
