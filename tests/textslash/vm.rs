//! A VM as the relay meets it: over a socket, with a real agent.

mod claude;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::Bytes;
use futures::StreamExt;
use textslash::clock::Clock;
use textslash::http::{NetworkTransport, StreamedResponse, Transport};
use textslash::protocol::{
    Direction, SIGNATURE_HEADER, SignedCall, TurnEvent, TurnFailure, TurnRequest, TurnToken, sign,
};
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, DeploymentId};
use textslash::vm::{Vm, VmExit, VmLimits, VmSettings};
use textslash::web;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

const LINK_KEY: &str = "the link key";
/// What the relay gives for a turn.
const PROXY_TOKEN: &str = "the proxy token";

/// A VM that is served, and what the relay needs to call it.
struct ServedVm {
    authority: String,
    network: NetworkTransport,
    nonces: AtomicU8,
    tell: oneshot::Sender<()>,
    over: JoinHandle<anyhow::Result<VmExit>>,
}

impl ServedVm {
    async fn start(settings: VmSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let vm = Arc::new(Vm::start(settings, Clock::system()).unwrap());
        vm.probation().commit().unwrap();
        let (tell, told) = oneshot::channel::<()>();
        let told = async move { drop(told.await) };
        let over = tokio::spawn(web::vm::serve(vm, listener, told));
        let network = NetworkTransport::new().unwrap();
        Self { authority, network, nonces: AtomicU8::default(), tell, over }
    }

    async fn call(&self, path: &str, body: String) -> StreamedResponse {
        let nonce = [self.nonces.fetch_add(1, Ordering::Relaxed); 16];
        let call = SignedCall {
            direction: Direction::RelayToVm,
            method: "POST",
            path,
            body: body.as_bytes(),
        };
        let signature = sign(LINK_KEY.as_bytes(), call, Clock::system().now_ms(), nonce);
        let request = http::Request::post(format!("http://{}{path}", self.authority))
            .header(SIGNATURE_HEADER, signature)
            .body(Bytes::from(body))
            .unwrap();
        self.network.send(request).await.unwrap()
    }

    async fn turn(&self, turn: &str, text: &str) -> TurnStream {
        let request = TurnRequest {
            files: Vec::new(),
            citations: Vec::new(),
            turn: turn.to_owned(),
            session: "session".to_owned(),
            text: text.to_owned(),
            after: 0,
            model_token: Some(TurnToken::new(PROXY_TOKEN.to_owned().into())),
        };
        let reply = self.call("/turns", serde_json::to_string(&request).unwrap()).await;
        assert_eq!(reply.head.status, 200);
        TurnStream { reply, read: Vec::new() }
    }

    async fn end(self) -> VmExit {
        self.tell.send(()).unwrap();
        self.over.await.unwrap().unwrap()
    }
}

/// A turn's stream, read a line at a time.
struct TurnStream {
    reply: StreamedResponse,
    read: Vec<u8>,
}

impl TurnStream {
    async fn next(&mut self) -> Option<TurnEvent> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            self.read.extend_from_slice(&self.reply.body.next().await?.unwrap());
        }
    }

    /// All text, the tools used, and the end.
    async fn rest(mut self) -> (String, Vec<TurnEvent>, TurnEvent) {
        let (mut text, mut tools) = (String::new(), Vec::new());
        loop {
            match self.next().await.unwrap() {
                TurnEvent::Text { text: more } => text.push_str(&more),
                TurnEvent::Heartbeat => {}
                tool @ TurnEvent::Tool { .. } => tools.push(tool),
                last => return (text, tools, last),
            }
        }
    }
}

fn settings(data_dir: &Path, agent: AgentKind, model_proxy_url: &str) -> VmSettings {
    let model_proxy_url = Url::parse(model_proxy_url).unwrap();
    let link_key = Secret::new(SecretKind::LinkKey, LINK_KEY.to_owned(), Audience::nobody());
    VmSettings {
        deployment: DeploymentId::from_random([1; DeploymentId::LENGTH]),
        data_dir: data_dir.to_owned(),
        agent,
        link_key: Arc::new(link_key),
        model_proxy_url,
        agent_user: None,
        claude_bin: std::env::var_os("CLAUDE_BIN").unwrap_or_else(|| "claude".into()).into(),
        limits: VmLimits::default(),
    }
}

#[tokio::test]
async fn a_vm_that_is_told_to_end_tells_who_listens_and_ends_well() {
    let dir = tempfile::tempdir().unwrap();
    let vm = ServedVm::start(settings(dir.path(), AgentKind::Shell, "http://relay.test")).await;
    let mut turn = vm.turn("1", "echo begun; sleep 1000").await;
    assert_eq!(turn.next().await, Some(TurnEvent::Text { text: "begun\n".to_owned() }));

    let (over, (text, _, last)) = tokio::join!(vm.end(), turn.rest());

    assert_eq!(over, VmExit::Stopped);
    assert_eq!(text, "");
    assert_eq!(last, TurnEvent::Failed { reason: TurnFailure::Interrupted });
}

#[tokio::test]
async fn the_agent_cannot_read_the_environment_of_its_vm() {
    if nix::unistd::geteuid().is_root() {
        println!("skipped: root reads everything");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let vm = ServedVm::start(settings(dir.path(), AgentKind::Shell, "http://relay.test")).await;

    let (own, _, _) = vm.turn("1", "head -c 1 /proc/self/environ").await.rest().await;
    let (vms, _, last) = vm.turn("2", "cat /proc/$PPID/environ").await.rest().await;

    assert_eq!(own.len(), 1);
    assert!(vms.contains("Permission denied"), "{vms}");
    assert_eq!(last, TurnEvent::Done);
}

#[tokio::test]
async fn an_idle_vm_ends_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(dir.path(), AgentKind::Shell, "http://relay.test");
    let limits = VmLimits { idle_ms: 100, ..settings.limits };
    let vm = ServedVm::start(VmSettings { limits, ..settings }).await;

    assert_eq!(vm.over.await.unwrap().unwrap(), VmExit::Idle);
}
