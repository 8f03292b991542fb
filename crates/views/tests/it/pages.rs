//! The page and its charts.

use equipoise_document::*;
use equipoise_views::{chart, html};
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::{sample, widths};

/// Checks that every tag is closed where it must be, and counts the elements by name.
pub(crate) fn elements(markup: &str) -> std::collections::BTreeMap<String, usize> {
    let mut reader = Reader::from_str(markup);
    let mut open: Vec<String> = Vec::new();
    let mut counts = std::collections::BTreeMap::new();
    loop {
        let name = |e: &quick_xml::events::BytesStart<'_>| {
            for attribute in e.attributes() {
                attribute.unwrap();
            }
            String::from_utf8(e.name().as_ref().to_vec()).unwrap()
        };
        match reader.read_event().unwrap() {
            Event::Start(e) => {
                *counts.entry(name(&e)).or_insert(0) += 1;
                open.push(name(&e));
            }
            Event::Empty(e) => *counts.entry(name(&e)).or_insert(0) += 1,
            Event::End(e) => assert_eq!(open.pop().as_deref(), Some(std::str::from_utf8(e.name().as_ref()).unwrap())),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    counts
}

#[test]
fn the_page_is_well_formed_and_fetches_nothing() {
    for document in [sample::document(), widths::hostile()] {
        let page = html(&document);
        let counts = elements(&page);
        assert!(!counts.contains_key("script") && !counts.contains_key("link") && !counts.contains_key("img"));
        assert_eq!((counts["h1"], counts["main"], counts["nav"]), (1, 1, 1));
        assert!(!page.contains("src=") && !page.contains("@import") && !page.contains("url("));
        let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "an id comes twice");
        for target in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(ids.contains(&target), "`{target}` leads nowhere");
        }
        if std::env::var_os("EQUIPOISE_WRITE_PAGES").is_some() {
            let name = if document.sections.len() > 3 { "hostile" } else { "sample" };
            std::fs::write(std::env::temp_dir().join(format!("equipoise-{name}.html")), &page).unwrap();
        }
    }
}

#[test]
fn headings_are_in_order() {
    let page = html(&sample::document());
    let levels: Vec<usize> = page.match_indices("<h").filter_map(|(at, _)| page[at + 2..at + 3].parse().ok()).collect();
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
}

#[test]
fn every_chart_has_a_sentence_a_table_and_the_focus() {
    let page = html(&sample::document());
    for figure in page.split("<figure>").skip(1) {
        let figure = figure.split("</figure>").next().unwrap();
        for part in [
            "role=\"img\"",
            "tabindex=\"0\"",
            "<title id=",
            "<desc id=",
            "<figcaption>",
            "<table>",
            "<th scope=\"col\"",
        ] {
            assert!(figure.contains(part), "no {part} in {figure}");
        }
    }
}

#[test]
fn charts_stand_alone() {
    for section in [sample::performance(), sample::fairness(), sample::errors()] {
        for block in &section.blocks {
            let drawn = chart(&section, block);
            let is_picture = !matches!(block.kind, BlockKind::Text {} | BlockKind::Table {});
            assert_eq!(drawn.is_some(), is_picture, "{}", block.id);
            let Some(svg) = drawn else { continue };
            assert_eq!(elements(&svg)["svg"], 1);
            assert!(svg.starts_with("<svg xmlns=") && !svg.contains("var(") && !svg.contains("NaN"));
            insta::assert_snapshot!(format!("{}_{}_svg", section.id, block.id), svg.replace("><", ">\n<"));
        }
    }
}
