//! Tables.

use equipoise_document::Table;

use super::{MOST_TABLE_ROWS, text};
use crate::escape::escape;
use crate::format::count;
use crate::frame::{Column, Look, Written};
use crate::words;

/// A table with its title; what does not fit scrolls by itself.
pub(super) fn write(look: &Look<'_>, table: &Table, page: &mut String) {
    let frame = look.frame(table);
    let title = if table.title.is_empty() { &table.id } else { &table.title };
    if frame.n_rows == 0 || frame.columns.is_empty() {
        page.push_str(&format!("<p class=\"legend\">{}: no rows.</p>\n", text(title)));
        return;
    }
    page.push_str(&format!(
        "<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"{}\">\n<table>\n<caption>{}</caption>\n<thead><tr>",
        escape(title),
        text(title)
    ));
    for column in &frame.columns {
        let class = if column.is_numeric { " class=\"n\"" } else { "" };
        page.push_str(&format!("<th scope=\"col\"{class}>{}</th>", text(column.title)));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    let mut has_small = false;
    for row in 0..frame.n_rows.min(MOST_TABLE_ROWS) {
        page.push_str("<tr>");
        for (i, column) in frame.columns.iter().enumerate() {
            has_small |= column.cell(row).is_small();
            page.push_str(&cell(column, row, i == 0));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table>\n</div>\n");
    if let Some(n_more) = frame.n_rows.checked_sub(MOST_TABLE_ROWS).filter(|n| *n > 0) {
        let n_more = count(n_more as u64);
        page.push_str(&format!("<p class=\"legend\">… {n_more} more rows are in the document itself.</p>\n"));
    }
    if has_small {
        page.push_str(&format!("<p class=\"legend\">† {}</p>\n", words::SMALL));
    }
}

fn cell(column: &Column<'_>, row: usize, is_first: bool) -> String {
    let written = column.written(row);
    if column.is_numeric {
        return number_cell(&written);
    }
    let words = text(&written.text);
    if is_first { format!("<th scope=\"row\">{words}</th>") } else { format!("<td>{words}</td>") }
}

/// A cell of a number: the value, its interval, its sign or why it is missing.
pub(super) fn number_cell(written: &Written) -> String {
    let number = escape(&written.text);
    if let Some(why) = written.missing {
        return format!("<td class=\"n no\">{number} <span class=\"why\">{why}</span></td>");
    }
    let sign = if written.is_small { format!("<abbr title=\"{}\">†</abbr>", words::SMALL) } else { String::new() };
    let interval = written.ends.as_ref().map_or_else(String::new, |(low, high)| {
        format!(" <span class=\"i\">[{}, {}]</span>", escape(low), escape(high))
    });
    let class = if written.is_small { "n small" } else { "n" };
    format!("<td class=\"{class}\">{number}{sign}{interval}</td>")
}
