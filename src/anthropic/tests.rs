use async_trait::async_trait;
use futures::StreamExt;
use parking_lot::Mutex;

use super::*;
use crate::http::{StreamedResponse, TransportError};

/// Answers every request with one status and remembers it.
struct FixedApi {
    answer: Result<u16, TransportError>,
    seen: Mutex<Vec<http::Request<Bytes>>>,
}

impl FixedApi {
    fn that_answers(answer: Result<u16, TransportError>) -> Self {
        Self { answer, seen: Mutex::default() }
    }
}

#[async_trait]
impl Transport for FixedApi {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<StreamedResponse, TransportError> {
        self.seen.lock().push(request);
        let (head, ()) =
            http::Response::builder().status(self.answer?).body(()).unwrap().into_parts();
        Ok(StreamedResponse { head, body: futures::stream::empty().boxed() })
    }
}

fn audience() -> Audience {
    Audience::of(["api.anthropic.com"])
}

fn base() -> Url {
    Url::parse("https://api.anthropic.com").unwrap()
}

fn api_key() -> String {
    format!("{API_KEY}{}AA", "x-Y_9".repeat(18))
}

#[test]
fn what_is_wrong_is_seen_without_asking() {
    let key = api_key();
    let cases = [
        (key.clone(), None),
        (format!(" \"{key}\"\n"), None),
        (format!("ANTHROPIC_API_KEY={key}"), None),
        (format!("x-api-key: {}\n{}", &key[..30], &key[30..]), None),
        (format!("sk-ant-oat01-{}", "a".repeat(90)), Some(CredentialRejection::Subscription)),
        (" ".to_owned(), Some(CredentialRejection::Empty)),
        ("x".repeat(100_000), Some(CredentialRejection::TooLong)),
        ("hello 👋".to_owned(), Some(CredentialRejection::Malformed)),
        ("sk-ant-".to_owned(), Some(CredentialRejection::Truncated)),
        (key[..20].to_owned(), Some(CredentialRejection::Truncated)),
        (format!("{key}!"), Some(CredentialRejection::Malformed)),
        (format!("sk-ant-admin01-{}", "a".repeat(90)), Some(CredentialRejection::Malformed)),
        (
            "fo1_abcdefghijklmnopqrst".to_owned(),
            Some(CredentialRejection::OtherVendor { vendor: Vendor::Fly }),
        ),
    ];
    for (pasted, expected) in cases {
        let verdict = check_format(&pasted, audience()).err();
        assert_eq!(verdict, expected, "{}", pasted.chars().take(40).collect::<String>());
    }
    let clean = check_format(&format!("'{key}'"), audience()).ok().unwrap();
    assert_eq!(clean.expose(), key);
}

#[tokio::test]
async fn the_answer_says_whether_the_key_is_alive() {
    let key = check_format(&api_key(), audience()).ok().unwrap();
    let cases = [
        (Ok(200), Ok(())),
        (Ok(429), Ok(())),
        (Ok(401), Err(CredentialRejection::RefusedByVendor)),
        (Ok(403), Err(CredentialRejection::RefusedByVendor)),
        (Ok(500), Err(CredentialRejection::VendorUnreachable)),
        (Ok(529), Err(CredentialRejection::VendorUnreachable)),
        (Err(TransportError::ConnectionLost), Err(CredentialRejection::VendorUnreachable)),
    ];
    for (answer, expected) in cases {
        let api = FixedApi::that_answers(answer);
        assert_eq!(check(&api, &base(), &key).await, expected, "{answer:?}");
        let seen = api.seen.lock();
        assert_eq!(seen[0].uri(), "https://api.anthropic.com/v1/models?limit=1");
        assert_eq!(seen[0].headers()["x-api-key"], api_key());
        assert!(!format!("{:?}", seen[0]).contains(&api_key()));
    }
}

#[test]
fn a_subscription_token_is_not_taken() {
    for prefix in ["sk-ant-oat01-", "sk-ant-oat02-", "sk-ant-ort01-"] {
        for body in ["a".repeat(90), "short".to_owned(), String::new()] {
            let pasted = format!("here it is: '{prefix}{body}'");
            assert_eq!(
                check_format(&pasted, audience()).err(),
                Some(CredentialRejection::Subscription),
                "{pasted}"
            );
        }
    }
    assert!(!is_subscription(&api_key()));
}

#[tokio::test]
async fn a_key_is_not_sent_where_it_does_not_belong() {
    let key = check_format(&api_key(), audience()).ok().unwrap();
    let api = FixedApi::that_answers(Ok(200));
    let elsewhere = Url::parse("https://example.com").unwrap();
    assert_eq!(check(&api, &elsewhere, &key).await, Err(CredentialRejection::VendorUnreachable));
    assert!(api.seen.lock().is_empty());
}
