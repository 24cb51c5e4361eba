//! What can be asked for at any time, and what is beside the point.

use super::choice::{ChatCommand, Choice};
use super::credential_entry::CredentialEntry;
use super::messages::{Locale, Message};
use super::transition::Transition;
use super::{Answers, Phase, Purpose};
use crate::deployment::Goal;

impl Transition<'_> {
    pub(super) fn command(&mut self, command: ChatCommand) {
        match command {
            ChatCommand::Start => self.start(),
            ChatCommand::Help => self.say_and_repeat(Message::Help),
            ChatCommand::Privacy => self.say_and_repeat(Message::Privacy { entry: self.entry() }),
            ChatCommand::Forget => self.forget(),
            ChatCommand::Language => self.ask_language(),
            ChatCommand::Status => self.status(),
            ChatCommand::Deploy => self.deploy(),
            ChatCommand::Teardown => self.teardown(),
            ChatCommand::Cancel => self.cancel(),
            ChatCommand::Back => self.back(),
        }
    }

    /// How a credential gets in here.
    pub(super) fn entry(&self) -> CredentialEntry {
        CredentialEntry::of(self.context.capabilities)
    }

    /// The language that is spoken.
    pub(super) fn locale(&self) -> Locale {
        self.state.locale.unwrap_or(self.context.locale)
    }

    /// The languages are buttons only where buttons are: a number would answer the open question.
    fn ask_language(&mut self) {
        let languages = match self.context.capabilities.buttons_max {
            0 => Vec::new(),
            _ => Locale::ALL.map(Choice::Language).to_vec(),
        };
        self.say_with(Message::AskLanguage, languages);
        self.repeat();
    }

    /// From here on this language is spoken, whatever the service hints at.
    pub(super) fn set_locale(&mut self, locale: Locale) {
        self.state.locale = Some(locale);
        self.say_and_repeat(Message::LanguageChosen);
    }

    /// Somebody else may have what was entered: nothing of it is used any more.
    pub(super) fn form_reused(&mut self) {
        let running = matches!(self.state.phase, Phase::Running { .. });
        self.forget_secrets();
        match self.state.phase {
            Phase::Running { .. } | Phase::Failed { .. } | Phase::Idle => {}
            _ => self.go_idle(),
        }
        let next = vec![Choice::Command(ChatCommand::Deploy)];
        self.say_with(Message::FormReused { running }, if running { Vec::new() } else { next });
        self.repeat();
    }

    pub(super) fn start(&mut self) {
        match self.state.phase {
            Phase::Idle if self.context.runs.is_empty() => {
                self.say(Message::Welcome);
                self.ask_next_or_act(Purpose::Deploy);
            }
            Phase::Idle => {
                self.say_with(Message::WelcomeBack, self.home());
            }
            _ => self.say_and_repeat(Message::Welcome),
        }
    }

    /// Says something beside the point, then the open question again.
    pub(super) fn say_and_repeat(&mut self, message: Message) {
        self.say(message);
        self.repeat();
    }

    fn deploy(&mut self) {
        match &self.state.phase {
            Phase::Asking { purpose: Purpose::Deploy, .. } | Phase::Review | Phase::Changing => {
                self.repeat();
            }
            Phase::Running { .. } | Phase::Finding { .. } => {
                self.say_and_repeat(Message::StillWorking)
            }
            Phase::Failed { .. } => self.repeat(),
            _ if !self.context.runs.is_empty() => {
                self.go_idle();
                self.say_with(Message::AlreadyDeployed { runs: self.summaries() }, self.home());
            }
            _ => self.ask_next_or_act(Purpose::Deploy),
        }
    }

    fn cancel(&mut self) {
        match &mut self.state.phase {
            Phase::Idle => self.say(Message::NothingToCancel),
            Phase::Running { board, stopping } if board.goal == Goal::Deployed => {
                *stopping = true;
                self.state.serial += 1;
                self.repeat();
            }
            Phase::Running { .. } => self.say_and_repeat(Message::StillWorking),
            Phase::Failed { .. } => self.keep(),
            _ => {
                self.forget_secrets();
                self.state.answers = Answers::default();
                self.go_idle();
                let deployed = !self.context.runs.is_empty();
                self.say_with(Message::Cancelled { deployed }, self.home());
            }
        }
    }

    fn back(&mut self) {
        match self.state.phase.clone() {
            Phase::Asking { question, purpose, .. } => {
                match self.previous_question(Some(question), &purpose) {
                    Some(previous) => self.ask(previous, purpose),
                    None => self.say_and_repeat(Message::NothingBefore),
                }
            }
            Phase::Review => match self.previous_question(None, &Purpose::Deploy) {
                Some(previous) => self.ask(previous, Purpose::Deploy),
                None => self.repeat(),
            },
            Phase::Changing => self.open(Phase::Review),
            Phase::Running { stopping: true, .. } => self.choose(Choice::KeepGoing),
            Phase::ConfirmingTeardown { .. }
            | Phase::ConfirmingForget
            | Phase::ChoosingRun
            | Phase::ChoosingFound { .. } => {
                self.command(ChatCommand::Cancel);
            }
            Phase::Idle | Phase::Running { .. } | Phase::Finding { .. } | Phase::Failed { .. } => {
                self.say_and_repeat(Message::NothingBefore);
            }
        }
    }
}
