//! What may be changed in a row, by how much, and what a change costs.

use crate::{CounterfactualError, Formula, Grid};

/// What a feature holds. A row stores a number as it is, a category as its code, missing as NaN.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number.
    Number {
        /// A change by this much costs 1: the median absolute deviation by custom.
        scale: f64,
        /// The numbers it can hold.
        grid: Grid,
        /// Smallest and largest number it may be changed to.
        range: (f64, f64),
    },
    /// One of `n_codes` names; any change costs 1.
    Category {
        /// Number of names.
        n_codes: u32,
    },
    /// Several columns of which exactly one is 1; its value is the place of that one.
    OneHot,
}

/// Which way a number may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    #[default]
    Any,
    /// Only up, as an age.
    Up,
    /// Only down.
    Down,
}

/// What a feature may become. A value that stays as it is keeps every limit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// It cannot change.
    pub is_fixed: bool,
    /// Which way a number may go.
    pub direction: Direction,
    /// Where a changed number may lie, within the kind's range.
    pub range: Option<(f64, f64)>,
    /// By how much a number may grow.
    pub most_up: Option<f64>,
    /// By how much a number may shrink.
    pub most_down: Option<f64>,
    /// By what share of its own size a number may move either way.
    pub relative: Option<f64>,
    /// The names it may be changed to.
    pub codes: Option<Vec<u32>>,
}

/// A feature that may be changed as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its column, or the columns of a one-hot group.
    pub columns: Vec<usize>,
    /// What it holds.
    pub kind: Kind,
    /// What it may become.
    pub limits: Limits,
    /// Costs are multiplied by this.
    pub cost: f64,
}

/// A column that follows from others.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// The column.
    pub column: usize,
    /// How it is computed.
    pub formula: Formula,
}

/// All features of a row and their limits. Invariant: the limits of each feature can be kept together.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    variables: Vec<Variable>,
    derived: Vec<Derived>,
    /// By feature: it follows from others, so that its changes are neither counted nor paid for.
    follows: Vec<bool>,
    n_columns: usize,
    sparsity_weight: f64,
    max_changes: usize,
}

/// What a feature of one row may become besides staying as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Nothing else.
    Stay,
    /// A number between two ends.
    Between(f64, f64),
    /// One of some names.
    Among(Vec<u32>),
}

/// A limit that holds for one row only.
#[derive(Clone, Debug, PartialEq)]
pub struct RowLimit {
    /// The feature.
    pub variable: usize,
    /// What holds on top of the feature's own limits.
    pub limits: Limits,
}

impl Space {
    /// Checks that features and limits fit together. A change costs `sparsity_weight` besides its size, and at most
    /// `max_changes` features may change.
    ///
    /// # Errors
    /// [`CounterfactualError::Contradiction`] names the feature and the two limits.
    pub fn new(
        variables: Vec<Variable>,
        derived: Vec<Derived>,
        n_columns: usize,
        sparsity_weight: f64,
        max_changes: usize,
    ) -> Result<Self, CounterfactualError> {
        for variable in &variables {
            check(variable)?;
        }
        for one in &derived {
            if let Some(free) = variables.iter().find(|v| v.columns.contains(&one.column) && !v.limits.is_fixed) {
                return contradiction(
                    &free.name,
                    "it is computed from other columns",
                    "it may be changed by itself",
                    "hold it fixed, or leave its formula out",
                );
            }
        }
        let is_derived = |v: &Variable| derived.iter().any(|d| v.columns.contains(&d.column));
        let follows = variables.iter().map(is_derived).collect();
        Ok(Self { variables, derived, follows, n_columns, sparsity_weight, max_changes })
    }

    /// The features.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Columns that follow from others.
    #[must_use]
    pub fn derived(&self) -> &[Derived] {
        &self.derived
    }

