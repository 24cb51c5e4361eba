//! One-time forms that take a credential where a chat is no safe place for it. They are held in
//! memory only: a new process sends new links.
//!
//! Looking at a form never uses it up, because services open links to preview them; the first
//! submission does. A second one, by somebody else, freezes it and is told to the chat: whoever it
//! was has the link.
//!
//! A link can be sent on to somebody else, whose credentials would then go into the sender's chat.
//! So each page that shows a form first asks its reader whether the chat account is theirs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::{ChatId, SecretForm, UserId};
use parking_lot::{Mutex, MutexGuard};
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::messages::Locale;
use crate::random::Random;
use crate::secret::SecretKind;

#[cfg(test)]
mod tests;

/// How long a form can be filled in: long enough to make a token on a phone.
pub const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// Forms at once. Each is a few hundred bytes; beyond it new ones wait for old ones to end.
const FORMS_MAX: usize = 10_000;

/// How often what is entered may be checked before it is submitted: a person mistypes a few times,
/// a guesser more often.
const CHECKS_MAX: u32 = 20;

/// Pages of one form whose readers may say at once that the account is theirs: a person opens a
/// link on a phone, on a computer, and once more.
const CONFIRMED_MAX: usize = 8;

/// Submissions on their way to one channel.
const SUBMISSIONS_MAX: usize = 64;

/// How long a submission waits for its chat to take it: the person looks at the page meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// A form that somebody is asked to fill in.
#[derive(Clone, Debug)]
pub struct Form {
    /// The channel of the chat that it belongs to.
    pub channel: String,
    /// That chat.
    pub chat: ChatId,
    /// Who is asked.
    pub person: UserId,
    /// Whose it is, in words that the person recognises.
    pub account: String,
    /// What is asked for.
    pub kind: SecretKind,
    /// The fields.
    pub fields: SecretForm,
    /// The language that is spoken in that chat.
    pub locale: Locale,
}

/// What happened to a form, for its chat.
pub struct FormSubmission {
    /// The chat.
    pub chat: ChatId,
    /// Who was asked.
    pub person: UserId,
    /// What happened.
    pub what: SubmissionEvent,
}

/// What happened to a form.
pub enum SubmissionEvent {
    /// It was filled in.
    Filled {
        /// Names this submission; a second delivery carries the same.
        id: String,
        /// The fields' values, a line each.
        value: Zeroizing<String>,
        /// Told when the chat has it safe.
        taken: oneshot::Sender<()>,
    },
    /// It was filled in a second time, by somebody else.
    Reused,
    /// A reader said that the account is not theirs. It is closed.
    Declined,
}

/// Why a form does not do what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// It never was, or is over.
    #[error("there is no such form")]
    Expired,
    /// It was filled in before.
    #[error("the form was filled in before")]
    Used,
    /// Too many checks.
    #[error("too many attempts")]
    TooOften,
    /// Nobody said on this page that the account is theirs.
    #[error("the account was not confirmed")]
    NotConfirmed,
    /// The chat did not take it: it can be submitted again.
    #[error("the chat did not take it")]
    Undelivered,
}

/// The forms that are open.
#[derive(Clone)]
pub struct Forms {
    random: Random,
    held: Arc<Mutex<FormTable>>,
}

#[derive(Default)]
struct FormTable {
    /// By the hash of their ticket, so that looking one up takes no longer for a better guess.
    forms: BTreeMap<[u8; 32], OpenForm>,
    channels: BTreeMap<String, mpsc::Sender<FormSubmission>>,
}

struct OpenForm {
    form: Form,
    since: Instant,
    checks: u32,
    /// Submissions of pages whose readers said that the account is theirs.
    confirmed: VecDeque<String>,
    used_by: Option<String>,
}

impl Forms {
    /// No forms yet.
    pub fn new(random: Random) -> Self {
        Self { random, held: Arc::default() }
    }

    /// Opens a form and gives the ticket to it. An earlier one of the same chat that was not used
    /// is closed.
    pub fn open(&self, form: Form) -> Zeroizing<String> {
        let ticket = self.random.key();
        let mut held = self.held();
        held.close(&form.channel, &form.chat);
        if held.forms.len() >= FORMS_MAX {
            let oldest = held.forms.iter().min_by_key(|(_, entry)| entry.since);
            let oldest = oldest.map(|(hash, _)| *hash);
            oldest.and_then(|hash| held.forms.remove(&hash));
        }
        let (since, confirmed) = (Instant::now(), VecDeque::new());
        let entry = OpenForm { form, since, checks: 0, confirmed, used_by: None };
        held.forms.insert(hash(&ticket), entry);
        ticket
    }

    /// The question is answered or gone: what was not filled in cannot be any more.
    pub fn close(&self, channel: &str, chat: &ChatId) {
        self.held().close(channel, chat);
    }

    /// Forgets every form of a chat, those that were filled in as well.
    pub fn forget(&self, channel: &str, chat: &ChatId) {
        let is_its = |form: &Form| form.channel == channel && form.chat == *chat;
        self.held().forms.retain(|_, entry| !is_its(&entry.form));
    }

    /// What happens to the forms of a channel, from now on.
    pub fn submissions(&self, channel: &str) -> mpsc::Receiver<FormSubmission> {
        let (sender, receiver) = mpsc::channel(SUBMISSIONS_MAX);
        self.held().channels.insert(channel.to_owned(), sender);
        receiver
    }

