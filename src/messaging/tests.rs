use std::sync::Arc;

use super::*;
use crate::clock::Clock;
use crate::credential_format::Vendor;
use crate::random::Random;
use crate::sandbox::in_process::InProcess;
use crate::sandbox::telegram::SimulatedTelegram;

const KIND: SecretKind = SecretKind::TelegramToken;

fn world() -> (Arc<SimulatedTelegram>, Messaging) {
    let chance = Random::seeded(3);
    let nobody = Arc::new(InProcess::new());
    let telegram = SimulatedTelegram::new(Clock::system(), chance, nobody);
    let transport = InProcess::new().mount("api.telegram.org", telegram.router());
    (telegram, Messaging::new(Arc::new(transport), ChatEndpoints::real(), Vec::new()))
}

#[tokio::test]
async fn a_bot_is_known_by_its_name_and_by_what_it_serves() {
    let (telegram, messaging) = world();
    let token = telegram.mint_bot("ada_bot");
    let paste = format!("Use this token to access the HTTP API:\n{token}\nKeep it secret.");
    let key = messaging.check_format(KIND, &paste).unwrap();

    let account = messaging.check(KIND, &key).await.unwrap();
    assert_eq!(account.addresses[0].name, "@ada_bot");
    assert_eq!(account.addresses[0].serves, None);

    telegram.set_webhook(&token, &format!("https://shop.example/hooks/{token}"));
    let account = messaging.check(KIND, &key).await.unwrap();
    assert_eq!(account.addresses[0].serves.as_deref(), Some("shop.example"));
}

#[tokio::test]
async fn a_bot_is_pointed_at_a_relay_and_given_back() {
    let (telegram, messaging) = world();
    let token = telegram.mint_bot("ada_bot");
    let key = messaging.check_format(KIND, &token).unwrap();
    let to = Webhook { url: "https://relay.example/telegram", secret: &"s".repeat(64) };

    messaging.set_webhook(&key, "@ada_bot", to).await.unwrap();
    messaging.set_webhook(&key, "@ada_bot", to).await.unwrap();
    assert_eq!(telegram.webhook(&token).as_deref(), Some(to.url));
    assert_eq!(messaging.current_webhook(&key, "@ada_bot").await.unwrap().as_deref(), Some(to.url));

    messaging.restore_webhook(&key, "@ada_bot", Some("https://shop.example/hook")).await.unwrap();
    assert_eq!(telegram.webhook(&token).as_deref(), Some("https://shop.example/hook"));
    messaging.restore_webhook(&key, "@ada_bot", None).await.unwrap();
    assert_eq!(telegram.webhook(&token), None);
}

#[tokio::test]
async fn a_token_that_is_none_is_judged_without_asking_and_a_revoked_one_is_refused() {
    let (telegram, messaging) = world();
    let token = telegram.mint_bot("ada_bot");
    let cases = [
        ("", CredentialRejection::Empty),
        ("hello", CredentialRejection::Malformed),
        (&token[..token.len() - 3], CredentialRejection::Truncated),
        (
            "sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            CredentialRejection::OtherVendor { vendor: Vendor::Anthropic },
        ),
        (&"x".repeat(5000), CredentialRejection::TooLong),
    ];
    for (pasted, expected) in cases {
        assert_eq!(messaging.check_format(KIND, pasted).err(), Some(expected), "{pasted}");
    }
    let revoked = messaging.check_format(KIND, &token.replace(":AA", ":BB")).unwrap();
    assert_eq!(messaging.check(KIND, &revoked).await, Err(CredentialRejection::RefusedByVendor));

    let silent = Messaging::new(Arc::new(InProcess::new()), ChatEndpoints::real(), Vec::new());
    let key = silent.check_format(KIND, &token).unwrap();
    assert_eq!(silent.check(KIND, &key).await, Err(CredentialRejection::VendorUnreachable));
}