    /// Number of columns of a row.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        self.n_columns
    }

    /// Features that may change at most.
    #[must_use]
    pub fn max_changes(&self) -> usize {
        self.max_changes
    }

    /// The value of a feature in a row.
    #[must_use]
    pub fn get(&self, variable: usize, row: &[f64]) -> f64 {
        let Some(variable) = self.variables.get(variable) else { return f64::NAN };
        let at = |column: &usize| row.get(*column).copied().unwrap_or(f64::NAN);
        match variable.kind {
            Kind::OneHot => {
                #[allow(clippy::cast_precision_loss, reason = "a few columns")]
                let place = variable.columns.iter().position(|c| at(c) >= 0.5).map(|p| p as f64);
                place.unwrap_or(f64::NAN)
            }
            Kind::Number { .. } | Kind::Category { .. } => variable.columns.first().map_or(f64::NAN, at),
        }
    }

    /// Writes the value of a feature into a row; [`Space::complete`] brings derived columns up to date.
    pub fn set(&self, variable: usize, row: &mut [f64], value: f64) {
        let Some(variable) = self.variables.get(variable) else { return };
        for (place, column) in variable.columns.iter().enumerate() {
            let Some(cell) = row.get_mut(*column) else { continue };
            #[allow(clippy::cast_precision_loss, reason = "a few columns")]
            let is_one = (place as f64 - value).abs() < 0.5;
            *cell = if variable.kind == Kind::OneHot { f64::from(u8::from(is_one)) } else { value };
        }
    }

    /// Computes the derived columns of a row, in their order.
    pub fn complete(&self, row: &mut [f64]) {
        for one in &self.derived {
            let value = one.formula.value(row);
            if let Some(cell) = row.get_mut(one.column) {
                *cell = value;
            }
        }
    }

    /// What it costs to change a feature from one value to another:
    ///
    /// ```text
    /// 0 when it stays, else  sparsity_weight + cost · |to − from| / scale      for numbers
    ///                        sparsity_weight + cost                            for names, and to or from missing
    /// ```
    #[must_use]
    pub fn cost_of(&self, variable: usize, from: f64, to: f64) -> f64 {
        let Some(of) = self.variables.get(variable) else { return 0.0 };
        if is_same(from, to) || self.follows.get(variable) == Some(&true) {
            return 0.0;
        }
        let size = match of.kind {
            Kind::Number { scale, .. } if !from.is_nan() && !to.is_nan() => (to - from).abs() / scale,
            _ => 1.0,
        };
        self.sparsity_weight + of.cost * size
    }

    /// A feature whose changes are paid for, with what each costs besides its size.
    pub(crate) fn price(&self, variable: usize) -> Option<(&Variable, f64)> {
        let is_paid = self.follows.get(variable) == Some(&false);
        self.variables.get(variable).filter(|_| is_paid).map(|of| (of, self.sparsity_weight))
    }

    /// What it costs to change a row into another one: the sum over the features.
    #[must_use]
    pub fn cost(&self, from: &[f64], to: &[f64]) -> f64 {
        (0..self.variables.len()).map(|v| self.cost_of(v, self.get(v, from), self.get(v, to))).sum()
    }

    /// How far two rows lie apart: as [`Space::cost`], without the price of a change as such.
    #[must_use]
    pub fn distance(&self, from: &[f64], to: &[f64]) -> f64 {
        let cost = |v| self.cost_of(v, self.get(v, from), self.get(v, to));
        (0..self.variables.len()).map(cost).filter(|c| *c > 0.0).map(|c| c - self.sparsity_weight).sum()
    }

    /// The features in which two rows differ.
    #[must_use]
    pub fn changed(&self, from: &[f64], to: &[f64]) -> Vec<usize> {
        let differs = |v: &usize| !is_same(self.get(*v, from), self.get(*v, to));
        (0..self.variables.len()).filter(|v| self.follows.get(*v) != Some(&true)).filter(differs).collect()
    }

    /// What each feature of a row may become.
    ///
    /// # Errors
    /// When the row's own limits contradict themselves or nothing may change at all.
    pub fn choices(&self, row: &[f64], own: &[RowLimit]) -> Result<Vec<Choice>, CounterfactualError> {
        let mut all = Vec::with_capacity(self.variables.len());
        for (place, variable) in self.variables.iter().enumerate() {
            let mut choice = choice(variable, &variable.limits, self.get(place, row));
            for limit in own.iter().filter(|l| l.variable == place) {
                check(&Variable { limits: limit.limits.clone(), ..variable.clone() })?;
                overlap(variable, &limit.limits)?;
                choice = meet(choice, self::choice(variable, &limit.limits, self.get(place, row)));
            }
            all.push(choice);
        }
        if all.iter().all(|c| *c == Choice::Stay) || self.max_changes == 0 {
            let names: Vec<String> = self.variables.iter().take(20).map(why_fixed).collect();
            return Err(CounterfactualError::NothingMayChange { why: names.join("; ") });
        }
        Ok(all)
    }

    /// Whether a feature may have this value, having had another.
    #[must_use]
    pub fn permits(&self, variable: usize, choice: &Choice, from: f64, to: f64) -> bool {
        if is_same(from, to) || self.follows.get(variable) == Some(&true) {
            return true;
        }
        match (choice, self.variables.get(variable).map(|v| &v.kind)) {
            (Choice::Between(low, high), Some(Kind::Number { grid, .. })) => {
                to >= *low && to <= *high && is_same(grid.at_least(to), to)
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "codes are whole")]
            (Choice::Among(codes), Some(_)) => to >= 0.0 && codes.contains(&(to as u32)),
            _ => false,
        }
    }

    /// Whether a row keeps every limit.
    #[must_use]
    pub fn keeps_limits(&self, choices: &[Choice], from: &[f64], to: &[f64]) -> bool {
        let each = |(v, choice): (usize, &Choice)| self.permits(v, choice, self.get(v, from), self.get(v, to));
        choices.iter().enumerate().all(each)
            && self.changed(from, to).len() <= self.max_changes
            && self.derived.iter().all(|d| is_same(d.formula.value(to), to.get(d.column).copied().unwrap_or(f64::NAN)))
    }
}

