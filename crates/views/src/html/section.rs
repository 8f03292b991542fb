//! One analysis: its question, its notes, its charts, its tables, all its numbers.

use equipoise_document::{Block, BlockKind, Estimate, Section};

use super::{notes, prose, table, text};
use crate::escape::escape;
use crate::format::{count, estimate_text, p_value};
use crate::frame::Look;
use crate::svg::{Trouble, draw};
use crate::words;

/// Numbers that are listed with their ids; all of them are in the document.
const MOST_ESTIMATES: usize = 400;
/// A table of its own is open when it has at most so many rows.
const MOST_OPEN_ROWS: usize = 30;
/// Longer tables stay closed on paper.
const MOST_PRINTED_ROWS: usize = 60;

pub(super) fn write(section: &Section, anchor: &str, page: &mut String) {
    let look = Look::at(section);
    page.push_str(&format!(
        "<section id=\"{anchor}\" aria-labelledby=\"{anchor}-h\">\n<h2 id=\"{anchor}-h\">{}</h2>\n<p class=\"question\">{}</p>\n",
        text(&section.title),
        prose(&section.question)
    ));
    if !section.notes.is_empty() {
        notes::write(words::in_reading_order(&section.notes).into_iter().map(|n| (n, None)), page);
    }
    for (i, block) in section.blocks.iter().enumerate() {
        write_block(&look, block, &format!("{anchor}-b{}", i + 1), page);
    }
    for table in section.tables.iter().filter(|t| section.blocks.iter().all(|b| b.table != t.id)) {
        let title = if table.title.is_empty() { &table.id } else { &table.title };
        page.push_str(&format!("<h3>{}</h3>\n", text(title)));
        write_own_table(&look, table, page);
    }
    write_numbers(section, page);
    page.push_str("</section>\n");
}

fn write_own_table(look: &Look<'_>, own: &equipoise_document::Table, page: &mut String) {
    if own.n_rows() <= MOST_OPEN_ROWS {
        table::write(look, own, page);
        return;
    }
    page.push_str(&format!("<details class=\"long\">\n<summary>{} rows</summary>\n", count(own.n_rows() as u64)));
    table::write(look, own, page);
    page.push_str("</details>\n");
}

fn write_block(look: &Look<'_>, block: &Block, uid: &str, page: &mut String) {
    page.push_str(&format!("<h3>{}</h3>\n", text(&block.title)));
    let own = look.section.table(&block.table);
    match (&block.kind, draw(look, block, uid)) {
        (BlockKind::Text {}, _) => page.push_str(&format!("<p>{}</p>\n", prose(&block.says))),
        (_, None) => {
            page.push_str(&format!("<p>{}</p>\n", prose(&block.says)));
            match own {
                Some(own) => write_own_table(look, own, page),
                None => write_trouble(&format!("there is no table `{}`", block.table), page),
            }
        }
        (_, Some(Err(Trouble(why)))) => {
            page.push_str(&format!("<p>{}</p>\n", prose(&block.says)));
            write_trouble(&why, page);
            own.into_iter().for_each(|own| write_details(look, own, page));
        }
        (_, Some(Ok(svg))) => {
            page.push_str(&format!(
                "<figure>\n<figcaption>{}</figcaption>\n<div class=\"chart\">{svg}</div>\n",
                prose(&block.says)
            ));
            own.into_iter().for_each(|own| write_details(look, own, page));
            page.push_str("</figure>\n");
        }
    }
}

fn write_trouble(why: &str, page: &mut String) {
    page.push_str(&format!("<p class=\"legend\">This picture could not be drawn: {}.</p>\n", escape(why)));
}

fn write_details(look: &Look<'_>, own: &equipoise_document::Table, page: &mut String) {
    let class = if own.n_rows() > MOST_PRINTED_ROWS { " class=\"long\"" } else { "" };
    page.push_str(&format!("<details{class}>\n<summary>The numbers as a table</summary>\n"));
    table::write(look, own, page);
    page.push_str("</details>\n");
}

/// Every number with its stable id, for those who write policies.
fn write_numbers(section: &Section, page: &mut String) {
    if section.estimates.is_empty() {
        return;
    }
    let n = section.estimates.len();
    let summary = if n == 1 {
        "The number with its id".to_owned()
    } else {
        format!("All {} numbers with their ids", count(n as u64))
    };
    page.push_str(&format!(
        "<details class=\"all\">\n<summary>{summary}</summary>\n<div class=\"scroll\" role=\"group\" tabindex=\"0\" \
         aria-label=\"{summary}\">\n<table>\n<thead><tr><th scope=\"col\">Id</th><th scope=\"col\" class=\"n\">Value</th>\
         <th scope=\"col\">Interval</th><th scope=\"col\" class=\"n\">Rows</th><th scope=\"col\" class=\"n\">p</th>\
         <th scope=\"col\" class=\"n\">p, adjusted</th></tr></thead>\n<tbody>\n"
    ));
    for estimate in section.estimates.iter().take(MOST_ESTIMATES) {
        page.push_str(&number_row(estimate));
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
    if n > MOST_ESTIMATES {
        let n_more = count((n - MOST_ESTIMATES) as u64);
        page.push_str(&format!("<p class=\"legend\">… {n_more} more are in the document itself.</p>\n"));
    }
    page.push_str("</details>\n");
}

fn number_row(estimate: &Estimate) -> String {
    let method =
        estimate.interval.as_ref().map(|i| format!("{}, {}", super::level(i.level), i.method.replace('_', " ")));
    let p = |p: Option<f64>| p.map(p_value).unwrap_or_default();
    let why = if estimate.value.is_none() { format!(" {}", words::why(estimate.missing)) } else { String::new() };
    let sign = if estimate.small { " †" } else { "" };
    format!(
        "<tr><th scope=\"row\"><code>{}</code></th><td class=\"n\">{}{sign}{why}</td><td>{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
        text(&estimate.id.to_string()),
        escape(&estimate_text(estimate)),
        escape(&method.unwrap_or_default()),
        count(estimate.n),
        escape(&p(estimate.p_value.as_ref().map(|p| p.value))),
        escape(&p(estimate.p_value.as_ref().and_then(|p| p.adjusted)))
    )
}
