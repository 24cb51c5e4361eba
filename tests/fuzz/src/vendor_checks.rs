//! What Anthropic and the chat services may answer when they are asked about a key, and when a bot
//! is led somewhere.

use textslash::chat_service::{ChatEndpoints, ChatService, ChatServices, Webhook};
use textslash::http::SharedTransport;
use textslash::model::ModelVendor;
use textslash::model::anthropic::{self, Anthropic};
use textslash::secret::SecretKind;

const MODEL_KEY: &str = "sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Longest name of a bot or number that is shown and kept.
const NAME_CHARS_MAX: usize = 64;

/// A key of each service.
pub(super) const KEYS: [(SecretKind, &str, &str); 3] = [
    (
        SecretKind::TelegramToken,
        "1234567890:AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "AAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    (
        SecretKind::DiscordToken,
        "MTIzNDU2Nzg5MDEyMzQ1Njc4.GaaaaA.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
    ),
    (
        SecretKind::TwilioKey,
        "AC11111111111111111111111111111111 22222222222222222222222222222222",
        "22222222222222222222222222222222",
    ),
];

/// Every question has an end, and what is made of an answer is short, printable and free of keys.
pub(super) async fn ask_about_keys(transport: SharedTransport) {
    let api = anthropic::API_URL.parse().expect("a URL");
    let model = Anthropic::new(transport.clone(), api, Vec::new());
    let Ok(key) = model.check_format(MODEL_KEY) else { panic!("a good key") };
    let checked = model.check(&key).await;
    let again = model.check(&key).await;
    assert_eq!(checked, again, "the same answer means the same");
    let services = ChatServices::new(transport, ChatEndpoints::real(), Vec::new());
    for (kind, pasted, secret) in KEYS {
        let Some(service) = services.of_key(kind) else { panic!("a service") };
        ask_about(&**service, pasted, secret).await;
    }
}

async fn ask_about(service: &dyn ChatService, pasted: &str, secret: &str) {
    let Ok(key) = service.check_format(pasted) else { panic!("a good key") };
    if let Ok(account) = service.check(&key).await {
        assert!(!account.addresses.is_empty(), "an account without a way to it");
        for address in &account.addresses {
            let name = &address.name;
            assert!(name.chars().count() <= NAME_CHARS_MAX, "{name:?}");
            assert!(!name.chars().any(char::is_control), "{name:?}");
            assert!(!name.contains(secret), "a key stands in {name:?}");
            let serves = address.serves.as_deref().unwrap_or_default();
            assert!(!serves.contains(['/', '?', '@']), "more than a host: {serves:?}");
        }
    }
    let number = "+15550001111";
    let to = Webhook { url: "https://ada-relay.fly.dev/hook", secret: &"s".repeat(64) };
    let _ = service.has_webhook(&key, number).await;
    let _ = service.current_webhook(&key, number).await;
    let _ = service.set_webhook(&key, number, to).await;
    let _ = service.restore_webhook(&key, number, None).await;
    let _ = service.restore_webhook(&key, number, Some("https://shop.example/hook")).await;
}