/// Equality of values; missing equals missing.
pub(crate) fn is_same(a: f64, b: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() == 0.0
}

/// What a feature of this value may become under some limits.
fn choice(variable: &Variable, limits: &Limits, value: f64) -> Choice {
    if limits.is_fixed {
        return Choice::Stay;
    }
    match &variable.kind {
        Kind::Number { grid, range, .. } => {
            let (mut low, mut high) = *range;
            if let Some((l, h)) = limits.range {
                (low, high) = (low.max(l), high.min(h));
            }
            if !value.is_nan() {
                if limits.direction == Direction::Up {
                    low = low.max(value);
                }
                if limits.direction == Direction::Down {
                    high = high.min(value);
                }
                if let Some(up) = limits.most_up {
                    high = high.min(value + up);
                }
                if let Some(down) = limits.most_down {
                    low = low.max(value - down);
                }
                if let Some(share) = limits.relative {
                    (low, high) = (low.max(value - share * value.abs()), high.min(value + share * value.abs()));
                }
            }
            let (low, high) = (grid.at_least(low), grid.at_most(high));
            if low > high || (is_same(low, high) && is_same(low, value)) {
                Choice::Stay
            } else {
                Choice::Between(low, high)
            }
        }
        Kind::Category { .. } | Kind::OneHot => {
            let is_other = |c: &u32| !is_same(f64::from(*c), value);
            let all = || (0..n_codes(variable)).collect::<Vec<u32>>();
            let codes: Vec<u32> = limits.codes.clone().unwrap_or_else(all).into_iter().filter(is_other).collect();
            if codes.is_empty() { Choice::Stay } else { Choice::Among(codes) }
        }
    }
}

/// What a feature and a row say of it must leave something together.
fn overlap(variable: &Variable, own: &Limits) -> Result<(), CounterfactualError> {
    let hint = "let the two overlap, or leave the limit of the row out";
    if let (Some(all), Some(row)) = (variable.limits.range, own.range)
        && all.0.max(row.0) > all.1.min(row.1)
    {
        let words = |(a, b): (f64, f64)| format!("between {a} and {b}");
        return contradiction(&variable.name, &words(all), &format!("{} for one row", words(row)), hint);
    }
    if let (Some(all), Some(row)) = (&variable.limits.codes, &own.codes)
        && !row.iter().any(|code| all.contains(code))
    {
        return contradiction(&variable.name, "some names are permitted", "none of them is for one row", hint);
    }
    Ok(())
}

