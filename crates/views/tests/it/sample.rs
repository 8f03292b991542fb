//! A document as a real run would write it: a model of income, its performance and its fairness. The numbers
//! are invented.

use equipoise_document::*;

/// Small helper: an estimate of a share with an interval of the given half-width.
fn rate(id: EstimateId, value: f64, half: f64, n: u64, better: Better) -> Estimate {
    Estimate::new(id, value, n, better).with_unit(Unit::Share).with_interval(Some(Interval::new(
        (value - half).max(0.0),
        (value + half).min(1.0),
        0.95,
        "wilson",
    )))
}

fn plain(id: EstimateId, value: f64, half: f64, n: u64, better: Better) -> Estimate {
    Estimate::new(id, value, n, better).with_interval(Some(Interval::new(value - half, value + half, 0.95, "delong")))
}

fn spec() -> RunSpec {
    RunSpec {
        target: Some("income".into()),
        positive: Some(">50K".into()),
        sensitive: vec![GroupingSpec::Column("sex".into()), GroupingSpec::Column("race".into())],
        seed: 17,
        data: DataSpec { test: "adult_test.csv".into(), ..DataSpec::default() },
        model: Some(ModelSpec { source: "adult_lightgbm.txt".into(), ..ModelSpec::default() }),
        ..RunSpec::default()
    }
}

/// The whole document.
pub(crate) fn document() -> Document {
    Document {
        schema_version: SCHEMA_VERSION.into(),
        spec: spec(),
        provenance: Provenance {
            equipoise: "0.1.0".into(),
            seed: 17,
            spec_sha256: "b1946ac92492d2347c6235b4d2611184f5c5a1a6f7f9b8f2e3a0c9d8e7f60123".into(),
            partial: false,
            inputs: vec![
                InputFingerprint {
                    role: "test".into(),
                    name: "adult_test.csv".into(),
                    sha256: Some("a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05".into()),
                    bytes: Some(2_003_153),
                },
                InputFingerprint {
                    role: "model".into(),
                    name: "adult_lightgbm.txt".into(),
                    sha256: Some("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03".into()),
                    bytes: Some(348_210),
                },
            ],
        },
        task: Task::Binary,
        classes: vec!["<=50K".into(), ">50K".into()],
        datasets: vec![DatasetSummary { part: "test".into(), n_rows: 16_281, columns: columns() }],
        model: Some(ModelSummary {
            format: "lightgbm".into(),
            describes: "gradient-boosted trees, 100 trees".into(),
            features: ["age", "workclass", "education", "occupation", "hours_per_week"].map(Into::into).to_vec(),
            n_outputs: 1,
        }),
        cohorts: vec![
            CohortSummary { name: "all".into(), predicate: None, n: 16_281 },
            CohortSummary { name: "young".into(), predicate: Some("age < 30".into()), n: 4_812 },
        ],
        notes: vec![],
        sections: vec![performance(), fairness(), errors()],
        artifacts: vec![Artifact {
            name: "predictions".into(),
            path: "artifacts/0c1d.parquet".into(),
            sha256: "0c1d".into(),
            n_rows: 16_281,
            columns: vec!["row".into(), "probability".into()],
        }],
    }
}

fn columns() -> Vec<ColumnSummary> {
    let column = |name: &str, column_type, role, n_levels, ends: Option<(f64, f64)>| ColumnSummary {
        name: name.into(),
        column_type,
        roles: vec![role],
        n_missing: if name == "occupation" { 966 } else { 0 },
        n_levels,
        min: ends.map(|e| e.0),
        max: ends.map(|e| e.1),
    };
    vec![
        column("age", ColumnType::Numeric, ColumnRole::Feature, None, Some((17.0, 90.0))),
        column("occupation", ColumnType::Categorical, ColumnRole::Feature, Some(14), None),
        column("sex", ColumnType::Categorical, ColumnRole::Sensitive, Some(2), None),
        column("race", ColumnType::Categorical, ColumnRole::Sensitive, Some(5), None),
        column("income", ColumnType::Categorical, ColumnRole::Target, Some(2), None),
    ]
}

