//! A line of the owner becomes a turn of the agent, once.
//!
//! The turn's id was stored with the line. After a restart the stream is asked for from its start
//! and shown under the same message keys; within a process a lost stream goes on after what was
//! seen.

use std::time::Duration;

use adapters::chat::{Citation, CitationKind, Outbound};
use http::StatusCode;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout, timeout_at};
use tracing::Instrument;

use super::relay_store::{ArrivedFile, InboxMessage};
use super::turn_view::TurnView;
use super::vm_failure::VmFailure;
use super::{Relay, messages};
use crate::http::StreamedResponse;
use crate::protocol::{TurnEvent, TurnFailure, TurnRequest};
use crate::spans;

mod event_lines;

use event_lines::EventLines;

/// Least time between two forms of a message on disk, in milliseconds, however fast the channel is:
/// each is a synchronous write.
const WRITE_INTERVAL_MS: u64 = 250;

/// Time for the VM to begin its answer, a wake included.
const ATTACH_TIMEOUT: Duration = Duration::from_secs(90);

/// Silence after which the stream is taken for lost: four heartbeats of the VM.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// First and longest pause between attempts to attach; each is twice the one before.
pub(super) const BACKOFF_MIN: Duration = Duration::from_millis(250);
pub(super) const BACKOFF_MAX: Duration = Duration::from_secs(15);

/// Attempts to tell the VM that a turn is stopped; unheard, the VM's own time limit ends it.
const CANCEL_ATTEMPTS: u32 = 3;

/// How a turn ended, as far as we know.
enum TurnOutcome {
    Finished(Result<(), TurnFailure>),
    VmFailed(VmFailure),
}

/// Why a stream was left.
enum StreamEnd {
    Finished(Result<(), TurnFailure>),
    Lost,
}

fn holds_text(citations: &[Citation]) -> bool {
    citations.iter().any(|it| !it.text.trim().is_empty())
}

/// Text of others for the agent: a file that was forwarded is named as somebody else's.
fn with_forwarded_files(arrived: &[ArrivedFile], citations: &[Citation]) -> Vec<Citation> {
    let of_file = |file: &ArrivedFile| {
        let author = file.forwarded_from.clone()?;
        Some(Citation::new(CitationKind::Forwarded, author, format!("(the file {})", file.path)))
    };
    let files = arrived.iter().filter_map(of_file);
    files.chain(citations.iter().filter(|it| !it.text.trim().is_empty()).cloned()).collect()
}

/// A turn under way.
struct RelayTurn<'a> {
    relay: &'a Relay,
    line: &'a InboxMessage,
    /// What the agent is told of, besides the line.
    files: Vec<String>,
    /// Text of others, and which files are theirs.
    citations: Vec<Citation>,
    view: TurnView,
    seen: usize,
    began_at: Instant,
    heard_at: Instant,
    written: Vec<Outbound>,
}

impl Relay {
    /// One turn after the other, in the order of the lines, from the commit on.
    pub(super) async fn work(&self) {
        self.probation.committed().await;
        loop {
            match self.store.first().await {
                Ok(Some(line)) => {
                    let turn = || spans::relay_turn(&line.turn, line.seq);
                    let span = self.span(&line.chat).in_scope(turn);
                    *self.turn_span.lock() = span.clone();
                    self.work_off(&line).instrument(span).await;
                }
                Ok(None) => self.store.lines.notified().await,
                Err(error) => self.database_failed(&error).await,
            }
        }
    }

    async fn work_off(&self, line: &InboxMessage) {
        tracing::info!("a turn begins");
        match self.turn(line).await {
            Ok(()) => tracing::info!("a turn has ended"),
            Err(error) => self.database_failed(&error).await,
        }
    }

    async fn turn(&self, line: &InboxMessage) -> anyhow::Result<()> {
        self.channel.typing(&line.chat).await;
        if let Some(file) = &line.file {
            let brought = tokio::select! {
                biased;
                () = self.stopped_turn(line) => Err(messages::failed(TurnFailure::Stopped)),
                brought = self.fetch_for_turn(line, file) => brought?,
            };
            let said = match brought {
                Ok(_) if !line.text.is_empty() || holds_text(&line.citations) => None,
                Ok(path) => Some(messages::file_is_there(self.locale(), &path)),
                Err(why) => Some(why.said(self.locale())),
            };
            if let Some(said) = said {
                let message = Outbound::text(format!("{}-0", line.turn), said);
                return self.store.complete(line, &[message], self.clock.now_ms()).await;
            }
        }
        self.ask(line).await
    }

