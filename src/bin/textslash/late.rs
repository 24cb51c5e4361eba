//! A chat service that does not answer when a role starts: the role serves everything else
//! meanwhile.

use std::fmt::Display;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use adapters::channel::{Capabilities, Channel, ChannelError, ChannelEvent};
use adapters::chat::{
    Attachment, ChatId, InboundId, MenuEntry, MessageRef, Outbound, OutboundFile,
};
use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;
use tower::ServiceExt;

/// The first pause before a service that did not answer is asked again, doubled each time.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause: a service that is down for hours is not to fill the log, and people are
/// answered soon after it is back.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// When something is sent again that was to be sent before the service answered, in milliseconds.
const SEND_AGAIN_MS: u64 = 1_000;

/// Starts a service, again and again while it does not answer.
///
/// # Errors
/// When it answers and refuses, or this machine cannot reach anything.
pub async fn start_with_retries<T, E: Display, F: Future<Output = Result<T, E>>>(
    service: &str,
    is_silent: impl Fn(&E) -> bool,
    start: impl Fn() -> F,
) -> Result<T, E> {
    let mut pause = PAUSE;
    loop {
        match start().await {
            Err(error) if is_silent(&error) => {
                let pause_s = pause.as_secs();
                tracing::warn!(service, %error, pause_s, "a chat service does not answer; trying \
                                                          again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            other => return other,
        }
    }
}

/// Routes of a service that may be started later; until then they answer 503, so that what is
/// delivered comes again.
#[derive(Clone, Default)]
pub struct LateRoutes(Arc<OnceLock<Router>>);

impl LateRoutes {
    /// These paths, each of which leads to the service's own routes.
    pub fn router(&self, paths: &[&str]) -> Router {
        let all = paths.iter().fold(Router::new(), |all, path| all.route(path, any(forward)));
        all.with_state(self.clone())
    }

    pub fn open(&self, routes: Router) {
        // A service is started once.
        let _ = self.0.set(routes);
    }
}

async fn forward(State(late): State<LateRoutes>, request: Request) -> Response {
    let Some(routes) = late.0.get() else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let (mut parts, body) = request.into_parts();
    // The parts of the path are found anew.
    parts.extensions.clear();
    let answer = routes.clone().oneshot(Request::from_parts(parts, body)).await;
    answer.unwrap_or_else(|never| match never {})
}

/// A channel that may be started later: nothing happens on it before.
pub struct LateChannel {
    name: &'static str,
    capabilities: Capabilities,
    started: watch::Sender<Option<Arc<dyn Channel>>>,
    /// Chats to be looked through once it is started.
    chats: Mutex<Vec<ChatId>>,
}

impl LateChannel {
    pub fn new(name: &'static str, capabilities: Capabilities) -> Arc<Self> {
        let started = watch::Sender::new(None);
        Arc::new(Self { name, capabilities, started, chats: Mutex::default() })
    }

    pub async fn start(&self, channel: Arc<dyn Channel>) {
        let chats = {
            let mut chats = self.chats();
            self.started.send_replace(Some(channel.clone()));
            std::mem::take(&mut *chats)
        };
        channel.recover(&chats).await;
    }

    fn chats(&self) -> MutexGuard<'_, Vec<ChatId>> {
        self.chats.lock()
    }

    fn now(&self) -> Result<Arc<dyn Channel>, ChannelError> {
        let started = self.started.borrow().clone();
        started.ok_or(ChannelError::RateLimited { retry_after_ms: SEND_AGAIN_MS })
    }

    async fn later(&self) -> Arc<dyn Channel> {
        let mut started = self.started.subscribe();
        loop {
            if let Some(channel) = started.borrow_and_update().clone() {
                return channel;
            }
            // The sender lives as long as this value.
            let _ = started.changed().await;
        }
    }
}

#[async_trait]
impl Channel for LateChannel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn next(&self) -> Option<ChannelEvent> {
        self.later().await.next().await
    }

    async fn acknowledge(&self, id: &InboundId) {
        if let Ok(channel) = self.now() {
            channel.acknowledge(id).await;
        }
    }

    async fn send(&self, chat: &ChatId, message: &Outbound) -> Result<MessageRef, ChannelError> {
        self.now()?.send(chat, message).await
    }

    async fn edit(&self, message: &MessageRef, new: &Outbound) -> Result<(), ChannelError> {
        self.now()?.edit(message, new).await
    }

    async fn delete(&self, message: &MessageRef) -> Result<(), ChannelError> {
        self.now()?.delete(message).await
    }

    async fn typing(&self, chat: &ChatId) {
        if let Ok(channel) = self.now() {
            channel.typing(chat).await;
        }
    }

    async fn fetch(&self, attachment: &Attachment) -> Result<Bytes, ChannelError> {
        self.now()?.fetch(attachment).await
    }

    async fn send_file(
        &self,
        chat: &ChatId,
        file: &OutboundFile,
    ) -> Result<MessageRef, ChannelError> {
        self.now()?.send_file(chat, file).await
    }

    async fn announce(&self, menu: &[MenuEntry]) {
        self.later().await.announce(menu).await;
    }

    async fn recover(&self, chats: &[ChatId]) {
        let started = {
            let mut waiting = self.chats();
            let started = self.now().ok();
            if started.is_none() {
                *waiting = chats.to_vec();
            }
            started
        };
        if let Some(channel) = started {
            channel.recover(chats).await;
        }
    }

    async fn sleep(&self) {
        if let Ok(channel) = self.now() {
            channel.sleep().await;
        }
    }
}
