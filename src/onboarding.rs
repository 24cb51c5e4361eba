//! Drives conversations on the channels: what [`crate::conversation`] decides is done here.
//!
//! Each chat has a task of its own, which takes what happens in it one by one: load, decide, store
//! the new state together with what was seen and what is to be said, acknowledge, then act. Chats
//! do not wait for each other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adapters::channel::{Channel, ChannelEvent};
use adapters::chat::{ChatId, ChatType, Inbound, InboundId, Outbound, UserId};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{Instrument, Span};
use url::Url;
use zeroize::Zeroizing;

use crate::account::CheckedCredential;
use crate::clock::Clock;
use crate::conversation::messages::{self, Locale, Message};
use crate::conversation::{ConversationState, Phase};
use crate::credential_format::CredentialRejection;
use crate::deployments::{Deployments, VendorClients};
use crate::forms::{Form, FormSubmission, Forms};
use crate::invitation::Invitation;
use crate::metrics::{self, DropReason, GaugeGuard, QueueKind};
use crate::quota::Quotas;
use crate::random::Random;
use crate::secret::{Secret, SecretKind, SecretRef};
use crate::spans;
use crate::spec::{AgentKind, Images, RelayChannel};
use crate::store::Database;
use crate::store::conversations::{Conversations, StoredConversation};
use crate::vault::Vault;

use chat::ChatTask;

mod chat;
mod credentials;
mod deletions;
mod erasing;
mod outbox;
mod panics;
mod runs;

/// Things that wait for one chat's task. A person does not type so many while one is answered; a
/// script in a pipe may.
pub const QUEUE_MAX: usize = 64;

/// How long the whole channel waits for one chat whose queue is full, where that is the only one: a
/// script in a pipe is not to lose a line. After that the message is refused.
const QUEUE_WAIT: Duration = Duration::from_secs(5);

/// Chats with a task at once: beyond it new ones wait with the channel. A task takes a few
/// kilobytes.
const CHATS_MAX: usize = 10_000;

/// Groups that are remembered as told that we talk in private. When it is full, it starts afresh: a
/// group may then be told twice.
const GROUPS_MAX: usize = 1_000;

/// Messages that are remembered as refused for want of room, so that one that comes twice is not
/// taken after its sender was asked to write it again. When it is full, it starts afresh.
const REFUSED_MAX: usize = 10_000;

/// What the role gives us.
pub struct OnboardingSettings {
    /// The database, with the schema [`crate::store::SCHEMA`].
    pub database: Database,
    /// What time it is.
    pub clock: Clock,
    /// Ids and keys.
    pub random: Random,
    /// Who we deploy with.
    pub vendors: VendorClients,
    /// What people can choose from.
    pub catalogue: Catalogue,
    /// Credentials that we lend to everybody: the sandbox's own.
    pub lent: Vec<Arc<Secret>>,
    /// Where credentials can be entered beside the chat, if anywhere.
    pub forms: Option<HostedForms>,
}

/// One-time forms, and where they are found.
pub struct HostedForms {
    /// The forms.
    pub forms: Forms,
    /// The bot's web server, as the internet finds it.
    pub public_url: Url,
}

/// What people can choose from. Each list starts with the usual choice and is not empty.
pub struct Catalogue {
    /// Channels of a relay.
    pub channels: Vec<RelayChannel>,
    pub agents: Vec<AgentKind>,
    /// What new machines run.
    pub images: Images,
    /// Tokens that the agent of a new deployment may use in a day.
    pub daily_tokens: u64,
    /// How many may be begun within a day.
    pub quotas: Quotas,
    /// What lets people in who have begun nothing; where there is none, everybody is in.
    pub invitations: Vec<Invitation>,
}

/// The onboarding bot, on any number of channels.
#[derive(Clone)]
pub struct Onboarding {
    shared: Arc<OnboardingContext>,
}

/// What all chats share.
struct OnboardingContext {
    settings: OnboardingSettings,
    deployments: Deployments,
    vault: Vault,
    /// Becomes true when nothing more is to be taken.
    stopping: watch::Sender<bool>,
    /// Something was erased, and traces of it may be in the database's files.
    erased: Notify,
    lent: Vec<(SecretKind, SecretRef)>,
}

/// One channel, and the conversations on it.
#[derive(Clone)]
struct BotChannel {
    shared: Arc<OnboardingContext>,
    channel: Arc<dyn Channel>,
    /// What a relay can speak that is deployed from here: the web, and this very service, which
    /// vouches for who its owner is.
    channels: Arc<[RelayChannel]>,
    conversations: Conversations,
}

