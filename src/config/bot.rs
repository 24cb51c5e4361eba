//! What the hosted bot is told by its environment.

use anyhow::{Context, bail};
use url::Url;
use zeroize::Zeroizing;

use crate::chat_service::telegram;
use crate::invitation::{self, Invitation};
use crate::quota::Quotas;

use super::{ALLOW_SANDBOX, Environment, keys, vendors};

/// Said when the bot would speak nowhere.
const NO_CHANNEL: &str = "no chat service is set up: set TELEGRAM_BOT_TOKEN, DISCORD_BOT_TOKEN, \
                          or TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN and \
                          TWILIO_WHATSAPP_NUMBER; see .github/HOSTING.md";

/// The fewest characters of a webhook secret: 256 bit take 43 in base64url and 64 in hex.
const SECRET_CHARS_MIN: usize = 43;

/// The keys of the bot.
const KEYS: [&str; 5] = [
    "TELEGRAM_BOT_TOKEN",
    "DISCORD_BOT_TOKEN",
    "TWILIO_AUTH_TOKEN",
    "TELEGRAM_WEBHOOK_SECRET",
    "TEXTSLASH_METRICS_TOKEN",
];

/// What the hosted bot is told.
pub struct BotSettings {
    /// Where the internet finds the bot's web server, if it does.
    pub public_url: Option<Url>,
    /// Telegram, if it is set up.
    pub telegram: Option<TelegramSettings>,
    /// Discord's bot token, if it is set up.
    pub discord: Option<Zeroizing<String>>,
    /// WhatsApp, if it is set up.
    pub whatsapp: Option<WhatsAppSettings>,
    /// What opens `/metrics`; without it they are for this machine alone.
    pub metrics_token: Option<Zeroizing<String>>,
    /// Every request comes through Fly's proxy, which says who calls.
    pub behind_fly_proxy: bool,
    /// Deployments that all people together may begin within a day; with none the bot begins
    /// nothing.
    pub deployments_a_day_max: usize,
    /// What lets people in; where there is none, everybody is in.
    pub invitations: Vec<Invitation>,
}

/// How the bot speaks WhatsApp.
#[derive(Clone)]
pub struct WhatsAppSettings {
    /// The Twilio account.
    pub account_sid: String,
    /// Its Auth Token.
    pub auth_token: Zeroizing<String>,
    /// The number, as `+14155238886`.
    pub number: String,
    /// Where the internet finds the bot's web server: what Twilio signs for.
    pub public_url: Url,
}

/// How the bot speaks Telegram.
#[derive(Clone)]
pub struct TelegramSettings {
    /// The bot's token.
    pub token: Zeroizing<String>,
    /// Telegram's API.
    pub api_url: Url,
    /// What Telegram shows at the webhook; without it, updates are asked for.
    pub webhook_secret: Option<Zeroizing<String>>,
}

impl BotSettings {
    /// The channels whose credentials are in the environment.
    ///
    /// # Errors
    /// When there is none, one is set up in part, or a key can be guessed.
    pub fn read(environment: &Environment<'_>) -> anyhow::Result<Self> {
        keys::check(environment, &KEYS)?;
        let public_url = public_url(environment)?;
        let telegram = telegram(environment, public_url.as_ref())?;
        let whatsapp = whatsapp(environment, public_url.as_ref())?;
        let discord = environment.get("DISCORD_BOT_TOKEN").map(Zeroizing::new);
        if telegram.is_none() && discord.is_none() && whatsapp.is_none() {
            bail!("{NO_CHANNEL}");
        }
        let metrics_token = environment.get("TEXTSLASH_METRICS_TOKEN").map(Zeroizing::new);
        let behind_fly_proxy = environment.flag("TEXTSLASH_BEHIND_FLY_PROXY")?;
        let deployments_a_day_max = deployments_a_day_max(environment)?;
        let invitations = invitations(environment)?;
        Ok(Self {
            public_url,
            telegram,
            discord,
            whatsapp,
            metrics_token,
            behind_fly_proxy,
            deployments_a_day_max,
            invitations,
        })
    }
}

