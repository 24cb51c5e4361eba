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
use zeroize::Zeroizing;

use crate::account;
use crate::conversation::messages::{self, Locale, Message};
use crate::conversation::understand;
use crate::conversation::{Effect, Event, IDLE_MAX_MS, Phase, Saying, advance};
use crate::forms::{Submission, What};
use crate::intake::Rejection;
use crate::invitation::Invitation;
use crate::metrics::{self, Level, NotLetIn, Queue, Refusal};
use crate::secret::{Secret, SecretRef};
use crate::store::conversations::{PendingDeletion, Saved, Step, Stored};

use super::deletions::Deletions;
use super::outgoing::Mouth;
use super::panics::survived;
use super::runs::{RunEvent, Runner};
use super::{FormsAt, Item, Line, Queued};

mod arrivals;
mod forgetting;
mod known;

use known::webhook_of;

/// How long a chat without anything under way keeps its task: it is cheap to make a new one.
const REST: Duration = Duration::from_secs(60);

/// Messages of one chat that are taken while nothing can be sent in it. A person who writes on without an answer
/// gives up sooner; each is one or more messages of ours that wait.
const UNANSWERED_MAX: usize = 20;

/// The longest line that is looked at, in bytes. No answer is longer, credentials aside.
const LINE_MAX: usize = 4096;

/// The longest credential that is held, in bytes: a bundle of Fly tokens has a few thousand. The judges
/// refuse shorter ones already; this bounds what is held until they do.
const CREDENTIAL_MAX: usize = 64 * 1024;

/// The first pause before a step that the database did not take is repeated, doubled each time: a
/// person hardly notices a second.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause: what fails so long may fail for hours and is not to fill the log, but who
/// waits is answered soon after it works again.
const DATABASE_PAUSE_MAX: Duration = Duration::from_secs(15);

/// How long deletions have when a chat's task ends: one call takes less.
const DELETIONS_GRACE: Duration = Duration::from_secs(5);

/// A chat's task.
pub(super) struct Chat {
    pub(super) line: Line,
    pub(super) chat: ChatId,
    person: UserId,
    /// Whose runs and credentials these are.
    pub(super) owner: String,
    pub(super) locale: Locale,
    items: mpsc::Receiver<Queued>,
    /// Items that were taken out of `items` to look for edits.
    backlog: VecDeque<Queued>,
    /// Somebody wrote more than was taken, and was not told yet.
    flooded: Arc<AtomicBool>,
    /// What was taken and not answered yet.
    unanswered: Vec<(Instant, Level)>,
    stored: Stored,
    pub(super) runner: Runner,
    pub(super) mouth: Mouth,
    /// What is being asked of others, which may take a while.
    asked: JoinSet<Option<Event>>,
    deletions: Deletions,
}

/// What a person did, as far as a step needs to know it.
#[derive(Clone)]
pub(super) struct Cause {
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

impl Chat {
    pub(super) fn new(
        line: Line,
        chat: ChatId,
        person: UserId,
        items: mpsc::Receiver<Queued>,
        flooded: Arc<AtomicBool>,
    ) -> Self {
        let owner = format!("{}:{}", line.channel.name(), person.0);
        let mouth = Mouth::new(&line, &chat);
        Self {
            line,
            chat,
            person,
            owner,
            locale: Locale::default(),
            items,
            backlog: VecDeque::new(),
            flooded,
            unanswered: Vec::new(),
            stored: Stored::default(),
            runner: Runner::default(),
            mouth,
            asked: JoinSet::new(),
            deletions: Deletions::default(),
        }
    }

