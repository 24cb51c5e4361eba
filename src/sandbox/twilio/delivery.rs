//! Calls of webhooks: signed, and repeated as the fragment of the URL asks.

use std::sync::Arc;
use std::time::Duration;

use adapters::whatsapp::signature::{SignedContent, sign};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use url::form_urlencoded;

use super::TwilioMessage;
use super::accounts::TwilioCredentials;
use crate::http::{SharedTransport, TransportError, call};
use crate::random::Random;

/// The time for connecting and reading together (Twilio's docs, "Webhooks: Connection overrides").
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// The number of retries without an override.
const RETRIES: u32 = 1;

/// Most retries of a webhook.
const RETRIES_MAX: u32 = 5;

/// The pause before a retry.
const PAUSE: Duration = Duration::from_millis(300);

/// Largest answer of a webhook that is read: a page of TwiML.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Largest file of a message (Twilio's docs, "WhatsApp: media").
const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most deliveries of one webhook where deliveries are duplicated.
const TIMES_MAX: u8 = 5;

type CallbackFields = Vec<(String, String)>;

/// A URL without its fragment, the number of retries, and whether every failure is retried.
fn overrides(url: &str) -> (&str, u32, bool) {
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let of = |name: &str| {
        form_urlencoded::parse(fragment.as_bytes())
            .find(|(it, _)| it == name)
            .map(|(_, it)| it.into_owned())
    };
    let retries = of("rc").and_then(|it| it.parse().ok()).unwrap_or(RETRIES).min(RETRIES_MAX);
    (url, retries, of("rp").as_deref() == Some("all"))
}

/// Calls the webhooks of senders, and fetches their files.
pub(super) struct WebhookClient {
    credentials: TwilioCredentials,
    random: Random,
    transport: SharedTransport,
}

impl WebhookClient {
    pub fn new(credentials: TwilioCredentials, random: Random, transport: SharedTransport) -> Self {
        Self { credentials, random, transport }
    }

    /// Posts an action of a person to a sender's webhook, with `duplicates` a few times.
    pub fn deliver(self: &Arc<Self>, url: String, fields: CallbackFields, duplicates: bool) {
        let times = if duplicates { 1 + self.random.bytes::<1>()[0] % TIMES_MAX } else { 1 };
        let client = self.clone();
        tokio::spawn(async move {
            for _ in 0..times {
                client.post(&url, &fields).await;
            }
        });
    }

    async fn post(&self, url: &str, fields: &CallbackFields) {
        let (url, retries, after_all) = overrides(url);
        let token = hex::encode(self.random.bytes::<16>());
        for _ in 0..=retries {
            match self.attempt(url, fields, &token).await {
                Ok(status) if status.is_success() || !after_all => return,
                _ => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    async fn attempt(
        &self,
        url: &str,
        fields: &CallbackFields,
        token: &str,
    ) -> Result<StatusCode, TransportError> {
        let signature = sign(&self.credentials.auth_token, url, SignedContent::Form(fields));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-twilio-signature", signature)
            .header("i-twilio-idempotency-token", token)
            .body(Bytes::from(body))
            .map_err(|_| TransportError::NotSent)?;
        let answer = call(&*self.transport, request, ANSWER_TIMEOUT, ANSWER_BYTES_MAX).await?;
        Ok(answer.status)
    }

    /// Fetches a file of a sender.
    pub async fn get(&self, url: &str) -> Option<Bytes> {
        let request = Request::get(url).body(Bytes::new()).ok()?;
        let answer = call(&*self.transport, request, ANSWER_TIMEOUT, FILE_BYTES_MAX).await.ok()?;
        answer.status.is_success().then_some(answer.body)
    }

    /// Posts the status of a message: delivered, or failed because the person wrote too long ago.
    /// The callbacks are duplicated and out of order, as Twilio's may be.
    pub fn post_status(self: &Arc<Self>, url: &str, message: &TwilioMessage, is_delivered: bool) {
        let callbacks: &[(&str, Option<&str>)] = match is_delivered {
            true => &[("delivered", None), ("sent", None), ("delivered", None)],
            false => &[("failed", Some("63016")), ("failed", Some("63016"))],
        };
        for (status, error) in callbacks {
            let mut fields: CallbackFields = [
                ("MessageSid", message.sid.as_str()),
                ("SmsSid", &message.sid),
                ("AccountSid", &self.credentials.account_sid),
                ("From", &message.from),
                ("To", &message.to),
                ("MessageStatus", status),
                ("SmsStatus", status),
                ("ApiVersion", "2010-04-01"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
            fields.extend(error.map(|code| ("ErrorCode".to_owned(), code.to_owned())));
            let (client, url) = (self.clone(), url.to_owned());
            tokio::spawn(async move { client.post(&url, &fields).await });
        }
    }
}
