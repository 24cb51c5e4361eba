//! The settings of the bot, a row each. `textslash bot --help` shows them and makes flags of those
//! that are no secrets; the tables of `.github/HOSTING.md` are compared with them.

use crate::chat_service::ChatServiceProfile;
use crate::cloud::fly::FlyEndpoints;
use crate::machine_env::{DAILY_TOKENS, PORT, PUBLIC_URL};
use crate::model::anthropic;
use crate::quota::Quotas;
use crate::spec::Spec;

use super::deployed::{DEFAULT_LISTEN_HOST, DEFAULT_PORT};
use super::vendors::ALLOW_SANDBOX;

/// A setting of a role.
pub struct Setting {
    /// Its environment variable.
    pub name: &'static str,
    /// The placeholder of its value.
    pub placeholder: &'static str,
    /// Its value where it is not set, if it has one.
    pub default: Option<String>,
    /// Its effect, in a few words.
    pub meaning: &'static str,
    /// Never passed as a flag: everybody on the machine can list command lines.
    pub is_secret: bool,
}

impl Setting {
    fn open(name: &'static str, placeholder: &'static str, meaning: &'static str) -> Self {
        Self { name, placeholder, default: None, meaning, is_secret: false }
    }

    fn secret(name: &'static str, meaning: &'static str) -> Self {
        Self { is_secret: true, ..Self::open(name, "", meaning) }
    }

    fn or(self, default: impl ToString) -> Self {
        Self { default: Some(default.to_string()), ..self }
    }

    /// The flag that sets it, without its dashes.
    pub fn flag(&self) -> String {
        let name = self.name.strip_prefix("TEXTSLASH_").unwrap_or(self.name);
        name.to_ascii_lowercase().replace('_', "-")
    }
}

/// The settings of the bot as a host makes them.
pub fn of_bot() -> Vec<Setting> {
    let mut all = of_services();
    all.extend([
        Setting::secret(
            "TEXTSLASH_METRICS_TOKEN",
            "opens /metrics as Authorization: Bearer …; without it only this machine may read them",
        ),
        Setting::secret(
            "TEXTSLASH_INVITATIONS",
            "CODE:PEOPLE with spaces between; without it everybody may begin; set and empty, the \
             bot does not start",
        ),
        Setting::open(
            "TEXTSLASH_BEHIND_FLY_PROXY",
            "0|1",
            "1 where every request comes through Fly's proxy; Fly-Client-IP then names the \
             caller. Never set it elsewhere",
        )
        .or(0),
        Setting::open(
            "TEXTSLASH_DEPLOYMENTS_A_DAY",
            "NUMBER",
            "deployments that all people together may begin within a day; 0 for none",
        )
        .or(Quotas::PUBLIC.all),
        Setting::open(
            DAILY_TOKENS,
            "NUMBER",
            "model tokens of all classes that the agent of a new deployment may use in a day \
             (UTC); 0 for none. A relay that is already deployed reads the setting of its own app",
        )
        .or(Spec::DAILY_TOKENS),
        Setting::open("TEXTSLASH_DATA", "DIRECTORY", "the folder of the database")
            .or("~/.local/share/textslash"),
        Setting::open(
            "TEXTSLASH_USER",
            "NAME",
            "the user that a bot or relay started by root becomes before it listens; its data \
             directory is handed over. The images set textslash",
        ),
        Setting::open(PORT, "PORT", "the port of the web server").or(DEFAULT_PORT),
        Setting::open("LISTEN_HOST", "ADDRESS", "the IP address of the web server")
            .or(DEFAULT_LISTEN_HOST),
    ]);
    all
}

/// The settings of what is deployed, and of the chat services.
fn of_services() -> Vec<Setting> {
    vec![
        Setting::open(
            "TEXTSLASH_RELAY_IMAGE",
            "IMAGE",
            "the public image of relays, by digest; without it the bot does not start",
        ),
        Setting::open(
            "TEXTSLASH_VM_IMAGE",
            "IMAGE",
            "the public image of VMs, by digest; without it the bot does not start",
        ),
        Setting::open(
            PUBLIC_URL,
            "URL",
            "the bot's address on the internet, with https; webhooks and the one-time form need it",
        ),
        Setting::secret("TELEGRAM_BOT_TOKEN", "from @BotFather"),
        Setting::secret(
            "TELEGRAM_WEBHOOK_SECRET",
            "openssl rand -hex 32; with it Telegram calls the bot",
        ),
        Setting::secret("DISCORD_BOT_TOKEN", "from the developer portal"),
        Setting::open(
            "TWILIO_ACCOUNT_SID",
            "SID",
            "from the Twilio console; WhatsApp needs it with the two below",
        ),
        Setting::secret("TWILIO_AUTH_TOKEN", "from the Twilio console"),
        Setting::open(
            "TWILIO_WHATSAPP_NUMBER",
            "NUMBER",
            "the sender, as +14155238886; from the Twilio console",
        ),
    ]
}

/// The addresses of vendors, for a sandbox or a fork.
pub fn of_vendors() -> Vec<Setting> {
    let real = FlyEndpoints::real();
    let base =
        |name, url: &str| Setting::open(name, "URL", "a base URL").or(url.trim_end_matches('/'));
    let mut all = vec![
        base("FLY_API_URL", real.machines_api.as_str()),
        base("FLY_PLATFORM_URL", real.platform_api.as_str()),
        base(anthropic::API_SETTING, anthropic::API_URL),
    ];
    let apis = ChatServiceProfile::all().flat_map(|profile| profile.apis);
    all.extend(apis.map(|api| base(api.setting, api.real)));
    let place = |name, meaning, url| Setting::open(name, "URL", meaning).or(url);
    all.extend([
        place("FLY_PUBLIC_APP_URL", "an app, as the internet reaches it", &real.public_app),
        place("FLY_PRIVATE_APP_URL", "an app, as its relay reaches it", &real.private_app),
        place(
            "FLY_MODEL_PROXY_URL",
            "the model proxy of a relay, as its VM reaches it",
            &real.model_proxy,
        ),
        Setting::open(
            ALLOW_SANDBOX,
            "0|1",
            "1 lets a role use vendors on loopback; every role but sandbox refuses otherwise",
        )
        .or(0),
    ]);
    all
}
