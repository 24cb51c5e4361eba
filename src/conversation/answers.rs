//! The open question, and what happens when one of its answers is chosen.

use crate::deployment::FoundDeployment;
use crate::pricing;

use super::choice::{ChatCommand, Choice};
use super::messages::Message;
use super::transition::{OpenQuestion, Transition};
use super::{ModelChoice, Phase, Purpose, TeardownTarget};

impl Transition<'_> {
    /// The open question, if one is.
    pub(super) fn open_question(&self) -> Option<OpenQuestion> {
        let (message, choices) = match &self.state.phase {
            Phase::Asking { checking: Some(_), .. } => {
                (Message::StillChecking, vec![Choice::Command(ChatCommand::Cancel)])
            }
            Phase::Asking { question, purpose, .. } => {
                return Some(self.compose_question(*question, purpose));
            }
            Phase::Review => {
                let spec = Box::new(self.draft()?);
                let quote = pricing::quote(&spec);
                let choices =
                    vec![Choice::Deploy, Choice::Change, Choice::Command(ChatCommand::Cancel)];
                (Message::Review { spec, quote }, choices)
            }
            Phase::Changing => {
                let mut choices: Vec<Choice> =
                    self.changeable().into_iter().map(Choice::Answer).collect();
                choices.push(Choice::Command(ChatCommand::Back));
                (Message::AskChange, choices)
            }
            Phase::ChoosingRun => (Message::ChooseRun, self.known_runs()),
            Phase::ChoosingFound { found } => (Message::ChooseFound, found_choices(found)),
            Phase::ConfirmingTeardown { target } => (
                self.what_will_go(target),
                vec![Choice::ConfirmTeardown, Choice::Command(ChatCommand::Cancel)],
            ),
            Phase::ConfirmingForget => (
                Message::ConfirmForget { traces: self.traces() },
                vec![Choice::ConfirmForget, Choice::Command(ChatCommand::Cancel)],
            ),
            Phase::Running { stopping: true, .. } => {
                (Message::AskStop, vec![Choice::KeepGoing, Choice::Remove])
            }
            Phase::Failed { goal, failure, .. } => (
                Message::Failed { goal: *goal, failure: failure.clone() },
                vec![Choice::Retry, Choice::Keep, Choice::Remove],
            ),
            Phase::Running { .. } | Phase::Finding { .. } => return None,
            Phase::Idle => return None,
        };
        Some(OpenQuestion { message, choices, awaits: None })
    }

    /// An offered answer was chosen.
    pub(super) fn choose(&mut self, choice: Choice) {
        match choice {
            Choice::Command(command) => self.command(command),
            Choice::Cloud(cloud) => {
                self.state.answers.cloud = Some(cloud);
                self.answered();
            }
            Choice::Offer => self.take_offer(),
            Choice::KeepAnswer => self.answered(),
            Choice::Agent(agent) => match ModelChoice::without_key(agent) {
                Some(model) => {
                    self.replace_model(model);
                    self.answered();
                }
                None => self.repeat(),
            },
            Choice::Organisation(_, slug) => {
                self.state.answers.organisation = Some(slug);
                self.answered();
            }
            Choice::Channel(channel) => {
                self.replace_channel(channel);
                self.answered();
            }
            Choice::MakeBot(_) => self.repeat(),
            Choice::Address(_, name) => self.take_address(name),
            Choice::TakeOver => self.take_over(),
            Choice::AnotherAddress => self.another_address(),
            Choice::Language(locale) => self.set_locale(locale),
            Choice::Region(region, _) => self.take_region(region),
            Choice::Size(size) => {
                self.state.answers.size = Some(size);
                self.answered();
            }
            Choice::CheckAgain => match self.token() {
                Some(token) => self.check_again(token),
                None => self.answered(),
            },
            Choice::Deploy => self.deploy_now(),
            Choice::Change => self.open(Phase::Changing),
            Choice::Answer(question) => self.ask(question, Purpose::Deploy),
            Choice::DeployAnother => self.ask_next_or_act(Purpose::Deploy),
            Choice::Retry => self.retry(),
            Choice::Keep => self.keep(),
            Choice::Remove => self.remove_current(),
            Choice::KeepGoing => self.keep_going(),
            Choice::ConfirmTeardown => self.teardown_confirmed(),
            Choice::ConfirmForget => self.forget_confirmed(),
            Choice::Run(run, _) => self.confirm_teardown_of(&run),
            Choice::NewLink(run) | Choice::NewKeys(run) | Choice::Resume(run) => {
                self.ask_next_or_act(Purpose::Resume { run })
            }
        }
    }

    fn take_offer(&mut self) {
        let Phase::Asking { question, purpose, .. } = &self.state.phase else { return };
        let awaited = self.awaited(*question, purpose);
        let kind = awaited.unwrap_or_else(|| self.cloud_token(purpose));
        let offer = self.context.lent_secrets.iter().find(|(offered, _)| *offered == kind);
        match offer {
            Some((_, secret)) => self.check(kind, *secret),
            None => self.repeat(),
        }
    }

    fn what_will_go(&self, target: &TeardownTarget) -> Message {
        let spec = match target {
            TeardownTarget::Known(run) => self.run(run).map(|run| Box::new(run.spec.clone())),
            TeardownTarget::Found(found) => Some(found.spec.clone()),
        };
        Message::ConfirmTeardown { spec }
    }

    fn known_runs(&self) -> Vec<Choice> {
        let runs = self.context.runs.iter();
        runs.map(|run| Choice::Run(run.spec.id.clone(), run.spec.name.to_string()))
            .chain([Choice::Command(ChatCommand::Cancel)])
            .collect()
    }
}

fn found_choices(found: &[FoundDeployment]) -> Vec<Choice> {
    let label = |it: &FoundDeployment| {
        format!("{} ({})", it.spec.name, super::choice::role_words(&it.roles))
    };
    let choices = found.iter().map(|it| Choice::Run(it.spec.id.clone(), label(it)));
    choices.chain([Choice::Command(ChatCommand::Cancel)]).collect()
}
