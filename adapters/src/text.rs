//! The split of long text into messages that fit.

use unicode_segmentation::UnicodeSegmentation;

mod fence;
#[cfg(test)]
mod tests;

use fence::Fence;

/// The unit in which a service limits the length of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthUnit {
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

/// The length of this text in `unit`.
pub fn length(text: &str, unit: LengthUnit) -> usize {
    match unit {
        LengthUnit::Utf16 => text.encode_utf16().count(),
        LengthUnit::Chars => text.chars().count(),
        LengthUnit::Bytes => text.len(),
    }
}

/// Cuts `text` into messages of at most `max` units (at least four: the longest character).
///
/// Cuts fall between paragraphs where possible, else lines, else words, and never within a grapheme
/// cluster of at most `max` units. Whitespace around a cut is dropped, except within a code fence.
/// A fence that is cut is closed in one message and opened again, with its language, in the next; a
/// cluster that leaves no room for that is a message without the fence. Nothing else is added or
/// lost. Empty text makes no message.
pub fn split(text: &str, max: usize, unit: LengthUnit) -> Vec<String> {
    parts(text, max, unit).iter().map(TextPart::message).collect()
}

/// A part of the text, with the lines that close and open a cut fence.
struct TextPart<'a> {
    reopened: Option<Fence<'a>>,
    body: &'a str,
    cut_fence: Option<Fence<'a>>,
}

impl TextPart<'_> {
    fn message(&self) -> String {
        let mut message = self.reopened.map(|fence| fence.opening()).unwrap_or_default();
        message.push_str(self.body);
        if let Some(fence) = self.cut_fence {
            message.push_str(&fence.closing(self.body));
        }
        message
    }
}

fn parts(text: &str, max: usize, unit: LengthUnit) -> Vec<TextPart<'_>> {
    let max = max.max(MAX_AT_LEAST);
    let clusters = GraphemeClusters::of(text);
    let mut parts = Vec::new();
    let mut fence = None;
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let scan = CutSearch { text: rest, start, clusters: &clusters, fence, max, unit };
        let cut = scan.cut();
        let (body, after) = rest.split_at(cut.at);
        let (body, after) = match (cut.fence, after.is_empty()) {
            (None, false) => (
                &body[..clusters.trimmed_end(text, start, start + body.len()) - start],
                after.trim_start_matches(['\r', '\n']),
            ),
            _ => (body, after),
        };
        if !body.is_empty() {
            let is_cut = !after.is_empty() && !cut.is_bare;
            let reopened = fence.filter(|_| !cut.is_bare);
            parts.push(TextPart { reopened, body, cut_fence: cut.fence.filter(|_| is_cut) });
        }
        fence = cut.fence;
        start = text.len() - after.len();
    }
    parts
}

/// The ends of the grapheme clusters of a whole text. A rest of the text may not be asked instead:
/// behind a cut within a cluster, its clusters can be others.
struct GraphemeClusters(Vec<usize>);

impl GraphemeClusters {
    fn of(text: &str) -> Self {
        Self(text.grapheme_indices(true).map(|(at, cluster)| at + cluster.len()).collect())
    }

    /// The ends of the clusters after `at`, in order.
    fn ends_after(&self, at: usize) -> &[usize] {
        &self.0[self.0.partition_point(|end| *end <= at)..]
    }

    /// `end` without the clusters before it that are whitespace.
    fn trimmed_end(&self, text: &str, start: usize, mut end: usize) -> usize {
        let mut before = self.0.partition_point(|cluster| *cluster < end);
        while end > start {
            before = before.saturating_sub(1);
            let cluster = self.0.get(before).copied().filter(|at| *at < end).unwrap_or(0);
            let cluster = cluster.max(start);
            if !text[cluster..end].chars().all(char::is_whitespace) {
                break;
            }
            end = cluster;
        }
        end
    }
}

/// A place to cut, and the code fence that it lies in.
#[derive(Clone, Copy)]
struct CutPoint<'a> {
    at: usize,
    fence: Option<Fence<'a>>,
    /// The part is written without its fence.
    is_bare: bool,
}

impl<'a> CutPoint<'a> {
    fn new(at: usize, fence: Option<Fence<'a>>) -> Self {
        Self { at, fence, is_bare: false }
    }
}

