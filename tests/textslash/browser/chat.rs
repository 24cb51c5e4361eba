//! An owner talks to their relay on the page of its web channel.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use adapters::channel::{Channel, ChannelEvent};
use adapters::chat::{AnswerKind, Button, InboundContent, Outbound};
use adapters::web::{MemoryLog, WebChannel};
use axum::Router;
use textslash::relay::RelayLimits;
use textslash::web::relay::chat_page;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::driver::Browser;
use crate::relay::{OWNER_KEY, serve, served_vm};

/// The smallest picture: one dot.
const DOT_PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A relay, and the line to it, which can be cut. Sockets of this process would outlive a relay in
/// it.
struct RelayTunnel {
    address: SocketAddr,
    relay: SocketAddr,
    carrying: JoinHandle<()>,
}

impl RelayTunnel {
    async fn to_a_relay(dir: &Path, vm_url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = listener.local_addr().unwrap();
        let (dir, vm_url) = (dir.to_owned(), vm_url.to_owned());
        tokio::spawn(async move {
            serve(&dir, &vm_url, listener, RelayLimits::default(), std::future::pending()).await;
        });
        let outer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = outer.local_addr().unwrap();
        Self { address, relay, carrying: tokio::spawn(carry(outer, relay)) }
    }

    fn link(&self) -> String {
        format!("http://{}/chat#{OWNER_KEY}", self.address)
    }

    async fn is_cut(&mut self) {
        self.carrying.abort();
        // It was aborted.
        let _ = (&mut self.carrying).await;
    }

    async fn is_mended(&mut self) {
        let outer = TcpListener::bind(self.address).await.unwrap();
        self.carrying = tokio::spawn(carry(outer, self.relay));
    }
}

async fn carry(outer: TcpListener, relay: SocketAddr) {
    let mut connections = JoinSet::new();
    loop {
        let (mut outside, _) = outer.accept().await.unwrap();
        connections.spawn(async move {
            let mut inside = TcpStream::connect(relay).await.unwrap();
            // Either side may hang up.
            let _ = copy_bidirectional(&mut outside, &mut inside).await;
        });
    }
}

impl Browser {
    async fn says(&self, text: &str) {
        self.types("#text", text).await;
        self.clicks("#send").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_talks_on_a_phone_and_loses_nothing_when_the_line_is_cut() {
    let Some(browser) = Browser::start().await else { return };
    let (vm_dir, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vm_url = served_vm(vm_dir.path()).await;
    let mut line = RelayTunnel::to_a_relay(dir.path(), &vm_url).await;

    browser.opens(&line.link()).await;
    browser.reads("Connected").await;
    browser.says("echo 2 + 2 is $((2 + 2))").await;
    browser.reads("2 + 2 is 4").await;
    browser.says("printf 'Look:\\n```\\nfn main() {}\\n```\\nat `src/main.rs`'").await;
    assert!(
        browser
            .until(
                "document.querySelector('.said:not(.mine) pre')?.innerText === 'fn main() {}'",
                &[]
            )
            .await
    );
    browser.says("echo '<img src=x onerror=\"document.title=1\"><b>bold</b>'").await;
    browser.reads("<b>bold</b>").await;
    assert_eq!(browser.runs("return document.title").await, "textslash");
    browser.pictured("chat").await;

    line.is_cut().await;
    browser.reads("No connection").await;
    browser.says("echo written while nobody listened").await;
    browser.reads("Waiting for a connection").await;
    browser.pictured("chat-offline").await;
    line.is_mended().await;
    browser.reads("\nwritten while nobody listened").await;

    browser.reloads().await;
    browser.reads("\nwritten while nobody listened").await;
    browser.reads("2 + 2 is 4").await;
    let answers = "return [...document.querySelectorAll('.said:not(.mine)')].length";
    assert_eq!(browser.runs(answers).await, 4, "each answer stands once");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_both_ways_on_the_page() {
    let Some(browser) = Browser::start().await else { return };
    let (vm_dir, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let vm_url = served_vm(vm_dir.path()).await;
    let line = RelayTunnel::to_a_relay(dir.path(), &vm_url).await;
    let notes = dir.path().join("notes of ada.txt");
    std::fs::write(&notes, "milk, eggs").unwrap();

    browser.opens(&line.link()).await;
    browser.reads("Connected").await;
    browser.types("#text", "echo it says: $(cat $FILE)").await;
    browser.types("#files", notes.to_str().unwrap()).await;
    browser.reads("it says: milk, eggs").await;
    browser.types("#files", notes.to_str().unwrap()).await;
    browser.reads("It is in inbox/").await;

    let draw = format!("mkdir outbox; echo {DOT_PNG} | base64 -d > outbox/dot.png; echo drawn");
    browser.says(&draw).await;
    browser.reads("dot.png (1 kB)").await;
    let shown = "document.querySelector('.said img')?.naturalWidth === 1";
    assert!(browser.until(shown, &[]).await, "the picture is shown");
    browser.pictured("chat-files").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_is_tapped_and_a_secret_is_typed_unseen_and_not_kept() {
    let Some(browser) = Browser::start().await else { return };
    let web = WebChannel::new(OWNER_KEY.to_owned().into(), Arc::new(MemoryLog::default()));
    let address = serve_web(web.clone()).await;
    browser.opens(&format!("http://{address}/chat#{OWNER_KEY}")).await;
    browser.reads("Connected").await;

    let buttons = vec![Button::new("yes", "Yes, go on"), Button::new("no", "No")];
    let question = Outbound::text("q", "Shall I delete the branch?").with_buttons(buttons);
    web.send(&WebChannel::chat(), &question).await.unwrap();
    browser.reads("Shall I delete the branch?").await;
    browser.pictured("chat-choice").await;
    browser.clicks(".choices button").await;
    let tapped = said(&web).await;
    assert!(matches!(&tapped, InboundContent::Tap { button, .. } if button == "yes"), "{tapped:?}");

    let asked = Outbound::text("s", "The passphrase?").asking(AnswerKind::Secret);
    web.send(&WebChannel::chat(), &asked).await.unwrap();
    browser.reads("The passphrase?").await;
    assert!(browser.until("!document.getElementById('secret').hidden", &[]).await);
    browser.types("#secret", "correct horse").await;
    browser.clicks("#send").await;
    assert!(said(&web).await == InboundContent::Secret("correct horse".to_owned().into()));
    browser.reads("(hidden)").await;
    let kept = browser.runs("return JSON.stringify(localStorage) + document.body.innerHTML").await;
    assert!(!kept.as_str().unwrap().contains("horse"), "kept");

    web.delete(&web.send(&WebChannel::chat(), &question).await.unwrap()).await.unwrap();
    assert!(browser.until("!document.body.innerText.includes('branch')", &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_half_link_says_so() {
    let Some(browser) = Browser::start().await else { return };
    let web = WebChannel::new(OWNER_KEY.to_owned().into(), Arc::new(MemoryLog::default()));
    let address = serve_web(web).await;
    browser.opens(&format!("http://{address}/chat#wrong")).await;
    browser.reads("This link is not valid here.").await;
    browser.opens(&format!("http://{address}/chat?")).await;
    browser.reads("This link is not complete.").await;
}

async fn serve_web(web: Arc<WebChannel>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes: Router = web.router().merge(chat_page());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    address
}

/// The next thing that the person did, taken.
async fn said(web: &WebChannel) -> InboundContent {
    loop {
        if let Some(ChannelEvent::Inbound(inbound)) = web.next().await {
            web.acknowledge(&inbound.id).await;
            return inbound.content;
        }
    }
}
