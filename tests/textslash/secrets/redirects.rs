//! A vendor that sends us elsewhere is not followed, whoever of us asked it: the credential that
//! was meant for the vendor stays with it.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::chat::{ChatId, Outbound};
use adapters::discord::{self, DiscordChannel};
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::whatsapp::{self, WhatsAppChannel};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use textslash::chat_service::{ChatEndpoints, ChatServiceProfile, ChatServices};
use textslash::clock::Clock;
use textslash::cloud::Provider;
use textslash::cloud::fly::{FlyEndpoints, FlyProvider};
use textslash::http::NetworkTransport;
use textslash::model::ModelVendor;
use textslash::model::anthropic::Anthropic;
use textslash::random::Random;
use textslash::sandbox;
use textslash::secret::SecretKind;
use tokio::task::JoinSet;
use url::Url;

use super::hunt::SecretHunt;
use crate::port::serve;

/// All that lead on; the last two ask for the same method and body again.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// What came to a host.
#[derive(Clone, Default)]
struct ReceivedBytes(Arc<Mutex<Vec<u8>>>);

impl ReceivedBytes {
    async fn hear(&self, request: Request) {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let mut heard = self.0.lock();
        heard.extend(format!("{} {}\n", head.method, head.uri).into_bytes());
        head.headers.values().for_each(|value| heard.extend([value.as_bytes(), b"\n"].concat()));
        heard.extend(body);
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().clone()
    }
}

/// A vendor that sends everybody elsewhere, and the host that it names.
struct RedirectWorld {
    vendor: ReceivedBytes,
    elsewhere: ReceivedBytes,
    vendor_url: Url,
    _servers: JoinSet<()>,
}

impl RedirectWorld {
    async fn redirecting(status: u16) -> Self {
        let mut servers = JoinSet::new();
        let elsewhere = ReceivedBytes::default();
        let listens = |State(heard): State<ReceivedBytes>, request: Request| async move {
            heard.hear(request).await;
            "welcome"
        };
        let listens = Router::new().fallback(listens).with_state(elsewhere.clone());
        let leads_to = serve(&mut servers, listens).await;
        let vendor = ReceivedBytes::default();
        let status = StatusCode::from_u16(status).unwrap();
        let redirects = move |State(heard): State<ReceivedBytes>, request: Request| async move {
            heard.hear(request).await;
            (status, [(header::LOCATION, format!("http://{leads_to}/"))]).into_response()
                as Response
        };
        let redirects = Router::new().fallback(redirects).with_state(vendor.clone());
        let vendor_url = format!("http://{}", serve(&mut servers, redirects).await);
        let vendor_url = vendor_url.parse().unwrap();
        Self { vendor, elsewhere, vendor_url, _servers: servers }
    }

    fn network(&self) -> Arc<NetworkTransport> {
        Arc::new(NetworkTransport::new().unwrap())
    }

    fn fly(&self) -> FlyProvider {
        let url = self.vendor_url.as_str().trim_end_matches('/');
        let endpoints = FlyEndpoints::of(&format!("{url}/v1"), url, "", "", "", url).unwrap();
        FlyProvider::new(self.network(), endpoints, Clock::system(), Random::system().unwrap())
    }

    fn chat_services(&self) -> ChatServices {
        let apis = ChatServiceProfile::all().flat_map(|profile| profile.apis);
        let endpoints = apis.fold(ChatEndpoints::real(), |endpoints, api| {
            endpoints.with(api, self.vendor_url.clone())
        });
        ChatServices::new(self.network(), endpoints, Vec::new())
    }

    /// The vendor was shown it, and the host that it names was not even called.
    fn expect_kept(&self, secrets: &[(&str, &str)]) {
        let names: Vec<_> = secrets.iter().map(|(name, _)| *name).collect();
        assert_eq!(SecretHunt::of(secrets).found(&self.vendor.bytes()), names);
        assert_eq!(String::from_utf8_lossy(&self.elsewhere.bytes()), "");
    }
}

/// Credentials that no other run had.
struct UniqueCredentials {
    fly_token: String,
    model_key: String,
    telegram_token: String,
    discord_token: String,
    account_sid: String,
    auth_token: String,
}

