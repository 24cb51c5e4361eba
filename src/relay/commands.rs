//! Commands, which do not wait behind turns.

use adapters::chat::Outbound;

use super::relay_store::{InboxMessage, UsageDay};
use super::{Relay, messages};
use crate::protocol::AgentNetwork;

/// What an owner can say to the relay itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OwnerCommand {
    Status,
    Stop,
    New,
    Help,
    /// What is done to a deployment is done where it was made.
    Elsewhere,
    Unknown(String),
}

impl OwnerCommand {
    /// A line that is one word beginning with a slash. Longer lines (`/tmp is full`) and paths
    /// (`/usr/bin/env`) are the agent's.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let word = text.strip_prefix('/')?;
        // Telegram adds the bot's name in some clients.
        let word = word.split_once('@').map_or(word, |(word, _)| word);
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        Some(match word.to_ascii_lowercase().as_str() {
            "status" => Self::Status,
            "stop" => Self::Stop,
            "new" => Self::New,
            "help" => Self::Help,
            "start" | "deploy" | "teardown" => Self::Elsewhere,
            _ => Self::Unknown(format!("/{word}")),
        })
    }
}

impl Relay {
    /// Carries out a command; doing it twice is doing it once.
    pub(super) async fn run_command(
        &self,
        command: OwnerCommand,
        line: &InboxMessage,
    ) -> anyhow::Result<()> {
        let answer = match command {
            OwnerCommand::Status => self.status().await?,
            OwnerCommand::Stop => self.stop(line).await?,
            OwnerCommand::New => {
                self.store.begin_session(&line.turn).await?;
                messages::NEW_SESSION.said(self.locale())
            }
            OwnerCommand::Help => messages::HELP.said(self.locale()),
            OwnerCommand::Elsewhere => messages::ELSEWHERE.said(self.locale()),
            OwnerCommand::Unknown(word) => messages::unknown_command(self.locale(), &word),
        };
        let answer = Outbound::text(format!("{}-answer", line.turn), answer);
        self.store.complete(line, &[answer], self.clock.now_ms()).await
    }

    async fn status(&self) -> anyhow::Result<String> {
        let health = self.vm.poll_health().await;
        let session = self.store.session().await?;
        let waiting = self.store.waiting().await?;
        let used = self.store.usage().await?;
        let today = match self.settings.model_key {
            Some(_) => {
                let spent = self.store.spent_on(UsageDay::of(self.clock.now_ms())).await?;
                Some(messages::UsageToday { spent, limit: self.settings.daily_tokens })
            }
            None => None,
        };
        let mut status =
            messages::status(self.locale(), health.is_some(), &session, waiting, used, today);
        if health.and_then(|health| health.agent_network) == Some(AgentNetwork::Open) {
            status.push('\n');
            status.push_str(&messages::NETWORK_OPEN.said(self.locale()));
        }
        Ok(status)
    }

    async fn stop(&self, line: &InboxMessage) -> anyhow::Result<String> {
        let Some(dropped) = self.store.stop(line).await? else {
            return Ok(messages::NOTHING_TO_STOP.said(self.locale()));
        };
        self.stopped.notify_one();
        self.end_calls();
        Ok(messages::stopping(self.locale(), dropped))
    }
}
