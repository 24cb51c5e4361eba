//! What comes in where a credential is entered beside the chat: the first line is a Mini App's init
//! data and the ticket, the rest is the body that the form's page sends.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use adapters::chat::{ChatId, UserId};
use adapters::telegram::verify_init_data;
use axum::Router;
use axum::body::Body;
use textslash::chat_service::{ChatEndpoints, ChatServices};
use textslash::clock::Clock;
use textslash::cloud::Clouds;
use textslash::cloud::fly::{FlyEndpoints, FlyProvider};
use textslash::conversation::messages::{Locale, secret_form};
use textslash::deployments::VendorClients;
use textslash::forms::{Form, Forms};
use textslash::http::SharedTransport;
use textslash::metrics::Exposition;
use textslash::model::anthropic::{self, Anthropic};
use textslash::onboarding::{Catalogue, Onboarding, OnboardingSettings};
use textslash::quota::Quotas;
use textslash::random::Random;
use textslash::sandbox::in_process::InProcess;
use textslash::secret::SecretKind;
use textslash::spec::{AgentKind, Images, RelayChannel};
use textslash::store;
use textslash::store::integrity::Integrity;
use textslash::web::bot::{AddressSource, BotServer, FormEndpoint, MetricsEndpoint, router};
use tower::ServiceExt;

use super::{NOW_MS, first_line};

/// The bot's web server, with a form that is open, and nobody to ask.
struct FormWorld {
    runtime: tokio::runtime::Runtime,
    router: Router,
    forms: Forms,
}

static PAGE: LazyLock<FormWorld> = LazyLock::new(|| {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().expect("a runtime");
    let forms = Forms::new(Random::seeded(1));
    let router = runtime.block_on(page(forms.clone()));
    runtime.block_on(async { tokio::time::pause() });
    FormWorld { runtime, router, forms }
});

async fn page(forms: Forms) -> Router {
    let (clock, chance) = (Clock::from_tokio(NOW_MS), Random::seeded(2));
    let transport: SharedTransport = Arc::new(InProcess::new());
    let name = format!("textslash-forms-{}", std::process::id());
    let directory: PathBuf = std::env::temp_dir().join(name);
    let path = directory.join("db");
    let pool = store::open(&path, &store::SCHEMA).await.expect("a database");
    let integrity = Integrity::watch(&path).await.expect("a database");
    // The forms are not kept there, and what is open stays so without a name.
    std::fs::remove_dir_all(directory).expect("a directory of ours");
    let vendors = VendorClients {
        clouds: Clouds::of([Arc::new(FlyProvider::new(
            transport.clone(),
            FlyEndpoints::real(),
            clock.clone(),
            chance.clone(),
        )) as _]),
        chat_services: ChatServices::new(transport.clone(), ChatEndpoints::real(), Vec::new()),
        model: Arc::new(Anthropic::new(
            transport,
            anthropic::API_URL.parse().expect("a URL"),
            Vec::new(),
        )),
    };
    let catalogue = Catalogue {
        quotas: Quotas::PUBLIC,
        invitations: Vec::new(),
        channels: vec![RelayChannel::Web],
        agents: vec![AgentKind::Claude],
        images: Images { relay: String::new(), vm: String::new() },
        daily_tokens: 5_000_000,
    };
    let settings = OnboardingSettings {
        database: pool.into(),
        clock,
        random: chance,
        vendors,
        catalogue,
        lent: Vec::new(),
        forms: None,
    };
    let onboarding = Onboarding::new(settings);
    let forms = Some(FormEndpoint { forms, onboarding, identity_verifiers: Default::default() });
    let exposition = Exposition::start().expect("nobody counts yet");
    let metrics = MetricsEndpoint { exposition, token: None };
    router(BotServer {
        integrity,
        routes: Router::new(),
        forms,
        metrics,
        caller: AddressSource::Header("fly-client-ip"),
    })
}

/// Nobody is believed to be somebody, and no body brings the page down or gets what it sent back.
pub fn form_posts(data: &[u8]) {
    let (line, body) = first_line(data);
    assert!(verify_init_data("7001:token", &line, NOW_MS, 60_000).is_err(), "never signed");
    let ticket = PAGE.forms.open(form());
    let text = String::from_utf8_lossy(body).replace("{ticket}", &ticket);
    for path in ["/form/open", "/form/confirm", "/form/check", "/form/submit", "/form/decline"] {
        let answer = PAGE.runtime.block_on(posted(path, &text));
        let (status, body) = (answer.status().as_u16(), answer.into_body());
        assert!(status < 500 || status == 503, "{path}: {status}");
        assert_ne!(status, 429, "the limit of one address stands before the form");
        let told = PAGE.runtime.block_on(axum::body::to_bytes(body, 1 << 20)).expect("a body");
        let told = String::from_utf8_lossy(&told);
        assert!(!told.contains("<script"), "{path} reflects what it was sent");
        assert!(!told.contains(ticket.as_str()), "{path} gives the ticket back");
    }
}

/// The minute is over at once in which too many addresses called for the limit to tell them apart.
async fn posted(path: &str, text: &str) -> http::Response<Body> {
    let post = || {
        let request = http::Request::post(path)
            .header("content-type", "application/json")
            .header("fly-client-ip", somebody())
            .body(Body::from(text.to_owned()))
            .expect("a request");
        PAGE.router.clone().oneshot(request)
    };
    let answer = post().await.expect("an answer");
    if answer.status() != 429 {
        return answer;
    }
    tokio::time::advance(Duration::from_secs(60)).await;
    post().await.expect("an answer")
}

/// Another address each time.
fn somebody() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    std::net::Ipv4Addr::from_bits(NEXT.fetch_add(1, Ordering::Relaxed)).to_string()
}

fn form() -> Form {
    Form {
        channel: "whatsapp".to_owned(),
        chat: ChatId("ada".to_owned()),
        person: UserId("ada".to_owned()),
        account: "Ada".to_owned(),
        kind: SecretKind::FlyToken,
        fields: secret_form(Locale::English, SecretKind::FlyToken),
        locale: Locale::English,
    }
}
