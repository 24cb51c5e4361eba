//! Every sink of every process at once, with random credentials of every kind: the real bot, relays
//! and VMs log as much as they can, and all that they send is heard.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use textslash::sandbox::fly::nothing;

use super::hunt::{SecretHunt, files};
use super::memory::forgets;
use super::taps::TrafficTaps;
use super::{ProcessStart, executable, machines_of, may_look, token_of_the_agent};
use crate::program::PATIENCE;
use crate::program::processes::ProcessEntry;
use crate::services::world::{self, ServicesWorld};

/// A sender of Ada's own Twilio account.
const RELAYS_NUMBER: &str = "+15550002222";

/// The keys that a deployment makes: the relay's environment holds both, the VM's the second.
const MADE: [&str; 2] = ["OWNER_KEY", "LINK_KEY"];

/// What the agent was given for its turn.
const TURN_TOKEN: &str = "token of the turn";

/// What is found, and where.
type FoundSecrets = BTreeSet<(String, String)>;

struct SinkWorld {
    world: ServicesWorld,
    taps: TrafficTaps,
    /// The agent's program.
    _agent: TempDir,
    /// Names and values.
    secrets: Vec<(String, String)>,
}

impl SinkWorld {
    /// With logs of this form.
    async fn logging(format: &str) -> Self {
        let agent = tempfile::tempdir().unwrap();
        let mut taps = None;
        let world = ServicesWorld::verbose(executable(agent.path()), format, |urls| {
            let (laid, moved) = TrafficTaps::on(urls);
            taps = Some(laid);
            moved
        });
        let world = world.await;
        // A deployment in which nothing goes wrong logs nothing.
        world.sandbox.fly().organisations().set_no_machines_in(&["lhr"]);
        let token = world.sandbox.fly_token();
        let permission = token.split(',').next().unwrap();
        let [telegram, discord] = world.operators_tokens();
        let secrets = [
            ("Fly token, narrowed", &permission[16..56]),
            ("Fly token, as it was pasted", &permission[permission.len() - 40..]),
            ("model key", world.sandbox.model_key()),
            ("operator's Telegram token", telegram),
            ("operator's Discord token", discord),
            ("Twilio's auth token", world.sandbox.twilio().auth_token()),
        ];
        let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret.to_owned())).into();
        Self { taps: taps.unwrap(), world, _agent: agent, secrets }
    }

    fn keeps_secret(&mut self, name: &str, secret: &str) {
        self.secrets.push((name.to_owned(), secret.to_owned()));
    }

    /// The relay's own keys, as its machine knows them, and the token that it gave to the agent.
    fn keeps_the_relays_keys_secret(&mut self) {
        let [relay, _] = machines_of(&self.world.sandbox);
        MADE.iter().for_each(|name| self.keeps_secret(name, &relay.environment[*name]));
        let token = token_of_the_agent(self.world.sandbox.directory());
        self.keeps_secret(TURN_TOKEN, &token);
    }

    fn hunt(&self, which: impl Fn(&str) -> bool) -> SecretHunt {
        let secrets = self.secrets.iter().filter(|(name, _)| which(name));
        let secrets = secrets.map(|(name, secret)| (name.as_str(), secret.as_str()));
        SecretHunt::of(&secrets.collect::<Vec<_>>())
    }

    /// Files, environments, command lines, logs, counts, and what the services keep of the chats.
    async fn sinks(&self) -> Vec<(String, Vec<u8>)> {
        let sandbox = &self.world.sandbox;
        let mut all = Vec::new();
        for dir in [self.world.directory(), sandbox.directory()] {
            for file in files(dir) {
                // A file that went away meanwhile holds nothing.
                let content = std::fs::read(&file).unwrap_or_default();
                all.push((format!("file {}", name_of(&file)), content));
            }
            for process in ProcessEntry::told_of(dir) {
                let started = ProcessStart::of(&process);
                let role = role(&started.command).to_owned();
                all.push((format!("environment of {role}"), started.environment().into_bytes()));
                all.push((format!("command line of {role}"), started.command.into_bytes()));
            }
        }
        for machine in sandbox.fly().runtime().running() {
            all.push((
                "log of a machine".to_owned(),
                sandbox.fly().runtime().output(&machine).into(),
            ));
        }
        all.push(("log of bot".to_owned(), self.world.log().into()));
        all.push(("output of bot".to_owned(), self.world.printed().into()));
        all.push(("metrics".to_owned(), self.world.metrics().await.into()));
        all.push(("kept by Telegram".to_owned(), sandbox.telegram().stored_text().into()));
        all.push(("kept by Discord".to_owned(), sandbox.discord().stored_text().into()));
        all.push(("kept by Twilio".to_owned(), sandbox.twilio().stored_text().into()));
        all
    }

    async fn found(&self) -> FoundSecrets {
        let hunt = self.hunt(|_| true);
        let of_one = |(place, content): (String, Vec<u8>)| {
            let found = hunt.found(&content).into_iter();
            found.map(|name| (name.to_owned(), place.clone())).collect::<Vec<_>>()
        };
        self.sinks().await.into_iter().flat_map(of_one).collect()
    }

    /// Exactly where they have to be; the hunt in each sink is not blind.
    async fn expect_only_where_they_must_be(&self, own: &str) {
        let sinks = self.sinks().await;
        let has = |place: &str, word: &str| {
            let of_place = sinks.iter().filter(|(name, _)| name.starts_with(place));
            let mut texts = of_place.map(|(_, content)| String::from_utf8_lossy(content));
            assert!(texts.any(|text| text.contains(word)), "no {word:?} in {place}");
        };
        has("file textslash.db", "relay-app");
        has("file textslash.db-wal", "");
        has("file relay.db", "");
        has("log of bot", "a call failed");
        has("log of a machine", "INFO");
        has("output of bot", "");
        has("metrics", "textslash_runs_begun_total");
        let bots = ["operator's Telegram token", "operator's Discord token", "Twilio's auth token"];
        let relays = [&MADE[..], &["model key", own]].concat();
        let mut expected = sightings(&bots, "environment of bot");
        expected.extend(sightings(&relays, "environment of relay"));
        expected.extend(sightings(&MADE[1..], "environment of vm"));
        expected.extend(sightings(&[TURN_TOKEN], "file seen-by-the-agent"));
        assert_eq!(self.found().await, expected);
    }

    /// What was sent where, beside what every story sends.
    fn expect_sent(&self, own: &[(&str, &str)]) {
        let mut expected = sightings(&MADE, "FLY_API_URL");
        expected.extend(sightings(&["Fly token, narrowed", "model key"], "FLY_API_URL"));
        expected.extend(sightings(&["Fly token, narrowed"], "FLY_PLATFORM_URL"));
        expected.extend(sightings(&["model key"], "ANTHROPIC_API_URL"));
        expected.extend(sightings(&[TURN_TOKEN], "FLY_PRIVATE_APP_URL"));
        expected.extend(sightings(&["operator's Telegram token"], "TELEGRAM_API_URL"));
        expected.extend(sightings(&["operator's Discord token"], "DISCORD_API_URL"));
        expected.extend(sightings(&["Twilio's auth token"], "TWILIO_MESSAGING_URL"));
        expected.extend(own.iter().map(|(name, to)| ((*name).to_owned(), (*to).to_owned())));
        assert_eq!(self.taps.sightings(&self.hunt(|_| true)), expected);
    }

    /// After the removal: no sink has kept anything, and the bot remembers its operator's tokens
    /// alone.
    async fn expect_forgotten(&self) {
        assert_eq!(self.world.sandbox.inventory(), nothing());
        let of_others = |(_, place): &(String, String)| place != "environment of bot";
        let left: Vec<_> = self.found().await.into_iter().filter(of_others).collect();
        assert_eq!(left, Vec::new());
        let operators = |name: &str| name.starts_with("operator's") || name.starts_with("Twilio's");
        let own = self.hunt(operators);
        assert!(!super::memory::remembered(self.world.bot_id(), &own).is_empty(), "it is blind");
        forgets(self.world.bot_id(), &self.hunt(|name| !operators(name)), "after the removal")
            .await;
    }
}

