//! A chat service that people use: it delivers late and more than once, and does not take
//! everything. It lives on when the bot's process is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Capabilities, ChannelError, ChannelEvent};
use adapters::chat::{
    AnswerKind, ChatId, ChatType, Inbound, InboundContent, InboundId, MessageContext, MessageRef,
    Outbound, UserId,
};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc};
use tokio::time::Instant;

use super::dice::BotStoryDice;
use super::monitor::ChatMonitor;
use super::persona::Persona;
use super::phone::{PhoneMessage, SimulatedPhone};
use super::profile::ServiceProfile;
use super::proof::StoreProof;

mod connection;

pub(super) use connection::ServiceConnection;

/// The latest that a message of a person is delivered again.
const AGAIN_MAX: Duration = Duration::from_secs(40);

/// The latest that a message of a person is delivered first.
const LATE_MAX: Duration = Duration::from_secs(3);

/// The longest that a chat cannot be reached.
const AWAY_MAX: Duration = Duration::from_secs(90);

/// The longest wait that the service asks for, in milliseconds.
const TOO_FAST_MAX_MS: u64 = 30_000;

/// Of a hundred messages of the bot, so many meet each trouble while there is any.
const TROUBLE_PERCENT: u64 = 3;

/// Deliveries of one message at the most.
const DELIVERIES_MAX: u64 = 5;

/// People who want to be at it in the same moment wait for the next of these.
const GATHERING: Duration = Duration::from_secs(60);

pub(super) struct SimulatedService {
    profile: ServiceProfile,
    capabilities: Capabilities,
    stage: Arc<ChatMonitor>,
    pub(super) proof: StoreProof,
    dice: BotStoryDice,
    incoming: mpsc::UnboundedSender<ChannelEvent>,
    events: AsyncMutex<mpsc::UnboundedReceiver<ChannelEvent>>,
    began: Instant,
    state: Mutex<ServiceState>,
}

#[derive(Default)]
struct ServiceState {
    chats: BTreeMap<ChatId, SimulatedPhone>,
    /// What was written, in order.
    written: Vec<Inbound>,
    /// What is not acknowledged yet, by its place among what was written, and when it was
    /// delivered.
    waiting: BTreeMap<usize, (Inbound, Option<Instant>)>,
    /// Places among what was written, as they were delivered first, by chat.
    came: BTreeMap<ChatId, Vec<usize>>,
    /// The same, as the bot took them.
    taken: BTreeMap<ChatId, Vec<usize>>,
    /// When the last first delivery of a chat is.
    last_first: BTreeMap<ChatId, Instant>,
    /// Chats that cannot be reached.
    away: BTreeSet<ChatId>,
    calm: bool,
    pace: ResponseTimes,
    /// Chats on a slow line.
    slow: BTreeSet<ChatId>,
    /// Chats in which more is written than is taken.
    flooded: BTreeSet<ChatId>,
    /// Chats that can be reached whatever happens to others.
    steady: BTreeSet<ChatId>,
    /// Places among what was written there, of what was acknowledged and not taken then.
    unread: BTreeSet<usize>,
    /// Those of them of which no copy was in line.
    refused: BTreeSet<usize>,
    /// What the bot's process was given and has not acknowledged yet: how many copies of each.
    in_hand: BTreeMap<ChatId, BTreeMap<usize, usize>>,
}

/// How fast the bot was with those who mean no harm, from the first delivery on.
#[derive(Clone, Debug, Default)]
pub struct ResponseTimes {
    /// Until a message was acknowledged: it is durable then.
    pub acknowledged: Vec<Duration>,
    /// Until something was shown in its chat.
    pub answered: Vec<Duration>,
}