    /// Works until there is nothing to do for a while, or until the channel has ended and nothing is
    /// under way.
    pub(super) async fn work(mut self) {
        match self.line.conversations.load(&self.chat).await {
            Ok(stored) => {
                self.stored = stored;
                self.locale = messages::locale_of(&self.stored.state, None);
            }
            Err(error) => {
                tracing::error!("cannot load a conversation: {error:#}");
                self.mouth.say_now(self.locale, &Message::OurTrouble).await;
                return;
            }
        }
        let _open = Level::conversation(self.line.channel.name());
        self.mouth.catch_up().await;
        self.let_go();
        self.take_up_deletions().await;
        let mut channel_ended = false;
        while !(channel_ended && self.is_at_rest()) {
            self.deletions.begin_next(&self.line);
            let rest_over = self.rest_over();
            let show_at = self.mouth.show_at();
            let retry_at = self.mouth.retry_at();
            tokio::select! {
                biased;
                item = next_of(&mut self.backlog, &mut self.items), if !channel_ended => match item {
                    Some(Queued { item, .. }) => self.receive(item).await,
                    None => channel_ended = true,
                },
                Some(event) = self.runner.event() => self.run_event(event).await,
                Some(answered) = self.asked.join_next(), if !self.asked.is_empty() => {
                    // A panic in it is logged by the hook.
                    if let Ok(Some(event)) = answered {
                        self.take(event, None).await;
                    }
                }
                Some(event) = self.deletions.ended() => self.take(event, None).await,
                () = sleep_until(show_at.unwrap_or_else(Instant::now)), if show_at.is_some() => {
                    self.mouth.show().await;
                }
                () = sleep_until(retry_at.unwrap_or_else(Instant::now)), if retry_at.is_some() => {
                    self.speak_again().await;
                }
                () = sleep_until(rest_over), if self.is_at_rest() && self.deletions.is_idle() => {
                    self.take(Event::TimePassed, None).await;
                    self.lose_link().await;
                    break;
                }
            }
            self.let_go();
        }
        self.items.close();
        while let Some(Queued { item, .. }) = next_of(&mut self.backlog, &mut self.items).await {
            self.receive(item).await;
            self.let_go();
        }
        self.end_deletions().await;
        // Whoever cannot be reached now is told when they can.
        self.tell_of_unread().await;
        self.mouth.show().await;
    }

    /// Nothing is under way, asked, or waits for its time.
    fn is_at_rest(&self) -> bool {
        self.runner.is_idle() && self.asked.is_empty() && self.mouth.retry_at().is_none()
    }

    /// Goes on with what an earlier process, or an earlier task of this chat, was to delete.
    async fn take_up_deletions(&mut self) {
        match self.line.conversations.pending_deletions(&self.chat).await {
            Ok(pending) => self.deletions.add(pending),
            Err(error) => tracing::error!("cannot read what is to be deleted: {error:#}"),
        }
    }

    /// Gives what is to be deleted a last chance; the next process goes on with the rest.
    async fn end_deletions(&mut self) {
        let end = async {
            while !self.deletions.is_idle() {
                self.deletions.begin_next(&self.line);
                if let Some(event) = self.deletions.ended().await {
                    self.take(event, None).await;
                }
            }
        };
        let _ = tokio::time::timeout(DELETIONS_GRACE, end).await;
    }

    /// Counts what was answered, and tells who wrote more than was taken: once, when there is an end to it.
    async fn note_answers(&mut self) {
        if self.mouth.is_stuck() {
            return;
        }
        for (since, _) in self.unanswered.drain(..) {
            metrics::answered(self.line.channel.name(), since.elapsed());
        }
        if self.items.is_empty() && self.backlog.is_empty() {
            self.tell_of_unread().await;
        }
    }

    async fn tell_of_unread(&mut self) {
        if self.flooded.swap(false, Ordering::Relaxed) {
            self.take(Event::LeftUnread, None).await;
        }
    }

    /// When nothing has happened for so long that an open question expires, or the task may end.
    fn rest_over(&self) -> Instant {
        let wait = match self.stored.state.phase {
            Phase::Idle => match self.runner.owed_until() {
                Some(until) => return until,
                None => REST,
            },
            _ => {
                let heard_at_ms = self.stored.state.heard_at_ms;
                let now_ms = self.line.shared.settings.clock.now_ms();
                let since_ms = now_ms.saturating_sub(heard_at_ms);
                Duration::from_millis(IDLE_MAX_MS.saturating_sub(since_ms)).max(REST)
            }
        };
        Instant::now() + wait
    }

    async fn receive(&mut self, item: Item) {
        match item {
            Item::Inbound(inbound, since) => self.inbound(*inbound, since).await,
            Item::Submitted(Submission { what, .. }) => self.submitted(what).await,
            Item::Reachable => self.speak_again().await,
            // They were taken up when the task began.
            Item::Deleting => {}
            Item::Restarted => {
                self.take(Event::Restarted, None).await;
                // The forms of the process before are gone with it.
                self.send_form().await;
            }
        }
        self.note_answers().await;
    }

    /// The person's form was filled in, once or once too often, or turned down.
    async fn submitted(&mut self, what: What) {
        match what {
            What::Reused => self.take(Event::FormReused, None).await,
            What::Declined => self.take(Event::FormDeclined, None).await,
            What::Filled { id, value, taken } => {
                let id = InboundId(id);
                if let Ok(false) = self.line.conversations.is_seen(&id).await {
                    match self.written(&value, false).await {
                        Ok(event) => {
                            let cause = Cause {
                                id: id.clone(),
                                version: None,
                                deliveries: vec![id.clone()],
                                messages: Vec::new(),
                                since: Instant::now(),
                            };
                            self.take(event, Some(cause)).await;
                        }
                        Err(error) => return self.trouble(&error).await,
                    }
                }
                if let Ok(true) = self.line.conversations.is_seen(&id).await {
                    // Whoever submitted may have gone.
                    let _ = taken.send(());
                }
            }
        }
    }

