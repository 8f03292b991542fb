//! Files with a few bytes changed: an error or other values, never a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch};
use arrow::ipc::CompressionType;
use equipoise_document::DataSpec;

use crate::formats::{ipc_file, ipc_stream, parquet_bytes, record_batch};
use crate::helpers::{Files, open_as};

/// Opens files with bytes changed here and there; how many opened all the same.
fn harm(name: &str, whole: &[u8], n_tries: u64) -> u64 {
    let files = Files::new();
    let mut state = 17_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut n_opened = 0;
    for _ in 0..n_tries {
        let mut bytes = whole.to_vec();
        for _ in 0..=next() % 3 {
            let place = next() % bytes.len();
            bytes[place] = match next() % 4 {
                0 => 0xFF,
                1 => 0,
                2 => bytes[place] ^ 1,
                _ => next() as u8,
            };
        }
        let path = files.write(name, &bytes);
        // Rows that are kept and rows that are not are read in different ways.
        let memory = if next() % 2 == 0 { None } else { Some(0) };
        let spec = DataSpec { memory, ..DataSpec::default() };
        let opened = catch_unwind(AssertUnwindSafe(|| open_as(&path, &spec).is_ok()));
        match opened {
            Ok(is_open) => n_opened += u64::from(is_open),
            Err(_) => panic!("{name} made the reader panic: {bytes:?}"),
        }
    }
    n_opened
}

#[test]
fn parquet() {
    harm("a.parquet", &parquet_bytes(&[record_batch()]), 600);
}

#[test]
fn arrow() {
    harm("a.arrow", &ipc_file(&record_batch(), None), 600);
    harm("a.arrows", &ipc_stream(&record_batch(), None), 600);
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        harm("a.feather", &ipc_file(&repeated(), Some(compression)), 600);
        harm("a.arrows", &ipc_stream(&repeated(), Some(compression)), 600);
    }
}

/// A column that is worth compressing.
fn repeated() -> RecordBatch {
    let column: ArrayRef = Arc::new(Float64Array::from(vec![7.5; 4000]));
    RecordBatch::try_from_iter([("a", column)]).unwrap()
}

#[test]
fn a_compressed_part_cannot_be_longer_than_it_can_be() {
    let files = Files::new();
    for compression in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        for (name, whole) in [
            ("a.feather", ipc_file(&repeated(), Some(compression))),
            ("a.arrows", ipc_stream(&repeated(), Some(compression))),
        ] {
            assert!(open_as(&files.write(name, &whole), &DataSpec::default()).is_ok());
            // 4,000 numbers of 8 bytes, or the 3,999 or 1 that the file has in a batch of its own.
            let stated: Vec<usize> = (0..whole.len() - 8)
                .filter(|at| [32_000_u64, 31_992, 24].iter().any(|n| whole[*at..at + 8] == n.to_le_bytes()))
                .collect();
            let mut n_refused = 0;
            for at in stated {
                let mut bytes = whole.clone();
                bytes[at..at + 8].copy_from_slice(&(1_u64 << 46).to_le_bytes());
                let said =
                    open_as(&files.write(name, &bytes), &DataSpec::default()).map(|_| ()).map_err(|e| e.to_string());
                n_refused += usize::from(said.is_err_and(|e| e.contains("longer than it can be")));
            }
            assert!(n_refused > 0, "{name} {compression:?}");
        }
    }
}

#[test]
fn text() {
    harm("a.csv", b"age,sex\n39,Male\n,\"Fe\"\"male\"\n2020-01-01,\xc3\xa9\n", 600);
    harm("a.jsonl", b"{\"age\": 39, \"sex\": \"M\"}\n{\"age\": null, \"list\": [1, {\"a\": 2}]}\n", 600);
    harm("a.csv.zst", &zstd::encode_all(&b"age,sex\n39,Male\n"[..], 1).unwrap(), 400);
}
