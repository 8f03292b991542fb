//! What people read when their data cannot be read.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use equipoise_data::{DataError, Dataset, MemoryColumn, OpenOptions};
use equipoise_document::{ColumnType, DataSpec};

use crate::formats::{parquet_bytes, record_batch};
use crate::helpers::{Files, open, open_as, open_csv};

/// The message, with the temporary directory taken out.
fn message(files: &Files, result: Result<Dataset, DataError>) -> String {
    let text = result.err().expect("this cannot be read").to_string();
    text.replace(&format!("{}/", files.dir().display()), "").replace(&files.dir().display().to_string(), "DIR")
}

fn csv_message(bytes: impl AsRef<[u8]>) -> String {
    let files = Files::new();
    let path = files.write("loans.csv", bytes);
    message(&files, open(&path))
}

#[test]
fn no_file() {
    let files = Files::new();
    insta::assert_snapshot!(message(&files, open(&files.path("loans.csv"))), @r"
    no file `loans.csv`
    hint: check the path and the working directory
    ");
    insta::assert_snapshot!(message(&files, open(&files.path("*.csv"))), @r"
    no file matches `*.csv`
    hint: check the pattern; quote it so that the shell leaves it alone
    ");
    insta::assert_snapshot!(message(&files, open(files.dir().to_str().unwrap())), @r"
    directory `DIR` holds no Parquet files
    hint: name a file, or a pattern such as `*.csv`
    ");
}

#[test]
fn nothing_in_it() {
    insta::assert_snapshot!(csv_message(""), @r"
    file `loans.csv` is empty
    hint: it should hold a header and at least one row
    ");
    insta::assert_snapshot!(csv_message("\n\n"), @r"
    file `loans.csv` is empty
    hint: it should hold a header and at least one row
    ");
    insta::assert_snapshot!(csv_message("a,b\n"), @r"
    file `loans.csv` has columns but no rows
    hint: there is nothing to assess; check how the file was written
    ");
    let files = Files::new();
    let empty = parquet_bytes(&[record_batch().slice(0, 0)]);
    insta::assert_snapshot!(message(&files, open(&files.write("a.parquet", empty))), @r"
    file `a.parquet` has columns but no rows
    hint: there is nothing to assess; check how the file was written
    ");
    insta::assert_snapshot!(message(&files, Dataset::from_columns(vec![])), @r"
    file `data in memory` has columns but no rows
    hint: there is nothing to assess; check how the file was written
    ");
}

#[test]
fn text_that_cannot_be_cut() {
    insta::assert_snapshot!(csv_message("a,b\n1,2\n\n\"3\n\",4\n5\n"), @r"
    file `loans.csv`, line 6: 1 field where the header has 2
    hint: put fields that hold the separator `,` or a line break between double quotes, or name the separator with `delimiter`
    ");
    insta::assert_snapshot!(csv_message("a\tb\n1\t2\n1\t2\t3\n"), @r"
    file `loans.csv`, line 3: 3 fields where the header has 2
    hint: put fields that hold the separator `\t` or a line break between double quotes, or name the separator with `delimiter`
    ");
    insta::assert_snapshot!(csv_message("a,b\n1,2\n3,\"4\n5,6\n"), @r"
    file `loans.csv`, line 3: a double quote is opened and not closed
    hint: a double quote inside a field is written twice
    ");
    insta::assert_snapshot!(csv_message("a,b,a\n1,2,3\n"), @r"
    file `loans.csv`: column `a` occurs twice
    hint: rename or drop one of them
    ");
}

#[test]
fn bytes_that_are_not_text() {
    insta::assert_snapshot!(csv_message(b"name,town\nAnna,K\xf6ln\n"), @r"
    file `loans.csv`, line 2, column `town`: not valid UTF-8
    hint: save the file as UTF-8, for example `iconv -f latin1 -t utf-8 loans.csv`
    ");
    insta::assert_snapshot!(csv_message(b"name,t\xf6wn\nAnna,K\n"), @r"
    file `loans.csv`, line 1: not valid UTF-8
    hint: save the file as UTF-8, for example `iconv -f latin1 -t utf-8 loans.csv`
    ");
    insta::assert_snapshot!(csv_message(b"\xff\xfea\0,\0b\0"), @r"
    file `loans.csv`, line 1: not valid UTF-8
    hint: save the file as UTF-8, for example `iconv -f latin1 -t utf-8 loans.csv`
    ");
}

#[test]
fn values_against_their_type() {
    let files = Files::new();
    let path = files.write("loans.csv", "age,day,ok\n39,2020-01-01,yes\n4x,2020-13-01,maybe\n");
    let forced = |column: &str, column_type| {
        let spec = DataSpec { types: [(column.to_owned(), column_type)].into(), ..DataSpec::default() };
        message(&files, open_as(&path, &spec))
    };
    insta::assert_snapshot!(forced("age", ColumnType::Numeric), @r"
    file `loans.csv`, line 3, column `age`: `4x` is not a number
    hint: mend the value, add it to `missing_values`, or give the column another type in `types`
    ");
    insta::assert_snapshot!(forced("day", ColumnType::Datetime), @r"
    file `loans.csv`, line 3, column `day`: `2020-13-01` is not an ISO date or time
    hint: mend the value, add it to `missing_values`, or give the column another type in `types`
    ");
    insta::assert_snapshot!(forced("ok", ColumnType::Boolean), @r"
    file `loans.csv`, line 3, column `ok`: `maybe` is not true or false
    hint: mend the value, add it to `missing_values`, or give the column another type in `types`
    ");
    insta::assert_snapshot!(forced("agee", ColumnType::Numeric), @r"
    column `agee` is not in the dataset
    hint: the nearest name is `age`
    ");
    insta::assert_snapshot!(forced("zzz", ColumnType::Numeric), @r"
    column `zzz` is not in the dataset
    hint: the columns are `age`, `day`, `ok`
    ");
    let path = files.write("a.parquet", parquet_bytes(&[record_batch()]));
    let spec = DataSpec { types: [("sex".to_owned(), ColumnType::Numeric)].into(), ..DataSpec::default() };
    insta::assert_snapshot!(message(&files, open_as(&path, &spec)), @r"
    file `a.parquet`, row 1, column `sex`: `Male` is not a number
    hint: mend the value, add it to `missing_values`, or give the column another type in `types`
    ");
}

#[test]
fn what_is_not_read() {
    let files = Files::new();
    let say = |name: &str, bytes: &[u8]| message(&files, open(&files.write(name, bytes)));
    insta::assert_snapshot!(say("a.xlsx", b"x"), @r"
    file `a.xlsx`: Excel files are not read
    hint: write the rows as CSV, Parquet, Arrow or JSON lines
    ");
    insta::assert_snapshot!(say("a.csv.bz2", b"BZh9xxxx"), @r"
    file `a.csv.bz2`: bzip2 compression is not read
    hint: decompress it first, or use gzip or zstd
    ");
    insta::assert_snapshot!(say("a.parquet.gz", b"\x1f\x8b\x08\0\0\0\0\0"), @r"
    file `a.parquet.gz`: gzip around a Parquet or Arrow file is not read
    hint: decompress it first; these formats compress their own columns
    ");
    insta::assert_snapshot!(say("a.json", b"[{\"a\": 1}]"), @r"
    file `a.json`: a JSON array is not read
    hint: write one object per line (JSON lines), for example `jq -c '.[]'`
    ");
    let path = files.write("b.csv", "a\n1\n");
    let spec = DataSpec { format: Some("sas".into()), ..DataSpec::default() };
    insta::assert_snapshot!(message(&files, open_as(&path, &spec)), @r"
    file `b.csv`: format `sas` is not read
    hint: choose `csv`, `tsv`, `parquet`, `arrow` or `jsonl`
    ");
    let spec = DataSpec { delimiter: Some('→'), ..DataSpec::default() };
    insta::assert_snapshot!(message(&files, open_as(&path, &spec)), @r"
    file `b.csv`: `\u{2192}` cannot separate fields
    hint: take one ASCII character such as `,`, `;` or a tab
    ");
}

#[test]
fn files_that_end_early() {
    use std::io::Write;
    let files = Files::new();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for i in 0..5_000 {
        writeln!(encoder, "{i},{}", i * 7919 % 1000).unwrap();
    }
    let gz = encoder.finish().unwrap();
    let zst = zstd::encode_all(&b"a,b\n1,2\n3,4\n".repeat(100)[..], 1).unwrap();
    let parquet = parquet_bytes(&[record_batch()]);
    let say = |name: &str, bytes: &[u8]| message(&files, open(&files.write(name, bytes)));
    insta::assert_snapshot!(say("a.csv.gz", &gz[..gz.len() / 2]), @r"
    file `a.csv.gz` is damaged or cut short: not a whole gzip file (incomplete deflate stream)
    hint: copy or write the file again
    ");
    insta::assert_snapshot!(say("a.csv.zst", &zst[..zst.len() - 3]), @r"
    file `a.csv.zst` is damaged or cut short: not a whole zstd file (incomplete frame)
    hint: copy or write the file again
    ");
    insta::assert_snapshot!(say("a.parquet", &parquet[..parquet.len() - 20]), @r"
    file `a.parquet` is damaged or cut short: not a whole Parquet file (invalid Parquet file. Corrupt footer)
    hint: copy or write the file again
    ");
    insta::assert_snapshot!(say("b.parquet", b"PAR1"), @r"
    file `b.parquet` is damaged or cut short: not a whole Parquet file (EOF: Parquet file too small. Size is 4 but need 8)
    hint: copy or write the file again
    ");
    insta::assert_snapshot!(say("a.arrow", b"ARROW1\0\0\xff\xff\xff\xff"), @r"
    file `a.arrow` is damaged or cut short: not a whole Arrow file (a part of it would end beyond its last byte)
    hint: copy or write the file again
    ");
    for end in 0..parquet.len() {
        assert!(open(&files.write("cut.parquet", &parquet[..end])).is_err());
    }
}

#[test]
fn files_that_do_not_belong_together() {
    let files = Files::new();
    let batch = record_batch();
    files.write("0.parquet", parquet_bytes(std::slice::from_ref(&batch)));
    files.write("1.parquet", parquet_bytes(&[batch.project(&[0, 1, 2, 3]).unwrap()]));
    insta::assert_snapshot!(message(&files, open(files.dir().to_str().unwrap())), @r"
    files `0.parquet` and `1.parquet` differ: 5 columns against 4
    hint: files that are read together need the same columns
    ");
    files.write("1.parquet", parquet_bytes(&[batch.project(&[0, 1, 2, 3, 1]).unwrap()]));
    insta::assert_snapshot!(message(&files, open(files.dir().to_str().unwrap())), @r"
    files `0.parquet` and `1.parquet` differ: column `score` stands where the other has `sex`
    hint: files that are read together need the same columns
    ");
    files.write("1.csv", "a,b\n1,2\n");
    files.write("2.csv", "a,c\n1,2\n");
    insta::assert_snapshot!(message(&files, open(&files.path("*.csv"))), @r"
    files `1.csv` and `2.csv` differ: their headers are not the same
    hint: files that are read together need the same columns
    ");
    insta::assert_snapshot!(message(&files, open(&files.path("1.*"))), @r"
    files `1.csv` and `1.parquet` differ: they have different formats
    hint: files that are read together need the same columns
    ");
}

#[test]
fn lines_that_are_not_objects() {
    let files = Files::new();
    let say = |text: &str| message(&files, open(&files.write("a.jsonl", text)));
    insta::assert_snapshot!(say("{\"a\": 1}\n[1]\n"), @r#"
    file `a.jsonl`, line 2: not a JSON object (invalid type: sequence, expected an object)
    hint: every line should be an object such as {"age": 39, "sex": "Male"}
    "#);
    insta::assert_snapshot!(say("{\"a\": 1}\n\n{\"a\": \n"), @r#"
    file `a.jsonl`, line 3: not a JSON object (EOF while parsing a value at character 5)
    hint: every line should be an object such as {"age": 39, "sex": "Male"}
    "#);
    insta::assert_snapshot!(say("{\"a\": 1} x\n"), @r#"
    file `a.jsonl`, line 1: not a JSON object (trailing characters at character 10)
    hint: every line should be an object such as {"age": 39, "sex": "Male"}
    "#);
}

#[test]
fn columns_in_memory() {
    let files = Files::new();
    let numbers = |n: usize| MemoryColumn::Numbers(vec![1.0; n]);
    let columns = vec![("a".to_owned(), numbers(2)), ("b".to_owned(), numbers(3))];
    insta::assert_snapshot!(message(&files, Dataset::from_columns(columns)), @r"
    column `b` has 3 values where the first column has 2
    hint: all columns need one value per row
    ");
    let columns = vec![("a".to_owned(), numbers(2)), ("a".to_owned(), numbers(2))];
    insta::assert_snapshot!(message(&files, Dataset::from_columns(columns)), @r"
    file `data in memory`: column `a` occurs twice
    hint: rename or drop one of them
    ");
}

#[test]
fn unknown_columns_suggest_the_nearest() {
    let data = open_csv("age,sex\n1,a\n").unwrap();
    insta::assert_snapshot!(data.column("sx").unwrap_err(), @r"
    column `sx` is not in the dataset
    hint: the nearest name is `sex`
    ");
}

#[test]
fn a_stop_ends_the_pass() {
    let files = Files::new();
    let path = files.write("a.csv", "a\n1\n");
    let options = OpenOptions { stop: Some(Arc::new(AtomicBool::new(true))), ..Default::default() };
    let result = Dataset::open(&path, &DataSpec::default(), options);
    assert_eq!(result.err(), Some(DataError::Stopped));
}

#[test]
fn a_file_that_changes_is_noticed() {
    let files = Files::new();
    let path = files.write("a.csv", "a,b\n1,x\n2,y\n");
    let data = open_as(&path, &DataSpec { memory: Some(0), ..DataSpec::default() }).unwrap();
    files.write("a.csv", "a,b\n1,x\n");
    insta::assert_snapshot!(message_of(&files, data.for_each(&[0], &mut |_| Ok(()))), @r"
    file `a.csv` changed while it was being read
    hint: wait until it is written, then run again
    ");
    files.write("a.csv", "a,b\n1,x\n2,z\n");
    insta::assert_snapshot!(message_of(&files, data.for_each(&[1], &mut |_| Ok(()))), @r"
    file `a.csv` changed while it was being read
    hint: wait until it is written, then run again
    ");
}

fn message_of(files: &Files, result: Result<(), DataError>) -> String {
    result.unwrap_err().to_string().replace(&format!("{}/", files.dir().display()), "")
}
