//! Runs that a chat has under way: started, watched, stopped.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::cloud::fly::FlyAccount;
use crate::cloud::{self, Cause, Cloud, Keys};
use crate::conversation::{Credentials, Event, Found, Gone, Mark, Remains, RunEnd, Target};
use crate::plan::Stage;
use crate::provisioner::{
    DriveError, Goal, Outcome, Progress, Provisioner, Receipt, Remaining, Seen, StageState,
};
use crate::secret::{Secret, SecretKind, SecretRef};
use crate::spec::{DeploymentId, Role, Spec};

use super::chat::Chat;

/// What a chat's runs have to tell.
pub(super) enum RunEvent {
    /// A stage moved on.
    Progress(u64, DeploymentId, Progress),
    /// The drive is over.
    Ended(u64, DeploymentId, Box<Result<Outcome, DriveError>>),
}

/// The run that a chat has under way, if any.
pub(super) struct Runner {
    /// Tells the events of this drive from those of one that was stopped.
    generation: u64,
    task: Option<JoinHandle<()>>,
    goal: Goal,
    owner_key: Option<Arc<Secret>>,
    /// The link that the person has not got yet.
    owed: Option<(Spec, Arc<Secret>)>,
    sender: mpsc::Sender<RunEvent>,
    events: mpsc::Receiver<RunEvent>,
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

    /// The next thing that a run has to tell.
    pub(super) async fn event(&mut self) -> Option<RunEvent> {
        self.events.recv().await
    }

    /// Stops what is under way, and returns when it has stopped. A stopped drive is like a crashed one:
    /// the next carries on from the journal.
    async fn stop(&mut self) {
        self.generation += 1;
        if let Some(task) = self.task.take() {
            task.abort();
            // It was told to end; how it ends does not matter.
            let _ = task.await;
        }
    }

