//! A static page of ours: one file with its style and script inside, and headers under which
//! nothing else runs in it.

use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sha2::{Digest, Sha256};

#[cfg(test)]
mod tests;
pub(crate) mod texts;

use texts::PageTexts;

/// Stands in a page where its texts belong.
const TEXTS: &str = "{{texts}}";

/// A page and what it may do.
#[derive(Clone)]
pub(crate) struct HtmlPage {
    html: Bytes,
    policy: String,
}

impl HtmlPage {
    /// The page with its texts, which may be shown in a frame of `framed_by` alone, or in none.
    pub(crate) fn new(html: &str, texts: PageTexts, framed_by: Option<&str>) -> Self {
        let html = html.replace(TEXTS, &texts::json(texts));
        let hash = |tag: &str| {
            let inside = between(&html, &format!("<{tag}>"), &format!("</{tag}>"));
            STANDARD.encode(Sha256::digest(inside.as_bytes()))
        };
        let policy = format!(
            "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src \
             'self'; img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; \
             frame-ancestors {}",
            hash("script"),
            hash("style"),
            framed_by.unwrap_or("'none'"),
        );
        Self { html: html.into(), policy }
    }

    pub(crate) fn response(&self) -> Response {
        let headers = [
            (header::CONTENT_SECURITY_POLICY, self.policy.clone()),
            (header::CACHE_CONTROL, "no-store".to_owned()),
            (header::REFERRER_POLICY, "no-referrer".to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000".to_owned()),
        ];
        (headers, Html(self.html.clone())).into_response()
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let after = text.split_once(from).map_or("", |(_, after)| after);
    after.split_once(to).map_or("", |(inside, _)| inside)
}
