//! The console, overheard: the link to a relay is told to the person, and the sandbox connects the
//! terminal to it.

use adapters::channel::{Capabilities, Channel, ChannelError, ChannelEvent};
use adapters::chat::{ChatId, InboundId, MessageRef, Outbound};
use adapters::console::ConsoleChannel;
use adapters::web::client::RelayLink;
use async_trait::async_trait;
use tokio::sync::mpsc;

pub struct LinkObserver {
    console: ConsoleChannel,
    links: mpsc::Sender<RelayLink>,
}

impl LinkObserver {
    /// Every link to a relay that is said on `console` goes to `links`, too.
    pub fn new(console: ConsoleChannel, links: mpsc::Sender<RelayLink>) -> Self {
        Self { console, links }
    }
}

#[async_trait]
impl Channel for LinkObserver {
    fn name(&self) -> &'static str {
        self.console.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.console.capabilities()
    }

    async fn next(&self) -> Option<ChannelEvent> {
        self.console.next().await
    }

    async fn acknowledge(&self, id: &InboundId) {
        self.console.acknowledge(id).await;
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        let sent = self.console.send(chat, message).await?;
        if let Ok(link) = RelayLink::parse(&message.text) {
            // A second link while the first is in use is for the person alone.
            let _ = self.links.try_send(link);
        }
        Ok(sent)
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        self.console.edit(message, new).await
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        self.console.delete(message).await
    }

    async fn typing(&self, chat: &ChatId) {
        self.console.typing(chat).await;
    }
}