impl UniqueCredentials {
    fn new() -> Self {
        let (clock, chance) = (Clock::system(), Random::system().unwrap());
        let machines = sandbox::machines::ModelledRuntime::new(clock.clone(), chance.clone());
        let settings = sandbox::fly::SimulatedFlySettings::prompt(
            clock.clone(),
            chance.clone(),
            Arc::new(machines),
        );
        let nobody = Arc::new(sandbox::in_process::InProcess::new());
        let telegram = sandbox::telegram::SimulatedTelegram::new(
            clock.clone(),
            chance.clone(),
            nobody.clone(),
        );
        let twilio = sandbox::twilio::SimulatedTwilio::new(clock.clone(), chance.clone(), nobody);
        Self {
            fly_token: sandbox::fly::SimulatedFly::new(settings).mint_org_token(),
            model_key: sandbox::anthropic::SimulatedAnthropic::new(chance.clone()).key().to_owned(),
            telegram_token: telegram.mint_bot("ada_bot"),
            discord_token: sandbox::discord::SimulatedDiscord::new(clock, chance)
                .mint_bot("ada_bot"),
            account_sid: twilio.account_sid().to_owned(),
            auth_token: twilio.auth_token().to_owned(),
        }
    }
}

#[tokio::test]
async fn what_the_provisioner_and_the_checks_show_a_vendor_stays_with_it() {
    let has = UniqueCredentials::new();
    for status in REDIRECTS {
        let world = RedirectWorld::redirecting(status).await;
        let (fly, services) = (world.fly(), world.chat_services());
        let token = fly.check_format(&has.fly_token).unwrap();
        assert!(fly.check(&token).await.is_err(), "{status}");
        let model = Anthropic::new(world.network(), world.vendor_url.clone(), Vec::new());
        let key = model.check_format(&has.model_key);
        let told = model.check(&key.unwrap()).await;
        assert!(told.is_err(), "{status}");
        let twilio_key = format!("{} {}", has.account_sid, has.auth_token);
        for (kind, key) in [
            (SecretKind::TelegramToken, &has.telegram_token),
            (SecretKind::DiscordToken, &has.discord_token),
            (SecretKind::TwilioKey, &twilio_key),
        ] {
            let service = services.of_key(kind).unwrap();
            let judged = service.check_format(key).unwrap();
            assert!(service.check(&judged).await.is_err(), "{status}");
        }
        world.expect_kept(&[
            ("Fly token", &has.fly_token["FlyV1 fm2_".len()..][..40]),
            ("model key", &has.model_key),
            ("Telegram token", &has.telegram_token),
            ("Discord token", &has.discord_token),
            ("Twilio's auth token", &has.auth_token),
        ]);
    }
}

#[tokio::test]
async fn what_a_channel_shows_its_service_stays_with_it() {
    let has = UniqueCredentials::new();
    for status in REDIRECTS {
        let world = RedirectWorld::redirecting(status).await;
        let url = world.vendor_url.to_string();
        let begun = TelegramChannel::start(telegram::TelegramChannelSettings {
            token: has.telegram_token.clone().into(),
            api_url: url.clone(),
            updates: UpdateSource::Polling,
        });
        assert!(begun.await.is_err(), "{status}");
        let begun = DiscordChannel::start(discord::DiscordChannelSettings {
            token: has.discord_token.clone().into(),
            api_url: Some(url),
        });
        assert!(begun.await.is_err(), "{status}");
        let [api, messaging, content] = std::array::from_fn(|_| world.vendor_url.clone());
        let whatsapp = WhatsAppChannel::start(whatsapp::WhatsAppChannelSettings {
            account_sid: has.account_sid.clone(),
            auth_token: has.auth_token.clone().into(),
            number: "+15550001111".to_owned(),
            public_url: "https://relay.test".parse().unwrap(),
            apis: whatsapp::TwilioApis { api, messaging, content },
        });
        let (whatsapp, hi) = (whatsapp.unwrap(), Outbound::text("1".to_owned(), "hi".to_owned()));
        let ada = ChatId("whatsapp:+4915112345678".to_owned());
        assert!(whatsapp.send(&ada, &hi).await.is_err(), "{status}");
        world.expect_kept(&[
            ("Telegram token", &has.telegram_token),
            ("Discord token", &has.discord_token),
            ("Twilio's auth token", &has.auth_token),
        ]);
    }
}

#[tokio::test]
async fn who_follows_tells_the_other_host_where_it_came_from_and_so_the_token() {
    let token = UniqueCredentials::new().telegram_token;
    let world = RedirectWorld::redirecting(302).await;
    let asked = reqwest::get(format!("{}bot{token}/getMe", world.vendor_url)).await;
    assert_eq!(asked.unwrap().text().await.unwrap(), "welcome");
    assert_eq!(SecretHunt::of(&[("it", &token)]).found(&world.elsewhere.bytes()), ["it"]);
}
