//! Credentials of a role without a conversation: from the environment, else asked for without echo.

use std::sync::Arc;

use textslash::account::{Account, ChatAccount};
use textslash::anthropic;
use textslash::config::Environment;
use textslash::conversation::Question;
use textslash::conversation::messages::{self, Message};
use textslash::credential_format::CredentialRejection;
use textslash::messages::LocalizedText;
use textslash::phrase;
use textslash::secret::{Secret, SecretKind};
use textslash::spec::Spec;
use zeroize::Zeroizing;

use crate::connections::Connections;
use crate::person::TerminalPrompt;
use crate::report::{locale, say};

/// What `--help` says about credentials.
pub const HELP: &str = "\
FLY_API_TOKEN and, for the claude agent, ANTHROPIC_API_KEY are read from the environment, or
asked for without echo. CHANNEL_KEY, for every channel but web, is read from the environment only:
a bot's token, or an Account SID and its Auth Token with a space between. None of them is stored.
TEXTSLASH_DATA is where the record is kept.";

/// A token that Fly accepts, and what it opens; `None` when it was refused and this was said.
pub async fn fly_token(
    environment: &Environment<'_>,
    connections: &Connections,
    person: &TerminalPrompt,
) -> anyhow::Result<Option<(Arc<Secret>, Account)>> {
    let pasted =
        entered(environment, person, "FLY_API_TOKEN", LocalizedText::new("cli-ask-fly-token"))
            .await?;
    let opened = match connections.fly.check_format(&pasted) {
        Ok(token) => connections.fly.check(&token).await.map(|account| (token, account)),
        Err(rejection) => Err(rejection),
    };
    accepted(Question::Token, opened)
}

/// A model key that Anthropic accepts; `None` when it was refused and this was said.
pub async fn model_key(
    environment: &Environment<'_>,
    connections: &Connections,
    person: &TerminalPrompt,
) -> anyhow::Result<Option<Arc<Secret>>> {
    let pasted =
        entered(environment, person, "ANTHROPIC_API_KEY", LocalizedText::new("cli-ask-model-key"))
            .await?;
    let audience = connections.fly.endpoints().model_key_audience(&connections.anthropic);
    let checked = match anthropic::check_format(&pasted, audience) {
        Ok(key) => {
            let transport = connections.transport.as_ref();
            anthropic::check(transport, &connections.anthropic, &key).await.map(|()| key)
        }
        Err(rejection) => Err(rejection),
    };
    accepted(Question::Model, checked)
}

/// A key that opens bots or numbers of a chat service, and these; `None` when it was refused and
/// this was said.
pub async fn channel_key(
    environment: &Environment<'_>,
    connections: &Connections,
    kind: SecretKind,
) -> anyhow::Result<Option<(Arc<Secret>, ChatAccount)>> {
    let pasted = Zeroizing::new(environment.require("CHANNEL_KEY")?);
    let opened = match connections.messaging.check_format(kind, &pasted) {
        Ok(key) => connections.messaging.check(kind, &key).await.map(|account| (key, account)),
        Err(rejection) => Err(rejection),
    };
    accepted(Question::ChannelKey, opened)
}

/// Says why a credential is not taken.
pub fn refuse(asked: Question, rejection: CredentialRejection) {
    say(&refusal(asked, rejection));
}

/// Says why it was refused, if it was. That the vendor could not be asked says nothing of the
/// credential.
fn accepted<T>(
    asked: Question,
    checked: Result<T, CredentialRejection>,
) -> anyhow::Result<Option<T>> {
    let rejection = match checked {
        Ok(accepted) => return Ok(Some(accepted)),
        Err(rejection) => rejection,
    };
    let is_out_of_reach = rejection == CredentialRejection::VendorUnreachable;
    let sentence = refusal(asked, rejection);
    anyhow::ensure!(!is_out_of_reach, sentence);
    say(&sentence);
    Ok(None)
}

/// Whether the token opens the organisation of every one of these; if not, this is said.
pub fn opens_all(account: &Account, specs: &[Spec]) -> bool {
    let foreign = specs.iter().find(|spec| !account.has_organisation(&spec.organisation));
    if let Some(spec) = foreign {
        let expected = spec.organisation.clone();
        refuse(Question::Token, CredentialRejection::OtherOrganisation { expected });
    }
    foreign.is_none()
}

fn refusal(asked: Question, rejection: CredentialRejection) -> String {
    messages::text(locale(), &Message::Rejected { asked: Some(asked), rejection })
}

async fn entered(
    environment: &Environment<'_>,
    person: &TerminalPrompt,
    name: &str,
    question: LocalizedText,
) -> anyhow::Result<Zeroizing<String>> {
    if let Some(value) = environment.get(name) {
        return Ok(Zeroizing::new(value));
    }
    anyhow::ensure!(person.is_interactive(), phrase!(locale(), "cli-no-terminal", setting = name));
    Ok(person.enters(&question.said(locale())).await)
}
