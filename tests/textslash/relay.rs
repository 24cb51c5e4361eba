//! A person talks to the agent on their VM, over sockets all the way.

mod proxy;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::UserId;
use adapters::web::client::{ClientEvent, RelayLink, WebClient};
use adapters::web::{MessageLog, WebChannel};
use sqlx::AnyPool;
use textslash::clock::Clock;
use textslash::http::NetworkTransport;
use textslash::messages::Locale;
use textslash::random::Random;
use textslash::relay::relay_store::RelayStore;
use textslash::relay::{Relay, RelayExit, RelayLimits, RelaySettings};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, DeploymentId, Spec};
use textslash::{vm, web};
use tokio::net::TcpListener;
use tokio::time::timeout;
use url::Url;

/// Longer than a busy machine takes for anything here.
const PATIENCE: Duration = Duration::from_secs(30);

pub const OWNER_KEY: &str = "the-owners-key";

fn secret(kind: SecretKind, text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(kind, text.to_owned(), Audience::nobody()))
}

fn deployment() -> DeploymentId {
    DeploymentId::from_random([1; DeploymentId::LENGTH])
}

/// A VM with the shell agent; its address.
pub async fn served_vm(data_dir: &Path) -> String {
    let settings = vm::VmSettings {
        deployment: deployment(),
        data_dir: data_dir.to_owned(),
        agent: AgentKind::Shell,
        link_key: secret(SecretKind::LinkKey, "the link key"),
        model_proxy_url: Url::parse("http://relay.test").unwrap(),
        agent_user: None,
        claude_bin: "claude".into(),
        limits: vm::VmLimits::default(),
    };
    let vm = Arc::new(vm::Vm::start(settings, Clock::system()).unwrap());
    vm.probation().commit().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::vm::serve(vm, listener, std::future::pending()));
    format!("http://{address}")
}

pub async fn serve(
    data_dir: &Path,
    vm_url: &str,
    listener: TcpListener,
    limits: RelayLimits,
    told: impl Future<Output = ()> + Send,
) -> RelayExit {
    std::fs::write(data_dir.join("committed"), "").unwrap();
    let ledger = RelayStore::open(data_dir).await.unwrap();
    let chat = WebChannel::new(OWNER_KEY.to_owned().into(), ledger.clone());
    let settings = RelaySettings { limits, ..settings(data_dir, vm_url) };
    let transport = Arc::new(NetworkTransport::new().unwrap());
    let chance = Random::system().unwrap();
    let clock = Clock::system();
    let relay = Relay::start(settings, ledger, chat.clone(), None, transport, clock, chance);
    let relay = relay.unwrap();
    let routes = chat.router().merge(web::relay::chat_page());
    web::relay::serve(relay, routes, listener, None, told).await.unwrap()
}

/// A relay of the web channel's owner, before a VM at this address.
pub fn settings(data_dir: &Path, vm_url: &str) -> RelaySettings {
    RelaySettings {
        sleeps: true,
        owner: UserId("owner".into()),
        locale: Locale::English,
        deployment: deployment(),
        data_dir: data_dir.to_owned(),
        public_url: None,
        vm_url: Url::parse(vm_url).unwrap(),
        model_url: Url::parse("http://model.test").unwrap(),
        link_key: secret(SecretKind::LinkKey, "the link key"),
        model_key: None,
        daily_tokens: Spec::DAILY_TOKENS,
        limits: RelayLimits::default(),
    }
}

/// Reads until a message ends as `text`, in its first form or a later one.
pub async fn until(client: &WebClient, text: &str) {
    let reads = async {
        loop {
            let event = client.next().await.unwrap();
            if let ClientEvent::Message(message) | ClientEvent::Edited(message) = event
                && message.text == text
            {
                return;
            }
        }
    };
    let waited = timeout(PATIENCE, reads).await;
    assert!(waited.is_ok(), "{text:?} never came");
}

