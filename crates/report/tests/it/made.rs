//! Documents to report on.

use equipoise_document::{
    Axis, Better, Block, BlockKind, CohortSummary, ColumnRole, ColumnSummary, ColumnType, DataSpec, DatasetSummary,
    Document, Estimate, EstimateId, GroupingSpec, InputFingerprint, Interval, Level, ModelSummary, Note, Provenance,
    RunSpec, SCHEMA_VERSION, Section, Table, TableColumn, Task, Unit,
};
use equipoise_report::{Assets, Config, Scorecard};

pub(crate) fn share(id: EstimateId, value: f64, n: u64) -> Estimate {
    let interval = Interval::new((value - 0.02).max(0.0), (value + 0.02).min(1.0), 0.95, "wilson");
    Estimate::new(id, value, n, Better::Higher).with_unit(Unit::Share).with_interval(Some(interval))
}

fn performance() -> Section {
    let id = |metric: &str| EstimateId::new("performance", metric);
    let mut section = Section::new("performance", "Model performance", "How good are the predictions?");
    for (metric, value) in [("accuracy", 0.872), ("precision", 0.75), ("recall", 0.62), ("selection_rate", 0.2)] {
        section.estimates.push(share(id(metric), value, 1000));
        section.estimates.push(share(id(metric).within(Some("young")), value - 0.1, 200));
    }
    let shown = ["accuracy", "precision", "recall"];
    section.tables.push(
        Table::new("metrics", "Metrics")
            .column(TableColumn::text("metric", "Metric", ["Accuracy", "Precision", "Recall"]))
            .column(TableColumn::estimate("value", "Value", shown.map(|m| Some(id(m)))))
            .column(TableColumn::text(
                "says",
                "What it is",
                ["share predicted right", "of the predicted", "of the true"],
            )),
    );
    section.tables.push(
        Table::new("by_cohort", "By cohort")
            .column(TableColumn::text("cohort", "Cohort", ["all", "young"]))
            .column(TableColumn::rows("n", "Rows", [1000, 200]))
            .column(TableColumn::estimate(
                "accuracy",
                "Accuracy",
                [Some(id("accuracy")), Some(id("accuracy").within(Some("young")))],
            )),
    );
    section.tables.push(
        Table::new("roc", "ROC")
            .column(TableColumn::number("x", "False positive rate", [0.0, 0.2, 1.0].map(Some)))
            .column(TableColumn::number("y", "True positive rate", [0.0, 0.8, 1.0].map(Some))),
    );
    let curve = BlockKind::Curve {
        x: "x".to_owned(),
        y: "y".to_owned(),
        low: None,
        high: None,
        series: None,
        x_axis: Axis::titled("False positive rate").within(0.0, 1.0),
        y_axis: Axis::titled("True positive rate").within(0.0, 1.0),
        reference: None,
    };
    section.blocks.push(Block::new("roc", "ROC curve", "roc", curve, "Found positives against false alarms."));
    section.notes.push(Note::new(Level::Finding, "overall", "The prediction is right for 87.2 % of 1,000 rows."));
    section.notes.push(Note::new(Level::Caution, "few", "Few rows are in `young`."));
    section
}

