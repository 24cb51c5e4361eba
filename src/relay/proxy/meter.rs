//! Reads the usage out of an answer as it passes.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use crate::relay::relay_store::TokenCounts;

/// Longest line of a stream, and longest body of one piece, that is read for its usage. What a
/// longer one cost stays unknown, and so stays reserved.
const BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Tokens that one answer may cost, more than any model reads or writes: a figure beyond it is a
/// mistake, and a few of those would no longer fit the count.
const TOKENS_MAX: u64 = 1 << 30;

/// Counts what one answer cost.
pub(super) struct UsageMeter {
    is_stream: bool,
    buffer: Vec<u8>,
    /// A line or a body was too long to be read.
    is_blind: bool,
    read: UsageReading,
}

/// What a piece of an answer tells of its cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UsageReading {
    /// Beyond what was told before.
    pub(super) used: TokenCounts,
    /// The figure for the input is known.
    pub(super) is_input_known: bool,
    /// The figure for the output is final.
    pub(super) is_output_known: bool,
}

/// The parts of a message, or of an event, that say what was used so far.
#[derive(Deserialize)]
struct UsageReport {
    usage: Option<ModelUsage>,
    message: Option<MessageStart>,
}

#[derive(Deserialize)]
struct MessageStart {
    usage: Option<ModelUsage>,
}

#[derive(Deserialize)]
struct ModelUsage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl UsageMeter {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        Self { is_stream, buffer: Vec::new(), is_blind: false, read: UsageReading::default() }
    }

    /// What this piece tells; `None` when it tells nothing new.
    pub(super) fn read(&mut self, piece: &[u8]) -> Option<UsageReading> {
        if self.buffer.len() + piece.len() > BUFFER_BYTES_MAX {
            self.buffer.clear();
            self.is_blind = true;
            return None;
        }
        self.buffer.extend_from_slice(piece);
        if !self.is_stream {
            return None;
        }
        let end = self.buffer.iter().rposition(|byte| *byte == b'\n')?;
        let lines: Vec<u8> = self.buffer.drain(..=end).collect();
        let before = self.read;
        for line in lines.split(|byte| *byte == b'\n') {
            if let Some(data) = line.strip_prefix(b"data:") {
                self.take(data);
            }
        }
        self.since(before)
    }

    /// What the end of a whole answer tells.
    pub(super) fn end(&mut self) -> Option<UsageReading> {
        let before = self.read;
        let body = std::mem::take(&mut self.buffer);
        if !self.is_stream && !self.is_blind {
            self.take(&body);
        }
        self.since(before)
    }

    /// Usage is told cumulatively, so the largest figure is the latest. A message that only begins
    /// does not know its output yet.
    fn take(&mut self, json: &[u8]) {
        let Ok(told) = serde_json::from_slice::<UsageReport>(json) else { return };
        let is_final = told.usage.is_some();
        let Some(usage) = told.usage.or(told.message.and_then(|message| message.usage)) else {
            return;
        };
        let input =
            [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens];
        let input = input.into_iter().flatten().fold(0, u64::saturating_add).min(TOKENS_MAX);
        let output = usage.output_tokens.unwrap_or(0).min(TOKENS_MAX);
        self.read.used.input = self.read.used.input.max(input);
        self.read.used.output = self.read.used.output.max(output);
        self.read.is_input_known |= usage.input_tokens.is_some();
        self.read.is_output_known |= is_final && usage.output_tokens.is_some();
    }

    fn since(&self, before: UsageReading) -> Option<UsageReading> {
        (self.read != before).then(|| UsageReading {
            used: TokenCounts {
                input: self.read.used.input - before.used.input,
                output: self.read.used.output - before.used.output,
            },
            ..self.read
        })
    }
}
