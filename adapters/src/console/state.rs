//! The state of a terminal: the active voice, the messages shown, and the meaning of a typed line.

use std::collections::VecDeque;
use std::io::Write;

use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::keys::LINE_MAX;
use super::screen::{BlockId, ScreenSize, TerminalScreen};
use super::tty::Tty;
use super::{InboundContent, Outbound, plain};
use crate::chat::{AnswerKind, Button, MessageRef};

/// Messages of a voice that can still be edited; older ones are history.
const SHOWN_MAX: usize = 64;

/// Rows of an entered line that stay on the screen; a pasted page need not be shown again.
const ENTERED_ROWS_MAX: usize = 4;

/// A line for one voice.
pub(super) struct TypedLine {
    text: Zeroizing<String>,
    /// Typed without echo.
    hidden: bool,
}

pub(super) struct ConsoleState {
    screen: TerminalScreen,
    tty: Option<Tty>,
    voices: Vec<VoiceState>,
    current: usize,
    typed: Zeroizing<String>,
    ended: bool,
}

/// A voice, seen from the terminal.
struct VoiceState {
    name: String,
    lines: Option<mpsc::Sender<TypedLine>>,
    shown: VecDeque<ConsoleMessage>,
    choices: Vec<Button>,
    choices_key: String,
    asks_secret: bool,
    typing: bool,
}

struct ConsoleMessage {
    key: String,
    lines: Vec<String>,
}

impl ConsoleState {
    pub(super) fn new(
        output: Box<dyn Write + Send>,
        size: Option<Box<dyn Fn() -> ScreenSize + Send>>,
        tty: Option<Tty>,
    ) -> Self {
        let screen = TerminalScreen::new(output, size);
        let typed = Zeroizing::new(String::new());
        Self { screen, tty, voices: Vec::new(), current: 0, typed, ended: false }
    }

    pub(super) fn is_interactive(&self) -> bool {
        self.screen.size().is_some()
    }

    pub(super) fn add_voice(&mut self, name: &str, lines: mpsc::Sender<TypedLine>) -> usize {
        self.voices.push(VoiceState {
            name: plain::line(name),
            lines: (!self.ended).then_some(lines),
            shown: VecDeque::new(),
            choices: Vec::new(),
            choices_key: String::new(),
            asks_secret: false,
            typing: false,
        });
        self.refresh();
        self.voices.len() - 1
    }

    pub(super) fn switch_to(&mut self, name: &str) {
        let found = self.voices.iter().position(|voice| voice.name == name);
        if let Some(index) = found.filter(|index| *index != self.current) {
            self.current = index;
            self.notice(&format!("You are talking to {name} now."));
        }
    }

    pub(super) fn notice(&mut self, text: &str) {
        let columns = self.columns();
        for line in plain::lines(&format!("* {text}")) {
            for row in plain::wrapped(&line, columns) {
                self.screen.print_line(&row);
            }
        }
        self.refresh();
    }

    pub(super) fn show(&mut self, voice: usize, key: &str, message: &Outbound) {
        if self.edit(voice, key, message) {
            return;
        }
        let lines = drawn(message, self.columns());
        self.voices[voice].note(key, message, lines.clone());
        self.set_echo();
        let name = self.heading(voice);
        self.screen.print(BlockId { voice, key: key.into() }, name.as_deref(), lines);
        self.refresh();
    }

    pub(super) fn edit(&mut self, voice: usize, key: &str, message: &Outbound) -> bool {
        let lines = drawn(message, self.columns());
        let Some(old) = self.voices[voice].note_edit(key, message, lines.clone()) else {
            return false;
        };
        self.set_echo();
        if old != lines {
            let name = self.heading(voice);
            self.screen.replace(BlockId { voice, key: key.into() }, name.as_deref(), &old, lines);
        }
        self.refresh();
        true
    }

    pub(super) fn delete(&mut self, voice: usize, key: &str) -> bool {
        let known = self.voices[voice].forget(key);
        if known {
            self.screen.erase(&BlockId { voice, key: key.into() });
            self.refresh();
        }
        known
    }

    pub(super) fn set_typing(&mut self, voice: usize) {
        self.voices[voice].typing = true;
        self.refresh();
    }

    pub(super) fn set_typed(&mut self, typed: Zeroizing<String>) {
        self.typed = typed;
        self.refresh();
    }

    /// The voice that a complete line goes to; `None` when the line only switched voices.
    pub(super) fn enter(
        &mut self,
        text: Zeroizing<String>,
        cut: bool,
    ) -> Option<(mpsc::Sender<TypedLine>, TypedLine)> {
        let hidden = self.hides_typing();
        self.typed.clear();
        self.leave_on_screen(&text, hidden);
        if cut {
            self.notice(&format!("That line was longer than {LINE_MAX} bytes and was cut off."));
        }
        let named = text.strip_prefix('/').filter(|_| self.voices.len() > 1);
        if let Some(voice) = self.voices.iter().find(|voice| named == Some(&voice.name)) {
            let name = voice.name.clone();
            self.switch_to(&name);
            return None;
        }
        self.refresh();
        let voice = self.voices.get(self.current)?.lines.clone()?;
        Some((voice, TypedLine { text, hidden }))
    }

    /// The meaning of a line for this voice now.
    pub(super) fn understand(&self, voice: usize, line: TypedLine) -> InboundContent {
        let TypedLine { text, hidden } = line;
        let voice = &self.voices[voice];
        if let Some(button) = voice.choice(&text) {
            let chat = super::ConsoleChannel::chat();
            let message = Some(MessageRef { chat, id: voice.choices_key.clone() });
            return InboundContent::Tap { button: button.id.clone(), message };
        }
        match (hidden || voice.asks_secret) && !text.starts_with('/') {
            true => InboundContent::Secret(text),
            false => InboundContent::Text(text),
        }
    }

