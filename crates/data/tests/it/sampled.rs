//! Rows that stand for all of them.

use equipoise_data::{Column, Dataset, MISSING, MemoryColumn, SAMPLE_ROWS};

fn dataset(n: usize) -> Dataset {
    let numbers = (0..n).map(|i| if i % 11 == 0 { f64::NAN } else { i as f64 }).collect();
    let names = (0..n).map(|i| (i % 5 > 0).then(|| format!("level {}", (i / 3) % 7))).collect();
    let columns = vec![
        ("number".to_owned(), MemoryColumn::Numbers(numbers)),
        ("name".to_owned(), MemoryColumn::Names(names)),
        ("flag".to_owned(), MemoryColumn::Booleans((0..n).map(|i| Some(i % 2 == 0)).collect())),
        ("text".to_owned(), MemoryColumn::Names((0..n).map(|i| Some(format!("row {i}"))).collect())),
    ];
    Dataset::from_columns(columns).unwrap()
}

#[test]
fn sampled_rows_have_the_values_that_they_have_in_the_dataset() {
    for n in [300, SAMPLE_ROWS, 3 * SAMPLE_ROWS + 17] {
        let dataset = dataset(n);
        let sampled = dataset.sampled();
        assert_eq!(sampled.rows().len(), n.min(SAMPLE_ROWS));
        assert!(sampled.rows().is_sorted());
        let Some(Column::Number(numbers)) = sampled.column(0) else { panic!("numbers") };
        let Some(Column::Codes { codes, levels }) = sampled.column(1) else { panic!("names") };
        let Some(Column::Codes { codes: flags, .. }) = sampled.column(2) else { panic!("flags") };
        for (at, row) in sampled.rows().iter().copied().enumerate() {
            assert!(if row % 11 == 0 { numbers[at].is_nan() } else { numbers[at].to_bits() == (row as f64).to_bits() });
            let name = (codes[at] != MISSING).then(|| levels[codes[at] as usize].clone());
            assert_eq!(name, (row % 5 > 0).then(|| format!("level {}", (row / 3) % 7)));
            assert_eq!(flags[at], u32::from(row % 2 == 0));
        }
        if n > SAMPLE_ROWS {
            let Some(Column::Codes { codes: text, levels }) = sampled.column(3) else { panic!("text") };
            assert!(levels.is_empty() && text.len() == SAMPLE_ROWS && text.iter().all(|c| *c == MISSING));
        }
        assert!(sampled.column(4).is_none());
    }
}