/// What reaches a chat's task.
enum ChatInput {
    /// The person did something, then.
    Inbound(Box<Inbound>, Instant),
    /// Something happened to the person's form.
    Submitted(FormSubmission),
    /// What waits for this chat may be sent now.
    Reachable,
    /// This process is new.
    Restarted,
    /// Messages were to be deleted when the process before ended.
    Deleting,
}

/// An item in line.
struct QueuedInput {
    item: ChatInput,
    _level: GaugeGuard,
    _place: Option<OwnedSemaphorePermit>,
}

impl QueuedInput {
    fn new(item: ChatInput, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { item, _level: GaugeGuard::waiting(QueueKind::Inbound), _place: place }
    }
}

struct OpenChat {
    queue: mpsc::Sender<QueuedInput>,
    /// Room for items in line: those in the queue, and those that the task has set aside.
    places: Arc<Semaphore>,
    /// More came than fitted into the queue; the task tells the person.
    flooded: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Onboarding {
    /// An onboarding bot.
    pub fn new(settings: OnboardingSettings) -> Self {
        let OnboardingSettings { database, clock, random, vendors, .. } = &settings;
        let deployments =
            Deployments::new(database.clone(), clock.clone(), random.clone(), vendors.clone());
        let vault = Vault::new(random.clone());
        let lent = settings.lent.iter().map(|secret| vault.lend(secret.clone())).collect();
        let stopping = watch::Sender::new(false);
        let erased = Notify::new();
        let shared = OnboardingContext { settings, deployments, vault, stopping, erased, lent };
        Self { shared: Arc::new(shared) }
    }

    /// Takes nothing more on any channel: [`Self::run`] returns when what was acknowledged is
    /// answered and what is under way has come to its end.
    pub fn stop(&self) {
        self.shared.stopping.send_replace(true);
    }

    /// Judges and checks a credential that was entered but not submitted yet. Nothing of it is
    /// kept.
    ///
    /// # Errors
    /// When it is not one of this kind, refused, or nobody could be asked.
    pub async fn check_pasted(
        &self,
        kind: SecretKind,
        pasted: &str,
    ) -> Result<CheckedCredential, CredentialRejection> {
        let judged = self.shared.deployments.check_format(kind, pasted)?;
        self.shared.deployments.check(&judged).await
    }

    /// How many credentials of people are held now.
    pub fn credentials_held(&self) -> usize {
        self.shared.vault.count()
    }

    /// The longest that a credential of anybody's has been in memory so far; see
    /// [`Vault::longest_secret_lifetime`].
    pub fn longest_secret_lifetime(&self) -> Duration {
        self.shared.vault.longest_lifetime()
    }

    /// Talks on this channel until it ends and everything under way on it has come to its end.
    /// Dropping the future is a crash by design: the next process carries on.
    ///
    /// # Errors
    /// When the conversations of an earlier process cannot be read.
    pub async fn run(&self, channel: Arc<dyn Channel>) -> anyhow::Result<()> {
        let database = self.shared.settings.database.clone();
        let conversations = Conversations::new(database, channel.name());
        let own = channel.name().parse::<RelayChannel>().ok();
        let offered = self.shared.settings.catalogue.channels.iter().copied();
        let channels = offered.filter(|it| *it == RelayChannel::Web || Some(*it) == own);
        let mut channels: Vec<_> = channels.collect();
        // Whoever writes on a service wants the relay there.
        channels.sort_by_key(|it| Some(*it) != own);
        let channels = channels.into();
        let line = BotChannel { shared: self.shared.clone(), channel, channels, conversations };
        let forms = self.shared.settings.forms.as_ref();
        let submissions = forms.map(|it| it.forms.submissions(line.channel.name()));
        let mut reception = Reception {
            bot_channel: line,
            submissions,
            open: HashMap::new(),
            notified: HashSet::new(),
            refused: HashSet::new(),
            has_ended: false,
        };
        let ended = tokio::select! {
            biased;
            ended = reception.receive_all() => ended,
            never = self.shared.vault.sweep() => match never {},
            never = self.shared.erase_expired() => match never {},
            never = self.shared.vacuum_loop() => match never {},
        };
        self.shared.scrub_the_last().await;
        ended
    }
}

/// Leads what comes from a channel to the chats' tasks.
struct Reception {
    bot_channel: BotChannel,
    submissions: Option<mpsc::Receiver<FormSubmission>>,
    open: HashMap<ChatId, OpenChat>,
    notified: HashSet<ChatId>,
    refused: HashSet<InboundId>,
    /// Dropped before, it has crashed.
    has_ended: bool,
}

impl Drop for Reception {
    fn drop(&mut self) {
        if !self.has_ended {
            self.bot_channel.shared.deployments.abandon();
        }
        self.open.values().for_each(|chat| chat.task.abort());
    }
}

impl Reception {
    async fn receive_all(&mut self) -> anyhow::Result<()> {
        self.bot_channel.channel.announce(&messages::menu()).await;
        self.resume_chats().await?;
        self.receive().await;
        self.close().await;
        Ok(())
    }

