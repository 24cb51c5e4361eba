//! A person talks to the agent on their VM, over sockets all the way.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use adapters::chat::UserId;
use adapters::web::Web;
use adapters::web::client::{Client, ClientEvent, Link};
use textslash::chance::Chance;
use textslash::clock::Clock;
use textslash::http::Network;
use textslash::relay::ledger::Ledger;
use textslash::relay::{Limits, Over, Relay, Settings};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, DeploymentId};
use textslash::{vm, web};
use tokio::net::TcpListener;
use url::Url;

const OWNER_KEY: &str = "the-owners-key";

fn secret(kind: SecretKind, text: &str) -> Arc<Secret> {
    Arc::new(Secret::new(kind, text.to_owned(), Audience::nobody()))
}

fn deployment() -> DeploymentId {
    DeploymentId::from_random([1; DeploymentId::LENGTH])
}

/// A VM with the shell agent; its address.
async fn served_vm(data_dir: &Path) -> String {
    let settings = vm::Settings {
        deployment: deployment(),
        data_dir: data_dir.to_owned(),
        agent: AgentKind::Shell,
        link_key: secret(SecretKind::LinkKey, "the link key"),
        model_proxy_token: secret(SecretKind::ModelProxyToken, "the proxy token"),
        relay_url: Url::parse("http://relay.test").unwrap(),
        agent_user: None,
        claude_bin: "claude".into(),
        limits: vm::Limits::default(),
    };
    let vm = Arc::new(vm::Vm::start(settings, Clock::system()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(web::vm::serve(vm, listener, std::future::pending()));
    format!("http://{address}")
}

async fn serve(
    data_dir: &Path,
    vm_url: &str,
    listener: TcpListener,
    told: impl Future<Output = ()> + Send,
) -> Over {
    let ledger = Ledger::open(data_dir).await.unwrap();
    let chat = Web::new(OWNER_KEY.to_owned().into(), ledger.clone());
    let settings = Settings {
        owner: UserId("owner".into()),
        deployment: deployment(),
        data_dir: data_dir.to_owned(),
        vm_url: Url::parse(vm_url).unwrap(),
        model_url: Url::parse("http://model.test").unwrap(),
        link_key: secret(SecretKind::LinkKey, "the link key"),
        model_proxy_token: secret(SecretKind::ModelProxyToken, "the proxy token"),
        model_key: None,
        limits: Limits::default(),
    };
    let transport = Arc::new(Network::new().unwrap());
    let chance = Chance::system().unwrap();
    let relay =
        Relay::start(settings, ledger, chat.clone(), transport, Clock::system(), chance).unwrap();
    web::relay::serve(relay, chat.router(), listener, told).await.unwrap()
}

/// Reads until a message ends as `text`, in its first form or a later one.
async fn until(client: &Client, text: &str) {
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
    let waited = tokio::time::timeout(Duration::from_secs(30), reads).await;
    assert!(waited.is_ok(), "{text:?} never came");
}

#[tokio::test]
async fn an_owner_talks_to_the_shell_across_a_restart_of_the_relay() {
    let (vm_dir, relay_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vm_url = served_vm(vm_dir.path()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let link = Link::parse(&format!("http://{address}/chat#{OWNER_KEY}")).unwrap();
    let client = Client::connect(link.clone());

    let first = serve(relay_dir.path(), &vm_url, listener, async {
        client.say("echo kept > file; echo written".to_owned().into()).await.unwrap();
        until(&client, "written").await;
    });
    assert_eq!(first.await, Over::Told);

    // A socket of this process would outlive the first relay; one of another process would not.
    drop(client);
    let client = Client::connect(link);
    let listener = TcpListener::bind(address).await.unwrap();
    let second = serve(relay_dir.path(), &vm_url, listener, async {
        until(&client, "written").await;
        client.say("cat file".to_owned().into()).await.unwrap();
        until(&client, "kept").await;
    });
    assert_eq!(second.await, Over::Told);
}
