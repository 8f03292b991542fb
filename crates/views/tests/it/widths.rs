//! No line of the terminal view is wider than asked, whatever the names.

use equipoise_document::*;
use equipoise_views::{Format, TerminalOptions, render};
use unicode_width::UnicodeWidthStr;

use crate::sample;

pub(crate) fn hostile() -> Document {
    let mut document = sample::document();
    let names = [
        "<script>alert(1)</script>".to_owned(),
        "x".repeat(300),
        "שלום עולם \u{202e}txt.exe".to_owned(),
        String::new(),
        "a\u{1b}[31mred\nnew line\ttab".to_owned(),
        "日本語の名前がとても長い場合".to_owned(),
        "☺\u{fe0f}👩\u{200d}👩\u{200d}👧 & \"quotes\" 'n' |pipes|".to_owned(),
        "e\u{301}".repeat(40),
    ];
    let mut section = Section::new("hostile", &names[0], &names[1]);
    let ids: Vec<EstimateId> =
        names.iter().map(|n| EstimateId::new("hostile", "rate").of_group(&[(&names[0], n)])).collect();
    section.estimates = ids
        .iter()
        .enumerate()
        .map(|(i, id)| match i {
            3 => Estimate::absent(id.clone(), Missing::NoSelected, 0, Better::Lower),
            5 => Estimate::new(id.clone(), -1e15, 3, Better::Lower).flagged_small(true),
            _ => Estimate::new(id.clone(), 1.0 / (i as f64 + 1.0), 12, Better::Lower)
                .with_interval(Some(Interval::new(-2.0, 1e7, 0.9, "x"))),
        })
        .collect();
    section.notes = names.iter().map(|n| Note::new(Level::Concern, "x", n.clone())).collect();
    let shown = ids.iter().cloned().map(Some).chain([None, Some("hostile.gone".parse().unwrap())]);
    let more = names.iter().cloned().chain(["p".into(), "q".into()]);
    section.tables = vec![
        Table::new("t", &names[2])
            .column(TableColumn::text("name", &names[4], more.clone()))
            .column(TableColumn::text("again", &names[1], more.clone()))
            .column(TableColumn::estimate("rate", &names[5], shown))
            .column(TableColumn::boolean("yes", &names[7], (0..10).map(|i| (i % 3 != 0).then_some(i % 2 == 0)))),
        Table::new("empty", ""),
        Table::new("no_rows", "None").column(TableColumn::text("a", "A", Vec::<String>::new())),
    ];
    section.blocks = vec![
        Block::new(
            &names[0],
            &names[0],
            "t",
            BlockKind::Dots {
                label: "name".into(),
                value: "rate".into(),
                series: None,
                axis: Axis::titled(&names[0]),
                reference: Some(Reference::At(0.5)),
            },
            names[0].clone(),
        ),
        Block::new(
            "gone",
            "Gone",
            "gone",
            BlockKind::Ranking { label: "a".into(), value: "b".into(), axis: Axis::default() },
            "",
        ),
    ];
    document.sections.push(section);
    document.notes.push(Note::new(Level::Failure, "x", names[0].clone()));
    document.spec.target = Some(names[0].clone());
    document
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for document in [sample::document(), hostile()] {
        let sections: Vec<Option<&str>> =
            [None].into_iter().chain(document.sections.iter().map(|s| Some(s.id.as_str()))).collect();
        for width in [1, 7, 20, 40, 60, 80, 120, 200] {
            for unicode in [true, false] {
                for section in &sections {
                    let options = TerminalOptions { width, colour: false, unicode, all: true };
                    let text = render(&document, *section, None, Format::Table, &options).unwrap();
                    for line in text.lines() {
                        assert!(line.width() <= width, "{} > {width}: {line:?}", line.width());
                    }
                    assert!(!text.contains('\u{1b}'), "escape code without colour");
                    assert!(text.lines().all(|l| l.trim_end() == l), "space at the end of a line");
                }
            }
        }
    }
}

#[test]
fn colour_adds_only_escape_codes() {
    let document = sample::document();
    for section in [None, Some("fairness"), Some("errors")] {
        let render = |colour| {
            let options = TerminalOptions { width: 100, colour, ..TerminalOptions::default() };
            render(&document, section, None, Format::Table, &options).unwrap()
        };
        let mut plain = String::new();
        let coloured = render(true);
        assert!(coloured.contains('\u{1b}'));
        for (i, part) in coloured.split('\u{1b}').enumerate() {
            plain.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
        }
        assert_eq!(plain, render(false));
    }
}
