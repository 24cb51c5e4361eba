//! A sandbox, the real bot in a process that can be killed, and Ada with her phone.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use textslash::random::Random;
use textslash::sandbox::telegram::TelegramPerson;
use textslash::sandbox::{Sandbox, SandboxOptions, discord, twilio};

use crate::program::{self, Program, ProgramExit};

/// The onboarding bot's number.
const BOT_NUMBER: &str = "+15550001111";

/// Ada's own.
pub const ADAS_NUMBER: &str = "+4915112345678";

/// Where vendors are, by the setting that says so.
pub type VendorUrls = Vec<(&'static str, String)>;

/// What the form's page was answered.
pub struct FormReply {
    pub status: u16,
    pub text: String,
}

/// Ada's id on Discord.
pub const ADA_ON_DISCORD: u64 = 100_000_000_000_007_001;

/// Ada's id on Telegram.
pub const ADA: u64 = 7_001;

pub struct ServicesWorld {
    pub sandbox: Sandbox,
    dir: TempDir,
    bot: Option<Program>,
    bot_token: String,
    discord_token: String,
    environment: Vec<(String, String)>,
}

impl ServicesWorld {
    /// The bot asks Telegram for messages.
    pub async fn polling() -> Self {
        Self::made(false, BTreeMap::new(), |urls| urls).await
    }

    /// The bot asks Telegram for messages, and this program stands in for Claude Code.
    pub async fn with_agent(program: String) -> Self {
        Self::made(false, BTreeMap::from([agent(program)]), |urls| urls).await
    }

    /// Telegram calls the bot.
    pub async fn webhook() -> Self {
        Self::made(true, BTreeMap::new(), |urls| urls).await
    }

    /// On every service, with this program for Claude Code; everybody logs as much as they can in
    /// this form, and finds the vendors where `leads` says.
    pub async fn verbose(
        program: String,
        format: &str,
        leads: impl FnOnce(VendorUrls) -> VendorUrls,
    ) -> Self {
        let log = [("TEXTSLASH_LOG", "trace"), ("TEXTSLASH_LOG_FORMAT", format)];
        let log = log.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let extra_env = log.into_iter().chain([agent(program)]).collect();
        Self::made(true, extra_env, leads).await
    }

    async fn made(
        webhook: bool,
        mut extra_env: BTreeMap<String, String>,
        leads: impl FnOnce(VendorUrls) -> VendorUrls,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        extra_env.insert("TMPDIR".to_owned(), dir.path().to_str().unwrap().to_owned());
        let options = SandboxOptions::this_program().unwrap();
        let program = program::PATH.into();
        let mut of_log = extra_env.clone();
        of_log.retain(|name, _| name.starts_with("TEXTSLASH_LOG"));
        let options = SandboxOptions { program, extra_env, ..options };
        let sandbox = Sandbox::start(options).await.unwrap();
        let bot_token = sandbox.telegram().mint_bot("textslash_bot");
        sandbox.telegram().let_make_bots(&bot_token);
        let port = free_port();
        let image = |of| format!("registry.test/{of}@sha256:{}", "0".repeat(64));
        let mut environment: Vec<(String, String)> = Vec::new();
        let mut set = |name: &str, value: String| environment.push((name.to_owned(), value));
        for (name, url) in leads(sandbox.base_urls()) {
            set(name, url);
        }
        of_log.into_iter().for_each(|(name, value)| set(&name, value));
        // Nobody is there: a bot that took a proxy from its environment would reach no vendor.
        set("http_proxy", "http://127.0.0.1:9".to_owned());
        set("TELEGRAM_BOT_TOKEN", bot_token.clone());
        let discord_token = sandbox.discord().mint_bot("textslash");
        set("DISCORD_BOT_TOKEN", discord_token.clone());
        if webhook {
            sandbox.twilio().add_sender(BOT_NUMBER);
            set("TWILIO_ACCOUNT_SID", sandbox.twilio().account_sid().to_owned());
            set("TWILIO_AUTH_TOKEN", sandbox.twilio().auth_token().to_owned());
            set("TWILIO_WHATSAPP_NUMBER", BOT_NUMBER.to_owned());
        }
        set("TEXTSLASH_RELAY_IMAGE", image("relay"));
        set("TEXTSLASH_VM_IMAGE", image("vm"));
        set("TEXTSLASH_ALLOW_SANDBOX", "1".to_owned());
        set("LISTEN_HOST", "127.0.0.1".to_owned());
        set("PORT", port.to_string());
        if webhook {
            set("TEXTSLASH_PUBLIC_URL", format!("http://127.0.0.1:{port}"));
            set("TELEGRAM_WEBHOOK_SECRET", Random::system().unwrap().key().to_string());
        }
        let mut world = Self { sandbox, dir, bot: None, bot_token, discord_token, environment };
        world.bot_starts().await;
        world
    }

    pub async fn bot_starts(&mut self) {
        let bot = Program::start(self.dir.path(), &["bot"], &self.environment);
        bot.err.until("https://t.me/textslash_bot").await;
        bot.err.until("added at https://discord.com").await;
        if self.environment.iter().any(|(name, _)| name == "TWILIO_WHATSAPP_NUMBER") {
            bot.err.until("WhatsApp: +").await;
        }
        self.bot = Some(bot);
    }

    /// The bot is killed and started anew where Telegram does not answer; Discord does.
    pub async fn bot_starts_without_telegram(&mut self, api_url: &str) {
        self.bot_dies().await;
        self.environment.push(("TELEGRAM_API_URL".to_owned(), api_url.to_owned()));
        let bot = Program::start(self.dir.path(), &["bot"], &self.environment);
        bot.err.until("added at https://discord.com").await;
        bot.err.until("a chat service does not answer").await;
        self.bot = Some(bot);
    }

    /// Where the bot listens.
    pub fn port(&self) -> u16 {
        self.setting("PORT").parse().unwrap()
    }

    /// A second bot with the same credentials, from the same data directory.
    pub fn second_bot(&self) -> Program {
        let mut environment = self.environment.clone();
        environment.retain(|(name, _)| name != "PORT");
        environment.push(("PORT".to_owned(), free_port().to_string()));
        Program::start(self.dir.path(), &["bot"], &environment)
    }

    /// Another process asks Telegram for the bot's messages, again and again until the bot
    /// complains.
    pub async fn a_rival_polls_until_the_bot_logs(&self, words: &str) {
        let url = format!("{}/bot{}/getUpdates", self.setting("TELEGRAM_API_URL"), self.bot_token);
        let rival = async {
            while !self.log().contains(words) {
                assert_eq!(reqwest::get(&url).await.unwrap().status().as_u16(), 200);
            }
        };
        tokio::time::timeout(program::PATIENCE, rival).await.expect("the bot complains");
    }

    /// BotFather revokes the bot's token.
    pub fn token_is_revoked(&self) {
        self.sandbox.telegram().revoke(&self.bot_token);
    }

    /// The bot, which ends by itself.
    pub async fn bot_ends(&mut self) -> ProgramExit {
        self.bot.take().unwrap().end().await
    }

    /// The bot's process.
    pub fn bot_id(&self) -> u32 {
        self.bot.as_ref().unwrap().id()
    }

    /// What the bot has logged so far.
    pub fn log(&self) -> String {
        self.bot.as_ref().unwrap().err.so_far()
    }

    /// What the bot has printed so far.
    pub fn printed(&self) -> String {
        self.bot.as_ref().unwrap().out.so_far()
    }

    /// Where the bot keeps its data and its temporary files.
    pub fn directory(&self) -> &Path {
        self.dir.path()
    }

    /// The tokens that the bot itself runs on: Telegram's and Discord's.
    pub fn operators_tokens(&self) -> [&str; 2] {
        [&self.bot_token, &self.discord_token]
    }

    /// What the bot counted, as its operator reads it on the same machine.
    pub async fn metrics(&self) -> String {
        let url = format!("http://127.0.0.1:{}/metrics", self.setting("PORT"));
        reqwest::get(url).await.unwrap().text().await.unwrap()
    }

    fn setting(&self, name: &str) -> &str {
        let found = self.environment.iter().find(|(it, _)| it == name);
        &found.unwrap_or_else(|| panic!("{name} is not set")).1
    }

    /// The bot is killed.
    pub async fn bot_dies(&mut self) {
        let bot = self.bot.take().unwrap();
        bot.signal(Signal::SIGKILL);
        assert_eq!(bot.end().await.code, -9);
    }

    /// The bot is killed and started anew.
    pub async fn bot_restarts(&mut self) {
        self.bot_dies().await;
        self.bot_starts().await;
    }

    /// The bot is told to end and finishes what it took.
    pub async fn bot_stops(&mut self) -> ProgramExit {
        let bot = self.bot.take().unwrap();
        bot.signal(Signal::SIGTERM);
        let ended = bot.end().await;
        assert_eq!(ended.code, 130);
        ended
    }

    /// The bot is told to end, finishes what it took, and is started anew.
    pub async fn bot_is_replaced(&mut self) {
        self.bot_stops().await;
        self.bot_starts().await;
    }

    /// The bot is told to end, and started anew with this setting.
    pub async fn host_sets(&mut self, name: &str, value: &str) {
        self.environment.push((name.to_owned(), value.to_owned()));
        self.bot_is_replaced().await;
    }

    /// Ada on Discord, in direct messages with the onboarding bot.
    pub fn ada_on_discord(&self) -> discord::DiscordPerson {
        self.sandbox.discord().person(&self.discord_token, ADA_ON_DISCORD)
    }

    /// Ada on WhatsApp, in a chat with the onboarding bot.
    pub fn ada_on_whatsapp(&self) -> twilio::TwilioPerson {
        self.sandbox.twilio().person(BOT_NUMBER, ADAS_NUMBER)
    }

    /// Opens the form behind a link, as a browser does, says that the account is theirs, and fills
    /// it in.
    pub async fn fills_in(&self, link: &str, values: &[(&str, &str)]) -> FormReply {
        let (page, ticket) = link.split_once('#').unwrap();
        let looked = reqwest::get(page).await.unwrap();
        assert!(looked.status().is_success(), "looking uses nothing up");
        let opened = self.asks(page, "open", json!({ "ticket": ticket })).await;
        assert_eq!(opened.status, 200, "{}", opened.text);
        let values: serde_json::Map<_, _> =
            values.iter().map(|(id, value)| ((*id).to_owned(), json!(value))).collect();
        let submission = format!("{:032x}", values.len() + link.len());
        let body = json!({ "ticket": ticket, "submission": submission, "values": values });
        let confirmed = self.asks(page, "confirm", body.clone()).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.text);
        self.asks(page, "submit", body).await
    }

    /// What the form's page asks the bot.
    pub async fn asks(&self, page: &str, what: &str, body: Value) -> FormReply {
        let answer = reqwest::Client::new()
            .post(format!("{page}/{what}"))
            .header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap();
        FormReply { status: answer.status().as_u16(), text: answer.text().await.unwrap() }
    }

    /// Ada, in a chat with the onboarding bot.
    pub fn ada(&self) -> TelegramPerson {
        self.somebody(ADA)
    }

    /// Somebody of this id, in a chat with the onboarding bot.
    pub fn somebody(&self, id: u64) -> TelegramPerson {
        self.sandbox.telegram().person(&self.bot_token, id, "en")
    }

    /// Looks for a secret in what the bot keeps, in what it wrote, and in what the service keeps.
    pub fn expect_nowhere(&self, secret: &str) {
        assert!(
            !self.sandbox.telegram().stored_text().contains(secret),
            "the service keeps a secret"
        );
        assert!(
            !self.sandbox.discord().stored_text().contains(secret),
            "the service keeps a secret"
        );
        assert!(
            !self.sandbox.twilio().stored_text().contains(secret),
            "the service keeps a secret"
        );
        let bot = self.bot.as_ref().unwrap();
        assert!(!bot.err.so_far().contains(secret), "a secret was logged");
        assert!(!bot.out.so_far().contains(secret), "a secret was printed");
        let mut looked_at = 0;
        for bytes in files(self.dir.path()) {
            looked_at += bytes.len();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is on disk");
        }
        assert!(looked_at > 0, "the hunt is blind");
    }
}

fn agent(program: String) -> (String, String) {
    ("CLAUDE_BIN".to_owned(), program)
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn files(directory: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(std::fs::read(path).unwrap()),
        }
    }
    all
}