pub(crate) fn performance() -> Section {
    let id = |metric: &str| EstimateId::new("performance", metric);
    let mut s = Section::new("performance", "Performance", "How good are the predictions, and how sure are we?");
    s.notes = vec![
        Note::new(
            Level::Finding,
            "better_than_base_rate",
            "The model is right for 87.3 % of people; always answering “<=50K” would be right for 76.4 %.",
        )
        .about([id("accuracy")]),
        Note::new(
            Level::Concern,
            "misses_positives",
            "It misses about one in three people who earn more than 50K (recall 65.1 %).",
        )
        .about([id("recall")]),
        Note::new(Level::Info, "threshold", "A probability of 0.5 or more counts as “>50K”."),
    ];
    let n = 16_281;
    s.estimates = vec![
        rate(id("accuracy"), 0.8731, 0.0051, n, Better::Higher),
        rate(id("balanced_accuracy"), 0.7964, 0.0077, n, Better::Higher),
        rate(id("precision"), 0.7802, 0.0139, 3_210, Better::Higher),
        rate(id("recall"), 0.6512, 0.0151, 3_846, Better::Higher),
        plain(id("roc_auc"), 0.9262, 0.0041, n, Better::Higher),
        plain(id("brier_score"), 0.0881, 0.0021, n, Better::Lower),
        plain(id("log_loss"), 0.2781, 0.0064, n, Better::Lower),
    ];
    let cohorts: [(&str, u64, f64, f64); 4] = [
        ("all", 16_281, 0.8731, 0.0051),
        ("young", 4_812, 0.951, 0.0061),
        ("retired", 61, 0.82, 0.096),
        ("none", 0, 0.0, 0.0),
    ];
    for (cohort, n, value, half) in cohorts {
        let by = id("accuracy").of_group(&[("cohort", cohort)]);
        s.estimates.push(if n == 0 {
            Estimate::absent(by, Missing::Empty, 0, Better::Higher).with_unit(Unit::Share)
        } else {
            rate(by, value, half, n, Better::Higher).flagged_small(n < 100)
        });
    }
    s.tables = vec![
        Table::new("by_cohort", "Accuracy by cohort")
            .column(TableColumn::text("cohort", "Cohort", cohorts.map(|c| c.0)))
            .column(TableColumn::rows("n", "Rows", cohorts.map(|c| c.1)))
            .column(TableColumn::estimate(
                "accuracy",
                "Accuracy",
                cohorts.map(|c| Some(id("accuracy").of_group(&[("cohort", c.0)]))),
            )),
        Table::new("confusion", "Truth by prediction")
            .column(TableColumn::text("truth", "Truth", ["<=50K", "<=50K", ">50K", ">50K"]))
            .column(TableColumn::text("prediction", "Predicted", ["<=50K", ">50K", "<=50K", ">50K"]))
            .column(TableColumn::rows("n", "Rows", [11_730, 705, 1_342, 2_504])),
        roc_table(),
        calibration_table(),
        score_table(),
    ];
    s.blocks = vec![
        Block::new(
            "by_cohort",
            "Accuracy by cohort",
            "by_cohort",
            BlockKind::Dots {
                label: "cohort".into(),
                value: "accuracy".into(),
                series: None,
                axis: Axis::titled("Accuracy"),
                reference: Some(Reference::Estimate(id("accuracy"))),
            },
            "Young people are predicted best; the line marks everybody.",
        ),
        Block::new(
            "confusion",
            "Truth by prediction",
            "confusion",
            BlockKind::Matrix { row: "truth".into(), column: "prediction".into(), value: "n".into() },
            "1,342 people who earn more than 50K were predicted not to.",
        ),
        Block::new(
            "roc",
            "ROC curve",
            "roc",
            BlockKind::Curve {
                x: "fpr".into(),
                y: "tpr".into(),
                low: Some("low".into()),
                high: Some("high".into()),
                series: None,
                x_axis: Axis::titled("False positive rate").within(0.0, 1.0),
                y_axis: Axis::titled("True positive rate").within(0.0, 1.0),
                reference: Some(Reference::Diagonal),
            },
            "The curve lies far above the diagonal, which a coin would give.",
        ),
        Block::new(
            "calibration",
            "Reliability by sex",
            "calibration",
            BlockKind::Curve {
                x: "predicted".into(),
                y: "observed".into(),
                low: None,
                high: None,
                series: Some("sex".into()),
                x_axis: Axis::titled("Predicted probability").within(0.0, 1.0),
                y_axis: Axis::titled("Share that earns more than 50K").within(0.0, 1.0),
                reference: Some(Reference::Diagonal),
            },
            "Probabilities of women are somewhat too low above 0.5.",
        ),
        Block::new(
            "scores",
            "Distribution of scores",
            "scores",
            BlockKind::Distribution {
                low: "from".into(),
                high: "to".into(),
                value: "share".into(),
                series: Some("truth".into()),
                axis: Axis::titled("Predicted probability"),
            },
            "Most people without a high income have scores below 0.1.",
        ),
    ];
    s
}

