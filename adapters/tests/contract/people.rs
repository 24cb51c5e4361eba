//! The person at the other end of each channel.

use std::io::{self, Write};
use std::sync::Arc;

use adapters::chat::Button;
use adapters::console::{ConsoleChannel, Terminal, TerminalOptions};
use adapters::web::client::{ClientEvent, RelayLink, WebClient};
use adapters::web::{MemoryLog, WebChannel};
use async_trait::async_trait;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use crate::Fixture;

/// A user of a chat service.
#[async_trait]
pub trait ContractPerson: Send {
    async fn says(&mut self, text: &str);
    async fn enters_secret(&mut self, text: &str);
    async fn taps(&mut self, message: &str, button: &Button);
    /// Waits for a message, new or edited, with this text.
    async fn sees(&mut self, text: &str);
    /// The number of messages with this text so far.
    fn messages_saying(&self, text: &str) -> usize;
    /// Ends the person's side, once every line is on its way.
    async fn leaves(&mut self);
}

pub fn console() -> Fixture {
    let (keyboard, input) = duplex(1 << 20);
    let (screen, output) = mpsc::unbounded_channel();
    let terminal = Terminal::new(input, OutputSink(screen), TerminalOptions::piped());
    let console = ConsoleChannel::new(terminal.voice("relay"));
    Fixture {
        channel: Arc::new(console),
        chat: ConsoleChannel::chat(),
        person: Box::new(TerminalPerson {
            keyboard: Some(keyboard),
            output,
            seen: String::new(),
            _terminal: terminal,
        }),
        ends: true,
    }
}

struct OutputSink(mpsc::UnboundedSender<String>);

impl Write for OutputSink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The receiver is gone once the test is over.
        let _ = self.0.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A person at a terminal.
struct TerminalPerson {
    keyboard: Option<DuplexStream>,
    output: mpsc::UnboundedReceiver<String>,
    seen: String,
    _terminal: Terminal,
}

#[async_trait]
impl ContractPerson for TerminalPerson {
    async fn says(&mut self, text: &str) {
        let keyboard = self.keyboard.as_mut().unwrap();
        keyboard.write_all(format!("{text}\n").as_bytes()).await.unwrap();
    }

    async fn enters_secret(&mut self, text: &str) {
        self.says(text).await;
    }

    async fn taps(&mut self, _: &str, button: &Button) {
        self.says(&button.label).await;
    }

    async fn sees(&mut self, text: &str) {
        while !self.seen.contains(text) {
            self.seen.push_str(&self.output.recv().await.unwrap());
        }
    }

    fn messages_saying(&self, text: &str) -> usize {
        self.seen.matches(text).count()
    }

    async fn leaves(&mut self) {
        self.keyboard = None;
    }
}

pub async fn web() -> Fixture {
    let web = WebChannel::new("key".to_owned().into(), Arc::new(MemoryLog::default()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = format!("http://{}/chat#key", listener.local_addr().unwrap());
    let router = web.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let client = WebClient::connect(RelayLink::parse(&link).unwrap());
    Fixture {
        channel: web,
        chat: WebChannel::chat(),
        person: Box::new(WebPerson { client, seen: Vec::new() }),
        ends: false,
    }
}

/// A person with a client of the web channel.
struct WebPerson {
    client: WebClient,
    seen: Vec<(bool, String)>,
}

#[async_trait]
impl ContractPerson for WebPerson {
    async fn says(&mut self, text: &str) {
        self.client.say(text.to_owned().into()).await.unwrap();
    }

    async fn enters_secret(&mut self, text: &str) {
        self.client.enter_secret(text.to_owned().into()).await.unwrap();
    }

    async fn taps(&mut self, message: &str, button: &Button) {
        self.client.tap(button.id.clone(), Some(message.to_owned())).await.unwrap();
    }

    async fn sees(&mut self, text: &str) {
        while self.seen.iter().all(|(_, seen)| seen != text) {
            match self.client.next().await.unwrap() {
                ClientEvent::Message(message) => self.seen.push((true, message.text)),
                ClientEvent::Edited(message) => self.seen.push((false, message.text)),
                _ => {}
            }
        }
    }

    fn messages_saying(&self, text: &str) -> usize {
        self.seen.iter().filter(|(is_new, seen)| *is_new && seen == text).count()
    }

    async fn leaves(&mut self) {}
}
