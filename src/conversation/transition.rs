//! One event, put through the machine.

use adapters::channel::Capabilities;

use crate::credential_format::CredentialRejection;
use crate::secret::{SecretKind, SecretRef};
use crate::spec::RelayChannel;

use super::choice::{ChatCommand, Choice};
use super::messages::Message;
use super::{
    BotMessage, ConversationContext, ConversationState, DeletionOutcome, DeploymentStatus, Effect,
    Event, IDLE_MAX_MS, KnownDeployment, Phase, Purpose, Question, understand,
};

/// The state while an event is put through it, and the effects so far.
pub(super) struct Transition<'a> {
    pub(super) state: ConversationState,
    pub(super) context: &'a ConversationContext<'a>,
    effects: Vec<Effect>,
}

/// The open question: its words, its offered answers, and the credential that answers it.
pub(super) struct OpenQuestion {
    pub(super) message: Message,
    pub(super) choices: Vec<Choice>,
    pub(super) awaits: Option<SecretKind>,
}

impl<'a> Transition<'a> {
    pub(super) fn new(state: ConversationState, context: &'a ConversationContext<'a>) -> Self {
        Self { state, context, effects: Vec::new() }
    }

    pub(super) fn take(mut self, event: Event) -> (ConversationState, Vec<Effect>) {
        let by_person = matches!(
            event,
            Event::TextReceived(_)
                | Event::ButtonTapped(_)
                | Event::SecretArrived { .. }
                | Event::SecretExposed(_)
                | Event::ForwardedArrived
                | Event::UnsupportedArrived
                | Event::EditedTooLate
        );
        if self.state.serial == 0 {
            self.state.serial = first_serial(self.context.now_ms);
        }
        if by_person || matches!(event, Event::TimePassed) {
            self.expire();
        }
        if by_person {
            self.state.heard_at_ms = self.context.now_ms;
        }
        self.dispatch(event);
        self.state.spoken = Some(self.locale());
        (self.state, self.effects)
    }

    fn dispatch(&mut self, event: Event) {
        match event {
            Event::TextReceived(text) => self.on_text(&text),
            Event::ButtonTapped(button) => self.tapped(&button),
            Event::SecretArrived { vendor, secret, pasted } => {
                self.secret_arrived(vendor, secret, pasted);
            }
            Event::SecretExposed(exposure) => {
                self.erase_pasted();
                self.say_and_repeat(Message::SecretExposed { exposure });
            }
            Event::ForwardedArrived => self.say_and_repeat(Message::ForwardedArrived),
            Event::UnsupportedArrived => self.say_and_repeat(Message::UnsupportedArrived),
            Event::EditedTooLate => self.say_and_repeat(Message::EditedTooLate),
            Event::MessageDeleted { outcome, .. } => {
                self.say(receipt_of(outcome, self.context.capabilities));
            }
            Event::CredentialChecked { secret, result } => self.checked(secret, result),
            Event::RunProgressed { run, update } => self.progressed(&run, update),
            Event::RunEnded { run, end } => self.ended(&run, end),
            Event::QuotaReached { run, used_up } => self.not_begun(&run, used_up),
            Event::FormReused => self.form_reused(),
            Event::FormDeclined => self.say_and_repeat(Message::FormDeclined),
            Event::AccountSearched(result) => self.found(result),
            Event::LinkSent => self.state.link_owed = None,
            Event::LinkLost => self.link_lost(),
            Event::MessagesDropped => self.say(Message::TooMuchAtOnce),
            Event::Restarted => self.restarted(),
            Event::TimePassed => {}
        }
    }

