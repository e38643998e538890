//! Large messages that come in chunks.

use lanewarden_spdm::message::Chunk;

/// The longest large message that is put together, in bytes.
const LONGEST: u32 = 1 << 20;

/// A large message that is not whole yet, or none.
#[derive(Debug, Default)]
pub struct Large(Option<Parts>);

#[derive(Debug)]
struct Parts {
    handle: u8,
    next: u16,
    total: usize,
    bytes: Vec<u8>,
}

impl Large {
    /// Takes a chunk; gives the whole message with the last.
    ///
    /// # Errors
    /// Why it is not put together.
    pub fn take(&mut self, chunk: &Chunk<'_>) -> Result<Option<Vec<u8>>, String> {
        let mut parts = match chunk.total {
            Some(total) if total > LONGEST => {
                self.0 = None;
                return Err(format!("a large message of {total} bytes, over {LONGEST}"));
            }
            Some(total) => {
                let total = usize::try_from(total).unwrap_or_default();
                Parts { handle: chunk.handle, next: 0, total, bytes: Vec::new() }
            }
            None => {
                let parts = self.0.take().filter(|parts| parts.is_next(chunk));
                parts.ok_or("a chunk before it is missing")?
            }
        };
        parts.bytes.extend(chunk.data);
        parts.next = parts.next.wrapping_add(1);
        let (length, total) = (parts.bytes.len(), parts.total);
        if length > total || chunk.last && length != total {
            return Err(format!("the chunks have {length} bytes of a message of {total}"));
        }
        if chunk.last {
            return Ok(Some(parts.bytes));
        }
        self.0 = Some(parts);
        Ok(None)
    }
}

impl Parts {
    fn is_next(&self, chunk: &Chunk<'_>) -> bool {
        self.handle == chunk.handle && self.next == chunk.sequence
    }
}
