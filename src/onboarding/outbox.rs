//! What we say: composed, split, sent in order, tried again; and the progress message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use adapters::channel::{Channel, ChannelError};
use adapters::chat::{AnswerKind, Button, ChatId, MessageRef, Outbound, PageButton};
use adapters::text;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::conversation::choice::Choice;
use crate::conversation::messages::{self, Locale, Message};
use crate::conversation::{BotMessage, Effect};
use crate::deployment::Progress;
use crate::random::Random;
use crate::secret::SecretKind;
use crate::store::conversations::Conversations;

use super::BotChannel;

/// Attempts to send one message while the service does not answer. After that it waits until the
/// person writes, the chat can be reached again, or its task starts anew.
const SEND_TRIES: u32 = 5;

/// The first pause between two attempts; doubled each time.
const SEND_PAUSE: Duration = Duration::from_millis(500);

/// The longest wait that a service may ask for; beyond it the message waits like one to a chat that
/// cannot be reached.
const TOO_FAST_MAX_MS: u64 = 60_000;

/// Speaks in one chat.
pub(super) struct Outbox {
    channel: Arc<dyn Channel>,
    conversations: Conversations,
    random: Random,
    chat: ChatId,
    waiting: VecDeque<(i64, Outbound)>,
    /// The last message that was sent and is still stored.
    sent: Option<i64>,
    /// Something could not be sent: what follows waits behind it.
    stuck: bool,
    /// When that is tried again, if time alone may help.
    retry_at: Option<Instant>,
    /// Attempts in a row at what is sent now.
    tries: u32,
    /// The message whose first parts were sent, and how many of them.
    parts_sent: (String, usize),
    progress: ProgressMessage,
}

/// The one message that shows how far a run is.
#[derive(Default)]
struct ProgressMessage {
    shown: Option<(MessageRef, String)>,
    next: Option<String>,
    edited_at: Option<Instant>,
    run: String,
}

/// It was not sent, and will be when the service lets us or the chat can be reached again.
pub(super) struct SendDeferred;

/// Why one attempt failed.
enum SendFailure {
    /// The same may succeed then.
    RetryAt(Instant),
    /// Only somebody else can help.
    Unreachable,
}

impl Outbox {
    pub(super) fn new(line: &BotChannel, chat: &ChatId) -> Self {
        Self {
            channel: line.channel.clone(),
            conversations: line.conversations.clone(),
            random: line.shared.settings.random.clone(),
            chat: chat.clone(),
            waiting: VecDeque::new(),
            sent: None,
            stuck: false,
            retry_at: None,
            tries: 0,
            parts_sent: Default::default(),
            progress: ProgressMessage::default(),
        }
    }

    /// The messages of these effects, as this channel can carry them; the link aside, which is
    /// never stored. Their keys are random, so that they differ from those of a database that was
    /// lost.
    pub(super) fn compose(
        &self,
        locale: Locale,
        effects: &[Effect],
        page: &dyn Fn(SecretKind) -> Option<Zeroizing<String>>,
        webhook: &dyn Fn(&Message) -> Option<String>,
    ) -> Vec<Outbound> {
        let says = effects.iter().filter_map(|effect| match effect {
            Effect::Say(BotMessage { message: Message::RelayLink { .. }, .. }) => None,
            Effect::Say(saying) => {
                let mut message = self.render(locale, saying);
                if let Some(kind) = saying.awaits {
                    let fields = messages::secret_form(locale, kind);
                    let label = fields.button.clone();
                    message.page = page(kind).map(|url| PageButton { label, url });
                    message.fields = Some(fields);
                }
                if let Some(url) = webhook(&saying.message) {
                    message.text = url;
                }
                Some(message)
            }
            _ => None,
        });
        says.collect()
    }

