//! The log of requests, with the rate limits and the mistakes of clients.

use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::errors::FlyApiError;
use super::limits::TokenBuckets;

/// One request, without headers and bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedCall {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Unix milliseconds.
    pub at_ms: u64,
}

/// The requests so far, and those that break Fly's rules.
#[derive(Default)]
pub(super) struct CallLog {
    calls: Mutex<Vec<LoggedCall>>,
    violations: Mutex<Vec<String>>,
    limits: Mutex<TokenBuckets>,
}

impl CallLog {
    pub fn add(&self, call: LoggedCall) {
        self.calls.lock().push(call);
    }

    pub fn calls(&self) -> Vec<LoggedCall> {
        self.calls.lock().clone()
    }

    pub fn add_violation(&self, description: impl Into<String>) {
        self.violations.lock().push(description.into());
    }

    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().clone()
    }

    /// Takes one call of `action` on `id` from the rate limit; false when the limit is used up.
    pub fn admit(&self, action: &str, id: &str, now_ms: u64) -> bool {
        self.limits.lock().admit(action, id, now_ms)
    }

    /// Reads a body as leniently as Fly does, and logs each field that the operation does not have.
    pub fn read<T: DeserializeOwned>(
        &self,
        operation: &str,
        body: &Value,
        fields: &[&str],
    ) -> Result<T, FlyApiError> {
        let object =
            body.as_object().ok_or_else(|| FlyApiError::malformed("an object is required"))?;
        for unknown in object.keys().filter(|key| !fields.contains(&key.as_str())) {
            self.add_violation(format!("{operation} has no field {unknown:?}"));
        }
        T::deserialize(body).map_err(|_| FlyApiError::malformed("a field has the wrong type"))
    }
}
