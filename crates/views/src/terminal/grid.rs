//! Columns that fit a width: they shrink, then fold into panels, then become records.

use super::text::{Ink, Page, Piece, clean, piece, widest_part, width, wrap};
use crate::frame::Written;

const GAP: usize = 2;
/// Columns of words are not squeezed below their widest part unless it exceeds this.
const WIDEST_PART: usize = 20;
/// Nor below the first of these, unless nothing else fits; then not below the second.
const GENTLE: usize = 18;
const TIGHT: usize = 8;

/// Columns of equal length.
pub(super) struct Grid {
    pub(super) columns: Vec<GridColumn>,
    pub(super) n_rows: usize,
}

/// A column whose cells are written.
pub(super) struct GridColumn {
    title: String,
    cells: Vec<Vec<Piece>>,
    width: usize,
    narrowest: usize,
    body: Body,
}

/// What may be done with a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    /// Wrapped where it is too wide.
    Words,
    /// Aligned numbers: as wide as they are.
    Numbers,
    /// Drawn: as wide as it is, left out where it does not fit.
    Picture,
}

/// Signs that need an explanation below.
#[derive(Default)]
pub(super) struct Legend {
    reasons: Vec<&'static str>,
    pub(super) has_small: bool,
}

impl Legend {
    fn number_of(&mut self, reason: &'static str) -> usize {
        match self.reasons.iter().position(|r| *r == reason) {
            Some(at) => at + 1,
            None => {
                self.reasons.push(reason);
                self.reasons.len()
            }
        }
    }

    /// Writes what the signs mean.
    pub(super) fn write(&self, page: &mut Page, indent: usize) {
        let indent_text = " ".repeat(indent);
        for (i, reason) in self.reasons.iter().enumerate() {
            let mark = mark(i + 1, page.is_unicode());
            page.paragraph(
                &piece(format!("{indent_text}{mark} "), Ink::Plain),
                &format!("no value: {reason}"),
                indent + 2,
                Ink::Dim,
            );
        }
        if self.has_small {
            let sign = small_sign(page.is_unicode());
            page.paragraph(
                &piece(format!("{indent_text}{sign} "), Ink::Yellow),
                crate::words::SMALL,
                indent + 2,
                Ink::Dim,
            );
        }
    }
}

/// The sign of a number that rests on few rows.
pub(super) fn small_sign(unicode: bool) -> &'static str {
    if unicode { "†" } else { "*" }
}

/// A footnote mark.
fn mark(number: usize, unicode: bool) -> String {
    if !unicode {
        return format!("[{number}]");
    }
    let digit = |c: char| c.to_digit(10).and_then(|d| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(d as usize)).unwrap_or(c);
    number.to_string().chars().map(digit).collect()
}

impl GridColumn {
    /// A column of words.
    pub(super) fn words(title: &str, cells: impl IntoIterator<Item = String>, ink: Ink) -> Self {
        let cells: Vec<Vec<Piece>> = cells.into_iter().map(|c| vec![piece(clean(&c), ink)]).collect();
        Self::of(title, cells, Body::Words)
    }

    /// A column of numbers, aligned at the end of the number and within their intervals.
    pub(super) fn numbers(title: &str, cells: &[Written], legend: &mut Legend, unicode: bool) -> Self {
        let widest = |of: &dyn Fn(&Written) -> usize| cells.iter().map(of).max().unwrap_or(0);
        let number = widest(&|c| width(&clean(&c.text)));
        let low = widest(&|c| c.ends.as_ref().map_or(0, |(low, _)| width(low)));
        let high = widest(&|c| c.ends.as_ref().map_or(0, |(_, high)| width(high)));
        let signs: Vec<String> = cells.iter().map(|c| sign_of(c, legend, unicode)).collect();
        let sign = signs.iter().map(|s| width(s)).max().unwrap_or(0);
        // Ends stand under each other where all are of one kind.
        let are_alike =
            cells.iter().filter_map(|c| c.ends.as_ref()).map(|(low, _)| decimals(low)).is_sorted_by(|a, b| a == b);
        let end = |text: &str, to: usize| if are_alike { pad_left(text, to) } else { text.to_owned() };
        let pieces = cells.iter().zip(&signs).map(|(cell, mark)| {
            let ink = if cell.missing.is_some() { Ink::Dim } else { Ink::Plain };
            let mut pieces = vec![piece(pad_left(&clean(&cell.text), number), ink)];
            if sign > 0 {
                pieces.push(piece(pad_right(mark, sign), Ink::Yellow));
            }
            if low + high > 0 {
                let interval = cell
                    .ends
                    .as_ref()
                    .map_or_else(String::new, |(l, h)| format!(" [{}, {}]", end(l, low), end(h, high)));
                pieces.push(piece(pad_right(&interval, low + high + 5), Ink::Dim));
            }
            pieces
        });
        Self::of(title, pieces.collect(), Body::Numbers)
    }