    async fn ask(&self, line: &InboxMessage) -> anyhow::Result<()> {
        let now = Instant::now();
        let arrived = self.store.files_for(&line.turn).await?;
        let mut course = RelayTurn {
            relay: self,
            line,
            citations: with_forwarded_files(&arrived, &line.citations),
            files: arrived.into_iter().map(|it| it.path).collect(),
            view: TurnView::new(&line.turn, self.channel.capabilities(), self.locale()),
            seen: 0,
            began_at: now,
            heard_at: now,
            written: Vec::new(),
        };
        let end = tokio::select! {
            biased;
            () = self.stopped_turn(line) => {
                self.cancel(&line.turn).await;
                course.follow_to_its_stop().await?
            }
            end = course.follow() => end?,
        };
        let failure = match end {
            TurnOutcome::Finished(end) => end.err().map(messages::failed),
            TurnOutcome::VmFailed(reason) => Some(messages::vm_failure(reason)),
        };
        self.store
            .complete(
                line,
                &course.view.final_messages(failure.map(|it| it.said(self.locale())).as_deref()),
                self.clock.now_ms(),
            )
            .await?;
        self.end_calls();
        if matches!(end, TurnOutcome::VmFailed(_)) {
            // It may run all the same, and the next line waits for it.
            self.cancel(&line.turn).await;
        }
        self.activity.touch();
        Ok(())
    }

    /// Returns when `/stop` was said to this turn, in this process or before.
    pub(super) async fn stopped_turn(&self, line: &InboxMessage) {
        loop {
            match self.store.first().await {
                Ok(Some(first)) if first.seq == line.seq && first.is_stopped => return,
                Ok(_) => self.stopped.notified().await,
                Err(error) => self.database_failed(&error).await,
            }
        }
    }

    async fn cancel(&self, turn: &str) {
        for _ in 0..CANCEL_ATTEMPTS {
            if self.vm.cancel(turn).await {
                return;
            }
            sleep(BACKOFF_MIN).await;
        }
        tracing::warn!("the VM could not be told to stop a turn");
    }
}