    fn start(
        &mut self,
        provisioner: Provisioner,
        run: DeploymentId,
        goal: Goal,
        cloud: FlyAccount,
    ) {
        self.goal = goal;
        let drive = Drive {
            generation: self.generation,
            provisioner,
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
            tokio::pin!(drive);
            loop {
                tokio::select! {
                    outcome = &mut drive => break outcome,
                    Some(line) = progress.recv() => self.tell(line),
                }
            }
        };
        while let Ok(line) = progress.try_recv() {
            self.tell(line);
        }
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
    pub(super) fn conversation_event(&mut self, event: RunEvent) -> Option<Event> {
        match event {
            RunEvent::Progress(generation, run, Progress { stage, state })
                if generation == self.runner.generation =>
            {
                let (stage, mark) = mark(stage, state, self.runner.goal);
                Some(Event::Progressed { run, stage, mark })
            }
            RunEvent::Ended(generation, run, outcome) if generation == self.runner.generation => {
                self.runner.task = None;
                let end = self.end(&run, *outcome);
                Some(Event::Ended { run, end })
            }
            RunEvent::Progress(..) | RunEvent::Ended(..) => None,
        }
    }

    fn end(&mut self, run: &DeploymentId, outcome: Result<Outcome, DriveError>) -> RunEnd {
        match outcome {
            Ok(Outcome::Deployed(_)) => self.deployed(),
            Ok(Outcome::Removed(receipt)) => RunEnd::Removed(gone(receipt)),
            Ok(Outcome::Failed { cause, step, remaining }) => {
                tracing::info!(%run, %step, ?cause, "a run has stopped");
                RunEnd::Failed { cause, remaining: remains(remaining) }
            }
            Err(error) => {
                tracing::error!(%run, "a run could not be driven: {error:#}");
                RunEnd::Failed { cause: Cause::OurFault, remaining: Vec::new() }
            }
        }
    }

    fn deployed(&mut self) -> RunEnd {
        let key = self.runner.owner_key.take();
        let held = key.and_then(|key| self.line.shared.vault.put(&self.owner, key).ok());
        // Without room for it the link is lost, and the person is offered a new one.
        RunEnd::Deployed { link: held.unwrap_or(SecretRef(u64::MAX)) }
    }

    pub(super) async fn deploy(&mut self, spec: Spec, with: Credentials) -> Option<Event> {
        let run = spec.id.clone();
        if let Err(error) = self.line.shared.provisioner.open(&spec, &self.owner).await {
            tracing::error!(%run, "a run could not be opened: {error:#}");
            let end = RunEnd::Failed { cause: Cause::OurFault, remaining: Vec::new() };
            return Some(Event::Ended { run, end });
        }
        self.resume(&run, with).await
    }

    pub(super) async fn resume(&mut self, run: &DeploymentId, with: Credentials) -> Option<Event> {
        self.runner.stop().await;
        let Some(token) = self.ready(SecretKind::FlyToken, with.token) else {
            return Some(token_missing(run));
        };
        let model_key = with.model_key.and_then(|key| self.ready(SecretKind::ModelKey, key));
        let keys = self.fresh_keys(model_key);
        self.runner.owner_key = Some(keys.owner_key.clone());
        let cloud = self.line.shared.settings.vendors.fly.open(token, keys);
        let provisioner = self.line.shared.provisioner.clone();
        self.runner.start(provisioner, run.clone(), Goal::Deployed, cloud);
        None
    }

    fn fresh_keys(&self, model_key: Option<Arc<Secret>>) -> Keys {
        let settings = &self.line.shared.settings;
        let audience = settings.vendors.fly.endpoints().keys_audience();
        let fresh = |kind| Arc::new(Secret::new(kind, settings.chance.key(), audience.clone()));
        Keys {
            model_key,
            owner_key: fresh(SecretKind::OwnerKey),
            link_key: fresh(SecretKind::LinkKey),
            model_proxy_token: fresh(SecretKind::ModelProxyToken),
        }
    }

    pub(super) async fn tear_down(&mut self, target: Target, token: SecretRef) -> Option<Event> {
        self.runner.stop().await;
        let run = target.id().clone();
        let Some(token) = self.ready(SecretKind::FlyToken, token) else {
            return Some(token_missing(&run));
        };
        let provisioner = self.line.shared.provisioner.clone();
        if let Target::Found(Found { spec, roles }) = target {
            let found = cloud::Found { id: run.clone(), spec: *spec, roles };
            if let Err(error) = provisioner.adopt(&found, &self.owner).await {
                tracing::error!(%run, "a deployment could not be adopted: {error:#}");
                let end = RunEnd::Failed { cause: Cause::OurFault, remaining: Vec::new() };
                return Some(Event::Ended { run, end });
            }
        }
        let cloud = self.line.shared.settings.vendors.fly.open_for_teardown(token);
        self.runner.start(provisioner, run, Goal::Removed, cloud);
        None
    }

    pub(super) async fn find(&self, token: SecretRef) -> Result<Vec<Found>, Cause> {
        let token = self.ready(SecretKind::FlyToken, token).ok_or(Cause::TokenRefused)?;
        let cloud = self.line.shared.settings.vendors.fly.open_for_teardown(token);
        let found = cloud.find().await.map_err(|error| {
            tracing::info!(%error, "an account could not be searched");
            error.cause
        })?;
        let found = found.into_iter();
        Ok(found.map(|it| Found { spec: Box::new(it.spec), roles: it.roles }).collect())
    }

    /// The person is owed the link to a relay from now on.
    pub(super) async fn owe_link(&mut self, run: &DeploymentId, key: SecretRef) -> Option<Event> {
        let held = self.held(key);
        self.line.shared.vault.forget(&self.owner, key);
        let spec = self.spec_of(run).await;
        let (Some(spec), Some(key)) = (spec, held) else { return Some(Event::LinkLost) };
        self.runner.owed = Some((spec, key));
        self.send_link().await
    }

    /// Tells the link that is still owed, if one is.
    pub(super) async fn tell_link(&mut self) {
        if let Some(told) = self.send_link().await {
            self.take(told, None).await;
        }
    }

    /// Sends the link, which is the one secret that is meant for the person. It is written nowhere.
    async fn send_link(&mut self) -> Option<Event> {
        let (spec, key) = self.runner.owed.take()?;
        let endpoints = self.line.shared.settings.vendors.fly.endpoints();
        let relay = endpoints.public(&spec.app(Role::Relay));
        let link = Zeroizing::new(format!("{relay}/chat#{}", key.expose_here()));
        match self.mouth.say_secret(&link).await {
            Ok(()) => Some(Event::LinkTold),
            Err(_) => {
                self.runner.owed = Some((spec, key));
                None
            }
        }
    }
}

fn token_missing(run: &DeploymentId) -> Event {
    let end = RunEnd::Failed { cause: Cause::TokenRefused, remaining: Vec::new() };
    Event::Ended { run: run.clone(), end }
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

fn gone(receipt: Receipt) -> Vec<Gone> {
    let line = |line: crate::provisioner::ReceiptLine| Gone {
        kind: line.step.to_string(),
        name: line.name,
        at_ms: line.gone_at_ms,
    };
    receipt.lines.into_iter().map(line).collect()
}

fn remains(remaining: Remaining) -> Vec<Remains> {
    let line = |line: crate::provisioner::RemainingLine| Remains {
        name: match line.seen {
            Seen::There(all) => {
                let names = all.iter().filter_map(|facts| facts.get("name").or(facts.get("id")));
                names.cloned().collect::<Vec<_>>().join(", ")
            }
            Seen::Leaving | Seen::Unknown => String::new(),
        },
        kind: line.step.to_string(),
        link: line.link,
    };
    remaining.lines.into_iter().map(line).collect()
}
