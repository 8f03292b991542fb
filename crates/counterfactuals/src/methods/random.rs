//! Random changes: of one feature, then of a second one on top, and so on, until enough rows are answered as wished.

use crate::{CounterfactualError, Method, Proposals, query::Query};

/// DiCE's `random`: `sample_size` rows change one random feature each to a random permitted value; where too few of them
/// are answered as wished, a further random feature is changed on top, until all are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    /// Rows that are changed at the same time.
    pub sample_size: usize,
}

impl Default for Random {
    fn default() -> Self {
        Self { sample_size: 1000 }
    }
}

/// Rows asked about at once; the search ends as soon as there are enough.
const BATCH: usize = 250;

impl Method for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&self, query: &Query<'_>) -> Result<Proposals, CounterfactualError> {
        let free = query.free();
        let mut draws = query.draws("counterfactuals.random");
        let mut rows: Vec<Vec<f64>> = vec![query.row.to_vec(); self.sample_size];
        let mut found = Vec::new();
        for _ in 0..free.len().min(query.space.max_changes()) {
            for batch in rows.chunks_mut(BATCH) {
                for row in batch.iter_mut() {
                    let place = usize::try_from(draws.below(free.len() as u64)).unwrap_or(0);
                    let Some(variable) = free.get(place) else { continue };
                    let value = query.any_value(*variable, &mut draws);
                    query.space.set(*variable, row, value);
                    query.space.complete(row);
                }
                let granted = query.granted(&batch.concat())?;
                found.extend(batch.iter().zip(granted).filter(|(_, ok)| *ok).map(|(row, _)| row.clone()));
                if found.len() >= query.total.max(1) * 2 {
                    return Ok(Proposals { rows: found, ..Proposals::default() });
                }
            }
        }
        Ok(Proposals { rows: found, ..Proposals::default() })
    }
}
