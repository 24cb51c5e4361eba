//! The connection to the gateway, with people's messages, commands and taps.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serenity::all::{
    Client, Context, EventHandler, GatewayIntents, Http, Interaction, Message, MessageUpdateEvent,
    Ready,
};
use serenity::async_trait;
use tokio::sync::{oneshot, watch};

use super::errors::DiscordStartError;
use super::message_feed::MissedMessages;
use super::rest::DiscordRest;
use super::{components, inbound};
use crate::chat::ChatType;
use crate::inbox::Inbox;

/// The pause before a new connection after serenity gave up: it has tried a few times itself. Twice
/// as long every time, since Discord takes the token from a bot that identifies a thousand times in
/// a day.
const PAUSE_MIN: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// The flag of a message that only this person sees.
const EPHEMERAL: u32 = 64;

pub(super) struct GatewayListener {
    pub(super) rest: Arc<DiscordRest>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) feed: Arc<MissedMessages>,
    /// Signalled when the connection listens.
    pub(super) ready: watch::Sender<bool>,
}

/// Listens on a thread of its own. serenity handles every event in a task of its own, and a single
/// thread runs tasks in their order: otherwise a person's second line might come before the first.
pub(super) fn begin(
    http: Http,
    listener: GatewayListener,
    ended: oneshot::Receiver<()>,
) -> Result<(), DiscordStartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|_| DiscordStartError::Platform)?;
    let thread = std::thread::Builder::new().name("discord".to_owned());
    let thread = thread.spawn(move || runtime.block_on(listen(http, listener, ended)));
    thread.map(drop).map_err(|_| DiscordStartError::Platform)
}

/// Listens until the other end of `ended` is dropped.
async fn listen(http: Http, listener: GatewayListener, ended: oneshot::Receiver<()>) {
    let intents = GatewayIntents::DIRECT_MESSAGES;
    let client = serenity::client::ClientBuilder::new_with_http(http, intents);
    let client: Result<Client, _> = client.event_handler(listener).await;
    let Ok(mut client) = client else {
        tracing::error!("the connection to Discord cannot be made");
        return;
    };
    let shards = client.shard_manager.clone();
    let goes_on = async {
        let mut pause = PAUSE_MIN;
        loop {
            let began = Instant::now();
            if client.start().await.is_err() {
                tracing::warn!("the connection to Discord was lost; trying again");
            }
            pause = if began.elapsed() > PAUSE_MAX { PAUSE_MIN } else { pause };
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    tokio::select! {
        () = goes_on => {}
        // serenity's connections have tasks of their own, which go on unless they are stopped.
        _ = ended => shards.shutdown_all().await,
    }
}

#[async_trait]
impl EventHandler for GatewayListener {
    async fn ready(&self, _: Context, _: Ready) {
        let is_again = self.ready.send_replace(true);
        if is_again {
            // A new session: Discord replays no message from after the end of the last one.
            self.feed.catch_up(&self.rest).await;
        }
    }

    async fn message(&self, _: Context, message: Message) {
        self.feed.message(&message).await;
    }

    async fn message_update(
        &self,
        _: Context,
        _: Option<Message>,
        _: Option<Message>,
        update: MessageUpdateEvent,
    ) {
        if let Some(message) = inbound::updated_message(&update) {
            self.feed.edited(&message).await;
        }
    }

    async fn interaction_create(&self, _: Context, interaction: Interaction) {
        let (id, token, answer) = match &interaction {
            Interaction::Command(command) => {
                let answer = json!({ "type": 4, "data": { "content": "✓", "flags": EPHEMERAL } });
                (command.id, &command.token, answer)
            }
            Interaction::Component(tap) => {
                let modal = components::modal(&tap.data.custom_id);
                (tap.id, &tap.token, modal.unwrap_or_else(|| json!({ "type": 6 })))
            }
            Interaction::Modal(filled) => (filled.id, &filled.token, json!({ "type": 6 })),
            _ => return,
        };
        // Before the answer, so that the person's next action cannot come first.
        if let Some(inbound) = inbound::of_interaction(&interaction) {
            if let (ChatType::Private, Ok(chat)) = (inbound.place, inbound.chat.0.parse()) {
                self.feed.chat(chat);
            }
            let _ = self.inbox.put(inbound);
        }
        self.answers_at_once(id.get(), token, &answer).await;
    }
}

impl GatewayListener {
    /// Answers within three seconds; after that Discord shows that the bot failed, without further
    /// harm.
    async fn answers_at_once(&self, id: u64, token: &str, answer: &Value) {
        if self.rest.answer(id, token, answer).await.is_err() {
            tracing::info!("an interaction was not answered in time");
        }
    }
}
