//! Runs of the person in this chat.

use std::sync::Arc;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::runs::{PendingLink, RunEvent};
use super::ChatTask;
use crate::cloud::{Cloud, FailureCause, UnknownCloud};
use crate::conversation::{Event, RunCredentials, RunOutcome, TeardownTarget};
use crate::deployment::{Goal, Outcome, RemainingResource, RunFailure};
use crate::deployments::{OpenedAccount, RunSecrets};
use crate::metrics;
use crate::provisioner::DriveError;
use crate::secret::{Secret, SecretKind, SecretRef};
use crate::spec::{DeploymentId, Spec};
use crate::vault::HOLD_MAX;

impl ChatTask {
    /// What a run's event means to the conversation; `None` for a run that was stopped.
    pub(super) async fn conversation_event(&mut self, event: RunEvent) -> Option<Event> {
        match event {
            RunEvent::Progress(generation, run, update) if generation == self.runner.generation => {
                Some(Event::RunProgressed { run, update })
            }
            RunEvent::Ended(generation, run, outcome) if generation == self.runner.generation => {
                self.runner.task = None;
                let end = self.end(&run, *outcome).await;
                metrics::run_ended(match &end {
                    RunOutcome::Deployed { .. } => metrics::RunEndLabel::Deployed,
                    RunOutcome::Removed(_) => metrics::RunEndLabel::Removed,
                    RunOutcome::Failed(_) => metrics::RunEndLabel::Failed,
                });
                Some(Event::RunEnded { run, end })
            }
            RunEvent::Progress(..) | RunEvent::Ended(..) => None,
        }
    }

    async fn end(&mut self, run: &DeploymentId, outcome: anyhow::Result<Outcome>) -> RunOutcome {
        // Whatever the end is, the key is not kept here.
        let owner_key = self.runner.owner_key.take();
        match outcome {
            Ok(Outcome::Deployed(_)) => self.deployed(owner_key),
            Ok(Outcome::Removed(gone)) => RunOutcome::Removed(gone),
            Ok(Outcome::Failed(failure)) => {
                let RunFailure { cause, step, .. } = &failure;
                tracing::info!(%run, ?step, ?cause, "a run has stopped");
                RunOutcome::Failed(failure)
            }
            Err(error) if matches!(error.downcast_ref(), Some(DriveError::Fenced)) => {
                failed(FailureCause::LockedByOther, None)
            }
            Err(error) => {
                tracing::error!(%run, "a run could not be driven: {error:#}");
                failed(FailureCause::InvalidRequest, None)
            }
        }
    }

    fn deployed(&self, owner_key: Option<Arc<Secret>>) -> RunOutcome {
        let held =
            owner_key.and_then(|key| self.bot_channel.shared.vault.put(&self.owner, key).ok());
        RunOutcome::Deployed { link: held }
    }

    pub(super) async fn deploy(
        &mut self,
        spec: Spec,
        organisation: Option<u64>,
        with: RunCredentials,
    ) -> Option<Event> {
        let run = spec.id.clone();
        let within = self.quota_key(organisation);
        match self.bot_channel.shared.deployments.begin(&spec, &self.owner, Some(within)).await {
            Ok(Ok(())) => self.resume(&run, with).await,
            Ok(Err(used_up)) => Some(Event::QuotaReached { run, used_up }),
            Err(error) => {
                tracing::error!(%run, "a run could not be opened: {error:#}");
                let end = failed(FailureCause::InvalidRequest, Some(Vec::new()));
                Some(Event::RunEnded { run, end })
            }
        }
    }

    pub(super) async fn resume(
        &mut self,
        run: &DeploymentId,
        with: RunCredentials,
    ) -> Option<Event> {
        self.runner.stop().await;
        let Some(spec) = self.spec_of(run).await else { return Some(unreadable(run)) };
        let Some(token) = self.ready(spec.cloud.token(), with.token) else {
            return Some(token_missing(run));
        };
        let model_key = with.model_key.and_then(|key| self.ready(SecretKind::ModelKey, key));
        let channel_key = (with.channel_key.zip(spec.channel.key()))
            .and_then(|(key, kind)| self.ready(kind, key));
        let secrets = RunSecrets { token, model_key, channel_key };
        match self.bot_channel.shared.deployments.open(&spec, secrets) {
            Ok(OpenedAccount { cloud, keys }) => {
                self.runner.owner_key = Some(keys.owner_key);
                self.drive(run.clone(), Goal::Deployed, cloud)
            }
            Err(error) => Some(not_set_up(run, error)),
        }
    }