    /// Ends what the person has left alone for too long.
    fn expire(&mut self) {
        let idle_ms = self.context.now_ms.saturating_sub(self.state.heard_at_ms);
        let held = self.held_secrets();
        if idle_ms < IDLE_MAX_MS {
            return;
        }
        match self.state.phase {
            Phase::Idle | Phase::Running { .. } | Phase::Finding { .. } => {}
            Phase::Failed { .. } if held.is_empty() => {}
            Phase::Failed { .. } => {
                self.forget_secrets();
                self.say(Message::SecretsExpired);
            }
            _ => {
                let again = self.way_back_command();
                self.forget_secrets();
                self.state.phase = Phase::Idle;
                self.say_with(Message::Expired { again }, vec![Choice::Command(again)]);
            }
        }
    }

    /// The command that leads back to the open question.
    fn way_back_command(&self) -> ChatCommand {
        match self.state.phase {
            Phase::ChoosingRun | Phase::ChoosingFound { .. } | Phase::ConfirmingTeardown { .. } => {
                ChatCommand::Teardown
            }
            Phase::Asking { purpose: Purpose::Teardown { .. } | Purpose::Find, .. } => {
                ChatCommand::Teardown
            }
            Phase::ConfirmingForget => ChatCommand::Forget,
            _ if self.context.runs.is_empty() => ChatCommand::Deploy,
            _ => ChatCommand::Status,
        }
    }

    fn on_text(&mut self, text: &str) {
        if let Some(locale) = understand::language(text) {
            return self.set_locale(locale);
        }
        if let Some(code) = understand::invitation(text) {
            return self.start_with(code);
        }
        if let Some(command) = understand::command(text) {
            return self.command(command);
        }
        let choices = self.open_choices();
        if let Some(choice) = understand::matching_choice(text, &choices) {
            return self.choose(choice);
        }
        if let Some(command) = understand::bare_command(text) {
            return self.command(command);
        }
        match self.state.phase {
            Phase::Idle => self.command(ChatCommand::Start),
            Phase::Asking { checking: Some(_), .. } => self.repeat(),
            Phase::Asking { question, .. } => self.free_text(question, text),
            Phase::Running { stopping: false, .. } | Phase::Finding { .. } => {
                self.say(Message::StillWorking);
            }
            _ => self.reject(CredentialRejection::NotOffered),
        }
    }

    fn tapped(&mut self, button: &str) {
        let command = ChatCommand::ALL.into_iter().find(|c| Choice::Command(*c).id(0) == button);
        if let Some(command) = command {
            return self.command(command);
        }
        if let Some(locale) = understand::language(button) {
            return self.set_locale(locale);
        }
        let choices = self.open_choices();
        match choices.into_iter().find(|choice| choice.id(self.state.serial) == button) {
            Some(choice) => self.choose(choice),
            None => {
                self.say(Message::StaleButton);
                self.repeat();
            }
        }
    }

    /// An answer that is not taken, with the reason, and the question again.
    pub(super) fn reject(&mut self, rejection: CredentialRejection) {
        let asked = match self.state.phase {
            Phase::Asking { question, .. } => Some(question),
            _ => None,
        };
        self.say(Message::Rejected { asked, rejection });
        self.repeat();
    }

    fn restarted(&mut self) {
        if self.is_closed_to_what_is_open() {
            return self.refuse_start();
        }
        match self.state.phase.clone() {
            Phase::Running { board, .. } => self.run_interrupted(&board),
            Phase::Finding { .. } => self.ask_next_or_act(Purpose::Find),
            Phase::Asking { purpose, checking: None, .. } if self.lost_secret().is_some() => {
                self.ask_next_or_act(purpose);
            }
            Phase::Asking { question, purpose, checking: Some(_) } => {
                self.say(Message::CheckInterrupted);
                self.ask(question, purpose);
            }
            Phase::Review | Phase::Changing if self.lost_secret().is_some() => {
                self.ask_next_or_act(Purpose::Deploy);
            }
            _ => self.link_lost(),
        }
    }

