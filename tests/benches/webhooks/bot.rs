//! The real bot, idle and with a thousand people at once.

use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use textslash::sandbox::{Sandbox, SandboxOptions};

use super::{TELEGRAM_SECRET, telegram_body};

const PROGRAM: &str = env!("CARGO_BIN_EXE_textslash");

/// People who write at once.
const PEOPLE: usize = 1_000;

/// Calls of Telegram at once: its default for a webhook is 40.
const CONNECTIONS: usize = 40;

/// What it takes to be idle after its start.
const SETTLED: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(20);

struct BotProcess {
    process: Child,
    url: String,
    _directory: tempfile::TempDir,
    sandbox: Sandbox,
    token: String,
}

/// Prints the bot's figures as rows of the table.
pub async fn figures() {
    let bot = BotProcess::start().await;
    tokio::time::sleep(SETTLED).await;
    println!("\n| the bot | measured |\n|---|---|");
    println!("| resident when idle | {:.1} MiB |", bot.resident_mib());
    let people = (0..PEOPLE).map(|n| bot.says_hi(n));
    let mut took: Vec<Duration> =
        futures::stream::iter(people).buffer_unordered(CONNECTIONS).collect().await;
    took.sort();
    let at = |share: usize| took[(PEOPLE - 1) * share / 100].as_secs_f64() * 1e3;
    println!("| {PEOPLE} people at once: acknowledgement, p50 | {:.1} ms |", at(50));
    println!("| the same, p99 | {:.1} ms |", at(99));
    println!("| resident then | {:.1} MiB |", bot.resident_mib());
}

impl BotProcess {
    async fn start() -> Self {
        let options = SandboxOptions::this_program().unwrap();
        let sandbox =
            Sandbox::start(SandboxOptions { program: PROGRAM.into(), ..options }).await.unwrap();
        let token = sandbox.telegram().mint_bot("bench_bot");
        let directory = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("http://127.0.0.1:{port}");
        let image = |of| format!("registry.test/{of}@sha256:{}", "0".repeat(64));
        let process = Command::new(PROGRAM)
            .arg("bot")
            .env_clear()
            .envs(sandbox.base_urls())
            .envs([("TEXTSLASH_RELAY_IMAGE", image("relay")), ("TEXTSLASH_VM_IMAGE", image("vm"))])
            .env("TEXTSLASH_ALLOW_SANDBOX", "1")
            .env("TEXTSLASH_DATA", directory.path())
            .env("TELEGRAM_BOT_TOKEN", &token)
            .env("TELEGRAM_WEBHOOK_SECRET", TELEGRAM_SECRET)
            .env("TEXTSLASH_PUBLIC_URL", &url)
            .env("LISTEN_HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let bot = Self { process, url, _directory: directory, sandbox, token };
        let began = Instant::now();
        while reqwest::get(format!("{}/ready", bot.url)).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "the bot does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bot
    }

    /// Somebody writes; how long the acknowledgement took.
    async fn says_hi(&self, n: usize) -> Duration {
        let id = 10_000 + n as u64;
        drop(self.sandbox.telegram().person(&self.token, id, "en"));
        let began = Instant::now();
        let answer = reqwest::Client::new()
            .post(format!("{}/telegram", self.url))
            .header("content-type", "application/json")
            .header("x-telegram-bot-api-secret-token", TELEGRAM_SECRET)
            .body(telegram_body(n, id))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        began.elapsed()
    }

    fn resident_mib(&self) -> f64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib / 1024.0
    }
}

impl Drop for BotProcess {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}
