//! Some rows of a frame as a frame of their own.

use std::sync::Arc;

use crate::{Frame, FrameParts, LengthError, Rows, Target, Targets};

impl Frame {
    /// Places of a cohort's rows, ascending.
    #[must_use]
    pub fn rows_of(&self, cohort: usize) -> Vec<u32> {
        #[allow(clippy::cast_possible_truncation, reason = "row numbers fit 32 bits: datasets are refused beyond that")]
        self.places(cohort, 0..self.n_rows()).unwrap_or_else(|| (0..self.n_rows() as u32).collect())
    }

    /// The rows at these places, ascending, without the frame's cohorts.
    ///
    /// # Errors
    /// When a place is beyond the last row.
    pub fn part(&self, places: &[u32]) -> Result<Self, LengthError> {
        let ids = self.row_ids().map(|ids| places.iter().filter_map(|p| ids.get(*p as usize).copied()).collect());
        let targets = |target: Target<'_>| match target {
            Target::Class(codes) => Targets::Class(codes.to_vec()),
            Target::Value(values) => Targets::Value(values.to_vec()),
        };
        let of = |rows: &Rows<'_>| FrameParts {
            task: self.task,
            classes: Arc::clone(&self.classes),
            row_ids: Some(ids.unwrap_or_else(|| places.to_vec())),
            truth: targets(rows.truth),
            predicted: rows.predicted.map(targets),
            probability: rows.probability.map(<[f64]>::to_vec),
            weight: rows.weight.map(<[f64]>::to_vec),
            groups: (0..).zip(self.groupings()).map(|(i, g)| (g.clone(), rows.groups(i).to_vec())).collect(),
        };
        Self::new(self.with_places(places, of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grouping, GroupingKind};
    use equipoise_document::Task;

    #[test]
    fn a_part_keeps_what_its_rows_have() {
        let grouping =
            Grouping { column: "g".into(), levels: Arc::from(["a".into(), "b".into()]), kind: GroupingKind::Sensitive };
        let mut frame = Frame::new(FrameParts {
            task: Task::Binary,
            classes: Arc::from(["no".into(), "yes".into()]),
            row_ids: None,
            truth: Targets::Class(vec![0, 1, 0, 1]),
            predicted: Some(Targets::Class(vec![1, 1, 0, 0])),
            probability: Some(vec![0.9, 0.8, 0.1, 0.4]),
            weight: Some(vec![1.0, 2.0, 3.0, 4.0]),
            groups: vec![(grouping, vec![0, 1, 1, 0])],
        })
        .unwrap();
        let cohort = frame.add_cohort("some", "g = 'b'", &[false, true, true, false]);
        assert_eq!((frame.rows_of(0), frame.rows_of(cohort)), (vec![0, 1, 2, 3], vec![1, 2]));
        let part = frame.part(&frame.rows_of(cohort)).unwrap();
        assert_eq!((part.n_rows(), part.row_ids(), part.cohorts().len()), (2, Some(&[1, 2][..]), 1));
        part.with_all(|rows| {
            assert_eq!(rows.truth.classes(), [1, 0]);
            assert_eq!(rows.predicted.unwrap().classes(), [1, 0]);
            assert_eq!(rows.probability.unwrap(), [0.8, 0.1]);
            assert_eq!(rows.weight.unwrap(), [2.0, 3.0]);
            assert_eq!(rows.groups(0), [1, 1]);
        });
    }
}
