//! Long text into messages that fit.

use unicode_segmentation::UnicodeSegmentation;

mod fence;
#[cfg(test)]
mod tests;

use fence::Fence;

/// What a service counts when it says how long a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// UTF-16 code units (Telegram).
    Utf16,
    /// Unicode scalar values (Discord, WhatsApp).
    Chars,
    /// Bytes of UTF-8 (our own web channel).
    Bytes,
}

/// The longest single character in any unit; a smaller limit could hold no text at all.
const MAX_AT_LEAST: usize = 4;

/// A boundary is worth taking when the part before it is at least one part in this many full, so
/// that a short first line does not become a message of its own.
const WORTH_TAKING: usize = 4;

/// How long this text is, counted in `unit`.
pub fn length(text: &str, unit: Unit) -> usize {
    match unit {
        Unit::Utf16 => text.encode_utf16().count(),
        Unit::Chars => text.chars().count(),
        Unit::Bytes => text.len(),
    }
}

/// Cuts `text` into messages of at most `max` units (at least four: the longest character).
///
/// Cuts fall between paragraphs where possible, else lines, else words, and never within a grapheme
/// cluster that fits into a message of its own. Whitespace around a cut is dropped, except within a
/// code fence; a fence that is cut is closed in one message and opened again, with its language, in
/// the next. Nothing else is added or lost. Empty text makes no message.
pub fn split(text: &str, max: usize, unit: Unit) -> Vec<String> {
    parts(text, max, unit).iter().map(Part::message).collect()
}

/// A stretch of the text and what a cut fence needs around it.
struct Part<'a> {
    reopened: Option<Fence<'a>>,
    body: &'a str,
    cut_fence: Option<Fence<'a>>,
}

impl Part<'_> {
    fn message(&self) -> String {
        let mut message = self.reopened.map(|fence| fence.opening()).unwrap_or_default();
        message.push_str(self.body);
        if let Some(fence) = self.cut_fence {
            message.push_str(&fence.closing(self.body));
        }
        message
    }
}

fn parts(text: &str, max: usize, unit: Unit) -> Vec<Part<'_>> {
    let max = max.max(MAX_AT_LEAST);
    let mut parts = Vec::new();
    let mut fence = None;
    let mut rest = text;
    while !rest.is_empty() {
        let cut = Scan { text: rest, fence, max, unit }.cut();
        let (body, after) = rest.split_at(cut.at);
        let (body, after) = match (cut.fence, after.is_empty()) {
            (None, false) => (body.trim_end(), after.trim_start_matches(['\r', '\n'])),
            _ => (body, after),
        };
        if !body.is_empty() {
            let cut_fence = cut.fence.filter(|_| !after.is_empty());
            parts.push(Part { reopened: fence, body, cut_fence });
        }
        (fence, rest) = (cut.fence, after);
    }
    parts
}

/// A place to cut, and the code fence that it lies in.
#[derive(Clone, Copy)]
struct Cut<'a> {
    at: usize,
    fence: Option<Fence<'a>>,
}

/// The best places to cut that were found so far.
#[derive(Default)]
struct Found<'a> {
    paragraph: Option<Cut<'a>>,
    line: Option<Cut<'a>>,
}

/// The search for the end of one message.
struct Scan<'a> {
    text: &'a str,
    fence: Option<Fence<'a>>,
    max: usize,
    unit: Unit,
}

impl<'a> Scan<'a> {
    fn length(&self, text: &str) -> usize {
        length(text, self.unit)
    }

    fn cut(&self) -> Cut<'a> {
        let mut used = self.fence.map_or(0, |fence| self.length(&fence.opening()));
        let mut fence = self.fence;
        let mut found = Found::default();
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\r', '\n']);
            let next = Fence::after(fence, content, self.max);
            let reserve = next.map_or(0, |fence| fence.closing_length());
            let (end, taken) = match next {
                Some(_) => (at + line.len(), used + self.length(line)),
                None => (at + content.len(), used + self.length(content)),
            };
            let is_last = at + line.len() == self.text.len();
            if is_last && used + self.length(line) <= self.max {
                return Cut { at: self.text.len(), fence: next };
            }
            if taken + reserve > self.max {
                return self.choose(found, Cut { at, fence }, used);
            }
            if next.is_none() || fence.is_some() {
                found.note(Cut { at: end, fence: next }, self.text);
            }
            used += self.length(line);
            fence = next;
            at += line.len();
        }
        found.line.unwrap_or(Cut { at, fence })
    }

    /// Chooses where to cut when the line that starts at `start` does not fit any more.
    fn choose(&self, found: Found<'a>, start: Cut<'a>, used: usize) -> Cut<'a> {
        let (word, grapheme) = self.within_line(start, used);
        let worth = |cut: &Cut<'_>| self.length(&self.text[..cut.at]) >= self.max / WORTH_TAKING;
        let some = |cut: &Cut<'_>| cut.at > 0;
        found
            .paragraph
            .filter(worth)
            .or(found.line.filter(worth))
            .or(word.filter(worth))
            .or(found.line.filter(some))
            .or(word.filter(some))
            .or(grapheme.filter(some))
            .unwrap_or_else(|| self.within_grapheme(start, used))
    }

    /// The last places between words and between graphemes that fit, in the line at `start`.
    fn within_line(&self, start: Cut<'a>, used: usize) -> (Option<Cut<'a>>, Option<Cut<'a>>) {
        let mut room = self.room(start, used);
        let (mut word, mut grapheme) = (None, None);
        for (offset, cluster) in self.text[start.at..].grapheme_indices(true) {
            let size = self.length(cluster);
            if size > room {
                break;
            }
            room -= size;
            let cut = Cut { at: start.at + offset + cluster.len(), ..start };
            grapheme = Some(cut);
            if cluster.chars().all(char::is_whitespace) {
                word = Some(cut);
            }
        }
        (word, grapheme)
    }

    /// The cut of last resort: a cluster so long that it fits into no message.
    fn within_grapheme(&self, start: Cut<'a>, used: usize) -> Cut<'a> {
        let mut room = self.room(start, used);
        let fitting = self.text[start.at..].chars().take_while(|c| {
            let size = self.length(c.encode_utf8(&mut [0; 4]));
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let bytes: usize = fitting.map(char::len_utf8).sum();
        Cut { at: start.at + bytes, ..start }
    }

    fn room(&self, start: Cut<'_>, used: usize) -> usize {
        let reserve = start.fence.map_or(0, |fence| fence.closing_length());
        self.max.saturating_sub(used + reserve)
    }
}

impl<'a> Found<'a> {
    fn note(&mut self, cut: Cut<'a>, text: &str) {
        self.line = Some(cut);
        let after = text[cut.at..].trim_start_matches('\r');
        let ends_paragraph = after.starts_with("\n\n") || after.starts_with("\n\r\n");
        if cut.fence.is_none() && ends_paragraph {
            self.paragraph = Some(cut);
        }
    }
}
