//! Columns that are read one by one are what they are side by side.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use equipoise_data::{Chunk, Column, Dataset, PARTITION_ROWS, SAMPLE_ROWS};
use equipoise_document::{ColumnType, DataSpec};

use crate::formats::parquet_bytes;
use crate::helpers::{Files, assert_same, open_as, open_streaming};

/// Numbers with gaps, names of few and of very many values, whole numbers; row groups of 40,000 rows, which no partition is.
fn row_groups(n: usize) -> Vec<RecordBatch> {
    let x: ArrayRef =
        Arc::new((0..n).map(|i| (i % 11 != 3).then(|| (i as f64 * 0.37).sin())).collect::<Float64Array>());
    let g: ArrayRef =
        Arc::new((0..n).map(|i| (i % 13 != 5).then(|| format!("g{}", i * i % 17))).collect::<StringArray>());
    let t: ArrayRef = Arc::new((0..n).map(|i| Some(format!("row {i}"))).collect::<StringArray>());
    let k: ArrayRef = Arc::new((0..n).map(|i| Some((i % 97) as i64)).collect::<Int64Array>());
    let batch = RecordBatch::try_from_iter([("x", x), ("g", g), ("t", t), ("k", k)]).unwrap();
    (0..n).step_by(40_000).map(|start| batch.slice(start, 40_000.min(n - start))).collect()
}

fn on_threads<T: Send>(n: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap().install(work)
}

/// What a column's pass saw: the first row, number and sum of each part in the order of merging.
type Seen = Vec<(usize, usize, u64)>;

fn see(seen: &mut Seen, chunk: &Chunk) {
    let bits = |column: &Column| match column {
        Column::Number(v) => v.iter().filter(|v| !v.is_nan()).sum::<f64>().to_bits(),
        Column::Codes { codes, levels } => {
            codes.iter().map(|c| levels.get(*c as usize).map_or(0, |l| l.len() as u64) + u64::from(*c)).sum()
        }
    };
    seen.push((chunk.start, chunk.n_rows, bits(&chunk.columns[0])));
}

fn each(data: &Dataset, columns: &[usize]) -> Vec<Seen> {
    let push = |(place, seen): &mut (usize, Seen), at: usize, chunk: &Chunk| {
        assert_eq!((*place, chunk.columns.len()), (at, 1));
        see(seen, chunk);
    };
    let states = data.reduce_each(columns, |place| (place, Vec::new()), push, |total, part| total.1.extend(part.1));
    states.unwrap().into_iter().map(|(_, seen)| seen).collect()
}

fn alone(data: &Dataset, column: usize) -> Seen {
    data.reduce(&[column], Vec::new, see, |total, part: Seen| total.extend(part)).unwrap()
}

#[test]
fn one_by_one_is_side_by_side() {
    let files = Files::new();
    let groups = row_groups(3 * PARTITION_ROWS + 17);
    let path = files.write("x.parquet", parquet_bytes(&groups));
    let kept = Dataset::from_batches(&groups, &DataSpec::default()).unwrap();
    let expected: Vec<Seen> = [2, 0, 1, 3, 0].iter().map(|c| alone(&kept, *c)).collect();
    assert_eq!(expected[1].len(), 4);
    assert_eq!(each(&kept, &[2, 0, 1, 3, 0]), expected);
    for n_threads in [1, 2, 7] {
        on_threads(n_threads, || {
            let read = open_streaming(&path, &DataSpec::default()).unwrap();
            assert_same(&kept, &read);
            assert_eq!(kept.sampled().rows(), read.sampled().rows());
            assert_eq!(read.sampled().rows().len(), SAMPLE_ROWS);
            for column in 0..4 {
                let values = |data: &Dataset| match data.sampled().column(column).unwrap() {
                    Column::Number(v) => v.iter().map(|v| v.to_bits()).collect(),
                    Column::Codes { codes, .. } => codes.iter().map(|c| u64::from(*c)).collect::<Vec<u64>>(),
                };
                assert_eq!(values(&kept), values(&read), "column {column}");
            }
            assert_eq!(each(&read, &[2, 0, 1, 3, 0]), expected);
            assert!(each(&read, &[]).is_empty());
        });
    }
    assert_eq!(kept.schema().columns[2].column_type, ColumnType::Text);
}

#[test]
fn the_error_is_that_of_the_earliest_row_for_any_number_of_threads() {
    let n = 150_000;
    let dates = |wrong: usize| -> ArrayRef {
        Arc::new((0..n).map(|i| Some(if i == wrong { "soon" } else { "2020-01-31" })).collect::<StringArray>())
    };
    let batch = RecordBatch::try_from_iter([("late", dates(149_999)), ("early", dates(70_001)), ("never", dates(n))]);
    let files = Files::new();
    let path = files.write("x.parquet", parquet_bytes(&[batch.unwrap()]));
    let types = ["late", "early", "never"].map(|c| (c.to_owned(), ColumnType::Datetime));
    let spec = DataSpec { types: types.into_iter().collect(), memory: Some(0), ..DataSpec::default() };
    for n_threads in [1, 2, 3] {
        let error = on_threads(n_threads, || open_as(&path, &spec).err().unwrap().to_string());
        assert!(error.contains("`early`") && error.contains("70002"), "{error}");
    }
    // Where nobody insists, these two are names.
    let data = open_streaming(&path, &DataSpec::default()).unwrap();
    let types: Vec<ColumnType> = data.schema().columns.iter().map(|c| c.column_type).collect();
    assert_eq!(types, [ColumnType::Categorical, ColumnType::Categorical, ColumnType::Datetime]);
}

#[test]
fn a_file_that_changed_is_an_error() {
    let files = Files::new();
    let path = files.write("x.parquet", parquet_bytes(&row_groups(50_000)));
    let data = open_streaming(&path, &DataSpec::default()).unwrap();
    std::fs::write(&path, b"PAR1 no more PAR1").unwrap();
    let ended = data.reduce_each(&[0, 1], |_| 0, |n, _, chunk| *n += chunk.n_rows, |total, part| *total += part);
    assert!(ended.unwrap_err().to_string().contains("x.parquet"));
}
