//! Runs of the person in this chat.

use std::sync::Arc;

use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::runs::PendingLink;
use super::ChatTask;
use crate::cloud::{FailureCause, UnknownCloud};
use crate::conversation::{Event, Phase, RunCredentials, RunOutcome, TeardownTarget};
use crate::deployment::{Goal, Outcome, RemainingResource, RunFailure};
use crate::deployments::{
    DriveStop, NewDrive, OpenedAccount, RunEvent, RunResult, RunSecrets, RunWatch,
};
use crate::secret::{Secret, SecretKind, SecretRef};
use crate::spec::{DeploymentId, Spec};
use crate::vault::HOLD_MAX;

impl ChatTask {
    /// Watches the run again that an earlier task of this chat began.
    pub(super) fn watch_again(&mut self) {
        let Phase::Running { board, .. } = &self.stored.state.phase else { return };
        if let Some(mut watch) = self.bot_channel.shared.deployments.watch(&board.run) {
            watch.skip_shown(board);
            self.runner.watch = Some(watch);
        }
    }

    /// The conversation waits for a run that nobody drives.
    pub(super) fn has_lost_its_run(&self) -> bool {
        self.runner.is_idle() && matches!(self.stored.state.phase, Phase::Running { .. })
    }

    pub(super) async fn run_event(&mut self, event: RunEvent) {
        match event {
            RunEvent::Progress(update) => {
                if let Some(watch) = &self.runner.watch {
                    let run = watch.run.clone();
                    self.take(Event::RunProgressed { run, update }, None).await;
                }
            }
            RunEvent::Ended(end) => {
                if let Some(watch) = self.runner.watch.take() {
                    let (run, end) = (watch.run.clone(), self.end(&watch, end));
                    self.take(Event::RunEnded { run, end }, None).await;
                    watch.collect();
                }
            }
        }
    }

    fn end(&self, watch: &RunWatch, end: RunResult) -> RunOutcome {
        match end {
            Ok(Outcome::Deployed(_)) => self.deployed(watch.owner_key.clone()),
            Ok(Outcome::Removed(gone)) => RunOutcome::Removed(gone),
            Ok(Outcome::Failed(failure)) => {
                let RunFailure { cause, step, .. } = &failure;
                tracing::info!(run = %watch.run, ?step, ?cause, "a run has stopped");
                RunOutcome::Failed(failure)
            }
            Err(DriveStop::Fenced) => failed(FailureCause::LockedByOther, None),
            Err(DriveStop::Broken) => failed(FailureCause::InvalidRequest, None),
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
        self.runner.stop(&self.bot_channel.shared.deployments).await;
        let Some(spec) = self.spec_of(run).await else { return Some(unreadable(run)) };
        let Some(token) = self.ready(spec.cloud.token(), with.token) else {
            return Some(token_missing(run));
        };
        let model_key = with.model_key.and_then(|key| self.ready(SecretKind::ModelKey, key));
        let channel_key = (with.channel_key.zip(spec.channel.key()))
            .and_then(|(key, kind)| self.ready(kind, key));
        let secrets = RunSecrets { token, model_key, channel_key };
        match self.bot_channel.shared.deployments.open(&spec, secrets) {
            Ok(OpenedAccount { cloud, keys }) => self.drive(NewDrive {
                run: run.clone(),
                goal: Goal::Deployed,
                cloud,
                owner_key: Some(keys.owner_key),
            }),
            Err(error) => Some(not_set_up(run, error)),
        }
    }

    fn drive(&mut self, drive: NewDrive) -> Option<Event> {
        let run = drive.run.clone();
        match self.bot_channel.shared.deployments.start(drive) {
            Some(watch) => {
                self.runner.watch = Some(watch);
                None
            }
            None => Some(Event::RunEnded { run, end: failed(FailureCause::LockedByOther, None) }),
        }
    }

    pub(super) async fn tear_down(
        &mut self,
        target: TeardownTarget,
        token: SecretRef,
    ) -> Option<Event> {
        self.runner.stop(&self.bot_channel.shared.deployments).await;
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
            Ok(cloud) => self.drive(NewDrive { run, goal: Goal::Removed, cloud, owner_key: None }),
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
