//! What the relay must not forget: lines of its owner, messages of ours, tokens used.
//!
//! Everything here is durable when it returns.

use std::path::Path;
use std::sync::Arc;

use adapters::chat::{Attachment, ChatId, Citation, InboundId, MessageRef, Outbound};
use anyhow::Context;
use sqlx::any::AnyRow;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Connection, Row};
use tokio::sync::Notify;

use copy::CopyFiles;
use files::FileStore;

use crate::store::{self, Database};

mod copy;
mod edits;
mod files;
mod outbox;
mod restore;
mod usage;
mod web_log;
mod webhook;

pub use copy::CopyOutcome;
pub use edits::EditOutcome;
pub use files::{ArrivedFile, OutgoingFile};
pub use outbox::OutboxMessage;
pub use restore::RestoredDatabase;
pub use usage::{TokenCounts, UsageDay};

/// The tables of a relay.
pub static SCHEMA: Migrator = sqlx::migrate!("src/relay/migrations");

/// Lines that may wait: more than a person writes during the longest turn.
pub const QUEUE_MAX: i64 = 50;

/// Settled lines and sent messages kept: a channel does not deliver again what is this far back.
const KEPT_MAX: i64 = 2_000;

/// The relay's database.
pub struct RelayStore {
    pool: Database,
    /// Bytes of files that are to be sent.
    sending: FileStore,
    /// Bytes of the web channel's files.
    posted: FileStore,
    copies: CopyFiles,
    /// Woken when a line waits.
    pub(super) lines: Notify,
    /// Woken when a message waits.
    pub(super) messages: Notify,
}

/// A line as it arrives.
pub struct NewInboxMessage<'a> {
    /// Which delivery.
    pub id: &'a InboundId,
    /// Where to answer.
    pub chat: &'a ChatId,
    /// What was written.
    pub text: &'a str,
    /// The file that came with it.
    pub file: Option<&'a Attachment>,
    /// Text of others that came with it.
    pub citations: &'a [Citation],
    /// Tells one form of the line from another.
    pub digest: &'a str,
    /// The id of the turn that it becomes.
    pub turn: &'a str,
    /// Carried out at once instead of becoming a turn.
    pub is_command: bool,
}

/// A line that is not settled.
#[derive(Debug)]
pub struct InboxMessage {
    /// Its place in the order.
    pub seq: i64,
    /// Where to answer.
    pub chat: ChatId,
    /// What was written.
    pub text: String,
    /// The file that came with it.
    pub file: Option<Box<Attachment>>,
    /// Text of others that came with it.
    pub citations: Vec<Citation>,
    /// The id of its turn, the same after every restart.
    pub turn: String,
    /// The session it was written in.
    pub session: String,
    /// `/stop` was said while it ran.
    pub is_stopped: bool,
}

/// What became of an arriving line.
#[derive(Debug)]
pub enum AcceptOutcome {
    /// It is on disk and to be worked on, whether it just came or came again.
    Waiting {
        /// As it stands on disk.
        line: InboxMessage,
        /// Lines before it.
        ahead: i64,
    },
    /// It came before and was dealt with.
    Completed,
    /// Too many wait; nothing was stored.
    Full,
}

impl RelayStore {
    /// Opens `relay.db` in the data directory, or its copy where it is broken.
    ///
    /// # Errors
    /// When the directory cannot be written or the file is not such a database.
    pub async fn open(data_dir: &Path) -> anyhow::Result<Arc<Self>> {
        restore::restore_if_broken(data_dir).await?;
        let database = store::open_watched(&data_dir.join("relay.db"), &SCHEMA).await?;
        Self::with_database(database, data_dir)
    }

