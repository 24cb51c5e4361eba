//! One turn from its first event to its last.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{LiveTurn, TurnParams};
use crate::protocol::{TurnEvent, TurnFailure, WithheldReason};
use crate::vm::VmLimits;
use crate::vm::agent::{Agent, Prompt, RunningAgent};
use crate::vm::exchange::{FILES_MAX, FileExchange};
use crate::vm::record::TurnRecord;
use crate::vm::text::{headline, printable};

/// How long text is gathered into one event: smooth to the eye, and a bound on events a second.
const GATHER: Duration = Duration::from_millis(50);

/// Text of one event, in bytes, beyond which no more is gathered.
const EVENT_BYTES: usize = 16 * 1024;

/// How long handing out files may delay the end of a turn: a few large ones on a slow volume.
const HAND_OUT_TIMEOUT: Duration = Duration::from_secs(30);

/// Files that are tried in one turn: those before them may be unreadable.
const TRIED_MAX: usize = 3 * FILES_MAX;

/// Characters of a tool's name and of its detail.
const TOOL_CHARS_MAX: usize = 160;

/// Runs the turn and writes down what happens. It always ends with a last event, unless the disk
/// fails; then readers are told, and the next process calls it interrupted.
pub(super) async fn drive(
    live: &LiveTurn,
    record: TurnRecord,
    agent: &dyn Agent,
    exchange: &FileExchange,
    ask: &TurnParams,
    limits: VmLimits,
) {
    let mut story = TurnRecorder { live, record, left_bytes: limits.output_max_bytes };
    let said = Prompt {
        text: &ask.text,
        files: &ask.files,
        citations: &ask.citations,
        model_token: ask.model_token.as_deref(),
    };
    let deadline = Instant::now() + Duration::from_millis(limits.turn_timeout_ms);
    let started = tokio::select! {
        biased;
        reason = wait_for_stop(live, deadline) => Err(reason),
        started = agent.start(&ask.session, said) => started.map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "the agent cannot be started");
            TurnFailure::AgentCrashed
        }),
    };
    let last = match started {
        Ok(running) => follow(&mut story, running, deadline, limits).await,
        Err(reason) => failed(reason),
    };
    // Nobody reads on after a turn was cut off: what it left goes with the next one.
    let last = if is_cut_off(&last) {
        last
    } else {
        match story.hand_out(exchange, ask).await {
            Ok(()) => last,
            Err(instead) => instead,
        }
    };
    if story.record(last.clone()).await.is_err() {
        live.events.send_modify(|events| events.push(last));
    }
}

fn is_cut_off(last: &TurnEvent) -> bool {
    use TurnFailure::{Interrupted, Stopped};
    matches!(last, TurnEvent::Failed { reason: Stopped | Interrupted })
}

fn failed(reason: TurnFailure) -> TurnEvent {
    TurnEvent::Failed { reason }
}

/// Returns when the turn is told to end or has had its time, and which.
async fn wait_for_stop(live: &LiveTurn, deadline: Instant) -> TurnFailure {
    let mut end = live.end.subscribe();
    tokio::select! {
        biased;
        told = end.wait_for(Option::is_some) => {
            told.ok().and_then(|reason| *reason).unwrap_or(TurnFailure::Interrupted)
        }
        () = tokio::time::sleep_until(deadline) => TurnFailure::TimedOut,
    }
}

/// Returns the last event when no process of the turn is left.
async fn follow(
    story: &mut TurnRecorder<'_>,
    running: RunningAgent,
    deadline: Instant,
    limits: VmLimits,
) -> TurnEvent {
    let mut events = TextBatcher { events: running.events, text: String::new(), next: None };
    let mut cut_short = std::pin::pin!(wait_for_stop(story.live, deadline));
    let last = loop {
        tokio::select! {
            biased;
            reason = &mut cut_short => break failed(reason),
            event = events.next() => match event {
                None => break failed(TurnFailure::AgentCrashed),
                Some(last) if last.is_last() => break last,
                Some(event) => if let Err(last) = story.record(event).await {
                    break last;
                }
            },
        }
    };
    let rest = TurnEvent::Text { text: std::mem::take(&mut events.text) };
    drop(events);
    if let Some(group) = running.group {
        group.end(Duration::from_millis(limits.stop_grace_ms)).await;
    }
    match story.record(rest).await {
        Ok(()) => last,
        Err(instead) => instead,
    }
}