    /// Tells the people whom an earlier process left in the middle of something.
    async fn resume_chats(&mut self) -> anyhow::Result<()> {
        let all = self.bot_channel.conversations.all().await?;
        let chats: Vec<ChatId> = all.iter().map(|(chat, _)| chat.clone()).collect();
        self.bot_channel.channel.recover(&chats).await;
        let deleting = self.bot_channel.conversations.chats_with_deletions().await?;
        for (chat, stored) in all {
            let unsent = !self.bot_channel.conversations.unsent(&chat).await?.is_empty();
            if let Some(person) = stored.person
                && (unsent || is_under_way(&stored.state))
            {
                self.route(chat, person, ChatInput::Restarted).await;
            }
        }
        for (chat, person) in deleting {
            self.route(chat, person, ChatInput::Deleting).await;
        }
        Ok(())
    }

    async fn receive(&mut self) {
        let mut stopping = self.bot_channel.shared.stopping.subscribe();
        loop {
            let event = tokio::select! {
                biased;
                // The sender lives as long as we do.
                () = async { drop(stopping.wait_for(|stopping| *stopping).await) } => return,
                event = self.bot_channel.channel.next() => event,
                Some(submission) = next_of(&mut self.submissions) => {
                    let (chat, person) = (submission.chat.clone(), submission.person.clone());
                    self.route(chat, person, ChatInput::Submitted(submission)).await;
                    continue;
                }
            };
            let Some(event) = event else { return };
            match event {
                ChannelEvent::Inbound(inbound) if inbound.place == ChatType::Group => {
                    self.point_to_private(inbound).await;
                }
                ChannelEvent::Inbound(inbound) if self.refused.contains(&inbound.id) => {
                    metrics::duplicate(self.bot_channel.channel.name());
                    self.bot_channel.channel.acknowledge(&inbound.id).await;
                }
                ChannelEvent::Inbound(inbound) => {
                    let (chat, person) = (inbound.chat.clone(), inbound.from.clone());
                    self.route(chat, person, ChatInput::Inbound(Box::new(inbound), Instant::now()))
                        .await;
                }
                ChannelEvent::Reachable(chat) => self.reachable(chat).await,
            }
        }
    }

    async fn reachable(&mut self, chat: ChatId) {
        match self.bot_channel.conversations.load(&chat).await {
            Ok(StoredConversation { person: Some(person), .. }) => {
                self.route(chat, person, ChatInput::Reachable).await;
            }
            Ok(_) => {}
            Err(error) => self.bot_channel.span(&chat).in_scope(|| {
                tracing::error!("cannot load a conversation: {error:#}");
            }),
        }
    }

    async fn route(&mut self, chat: ChatId, person: UserId, item: ChatInput) {
        let span = self.bot_channel.span(&chat);
        self.route_item(chat, person, item).instrument(span).await;
    }

    async fn route_item(&mut self, chat: ChatId, person: UserId, item: ChatInput) {
        let item = match self.offer(&chat, item).await {
            Ok(()) => return,
            Err(item) => item,
        };
        if let Some(ended) = self.open.remove(&chat) {
            // It has closed its queue, so it ends at once; a panic in it is logged by the hook.
            let _ = ended.task.await;
        }
        if self.open.len() >= CHATS_MAX {
            self.open.retain(|_, chat| !chat.task.is_finished());
        }
        if self.open.len() >= CHATS_MAX {
            tracing::warn!(chats = self.open.len(), "too many chats at once");
            metrics::refused(self.bot_channel.channel.name(), DropReason::TooManyChats);
            return;
        }
        let (queue, items) = mpsc::channel(QUEUE_MAX);
        let flooded = Arc::<AtomicBool>::default();
        // The queue is new and empty.
        let places = Arc::new(Semaphore::new(QUEUE_MAX));
        let _ = queue.try_send(QueuedInput::new(item, places.clone().try_acquire_owned().ok()));
        let worker =
            ChatTask::new(self.bot_channel.clone(), chat.clone(), person, items, flooded.clone());
        let task = tokio::spawn(worker.work().in_current_span());
        self.open.insert(chat, OpenChat { queue, places, flooded, task });
    }

