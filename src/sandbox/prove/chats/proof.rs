//! What must be true when something is said, as somebody sees it who is not the bot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adapters::chat::{ChatId, InboundId};
use sqlx::{AnyConnection, Row};

use super::service::{NAME, says};
use super::stage::Stage;
use crate::conversation::messages::Message;
use crate::journal::{End, Entry};
use crate::sandbox::fly::Fly;
use crate::store::at_once;
use crate::store::erasure::print_of_message;

pub(super) struct Proof {
    stage: Arc<Stage>,
    fly: Arc<Fly>,
    database: Mutex<AnyConnection>,
    searched: AtomicBool,
}

/// A run, as the database has it.
struct Known {
    id: String,
    owner: String,
}

impl Proof {
    pub(super) fn new(stage: Arc<Stage>, fly: Arc<Fly>, onlooker: AnyConnection) -> Self {
        Self { stage, fly, database: Mutex::new(onlooker), searched: AtomicBool::new(false) }
    }

    /// Nothing is said to be ready that does not run, and nobody reads of what others have.
    pub(super) fn look(&self, chat: &ChatId, said: &str) {
        let runs = match self.runs() {
            Ok(runs) => runs,
            Err(error) => return self.stage.break_of("database", error.to_string()),
        };
        let whose = owner(chat);
        let (own, foreign): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.owner == whose);
        if says(said, &Message::Searching) {
            // Who has a token of the account may see all of it.
            self.searched.store(true, Ordering::Relaxed);
        }
        if let Some(run) = foreign.iter().find(|run| said.contains(&run.id))
            && !self.somebody_searched()
        {
            self.stage.break_of("strangers", format!("{} reads of {}", chat.0, run.id));
        }
        if says(said, &Message::Ready) && !own.iter().any(|run| self.was_made_ready(run)) {
            self.stage.break_of("ready", format!("{} has no two machines", chat.0));
        }
    }

    /// What is acknowledged comes never again, so it is on record by then.
    pub(super) fn expect_durable(&self, id: &InboundId) {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = sqlx::query("SELECT 1 FROM inbound WHERE channel = $1 AND id = $2");
        let seen = seen.bind(NAME).bind(print_of_message(NAME, id)).fetch_optional(&mut *database);
        if !matches!(at_once(seen), Ok(Some(_))) {
            self.stage.break_of("durable", format!("{} is acknowledged and not on record", id.0));
        }
    }

    /// Somebody has searched the account that all share.
    pub(super) fn somebody_searched(&self) -> bool {
        self.searched.load(Ordering::Relaxed)
    }

    /// It ended deployed and stands, or its removal has begun since: what is said may come late.
    fn was_made_ready(&self, run: &Known) -> bool {
        let is_deployed = |it: &Entry| matches!(it, Entry::Ended { end: End::Deployed });
        let journal = self.journal(run).unwrap_or_else(|error| {
            self.stage.break_of("database", error.to_string());
            Vec::new()
        });
        let deployed = journal.iter().position(is_deployed);
        deployed.is_some_and(|at| self.stands(run) || journal[at..].contains(&Entry::Turned))
    }

    fn stands(&self, run: &Known) -> bool {
        let machines = self.fly.inventory().machines;
        machines.iter().filter(|it| it.contains(&run.id) && !it.ends_with("destroyed")).count() == 2
    }

    fn runs(&self) -> anyhow::Result<Vec<Known>> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = sqlx::query("SELECT id, owner FROM runs").fetch_all(&mut *database);
        let rows = at_once(rows)?;
        rows.iter().map(|row| Ok(Known { id: row.try_get(0)?, owner: row.try_get(1)? })).collect()
    }

    fn journal(&self, run: &Known) -> anyhow::Result<Vec<Entry>> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = sqlx::query("SELECT entry FROM journal WHERE run = $1 ORDER BY seq");
        let rows = at_once(rows.bind(&run.id).fetch_all(&mut *database))?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get(0)?)?)).collect()
    }
}

/// Whose runs those of a chat are.
pub(super) fn owner(chat: &ChatId) -> String {
    format!("{NAME}:{}", chat.0)
}
