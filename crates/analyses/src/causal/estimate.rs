//! From rows to effects of one treatment: nuisances out of fold, scores, medians over splits.

use equipoise_causal::{
    Aipw, AndersonRubin, CausalError, Choice, Covariates, CrossFit, Folds, FrontDoor, Iv, Nuisance, Repeated,
    Residuals, Rows, Scored, Sensitivity, Target, Way, aggregate,
};

use super::params::{Estimator, NuisanceModel, RawParams};
use super::treatment::{Kind, Treatment};

/// What an effect is estimated from.
pub(super) struct Task<'a> {
    pub(super) params: &'a RawParams,
    pub(super) treatment: &'a Treatment,
    pub(super) y: &'a [f64],
    pub(super) covariates: &'a Covariates<'a>,
    pub(super) instrument: Option<&'a [f64]>,
    /// Mediators by which the graph identifies the effect.
    pub(super) door: Option<Door<'a>>,
    pub(super) rows: Rows<'a>,
    pub(super) keys: &'a [u64],
    pub(super) seed: u64,
}

/// What lies on the way from the treatment to the outcome.
pub(super) struct Door<'a> {
    /// The mediators as numbers.
    pub(super) mediators: Vec<&'a [f64]>,
    /// Controls and mediators (levels), or controls and the treatment (numbers).
    pub(super) behind: &'a Covariates<'a>,
}

/// One contrast of a treatment.
pub(super) struct Contrast {
    /// The average effect over splits.
    pub(super) average: Repeated,
    /// The effect on those who got the level, and on those for whom both were likely.
    pub(super) treated: Option<Repeated>,
    pub(super) overlap: Option<Repeated>,
    /// The typical split's score and what would bias it.
    pub(super) scored: Scored,
    pub(super) sensitivity: Option<Sensitivity>,
    /// What is left of outcome and treatment in the typical split.
    pub(super) residuals: Residuals,
    /// For each row a number whose mean is the effect (doubly robust).
    pub(super) pseudo: Vec<f64>,
    /// Chance of the level, before it is kept away from 0 and 1.
    pub(super) chance: Option<Vec<f64>>,
    /// Strength of the instrument, and the test that holds however weak it is.
    pub(super) instrument: Option<(f64, AndersonRubin)>,
}

/// All contrasts of a treatment, and how good the nuisances are.
pub(super) struct Found {
    pub(super) contrasts: Vec<Contrast>,
    /// What was predicted, and how.
    pub(super) nuisances: Vec<(String, Nuisance)>,
    pub(super) folds: Folds,
    /// Mean outcome if everybody had each level, with standard errors; empty for numbers.
    pub(super) mean_outcomes: Vec<(f64, f64)>,
    /// Inverse of the chance of what each row got; 1 for numbers.
    pub(super) inverse: Vec<f64>,
    pub(super) estimator: &'static str,
}

/// One split.
struct Split {
    contrasts: Vec<OfSplit>,
    nuisances: Vec<(String, Nuisance)>,
    folds: Folds,
    mean_outcomes: Vec<(f64, f64)>,
    inverse: Vec<f64>,
}

struct OfSplit {
    average: Scored,
    treated: Option<Scored>,
    overlap: Option<Scored>,
    sensitivity: Option<Sensitivity>,
    residuals: Residuals,
    pseudo: Vec<f64>,
    chance: Option<Vec<f64>>,
    instrument: Option<(f64, AndersonRubin)>,
}

impl Found {
    /// Whether rows with and without the treatment are compared, rather than what moves it or lies on its way.
    pub(super) fn is_direct(&self) -> bool {
        matches!(self.estimator, "interactive" | "partially_linear")
    }

    /// Name of the method for estimates.
    pub(super) fn method(&self) -> &'static str {
        match self.estimator {
            "instrument" => "cross_fitted_instrument",
            "local" => "cross_fitted_local",
            "front_door" => "cross_fitted_front_door",
            _ => "cross_fitted",
        }
    }

    /// What identifies the effect, as a part of a sentence.
    pub(super) fn by_what(&self) -> &'static str {
        if self.estimator == "front_door" { "by the front door" } else { "with an instrument" }
    }

    /// What must be true for the effect to be one.
    pub(super) fn proviso(&self) -> &'static str {
        match self.estimator {
            "instrument" | "local" => "the instrument reaches the outcome only through the treatment",
            "front_door" => "the whole effect goes through the mediators and nothing hidden moves them",
            _ => "the controls hold everything that moves both",
        }
    }
}

