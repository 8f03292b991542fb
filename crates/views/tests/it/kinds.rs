//! Every kind of block is drawn, with what is missing and what is small.

use equipoise_document::*;
use equipoise_views::{Format, TerminalOptions, chart, html, render};

use crate::pages::elements;
use crate::sample;

/// A table with a column of each type; the last rows have no value, each in its own way.
pub(crate) fn section() -> Section {
    let id = |i: usize| EstimateId::new("kinds", "rate").of_group(&[("g", format!("g{i}"))]);
    let mut section = Section::new("kinds", "Kinds", "Is every kind drawn?");
    for i in 0..4 {
        let estimate = Estimate::new(id(i), 0.2 + 0.15 * i as f64, 50, Better::Higher)
            .with_unit(Unit::Share)
            .with_interval(Some(Interval::new(0.1 + 0.15 * i as f64, 0.33 + 0.15 * i as f64, 0.95, "wilson")));
        section.estimates.push(estimate.flagged_small(i == 3));
    }
    section.estimates.push(Estimate::absent(id(4), Missing::NoPositives, 5, Better::Higher).with_unit(Unit::Share));
    let ids = (0..4).map(|i| Some(id(i))).chain([Some(id(4)), Some("kinds.gone".parse().unwrap()), None]);
    section.tables = vec![
        Table::new("t", "Seven rows")
            .column(TableColumn::text("name", "Name", (0..7).map(|i| format!("name {i}"))))
            .column(TableColumn {
                id: "parent".into(),
                title: "Parent".into(),
                unit: Unit::Plain,
                cells: Cells::Text(
                    (0..7).map(|i: usize| i.checked_sub(1).map(|i| format!("name {}", i / 2))).collect(),
                ),
            })
            .column(TableColumn::text("half", "Half", (0..7).map(|i| if i < 4 { "first" } else { "second" })))
            .column(TableColumn::estimate("rate", "Rate", ids))
            .column(TableColumn::number("x", "X", (0..7).map(|i| (i != 5).then_some(f64::from(i)))))
            .column(TableColumn::number("x1", "X + 1", (0..7).map(|i| (i != 5).then_some(f64::from(i) + 1.0))))
            .column(TableColumn::number("x2", "X + 1.5", (0..7).map(|i| (i != 5).then_some(f64::from(i) + 1.5))))
            .column(TableColumn::number("x3", "X + 3", (0..7).map(|i| (i != 5).then_some(f64::from(i) + 3.0))))
            .column(TableColumn::number("x4", "X + 7", (0..7).map(|i| (i != 5).then_some(f64::from(i) + 7.0))))
            .column(TableColumn::rows("n", "Rows", (0..7).map(|i| 10_u64.pow(i)))),
    ];
    section.blocks = kinds()
        .into_iter()
        .map(|kind| {
            let name = name(&kind);
            Block::new(name, name, "t", kind, format!("This is {name}."))
        })
        .collect();
    section
}

/// One of each kind.
fn kinds() -> Vec<BlockKind> {
    let s = str::to_owned;
    vec![
        BlockKind::Text {},
        BlockKind::Table {},
        BlockKind::Bars { label: s("name"), value: s("rate"), series: None, axis: Axis::default() },
        BlockKind::Dots {
            label: s("name"),
            value: s("rate"),
            series: Some(s("half")),
            axis: Axis::titled("Rate").within(0.0, 0.6),
            reference: Some(Reference::At(0.5)),
        },
        BlockKind::Curve {
            x: s("x"),
            y: s("rate"),
            low: None,
            high: None,
            series: Some(s("half")),
            x_axis: Axis::default(),
            y_axis: Axis::default(),
            reference: Some(Reference::Estimate("kinds.rate[g=g1]".parse().unwrap())),
        },
        BlockKind::HeatMap { x: s("name"), y: s("half"), value: s("rate"), axis: Axis::default() },
        BlockKind::Matrix { row: s("half"), column: s("name"), value: s("n") },
        BlockKind::Tree {
            node: s("name"),
            parent: s("parent"),
            label: s("name"),
            value: s("rate"),
            weight: s("n"),
            more: Vec::new(),
        },
        BlockKind::Distribution {
            low: s("x"),
            high: s("x1"),
            value: s("rate"),
            series: Some(s("half")),
            axis: Axis::default(),
        },
        BlockKind::Ranking {
            label: s("name"),
            value: s("n"),
            axis: Axis { scale: Scale::Log, ..Axis::titled("Rows") },
        },
        BlockKind::Boxes {
            label: s("name"),
            low: s("x"),
            q1: s("x1"),
            median: s("x2"),
            q3: s("x3"),
            high: s("x4"),
            outliers: Some(s("n")),
            panel: Some(s("half")),
            axis: Axis::default(),
        },
        BlockKind::Waterfall { label: s("name"), value: s("rate") },
        BlockKind::Scatter {
            x: s("x"),
            y: s("rate"),
            colour: Some(s("n")),
            x_axis: Axis::default(),
            y_axis: Axis::default(),
        },
    ]
}

