//! Webhooks: signed, and delivered again as the URL's fragment asks.

use std::sync::Arc;
use std::time::Duration;

use adapters::whatsapp::signature::{SignedContent, sign};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use url::form_urlencoded;

use super::{SimulatedTwilio, TwilioMessage};
use crate::http::{TransportError, call};

/// Connecting and reading together (Twilio's docs, "Webhooks: Connection overrides").
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);

/// Retries without an override.
const RETRIES: u32 = 1;

/// Retries at the most.
const RETRIES_MAX: u32 = 5;

/// Before a retry.
const PAUSE: Duration = Duration::from_millis(300);

/// TwiML of a page.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Largest file of a message (Twilio's docs, "WhatsApp: media").
const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An unruly Twilio delivers a webhook at most this often.
const TIMES_MAX: u8 = 5;

type CallbackFields = Vec<(String, String)>;

/// A URL without its fragment, how often it is tried again, and whether after every failure.
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

impl SimulatedTwilio {
    /// Tells a sender's webhook what a person did.
    pub(super) fn deliver(self: &Arc<Self>, url: String, fields: CallbackFields) {
        let unruly = self.state().unruly;
        let times = if unruly { 1 + self.random.bytes::<1>()[0] % TIMES_MAX } else { 1 };
        let twilio = self.clone();
        tokio::spawn(async move {
            for _ in 0..times {
                twilio.post(&url, &fields).await;
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
        let signature = sign(&self.auth_token, url, SignedContent::Form(fields));
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

    /// A file of a sender's, from where it says that it lies.
    pub(super) async fn get(&self, url: &str) -> Option<Bytes> {
        let request = Request::get(url).body(Bytes::new()).ok()?;
        let answer = call(&*self.transport, request, ANSWER_TIMEOUT, FILE_BYTES_MAX).await.ok()?;
        answer.status.is_success().then_some(answer.body)
    }

    /// What becomes of a message: it comes, or fails because the person wrote too long ago. Told
    /// twice, and the end before the middle.
    pub(super) fn tell_status(self: &Arc<Self>, url: &str, message: &TwilioMessage, comes: bool) {
        let ends: &[(&str, Option<&str>)] = match comes {
            true => &[("delivered", None), ("sent", None), ("delivered", None)],
            false => &[("failed", Some("63016")), ("failed", Some("63016"))],
        };
        for (status, error) in ends {
            let mut fields: CallbackFields = [
                ("MessageSid", message.sid.as_str()),
                ("SmsSid", &message.sid),
                ("AccountSid", &self.account_sid),
                ("From", &message.from),
                ("To", &message.to),
                ("MessageStatus", status),
                ("SmsStatus", status),
                ("ApiVersion", "2010-04-01"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
            fields.extend(error.map(|code| ("ErrorCode".to_owned(), code.to_owned())));
            let (twilio, url) = (self.clone(), url.to_owned());
            tokio::spawn(async move { twilio.post(&url, &fields).await });
        }
    }
}
