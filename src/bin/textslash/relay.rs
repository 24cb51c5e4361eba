//! `textslash relay`: one person's relay, where it was deployed.

use std::sync::Arc;

use adapters::web::Web;
use textslash::chance::Chance;
use textslash::clock::Clock;
use textslash::config::{Environment, Listen, owner_key, relay_settings};
use textslash::http::Network;
use textslash::relay::Relay;
use textslash::relay::ledger::Ledger;
use textslash::web;

use crate::exit::End;
use crate::signals;

pub async fn run() -> anyhow::Result<End> {
    let environment = Environment::of_process();
    let told = signals::told_to_end_there(&environment)?;
    let settings = relay_settings(&environment)?;
    let ledger = Ledger::open(&settings.data_dir).await?;
    let chat = Web::new(owner_key(&environment)?, ledger.clone());
    let listener = Listen::read(&environment)?.open().await?;
    let transport = Arc::new(Network::new()?);
    let (clock, chance) = (Clock::system(), Chance::system()?);
    let relay = Relay::start(settings, ledger, chat.clone(), transport, clock, chance)?;
    tracing::info!(address = ?listener.local_addr().ok(), "the relay listens");
    let over = web::relay::serve(relay, chat.router(), listener, told).await?;
    tracing::info!(?over, "the relay ends");
    Ok(End::Done)
}