    /// Asks the first question that is not answered; acts when there is none.
    pub(super) fn ask_next_or_act(&mut self, purpose: Purpose) {
        if purpose == Purpose::Deploy && self.context.quotas.is_closed() {
            return self.refuse_start();
        }
        match self.first_open(&purpose) {
            Some(question) => {
                match self.lost_secret() {
                    Some(kind) if self.awaited(question, &purpose) == Some(kind) => {
                        self.say(Message::SecretLost { kind });
                    }
                    _ => {}
                }
                self.ask(question, purpose);
            }
            None => self.act(purpose),
        }
    }

    pub(super) fn ask(&mut self, question: Question, purpose: Purpose) {
        for page in self.pages_for(question, &purpose) {
            self.say(Message::Page(page));
        }
        self.open(Phase::Asking { question, purpose, checking: None });
    }

    /// Opens a question: the buttons of the one before are stale from here on.
    pub(super) fn open(&mut self, phase: Phase) {
        self.state.phase = phase;
        self.state.serial += 1;
        self.state.heard_at_ms = self.context.now_ms;
        self.repeat();
    }

    /// Nothing is open any more.
    pub(super) fn go_idle(&mut self) {
        self.state.phase = Phase::Idle;
        self.state.serial += 1;
    }

    /// Says the open question (again).
    pub(super) fn repeat(&mut self) {
        if let Some(OpenQuestion { message, choices, awaits }) = self.open_question() {
            let serial = self.state.serial;
            self.effects.push(Effect::Say(BotMessage { message, choices, serial, awaits }));
        }
    }

    /// What can be tapped now.
    pub(super) fn open_choices(&self) -> Vec<Choice> {
        self.open_question().map_or_else(|| self.home(), |open| open.choices)
    }

    pub(super) fn say(&mut self, message: Message) {
        self.say_with(message, Vec::new());
    }

    pub(super) fn say_with(&mut self, message: Message, choices: Vec<Choice>) {
        let serial = self.state.serial;
        self.effects.push(Effect::Say(BotMessage { message, choices, serial, awaits: None }));
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub(super) fn is_held(&self, secret: SecretRef) -> bool {
        self.context.held_secrets.contains(&secret)
    }

    pub(super) fn run(&self, id: &crate::spec::DeploymentId) -> Option<&'a KnownDeployment> {
        self.context.runs.iter().find(|run| run.spec.id == *id)
    }

    /// What can be tapped while nothing is open.
    pub(super) fn home(&self) -> Vec<Choice> {
        let Some(run) = self.context.runs.first() else {
            return vec![Choice::Command(ChatCommand::Deploy), Choice::Command(ChatCommand::Help)];
        };
        let first = match run.standing {
            DeploymentStatus::Deployed if run.spec.channel == RelayChannel::Web => {
                vec![Choice::NewLink(run.spec.id.clone())]
            }
            DeploymentStatus::Deployed => vec![Choice::NewKeys(run.spec.id.clone())],
            DeploymentStatus::InProgress => vec![Choice::Resume(run.spec.id.clone())],
            DeploymentStatus::Removed | DeploymentStatus::Stuck => Vec::new(),
        };
        let rest = [
            Choice::Command(ChatCommand::Status),
            Choice::Command(ChatCommand::Teardown),
            Choice::DeployAnother,
        ];
        first.into_iter().chain(rest).collect()
    }
}

/// Where a conversation begins to count its questions: beyond any question of an earlier one with
/// the same person that nobody remembers, whose buttons still stand in the chat. Nobody is asked
/// once a second for years.
fn first_serial(now_ms: u64) -> u32 {
    u32::try_from(now_ms / 1000).unwrap_or_default()
}

/// The receipt of a deletion.
pub fn receipt_of(outcome: DeletionOutcome, can: &Capabilities) -> Message {
    match outcome {
        DeletionOutcome::Deleted if can.deletes_theirs => Message::PastedDeleted,
        DeletionOutcome::Deleted => Message::PastedScrubbed,
        DeletionOutcome::Refused => Message::EraseFailed { unanswered: false },
        DeletionOutcome::Unanswered => Message::EraseFailed { unanswered: true },
    }
}
