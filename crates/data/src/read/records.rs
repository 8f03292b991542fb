//! Delimited text cut into fields, as RFC 4180 has it: a field that begins with a double quote ends at the
//! next lone one; anywhere else a double quote is an ordinary character. Empty lines are skipped.

/// What follows a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldEnd {
    Delimiter,
    Line,
    Text,
}

/// Why a record cannot be cut. Lines count from 0 at the start of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadRecord {
    Ragged { line: u64, found: usize },
    OpenQuote { line: u64 },
}

/// Walks over fields of text that begins at the start of a record.
pub(crate) struct Fields<'t> {
    text: &'t str,
    delimiter: u8,
    position: usize,
    scratch: String,
    /// Line of the position, from 0.
    pub(crate) line: u64,
}

impl<'t> Fields<'t> {
    pub(crate) fn new(text: &'t str, delimiter: u8) -> Self {
        Self { text, delimiter, position: 0, scratch: String::new(), line: 0 }
    }

    /// Bytes read so far.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Skips empty lines; false at the end of the text.
    pub(crate) fn at_record(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.position) {
                None => return false,
                Some(b'\n') => self.position += 1,
                Some(b'\r') if bytes.get(self.position + 1) == Some(&b'\n') => self.position += 2,
                Some(b'\r') if self.position + 1 == bytes.len() => self.position += 1,
                Some(_) => return true,
            }
            self.line += 1;
        }
    }

    /// The next field. The line is counted up after the last field of a record.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<(&str, FieldEnd), BadRecord> {
        let bytes = self.text.as_bytes();
        let start = self.position;
        if bytes.get(start) == Some(&b'"') {
            return self.next_quoted();
        }
        let rest = bytes.get(start..).unwrap_or(&[]);
        let delimiter = self.delimiter;
        let length = rest.iter().position(|&b| b == delimiter || b == b'\n').unwrap_or(rest.len());
        let end = self.close(start + length);
        let mut stop = start + length;
        if end != FieldEnd::Delimiter && stop > start && bytes.get(stop - 1) == Some(&b'\r') {
            stop -= 1;
        }
        Ok((self.text.get(start..stop).unwrap_or(""), end))
    }

    fn next_quoted(&mut self) -> Result<(&str, FieldEnd), BadRecord> {
        let bytes = self.text.as_bytes();
        let open_line = self.line;
        let mut start = self.position + 1;
        self.scratch.clear();
        loop {
            let rest = bytes.get(start..).unwrap_or(&[]);
            let Some(length) = memchr::memchr(b'"', rest) else {
                return Err(BadRecord::OpenQuote { line: open_line });
            };
            let piece = self.text.get(start..start + length).unwrap_or("");
            self.line += memchr::memchr_iter(b'\n', piece.as_bytes()).count() as u64;
            self.scratch.push_str(piece);
            start += length + 1;
            if bytes.get(start) != Some(&b'"') {
                break;
            }
            self.scratch.push('"');
            start += 1;
        }
        // What stands between the closing quote and the separator is kept as it is.
        let rest = bytes.get(start..).unwrap_or(&[]);
        let length = rest.iter().position(|&b| b == self.delimiter || b == b'\n').unwrap_or(rest.len());
        let end = self.close(start + length);
        let tail = self.text.get(start..start + length).unwrap_or("");
        let tail = if end == FieldEnd::Delimiter { tail } else { tail.strip_suffix('\r').unwrap_or(tail) };
        self.scratch.push_str(tail);
        Ok((&self.scratch, end))
    }

    /// Moves behind the separator at `stop`.
    #[inline]
    fn close(&mut self, stop: usize) -> FieldEnd {
        self.position = stop + 1;
        match self.text.as_bytes().get(stop) {
            None => {
                self.position = stop;
                FieldEnd::Text
            }
            Some(b'\n') => {
                self.line += 1;
                FieldEnd::Line
            }
            Some(_) => FieldEnd::Delimiter,
        }
    }
}

/// Cuts the whole text, calling `field(index, line, text)`; returns the number of records.
pub(crate) fn for_each_field(
    text: &str,
    delimiter: u8,
    n_fields: usize,
    mut field: impl FnMut(usize, u64, &str),
) -> Result<usize, BadRecord> {
    let mut fields = Fields::new(text, delimiter);
    let mut n_records = 0;
    while fields.at_record() {
        let line = fields.line;
        let mut index = 0;
        loop {
            let (value, end) = fields.next()?;
            if index < n_fields {
                field(index, line, value);
            }
            index += 1;
            if end != FieldEnd::Delimiter {
                break;
            }
        }
        if index != n_fields {
            return Err(BadRecord::Ragged { line, found: index });
        }
        n_records += 1;
    }
    Ok(n_records)
}

/// The first record, and the bytes and lines it takes; `None` for blank text.
pub(crate) fn first_record(text: &str, delimiter: u8) -> Result<Option<(Vec<String>, usize, u64)>, BadRecord> {
    let mut fields = Fields::new(text, delimiter);
    if !fields.at_record() {
        return Ok(None);
    }
    let mut record = Vec::new();
    loop {
        let (value, end) = fields.next()?;
        record.push(value.to_owned());
        if end != FieldEnd::Delimiter {
            return Ok(Some((record, fields.position(), fields.line)));
        }
    }
}

