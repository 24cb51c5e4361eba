//! `textslash bot`: the hosted onboarding bot, on every chat service whose credentials are in the
//! environment.

use std::sync::Arc;
use std::time::Duration;

use adapters::channel::Channel;
use adapters::discord::{self, DiscordChannel};
use adapters::telegram::{self, TelegramChannel, UpdateSource, verify_init_data};
use adapters::whatsapp::{self, WhatsAppChannel};
use anyhow::{Context, bail};
use axum::Router;
use textslash::clock::Clock;
use textslash::cloud::fly::CLIENT_HEADER;
use textslash::config::{
    ALLOW_SANDBOX, BotSettings, Environment, ListenAddress, TelegramSettings, WhatsAppSettings,
    daily_tokens, images,
};
use textslash::forms::Forms;
use textslash::messaging::{RETRIES, ServiceError, Webhook};
use textslash::metrics::Exposition;
use textslash::onboarding::{Catalogue, HostedForms, Onboarding};
use textslash::quota::Quotas;
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::{AgentKind, RelayChannel};
use textslash::web::bot::{
    self, AddressSource, BotServer, FormEndpoint, IdentityVerifiers, MetricsEndpoint,
};
use textslash::{store, telemetry};
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use url::Url;

use crate::connections::{Connections, data_dir};
use crate::exit::ExitReason;
use crate::late::{LateRoutes, start_with_retries};
use crate::relay::{apis, discord_url};
use crate::{report, signals};

/// How old what a Mini App was opened with may be: a form lives a quarter of an hour.
const INIT_DATA_AGE_MAX_MS: u64 = 15 * 60 * 1000;

/// How long what was acknowledged has to be answered when the process ends, after the 15 seconds of
/// requests in flight; fly.toml gives both 30 seconds.
const GRACE: Duration = Duration::from_secs(10);

/// Where Twilio calls.
const WHATSAPP_PATHS: [&str; 3] = ["/whatsapp", "/whatsapp/status", "/whatsapp/media/{id}"];

#[derive(clap::Args)]
pub struct BotArguments {}

