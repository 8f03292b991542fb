//! The method of the parameters, made for the model at hand.

use std::sync::Arc;

use equipoise_counterfactuals::{
    Additive, Answers, Ask, CounterfactualError, Exact, Genetic, Gradient, GrowingSpheres, KdTree, Method, Nearest,
    Random, Replica, Space, Wish,
};
use equipoise_document::{Level, Note, Task};
use equipoise_models::trees::Link;
use equipoise_models::{Model, TreeEnsemble};

use super::params::{self, RawParams};
use super::rows::{Bridge, Trees};
use super::search::back;
use crate::AnalysisError;

/// Rows whose answers show which link stands behind the margins of a model that is a sum.
const LOOKED_AT: usize = 200;

/// What a method is made for.
pub(super) struct Asked<'a> {
    pub(super) params: &'a RawParams,
    pub(super) model: &'a dyn Model,
    pub(super) bridge: &'a Bridge<'a>,
    pub(super) space: &'a Space,
    pub(super) template: &'a [f64],
    /// Rows that really occur.
    pub(super) rows: &'a [f64],
}

/// Why the exact method cannot be used.
fn refused(why: &str) -> CounterfactualError {
    CounterfactualError::Method {
        method: "exact",
        why: why.to_owned(),
        hint: "use `nearest`, `genetic`, `random`, `kdtree` or `growing_spheres`",
    }
}

/// The model's trees, laid out over the features; why not, where that cannot be done.
pub(super) fn replica(
    model: &dyn Model,
    bridge: &Bridge<'_>,
    space: &Space,
    template: &[f64],
) -> Result<Arc<Replica>, CounterfactualError> {
    let Some(ensemble) = model.trees() else {
        return Err(refused("the model is neither made of trees nor a sum over its columns"));
    };
    // A number that several inputs take is the indicator of its values: its classes are not intervals.
    for (column, name) in bridge.names.iter().enumerate() {
        let is_number = bridge.levels.get(column).is_some_and(Option::is_none);
        if is_number && bridge.asker.binding.names().filter(|n| n == name).count() > 1 {
            return Err(refused(&format!("`{name}` is a number that stands for several inputs of the model")));
        }
    }
    let trees = Trees { bridge, ensemble, template: template.to_vec() };
    Ok(Arc::new(Replica::new(ensemble, space, &trees, trees.own_goal())?))
}

