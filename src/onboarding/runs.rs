//! Runs that a chat has under way: started, watched, stopped.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::cloud::fly::FlyAccount;
use crate::cloud::{self, Cause, Keys};
use crate::conversation::{Credentials, Event, Failure, Found, Mark, Remains, RunEnd, Target};
use crate::metrics;
use crate::plan::Stage;
use crate::provisioner::{DriveError, Goal, Outcome, Progress, Provisioner, StageState};
use crate::secret::{Secret, SecretKind, SecretRef};
use crate::sessions::HOLD_MAX;
use crate::spec::{DeploymentId, Role, Spec};

use super::active_runs::RunGuard;
use super::chat::Chat;
use super::panics::survived;

/// What a chat's runs have to tell.
pub(super) enum RunEvent {
    /// A stage moved on.
    Progress(u64, DeploymentId, Progress),
    /// The drive is over.
    Ended(u64, DeploymentId, Box<anyhow::Result<Outcome>>),
}

/// The run that a chat has under way, if any.
pub(super) struct Runner {
    /// Tells the events of this drive from those of one that was stopped.
    generation: u64,
    task: Option<JoinHandle<()>>,
    goal: Goal,
    owner_key: Option<Arc<Secret>>,
    owed: Option<OwedLink>,
    sender: mpsc::Sender<RunEvent>,
    events: mpsc::Receiver<RunEvent>,
}

/// The link that the person has not got yet.
struct OwedLink {
    spec: Spec,
    owner_key: Arc<Secret>,
    /// When it is given up, like every credential that is held.
    until: Instant,
}

