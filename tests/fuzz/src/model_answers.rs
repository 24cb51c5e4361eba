//! What the model's vendor may answer to the VM, through the relay: the status and the body as they
//! are given, in pieces.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use adapters::chat::{ChatId, InboundId, UserId};
use adapters::web::WebChannel;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use textslash::clock::Clock;
use textslash::http::{StreamedResponse, Transport, TransportError};
use textslash::messages::Locale;
use textslash::random::Random;
use textslash::relay::relay_store::{NewInboxMessage, RelayStore};
use textslash::relay::{Relay, RelayLimits, RelaySettings};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::DeploymentId;

use super::NOW_MS;

const KEY: &str = "sk-ant-api03-the-key-that-the-vm-never-sees";
const MODEL: &str = "https://model.example";

/// Tokens of one answer that are believed: more than any model reads.
const BELIEVED_MAX: u64 = 1 << 30;

/// A relay, and a vendor behind it who answers with what it was asked.
struct FuzzedProxy {
    runtime: tokio::runtime::Runtime,
    relay: Arc<Relay>,
    store: Arc<RelayStore>,
    /// Of the turn that runs.
    token: String,
}

static PROXY: LazyLock<FuzzedProxy> = LazyLock::new(|| {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
    let (relay, ledger) = runtime.block_on(relay());
    let token = runtime.block_on(begin_turn(&relay, &ledger));
    FuzzedProxy { runtime, relay, store: ledger, token }
});

async fn relay() -> (Arc<Relay>, Arc<RelayStore>) {
    let name = format!("textslash-proxy-{}", std::process::id());
    let tests_own = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    let data_dir = tests_own.unwrap_or_else(std::env::temp_dir).join(name);
    std::fs::create_dir_all(&data_dir).expect("a directory");
    let ledger = RelayStore::open(&data_dir).await.expect("a ledger");
    let secret =
        |kind, text: &str, audience| Arc::new(Secret::new(kind, text.to_owned(), audience));
    let model = Audience::of(["model.example"]);
    let settings = RelaySettings {
        owner: UserId("owner".to_owned()),
        sleeps: true,
        locale: Locale::English,
        deployment: DeploymentId::from_random([1; DeploymentId::LENGTH]),
        data_dir,
        public_url: None,
        vm_url: "http://vm.example".parse().expect("a URL"),
        model_url: MODEL.parse().expect("a URL"),
        link_key: secret(SecretKind::LinkKey, "the link key", Audience::nobody()),
        model_key: Some(secret(SecretKind::ModelKey, KEY, model)),
        // As many stories as there are.
        daily_tokens: u64::MAX >> 2,
        limits: RelayLimits {
            calls_per_minute: u32::MAX,
            tokens_per_minute: u64::MAX,
            ..RelayLimits::default()
        },
    };
    let web = WebChannel::new("the owner's key".to_owned().into(), ledger.clone());
    let (clock, chance) = (Clock::from_tokio(NOW_MS), Random::seeded(4));
    let relay =
        Relay::start(settings, ledger.clone(), web, None, Arc::new(EchoTransport), clock, chance);
    (relay.expect("a relay"), ledger)
}

/// Takes a line that becomes a turn; the token that the VM is given for it.
async fn begin_turn(relay: &Relay, ledger: &RelayStore) -> String {
    let (id, chat) = (InboundId("1".to_owned()), ChatId("chat".to_owned()));
    let new = NewInboxMessage {
        id: &id,
        chat: &chat,
        text: "work",
        file: None,
        citations: &[],
        digest: "work",
        turn: "turn-1",
        is_command: false,
    };
    ledger.accept(new, NOW_MS).await.expect("a line");
    let token = relay.turn_token("turn-1").expect("a token").into_secret(Audience::nobody());
    token.expose().to_owned()
}

/// Answers with the body of the question.
struct EchoTransport;

#[async_trait]
impl Transport for EchoTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        let uri = request.uri().to_string();
        assert!(uri.starts_with(&format!("{MODEL}/v1/messages")), "{uri}");
        let (head, body) = request.into_parts();
        assert_eq!(head.headers["x-api-key"], KEY, "the vendor sees the key");
        // The token is 64 digits and letters; nothing else in a head is.
        let shown: Vec<_> = head.headers.values().filter(|it| it.len() == 64).collect();
        assert!(shown.is_empty(), "nor does the vendor see what the VM shows");
        let [status, piece, body @ ..] = &*body else { return Err(TransportError::ConnectionLost) };
        let is_stream = piece % 2 == 1;
        let (mut head, ()) = http::Response::builder()
            .status(super::vendor_replies::status(*status))
            .header(
                "content-type",
                if is_stream { "text/event-stream" } else { "application/json" },
            )
            .header("set-cookie", KEY)
            .body(())
            .expect("a head")
            .into_parts();
        head.version = http::Version::HTTP_11;
        let size = usize::from(*piece).max(1);
        let pieces: Vec<_> = body.chunks(size).map(|it| Ok(Bytes::copy_from_slice(it))).collect();
        Ok(StreamedResponse { head, body: futures::stream::iter(pieces).boxed() })
    }
}

/// The VM reads what the vendor wrote and nothing else, and no figure in it is a figure that breaks
/// the count.
pub(super) fn model_answers(answer: &[u8]) {
    PROXY.runtime.block_on(asked(answer));
}

async fn asked(answer: &[u8]) {
    let before = PROXY.store.usage().await.expect("a count");
    let request = http::Request::post("/v1/messages?beta=true")
        .header("x-api-key", &PROXY.token)
        .body(Bytes::copy_from_slice(answer))
        .expect("a request");
    let (head, body) = PROXY.relay.forward(request).await.into_parts();
    let told: Vec<_> = head.headers.values().filter(|it| *it == KEY).collect();
    assert!(told.is_empty(), "the VM is told of what the vendor's headers hold");
    let read: Vec<Bytes> = body.try_collect().await.expect("a body");
    let [_, _, expected @ ..] = answer else { return assert_eq!(head.status, 502) };
    assert!(read.concat() == expected, "the VM reads something else");
    let after = PROXY.store.usage().await.expect("a count that can be read");
    assert!(after.input >= before.input && after.output >= before.output, "{after:?}");
    // Two stories at most count at the same time.
    let most = 2 * BELIEVED_MAX;
    assert!(
        after.input - before.input <= most && after.output - before.output <= most,
        "{after:?}"
    );
}