/// The name of a kind. A new kind does not compile until it has one here and an example above.
fn name(kind: &BlockKind) -> &'static str {
    match kind {
        BlockKind::Text {} => "text",
        BlockKind::Table {} => "table",
        BlockKind::Bars { .. } => "bars",
        BlockKind::Dots { .. } => "dots",
        BlockKind::Curve { .. } => "curve",
        BlockKind::HeatMap { .. } => "heat_map",
        BlockKind::Matrix { .. } => "matrix",
        BlockKind::Tree { .. } => "tree",
        BlockKind::Distribution { .. } => "distribution",
        BlockKind::Ranking { .. } => "ranking",
        BlockKind::Boxes { .. } => "boxes",
        BlockKind::Waterfall { .. } => "waterfall",
        BlockKind::Scatter { .. } => "scatter",
    }
}

#[test]
fn every_kind_is_drawn() {
    let section = section();
    let names: std::collections::BTreeSet<&str> = section.blocks.iter().map(|b| name(&b.kind)).collect();
    assert_eq!(names.len(), 13, "one example of each kind");
    let document = Document { sections: vec![section.clone()], ..sample::document() };
    let page = html(&document);
    assert_eq!(elements(&page)["svg"], 11);
    assert!(!page.contains("could not be drawn"), "a block of the kinds is not drawn");
    let text = render(&document, Some("kinds"), None, Format::Table, &TerminalOptions::default()).unwrap();
    assert!(text.contains("This is waterfall."));
    for block in section.blocks.iter().filter(|b| !matches!(b.kind, BlockKind::Text {} | BlockKind::Table {})) {
        let svg = chart(&section, block).unwrap();
        elements(&svg);
        insta::assert_snapshot!(format!("kind_{}_svg", block.id), svg.replace("><", ">\n<"));
    }
}

/// A value that does not exist is a hollow mark with its reason, never a mark at zero.
#[test]
fn what_is_missing_looks_missing() {
    let section = section();
    for kind in ["bars", "dots"] {
        let svg = chart(&section, section.blocks.iter().find(|b| b.id == kind).unwrap()).unwrap();
        assert_eq!(svg.matches("class=\"no\"").count(), 3, "{kind}: three rows have no value");
        assert!(svg.contains("no value: no row is truly positive"));
        assert!(svg.contains("no value: the document does not hold this number"));
        assert_eq!(svg.matches("†").count(), 3, "{kind}: beside the small number, in its tip and in the legend");
    }
}

#[test]
fn intervals_are_drawn_where_there_are_any() {
    let section = section();
    let svg = chart(&section, section.blocks.iter().find(|b| b.id == "dots").unwrap()).unwrap();
    // Four intervals with a line and two ends each; the end 0.78 lies beyond the axis, which stops at the largest
    // value, 0.65.
    assert_eq!(svg.matches(" ci\"").count(), 11);
}

