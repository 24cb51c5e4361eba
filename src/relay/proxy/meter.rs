//! Reads the usage out of an answer as it passes.

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::Deserialize;

use crate::relay::ledger::Tokens;

/// Longest line of a stream, and longest body of one piece, that is read for its usage; longer ones
/// pass uncounted.
const BUFFER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Tokens that one answer may cost, more than any model reads or writes: a figure beyond it is a mistake, and
/// a few of those would no longer fit the count.
const TOKENS_MAX: u64 = 1 << 30;

/// Counts what one answer cost.
pub(super) struct Meter {
    is_stream: bool,
    buffer: Vec<u8>,
    counted: Tokens,
}

/// The parts of a message, or of an event, that say what was used so far.
#[derive(Deserialize)]
struct Told {
    usage: Option<Usage>,
    message: Option<Started>,
}

#[derive(Deserialize)]
struct Started {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

impl Meter {
    pub(super) fn new(headers: &HeaderMap) -> Self {
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_stream = kind.is_some_and(|kind| kind.starts_with("text/event-stream"));
        Self { is_stream, buffer: Vec::new(), counted: Tokens::default() }
    }

    /// What this piece adds to the usage.
    pub(super) fn read(&mut self, piece: &[u8]) -> Option<Tokens> {
        if self.buffer.len() + piece.len() > BUFFER_BYTES_MAX {
            self.buffer.clear();
            return None;
        }
        self.buffer.extend_from_slice(piece);
        if !self.is_stream {
            return None;
        }
        let end = self.buffer.iter().rposition(|byte| *byte == b'\n')?;
        let lines: Vec<u8> = self.buffer.drain(..=end).collect();
        let before = self.counted;
        for line in lines.split(|byte| *byte == b'\n') {
            if let Some(data) = line.strip_prefix(b"data:") {
                self.take(data);
            }
        }
        self.since(before)
    }

    /// What the end of the answer adds to the usage.
    pub(super) fn end(&mut self) -> Option<Tokens> {
        let before = self.counted;
        let body = std::mem::take(&mut self.buffer);
        if !self.is_stream {
            self.take(&body);
        }
        self.since(before)
    }

    /// Usage is told cumulatively, so the largest figure is the latest.
    fn take(&mut self, json: &[u8]) {
        let Ok(told) = serde_json::from_slice::<Told>(json) else { return };
        let Some(usage) = told.usage.or(told.message.and_then(|message| message.usage)) else {
            return;
        };
        let input =
            [usage.input_tokens, usage.cache_creation_input_tokens, usage.cache_read_input_tokens];
        let input = input.into_iter().flatten().fold(0, u64::saturating_add).min(TOKENS_MAX);
        let output = usage.output_tokens.unwrap_or(0).min(TOKENS_MAX);
        self.counted.input = self.counted.input.max(input);
        self.counted.output = self.counted.output.max(output);
    }

    fn since(&self, before: Tokens) -> Option<Tokens> {
        (self.counted != before).then(|| Tokens {
            input: self.counted.input - before.input,
            output: self.counted.output - before.output,
        })
    }
}