/// The best places to cut that were found so far.
#[derive(Default)]
struct CutCandidates<'a> {
    paragraph: Option<CutPoint<'a>>,
    line: Option<CutPoint<'a>>,
}

/// The search for the end of one message.
struct CutSearch<'a, 'c> {
    text: &'a str,
    /// The start of `text` in the whole text.
    start: usize,
    clusters: &'c GraphemeClusters,
    fence: Option<Fence<'a>>,
    max: usize,
    unit: LengthUnit,
}

impl<'a> CutSearch<'a, '_> {
    fn length(&self, text: &str) -> usize {
        length(text, self.unit)
    }

    fn cut(&self) -> CutPoint<'a> {
        let mut used = self.fence.map_or(0, |fence| self.length(&fence.opening()));
        let mut fence = self.fence;
        let mut found = CutCandidates::default();
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
                return CutPoint::new(self.text.len(), next);
            }
            if taken + reserve > self.max {
                return self.choose(found, CutPoint::new(at, fence), used);
            }
            if next.is_none() || fence.is_some() {
                found.note(CutPoint::new(end, next), self.text);
            }
            used += self.length(line);
            fence = next;
            at += line.len();
        }
        found.line.unwrap_or(CutPoint::new(at, fence))
    }

    /// Chooses where to cut when the line that starts at `start` does not fit any more.
    fn choose(&self, found: CutCandidates<'a>, start: CutPoint<'a>, used: usize) -> CutPoint<'a> {
        let (word, grapheme) = self.within_line(start, used);
        let worth =
            |cut: &CutPoint<'_>| self.length(&self.text[..cut.at]) >= self.max / WORTH_TAKING;
        let some = |cut: &CutPoint<'_>| cut.at > 0;
        found
            .paragraph
            .filter(worth)
            .or(found.line.filter(worth))
            .or(word.filter(worth))
            .or(found.line.filter(some))
            .or(word.filter(some))
            .or(grapheme.filter(some))
            .or(Some(start).filter(some))
            .or_else(|| self.bare_cluster(start))
            .unwrap_or_else(|| self.within_cluster(start, used))
    }

    /// The last places between words and between graphemes that fit, in the line at `start`.
    fn within_line(
        &self,
        start: CutPoint<'a>,
        used: usize,
    ) -> (Option<CutPoint<'a>>, Option<CutPoint<'a>>) {
        let mut room = self.room(start, used);
        let (mut word, mut grapheme) = (None, None);
        let mut at = start.at;
        for end in self.clusters.ends_after(self.start + at) {
            let end = end - self.start;
            let cluster = &self.text[at..end];
            let size = self.length(cluster);
            if size > room {
                break;
            }
            room -= size;
            at = end;
            let cut = CutPoint { at, ..start };
            grapheme = Some(cut);
            if cluster.chars().all(char::is_whitespace) {
                word = Some(cut);
            }
        }
        (word, grapheme)
    }

    /// The cut behind the first cluster, where it fits into a message that has no fence.
    fn bare_cluster(&self, start: CutPoint<'a>) -> Option<CutPoint<'a>> {
        let end = self.clusters.ends_after(self.start + start.at).first()? - self.start;
        let fits = self.length(&self.text[start.at..end]) <= self.max;
        fits.then_some(CutPoint { at: end, is_bare: true, ..start })
    }

    /// The cut of last resort: a cluster so long that it fits into no message.
    fn within_cluster(&self, start: CutPoint<'a>, used: usize) -> CutPoint<'a> {
        let mut room = self.room(start, used);
        let fitting = self.text[start.at..].chars().take_while(|c| {
            let size = self.length(c.encode_utf8(&mut [0; 4]));
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        let bytes: usize = fitting.map(char::len_utf8).sum();
        CutPoint { at: start.at + bytes, ..start }
    }

    fn room(&self, start: CutPoint<'_>, used: usize) -> usize {
        let reserve = start.fence.map_or(0, |fence| fence.closing_length());
        self.max.saturating_sub(used + reserve)
    }
}

impl<'a> CutCandidates<'a> {
    fn note(&mut self, cut: CutPoint<'a>, text: &str) {
        self.line = Some(cut);
        let after = text[cut.at..].trim_start_matches('\r');
        let ends_paragraph = after.starts_with("\n\n") || after.starts_with("\n\r\n");
        if cut.fence.is_none() && ends_paragraph {
            self.paragraph = Some(cut);
        }
    }
}
