//! What the person sees of a turn, as messages that fit.

use std::time::Duration;

use adapters::channel::Capabilities;
use adapters::chat::Outbound;
use adapters::text::{length, split};

use super::messages;
use crate::messages::Locale;
use crate::protocol::TurnEvent;

/// Longest status line, in characters: one line on a phone, twice.
const STATUS_CHARS_MAX: usize = 100;

/// The answer so far, and what is being done.
pub(super) struct TurnView {
    turn: String,
    capabilities: Capabilities,
    locale: Locale,
    text: String,
    /// Files are handed out when all is said.
    said_all: bool,
    tool: Option<String>,
    notice: Option<String>,
    /// Once it takes long.
    elapsed: Option<Duration>,
}

impl TurnView {
    pub(super) fn new(turn: &str, capabilities: &Capabilities, locale: Locale) -> Self {
        Self {
            turn: turn.to_owned(),
            capabilities: capabilities.clone(),
            locale,
            text: String::new(),
            said_all: false,
            tool: None,
            notice: None,
            elapsed: None,
        }
    }

    pub(super) fn show(&mut self, event: &TurnEvent) {
        self.notice = None;
        match event {
            TurnEvent::Text { text } => self.text.push_str(text),
            TurnEvent::Tool { name, detail } => self.tool = Some(one_line(name, detail)),
            TurnEvent::File { .. } | TurnEvent::Withheld { .. } => self.said_all = true,
            TurnEvent::Heartbeat
            | TurnEvent::Done
            | TurnEvent::Failed { .. }
            | TurnEvent::Unknown => {}
        }
    }

    pub(super) fn notice(&mut self, notice: String) {
        self.notice = Some(notice);
    }

    pub(super) fn set_elapsed(&mut self, worked: Duration) {
        self.elapsed = Some(worked);
    }

    /// The messages as they stand. Where none can be edited, only what will not change any more,
    /// and the status as a message of its own.
    pub(super) fn messages(&self) -> Vec<Outbound> {
        let mut parts = self.split(self.text.trim_end());
        if self.said_all {
            return self.numbered(parts);
        }
        if !self.capabilities.edits {
            parts.pop();
            let mut messages = self.numbered(parts);
            messages.extend(
                self.status()
                    .map(|(kind, status)| Outbound::text(format!("{}-{kind}", self.turn), status)),
            );
            return messages;
        }
        if let Some((_, status)) = self.status() {
            self.append(&mut parts, &status);
        }
        self.numbered(parts)
    }

    /// The messages as they stay.
    pub(super) fn final_messages(&self, failure: Option<&str>) -> Vec<Outbound> {
        let mut text = self.text.trim_end().to_owned();
        match failure {
            Some(failure) if text.is_empty() => text.push_str(failure),
            Some(failure) => text.extend(["\n\n", failure]),
            None if text.trim().is_empty() => text = messages::NOTHING_SAID.said(self.locale),
            None => {}
        }
        self.numbered(self.split(&text))
    }

    /// The kind of status, for a key, and the line.
    fn status(&self) -> Option<(String, String)> {
        if let Some(notice) = &self.notice {
            return Some(("waking".into(), notice.clone()));
        }
        if let Some(worked) = self.elapsed {
            let minutes = worked.as_secs() / 60;
            let line = messages::still_working(self.locale, minutes, self.tool.as_deref());
            return Some((format!("{minutes}-min"), line));
        }
        let tool = self.tool.as_ref().filter(|_| self.capabilities.edits)?;
        Some(("tool".into(), format!("({tool})")))
    }

    /// Below the text where it fits; a message of its own would be left over at the end.
    fn append(&self, parts: &mut Vec<String>, status: &str) {
        let Some(last) = parts.last_mut() else {
            parts.push(status.to_owned());
            return;
        };
        let both = format!("{}\n\n{status}", last.trim_end());
        if length(&both, self.capabilities.text_unit) <= self.capabilities.text_max {
            *last = both;
        }
    }

    fn split(&self, text: &str) -> Vec<String> {
        if text.trim().is_empty() {
            return Vec::new();
        }
        split(text, self.capabilities.text_max, self.capabilities.text_unit)
    }

    fn numbered(&self, parts: Vec<String>) -> Vec<Outbound> {
        let key = |at| format!("{}-{at}", self.turn);
        parts.into_iter().enumerate().map(|(at, text)| Outbound::text(key(at), text)).collect()
    }
}

fn one_line(name: &str, detail: &str) -> String {
    let line = format!("{name} {detail}");
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(STATUS_CHARS_MAX) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line,
    }
}