    fn drive(&mut self, run: DeploymentId, goal: Goal, cloud: Arc<dyn Cloud>) -> Option<Event> {
        let Some(guard) = self.bot_channel.shared.active_runs.try_start(&run) else {
            self.runner.owner_key = None;
            return Some(Event::RunEnded { run, end: failed(FailureCause::LockedByOther, None) });
        };
        let deployments = self.bot_channel.shared.deployments.clone();
        self.runner.start(deployments, guard, run, goal, cloud);
        None
    }

    pub(super) async fn tear_down(
        &mut self,
        target: TeardownTarget,
        token: SecretRef,
    ) -> Option<Event> {
        self.runner.stop().await;
        let run = target.id().clone();
        let cloud = match &target {
            TeardownTarget::Found(found) => Some(found.spec.cloud),
            TeardownTarget::Known(run) => self.spec_of(run).await.map(|spec| spec.cloud),
        };
        let Some(cloud) = cloud else { return Some(unreadable(&run)) };
        let Some(token) = self.ready(cloud.token(), token) else {
            return Some(token_missing(&run));
        };
        if let TeardownTarget::Found(found) = target
            && let Err(error) = self.bot_channel.shared.deployments.adopt(&found, &self.owner).await
        {
            tracing::error!(%run, "a deployment could not be adopted: {error:#}");
            return Some(unreadable(&run));
        }
        match self.bot_channel.shared.deployments.open_for_teardown(cloud, token) {
            Ok(cloud) => self.drive(run, Goal::Removed, cloud),
            Err(error) => Some(not_set_up(&run, error)),
        }
    }

    /// The person is owed the link to a relay from now on.
    pub(super) async fn owe_link(&mut self, run: &DeploymentId, key: SecretRef) -> Option<Event> {
        let held = self.held(key);
        self.bot_channel.shared.vault.forget(&self.owner, key);
        let spec = self.spec_of(run).await;
        let (Some(spec), Some(owner_key)) = (spec, held) else { return Some(Event::LinkLost) };
        let until = Instant::now() + HOLD_MAX;
        self.runner.owed = Some(PendingLink { spec, owner_key, until });
        self.send_link().await
    }

    /// Tells the link that is still owed, if one is.
    pub(super) async fn tell_link(&mut self) {
        if let Some(told) = self.send_link().await {
            self.take(told, None).await;
        }
    }

    /// Gives up a link that is still owed: the person is told that it can be made anew.
    pub(super) async fn lose_link(&mut self) {
        if self.runner.owed.take().is_some() {
            self.take(Event::LinkLost, None).await;
        }
    }

    /// Sends the link, which is the one secret that is meant for the person. It is written nowhere.
    async fn send_link(&mut self) -> Option<Event> {
        let owed = self.runner.owed.take()?;
        let relay = self.bot_channel.shared.deployments.relay_url(&owed.spec)?;
        let link = Zeroizing::new(format!("{relay}/chat#{}", owed.owner_key.expose()));
        match self.outbox.say_secret(&link).await {
            Ok(()) => Some(Event::LinkSent),
            Err(_) => {
                self.runner.owed = Some(owed);
                None
            }
        }
    }
}

fn token_missing(run: &DeploymentId) -> Event {
    Event::RunEnded { run: run.clone(), end: failed(FailureCause::TokenRefused, None) }
}

/// The record of a run is missing or cannot be read; the log has the cause.
fn unreadable(run: &DeploymentId) -> Event {
    Event::RunEnded { run: run.clone(), end: failed(FailureCause::InvalidRequest, None) }
}

fn not_set_up(run: &DeploymentId, error: UnknownCloud) -> Event {
    tracing::error!(%run, %error, "a run could not be driven");
    unreadable(run)
}

/// A run that came to no step.
fn failed(cause: FailureCause, remaining: Option<Vec<RemainingResource>>) -> RunOutcome {
    RunOutcome::Failed(RunFailure { cause, step: None, remaining })
}
