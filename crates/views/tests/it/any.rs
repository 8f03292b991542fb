//! Whatever a document holds, every view draws it.

use equipoise_document::*;
use equipoise_views::{Format, TerminalOptions, chart, html, render};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use crate::pages::elements;
use crate::sample;

const COLUMNS: [&str; 6] = ["a", "b", "c", "d", "e", "gone"];

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        "\\PC{0,12}",
        any::<String>(),
        Just("<script>&\"'`|".to_owned()),
        Just("שלום\u{202e}".to_owned()),
        "[a-z ]{40,90}",
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        -1.0..1.0_f64,
        Just(0.0),
        Just(-0.0),
        Just(f64::MAX),
        Just(f64::MIN),
        Just(f64::MIN_POSITIVE),
        any::<f64>().prop_filter("finite", |x| x.is_finite()),
        (0..5_i32).prop_map(f64::from),
    ]
}

fn estimate(i: usize) -> impl Strategy<Value = Estimate> {
    let unit = prop_oneof![
        Just(Unit::Plain),
        Just(Unit::Share),
        Just(Unit::Rows),
        Just(Unit::Nats),
        words().prop_map(Unit::Named)
    ];
    (number(), number(), number(), any::<bool>(), any::<bool>(), unit, words()).prop_map(
        move |(value, low, high, is_missing, small, unit, group)| {
            let id = EstimateId::new("any", "m").of_group(&[("i", i.to_string()), ("g", group)]);
            let estimate = if is_missing {
                Estimate::absent(id, Missing::ZeroDenominator, 3, Better::Zero)
            } else {
                Estimate::new(id, value, 3, Better::Zero)
            };
            estimate.with_interval(Some(Interval::new(low, high, 0.9, "m"))).with_unit(unit).flagged_small(small)
        },
    )
}

fn cells(n: usize, ids: Vec<EstimateId>) -> impl Strategy<Value = Cells> {
    let ids = prop::option::of(prop::sample::select(ids));
    prop_oneof![
        prop::collection::vec(prop::option::of(words()), n).prop_map(Cells::Text),
        prop::collection::vec(prop::option::of(number()), n).prop_map(Cells::Number),
        prop::collection::vec(prop::option::of(any::<i64>()), n).prop_map(Cells::Integer),
        prop::collection::vec(prop::option::of(any::<bool>()), n).prop_map(Cells::Boolean),
        prop::collection::vec(ids, n).prop_map(Cells::Estimate),
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    (words(), any::<bool>(), prop::option::of((number(), number()))).prop_map(|(title, is_log, domain)| Axis {
        title,
        scale: if is_log { Scale::Log } else { Scale::Linear },
        domain,
    })
}

fn kind() -> impl Strategy<Value = BlockKind> {
    let column = || prop::sample::select(&COLUMNS[..]).prop_map(str::to_owned);
    let maybe = move || prop::option::of(column());
    let reference = || prop::option::of(prop_oneof![Just(Reference::Diagonal), number().prop_map(Reference::At)]);
    prop_oneof![
        Just(BlockKind::Text {}),
        Just(BlockKind::Table {}),
        (column(), column(), maybe(), axis()).prop_map(|(label, value, series, axis)| BlockKind::Bars {
            label,
            value,
            series,
            axis
        }),
        (column(), column(), maybe(), axis(), reference()).prop_map(|(label, value, series, axis, reference)| {
            BlockKind::Dots { label, value, series, axis, reference }
        }),
        (column(), column(), maybe(), maybe(), maybe(), axis(), axis(), reference()).prop_map(
            |(x, y, low, high, series, x_axis, y_axis, reference)| BlockKind::Curve {
                x,
                y,
                low,
                high,
                series,
                x_axis,
                y_axis,
                reference
            }
        ),
        (column(), column(), column(), axis()).prop_map(|(x, y, value, axis)| BlockKind::HeatMap { x, y, value, axis }),
        (column(), column(), column()).prop_map(|(row, column, value)| BlockKind::Matrix { row, column, value }),
        (column(), column(), column(), column(), column()).prop_map(|(node, parent, label, value, weight)| {
            BlockKind::Tree { node, parent, label, value, weight, more: Vec::new() }
        }),
        (column(), column(), column(), maybe(), axis()).prop_map(|(low, high, value, series, axis)| {
            BlockKind::Distribution { low, high, value, series, axis }
        }),
        (column(), column(), axis()).prop_map(|(label, value, axis)| BlockKind::Ranking { label, value, axis }),
        (prop::array::uniform6(column()), maybe(), maybe(), axis()).prop_map(|(names, outliers, panel, axis)| {
            let [label, low, q1, median, q3, high] = names;
            BlockKind::Boxes { label, low, q1, median, q3, high, outliers, panel, axis }
        }),
        (column(), column()).prop_map(|(label, value)| BlockKind::Waterfall { label, value }),
        (column(), column(), maybe(), axis(), axis()).prop_map(|(x, y, colour, x_axis, y_axis)| BlockKind::Scatter {
            x,
            y,
            colour,
            x_axis,
            y_axis
        }),
    ]
}

fn section() -> impl Strategy<Value = Section> {
    (0..25_usize)
        .prop_flat_map(|n| {
            let estimates: Vec<_> = (0..4).map(estimate).collect();
            (Just(n), estimates)
        })
        .prop_flat_map(|(n, estimates)| {
            let ids: Vec<EstimateId> = estimates.iter().map(|e| e.id.clone()).collect();
            let columns = prop::collection::vec((words(), cells(n, ids)), 5);
            let blocks = prop::collection::vec((words(), words(), kind()), 0..5);
            (Just(estimates), columns, blocks, words(), words())
        })
        .prop_map(|(estimates, columns, blocks, title, note)| {
            let mut section = Section::new("any", &title, &note);
            section.notes = vec![Note::new(Level::Concern, "c", note)];
            section.estimates = estimates;
            let mut table = Table::new("t", &title);
            for (id, (title, cells)) in COLUMNS.iter().zip(columns) {
                let unit = if title.len() % 2 == 0 { Unit::Share } else { Unit::Plain };
                table.columns.push(TableColumn { id: (*id).to_owned(), title, unit, cells });
            }
            section.tables = vec![table];
            section.blocks =
                blocks.into_iter().map(|(id, says, kind)| Block::new(&id, &says, "t", kind, says.clone())).collect();
            section
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_drawn_in_every_format(section in section(), width in 1..130_usize, unicode in any::<bool>()) {
        let document = Document { sections: vec![section], ..sample::document() };
        elements(&html(&document));
        for block in &document.sections[0].blocks {
            if let Some(svg) = chart(&document.sections[0], block) {
                elements(&svg);
                prop_assert!(!svg.contains("NaN") && !svg.contains("inf\""));
            }
        }
        let options = TerminalOptions { width, unicode, colour: false, all: true };
        for format in [Format::Table, Format::Markdown, Format::Csv, Format::Json] {
            for (section, table) in [(None, None), (Some("any"), None), (None, Some("t"))] {
                let text = render(&document, section, table, format, &options).unwrap();
                if format == Format::Table {
                    for line in text.lines() {
                        prop_assert!(line.width() <= width, "{} > {}: {:?}", line.width(), width, line);
                    }
                }
                if format == Format::Json {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
                }
            }
        }
    }
}