impl RelayTurn<'_> {
    /// Hears the rest of a turn that was told to stop: the VM may have handed out files before.
    async fn follow_to_its_stop(&mut self) -> anyhow::Result<TurnOutcome> {
        self.heard_at = Instant::now();
        Ok(match self.follow().await? {
            TurnOutcome::Finished(_) => TurnOutcome::Finished(Err(TurnFailure::Stopped)),
            unheard => unheard,
        })
    }

    /// Attaches until the turn has ended, or nothing was heard of it for too long.
    async fn follow(&mut self) -> anyhow::Result<TurnOutcome> {
        let give_up = Duration::from_millis(self.relay.settings.limits.give_up_ms);
        let mut backoff = BACKOFF_MIN;
        loop {
            let seen = self.seen;
            let reason = match self.attach().await? {
                Some(reply) if reply.head.status == StatusCode::OK => {
                    match self.read(reply).await? {
                        StreamEnd::Finished(end) => return Ok(TurnOutcome::Finished(end)),
                        StreamEnd::Lost => VmFailure::Unreachable,
                    }
                }
                Some(reply) => VmFailure::of(reply.head.status),
                None => VmFailure::Unreachable,
            };
            let is_final = matches!(
                reason,
                VmFailure::Rejected | VmFailure::DiskFailed | VmFailure::OtherRelease
            );
            if is_final || self.heard_at.elapsed() >= give_up {
                return Ok(TurnOutcome::VmFailed(reason));
            }
            if self.seen > seen {
                backoff = BACKOFF_MIN;
            }
            sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF_MAX);
        }
    }

    async fn attach(&mut self) -> anyhow::Result<Option<StreamedResponse>> {
        let ask = TurnRequest {
            turn: self.line.turn.clone(),
            session: self.line.session.clone(),
            text: self.line.text.clone(),
            files: self.files.clone(),
            citations: self.citations.clone(),
            after: self.seen,
            model_token: self.relay.turn_token(&self.line.turn),
        };
        let relay = self.relay;
        let mut reply = std::pin::pin!(timeout(ATTACH_TIMEOUT, relay.vm.turn(&ask)));
        let waking = Duration::from_millis(relay.settings.limits.waking_ms);
        let answered = tokio::select! {
            biased;
            reply = &mut reply => reply,
            () = sleep(waking) => {
                self.view.notice(messages::WAKING.said(relay.locale()));
                self.write().await?;
                reply.await
            }
        };
        Ok(answered.ok().and_then(Result::ok))
    }

    async fn read(&mut self, reply: StreamedResponse) -> anyhow::Result<StreamEnd> {
        let mut lines = EventLines::new(reply.body);
        let limits = self.relay.settings.limits;
        let edit_ms = self.relay.channel.capabilities().edit_interval_ms.max(WRITE_INTERVAL_MS);
        let mut edits = interval(Duration::from_millis(edit_ms));
        edits.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut beats = interval(Duration::from_millis(limits.heartbeat_ms));
        beats.reset();
        let mut is_changed = false;
        let mut lost_at = Instant::now() + SILENCE_MAX;
        loop {
            tokio::select! {
                biased;
                _ = edits.tick(), if is_changed => {
                    is_changed = false;
                    self.write().await?;
                }
                _ = beats.tick() => {
                    self.view.set_elapsed(self.began_at.elapsed());
                    is_changed = true;
                }
                event = timeout_at(lost_at, lines.next()) => {
                    let Ok(Some(event)) = event else { return Ok(StreamEnd::Lost) };
                    if !self.files(&event).await? {
                        return Ok(StreamEnd::Lost);
                    }
                    if let Some(end) = self.take_event(&event) {
                        return Ok(StreamEnd::Finished(end));
                    }
                    is_changed |= event != TurnEvent::Heartbeat;
                    lost_at = self.heard_at + SILENCE_MAX;
                }
            }
        }
    }

    /// Sends a file of the agent, or says why it is not sent, after the answer that speaks of it;
    /// false when the VM is not to be reached.
    async fn files(&mut self, event: &TurnEvent) -> anyhow::Result<bool> {
        match event {
            TurnEvent::File { index, name, bytes } => {
                self.view.show(event);
                self.write().await?;
                self.relay.take_file(self.line, *index, name, *bytes).await
            }
            TurnEvent::Withheld { reason, names, count } => {
                self.view.show(event);
                self.write().await?;
                let key = format!("{}-withheld-{}", self.line.turn, self.seen);
                let text = messages::withheld(self.relay.locale(), *reason, names, *count);
                let now_ms = self.relay.clock.now_ms();
                let message = Outbound::text(key, text);
                self.relay.store.post(&self.line.chat, &message, now_ms).await?;
                Ok(true)
            }
            _ => Ok(true),
        }
    }

    /// Takes in an event; how the turn ended, if it did.
    fn take_event(&mut self, event: &TurnEvent) -> Option<Result<(), TurnFailure>> {
        self.heard_at = Instant::now();
        self.view.show(event);
        match event {
            TurnEvent::Text { .. }
            | TurnEvent::Tool { .. }
            | TurnEvent::File { .. }
            | TurnEvent::Withheld { .. }
            | TurnEvent::Unknown => self.seen += 1,
            TurnEvent::Heartbeat => {}
            TurnEvent::Done => return Some(Ok(())),
            TurnEvent::Failed { reason } => return Some(Err(*reason)),
        }
        None
    }

    /// Writes the messages that changed.
    async fn write(&mut self) -> anyhow::Result<()> {
        let messages = self.view.messages();
        for message in messages.iter().filter(|message| !self.written.contains(message)) {
            let now_ms = self.relay.clock.now_ms();
            self.relay.store.post(&self.line.chat, message, now_ms).await?;
        }
        self.written = messages;
        Ok(())
    }
}