/// The conversations on each channel, by its name.
type ChannelTasks = JoinSet<(&'static str, anyhow::Result<()>)>;

/// A chat service that the bot is to speak.
struct ServiceStart {
    channel: RelayChannel,
    routes: LateRoutes,
}

/// A chat service that the bot speaks.
struct StartedService {
    channel: Arc<dyn Channel>,
    routes: Router,
    /// How to reach the bot there.
    line: String,
}

pub async fn run(_: BotArguments) -> anyhow::Result<ExitReason> {
    let told = signals::shutdown_signal()?;
    let environment = Environment::of_process();
    let settings = BotSettings::read(&environment)?;
    let images = images(&environment)?;
    let _claim = store::claim(&data_dir(&environment)?)?;
    let exposition = Exposition::start()?;
    let connections = Connections::of_environment(&environment).await?;
    let listener = ListenAddress::read(&environment)?.open().await?;
    let (settings, connections) = (Arc::new(settings), Arc::new(connections));
    let services = services(&settings);
    let routes = services.iter().map(ServiceStart::router).fold(Router::new(), Router::merge);
    let catalogue = Catalogue {
        channels: RelayChannel::ALL.to_vec(),
        agents: agents(&environment)?,
        images,
        daily_tokens: daily_tokens(&environment)?,
        quotas: Quotas { all: settings.deployments_a_day_max, ..Quotas::PUBLIC },
        invitations: settings.invitations.clone(),
    };
    let forms = settings.public_url.clone().map(|public_url| {
        let forms = Forms::new(connections.random.clone());
        HostedForms { forms, public_url }
    });
    let held = forms.as_ref().map(|at| at.forms.clone());
    let onboarding = connections.onboarding(catalogue, Vec::new(), forms);
    let forms = held.map(|forms| FormEndpoint {
        forms,
        onboarding: onboarding.clone(),
        identity_verifiers: vouchers(&settings, connections.clock.clone()),
    });
    let caller = if settings.behind_fly_proxy {
        AddressSource::Header(CLIENT_HEADER)
    } else {
        AddressSource::Peer
    };
    let metrics =
        MetricsEndpoint { exposition: exposition.clone(), token: settings.metrics_token.clone() };
    let integrity =
        connections.database.integrity().context("the database is not watched")?.clone();
    let door = BotServer { integrity: integrity.clone(), routes, forms, metrics, caller };
    let talks = talk(&onboarding, services, &settings, &connections);
    let (close, closed) = oneshot::channel::<()>();
    let server = tokio::spawn(bot::serve(door, listener, async { drop(closed.await) }));
    tokio::select! {
        end = until_over(told, talks, &onboarding, close, server) => end,
        never = exposition.upkeep() => match never {},
        damage = integrity.damaged() => {
            bail!("{damage}, so the bot ends: what it took from now on would be lost")
        }
    }
}

/// Waits until the process is told to end or a channel has ended, then ends in order: nothing more
/// is let in and what is in flight is answered; then what was acknowledged is answered.
async fn until_over(
    told: impl Future<Output = ()>,
    mut talks: ChannelTasks,
    onboarding: &Onboarding,
    close: oneshot::Sender<()>,
    server: JoinHandle<()>,
) -> anyhow::Result<ExitReason> {
    let end = tokio::select! {
        () = told => Ok(ExitReason::Interrupted),
        Some(ended) = talks.join_next() => Err(why_over(ended)),
    };
    // It waits for this or is gone itself.
    let _ = close.send(());
    server.await.map_err(|error| telemetry::ended(&error))?;
    onboarding.stop();
    // What takes longer is carried on by the next process from what is on disk.
    let finished = async { while talks.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(GRACE, finished).await;
    end
}

fn why_over(ended: Result<(&'static str, anyhow::Result<()>), JoinError>) -> anyhow::Error {
    match ended {
        Ok((channel, Ok(()))) => anyhow::anyhow!(
            "{channel} has ended for good: its credential was revoked or is refused. Set a new \
             one and start the bot again"
        ),
        Ok((channel, Err(error))) => error.context(channel),
        Err(error) => telemetry::ended(&error),
    }
}

/// Telegram says who has opened a Mini App of its bot.
fn vouchers(settings: &BotSettings, clock: Clock) -> IdentityVerifiers {
    let mut vouchers = IdentityVerifiers::new();
    if let Some(telegram) = &settings.telegram {
        let token = telegram.token.clone();
        let voucher = move |init_data: &str| {
            let now_ms = clock.now_ms();
            let opened = verify_init_data(&token, init_data, now_ms, INIT_DATA_AGE_MAX_MS);
            opened.ok().map(|opened| opened.user)
        };
        vouchers.insert(RelayChannel::Telegram.word().to_owned(), Box::new(voucher));
    }
    vouchers
}

/// A simulated model needs no key, and neither does the shell agent.
fn agents(environment: &Environment<'_>) -> anyhow::Result<Vec<AgentKind>> {
    let is_sandbox = environment.flag(ALLOW_SANDBOX)?;
    let all = AgentKind::ALL.into_iter();
    Ok(all.filter(|agent| is_sandbox || agent.needs_model()).collect())
}

/// Every service that is set up.
fn services(settings: &BotSettings) -> Vec<ServiceStart> {
    let is_set_up = |channel: &RelayChannel| match channel {
        RelayChannel::Telegram => settings.telegram.is_some(),
        RelayChannel::Discord => settings.discord.is_some(),
        RelayChannel::WhatsApp => settings.whatsapp.is_some(),
        RelayChannel::Web => false,
    };
    let all = RelayChannel::ALL.into_iter().filter(is_set_up);
    all.map(|channel| ServiceStart { channel, routes: LateRoutes::default() }).collect()
}

impl ServiceStart {
    fn router(&self) -> Router {
        self.routes.router(match self.channel {
            RelayChannel::Telegram => &["/telegram"],
            RelayChannel::WhatsApp => &WHATSAPP_PATHS,
            RelayChannel::Discord | RelayChannel::Web => &[],
        })
    }

    /// Talks on the service from the moment that it answers.
    async fn talk(
        &self,
        onboarding: &Onboarding,
        settings: &BotSettings,
        connections: &Connections,
    ) -> anyhow::Result<()> {
        let start = || self.start(settings, connections);
        let Some(spoken) = start_with_retries(self.channel.word(), is_silent, start).await? else {
            return Ok(());
        };
        report::say(&spoken.line);
        self.routes.open(spoken.routes);
        onboarding.run(spoken.channel).await
    }

    async fn start(
        &self,
        settings: &BotSettings,
        connections: &Connections,
    ) -> anyhow::Result<Option<StartedService>> {
        let BotSettings { telegram, discord, whatsapp, public_url, .. } = settings;
        match (self.channel, telegram, discord, whatsapp) {
            (RelayChannel::Telegram, Some(telegram), ..) => {
                let spoken = on_telegram(telegram, public_url.as_ref(), connections).await;
                spoken.context("Telegram").map(Some)
            }
            (RelayChannel::Discord, _, Some(token), _) => {
                let api_url = discord_url(connections.vendors.messaging.endpoints());
                let discord = DiscordChannel::start(discord::DiscordChannelSettings {
                    token: token.clone(),
                    api_url,
                });
                let discord = discord.await.context("Discord")?;
                let (name, link) = (discord.name(), discord.install_link());
                let line = format!("Discord: @{name}, added at {link}");
                Ok(Some(StartedService { channel: discord, routes: Router::new(), line }))
            }
            (RelayChannel::WhatsApp, _, _, Some(whatsapp)) => {
                on_whatsapp(whatsapp, connections).await.context("WhatsApp").map(Some)
            }
            _ => Ok(None),
        }
    }
}

/// The service said nothing: that may pass, unlike a refusal.
fn is_silent(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&telegram::TelegramStartError::Unreachable)
        || error.downcast_ref() == Some(&discord::DiscordStartError::Unreachable)
        || error.downcast_ref() == Some(&ServiceError::Unreachable)
}

async fn on_whatsapp(
    settings: &WhatsAppSettings,
    connections: &Connections,
) -> anyhow::Result<StartedService> {
    let endpoints = connections.vendors.messaging.endpoints();
    let whatsapp = WhatsAppChannel::start(whatsapp::WhatsAppChannelSettings {
        account_sid: settings.account_sid.clone(),
        auth_token: settings.auth_token.clone(),
        number: settings.number.clone(),
        public_url: settings.public_url.clone(),
        apis: apis(endpoints),
    })?;
    let audience = endpoints.audience(SecretKind::TwilioKey);
    let key = format!("{} {}", settings.account_sid, settings.auth_token.as_str());
    let key = Secret::new(SecretKind::TwilioKey, key, audience);
    let base = settings.public_url.as_str().trim_end_matches('/');
    let url = format!("{base}/whatsapp#{RETRIES}");
    connections
        .vendors
        .messaging
        .set_webhook(&key, &settings.number, Webhook { url: &url, secret: "" })
        .await?;
    let line = format!("WhatsApp: {}", settings.number);
    Ok(StartedService { routes: whatsapp.router(), channel: whatsapp, line })
}

async fn on_telegram(
    settings: &TelegramSettings,
    public_url: Option<&Url>,
    connections: &Connections,
) -> anyhow::Result<StartedService> {
    let updates = match &settings.webhook_secret {
        Some(secret) => UpdateSource::Webhook { secret: secret.clone() },
        None => UpdateSource::Polling,
    };
    let telegram = TelegramChannel::start(telegram::TelegramChannelSettings {
        token: settings.token.clone(),
        api_url: settings.api_url.to_string(),
        updates,
    })
    .await?;
    if let (Some(secret), Some(public_url)) = (&settings.webhook_secret, public_url) {
        let audience = Audience::of([settings.api_url.authority()]);
        let key = Secret::new(SecretKind::TelegramToken, settings.token.clone(), audience);
        let url = format!("{}/telegram", public_url.as_str().trim_end_matches('/'));
        let to = Webhook { url: &url, secret };
        connections.vendors.messaging.set_webhook(&key, telegram.username(), to).await?;
    }
    let line = format!("Telegram: https://t.me/{}", telegram.username());
    Ok(StartedService { routes: telegram.router(), channel: telegram, line })
}

/// Talks on all of them.
fn talk(
    onboarding: &Onboarding,
    services: Vec<ServiceStart>,
    settings: &Arc<BotSettings>,
    connections: &Arc<Connections>,
) -> ChannelTasks {
    let mut talks = JoinSet::new();
    for service in services {
        let (onboarding, settings) = (onboarding.clone(), settings.clone());
        let connections = connections.clone();
        talks.spawn(async move {
            let talked = service.talk(&onboarding, &settings, &connections).await;
            (service.channel.word(), talked)
        });
    }
    talks
}