impl SimulatedService {
    pub(super) fn new(
        manner: ServiceProfile,
        stage: Arc<ChatMonitor>,
        proof: StoreProof,
        dice: BotStoryDice,
    ) -> Arc<Self> {
        let (incoming, events) = mpsc::unbounded_channel();
        Arc::new(Self {
            profile: manner,
            capabilities: manner.capabilities(),
            stage,
            proof,
            dice,
            incoming,
            events: AsyncMutex::new(events),
            began: Instant::now(),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, ServiceState> {
        self.state.lock()
    }

    pub(super) fn profile(&self) -> ServiceProfile {
        self.profile
    }

    /// Somebody does something in a chat.
    pub(super) fn write(self: &Arc<Self>, chat: &ChatId, place: ChatType, content: InboundContent) {
        let inbound = self.take(chat, place, content);
        let first = self.first_delivery(chat);
        self.deliver_at(first, inbound.clone());
        for _ in 0..self.dice.below(DELIVERIES_MAX) {
            self.deliver_at(first + self.dice.up_to(AGAIN_MAX), inbound.clone());
        }
    }

    /// Somebody does all this in one moment, and all of it comes again in another.
    pub(super) fn write_at_once(self: &Arc<Self>, chat: &ChatId, contents: &[InboundContent]) {
        let take = |content: &InboundContent| self.take(chat, ChatType::Private, content.clone());
        let all: Vec<Inbound> = contents.iter().map(take).collect();
        let first = self.first_delivery(chat);
        for at in [first, first + self.dice.up_to(AGAIN_MAX)] {
            let (service, all) = (self.clone(), all.clone());
            tokio::spawn(async move {
                tokio::time::sleep_until(at).await;
                all.into_iter().for_each(|inbound| service.deliver(inbound));
            });
        }
    }

    /// Somebody does something in a chat, and it arrives in the same moment as what others do so.
    pub(super) fn write_with_others(self: &Arc<Self>, chat: &ChatId, content: InboundContent) {
        let inbound = self.take(chat, ChatType::Private, content);
        let since = self.began.elapsed().as_millis() % GATHERING.as_millis();
        let rest = GATHERING - Duration::from_millis(u64::try_from(since).unwrap_or_default());
        self.deliver_at(Instant::now() + rest, inbound);
    }

    /// How somebody writes decides how their chat is.
    pub(super) fn expect(&self, chat: &ChatId, temper: Persona) {
        let mut state = self.state();
        if !temper.is_ordinary() {
            state.slow.insert(chat.clone());
        }
        if let Persona::Flooding { reachable } = temper {
            state.flooded.insert(chat.clone());
            state.steady.extend(Some(chat.clone()).filter(|_| reachable));
        }
    }

    fn is_slow(&self, chat: &ChatId) -> bool {
        self.state().slow.contains(chat)
    }

    /// Takes what somebody wrote, to deliver it.
    fn take(&self, chat: &ChatId, place: ChatType, content: InboundContent) -> Inbound {
        let (number, inbound) = {
            let mut state = self.state();
            let number = state.written.len();
            let id = format!("in-{number}");
            let message = MessageRef { chat: chat.clone(), id: id.clone() };
            let inbound = Inbound {
                id: InboundId(id),
                chat: chat.clone(),
                from: UserId(chat.0.clone()),
                place,
                locale: None,
                message: Some(message),
                content,
                context: MessageContext::default(),
            };
            state.written.push(inbound.clone());
            state.waiting.insert(number, (inbound.clone(), None));
            (number, inbound)
        };
        self.stage.trace(&format!("{} writes in-{number}: {:?}", chat.0, inbound.content));
        inbound
    }

    fn first_delivery(&self, chat: &ChatId) -> Instant {
        let drawn = Instant::now() + self.dice.up_to(LATE_MAX);
        let mut state = self.state();
        let last = state.last_first.get(chat).copied();
        let after = last.map(|last| last + Duration::from_millis(1));
        let first = after.filter(|_| self.profile.keeps_order()).map_or(drawn, |it| it.max(drawn));
        state.last_first.insert(chat.clone(), first);
        first
    }

    fn deliver_at(self: &Arc<Self>, at: Instant, inbound: Inbound) {
        let service = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(at).await;
            service.deliver(inbound);
        });
    }

    fn deliver(&self, inbound: Inbound) {
        self.stage.trace(&format!("delivered {}", inbound.id.0));
        // Held until it is sent: on several threads, what is noted first is to come first.
        let mut state = self.state();
        note_delivery(&mut state, &inbound);
        // The receiver is ours and lives as long.
        let _ = self.incoming.send(ChannelEvent::Inbound(inbound));
    }

    /// The bot's process is new: what it never acknowledged comes again, in order, and nothing
    /// before that.
    pub(super) async fn deliver_again(&self) {
        let mut events = self.events.lock().await;
        while events.try_recv().is_ok() {}
        drop(events);
        let due: Vec<Inbound> = {
            let mut state = self.state();
            state.in_hand.clear();
            let came = state.waiting.values().filter(|(_, delivered)| delivered.is_some());
            came.map(|(inbound, _)| inbound.clone()).collect()
        };
        due.into_iter().for_each(|inbound| self.deliver(inbound));
    }

    fn is_private(&self, number: usize) -> bool {
        self.state().written.get(number).is_some_and(|inbound| inbound.place == ChatType::Private)
    }

    /// Nothing goes wrong any more, and every chat can be reached.
    pub(super) fn stop_faults(&self) {
        let away = {
            let mut state = self.state();
            state.calm = true;
            std::mem::take(&mut state.away)
        };
        for chat in away {
            let _ = self.incoming.send(ChannelEvent::Reachable(chat));
        }
    }

    pub(super) fn shown_in(&self, chat: &ChatId) -> Vec<PhoneMessage> {
        self.state().chats.get(chat).map(|phone| phone.shown.clone()).unwrap_or_default()
    }

    pub(super) fn count_in(&self, chat: &ChatId) -> usize {
        self.state().chats.get(chat).map_or(0, |phone| phone.shown.len())
    }

    /// What is woken when something is shown in a chat.
    pub(super) fn changed_in(&self, chat: &ChatId) -> Arc<Notify> {
        self.state().chats.entry(chat.clone()).or_default().changed.clone()
    }

    /// Every chat in which something is shown.
    pub(super) fn all_shown(&self) -> Vec<(ChatId, Vec<PhoneMessage>)> {
        let state = self.state();
        let chats = state.chats.iter().filter(|(_, phone)| !phone.shown.is_empty());
        chats.map(|(chat, phone)| (chat.clone(), phone.shown.clone())).collect()
    }

    /// How fast the bot was.
    pub(super) fn pace(&self) -> ResponseTimes {
        self.state().pace.clone()
    }

    /// What was never acknowledged.
    pub(super) fn lost(&self) -> Vec<String> {
        self.state().waiting.values().map(|(it, _)| it.id.0.clone()).collect()
    }

    /// Messages of this chat that were left unread, for good. One that came again and was not taken
    /// may have been in line all the while.
    pub(super) fn unread_of(&self, chat: &ChatId) -> usize {
        let state = self.state();
        let written = state.unread.iter().filter_map(|number| state.written.get(*number));
        written.filter(|it| it.chat == *chat && !self.proof.is_durable(&it.id)).count()
    }

    /// Messages of this chat that were refused, and taken when they came again.
    pub(super) fn taken_later_of(&self, chat: &ChatId) -> usize {
        let state = self.state();
        let written = state.refused.iter().filter_map(|number| state.written.get(*number));
        written.filter(|it| it.chat == *chat && self.proof.is_durable(&it.id)).count()
    }

    /// Whether something of this chat came and nothing was said in it since.
    pub(super) fn waits_for_an_answer(&self, chat: &ChatId) -> bool {
        self.state().chats.get(chat).is_some_and(|phone| !phone.unanswered.is_empty())
    }

    /// Chats in which messages were taken in another order than they came in, where the service
    /// keeps it.
    pub(super) fn out_of_order(&self) -> Vec<String> {
        let state = self.state();
        let in_order = |chat: &ChatId, taken: &[usize]| {
            let mut came = state.came.get(chat).into_iter().flatten();
            taken.iter().all(|it| came.any(|other| other == it))
        };
        let chats = state.taken.iter().filter(|(chat, taken)| !in_order(chat, taken));
        chats.filter(|_| self.profile.keeps_order()).map(|(chat, _)| chat.0.clone()).collect()
    }

    /// How the service fails this message, if it does; the chat may be away for a while.
    fn next_failure(self: &Arc<Self>, chat: &ChatId) -> Option<(ChannelError, bool)> {
        if self.state().calm || self.state().steady.contains(chat) {
            return None;
        }
        if self.state().away.contains(chat) {
            return Some((ChannelError::Unreachable, false));
        }
        let drawn = self.dice.below(100) / TROUBLE_PERCENT;
        match drawn {
            0 => {
                self.go_away(chat);
                Some((ChannelError::Unreachable, false))
            }
            1 => Some((ChannelError::InDoubt, false)),
            2 => Some((ChannelError::InDoubt, true)),
            3 => {
                let retry_after_ms = self.dice.below(TOO_FAST_MAX_MS);
                Some((ChannelError::RateLimited { retry_after_ms }, false))
            }
            _ => None,
        }
    }

    pub(super) fn go_away(self: &Arc<Self>, chat: &ChatId) {
        self.state().away.insert(chat.clone());
        let (service, chat, time) = (self.clone(), chat.clone(), self.dice.up_to(AWAY_MAX));
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            if service.state().away.remove(&chat) {
                let _ = service.incoming.send(ChannelEvent::Reachable(chat));
            }
        });
    }

    /// Shows a message; the same key is the same message.
    fn show(&self, chat: &ChatId, message: &Outbound) -> MessageRef {
        let reference = MessageRef { chat: chat.clone(), id: message.key.clone() };
        let mut state = self.state();
        let ServiceState { chats, pace, slow, .. } = &mut *state;
        let phone = chats.entry(chat.clone()).or_default();
        if !phone.shown.iter().any(|it| it.key == message.key) {
            phone.shown.push(PhoneMessage {
                key: message.key.clone(),
                text: message.text.clone(),
                buttons: message.buttons.clone(),
                asks_secret: message.ask == AnswerKind::Secret,
            });
        }
        let waited = phone.unanswered.drain(..).map(|at| at.elapsed());
        match slow.contains(chat) {
            true => drop(waited),
            false => pace.answered.extend(waited),
        }
        phone.changed.notify_waiters();
        reference
    }
}

fn note_delivery(state: &mut ServiceState, inbound: &Inbound) {
    let Some(number) = number(&inbound.id) else { return };
    if let Some((_, at @ None)) = state.waiting.get_mut(&number) {
        let now = Instant::now();
        *at = Some(now);
        state.chats.entry(inbound.chat.clone()).or_default().unanswered.push(now);
        state.came.entry(inbound.chat.clone()).or_default().push(number);
    }
}

/// A message's place among what was written.
fn number(id: &InboundId) -> Option<usize> {
    id.0.strip_prefix("in-")?.parse().ok()
}