/// Length of the longest head of `bytes` that ends with a whole record and its line break.
pub(crate) fn whole_records(bytes: &[u8], delimiter: u8) -> usize {
    let Some(first_quote) = memchr::memchr(b'"', bytes) else {
        return memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1);
    };
    let head = bytes.get(..first_quote).unwrap_or(&[]);
    let mut whole = memchr::memrchr(b'\n', head).map_or(0, |i| i + 1);
    let mut position = first_quote;
    loop {
        let rest = bytes.get(position..).unwrap_or(&[]);
        let Some(hop) = memchr::memchr2(b'"', b'\n', rest) else { return whole };
        position += hop;
        if bytes.get(position) == Some(&b'\n') {
            position += 1;
            whole = position;
            continue;
        }
        let before = position.checked_sub(1).and_then(|i| bytes.get(i));
        position += 1;
        if before.is_some_and(|b| *b != delimiter && *b != b'\n') {
            continue;
        }
        loop {
            let rest = bytes.get(position..).unwrap_or(&[]);
            let Some(hop) = memchr::memchr(b'"', rest) else { return whole };
            position += hop + 1;
            if bytes.get(position) != Some(&b'"') {
                break;
            }
            position += 1;
        }
        // A quote that closes at the very end might be the first of a doubled one: wait for more.
        if position >= bytes.len() {
            return whole;
        }
    }
}

/// The separator that cuts the first lines into the most fields while giving each line the same number;
/// comma when none does.
pub(crate) fn sniff_delimiter(head: &str) -> u8 {
    let whole = whole_lines(head);
    let mut best = (b',', 1);
    for delimiter in [b',', b'\t', b';', b'|'] {
        let text = whole.get(..whole_records(whole.as_bytes(), delimiter)).filter(|t| !t.is_empty()).unwrap_or(head);
        let Ok(Some((header, _, _))) = first_record(text, delimiter) else { continue };
        let n_fields = header.len();
        if n_fields > best.1 && for_each_field(text, delimiter, n_fields, |_, _, _| {}).is_ok() {
            best = (delimiter, n_fields);
        }
    }
    if best.1 > 1 {
        return best.0;
    }
    // No separator is consistent: take the one that the header holds most of, so that the error can name
    // the first line that does not fit.
    let header = head.lines().next().unwrap_or("");
    let count = |d: u8| header.bytes().filter(|b| *b == d).count();
    [b',', b'\t', b';', b'|'].into_iter().rev().max_by_key(|d| count(*d)).filter(|d| count(*d) > 0).unwrap_or(b',')
}

fn whole_lines(text: &str) -> &str {
    text.rfind('\n').and_then(|i| text.get(..=i)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, n: usize) -> Result<Vec<Vec<String>>, BadRecord> {
        let mut records: Vec<Vec<String>> = Vec::new();
        for_each_field(text, b',', n, |i, _, value| {
            if i == 0 {
                records.push(Vec::new());
            }
            records.last_mut().unwrap().push(value.to_owned());
        })?;
        Ok(records)
    }

    #[test]
    fn quotes_and_line_breaks() {
        assert_eq!(cut("a,b\r\n\n1,2", 2).unwrap(), [["a", "b"], ["1", "2"]]);
        assert_eq!(cut("\"a,\"\"x\"\"\ny\",b\n", 2).unwrap(), [["a,\"x\"\ny", "b"]]);
        assert_eq!(cut("5\" pipe,\"q\"r\n", 2).unwrap(), [["5\" pipe", "qr"]]);
        assert_eq!(cut(",\n\"\",\"\"\r\n", 2).unwrap(), [["", ""], ["", ""]]);
        assert_eq!(cut("a,b,\n", 3).unwrap(), [["a", "b", ""]]);
    }

    #[test]
    fn ragged_and_open() {
        assert_eq!(cut("1,2\n\"x\ny\",2\n3\n", 2), Err(BadRecord::Ragged { line: 3, found: 1 }));
        assert_eq!(cut("1,2\n1,2,3", 2), Err(BadRecord::Ragged { line: 1, found: 3 }));
        assert_eq!(cut("1,2\n\"x,2\n", 2), Err(BadRecord::OpenQuote { line: 1 }));
    }

    #[test]
    fn boundaries() {
        assert_eq!(whole_records(b"a,b\n1,2\n3", b','), 8);
        assert_eq!(whole_records(b"a,b\n\"1\n", b','), 4);
        assert_eq!(whole_records(b"a,b\n\"1\n\",2\n", b','), 11);
        assert_eq!(whole_records(b"a,b\n5\"\n1,2\n", b','), 11);
        assert_eq!(whole_records(b"a,\"b\"", b','), 0);
        assert_eq!(whole_records(b"a", b','), 0);
    }

    #[test]
    fn separators() {
        assert_eq!(sniff_delimiter("a;b;c\n1,5;2;3\n1,5;2;3\n"), b';');
        assert_eq!(sniff_delimiter("a\tb\n1\t2\n"), b'\t');
        assert_eq!(sniff_delimiter("a|b\nx,y|2\n"), b'|');
        assert_eq!(sniff_delimiter("a\n1\n"), b',');
        assert_eq!(sniff_delimiter("\"a;b\",c\n1,2\n"), b',');
    }
}
