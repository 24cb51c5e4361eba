//! A vendor that sends us elsewhere is not followed, whoever of us asked it: the credential that was
//! meant for the vendor stays with it.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::chat::{ChatId, Outbound};
use adapters::discord::{self, Discord};
use adapters::telegram::{self, Telegram, Updates};
use adapters::whatsapp::{self, WhatsApp};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use textslash::anthropic;
use textslash::chance::Chance;
use textslash::clock::Clock;
use textslash::cloud::fly::{Endpoints, Fly};
use textslash::http::Network;
use textslash::messaging::{self, Messaging};
use textslash::sandbox;
use textslash::secret::{Audience, SecretKind};
use tokio::task::JoinSet;
use url::Url;

use super::hunt::Hunt;
use crate::port::serve;

/// All that lead on; the last two ask for the same method and body again.
const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];

/// What came to a host.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
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
struct World {
    vendor: Heard,
    elsewhere: Heard,
    vendor_url: Url,
    _servers: JoinSet<()>,
}

impl World {
    async fn redirecting(status: u16) -> Self {
        let mut servers = JoinSet::new();
        let elsewhere = Heard::default();
        let listens = |State(heard): State<Heard>, request: Request| async move {
            heard.hear(request).await;
            "welcome"
        };
        let listens = Router::new().fallback(listens).with_state(elsewhere.clone());
        let leads_to = serve(&mut servers, listens).await;
        let vendor = Heard::default();
        let status = StatusCode::from_u16(status).unwrap();
        let redirects = move |State(heard): State<Heard>, request: Request| async move {
            heard.hear(request).await;
            (status, [(header::LOCATION, format!("http://{leads_to}/"))]).into_response()
                as Response
        };
        let redirects = Router::new().fallback(redirects).with_state(vendor.clone());
        let vendor_url = format!("http://{}", serve(&mut servers, redirects).await);
        let vendor_url = vendor_url.parse().unwrap();
        Self { vendor, elsewhere, vendor_url, _servers: servers }
    }

    fn network(&self) -> Arc<Network> {
        Arc::new(Network::new().unwrap())
    }

    fn fly(&self) -> Fly {
        let url = self.vendor_url.as_str().trim_end_matches('/');
        let endpoints = Endpoints::of(&format!("{url}/v1"), url, "", "", "", url).unwrap();
        Fly::new(self.network(), endpoints, Clock::system(), Chance::system().unwrap())
    }

    fn messaging(&self) -> Messaging {
        let endpoints = messaging::Endpoints::of(std::array::from_fn(|_| self.vendor_url.clone()));
        Messaging::new(self.network(), endpoints, Vec::new())
    }

    /// The vendor was shown it, and the host that it names was not even called.
    fn expect_kept(&self, secrets: &[(&str, &str)]) {
        let names: Vec<_> = secrets.iter().map(|(name, _)| *name).collect();
        assert_eq!(Hunt::of(secrets).found(&self.vendor.bytes()), names);
        assert_eq!(String::from_utf8_lossy(&self.elsewhere.bytes()), "");
    }
}

/// Credentials that no other run had.
struct Credentials {
    fly_token: String,
    model_key: String,
    telegram_token: String,
    discord_token: String,
    account_sid: String,
    auth_token: String,
}

impl Credentials {
    fn new() -> Self {
        let (clock, chance) = (Clock::system(), Chance::system().unwrap());
        let machines = sandbox::machines::Modelled::new(clock.clone(), chance.clone());
        let settings =
            sandbox::fly::Settings::prompt(clock.clone(), chance.clone(), Arc::new(machines));
        let nobody = Arc::new(sandbox::in_process::InProcess::new());
        let telegram =
            sandbox::telegram::Telegram::new(clock.clone(), chance.clone(), nobody.clone());
        let twilio = sandbox::twilio::Twilio::new(clock.clone(), chance.clone(), nobody);
        Self {
            fly_token: sandbox::fly::Fly::new(settings).mint_org_token(),
            model_key: sandbox::anthropic::Anthropic::new(chance.clone()).key().to_owned(),
            telegram_token: telegram.mint_bot("ada_bot"),
            discord_token: sandbox::discord::Discord::new(clock, chance).mint_bot("ada_bot"),
            account_sid: twilio.account_sid().to_owned(),
            auth_token: twilio.auth_token().to_owned(),
        }
    }
}

#[tokio::test]
async fn what_the_provisioner_and_the_checks_show_a_vendor_stays_with_it() {
    let has = Credentials::new();
    for status in REDIRECTS {
        let world = World::redirecting(status).await;
        let (fly, messaging) = (world.fly(), world.messaging());
        let token = fly.judge(&has.fly_token).unwrap();
        assert!(fly.check(&token).await.is_err(), "{status}");
        let key = anthropic::judge(&has.model_key, Audience::of([world.vendor_url.authority()]));
        let told = anthropic::check(&*world.network(), &world.vendor_url, &key.unwrap()).await;
        assert!(told.is_err(), "{status}");
        let twilio_key = format!("{} {}", has.account_sid, has.auth_token);
        for (kind, key) in [
            (SecretKind::TelegramToken, &has.telegram_token),
            (SecretKind::DiscordToken, &has.discord_token),
            (SecretKind::TwilioKey, &twilio_key),
        ] {
            let judged = messaging.judge(kind, key).unwrap();
            assert!(messaging.check(kind, &judged).await.is_err(), "{status}");
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
    let has = Credentials::new();
    for status in REDIRECTS {
        let world = World::redirecting(status).await;
        let url = world.vendor_url.to_string();
        let begun = Telegram::start(telegram::Settings {
            token: has.telegram_token.clone().into(),
            api_url: url.clone(),
            updates: Updates::Polling,
        });
        assert!(begun.await.is_err(), "{status}");
        let begun = Discord::start(discord::Settings {
            token: has.discord_token.clone().into(),
            api_url: Some(url),
        });
        assert!(begun.await.is_err(), "{status}");
        let [api, messaging, content] = std::array::from_fn(|_| world.vendor_url.clone());
        let whatsapp = WhatsApp::start(whatsapp::Settings {
            account_sid: has.account_sid.clone(),
            auth_token: has.auth_token.clone().into(),
            number: "+15550001111".to_owned(),
            public_url: "https://relay.test".parse().unwrap(),
            apis: whatsapp::Apis { api, messaging, content },
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
    let token = Credentials::new().telegram_token;
    let world = World::redirecting(302).await;
    let asked = reqwest::get(format!("{}bot{token}/getMe", world.vendor_url)).await;
    assert_eq!(asked.unwrap().text().await.unwrap(), "welcome");
    assert_eq!(Hunt::of(&[("it", &token)]).found(&world.elsewhere.bytes()), ["it"]);
}
