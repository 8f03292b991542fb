//! `cases/errors/nhefs.json`: LightGBM's tree, pandas' cross tables, NumPy's enumeration and the `sliceline` package on the
//! bundled sample.

use std::path::Path;

use equipoise_data::OpenOptions;
use equipoise_document::DataSpec;

use super::*;

/// All 1,629 people; the prediction is that whoever is 60 or older dies before 1992.
fn with_people<T>(columns: &[String], f: impl FnOnce(&ErrorMatrix) -> T) -> T {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample/nhefs/t*.csv");
    let dataset = Dataset::open(root.to_str().unwrap(), &DataSpec::default(), OpenOptions::default()).unwrap();
    let places = ["age", "death"].map(|c| dataset.column(c).unwrap());
    let (mut age, mut death) = (Vec::new(), Vec::new());
    dataset
        .for_each(&places, &mut |chunk| {
            for (into, column) in [&mut age, &mut death].into_iter().zip(&chunk.columns) {
                let Column::Number(values) = column else { panic!("numbers") };
                into.extend_from_slice(values);
            }
            Ok(())
        })
        .unwrap();
    let class = |values: &[f64], from: f64| Targets::Class(values.iter().map(|v| u16::from(*v >= from)).collect());
    let frame = Frame::new(FrameParts {
        task: Task::Binary,
        classes: ["alive", "dead"].map(str::to_owned).to_vec().into(),
        row_ids: None,
        truth: class(&death, 1.0),
        predicted: Some(class(&age, 60.0)),
        probability: None,
        weight: None,
        groups: Vec::new(),
    })
    .unwrap();
    let options = MatrixOptions { columns: columns.to_vec(), loss: LossKind::ZeroOne, cuts: Vec::new(), seed: 1 };
    f(&ErrorMatrix::load(Part { frame: &frame, dataset: &dataset }, &options).unwrap())
}

fn oracle() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/errors/nhefs.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|c| c.as_str().unwrap().to_owned()).collect()
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|c| c.as_u64().unwrap()).collect()
}

/// Where LightGBM's bins are the values themselves, a tree of all rows has its leaves.
#[test]
fn leaves_are_those_of_lightgbm() {
    let oracle = oracle();
    with_people(&names(&oracle["tree_columns"]), |matrix| {
        let all = RowMask::all(matrix.n_rows());
        assert_eq!(all.len() as u64, oracle["rows"].as_u64().unwrap());
        for expected in oracle["trees"].as_array().unwrap() {
            let max_depth = expected["max_depth"].as_u64().unwrap() as usize;
            let grow = GrowOptions { max_depth, num_leaves: 31, min_child_samples: 20 };
            let tree = matrix.tree(&all, &TreeOptions { grow, columns: None, honest: false });
            let mut leaves: Vec<Vec<u64>> =
                tree.nodes.iter().filter(|n| n.is_leaf).map(|n| vec![n.sums.rows, n.sums.loss() as u64]).collect();
            leaves.sort();
            let expected: Vec<Vec<u64>> = expected["leaves"].as_array().unwrap().iter().map(numbers).collect();
            assert_eq!(leaves, expected, "depth {max_depth}");
        }
    });
}

#[test]
fn cells_are_those_of_pandas() {
    let oracle = oracle();
    for (rule, name) in [(BinRule::EqualWidth, "equal_width"), (BinRule::Quantile, "quantile")] {
        let expected = &oracle["heat_maps"][name];
        with_people(&names(&expected["columns"]), |matrix| {
            let options = HeatMapOptions {
                columns: vec![0, 1],
                rule,
                bins: 8,
                min_rows: 20,
                metric: Metric::of_loss(LossKind::ZeroOne),
                confidence: Confidence::at(0.95),
                honest: false,
            };
            let map = matrix.heat_map(&RowMask::all(matrix.n_rows()), &options);
            assert_eq!(map.cells.iter().map(|c| c.n).collect::<Vec<_>>(), numbers(&expected["rows"]), "{name}");
            for (cell, errors) in map.cells.iter().zip(numbers(&expected["errors"])) {
                match cell.value.value {
                    Ok(rate) => assert!((rate * cell.n as f64 - errors as f64).abs() < 1e-9),
                    Err(_) => assert_eq!(cell.n, 0),
                }
            }
        });
    }
}

#[test]
fn slices_are_those_of_the_enumeration_and_of_sliceline() {
    let oracle = oracle();
    with_people(&names(&oracle["sliced_columns"]), |matrix| {
        let expected = oracle["slices"]["top"].as_array().unwrap();
        let options = FinderOptions {
            search: SliceOptions { min_rows: 30, k: expected.len(), ..SliceOptions::default() },
            min_support: 0.0,
            bins: 5,
            merge_overlap: 2.0,
            honest: false,
            confidence: Confidence::at(0.95),
            permutations: (0, 0),
        };
        let found = matrix.slices(&RowMask::all(matrix.n_rows()), &options, &|| false);
        assert_eq!(Some(found.search.family.n), oracle["slices"]["family"].as_u64());
        assert_eq!(found.by_score.len(), expected.len());
        let package = oracle["sliceline"].as_array().unwrap();
        for ((slice, expected), package) in found.by_score.iter().zip(expected).zip(package) {
            let near = |mine: f64, theirs: &Value| {
                let theirs = theirs.as_f64().unwrap();
                assert!((mine - theirs).abs() <= 1e-9 * (1.0 + theirs.abs()), "{}: {mine} and {theirs}", slice.says);
            };
            for other in [expected, package] {
                assert_eq!(Some(slice.sums.rows), other["rows"].as_u64(), "{}", slice.says);
                assert_eq!(Some(slice.sums.loss() as u64), other["errors"].as_u64());
                near(slice.found.score, &other["score"]);
            }
            assert_eq!(slice.conditions.len(), expected["slice"].as_object().unwrap().len());
            near(slice.found.z.unwrap(), &expected["z"]);
            near(slice.found.p_value, &expected["p"]);
            near(slice.searched.0, &expected["q_bh"]);
            near(slice.searched.1, &expected["q_by"]);
        }
    });
}
