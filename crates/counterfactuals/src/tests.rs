//! Every method against limits, by property and by hand.
#![allow(clippy::float_cmp, reason = "exact by construction")]

use proptest::prelude::*;

use crate::Plausible;
use crate::{
    Answers, Ask, Choice, CounterfactualError, Derived, Direction, Diversity, Finder, Formula, Genetic, Gradient, Grid,
    GrowingSpheres, KdTree, Kind, Limits, Method, Nearest, Quality, Random, Reference, RowLimit, Shortage, Space,
    Variable, Wish,
};

/// Approved when `income/10 + years − 2·[job is none] ≥ 8`, as a probability.
struct Bank;

impl Ask for Bank {
    fn n_outputs(&self) -> usize {
        1
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        let margin = |r: &[f64]| {
            let years = if r[1].is_nan() { 0.0 } else { r[1] };
            r[0] / 10.0 + years - 2.0 * f64::from(u8::from(r[2] == 0.0)) - 8.0
        };
        Ok(rows.chunks_exact(4).map(|r| 1.0 / (1.0 + libm::exp(-margin(r)))).collect())
    }
}

fn variable(name: &str, column: usize, kind: Kind, limits: Limits) -> Variable {
    Variable { name: name.into(), columns: vec![column], kind, limits, cost: 1.0 }
}

fn number(grid: Grid, low: f64, high: f64) -> Kind {
    Kind::Number { scale: 5.0, grid, range: (low, high) }
}

/// Income, years, job (three names), and income over years, which follows.
fn space(limits: [Limits; 3]) -> Result<Space, CounterfactualError> {
    let [income, years, job] = limits;
    let fixed = Limits { is_fixed: true, ..Limits::default() };
    let names = ["income", "years", "job"];
    let formula = Formula::parse("income * 2 + years", &|n| names.iter().position(|m| *m == n))?;
    let variables = vec![
        variable("income", 0, number(Grid::decimals(1), 0.0, 100.0), income),
        variable("years", 1, number(Grid::Step(1.0), 0.0, 20.0), years),
        variable("job", 2, Kind::Category { n_codes: 3 }, job),
        variable("sum", 3, number(Grid::Any, 0.0, 1000.0), fixed),
    ];
    Space::new(variables, vec![Derived { column: 3, formula }], 4, 0.2, 4)
}

fn rows() -> Vec<f64> {
    let mut all = Vec::new();
    for i in 0..200_u32 {
        let (income, years, job) = (f64::from(i * 37 % 101), f64::from(i * 11 % 21), f64::from(i % 3));
        all.extend([income, years, job, income * 2.0 + years]);
    }
    all
}

fn methods() -> Vec<Box<dyn Method>> {
    vec![
        Box::new(Random::default()),
        Box::new(Genetic::default()),
        Box::new(KdTree),
        Box::new(Nearest::default()),
        Box::new(GrowingSpheres::default()),
        Box::new(Gradient::default()),
    ]
}

fn finder<'a>(space: &'a Space, method: &'a dyn Method, reference: &'a Reference) -> Finder<'a> {
    Finder {
        space,
        model: &Bank,
        answers: Answers::Probability { threshold: 0.5 },
        replica: None,
        reference: Some(reference),
        method,
        wish: Wish::Opposite,
        total: 3,
        is_sparsified: true,
        diversity: Diversity::Maximin,
        plausible: Plausible::default(),
        seed: 11,
    }
}

fn reference() -> Reference {
    Reference::over(rows(), 4, Answers::Probability { threshold: 0.5 }, &Bank).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn what_is_returned_is_granted_and_within_every_limit(
        income in 0..100_i32,
        years in 0..21_i32,
        job in 0..3_i32,
        is_missing in any::<bool>(),
        direction in 0..3_usize,
        is_fixed in any::<bool>(),
        up in 1..30_i32,
        is_determinantal in any::<bool>(),
    ) {
        let direction = [Direction::Any, Direction::Up, Direction::Down][direction];
        let space = space([
            Limits { most_up: Some(f64::from(up)), ..Limits::default() },
            Limits { direction, ..Limits::default() },
            Limits { is_fixed, ..Limits::default() },
        ]).unwrap();
        let years = if is_missing { f64::NAN } else { f64::from(years) };
        let mut row = vec![f64::from(income), years, f64::from(job), 0.0];
        space.complete(&mut row);
        let reference = reference();
        let choices = space.choices(&row, &[]).unwrap();
        for method in methods() {
            let mut finder = finder(&space, method.as_ref(), &reference);
            if is_determinantal {
                finder.diversity = Diversity::Determinantal;
            }
            let found = finder.find(&row, 5, &[]).unwrap();
            // As text: a missing value is not equal to itself.
            prop_assert_eq!(format!("{found:?}"), format!("{:?}", finder.find(&row, 5, &[]).unwrap()));
            prop_assert!(found.counterfactuals.len() <= 3);
            prop_assert_eq!(found.counterfactuals.len() < 3, found.shortage.is_some());
            for one in &found.counterfactuals {
                prop_assert!(found.goal.holds(&Bank.ask(&one.row).unwrap()));
                prop_assert!(space.keeps_limits(&choices, &row, &one.row));
                prop_assert!(one.row[0] <= f64::from(income + up));
                prop_assert!(!is_fixed || one.row[2] == row[2]);
                let derived = one.row[0] * 2.0 + one.row[1];
                prop_assert!(one.row[3] == derived || (derived.is_nan() && one.row[3].is_nan()));
                prop_assert!((one.cost - space.cost(&row, &one.row)).abs() < 1e-12);
            }
            let quality = Quality::of(&finder, &row, 5, &choices, &found).unwrap();
            prop_assert_eq!(quality.map(|q| q.validity), (!found.counterfactuals.is_empty()).then_some(1.0));
        }
    }
}

