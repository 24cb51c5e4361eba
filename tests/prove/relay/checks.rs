//! What must hold in the end.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::Row;
use textslash::vm::ids::TurnId;

use super::agent::AgentActions;
use super::plan::{MessageKind, PlannedMessage};
use super::promise::RelayPromise;
use super::records::{is_last, records};
use super::service::{OwnerChatState, bytes_of};
use super::stage::StoryMonitor;
use super::world::RelayStoryWorld;

/// A message as the relay has it on record.
struct InboxRow {
    id: String,
    seq: i64,
    turn: String,
    is_settled: bool,
}

async fn rows(world: &RelayStoryWorld) -> BTreeMap<String, InboxRow> {
    let all = sqlx::query("SELECT id, seq, turn, is_settled FROM inbox ORDER BY seq")
        .fetch_all(&world.database)
        .await
        .unwrap();
    let row = |row: &sqlx::any::AnyRow| InboxRow {
        id: row.get("id"),
        seq: row.get("seq"),
        turn: row.get("turn"),
        is_settled: row.get::<i64, _>("is_settled") != 0,
    };
    all.iter().map(row).map(|row| (row.id.clone(), row)).collect()
}

/// What must hold when everything is quiet.
pub async fn end(world: &RelayStoryWorld, messages: &[PlannedMessage], is_committed: bool) {
    let rows = rows(world).await;
    let deeds = world.deeds.lock();
    let chat = world.service.state();
    let end = StoryEnd { world, rows: &rows, deeds: &deeds, chat: &chat };
    end.order();
    end.records();
    end.stops(messages);
    if !is_committed {
        return;
    }
    for message in messages {
        match &message.what {
            MessageKind::Line(_) => end.line(message, messages),
            MessageKind::File(words) => end.file(message, words, messages),
            _ => {}
        }
    }
    end.files_out();
}

struct StoryEnd<'a> {
    world: &'a RelayStoryWorld,
    rows: &'a BTreeMap<String, InboxRow>,
    deeds: &'a AgentActions,
    chat: &'a OwnerChatState,
}

