//! `textslash relay`: one person's relay, where it was deployed.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::discord::{self, DiscordChannel};
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::web::WebChannel;
use adapters::whatsapp::{self, WhatsAppChannel};
use anyhow::Context;
use axum::Router;
use futures::future::BoxFuture;
use textslash::chat_service::{
    ChatEndpoints, ChatServices, discord as discord_service, telegram as telegram_service, twilio,
};
use textslash::clock::Clock;
use textslash::config::{
    ChannelSettings, Environment, ListenAddress, chat_services, owner_key, relay_channel,
    relay_settings,
};
use textslash::http::NetworkTransport;
use textslash::random::Random;
use textslash::relay::relay_store::RelayStore;
use textslash::relay::webhook_registration::{WebhookRegistration, webhook_secret};
use textslash::relay::{Relay, RelayExit, RelaySettings};
use textslash::web;
use url::Url;
use zeroize::Zeroizing;

use crate::exit::ExitReason;
use crate::late::{LateChannel, LateRoutes, start_with_retries};
use crate::signals;

pub async fn run() -> anyhow::Result<ExitReason> {
    let environment = Environment::of_process();
    let told = signals::shutdown_signal_or_stdin_end(&environment)?;
    let settings = relay_settings(&environment)?;
    let channel = relay_channel(&environment)?;
    let ledger = RelayStore::open(&settings.data_dir).await?;
    let pointer = webhook_registration(&environment, &settings, &channel, ledger.clone())?;
    let OpenedChannel { chat, routes, starting } =
        open(&environment, &settings, channel, ledger.clone())?;
    let listener = ListenAddress::read(&environment)?.open().await?;
    let model = match settings.model_key {
        Some(_) => Some(ListenAddress::of_model_proxy(&environment)?.open().await?),
        None => None,
    };
    let transport = Arc::new(NetworkTransport::new()?);
    let (clock, chance) = (Clock::system(), Random::system()?);
    let relay = Relay::start(settings, ledger, chat, pointer, transport, clock, chance)?;
    tracing::info!(address = ?listener.local_addr().ok(), "the relay listens");
    let over = tokio::select! {
        over = web::relay::serve(relay, routes, listener, model, told) => over?,
        Err(error) = starting => return Err(error),
    };
    tracing::info!(?over, "the relay ends");
    // A failure makes the platform start it again, on a sound copy; it does so ten times at most.
    anyhow::ensure!(over != RelayExit::Damaged, "the relay's database file is damaged or gone");
    Ok(ExitReason::Done)
}

/// The channel that a relay was deployed for.
struct OpenedChannel {
    chat: Arc<dyn Channel>,
    routes: Router,
    /// Ends when the service has answered: with an error when it refuses.
    starting: BoxFuture<'static, anyhow::Result<()>>,
}

impl OpenedChannel {
    /// A channel that needs nobody's answer.
    fn ready(chat: Arc<dyn Channel>, routes: Router) -> Self {
        Self { chat, routes, starting: Box::pin(async { Ok(()) }) }
    }
}

fn open(
    environment: &Environment<'_>,
    settings: &RelaySettings,
    channel: ChannelSettings,
    ledger: Arc<RelayStore>,
) -> anyhow::Result<OpenedChannel> {
    match channel {
        ChannelSettings::Web => {
            let web = WebChannel::new(owner_key(environment)?, ledger);
            let routes = web.router().merge(web::relay::chat_page());
            Ok(OpenedChannel::ready(web, routes))
        }
        ChannelSettings::Telegram { key, .. } => {
            let api_url = chat_services(environment)?.url(&telegram_service::API).to_string();
            let secret = webhook_secret(&settings.link_key);
            let start = move || {
                TelegramChannel::start(telegram::TelegramChannelSettings {
                    token: Zeroizing::new(key.expose().to_owned()),
                    api_url: api_url.clone(),
                    updates: UpdateSource::Webhook { secret: secret.clone() },
                })
            };
            let late = LateChannel::new("telegram", telegram::capabilities(false));
            let (chat, opened) = (late.clone(), LateRoutes::default());
            let routes = opened.router(&["/telegram"]);
            let starting = async move {
                let is_silent = |error: &telegram::TelegramStartError| {
                    *error == telegram::TelegramStartError::Unreachable
                };
                let telegram = start_with_retries("telegram", is_silent, start).await?;
                opened.open(telegram.router());
                late.start(telegram).await;
                Ok(())
            };
            Ok(OpenedChannel { chat, routes, starting: Box::pin(starting) })
        }
        ChannelSettings::WhatsApp { key, number, public_url } => {
            let (account_sid, auth_token) = twilio::parts(key.expose())
                .context("CHANNEL_KEY is not an account's id and its token")?;
            let whatsapp = WhatsAppChannel::start(whatsapp::WhatsAppChannelSettings {
                account_sid: account_sid.to_owned(),
                auth_token: Zeroizing::new(auth_token.to_owned()),
                number,
                public_url,
                apis: apis(&chat_services(environment)?),
            })?;
            let routes = whatsapp.router();
            Ok(OpenedChannel::ready(whatsapp, routes))
        }
        ChannelSettings::Discord { key } => {
            let api_url = discord_url(&chat_services(environment)?);
            let start = move || {
                let token = Zeroizing::new(key.expose().to_owned());
                DiscordChannel::start(discord::DiscordChannelSettings {
                    token,
                    api_url: api_url.clone(),
                })
            };
            let late = LateChannel::new("discord", discord::capabilities());
            let chat = late.clone();
            let starting = async move {
                let is_silent = |error: &discord::DiscordStartError| {
                    *error == discord::DiscordStartError::Unreachable
                };
                late.start(start_with_retries("discord", is_silent, start).await?).await;
                Ok(())
            };
            Ok(OpenedChannel { chat, routes: Router::new(), starting: Box::pin(starting) })
        }
    }
}

/// What points the owner's bot at this relay, where its service is pointed.
pub fn webhook_registration(
    environment: &Environment<'_>,
    settings: &RelaySettings,
    channel: &ChannelSettings,
    ledger: Arc<RelayStore>,
) -> anyhow::Result<Option<WebhookRegistration>> {
    let (key, address, public_url) = match channel {
        ChannelSettings::Telegram { key, public_url } => (key, "", public_url),
        ChannelSettings::WhatsApp { key, number, public_url } => (key, number.as_str(), public_url),
        ChannelSettings::Web | ChannelSettings::Discord { .. } => return Ok(None),
    };
    let transport = Arc::new(NetworkTransport::new()?);
    let services = ChatServices::new(transport, chat_services(environment)?, Vec::new());
    let Some(service) = services.of_key(key.kind()).cloned() else { return Ok(None) };
    let Some(url) = service.profile().webhook_url(public_url.as_str()) else { return Ok(None) };
    let (key, address) = (key.clone(), address.to_owned());
    Ok(Some(WebhookRegistration::new(service, key, address, url, &settings.link_key, ledger)))
}

/// Discord's address where it is not the real one, as the adapter wants to know it.
pub fn discord_url(services: &ChatEndpoints) -> Option<String> {
    services.moved(&discord_service::API).map(Url::to_string)
}

/// Twilio's interfaces, as the adapter wants to know them.
pub fn apis(services: &ChatEndpoints) -> whatsapp::TwilioApis {
    whatsapp::TwilioApis {
        api: services.url(&twilio::API),
        messaging: services.url(&twilio::MESSAGING),
        content: services.url(&twilio::CONTENT),
    }
}
