//! An answer of a service, read no further than it may be long: whatever sends more than its
//! interface describes is not to fill our memory.

use bytes::Bytes;
use reqwest::Response;
use serde::de::DeserializeOwned;

/// Why there is no whole answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyReadError {
    /// It is longer than it may be.
    TooLong,
    /// It breaks off.
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

/// What the body says in JSON; nothing where it says something else.
pub(crate) async fn json<T: DeserializeOwned>(answer: Response, bytes_max: u64) -> Option<T> {
    let body = read(answer, bytes_max).await.ok()?;
    serde_json::from_slice(&body).ok()
}
