//! Public plain HTTP is led to HTTPS by the relay itself: its port also serves the private network,
//! where the cloud's proxy speaks plain HTTP, so that the cloud cannot do it.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use url::Url;

#[cfg(test)]
mod tests;

/// Headers in which a cloud's proxy names the protocol of the client (<https://fly.io/docs>,
/// "Request headers"). The proxy replaces what a client claims there; calls on the private network
/// past the proxy have none.
const PROTOCOL_HEADERS: [&str; 2] = ["x-forwarded-proto", "fly-forwarded-proto"];

/// Ends of names on the private network.
const PRIVATE: [&str; 2] = [".flycast", ".internal"];

/// Answered as it comes: the cloud's checks do not follow redirects.
const HEALTH: &str = "/health";

/// The same routes; requests that came over public plain HTTP get the same path at `public_url`.
/// Without an HTTPS address there is nothing to lead to.
pub(super) fn to_https(router: Router, public_url: Option<&Url>) -> Router {
    let Some(public_url) = public_url.filter(|url| url.scheme() == "https") else { return router };
    let base = public_url.as_str().trim_end_matches('/').to_owned();
    router.layer(from_fn_with_state(base, lead))
}

async fn lead(State(base): State<String>, request: Request, next: Next) -> Response {
    if !is_public_plain(request.headers()) || request.uri().path() == HEALTH {
        return next.run(request).await;
    }
    // The host in the request is the client's word, and credentials follow a redirect: ours is
    // configured.
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match HeaderValue::try_from(format!("{base}{path}")) {
        Ok(location) if path.starts_with('/') => {
            (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
        }
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

fn is_public_plain(headers: &HeaderMap) -> bool {
    let protocols = PROTOCOL_HEADERS.iter().flat_map(|name| headers.get_all(*name));
    let is_plain = protocols.map(HeaderValue::as_bytes).any(|it| it.eq_ignore_ascii_case(b"http"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    is_plain && !PRIVATE.iter().any(|end| name.to_ascii_lowercase().ends_with(end))
}