    /// The same on a database that is open, with its files in the data directory.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn with_database(pool: Database, data_dir: &Path) -> anyhow::Result<Arc<Self>> {
        let sending = FileStore::beside(data_dir, "sending").context("cannot keep files")?;
        let posted = FileStore::beside(data_dir, "posted").context("cannot keep files")?;
        let copies = CopyFiles::beside(data_dir);
        let (lines, messages) = (Notify::new(), Notify::new());
        Ok(Arc::new(Self { pool, sending, posted, copies, lines, messages }))
    }

    /// The database below it.
    pub fn database(&self) -> &Database {
        &self.pool
    }

    /// Stores a line unless it is there already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accept(
        &self,
        new: NewInboxMessage<'_>,
        now_ms: u64,
    ) -> anyhow::Result<AcceptOutcome> {
        let known = self.known(new.id).await?;
        if known.is_none() && !new.is_command && self.waiting().await? >= QUEUE_MAX {
            return Ok(AcceptOutcome::Full);
        }
        sqlx::query(
            "INSERT INTO inbox
             (id, chat, text, file, turn, is_command, at_ms, citations, digest, session)
             SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, id FROM session WHERE true
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(&new.id.0)
        .bind(&new.chat.0)
        .bind(new.text)
        .bind(new.file.map(serde_json::to_string).transpose()?)
        .bind(new.turn)
        .bind(i64::from(new.is_command))
        .bind(i64::try_from(now_ms)?)
        .bind(citations_json(new.citations)?)
        .bind(new.digest)
        .execute(&self.pool)
        .await?;
        let Some(line) = self.known(new.id).await?.flatten() else {
            return Ok(AcceptOutcome::Completed);
        };
        let ahead = sqlx::query(
            "SELECT count(*) FROM inbox WHERE is_settled = 0 AND is_command = 0 AND seq < $1",
        )
        .bind(line.seq)
        .fetch_one(&self.pool)
        .await?
        .try_get(0)?;
        self.lines.notify_one();
        Ok(AcceptOutcome::Waiting { line, ahead })
    }

    /// The line is not taken, now or when it comes again, and this message says so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decline(
        &self,
        id: &InboundId,
        chat: &ChatId,
        message: &Outbound,
        now_ms: u64,
    ) -> anyhow::Result<()> {
        let declined = async {
            let mut connection = self.pool.connection().await?;
            let mut transaction = connection.begin().await?;
            sqlx::query(
                "INSERT INTO inbox (id, chat, text, turn, is_command, is_settled, at_ms, session)
                 SELECT $1, $2, '', '', 0, 1, $3, id FROM session WHERE true
                 ON CONFLICT (id) DO NOTHING",
            )
            .bind(&id.0)
            .bind(&chat.0)
            .bind(i64::try_from(now_ms)?)
            .execute(&mut *transaction)
            .await?;
            outbox::put(&mut transaction, chat, message, now_ms).await?;
            forget(&mut transaction).await?;
            anyhow::Ok(transaction.commit().await?)
        };
        self.pool.whole(declined).await?;
        self.messages.notify_one();
        Ok(())
    }

    /// A line with this id came before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_inbound(&self, id: &InboundId) -> anyhow::Result<bool> {
        Ok(self.known(id).await?.is_some())
    }

    /// `None` if it never came, `Some(None)` if it is settled.
    async fn known(&self, id: &InboundId) -> anyhow::Result<Option<Option<InboxMessage>>> {
        let row = sqlx::query("SELECT * FROM inbox WHERE id = $1").bind(&id.0);
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let is_settled = row.try_get::<i64, _>("is_settled")? != 0;
        Ok(Some(if is_settled { None } else { Some(line(&row)?) }))
    }

    /// The first line that is to become a turn, or is one already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first(&self) -> anyhow::Result<Option<InboxMessage>> {
        let row = sqlx::query(
            "SELECT * FROM inbox WHERE is_settled = 0 AND is_command = 0 ORDER BY seq LIMIT 1",
        );
        row.fetch_optional(&self.pool).await?.as_ref().map(line).transpose()
    }

    /// The id of the turn that runs and was not stopped, if any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn running_turn(&self) -> anyhow::Result<Option<String>> {
        let row = sqlx::query(
            "SELECT turn, is_stopped FROM inbox WHERE is_settled = 0 AND is_command = 0
             ORDER BY seq LIMIT 1",
        );
        let Some(row) = row.fetch_optional(&self.pool).await? else { return Ok(None) };
        let is_stopped = row.try_get::<i64, _>("is_stopped")? != 0;
        Ok(if is_stopped { None } else { Some(row.try_get("turn")?) })
    }

    /// How many lines are to become a turn, with the one that is one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(&self) -> anyhow::Result<i64> {
        let count = "SELECT count(*) FROM inbox WHERE is_settled = 0 AND is_command = 0";
        Ok(sqlx::query(count).fetch_one(&self.pool).await?.try_get(0)?)
    }

    /// The line is dealt with, and these messages say so: both, or neither.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete(
        &self,
        line: &InboxMessage,
        messages: &[Outbound],
        now_ms: u64,
    ) -> anyhow::Result<()> {
        let settled = async {
            let mut connection = self.pool.connection().await?;
            let mut transaction = connection.begin().await?;
            complete_row(&mut transaction, line.seq).await?;
            for message in messages {
                outbox::put(&mut transaction, &line.chat, message, now_ms).await?;
            }
            forget(&mut transaction).await?;
            anyhow::Ok(transaction.commit().await?)
        };
        self.pool.whole(settled).await?;
        self.messages.notify_one();
        Ok(())
    }

    /// Marks the first turn as stopped and drops the lines behind it; how many were dropped, and
    /// whether there was a turn to stop.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stop(&self, command: &InboxMessage) -> anyhow::Result<Option<u64>> {
        let work = async {
            let mut connection = self.pool.connection().await?;
            let mut transaction = connection.begin().await?;
            // The write comes first, so that the transaction holds the lock before it reads.
            let stopped = sqlx::query(
                "UPDATE inbox SET is_stopped = 1 WHERE seq < $1 AND seq =
                 (SELECT min(seq) FROM inbox WHERE is_settled = 0 AND is_command = 0)",
            )
            .bind(command.seq)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            let dropped = sqlx::query(
                "UPDATE inbox SET is_settled = 1, text = '', file = NULL, citations = NULL
                 WHERE is_settled = 0 AND is_command = 0 AND is_stopped = 0 AND seq < $1",
            )
            .bind(command.seq)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
            anyhow::Ok((stopped > 0).then_some(dropped))
        };
        self.pool.whole(work).await
    }

    /// Lines that come from now on belong to this session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_session(&self, id: &str) -> anyhow::Result<()> {
        sqlx::query("UPDATE session SET id = $1").bind(id).execute(&self.pool).await?;
        Ok(())
    }

    /// The session that new lines belong to.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self) -> anyhow::Result<String> {
        Ok(sqlx::query("SELECT id FROM session").fetch_one(&self.pool).await?.try_get(0)?)
    }

    /// Nothing waits, neither a line nor a message. A command that was cut off waits for its second
    /// delivery, and that wakes the relay.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_idle(&self) -> anyhow::Result<bool> {
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM inbox WHERE is_settled = 0 AND is_command = 0)
                  + (SELECT count(*) FROM outbox WHERE sent_revision < revision)",
        );
        Ok(row.fetch_one(&self.pool).await?.try_get::<i64, _>(0)? == 0)
    }
}

