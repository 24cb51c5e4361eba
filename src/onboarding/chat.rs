//! One chat: what happens in it, one by one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adapters::channel::SecretEntry;
use adapters::chat::{ChatId, InboundId, MessageRef, UserId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument;
use zeroize::Zeroizing;

use crate::account;
use crate::conversation::messages::{self, Locale, Message};
use crate::conversation::reading;
use crate::conversation::{BotMessage, Effect, Event, IDLE_MAX_MS, Phase, advance};
use crate::credential_format::CredentialRejection;
use crate::forms::{FormSubmission, SubmissionEvent};
use crate::invitation::Invitation;
use crate::metrics::{self, CodeRefusal, DropReason, GaugeGuard, QueueKind};
use crate::secret::{Secret, SecretRef};
use crate::store::conversations::{
    ConversationStep, PendingDeletion, SaveOutcome, StoredConversation,
};

use super::deletions::Deletions;
use super::outbox::Outbox;
use super::panics::catch_panic;
use super::runs::Runner;
use super::{BotChannel, ChatInput, HostedForms, QueuedInput};

mod arrivals;
mod forgetting;
mod person_record;
mod runs;

use person_record::webhook_of;

/// How long a chat without anything under way keeps its task: it is cheap to make a new one.
const REST: Duration = Duration::from_secs(60);

/// Messages of one chat that are taken while nothing can be sent in it. A person who writes on
/// without an answer gives up sooner; each is one or more messages of ours that wait.
const UNANSWERED_MAX: usize = 20;

/// The longest line that is looked at, in bytes. No answer is longer, credentials aside.
const LINE_MAX: usize = 4096;

/// The longest credential that is held, in bytes: a bundle of cloud tokens has a few thousand. The
/// judges refuse shorter ones already; this bounds what is held until they do.
const CREDENTIAL_MAX: usize = 64 * 1024;

/// The first pause before a step that the database did not take is repeated, doubled each time: a
/// person hardly notices a second.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause: what fails so long may fail for hours and is not to fill the log, but
/// who waits is answered soon after it works again.
const DATABASE_PAUSE_MAX: Duration = Duration::from_secs(15);

/// How long deletions have when a chat's task ends: one call takes less.
const DELETIONS_GRACE: Duration = Duration::from_secs(5);

/// A chat's task.
pub(super) struct ChatTask {
    pub(super) bot_channel: BotChannel,
    pub(super) chat: ChatId,
    person: UserId,
    /// Whose runs and credentials these are.
    pub(super) owner: String,
    pub(super) locale: Locale,
    items: mpsc::Receiver<QueuedInput>,
    /// Items that were taken out of `items` to look for edits.
    backlog: VecDeque<QueuedInput>,
    /// Somebody wrote more than was taken, and was not told yet.
    flooded: Arc<AtomicBool>,
    /// What was taken and not answered yet.
    unanswered: Vec<(Instant, GaugeGuard)>,
    stored: StoredConversation,
    pub(super) runner: Runner,
    pub(super) outbox: Outbox,
    /// What is being asked of others, which may take a while.
    checks: JoinSet<Event>,
    deletions: Deletions,
}

/// What a person did, as far as a step needs to know it.
#[derive(Clone)]
pub(super) struct StepTrigger {
    /// What it is remembered by, so that it is not taken twice.
    id: InboundId,
    /// The same for the form that it has.
    version: Option<InboundId>,
    /// What the channel delivered.
    deliveries: Vec<InboundId>,
    /// What is deleted if it held a credential.
    messages: Vec<MessageRef>,
    since: Instant,
}

impl ChatTask {
    pub(super) fn new(
        bot_channel: BotChannel,
        chat: ChatId,
        person: UserId,
        items: mpsc::Receiver<QueuedInput>,
        flooded: Arc<AtomicBool>,
    ) -> Self {
        let owner = format!("{}:{}", bot_channel.channel.name(), person.0);
        let outbox = Outbox::new(&bot_channel, &chat);
        Self {
            bot_channel,
            chat,
            person,
            owner,
            locale: Locale::default(),
            items,
            backlog: VecDeque::new(),
            flooded,
            unanswered: Vec::new(),
            stored: StoredConversation::default(),
            runner: Runner::default(),
            outbox,
            checks: JoinSet::new(),
            deletions: Deletions::default(),
        }
    }

    /// Works until there is nothing to do for a while, or until the channel has ended and nothing
    /// is under way.
    pub(super) async fn work(mut self) {
        match self.bot_channel.conversations.load(&self.chat).await {
            Ok(stored) => {
                self.stored = stored;
                self.locale = messages::locale_of(&self.stored.state, None);
            }
            Err(error) => {
                tracing::error!("cannot load a conversation: {error:#}");
                self.outbox.say_now(self.locale, &Message::OurTrouble).await;
                return;
            }
        }
        let _open = GaugeGuard::conversation(self.bot_channel.channel.name());
        self.watch_again();
        self.outbox.catch_up().await;
        self.reset_conversation();
        self.resume_deletions().await;
        let mut channel_ended = false;
        while !(channel_ended && self.is_at_rest()) {
            self.deletions.begin_next(&self.bot_channel);
            let rest_over = self.idle_deadline();
            let show_at = self.outbox.show_at();
            let retry_at = self.outbox.retry_at();
            tokio::select! {
                biased;
                item = next_of(&mut self.backlog, &mut self.items),
                    if !channel_ended => match item {
                    Some(QueuedInput { item, .. }) => self.receive(item).await,
                    None => channel_ended = true,
                },
                event = self.runner.event() => self.run_event(event).await,
                Some(answered) = self.checks.join_next(), if !self.checks.is_empty() => {
                    // A panic in it is logged by the hook.
                    if let Ok(event) = answered {
                        self.take(event, None).await;
                    }
                }
                Some(event) = self.deletions.ended() => self.take(event, None).await,
                () = sleep_until(show_at.unwrap_or_else(Instant::now)), if show_at.is_some() => {
                    self.outbox.show().await;
                }
                () = sleep_until(retry_at.unwrap_or_else(Instant::now)), if retry_at.is_some() => {
                    self.retry_sending().await;
                }
                () = sleep_until(rest_over), if self.is_at_rest() && self.deletions.is_idle() => {
                    self.take(Event::TimePassed, None).await;
                    self.lose_link().await;
                    break;
                }
            }
            self.reset_conversation();
        }
        self.items.close();
        while let Some(QueuedInput { item, .. }) = next_of(&mut self.backlog, &mut self.items).await
        {
            self.receive(item).await;
            self.reset_conversation();
        }
        self.end_deletions().await;
        // Whoever cannot be reached now is told when they can.
        self.report_unread().await;
        self.outbox.show().await;
    }

    /// Nothing is under way, asked, or waits for its time.
    fn is_at_rest(&self) -> bool {
        self.runner.is_idle() && self.checks.is_empty() && self.outbox.retry_at().is_none()
    }

    /// Goes on with what an earlier process, or an earlier task of this chat, was to delete.
    async fn resume_deletions(&mut self) {
        match self.bot_channel.conversations.pending_deletions(&self.chat).await {
            Ok(pending) => self.deletions.add(pending),
            Err(error) => tracing::error!("cannot read what is to be deleted: {error:#}"),
        }
    }

    /// Gives what is to be deleted a last chance; the next process goes on with the rest.
    async fn end_deletions(&mut self) {
        let end = async {
            while !self.deletions.is_idle() {
                self.deletions.begin_next(&self.bot_channel);
                if let Some(event) = self.deletions.ended().await {
                    self.take(event, None).await;
                }
            }
        };
        let _ = tokio::time::timeout(DELETIONS_GRACE, end).await;
    }

    /// Counts what was answered, and tells who wrote more than was taken: once, when there is an
    /// end to it.
    async fn record_answered(&mut self) {
        if self.outbox.is_blocked() {
            return;
        }
        for (since, _) in self.unanswered.drain(..) {
            metrics::answered(self.bot_channel.channel.name(), since.elapsed());
            tracing::debug!("a message was answered");
        }
        if self.items.is_empty() && self.backlog.is_empty() {
            self.report_unread().await;
        }
    }

    async fn report_unread(&mut self) {
        if self.flooded.swap(false, Ordering::Relaxed) {
            self.take(Event::MessagesDropped, None).await;
        }
    }

    /// When nothing has happened for so long that an open question expires, or the task may end.
    fn idle_deadline(&self) -> Instant {
        let wait = match self.stored.state.phase {
            Phase::Idle => match self.runner.owed_until() {
                Some(until) => return until,
                None => REST,
            },
            _ => {
                let heard_at_ms = self.stored.state.heard_at_ms;
                let now_ms = self.bot_channel.shared.settings.clock.now_ms();
                let since_ms = now_ms.saturating_sub(heard_at_ms);
                Duration::from_millis(IDLE_MAX_MS.saturating_sub(since_ms)).max(REST)
            }
        };
        Instant::now() + wait
    }

    async fn receive(&mut self, item: ChatInput) {
        if self.has_lost_its_run() && !matches!(item, ChatInput::Restarted) {
            self.take(Event::Restarted, None).await;
        }
        match item {
            ChatInput::Inbound(inbound, since) => self.inbound(*inbound, since).await,
            ChatInput::Submitted(FormSubmission { what, .. }) => self.submitted(what).await,
            ChatInput::Reachable => self.retry_sending().await,
            // They were taken up when the task began.
            ChatInput::Deleting => {}
            ChatInput::Restarted => {
                self.take(Event::Restarted, None).await;
                // The forms of the process before are gone with it.
                self.send_form().await;
            }
        }
        self.record_answered().await;
    }

    /// The person's form was filled in, once or once too often, or turned down.
    async fn submitted(&mut self, what: SubmissionEvent) {
        match what {
            SubmissionEvent::Reused => self.take(Event::FormReused, None).await,
            SubmissionEvent::Declined => self.take(Event::FormDeclined, None).await,
            SubmissionEvent::Filled { id, value, taken } => {
                let id = InboundId(id);
                if let Ok(false) = self.bot_channel.conversations.is_seen(&id).await {
                    match self.text_event(&value, false).await {
                        Ok(event) => {
                            let cause = StepTrigger {
                                id: id.clone(),
                                version: None,
                                deliveries: vec![id.clone()],
                                messages: Vec::new(),
                                since: Instant::now(),
                            };
                            self.take(event, Some(cause)).await;
                        }
                        Err(error) => return self.on_database_error(&error).await,
                    }
                }
                if let Ok(true) = self.bot_channel.conversations.is_seen(&id).await {
                    // Whoever submitted may have gone.
                    let _ = taken.send(());
                }
            }
        }
    }

    /// Sends the link to the form of the open question, where a form is the way in. It is written
    /// nowhere.
    async fn send_form(&mut self) {
        if self.bot_channel.channel.capabilities().secret_entry != SecretEntry::Form {
            return;
        }
        if let Some(link) = self.form_link().await
            && self.outbox.say_secret(&link).await.is_err()
        {
            tracing::debug!("a form's link waits until the person writes again");
        }
    }

    /// A new form for the credential that is awaited now.
    async fn form_link(&self) -> Option<Zeroizing<String>> {
        let runs = self.person_record().await.ok()?;
        let kind = self.decide(&runs, |context| reading::awaited(&self.stored.state, context))?;
        self.bot_channel.form_link(&self.chat, &self.person, kind, self.locale)
    }

    /// Sends what could not be sent before.
    async fn retry_sending(&mut self) {
        self.outbox.catch_up().await;
        self.reset_conversation();
        self.tell_link().await;
        self.send_form().await;
        self.record_answered().await;
    }

    /// Takes an event and whatever follows from it. What a person did and the database did not take
    /// stays with the channel; nobody else would tell us the rest again, so that is repeated.
    pub(super) async fn take(&mut self, event: Event, inbound: Option<StepTrigger>) {
        let mut events = VecDeque::from([(event, inbound)]);
        let mut pause = DATABASE_PAUSE;
        while let Some((event, inbound)) = events.pop_front() {
            if inbound.is_none() && !self.is_on_record() {
                self.tell_without_a_record(&event).await;
                continue;
            }
            match self.step(&event, inbound.as_ref()).await {
                Ok(more) => {
                    events.extend(more.into_iter().map(|event| (event, None)));
                    pause = DATABASE_PAUSE;
                }
                Err(error) if inbound.is_some() => {
                    self.drop_pasted(&event);
                    self.on_database_error(&error).await;
                }
                Err(error) => {
                    tracing::error!("cannot take a step, which is repeated: {error:#}");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(DATABASE_PAUSE_MAX);
                    events.push_front((event, None));
                }
            }
        }
    }

    /// Decides, makes it durable, acknowledges, acts. Returns what happened by acting.
    async fn step(
        &mut self,
        event: &Event,
        inbound: Option<&StepTrigger>,
    ) -> anyhow::Result<Vec<Event>> {
        let runs = self.person_record().await?;
        let before = self.stored.state.clone();
        let (state, effects) =
            self.decide(&runs, |context| advance(before, event.clone(), context));
        let first_seq = self.stored.messages;
        self.locale = messages::locale_of(&state, Some(self.locale.code()));
        let form = |kind| self.bot_channel.form_link(&self.chat, &self.person, kind, self.locale);
        let page =
            |kind| form(kind).filter(|_| self.bot_channel.channel.capabilities().opens_pages);
        let webhook = |message: &Message| webhook_of(&self.bot_channel, &runs.runs, message);
        let outbound = self.outbox.compose(self.locale, &effects, &page, &webhook);
        let asks = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Say(BotMessage { awaits: Some(_), .. })));
        let forgets = effects.contains(&Effect::ErasePerson);
        let deletes = effects.contains(&Effect::DeleteMessage);
        let sends_a_wrong_code = effects.contains(&Effect::CountWrongCode);
        let step = ConversationStep {
            chat: &self.chat,
            person: &self.person,
            state: &state,
            inbound: inbound.map(|cause| &cause.id),
            version: inbound.and_then(|cause| cause.version.as_ref()),
            outbound: &outbound,
            first_seq,
            at_ms: self.bot_channel.shared.settings.clock.now_ms(),
            invitation: invitation_in(&effects),
            deletes: inbound.filter(|_| deletes).map_or(&[], |cause| &cause.messages),
            deleted: deletion_ended_by(event),
            wrong_code_of: sends_a_wrong_code.then_some(self.owner.as_str()),
            forgets: forgets.then_some(self.owner.as_str()),
        };
        let saved = self.bot_channel.conversations.save(&step).await?;
        if saved == SaveOutcome::InvitationUsedUp {
            // Somebody else was faster, which is on record now: decided again, it is another step.
            return Box::pin(self.step(event, inbound)).await;
        }
        if let Some(cause) = inbound {
            self.acknowledge(&cause.deliveries).await;
        }
        if saved == SaveOutcome::Duplicate {
            metrics::duplicate(self.bot_channel.channel.name());
            self.drop_pasted(event);
            return Ok(Vec::new());
        }
        if let Some(cause) = inbound {
            metrics::taken(self.bot_channel.channel.name());
            tracing::debug!("a message was taken");
            self.unanswered.push((cause.since, GaugeGuard::waiting(QueueKind::Outbound)));
        }
        self.stored.messages += i64::try_from(outbound.len())?;
        (self.stored.state, self.stored.forgotten) = (state, forgets);
        self.stored.person = Some(self.person.clone());
        self.outbox.queue(first_seq, outbound);
        let mut more = Vec::new();
        for effect in effects {
            more.extend(self.act(effect, inbound).await);
        }
        self.outbox.send_all().await;
        if asks {
            self.send_form().await;
        }
        self.close_form();
        Ok(more)
    }

    /// What is not asked any more cannot be filled in any more.
    fn close_form(&self) {
        if let Some(HostedForms { forms, .. }) = &self.bot_channel.shared.settings.forms
            && !reading::awaits_secret(&self.stored.state)
        {
            forms.close(self.bot_channel.channel.name(), &self.chat);
        }
    }

    /// Lets go of a credential that no step took: its message brings it again, if need be.
    fn drop_pasted(&self, event: &Event) {
        if let Event::SecretArrived { secret, .. } = event {
            self.bot_channel.shared.vault.forget(&self.owner, *secret);
        }
    }

    async fn act(&mut self, effect: Effect, inbound: Option<&StepTrigger>) -> Option<Event> {
        match effect {
            Effect::Say(BotMessage { message: Message::RelayLink { run, key }, .. }) => {
                self.outbox.show().await;
                self.owe_link(&run, key).await
            }
            Effect::Say(BotMessage { message, .. }) => {
                match message {
                    Message::EnoughToday { used_up } => metrics::deployment_refused(used_up.scope),
                    Message::NotLetIn { used_up: true } => {
                        metrics::code_refused(CodeRefusal::UsedUp)
                    }
                    Message::NotLetIn { used_up: false } => {
                        metrics::code_refused(CodeRefusal::Unknown)
                    }
                    Message::TooManyCodes { .. } => metrics::code_refused(CodeRefusal::Limit),
                    _ => {}
                }
                self.outbox.send_next().await;
                None
            }
            Effect::Show { board, milestone } => {
                self.outbox.set_progress(self.locale, &board, milestone);
                None
            }
            Effect::DeleteMessage => {
                let at_ms = self.bot_channel.shared.settings.clock.now_ms();
                let messages = inbound?.messages.iter().cloned();
                self.deletions.add(messages.map(|message| PendingDeletion { message, at_ms }));
                None
            }
            Effect::Check { kind, secret, organisation } => {
                let (examiner, chat) = (self.checker(), self.chat.clone());
                let judged = match examiner.judge(kind, secret) {
                    Ok(judged) => judged,
                    Err(rejection) => {
                        return Some(Event::CredentialChecked { secret, result: Err(rejection) });
                    }
                };
                self.check(async move {
                    examiner.bot_channel.channel.typing(&chat).await;
                    let checked = catch_panic(examiner.check(&judged, organisation)).await;
                    let result = checked.unwrap_or(Err(CredentialRejection::VendorUnreachable));
                    Event::CredentialChecked { secret, result }
                });
                None
            }
            Effect::ForgetCredential(secret) => {
                self.bot_channel.shared.vault.forget(&self.owner, secret);
                None
            }
            Effect::CountInvitation { .. } => {
                metrics::invitation_used();
                None
            }
            // It was counted in the step.
            Effect::CountWrongCode => None,
            Effect::ErasePerson => {
                self.erase_held();
                None
            }
            Effect::Deploy { spec, organisation, with } => {
                self.deploy(*spec, organisation, with).await
            }
            Effect::Resume { run, with } => self.resume(&run, with).await,
            Effect::Teardown { target, token } => self.tear_down(target, token).await,
            Effect::SearchAccount { token } => {
                let (examiner, chat) = (self.checker(), self.chat.clone());
                self.check(async move {
                    examiner.bot_channel.channel.typing(&chat).await;
                    let found = catch_panic(examiner.find(token)).await;
                    Event::AccountSearched(
                        found.unwrap_or(Err(account::FailureCause::InvalidRequest)),
                    )
                });
                None
            }
        }
    }

    /// Asks somebody, beside the chat's task.
    fn check(&mut self, asking: impl Future<Output = Event> + Send + 'static) {
        self.checks.spawn(asking.in_current_span());
    }

    /// The database failed: nothing was changed, and the message stays with the channel.
    async fn on_database_error(&mut self, error: &anyhow::Error) {
        metrics::refused(self.bot_channel.channel.name(), DropReason::Database);
        tracing::error!("cannot take a step: {error:#}");
        self.outbox.say_now(self.locale, &Message::OurTrouble).await;
    }

    pub(super) fn held(&self, secret: SecretRef) -> Option<Arc<Secret>> {
        self.bot_channel.shared.vault.get(&self.owner, secret)
    }
}

/// The next item: first those that were looked through for edits.
async fn next_of(
    backlog: &mut VecDeque<QueuedInput>,
    items: &mut mpsc::Receiver<QueuedInput>,
) -> Option<QueuedInput> {
    match backlog.pop_front() {
        Some(queued) => Some(queued),
        None => items.recv().await,
    }
}

fn deletion_ended_by(event: &Event) -> Option<&str> {
    match event {
        Event::MessageDeleted { message, .. } => Some(message),
        _ => None,
    }
}

fn invitation_in(effects: &[Effect]) -> Option<&Invitation> {
    effects.iter().find_map(|effect| match effect {
        Effect::CountInvitation { invitation } => Some(invitation),
        _ => None,
    })
}

fn truncated(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
