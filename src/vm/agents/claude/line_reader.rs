//! Lines of bounded length.

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

#[cfg(test)]
mod tests;

/// Longest line that is read: tool results with an image in them reach a few MB.
const LINE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Reads lines; one that is too long is left out.
pub struct LineReader<R> {
    reader: R,
    line: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> LineReader<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, line: Vec::new() }
    }

    /// The next line that is short enough, with its line break; `None` at the end.
    pub async fn next(&mut self) -> Option<&[u8]> {
        self.line.clear();
        let mut too_long = false;
        loop {
            let chunk = self.reader.fill_buf().await.ok()?;
            if chunk.is_empty() {
                let ends_in_a_line = !self.line.is_empty() && !too_long;
                return ends_in_a_line.then_some(&self.line);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(chunk.len(), |end| end + 1);
            too_long |= self.line.len() + length > LINE_BYTES_MAX;
            if too_long {
                self.line.clear();
            } else {
                self.line.extend_from_slice(&chunk[..length]);
            }
            self.reader.consume(length);
            if end.is_some() && !std::mem::take(&mut too_long) {
                return Some(&self.line);
            }
        }
    }
}
