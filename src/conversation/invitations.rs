//! Who may begin a deployment: whoever was let in, where that is by invitation, and nobody while nothing is begun.

use crate::invitation::{self, Refusal};

use super::messages::Message;
use super::turn::Turn;
use super::{Context, Effect, Phase, Purpose, Question};

impl Turn<'_> {
    /// Whoever has a deployment has begun one before it took an invitation.
    pub(super) fn is_let_in(&self) -> bool {
        self.context.invitations.is_none() || self.state.is_let_in || !self.context.runs.is_empty()
    }

    /// `/start CODE`, as a link to the bot says it.
    pub(super) fn start_with(&mut self, code: &str) {
        match self.state.phase {
            Phase::Idle if !self.is_let_in() && !self.context.quotas.is_closed() => {
                self.say(Message::Welcome);
                if self.show_invitation(code) {
                    self.proceed(Purpose::Deploy);
                }
            }
            Phase::Asking { question: Question::Invitation, checking: None, .. } => {
                self.written(Question::Invitation, code);
            }
            _ => self.start(),
        }
    }

    /// Somebody shows what let them in, or should. False where so many wrong codes came that none is looked at:
    /// then there is nothing to ask them for.
    pub(super) fn show_invitation(&mut self, code: &str) -> bool {
        let Context { invitations, wrong_codes, now_ms, .. } = *self.context;
        match invitation::named(code, invitations.unwrap_or_default(), &wrong_codes, now_ms) {
            Ok(invitation) => {
                self.state.is_let_in = true;
                self.effect(Effect::LetIn { invitation: invitation.clone() });
                self.say(Message::LetIn);
            }
            Err(Refusal::Closed { until_ms }) => {
                self.rest();
                self.say(Message::TooManyCodes { until_ms });
                return false;
            }
            Err(refusal) => {
                if refusal == Refusal::Unknown {
                    self.effect(Effect::CountWrongCode);
                }
                self.say(Message::NotLetIn { used_up: refusal == Refusal::UsedUp });
            }
        }
        true
    }

    /// Somebody is about to begin a deployment, and nothing is begun any more.
    pub(super) fn is_closed_to_what_is_open(&self) -> bool {
        let begins = match &self.state.phase {
            Phase::Asking { purpose, .. } => *purpose == Purpose::Deploy,
            Phase::Review | Phase::Changing => true,
            _ => false,
        };
        begins && self.context.quotas.is_closed()
    }

    /// Nothing is begun here now: whoever wants to is told so, and what they gave for it is forgotten.
    pub(super) fn turn_away(&mut self) {
        self.forget_secrets();
        self.rest();
        self.say(Message::ClosedForNow);
    }
}
