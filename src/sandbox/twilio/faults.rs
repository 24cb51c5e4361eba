//! Faults in the sending of messages.

use std::collections::VecDeque;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde_json::Value;

use super::accounts::TwilioApiError;

/// A fault of one message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwilioFault {
    /// Too many requests, with the seconds to wait where Twilio names them.
    Busy(Option<u64>),
    /// Twilio fails before it has taken the message.
    LostBefore,
    /// Twilio takes the message, and its answer is lost.
    LostAfter,
}

/// The faults of the next messages, in order.
#[derive(Default)]
pub struct TwilioFaults(Mutex<VecDeque<TwilioFault>>);

impl TwilioFaults {
    /// Adds a fault for one message.
    pub fn add(&self, fault: TwilioFault) {
        self.0.lock().push_back(fault);
    }

    /// Sends a message, unless the next fault prevents it.
    pub(super) fn apply(
        &self,
        send: impl FnOnce() -> Result<(StatusCode, Json<Value>), TwilioApiError>,
    ) -> Response {
        let next = self.0.lock().pop_front();
        let lost = || (StatusCode::SERVICE_UNAVAILABLE, "upstream failed").into_response();
        match next {
            None => send().into_response(),
            Some(TwilioFault::LostBefore) => lost(),
            Some(TwilioFault::LostAfter) => {
                send().map_or_else(TwilioApiError::into_response, |_| lost())
            }
            Some(TwilioFault::Busy(seconds)) => {
                let (status, message) = (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
                let mut answer = TwilioApiError { status, code: 20429, message }.into_response();
                if let Some(seconds) = seconds {
                    let wait = HeaderValue::from(seconds);
                    answer.headers_mut().insert(header::RETRY_AFTER, wait);
                }
                answer
            }
        }
    }
}