fn roc_table() -> Table {
    let points: Vec<f64> = (0..=40).map(|i| f64::from(i) / 40.0).collect();
    let tpr = |x: f64| x.powf(0.16);
    Table::new("roc", "ROC curve")
        .column(
            TableColumn::number("fpr", "False positive rate", points.iter().map(|x| Some(*x))).with_unit(Unit::Share),
        )
        .column(
            TableColumn::number("tpr", "True positive rate", points.iter().map(|x| Some(tpr(*x))))
                .with_unit(Unit::Share),
        )
        .column(
            TableColumn::number("low", "Low", points.iter().map(|x| Some((tpr(*x) - 0.02).max(0.0))))
                .with_unit(Unit::Share),
        )
        .column(
            TableColumn::number("high", "High", points.iter().map(|x| Some((tpr(*x) + 0.02).min(1.0))))
                .with_unit(Unit::Share),
        )
}

fn calibration_table() -> Table {
    let bins: Vec<f64> = (0..10).map(|i| f64::from(i) / 10.0 + 0.05).collect();
    let rows: Vec<(&str, f64, f64)> = bins
        .iter()
        .map(|b| ("Male", *b, b * 0.98 + 0.01))
        .chain(bins.iter().map(|b| ("Female", *b, (b + 0.09 * b * (1.0 - b) * 4.0 * b).min(1.0))))
        .collect();
    Table::new("calibration", "Reliability by sex")
        .column(TableColumn::text("sex", "Sex", rows.iter().map(|r| r.0)))
        .column(TableColumn::number("predicted", "Predicted", rows.iter().map(|r| Some(r.1))).with_unit(Unit::Share))
        .column(TableColumn::number("observed", "Observed", rows.iter().map(|r| Some(r.2))).with_unit(Unit::Share))
}

fn score_table() -> Table {
    let bins: Vec<f64> = (0..20).map(|i| f64::from(i) / 20.0).collect();
    let negative = |x: f64| 0.42 * (-7.0 * x).exp();
    let positive = |x: f64| 0.02 + 0.09 * x * x;
    let rows: Vec<(f64, &str, f64)> = bins
        .iter()
        .map(|b| (*b, "<=50K", negative(*b)))
        .chain(bins.iter().map(|b| (*b, ">50K", positive(*b))))
        .collect();
    Table::new("scores", "Distribution of scores")
        .column(TableColumn::text("truth", "Truth", rows.iter().map(|r| r.1)))
        .column(TableColumn::number("from", "From", rows.iter().map(|r| Some(r.0))))
        .column(TableColumn::number("to", "To", rows.iter().map(|r| Some(r.0 + 0.05))))
        .column(TableColumn::number("share", "Share", rows.iter().map(|r| Some(r.2))).with_unit(Unit::Share))
}

