//! Twilio's REST interfaces, as far as a chat needs them. Errors of the client hold URLs and are
//! not kept.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::inbound::is_sid;
use super::{TwilioApis, WhatsAppStartError};
use crate::answer::{BodyReadError, json, read};
use crate::channel::ChannelError;
use crate::client;

/// A message takes a fraction of a second; after this time its fate is unknown.
const DEADLINE: Duration = Duration::from_secs(15);

/// A file of 16 MB over a slow line.
const FILE_DEADLINE: Duration = Duration::from_secs(60);

/// A message of 1600 characters with all that surrounds it.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// The wait when Twilio is too busy and names no time.
const BUSY_MS: u64 = 3_000;

pub(super) struct TwilioRest {
    client: Client,
    account_sid: String,
    auth_token: Zeroizing<String>,
    apis: TwilioApis,
}

#[derive(Deserialize)]
struct TwilioErrorBody {
    code: Option<u32>,
}

/// A message in Twilio's records.
#[derive(Deserialize)]
pub(super) struct MessageResource {
    pub(super) sid: String,
    body: Option<String>,
}

impl MessageResource {
    pub(super) fn says(&self, body: &str) -> bool {
        self.body.as_deref().unwrap_or_default() == body
    }
}

#[derive(Deserialize)]
struct MessageList {
    messages: Vec<MessageResource>,
}

impl TwilioRest {
    pub(super) fn new(
        account_sid: &str,
        auth_token: Zeroizing<String>,
        apis: TwilioApis,
    ) -> Result<Self, WhatsAppStartError> {
        let client = client::direct().map_err(|_| WhatsAppStartError::Platform)?;
        Ok(Self { client, account_sid: account_sid.to_owned(), auth_token, apis })
    }

    fn account(&self, path: &str) -> String {
        let api = self.apis.api.as_str().trim_end_matches('/');
        format!("{api}/2010-04-01/Accounts/{}/{path}", self.account_sid)
    }

    fn authorized(
        &self,
        request: reqwest::RequestBuilder,
        deadline: Duration,
    ) -> reqwest::RequestBuilder {
        request.basic_auth(&self.account_sid, Some(self.auth_token.as_str())).timeout(deadline)
    }

    /// Sends a message and returns its id.
    pub(super) async fn send(&self, form: &[(&str, &str)]) -> Result<String, ChannelError> {
        let request = self.client.post(self.account("Messages.json")).form(form);
        let answer = self.authorized(request, DEADLINE).send().await;
        let answer = answer.map_err(|_| ChannelError::InDoubt)?;
        match answer.status() {
            status if status.is_success() => {
                let message = json::<MessageResource>(answer, ANSWER_BYTES_MAX).await;
                message.map(|it| it.sid).ok_or(ChannelError::InDoubt)
            }
            status if status.is_server_error() => Err(ChannelError::InDoubt),
            _ => Err(meaning(answer).await),
        }
    }

    /// The newest message of ours in a chat.
    pub(super) async fn newest(&self, from: &str, to: &str) -> Option<MessageResource> {
        let query = [("From", from), ("To", to), ("PageSize", "1")];
        let request = self.client.get(self.account("Messages.json")).query(&query);
        let answer = self.authorized(request, DEADLINE).send().await.ok()?;
        let recent: MessageList = json(answer, ANSWER_BYTES_MAX).await?;
        recent.messages.into_iter().next()
    }

    /// Removes Twilio's copy of a message.
    pub(super) async fn delete(&self, sid: &str) -> Result<(), ChannelError> {
        if !is_sid(sid) {
            return Err(ChannelError::NoSuchMessage);
        }
        let request = self.client.delete(self.account(&format!("Messages/{sid}.json")));
        let answer = self.authorized(request, DEADLINE).send().await;
        let answer = answer.map_err(|_| ChannelError::InDoubt)?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(ChannelError::NoSuchMessage),
            _ => Err(meaning(answer).await),
        }
    }

    /// A lost typing sign does no harm.
    pub(super) async fn typing(&self, sid: &str) {
        let url = joined(&self.apis.messaging, "v2/Indicators/Typing.json");
        let form = [("messageId", sid), ("channel", "whatsapp")];
        let _ = self.authorized(self.client.post(url).form(&form), DEADLINE).send().await;
    }

    pub(super) async fn create_content(&self, content: &Value) -> Option<String> {
        let url = joined(&self.apis.content, "v1/Content");
        let request = self
            .client
            .post(url)
            .header(reqwest::header::CONTENT_TYPE, "application/json")
            .body(content.to_string());
        let answer = self.authorized(request, DEADLINE).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let answer: Value = json(answer, ANSWER_BYTES_MAX).await?;
        answer["sid"].as_str().filter(|sid| is_sid(sid)).map(str::to_owned)
    }

    /// A medium, by the ids of its message and its own. Twilio redirects to where it lies, which
    /// gets no credentials of ours.
    pub(super) async fn medium(&self, id: &str, bytes_max: u64) -> Result<Bytes, ChannelError> {
        let gone = ChannelError::Refused("the file is not there any more");
        let Some((message, medium)) = id.split_once('/') else { return Err(gone) };
        if !is_sid(message) || !is_sid(medium) {
            return Err(gone);
        }
        let url = self.account(&format!("Messages/{message}/Media/{medium}"));
        let answer = self.authorized(self.client.get(url), FILE_DEADLINE).send().await;
        let mut answer = answer.map_err(|_| ChannelError::InDoubt)?;
        if answer.status().is_redirection() {
            let place = answer.headers().get(reqwest::header::LOCATION);
            let place = place.and_then(|it| it.to_str().ok()).and_then(|it| it.parse::<Url>().ok());
            let place = place.ok_or(ChannelError::InDoubt)?;
            let request = self.client.get(place).timeout(FILE_DEADLINE);
            answer = request.send().await.map_err(|_| ChannelError::InDoubt)?;
        }
        match answer.status() {
            status if status.is_success() => {
                read(answer, bytes_max).await.map_err(|why| match why {
                    BodyReadError::TooLong => ChannelError::Refused("the file is too large"),
                    BodyReadError::Broken => ChannelError::InDoubt,
                })
            }
            StatusCode::NOT_FOUND => Err(gone),
            _ => Err(ChannelError::InDoubt),
        }
    }
}

fn joined(base: &Url, path: &str) -> String {
    format!("{}/{path}", base.as_str().trim_end_matches('/'))
}

/// The meaning of a refusal (Twilio's error dictionary).
async fn meaning(answer: Response) -> ChannelError {
    let status = answer.status();
    let wait = answer.headers().get(reqwest::header::RETRY_AFTER);
    let wait = wait.and_then(|it| it.to_str().ok()?.trim().parse::<u64>().ok());
    let refusal = json::<TwilioErrorBody>(answer, ANSWER_BYTES_MAX).await;
    let code = refusal.and_then(|refusal| refusal.code);
    match (status, code) {
        (StatusCode::TOO_MANY_REQUESTS, _) | (_, Some(20429 | 63018)) => {
            ChannelError::RateLimited {
                retry_after_ms: wait.map_or(BUSY_MS, |seconds| seconds.saturating_mul(1_000)),
            }
        }
        // Unsubscribed, not joined, blocked, outside the window.
        (_, Some(21610 | 63015 | 63016 | 63024)) => ChannelError::Unreachable,
        (StatusCode::UNAUTHORIZED, _) | (_, Some(20003)) => {
            ChannelError::Refused("Twilio refuses the account's credentials")
        }
        (_, Some(21617)) => ChannelError::Refused("too long"),
        _ => ChannelError::Refused("Twilio refused it"),
    }
}