    /// A column that is drawn.
    pub(super) fn picture(title: &str, cells: Vec<Vec<Piece>>) -> Self {
        Self::of(title, cells, Body::Picture)
    }

    fn of(title: &str, cells: Vec<Vec<Piece>>, body: Body) -> Self {
        let title = clean(title);
        let widest = cells.iter().map(|c| pieces_width(c)).max().unwrap_or(0);
        let title_width = title_width(&title, widest);
        let width = widest.max(title_width);
        let part = |c: &Vec<Piece>| c.iter().map(|p| widest_part(&p.text)).max().unwrap_or(0);
        let narrowest = match body {
            Body::Words => cells.iter().map(part).max().unwrap_or(0).clamp(TIGHT, WIDEST_PART).min(width),
            Body::Numbers | Body::Picture => width,
        };
        Self { width, narrowest, title, cells, body }
    }

    pub(super) fn natural_width(&self) -> usize {
        self.width
    }

    fn cell(&self, row: usize) -> &[Piece] {
        self.cells.get(row).map_or(&[], Vec::as_slice)
    }
}

/// The width at which a title takes at most three lines without a broken word.
fn title_width(title: &str, cells: usize) -> usize {
    if width(title) <= cells + 4 {
        return width(title).max(1);
    }
    let word = title.split(' ').map(width).max().unwrap_or(0).min(18);
    let mut wanted = word.max(cells.min(18));
    while wanted < width(title).min(24) && wrap(title, wanted).len() > 3 {
        wanted += 1;
    }
    wanted.min(width(title).max(1))
}

fn sign_of(cell: &Written, legend: &mut Legend, unicode: bool) -> String {
    if let Some(reason) = cell.missing {
        return mark(legend.number_of(reason), unicode);
    }
    if cell.is_small {
        legend.has_small = true;
        return small_sign(unicode).to_owned();
    }
    String::new()
}

fn pieces_width(pieces: &[Piece]) -> usize {
    pieces.iter().map(|p| width(&p.text)).sum()
}

fn decimals(number: &str) -> usize {
    number.rsplit_once('.').map_or(0, |(_, decimals)| decimals.len())
}

fn pad_left(text: &str, to: usize) -> String {
    format!("{}{text}", " ".repeat(to.saturating_sub(width(text))))
}

fn pad_right(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// A column at the width it is drawn with.
#[derive(Clone, Copy)]
struct Placed<'a> {
    column: &'a GridColumn,
    width: usize,
}

impl Grid {
    /// Columns that every panel repeats: the words at the left, or the first column.
    fn n_keys(&self) -> usize {
        self.columns.iter().take_while(|c| c.body == Body::Words).count().clamp(1, 2)
    }

    /// The width of all columns side by side.
    pub(super) fn natural_width(&self) -> usize {
        self.columns.iter().map(|c| c.natural_width() + GAP).sum::<usize>().saturating_sub(GAP)
    }

    /// Writes the first `n_shown` rows.
    pub(super) fn write(&self, page: &mut Page, indent: usize, n_shown: usize) {
        let room = page.width().saturating_sub(indent);
        match self.panels(room) {
            Some(panels) => {
                for (i, panel) in panels.iter().enumerate() {
                    if i > 0 {
                        page.blank();
                    }
                    write_panel(panel, page, indent, n_shown);
                }
            }
            None => self.write_records(page, indent, n_shown),
        }
    }

    /// Words squeezed gently before columns are folded, tightly before rows become records.
    fn panels(&self, room: usize) -> Option<Vec<Vec<Placed<'_>>>> {
        self.panels_above(room, GENTLE).or_else(|| self.panels_above(room, TIGHT))
    }

    fn panels_above(&self, room: usize, floor: usize) -> Option<Vec<Vec<Placed<'_>>>> {
        let columns: Vec<&GridColumn> = self.columns.iter().collect();
        if let Some(one) = shrunk(&columns, room, floor) {
            return Some(vec![one]);
        }
        let columns: Vec<&GridColumn> = columns.into_iter().filter(|c| c.body != Body::Picture).collect();
        if let Some(one) = shrunk(&columns, room, floor) {
            return Some(vec![one]);
        }
        let (keys, others) = columns.split_at_checked(self.n_keys())?;
        let mut panels: Vec<Vec<&GridColumn>> = Vec::new();
        for column in others {
            let fits = |panel: &Vec<&GridColumn>| {
                let all: Vec<&GridColumn> = panel.iter().chain([column]).copied().collect();
                shrunk(&all, room, floor).is_some()
            };
            match panels.last_mut() {
                Some(panel) if fits(panel) => panel.push(column),
                _ => panels.push(keys.iter().chain([column]).copied().collect()),
            }
        }
        panels.iter().map(|panel| shrunk(panel, room, floor)).collect()
    }

    /// One row after another, each value behind its title.
    fn write_records(&self, page: &mut Page, indent: usize, n_shown: usize) {
        let space = " ".repeat(indent);
        for row in 0..n_shown.min(self.n_rows) {
            for (i, column) in self.columns.iter().filter(|c| c.body != Body::Picture).enumerate() {
                let text: String = column.cell(row).iter().map(|p| p.text.as_str()).collect();
                let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                let lead = if i == 0 { space.clone() } else { format!("{space}  {}: ", column.title) };
                let ink = if i == 0 { Ink::Bold } else { Ink::Plain };
                if width(&lead) * 2 > page.width() {
                    page.paragraph(
                        &piece(space.clone() + "  ", Ink::Dim),
                        &format!("{}: {text}", column.title),
                        indent + 4,
                        ink,
                    );
                } else {
                    page.paragraph(&piece(lead, Ink::Dim), &text, indent + 4 * usize::from(i > 0), ink);
                }
            }
        }
    }
}

