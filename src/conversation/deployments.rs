//! Deployments: started, watched, ended, removed.

use crate::account::FailureCause;
use crate::deployment::{FoundDeployment, Goal, Progress, StageStatus, StageUpdate};
use crate::plan::Stage;
use crate::pricing;
use crate::quota::QuotaExceeded;
use crate::secret::SecretRef;
use crate::spec::{DeploymentId, RelayChannel};

use super::choice::{ChatCommand, Choice};
use super::messages::{DeploymentSummary, Message};
use super::transition::Transition;
use super::{
    Answers, DeploymentStatus, Effect, Phase, Purpose, RunCredentials, RunOutcome, TeardownTarget,
};

/// The stages of a deployment, in the order in which they are shown.
const STAGES: [Stage; 6] =
    [Stage::Apps, Stage::Network, Stage::Secrets, Stage::Storage, Stage::Machines, Stage::Proof];

impl Transition<'_> {
    /// Everything is answered: the purpose is served.
    pub(super) fn act(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Deploy => self.open(Phase::Review),
            Purpose::Find => {
                let Some(token) = self.token() else { return self.ask_next_or_act(Purpose::Find) };
                self.state.phase = Phase::Finding { token };
                self.say(Message::Searching);
                self.effect(Effect::SearchAccount { token });
            }
            Purpose::Resume { run } => {
                let purpose = Purpose::Resume { run: run.clone() };
                let Some(with) = self.credentials(&purpose) else {
                    return self.ask_next_or_act(purpose);
                };
                self.watch(run.clone(), Goal::Deployed);
                self.effect(Effect::Resume { run, with });
            }
            Purpose::Teardown { target } => {
                let Some(token) = self.token() else {
                    return self.ask_next_or_act(Purpose::Teardown { target });
                };
                self.watch(target.id().clone(), Goal::Removed);
                self.effect(Effect::Teardown { target, token });
            }
        }
    }

    fn credentials(&self, purpose: &Purpose) -> Option<RunCredentials> {
        Some(RunCredentials {
            token: self.token()?,
            model_key: self.model_key(),
            channel_key: self.channel_key(purpose),
        })
    }

    pub(super) fn deploy_now(&mut self) {
        if self.context.quotas.is_closed() || self.first_open(&Purpose::Deploy).is_some() {
            return self.ask_next_or_act(Purpose::Deploy);
        }
        if let Some(used_up) =
            self.context.quotas.used_up(self.context.recent_starts, self.context.now_ms)
        {
            return self.say_and_repeat(Message::EnoughToday { used_up });
        }
        let (Some(spec), Some(with)) = (self.draft(), self.credentials(&Purpose::Deploy)) else {
            return self.ask_next_or_act(Purpose::Deploy);
        };
        self.watch(spec.id.clone(), Goal::Deployed);
        let organisation = self.state.answers.chosen_organisation().and_then(|it| it.number);
        self.effect(Effect::Deploy { spec: Box::new(spec), organisation, with });
    }

    /// Others were faster: the plan is open again, and nothing was made.
    pub(super) fn not_begun(&mut self, run: &DeploymentId, used_up: QuotaExceeded) {
        match &self.state.phase {
            Phase::Running { board, .. } if board.run == *run => {
                self.say(Message::EnoughToday { used_up });
                self.open(Phase::Review);
            }
            _ => {}
        }
    }

    /// A run is under way from here on.
    fn watch(&mut self, run: DeploymentId, goal: Goal) {
        let stages = match goal {
            Goal::Deployed => STAGES.map(|stage| (stage, StageStatus::Pending)).to_vec(),
            Goal::Removed => Vec::new(),
        };
        let board = Progress { run, goal, stages };
        self.state.phase = Phase::Running { board: board.clone(), stopping: false };
        self.state.serial += 1;
        self.effect(Effect::Show { board, milestone: true });
    }

    /// A run moved on: the progress message follows.
    pub(super) fn progressed(&mut self, run: &DeploymentId, update: StageUpdate) {
        let Phase::Running { board, .. } = &mut self.state.phase else { return };
        if board.run != *run {
            return;
        }
        board.mark(update);
        let board = board.clone();
        self.effect(Effect::Show { board, milestone: update.status == StageStatus::Done });
    }

    /// A run ended.
    pub(super) fn ended(&mut self, run: &DeploymentId, end: RunOutcome) {
        let board = match &self.state.phase {
            Phase::Running { board, .. } if board.run == *run => Some(board.clone()),
            _ => None,
        };
        match end {
            RunOutcome::Deployed { link } => {
                let by_hand = self.needs_manual_webhook(run);
                if let Some(board) = board {
                    self.effect(Effect::Show { board: board.all_done(), milestone: true });
                    self.finish_run();
                }
                match self.run(run).map(|run| run.spec.channel) {
                    Some(channel) if channel != RelayChannel::Web => {
                        if let Some(link) = link {
                            self.effect(Effect::ForgetCredential(link));
                        }
                        self.channel_ready(run, by_hand);
                    }
                    _ => self.web_ready(run, link),
                }
                self.repeat();
            }
            RunOutcome::Removed(gone) => {
                if board.is_some() {
                    self.finish_run();
                }
                self.state.link_owed = None;
                self.say_with(
                    Message::Receipt { gone },
                    vec![Choice::Command(ChatCommand::Deploy)],
                );
                self.repeat();
            }
            RunOutcome::Failed(failure) => {
                let Some(Progress { goal, .. }) = board else { return };
                if failure.cause == FailureCause::TokenRefused {
                    self.forget_secrets();
                }
                self.open(Phase::Failed { run: run.clone(), goal, failure });
            }
        }
    }

    fn web_ready(&mut self, run: &DeploymentId, link: Option<SecretRef>) {
        self.state.link_owed = Some(run.clone());
        self.say(Message::Ready);
        match link {
            Some(key) => self.say(Message::RelayLink { run: run.clone(), key }),
            None => self.link_lost(),
        }
        self.say_with(Message::FirstSteps, vec![Choice::Command(ChatCommand::Status)]);
    }

    /// The run has come to its good end: nothing of what it needed is kept.
    fn finish_run(&mut self) {
        self.forget_secrets();
        self.state.answers = Answers::default();
        self.go_idle();
    }

    pub(super) fn retry(&mut self) {
        let Phase::Failed { run, goal, .. } = self.state.phase.clone() else { return };
        self.ask_next_or_act(match goal {
            Goal::Deployed => Purpose::Resume { run },
            Goal::Removed => Purpose::Teardown { target: TeardownTarget::Known(run) },
        });
    }

    pub(super) fn keep(&mut self) {
        let Phase::Failed { failure, .. } = self.state.phase.clone() else { return };
        self.forget_secrets();
        self.go_idle();
        self.say_with(Message::Kept { remaining: failure.remaining }, self.home());
    }

    pub(super) fn remove_current(&mut self) {
        let run = match &self.state.phase {
            Phase::Failed { run, .. } => run.clone(),
            Phase::Running { board, .. } => board.run.clone(),
            _ => return,
        };
        self.ask_next_or_act(Purpose::Teardown { target: TeardownTarget::Known(run) });
    }

    pub(super) fn keep_going(&mut self) {
        if let Phase::Running { stopping, .. } = &mut self.state.phase {
            *stopping = false;
            self.state.serial += 1;
            self.say(Message::KeptGoing);
        }
    }

    /// The process that drove this run is gone.
    pub(super) fn run_interrupted(&mut self, board: &Progress) {
        let standing = self.run(&board.run).map(|run| run.standing);
        match (board.goal, standing) {
            (Goal::Deployed, Some(DeploymentStatus::Deployed)) => {
                let by_hand = self.needs_manual_webhook(&board.run);
                self.state.answers = Answers::default();
                self.go_idle();
                let channel = self.run(&board.run).map(|run| run.spec.channel);
                if channel.is_some_and(|channel| channel != RelayChannel::Web) {
                    return self.channel_ready(&board.run, by_hand);
                }
                self.state.link_owed = Some(board.run.clone());
                self.link_lost();
            }
            (Goal::Removed, None | Some(DeploymentStatus::Removed)) => {
                self.state.answers = Answers::default();
                self.go_idle();
                self.say(Message::RemovedMeanwhile);
            }
            (Goal::Deployed, None) => {
                self.say(Message::Interrupted { goal: Goal::Deployed });
                self.ask_next_or_act(Purpose::Deploy);
            }
            (goal, _) => {
                self.say(Message::Interrupted { goal });
                let run = board.run.clone();
                self.ask_next_or_act(match goal {
                    Goal::Deployed => Purpose::Resume { run },
                    Goal::Removed => Purpose::Teardown { target: TeardownTarget::Known(run) },
                });
            }
        }
    }

    /// The link may not have reached the person, and nobody has it any more.
    pub(super) fn link_lost(&mut self) {
        if let Some(id) = self.state.link_owed.take() {
            let needs_key = self.run(&id).is_some_and(|run| run.spec.agent.needs_model());
            self.say_with(Message::LinkLost { needs_key }, vec![Choice::NewLink(id)]);
        }
    }

    pub(super) fn status(&mut self) {
        if self.context.runs.is_empty() {
            self.say_with(Message::NoDeployments, vec![Choice::Command(ChatCommand::Deploy)]);
        } else {
            let choices = match self.state.phase {
                Phase::Idle => self.home(),
                _ => Vec::new(),
            };
            self.say_with(Message::Status { runs: self.summaries() }, choices);
        }
        self.repeat();
    }

    pub(super) fn summaries(&self) -> Vec<DeploymentSummary> {
        let summary = |run: &super::KnownDeployment| DeploymentSummary {
            quote: pricing::quote(&run.spec),
            spec: Box::new(run.spec.clone()),
            standing: run.standing,
            opened_at_ms: run.opened_at_ms,
        };
        self.context.runs.iter().map(summary).collect()
    }

    pub(super) fn teardown(&mut self) {
        match &self.state.phase {
            Phase::Running { board, .. } if board.goal == Goal::Deployed => {
                self.command(ChatCommand::Cancel)
            }
            Phase::Running { .. } | Phase::Finding { .. } => {
                self.say_and_repeat(Message::StillWorking)
            }
            Phase::Failed { .. } => self.remove_current(),
            Phase::ConfirmingTeardown { .. } | Phase::ChoosingRun | Phase::ChoosingFound { .. } => {
                self.repeat();
            }
            Phase::Asking { purpose: Purpose::Teardown { .. } | Purpose::Find, .. } => {
                self.repeat();
            }
            _ => match self.context.runs {
                [] => {
                    self.say(Message::NoRecord);
                    self.ask_next_or_act(Purpose::Find);
                }
                [only] => self.confirm_teardown_of(&only.spec.id.clone()),
                _ => self.open(Phase::ChoosingRun),
            },
        }
    }

    pub(super) fn confirm_teardown_of(&mut self, run: &DeploymentId) {
        let target = match &self.state.phase {
            Phase::ChoosingFound { found } => {
                found.iter().find(|it| it.spec.id == *run).cloned().map(TeardownTarget::Found)
            }
            _ => Some(TeardownTarget::Known(run.clone())),
        };
        match target {
            Some(target) => self.open(Phase::ConfirmingTeardown { target }),
            None => self.repeat(),
        }
    }

    pub(super) fn teardown_confirmed(&mut self) {
        if let Phase::ConfirmingTeardown { target } = self.state.phase.clone() {
            self.ask_next_or_act(Purpose::Teardown { target });
        }
    }

    /// The account was searched.
    pub(super) fn found(&mut self, result: Result<Vec<FoundDeployment>, FailureCause>) {
        if !matches!(self.state.phase, Phase::Finding { .. }) {
            return;
        }
        match result {
            Ok(found) if found.is_empty() => {
                self.forget_secrets();
                self.go_idle();
                self.say(Message::NothingFound);
            }
            Ok(found) => self.open(Phase::ChoosingFound { found }),
            Err(cause) => {
                self.forget_secrets();
                self.go_idle();
                let again = vec![Choice::Command(ChatCommand::Teardown)];
                self.say_with(Message::FindFailed { cause }, again);
            }
        }
    }
}
