//! Lengths that an Arrow file states, against the length that it has. The reader takes memory for what is
//! stated, so this is looked at first.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use arrow::ipc::{CompressionType, Message, RecordBatch, root_as_footer, root_as_message};

/// A buffer of LZ4 grows at most so many times.
const MOST_BY_LZ4: u64 = 255;
/// A block of Zstandard's is at most 128 KiB and at least 4 bytes.
const MOST_BY_ZSTD: u64 = (128 << 10) / 4;
/// What the frame around compressed bytes may hide.
const SLACK: u64 = 64 << 10;

/// The bytes that begin and end a file.
pub(crate) const MAGIC: &[u8; 6] = b"ARROW1";

/// Checks that every part of a file or stream ends within it, and that what is compressed can become as long as it
/// says; says what does not.
pub(crate) fn check(file: &mut File, is_stream: bool) -> Result<(), String> {
    let n_bytes = file.metadata().map_err(|e| e.to_string())?.len();
    let mut bodies = Vec::new();
    let checked = if is_stream { stream(file, n_bytes, &mut bodies) } else { footer(file, n_bytes, &mut bodies) };
    checked.ok_or_else(|| "a part of it would end beyond its last byte".to_owned())?;
    let checked = bodies.iter().try_for_each(|body| body.check(file));
    checked.ok_or_else(|| "a compressed part says that it is longer than it can be".to_owned())
}

/// The compressed buffers of one message.
struct Compressed {
    /// How much longer a buffer may become.
    most: u64,
    /// Start and length of each in the file.
    buffers: Vec<(u64, u64)>,
}

impl Compressed {
    /// None where nothing is compressed.
    fn of(message: &Message<'_>, body: u64) -> Option<Self> {
        let dictionary = || message.header_as_dictionary_batch().and_then(|d| d.data());
        let batch: RecordBatch<'_> = message.header_as_record_batch().or_else(dictionary)?;
        let most = match batch.compression()?.codec() {
            CompressionType::LZ4_FRAME => MOST_BY_LZ4,
            _ => MOST_BY_ZSTD,
        };
        let place = |b: &arrow::ipc::Buffer| {
            let start = u64::try_from(b.offset()).unwrap_or(u64::MAX);
            (body.saturating_add(start), u64::try_from(b.length()).unwrap_or(0))
        };
        Some(Self { most, buffers: batch.buffers()?.iter().map(place).collect() })
    }

    /// The first eight bytes of a buffer are its length without compression; −1 says that it is not compressed.
    fn check(&self, file: &mut File) -> Option<()> {
        self.buffers.iter().filter(|(_, length)| *length > 0).try_for_each(|(start, length)| {
            let stated: [u8; 8] = read_at(file, *start, 8)?.try_into().ok()?;
            let stated = i64::from_le_bytes(stated);
            let is_possible =
                u64::try_from(stated).map_or(stated == -1, |n| n <= length.saturating_mul(self.most) + SLACK);
            is_possible.then_some(())
        })
    }
}

/// The parts that the footer of a file lists.
fn footer(file: &mut File, n_bytes: u64, bodies: &mut Vec<Compressed>) -> Option<()> {
    let tail_start = n_bytes.checked_sub(10)?;
    let tail: [u8; 4] = read_at(file, tail_start, 4)?.try_into().ok()?;
    let n_footer = u64::try_from(i32::from_le_bytes(tail)).ok()?;
    let bytes = read_at(file, tail_start.checked_sub(n_footer)?, n_footer)?;
    let footer = root_as_footer(&bytes).ok()?;
    for block in footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten()) {
        let start = u64::try_from(block.offset()).ok()?;
        let n_metadata = u64::try_from(block.metaDataLength()).ok()?;
        let n_body = u64::try_from(block.bodyLength()).ok()?;
        let body = start.checked_add(n_metadata)?;
        if body.checked_add(n_body)? > n_bytes {
            return None;
        }
        // The same as in a stream: a marker in files since version 0.15, the length, the message.
        let has_marker = length_at(file, start)? == u32::MAX;
        let before = if has_marker { 8 } else { 4 };
        let message = read_at(file, start + before, n_metadata.checked_sub(before)?)?;
        bodies.extend(Compressed::of(&root_as_message(&message).ok()?, body));
    }
    Some(())
}

/// The messages of a stream, one after the other.
fn stream(file: &mut File, n_bytes: u64, bodies: &mut Vec<Compressed>) -> Option<()> {
    let mut position = 0;
    while position + 4 <= n_bytes {
        let mut n_metadata = length_at(file, position)?;
        position += 4;
        if n_metadata == u32::MAX {
            // Since version 0.15 a marker stands before the length.
            n_metadata = length_at(file, position)?;
            position += 4;
        }
        if n_metadata == 0 {
            return Some(());
        }
        let bytes = read_at(file, position, u64::from(n_metadata)).filter(|_| position <= n_bytes)?;
        let message = root_as_message(&bytes).ok()?;
        let n_body = u64::try_from(message.bodyLength()).ok()?;
        position = position.checked_add(u64::from(n_metadata))?;
        bodies.extend(Compressed::of(&message, position));
        position = position.checked_add(n_body)?;
        if position > n_bytes {
            return None;
        }
    }
    Some(())
}

fn length_at(file: &mut File, position: u64) -> Option<u32> {
    Some(u32::from_le_bytes(read_at(file, position, 4)?.try_into().ok()?))
}

/// Exactly so many bytes; takes no more memory than the file has.
fn read_at(file: &mut File, position: u64, n: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(position)).ok()?;
    let mut bytes = Vec::new();
    file.take(n).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == n).then_some(bytes)
}
