//! What is said of a deployment that is ready.

use serde_json::{Value, json};
use textslash::account::ChatAddress;
use textslash::chat_service::ChatServiceProfile;
use textslash::cloud::DeploymentKeys;
use textslash::conversation::messages::{self, Message};
use textslash::phrase;
use textslash::plan::{StepFacts, StepId};
use textslash::spec::{Role, Spec};

use crate::report;

/// How its owner talks to it.
pub enum RelayContact {
    /// Through a link, which is the key.
    Link(String),
    /// At a bot or number.
    Chat {
        /// Where that is on the web.
        page: Option<String>,
        /// What the owner must enter at the service, where no interface does.
        webhook: Option<String>,
    },
}

impl RelayContact {
    /// To a relay that the internet finds at `relay`.
    pub fn to(
        spec: &Spec,
        address: Option<&ChatAddress>,
        relay: &str,
        keys: &DeploymentKeys,
    ) -> Self {
        let Some(address) = address else {
            return Self::Link(format!("{relay}/chat#{}", keys.owner_key.expose()));
        };
        let service = ChatServiceProfile::of_channel(spec.channel);
        Self::Chat {
            page: service.and_then(|service| (service.guide.chat_page)(&address.name)),
            webhook: service
                .filter(|_| address.by_hand)
                .and_then(|service| service.webhook_url(relay)),
        }
    }
}

/// For people.
pub fn text(spec: &Spec, known: &StepFacts, way: &RelayContact) -> String {
    let deployed = phrase!(
        report::locale(),
        "cli-deployed",
        name = spec.name.as_ref(),
        relay = fact(known, "relay-machine", "id"),
        vm = fact(known, "vm-machine", "id"),
        region = fact(known, "relay-machine", "region"),
    );
    let access = match way {
        RelayContact::Link(link) => link_text(spec, link),
        RelayContact::Chat { page, webhook } => {
            chat_text(spec, page.as_deref(), webhook.as_deref())
        }
    };
    format!("{deployed}\n\n{access}")
}

fn link_text(spec: &Spec, link: &str) -> String {
    let link = phrase!(report::locale(), "cli-deployed-link", link = link);
    let next = phrase!(report::locale(), "cli-deployed-link-next", id = spec.id.as_ref());
    format!("{link}\n\n{next}")
}

fn chat_text(spec: &Spec, page: Option<&str>, webhook: Option<&str>) -> String {
    let say = |message: Message| messages::text(report::locale(), &message);
    let (channel, address) = (spec.channel, spec.address.clone());
    let mut lines =
        vec![say(Message::ChannelReady { channel, address, by_hand: webhook.is_some() })];
    if let Some(webhook) = webhook {
        let service = ChatServiceProfile::of_channel(spec.channel);
        let manual = service.and_then(|service| service.guide.manual);
        lines.extend(manual.map(|manual| manual.page.to_owned()));
        lines.push(say(Message::PointByHand));
        lines.push(webhook.to_owned());
    }
    lines.extend(page.map(str::to_owned));
    lines.push(phrase!(report::locale(), "cli-deployed-channel-next", id = spec.id.as_ref()));
    lines.join("\n\n")
}

/// For programs.
pub fn json(spec: &Spec, known: &StepFacts, way: &RelayContact) -> Value {
    let mut document = json!({
        "id": spec.id.to_string(),
        "name": spec.name.to_string(),
        "status": "ready",
        "channel": spec.channel.word(),
        "address": spec.address,
        "region": fact(known, "relay-machine", "region"),
        "relay": { "app": spec.app(Role::Relay), "machine": fact(known, "relay-machine", "id") },
        "vm": { "app": spec.app(Role::Vm), "machine": fact(known, "vm-machine", "id") },
    });
    match way {
        RelayContact::Link(link) => document["link"] = json!(link),
        RelayContact::Chat { page, webhook } => {
            document["page"] = json!(page);
            document["webhook"] = json!(webhook);
        }
    }
    document
}

fn fact<'a>(known: &'a StepFacts, step: &'static str, name: &str) -> &'a str {
    let facts = known.get(&StepId::new(step));
    facts.and_then(|facts| facts.get(name)).map_or("", String::as_str)
}
