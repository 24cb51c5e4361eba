//! The bot panics at every call that it makes, one conversation each, with the whole request in the
//! panic's words: the log tells the place and none of the words, and the person gets through all
//! the same.
//!
//! The hook is the process's own, so all of it happens in a process beside this one.

use std::collections::BTreeSet;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use textslash::http::{SharedTransport, StreamedResponse, Transport, TransportError};
use textslash::sandbox::fly::nothing;
use textslash::telemetry;
use tracing::level_filters::LevelFilter;

use super::hunt::SecretHunt;
use crate::onboarding::script::ScriptedChannel;
use crate::onboarding::world::ChatWorld;
use crate::program::PATIENCE;

/// Says to the other process that panics are to be told as Rust tells them.
const NO_HOOK: &str = "WITHOUT_OUR_HOOK";

/// Says to the other process how it logs.
const FORMAT: &str = "LOG_FORMAT";

/// Shows that everything of ours is logged.
const VERBOSE: &str = "as much as can be";

/// Panics at one call.
struct PanickingTransport {
    inner: SharedTransport,
    at: usize,
    calls: AtomicUsize,
}

#[async_trait]
impl Transport for PanickingTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == self.at {
            let headers = request.headers().values();
            let headers: Vec<_> =
                headers.map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
            panic!("{request:?} {headers:?}");
        }
        self.inner.send(request).await
    }
}

/// A conversation in which the bot panics at one of its calls.
struct PanicStory {
    world: ChatWorld,
    panicking: Arc<PanickingTransport>,
}

impl PanicStory {
    async fn new(at: usize) -> Self {
        let mut panicking = None;
        let watch = |inner| {
            let calls = AtomicUsize::new(0);
            panicking.insert(Arc::new(PanickingTransport { inner, at, calls })).clone()
                as SharedTransport
        };
        let service = ScriptedChannel::speaking("telegram", adapters::telegram::capabilities(true));
        let world = ChatWorld::watched(service, watch).await;
        Self { world, panicking: panicking.unwrap() }
    }

    /// How many calls the bot made, and what was hunted.
    async fn told(self) -> (usize, [(&'static str, String); 3]) {
        let Self { mut world, panicking } = self;
        let (token, model_key) = (world.fly.mint_org_token(), world.anthropic.key().to_owned());
        let own_bot = world.telegram.mint_bot("ada_bot");
        world.gets_through(&token, &model_key, &own_bot).await;
        assert_eq!(world.inventory(), nothing());
        let narrowed = token["FlyV1 fm2_".len()..][..40].to_owned();
        let canaries =
            [("Fly token", narrowed), ("model key", model_key), ("own bot's token", own_bot)];
        let hunt =
            SecretHunt::of(&canaries.each_ref().map(|(name, secret)| (*name, secret.as_str())));
        assert_eq!(hunt.files(world.directory()), Vec::<String>::new());
        hunt.finds_nothing("what the bot said", world.script.everything_ever().join("\n"));
        (panicking.calls.load(Ordering::Relaxed), canaries)
    }
}

#[ignore = "one process's panics: the tests below run it"]
#[tokio::test]
async fn the_process_that_panics() {
    let format = std::env::var(FORMAT).unwrap();
    telemetry::start(LevelFilter::TRACE, format.parse().unwrap());
    tracing::trace!(target: "textslash", "{VERBOSE}");
    if std::env::var_os(NO_HOOK).is_some() {
        drop(std::panic::take_hook());
    }
    let (calls, _) = PanicStory::new(usize::MAX).await.told().await;
    println!("calls: {calls}");
    let mut stories = Vec::new();
    for at in 0..calls {
        stories.push(PanicStory::new(at).await);
    }
    // What may come late is waited for, minutes at a time.
    tokio::time::pause();
    let told = stories.into_iter().map(PanicStory::told);
    for (_, canaries) in futures::future::join_all(told).await {
        canaries.iter().for_each(|(name, secret)| println!("canary: {name}: {secret}"));
    }
}

/// Runs it, and reads what it hunted.
async fn process(hook: &str, format: &str) -> (Output, Vec<(String, String)>, usize) {
    let dir = tempfile::tempdir().unwrap();
    let name = concat!(module_path!(), "::the_process_that_panics");
    let name = name.split_once("::").unwrap().1;
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env_clear()
        .env("TMPDIR", dir.path())
        .env(hook, "1")
        .env(FORMAT, format)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = tokio::time::timeout(2 * PATIENCE, child).await.unwrap().unwrap();
    let out = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{out}\n{}", String::from_utf8_lossy(&ended.stderr));
    let canaries = out.lines().filter_map(|line| line.strip_prefix("canary: ")?.split_once(": "));
    let canaries = canaries.map(|(name, secret)| (name.to_owned(), secret.to_owned())).collect();
    let calls = out.lines().find_map(|line| line.split_once("calls: ")?.1.parse().ok());
    (ended, canaries, calls.unwrap())
}

fn hunt(canaries: &[(String, String)]) -> SecretHunt {
    let canaries = canaries.iter().map(|(name, secret)| (name.as_str(), secret.as_str()));
    SecretHunt::of(&canaries.collect::<Vec<_>>())
}

#[tokio::test]
async fn a_panic_at_any_call_tells_its_place_only_and_the_person_gets_through() {
    for (format, place) in [("text", "place=\""), ("json", "\"place\":\"")] {
        let (ended, canaries, calls) = process("WITH_OUR_HOOK", format).await;
        assert!(calls > 40, "{calls}");
        assert_eq!(canaries.len(), 3 * calls);
        let log = String::from_utf8(ended.stderr).unwrap();
        let panics = log.matches("a bug: this task panicked").count();
        assert_eq!(panics, calls, "each call panics once");
        assert_eq!(log.matches(&format!("{place}{}:", file!())).count(), panics, "{log}");
        assert!(log.contains(VERBOSE), "the log is not verbose:\n{log}");
        hunt(&canaries).finds_nothing("the log", log);
    }
}

#[tokio::test]
async fn without_our_hook_every_kind_of_secret_is_found_in_the_log() {
    let (ended, canaries, _) = process(NO_HOOK, "json").await;
    let hunt = hunt(&canaries);
    let found: BTreeSet<_> = hunt.found(&ended.stderr).into_iter().collect();
    assert_eq!(found, ["Fly token", "model key", "own bot's token"].into());
}
