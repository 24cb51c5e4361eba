//! `textslash relay`: one person's relay, where it was deployed.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::discord::{self, Discord};
use adapters::telegram::{self, Telegram, Updates};
use adapters::web::Web;
use adapters::whatsapp::{self, WhatsApp};
use anyhow::Context;
use axum::Router;
use futures::future::BoxFuture;
use textslash::chance::Chance;
use textslash::clock::Clock;
use textslash::config::{
    ChannelSettings, Environment, Listen, chat_services, owner_key, relay_channel, relay_settings,
};
use textslash::http::Network;
use textslash::messaging::{Endpoints, Messaging, RETRIES, twilio_parts};
use textslash::relay::ledger::Ledger;
use textslash::relay::pointing::{Pointer, webhook_secret};
use textslash::relay::{Over, Relay, Settings};
use textslash::web;
use zeroize::Zeroizing;

use crate::exit::End;
use crate::late::{LateChannel, LateRoutes, reached};
use crate::signals;

pub async fn run() -> anyhow::Result<End> {
    let environment = Environment::of_process();
    let told = signals::told_to_end_there(&environment)?;
    let settings = relay_settings(&environment)?;
    let channel = relay_channel(&environment)?;
    let ledger = Ledger::open(&settings.data_dir).await?;
    let pointer = pointer(&environment, &settings, &channel, ledger.clone())?;
    let OpenedChannel { chat, routes, starting } =
        open(&environment, &settings, channel, ledger.clone())?;
    let listener = Listen::read(&environment)?.open().await?;
    let model = match settings.model_key {
        Some(_) => Some(Listen::of_model_proxy(&environment)?.open().await?),
        None => None,
    };
    let transport = Arc::new(Network::new()?);
    let (clock, chance) = (Clock::system(), Chance::system()?);
    let relay = Relay::start(settings, ledger, chat, pointer, transport, clock, chance)?;
    tracing::info!(address = ?listener.local_addr().ok(), "the relay listens");
    let over = tokio::select! {
        over = web::relay::serve(relay, routes, listener, model, told) => over?,
        Err(error) = starting => return Err(error),
    };
    tracing::info!(?over, "the relay ends");
    // A failure makes the platform start it again, on a sound copy; it does so ten times at most.
    anyhow::ensure!(over != Over::Damaged, "the relay's database file is damaged or gone");
    Ok(End::Done)
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
    fn at_once(chat: Arc<dyn Channel>, routes: Router) -> Self {
        Self { chat, routes, starting: Box::pin(async { Ok(()) }) }
    }
}

fn open(
    environment: &Environment<'_>,
    settings: &Settings,
    channel: ChannelSettings,
    ledger: Arc<Ledger>,
) -> anyhow::Result<OpenedChannel> {
    match channel {
        ChannelSettings::Web => {
            let web = Web::new(owner_key(environment)?, ledger);
            let routes = web.router().merge(web::relay::chat_page());
            Ok(OpenedChannel::at_once(web, routes))
        }
        ChannelSettings::Telegram { key, .. } => {
            let api_url = chat_services(environment)?.telegram.to_string();
            let secret = webhook_secret(&settings.link_key);
            let start = move || {
                Telegram::start(telegram::Settings {
                    token: Zeroizing::new(key.expose_here().to_owned()),
                    api_url: api_url.clone(),
                    updates: Updates::Webhook { secret: secret.clone() },
                })
            };
            let late = LateChannel::new("telegram", telegram::capabilities(false));
            let (chat, opened) = (late.clone(), LateRoutes::default());
            let routes = opened.router(&["/telegram"]);
            let starting = async move {
                let is_silent =
                    |error: &telegram::StartError| *error == telegram::StartError::OutOfReach;
                let telegram = reached("telegram", is_silent, start).await?;
                opened.open(telegram.router());
                late.start(telegram).await;
                Ok(())
            };
            Ok(OpenedChannel { chat, routes, starting: Box::pin(starting) })
        }
        ChannelSettings::WhatsApp { key, number, public_url } => {
            let (account_sid, auth_token) = twilio_parts(key.expose_here())
                .context("CHANNEL_KEY is not an account's id and its token")?;
            let whatsapp = WhatsApp::start(whatsapp::Settings {
                account_sid: account_sid.to_owned(),
                auth_token: Zeroizing::new(auth_token.to_owned()),
                number,
                public_url,
                apis: apis(&chat_services(environment)?),
            })?;
            let routes = whatsapp.router();
            Ok(OpenedChannel::at_once(whatsapp, routes))
        }
        ChannelSettings::Discord { key } => {
            let api_url = discord_url(&chat_services(environment)?);
            let start = move || {
                let token = Zeroizing::new(key.expose_here().to_owned());
                Discord::start(discord::Settings { token, api_url: api_url.clone() })
            };
            let late = LateChannel::new("discord", discord::capabilities());
            let chat = late.clone();
            let starting = async move {
                let is_silent =
                    |error: &discord::StartError| *error == discord::StartError::OutOfReach;
                late.start(reached("discord", is_silent, start).await?).await;
                Ok(())
            };
            Ok(OpenedChannel { chat, routes: Router::new(), starting: Box::pin(starting) })
        }
    }
}

/// What points the owner's bot at this relay, where its service is pointed.
pub fn pointer(
    environment: &Environment<'_>,
    settings: &Settings,
    channel: &ChannelSettings,
    ledger: Arc<Ledger>,
) -> anyhow::Result<Option<Pointer>> {
    let (key, address, public_url, path) = match channel {
        ChannelSettings::Telegram { key, public_url } => {
            (key, "", public_url, "/telegram".to_owned())
        }
        ChannelSettings::WhatsApp { key, number, public_url } => {
            (key, number.as_str(), public_url, format!("/whatsapp#{RETRIES}"))
        }
        ChannelSettings::Web | ChannelSettings::Discord { .. } => return Ok(None),
    };
    let transport = Arc::new(Network::new()?);
    let messaging = Messaging::new(transport, chat_services(environment)?, Vec::new());
    let url = format!("{}{path}", public_url.as_str().trim_end_matches('/'));
    let (key, address) = (key.clone(), address.to_owned());
    Ok(Some(Pointer::new(messaging, key, address, url, &settings.link_key, ledger)))
}

/// Discord's address where it is not the real one, as the adapter wants to know it.
pub fn discord_url(services: &Endpoints) -> Option<String> {
    let is_real = services.discord == Endpoints::real().discord;
    (!is_real).then(|| services.discord.to_string())
}

/// Twilio's interfaces, as the adapter wants to know them.
pub fn apis(services: &Endpoints) -> whatsapp::Apis {
    whatsapp::Apis {
        api: services.twilio.clone(),
        messaging: services.twilio_messaging.clone(),
        content: services.twilio_content.clone(),
    }
}