pub(crate) fn fairness() -> Section {
    let id = |metric: &str| EstimateId::new("fairness", metric);
    let mut s = Section::new("fairness", "Fairness", "Does the model treat groups of people alike?");
    let gap = |metric: &str, column: &str| id(metric).aggregated("difference").by(&[column]);
    let p = |value: f64| {
        Some(PValue { value, adjusted: Some(value * 2.0), method: "chi_squared, benjamini_hochberg".into() })
    };
    s.notes = vec![
        Note::new(
            Level::Concern,
            "gap",
            "The model selects 25.6 % of men and 8.1 % of women: a gap of 17.5 percentage points [16.5, 18.6], far more than chance.",
        )
        .about([gap("selection_rate", "sex")]),
        Note::new(
            Level::Concern,
            "gap",
            "Of the women who earn more than 50K, 57.9 % are found; of the men, 66.6 %.",
        )
        .about([gap("true_positive_rate", "sex")]),
        Note::new(Level::Caution, "small_groups", "2 of 5 groups by race have fewer than 100 positive rows; their numbers are marked."),
        Note::new(Level::Finding, "no_gap", "No gap in precision between women and men is to be seen.").about([gap("precision", "sex")]),
    ];
    s.estimates = vec![
        rate(gap("selection_rate", "sex"), 0.1753, 0.0105, 16_281, Better::Zero).with_p_value(p(1e-12)),
        rate(gap("selection_rate", "race"), 0.1812, 0.0493, 16_281, Better::Zero).with_p_value(p(3e-5)),
        rate(gap("true_positive_rate", "sex"), 0.0871, 0.0422, 3_846, Better::Zero).with_p_value(p(2e-4)),
        rate(gap("false_positive_rate", "sex"), 0.0612, 0.0081, 12_435, Better::Zero).with_p_value(p(1e-9)),
        rate(gap("precision", "sex"), 0.0121, 0.0344, 3_209, Better::Zero).with_p_value(p(0.48)),
        plain(id("selection_rate").aggregated("ratio").by(&["sex"]), 0.316, 0.031, 16_281, Better::One),
    ];
    s.tables = vec![
        by_group(
            &mut s.estimates,
            "sex",
            &[("Female", 5_421, 0.0812, 0.0073, false), ("Male", 10_860, 0.2565, 0.0082, false)],
        ),
        by_group(
            &mut s.estimates,
            "race",
            &[
                ("White", 13_946, 0.2112, 0.0068, false),
                ("Black", 1_561, 0.0891, 0.0142, false),
                ("Asian-Pac-Islander", 480, 0.2413, 0.0384, false),
                ("Amer-Indian-Eskimo", 159, 0.0601, 0.0381, true),
                ("Other", 135, 0.1033, 0.0521, true),
            ],
        ),
        intersections(&mut s.estimates),
    ];
    let axis = Axis::titled("Share predicted to earn more than 50K");
    let dots = |by: &str, says: &str| {
        Block::new(
            &format!("selection_rate_{by}"),
            &format!("Selection rate by {by}"),
            &format!("by_{by}"),
            BlockKind::Dots {
                label: "group".into(),
                value: "selection_rate".into(),
                series: None,
                axis: axis.clone(),
                reference: Some(Reference::At(0.198)),
            },
            says,
        )
    };
    s.blocks = vec![
        dots("sex", "Men are selected three times as often as women; the line marks everybody (19.8 %)."),
        dots("race", "Two groups are small: their intervals are wide."),
        Block::new(
            "intersections",
            "Selection rate by sex and race",
            "intersections",
            BlockKind::HeatMap {
                x: "race".into(),
                y: "sex".into(),
                value: "selection_rate".into(),
                axis: Axis::titled("Selection rate"),
            },
            "Black women are selected least.",
        ),
    ];
    s
}