/// A whisker at each side, the quartiles as a rectangle, the median as a line, what lies beyond in words; an axis for each panel.
#[test]
fn boxes_show_five_numbers() {
    let section = section();
    let block = section.blocks.iter().find(|b| b.id == "boxes").unwrap();
    let svg = chart(&section, block).unwrap();
    assert_eq!(svg.matches(" bx\"").count(), 6);
    assert_eq!(svg.matches(" md\"").count(), 6);
    assert_eq!(svg.matches(" ci\"").count(), 24);
    assert_eq!(svg.matches("class=\"no\"").count(), 1, "the sixth row has no numbers");
    assert!(
        svg.contains("name 1: whiskers from 1.000, quartile 2.000, median 2.500, quartile 4.000, to 8.000; 10 beyond")
    );
    assert!(svg.contains(">first<") && svg.contains(">second<"));
    let boxes_alone = Section { blocks: vec![block.clone()], ..section.clone() };
    let document = Document { sections: vec![boxes_alone], ..sample::document() };
    let wide = TerminalOptions { width: 200, ..TerminalOptions::default() };
    let text = render(&document, Some("kinds"), None, Format::Table, &wide).unwrap();
    let line = text.lines().find(|line| line.contains("name 0")).unwrap();
    // From 0 to 10 over 36 places: whiskers 0 and 7, quartiles 1 and 3, median 1.5.
    assert!(line.contains("├───▒┃▒▒▒▒▒▒─────────────┤"), "{line}");
    // Where there is no room beside the numbers they stand above them.
    let narrow = TerminalOptions { width: 80, ..TerminalOptions::default() };
    let text = render(&document, Some("kinds"), None, Format::Table, &narrow).unwrap();
    let first = text.lines().find(|line| line.contains("name 0")).unwrap();
    assert!(first.starts_with("first") && first.contains('┃') && first.trim_end().ends_with('┤'), "{first}");
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn blocks_without_their_columns_say_so() {
    let mut section = section();
    section.blocks = vec![Block::new(
        "b",
        "B",
        "t",
        BlockKind::Waterfall { label: "name".into(), value: "gone".into() },
        "Nothing.",
    )];
    let page = html(&Document { sections: vec![section.clone()], ..sample::document() });
    assert!(page.contains("This picture could not be drawn: table `t` has no column `gone`."));
    assert!(chart(&section, &section.blocks[0]).is_none());
}

#[test]
fn many_points_become_density() {
    let n = 5_000;
    let mut section = Section::new("s", "S", "");
    let places = |by: u64| (0..n).map(move |i: u64| Some(((i * by) % 997) as f64));
    section.tables =
        vec![Table::new("t", "T").column(TableColumn::number("x", "X", places(7))).column(TableColumn::number(
            "y",
            "Y",
            places(13),
        ))];
    let kind = BlockKind::Scatter {
        x: "x".into(),
        y: "y".into(),
        colour: None,
        x_axis: Axis::default(),
        y_axis: Axis::default(),
    };
    let svg = chart(&section, &Block::new("b", "B", "t", kind, "S.")).unwrap();
    assert!(!svg.contains("<circle") && svg.contains("5,000 points"));
    assert!(svg.len() < 300_000, "{} bytes", svg.len());
}

#[test]
fn a_tree_that_goes_in_circles_is_still_drawn_once() {
    let mut section = Section::new("s", "S", "");
    let column = |id: &str, values: [&str; 4]| TableColumn::text(id, id, values);
    section.tables = vec![
        Table::new("t", "T")
            .column(column("node", ["a", "b", "c", "a"]))
            .column(column("parent", ["b", "a", "c", "nobody"]))
            .column(TableColumn::number("v", "V", [0.1, 0.2, 0.3, 0.4].map(Some))),
    ];
    let s = str::to_owned;
    let kind = BlockKind::Tree {
        node: s("node"),
        parent: s("parent"),
        label: s("node"),
        value: s("v"),
        weight: s("v"),
        more: Vec::new(),
    };
    let svg = chart(&section, &Block::new("b", "B", "t", kind, "S.")).unwrap();
    assert_eq!(svg.matches("class=\"nd\"").count(), 4);
}