impl Asked<'_> {
    /// The method of the parameters; what stands in the way of the exact one is told.
    pub(super) fn method(
        &self,
        replica: &Result<Arc<Replica>, CounterfactualError>,
        asked: (Wish, Answers),
        notes: &mut Vec<Note>,
    ) -> Result<Box<dyn Method>, AnalysisError> {
        use params::Method as Asked;
        let params = self.params;
        Ok(match params.method {
            Asked::Exact => self.exact(replica, asked).map_err(back)?,
            Asked::Random => Box::new(Random { sample_size: params.sample_size as usize }),
            Asked::Genetic => Box::new(Genetic {
                proximity_weight: params.proximity_weight,
                sparsity_weight: params.sparsity_weight,
                diversity_weight: params.diversity_weight,
                maxiterations: params.maxiterations as usize,
                thresh: params.thresh,
            }),
            Asked::Kdtree => Box::new(KdTree),
            Asked::Nearest => Box::new(Nearest::default()),
            Asked::GrowingSpheres => Box::new(GrowingSpheres::default()),
            Asked::Gradient if self.model.trees().is_some() => {
                return Err(back(CounterfactualError::Method {
                    method: "gradient",
                    why: "the model is made of trees, whose answers change in steps and have no slope".to_owned(),
                    hint: "use `exact`, `growing_spheres` or `nearest`",
                }));
            }
            Asked::Gradient => Box::new(Gradient::default()),
            Asked::Auto if params.max_distance.is_some() || params.max_isolation.is_some() => {
                notes.push(Note::new(
                    Level::Info,
                    "counterfactuals.not_exact",
                    "The cheapest plausible counterfactuals were searched for, not proved.".to_owned(),
                ));
                Box::new(Nearest::default())
            }
            Asked::Auto => match self.exact(replica, asked) {
                Ok(exact) => exact,
                Err(CounterfactualError::Method { why, .. }) => {
                    notes.push(Note::new(
                        Level::Info,
                        "counterfactuals.not_exact",
                        format!("The cheapest counterfactuals were searched for, not proved: {why}."),
                    ));
                    Box::new(Nearest::default())
                }
                Err(error) => return Err(back(error)),
            },
        })
    }

    /// The exact method for sums over columns, or the one for trees.
    fn exact(
        &self,
        replica: &Result<Arc<Replica>, CounterfactualError>,
        (wish, answers): (Wish, Answers),
    ) -> Result<Box<dyn Method>, CounterfactualError> {
        let max_nodes = usize::try_from(self.params.max_nodes).unwrap_or(usize::MAX);
        // Any answer shows what kind of condition the wish becomes.
        let goal = wish.goal(answers, &vec![0.0; answers.n_outputs()])?;
        if let Some(margins) = self.margins() {
            let made = margins.link(self.rows).and_then(|link| {
                let additive = Additive::new(&margins, link, self.space, self.template, max_nodes)?;
                additive.check_goal(goal)?;
                Ok(additive)
            });
            match made {
                Ok(additive) => return Ok(Box::new(additive)),
                // Trees have another way.
                Err(CounterfactualError::Method { .. }) if self.model.trees().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        let exact = match replica {
            Ok(replica) => Exact::over(Arc::clone(replica), max_nodes),
            Err(CounterfactualError::Method { method, why, hint }) => {
                return Err(CounterfactualError::Method { method, why: why.clone(), hint });
            }
            Err(error) => return Err(CounterfactualError::Model(error.to_string().into())),
        };
        exact.check_goal(goal)?;
        Ok(Box::new(exact))
    }

    /// The model's margins where they are sums over columns.
    fn margins(&self) -> Option<Margins<'_>> {
        let bridge = self.bridge;
        if self.model.additive().is_some() {
            return Some(Margins { bridge, model: self.model, trees: None });
        }
        let ensemble = self.model.trees()?;
        let is_sum = ensemble.trees().iter().all(|tree| {
            let mut asked = tree.nodes().iter().filter_map(|node| match node {
                equipoise_models::trees::Node::Split { feature, .. } => Some(*feature),
                equipoise_models::trees::Node::Leaf(_) => None,
            });
            let first = asked.next();
            asked.all(|feature| Some(feature) == first)
        });
        let is_plain = ensemble.features().iter().all(|feature| !feature.is_derived());
        let is_ours = ensemble.n_outputs() == bridge.asker.n_outputs && !bridge.asker.is_reversed;
        (is_sum && is_plain && is_ours).then_some(Margins { bridge, model: self.model, trees: Some(ensemble) })
    }
}

/// Margins of a model that is a sum over columns.
struct Margins<'a> {
    bridge: &'a Bridge<'a>,
    model: &'a dyn Model,
    trees: Option<&'a TreeEnsemble>,
}

impl Margins<'_> {
    /// What turns margins into the model's answers: the link that does so for rows that occur.
    fn link(&self, rows: &[f64]) -> Result<Link, CounterfactualError> {
        if let Some(ensemble) = self.trees {
            return Ok(ensemble.link());
        }
        let n = self.bridge.names.len().max(1) * LOOKED_AT;
        let rows = rows.get(..n.min(rows.len())).unwrap_or_default();
        let (margins, answers) = (self.ask(rows)?, self.bridge.ask(rows)?);
        let known: &[Link] = match self.bridge.asker.task {
            Task::Regression => &[Link::Identity, Link::Exp],
            Task::Binary => &[Link::Logistic { scale: 1.0 }],
            Task::Multiclass => &[Link::Softmax],
        };
        let fits = |link: &&Link| {
            let mut linked = margins.clone();
            link.apply(&mut linked, self.bridge.asker.n_outputs);
            let is_near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-5 * b.abs().max(1.0);
            linked.len() == answers.len() && linked.iter().zip(&answers).all(is_near)
        };
        let link = known.iter().find(fits).copied();
        link.ok_or_else(|| refused("its answers do not follow from its margins by a link that is known"))
    }
}

impl Ask for Margins<'_> {
    fn n_outputs(&self) -> usize {
        self.bridge.asker.n_outputs
    }

    fn ask(&self, rows: &[f64]) -> Result<Vec<f64>, CounterfactualError> {
        let failed = |error: equipoise_models::ModelError| CounterfactualError::Model(Box::new(error));
        let columns = self.bridge.columns(rows);
        let inputs = self.bridge.asker.binding.inputs(&columns).map_err(failed)?;
        let mut margins = match (self.trees, self.model.additive()) {
            (Some(ensemble), _) => ensemble.margins(&inputs.as_inputs()).map_err(failed)?,
            (None, Some(additive)) => additive.margins(&inputs.as_inputs()).map_err(failed)?,
            (None, None) => Vec::new(),
        };
        self.bridge.asker.ours(&mut margins, self.n_outputs());
        Ok(margins)
    }
}
