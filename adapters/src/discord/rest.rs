//! Discord's REST API, within the rate limits that Discord states.

use std::time::{Duration, Instant};

use bytes::Bytes;
use dashmap::DashMap;
use reqwest::header::{AUTHORIZATION, HeaderMap, USER_AGENT};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use serenity::all::{Message, UserId};
use zeroize::Zeroizing;

use super::errors::{DiscordStartError, meaning};
use crate::answer::{BodyReadError, json, read};
use crate::channel::ChannelError;
use crate::chat::OutboundFile;
use crate::client;

const BASE: &str = "https://discord.com";

/// Discord refuses programs without a `User-Agent` of this form.
const NAME: &str = concat!("DiscordBot (https://discord.com, ", env!("CARGO_PKG_VERSION"), ")");

const DEADLINE: Duration = Duration::from_secs(20);

/// A page of a hundred messages with all that surrounds them.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

const FILE_DEADLINE: Duration = Duration::from_secs(180);

/// The wait when Discord is too busy and names no time.
const BUSY: Duration = Duration::from_secs(2);

/// The bucket that all calls share.
const GLOBAL: &str = "";

pub(super) struct DiscordRest {
    client: Client,
    base: String,
    authorization: Zeroizing<String>,
    /// The time until which a bucket is used up, by bucket.
    closed: DashMap<String, Instant>,
}

/// The bot's profile.
#[derive(Deserialize)]
pub(super) struct DiscordProfile {
    pub(super) id: UserId,
    pub(super) username: String,
}

#[derive(Deserialize)]
struct CreatedMessage {
    id: String,
}

#[derive(Deserialize)]
struct DiscordErrorBody {
    #[serde(default)]
    code: u64,
    retry_after: Option<f64>,
    #[serde(default)]
    global: bool,
}

impl DiscordRest {
    pub(super) fn new(token: &str, api_url: Option<&str>) -> Result<Self, DiscordStartError> {
        let client = client::direct().map_err(|_| DiscordStartError::Platform)?;
        let base = format!("{}/api/v10", api_url.unwrap_or(BASE).trim_end_matches('/'));
        let authorization = Zeroizing::new(format!("Bot {token}"));
        Ok(Self { client, base, authorization, closed: DashMap::new() })
    }

    pub(super) async fn me(&self) -> Result<DiscordProfile, DiscordStartError> {
        let asked = self.request(Method::GET, "users/@me", DEADLINE).send().await;
        let answer = asked.map_err(|_| DiscordStartError::Unreachable)?;
        match answer.status() {
            StatusCode::UNAUTHORIZED => Err(DiscordStartError::TokenRefused),
            StatusCode::OK => {
                json(answer, ANSWER_BYTES_MAX).await.ok_or(DiscordStartError::Unreachable)
            }
            _ => Err(DiscordStartError::Unreachable),
        }
    }

    /// Sends a message; its id.
    pub(super) async fn create(
        &self,
        channel: u64,
        message: &Value,
        file: Option<&OutboundFile>,
    ) -> Result<String, ChannelError> {
        let path = format!("channels/{channel}/messages");
        let answer = match file {
            None => self.sends(Method::POST, &path, Some(message)).await?,
            Some(file) => {
                let bytes = Part::stream_with_length(file.bytes.clone(), file.bytes.len() as u64)
                    .file_name(file.name.clone());
                let bytes = bytes.mime_str(&file.media_type);
                let bytes = bytes.map_err(|_| ChannelError::Refused("no such type of file"))?;
                let form = Form::new().text("payload_json", message.to_string());
                let form = form.part("files[0]", bytes);
                let request = self.request(Method::POST, &path, FILE_DEADLINE).multipart(form);
                self.send_within_limit(&limit(&Method::POST, &path), request).await?
            }
        };
        let sent = json::<CreatedMessage>(answer, ANSWER_BYTES_MAX).await;
        sent.map(|it| it.id).ok_or(ChannelError::InDoubt)
    }

    pub(super) async fn edit(
        &self,
        channel: u64,
        message: u64,
        new: &Value,
    ) -> Result<(), ChannelError> {
        let path = format!("channels/{channel}/messages/{message}");
        self.sends(Method::PATCH, &path, Some(new)).await.map(drop)
    }

    pub(super) async fn delete(&self, channel: u64, message: u64) -> Result<(), ChannelError> {
        let path = format!("channels/{channel}/messages/{message}");
        self.sends(Method::DELETE, &path, None).await.map(drop)
    }

    pub(super) async fn typing(&self, channel: u64) -> Result<(), ChannelError> {
        let path = format!("channels/{channel}/typing");
        self.sends(Method::POST, &path, Some(&json!({}))).await.map(drop)
    }

    pub(super) async fn message(&self, channel: u64, id: u64) -> Result<Message, ChannelError> {
        let path = format!("channels/{channel}/messages/{id}");
        let answer = self.sends(Method::GET, &path, None).await?;
        json(answer, ANSWER_BYTES_MAX).await.ok_or(ChannelError::InDoubt)
    }