fn sightings(names: &[&str], place: &str) -> FoundSecrets {
    names.iter().map(|name| ((*name).to_owned(), place.to_owned())).collect()
}

fn name_of(file: &Path) -> String {
    file.file_name().unwrap().to_string_lossy().into_owned()
}

/// `bot`, `relay` or `vm`; of another program, its name.
fn role(command: &str) -> &str {
    let mut words = command.split_whitespace();
    let program = words.next().unwrap_or_default();
    if program == crate::program::PATH { words.next().unwrap_or(program) } else { program }
}

#[tokio::test]
async fn on_telegram_no_sink_holds_a_secret() {
    if !may_look() {
        return;
    }
    let mut scene = SinkWorld::logging("text").await;
    let own_bot = scene.world.sandbox.telegram().mint_bot("ada_bot");
    scene.keeps_secret("own bot's token", &own_bot);
    let token = scene.world.sandbox.fly_token().to_owned();
    let mut ada = scene.world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    ada.says(&token);
    ada.reads("Which Anthropic API key").await;
    ada.says(scene.world.sandbox.model_key());
    ada.reads("Which channel").await;
    ada.taps("Telegram");
    ada.reads("Telegram bot of your own").await;
    ada.says(&own_bot);
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ada.taps("Deploy");
    ada.reads("https://t.me/ada_bot").await;
    let mut at_relay = scene.world.sandbox.telegram().person(&own_bot, world::ADA, "en");
    at_relay.says("look around");
    at_relay.reads("all seen").await;
    scene.keeps_the_relays_keys_secret();
    scene.expect_only_where_they_must_be("own bot's token").await;

    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    ada.reads("I need a Fly.io token").await;
    ada.says(&token);
    ada.reads("Everything is gone").await;
    scene.expect_sent(&[
        ("own bot's token", "FLY_API_URL"),
        ("own bot's token", "TELEGRAM_API_URL"),
    ]);
    scene.expect_forgotten().await;
}