    /// Gives an item to the chat's task; gives it back when there is none.
    async fn offer(&mut self, chat: &ChatId, item: ChatInput) -> Result<(), ChatInput> {
        let Some(open) = self.open.get(chat) else { return Err(item) };
        let wait = match item {
            // Who floods must not hold up others.
            ChatInput::Inbound(..) if self.open.len() > 1 => Duration::ZERO,
            _ => QUEUE_WAIT,
        };
        let (queue, flooded) = (open.queue.clone(), open.flooded.clone());
        let place = tokio::time::timeout(wait, open.places.clone().acquire_owned()).await;
        let Ok(place) = place else {
            self.refuse(&flooded, item).await;
            return Ok(());
        };
        // Whoever has a place has room in the queue, so that it only fails when the task has ended.
        queue
            .try_send(QueuedInput::new(item, place.ok()))
            .map_err(|unsent| unsent.into_inner().item)
    }

    /// A chat's queue is full: its task says so to the person when it comes to it.
    async fn refuse(&mut self, flooded: &AtomicBool, item: ChatInput) {
        let ChatInput::Inbound(inbound, _) = item else {
            return tracing::warn!("a chat's queue is full; what happened in it is left");
        };
        metrics::refused(self.bot_channel.channel.name(), DropReason::TooManyInChat);
        flooded.store(true, Ordering::Relaxed);
        self.bot_channel.channel.acknowledge(&inbound.id).await;
        if self.refused.len() >= REFUSED_MAX {
            self.refused.clear();
        }
        self.refused.insert(inbound.id);
    }

    /// A group is told once where we talk; nothing of it is stored.
    async fn point_to_private(&mut self, inbound: Inbound) {
        if self.notified.len() >= GROUPS_MAX {
            self.notified.clear();
        }
        if self.notified.insert(inbound.chat.clone()) {
            let locale = Locale::of_hint(inbound.locale.as_deref());
            let text = messages::text(locale, &Message::PrivateOnly);
            let pointer = Outbound::text(format!("private-{}", inbound.id.0), text);
            if let Err(error) = self.bot_channel.channel.send(&inbound.chat, &pointer).await {
                self.bot_channel.span(&inbound.chat).in_scope(|| {
                    tracing::debug!(%error, "a group could not be told that we talk in private");
                });
            }
        }
        self.bot_channel.channel.acknowledge(&inbound.id).await;
    }

    /// Lets every chat finish what is under way.
    async fn close(&mut self) {
        for (_, chat) in self.open.drain() {
            drop(chat.queue);
            // A panic in it is logged by the hook.
            let _ = chat.task.await;
        }
        // The chat of a run may have panicked; the run is waited for all the same.
        self.bot_channel.shared.deployments.ended().await;
        self.has_ended = true;
    }
}

/// What is submitted next; nothing ever where there are no forms.
async fn next_of(
    submissions: &mut Option<mpsc::Receiver<FormSubmission>>,
) -> Option<FormSubmission> {
    match submissions {
        Some(submissions) => submissions.recv().await,
        None => std::future::pending().await,
    }
}

/// Somebody waits for us, or we for somebody.
fn is_under_way(state: &ConversationState) -> bool {
    state.phase != Phase::Idle || state.link_owed.is_some()
}

impl BotChannel {
    /// The span of log lines about this chat.
    fn span(&self, chat: &ChatId) -> Span {
        spans::conversation(self.channel.name(), chat)
    }

    /// A new one-time form for this credential, where forms are found; the link to it.
    fn form_link(
        &self,
        chat: &ChatId,
        person: &UserId,
        kind: SecretKind,
        locale: Locale,
    ) -> Option<Zeroizing<String>> {
        let HostedForms { forms, public_url } = self.shared.settings.forms.as_ref()?;
        let channel = self.channel.name();
        let number = person.0.strip_prefix("whatsapp:").unwrap_or(&person.0);
        let ticket = forms.open(Form {
            channel: channel.to_owned(),
            chat: chat.clone(),
            person: person.clone(),
            account: messages::account_on(channel, number),
            kind,
            fields: messages::secret_form(locale, kind),
            locale,
        });
        let base = public_url.as_str().trim_end_matches('/');
        Some(Zeroizing::new(format!("{base}/form#{}", ticket.as_str())))
    }
}
