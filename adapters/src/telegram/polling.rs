//! Long polling. The offset moves only past updates that are durable with us, so that Telegram
//! sends again every update that a crash loses.

use std::sync::Weak;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use teloxide::requests::Payload;
use teloxide::{ApiError, RequestError};

use super::{TelegramChannel, UPDATE_KINDS, calls};

#[cfg(test)]
mod tests;

/// The time for which Telegram holds a request without updates, in seconds.
const HOLD_S: u32 = 25;

/// Updates in one answer (Bot API, `getUpdates`: at most 100).
const BATCH_MAX: u8 = 100;

/// The first pause after a failure, doubled each time.
const PAUSE: Duration = Duration::from_millis(500);

/// The longest such pause: a person waits about as long for an answer as for a page.
const PAUSE_MAX: Duration = Duration::from_secs(15);

/// The library's own does not know `managed_bot`.
#[derive(Serialize)]
struct GetUpdates {
    offset: i32,
    timeout: u32,
    limit: u8,
    allowed_updates: [&'static str; UPDATE_KINDS.len()],
}

impl Payload for GetUpdates {
    type Output = Vec<Value>;
    const NAME: &'static str = "GetUpdates";

    fn timeout_hint(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.timeout.into()))
    }
}

/// Asks for updates until the bot is dropped or its token is revoked; then the channel has ended.
pub(super) async fn poll(telegram: Weak<TelegramChannel>) {
    let mut offset = 0;
    let mut pause = PAUSE;
    let mut warnings = PollingWarnings::default();
    loop {
        let Some(bot) = telegram.upgrade().map(|telegram| telegram.bot.clone()) else { return };
        let ask =
            GetUpdates { offset, timeout: HOLD_S, limit: BATCH_MAX, allowed_updates: UPDATE_KINDS };
        let asked = calls::ask(&bot, &ask).await;
        let Some(telegram) = telegram.upgrade() else { return };
        let waits = match asked {
            Ok(updates) => {
                let all = updates.len();
                let taken = take(&telegram, updates, &mut offset).await;
                warnings.reachable();
                taken < all
            }
            Err(error) if is_revoked(&error) => {
                tracing::error!("Telegram refuses the bot token: it was revoked");
                return telegram.inbox.end();
            }
            Err(error) => {
                warnings.make(&error);
                true
            }
        };
        drop(telegram);
        if waits {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        } else {
            pause = PAUSE;
        }
    }
}

/// Hands updates over in order and moves the offset past those that were taken. Returns their
/// number.
async fn take(telegram: &TelegramChannel, updates: Vec<Value>, offset: &mut i32) -> usize {
    let mut read: Vec<(i32, bool)> = Vec::new();
    let mut events = Vec::new();
    for update in updates {
        let id = update["update_id"].as_i64().and_then(|id| i32::try_from(id).ok());
        let Some(id) = id else { continue };
        match telegram.read_update(&update).await {
            Ok(found) => {
                read.push((id, found.is_some()));
                events.extend(found);
            }
            Err(_) => break,
        }
    }
    let mut deliveries = telegram.inbox.put_all(events).into_iter();
    let mut taken = 0;
    for (id, is_delivered) in read {
        let is_taken = match is_delivered.then(|| deliveries.next()).flatten() {
            Some(Ok(Some(delivery))) => delivery.taken().await.is_ok(),
            Some(Err(_)) => false,
            Some(Ok(None)) | None => true,
        };
        if !is_taken {
            break;
        }
        *offset = id.saturating_add(1);
        taken += 1;
    }
    taken
}

fn is_revoked(error: &RequestError) -> bool {
    matches!(error, RequestError::Api(ApiError::InvalidToken))
}

const RIVAL: &str = "another process asks Telegram for the same bot's messages; only one may. \
                     This one goes on asking, more seldom";

const WEBHOOK: &str = "this bot has a webhook, so its messages cannot be asked for; remove the \
                       webhook, or set TELEGRAM_WEBHOOK_SECRET to use one";

const OUT_OF_REACH: &str = "Telegram cannot be reached; trying again";

/// The warnings so far, so that the log does not repeat them.
#[derive(Default)]
struct PollingWarnings {
    last: Option<&'static str>,
    /// Two processes that take turns succeed in between, so this warning comes only once.
    of_rival: bool,
}

impl PollingWarnings {
    fn make(&mut self, error: &RequestError) {
        if let Some(warning) = self.new_warning(error) {
            tracing::warn!("{warning}");
        }
    }

    /// The warning for this error, if it is a new one.
    fn new_warning(&mut self, error: &RequestError) -> Option<&'static str> {
        let warning = match error {
            RequestError::Api(ApiError::TerminatedByOtherGetUpdates) => RIVAL,
            RequestError::Api(ApiError::CantGetUpdates) => WEBHOOK,
            _ => OUT_OF_REACH,
        };
        let is_rival = warning == RIVAL;
        let was_said = self.last == Some(warning) || (is_rival && self.of_rival);
        self.of_rival |= is_rival;
        self.last = Some(warning);
        (!was_said).then_some(warning)
    }

    fn reachable(&mut self) {
        self.last = None;
    }
}