impl OfSplit {
    /// An effect that does not rest on comparing rows with and without the treatment.
    fn indirect(average: Scored, residuals: Residuals, instrument: Option<(f64, AndersonRubin)>) -> Self {
        let pseudo = average.influence.iter().map(|i| average.theta + i).collect();
        Self { average, treated: None, overlap: None, sensitivity: None, residuals, pseudo, chance: None, instrument }
    }
}

/// Level of each row of an instrument with two values, the smaller one first.
fn levels_of(z: &[f64]) -> Option<Vec<u32>> {
    let (low, high) = z.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), z| (a.min(*z), b.max(*z)));
    let is = |z: f64, of: f64| (z - of).abs() <= 0.0;
    let two = low < high && z.iter().all(|z| is(*z, low) || is(*z, high));
    two.then(|| z.iter().map(|z| u32::from(is(*z, high))).collect())
}

/// What is left of a first target and of the mediators.
fn targets_left(
    first: &[f64],
    mediators: &[&[f64]],
    found: &[Nuisance],
    left: &dyn Fn(&[f64], &Nuisance) -> Vec<f64>,
) -> Vec<Vec<f64>> {
    std::iter::once(first).chain(mediators.iter().copied()).zip(found).map(|(x, n)| left(x, n)).collect()
}

