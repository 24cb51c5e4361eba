//! What the vendors may answer: the first byte chooses the status, the second whether our keys are
//! echoed, and who answers; the rest is the body.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use textslash::clock::Clock;
use textslash::cloud::Provider;
use textslash::cloud::fly::macaroon::{Caveat, Macaroon, PERMISSION_LOCATION};
use textslash::cloud::fly::{FlyEndpoints, FlyProvider};
use textslash::cloud::{CloudError, Observation, StepContext};
use textslash::http::{StreamedResponse, Transport, TransportError};
use textslash::plan::{StepFacts, StepKind, Undo};
use textslash::random::Random;
use textslash::spec::{
    AgentKind, CloudKind, DeploymentId, DeploymentName, Images, MachineSize, Region, RelayChannel,
    Spec,
};

use super::model_answers::model_answers;
use super::vendor_checks::{KEYS, ask_about_keys};
use super::{NOW_MS, at_once};

const STATUSES: [u16; 17] =
    [200, 201, 202, 204, 400, 401, 404, 409, 412, 422, 429, 503, 301, 403, 408, 500, 502];

/// Where each vendor's calls stay.
const PREFIXES: [&str; 8] = [
    "https://api.machines.dev/v1/",
    "https://api.fly.io/",
    "https://api.anthropic.com/v1/models",
    "https://api.telegram.org/bot1234567890:AA",
    "https://discord.com/api/v10/",
    "https://api.twilio.com/2010-04-01/Accounts/AC1111",
    "https://messaging.twilio.com/v2/Channels/Senders",
    "https://content.twilio.com/v1/",
];

/// The status that a byte stands for.
pub(super) fn status(byte: u8) -> u16 {
    STATUSES[usize::from(byte) % STATUSES.len()]
}

/// Everything is answered so.
struct FixedTransport {
    status: u16,
    body: Bytes,
}

#[async_trait]
impl Transport for FixedTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        expect_within(&request.uri().to_string());
        let (mut head, ()) = http::Response::new(()).into_parts();
        head.status = self.status.try_into().expect("a status");
        let body = self.body.clone();
        Ok(StreamedResponse { head, body: futures::stream::once(async move { Ok(body) }).boxed() })
    }
}

/// However a vendor names its things, a call about them stays where that vendor's calls belong.
fn expect_within(called: &str) {
    let url = url::Url::parse(called).expect("a URL");
    let is_app = url.host_str().is_some_and(|it| it.ends_with(".fly.dev") && !it.contains('%'));
    let is_within = PREFIXES.iter().any(|prefix| url.as_str().starts_with(prefix));
    assert!(is_within || is_app, "{url}");
    let leaves =
        |part: &str| matches!(part.to_lowercase().as_str(), ".." | "%2e%2e" | ".%2e" | "%2e.");
    assert!(!called.split(['/', '?']).any(leaves), "{called}");
}

/// Whatever is answered to every question, an answer comes of it, and no credential stands in an
/// error.
pub fn vendor_replies(data: &[u8]) {
    let [byte, who, body @ ..] = data else { return };
    if who / 2 % 3 == 2 {
        return model_answers(data);
    }
    let token = token();
    let keys: Vec<u8> = match who / 2 % 3 {
        0 => token.clone().into_bytes(),
        _ => KEYS.map(|(_, _, secret)| secret).concat().into_bytes(),
    };
    let body = if who % 2 == 1 { [body, &keys, body].concat() } else { body.to_vec() };
    let always = FixedTransport { status: status(*byte), body: body.into() };
    match who / 2 % 3 {
        0 => at_once(ask_everything(&token, always)),
        _ => at_once(ask_about_keys(Arc::new(always))),
    }
}

async fn ask_everything(token: &str, always: FixedTransport) {
    let clock = Clock::from_tokio(NOW_MS);
    let fly = FlyProvider::new(Arc::new(always), FlyEndpoints::real(), clock, Random::seeded(1));
    let Ok(judged) = fly.check_format(token) else { panic!("a good token") };
    let told = |error: CloudError| {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(&token[20..60]), "a credential stands in {text}");
        assert!(error.detail.chars().count() <= CloudError::DETAIL_MAX, "{text}");
    };
    fly.preflight(&judged).await.map(drop).unwrap_or_else(told);
    let account = fly.open_for_teardown(judged);
    account.find().await.map(drop).unwrap_or_else(told);
    let spec = spec();
    let known = StepFacts::new();
    let here = StepContext { spec: &spec, region: &spec.regions[0], facts: &known };
    for step in account.plan(&spec).steps() {
        match &step.kind {
            StepKind::Gate { .. } => {
                account.poll_gate(&here, &step.id).await.map(drop).unwrap_or_else(told);
            }
            StepKind::Handover { .. } => {}
            StepKind::Resource { undo, .. } => {
                account.create(&here, &step.id).await.map(drop).unwrap_or_else(told);
                match account.observe(&here, &step.id).await {
                    Ok(Observation::Present(all) | Observation::Outdated(all))
                        if *undo == Undo::Delete =>
                    {
                        for facts in &all {
                            account.delete(&here, &step.id, facts).await.unwrap_or_else(told);
                        }
                    }
                    Ok(_) => {}
                    Err(error) => told(error),
                }
            }
        }
    }
}

fn token() -> String {
    let mut token = Macaroon::mint(b"fly's key", b"kid", [1; 16], PERMISSION_LOCATION);
    token.attenuate(Caveat::Organization { id: 1, mask: 31 });
    token.encode().to_string()
}

fn spec() -> Spec {
    let region = |word: &str| Region::try_from(word.to_owned()).expect("a region");
    Spec {
        id: DeploymentId::from_random([7; DeploymentId::LENGTH]),
        name: DeploymentName::nearest_to("ada"),
        cloud: CloudKind::Fly,
        organisation: "personal".to_owned(),
        regions: vec![region("ams")],
        size: MachineSize::Small,
        vm_volume_gb: 3,
        channel: RelayChannel::Web,
        owner: RelayChannel::link_holder(),
        address: None,
        locale: String::new(),
        agent: AgentKind::Shell,
        daily_tokens: Spec::DAILY_TOKENS,
        images: Images { relay: String::new(), vm: String::new() },
    }
}
