//! A VM in this process, which does what its script says.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use adapters::chat::Author;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{Breakpoint, KillPoint};
use crate::http::{StreamedResponse, Transport, TransportError};
use crate::protocol::{
    self, AgentNetwork, Health, SIGNATURE_HEADER, TurnEvent, TurnFailure, TurnRequest,
};
use crate::secret::Audience;

/// What the VM's agent does.
#[derive(Clone)]
pub struct AgentScript {
    pub events: Vec<TurnEvent>,
    pub break_after: Option<usize>,
    pub ends: bool,
    /// Nothing is answered until [`FakeVm::wakes`].
    pub sleeps: bool,
    /// The answer to every turn; none when nobody answers.
    pub status: Option<u16>,
}

impl AgentScript {
    pub fn of(events: Vec<TurnEvent>) -> Self {
        Self { events, break_after: None, ends: true, sleeps: false, status: Some(200) }
    }

    pub fn answers(text: &str) -> Self {
        let mut events: Vec<_> =
            text.split_inclusive(' ').map(|word| TurnEvent::Text { text: word.into() }).collect();
        events.push(TurnEvent::Done);
        Self::of(events)
    }

    pub fn never_ends() -> Self {
        Self { ends: false, ..Self::of(Vec::new()) }
    }
}

pub struct FakeVm {
    script: AgentScript,
    hold: Arc<Breakpoint>,
    asks: Mutex<Vec<TurnRequest>>,
    /// Path and content of the files that came.
    inbox: Mutex<BTreeMap<String, String>>,
    /// The status of the answers to the next files that come.
    file_statuses: Mutex<VecDeque<u16>>,
    cancels: watch::Sender<usize>,
    status: Mutex<Option<u16>>,
    /// What it says of its agent's network.
    pub network: Mutex<Option<AgentNetwork>>,
    begun: watch::Sender<bool>,
    awake: watch::Sender<bool>,
}

impl FakeVm {
    pub(super) fn new(script: AgentScript, hold: Arc<Breakpoint>) -> Self {
        Self {
            awake: watch::Sender::new(!script.sleeps),
            status: Mutex::new(script.status),
            script,
            hold,
            network: Mutex::default(),
            asks: Mutex::default(),
            inbox: Mutex::default(),
            file_statuses: Mutex::default(),
            cancels: watch::Sender::default(),
            begun: watch::Sender::default(),
        }
    }

    pub fn wakes(&self) {
        self.awake.send_replace(true);
    }

    fn firsts(&self) -> Vec<TurnRequest> {
        let mut seen = HashSet::new();
        let asks = self.asks.lock().clone();
        asks.into_iter().filter(|ask| seen.insert(ask.turn.clone())).collect()
    }

    /// The text of each turn that was executed.
    pub fn asked(&self) -> Vec<String> {
        self.firsts().into_iter().map(|ask| ask.text).collect()
    }

    /// What was given for each attach, in order.
    pub fn tokens(&self) -> Vec<String> {
        let asks = self.asks.lock().clone();
        let tokens = asks.into_iter().filter_map(|ask| ask.model_token);
        tokens.map(|it| it.into_secret(Audience::nobody()).expose().to_owned()).collect()
    }

    pub fn sessions(&self) -> Vec<String> {
        self.firsts().into_iter().map(|ask| ask.session).collect()
    }

    pub fn told_of(&self) -> Vec<Vec<String>> {
        self.firsts().into_iter().map(|ask| ask.files).collect()
    }

    pub fn inbox(&self) -> Vec<String> {
        self.inbox.lock().values().cloned().collect()
    }

    /// The next files are answered so.
    pub fn answers_files_with(&self, statuses: &[u16]) {
        self.file_statuses.lock().extend(statuses);
    }

