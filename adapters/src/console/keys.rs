//! Bytes from a keyboard or a pipe into lines.

use std::mem;

use zeroize::Zeroizing;

/// Longest line, in bytes; what is typed or pasted beyond it is cut off and said so. Larger than
/// any credential or prompt that a channel would take, small enough to hold.
pub const LINE_MAX: usize = 256 * 1024;

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// What came of a byte.
pub(super) enum Key {
    /// Nothing yet.
    Pending,
    /// A line is complete.
    Line {
        /// Without its line break.
        text: Zeroizing<String>,
        /// Whether it was longer than [`LINE_MAX`].
        cut: bool,
    },
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D on an empty line.
    End,
}

/// The line being typed.
pub(super) struct Keys {
    line: Zeroizing<Vec<u8>>,
    cut: bool,
    edited: bool,
    sequence: Sequence,
}

/// Where in an escape sequence (an arrow key, say) we are; all of them are ignored.
enum Sequence {
    None,
    Escaped,
    Control,
}

impl Keys {
    /// `edited` when keys come one by one and the line editing is ours.
    pub(super) fn new(edited: bool) -> Self {
        let line = Zeroizing::new(Vec::new());
        Self { line, cut: false, edited, sequence: Sequence::None }
    }

    pub(super) fn press(&mut self, byte: u8) -> Key {
        match byte {
            b'\n' => return self.take(),
            b'\r' if self.edited => return self.take(),
            byte if self.edited => return self.edit(byte),
            byte => self.push(byte),
        }
        Key::Pending
    }

    /// The line as far as it is typed.
    pub(super) fn typed(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.line).into_owned())
    }

    /// What was typed before the input ended without a line break.
    pub(super) fn last(&mut self) -> Option<Key> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> Key {
        let mut line = mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let cut = mem::take(&mut self.cut);
        while cut && std::str::from_utf8(&line).is_err_and(|error| error.error_len().is_none()) {
            line.pop();
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
        Key::Line { text, cut }
    }

    fn edit(&mut self, byte: u8) -> Key {
        match (&self.sequence, byte) {
            (Sequence::Escaped, b'[' | b'O') => self.sequence = Sequence::Control,
            (Sequence::Escaped, _) | (Sequence::Control, 0x40..=0x7e) => {
                self.sequence = Sequence::None;
            }
            (Sequence::Control, _) => {}
            (Sequence::None, CTRL_C) => return Key::Interrupt,
            (Sequence::None, CTRL_D) if self.line.is_empty() => return Key::End,
            (Sequence::None, ESCAPE) => self.sequence = Sequence::Escaped,
            (Sequence::None, BACKSPACE | DELETE) => self.erase_character(),
            (Sequence::None, CTRL_U) => self.line.clear(),
            (Sequence::None, CTRL_W) => self.erase_word(),
            (Sequence::None, b'\t') => self.push(byte),
            (Sequence::None, 0..=0x1f) => {}
            (Sequence::None, _) => self.push(byte),
        }
        Key::Pending
    }

    fn push(&mut self, byte: u8) {
        match self.line.len() < LINE_MAX {
            true => self.line.push(byte),
            false => self.cut = true,
        }
    }

    fn erase_character(&mut self) {
        while self.line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn erase_word(&mut self) {
        let kept = self.line.trim_ascii_end();
        let start = kept.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        self.line.truncate(start);
    }
}
