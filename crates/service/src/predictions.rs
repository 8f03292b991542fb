//! What the model said of every row, as a file beside the document.

use equipoise_data::{Frame, Rows, TableFile, Target};
use equipoise_document::Artifact;
use sha2::{Digest as _, Sha256};

use crate::ServiceError;
use crate::artifacts::ArtifactBytes;

/// Rows of a column of predictions that was given are written down again only up to here.
const MAX_ROWS_WITHOUT_MODEL: usize = 2_000_000;

/// The per-row results: `row`, `_true`, `_predicted`, `_probability…`, `_group_COLUMN`, `_cohort_NAME`, `_weight`.
pub(crate) fn artifacts(frame: &Frame, has_model: bool) -> Result<Vec<(Artifact, ArtifactBytes)>, ServiceError> {
    if !has_model && frame.n_rows() > MAX_ROWS_WITHOUT_MODEL {
        return Ok(Vec::new());
    }
    let (columns, bytes) = frame.with_all(|rows| write(frame, rows))?;
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let artifact = Artifact {
        name: "predictions".to_owned(),
        path: format!("artifacts/{sha256}.parquet"),
        sha256,
        n_rows: frame.n_rows() as u64,
        columns,
    };
    Ok(vec![(artifact, ArtifactBytes::Memory(bytes))])
}

fn write(frame: &Frame, rows: &Rows<'_>) -> Result<(Vec<String>, Vec<u8>), ServiceError> {
    let mut file = TableFile::new();
    match frame.row_ids() {
        Some(ids) => file.integers("row", ids.iter().map(|i| i64::from(*i)).collect()),
        None => file.integers("row", (0_i64..).take(rows.len()).collect()),
    }
    let mut target = |name: &str, target: Target<'_>| match target {
        Target::Class(codes) => file.names(name, codes, &frame.classes),
        Target::Value(values) => file.numbers(name, values.to_vec()),
    };
    target("_true", rows.truth);
    if let Some(predicted) = rows.predicted {
        target("_predicted", predicted);
    }
    match (rows.probability, frame.probability_width()) {
        (Some(probability), 1) => file.numbers("_probability", probability.to_vec()),
        (Some(probability), width) => {
            for (k, class) in frame.classes.iter().enumerate() {
                let column = probability.chunks_exact(width).filter_map(|row| row.get(k).copied()).collect();
                file.numbers(&format!("_probability_{class}"), column);
            }
        }
        (None, _) => {}
    }
    for (i, grouping) in frame.groupings().iter().enumerate() {
        file.names(&format!("_group_{}", grouping.column), rows.groups(i), &grouping.levels);
    }
    let words = ["no".to_owned(), "yes".to_owned()];
    for (i, cohort) in frame.cohorts().iter().enumerate().skip(1) {
        let mut codes = vec![0_u16; rows.len()];
        for place in frame.rows_of(i) {
            if let Some(code) = codes.get_mut(place as usize) {
                *code = 1;
            }
        }
        file.names(&format!("_cohort_{}", cohort.name), &codes, &words);
    }
    if let Some(weight) = rows.weight {
        file.numbers("_weight", weight.to_vec());
    }
    let columns = file.columns();
    let bytes =
        file.into_bytes().map_err(|e| ServiceError::column(e.to_string(), "this should not happen; report it"))?;
    Ok((columns, bytes))
}
