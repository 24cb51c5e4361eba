//! Bytes of a program into text that can be shown anywhere.

pub use terminal::TerminalText;

mod terminal;

#[cfg(test)]
mod tests;

/// Decodes UTF-8 as it arrives in pieces; what is no UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub struct Utf8Decoder {
    cut: Vec<u8>,
}

impl Utf8Decoder {
    /// The text that `bytes` complete. A character cut in two waits for its rest.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        self.cut.extend_from_slice(bytes);
        let whole = self.cut.len() - unfinished(&self.cut);
        let rest = self.cut.split_off(whole);
        let bytes = std::mem::replace(&mut self.cut, rest);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What is left at the end.
    pub fn finish(self) -> String {
        String::from_utf8_lossy(&self.cut).into_owned()
    }
}

/// How many bytes at the end begin a character without ending it.
fn unfinished(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().last() {
        Some(last) => match std::str::from_utf8(last.invalid()) {
            Err(error) if error.error_len().is_none() => last.invalid().len(),
            _ => 0,
        },
        None => 0,
    }
}

/// The text as a terminal would show it, without control characters other than line breaks and
/// tabs: output of an agent must not command the terminal that it is shown in.
pub fn printable(text: &str) -> String {
    let mut terminal = TerminalText::default();
    let shown = terminal.feed(text);
    shown + &terminal.take_line()
}

/// The first line, of at most `max` characters.
pub fn headline(text: &str, max: usize) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    match line.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}
