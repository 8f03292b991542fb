//! What a PDF says to somebody who does not see it: its tags in reading order, with their text.

use std::collections::HashMap;

use hayro_syntax::Pdf;
use hayro_syntax::object::{Array, Dict, Name, Object, Stream};
use hayro_syntax::page::Page;

/// The tags, one on a line and indented, with the text in them and the alternative text of pictures.
pub(crate) fn tags(bytes: &[u8]) -> String {
    let pdf = Pdf::new(bytes.to_vec()).unwrap();
    let texts: HashMap<i32, HashMap<i32, String>> =
        pdf.pages().iter().map(|page| (page.raw().obj_id().map_or(0, |id| id.obj_number), texts(page))).collect();
    let root: Dict<'_> = pdf.xref().get(pdf.xref().root_id()).unwrap();
    let tree: Dict<'_> = root.get("StructTreeRoot").unwrap();
    let mut out = String::new();
    for kid in kids(&tree) {
        write(&kid, 0, &texts, 0, &mut out);
    }
    out
}

/// Roles by how often they occur.
pub(crate) fn roles(tags: &str) -> HashMap<&str, usize> {
    let mut out = HashMap::new();
    for line in tags.lines() {
        *out.entry(line.trim_start().split([' ', ':']).next().unwrap_or_default()).or_default() += 1;
    }
    out
}

fn kids<'a>(dict: &Dict<'a>) -> Vec<Object<'a>> {
    if let Some(array) = dict.get::<Array<'_>>("K") {
        return array.iter::<Object<'_>>().collect();
    }
    dict.get::<Object<'_>>("K").into_iter().collect()
}

type Texts = HashMap<i32, HashMap<i32, String>>;

/// Text of one piece of content of a page.
fn text_of(texts: &Texts, page: i32, id: i32) -> String {
    texts.get(&page).and_then(|t| t.get(&id)).cloned().unwrap_or_default()
}

fn write(object: &Object<'_>, page: i32, texts: &Texts, depth: usize, out: &mut String) {
    let Object::Dict(dict) = object else { return };
    let Some(role) = dict.get::<Name<'_>>("S") else { return };
    let page = dict.get_ref("Pg").map_or(page, |r| r.obj_number);
    let (mut own, mut below) = (String::new(), Vec::new());
    for kid in kids(dict) {
        match &kid {
            Object::Number(id) => own.push_str(&text_of(texts, page, i32::try_from(id.as_i64()).unwrap())),
            Object::Dict(d) if d.contains_key("MCID") => {
                let page = d.get_ref("Pg").map_or(page, |r| r.obj_number);
                own.push_str(&text_of(texts, page, d.get::<i32>("MCID").unwrap()));
            }
            _ => below.push(kid),
        }
    }
    let alt = dict.get::<hayro_syntax::object::String<'_>>("Alt").map(|alt| utf16(alt.as_bytes()));
    let alt = alt.map(|alt| format!(" ({alt})")).unwrap_or_default();
    let own = own.trim();
    let text = if own.is_empty() { String::new() } else { format!(": {own}") };
    out.push_str(&format!("{}{}{alt}{text}\n", "  ".repeat(depth), role.as_str()));
    for kid in below {
        write(&kid, page, texts, depth + 1, out);
    }
}

/// Text of a page by the numbers of its marked content.
fn texts(page: &Page<'_>) -> HashMap<i32, String> {
    let mut out: HashMap<i32, String> = HashMap::new();
    let mut open: Vec<Option<i32>> = Vec::new();
    let mut map: HashMap<u16, String> = HashMap::new();
    let mut fonts: HashMap<String, HashMap<u16, String>> = HashMap::new();
    let mut operations = page.operations();
    while let Some(operation) = operations.next() {
        let operands: Vec<Object<'_>> = operation.operands().cloned().collect();
        match &**operation.operator {
            b"BDC" => {
                let id =
                    operands.get(1).and_then(|o| if let Object::Dict(d) = o { d.get::<i32>("MCID") } else { None });
                open.push(id);
            }
            b"BMC" => open.push(None),
            b"EMC" => {
                open.pop();
            }
            b"Tf" => {
                let Some(Object::Name(name)) = operands.first() else { continue };
                let key = name.as_str().to_owned();
                map = fonts
                    .entry(key)
                    .or_insert_with(|| {
                        let font = page.resources().get_font(name);
                        font.and_then(|f| f.get::<Stream<'_>>("ToUnicode")).map(|s| letters(&s)).unwrap_or_default()
                    })
                    .clone();
            }
            b"Tj" | b"TJ" => {
                let Some(id) = open.iter().rev().find_map(|id| *id) else { continue };
                let said = out.entry(id).or_default();
                for operand in &operands {
                    show(operand, &map, said);
                }
            }
            _ => {}
        }
    }
    out
}

fn show(object: &Object<'_>, map: &HashMap<u16, String>, said: &mut String) {
    match object {
        Object::String(text) => {
            for pair in text.as_bytes().chunks_exact(2) {
                let code = u16::from_be_bytes([pair[0], pair[1]]);
                said.push_str(map.get(&code).map_or("\u{fffd}", String::as_str));
            }
        }
        Object::Array(array) => array.iter::<Object<'_>>().for_each(|o| show(&o, map, said)),
        _ => {}
    }
}

/// A font's map from codes to letters.
fn letters(stream: &Stream<'_>) -> HashMap<u16, String> {
    let bytes = stream.decoded().unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut out = HashMap::new();
    let code = |hex: &str| u16::from_str_radix(hex, 16).unwrap();
    let word = |hex: &str| utf16(&[&[0xfe, 0xff], hex_bytes(hex).as_slice()].concat());
    let hexes = |line: &str| -> Vec<String> {
        line.split('<').skip(1).filter_map(|part| part.split('>').next()).map(str::to_owned).collect()
    };
    let mut kind = "";
    for line in text.lines() {
        match line.trim() {
            l if l.ends_with("beginbfchar") => kind = "char",
            l if l.ends_with("beginbfrange") => kind = "range",
            l if l.starts_with("endbf") => kind = "",
            l => match (kind, hexes(l).as_slice()) {
                ("char", [from, to]) => {
                    out.insert(code(from), word(to));
                }
                ("range", [from, to, first]) => {
                    let start = u32::from_str_radix(first, 16).unwrap();
                    for (i, c) in (code(from)..=code(to)).enumerate() {
                        let letter = char::from_u32(start + u32::try_from(i).unwrap());
                        out.insert(c, letter.map(String::from).unwrap_or_default());
                    }
                }
                _ => {}
            },
        }
    }
    out
}

fn hex_bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Text as PDF stores it: UTF-16 with a mark, or bytes.
fn utf16(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|p| u16::from_be_bytes([p[0], p[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        _ => bytes.iter().map(|b| char::from(*b)).collect(),
    }
}
