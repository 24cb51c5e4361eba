//! Simulated vendors, so that the whole program runs on one machine. Everything here is product
//! code, reached from the sandbox role and from tests, and from nowhere else.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::http::NetworkTransport;
use crate::random::Random;

use self::anthropic::SimulatedAnthropic;
use self::discord::SimulatedDiscord;
use self::fly::{Inventory, Latency, ReadLag, SimulatedFly, SimulatedFlySettings};
use self::machines::ChildProcesses;
use self::telegram::SimulatedTelegram;
use self::twilio::SimulatedTwilio;

pub mod anthropic;
pub mod discord;
pub mod edge;
pub mod faults;
pub mod fly;
pub mod in_process;
pub mod machines;
mod patience;
pub mod telegram;
#[cfg(test)]
mod tests;
pub mod twilio;

/// The time that machines have to end by themselves when the sandbox stops.
const GRACE: Duration = Duration::from_secs(5);

/// The settings of a sandbox.
pub struct SandboxOptions {
    /// The program of every machine: this executable, outside of tests.
    pub program: PathBuf,
    /// Environment variables for every machine besides its own, in place of those in its image.
    pub extra_env: BTreeMap<String, String>,
    /// The delays of the cloud.
    pub latency: Latency,
    /// The delay between a write and the reads that show it.
    pub lag: ReadLag,
}

impl SandboxOptions {
    /// Machines run this executable; the cloud is quick and does not lag. `CLAUDE_BIN` is handed to
    /// the machines, if it is set.
    ///
    /// # Errors
    /// When the place of this executable cannot be found.
    pub fn this_program() -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("find this executable")?;
        let claude = std::env::var("CLAUDE_BIN").ok();
        let extra_env = claude.map(|path| ("CLAUDE_BIN".to_owned(), path)).into_iter().collect();
        Ok(Self { program, extra_env, latency: Latency::NONE, lag: ReadLag::None })
    }
}

/// Simulated vendors on loopback sockets, with machines as child processes. When it is dropped,
/// they are killed and its files removed.
pub struct Sandbox {
    fly: Arc<SimulatedFly>,
    anthropic: Arc<SimulatedAnthropic>,
    telegram: Arc<SimulatedTelegram>,
    twilio: Arc<SimulatedTwilio>,
    discord: Arc<SimulatedDiscord>,
    fly_address: SocketAddr,
    anthropic_address: SocketAddr,
    telegram_address: SocketAddr,
    twilio_address: SocketAddr,
    discord_address: SocketAddr,
    edge_address: SocketAddr,
    directory: PathBuf,
    fly_token: String,
    /// The listeners; they end with the sandbox.
    _servers: JoinSet<()>,
}

/// The resources and processes that were left when the sandbox ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftovers {
    /// The resources that had not been torn down; they are gone now.
    pub inventory: Inventory,
    /// The machines whose processes had to be ended.
    pub processes: Vec<String>,
}

impl Sandbox {
    /// Starts the vendors, each on a port that the system chooses.
    ///
    /// # Errors
    /// When there is no port, no randomness or no directory to be had.
    pub async fn start(options: SandboxOptions) -> anyhow::Result<Self> {
        let (clock, random) = (Clock::system(), Random::system()?);
        let directory = state_directory(&random)?;
        let runtime = ChildProcesses::new(options.program, directory.clone(), options.extra_env);
        let settings = SimulatedFlySettings {
            latency: options.latency,
            lag: options.lag,
            ..SimulatedFlySettings::prompt(clock, random.clone(), Arc::new(runtime))
        };
        let fly = SimulatedFly::new(settings);
        let anthropic = SimulatedAnthropic::new(random.clone());
        let network = Arc::new(NetworkTransport::new()?);
        let telegram = SimulatedTelegram::new(Clock::system(), random.clone(), network.clone());
        let twilio = SimulatedTwilio::new(Clock::system(), random.clone(), network);
        let discord = SimulatedDiscord::new(Clock::system(), random);
        let mut servers = JoinSet::new();
        let fly_address = serve(&mut servers, fly.router()).await?;
        let anthropic_address = serve(&mut servers, anthropic.router()).await?;
        let telegram_address = serve(&mut servers, telegram.router()).await?;
        let twilio_address = serve(&mut servers, twilio.router()).await?;
        let discord_address = serve(&mut servers, discord.router()).await?;
        let listener = listen().await?;
        let edge_address = listener.local_addr()?;
        servers.spawn(edge::serve(listener, fly.clone()));
        let fly_token = fly.mint_org_token().trim_start_matches("FlyV1 ").to_owned();
        Ok(Self {
            fly,
            anthropic,
            telegram,
            twilio,
            discord,
            fly_address,
            anthropic_address,
            telegram_address,
            twilio_address,
            discord_address,
            edge_address,
            directory,
            fly_token,
            _servers: servers,
        })
    }

