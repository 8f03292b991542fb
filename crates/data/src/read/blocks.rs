//! Text in blocks of whole records, so that blocks can be parsed side by side.

use std::fs::File;
use std::io::{BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::files::{Compression, InputFile};
use super::records::whole_records;
use crate::error::DataError;

/// Bytes of text parsed as one piece.
pub(crate) const BLOCK_BYTES: usize = 1 << 20;

/// A record longer than this is taken for a quote that was never closed.
const LONGEST_RECORD: usize = 1 << 28;

/// Where text may be cut.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// After any line.
    Lines,
    /// After a record of delimited text; quotes may hold line breaks.
    Records(u8),
}

/// Whole records, with the line number of the first.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) bytes: Vec<u8>,
    /// From 1.
    pub(crate) first_line: u64,
}

/// Cuts what a reader delivers into blocks.
pub(crate) struct Blocks {
    file: InputFile,
    reader: Box<dyn Read + Send>,
    cut: Cut,
    block_bytes: usize,
    carry: Vec<u8>,
    next_line: u64,
    is_done: bool,
}

impl Blocks {
    /// Opens the file, undoing its compression; bytes taken from disk are added to `taken`.
    pub(crate) fn open(file: &InputFile, cut: Cut, taken: &Arc<AtomicU64>) -> Result<Self, DataError> {
        let raw = File::open(&file.path).map_err(|e| DataError::io(&file.name, &e))?;
        let counted = Counted { inner: raw, taken: Arc::clone(taken) };
        let reader: Box<dyn Read + Send> = match file.compression {
            None => Box::new(counted),
            Some(Compression::Gzip) => {
                Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(1 << 17, counted)))
            }
            Some(Compression::Zstd) => {
                Box::new(zstd::stream::read::Decoder::new(counted).map_err(|e| DataError::io(&file.name, &e))?)
            }
        };
        Ok(Self::over(file.clone(), reader, cut, BLOCK_BYTES))
    }

    pub(crate) fn over(file: InputFile, reader: Box<dyn Read + Send>, cut: Cut, block_bytes: usize) -> Self {
        Self { file, reader, cut, block_bytes, carry: Vec::new(), next_line: 1, is_done: false }
    }

    /// The next block, `None` at the end. The first comes without a byte-order mark.
    pub(crate) fn next(&mut self) -> Result<Option<Block>, DataError> {
        if self.is_done {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.carry);
        let mut goal = self.block_bytes.max(bytes.len() + self.block_bytes / 4).max(bytes.len() + 1);
        loop {
            let wanted = (goal - bytes.len()) as u64;
            let n = (&mut self.reader).take(wanted).read_to_end(&mut bytes).map_err(|e| self.failed(&e))?;
            self.is_done = (n as u64) < wanted;
            let whole = if self.is_done { bytes.len() } else { self.whole(&bytes) };
            if whole > 0 || self.is_done {
                self.carry = bytes.split_off(whole);
                break;
            }
            if bytes.len() > LONGEST_RECORD {
                return Err(DataError::OpenQuote { file: self.file.name.clone(), line: self.next_line });
            }
            goal = bytes.len() * 2;
        }
        let first_line = self.next_line;
        self.next_line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        if first_line == 1 && bytes.starts_with(b"\xEF\xBB\xBF") {
            bytes.drain(..3);
        }
        if bytes.is_empty() { self.next() } else { Ok(Some(Block { bytes, first_line })) }
    }

    /// The next `n` blocks.
    pub(crate) fn wave(&mut self, n: usize) -> Result<Vec<Block>, DataError> {
        let mut blocks = Vec::with_capacity(n);
        while blocks.len() < n
            && let Some(block) = self.next()?
        {
            blocks.push(block);
        }
        Ok(blocks)
    }

    fn whole(&self, bytes: &[u8]) -> usize {
        match self.cut {
            Cut::Lines => memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1),
            Cut::Records(delimiter) => whole_records(bytes, delimiter),
        }
    }

    fn failed(&self, error: &std::io::Error) -> DataError {
        match self.file.compression {
            None => DataError::io(&self.file.name, error),
            Some(compression) => DataError::Damaged {
                file: self.file.name.clone(),
                format: compression.name(),
                problem: crate::error::lower_first(&error.to_string()),
            },
        }
    }
}

/// Checks that a block is UTF-8, naming the line and column of the first byte that is not.
pub(crate) fn as_text<'b>(
    block: &'b Block,
    file: &str,
    column_at: impl FnOnce(&str) -> Option<String>,
) -> Result<&'b str, DataError> {
    std::str::from_utf8(&block.bytes).map_err(|error| {
        let good = block.bytes.get(..error.valid_up_to()).unwrap_or(&[]);
        let line = block.first_line + memchr::memchr_iter(b'\n', good).count() as u64;
        let line_start = memchr::memrchr(b'\n', good).map_or(0, |i| i + 1);
        let head = good.get(line_start..).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("");
        DataError::NotUtf8 { file: file.to_owned(), line, column: column_at(head) }
    })
}

struct Counted<R> {
    inner: R,
    taken: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.taken.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}
