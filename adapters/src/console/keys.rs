//! Bytes from a keyboard or a pipe into lines.

use std::mem;

use zeroize::Zeroizing;

/// Longest line, in bytes; text beyond it is cut off, and the person is told. Larger than any
/// credential or prompt that a channel takes, small enough to hold.
pub const LINE_MAX: usize = 256 * 1024;

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const ESCAPE: u8 = 0x1b;
const DELETE: u8 = 0x7f;

/// The effect of a byte.
pub(super) enum InputEvent {
    /// Nothing yet.
    Incomplete,
    /// A line is complete.
    Line {
        /// Without its line break.
        text: Zeroizing<String>,
        /// Whether it was longer than [`LINE_MAX`].
        cut: bool,
    },
    Interrupt,
    /// Ctrl-D on an empty line.
    End,
}

/// The line being typed.
pub(super) struct LineEditor {
    line: Zeroizing<Vec<u8>>,
    cut: bool,
    edited: bool,
    sequence: EscapeState,
}

/// The position in an escape sequence (of an arrow key, say); all of them are ignored.
enum EscapeState {
    None,
    Escaped,
    Control,
}

impl LineEditor {
    /// `edited` when keys come one by one and the line editing is ours.
    pub(super) fn new(edited: bool) -> Self {
        let line = Zeroizing::new(Vec::new());
        Self { line, cut: false, edited, sequence: EscapeState::None }
    }

    pub(super) fn press(&mut self, byte: u8) -> InputEvent {
        match byte {
            b'\n' => return self.take(),
            b'\r' if self.edited => return self.take(),
            byte if self.edited => return self.edit(byte),
            byte => self.push(byte),
        }
        InputEvent::Incomplete
    }

    /// The line as far as it is typed.
    pub(super) fn typed(&self) -> Zeroizing<String> {
        Zeroizing::new(String::from_utf8_lossy(&self.line).into_owned())
    }

    /// The text typed before the input ended without a line break.
    pub(super) fn last(&mut self) -> Option<InputEvent> {
        (!self.line.is_empty()).then(|| self.take())
    }

    fn take(&mut self) -> InputEvent {
        let mut line = mem::take(&mut self.line);
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        let cut = mem::take(&mut self.cut);
        while cut && std::str::from_utf8(&line).is_err_and(|error| error.error_len().is_none()) {
            line.pop();
        }
        let text = Zeroizing::new(String::from_utf8_lossy(&line).into_owned());
        InputEvent::Line { text, cut }
    }

    fn edit(&mut self, byte: u8) -> InputEvent {
        match (&self.sequence, byte) {
            (EscapeState::Escaped, b'[' | b'O') => self.sequence = EscapeState::Control,
            (EscapeState::Escaped, _) | (EscapeState::Control, 0x40..=0x7e) => {
                self.sequence = EscapeState::None;
            }
            (EscapeState::Control, _) => {}
            (EscapeState::None, CTRL_C) => return InputEvent::Interrupt,
            (EscapeState::None, CTRL_D) if self.line.is_empty() => return InputEvent::End,
            (EscapeState::None, ESCAPE) => self.sequence = EscapeState::Escaped,
            (EscapeState::None, BACKSPACE | DELETE) => self.erase_character(),
            (EscapeState::None, CTRL_U) => self.line.clear(),
            (EscapeState::None, CTRL_W) => self.erase_word(),
            (EscapeState::None, b'\t') => self.push(byte),
            (EscapeState::None, 0..=0x1f) => {}
            (EscapeState::None, _) => self.push(byte),
        }
        InputEvent::Incomplete
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
