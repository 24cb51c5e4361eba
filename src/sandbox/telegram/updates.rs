//! Updates on their way to a bot: held for `getUpdates`, or delivered to a webhook until it is
//! answered.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use serde_json::{Value, json};

use super::parameters::Parameters;
use super::{RegisteredWebhook, SimulatedTelegram, TelegramBot};
use crate::http::call;

/// How long a webhook may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The first pause before an update is delivered again, doubled each time.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// An unruly Telegram delivers an update at most this often.
const TIMES_MAX: u8 = 5;

/// The answer to an update is thrown away.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

impl SimulatedTelegram {
    /// Puts an update in line for a bot.
    pub(super) fn update(self: &Arc<Self>, token: &str, kind: &str, what: Value) {
        {
            let mut state = self.state();
            let unruly = state.unruly;
            let Some(bot) = state.bots.get_mut(token) else { return };
            if !bot.is_allowed(kind) {
                return;
            }
            let update = json!({ "update_id": bot.next_update, kind: what });
            bot.next_update += 1;
            bot.updates.push_back(update.clone());
            if unruly {
                let times = self.random.bytes::<1>()[0] % TIMES_MAX;
                bot.updates.extend((0..times).map(|_| update.clone()));
                shuffle_all_but_first(bot.updates.make_contiguous(), &self.random);
            }
        }
        self.has_changed();
        self.deliver(token);
    }

    /// Starts to deliver to the bot's webhook, if it has one and nobody does.
    pub(super) fn deliver(self: &Arc<Self>, token: &str) {
        {
            let mut state = self.state();
            let Some(bot) = state.bots.get_mut(token) else { return };
            if bot.webhook.is_none() || bot.delivering || bot.updates.is_empty() {
                return;
            }
            bot.delivering = true;
        }
        let (telegram, token) = (self.clone(), token.to_owned());
        tokio::spawn(async move { telegram.deliver_all(&token).await });
    }

    async fn deliver_all(&self, token: &str) {
        let mut pause = PAUSE;
        while let Some((webhook, update)) = self.next_delivery(token) {
            if self.post(&webhook, &update).await {
                let mut state = self.state();
                if let Some(bot) = state.bots.get_mut(token)
                    && bot.updates.front() == Some(&update)
                {
                    bot.updates.pop_front();
                }
                pause = PAUSE;
            } else {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
        }
    }

    fn next_delivery(&self, token: &str) -> Option<(RegisteredWebhook, Value)> {
        let mut state = self.state();
        let bot = state.bots.get_mut(token)?;
        let next = bot.webhook.clone().zip(bot.updates.front().cloned());
        bot.delivering = next.is_some();
        next
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

impl TelegramBot {
    /// Takes the kinds of updates that are asked for from now on; the earlier ones hold where none
    /// are named, and an empty list means the default again (Bot API, `getUpdates`).
    pub(super) fn allow(&mut self, parameters: &Parameters) {
        if let Some(allowed) = parameters.structure("allowed_updates") {
            self.allowed =
                Some(allowed).filter(|kinds| kinds.as_array().is_some_and(|it| !it.is_empty()));
        }
    }

    fn is_allowed(&self, kind: &str) -> bool {
        let allowed = self.allowed.as_ref().and_then(Value::as_array);
        allowed.is_none_or(|kinds| kinds.iter().any(|it| it == kind))
    }

    /// Forgets the updates before this one; a negative offset counts from the end (Bot API,
    /// `getUpdates`).
    pub(super) fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let forgotten = self.updates.len().saturating_sub(kept);
            self.updates.drain(..forgotten);
        } else {
            self.updates.retain(|update| update["update_id"].as_i64() >= Some(offset));
        }
    }
}

/// What has not been delivered yet comes in any order, but a person's first words come first.
fn shuffle_all_but_first(updates: &mut [Value], chance: &crate::random::Random) {
    for last in (2..updates.len()).rev() {
        let place = 1 + usize::from(u16::from_le_bytes(chance.bytes())) % last;
        updates.swap(place, last);
    }
}
