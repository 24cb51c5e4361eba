//! What must be true when something is said, as somebody sees it who is not the bot.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adapters::chat::ChatId;
use sqlx::{AnyConnection, Row};

use super::super::at_once;
use super::service::NAME;
use super::stage::Stage;
use crate::conversation::messages::{Locale, Message, text};
use crate::sandbox::fly::Fly;

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
        if said == text(Locale::default(), &Message::Searching) {
            // Who has a token of the account may see all of it.
            self.searched.store(true, Ordering::Relaxed);
        }
        if let Some(run) = foreign.iter().find(|run| said.contains(&run.id))
            && !self.somebody_searched()
        {
            self.stage.break_of("strangers", format!("{} reads of {}", chat.0, run.id));
        }
        let is_ready = said == text(Locale::default(), &Message::Ready);
        if is_ready && !own.iter().any(|run| self.stands(run)) {
            self.stage.break_of("ready", format!("{} has no two machines", chat.0));
        }
    }

    /// Somebody has searched the account that all share.
    pub(super) fn somebody_searched(&self) -> bool {
        self.searched.load(Ordering::Relaxed)
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
}

/// Whose runs those of a chat are.
pub(super) fn owner(chat: &ChatId) -> String {
    format!("{NAME}:{}", chat.0)
}