    /// Looks at a form, which changes nothing; and how long it is still open.
    ///
    /// # Errors
    /// When there is none, or it was used.
    pub fn look(&self, ticket: &str) -> Result<(Form, Duration), FormError> {
        let held = self.held();
        let entry = held.forms.get(&hash(ticket)).ok_or(FormError::Expired)?;
        match entry.used_by {
            Some(_) => Err(FormError::Used),
            None => Ok((entry.form.clone(), LIFETIME.saturating_sub(entry.since.elapsed()))),
        }
    }

    /// The reader of the page with this `submission` says that the account is theirs. Another page
    /// of the same form has to ask again.
    ///
    /// # Errors
    /// When there is no such form, or it was used.
    pub fn confirm(&self, ticket: &str, submission: &str) -> Result<(), FormError> {
        let mut held = self.held();
        let entry = held.forms.get_mut(&hash(ticket)).ok_or(FormError::Expired)?;
        if entry.used_by.is_some() {
            return Err(FormError::Used);
        }
        if !entry.confirmed.iter().any(|it| it == submission) {
            if entry.confirmed.len() == CONFIRMED_MAX {
                entry.confirmed.pop_front();
            }
            entry.confirmed.push_back(submission.to_owned());
        }
        Ok(())
    }

    /// Whether the reader of this page said that the account is theirs.
    ///
    /// # Errors
    /// When nobody did, or there is no such form.
    pub fn is_confirmed(&self, ticket: &str, submission: &str) -> Result<(), FormError> {
        let held = self.held();
        let entry = held.forms.get(&hash(ticket)).ok_or(FormError::Expired)?;
        let is_confirmed = entry.confirmed.iter().any(|it| it == submission);
        if is_confirmed { Ok(()) } else { Err(FormError::NotConfirmed) }
    }

    /// A reader says that the account is not theirs: closes the form and tells its chat.
    ///
    /// # Errors
    /// When there is no such form, or it was used.
    pub fn decline(&self, ticket: &str) -> Result<(), FormError> {
        let hash = hash(ticket);
        let mut held = self.held();
        let entry = held.forms.get(&hash).ok_or(FormError::Expired)?;
        if entry.used_by.is_some() {
            return Err(FormError::Used);
        }
        let Some(OpenForm { form, .. }) = held.forms.remove(&hash) else {
            return Err(FormError::Expired);
        };
        if let Some(channel) = held.channels.get(&form.channel) {
            let Form { chat, person, .. } = form;
            // A chat that is not listening is restarting; its old links are void then.
            let _ =
                channel.try_send(FormSubmission { chat, person, what: SubmissionEvent::Declined });
        }
        Ok(())
    }

    /// Counts an attempt to use what was entered, by a check or a submission.
    ///
    /// # Errors
    /// When there is no such form or it was checked too often.
    pub fn count_check(&self, ticket: &str) -> Result<(), FormError> {
        let mut held = self.held();
        let entry = held.forms.get_mut(&hash(ticket)).ok_or(FormError::Expired)?;
        entry.checks += 1;
        if entry.checks > CHECKS_MAX { Err(FormError::TooOften) } else { Ok(()) }
    }

    /// Submits a form. The same `submission` again is the same submission, as when a phone lost the
    /// answer; another one freezes what the chat has and is told to it.
    ///
    /// # Errors
    /// When the form is gone or used, or its chat did not take it.
    pub async fn submit(
        &self,
        ticket: &str,
        submission: &str,
        value: Zeroizing<String>,
    ) -> Result<(), FormError> {
        let hash = hash(ticket);
        let (form, channel, is_new) = {
            let mut held = self.held();
            let entry = held.forms.get_mut(&hash).ok_or(FormError::Expired)?;
            let is_same = entry.used_by.as_ref().is_none_or(|used| used == submission);
            entry.used_by.get_or_insert_with(|| submission.to_owned());
            let form = entry.form.clone();
            let channel =
                held.channels.get(&form.channel).cloned().ok_or(FormError::Undelivered)?;
            (form, channel, is_same)
        };
        let Form { chat, person, .. } = form;
        if !is_new {
            // A chat that is not listening is restarting, and forgets what it held.
            let _ =
                channel.try_send(FormSubmission { chat, person, what: SubmissionEvent::Reused });
            return Err(FormError::Used);
        }
        let id = format!("form-{}-{submission}", hex::encode(&hash[..8]));
        let (taken, is_taken) = oneshot::channel();
        let what = SubmissionEvent::Filled { id, value, taken };
        let sent = channel.try_send(FormSubmission { chat, person, what }).is_ok();
        let is_taken = sent && matches!(tokio::time::timeout(PATIENCE, is_taken).await, Ok(Ok(())));
        if is_taken { Ok(()) } else { Err(FormError::Undelivered) }
    }

    fn held(&self) -> MutexGuard<'_, FormTable> {
        let mut held = self.held.lock();
        held.forms.retain(|_, entry| entry.since.elapsed() < LIFETIME);
        held
    }
}

impl FormTable {
    fn close(&mut self, channel: &str, chat: &ChatId) {
        self.forms.retain(|_, entry| {
            entry.used_by.is_some() || entry.form.channel != channel || entry.form.chat != *chat
        });
    }
}

fn hash(ticket: &str) -> [u8; 32] {
    Sha256::digest(ticket.as_bytes()).into()
}