    /// Sends the link to the form of the open question, where a form is the way in. It is written nowhere.
    async fn send_form(&mut self) {
        if self.line.channel.capabilities().secret_entry != SecretEntry::Form {
            return;
        }
        if let Some(link) = self.form_link().await
            && self.mouth.say_secret(&link).await.is_err()
        {
            tracing::debug!("a form's link waits until the person writes again");
        }
    }

    /// A new form for the credential that is awaited now.
    async fn form_link(&self) -> Option<Zeroizing<String>> {
        let runs = self.runs().await.ok()?;
        let kind =
            self.decide(&runs, |context| understand::awaited(&self.stored.state, context))?;
        self.line.form_link(&self.chat, &self.person, kind, self.locale)
    }

    /// Sends what could not be sent before.
    async fn speak_again(&mut self) {
        self.mouth.catch_up().await;
        self.let_go();
        self.tell_link().await;
        self.send_form().await;
        self.note_answers().await;
    }

    async fn run_event(&mut self, event: RunEvent) {
        if let Some(event) = self.conversation_event(event).await {
            self.take(event, None).await;
        }
    }

    /// Takes an event and whatever follows from it. What a person did and the database did not take
    /// stays with the channel; nobody else would tell us the rest again, so that is repeated.
    pub(super) async fn take(&mut self, event: Event, inbound: Option<Cause>) {
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
                    self.trouble(&error).await;
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
    async fn step(&mut self, event: &Event, inbound: Option<&Cause>) -> anyhow::Result<Vec<Event>> {
        let runs = self.runs().await?;
        let before = self.stored.state.clone();
        let (state, effects) =
            self.decide(&runs, |context| advance(before, event.clone(), context));
        let first_seq = self.stored.messages;
        self.locale = messages::locale_of(&state, Some(self.locale.code()));
        let form = |kind| self.line.form_link(&self.chat, &self.person, kind, self.locale);
        let page = |kind| form(kind).filter(|_| self.line.channel.capabilities().opens_pages);
        let webhook = |message: &Message| webhook_of(&self.line, &runs.runs, message);
        let outbound = self.mouth.compose(self.locale, &effects, &page, &webhook);
        let asks = effects
            .iter()
            .any(|effect| matches!(effect, Effect::Say(Saying { awaits: Some(_), .. })));
        let forgets = effects.contains(&Effect::Erase);
        let deletes = effects.contains(&Effect::EraseTheirs);
        let sends_a_wrong_code = effects.contains(&Effect::CountWrongCode);
        let step = Step {
            chat: &self.chat,
            person: &self.person,
            state: &state,
            inbound: inbound.map(|cause| &cause.id),
            version: inbound.and_then(|cause| cause.version.as_ref()),
            outbound: &outbound,
            first_seq,
            at_ms: self.line.shared.settings.clock.now_ms(),
            invitation: invitation_in(&effects),
            deletes: inbound.filter(|_| deletes).map_or(&[], |cause| &cause.messages),
            deleted: deletion_ended_by(event),
            wrong_code_of: sends_a_wrong_code.then_some(self.owner.as_str()),
            forgets: forgets.then_some(self.owner.as_str()),
        };
        let saved = self.line.conversations.save(&step).await?;
        if saved == Saved::NoPlaceLeft {
            // Somebody else was faster, which is on record now: decided again, it is another step.
            return Box::pin(self.step(event, inbound)).await;
        }
        if let Some(cause) = inbound {
            self.acknowledge(&cause.deliveries).await;
        }
        if saved == Saved::Duplicate {
            metrics::duplicate(self.line.channel.name());
            self.drop_pasted(event);
            return Ok(Vec::new());
        }
        if let Some(cause) = inbound {
            metrics::taken(self.line.channel.name());
            self.unanswered.push((cause.since, Level::waiting(Queue::Outbound)));
        }
        self.stored.messages += i64::try_from(outbound.len())?;
        (self.stored.state, self.stored.forgotten) = (state, forgets);
        self.stored.person = Some(self.person.clone());
        self.mouth.queue(first_seq, outbound);
        let mut more = Vec::new();
        for effect in effects {
            more.extend(self.act(effect, inbound).await);
        }
        self.mouth.send_all().await;
        if asks {
            self.send_form().await;
        }
        self.close_form();
        Ok(more)
    }

    /// What is not asked any more cannot be filled in any more.
    fn close_form(&self) {
        if let Some(FormsAt { forms, .. }) = &self.line.shared.settings.forms
            && !understand::awaits_secret(&self.stored.state)
        {
            forms.close(self.line.channel.name(), &self.chat);
        }
    }

    /// Lets go of a credential that no step took: its message brings it again, if need be.
    fn drop_pasted(&self, event: &Event) {
        if let Event::SecretArrived { secret, .. } = event {
            self.line.shared.vault.forget(&self.owner, *secret);
        }
    }

    async fn act(&mut self, effect: Effect, inbound: Option<&Cause>) -> Option<Event> {
        match effect {
            Effect::Say(Saying { message: Message::RelayLink { run, key }, .. }) => {
                self.mouth.show().await;
                self.owe_link(&run, key).await
            }
            Effect::Say(Saying { message, .. }) => {
                match message {
                    Message::EnoughToday { used_up } => metrics::deployment_refused(used_up.scope),
                    Message::NotLetIn { used_up: true } => metrics::not_let_in(NotLetIn::UsedUp),
                    Message::NotLetIn { used_up: false } => metrics::not_let_in(NotLetIn::Unknown),
                    Message::TooManyCodes { .. } => metrics::not_let_in(NotLetIn::Limit),
                    _ => {}
                }
                self.mouth.send_next().await;
                None
            }
            Effect::Show { board, milestone } => {
                self.mouth.set_board(self.locale, &board, milestone);
                None
            }
            Effect::EraseTheirs => {
                let at_ms = self.line.shared.settings.clock.now_ms();
                let messages = inbound?.messages.iter().cloned();
                self.deletions.add(messages.map(|message| PendingDeletion { message, at_ms }));
                None
            }
            Effect::Check { kind, secret, organisation } => {
                let (examiner, chat) = (self.examiner(), self.chat.clone());
                let judged = match examiner.judge(kind, secret) {
                    Ok(judged) => judged,
                    Err(rejection) => {
                        return Some(Event::Checked { secret, result: Err(rejection) });
                    }
                };
                self.asked.spawn(async move {
                    examiner.line.channel.typing(&chat).await;
                    let checked = survived(examiner.check(kind, &judged, organisation)).await;
                    let result = checked.unwrap_or(Err(Rejection::OutOfReach));
                    Some(Event::Checked { secret, result })
                });
                None
            }
            Effect::Forget(secret) => {
                self.line.shared.vault.forget(&self.owner, secret);
                None
            }
            Effect::LetIn { .. } => {
                metrics::let_in();
                None
            }
            // It was counted in the step.
            Effect::CountWrongCode => None,
            Effect::Erase => {
                self.erase_held();
                None
            }
            Effect::Deploy { spec, organisation, with } => {
                self.deploy(*spec, organisation, with).await
            }
            Effect::Resume { run, with } => self.resume(&run, with).await,
            Effect::Teardown { target, token } => self.tear_down(target, token).await,
            Effect::Find { token } => {
                let (examiner, chat) = (self.examiner(), self.chat.clone());
                self.asked.spawn(async move {
                    examiner.line.channel.typing(&chat).await;
                    let found = survived(examiner.find(token)).await;
                    Some(Event::Found(found.unwrap_or(Err(account::Cause::OurFault))))
                });
                None
            }
        }
    }

    /// The database failed: nothing was changed, and the message stays with the channel.
    async fn trouble(&mut self, error: &anyhow::Error) {
        metrics::refused(self.line.channel.name(), Refusal::Database);
        tracing::error!("cannot take a step: {error:#}");
        self.mouth.say_now(self.locale, &Message::OurTrouble).await;
    }

    pub(super) fn held(&self, secret: SecretRef) -> Option<Arc<Secret>> {
        self.line.shared.vault.get(&self.owner, secret)
    }
}

/// The next item: first those that were looked through for edits.
async fn next_of(
    backlog: &mut VecDeque<Queued>,
    items: &mut mpsc::Receiver<Queued>,
) -> Option<Queued> {
    match backlog.pop_front() {
        Some(queued) => Some(queued),
        None => items.recv().await,
    }
}

fn deletion_ended_by(event: &Event) -> Option<&str> {
    match event {
        Event::Erased { message, .. } => Some(message),
        _ => None,
    }
}

fn invitation_in(effects: &[Effect]) -> Option<&Invitation> {
    effects.iter().find_map(|effect| match effect {
        Effect::LetIn { invitation } => Some(invitation),
        _ => None,
    })
}

fn up_to(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