fn by_group(estimates: &mut Vec<Estimate>, column: &str, groups: &[(&str, u64, f64, f64, bool)]) -> Table {
    let id = |metric: &str, group: &str| EstimateId::new("fairness", metric).of_group(&[(column, group)]);
    for (group, n, value, half, small) in groups {
        estimates.push(rate(id("selection_rate", group), *value, *half, *n, Better::Neither).flagged_small(*small));
        let tpr = id("true_positive_rate", group);
        estimates.push(if *group == "Other" {
            Estimate::absent(tpr, Missing::NoPositives, *n, Better::Higher).with_unit(Unit::Share)
        } else {
            rate(tpr, 0.55 + value / 2.0, half * 2.0, n / 4, Better::Higher).flagged_small(*small)
        });
        estimates.push(
            rate(id("false_positive_rate", group), value / 4.0, half / 2.0, *n, Better::Lower).flagged_small(*small),
        );
        estimates
            .push(rate(id("accuracy", group), 0.95 - value / 2.0, *half, *n, Better::Higher).flagged_small(*small));
    }
    let shown =
        |metric: &str, title: &str| TableColumn::estimate(metric, title, groups.iter().map(|g| Some(id(metric, g.0))));
    Table::new(&format!("by_{column}"), &format!("By {column}"))
        .column(TableColumn::text("group", column, groups.iter().map(|g| g.0)))
        .column(TableColumn::rows("n", "Rows", groups.iter().map(|g| g.1)))
        .column(shown("selection_rate", "Selection rate"))
        .column(shown("true_positive_rate", "True positive rate"))
        .column(shown("false_positive_rate", "False positive rate"))
        .column(shown("accuracy", "Accuracy"))
}

fn intersections(estimates: &mut Vec<Estimate>) -> Table {
    let races = ["White", "Black", "Asian-Pac-Islander", "Amer-Indian-Eskimo", "Other"];
    let mut rows: Vec<(&str, &str, EstimateId)> = Vec::new();
    for (i, sex) in ["Female", "Male"].iter().enumerate() {
        for (j, race) in races.iter().enumerate() {
            let id = EstimateId::new("fairness", "selection_rate").of_group(&[("sex", sex), ("race", race)]);
            let value = 0.04 + 0.17 * i as f64 + 0.012 * ((j * 3) % 5) as f64;
            estimates.push(if i == 0 && j == 4 {
                Estimate::absent(id.clone(), Missing::BelowMinSize, 21, Better::Neither).with_unit(Unit::Share)
            } else {
                rate(id.clone(), value, 0.01 + 0.012 * j as f64, 4000 / (1 + j as u64 * 8), Better::Neither)
                    .flagged_small(j > 2)
            });
            rows.push((sex, race, id));
        }
    }
    Table::new("intersections", "By sex and race")
        .column(TableColumn::text("sex", "sex", rows.iter().map(|r| r.0)))
        .column(TableColumn::text("race", "race", rows.iter().map(|r| r.1)))
        .column(TableColumn::estimate("selection_rate", "Selection rate", rows.iter().map(|r| Some(r.2.clone()))))
}

