//! What goes wrong when a message is sent, once each and in order.

use std::sync::Arc;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::SimulatedTwilio;
use super::accounts::TwilioApiError;

/// What happens to the next message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TwilioFault {
    /// Too many requests, with the seconds to wait if Twilio says them.
    Busy(Option<u64>),
    /// Twilio fails before it has taken the message.
    LostBefore,
    /// Twilio takes the message, and its answer is lost.
    LostAfter,
}

impl SimulatedTwilio {
    /// Something goes wrong with the next message.
    pub fn has_trouble(&self, trouble: TwilioFault) {
        self.state().faults.push_back(trouble);
    }

    /// From now on no content is made, and those that are there are forgotten.
    pub fn refuse_contents(&self) {
        let mut state = self.state();
        state.refuses_contents = true;
        state.contents.clear();
    }

    /// Sends, as far as nothing goes wrong.
    pub(super) fn in_trouble(
        self: &Arc<Self>,
        send: impl FnOnce() -> Result<(StatusCode, Json<Value>), TwilioApiError>,
    ) -> Response {
        let next = self.state().faults.pop_front();
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
