//! Credentials of a role without a conversation: from the environment, else asked for without echo.

use std::sync::Arc;

use textslash::account::{Account, ChatAccount, CheckedCredential};
use textslash::cloud::Provider;
use textslash::config::Environment;
use textslash::conversation::Question;
use textslash::conversation::messages::{self, Message};
use textslash::credential_format::CredentialRejection;
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

/// A token that the cloud accepts, and the account that it opens; `None` when it was refused and
/// the person was told.
pub async fn cloud_token(
    environment: &Environment<'_>,
    connections: &Connections,
    provider: &dyn Provider,
    person: &TerminalPrompt,
) -> anyhow::Result<Option<(Arc<Secret>, Account)>> {
    let question = phrase!(locale(), "cli-ask-cloud-token", cloud = provider.kind().word());
    let pasted = entered(environment, person, provider.token_setting(), &question).await?;
    let kind = provider.kind().token();
    accepted(Question::Token, checked(connections, kind, &pasted).await).map(
        |opened| match opened {
            Some((token, CheckedCredential::Account(account))) => Some((token, account)),
            _ => None,
        },
    )
}

/// A model key that its vendor accepts; `None` when it was refused and this was said.
pub async fn model_key(
    environment: &Environment<'_>,
    connections: &Connections,
    person: &TerminalPrompt,
) -> anyhow::Result<Option<Arc<Secret>>> {
    let question = phrase!(locale(), "cli-ask-model-key");
    let model = &connections.vendors.model;
    let pasted = entered(environment, person, model.key_setting(), &question).await?;
    let opened =
        accepted(Question::Model, checked(connections, SecretKind::ModelKey, &pasted).await)?;
    Ok(opened.map(|(key, _)| key))
}

/// A key that opens bots or numbers of a chat service, and these; `None` when it was refused and
/// this was said.
pub async fn channel_key(
    environment: &Environment<'_>,
    connections: &Connections,
    kind: SecretKind,
) -> anyhow::Result<Option<(Arc<Secret>, ChatAccount)>> {
    let pasted = Zeroizing::new(environment.require("CHANNEL_KEY")?);
    let opened = accepted(Question::ChannelKey, checked(connections, kind, &pasted).await)?;
    Ok(opened.and_then(|opened| match opened {
        (key, CheckedCredential::Chat(account)) => Some((key, account)),
        _ => None,
    }))
}

/// A credential that was judged and that its vendor accepts, and the thing that it opens.
async fn checked(
    connections: &Connections,
    kind: SecretKind,
    pasted: &str,
) -> Result<(Arc<Secret>, CheckedCredential), CredentialRejection> {
    let deployments = connections.deployments();
    let judged = deployments.check_format(kind, pasted)?;
    let opened = deployments.check(&judged).await?;
    Ok((judged, opened))
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
    question: &str,
) -> anyhow::Result<Zeroizing<String>> {
    if let Some(value) = environment.get(name) {
        return Ok(Zeroizing::new(value));
    }
    anyhow::ensure!(person.is_interactive(), phrase!(locale(), "cli-no-terminal", setting = name));
    Ok(person.enters(question).await)
}
