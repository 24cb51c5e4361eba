//! The text that a terminal would show of a program's output.

use vte::{Params, Parser, Perform};

/// The longest line that is held, in characters. A longer one is shown in parts.
const LINE_MAX: usize = 4096;

/// A terminal of one line: control sequences are obeyed or removed whole, and a line that is
/// written over with carriage returns is shown in its last state.
#[derive(Default)]
pub struct TerminalText {
    parser: Parser,
    screen: LastLine,
}

#[derive(Default)]
struct LastLine {
    /// Finished lines that were not taken yet.
    finished: String,
    line: Vec<char>,
    column: usize,
    /// The beginning of this line was taken already.
    is_begun: bool,
}

impl TerminalText {
    /// Takes output in, however it is cut, and returns the lines that it finishes.
    pub fn feed(&mut self, output: &str) -> String {
        self.parser.advance(&mut self.screen, output.as_bytes());
        std::mem::take(&mut self.screen.finished)
    }

    /// Whether a line is held that is not finished.
    pub fn holds_line(&self) -> bool {
        !self.screen.line.is_empty()
    }

    /// The line as it is now, finished or not. Written over later, it is shown again in a new line.
    pub fn take_line(&mut self) -> String {
        self.screen.flush();
        std::mem::take(&mut self.screen.finished)
    }
}

impl LastLine {
    fn flush(&mut self) {
        self.is_begun |= !self.line.is_empty();
        self.finished.extend(self.line.drain(..));
        self.column = 0;
    }

    fn put(&mut self, c: char) {
        if self.line.len() >= LINE_MAX {
            self.flush();
        }
        match self.line.get_mut(self.column) {
            Some(place) => *place = c,
            None => self.line.push(c),
        }
        self.column += 1;
    }

    fn return_to_the_start(&mut self) {
        self.column = 0;
        if std::mem::take(&mut self.is_begun) {
            self.finished.push('\n');
        }
    }
}

impl Perform for LastLine {
    fn print(&mut self, c: char) {
        if !c.is_control() {
            self.put(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.flush();
                self.finished.push('\n');
                self.is_begun = false;
            }
            b'\t' => self.put('\t'),
            b'\r' => self.return_to_the_start(),
            // Backspace.
            8 => self.column = self.column.saturating_sub(1),
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, _: &[u8], _: bool, action: char) {
        // Erase in line (ECMA-48, EL): to the end, to the start, or all of it.
        if action == 'K' {
            let mode = params.iter().next().and_then(|it| it.first()).copied().unwrap_or_default();
            match mode {
                0 => self.line.truncate(self.column),
                2 => self.line.clear(),
                _ => {}
            }
            self.column = self.column.min(self.line.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(pieces: &[&str]) -> String {
        let mut terminal = TerminalText::default();
        let lines: String = pieces.iter().map(|piece| terminal.feed(piece)).collect();
        lines + &terminal.take_line()
    }

    /// F37 of the field cases, and faces of the same kind.
    #[test]
    fn sequences_are_removed_whole_and_carriage_returns_are_obeyed() {
        for (output, expected) in [
            ("\x1b[31mred\x1b[0m \x1b[1;32mgreen\x1b[0m", "red green"),
            ("\x1b]0;title\x07after", "after"),
            ("\x1b]8;;https://a.test\x1b\\link\x1b]8;;\x1b\\", "link"),
            ("10%\r20%\r30%\r40%\r50%", "50%"),
            ("working...\r\x1b[Kdone\n", "done\n"),
            ("\x1b[2K\rdownloaded 3 of 3\r\n", "downloaded 3 of 3\n"),
            ("a\r\nb\r\n", "a\nb\n"),
            ("abc\x08\x08X", "aXc"),
            ("\x1b[38;5;196mé🦀\x1b[m\tx", "é🦀\tx"),
            ("\x1bPq#0;2;0;0;0\x1b\\sixel", "sixel"),
            ("bell\x07 and null\0", "bell and null"),
        ] {
            assert_eq!(shown(&[output]), expected, "{output:?}");
        }
    }

    #[test]
    fn a_line_that_was_shown_and_is_written_over_begins_anew() {
        let mut terminal = TerminalText::default();
        assert_eq!(terminal.feed("10%"), "");
        assert_eq!(terminal.take_line(), "10%");
        assert_eq!(terminal.feed("\r90%\r100%\n"), "\n100%\n");
        assert!(!terminal.holds_line());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_output_is_cut(
            pieces in prop::collection::vec(
                prop_oneof![
                    "[a-z é🦀\r\n\t]",
                    "\x1b\\[[0-9;]{0,4}[a-zA-Z]",
                    "\x1b\\]0;[a-z]{0,4}\x07",
                ],
                0..30,
            ),
            at in 0_usize..200,
        ) {
            let output = pieces.concat();
            let at = output.floor_char_boundary(at);
            let (head, tail) = output.split_at(at);
            let whole = shown(&[&output]);
            prop_assert_eq!(shown(&[head, tail]), whole.clone());
            let is_shown = |c: char| !c.is_control() || matches!(c, '\n' | '\t');
            prop_assert!(whole.chars().all(is_shown), "{:?}", whole);
        }
    }
}