    fn render(&self, locale: Locale, saying: &BotMessage) -> Outbound {
        let mut text = messages::text(locale, &saying.message);
        let label = |choice: &Choice| messages::label(locale, choice);
        let ask = if saying.awaits.is_some() { AnswerKind::Secret } else { AnswerKind::Anything };
        if saying.choices.len() <= self.channel.capabilities().buttons_max {
            let button = |choice| Button::new(Choice::id(choice, saying.serial), label(choice));
            let buttons = saying.choices.iter().map(button).collect();
            return Outbound::text(self.random_key(), text).with_buttons(buttons).asking(ask);
        }
        for (place, choice) in saying.choices.iter().enumerate() {
            text.push_str(&format!("\n{}. {}", place + 1, label(choice)));
        }
        Outbound::text(self.random_key(), text).asking(ask)
    }

    /// What is stored and now to be sent, in order.
    pub(super) fn queue(&mut self, first_seq: i64, messages: Vec<Outbound>) {
        self.waiting.extend((first_seq..).zip(messages));
    }

    /// Sends the next message.
    pub(super) async fn send_next(&mut self) {
        self.show().await;
        if self.stuck {
            return;
        }
        let Some((seq, message)) = self.waiting.pop_front() else { return };
        if self.send_parts(&message).await.is_ok() {
            self.sent = Some(seq);
        }
    }

    /// Sends whatever waits, and notes all of it as sent at once: a crash before that sends it
    /// again with the same keys.
    pub(super) async fn send_all(&mut self) {
        while !self.waiting.is_empty() && !self.stuck {
            self.send_next().await;
        }
        self.waiting.clear();
        let Some(seq) = self.sent.take() else { return };
        if let Err(error) = self.conversations.sent(&self.chat, seq).await {
            self.sent = Some(seq);
            tracing::warn!("messages that were sent may be sent again: {error:#}");
        }
    }

    /// Something could not be sent and holds up the rest.
    pub(super) fn is_blocked(&self) -> bool {
        self.stuck
    }

    /// Nothing waits to be said.
    pub(super) fn is_drained(&self) -> bool {
        !self.stuck && self.waiting.is_empty() && self.sent.is_none()
    }

    /// When what could not be sent is tried again, if time alone may help.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Sends what could not be sent before.
    pub(super) async fn catch_up(&mut self) {
        match self.conversations.unsent(&self.chat).await {
            Ok(unsent) => {
                (self.stuck, self.retry_at) = (false, None);
                self.waiting = unsent.into();
                self.send_all().await;
            }
            Err(error) => tracing::error!("cannot read what is to be sent: {error:#}"),
        }
    }

    /// Says something that is not stored: nothing can be.
    pub(super) async fn say_now(&mut self, locale: Locale, message: &Message) {
        if self.stuck {
            return;
        }
        let text = messages::text(locale, message);
        // Nobody can be told that somebody could not be told.
        let _ = self.send_parts(&Outbound::text(self.random_key(), text)).await;
    }

    /// Sends a text that must never be stored.
    pub(super) async fn say_secret(&mut self, text: &str) -> Result<(), SendDeferred> {
        if self.stuck {
            return Err(SendDeferred);
        }
        self.send_parts(&Outbound::text(self.random_key(), text)).await
    }

    fn random_key(&self) -> String {
        hex::encode(self.random.bytes::<8>())
    }

    /// Sends a message in parts that fit, the buttons below the last. Parts that were sent by an
    /// earlier attempt are not sent again.
    async fn send_parts(&mut self, message: &Outbound) -> Result<(), SendDeferred> {
        let capabilities = self.channel.capabilities();
        let parts = text::split(&message.text, capabilities.text_max, capabilities.text_unit);
        let last = parts.len().saturating_sub(1);
        if self.parts_sent.0 != message.key {
            self.parts_sent = (message.key.clone(), 0);
        }
        for (place, part) in parts.into_iter().enumerate().skip(self.parts_sent.1) {
            let mut part = Outbound::text(format!("{}-{place}", message.key), part);
            if place == last {
                part = part.with_buttons(message.buttons.clone()).asking(message.ask);
                (part.fields, part.page) = (message.fields.clone(), message.page.clone());
            }
            if let Err(failed) = self.send(&part).await {
                self.schedule_retry(&failed);
                return Err(SendDeferred);
            }
            self.parts_sent.1 = place + 1;
        }
        Ok(())
    }

