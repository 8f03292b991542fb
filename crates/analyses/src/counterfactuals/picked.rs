//! Which rows are looked at.

use equipoise_document::Task;
use equipoise_kernels::{Draws, split_mix};

use super::params::{RawParams, Which, wrong};
use crate::{AnalysisError, Context};

/// Places in the frame, ascending, and how many there were before the sample.
pub(super) struct Picked {
    pub(super) places: Vec<u32>,
    pub(super) of: usize,
}

/// The rows of the parameters. `wanted` is the class that is wished for, where it is the same for all rows.
pub(super) fn rows(params: &RawParams, context: &Context<'_>, wanted: Option<usize>) -> Result<Picked, AnalysisError> {
    let frame = context.test.frame;
    let all = || (0..u32::try_from(frame.n_rows()).unwrap_or(u32::MAX)).collect::<Vec<u32>>();
    if !params.rows.is_empty() {
        let mut places = params.rows.iter().map(|row| place(context, *row)).collect::<Result<Vec<u32>, _>>()?;
        places.sort_unstable();
        places.dedup();
        let of = places.len();
        return Ok(Picked { places, of });
    }
    let candidates = match &params.cohort {
        Some(name) => {
            let Some(cohort) = frame.cohorts().iter().position(|c| c.name == *name) else {
                let known: Vec<&str> = frame.cohorts().iter().skip(1).map(|c| c.name.as_str()).collect();
                let hint =
                    format!("cohorts of this run: {}", if known.is_empty() { "none".into() } else { known.join(", ") });
                return Err(wrong("cohort", format!("there is no cohort `{name}`"), hint));
            };
            frame.rows_of(cohort)
        }
        None => all(),
    };
    let mut places: Vec<u32> = match params.which {
        Which::All => candidates,
        _ if params.cohort.is_some() && params.which == Which::Undesired && wanted.is_none() => candidates,
        which => candidates.into_iter().filter(|place| is_wanted(params, context, which, wanted, *place)).collect(),
    };
    let of = places.len();
    let most = usize::try_from(params.max_rows).unwrap_or(usize::MAX);
    if of > most {
        let key = Draws::new(context.seed(), "counterfactuals.rows", 0).bits();
        places.sort_by_key(|place| split_mix(key ^ u64::from(*place)));
        places.truncate(most);
        places.sort_unstable();
    }
    Ok(Picked { places, of })
}

/// Place in the frame of a row of the data.
pub(crate) fn place(context: &Context<'_>, row: u64) -> Result<u32, AnalysisError> {
    let frame = context.test.frame;
    let row_id = u32::try_from(row).ok();
    let found = match frame.row_ids() {
        None => row_id.filter(|p| (*p as usize) < frame.n_rows()),
        Some(ids) => row_id.and_then(|r| ids.binary_search(&r).ok()).and_then(|p| u32::try_from(p).ok()),
    };
    found.ok_or_else(|| {
        let last = context.test.dataset.n_rows().saturating_sub(1);
        wrong(
            "rows",
            format!("there is no row `{row}` that was assessed"),
            format!("rows are counted from 0 to {last}"),
        )
    })
}

fn is_wanted(params: &RawParams, context: &Context<'_>, which: Which, wanted: Option<usize>, place: u32) -> bool {
    let place = place as usize;
    context.test.frame.with_all(|rows| {
        let Some(predicted) = rows.predicted else { return false };
        if context.task == Task::Regression {
            let said = predicted.values().get(place).copied().unwrap_or(f64::NAN);
            return params.desired_range.is_none_or(|[low, high]| !(said >= low && said <= high));
        }
        let said = predicted.classes().get(place).copied();
        match which {
            Which::Misclassified => said != rows.truth.classes().get(place).copied(),
            Which::All => true,
            Which::Undesired => match wanted {
                Some(class) => said.map(usize::from) != Some(class),
                None => context.task == Task::Multiclass || said == Some(0),
            },
        }
    })
}
