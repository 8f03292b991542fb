//! The definition: brute force over every permitted row, and lines short enough to work out by hand.

#![allow(clippy::float_cmp, reason = "exact by construction")]

use equipoise_models::trees::Link;
use proptest::prelude::*;

use super::Additive;
use crate::Plausible;
use crate::{
    Answers, Ask, CounterfactualError, Diversity, Finder, Found, Goal, Grid, Kind, Limits, Proof, Shortage, Space,
    Variable, Wish,
};

/// `Σ_j w_kj · x_j`, a table for names, and a square of the last number: one set for each output.
#[derive(Clone)]
struct Sum {
    weights: Vec<[f64; 3]>,
    names: Vec<[f64; 4]>,
    square: f64,
    base: Vec<f64>,
    link: Link,
}

impl Sum {
    fn margins(&self, rows: &[f64]) -> Vec<f64> {
        let of = |row: &[f64], k: usize| {
            let number = |j: usize| if row[j].is_nan() { 2.0 } else { row[j] };
            let line: f64 = (0..3).map(|j| self.weights[k][j] * number(j)).sum();
            let name = if row[3].is_nan() { 0.25 } else { self.names[k][row[3] as usize] };
            self.base[k] + line + self.square * number(2) * number(2) + name
        };
        rows.chunks_exact(4).flat_map(|row| (0..self.base.len()).map(move |k| of(row, k))).collect()
    }
}

impl Ask for Sum {
    fn n_outputs(&self) -> usize {
        self.base.len()
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        let mut margins = self.margins(rows);
        self.link.apply(&mut margins, self.base.len());
        Ok(margins)
    }
}

/// The same before the link.
struct Margins<'a>(&'a Sum);

impl Ask for Margins<'_> {
    fn n_outputs(&self) -> usize {
        self.0.base.len()
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        Ok(self.0.margins(rows))
    }
}

fn space(sparsity_weight: f64, max_changes: usize, grid: Grid) -> Space {
    let number = |place: usize| {
        let kind = Kind::Number { scale: 2.0, grid, range: (0.0, 6.0) };
        Variable { name: format!("n{place}"), columns: vec![place], kind, limits: Limits::default(), cost: 1.0 }
    };
    let mut variables: Vec<Variable> = (0..3).map(number).collect();
    let kind = Kind::Category { n_codes: 4 };
    variables.push(Variable { name: "d".into(), columns: vec![3], kind, limits: Limits::default(), cost: 0.7 });
    Space::new(variables, Vec::new(), 4, sparsity_weight, max_changes).unwrap()
}

fn found(model: &Sum, space: &Space, answers: Answers, wish: Wish, row: &[f64], total: usize) -> Found {
    let additive = Additive::new(&Margins(model), model.link, space, &[1.0, 1.0, 1.0, 0.0], 100_000).unwrap();
    let finder = Finder {
        space,
        model,
        answers,
        replica: None,
        reference: None,
        method: &additive,
        wish,
        total,
        is_sparsified: true,
        diversity: Diversity::Maximin,
        plausible: Plausible::default(),
        seed: 3,
    };
    finder.find(row, 0, &[]).unwrap()
}

/// Every row of the grid, and those that keep a missing value.
fn all_rows(missing: Option<usize>) -> Vec<Vec<f64>> {
    let mut rows = Vec::new();
    for place in 0..7 * 7 * 7 * 4_u32 {
        let row = [place % 7, place / 7 % 7, place / 49 % 7, place / 343];
        rows.push(row.into_iter().map(f64::from).collect::<Vec<f64>>());
    }
    if let Some(missing) = missing {
        let kept: Vec<Vec<f64>> = rows
            .iter()
            .map(|r| {
                let mut r = r.clone();
                r[missing] = f64::NAN;
                r
            })
            .collect();
        rows.extend(kept);
    }
    rows
}

fn cheapest(model: &Sum, space: &Space, goal: Goal, row: &[f64]) -> Option<f64> {
    let choices = space.choices(row, &[]).unwrap();
    let rows = all_rows(row.iter().position(|x| x.is_nan()));
    let answers = model.ask(&rows.concat()).unwrap();
    rows.iter()
        .zip(answers.chunks_exact(model.base.len()))
        .filter(|(to, answer)| goal.holds(answer) && space.keeps_limits(&choices, row, to))
        .map(|(to, _)| space.cost(row, to))
        .min_by(f64::total_cmp)
}