/// What two limits leave together.
fn meet(one: Choice, other: Choice) -> Choice {
    match (one, other) {
        (Choice::Between(a, b), Choice::Between(c, d)) if a.max(c) <= b.min(d) => Choice::Between(a.max(c), b.min(d)),
        (Choice::Among(a), Choice::Among(b)) => {
            let both: Vec<u32> = a.into_iter().filter(|code| b.contains(code)).collect();
            if both.is_empty() { Choice::Stay } else { Choice::Among(both) }
        }
        _ => Choice::Stay,
    }
}

fn n_codes(variable: &Variable) -> u32 {
    match variable.kind {
        Kind::Category { n_codes } => n_codes,
        Kind::OneHot => u32::try_from(variable.columns.len()).unwrap_or(0),
        Kind::Number { .. } => 0,
    }
}

fn why_fixed(variable: &Variable) -> String {
    let limits = &variable.limits;
    let why = if limits.is_fixed {
        "is immutable or not among the features to vary"
    } else if limits.direction != Direction::Any {
        "may go one way only and is at the end of its range"
    } else if limits.codes.is_some() {
        "has its only permitted category"
    } else {
        "has no other value within its range"
    };
    format!("`{}` {why}", variable.name)
}

fn contradiction<T>(feature: &str, one: &str, other: &str, hint: &str) -> Result<T, CounterfactualError> {
    Err(CounterfactualError::Contradiction {
        feature: feature.to_owned(),
        one: one.to_owned(),
        other: other.to_owned(),
        hint: hint.to_owned(),
    })
}

/// Limits that no value at all can keep together.
fn check(variable: &Variable) -> Result<(), CounterfactualError> {
    let (name, limits) = (&variable.name, &variable.limits);
    if !(variable.cost.is_finite() && variable.cost >= 0.0) {
        return contradiction(name, &format!("its cost is {}", variable.cost), "a cost is 0 or more", "for example 1");
    }
    let is_limited = limits.range.is_some() || limits.codes.is_some() || limits.relative.is_some();
    if limits.is_fixed && (is_limited || limits.direction != Direction::Any) {
        return contradiction(
            name,
            "it may not change",
            "there are limits for how it changes",
            "take it out of the immutable features (or into `features_to_vary`), or leave its other limits out",
        );
    }
    for (what, size) in [("grow", limits.most_up), ("shrink", limits.most_down), ("move", limits.relative)] {
        if let Some(size) = size.filter(|s| s.is_nan() || *s < 0.0) {
            return contradiction(name, &format!("it may {what} by {size}"), "a limit is 0 or more", "for example 0.1");
        }
    }
    match &variable.kind {
        Kind::Number { scale, grid, range } => {
            if limits.codes.is_some() {
                return contradiction(name, "it holds numbers", "its permitted values are names", "give a range");
            }
            if !(*scale > 0.0 && scale.is_finite()) {
                return contradiction(name, &format!("its scale is {scale}"), "a scale is above 0", "for example 1");
            }
            let said = limits.range.unwrap_or(*range);
            let (low, high) = (range.0.max(said.0), range.1.min(said.1));
            let words = |(a, b): (f64, f64)| format!("between {a} and {b}");
            if said.0.is_nan() || said.1.is_nan() || said.0 > said.1 {
                let (one, other) = (format!("at least {}", said.0), format!("at most {}", said.1));
                return contradiction(name, &one, &other, "swap the ends of the range");
            }
            if low > high {
                return contradiction(name, &words(said), &words(*range), "let the two overlap");
            }
            if grid.at_least(low) > high {
                let step = if let Grid::Step(step) = grid { *step } else { 0.0 };
                let other = format!("a multiple of {step}");
                return contradiction(name, &words((low, high)), &other, "widen the range or make the step smaller");
            }
        }
        Kind::Category { .. } | Kind::OneHot => {
            if limits.range.is_some() || limits.relative.is_some() || limits.direction != Direction::Any {
                return contradiction(name, "it holds names", "it has a limit for numbers", "list the permitted names");
            }
            if limits.codes.as_ref().is_some_and(Vec::is_empty) {
                return contradiction(name, "it may change", "no name is permitted", "list at least one name");
            }
            if let Some(code) = limits.codes.iter().flatten().find(|c| **c >= n_codes(variable)) {
                let (one, other) = (format!("the name number {code}"), format!("{} names", n_codes(variable)));
                return contradiction(name, &one, &other, "list names that occur");
            }
        }
    }
    Ok(())
}