impl Task<'_> {
    /// Which estimator is used.
    fn estimator(&self) -> &'static str {
        match (self.instrument, self.params.estimator, &self.treatment.kind) {
            _ if self.door.is_some() => "front_door",
            (Some(z), None | Some(Estimator::Interactive), Kind::Levels { .. }) if levels_of(z).is_some() => "local",
            (Some(_), ..) => "instrument",
            (None, Some(Estimator::PartiallyLinear), _) | (None, None, Kind::Number { .. }) => "partially_linear",
            (None, Some(Estimator::Interactive) | None, _) => "interactive",
        }
    }

    /// Estimates every contrast.
    pub(super) fn run(&self) -> Result<Found, CausalError> {
        let estimator = self.estimator();
        let mut splits = Vec::new();
        for repetition in 0..u64::from(self.params.n_rep) {
            splits.push(self.split(repetition, estimator)?);
        }
        let n = self.treatment.n_contrasts();
        let mut contrasts = Vec::new();
        let mut typical_of_first = 0;
        for contrast in 0..n {
            let of = |pick: &dyn Fn(&OfSplit) -> Option<Scored>| -> Option<Repeated> {
                let all: Option<Vec<Scored>> =
                    splits.iter().map(|s| s.contrasts.get(contrast).and_then(pick)).collect();
                aggregate(&all?)
            };
            let average = of(&|c| Some(c.average.clone())).ok_or(CausalError::NoVariation)?;
            let (treated, overlap) = (of(&|c| c.treated.clone()), of(&|c| c.overlap.clone()));
            if contrast == 0 {
                typical_of_first = average.typical;
            }
            let typical = splits.get(average.typical).and_then(|s| s.contrasts.get(contrast));
            let Some(typical) = typical else { return Err(CausalError::NoVariation) };
            contrasts.push(Contrast {
                average,
                treated,
                overlap,
                scored: typical.average.clone(),
                sensitivity: typical.sensitivity.clone(),
                residuals: typical.residuals.clone(),
                pseudo: typical.pseudo.clone(),
                chance: typical.chance.clone(),
                instrument: typical.instrument,
            });
        }
        let typical = splits.into_iter().nth(typical_of_first).ok_or(CausalError::NoVariation)?;
        let Split { nuisances, folds, mean_outcomes, inverse, .. } = typical;
        Ok(Found { contrasts, nuisances, folds, mean_outcomes, inverse, estimator })
    }

    fn split(&self, repetition: u64, estimator: &str) -> Result<Split, CausalError> {
        let k = self.params.folds as usize;
        let folds = match self.rows.clusters {
            Some(clusters) => Folds::of_clusters(clusters, k, self.seed, repetition)?,
            None => Folds::dealt(self.keys, &self.treatment.strata(), k, self.seed, repetition)?,
        };
        let choice = match self.params.nuisance_model {
            NuisanceModel::Linear => Choice::Linear,
            NuisanceModel::Automl => Choice::Auto,
        };
        let cross = CrossFit { covariates: self.covariates, folds: &folds, rows: self.rows, choice };
        match (&self.treatment.kind, estimator) {
            (Kind::Levels { of, names }, "interactive") => self.interactive(&cross, of, names),
            (_, "instrument") => self.instrumented(&cross),
            (_, "local") => self.local(&cross),
            (_, "front_door") => self.front_door(&cross),
            _ => self.partially_linear(&cross),
        }
    }

    fn interactive(&self, cross: &CrossFit<'_>, level: &[u32], names: &[String]) -> Result<Split, CausalError> {
        let mut nuisances = Vec::new();
        let mut outcome = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let subset: Vec<bool> = level.iter().map(|l| *l as usize == place).collect();
            if let Some(fold) = (0..cross.folds.k()).find(|f| cross.folds.outside(*f, Some(&subset)).len() < 2) {
                return Err(CausalError::EmptyArm { level: place, fold });
            }
            let mut found = cross.regressions(&[self.y], Some(&subset))?;
            let Some(nuisance) = found.pop() else { return Err(CausalError::NoVariation) };
            outcome.push(nuisance.values.clone());
            nuisances.push((format!("outcome of {} = {name}", self.treatment.name), nuisance));
        }
        // Two levels share one model of the chance.
        let mut raw: Vec<Vec<f64>> = Vec::new();
        for (place, name) in names.iter().enumerate().skip(usize::from(names.len() == 2)) {
            let nuisance = cross.chance(&self.treatment.numbers(place))?;
            raw.push(nuisance.values.clone());
            nuisances.push((format!("chance of {} = {name}", self.treatment.name), nuisance));
        }
        if let ([only], 2) = (raw.as_slice(), names.len()) {
            let other = only.iter().map(|m| 1.0 - m).collect();
            raw.insert(0, other);
        }
        let trim = self.params.trim;
        let kept = raw.iter().map(|m| m.iter().map(|m| m.clamp(trim, 1.0 - trim)).collect()).collect();
        let aipw = Aipw { y: self.y, level, outcome, chance: kept };
        let mean_outcomes = (0..names.len())
            .map(|l| aipw.mean_outcome(l, self.rows).map(|s| (s.theta, s.se)))
            .collect::<Result<_, _>>()?;
        // E[Y given X] out of the arms, for what works on residuals.
        let expected: Vec<f64> = (0..self.y.len())
            .map(|row| {
                let at = |x: &[Vec<f64>], l: usize| x.get(l).and_then(|x| x.get(row)).copied().unwrap_or(0.0);
                let total: f64 = (0..names.len()).map(|l| at(&raw, l)).sum();
                (0..names.len()).map(|l| at(&raw, l) * at(&aipw.outcome, l)).sum::<f64>() / total
            })
            .collect();
        let reference = aipw.scores(0);
        let mut contrasts = Vec::new();
        for place in 1..names.len() {
            let average = aipw.effect(place, 0, Target::All, self.rows)?;
            let d = self.treatment.numbers(place);
            let chance = raw.get(place).cloned().unwrap_or_default();
            contrasts.push(OfSplit {
                treated: Some(aipw.effect(place, 0, Target::Treated, self.rows)?),
                overlap: Some(aipw.effect(place, 0, Target::Overlap, self.rows)?),
                sensitivity: Some(aipw.sensitivity(&average, place, 0, Target::All, self.rows)),
                residuals: Residuals::new(self.y, &d, &expected, &chance),
                pseudo: aipw.scores(place).iter().zip(&reference).map(|(a, b)| a - b).collect(),
                chance: Some(chance),
                instrument: None,
                average,
            });
        }
        let own = |row: usize, l: u32| aipw.chance.get(l as usize).and_then(|m| m.get(row)).copied().unwrap_or(1.0);
        let inverse = level.iter().enumerate().map(|(row, l)| 1.0 / own(row, *l)).collect();
        Ok(Split { contrasts, nuisances, folds: cross.folds.clone(), mean_outcomes, inverse })
    }

    fn partially_linear(&self, cross: &CrossFit<'_>) -> Result<Split, CausalError> {
        let d = self.treatment.numbers(1);
        let name = &self.treatment.name;
        let (of_y, of_d, chance) = match &self.treatment.kind {
            Kind::Levels { .. } => {
                let of_d = cross.chance(&d)?;
                let of_y = cross.regressions(&[self.y], None)?.pop().ok_or(CausalError::NoVariation)?;
                let chance = Some(of_d.values.clone());
                (of_y, of_d, chance)
            }
            Kind::Number { .. } => {
                let mut found = cross.regressions(&[self.y, &d], None)?;
                let (of_d, of_y) = (found.pop(), found.pop());
                (of_y.ok_or(CausalError::NoVariation)?, of_d.ok_or(CausalError::NoVariation)?, None)
            }
        };
        let residuals = Residuals::new(self.y, &d, &of_y.values, &of_d.values);
        let average = residuals.partialling_out(self.rows)?;
        let square = self.rows.mean(&residuals.treatment.iter().map(|v| v * v).collect::<Vec<f64>>());
        let spread = self.rows.mean(&{
            let mean = self.rows.mean(&d);
            d.iter().map(|d| (d - mean) * (d - mean)).collect::<Vec<f64>>()
        });
        // The lasso leaves a thousandth of a copy; that is no variation either.
        if square <= 1e-4 * spread {
            return Err(CausalError::NoVariation);
        }
        let pseudo = average.influence.iter().map(|i| average.theta + i).collect();
        let sensitivity = Some(residuals.sensitivity(&average, self.rows));
        let contrast =
            OfSplit { treated: None, overlap: None, sensitivity, residuals, pseudo, chance, instrument: None, average };
        let of_treatment = if contrast.chance.is_some() { format!("chance of {name}") } else { name.clone() };
        Ok(Split {
            contrasts: vec![contrast],
            nuisances: vec![("outcome".to_owned(), of_y), (of_treatment, of_d)],
            folds: cross.folds.clone(),
            mean_outcomes: Vec::new(),
            inverse: vec![1.0; self.y.len()],
        })
    }

    fn instrumented(&self, cross: &CrossFit<'_>) -> Result<Split, CausalError> {
        let d = self.treatment.numbers(1);
        let z = self.instrument.unwrap_or_default();
        let found = cross.regressions(&[self.y, &d, z], None)?;
        let [of_y, of_d, of_z] = found.as_slice() else { return Err(CausalError::NoVariation) };
        let residuals = Residuals::new(self.y, &d, &of_y.values, &of_d.values);
        let left: Vec<f64> = z.iter().zip(&of_z.values).map(|(z, p)| z - p).collect();
        let iv = Iv::partially_linear(&residuals, &left, self.rows)?;
        let names = ["outcome".to_owned(), self.treatment.name.clone(), "instrument".to_owned()];
        let named = names.into_iter().zip(found).collect();
        let contrast = OfSplit::indirect(iv.scored, residuals, Some((iv.first_stage_f, iv.test)));
        Ok(self.split_of(vec![contrast], named, cross))
    }

    /// The effect on those whom an instrument of two levels moves.
    fn local(&self, cross: &CrossFit<'_>) -> Result<Split, CausalError> {
        let d = self.treatment.numbers(1);
        let z = self.instrument.and_then(levels_of).unwrap_or_default();
        let chance = cross.chance(&z.iter().map(|z| f64::from(*z)).collect::<Vec<f64>>())?;
        let trim = self.params.trim;
        let m: Vec<f64> = chance.values.iter().map(|m| m.clamp(trim, 1.0 - trim)).collect();
        let mut nuisances = Vec::new();
        let mut sides: [Vec<Vec<f64>>; 2] = [Vec::new(), Vec::new()];
        for level in 0..2 {
            let subset: Vec<bool> = z.iter().map(|z| *z == level).collect();
            let found = cross.regressions(&[self.y, &d], Some(&subset))?;
            let whats = ["outcome".to_owned(), self.treatment.name.clone()];
            for ((side, nuisance), what) in sides.iter_mut().zip(found).zip(whats) {
                side.push(nuisance.values.clone());
                nuisances.push((format!("{what} at level {level} of the instrument"), nuisance));
            }
        }
        nuisances.push(("chance of the instrument".to_owned(), chance));
        let [outcome, uptake] = sides;
        let chance = vec![m.iter().map(|m| 1.0 - m).collect(), m];
        let of_y = Aipw { y: self.y, level: &z, outcome, chance: chance.clone() };
        let of_d = Aipw { y: &d, level: &z, outcome: uptake, chance };
        let iv = Iv::interactive(&of_y, &of_d, self.rows)?;
        let mixed = |of: &Aipw<'_>| -> Vec<f64> {
            let at = |x: &[Vec<f64>], l: usize, row: usize| x.get(l).and_then(|x| x.get(row)).copied().unwrap_or(0.0);
            (0..z.len()).map(|row| (0..2).map(|l| at(&of.chance, l, row) * at(&of.outcome, l, row)).sum()).collect()
        };
        let residuals = Residuals::new(self.y, &d, &mixed(&of_y), &mixed(&of_d));
        let contrast = OfSplit::indirect(iv.scored, residuals, Some((iv.first_stage_f, iv.test)));
        Ok(self.split_of(vec![contrast], nuisances, cross))
    }

    /// The effect through the mediators that a graph names.
    fn front_door(&self, cross: &CrossFit<'_>) -> Result<Split, CausalError> {
        let Some(door) = &self.door else { return Err(CausalError::NoVariation) };
        let behind = CrossFit { covariates: door.behind, folds: cross.folds, rows: cross.rows, choice: cross.choice };
        let left = |x: &[f64], n: &Nuisance| -> Vec<f64> { x.iter().zip(&n.values).map(|(x, p)| x - p).collect() };
        let d = self.treatment.numbers(1);
        match &self.treatment.kind {
            Kind::Levels { of, names } => {
                let (found, nuisances) = FrontDoor::fit(cross, &behind, self.y, of, names.len(), self.params.trim)?;
                let nothing = || Residuals { outcome: self.y.to_vec(), treatment: d.clone() };
                let contrasts: Result<Vec<OfSplit>, CausalError> = (1..names.len())
                    .map(|level| Ok(OfSplit::indirect(found.effect(level, 0, self.rows)?, nothing(), None)))
                    .collect();
                Ok(self.split_of(contrasts?, nuisances, cross))
            }
            Kind::Number { values } => {
                let targets: Vec<&[f64]> =
                    std::iter::once(values.as_slice()).chain(door.mediators.iter().copied()).collect();
                let first = cross.regressions(&targets, None)?;
                let targets: Vec<&[f64]> = std::iter::once(self.y).chain(door.mediators.iter().copied()).collect();
                let second = behind.regressions(&targets, None)?;
                let mut of_first = targets_left(values, &door.mediators, &first, &left);
                let mut of_second = targets_left(self.y, &door.mediators, &second, &left);
                let (treatment, outcome_behind) = (of_first.remove(0), of_second.remove(0));
                let residuals = Residuals { outcome: outcome_behind.clone(), treatment: treatment.clone() };
                let way = Way { treatment, mediators: of_first, mediators_behind: of_second, outcome_behind };
                let scored = way.effect(self.rows)?;
                let mut nuisances = Vec::new();
                for (what, nuisance) in ["by controls", "by controls and treatment"]
                    .into_iter()
                    .flat_map(|by| std::iter::repeat_n(by, targets.len()))
                    .zip(first.into_iter().chain(second))
                {
                    nuisances.push((what.to_owned(), nuisance));
                }
                Ok(self.split_of(vec![OfSplit::indirect(scored, residuals, None)], nuisances, cross))
            }
        }
    }

    fn split_of(&self, contrasts: Vec<OfSplit>, nuisances: Vec<(String, Nuisance)>, cross: &CrossFit<'_>) -> Split {
        let inverse = vec![1.0; self.y.len()];
        Split { contrasts, nuisances, folds: cross.folds.clone(), mean_outcomes: Vec::new(), inverse }
    }
}
