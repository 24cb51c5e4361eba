//! What must be true when something is said, as somebody sees it who is not the bot.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adapters::chat::{ChatId, InboundId};
use parking_lot::Mutex;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::super::Promise;
use super::monitor::ChatMonitor;
use super::phone::says;
use super::profile::NAME;
use textslash::conversation::messages::Message;
use textslash::journal::{JournalEntry, RunEnd};
use textslash::sandbox::fly::SimulatedFly;
use textslash::store::block_on;
use textslash::store::erasure::message_fingerprint;

pub(super) struct StoreProof {
    stage: Arc<ChatMonitor>,
    fly: Arc<SimulatedFly>,
    database: Mutex<AnyConnection>,
    searched: AtomicBool,
    /// Where the files of the database are.
    directory: PathBuf,
    /// Runs that are gone, by their id: their people may have them erased.
    gone: Mutex<BTreeMap<String, RemovedRun>>,
}

/// A run that is gone.
#[derive(Clone)]
pub(super) struct RemovedRun {
    owner: String,
    /// How often it ended deployed.
    pub(super) deployed: usize,
}

/// What is on record of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PersonTrace {
    Nothing,
    /// Where to send the words that everything is erased.
    Receipt,
    /// More than that.
    Record,
}

/// A run, as the database has it.
struct RunRow {
    id: String,
    owner: String,
    ended: Option<String>,
}

impl StoreProof {
    pub(super) fn new(
        stage: Arc<ChatMonitor>,
        fly: Arc<SimulatedFly>,
        onlooker: AnyConnection,
        directory: PathBuf,
    ) -> Self {
        Self {
            stage,
            fly,
            database: Mutex::new(onlooker),
            searched: AtomicBool::new(false),
            directory,
            gone: Mutex::default(),
        }
    }

