//! `textslash vm`: the agent's machine, where it was deployed.

use std::sync::Arc;

use textslash::clock::Clock;
use textslash::config::{Environment, ListenAddress, agent_firewall, vm_settings};
use textslash::vm::Vm;
use textslash::web;

use crate::exit::ExitReason;
use crate::signals;

pub async fn run() -> anyhow::Result<ExitReason> {
    let environment = Environment::of_process();
    let told = signals::shutdown_signal_or_stdin_end(&environment)?;
    let listener = ListenAddress::read(&environment)?.open().await?;
    let vm = Vm::start(vm_settings(&environment)?, Clock::system())?;
    let vm = match agent_firewall(&environment)? {
        Some(firewall) => vm.behind(firewall).await,
        None => vm,
    };
    tracing::info!(address = ?listener.local_addr().ok(), "the VM listens");
    let over = web::vm::serve(Arc::new(vm), listener, told).await?;
    tracing::info!(?over, "the VM ends");
    Ok(ExitReason::Done)
}
