//! Who may begin a deployment: whoever was let in, where that is by invitation, and nobody while
//! nothing is begun.

use crate::invitation::{self, InvitationRefusal};

use super::messages::Message;
use super::transition::Transition;
use super::{ConversationContext, Effect, Phase, Purpose, Question};

impl Transition<'_> {
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
                    self.ask_next_or_act(Purpose::Deploy);
                }
            }
            Phase::Asking { question: Question::Invitation, checking: None, .. } => {
                self.free_text(Question::Invitation, code);
            }
            _ => self.start(),
        }
    }

    /// Somebody shows what let them in, or should. False where so many wrong codes came that none
    /// is looked at: then there is nothing to ask them for.
    pub(super) fn show_invitation(&mut self, code: &str) -> bool {
        let ConversationContext { invitations, wrong_codes, now_ms, .. } = *self.context;
        match invitation::named(code, invitations.unwrap_or_default(), &wrong_codes, now_ms) {
            Ok(invitation) => {
                self.state.is_let_in = true;
                self.effect(Effect::CountInvitation { invitation: invitation.clone() });
                self.say(Message::LetIn);
            }
            Err(InvitationRefusal::TooManyWrongCodes { until_ms }) => {
                self.go_idle();
                self.say(Message::TooManyCodes { until_ms });
                return false;
            }
            Err(refusal) => {
                if refusal == InvitationRefusal::Unknown {
                    self.effect(Effect::CountWrongCode);
                }
                self.say(Message::NotLetIn { used_up: refusal == InvitationRefusal::UsedUp });
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

    /// Nothing is begun here now: whoever wants to is told so, and what they gave for it is
    /// forgotten.
    pub(super) fn refuse_start(&mut self) {
        self.forget_secrets();
        self.go_idle();
        self.say(Message::ClosedForNow);
    }
}
