//! The delivery of updates to webhooks, each until its answer is 2xx.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::Value;

use super::SimulatedTelegram;
use super::updates::RegisteredWebhook;
use crate::http::call;

/// The time that a webhook has to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The first pause after a failed delivery, doubled each time.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Largest answer of a webhook that is read; its text is ignored.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

impl SimulatedTelegram {
    /// Queues an update for a bot.
    pub(super) fn update(self: &Arc<Self>, token: &str, kind: &str, content: Value) {
        {
            let mut state = self.state();
            let duplicates = state.duplicates_deliveries.then_some(&self.random);
            let Some(bot) = state.bots.get_mut(token) else { return };
            if !bot.updates.add(kind, content, duplicates) {
                return;
            }
        }
        self.has_changed();
        self.deliver(token);
    }

    /// Starts to deliver to the bot's webhook, if it has one and no delivery runs.
    pub(super) fn deliver(self: &Arc<Self>, token: &str) {
        let begins = {
            let mut state = self.state();
            state.bots.get_mut(token).is_some_and(|bot| bot.updates.begin_delivery())
        };
        if begins {
            let (telegram, token) = (self.clone(), token.to_owned());
            tokio::spawn(async move { telegram.deliver_all(&token).await });
        }
    }

    async fn deliver_all(&self, token: &str) {
        let mut pause = PAUSE;
        while let Some((webhook, update)) = self.next_delivery(token) {
            if self.post(&webhook, &update).await {
                if let Some(bot) = self.state().bots.get_mut(token) {
                    bot.updates.remove_delivered(&update);
                }
                pause = PAUSE;
            } else {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }

    fn next_delivery(&self, token: &str) -> Option<(RegisteredWebhook, Value)> {
        self.state().bots.get_mut(token)?.updates.next_delivery()
    }

    async fn post(&self, webhook: &RegisteredWebhook, update: &Value) -> bool {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(&webhook.url)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &webhook.secret {
            request = request.header("x-telegram-bot-api-secret-token", secret);
        }
        let Ok(request) = request.body(Bytes::from(update.to_string())) else { return false };
        let answer = call(&*self.transport, request, ANSWER_TIMEOUT, ANSWER_BYTES_MAX).await;
        answer.is_ok_and(|answer| answer.status.is_success())
    }
}
