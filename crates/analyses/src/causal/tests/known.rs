//! Questions with published answers.

use super::*;

/// One file out of the sample's two.
fn nhefs() -> joined::Joined {
    let files = ["train.csv", "test.csv"].map(|f| repository().join("sample/nhefs").join(f));
    joined::Joined::of(&files, |_, _| true)
}

#[test]
fn quitting_smoking_adds_about_three_and_a_half_kilograms() {
    // Hernán & Robins, What If: 3.4 (2.4 to 4.5) by weighting, 3.5 (2.6 to 4.5) by standardisation.
    let controls = ["sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71"];
    for (model, least, most) in [("linear", 3.0, 3.8), ("automl", 2.9, 3.9)] {
        let params = json!({ "treatment_features": ["qsmk"], "outcome": "wt82_71", "control_features": controls,
                             "nuisance_model": model, "negative_controls": ["ht"] });
        let file = nhefs();
        let section = of_file(file.path(), &params);
        let effect = estimate(&section, "causal.average_effect[qsmk=1]");
        let (value, interval) = (effect.value.unwrap(), effect.interval.clone().unwrap());
        assert!((least..most).contains(&value), "{model}: {value}");
        assert!((1.9..3.0).contains(&interval.low) && (4.0..5.0).contains(&interval.high), "{model}: {interval:?}");
        assert_eq!(effect.n, 1566);
        assert!(codes(&section).contains(&"rows_without_outcome"));
    }
}

/// Data that is read from the folder beside the repository, where it is.
fn shared(path: &str) -> Option<PathBuf> {
    let root = repository();
    ["../shared", "../../shared"].iter().map(|to| root.join(to).join("data").join(path)).find(|p| p.exists())
}

#[test]
fn training_raises_earnings() {
    let Some(folder) = shared("lalonde") else { return };
    let params = |rows: &str| {
        json!({ "treatment_features": ["treat"], "outcome": "re78", "rows": rows,
                "control_features": ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"] })
    };
    // The experiment: 1,794 (633) by the difference of means (Dehejia & Wahba 1999).
    let section = of_file(&folder.join("nsw_dw.parquet"), &params("test"));
    let value = value(&section, "causal.average_effect[treat=1]");
    assert!((1200.0..2200.0).contains(&value), "{value}");
    assert!(covers(&section, "causal.average_effect[treat=1]", 1794.0));
}

#[test]
fn training_raises_earnings_without_the_experiment_too() {
    // The treated against a survey's rows: the naive difference is −8,498; observational estimates that work lie
    // between about 1,000 and 2,500 for those treated, and nobody should believe the average over everybody.
    let Some(folder) = shared("lalonde") else { return };
    let file = joined::Joined::of(&["nsw_dw.csv", "cps1_controls.csv"].map(|f| folder.join(f)), |file, line| {
        file == 1 || line.starts_with("1,")
    });
    let params = json!({ "treatment_features": ["treat"], "outcome": "re78",
                         "control_features": ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"] });
    let section = of_file(file.path(), &params);
    let value = value(&section, "causal.effect_on_treated[treat=1]");
    assert!((700.0..2600.0).contains(&value), "{value}");
    assert!(codes(&section).contains(&"no_overlap"));
}

#[test]
fn simulated_children_gain_four() {
    let Some(file) = shared("ihdp/replication_1.csv") else { return };
    let controls: Vec<String> = (1..=25).map(|j| format!("x{j}")).collect();
    let params = json!({ "treatment_features": ["treatment"], "outcome": "y_factual", "control_features": controls,
                         "n_rep": 1, "nuisance_model": "automl" });
    let section = of_file(&file, &params);
    // The truth of this replication: 4.016.
    let value = value(&section, "causal.average_effect[treatment=1]");
    assert!((value - 4.016).abs() < 0.25, "{value}");
}

/// Two tables of one header as one file.
mod joined {
    use std::path::{Path, PathBuf};

    pub(super) struct Joined(PathBuf);

    impl Joined {
        pub(super) fn of(files: &[PathBuf], keep: impl Fn(usize, &str) -> bool) -> Self {
            let mut text = String::new();
            for (i, file) in files.iter().enumerate() {
                let all = std::fs::read_to_string(file).unwrap();
                for (number, line) in all.lines().enumerate() {
                    if if number == 0 { i == 0 } else { keep(i, line) } {
                        text.push_str(line);
                        text.push('\n');
                    }
                }
            }
            let place = std::env::temp_dir().join(format!(
                "equipoise-nhefs-{}-{:?}.csv",
                std::process::id(),
                std::thread::current().id()
            ));
            std::fs::write(&place, text).unwrap();
            Self(place)
        }

        pub(super) fn path(&self) -> &Path {
            &self.0
        }
    }

    impl Drop for Joined {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }
}
