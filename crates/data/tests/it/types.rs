//! What a column holds is decided from all of its values.

use equipoise_data::{Column, Dataset, MemoryColumn, PARTITION_ROWS, SAMPLE_ROWS};
use equipoise_document::{ColumnType, DataSpec};

use crate::helpers::{Cell, Files, assert_same, cells, chunks, name, open, open_as, open_csv, open_streaming};

fn type_of(values: &[&str]) -> ColumnType {
    let text = format!("id,x\n{}", values.iter().map(|v| format!("1,{v}\n")).collect::<String>());
    open_csv(&text).unwrap().schema().get("x").unwrap().column_type
}

#[test]
fn small_columns() {
    use ColumnType::{Boolean, Categorical, Datetime, Numeric};
    for (values, expected) in [
        (&["1", "2.5", "-1e3"][..], Numeric),
        (&["0", "1"], Numeric),
        (&["", ""], Numeric),
        (&["1", "", "NaN", "null"], Numeric),
        (&[" 1", "2 "], Numeric),
        (&["1", "x"], Categorical),
        (&["true", "False", ""], Boolean),
        (&["true", "no"], Categorical),
        (&["2020-01-01", "", "2021-12-31T10:00"], Datetime),
        (&["2020-01-01", "5"], Categorical),
        (&["5", "2020-01-01"], Categorical),
        (&["2020-01-01", "soon"], Categorical),
        (&["inf", "1"], Numeric),
    ] {
        assert_eq!(type_of(values), expected, "{values:?}");
    }
}

#[test]
fn infinite_values_are_counted_apart() {
    let data = open_csv("x,y\n1,a\n-inf,b\n3,c\ninf,d\nNaN,e\n").unwrap();
    let x = data.schema().get("x").unwrap();
    assert_eq!((x.n_infinite, x.n_missing, x.min, x.max), (2, 1, Some(1.0), Some(3.0)));
    assert_eq!(&*x.sample, [1.0, 3.0]);
}

#[test]
fn listed_texts_are_missing() {
    let spec = DataSpec { missing_values: vec!["?".into(), "-999".into()], ..DataSpec::default() };
    let files = Files::new();
    let data = open_as(&files.write("a.csv", "x,y\n1,?\n-999,b\n?,c\n-999.0,d\n"), &spec).unwrap();
    assert_eq!(cells(&data, "x"), [Cell::Number(1.0), Cell::Missing, Cell::Missing, Cell::Missing]);
    assert_eq!(cells(&data, "y"), [Cell::Missing, name("b"), name("c"), name("d")]);
}

#[test]
fn a_late_contradiction_changes_the_whole_column() {
    // The first megabyte holds numbers, the last row does not.
    let mut text = String::from("id,code,day\n");
    for i in 0..200_000 {
        text.push_str(&format!("{i},{:03},2020-01-{:02}\n", i % 500, i % 28 + 1));
    }
    let files = Files::new();
    let before = open(&files.write("before.csv", &text)).unwrap();
    assert_eq!(before.schema().get("code").unwrap().column_type, ColumnType::Numeric);
    assert_eq!(before.schema().get("day").unwrap().column_type, ColumnType::Datetime);
    text.push_str("200000,none,unknown\n");
    let path = files.write("after.csv", &text);
    let data = open(&path).unwrap();
    let code = data.schema().get("code").unwrap();
    assert_eq!((code.column_type, code.levels.len()), (ColumnType::Categorical, 501));
    assert_eq!(cells(&data, "code")[7], name("007"));
    assert_eq!(data.schema().get("day").unwrap().levels.len(), 29);
    assert_eq!(data.schema().get("id").unwrap().column_type, ColumnType::Numeric);
    assert_same(&data, &open_streaming(&path, &DataSpec::default()).unwrap());
}

#[test]
fn columns_of_many_names_are_text() {
    let mut text = String::from("almost,half,many\n");
    for i in 0..3_000 {
        text.push_str(&format!("a{},h{},m{i}\n", i % 1_000, i % 1_500));
    }
    let data = open_csv(&text).unwrap();
    let column_type = |name: &str| data.schema().get(name).unwrap().column_type;
    assert_eq!(column_type("almost"), ColumnType::Categorical);
    assert_eq!(column_type("half"), ColumnType::Categorical);
    assert_eq!(column_type("many"), ColumnType::Text);
    assert!(data.schema().get("many").unwrap().levels.is_empty());
    assert_eq!(cells(&data, "many")[2_999], name("m2999"));
}

#[test]
fn more_names_than_codes_make_text_at_any_length() {
    let n = 3 * 65_536;
    let names: Vec<Option<String>> = (0..n).map(|i| Some(format!("n{}", i / 2))).collect();
    let data = Dataset::from_columns(vec![("x".to_owned(), MemoryColumn::Names(names.clone()))]).unwrap();
    assert_eq!(data.schema().get("x").unwrap().column_type, ColumnType::Text);
    let expected: Vec<Cell> = names.into_iter().map(|n| Cell::Name(n.unwrap())).collect();
    assert_eq!(cells(&data, "x"), expected);
}

#[test]
fn partitions_have_their_size_and_samples_the_lowest_hashes() {
    let n = 2 * PARTITION_ROWS + 10;
    let numbers: Vec<f64> = (0..n).map(|i| i as f64).collect();
    let names = (0..n).map(|i| Some(format!("g{}", i % 7))).collect();
    let data = Dataset::from_columns(vec![
        ("x".to_owned(), MemoryColumn::Numbers(numbers)),
        ("g".to_owned(), MemoryColumn::Names(names)),
    ])
    .unwrap();
    let sizes: Vec<usize> = chunks(&data).iter().map(|c| c.n_rows).collect();
    assert_eq!(sizes, [PARTITION_ROWS, PARTITION_ROWS, 10]);
    let sample = &data.schema().get("x").unwrap().sample;
    assert_eq!(sample.len(), SAMPLE_ROWS);
    // The mean of half of the numbers 0..n picked at random lies near n/2 (standard error about 0.1 % of n).
    let mean = sample.iter().sum::<f64>() / SAMPLE_ROWS as f64;
    assert!((mean / n as f64 - 0.5).abs() < 0.005, "{mean}");
}

#[test]
fn reduce_sums_in_partition_order() {
    let n = 5 * PARTITION_ROWS + 1;
    let numbers: Vec<f64> = (0..n).map(|i| 1.0 / (i + 1) as f64).collect();
    let data = Dataset::from_columns(vec![("x".to_owned(), MemoryColumn::Numbers(numbers.clone()))]).unwrap();
    let sum_with = |n_threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
        pool.install(|| {
            data.reduce(
                &[0],
                Vec::new,
                |parts: &mut Vec<(usize, f64)>, chunk| {
                    let Column::Number(values) = &chunk.columns[0] else { panic!() };
                    parts.push((chunk.start, values.iter().sum()));
                },
                |total, part| total.extend(part),
            )
            .unwrap()
        })
    };
    let by_hand: Vec<(usize, f64)> =
        numbers.chunks(PARTITION_ROWS).enumerate().map(|(i, c)| (i * PARTITION_ROWS, c.iter().sum())).collect();
    assert_eq!(sum_with(1), by_hand);
    assert_eq!(sum_with(4), by_hand);
}