#[tokio::test]
async fn on_discord_no_sink_holds_a_secret() {
    if !may_look() {
        return;
    }
    let mut scene = SinkWorld::logging("json").await;
    let own_bot = scene.world.sandbox.discord().mint_bot("ada_bot");
    scene.keeps_secret("own bot's token", &own_bot);
    let token = scene.world.sandbox.fly_token().to_owned();
    let mut ada = scene.world.ada_on_discord();
    ada.runs("/start");
    ada.reads("I need a token").await;
    ada.fills_in("Enter token", &[&token]).await;
    ada.reads("Which Anthropic API key").await;
    ada.fills_in("Enter key", &[scene.world.sandbox.model_key()]).await;
    ada.reads("Which channel").await;
    ada.taps("Discord");
    ada.reads("Discord bot of your own").await;
    ada.fills_in("Enter token", &[&own_bot]).await;
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ada.taps("Deploy");
    ada.reads("https://discord.com/oauth2/authorize?client_id=").await;
    let mut at_relay = scene.world.sandbox.discord().person(&own_bot, world::ADA_ON_DISCORD);
    at_relay.says("look around");
    at_relay.reads("all seen").await;
    scene.keeps_the_relays_keys_secret();
    scene.expect_only_where_they_must_be("own bot's token").await;

    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    ada.reads("token").await;
    ada.fills_in("Enter token", &[&token]).await;
    ada.reads("Everything is gone").await;
    scene
        .expect_sent(&[("own bot's token", "DISCORD_API_URL"), ("own bot's token", "FLY_API_URL")]);
    // The gateway's connection stays: what it read last lies in its buffer until something longer
    // comes.
    ada.says(&"what else can you do? ".repeat(85));
    ada.reads("I need a token").await;
    scene.expect_forgotten().await;
}

