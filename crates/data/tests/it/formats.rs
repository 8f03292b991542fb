//! The same rows in every format give the same dataset.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int8Array,
    Int64Array, LargeStringArray, ListArray, NullArray, RecordBatch, StringArray, StringViewArray,
    TimestampMillisecondArray, UInt64Array,
};
use arrow::datatypes::{Int16Type, Int32Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::IpcWriteOptions;
use equipoise_data::{Dataset, OpenOptions};
use equipoise_document::{ColumnType, DataSpec};
use parquet::arrow::ArrowWriter;

use crate::helpers::{Cell, Files, assert_same, cells, name, open, open_as, open_streaming};

const CSV: &str = "age,sex,vip,joined,score\n\
    39,Male,true,2020-01-31,0.5\n\
    ,Female,false,2020-02-01T12:00:00Z,-0.0\n\
    51,,,,1e-3\n\
    28,\"a, \"\"b\"\"\",True,1969-12-31,\n";

const JSON: &str = r#"{"age": 39, "sex": "Male", "vip": true, "joined": "2020-01-31", "score": 0.5}
{"sex": "Female", "age": null, "vip": false, "joined": "2020-02-01T12:00:00Z", "score": -0.0}

{"age": 51, "sex": null, "score": 1e-3}
{"age": 28, "sex": "a, \"b\"", "vip": true, "joined": "1969-12-31"}
"#;

pub(crate) fn record_batch() -> RecordBatch {
    let column = |name: &str, array: ArrayRef| (name.to_owned(), array);
    RecordBatch::try_from_iter([
        column("age", Arc::new(Int64Array::from(vec![Some(39), None, Some(51), Some(28)]))),
        column("sex", Arc::new(StringArray::from(vec![Some("Male"), Some("Female"), None, Some("a, \"b\"")]))),
        column("vip", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]))),
        column(
            "joined",
            Arc::new(TimestampMillisecondArray::from(vec![
                Some(1_580_428_800_000),
                Some(1_580_558_400_000),
                None,
                Some(-86_400_000),
            ])),
        ),
        column("score", Arc::new(Float64Array::from(vec![Some(0.5), Some(-0.0), Some(1e-3), None]))),
    ])
    .unwrap()
}

pub(crate) fn parquet_bytes(batches: &[RecordBatch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batches[0].schema(), None).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
        writer.flush().unwrap();
    }
    writer.close().unwrap();
    bytes
}

