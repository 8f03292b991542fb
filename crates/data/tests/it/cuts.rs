//! Where pieces end changes nothing.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use equipoise_data::{Dataset, PARTITION_ROWS};
use equipoise_document::DataSpec;
use proptest::prelude::*;

use crate::formats::parquet_bytes;
use crate::helpers::{Files, assert_same, open, open_streaming};

fn table(n: usize) -> RecordBatch {
    let numbers: ArrayRef =
        Arc::new((0..n).map(|i| (i % 11 != 3).then(|| (i as f64 * 0.37).sin())).collect::<Float64Array>());
    let names: ArrayRef =
        Arc::new((0..n).map(|i| (i % 13 != 5).then(|| format!("g{}", i * i % 17))).collect::<StringArray>());
    let texts: ArrayRef = Arc::new((0..n).map(|i| Some(format!("row {i}, \"said\""))).collect::<StringArray>());
    RecordBatch::try_from_iter([("x", numbers), ("g", names), ("t", texts)]).unwrap()
}

fn to_csv(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    arrow::csv::Writer::new(&mut bytes).write(batch).unwrap();
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_row_groups_and_text_agree(n in 1_usize..150_000, cut in 1_usize..100_000) {
        let batch = table(n);
        let slices: Vec<RecordBatch> =
            (0..n).step_by(cut).take(40).map(|start| batch.slice(start, cut.min(n - start))).collect();
        let n = slices.iter().map(RecordBatch::num_rows).sum();
        let batch = batch.slice(0, n);
        let whole = Dataset::from_batches(std::slice::from_ref(&batch), &DataSpec::default()).unwrap();
        assert_same(&whole, &Dataset::from_batches(&slices, &DataSpec::default()).unwrap());
        let files = Files::new();
        let parquet = files.write("x.parquet", parquet_bytes(&slices));
        assert_same(&whole, &open(&parquet).unwrap());
        assert_same(&whole, &open_streaming(&parquet, &DataSpec::default()).unwrap());
        let csv = files.write("x.csv", to_csv(&batch));
        assert_same(&whole, &open(&csv).unwrap());
        assert_same(&whole, &open_streaming(&csv, &DataSpec::default()).unwrap());
    }
}

#[test]
fn columns_come_as_asked() {
    let files = Files::new();
    let path = files.write("x.parquet", parquet_bytes(&[table(PARTITION_ROWS + 5)]));
    let (kept, read) = (open(&path).unwrap(), open_streaming(&path, &DataSpec::default()).unwrap());
    for data in [&kept, &read] {
        let mut n_chunks = 0;
        data.for_each(&[1, 0, 1], &mut |chunk| {
            n_chunks += 1;
            assert_eq!(chunk.columns.len(), 3);
            assert_eq!(chunk.columns[0], chunk.columns[2]);
            assert!(chunk.columns.iter().all(|c| c.len() == chunk.n_rows));
            Ok(())
        })
        .unwrap();
        assert_eq!(n_chunks, 2);
        let mut n_rows = 0;
        data.for_each(&[], &mut |chunk| {
            n_rows += chunk.n_rows;
            Ok(())
        })
        .unwrap();
        assert_eq!(n_rows, PARTITION_ROWS + 5);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_dataset() {
    let files = Files::new();
    let path = files.write("x.csv", to_csv(&table(90_000)));
    let open_with = |n: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| open_streaming(&path, &DataSpec::default()).unwrap())
    };
    assert_same(&open_with(1), &open_with(5));
}
