//! Calls of the Bot API. The library's own sending reads an answer of any length, follows it to
//! another host, and gives up on a long poll before Telegram does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Client, RequestBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use teloxide::requests::Payload;
use teloxide::types::{ChatId, Message, ResponseParameters};
use teloxide::{ApiError, Bot, RequestError};

use super::errors::TelegramStartError;
use crate::answer::{BodyReadError, read};
use crate::chat::OutboundFile;
use crate::client;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Telegram answers within a second; after this time the fate of a call is unknown.
const DEADLINE: Duration = Duration::from_secs(17);

/// The time limit of a file of 50 MB over a slow line.
const FILE_DEADLINE: Duration = Duration::from_secs(180);

/// A hundred updates, each as long as a webhook takes it, are 25 MB; messages of 4096 characters
/// are far from that.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

#[derive(Deserialize)]
struct TelegramResponse<T> {
    ok: bool,
    result: Option<T>,
    description: Option<ApiError>,
    parameters: Option<ResponseParameters>,
}

/// The client of all calls.
pub(super) fn client() -> Result<Client, TelegramStartError> {
    let client = Client::builder().connect_timeout(CONNECT_TIMEOUT).tcp_nodelay(true);
    client::directly(client).map_err(|_| TelegramStartError::Platform)
}

/// Calls a method.
pub(super) async fn ask<P>(bot: &Bot, payload: &P) -> Result<P::Output, RequestError>
where
    P: Payload + Serialize,
    P::Output: DeserializeOwned,
{
    let hold = payload.timeout_hint().unwrap_or_default();
    answered(request(bot, P::NAME, DEADLINE + hold)?.json(payload)).await
}

/// Sends a file with `method`, which calls it `kind`.
pub(super) async fn send_file(
    bot: &Bot,
    (method, kind): (&str, &'static str),
    to: ChatId,
    file: &OutboundFile,
) -> Result<Message, RequestError> {
    let bytes = Part::stream_with_length(file.bytes.clone(), file.bytes.len() as u64);
    let form = Form::new().text("chat_id", to.to_string()).text("caption", file.caption.clone());
    let form = form.part(kind, bytes.file_name(file.name.clone()));
    answered(request(bot, method, FILE_DEADLINE)?.multipart(form)).await
}

fn request(bot: &Bot, method: &str, deadline: Duration) -> Result<RequestBuilder, RequestError> {
    let mut url = bot.api_url();
    let token = format!("bot{}", bot.token());
    // A token with any character stays one part of the path.
    let mut path = url.path_segments_mut().map_err(|()| unread(BodyReadError::Broken))?;
    path.pop_if_empty().push(&token).push(method);
    drop(path);
    Ok(bot.client().post(url).timeout(deadline))
}

async fn answered<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, RequestError> {
    let answer = request.send().await?;
    let body = read(answer, ANSWER_BYTES_MAX).await.map_err(unread)?;
    let answer = serde_json::from_slice(&body).map_err(not_telegrams)?;
    match answer {
        TelegramResponse { ok: true, result: Some(result), .. } => Ok(result),
        TelegramResponse {
            ok: false,
            parameters: Some(ResponseParameters::RetryAfter(wait)),
            ..
        } => Err(RequestError::RetryAfter(wait)),
        TelegramResponse { ok: false, description: Some(error), .. } => {
            Err(RequestError::Api(error))
        }
        _ => Err(unread(BodyReadError::Broken)),
    }
}

fn unread(why: BodyReadError) -> RequestError {
    let kind = match why {
        BodyReadError::TooLong => io::ErrorKind::FileTooLarge,
        BodyReadError::Broken => io::ErrorKind::UnexpectedEof,
    };
    RequestError::Io(Arc::new(kind.into()))
}

/// The error without its text, which may hold anything.
fn not_telegrams(error: serde_json::Error) -> RequestError {
    RequestError::InvalidJson { source: Arc::new(error), raw: Box::default() }
}
