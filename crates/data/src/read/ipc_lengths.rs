//! Lengths that an Arrow file states, against the length that it has. The reader takes memory for what is
//! stated, so this is looked at first.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use arrow::ipc::{root_as_footer, root_as_message};

/// The bytes that begin and end a file.
pub(crate) const MAGIC: &[u8; 6] = b"ARROW1";

/// Checks that every part of a file or stream ends within it; says which does not.
pub(crate) fn check(file: &mut File, is_stream: bool) -> Result<(), String> {
    let n_bytes = file.metadata().map_err(|e| e.to_string())?.len();
    let checked = if is_stream { stream(file, n_bytes) } else { footer(file, n_bytes) };
    checked.ok_or_else(|| "a part of it would end beyond its last byte".to_owned())
}

/// The parts that the footer of a file lists.
fn footer(file: &mut File, n_bytes: u64) -> Option<()> {
    let tail_start = n_bytes.checked_sub(10)?;
    let tail: [u8; 4] = read_at(file, tail_start, 4)?.try_into().ok()?;
    let n_footer = u64::try_from(i32::from_le_bytes(tail)).ok()?;
    let bytes = read_at(file, tail_start.checked_sub(n_footer)?, n_footer)?;
    let footer = root_as_footer(&bytes).ok()?;
    for block in footer.dictionaries().into_iter().flatten().chain(footer.recordBatches().into_iter().flatten()) {
        let start = u64::try_from(block.offset()).ok()?;
        let n_metadata = u64::try_from(block.metaDataLength()).ok()?;
        let n_body = u64::try_from(block.bodyLength()).ok()?;
        if start.checked_add(n_metadata)?.checked_add(n_body)? > n_bytes {
            return None;
        }
    }
    Some(())
}

/// The messages of a stream, one after the other.
fn stream(file: &mut File, n_bytes: u64) -> Option<()> {
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
        let n_body = u64::try_from(root_as_message(&bytes).ok()?.bodyLength()).ok()?;
        position = position.checked_add(u64::from(n_metadata))?.checked_add(n_body)?;
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