    /// The newest messages, or those that came next after one; the oldest first.
    pub(super) async fn messages(
        &self,
        channel: u64,
        limit: usize,
        after: Option<u64>,
    ) -> Result<Vec<Message>, ChannelError> {
        let after = after.map(|id| format!("&after={id}")).unwrap_or_default();
        let path = format!("channels/{channel}/messages?limit={limit}{after}");
        let answer = self.sends(Method::GET, &path, None).await?;
        let found = json::<Vec<Message>>(answer, ANSWER_BYTES_MAX).await;
        let mut found = found.ok_or(ChannelError::InDoubt)?;
        found.sort_by_key(|message| message.id);
        Ok(found)
    }

    pub(super) async fn register(
        &self,
        application: UserId,
        commands: &Value,
    ) -> Result<(), ChannelError> {
        let path = format!("applications/{application}/commands");
        self.sends(Method::PUT, &path, Some(commands)).await.map(drop)
    }

    /// Answers an interaction, which has no limit but its own three seconds.
    pub(super) async fn answer(
        &self,
        interaction: u64,
        token: &str,
        answer: &Value,
    ) -> Result<(), ChannelError> {
        if !is_token(token) {
            return Err(ChannelError::Refused("no token of an interaction"));
        }
        let path = format!("interactions/{interaction}/{token}/callback");
        let answered = self.request(Method::POST, &path, DEADLINE).json(answer).send().await;
        match answered {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(meaning(answer.status(), 0)),
            Err(_) => Err(ChannelError::InDoubt),
        }
    }

    /// Fetches a file from the address that Discord names, without our token: the host is another
    /// one.
    pub(super) async fn download(&self, url: &str, most: u64) -> Result<Bytes, ChannelError> {
        let answer = self.client.get(url).timeout(FILE_DEADLINE).send().await;
        let answer = answer.map_err(|_| ChannelError::InDoubt)?;
        match answer.status() {
            StatusCode::OK => {}
            status if status.is_server_error() => return Err(ChannelError::InDoubt),
            _ => return Err(ChannelError::Refused("the file is not there any more")),
        }
        read(answer, most).await.map_err(|why| match why {
            BodyReadError::TooLong => ChannelError::Refused("the file is too large"),
            BodyReadError::Broken => ChannelError::InDoubt,
        })
    }

    fn request(&self, method: Method, path: &str, deadline: Duration) -> RequestBuilder {
        let request = self.client.request(method, format!("{}/{path}", self.base));
        let request = request.header(AUTHORIZATION, self.authorization.as_str());
        request.header(USER_AGENT, NAME).timeout(deadline)
    }

    async fn sends(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Response, ChannelError> {
        let limit = limit(&method, path);
        let request = self.request(method, path, DEADLINE);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.send_within_limit(&limit, request).await
    }

    /// Sends unless Discord said to wait: a client that insists is locked out.
    async fn send_within_limit(
        &self,
        limit: &str,
        request: RequestBuilder,
    ) -> Result<Response, ChannelError> {
        if let Some(left) = self.left(limit) {
            return Err(too_fast(left));
        }
        let answer = request.send().await.map_err(|_| ChannelError::InDoubt)?;
        let status = answer.status();
        if let (Some(0), Some(wait)) = (remaining(answer.headers()), reset(answer.headers())) {
            self.close(limit, wait);
        }
        if status.is_success() {
            return Ok(answer);
        }
        let refusal = json::<DiscordErrorBody>(answer, ANSWER_BYTES_MAX).await;
        let code = refusal.as_ref().map_or(0, |it| it.code);
        if status != StatusCode::TOO_MANY_REQUESTS {
            return Err(meaning(status, code));
        }
        let wait = refusal.as_ref().and_then(|it| it.retry_after);
        let wait = wait.and_then(|it| Duration::try_from_secs_f64(it).ok()).unwrap_or(BUSY);
        let is_global = refusal.is_some_and(|it| it.global);
        self.close(if is_global { GLOBAL } else { limit }, wait);
        Err(too_fast(wait))
    }

    fn close(&self, limit: &str, wait: Duration) {
        let now = Instant::now();
        self.closed.retain(|_, until| *until > now);
        self.closed.insert(limit.to_owned(), now + wait);
    }

    fn left(&self, limit: &str) -> Option<Duration> {
        let until = [limit, GLOBAL]
            .into_iter()
            .filter_map(|it| self.closed.get(it).map(|until| *until))
            .max()?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// So that it can stand in a path.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b))
}

fn too_fast(wait: Duration) -> ChannelError {
    let whole_ms = wait.as_nanos().div_ceil(1_000_000);
    ChannelError::RateLimited { retry_after_ms: u64::try_from(whole_ms).unwrap_or(u64::MAX) }
}

/// The bucket of a call: a method on one channel's messages, whichever they are.
fn limit(method: &Method, path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let shared: Vec<_> = path.split('/').take(3).collect();
    format!("{method} {}", shared.join("/"))
}

fn remaining(headers: &HeaderMap) -> Option<u64> {
    headers.get("x-ratelimit-remaining")?.to_str().ok()?.parse().ok()
}

fn reset(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("x-ratelimit-reset-after")?.to_str().ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