fn deployments_a_day_max(environment: &Environment<'_>) -> anyhow::Result<usize> {
    let Some(text) = environment.get("TEXTSLASH_DEPLOYMENTS_A_DAY") else {
        return Ok(Quotas::PUBLIC.all);
    };
    text.parse().ok().context(
        "TEXTSLASH_DEPLOYMENTS_A_DAY must be a number: the deployments that all people together \
         may begin within a day, 0 for none",
    )
}

fn invitations(environment: &Environment<'_>) -> anyhow::Result<Vec<Invitation>> {
    const NAME: &str = "TEXTSLASH_INVITATIONS";
    if !environment.is_set(NAME) {
        return Ok(Vec::new());
    }
    // A variable that expanded to nothing must not let everybody in.
    invitation::parse(&environment.or(NAME, "")).with_context(|| format!("{NAME} is refused"))
}

fn telegram(
    environment: &Environment<'_>,
    public_url: Option<&Url>,
) -> anyhow::Result<Option<TelegramSettings>> {
    let secret = environment.get("TELEGRAM_WEBHOOK_SECRET").map(Zeroizing::new);
    let Some(token) = environment.get("TELEGRAM_BOT_TOKEN").map(Zeroizing::new) else {
        if secret.is_some() {
            bail!("TELEGRAM_WEBHOOK_SECRET is set, but TELEGRAM_BOT_TOKEN is not");
        }
        return Ok(None);
    };
    if let Some(secret) = &secret {
        let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if secret.len() < SECRET_CHARS_MIN || !secret.chars().all(belongs) {
            bail!(
                "TELEGRAM_WEBHOOK_SECRET needs {SECRET_CHARS_MIN} or more letters, digits, _ or \
                 -; make one with `openssl rand -hex 32`"
            );
        }
        if public_url.is_none() {
            bail!(
                "TELEGRAM_WEBHOOK_SECRET needs TEXTSLASH_PUBLIC_URL, where Telegram finds the \
                 webhook"
            );
        }
    }
    let api_url = vendors::chat_services(environment)?.url(&telegram::API);
    Ok(Some(TelegramSettings { token, api_url, webhook_secret: secret }))
}

fn whatsapp(
    environment: &Environment<'_>,
    public_url: Option<&Url>,
) -> anyhow::Result<Option<WhatsAppSettings>> {
    const NAMES: [&str; 3] = ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_WHATSAPP_NUMBER"];
    let [Some(account_sid), Some(auth_token), Some(number)] = NAMES.map(|it| environment.get(it))
    else {
        let missing: Vec<_> =
            NAMES.into_iter().filter(|it| environment.get(it).is_none()).collect();
        if missing.len() < NAMES.len() {
            bail!("WhatsApp is set up in part: {} is not set", missing.join(" and "));
        }
        return Ok(None);
    };
    let Some(public_url) = public_url.cloned() else {
        bail!("WhatsApp needs TEXTSLASH_PUBLIC_URL, where Twilio finds the webhook");
    };
    let auth_token = Zeroizing::new(auth_token);
    Ok(Some(WhatsAppSettings { account_sid, auth_token, number, public_url }))
}

fn public_url(environment: &Environment<'_>) -> anyhow::Result<Option<Url>> {
    let Some(text) = environment.get("TEXTSLASH_PUBLIC_URL") else { return Ok(None) };
    let url = vendors::parse_url("TEXTSLASH_PUBLIC_URL", &text)?;
    if url.scheme() != "https" && !environment.flag(ALLOW_SANDBOX)? {
        bail!("TEXTSLASH_PUBLIC_URL must start with https://: credentials are entered there");
    }
    Ok(Some(url))
}