    fn file(&self, path: &str, bytes: &Bytes) -> StreamedResponse {
        if let Some(status) = self.file_statuses.lock().pop_front() {
            let mut refused = reply(Vec::new(), true);
            refused.head.status = status.try_into().unwrap();
            return refused;
        }
        if let Some((_, index)) = path.split_once("/outbox/") {
            return reply(vec![format!("bytes of file {index}")], true);
        }
        let (_, name) = path.split_once("/inbox/").unwrap();
        let path = format!("inbox/{name}");
        let content = String::from_utf8(bytes.to_vec()).unwrap();
        let mut inbox = self.inbox.lock();
        inbox.insert(path.clone(), content);
        reply(vec![serde_json::json!({ "path": path }).to_string()], true)
    }

    /// The texts of others that came with each turn.
    pub fn cited(&self) -> Vec<Vec<(Author, String)>> {
        let asks = self.asks.lock();
        let cited = |ask: &TurnRequest| {
            let all = ask.citations.iter();
            all.map(|it| (it.author.clone(), it.text.clone())).collect()
        };
        asks.iter().map(cited).collect()
    }

    pub fn attached_after(&self) -> Vec<usize> {
        self.asks.lock().iter().map(|ask| ask.after).collect()
    }

    pub fn cancelled(&self) -> usize {
        *self.cancels.borrow()
    }

    /// Waits until it was told to stop a turn.
    pub async fn heard_cancel(&self) {
        self.cancels.subscribe().wait_for(|cancels| *cancels > 0).await.unwrap();
    }

    /// From now on.
    pub fn answers_with(&self, status: u16) {
        *self.status.lock() = Some(status);
    }

    pub async fn began(&self) {
        self.begun.subscribe().wait_for(|begun| *begun).await.unwrap();
    }
}

#[async_trait]
impl Transport for FakeVm {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        assert!(request.headers().contains_key(SIGNATURE_HEADER));
        let path = request.uri().path();
        if path.ends_with("/cancel") {
            self.cancels.send_modify(|cancels| *cancels += 1);
            return Ok(reply(Vec::new(), true));
        }
        if path.contains("/inbox/") || path.contains("/outbox/") {
            return Ok(self.file(path, request.body()));
        }
        if path == "/commit" {
            let mut told = reply(Vec::new(), true);
            let status = self.status.lock().unwrap_or(200);
            told.head.status = status.try_into().unwrap();
            return Ok(told);
        }
        if path == "/ready" {
            let health = Health {
                deployment: "0".repeat(10),
                build: "b".into(),
                role: "vm".into(),
                protocol: protocol::VERSION,
                agent_network: *self.network.lock(),
            };
            return Ok(reply(vec![serde_json::to_string(&health).unwrap()], true));
        }
        self.hold.here(KillPoint::BeforeTurn).await;
        let ask: TurnRequest = serde_json::from_slice(request.body()).unwrap();
        let (after, is_first) = (ask.after, self.asks.lock().is_empty());
        self.asks.lock().push(ask);
        self.begun.send_replace(true);
        self.awake.subscribe().wait_for(|awake| *awake).await.unwrap();
        let status = self.status.lock().ok_or(TransportError::NotSent)?;
        let mut events: Vec<_> = self.script.events.iter().skip(after).collect();
        let mut ends = self.script.ends;
        let stopped = TurnEvent::Failed { reason: TurnFailure::Stopped };
        if !ends && self.cancelled() > 0 {
            events.push(&stopped);
            ends = true;
        }
        if let Some(broken) = self.script.break_after.filter(|_| is_first) {
            events.truncate(broken);
        }
        if *self.hold.at.lock() == Some(KillPoint::MidStream) {
            events.truncate(1);
            ends = false;
            self.hold.reached.send_replace(true);
        }
        let lines = events.into_iter().map(|event| serde_json::to_string(event).unwrap() + "\n");
        let mut reply = reply(lines.collect(), ends);
        reply.head.status = status.try_into().unwrap();
        Ok(reply)
    }
}

fn reply(lines: Vec<String>, ends: bool) -> StreamedResponse {
    let head = http::Response::new(()).into_parts().0;
    let lines = futures::stream::iter(lines.into_iter().map(|line| Ok(Bytes::from(line))));
    let body = if ends { lines.boxed() } else { lines.chain(futures::stream::pending()).boxed() };
    StreamedResponse { head, body }
}