/// What was told so far, and how much more may be.
struct TurnRecorder<'a> {
    live: &'a LiveTurn,
    record: TurnRecord,
    left_bytes: usize,
}

impl TurnRecorder<'_> {
    /// Hands out what the agent left for the person, within a bounded time. What is not sent stays
    /// where it is, and the person is told why.
    ///
    /// # Errors
    /// With how the turn ends instead, when the disk fails.
    async fn hand_out(
        &mut self,
        exchange: &FileExchange,
        ask: &TurnParams,
    ) -> Result<(), TurnEvent> {
        let deadline = Instant::now() + HAND_OUT_TIMEOUT;
        let outbox = exchange.outbox(deadline).await;
        let mut withheld = outbox.withheld;
        let mut index = 0;
        for (tried, file) in outbox.files.into_iter().enumerate() {
            let name = file.shown();
            if index == FILES_MAX || tried >= TRIED_MAX {
                withheld.add(WithheldReason::TooMany, &name);
                continue;
            }
            match exchange.store_copy(&ask.turn, index, &file, deadline).await {
                Ok(bytes) => {
                    self.put(TurnEvent::File { index, name, bytes }).await?;
                    exchange.put_away(&file).await;
                    index += 1;
                }
                Err(reason) => withheld.add(reason, &name),
            }
        }
        for event in withheld.events() {
            self.put(event).await?;
        }
        Ok(())
    }

    /// Writes an event down, then shows it.
    ///
    /// # Errors
    /// With how the turn ends instead: it told too much, or the disk fails.
    async fn record(&mut self, event: TurnEvent) -> Result<(), TurnEvent> {
        let had_room = self.left_bytes > 0;
        if let Some(event) = self.measured(event) {
            self.put(event).await?;
        }
        if had_room && self.left_bytes == 0 {
            let text = "\n[stopped: this is more output than a turn may have]".to_owned();
            self.put(TurnEvent::Text { text }).await?;
            return Err(TurnEvent::Done);
        }
        Ok(())
    }

    async fn put(&mut self, event: TurnEvent) -> Result<(), TurnEvent> {
        if let Err(error) = self.record.append(&event).await {
            tracing::error!(error = ?error.kind(), "cannot write a turn's event");
            return Err(failed(TurnFailure::DiskFailed));
        }
        self.live.events.send_modify(|events| events.push(event));
        Ok(())
    }

    /// The event in presentable form, cut to what is left; `None` when nothing is.
    fn measured(&mut self, event: TurnEvent) -> Option<TurnEvent> {
        match event {
            TurnEvent::Text { text } => {
                let mut text = printable(&text);
                let room_bytes = text.floor_char_boundary(self.left_bytes);
                self.spend(text.len());
                text.truncate(room_bytes);
                (!text.is_empty()).then_some(TurnEvent::Text { text })
            }
            TurnEvent::Tool { name, detail } => {
                let [name, detail] =
                    [name, detail].map(|text| headline(&printable(&text), TOOL_CHARS_MAX));
                self.spend(name.len() + detail.len());
                Some(TurnEvent::Tool { name, detail })
            }
            TurnEvent::Heartbeat => None,
            last => Some(last),
        }
    }

    fn spend(&mut self, bytes: usize) {
        self.left_bytes = self.left_bytes.saturating_sub(bytes);
    }
}

/// A program's events, with small pieces of text joined.
struct TextBatcher {
    events: mpsc::Receiver<TurnEvent>,
    text: String,
    next: Option<TurnEvent>,
}

impl TextBatcher {
    /// Cancel safe: text gathered so far stays in `text`.
    async fn next(&mut self) -> Option<TurnEvent> {
        if let Some(event) = self.next.take() {
            return Some(event);
        }
        if self.text.is_empty() {
            match self.events.recv().await {
                Some(TurnEvent::Text { text }) => self.text = text,
                other => return other,
            }
        }
        let until = Instant::now() + GATHER;
        while self.text.len() < EVENT_BYTES {
            match timeout_at(until, self.events.recv()).await {
                Err(_) => break,
                Ok(Some(TurnEvent::Text { text })) => self.text.push_str(&text),
                Ok(other) => {
                    self.next = other;
                    break;
                }
            }
        }
        Some(TurnEvent::Text { text: std::mem::take(&mut self.text) })
    }
}