#[test]
fn every_method_finds_the_cheap_way_in() {
    let space = space([Limits::default(), Limits::default(), Limits::default()]).unwrap();
    let reference = reference();
    // 50/10 + 2 − 2 = 5 of 8: a job brings 2, a year 1, ten of income 1.
    for method in methods() {
        let finder = finder(&space, method.as_ref(), &reference);
        let found = finder.find(&[50.0, 2.0, 0.0, 102.0], 0, &[]).unwrap();
        // The cheapest way is three years, 3/5 + 0.2; chance is allowed twice that.
        let best = found.counterfactuals[0].cost;
        assert!(best <= 1.6 + 1e-9, "{}: {best}", method.name());
        assert_eq!(found.counterfactuals.len(), 3, "{}", method.name());
    }
}

#[test]
fn contradictions_are_named() {
    let other = Limits::default;
    let says = |limits: Limits| space([limits, other(), other()]).unwrap_err().to_string();
    let backwards = says(Limits { range: Some((5.0, 2.0)), ..other() });
    assert!(
        backwards.starts_with("the limits of `income` contradict each other: at least 5 and at most 2"),
        "{backwards}"
    );
    let outside = says(Limits { range: Some((200.0, 300.0)), ..other() });
    assert!(outside.contains("between 200 and 300 and between 0 and 100"), "{outside}");
    let held = says(Limits { is_fixed: true, direction: Direction::Up, ..other() });
    assert!(held.contains("it may not change and there are limits for how it changes"), "{held}");
    let between = Limits { range: Some((2.2, 2.8)), ..other() };
    let steps = space([other(), between, other()]).unwrap_err().to_string();
    assert!(steps.contains("between 2.2 and 2.8 and a multiple of 1"), "{steps}");
    let unknown = space([other(), other(), Limits { codes: Some(vec![7]), ..other() }]).unwrap_err().to_string();
    assert!(unknown.contains("the name number 7 and 3 names"), "{unknown}");
}

#[test]
fn rows_may_have_limits_of_their_own() {
    let space = space([Limits::default(), Limits::default(), Limits::default()]).unwrap();
    let own = [RowLimit { variable: 1, limits: Limits { range: Some((0.0, 4.0)), ..Limits::default() } }];
    let choices = space.choices(&[50.0, 2.0, 0.0, 102.0], &own).unwrap();
    assert_eq!(choices[1], Choice::Between(0.0, 4.0));
    assert_eq!(choices[2], Choice::Among(vec![1, 2]));
    assert_eq!(choices[3], Choice::Stay);
}

#[test]
fn limits_of_a_row_that_contradict_those_of_all_are_named() {
    let range = Limits { range: Some((0.0, 40.0)), ..Limits::default() };
    let codes = Limits { codes: Some(vec![1]), ..Limits::default() };
    let space = space([range, Limits::default(), codes]).unwrap();
    let says = |variable, limits| {
        let own = [RowLimit { variable, limits }];
        space.choices(&[30.0, 2.0, 0.0, 62.0], &own).unwrap_err().to_string()
    };
    let ranges = says(0, Limits { range: Some((50.0, 60.0)), ..Limits::default() });
    let expected = "the limits of `income` contradict each other: between 0 and 40 and between 50 and 60 for one row\nhint: let the two";
    assert!(ranges.starts_with(expected), "{ranges}");
    let names = says(2, Limits { codes: Some(vec![2]), ..Limits::default() });
    assert!(names.contains("`job` contradict each other: some names are permitted and none of them"), "{names}");
}

