//! Credentials: where they are taken, how they are judged, when they are forgotten.

use crate::credential_format::{CredentialRejection, Vendor};
use crate::secret::{SecretKind, SecretRef};
use crate::spec::{CloudKind, RelayChannel};

use super::messages::Message;
use super::transition::Transition;
use super::{
    CheckedCredential, CheckedToken, Effect, ModelChoice, PendingCheck, Phase, Purpose, Question,
};

impl Transition<'_> {
    /// A credential came in: expected, early, or by mistake.
    pub(super) fn secret_arrived(
        &mut self,
        vendor: Option<Vendor>,
        secret: SecretRef,
        pasted: bool,
    ) {
        if pasted {
            self.erase_pasted();
        }
        let kind = vendor.map(Vendor::credential);
        match self.state.phase.clone() {
            Phase::Asking { checking: Some(_), .. } => {
                self.effect(Effect::ForgetCredential(secret));
                self.say(Message::StillChecking);
            }
            Phase::Asking { question, purpose, checking: None } => {
                self.judge_or_refuse(question, &purpose, vendor, kind, secret);
            }
            Phase::Idle if self.begins_with(kind) => {
                self.state.phase = Phase::Asking {
                    question: Question::Token,
                    purpose: Purpose::Deploy,
                    checking: None,
                };
                self.check(self.cloud_token(&Purpose::Deploy), secret);
            }
            _ => {
                self.effect(Effect::ForgetCredential(secret));
                self.say_and_repeat(Message::UnexpectedSecret);
            }
        }
    }

    /// A token that nobody asked for begins a deployment: this person has none and may make one.
    fn begins_with(&self, kind: Option<SecretKind>) -> bool {
        let may_begin = self.is_let_in() && !self.context.quotas.is_closed();
        let is_token = kind == Some(self.cloud_token(&Purpose::Deploy));
        is_token && self.context.runs.is_empty() && may_begin
    }

    fn judge_or_refuse(
        &mut self,
        question: Question,
        purpose: &Purpose,
        vendor: Option<Vendor>,
        kind: Option<SecretKind>,
        secret: SecretRef,
    ) {
        let awaited = self.awaited(question, purpose);
        match (awaited, kind, vendor) {
            (Some(awaited), None, None) => self.check(awaited, secret),
            (Some(awaited), Some(kind), _) if awaited == kind => self.check(kind, secret),
            (None, Some(kind), _)
                if is_about_account(question) && kind == self.cloud_token(purpose) =>
            {
                self.check(kind, secret);
            }
            (_, Some(kind), _) if self.is_needed(kind, purpose) => {
                self.say(Message::EarlySecret { kind });
                self.check(kind, secret);
            }
            (Some(_), _, Some(vendor)) => {
                self.effect(Effect::ForgetCredential(secret));
                self.reject(CredentialRejection::OtherVendor { vendor });
            }
            _ => {
                self.effect(Effect::ForgetCredential(secret));
                self.say_and_repeat(Message::UnexpectedSecret);
            }
        }
    }

    fn is_needed(&self, kind: SecretKind, purpose: &Purpose) -> bool {
        let question = question_of(kind);
        self.is_answered(Question::Invitation, purpose)
            && self.awaited(question, purpose) == Some(kind)
            && self.questions(purpose).contains(&question)
            && !self.is_answered(question, purpose)
    }

    /// Removes the message from the chat where that is possible, and says where it is not. What
    /// comes of it is said by [`super::receipt_of`].
    pub(super) fn erase_pasted(&mut self) {
        let can = self.context.capabilities;
        if can.deletes_theirs || can.scrubs_theirs {
            self.effect(Effect::DeleteMessage);
        } else {
            self.say(Message::PastedStays);
        }
    }

    /// The credential that answers a question.
    pub(super) fn awaited(&self, question: Question, purpose: &Purpose) -> Option<SecretKind> {
        match question {
            Question::Token => Some(self.cloud_token(purpose)),
            Question::Model => Some(SecretKind::ModelKey),
            Question::ChannelKey => self.channel_for(purpose).and_then(RelayChannel::key),
            _ => None,
        }
    }

    /// The credential of the cloud in which this purpose acts.
    pub(super) fn cloud_token(&self, purpose: &Purpose) -> SecretKind {
        self.cloud(purpose).token()
    }

    pub(super) fn check(&mut self, kind: SecretKind, secret: SecretRef) {
        let of_cloud = CloudKind::of_token(kind).is_some();
        let organisation = self.required_organisation().filter(|_| of_cloud);
        if let Phase::Asking { checking, .. } = &mut self.state.phase {
            *checking = Some(PendingCheck { kind, secret });
        }
        self.say(Message::Checking { kind });
        self.effect(Effect::Check { kind, secret, organisation });
    }

    /// Looks once more at the account that this token opens.
    pub(super) fn check_again(&mut self, token: SecretRef) {
        let Phase::Asking { purpose, .. } = &self.state.phase else { return };
        self.check(self.cloud_token(purpose), token);
    }

    /// The organisation that a token must open: that of the deployment it is asked for.
    fn required_organisation(&self) -> Option<String> {
        let Phase::Asking { purpose, .. } = &self.state.phase else { return None };
        match purpose {
            Purpose::Resume { run } => self.run(run).map(|run| run.spec.organisation.clone()),
            Purpose::Teardown { target } => {
                self.run(target.id()).map(|run| run.spec.organisation.clone())
            }
            Purpose::Deploy | Purpose::Find => None,
        }
    }

    /// The verdict on a credential.
    pub(super) fn checked(
        &mut self,
        secret: SecretRef,
        result: Result<CheckedCredential, CredentialRejection>,
    ) {
        let Phase::Asking { question, purpose, checking: Some(checking) } =
            self.state.phase.clone()
        else {
            return self.effect(Effect::ForgetCredential(secret));
        };
        if checking.secret != secret {
            return self.effect(Effect::ForgetCredential(secret));
        }
        self.state.phase = Phase::Asking { question, purpose: purpose.clone(), checking: None };
        match result {
            Err(rejection) => self.refused(checking, rejection, purpose),
            Ok(CheckedCredential::Account(account)) => {
                self.take_token(CheckedToken { secret, account });
                self.ask_next_or_act(purpose);
            }
            Ok(CheckedCredential::Chat(account)) => self.take_chat(checking, account, purpose),
            Ok(CheckedCredential::Model) => {
                self.replace_model(ModelChoice::Claude { key: secret });
                self.say(Message::KeyAccepted);
                self.ask_next_or_act(purpose);
            }
        }
    }

    pub(super) fn refused(
        &mut self,
        checking: PendingCheck,
        rejection: CredentialRejection,
        purpose: Purpose,
    ) {
        let in_use = self.token() == Some(checking.secret);
        let unanswered = rejection == CredentialRejection::VendorUnreachable;
        self.say(Message::Rejected { asked: Some(question_of(checking.kind)), rejection });
        if in_use && unanswered {
            return self.repeat();
        }
        self.effect(Effect::ForgetCredential(checking.secret));
        if in_use {
            self.state.answers.token = None;
            self.ask_next_or_act(purpose);
        } else {
            self.repeat();
        }
    }

    fn take_token(&mut self, token: CheckedToken) {
        let names = token.account.organisations.iter().map(|it| it.name.clone()).collect();
        let old = self.state.answers.token.replace(token);
        match old.map(|old| old.secret) {
            Some(old) if Some(old) != self.token() => self.effect(Effect::ForgetCredential(old)),
            _ => {}
        }
        self.say(Message::TokenAccepted { organisations: names });
        self.drop_answers_of_another_account();
        if self.is_trial() {
            self.say(Message::Trial);
        }
    }

    pub(super) fn replace_model(&mut self, model: ModelChoice) {
        let old = self.state.answers.model.replace(model);
        if let Some(ModelChoice::Claude { key }) = old
            && Some(ModelChoice::Claude { key }) != self.state.answers.model
        {
            self.effect(Effect::ForgetCredential(key));
        }
    }

    pub(super) fn token(&self) -> Option<SecretRef> {
        self.state.answers.token.as_ref().map(|token| token.secret)
    }

    /// The first answer whose credential is gone.
    pub(super) fn lost_secret(&self) -> Option<SecretKind> {
        let token = self.state.answers.token.as_ref();
        let token = token.map(|token| (self.cloud_token(&Purpose::Deploy), token.secret));
        let key = self.model_key().map(|secret| (SecretKind::ModelKey, secret));
        let chat = self.state.answers.chat.as_ref();
        let chat = chat.and_then(|chat| Some((chat.channel.key()?, chat.key)));
        let mut answers = token.into_iter().chain(key).chain(chat);
        answers.find(|(_, secret)| !self.is_held(*secret)).map(|(kind, _)| kind)
    }

    pub(super) fn model_key(&self) -> Option<SecretRef> {
        match self.state.answers.model {
            Some(ModelChoice::Claude { key }) => Some(key),
            Some(ModelChoice::Shell) | None => None,
        }
    }

    /// Every credential that this conversation has in memory.
    pub(super) fn held_secrets(&self) -> Vec<SecretRef> {
        let checking = match &self.state.phase {
            Phase::Asking { checking, .. } => checking.map(|checking| checking.secret),
            Phase::Finding { token } => Some(*token),
            _ => None,
        };
        let mut all: Vec<SecretRef> = [self.token(), self.model_key(), self.chat_key(), checking]
            .into_iter()
            .flatten()
            .filter(|secret| self.is_held(*secret))
            .collect();
        all.dedup();
        all
    }

    /// Forgets every credential; what is not secret stays answered.
    pub(super) fn forget_secrets(&mut self) {
        for secret in self.held_secrets() {
            self.effect(Effect::ForgetCredential(secret));
        }
        if self.model_key().is_some() {
            self.state.answers.model = None;
        }
        self.state.answers.token = None;
        self.state.answers.chat = None;
        if let Phase::Asking { checking, .. } = &mut self.state.phase {
            *checking = None;
        }
    }
}

/// The question that a credential of this kind answers.
pub fn question_of(kind: SecretKind) -> Question {
    match kind {
        SecretKind::ModelKey => Question::Model,
        kind if RelayChannel::of_key(kind).is_some() => Question::ChannelKey,
        _ => Question::Token,
    }
}

/// Another token may be the way out.
fn is_about_account(question: Question) -> bool {
    matches!(question, Question::Organisation | Question::Billing)
}
