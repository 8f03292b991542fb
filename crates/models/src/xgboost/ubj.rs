//! Universal Binary JSON (draft 12) as XGBoost writes it.
//!
//! Numbers are big-endian. A list may declare its length (`#`) and the type of its values (`$`). Declared
//! lengths are believed only as far as the bytes reach: nothing is reserved ahead of what is read.

use super::value::Value;

/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 64;

/// Reads one value.
///
/// # Errors
/// Names the byte at which the content stops making sense.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    let is_padding = |b: &u8| *b == b'N' || *b == 0;
    if !bytes.get(reader.at..).unwrap_or_default().iter().all(is_padding) {
        return Err(format!("byte {}: there is more after the end", reader.at));
    }
    Ok(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(n).filter(|end| *end <= self.bytes.len());
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += n;
                Ok(bytes)
            }
            None => {
                Err(format!("byte {}: {n} more bytes are needed, {} are left", self.at, self.bytes.len() - self.at))
            }
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| format!("byte {}: {N} bytes are needed", self.at))
    }

    fn byte(&mut self) -> Result<u8, String> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next marker that is not a no-op.
    fn marker(&mut self) -> Result<u8, String> {
        loop {
            match self.byte()? {
                b'N' => {}
                marker => return Ok(marker),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        let marker = self.marker()?;
        self.value_of(marker, depth)
    }

    fn value_of(&mut self, marker: u8, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(format!("byte {}: values are nested more than {MAX_DEPTH} deep", self.at));
        }
        Ok(match marker {
            b'Z' => Value::Null,
            b'T' => Value::Bool(true),
            b'F' => Value::Bool(false),
            b'S' | b'H' => Value::Text(self.text()?),
            b'C' => Value::Text(char::from(self.byte()?).to_string()),
            b'[' => self.list(depth)?,
            b'{' => self.map(depth)?,
            _ => Value::Number(self.number(marker)?),
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "counts and indices in a model are far below 2^53")]
    fn number(&mut self, marker: u8) -> Result<f64, String> {
        Ok(match marker {
            b'i' => f64::from(i8::from_be_bytes(self.array()?)),
            b'U' => f64::from(self.byte()?),
            b'I' => f64::from(i16::from_be_bytes(self.array()?)),
            b'u' => f64::from(u16::from_be_bytes(self.array()?)),
            b'l' => f64::from(i32::from_be_bytes(self.array()?)),
            b'm' => f64::from(u32::from_be_bytes(self.array()?)),
            b'L' => i64::from_be_bytes(self.array()?) as f64,
            b'M' => u64::from_be_bytes(self.array()?) as f64,
            b'd' => f64::from(f32::from_be_bytes(self.array()?)),
            b'D' => f64::from_be_bytes(self.array()?),
            other => {
                let at = self.at.saturating_sub(1);
                return Err(format!("byte {at}: `0x{other:02x}` is not the mark of a value"));
            }
        })
    }

    fn length(&mut self) -> Result<usize, String> {
        let at = self.at;
        let marker = self.marker()?;
        let length = self.number(marker)?;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
        if (0.0..9e15).contains(&length) && length.fract() == 0.0 {
            return Ok(length as usize);
        }
        Err(format!("byte {at}: `{length}` is not a length"))
    }

    fn text(&mut self) -> Result<String, String> {
        let length = self.length()?;
        let at = self.at;
        let bytes = self.take(length)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| format!("byte {at}: the text is not UTF-8"))
    }

    fn list(&mut self, depth: usize) -> Result<Value, String> {
        let (kind, length) = self.container()?;
        if let Some(kind @ (b'i' | b'U' | b'I' | b'u' | b'l' | b'm' | b'L' | b'M' | b'd' | b'D')) = kind {
            let mut numbers = Vec::new();
            for _ in 0..length.unwrap_or(0) {
                numbers.push(self.number(kind)?);
            }
            return Ok(Value::Numbers(numbers));
        }
        let mut values = Vec::new();
        match length {
            Some(length) => {
                for _ in 0..length {
                    values.push(match kind {
                        Some(kind) => self.value_of(kind, depth + 1)?,
                        None => self.value(depth + 1)?,
                    });
                }
            }
            None => loop {
                match self.marker()? {
                    b']' => break,
                    marker => values.push(self.value_of(marker, depth + 1)?),
                }
            },
        }
        Ok(Value::from_list(values))
    }

    fn map(&mut self, depth: usize) -> Result<Value, String> {
        let (kind, length) = self.container()?;
        let mut entries = Vec::new();
        while length.is_none_or(|length| entries.len() < length) {
            while self.peek() == Some(b'N') {
                self.at += 1;
            }
            if length.is_none() && self.peek() == Some(b'}') {
                self.at += 1;
                break;
            }
            let key = self.text()?;
            let value = match kind {
                Some(kind) => self.value_of(kind, depth + 1)?,
                None => self.value(depth + 1)?,
            };
            entries.push((key, value));
        }
        Ok(Value::Map(entries))
    }

    /// The type and length that a container declares. Values without bytes of their own (null, true, false)
    /// cannot be declared as the type, for then any length would fit into any file.
    fn container(&mut self) -> Result<(Option<u8>, Option<usize>), String> {
        let mut kind = None;
        if self.peek() == Some(b'$') {
            self.at += 1;
            let at = self.at;
            kind = Some(self.byte()?);
            if matches!(kind, Some(b'Z' | b'T' | b'F' | b'N')) {
                return Err(format!("byte {at}: a container of constants is not supported"));
            }
            if self.peek() != Some(b'#') {
                return Err(format!("byte {}: a container with a type must have a length", self.at));
            }
        }
        if self.peek() != Some(b'#') {
            return Ok((kind, None));
        }
        self.at += 1;
        Ok((kind, Some(self.length()?)))
    }
}