    /// The environment variables that direct a program to these vendors.
    pub fn base_urls(&self) -> Vec<(&'static str, String)> {
        let fly = self.fly_address;
        let edge = self.edge_address.port();
        vec![
            ("FLY_API_URL", format!("http://{fly}/v1")),
            ("FLY_PLATFORM_URL", format!("http://{fly}")),
            ("FLY_PUBLIC_APP_URL", format!("http://{{app}}.fly.dev.localhost:{edge}")),
            ("FLY_PRIVATE_APP_URL", format!("http://{{app}}.flycast.localhost:{edge}")),
            ("FLY_MODEL_PROXY_URL", format!("http://{{app}}.internal.localhost:{edge}")),
            ("ANTHROPIC_API_URL", format!("http://{}", self.anthropic_address)),
            ("TELEGRAM_API_URL", format!("http://{}", self.telegram_address)),
            ("DISCORD_API_URL", format!("http://{}", self.discord_address)),
            ("TWILIO_API_URL", format!("http://{}", self.twilio_address)),
            ("TWILIO_MESSAGING_URL", format!("http://{}", self.twilio_address)),
            ("TWILIO_CONTENT_URL", format!("http://{}", self.twilio_address)),
        ]
    }

    /// A token for the simulated account, without its scheme, so that it is one word to a shell;
    /// worth nothing elsewhere.
    pub fn fly_token(&self) -> &str {
        &self.fly_token
    }

    /// A key for the simulated model; worth nothing elsewhere.
    pub fn model_key(&self) -> &str {
        self.anthropic.key()
    }

    /// The directory of this sandbox's files; removed with it.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The simulated Fly.io.
    pub fn fly(&self) -> &Arc<SimulatedFly> {
        &self.fly
    }

    /// The simulated Anthropic.
    pub fn anthropic(&self) -> &Arc<SimulatedAnthropic> {
        &self.anthropic
    }

    /// The simulated Telegram.
    pub fn telegram(&self) -> &Arc<SimulatedTelegram> {
        &self.telegram
    }

    /// The simulated Discord.
    pub fn discord(&self) -> &Arc<SimulatedDiscord> {
        &self.discord
    }

    /// The simulated Twilio.
    pub fn twilio(&self) -> &Arc<SimulatedTwilio> {
        &self.twilio
    }

    /// Everything that exists in the simulated account.
    pub fn inventory(&self) -> Inventory {
        self.fly.inventory()
    }

    /// Ends every process and returns the leftovers.
    pub async fn stop(self) -> Leftovers {
        let inventory = self.inventory();
        let runtime = self.fly.runtime();
        let processes = runtime.running();
        let ends = processes.iter().map(|machine| runtime.stop(machine, GRACE));
        futures::future::join_all(ends).await;
        Leftovers { inventory, processes }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.fly.runtime().close();
        // The files are in a temporary directory: the system removes later those that remain.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Readable by this user alone.
fn state_directory(random: &Random) -> anyhow::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let name = format!("textslash-sandbox-{}", hex::encode(random.bytes::<8>()));
    let directory = std::env::temp_dir().join(name);
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&directory)
        .context("make the sandbox's directory")?;
    Ok(directory)
}

async fn listen() -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("listen on loopback")
}

async fn serve(servers: &mut JoinSet<()>, router: Router) -> anyhow::Result<SocketAddr> {
    let listener = listen().await?;
    let address = listener.local_addr()?;
    servers.spawn(async move {
        // It serves until its task is dropped; accept errors are retried inside.
        let _ = axum::serve(listener, router).await;
    });
    Ok(address)
}