    /// The input has ended: every voice reads what it has and then nothing.
    pub(super) fn end(&mut self) {
        self.ended = true;
        for voice in &mut self.voices {
            voice.lines = None;
        }
        self.close();
    }

    /// Gives a real terminal back as it was.
    pub(super) fn close(&mut self) {
        self.screen.set_prompt(String::new());
        self.ended = true;
        self.tty = None;
    }

    /// A pipe has rows without end.
    fn columns(&self) -> usize {
        self.screen.size().map_or(usize::MAX, |size| size.columns)
    }

    fn heading(&self, voice: usize) -> Option<String> {
        (self.voices.len() > 1).then(|| self.voices[voice].name.clone())
    }

    fn hides_typing(&self) -> bool {
        let has_echo = self.is_interactive() || self.tty.is_some();
        has_echo && self.voices.get(self.current).is_some_and(|voice| voice.asks_secret)
    }

    fn leave_on_screen(&mut self, text: &str, hidden: bool) {
        let Some(size) = self.screen.size() else { return };
        let label = self.label();
        let entered = match hidden {
            true => format!("{label}(hidden)"),
            false => {
                let line = plain::line(text);
                let head = plain::head(&line, size.columns.saturating_mul(ENTERED_ROWS_MAX));
                let more = if head.len() < line.len() { "…" } else { "" };
                format!("{label}{head}{more}")
            }
        };
        self.screen.print_line(&entered);
    }

    fn label(&self) -> String {
        match self.voices.get(self.current) {
            Some(voice) if self.voices.len() > 1 => format!("{}> ", voice.name),
            _ => "> ".into(),
        }
    }

    /// Tells a terminal that echoes lines itself whether to: before a question for a credential can
    /// be seen, because a paste may follow at once.
    fn set_echo(&self) {
        if let (None, Some(tty)) = (self.screen.size(), &self.tty) {
            tty.echo(!self.hides_typing());
        }
    }

    /// Draws the prompt, or tells the terminal whether to echo.
    fn refresh(&mut self) {
        if self.ended {
            return;
        }
        let hidden = self.hides_typing();
        let Some(size) = self.screen.size() else {
            self.set_echo();
            return;
        };
        let typing = self.voices.get(self.current).is_some_and(|voice| voice.typing);
        let label = format!("{}{}", if typing { "… " } else { "" }, self.label());
        let prompt = match hidden {
            true => format!("{label}(hidden) "),
            false => {
                let room = size.columns.saturating_sub(plain::width(&label) + 1);
                format!("{label}{}", plain::tail(&plain::line(&self.typed), room))
            }
        };
        self.screen.set_prompt(prompt);
    }
}

impl VoiceState {
    fn note(&mut self, key: &str, message: &Outbound, lines: Vec<String>) {
        if self.shown.len() == SHOWN_MAX {
            self.shown.pop_front();
        }
        self.shown.push_back(ConsoleMessage { key: key.into(), lines });
        if !message.buttons.is_empty() {
            self.offer(key, message);
        }
        self.asks_secret = message.ask == AnswerKind::Secret;
        self.typing = false;
    }

    /// Records the new lines of a message and returns its old ones, if it is known.
    fn note_edit(
        &mut self,
        key: &str,
        message: &Outbound,
        lines: Vec<String>,
    ) -> Option<Vec<String>> {
        let is_newest = self.shown.back().is_some_and(|shown| shown.key == key);
        let shown = self.shown.iter_mut().find(|shown| shown.key == key)?;
        let old = std::mem::replace(&mut shown.lines, lines);
        if self.choices_key == key || (is_newest && !message.buttons.is_empty()) {
            self.offer(key, message);
        }
        if is_newest {
            self.asks_secret = message.ask == AnswerKind::Secret;
        }
        self.typing = false;
        Some(old)
    }

    fn forget(&mut self, key: &str) -> bool {
        let Some(at) = self.shown.iter().position(|shown| shown.key == key) else { return false };
        if at + 1 == self.shown.len() {
            self.asks_secret = false;
        }
        self.shown.remove(at);
        if self.choices_key == key {
            self.choices.clear();
        }
        true
    }

    fn offer(&mut self, key: &str, message: &Outbound) {
        self.choices = message.buttons.clone();
        self.choices_key = key.into();
    }

    /// The choice that this line picks, by number or by label.
    fn choice(&self, line: &str) -> Option<&Button> {
        let line = line.trim();
        let by_number = match line.bytes().all(|byte| byte.is_ascii_digit()) {
            true => line.parse::<usize>().ok().and_then(|number| number.checked_sub(1)),
            false => None,
        };
        let label = line.to_lowercase();
        by_number
            .and_then(|at| self.choices.get(at))
            .or_else(|| self.choices.iter().find(|choice| choice.label.to_lowercase() == label))
    }
}

/// The lines of a message in rows of `columns`, with its buttons as numbered choices: in one row,
/// or one below the other where that is too short.
fn drawn(message: &Outbound, columns: usize) -> Vec<String> {
    let lines = plain::lines(&message.text);
    let mut lines: Vec<_> = lines.iter().flat_map(|line| plain::wrapped(line, columns)).collect();
    let choices = message.buttons.iter().zip(1..);
    let choices: Vec<_> = choices
        .map(|(button, number)| format!("{number}) {}", plain::line(&button.label)))
        .collect();
    let in_one_row = choices.join("  ");
    if plain::width(&in_one_row) > columns {
        lines.extend(choices);
    } else if !choices.is_empty() {
        lines.push(in_one_row);
    }
    lines
}