#[tokio::test]
async fn on_whatsapp_no_sink_holds_a_secret() {
    if !may_look() {
        return;
    }
    let mut scene = SinkWorld::logging("text").await;
    let twilio = scene.world.sandbox.twilio().clone();
    let (sid, auth_token) = (twilio.account_sid().to_owned(), twilio.auth_token().to_owned());
    twilio.add_sender(RELAYS_NUMBER);
    let token = scene.world.sandbox.fly_token().to_owned();
    let mut ada = scene.world.ada_on_whatsapp();
    ada.says("hi");
    let link = ada.reads("/form#").await;
    assert_eq!(scene.world.fills_in(&link, &[("token", &token)]).await.status, 200);
    ada.reads("Which Anthropic API key").await;
    let link = ada.reads("/form#").await;
    let key = scene.world.sandbox.model_key();
    assert_eq!(scene.world.fills_in(&link, &[("key", key)]).await.status, 200);
    ada.reads("Which channel").await;
    ada.taps("WhatsApp");
    ada.reads("WhatsApp number of your own Twilio account").await;
    let link = ada.reads("/form#").await;
    let values = [("account-sid", sid.as_str()), ("auth-token", auth_token.as_str())];
    assert_eq!(scene.world.fills_in(&link, &values).await.status, 200);
    ada.reads("Which number").await;
    ada.taps(RELAYS_NUMBER);
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ada.taps("Deploy");
    ada.reads("https://wa.me/15550002222").await;
    let mut at_relay = twilio.person(RELAYS_NUMBER, world::ADAS_NUMBER);
    at_relay.says("look around");
    at_relay.reads("all seen").await;
    scene.keeps_the_relays_keys_secret();
    scene.expect_only_where_they_must_be("Twilio's auth token").await;

    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    let link = ada.reads("/form#").await;
    assert_eq!(scene.world.fills_in(&link, &[("token", &token)]).await.status, 200);
    ada.reads("Everything is gone").await;
    let places = ["FLY_API_URL", "TWILIO_API_URL", "TWILIO_CONTENT_URL"];
    scene.expect_sent(&places.map(|to| ("Twilio's auth token", to)));
    scene.expect_forgotten().await;
}

#[tokio::test]
async fn what_is_planted_in_a_sink_is_found_there() {
    if !may_look() {
        return;
    }
    let scene = SinkWorld::logging("text").await;
    let before = scene.found().await;
    let key = scene.world.sandbox.model_key();
    let (ours, theirs) = (scene.world.directory(), scene.world.sandbox.directory());
    std::fs::write(theirs.join("note"), hex::encode(key)).unwrap();
    plant_in_database(&ours.join("planted.db"), key).await;
    let mut process = std::process::Command::new("sh")
        .args(["-c", "read line", key])
        .env_clear()
        .env("TMPDIR", ours)
        .env("PLANTED", key)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    for stream in [1, 2] {
        let stream = format!("/proc/{}/fd/{stream}", scene.world.bot_id());
        std::fs::write(stream, format!("{key}\n")).unwrap();
    }
    // A bot cannot delete what a person says on Discord, and nobody deletes what a bot is told that
    // nobody runs.
    let mut ada = scene.world.ada_on_discord();
    ada.says(key);
    ada.reads("I do not need one now").await;
    let telegram = scene.world.sandbox.telegram();
    let idle_bot = telegram.mint_bot("idle_bot");
    telegram.person(&idle_bot, world::ADA, "en").says(key);
    let twilio = scene.world.sandbox.twilio();
    twilio.add_sender(RELAYS_NUMBER);
    twilio.person(RELAYS_NUMBER, world::ADAS_NUMBER).says(key);

    let places = [
        "command line of sh",
        "environment of sh",
        "file note",
        "file planted.db",
        "file planted.db-wal",
        "kept by Discord",
        "kept by Telegram",
        "kept by Twilio",
        "log of bot",
        "output of bot",
    ];
    let expected: FoundSecrets =
        places.iter().map(|place| ("model key".to_owned(), (*place).to_owned())).collect();
    let mut found = FoundSecrets::new();
    // What a process writes is read a moment later.
    let all_found = async {
        while found != expected {
            tokio::task::yield_now().await;
            found = scene.found().await.difference(&before).cloned().collect();
        }
    };
    let _ = tokio::time::timeout(PATIENCE, all_found).await;
    assert_eq!(found, expected);
    drop(process.stdin.take());
    process.wait().unwrap();
}

/// A row in the log of writes, and one that was deleted and so lies on a free page of the file.
async fn plant_in_database(path: &Path, key: &str) {
    use sqlx::Connection;
    let url = format!("sqlite://{}?mode=rwc", path.display());
    sqlx::any::install_default_drivers();
    let mut database = sqlx::AnyConnection::connect(&url).await.unwrap();
    let row = format!("INSERT INTO plants VALUES ('{key}')");
    for statement in [
        "CREATE TABLE plants (name TEXT)",
        &row,
        "DELETE FROM plants",
        "PRAGMA journal_mode = WAL",
        &row,
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&mut database)
            .await
            .unwrap();
    }
    // Closing it would take the log of writes away.
    std::mem::forget(database);
}