async fn complete_row(connection: &mut AnyConnection, seq: i64) -> anyhow::Result<()> {
    sqlx::query(
        "UPDATE inbox SET is_settled = 1, text = '', file = NULL, citations = NULL WHERE seq = $1",
    )
    .bind(seq)
    .execute(connection)
    .await?;
    Ok(())
}

async fn forget(connection: &mut AnyConnection) -> anyhow::Result<()> {
    for delete in [
        "DELETE FROM inbox WHERE is_settled = 1 AND seq <= (SELECT max(seq) FROM inbox) - $1",
        "DELETE FROM outbox WHERE sent_revision >= revision
         AND seq <= (SELECT max(seq) FROM outbox) - $1",
        "DELETE FROM arrived WHERE seq <= (SELECT max(seq) FROM arrived) - $1",
    ] {
        sqlx::query(delete).bind(KEPT_MAX).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Nothing where there are none.
fn citations_json(citations: &[Citation]) -> anyhow::Result<Option<String>> {
    let some = Some(citations).filter(|all| !all.is_empty());
    Ok(some.map(serde_json::to_string).transpose()?)
}

fn line(row: &AnyRow) -> anyhow::Result<InboxMessage> {
    let file: Option<String> = row.try_get("file")?;
    let citations: Option<String> = row.try_get("citations")?;
    let citations: Option<Vec<Citation>> =
        citations.map(|it| serde_json::from_str(&it)).transpose()?;
    Ok(InboxMessage {
        seq: row.try_get("seq")?,
        chat: ChatId(row.try_get("chat")?),
        text: row.try_get("text")?,
        file: file.map(|file| serde_json::from_str(&file)).transpose()?,
        citations: citations.unwrap_or_default(),
        turn: row.try_get("turn")?,
        session: row.try_get("session")?,
        is_stopped: row.try_get::<i64, _>("is_stopped")? != 0,
    })
}

/// The message that this row of the outbox became on the channel.
fn sent_as(row: &AnyRow, chat: &ChatId) -> anyhow::Result<Option<MessageRef>> {
    let id: Option<String> = row.try_get("message")?;
    Ok(id.map(|id| MessageRef { chat: chat.clone(), id }))
}