impl Default for Runner {
    fn default() -> Self {
        let (sender, events) = mpsc::channel(Progress::CHANNEL);
        Self {
            generation: 0,
            task: None,
            goal: Goal::Deployed,
            owner_key: None,
            owed: None,
            sender,
            events,
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl Runner {
    pub(super) fn is_idle(&self) -> bool {
        self.task.is_none()
    }

    /// How long a link waits for its person; `None` when none is owed.
    pub(super) fn owed_until(&self) -> Option<Instant> {
        self.owed.as_ref().map(|owed| owed.until)
    }

    /// No link is owed any more.
    pub(super) fn owe_nothing(&mut self) {
        self.owed = None;
    }

    /// The next thing that a run has to tell.
    pub(super) async fn event(&mut self) -> Option<RunEvent> {
        self.events.recv().await
    }

    /// Stops what is under way, and returns when it has stopped. A stopped drive is like a crashed one:
    /// the next carries on from the journal.
    async fn stop(&mut self) {
        self.generation += 1;
        self.owner_key = None;
        if let Some(task) = self.task.take() {
            task.abort();
            // It was told to end; how it ends does not matter.
            let _ = task.await;
        }
    }

    fn start(
        &mut self,
        provisioner: Provisioner,
        guard: RunGuard,
        run: DeploymentId,
        goal: Goal,
        cloud: FlyAccount,
    ) {
        metrics::run_begun(goal == Goal::Removed);
        self.goal = goal;
        let drive = Drive {
            generation: self.generation,
            provisioner,
            guard,
            run,
            goal,
            cloud,
            events: self.sender.clone(),
        };
        self.task = Some(tokio::spawn(drive.work()));
    }
}

struct Drive {
    generation: u64,
    provisioner: Provisioner,
    /// Nobody else drives this run from here.
    guard: RunGuard,
    run: DeploymentId,
    goal: Goal,
    cloud: FlyAccount,
    events: mpsc::Sender<RunEvent>,
}

impl Drive {
    async fn work(self) {
        let (sender, mut progress) = mpsc::channel(Progress::CHANNEL);
        let outcome = {
            let drive = self.provisioner.drive(&self.run, self.goal, &self.cloud, &sender);
            let mut drive = std::pin::pin!(survived(drive));
            loop {
                tokio::select! {
                    biased;
                    outcome = &mut drive => break outcome,
                    Some(line) = progress.recv() => self.tell(line),
                }
            }
        };
        while let Ok(line) = progress.try_recv() {
            self.tell(line);
        }
        let outcome = match outcome {
            Some(driven) => driven.map_err(anyhow::Error::from),
            None => Err(anyhow::anyhow!("it panicked")),
        };
        // Whoever is told of the end may drive it again.
        drop(self.guard);
        let ended = RunEvent::Ended(self.generation, self.run, Box::new(outcome));
        // The chat's task ends later than its runs, or stops them.
        let _ = self.events.send(ended).await;
    }

    /// Progress is for the eye: what does not fit is dropped, so that the drive never waits.
    fn tell(&self, line: Progress) {
        let event = RunEvent::Progress(self.generation, self.run.clone(), line);
        let _ = self.events.try_send(event);
    }
}

impl Chat {
    /// What a run's event means to the conversation; `None` for a run that was stopped.
    pub(super) async fn conversation_event(&mut self, event: RunEvent) -> Option<Event> {
        match event {
            RunEvent::Progress(generation, run, Progress { stage, state })
                if generation == self.runner.generation =>
            {
                let (stage, mark) = mark(stage, state, self.runner.goal);
                Some(Event::Progressed { run, stage, mark })
            }
            RunEvent::Ended(generation, run, outcome) if generation == self.runner.generation => {
                self.runner.task = None;
                let end = self.end(&run, *outcome).await;
                metrics::run_ended(match &end {
                    RunEnd::Deployed { .. } => metrics::RunEnd::Deployed,
                    RunEnd::Removed(_) => metrics::RunEnd::Removed,
                    RunEnd::Failed(_) => metrics::RunEnd::Failed,
                });
                Some(Event::Ended { run, end })
            }
            RunEvent::Progress(..) | RunEvent::Ended(..) => None,
        }
    }

    async fn end(&mut self, run: &DeploymentId, outcome: anyhow::Result<Outcome>) -> RunEnd {
        // Whatever the end is, the key is not kept here.
        let owner_key = self.runner.owner_key.take();
        match outcome {
            Ok(Outcome::Deployed(_)) => self.deployed(owner_key),
            Ok(Outcome::Removed(receipt)) => RunEnd::Removed(receipt.gone()),
            Ok(Outcome::Failed { cause, step, remaining }) => {
                tracing::info!(%run, %step, ?cause, "a run has stopped");
                let spec = self.spec_of(run).await;
                let remaining = spec.map(|spec| remaining.remains(&spec));
                RunEnd::Failed(Failure { cause, step: Some(step), remaining })
            }
            Err(error) if matches!(error.downcast_ref(), Some(DriveError::Fenced)) => {
                failed(Cause::Elsewhere, None)
            }
            Err(error) => {
                tracing::error!(%run, "a run could not be driven: {error:#}");
                failed(Cause::OurFault, None)
            }
        }
    }

    fn deployed(&self, owner_key: Option<Arc<Secret>>) -> RunEnd {
        let held = owner_key.and_then(|key| self.line.shared.vault.put(&self.owner, key).ok());
        // Without room for it the link is lost, and the person is offered a new one.
        RunEnd::Deployed { link: held.unwrap_or(SecretRef(u64::MAX)) }
    }

    pub(super) async fn deploy(
        &mut self,
        spec: Spec,
        organisation: Option<u64>,
        with: Credentials,
    ) -> Option<Event> {
        let run = spec.id.clone();
        let within = self.within(organisation);
        match self.line.shared.provisioner.begin(&spec, &self.owner, within).await {
            Ok(Ok(())) => self.resume(&run, with).await,
            Ok(Err(used_up)) => Some(Event::NotBegun { run, used_up }),
            Err(error) => {
                tracing::error!(%run, "a run could not be opened: {error:#}");
                let end = failed(Cause::OurFault, Some(Vec::new()));
                Some(Event::Ended { run, end })
            }
        }
    }

    pub(super) async fn resume(&mut self, run: &DeploymentId, with: Credentials) -> Option<Event> {
        self.runner.stop().await;
        let Some(token) = self.ready(SecretKind::FlyToken, with.token) else {
            return Some(token_missing(run));
        };
        let model_key = with.model_key.and_then(|key| self.ready(SecretKind::ModelKey, key));
        let channel_key = (with.channel_key.zip(self.channel_key_kind(run).await))
            .and_then(|(key, kind)| self.ready(kind, key));
        let settings = &self.line.shared.settings;
        let audience = settings.vendors.fly.endpoints().keys_audience();
        let keys = Keys::made_by(&settings.chance, model_key, channel_key, &audience);
        self.runner.owner_key = Some(keys.owner_key.clone());
        let cloud = settings.vendors.fly.open(token, keys);
        self.drive(run.clone(), Goal::Deployed, cloud)
    }

    fn drive(&mut self, run: DeploymentId, goal: Goal, cloud: FlyAccount) -> Option<Event> {
        let Some(guard) = self.line.shared.active_runs.try_start(&run) else {
            self.runner.owner_key = None;
            return Some(Event::Ended { run, end: failed(Cause::Elsewhere, None) });
        };
        let provisioner = self.line.shared.provisioner.clone();
        self.runner.start(provisioner, guard, run, goal, cloud);
        None
    }

    async fn channel_key_kind(&self, run: &DeploymentId) -> Option<SecretKind> {
        self.spec_of(run).await?.channel.key()
    }

    pub(super) async fn tear_down(&mut self, target: Target, token: SecretRef) -> Option<Event> {
        self.runner.stop().await;
        let run = target.id().clone();
        let Some(token) = self.ready(SecretKind::FlyToken, token) else {
            return Some(token_missing(&run));
        };
        if let Target::Found(Found { spec, roles }) = target {
            let found = cloud::Found { id: run.clone(), spec: *spec, roles };
            if let Err(error) = self.line.shared.provisioner.adopt(&found, &self.owner).await {
                tracing::error!(%run, "a deployment could not be adopted: {error:#}");
                let end = failed(Cause::OurFault, None);
                return Some(Event::Ended { run, end });
            }
        }
        let cloud = self.line.shared.settings.vendors.fly.open_for_teardown(token);
        self.drive(run, Goal::Removed, cloud)
    }

    /// The person is owed the link to a relay from now on.
    pub(super) async fn owe_link(&mut self, run: &DeploymentId, key: SecretRef) -> Option<Event> {
        let held = self.held(key);
        self.line.shared.vault.forget(&self.owner, key);
        let spec = self.spec_of(run).await;
        let (Some(spec), Some(owner_key)) = (spec, held) else { return Some(Event::LinkLost) };
        let until = Instant::now() + HOLD_MAX;
        self.runner.owed = Some(OwedLink { spec, owner_key, until });
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
        let endpoints = self.line.shared.settings.vendors.fly.endpoints();
        let relay = endpoints.public(&owed.spec.app(Role::Relay));
        let link = Zeroizing::new(format!("{relay}/chat#{}", owed.owner_key.expose_here()));
        match self.mouth.say_secret(&link).await {
            Ok(()) => Some(Event::LinkTold),
            Err(_) => {
                self.runner.owed = Some(owed);
                None
            }
        }
    }
}

fn token_missing(run: &DeploymentId) -> Event {
    Event::Ended { run: run.clone(), end: failed(Cause::TokenRefused, None) }
}

/// A run that came to no step.
fn failed(cause: Cause, remaining: Option<Vec<Remains>>) -> RunEnd {
    RunEnd::Failed(Failure { cause, step: None, remaining })
}

/// While a run makes things, taking one back means that it moves to another region.
fn mark(stage: Stage, state: StageState, goal: Goal) -> (Stage, Mark) {
    let mark = match (goal, state) {
        (Goal::Deployed, StageState::Removing | StageState::Removed) => Mark::Moving,
        (_, StageState::Working | StageState::Removing) => Mark::Started,
        (_, StageState::Settling) => Mark::Settling,
        (_, StageState::Done | StageState::Removed) => Mark::Done,
    };
    (stage, mark)
}