/// Groups of a sensitive column with their selection rates.
pub(crate) fn fairness(column: &str, groups: &[String]) -> Section {
    let of = |group: &str| EstimateId::new("fairness", "selection_rate").of_group(&[(column, group)]);
    let gap = |aggregate: &str| EstimateId::new("fairness", "selection_rate").aggregated(aggregate).by(&[column]);
    let mut section = Section::new("fairness", "Fairness", "Are groups treated alike?");
    for (i, group) in (0_u32..).zip(groups) {
        section.estimates.push(share(of(group), f64::from(i % 97) / 100.0, 30));
    }
    section.estimates.push(share(gap("difference"), 0.18, 1000));
    section.estimates.push(share(gap("ratio"), 0.4, 1000));
    let table = format!("by_group[{column}]");
    section.tables.push(
        Table::new(&table, "Groups")
            .column(TableColumn::text("group", "Group", groups.iter().map(String::as_str)))
            .column(TableColumn::estimate("selection_rate", "Selection rate", groups.iter().map(|g| Some(of(g))))),
    );
    section.tables.push(
        Table::new(&format!("gaps[{column}]"), "Gaps")
            .column(TableColumn::text("metric", "Metric", ["Selection rate"]))
            .column(TableColumn::text("lowest", "Lowest group", [groups[0].as_str()]))
            .column(TableColumn::text("highest", "Highest group", [groups[1].as_str()]))
            .column(TableColumn::estimate("difference", "Difference", [Some(gap("difference"))]))
            .column(TableColumn::estimate("ratio", "Ratio", [Some(gap("ratio"))])),
    );
    let dots = BlockKind::Dots {
        label: "group".to_owned(),
        value: "selection_rate".to_owned(),
        series: None,
        axis: Axis::titled("Selection rate").within(0.0, 1.0),
        reference: None,
    };
    let id = format!("selection_rate_by[{column}]");
    section.blocks.push(Block::new(
        &id,
        &format!("Selection rate by {column}"),
        &table,
        dots,
        "Each group with its interval.",
    ));
    section.notes.push(Note::new(Level::Concern, "gap", format!("Selection rate by `{column}`: a gap of 18 points.")));
    section
}

fn column(name: &str, roles: &[ColumnRole]) -> ColumnSummary {
    ColumnSummary {
        name: name.to_owned(),
        column_type: ColumnType::Categorical,
        roles: roles.to_vec(),
        n_missing: 0,
        n_levels: Some(2),
        min: None,
        max: None,
    }
}

/// A document with these groups in this column.
pub(crate) fn with_groups(name: &str, groups: &[String]) -> Document {
    Document {
        schema_version: SCHEMA_VERSION.to_owned(),
        spec: RunSpec {
            target: Some("repaid".to_owned()),
            positive: Some("yes".to_owned()),
            sensitive: vec![GroupingSpec::Column(name.to_owned())],
            data: DataSpec { test: "loans.csv".to_owned(), ..DataSpec::default() },
            ..RunSpec::default()
        },
        provenance: Provenance {
            equipoise: "0.1.0".to_owned(),
            seed: 0,
            spec_sha256: "ab".repeat(32),
            inputs: vec![
                InputFingerprint {
                    role: "test".to_owned(),
                    name: "loans.csv".to_owned(),
                    sha256: Some("cd".repeat(32)),
                    bytes: Some(123_456),
                },
                InputFingerprint {
                    role: "model".to_owned(),
                    name: "credit.onnx".to_owned(),
                    sha256: Some("ef".repeat(32)),
                    bytes: Some(4_000),
                },
            ],
            partial: false,
        },
        task: Task::Binary,
        classes: vec!["no".to_owned(), "yes".to_owned()],
        datasets: vec![DatasetSummary {
            part: "test".to_owned(),
            n_rows: 1000,
            columns: vec![
                column("repaid", &[ColumnRole::Target]),
                column(name, &[ColumnRole::Feature, ColumnRole::Sensitive]),
            ],
        }],
        model: Some(ModelSummary {
            format: "onnx".to_owned(),
            describes: "gradient-boosted trees, 100 trees".to_owned(),
            features: vec![name.to_owned()],
            n_outputs: 2,
        }),
        cohorts: vec![
            CohortSummary { name: "all".to_owned(), predicate: None, n: 1000 },
            CohortSummary { name: "young".to_owned(), predicate: Some("age < 25".to_owned()), n: 200 },
        ],
        notes: Vec::new(),
        sections: vec![performance(), fairness(name, groups)],
        artifacts: Vec::new(),
    }
}

pub(crate) fn document() -> Document {
    with_groups("sex", &["female".to_owned(), "male".to_owned()])
}

pub(crate) fn assets() -> Assets {
    Assets { date: Some("2026-03-04T05:06:07Z".to_owned()), document_sha256: "12".repeat(32), ..Assets::default() }
}

/// A scorecard with the verdicts on the configuration's targets.
pub(crate) fn card(document: &Document, config: &Config) -> Scorecard {
    let policy = config.policy(document).unwrap();
    let verdicts = equipoise_govern::check(document, &policy);
    equipoise_report::scorecard(document, &verdicts, config, &assets()).unwrap()
}
