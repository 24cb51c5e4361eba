//! The answer of a service, read up to a limit: a service that sends more than its interface
//! describes must not fill our memory.

use bytes::Bytes;
use reqwest::Response;
use serde::de::DeserializeOwned;

/// A failure to read a whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyReadError {
    /// The body exceeds the limit.
    TooLong,
    /// The body ends early.
    Broken,
}

/// The whole body.
pub(crate) async fn read(mut answer: Response, bytes_max: u64) -> Result<Bytes, BodyReadError> {
    if answer.content_length().is_some_and(|length| length > bytes_max) {
        return Err(BodyReadError::TooLong);
    }
    let mut whole = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(|_| BodyReadError::Broken)? {
        if (whole.len() + piece.len()) as u64 > bytes_max {
            return Err(BodyReadError::TooLong);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}

/// The body as JSON; `Null` where it is not JSON.
pub(crate) async fn json<T: DeserializeOwned>(answer: Response, bytes_max: u64) -> Option<T> {
    let body = read(answer, bytes_max).await.ok()?;
    serde_json::from_slice(&body).ok()
}