    /// Nothing is said to be ready that does not run, and nobody reads of what others have.
    pub(super) fn look(&self, chat: &ChatId, said: &str) {
        let runs = match self.runs() {
            Ok(runs) => runs,
            Err(error) => return self.stage.violation(Promise::Database, error.to_string()),
        };
        self.stage.mark_checked([Promise::Database]);
        self.note_gone(&runs);
        let whose = owner(chat);
        let (own, foreign): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.owner == whose);
        if says(said, &Message::Searching) {
            // Who has a token of the account may see all of it.
            self.searched.store(true, Ordering::Relaxed);
        }
        if !self.somebody_searched() {
            self.stage.mark_checked([Promise::Strangers]);
            if let Some(run) = foreign.iter().find(|run| said.contains(&run.id)) {
                self.stage.violation(Promise::Strangers, format!("{} reads of {}", chat.0, run.id));
            }
        }
        if says(said, &Message::Ready) {
            self.stage.mark_checked([Promise::Ready]);
            if !own.iter().any(|run| self.was_made_ready(run)) {
                self.stage.violation(Promise::Ready, format!("{} has no two machines", chat.0));
            }
        }
    }

    /// Whether it is on record that a message was seen.
    pub(super) fn is_durable(&self, id: &InboundId) -> bool {
        let mut database = self.database.lock();
        let seen = sqlx::query("SELECT 1 FROM inbound WHERE channel = $1 AND id = $2");
        let seen =
            seen.bind(NAME).bind(message_fingerprint(NAME, id)).fetch_optional(&mut *database);
        matches!(block_on(seen), Ok(Some(_)))
    }

    /// Somebody has searched the account that all share.
    pub(super) fn somebody_searched(&self) -> bool {
        self.searched.load(Ordering::Relaxed)
    }

    /// Who has begun a deployment, those too who had it erased.
    pub(super) fn began(&self) -> BTreeSet<String> {
        let gone = self.gone.lock();
        let erased = gone.values().map(|run| run.owner.clone());
        let on_record = self.runs().unwrap_or_default().into_iter().map(|run| run.owner);
        erased.chain(on_record).collect()
    }

    /// It ended deployed and stands, or its removal has begun since: what is said may come late.
    fn was_made_ready(&self, run: &RunRow) -> bool {
        let journal = self.journal(run).unwrap_or_else(|error| {
            self.stage.violation(Promise::Database, error.to_string());
            Vec::new()
        });
        let deployed = journal.iter().position(is_deployed);
        deployed.is_some_and(|at| {
            self.has_both_machines(run) || journal[at..].contains(&JournalEntry::TeardownStarted)
        })
    }

    fn note_gone(&self, runs: &[RunRow]) {
        let mut gone = self.gone.lock();
        let removed = |run: &&RunRow| run.ended.as_deref() == Some(REMOVED);
        for run in runs.iter().filter(removed) {
            if !gone.contains_key(&run.id) {
                let journal = self.journal(run).unwrap_or_default();
                let deployed = journal.iter().filter(|it| is_deployed(it)).count();
                gone.insert(run.id.clone(), RemovedRun { owner: run.owner.clone(), deployed });
            }
        }
    }

    /// Runs of a person that are gone and not on record any more.
    pub(super) fn erased(&self, chat: &ChatId, on_record: &BTreeSet<String>) -> Vec<RemovedRun> {
        let gone = self.gone.lock();
        let whose = owner(chat);
        let erased = gone.iter().filter(|(id, run)| run.owner == whose && !on_record.contains(*id));
        erased.map(|(_, run)| run.clone()).collect()
    }

    /// What is on record of a person.
    pub(super) fn left_of(&self, chat: &ChatId) -> PersonTrace {
        let counted = self.count(
            "SELECT (SELECT COUNT(*) FROM runs WHERE owner = $1)
             + (SELECT COUNT(*) FROM conversations WHERE chat = $2 AND forgotten = 0)",
            chat,
        );
        let waiting = self.count(
            "SELECT (SELECT COUNT(*) FROM runs WHERE owner = $1)
             + (SELECT COUNT(*) FROM conversations WHERE chat = $2)
             + (SELECT COUNT(*) FROM outbound WHERE chat = $2)",
            chat,
        );
        match (counted, waiting) {
            (0, 0) => PersonTrace::Nothing,
            (0, _) => PersonTrace::Receipt,
            _ => PersonTrace::Record,
        }
    }

    fn count(&self, rows: &'static str, chat: &ChatId) -> i64 {
        let mut database = self.database.lock();
        let row = sqlx::query(rows).bind(owner(chat)).bind(&chat.0).fetch_one(&mut *database);
        block_on(row).and_then(|row| row.try_get(0)).unwrap_or_else(|error| {
            self.stage.violation(Promise::Database, error.to_string());
            0
        })
    }

    /// What names a person, or what they had, in any byte of the database's files.
    pub(super) fn trace_of(&self, chat: &ChatId) -> Option<String> {
        let gone = self.gone.lock();
        let whose = owner(chat);
        let mut names: Vec<String> =
            gone.iter().filter(|(_, run)| run.owner == whose).map(|(id, _)| id.clone()).collect();
        names.push(chat.0.clone());
        let files = std::fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let bytes: Vec<u8> =
            files.filter_map(|file| std::fs::read(file.path()).ok()).flatten().collect();
        let text = String::from_utf8_lossy(&bytes);
        names.into_iter().find(|name| text.contains(name.as_str()))
    }

    fn has_both_machines(&self, run: &RunRow) -> bool {
        let machines = self.fly.inventory().machines;
        machines.iter().filter(|it| it.contains(&run.id) && !it.ends_with("destroyed")).count() == 2
    }

    fn runs(&self) -> anyhow::Result<Vec<RunRow>> {
        let mut database = self.database.lock();
        let rows = sqlx::query("SELECT id, owner, ended FROM runs").fetch_all(&mut *database);
        let rows = block_on(rows)?;
        let known = |row: &AnyRow| {
            Ok(RunRow { id: row.try_get(0)?, owner: row.try_get(1)?, ended: row.try_get(2)? })
        };
        rows.iter().map(known).collect()
    }

    fn journal(&self, run: &RunRow) -> anyhow::Result<Vec<JournalEntry>> {
        let mut database = self.database.lock();
        let rows = sqlx::query("SELECT entry FROM journal WHERE run = $1 ORDER BY seq");
        let rows = block_on(rows.bind(&run.id).fetch_all(&mut *database))?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get(0)?)?)).collect()
    }
}

/// A run's end, as it is on record, when all of it is gone.
const REMOVED: &str = "\"removed\"";

fn is_deployed(entry: &JournalEntry) -> bool {
    matches!(entry, JournalEntry::Ended { end: RunEnd::Deployed })
}

/// Whose runs those of a chat are.
pub(super) fn owner(chat: &ChatId) -> String {
    format!("{NAME}:{}", chat.0)
}
