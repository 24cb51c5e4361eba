//! One program, several roles.

use std::alloc::System;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use textslash::config::{ALLOW_SANDBOX, Environment, deployed_data_dir};
use textslash::privileges;
use tracing::level_filters::LevelFilter;
use zeroizing_alloc::ZeroAlloc;

mod bot;
mod channel;
mod chat;
mod connections;
mod credentials;
mod deploy;
mod exit;
mod late;
mod list;
mod person;
mod relay;
mod report;
mod sandbox;
mod setup;
mod signals;
mod status;
mod teardown;
mod vm;

use connections::data_dir;
use exit::ExitReason;

/// Memory is wiped when it is freed, whoever had a credential in it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// Deploys your own coding agent into your own cloud account, from a chat, and takes it down again.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = exit::HELP)]
struct CliArguments {
    /// How much is logged to standard error: off, error, warn, info, debug or trace.
    #[arg(long, env = "TEXTSLASH_LOG", default_value = "warn", global = true)]
    log: LevelFilter,
    #[command(subcommand)]
    role: CliRole,
}

#[derive(Subcommand)]
enum CliRole {
    /// Try all of it on this machine, with simulated vendors and nothing to sign up for.
    Sandbox(sandbox::SandboxArguments),
    /// Run the hosted onboarding bot on every chat service that is set up.
    Bot(bot::BotArguments),
    /// Set up your agent in a conversation in this terminal.
    Setup(setup::SetupArguments),
    /// Talk to your relay in this terminal.
    Chat(chat::ChatArguments),
    /// Deploy without a conversation: flags and environment in, JSON and an exit code out.
    #[command(after_help = credentials::HELP)]
    Deploy(deploy::DeployArguments),
    /// Show one deployment, and ask its relay how it is.
    Status(status::StatusArguments),
    /// Show all deployments made from here.
    List(list::ListArguments),
    /// Remove a deployment and prove that nothing is left.
    #[command(after_help = credentials::HELP)]
    Teardown(teardown::TeardownArguments),
    /// Run as a relay, where it was deployed.
    Relay,
    /// What a relay does with its channel, within its machine.
    #[command(hide = true)]
    Channel(channel::ChannelArguments),
    /// Run as the agent's machine, where it was deployed.
    Vm,
}

fn main() -> ExitCode {
    let CliArguments { log, role } = CliArguments::parse();
    textslash::telemetry::start(log);
    exit::of(start(role))
}

/// Threads keep rights of their own, so root's are given up before there is a second one.
fn start(role: CliRole) -> anyhow::Result<ExitReason> {
    let environment = Environment::of_process();
    let data_dir = match role {
        // Without a directory the role refuses to start and names what is missing.
        CliRole::Relay | CliRole::Channel(_) => deployed_data_dir(&environment).ok(),
        CliRole::Bot(_) => Some(data_dir(&environment)?),
        _ => None,
    };
    if let Some(data_dir) = data_dir {
        let user = environment.get(privileges::USER);
        let is_ones_own_machine = environment.flag(ALLOW_SANDBOX)?;
        privileges::drop_root(user.as_deref(), &data_dir, is_ones_own_machine)?;
    }
    tokio::runtime::Runtime::new()?.block_on(run(role))
}

async fn run(role: CliRole) -> anyhow::Result<ExitReason> {
    match role {
        CliRole::Sandbox(arguments) => sandbox::run(arguments).await,
        CliRole::Bot(arguments) => bot::run(arguments).await,
        CliRole::Setup(arguments) => setup::run(arguments).await,
        CliRole::Chat(arguments) => chat::run(arguments).await,
        CliRole::Deploy(arguments) => deploy::run(arguments).await,
        CliRole::Status(arguments) => status::run(arguments).await,
        CliRole::List(arguments) => list::run(arguments).await,
        CliRole::Teardown(arguments) => teardown::run(arguments).await,
        CliRole::Relay => relay::run().await,
        CliRole::Channel(arguments) => channel::run(arguments).await,
        CliRole::Vm => vm::run().await,
    }
}