fn eighths(low: i32, high: i32) -> impl Strategy<Value = f64> {
    (low..high).prop_map(|x| f64::from(x) / 8.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The definition: ask about every permitted row and take the cheapest that is granted.
    #[test]
    fn additive_equals_brute_force(
        weights in prop::collection::vec(prop::array::uniform3(eighths(-12, 13)), 3),
        names in prop::collection::vec(prop::array::uniform4(eighths(-12, 13)), 3),
        base in prop::collection::vec(eighths(-40, 41), 3),
        square in prop::sample::select(vec![0.0, 0.125, -0.25]),
        from in (0..7_i32, 0..7_i32, 0..7_i32, 0..4_i32),
        missing in 0..6_usize,
        sparsity in prop::sample::select(vec![0.0, 0.2]),
        max_changes in 1..5_usize,
        kind in 0..4_usize,
        low in -20..20_i32,
    ) {
        let n = if kind == 2 { 3 } else { 1 };
        let link = match kind { 0 | 1 => Link::Logistic { scale: 1.0 }, 2 => Link::Softmax, _ => Link::Identity };
        let cut = |all: &Vec<[f64; 3]>| all[..n].to_vec();
        let model = Sum { weights: cut(&weights), names: names[..n].to_vec(), square, base: base[..n].to_vec(), link };
        let (answers, wish) = match kind {
            0 => (Answers::Probability { threshold: 0.5 }, Wish::Opposite),
            1 => (Answers::Probability { threshold: 0.5 }, Wish::Probability(1, 0.8)),
            2 => (Answers::Classes { n: 3 }, Wish::AnyOther),
            _ => (Answers::Value, Wish::Range(f64::from(low) / 4.0, f64::from(low) / 4.0 + 0.5)),
        };
        let space = space(sparsity, max_changes, Grid::Step(1.0));
        let mut row: Vec<f64> = [from.0, from.1, from.2, from.3].into_iter().map(f64::from).collect();
        if let Some(cell) = row.get_mut(missing) {
            *cell = f64::NAN;
        }
        let found = found(&model, &space, answers, wish, &row, 1);
        if found.shortage == Some(Shortage::AlreadyGranted) {
            return Ok(());
        }
        match cheapest(&model, &space, found.goal, &row) {
            Some(cost) => {
                let one = &found.counterfactuals[0];
                prop_assert!((one.cost - cost).abs() < 1e-9, "{} is not {cost}", one.cost);
                prop_assert_eq!(one.proof, Some(Proof::Optimal));
            }
            None => prop_assert_eq!(found.shortage, Some(Shortage::Unreachable)),
        }
    }
}

fn line() -> Sum {
    Sum {
        weights: vec![[1.0, 0.5, 0.0]],
        names: vec![[0.0, 0.5, 2.0, -1.0]],
        square: 0.0,
        base: vec![-6.0],
        link: Link::Logistic { scale: 1.0 },
    }
}

#[test]
fn any_number_stops_where_enough_is_gained() {
    // 2 + 0.5 − 6 = −3.5 is missing. n0 gains 1 for a cost of 1/2: 3.5 for 1.75 + 0.2. With the third name (0.7 + 0.2) it needs
    // 1.5 more: 0.75 + 0.2; together 1.85, which is less than 1.95.
    let space = space(0.2, 4, Grid::Any);
    let answers = Answers::Probability { threshold: 0.5 };
    let found = found(&line(), &space, answers, Wish::Opposite, &[2.0, 1.0, 3.0, 0.0], 3);
    let best = &found.counterfactuals[0];
    assert!((best.cost - 1.85).abs() < 1e-5, "{best:?}");
    assert!((best.row[0] - 3.5).abs() < 1e-4 && best.row[3] == 2.0, "{best:?}");
    // Without the two together: n0 alone.
    let next = &found.counterfactuals[1];
    assert!((next.cost - 1.95).abs() < 1e-5 && next.changed == [0], "{next:?}");
    // Then neither: n1 gains 2.5 at most, with the name 4.5: (3.5 − 2) / 0.5 = 3 up, 1.5 + 0.2 + 0.9.
    let third = &found.counterfactuals[2];
    assert!((third.cost - 2.6).abs() < 1e-5 && third.changed == [1, 3], "{third:?}");
    assert!(found.counterfactuals.iter().all(|one| one.proof == Some(Proof::Optimal)));
}

#[test]
fn what_no_sum_reaches_is_proved_unreachable() {
    let space = space(0.2, 4, Grid::Any);
    let answers = Answers::Probability { threshold: 0.5 };
    // 6 + 3 + 2 − 6 = 5 at most: 1 / (1 + exp(−5)) = 0.9933.
    let found = found(&line(), &space, answers, Wish::Probability(1, 0.995), &[2.0, 1.0, 3.0, 0.0], 1);
    assert_eq!(found.shortage, Some(Shortage::Unreachable));
}
