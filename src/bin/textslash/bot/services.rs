//! The chat services that the bot speaks.

use std::sync::Arc;

use adapters::channel::Channel;
use adapters::discord::{self, DiscordChannel};
use adapters::telegram::{self, TelegramChannel, UpdateSource};
use adapters::whatsapp::{self, WhatsAppChannel};
use anyhow::Context;
use async_trait::async_trait;
use axum::Router;
use textslash::chat_service::{ServiceError, Webhook, twilio};
use textslash::config::{BotSettings, TelegramSettings, WhatsAppSettings};
use textslash::onboarding::Onboarding;
use textslash::secret::{Audience, Secret, SecretKind};
use textslash::spec::RelayChannel;
use url::Url;
use zeroize::Zeroizing;

use crate::connections::Connections;
use crate::late::{LateRoutes, start_with_retries};
use crate::relay::{apis, discord_url};
use crate::report;

/// A chat service that is set up.
#[async_trait]
trait BotService: Send + Sync {
    fn channel(&self) -> RelayChannel;

    /// The paths at which the service calls the bot.
    fn paths(&self) -> &'static [&'static str] {
        &[]
    }

    /// Starts it, once.
    async fn start(&self, connections: &Connections) -> anyhow::Result<StartedService>;
}

/// A chat service that the bot speaks.
struct StartedService {
    channel: Arc<dyn Channel>,
    routes: Router,
    /// The line that tells people of the bot there.
    line: String,
}

/// A chat service that the bot is to speak.
pub(super) struct ServiceStart {
    service: Box<dyn BotService>,
    routes: LateRoutes,
}

/// Every service that is set up.
pub(super) fn of(settings: &BotSettings) -> Vec<ServiceStart> {
    let BotSettings { telegram, discord, whatsapp, public_url, .. } = settings;
    let telegram = telegram.clone().map(|settings| {
        Box::new(TelegramBotService { settings, public_url: public_url.clone() })
            as Box<dyn BotService>
    });
    let discord = discord.clone().map(|token| Box::new(DiscordBotService { token }) as _);
    let whatsapp = whatsapp.clone().map(|settings| Box::new(WhatsAppBotService { settings }) as _);
    let all = [telegram, discord, whatsapp].into_iter().flatten();
    all.map(|service| ServiceStart { service, routes: LateRoutes::default() }).collect()
}

impl ServiceStart {
    /// The name of the service.
    pub(super) fn word(&self) -> &'static str {
        self.service.channel().word()
    }

    /// Its routes, which open when it has answered.
    pub(super) fn router(&self) -> Router {
        self.routes.router(self.service.paths())
    }

    /// Talks on the service from the moment that it answers.
    pub(super) async fn talk(
        &self,
        onboarding: &Onboarding,
        connections: &Connections,
    ) -> anyhow::Result<()> {
        let start = || self.service.start(connections);
        let started = start_with_retries(self.word(), is_silent, start).await?;
        report::say(&started.line);
        self.routes.open(started.routes);
        onboarding.run(started.channel).await
    }
}

/// The service said nothing: that may pass, unlike a refusal.
fn is_silent(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&telegram::TelegramStartError::Unreachable)
        || error.downcast_ref() == Some(&discord::DiscordStartError::Unreachable)
        || error.downcast_ref() == Some(&ServiceError::Unreachable)
}

struct TelegramBotService {
    settings: TelegramSettings,
    public_url: Option<Url>,
}

#[async_trait]
impl BotService for TelegramBotService {
    fn channel(&self) -> RelayChannel {
        RelayChannel::Telegram
    }

    fn paths(&self) -> &'static [&'static str] {
        &["/telegram"]
    }

    async fn start(&self, connections: &Connections) -> anyhow::Result<StartedService> {
        let TelegramSettings { token, api_url, webhook_secret } = &self.settings;
        let updates = match webhook_secret {
            Some(secret) => UpdateSource::Webhook { secret: secret.clone() },
            None => UpdateSource::Polling,
        };
        let telegram = TelegramChannel::start(telegram::TelegramChannelSettings {
            token: token.clone(),
            api_url: api_url.to_string(),
            updates,
        });
        let telegram = telegram.await.context("Telegram")?;
        if let (Some(secret), Some(public_url)) = (webhook_secret, &self.public_url) {
            let audience = Audience::of([api_url.authority()]);
            let key = Secret::new(SecretKind::TelegramToken, token.clone(), audience);
            let led = lead_here(connections, &key, telegram.username(), public_url, secret).await;
            led.context("Telegram")?;
        }
        let line = format!("Telegram: https://t.me/{}", telegram.username());
        Ok(StartedService { routes: telegram.router(), channel: telegram, line })
    }
}

struct DiscordBotService {
    token: Zeroizing<String>,
}

#[async_trait]
impl BotService for DiscordBotService {
    fn channel(&self) -> RelayChannel {
        RelayChannel::Discord
    }

    async fn start(&self, connections: &Connections) -> anyhow::Result<StartedService> {
        let discord = DiscordChannel::start(discord::DiscordChannelSettings {
            token: self.token.clone(),
            api_url: discord_url(connections.vendors.chat_services.endpoints()),
        });
        let discord = discord.await.context("Discord")?;
        let line = format!("Discord: @{}, added at {}", discord.name(), discord.install_link());
        Ok(StartedService { channel: discord, routes: Router::new(), line })
    }
}

struct WhatsAppBotService {
    settings: WhatsAppSettings,
}

#[async_trait]
impl BotService for WhatsAppBotService {
    fn channel(&self) -> RelayChannel {
        RelayChannel::WhatsApp
    }

    fn paths(&self) -> &'static [&'static str] {
        &["/whatsapp", "/whatsapp/status", "/whatsapp/media/{id}"]
    }

    async fn start(&self, connections: &Connections) -> anyhow::Result<StartedService> {
        let WhatsAppSettings { account_sid, auth_token, number, public_url } = &self.settings;
        let endpoints = connections.vendors.chat_services.endpoints();
        let whatsapp = WhatsAppChannel::start(whatsapp::WhatsAppChannelSettings {
            account_sid: account_sid.clone(),
            auth_token: auth_token.clone(),
            number: number.clone(),
            public_url: public_url.clone(),
            apis: apis(endpoints),
        });
        let whatsapp = whatsapp.context("WhatsApp")?;
        let key = Zeroizing::new(format!("{account_sid} {}", auth_token.as_str()));
        let key = Secret::new(SecretKind::TwilioKey, key, endpoints.audience(twilio::APIS));
        lead_here(connections, &key, number, public_url, "").await.context("WhatsApp")?;
        let line = format!("WhatsApp: {number}");
        Ok(StartedService { routes: whatsapp.router(), channel: whatsapp, line })
    }
}

/// Leads the messages of the bot or number at `address` here.
async fn lead_here(
    connections: &Connections,
    key: &Secret,
    address: &str,
    public_url: &Url,
    secret: &str,
) -> anyhow::Result<()> {
    let service = connections.vendors.chat_services.of_key(key.kind());
    let service = service.context("no chat service takes such a key")?;
    let url = service.profile().webhook_url(public_url.as_str());
    let url = url.context("the service holds a connection")?;
    service.set_webhook(key, address, Webhook { url: &url, secret }).await?;
    Ok(())
}
