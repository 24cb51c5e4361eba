//! `textslash relay`: one person's relay, where it was deployed.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::discord::{self, Discord};
use adapters::telegram::{self, Telegram, Updates};
use adapters::web::Web;
use adapters::whatsapp::{self, WhatsApp};
use anyhow::Context;
use axum::Router;
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
use crate::signals;

pub async fn run() -> anyhow::Result<End> {
    let environment = Environment::of_process();
    let told = signals::told_to_end_there(&environment)?;
    let settings = relay_settings(&environment)?;
    let channel = relay_channel(&environment)?;
    let ledger = Ledger::open(&settings.data_dir).await?;
    let pointer = pointer(&environment, &settings, &channel, ledger.clone())?;
    let (chat, routes) = open(&environment, &settings, channel, ledger.clone()).await?;
    let listener = Listen::read(&environment)?.open().await?;
    let model = match settings.model_key {
        Some(_) => Some(Listen::of_model_proxy(&environment)?.open().await?),
        None => None,
    };
    let transport = Arc::new(Network::new()?);
    let (clock, chance) = (Clock::system(), Chance::system()?);
    let relay = Relay::start(settings, ledger, chat, pointer, transport, clock, chance)?;
    tracing::info!(address = ?listener.local_addr().ok(), "the relay listens");
    let over = web::relay::serve(relay, routes, listener, model, told).await?;
    tracing::info!(?over, "the relay ends");
    // A failure makes the platform start it again, on a sound copy; it does so ten times at most.
    anyhow::ensure!(over != Over::Damaged, "the relay's database file is damaged or gone");
    Ok(End::Done)
}

/// The channel that the relay was deployed for, and its routes.
async fn open(
    environment: &Environment<'_>,
    settings: &Settings,
    channel: ChannelSettings,
    ledger: Arc<Ledger>,
) -> anyhow::Result<(Arc<dyn Channel>, Router)> {
    match channel {
        ChannelSettings::Web => {
            let web = Web::new(owner_key(environment)?, ledger);
            let routes = web.router().merge(web::relay::chat_page());
            Ok((web, routes))
        }
        ChannelSettings::Telegram { key, .. } => {
            let telegram = Telegram::start(telegram::Settings {
                token: Zeroizing::new(key.expose_here().to_owned()),
                api_url: chat_services(environment)?.telegram.to_string(),
                updates: Updates::Webhook { secret: webhook_secret(&settings.link_key) },
            });
            let telegram = telegram.await?;
            let routes = telegram.router();
            Ok((telegram, routes))
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
            Ok((whatsapp, routes))
        }
        ChannelSettings::Discord { key } => {
            let discord = Discord::start(discord::Settings {
                token: Zeroizing::new(key.expose_here().to_owned()),
                api_url: discord_url(&chat_services(environment)?),
            });
            Ok((discord.await?, Router::new()))
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
