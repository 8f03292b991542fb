//! Two assessments' cohorts: their rows as frames of their own.

use std::collections::BTreeMap;

use equipoise_data::Frame;
use equipoise_document::EstimateId;

/// Places of the wanted ids by the cohort that they name.
pub(super) fn named(wanted: &[EstimateId]) -> BTreeMap<&str, Vec<usize>> {
    let mut all: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, id) in wanted.iter().enumerate() {
        if let Some(name) = id.cohort() {
            all.entry(name).or_default().push(place);
        }
    }
    all
}

/// The id of the same number of all rows.
pub(super) fn without(id: &EstimateId) -> EstimateId {
    id.clone().within(None)
}

/// The rows of the cohort of this name, for both; none when one has no such cohort, it is empty, or it holds other rows
/// (a cohort of one's own errors does).
pub(super) fn frames(a: &Frame, b: &Frame, name: &str) -> Option<(Frame, Frame)> {
    let place = |frame: &Frame| frame.cohorts().iter().position(|c| c.name == name).filter(|place| *place > 0);
    let (in_a, in_b) = (place(a)?, place(b)?);
    let rows = a.rows_of(in_a);
    if rows.is_empty() || rows != b.rows_of(in_b) {
        return None;
    }
    a.part(&rows).ok().zip(b.part(&rows).ok())
}
