//! The refusals of Fly. Texts marked *recorded* are verbatim from production; the others are near
//! enough in meaning, and where the status is not known either, one of several is drawn.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A refusal: status and body.
#[derive(Debug)]
pub struct FlyApiError(StatusCode, Value);

impl IntoResponse for FlyApiError {
    fn into_response(self) -> Response {
        (self.0, Json(self.1)).into_response()
    }
}

impl FlyApiError {
    /// A refusal in Fly's usual envelope.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self(status, json!({ "error": error.into() }))
    }

    fn with_status(status: StatusCode, error: &str, word: &str) -> Self {
        Self(status, json!({ "error": error, "status": word }))
    }

    /// The body does not fit the operation.
    pub fn malformed(problem: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("invalid_argument: {problem}"))
    }

    /// Recorded: a token that is revoked, forged, expired or cut off.
    pub fn token_invalid() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Authenticate: token validation error")
    }

    /// Recorded: no token in the header.
    pub fn token_missing() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "no tokens found in header")
    }

    /// Recorded: an app of another organisation, or an action that the token does not allow.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::FORBIDDEN, "unauthorized")
    }

    pub fn app_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "app not found")
    }

    pub fn machine_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "machine not found")
    }

    /// The volume does not exist, or reads do not show it yet.
    pub fn volume_not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "volume not found")
    }

    /// The same, when a machine asks for it.
    pub fn mount_not_found() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "volume not found")
    }

    /// Recorded in fly-go's tests.
    pub fn name_taken() -> Self {
        Self::with_status(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Validation failed: Name has already been taken",
            "name_taken",
        )
    }

    pub fn name_invalid() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "Validation failed: Name under 63 chars using numbers, lowercase letters and dashes",
        )
    }

    /// Recorded: the id inside makes a lost create adoptable.
    pub fn machine_name_taken(id: &str, name: &str) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            format!(
                "already_exists: unique machine name violation, machine ID {id} already exists \
                 with name \"{name}\""
            ),
        )
    }

    pub fn volume_in_wrong_region(volume: &str, is: &str, wanted: &str) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            format!(
                "Mounts source volume \"{volume}\" is in the wrong region (\"{is}\" != \
                 \"{wanted}\")"
            ),
        )
    }

    /// One volume, one machine.
    pub fn volume_in_use(volume: &str, machine: &str) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            format!("volume {volume} is already attached to machine {machine}"),
        )
    }

    /// The region's volumes are full. Recorded.
    pub fn no_volume_capacity() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "no capacity")
    }

    /// The region's hosts are full. Both are recorded.
    pub fn no_machine_capacity(draw: u8) -> Self {
        if draw.is_multiple_of(2) {
            Self::new(
                StatusCode::CONFLICT,
                "could not reserve resource for machine: insufficient memory available to fulfill \
                 request",
            )
        } else {
            Self::with_status(
                StatusCode::SERVICE_UNAVAILABLE,
                "out of capacity",
                "insufficient_capacity",
            )
        }
    }

    /// The organisation's quota in a region. Recorded.
    pub fn over_quota(organisation: &str, region: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            format!(
                "organization \"{organisation}\" is using 1970176 MB of memory in {region} which \
                 is over the allowed quota. please consider other regions"
            ),
        )
    }

    /// No card. The text is recorded, the status is not.
    pub fn payment_needed(organisation: &str, draw: u8) -> Self {
        Self::new(
            unsure(draw),
            format!(
                "We need your payment information to continue! Add a credit card or buy credit: \
                 https://fly.io/dashboard/{organisation}/billing"
            ),
        )
    }

    /// No card, and a second machine. The text is recorded, the status is not.
    pub fn second_machine_needs_payment(organisation: &str, draw: u8) -> Self {
        Self::new(
            unsure(draw),
            format!(
                "To create more than 1 machine per app please add a payment method. \
                 https://fly.io/dashboard/{organisation}/billing"
            ),
        )
    }

    /// The trial is over.
    pub fn trial_ended(draw: u8) -> Self {
        Self::new(
            unsure(draw),
            "Trial has ended, please add a credit card by visiting https://fly.io/trial",
        )
    }

    /// Under review.
    pub fn high_risk(draw: u8) -> Self {
        Self::new(
            unsure(draw),
            "Your account has been marked as high risk. Please go to \
             https://fly.io/high-risk-unlock to verify your account.",
        )
    }

    pub fn suspended() -> Self {
        Self::new(StatusCode::FORBIDDEN, "organization is suspended")
    }

    /// The image does not exist.
    pub fn manifest_unknown(image: &str, draw: u8) -> Self {
        let error = if draw.is_multiple_of(2) {
            "MANIFEST_UNKNOWN: manifest unknown".to_owned()
        } else {
            format!("failed to get manifest {image}: request failed: not found")
        };
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    /// The secrets that a machine asks for were not set yet.
    pub fn secrets_not_available() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "secrets version not yet available")
    }

    /// A second shared address.
    pub fn already_shared(draw: u8) -> Self {
        let status = if draw.is_multiple_of(2) {
            StatusCode::CONFLICT
        } else {
            StatusCode::UNPROCESSABLE_ENTITY
        };
        Self::new(status, "Validation failed: App already has a shared IP address")
    }

    /// Another writer holds the machine's lease; the text is in `message`, not in `error`.
    pub fn leased(machine: &str, nonce: &str, until: &str) -> Self {
        Self(
            StatusCode::CONFLICT,
            json!({
                "status": "error",
                "message": format!("machine ID {machine} lease currently held by {nonce}, expires \
                                    at {until}"),
            }),
        )
    }

    /// Recorded: the wait is over and the state is another.
    pub fn not_reached(wanted: &str, current: &str) -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            format!("machine failed to reach desired state, {wanted}, currently {current}"),
        )
    }

    /// An optimistic lock failed.
    pub fn version_mismatch(status: StatusCode, problem: &str) -> Self {
        Self::new(status, format!("{problem} mismatch"))
    }

    /// The machine is in no state for this.
    pub fn precondition(problem: &str) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, format!("failed_precondition: {problem}"))
    }

    /// Too many calls.
    pub fn rate_limited() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded")
    }

    /// No such route.
    pub fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "404 page not found")
    }
}

fn unsure(draw: u8) -> StatusCode {
    match draw % 3 {
        0 => StatusCode::UNPROCESSABLE_ENTITY,
        1 => StatusCode::PAYMENT_REQUIRED,
        _ => StatusCode::FORBIDDEN,
    }
}