pub(crate) fn ipc_file(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer =
        arrow::ipc::writer::FileWriter::try_new_with_options(&mut bytes, &batch.schema(), options).unwrap();
    writer.write(&batch.slice(0, 1)).unwrap();
    writer.write(&batch.slice(1, batch.num_rows() - 1)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    bytes
}

pub(crate) fn ipc_stream(batch: &RecordBatch, compression: Option<CompressionType>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let mut writer =
        arrow::ipc::writer::StreamWriter::try_new_with_options(&mut bytes, &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    bytes
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn all_formats_agree() {
    let files = Files::new();
    let csv = open(&files.write("a.csv", CSV)).unwrap();
    assert_eq!(
        csv.schema().columns.iter().map(|c| c.column_type).collect::<Vec<_>>(),
        [ColumnType::Numeric, ColumnType::Categorical, ColumnType::Boolean, ColumnType::Datetime, ColumnType::Numeric]
    );
    assert_eq!(cells(&csv, "age"), [Cell::Number(39.0), Cell::Missing, Cell::Number(51.0), Cell::Number(28.0)]);
    assert_eq!(cells(&csv, "sex"), [name("Male"), name("Female"), Cell::Missing, name("a, \"b\"")]);
    assert_eq!(cells(&csv, "vip"), [name("true"), name("false"), Cell::Missing, name("true")]);
    assert_eq!(
        cells(&csv, "joined"),
        [Cell::Number(1_580_428_800.0), Cell::Number(1_580_558_400.0), Cell::Missing, Cell::Number(-86_400.0)]
    );
    let batch = record_batch();
    let others = [
        files.write("a.tsv", CSV.replace("\"a, \"\"b\"\"\"", "a; \"b\"").replace(',', "\t").replace("a;", "a,")),
        files.write("semicolons.csv", CSV.replace("a, ", "a* ").replace(',', ";").replace("a* ", "a, ")),
        files.write("windows.csv", format!("\u{feff}{}", CSV.replace('\n', "\r\n"))),
        files.write("no-ending", CSV),
        files.write("a.csv.gz", gzip(CSV)),
        files.write("a.csv.zst", zstd::encode_all(CSV.as_bytes(), 1).unwrap()),
        files.write("a.jsonl", JSON),
        files.write("json-no-ending", JSON),
        files.write("a.jsonl.gz", gzip(JSON)),
        files.write("a.parquet", parquet_bytes(std::slice::from_ref(&batch))),
        files.write("row-groups", parquet_bytes(&[batch.slice(0, 2), batch.slice(2, 2)])),
        files.write("a.arrow", ipc_file(&batch, None)),
        files.write("a.arrows", ipc_stream(&batch, None)),
        files.write("stream-no-ending", ipc_stream(&batch, None)),
        files.write("lz4.feather", ipc_file(&batch, Some(CompressionType::LZ4_FRAME))),
        files.write("zstd.feather", ipc_file(&batch, Some(CompressionType::ZSTD))),
        files.write("lz4.arrows", ipc_stream(&batch, Some(CompressionType::LZ4_FRAME))),
        files.write("zstd.arrows", ipc_stream(&batch, Some(CompressionType::ZSTD))),
    ];
    for other in &others {
        assert_same(&csv, &open(other).unwrap_or_else(|e| panic!("{other}: {e}")));
        assert_same(&csv, &open_streaming(other, &DataSpec::default()).unwrap());
    }
    assert_same(&csv, &Dataset::from_batches(&[batch.slice(0, 3), batch.slice(3, 1)], &DataSpec::default()).unwrap());
}

#[test]
fn feather_files_of_pyarrow_agree() {
    // Written by pyarrow 26 from the rows of `CSV` a hundred times over.
    let files = Files::new();
    let (head, rows) = CSV.split_once('\n').unwrap();
    let csv = open(&files.write("a.csv", format!("{head}\n{}", rows.repeat(100)))).unwrap();
    for compression in ["lz4", "zstd"] {
        let path = format!("{}/tests/files/pyarrow-{compression}.feather", env!("CARGO_MANIFEST_DIR"));
        assert_same(&csv, &open(&path).unwrap());
        assert_same(&csv, &open_streaming(&path, &DataSpec::default()).unwrap());
    }
}

#[test]
fn standard_input_can_be_read_again() {
    let files = Files::new();
    let csv = open(&files.write("a.csv", CSV)).unwrap();
    for (bytes, format) in [(CSV.as_bytes().to_vec(), None), (gzip(JSON), Some("jsonl".to_owned()))] {
        let spec = DataSpec { memory: Some(0), format, ..DataSpec::default() };
        let options = OpenOptions { stdin: Some(Box::new(std::io::Cursor::new(bytes.clone()))), ..Default::default() };
        let data = Dataset::open("-", &spec, options).unwrap();
        assert_same(&csv, &data);
        assert_eq!(data.fingerprint()[0].name, "-");
        assert_eq!(data.fingerprint()[0].bytes, bytes.len() as u64);
    }
}

#[test]
fn directories_and_patterns_are_read_in_name_order() {
    let files = Files::new();
    let batch = record_batch();
    files.write("part-1.parquet", parquet_bytes(&[batch.slice(2, 2)]));
    files.write("part-0.parquet", parquet_bytes(&[batch.slice(0, 2)]));
    files.write("_SUCCESS", "");
    let whole = Dataset::from_batches(&[batch], &DataSpec::default()).unwrap();
    let directory = open(files.dir().to_str().unwrap()).unwrap();
    assert_same(&whole, &directory);
    assert_same(&whole, &open(&files.path("part-*.parquet")).unwrap());
    let names: Vec<&str> = directory.fingerprint().iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["part-0.parquet", "part-1.parquet"]);

    files.write("x1.csv", "a,b\n1,x\n");
    files.write("x2.csv", "a,b\nz,y\n");
    let both = open(&files.path("x*.csv")).unwrap();
    assert_eq!(cells(&both, "a"), [name("1"), name("z")]);
}

#[test]
fn the_digest_is_that_of_the_bytes() {
    let files = Files::new();
    let data = open(&files.write("abc.csv", "a\nb\n")).unwrap();
    // printf 'a\nb\n' | sha256sum
    let expected = "911169ddaaf146aff539f58c26c489af3b892dff0fe283c1c264c65ae5aa59a2";
    assert_eq!(data.fingerprint()[0].sha256, expected);
    assert_eq!((data.fingerprint()[0].name.as_str(), data.fingerprint()[0].bytes), ("abc.csv", 4));
}

#[test]
fn arrow_types_are_normalised() {
    let dictionary: DictionaryArray<Int16Type> = vec![Some("x"), None, Some("y")].into_iter().collect();
    let column = |name: &str, array: ArrayRef| (name.to_owned(), array);
    let batch = RecordBatch::try_from_iter_with_nullable(
        [
            column("i8", Arc::new(Int8Array::from(vec![Some(-1), None, Some(3)])) as ArrayRef),
            column("u64", Arc::new(UInt64Array::from(vec![1, 2, 3]))),
            column("f32", Arc::new(Float32Array::from(vec![0.5, f32::NAN, -0.0]))),
            column(
                "decimal",
                Arc::new(Decimal128Array::from(vec![125, -250, 0]).with_precision_and_scale(10, 2).unwrap()),
            ),
            column("date", Arc::new(Date32Array::from(vec![Some(1), None, Some(-1)]))),
            column("large", Arc::new(LargeStringArray::from(vec!["b", "a", ""]))),
            column("view", Arc::new(StringViewArray::from(vec![Some("b"), None, Some("a")]))),
            column("dictionary", Arc::new(dictionary)),
            column("null", Arc::new(NullArray::new(3))),
            column(
                "list",
                Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)]), None, None])),
            ),
        ]
        .map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let files = Files::new();
    let from_file = open(&files.write("types.arrow", ipc_stream(&batch, None))).unwrap();
    let data = Dataset::from_batches(&[batch], &DataSpec::default()).unwrap();
    assert_same(&data, &from_file);
    use Cell::{Missing, Number};
    assert_eq!(cells(&data, "i8"), [Number(-1.0), Missing, Number(3.0)]);
    assert_eq!(cells(&data, "u64"), [Number(1.0), Number(2.0), Number(3.0)]);
    assert_eq!(cells(&data, "f32"), [Number(0.5), Missing, Number(0.0)]);
    assert_eq!(cells(&data, "decimal"), [Number(1.25), Number(-2.5), Number(0.0)]);
    assert_eq!(cells(&data, "date"), [Number(86_400.0), Missing, Number(-86_400.0)]);
    assert_eq!(cells(&data, "large"), [name("b"), name("a"), Missing]);
    assert_eq!(cells(&data, "view"), [name("b"), Missing, name("a")]);
    assert_eq!(cells(&data, "dictionary"), [name("x"), Missing, name("y")]);
    assert_eq!(cells(&data, "null"), [Missing, Missing, Missing]);
    assert!(data.schema().get("null").unwrap().is_all_missing(3));
    assert_eq!(data.skipped().len(), 1);
    assert_eq!(
        data.column("list").unwrap_err().to_string(),
        "file `data in memory`: column `list` has type list, which cannot be assessed\n\
         hint: leave the column out, or write its parts as columns of their own"
    );
}

#[test]
fn only_the_wanted_columns_are_there() {
    let files = Files::new();
    let path = files.write("a.csv", CSV);
    let options = OpenOptions { only: Some(vec!["score".into(), "age".into()]), ..Default::default() };
    let data = Dataset::open(&path, &DataSpec::default(), options).unwrap();
    assert_eq!(data.schema().names().collect::<Vec<_>>(), ["age", "score"]);
    assert_eq!(cells(&data, "score")[1], Cell::Number(0.0));
    let spec = DataSpec { types: [("age".to_owned(), ColumnType::Categorical)].into(), ..DataSpec::default() };
    assert_eq!(cells(&open_as(&path, &spec).unwrap(), "age")[0], name("39"));
}
