//! Who may begin a deployment: whoever was let in, where that is by invitation, and nobody while nothing is begun.

use crate::invitation::{self, Refusal};

use super::messages::Message;
use super::turn::Turn;
use super::{Effect, Phase, Purpose, Question};

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
                self.show_invitation(code);
                self.proceed(Purpose::Deploy);
            }
            Phase::Asking { question: Question::Invitation, checking: None, .. } => {
                self.written(Question::Invitation, code);
            }
            _ => self.start(),
        }
    }

    /// Somebody shows what let them in, or should.
    pub(super) fn show_invitation(&mut self, code: &str) {
        let offers = self.context.invitations.unwrap_or_default();
        match invitation::named(code, offers) {
            Ok(invitation) => {
                self.state.is_let_in = true;
                self.effect(Effect::LetIn { invitation: invitation.clone() });
                self.say(Message::LetIn);
            }
            Err(refusal) => {
                self.say(Message::NotLetIn { used_up: refusal == Refusal::UsedUp });
            }
        }
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
