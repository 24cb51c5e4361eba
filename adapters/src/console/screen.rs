//! The content of the screen, and the drawing over its end.

use std::io::Write;

use super::plain;

/// The size of a screen, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScreenSize {
    /// Characters in a row.
    pub columns: usize,
    pub rows: usize,
}

impl Default for ScreenSize {
    fn default() -> Self {
        Self { columns: 80, rows: 24 }
    }
}

const CLEAR_ROW: &str = "\r\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// The output of lines in order; on a real screen with a prompt below them.
pub(super) struct TerminalScreen {
    out: Box<dyn Write + Send>,
    size: Option<Box<dyn Fn() -> ScreenSize + Send>>,
    last: Option<ScreenBlock>,
    speaker: Option<usize>,
    prompt: String,
    /// The screen is not empty.
    begun: bool,
}

/// A message by voice and key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct BlockId {
    pub(super) voice: usize,
    pub(super) key: String,
}

/// The message that nothing was printed after.
struct ScreenBlock {
    id: BlockId,
    lines: Vec<String>,
    /// The first of `lines` that is on the screen here; earlier ones stand further up.
    from: usize,
}

impl TerminalScreen {
    pub(super) fn new(
        out: Box<dyn Write + Send>,
        size: Option<Box<dyn Fn() -> ScreenSize + Send>>,
    ) -> Self {
        Self { out, size, last: None, speaker: None, prompt: String::new(), begun: false }
    }

    /// The size of a screen that is drawn on.
    pub(super) fn size(&self) -> Option<ScreenSize> {
        self.size.as_ref().map(|size| size())
    }

    /// Prints a line that is no message.
    pub(super) fn print_line(&mut self, line: &str) {
        self.last = None;
        self.begun = true;
        self.write(&format!("{}{line}\n{}", self.without_prompt(), self.prompt));
    }

    /// Prints a message, under its speaker's name when that is given and another voice spoke last.
    pub(super) fn print(&mut self, id: BlockId, name: Option<&str>, lines: Vec<String>) {
        self.print_from(id, name, lines, 0);
    }

    /// Replaces a message whose lines were `old`.
    pub(super) fn replace(
        &mut self,
        id: BlockId,
        name: Option<&str>,
        old: &[String],
        lines: Vec<String>,
    ) {
        if self.size.is_none() {
            return self.print_changes(id, name, old, &lines);
        }
        if !self.redraw(&id, &lines) {
            let from = unchanged(old, &lines);
            if from < lines.len() {
                self.print_from(id, name, lines, from);
            }
        }
    }

    /// Removes a message from the screen if it is the last thing on it.
    pub(super) fn erase(&mut self, id: &BlockId) {
        if self.redraw(id, &[]) {
            self.last = None;
        }
    }

    /// Draws the row below everything.
    pub(super) fn set_prompt(&mut self, prompt: String) {
        if self.size.is_some() {
            self.write(&format!("{CLEAR_ROW}{prompt}"));
            self.prompt = prompt;
        }
    }

    /// Messages stand apart, each below an empty line.
    fn print_from(&mut self, id: BlockId, name: Option<&str>, lines: Vec<String>, from: usize) {
        let heading = self.heading(&id, name);
        let gap = if from == 0 && self.begun { "\n" } else { "" };
        let body = joined(&lines[from..]);
        self.write(&format!("{}{gap}{heading}{body}{}", self.without_prompt(), self.prompt));
        self.last = Some(ScreenBlock { id, lines, from });
        self.begun = true;
    }

    fn print_changes(&mut self, id: BlockId, name: Option<&str>, old: &[String], new: &[String]) {
        let is_changed = |(at, line): &(usize, &String)| old.get(*at) != Some(line);
        let changed: Vec<_> =
            new.iter().enumerate().filter(is_changed).map(|(_, line)| line.clone()).collect();
        if !changed.is_empty() {
            let heading = self.heading(&id, name);
            self.write(&format!("{heading}{}", joined(&changed)));
        }
    }

    /// Draws over the last message; false when it is not the last one, or the change is out of
    /// reach.
    fn redraw(&mut self, id: &BlockId, lines: &[String]) -> bool {
        let Some(size) = self.size() else { return false };
        let Some(block) = self.last.as_ref().filter(|block| block.id == *id) else { return false };
        let from = unchanged(&block.lines, lines);
        let drawn_over = block.lines.get(from.max(block.from)..).unwrap_or_default();
        let up: usize = drawn_over.iter().map(|line| plain::rows(line, size.columns)).sum();
        if from < block.from || up >= size.rows {
            return false;
        }
        let first = block.from;
        let up = if up > 0 { format!("\x1b[{up}A") } else { String::new() };
        let body = joined(&lines[from..]);
        self.write(&format!("{CLEAR_ROW}{up}{CLEAR_BELOW}{body}{}", self.prompt));
        self.last = Some(ScreenBlock { id: id.clone(), lines: lines.to_vec(), from: first });
        true
    }

    fn heading(&mut self, id: &BlockId, name: Option<&str>) -> String {
        let speaks_on = self.speaker.replace(id.voice) == Some(id.voice);
        name.filter(|_| !speaks_on).map(|name| format!("[{name}]\n")).unwrap_or_default()
    }

    fn without_prompt(&self) -> &'static str {
        if self.size.is_some() { CLEAR_ROW } else { "" }
    }

    fn write(&mut self, text: &str) {
        // A closed output has no reader; the input ends as well then.
        let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
    }
}

/// The number of equal lines at the start of both.
fn unchanged(old: &[String], new: &[String]) -> usize {
    old.iter().zip(new).take_while(|(old, new)| old == new).count()
}

fn joined(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}
