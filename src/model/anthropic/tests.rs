use async_trait::async_trait;
use futures::StreamExt;
use parking_lot::Mutex;

use super::*;
use crate::http::{StreamedResponse, Transport, TransportError};

/// Answers every request with one status and remembers it.
struct FixedApi {
    answer: Result<u16, TransportError>,
    seen: Mutex<Vec<http::Request<Bytes>>>,
}

impl FixedApi {
    fn that_answers(answer: Result<u16, TransportError>) -> Arc<Self> {
        Arc::new(Self { answer, seen: Mutex::default() })
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

fn vendor_at(url: &str, api: &Arc<FixedApi>) -> Anthropic {
    Anthropic::new(api.clone(), Url::parse(url).unwrap(), vec!["store.test".to_owned()])
}

fn vendor(api: &Arc<FixedApi>) -> Anthropic {
    vendor_at(API_URL, api)
}

fn judged(pasted: &str) -> Result<Arc<Secret>, CredentialRejection> {
    vendor(&FixedApi::that_answers(Ok(200))).check_format(pasted)
}

fn api_key() -> String {
    format!("{API_KEY}{}a1bAA", "x-Y_9".repeat(18))
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
        (format!("{key}!"), None),
        (format!("{key} thanks"), None),
        (format!("my key is {key}. Is this the right one?"), None),
        (format!("{}\n{}\nand thanks", &key[..60], &key[60..]), None),
        (format!("{{\"key\": \"{key}\", \"name\": \"mine\"}}"), None),
        (format!("sk-ant-admin01-{}", "a".repeat(90)), Some(CredentialRejection::Malformed)),
        (
            "fo1_abcdefghijklmnopqrst".to_owned(),
            Some(CredentialRejection::OtherVendor { vendor: Vendor::Fly }),
        ),
    ];
    for (pasted, expected) in cases {
        let verdict = judged(&pasted).err();
        assert_eq!(verdict, expected, "{}", pasted.chars().take(40).collect::<String>());
    }
    let clean = judged(&format!("'{key}'")).ok().unwrap();
    assert_eq!(clean.expose(), key);
    for host in ["api.anthropic.com", "store.test"] {
        assert!(clean.expose_for_host(host).is_ok(), "{host}");
    }
}

#[tokio::test]
async fn the_answer_says_whether_the_key_is_alive() {
    let key = judged(&api_key()).ok().unwrap();
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
        assert_eq!(vendor(&api).check(&key).await, expected, "{answer:?}");
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
            assert_eq!(judged(&pasted).err(), Some(CredentialRejection::Subscription), "{pasted}");
        }
    }
    assert!(!is_subscription(&api_key()));
}

#[tokio::test]
async fn a_key_is_not_sent_where_it_does_not_belong() {
    let key = judged(&api_key()).ok().unwrap();
    let api = FixedApi::that_answers(Ok(200));
    let elsewhere = vendor_at("https://example.com", &api);
    assert_eq!(elsewhere.check(&key).await, Err(CredentialRejection::VendorUnreachable));
    assert!(api.seen.lock().is_empty());
}