#[tokio::test]
async fn an_owner_talks_to_the_shell_across_a_restart_of_the_relay() {
    let (vm_dir, relay_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vm_url = served_vm(vm_dir.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let link = RelayLink::parse(&format!("http://{address}/chat#{OWNER_KEY}")).unwrap();
    let client = WebClient::connect(link.clone());

    let first = serve(relay_dir.path(), &vm_url, listener, RelayLimits::default(), async {
        client.say("echo kept > file; echo written".to_owned().into()).await.unwrap();
        until(&client, "written").await;
    });
    assert_eq!(first.await, RelayExit::Stopped);

    // A socket of this process would outlive the first relay; one of another process would not.
    drop(client);
    let client = WebClient::connect(link);
    let listener = TcpListener::bind(address).await.unwrap();
    let second = serve(relay_dir.path(), &vm_url, listener, RelayLimits::default(), async {
        until(&client, "written").await;
        client.say("cat file".to_owned().into()).await.unwrap();
        until(&client, "kept").await;
    });
    assert_eq!(second.await, RelayExit::Stopped);
}

/// From now on the first line that the relay in this directory wants to write down is not.
async fn fail_once(data_dir: &Path) -> AnyPool {
    RelayStore::open(data_dir).await.unwrap();
    let url = format!("sqlite://{}", data_dir.join("relay.db").display());
    let database = AnyPool::connect(&url).await.unwrap();
    for statement in [
        "CREATE TABLE failures (one INTEGER)",
        // FAIL keeps what the trigger did before it: the second line gets through.
        "CREATE TRIGGER fault BEFORE INSERT ON inbox WHEN NOT EXISTS (SELECT 1 FROM failures)
         BEGIN INSERT INTO failures VALUES (1); SELECT RAISE(FAIL, 'disk full'); END",
    ] {
        sqlx::query(statement).execute(&database).await.unwrap();
    }
    database
}

#[tokio::test]
async fn a_line_that_could_not_be_written_down_is_taken_when_it_can() {
    let (vm_dir, relay_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vm_url = served_vm(vm_dir.path()).await;
    let database = fail_once(relay_dir.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = WebClient::connect(
        RelayLink::parse(&format!("http://{address}/chat#{OWNER_KEY}")).unwrap(),
    );

    let limits = RelayLimits { retry_ms: 1, ..RelayLimits::default() };
    let awake = serve(relay_dir.path(), &vm_url, listener, limits, async {
        client.say("echo taken".to_owned().into()).await.unwrap();
        until(&client, "taken").await;
    });

    assert_eq!(awake.await, RelayExit::Stopped);
    let failures = sqlx::query("SELECT one FROM failures").fetch_all(&database).await.unwrap();
    assert_eq!(failures.len(), 1);
}

/// Idle at once, by a person's measure.
fn restless() -> RelayLimits {
    RelayLimits { idle_ms: 400, ..RelayLimits::default() }
}

#[tokio::test]
async fn an_idle_relay_sleeps_though_its_owner_is_connected_and_wakes_when_they_write() {
    let (vm_dir, relay_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vm_url = served_vm(vm_dir.path()).await;
    let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let link = RelayLink::parse(&format!("http://{address}/chat#{OWNER_KEY}")).unwrap();
    let client = WebClient::connect(link);

    for lines_so_far in ["1", "2", "3"] {
        let awake = serve(relay_dir.path(), &vm_url, listener, restless(), async {
            client.say("echo line >> log; wc -l < log".to_owned().into()).await.unwrap();
            assert_eq!(client.next().await, Some(ClientEvent::Connected));
            until(&client, lines_so_far).await;
            std::future::pending().await
        });
        assert_eq!(timeout(PATIENCE, awake).await.unwrap(), RelayExit::Idle);
        loop {
            match client.next().await.unwrap() {
                ClientEvent::Asleep => break,
                ClientEvent::Edited(_) | ClientEvent::Typing => {}
                other => panic!("{other:?}"),
            }
        }
        listener = TcpListener::bind(address).await.unwrap();
    }
}

#[tokio::test]
async fn strangers_are_told_no_and_neither_keep_the_relay_up_nor_leave_a_trace() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = format!("http://{}/chat#a-guess", listener.local_addr().unwrap());
    let link = RelayLink::parse(&link).unwrap();
    let mut told = 0;
    let strangers = async {
        loop {
            let stranger = WebClient::connect(link.clone());
            stranger.say("/stop".to_owned().into()).await.unwrap();
            match stranger.next().await {
                Some(ClientEvent::Refused(sentence)) => {
                    assert!(sentence.ends_with('.'), "{sentence}");
                    assert_eq!(stranger.next().await, None);
                    told += 1;
                }
                Some(ClientEvent::Reconnecting) => {}
                other => panic!("{other:?}"),
            }
        }
    };
    let awake = serve(dir.path(), "http://vm.test", listener, restless(), std::future::pending());
    let over = tokio::select! {
        over = timeout(PATIENCE, awake) => over.unwrap(),
        () = strangers => RelayExit::Stopped,
    };
    assert_eq!(over, RelayExit::Idle);
    assert!((1..=10).contains(&told), "{told} strangers were told no");

    let ledger = RelayStore::open(dir.path()).await.unwrap();
    assert!(ledger.is_idle().await.unwrap());
    assert_eq!(ledger.head().await, Ok(0));
}