impl StoryEnd<'_> {
    fn stage(&self) -> &StoryMonitor {
        &self.world.stage
    }

    fn executed(&self, line: &str) -> bool {
        self.deeds.executed.iter().any(|(executed, _)| executed == line)
    }

    /// Its texts in the chat.
    fn shown(&self, key: &str) -> Option<&str> {
        self.chat.shown.iter().rev().find(|it| it.key == key).map(|it| it.text.as_str())
    }

    fn row_of_line(&self, line: &str) -> Option<&InboxRow> {
        self.rows.get(&line.replace("line-", "in-"))
    }

    fn order(&self) {
        let places = self.deeds.executed.iter().filter_map(|(line, _)| self.row_of_line(line));
        let places: Vec<i64> = places.map(|row| row.seq).collect();
        self.stage().expect(RelayPromise::Order, places.is_sorted(), || format!("{places:?}"));
    }

    fn records(&self) {
        let told = self.world.network.told.lock();
        for (path, text) in records(&self.world.dir) {
            let turn = path.file_stem().unwrap().to_string_lossy().into_owned();
            let lines: Vec<&str> = text.lines().collect();
            let told = told.get(&turn).map(Vec::as_slice).unwrap_or_default();
            let ends = lines.iter().filter(|line| is_last(line)).count();
            let is_last_last = lines.last().is_none_or(|line| ends == 0 || is_last(line));
            let is_told = told.last().is_some_and(|it| is_last(&it.to_string()));
            self.stage().expect(
                RelayPromise::OneEnd,
                ends <= 1 && is_last_last && (ends == 1 || !is_told),
                || format!("{turn}: {text}"),
            );
            let kept: Vec<Value> =
                lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
            self.stage().expect(RelayPromise::Events, kept.starts_with(told), || {
                format!("{turn}: {told:?} was told, {text} is kept")
            });
        }
    }

    /// A stop drops what waited and ends what ran.
    fn stops(&self, messages: &[PlannedMessage]) {
        for (stop, row) in self.obeyed_stops(messages) {
            let Some(at) = self.chat.acknowledged.get(&stop.id) else { continue };
            for (line, begun) in &self.deeds.executed {
                let Some(before) = self.row_of_line(line).filter(|it| it.seq < row.seq) else {
                    continue;
                };
                // A call that was under way when the owner stopped it may still arrive.
                let is_kept = begun.saturating_duration_since(*at) < LATE;
                self.stage().expect(RelayPromise::Stopped, is_kept, || {
                    format!("{} began {:?} after {}", before.id, *begun - *at, stop.id)
                });
            }
        }
    }

    /// Before the commit a stop is declined, and has no turn.
    fn obeyed_stops<'a>(
        &'a self,
        messages: &'a [PlannedMessage],
    ) -> impl Iterator<Item = (&'a PlannedMessage, &'a InboxRow)> {
        let stops = messages.iter().filter(|it| matches!(it.what, MessageKind::Command("/stop")));
        let rows = stops.filter_map(|stop| Some((stop, self.rows.get(&stop.id)?)));
        rows.filter(|(_, row)| !row.turn.is_empty())
    }

    fn was_stopped(&self, row: &InboxRow, messages: &[PlannedMessage]) -> bool {
        self.obeyed_stops(messages).any(|(_, stop)| stop.seq > row.seq)
    }

    /// The line of a message that is to be a turn, unless its owner was told why it is none.
    fn turn_of(&self, message: &PlannedMessage, messages: &[PlannedMessage]) -> Option<&InboxRow> {
        let id = &message.id;
        let row = self.rows.get(id);
        let is_settled = row.is_some_and(|row| row.is_settled);
        self.stage().expect(RelayPromise::OneTurn, is_settled, || format!("{id} is not settled"));
        let row = row?;
        if row.turn.is_empty() {
            let is_told = self.shown(&format!("declined-{id}")).is_some();
            self.stage().expect(RelayPromise::OneTurn, is_told, || format!("{id} was dropped"));
            return None;
        }
        let is_answered = self.shown(&format!("{}-0", row.turn)).is_some();
        if !is_answered && self.was_stopped(row, messages) {
            return None;
        }
        self.stage().expect(RelayPromise::Answered, is_answered, || format!("{id} has no answer"));
        is_answered.then_some(row)
    }

    fn line(&self, message: &PlannedMessage, messages: &[PlannedMessage]) {
        let Some(row) = self.turn_of(message, messages) else { return };
        self.answer(message, row);
    }

    /// What was told of a turn stands in the chat, or its owner knows that it was given up.
    fn answer(&self, message: &PlannedMessage, row: &InboxRow) {
        let line = message.id.replace("in-", "line-");
        let shown = self.shown(&format!("{}-0", row.turn)).unwrap_or_default();
        let path = self.world.dir.join(format!("vm/turns/{}.jsonl", row.turn));
        let record = std::fs::read_to_string(path).unwrap_or_default();
        let events = record.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let said: String =
            events.filter_map(|event| event["text"].as_str().map(str::to_owned)).collect();
        let cancelled = self.world.network.cancelled.lock();
        let was_given_up = cancelled.contains(&row.turn);
        let is_whole = !shown.trim().is_empty() && shown.contains(said.trim_end());
        self.stage().expect(RelayPromise::Answered, is_whole || was_given_up, || {
            format!("{}: {said:?} was said, {shown:?} stands", message.id)
        });
        let first = said.split(' ').next().filter(|first| !first.is_empty());
        if let Some(first) = first.filter(|_| self.world.service.knows_keys) {
            let first = format!("{first} ");
            let stands = |text: &str| format!("{text} ").contains(&first);
            let times = self.chat.shown.iter().filter(|it| stands(&it.text)).count();
            self.stage().expect(RelayPromise::AnsweredOnce, times <= 1, || {
                format!("the answer to {} stands {times} times", message.id)
            });
        }
        let is_done = record.lines().last().is_some_and(|last| last.contains("\"done\""));
        self.stage().expect(RelayPromise::OneTurn, !is_done || self.executed(&line), || {
            format!("{} is done and never ran", message.id)
        });
    }

    fn file(&self, message: &PlannedMessage, words: &str, messages: &[PlannedMessage]) {
        let Some(row) = self.turn_of(message, messages) else { return };
        let turn: TurnId = row.turn.as_str().try_into().unwrap();
        let begins = turn.to_string().chars().take(6).collect::<String>();
        let given: Vec<_> =
            self.deeds.given.iter().filter(|(path, _)| path.contains(&begins)).collect();
        let is_whole = given.iter().all(|(_, bytes)| *bytes == bytes_of(&message.id));
        self.stage().expect(RelayPromise::FileIn, is_whole && given.len() <= 1, || {
            let sizes: Vec<_> = given.iter().map(|(path, bytes)| (path, bytes.len())).collect();
            format!("{}: {sizes:?}", message.id)
        });
        let line = message.id.replace("in-", "line-");
        if !words.is_empty() && self.executed(&line) {
            self.stage().expect(RelayPromise::FileIn, given.len() == 1, || {
                format!("{} ran without its file", message.id)
            });
            self.answer(message, row);
        }
    }

    fn files_out(&self) {
        for (name, (bytes, line)) in &self.deeds.left {
            let stays = self.world.dir.join("vm/workspace/outbox").join(name).exists();
            let mut copies = self.chat.shown.iter().filter_map(|it| it.file.as_ref());
            let arrived: Vec<_> = copies.by_ref().filter(|(it, _)| it == name).collect();
            let is_whole = arrived.iter().all(|(_, it)| it == bytes);
            self.stage().expect(RelayPromise::FileOut, is_whole, || format!("{name} is not whole"));
            let is_told = self.chat.shown.iter().any(|it| it.text.contains(name.as_str()));
            self.stage().expect(RelayPromise::FileOut, !arrived.is_empty() || is_told, || {
                let place = if stays { "the outbox" } else { "sent" };
                format!("{name} of {line} lies in {place}, and nobody was told")
            });
        }
    }
}

/// The longest that a call is under way, with every attempt to make it.
const LATE: std::time::Duration = std::time::Duration::from_secs(5 * 60);