/// The columns at widths that fit the room, words squeezed from the widest down; none when they cannot.
fn shrunk<'a>(columns: &[&'a GridColumn], room: usize, floor: usize) -> Option<Vec<Placed<'a>>> {
    let mut placed: Vec<Placed<'a>> = columns.iter().map(|c| Placed { column: c, width: c.width }).collect();
    let total = |placed: &[Placed<'_>]| placed.iter().map(|p| p.width + GAP).sum::<usize>().saturating_sub(GAP);
    let narrowest = |c: &GridColumn| c.narrowest.max(floor).min(c.width);
    let least = columns.iter().map(|c| narrowest(c) + GAP).sum::<usize>().saturating_sub(GAP);
    if least > room {
        return None;
    }
    while total(&placed) > room {
        let over = total(&placed) - room;
        let mut able: Vec<&mut Placed<'a>> = placed.iter_mut().filter(|p| p.width > narrowest(p.column)).collect();
        able.sort_by_key(|p| std::cmp::Reverse(p.width));
        let second = able.get(1).map_or(0, |p| p.width);
        let widest = able.first_mut()?;
        let step = (widest.width - second).max(1).min(over).min(widest.width - narrowest(widest.column));
        widest.width -= step;
    }
    Some(placed)
}

fn write_panel(panel: &[Placed<'_>], page: &mut Page, indent: usize, n_shown: usize) {
    let titles: Vec<Vec<String>> = panel.iter().map(|p| wrap(&p.column.title, p.width)).collect();
    let height = titles.iter().map(Vec::len).max().unwrap_or(0);
    for line in 0..height {
        let cells = panel.iter().zip(&titles).map(|(p, title)| {
            let text = (line + title.len()).checked_sub(height).and_then(|at| title.get(at)).map_or("", String::as_str);
            let text = if p.column.body == Body::Numbers { pad_left(text, p.width) } else { pad_right(text, p.width) };
            vec![piece(text, Ink::Bold)]
        });
        write_line(cells.collect(), page, indent);
    }
    let full = panel.iter().map(|p| p.width + GAP).sum::<usize>().saturating_sub(GAP);
    page.line(&[piece(" ".repeat(indent), Ink::Plain), piece("─".repeat(full), Ink::Dim)]);
    let n_rows = panel.iter().map(|p| p.column.cells.len()).max().unwrap_or(0);
    for row in 0..n_rows.min(n_shown) {
        write_row(panel, page, indent, row);
    }
}

fn write_row(panel: &[Placed<'_>], page: &mut Page, indent: usize, row: usize) {
    let cells: Vec<Vec<Vec<Piece>>> = panel.iter().map(|p| lines_of(p, row)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(1);
    for line in 0..height {
        let pieces = panel.iter().zip(&cells).map(|(p, lines)| {
            let mut pieces = lines.get(line).cloned().unwrap_or_default();
            let missing = p.width.saturating_sub(pieces_width(&pieces));
            let space = piece(" ".repeat(missing), Ink::Plain);
            if p.column.body == Body::Numbers {
                pieces.insert(0, space);
            } else {
                pieces.push(space);
            }
            pieces
        });
        write_line(pieces.collect(), page, indent);
    }
}

fn lines_of(placed: &Placed<'_>, row: usize) -> Vec<Vec<Piece>> {
    let pieces = placed.column.cell(row);
    if placed.column.body != Body::Words {
        return vec![pieces.to_vec()];
    }
    let ink = pieces.first().map_or(Ink::Plain, |p| p.ink);
    let text: String = pieces.iter().map(|p| p.text.as_str()).collect();
    wrap(&text, placed.width).into_iter().map(|line| vec![piece(line, ink)]).collect()
}

fn write_line(cells: Vec<Vec<Piece>>, page: &mut Page, indent: usize) {
    let mut line = vec![piece(" ".repeat(indent), Ink::Plain)];
    for (i, cell) in cells.into_iter().enumerate() {
        if i > 0 {
            line.push(piece(" ".repeat(GAP), Ink::Plain));
        }
        line.extend(cell);
    }
    page.line(&line);
}