    fn schedule_retry(&mut self, failed: &SendFailure) {
        self.stuck = true;
        self.retry_at = match failed {
            SendFailure::RetryAt(at) => Some(*at),
            SendFailure::Unreachable => None,
        };
    }

    /// Tries to send a message once. Whoever has to wait does other things meanwhile.
    async fn send(&mut self, message: &Outbound) -> Result<Option<MessageRef>, SendFailure> {
        let pause = match self.channel.send(&self.chat, message).await {
            Ok(sent) => {
                self.tries = 0;
                return Ok(Some(sent));
            }
            Err(ChannelError::RateLimited { retry_after_ms })
                if retry_after_ms <= TOO_FAST_MAX_MS =>
            {
                Duration::from_millis(retry_after_ms)
            }
            Err(ChannelError::InDoubt) => SEND_PAUSE * 2_u32.pow(self.tries),
            Err(error @ (ChannelError::Refused(_) | ChannelError::NoSuchMessage)) => {
                tracing::warn!(%error, "a message can never be sent");
                self.tries = 0;
                return Ok(None);
            }
            Err(ChannelError::Unreachable | ChannelError::RateLimited { .. }) => {
                self.tries = 0;
                return Err(SendFailure::Unreachable);
            }
        };
        self.tries += 1;
        if self.tries >= SEND_TRIES {
            self.tries = 0;
            return Err(SendFailure::Unreachable);
        }
        Err(SendFailure::RetryAt(Instant::now() + pause))
    }

    /// The progress message has changed. Where nothing can be edited, only milestones are shown.
    pub(super) fn set_progress(&mut self, locale: Locale, board: &Progress, milestone: bool) {
        let run = format!("{}-{:?}", board.run, board.goal);
        if self.progress.run != run {
            self.progress = ProgressMessage { run, ..ProgressMessage::default() };
        }
        if milestone || self.channel.capabilities().edits {
            self.progress.next = Some(messages::board(locale, board));
        }
    }

    /// When the progress message may be brought up to date, if it is not.
    pub(super) fn show_at(&self) -> Option<Instant> {
        self.progress.next.as_ref().filter(|_| !self.stuck)?;
        let interval = Duration::from_millis(self.channel.capabilities().edit_interval_ms);
        Some(self.progress.edited_at.map_or_else(Instant::now, |at| at + interval))
    }

    /// Brings the progress message up to date, as soon as the service allows.
    pub(super) async fn show(&mut self) {
        let Some(at) = self.show_at() else { return };
        tokio::time::sleep_until(at).await;
        let Some(text) = self.progress.next.take() else { return };
        if self.progress.shown.as_ref().is_some_and(|(_, shown)| *shown == text) {
            return;
        }
        self.progress.edited_at = Some(Instant::now());
        let message = Outbound::text(self.random_key(), text.clone());
        let shown = self.progress.shown.take().filter(|_| self.channel.capabilities().edits);
        if let Some((at, before)) = shown {
            match self.channel.edit(&at, &message).await {
                Ok(()) => return self.progress.shown = Some((at, text)),
                Err(ChannelError::NoSuchMessage | ChannelError::Refused(_)) => {}
                Err(_) => {
                    self.progress.shown = Some((at, before));
                    return;
                }
            }
        }
        match self.send(&message).await {
            Ok(Some(sent)) => self.progress.shown = Some((sent, text)),
            Err(failed @ SendFailure::RetryAt(_)) => {
                self.progress.next = Some(text);
                self.schedule_retry(&failed);
            }
            // The next version may come through.
            Ok(None) | Err(SendFailure::Unreachable) => {}
        }
    }
}
