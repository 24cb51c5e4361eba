//! The updates that wait for a bot, and the webhook that they go to.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::errors::TelegramApiError;
use super::parameters::Parameters;
use crate::random::Random;

/// Copies of one update where deliveries are duplicated, besides the first.
const COPIES_MAX: u8 = 5;

/// A webhook that a bot has set.
#[derive(Clone)]
pub(super) struct RegisteredWebhook {
    pub url: String,
    pub secret: Option<String>,
    pub max_connections: u64,
}

/// The updates of one bot, oldest first.
#[derive(Default)]
pub(super) struct UpdateQueue {
    waiting: VecDeque<Value>,
    last_id: u32,
    pub webhook: Option<RegisteredWebhook>,
    /// A task delivers to the webhook.
    delivering: bool,
    /// The kinds of updates in the last request for some; `None` means those that come by default.
    allowed: Option<Value>,
    /// The number of calls of `getUpdates`; a newer call ends an older one.
    polls: u64,
}

impl UpdateQueue {
    /// Adds an update; false when the bot did not ask for its kind. With `duplicates`, copies of it
    /// follow, and the updates behind the first one are shuffled.
    pub fn add(&mut self, kind: &str, content: Value, duplicates: Option<&Random>) -> bool {
        if !self.is_allowed(kind) {
            return false;
        }
        self.last_id += 1;
        let update = json!({ "update_id": self.last_id, kind: content });
        self.waiting.push_back(update.clone());
        if let Some(random) = duplicates {
            let copies = random.bytes::<1>()[0] % COPIES_MAX;
            self.waiting.extend((0..copies).map(|_| update.clone()));
            shuffle_all_but_first(self.waiting.make_contiguous(), random);
        }
        true
    }

    /// Begins a call of `getUpdates` and returns its number.
    pub fn begin_poll(&mut self, parameters: &Parameters) -> Result<u64, TelegramApiError> {
        if self.webhook.is_some() {
            return Err(TelegramApiError::conflict(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete \
                 the webhook first",
            ));
        }
        self.allow(parameters);
        self.confirm(parameters.number("offset").unwrap_or(0));
        self.polls += 1;
        Ok(self.polls)
    }

    /// The oldest updates for this call of `getUpdates`; `None` while there are none.
    pub fn batch(&self, poll: u64, limit: usize) -> Result<Option<Value>, TelegramApiError> {
        if self.polls != poll {
            return Err(TelegramApiError::conflict(
                "terminated by other getUpdates request; make sure that only one bot instance is \
                 running",
            ));
        }
        let found: Vec<Value> = self.waiting.iter().take(limit).cloned().collect();
        Ok((!found.is_empty()).then_some(Value::Array(found)))
    }

    pub fn set_webhook(&mut self, webhook: RegisteredWebhook, parameters: &Parameters) {
        if parameters.flag("drop_pending_updates") {
            self.waiting.clear();
        }
        self.allow(parameters);
        self.webhook = Some(webhook);
        self.polls += 1;
    }

    pub fn remove_webhook(&mut self, parameters: &Parameters) {
        self.webhook = None;
        if parameters.flag("drop_pending_updates") {
            self.waiting.clear();
        }
    }

    /// The answer to `getWebhookInfo`.
    pub fn webhook_info(&self) -> Value {
        let mut info = json!({
            "url": self.webhook.as_ref().map_or("", |webhook| webhook.url.as_str()),
            "has_custom_certificate": false,
            "pending_update_count": self.waiting.len(),
        });
        if let Some(webhook) = &self.webhook {
            info["max_connections"] = json!(webhook.max_connections);
        }
        if let Some(allowed) = &self.allowed {
            info["allowed_updates"] = allowed.clone();
        }
        info
    }

    /// Whether a task must start to deliver to the webhook.
    pub fn begin_delivery(&mut self) -> bool {
        if self.webhook.is_none() || self.delivering || self.waiting.is_empty() {
            return false;
        }
        self.delivering = true;
        true
    }

    /// The next update to deliver; `None` ends the delivery.
    pub fn next_delivery(&mut self) -> Option<(RegisteredWebhook, Value)> {
        let next = self.webhook.clone().zip(self.waiting.front().cloned());
        self.delivering = next.is_some();
        next
    }

    pub fn remove_delivered(&mut self, update: &Value) {
        if self.waiting.front() == Some(update) {
            self.waiting.pop_front();
        }
    }

    /// Takes the kinds of updates in a request. A request that names none leaves them as they are,
    /// and an empty list means the default again (Bot API, `getUpdates`).
    fn allow(&mut self, parameters: &Parameters) {
        if let Some(allowed) = parameters.structure("allowed_updates") {
            self.allowed =
                Some(allowed).filter(|kinds| kinds.as_array().is_some_and(|it| !it.is_empty()));
        }
    }

    fn is_allowed(&self, kind: &str) -> bool {
        let allowed = self.allowed.as_ref().and_then(Value::as_array);
        allowed.is_none_or(|kinds| kinds.iter().any(|it| it == kind))
    }

    /// Removes the updates before this one; a negative offset counts from the end (Bot API,
    /// `getUpdates`).
    fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let kept = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let forgotten = self.waiting.len().saturating_sub(kept);
            self.waiting.drain(..forgotten);
        } else {
            self.waiting.retain(|update| update["update_id"].as_i64() >= Some(offset));
        }
    }
}

/// Shuffles the updates that are not delivered yet; the first one keeps its place.
fn shuffle_all_but_first(updates: &mut [Value], random: &Random) {
    for last in (2..updates.len()).rev() {
        let place = 1 + usize::from(u16::from_le_bytes(random.bytes())) % last;
        updates.swap(place, last);
    }
}