pub(crate) fn errors() -> Section {
    let mut s = Section::new("errors", "Errors", "Where does the model fail most?");
    s.notes = vec![Note::new(
        Level::Caution,
        "explored",
        "These parts of the rows were searched for; expect errors to be somewhat lower on new rows.",
    )];
    let nodes: [(&str, Option<&str>, &str, f64, i64); 7] = [
        ("0", None, "all", 0.127, 16_281),
        ("1", Some("0"), "married = no", 0.064, 8_800),
        ("2", Some("0"), "married = yes", 0.201, 7_481),
        ("3", Some("1"), "education_years ≤ 12", 0.031, 6_100),
        ("4", Some("1"), "education_years > 12", 0.139, 2_700),
        ("5", Some("2"), "capital_gain ≤ 5,000", 0.224, 6_520),
        ("6", Some("2"), "capital_gain > 5,000", 0.044, 961),
    ];
    s.tables = vec![
        Table::new("tree", "Error rate by part")
            .column(TableColumn::text("node", "Node", nodes.map(|n| n.0)))
            .column(TableColumn {
                id: "parent".into(),
                title: "Parent".into(),
                unit: Unit::Plain,
                cells: Cells::Text(nodes.iter().map(|n| n.1.map(str::to_owned)).collect()),
            })
            .column(TableColumn::text("label", "Part", nodes.map(|n| n.2)))
            .column(TableColumn::number("error", "Error rate", nodes.map(|n| Some(n.3))).with_unit(Unit::Share))
            .column(TableColumn::integer("n", "Rows", nodes.map(|n| Some(n.4))).with_unit(Unit::Rows)),
        Table::new("importance", "What errors go with")
            .column(TableColumn::text(
                "feature",
                "Feature",
                ["married", "education_years", "capital_gain", "age", "hours_per_week"],
            ))
            .column(
                TableColumn::number("information", "Mutual information", [0.071, 0.044, 0.021, 0.018, 0.009].map(Some))
                    .with_unit(Unit::Nats),
            ),
        Table::new("one", "One prediction, step by step")
            .column(TableColumn::text("step", "Step", ["base", "education = Masters", "age = 28", "hours = 55"]))
            .column(TableColumn::number("by", "Change", [0.24, 0.21, -0.18, 0.11].map(Some)).with_unit(Unit::Share)),
        Table::new("rows", "Age and score")
            .column(TableColumn::number("age", "Age", (0..400).map(|i| Some(17.0 + f64::from((i * 37) % 60)))))
            .column(
                TableColumn::number(
                    "score",
                    "Score",
                    (0..400).map(|i| Some(f64::from((i * 53) % 97) / 97.0 * f64::from((i * 37) % 60) / 60.0)),
                )
                .with_unit(Unit::Share),
            )
            .column(TableColumn::text("truth", "Truth", (0..400).map(|i| if i % 4 == 0 { ">50K" } else { "<=50K" }))),
        Table::new("by_job", "Errors by job and kind")
            .column(TableColumn::text(
                "job",
                "Job",
                ["Sales", "Sales", "Tech-support", "Tech-support", "Farming", "Farming"],
            ))
            .column(TableColumn::text("kind", "Kind", ["false positive", "false negative"].repeat(3)))
            .column(TableColumn::rows("n", "Rows", [81, 143, 30, 51, 4, 22])),
    ];
    s.blocks = vec![
        Block::new(
            "tree",
            "Error tree",
            "tree",
            BlockKind::Tree {
                node: "node".into(),
                parent: "parent".into(),
                label: "label".into(),
                value: "error".into(),
                weight: "n".into(),
                more: Vec::new(),
            },
            "Married people without large capital gains are predicted worst.",
        ),
        Block::new(
            "importance",
            "What errors go with",
            "importance",
            BlockKind::Ranking {
                label: "feature".into(),
                value: "information".into(),
                axis: Axis::titled("Mutual information with errors"),
            },
            "Marriage tells most about where errors are.",
        ),
        Block::new(
            "by_job",
            "Errors by job and kind",
            "by_job",
            BlockKind::Bars {
                label: "job".into(),
                value: "n".into(),
                series: Some("kind".into()),
                axis: Axis::titled("Rows"),
            },
            "Misses outnumber false alarms in each job.",
        ),
        Block::new(
            "one",
            "One prediction, step by step",
            "one",
            BlockKind::Waterfall { label: "step".into(), value: "by".into() },
            "Education raises this score most.",
        ),
        Block::new(
            "rows",
            "Age and score",
            "rows",
            BlockKind::Scatter {
                x: "age".into(),
                y: "score".into(),
                colour: Some("truth".into()),
                x_axis: Axis::titled("Age"),
                y_axis: Axis::titled("Score"),
            },
            "Scores rise with age.",
        ),
        Block::new(
            "cautions",
            "How to read this",
            "",
            BlockKind::Text {},
            "Parts were found by looking; test them on new rows before acting.",
        ),
        Block::new("all_parts", "All parts", "tree", BlockKind::Table {}, "Every part with its error rate."),
    ];
    s
}
