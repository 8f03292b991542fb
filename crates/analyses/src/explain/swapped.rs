//! Shuffled predictions of trees without asking all of them again.

use equipoise_data::Column;
use equipoise_document::Task;
use equipoise_models::TreeEnsemble;
use equipoise_shapley::{Donors, Swap, Swapper};

use super::ask::Asker;
use super::importance::Shuffled;
use super::subject::Subject;
use super::table::Table;
use crate::AnalysisError;

/// Rows that are asked to see whether the trees say what the model says.
const CHECKED: usize = 256;
/// Largest distance that passes, relative to the answers' size.
const ALIKE: f64 = 1e-5;

/// Trees whose answer is a function of their margins.
pub(super) struct Trees<'a> {
    swapper: Swapper<'a>,
    ensemble: &'a TreeEnsemble,
    asker: &'a Asker<'a>,
    /// By feature: the trees' features that are made of it.
    inputs: Vec<Vec<usize>>,
    plain: Vec<f64>,
}

impl<'a> Trees<'a> {
    /// Over rows of an ensemble. None where the trees are of a kind that only the model itself can answer for.
    pub(super) fn over(
        subject: &'a Subject<'_>,
        ensemble: &'a TreeEnsemble,
        rows: &Table,
    ) -> Result<Option<Self>, AnalysisError> {
        let asker = &subject.asker;
        if ensemble.n_outputs() != asker.n_outputs {
            return Ok(None);
        }
        let bound = asker.binding.inputs(&rows.columns)?;
        let encoded = ensemble.encode(&bound.as_inputs())?;
        let Some(swapper) = Swapper::new(ensemble, &encoded.values) else { return Ok(None) };
        let of = |feature: usize| {
            let inputs = subject.player_of_input.iter().enumerate();
            inputs.filter(|(_, player)| **player == feature).map(|(input, _)| input).collect()
        };
        let inputs = (0..subject.n_features()).map(of).collect();
        let mut trees = Self { swapper, ensemble, asker, inputs, plain: Vec::new() };
        trees.plain = trees.answers(trees.swapper.margins().to_vec());
        let some: Vec<usize> = (0..rows.n_rows.min(CHECKED)).collect();
        let told = asker.ask(&rows.take(&some).columns)?;
        let size = told.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
        let is_alike = told.iter().zip(&trees.plain).all(|(a, b)| (a - b).abs() <= ALIKE * size);
        Ok(is_alike.then_some(trees))
    }

    /// The answers when a feature has each of some values in all rows: by value, shape `(n_rows, n_outputs)`. None where this
    /// way cannot tell, as when several of the trees' features are made of it.
    pub(super) fn at(
        &self,
        rows: &Table,
        feature: usize,
        values: &Column,
    ) -> Result<Option<Vec<Vec<f64>>>, AnalysisError> {
        let inputs = self.inputs.get(feature).map_or(&[][..], Vec::as_slice);
        let [input] = inputs else { return Ok(None) };
        let some = rows.take(&vec![0; values.len()]).with(feature, values.clone());
        let bound = self.asker.binding.inputs(&some.columns)?;
        let encoded = self.ensemble.encode(&bound.as_inputs())?;
        let donors: Vec<f64> = encoded.values.iter().skip(*input).step_by(encoded.n_features.max(1)).copied().collect();
        let swapped = self.swapper.swapped(&[Swap { features: inputs, donors: Donors::Values(&donors) }]);
        Ok(swapped.and_then(|all| all.into_iter().next()).map(|all| all.into_iter().map(|m| self.answers(m)).collect()))
    }

    /// Margins as the model answers.
    fn answers(&self, mut margins: Vec<f64>) -> Vec<f64> {
        let k = self.ensemble.n_outputs();
        self.ensemble.link().apply(&mut margins, k);
        if self.asker.task == Task::Binary && self.asker.is_reversed {
            margins.iter_mut().for_each(|p| *p = 1.0 - *p);
        } else if k > 1 {
            self.asker.ours(&mut margins, k);
        }
        margins
    }
}

impl Shuffled for Trees<'_> {
    fn plain(&self) -> &[f64] {
        &self.plain
    }

    fn with(&self, sets: &[Vec<usize>], orders: &[Vec<Vec<u32>>]) -> Result<Option<Vec<Vec<Vec<f64>>>>, AnalysisError> {
        let inputs: Vec<Vec<usize>> = sets
            .iter()
            .map(|set| set.iter().flat_map(|f| self.inputs.get(*f).cloned().unwrap_or_default()).collect())
            .collect();
        let swaps: Vec<Swap<'_>> = inputs
            .iter()
            .zip(orders)
            .map(|(features, orders)| Swap { features, donors: Donors::Rows(orders) })
            .collect();
        let swapped = self.swapper.swapped(&swaps);
        Ok(swapped.map(|sets| sets.into_iter().map(|set| set.into_iter().map(|m| self.answers(m)).collect()).collect()))
    }

    fn sets_at_once(&self, repeats: usize) -> usize {
        (16_000_000 / (self.plain.len() * repeats).max(1)).max(1)
    }
}
