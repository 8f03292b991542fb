//! Shells around the row that grow until the answer is as wished somewhere in them.

use equipoise_kernels::Draws;

use crate::{Choice, CounterfactualError, Kind, Method, Proposals, find::distinct, query::Query};

/// Growing spheres (Laugel et al. 2018): rows are drawn evenly from shells around the row, in units of each feature's scale.
/// The first shell is shrunk until none of its rows is answered as wished, then shells grow until one is. Names change with
/// the chance that grows with the radius.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GrowingSpheres {
    /// Rows per shell.
    pub n_in_layer: usize,
    /// First radius, in scales.
    pub first_radius: f64,
    /// Shells at most.
    pub max_layers: usize,
}

impl Default for GrowingSpheres {
    fn default() -> Self {
        Self { n_in_layer: 500, first_radius: 1.0, max_layers: 60 }
    }
}

impl Method for GrowingSpheres {
    fn name(&self) -> &'static str {
        "growing_spheres"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let mut draws = query.draws("counterfactuals.growing_spheres");
        let free = query.free();
        let mut radius = self.first_radius;
        let mut inside = self.shell(query, &free, 0.0, radius, &mut draws)?;
        let mut found = inside.clone();
        for _ in 0..20 {
            if inside.is_empty() {
                break;
            }
            found = inside;
            radius /= 2.0;
            inside = self.shell(query, &free, 0.0, radius, &mut draws)?;
        }
        let mut width = radius / 2.0;
        for _ in 0..self.max_layers {
            found = distinct(found);
            if found.len() >= 2 * query.total {
                break;
            }
            found.extend(self.shell(query, &free, radius, radius + width, &mut draws)?);
            radius += width;
            width *= 1.25;
        }
        Ok(Proposals { rows: found, ..Proposals::default() })
    }
}

impl GrowingSpheres {
    /// Rows of a shell that are answered as wished.
    fn shell(
        &self,
        query: &Query<'_>,
        free: &[usize],
        low: f64,
        high: f64,
        draws: &mut Draws,
    ) -> Result<Vec<Vec<f64>>, CounterfactualError> {
        let rows: Vec<Vec<f64>> = (0..self.n_in_layer).map(|_| one(query, free, low, high, draws)).collect();
        let granted = query.granted(&rows.concat())?;
        let rows = rows.into_iter().zip(granted).filter(|(_, ok)| *ok).map(|(row, _)| row);
        Ok(rows.filter(|row| query.is_sparse_enough(row)).collect())
    }
}

/// A row at a random place of the shell, along a random few of the features.
fn one(query: &Query<'_>, free: &[usize], low: f64, high: f64, draws: &mut Draws) -> Vec<f64> {
    let most = free.len().min(query.space.max_changes()).max(1);
    let n = 1 + usize::try_from(draws.below(most as u64)).unwrap_or(0);
    let mut order: Vec<usize> = free.to_vec();
    for i in 0..n.min(order.len()) {
        let j = i + usize::try_from(draws.below((order.len() - i) as u64)).unwrap_or(0);
        order.swap(i, j);
    }
    let directions: Vec<(usize, f64)> = order.iter().take(n).map(|v| (*v, draws.normal())).collect();
    let length = libm::sqrt(directions.iter().map(|(_, d)| d * d).sum::<f64>()).max(1e-12);
    let radius = low + (high - low) * draws.uniform();
    let mut row = query.row.to_vec();
    for (variable, direction) in directions {
        let share = direction / length;
        let value = match (query.choices.get(variable), query.space.variables().get(variable).map(|v| &v.kind)) {
            (Some(Choice::Between(..)), Some(Kind::Number { scale, .. })) => {
                let present = query.space.get(variable, query.row);
                if present.is_nan() {
                    query.any_value(variable, draws)
                } else {
                    query.nearest_value(variable, present + radius * share * scale)
                }
            }
            _ if draws.uniform() < (radius * share.abs()).min(1.0) => query.any_value(variable, draws),
            _ => continue,
        };
        query.space.set(variable, &mut row, value);
    }
    query.space.complete(&mut row);
    row
}
