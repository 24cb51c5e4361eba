//! One program, several roles.

use std::alloc::System;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use textslash::config::{ALLOW_SANDBOX, Environment, deployed_data_dir};
use textslash::privileges;
use textslash::telemetry::LogFormat;
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
mod shell;
mod signals;
mod status;
mod teardown;
mod vm;

use connections::data_dir;
use exit::ExitReason;

/// Memory is wiped when it is freed, whoever had a credential in it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

/// The level of the log where no other is set.
const LOG: &str = "warn";

/// The form of the log where no other is set.
const LOG_FORMAT: &str = "text";

/// Deploys your own coding agent into your own cloud account, from a chat, and takes it down again.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, after_help = exit::HELP)]
struct CliArguments {
    /// The level of the log on standard error: off, error, warn, info, debug or trace.
    #[arg(long, env = "TEXTSLASH_LOG", default_value = LOG, global = true,
        value_parser = log_level)]
    log: LevelFilter,
    /// The form of the log: text, or json for log collectors.
    #[arg(long, value_name = "FORMAT", env = "TEXTSLASH_LOG_FORMAT", default_value = LOG_FORMAT,
        global = true, value_parser = log_format)]
    log_format: LogFormat,
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
    /// Print the completions of a shell.
    Completions(shell::CompletionsArguments),
    /// Print the manual page.
    Man(shell::ManArguments),
    /// Run as a relay, where it was deployed.
    #[command(hide = true)]
    Relay,
    /// What a relay does with its channel, within its machine.
    #[command(hide = true)]
    Channel(channel::ChannelArguments),
    /// Run as the agent's machine, where it was deployed.
    #[command(hide = true)]
    Vm,
}

fn main() -> ExitCode {
    let CliArguments { log, log_format, role } = CliArguments::parse();
    textslash::telemetry::start(log, log_format);
    exit::of(start(role))
}

/// An empty setting counts as none.
fn log_level(text: &str) -> Result<LevelFilter, &'static str> {
    let text = if text.is_empty() { LOG } else { text };
    text.parse()
        .map_err(|_| "set TEXTSLASH_LOG, or --log, to off, error, warn, info, debug or trace")
}

/// An empty setting counts as none.
fn log_format(text: &str) -> Result<LogFormat, &'static str> {
    let text = if text.is_empty() { LOG_FORMAT } else { text };
    text.parse().map_err(|_| "set TEXTSLASH_LOG_FORMAT, or --log-format, to text or json")
}

/// Threads keep rights of their own, so root's are given up before there is a second one.
fn start(role: CliRole) -> anyhow::Result<ExitReason> {
    give_up_root(&role)?;
    tokio::runtime::Runtime::new()?.block_on(run(role))
}

fn give_up_root(role: &CliRole) -> anyhow::Result<()> {
    let environment = match role {
        CliRole::Bot(arguments) => arguments.environment(),
        _ => Environment::of_process(),
    };
    let data_dir = match role {
        // Without a directory the role refuses to start and names what is missing.
        CliRole::Relay | CliRole::Channel(_) => deployed_data_dir(&environment).ok(),
        CliRole::Bot(_) => Some(data_dir(&environment)?),
        _ => None,
    };
    let Some(data_dir) = data_dir else { return Ok(()) };
    let user = environment.get(privileges::USER);
    let is_ones_own_machine = environment.flag(ALLOW_SANDBOX)?;
    privileges::drop_root(user.as_deref(), &data_dir, is_ones_own_machine)
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
        CliRole::Completions(arguments) => shell::completions(arguments, CliArguments::command()),
        CliRole::Man(arguments) => shell::man(arguments, CliArguments::command()),
        CliRole::Relay => relay::run().await,
        CliRole::Channel(arguments) => channel::run(arguments).await,
        CliRole::Vm => vm::run().await,
    }
}
