use std::sync::Arc;

use super::*;
use crate::clock::Clock;
use crate::credential_format::Vendor;
use crate::random::Random;
use crate::sandbox::in_process::InProcess;
use crate::sandbox::telegram::SimulatedTelegram;

const KIND: SecretKind = SecretKind::TelegramToken;

fn service_over(transport: InProcess) -> Arc<dyn ChatService> {
    let real = ChatEndpoints::real();
    let services = ChatServices::new(Arc::new(transport), real, vec!["store.test".to_owned()]);
    services.of_key(KIND).unwrap().clone()
}

fn world() -> (Arc<SimulatedTelegram>, Arc<dyn ChatService>) {
    let chance = Random::seeded(3);
    let nobody = Arc::new(InProcess::new());
    let telegram = SimulatedTelegram::new(Clock::system(), chance, nobody);
    let transport = InProcess::new().mount("api.telegram.org", telegram.router());
    (telegram, service_over(transport))
}

#[tokio::test]
async fn a_bot_is_known_by_its_name_and_by_what_it_serves() {
    let (telegram, service) = world();
    let token = telegram.mint_bot("ada_bot");
    let paste = format!("Use this token to access the HTTP API:\n{token}\nKeep it secret.");
    let key = service.check_format(&paste).unwrap();

    let account = service.check(&key).await.unwrap();
    assert_eq!(account.addresses[0].name, "@ada_bot");
    assert_eq!(account.addresses[0].serves, None);

    telegram.set_webhook(&token, &format!("https://shop.example/hooks/{token}"));
    let account = service.check(&key).await.unwrap();
    assert_eq!(account.addresses[0].serves.as_deref(), Some("shop.example"));
}

#[tokio::test]
async fn a_bot_is_pointed_at_a_relay_and_given_back() {
    let (telegram, service) = world();
    let token = telegram.mint_bot("ada_bot");
    let key = service.check_format(&token).unwrap();
    let to = Webhook { url: "https://relay.example/telegram", secret: &"s".repeat(64) };

    service.set_webhook(&key, "@ada_bot", to).await.unwrap();
    service.set_webhook(&key, "@ada_bot", to).await.unwrap();
    assert_eq!(telegram.webhook(&token).as_deref(), Some(to.url));
    assert_eq!(service.current_webhook(&key, "@ada_bot").await.unwrap().as_deref(), Some(to.url));

    service.restore_webhook(&key, "@ada_bot", Some("https://shop.example/hook")).await.unwrap();
    assert_eq!(telegram.webhook(&token).as_deref(), Some("https://shop.example/hook"));
    service.restore_webhook(&key, "@ada_bot", None).await.unwrap();
    assert_eq!(telegram.webhook(&token), None);
}

#[tokio::test]
async fn a_token_that_is_none_is_judged_without_asking_and_a_revoked_one_is_refused() {
    let (telegram, service) = world();
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
        assert_eq!(service.check_format(pasted).err(), Some(expected), "{pasted}");
    }
    let revoked = service.check_format(&token.replace(":AA", ":BB")).unwrap();
    assert_eq!(service.check(&revoked).await, Err(CredentialRejection::RefusedByVendor));

    let silent = service_over(InProcess::new());
    let key = silent.check_format(&token).unwrap();
    assert_eq!(silent.check(&key).await, Err(CredentialRejection::VendorUnreachable));
}

#[test]
fn each_channel_but_the_web_has_a_service_and_each_service_keys_of_its_own() {
    let services = ChatServices::new(
        Arc::new(InProcess::new()),
        ChatEndpoints::real(),
        vec!["store.test".to_owned()],
    );
    let keys = [
        (RelayChannel::Web, None),
        (RelayChannel::Telegram, Some(format!("1234567890:{}", "A".repeat(35)))),
        (RelayChannel::Discord, Some(format!("{}.bbbbbb.{}", "a".repeat(24), "c".repeat(38)))),
        (RelayChannel::WhatsApp, Some(format!("AC{} {}", "1".repeat(32), "2".repeat(32)))),
    ];
    assert_eq!(keys.each_ref().map(|(channel, _)| *channel), RelayChannel::ALL);
    for (channel, pasted) in keys {
        let service = services.of_channel(channel);
        assert_eq!(service.is_some(), channel.key().is_some(), "{channel:?}");
        let Some((service, pasted)) = service.zip(pasted) else { continue };
        let key = service.check_format(&pasted).unwrap();
        assert_eq!(Some(key.kind()), channel.key());
        let hosts = services.endpoints().hosts(service.profile().apis);
        for host in hosts.chain(["store.test".to_owned()]) {
            assert!(key.expose_for_host(&host).is_ok(), "{channel:?} {host}");
        }
        let of_key = services.of_key(key.kind()).map(|it| it.profile().guide.channel);
        assert_eq!(of_key, Some(channel));
    }
    assert!(services.of_key(SecretKind::FlyToken).is_none());
}

#[test]
fn a_relay_is_told_of_services_at_other_addresses_alone() {
    let elsewhere = "http://127.0.0.1:9/".parse().unwrap();
    let endpoints = ChatEndpoints::real().with(&telegram::API, elsewhere);
    assert_eq!(endpoints.settings(), [("TELEGRAM_API_URL", "http://127.0.0.1:9".to_owned())]);
    assert_eq!(endpoints.url(&discord::API).as_str(), "https://discord.com/");

    let back = endpoints.with(&telegram::API, "https://api.telegram.org".parse().unwrap());
    assert_eq!(back.settings(), []);
}

#[test]
fn messages_come_in_below_the_url_of_a_relay_or_over_its_own_connection() {
    let url = |channel| {
        let profile = ChatServiceProfile::of_channel(channel).unwrap();
        profile.webhook_url("https://relay.test/")
    };
    assert_eq!(url(RelayChannel::Telegram).as_deref(), Some("https://relay.test/telegram"));
    assert_eq!(
        url(RelayChannel::WhatsApp).as_deref(),
        Some("https://relay.test/whatsapp#rc=5&rp=all")
    );
    assert_eq!(url(RelayChannel::Discord), None);
    for profile in ChatServiceProfile::all() {
        let holds_connection = profile.guide.channel.holds_connection();
        assert_eq!(holds_connection, profile.webhook_path.is_none(), "{:?}", profile.guide.channel);
    }
}

#[test]
fn an_address_leads_to_the_page_where_its_owner_writes() {
    let page = |channel, address| {
        let profile = ChatServiceProfile::of_channel(channel).unwrap();
        (profile.guide.chat_page)(address)
    };
    let application = "https://discord.com/oauth2/authorize?client_id=123456789012345678";
    for (channel, address, expected) in [
        (RelayChannel::Telegram, "@ada_bot", Some("https://t.me/ada_bot")),
        (RelayChannel::Telegram, "ada_bot", None),
        (RelayChannel::Discord, "@ada_bot 123456789012345678", Some(application)),
        (RelayChannel::Discord, "@ada_bot", None),
        (RelayChannel::Discord, "@ada 12", None),
        (RelayChannel::WhatsApp, "+14155238886", Some("https://wa.me/14155238886")),
    ] {
        assert_eq!(page(channel, address).as_deref(), expected, "{address}");
    }
}
