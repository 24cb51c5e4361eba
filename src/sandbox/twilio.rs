//! Twilio's messaging APIs with WhatsApp behind them, simulated: one account, its senders, and
//! people with phones.
//!
//! A phone keeps every message; Twilio's copies can be deleted. Webhooks are signed with the
//! account's token for the configured URL, and delivered again as the fragment of that URL asks. A
//! message outside the day after the person's last one is accepted, and fails later with 63016.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::http::SharedTransport;
use crate::random::Random;

mod accounts;
mod delivery;
mod faults;
mod media;
mod messages;
mod person;
mod senders;

pub use faults::{TwilioFault, TwilioFaults};
pub use person::{SeenTwilioMessage, TwilioPerson};

use accounts::TwilioCredentials;
use delivery::WebhookClient;

/// Twilio's sandbox number, which every account may use. Its webhook cannot be set by the API.
pub const SANDBOX_NUMBER: &str = "+14155238886";

/// A simulated Twilio.
pub struct SimulatedTwilio {
    clock: Clock,
    random: Random,
    credentials: TwilioCredentials,
    webhooks: Arc<WebhookClient>,
    faults: TwilioFaults,
    state: Mutex<TwilioState>,
    /// Changes with every event.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct TwilioState {
    /// By number.
    senders: BTreeMap<String, TwilioSender>,
    /// Twilio's copies of messages, oldest first.
    messages: Vec<TwilioMessage>,
    /// By a person's number and the sender's.
    phones: BTreeMap<(String, String), TwilioPhone>,
    contents: BTreeMap<String, Value>,
    media: BTreeMap<String, (String, Bytes)>,
    duplicates_deliveries: bool,
    refuses_contents: bool,
    calls: Vec<(String, String, Value)>,
}

#[derive(Clone)]
struct TwilioSender {
    sid: String,
    callback_url: Option<String>,
}

#[derive(Clone)]
struct TwilioMessage {
    sid: String,
    from: String,
    to: String,
    body: String,
    inbound: bool,
    status: &'static str,
    error: Option<u32>,
    at_ms: u64,
    media: Vec<String>,
}

/// A person's chat with one sender, as their phone shows it.
#[derive(Default)]
struct TwilioPhone {
    shown: Vec<SeenTwilioMessage>,
    /// The time of the person's last message.
    wrote_at_ms: Option<u64>,
}

impl SimulatedTwilio {
    /// An account without senders. Webhooks are called through `transport`.
    pub fn new(clock: Clock, random: Random, transport: SharedTransport) -> Arc<Self> {
        let credentials = TwilioCredentials::new(&random);
        let webhooks = WebhookClient::new(credentials.clone(), random.clone(), transport);
        Arc::new(Self {
            clock,
            random,
            credentials,
            webhooks: Arc::new(webhooks),
            faults: TwilioFaults::default(),
            state: Mutex::default(),
            changed: watch::Sender::new(()),
        })
    }

    /// All of its interfaces; their paths differ.
    pub fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/2010-04-01/Accounts/{account}", get(accounts::show))
            .route(
                "/2010-04-01/Accounts/{account}/Messages.json",
                get(messages::list).post(messages::create),
            )
            .route(
                "/2010-04-01/Accounts/{account}/Messages/{message}",
                get(messages::show).post(messages::redact).delete(messages::delete),
            )
            .route("/2010-04-01/Accounts/{account}/Messages/{message}/Media.json", get(media::list))
            .route(
                "/2010-04-01/Accounts/{account}/Messages/{message}/Media/{medium}",
                get(media::show),
            )
            .route("/media/{medium}", get(media::download))
            .route("/v2/Channels/Senders", get(senders::list))
            .route("/v2/Channels/Senders/{sender}", get(senders::show).post(senders::update))
            .route("/v2/Indicators/Typing.json", post(messages::typing))
            .route("/v1/Content", post(messages::create_content))
            .with_state(self.clone())
    }

    /// The account (`AC…`).
    pub fn account_sid(&self) -> &str {
        &self.credentials.account_sid
    }

    /// Its Auth Token; worth nothing elsewhere.
    pub fn auth_token(&self) -> &str {
        &self.credentials.auth_token
    }

    /// Adds a WhatsApp sender to the account, without a webhook.
    pub fn add_sender(&self, number: &str) {
        let sid = self.sid("XE");
        self.state().senders.insert(number.to_owned(), TwilioSender { sid, callback_url: None });
    }

    /// Sets the webhook of a sender, as the console does.
    pub fn set_callback(&self, number: &str, callback_url: &str) {
        if let Some(sender) = self.state().senders.get_mut(number) {
            sender.callback_url = Some(callback_url.to_owned());
        }
    }

    /// The URL of a sender's webhook.
    pub fn callback_url(&self, number: &str) -> Option<String> {
        self.state().senders.get(number)?.callback_url.clone()
    }

    /// Duplicates the deliveries of webhooks from now on.
    pub fn duplicate_deliveries(&self) {
        self.state().duplicates_deliveries = true;
    }

    /// A person with a phone, in a chat with this sender.
    pub fn person(self: &Arc<Self>, sender: &str, number: &str) -> TwilioPerson {
        TwilioPerson::new(self.clone(), sender, number)
    }

    /// Everything that Twilio still keeps; phones keep more.
    pub fn stored_text(&self) -> String {
        let state = self.state();
        state.messages.iter().map(|it| it.body.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// Every call so far: method, path, parameters.
    pub fn calls(&self) -> Vec<(String, String, Value)> {
        self.state().calls.clone()
    }

    /// The faults of the next messages.
    pub fn faults(&self) -> &TwilioFaults {
        &self.faults
    }

    /// Removes every content, and refuses new ones from now on.
    pub fn refuse_contents(&self) {
        let mut state = self.state();
        state.refuses_contents = true;
        state.contents.clear();
    }

    fn note(&self, method: &str, path: &str, parameters: Value) {
        self.state().calls.push((method.to_owned(), path.to_owned(), parameters));
    }

    fn sid(&self, kind: &str) -> String {
        format!("{kind}{}", hex::encode(self.random.bytes::<16>()))
    }

    fn state(&self) -> MutexGuard<'_, TwilioState> {
        self.state.lock()
    }

    fn has_changed(&self) {
        self.changed.send_replace(());
    }
}