#[test]
fn nothing_to_change_and_nothing_to_wish_for_are_told_apart() {
    let fixed = || Limits { is_fixed: true, ..Limits::default() };
    let space = space([fixed(), fixed(), fixed()]).unwrap();
    let reference = reference();
    let random = Random::default();
    let mut finder = finder(&space, &random, &reference);
    let found = finder.find(&[50.0, 2.0, 0.0, 102.0], 0, &[]).unwrap();
    assert!(matches!(found.shortage, Some(Shortage::NothingMayChange(ref why)) if why.contains("`income`")));
    finder.wish = Wish::Class(0);
    let found = finder.find(&[50.0, 2.0, 0.0, 102.0], 0, &[]).unwrap();
    assert_eq!(found.shortage, Some(Shortage::AlreadyGranted));
}

#[test]
fn a_one_hot_group_changes_as_one() {
    let kind = Kind::OneHot;
    let variables =
        vec![Variable { name: "job".into(), columns: vec![1, 2, 3], kind, limits: Limits::default(), cost: 1.0 }];
    let space = Space::new(variables, Vec::new(), 4, 0.0, 1).unwrap();
    let mut row = [9.0, 0.0, 1.0, 0.0];
    assert_eq!(space.get(0, &row), 1.0);
    space.set(0, &mut row, 2.0);
    assert_eq!(row, [9.0, 0.0, 0.0, 1.0]);
    assert_eq!(space.cost(&[9.0, 0.0, 1.0, 0.0], &row), 1.0);
}

#[test]
fn nothing_is_found_downhill_where_nothing_slopes() {
    /// Approved from an income of 80 on.
    struct Step;
    impl Ask for Step {
        fn n_outputs(&self) -> usize {
            1
        }
        fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
            Ok(rows.chunks_exact(4).map(|r| if r[0] >= 80.0 { 0.9 } else { 0.1 }).collect())
        }
    }
    let space = space([Limits::default(), Limits::default(), Limits::default()]).unwrap();
    let reference = reference();
    let gradient = Gradient::default();
    let finder = Finder { model: &Step, ..finder(&space, &gradient, &reference) };
    let found = finder.find(&[50.0, 2.0, 0.0, 102.0], 0, &[]).unwrap();
    assert_eq!((found.counterfactuals.len(), found.shortage), (0, Some(Shortage::NotFound)));
}

#[test]
fn what_must_be_plausible_lies_near_the_data_or_is_not_found() {
    let space = space([Limits::default(), Limits::default(), Limits::default()]).unwrap();
    let reference = reference();
    let row = [50.0, 2.0, 0.0, 102.0];
    for method in methods() {
        let mut finder = finder(&space, method.as_ref(), &reference);
        finder.plausible = Plausible { max_distance: Some(2.0), max_isolation: Some(1.3) };
        let found = finder.find(&row, 0, &[]).unwrap();
        for one in &found.counterfactuals {
            let near = reference.nearest(&space, found.goal, &one.row, 1);
            assert!(near[0].0 <= 2.0, "{}", method.name());
            assert!(reference.isolation(&space, found.goal, &one.row).unwrap() <= 1.3, "{}", method.name());
        }
        finder.plausible = Plausible { max_distance: Some(0.0), max_isolation: None };
        let none = finder.find(&row, 0, &[]).unwrap();
        // Only rows that really occur cost nothing to get to.
        let occurs = |one: &[f64]| rows().chunks_exact(4).any(|r| r[..3] == one[..3]);
        assert!(none.counterfactuals.iter().all(|one| occurs(&one.row)), "{}", method.name());
        assert_eq!(none.counterfactuals.len() < 3, none.shortage.is_some());
    }
}

#[test]
fn what_lies_apart_has_a_large_factor() {
    // A line of rows one apart, and one far away.
    let kind = number(Grid::Any, 0.0, 1000.0);
    let space = Space::new(vec![variable("x", 0, kind, Limits::default())], Vec::new(), 1, 0.0, 1).unwrap();
    struct Yes;
    impl Ask for Yes {
        fn n_outputs(&self) -> usize {
            1
        }
        fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
            Ok(vec![1.0; rows.len()])
        }
    }
    let line: Vec<f64> = (0..60).map(f64::from).collect();
    let reference = Reference::over(line, 1, Answers::Value, &Yes).unwrap();
    let goal = Wish::Range(0.0, 2.0).goal(Answers::Value, &[0.0]).unwrap();
    let factor = |x: f64| reference.isolation(&space, goal, &[x]).unwrap();
    assert!((factor(30.2) - 1.0).abs() < 0.1, "{}", factor(30.2));
    // 141 away from the last of ten that lie five apart on average: its neighbours reach 5 to 9, it reaches about 145.
    assert!(factor(200.0) > 10.0, "{}", factor(200.0));
}
