//! A chat service in memory: what it shows is what a person's phone shows.

use std::collections::BTreeMap;

use adapters::channel::{Capabilities, Channel, ChannelError, ChannelEvent, SecretEntry};
use adapters::chat::{Button, ChatId, Inbound, InboundId, MessageRef, Outbound};
use adapters::text::LengthUnit;
use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc};

/// The service. It lives on when the bot is restarted.
pub struct ScriptedChannel {
    name: &'static str,
    capabilities: Capabilities,
    incoming: mpsc::UnboundedSender<ChannelEvent>,
    events: AsyncMutex<mpsc::UnboundedReceiver<ChannelEvent>>,
    screen: Mutex<PhoneScreen>,
    pub changed: Notify,
}

#[derive(Default)]
struct PhoneScreen {
    shown: Vec<ScreenMessage>,
    by_key: BTreeMap<(String, String), usize>,
    everything_ever: Vec<String>,
    unacknowledged: Vec<Inbound>,
    deleted: Vec<String>,
    deletions_fail: Option<ChannelError>,
    unreachable: bool,
    panics: bool,
    /// The chat in which we are too fast, how long we shall wait, and how often we are told.
    too_fast: Option<(String, u64, usize)>,
}

/// A message as it stands on the phone.
#[derive(Clone, Debug)]
pub struct ScreenMessage {
    pub chat: String,
    pub text: String,
    pub buttons: Vec<Button>,
}

impl ScriptedChannel {
    pub fn new() -> Self {
        Self::speaking(
            "script",
            Capabilities {
                edits: true,
                deletes_theirs: true,
                scrubs_theirs: false,
                buttons_max: 20,
                text_max: 4096,
                text_unit: LengthUnit::Utf16,
                edit_interval_ms: 0,
                secret_entry: SecretEntry::PastedThenDeleted,
                opens_pages: false,
                makes_bots: false,
                files_in_bytes_max: 0,
                files_out_bytes_max: 0,
            },
        )
    }

    /// Short messages, no buttons, nothing can be edited or deleted.
    pub fn plain() -> Self {
        Self::speaking(
            "script",
            Capabilities {
                edits: false,
                deletes_theirs: false,
                scrubs_theirs: false,
                buttons_max: 0,
                text_max: 160,
                text_unit: LengthUnit::Chars,
                edit_interval_ms: 0,
                secret_entry: SecretEntry::Form,
                opens_pages: false,
                makes_bots: false,
                files_in_bytes_max: 0,
                files_out_bytes_max: 0,
            },
        )
    }

    /// Takes itself for a certain service.
    pub fn speaking(name: &'static str, capabilities: Capabilities) -> Self {
        let (incoming, events) = mpsc::unbounded_channel();
        Self {
            name,
            capabilities,
            incoming,
            events: AsyncMutex::new(events),
            screen: Mutex::default(),
            changed: Notify::new(),
        }
    }

    fn screen(&self) -> MutexGuard<'_, PhoneScreen> {
        self.screen.lock()
    }

    pub fn deliver(&self, inbound: Inbound) {
        self.screen().unacknowledged.push(inbound.clone());
        self.incoming.send(ChannelEvent::Inbound(inbound)).unwrap();
    }

    /// What was never acknowledged is delivered again, as services do.
    pub fn deliver_again(&self) {
        let again = std::mem::take(&mut self.screen().unacknowledged);
        again.into_iter().for_each(|inbound| self.deliver(inbound));
    }

    pub fn is_acknowledged(&self, id: &InboundId) -> bool {
        self.screen().unacknowledged.iter().all(|inbound| inbound.id != *id)
    }

    pub fn shown(&self) -> Vec<ScreenMessage> {
        self.shown_since(0)
    }

    /// What stands on the screen, the first so many messages aside.
    pub fn shown_since(&self, read: usize) -> Vec<ScreenMessage> {
        self.screen().shown[read..].to_vec()
    }

    pub fn count(&self) -> usize {
        self.screen().shown.len()
    }

    /// Every text that was ever sent or edited.
    pub fn everything_ever(&self) -> Vec<String> {
        self.screen().everything_ever.clone()
    }

    /// From now on nothing is deleted, for this reason; without one, everything is again.
    pub fn fails_deletions_with(&self, failure: Option<ChannelError>) {
        self.screen().deletions_fail = failure;
    }

    pub fn deleted(&self) -> Vec<String> {
        self.screen().deleted.clone()
    }

    /// The service lets nothing into this chat for a while, so many times.
    pub fn is_too_fast(&self, chat: &str, retry_after_ms: u64, times: usize) {
        self.screen().too_fast = Some((chat.to_owned(), retry_after_ms, times));
    }

    /// The next message that is sent panics, and with it the task of its chat.
    pub fn panics_once(&self) {
        self.screen().panics = true;
    }

    /// The service is back, and does not say so.
    pub fn is_back_silently(&self) {
        self.screen().unreachable = false;
    }

    pub fn set_unreachable(&self, chat: &str, unreachable: bool) {
        self.screen().unreachable = unreachable;
        if !unreachable {
            self.incoming.send(ChannelEvent::Reachable(ChatId(chat.to_owned()))).unwrap();
        }
    }
}

#[async_trait]
impl Channel for ScriptedChannel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        self.events.lock().await.recv().await
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.screen().unacknowledged.retain(|inbound| inbound.id != *id);
        self.changed.notify_waiters();
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        let text_max = self.capabilities.text_max;
        assert!(adapters::text::length(&message.text, self.capabilities.text_unit) <= text_max);
        assert!(message.buttons.len() <= self.capabilities.buttons_max);
        let place = {
            let mut screen = self.screen();
            assert!(!std::mem::take(&mut screen.panics), "a planned panic");
            if screen.unreachable {
                return Err(ChannelError::Unreachable);
            }
            if let Some((in_chat, retry_after_ms, times @ 1..)) = &mut screen.too_fast
                && *in_chat == chat.0
            {
                *times -= 1;
                return Err(ChannelError::RateLimited { retry_after_ms: *retry_after_ms });
            }
            let key = (chat.0.clone(), message.key.clone());
            if let Some(place) = screen.by_key.get(&key) {
                *place
            } else {
                let place = screen.shown.len();
                screen.by_key.insert(key, place);
                screen.everything_ever.push(message.text.clone());
                screen.shown.push(ScreenMessage {
                    chat: chat.0.clone(),
                    text: message.text.clone(),
                    buttons: message.buttons.clone(),
                });
                place
            }
        };
        self.changed.notify_waiters();
        Ok(MessageRef { chat: chat.clone(), id: place.to_string() })
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        assert!(self.capabilities.edits, "this service cannot edit");
        {
            let mut screen = self.screen();
            let place: usize = message.id.parse().unwrap();
            screen.everything_ever.push(new.text.clone());
            screen.shown[place].text.clone_from(&new.text);
            screen.shown[place].buttons.clone_from(&new.buttons);
        }
        self.changed.notify_waiters();
        Ok(())
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        let can = &self.capabilities;
        assert!(can.deletes_theirs || can.scrubs_theirs, "this service cannot delete");
        let mut screen = self.screen();
        if let Some(failure) = &screen.deletions_fail {
            return Err(failure.clone());
        }
        screen.deleted.push(message.id.clone());
        Ok(())
    }

    async fn typing(&self, _: &ChatId) {}
}
