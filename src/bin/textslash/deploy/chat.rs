//! The bot or number that a relay is to speak through.

use std::sync::Arc;

use textslash::account::{ChatAccount, ChatAddress};
use textslash::config::Environment;
use textslash::conversation::Question;
use textslash::credential_format::CredentialRejection;
use textslash::phrase;
use textslash::secret::Secret;

use super::DeployArguments;
use crate::connections::Connections;
use crate::exit::ExitReason;
use crate::{credentials, report};

/// An address, and the key that opens it.
pub struct ChatTarget {
    pub key: Arc<Secret>,
    pub address: ChatAddress,
}

/// The address that was meant, if the channel has any; else how the role ends, which was said.
pub async fn chosen(
    arguments: &DeployArguments,
    environment: &Environment<'_>,
    connections: &Connections,
) -> anyhow::Result<Result<Option<ChatTarget>, ExitReason>> {
    let Some(kind) = arguments.channel.key() else { return Ok(Ok(None)) };
    let opened = credentials::channel_key(environment, connections, kind).await?;
    let Some((key, account)) = opened else { return Ok(Err(ExitReason::CredentialRefused)) };
    let address = match address(&account, arguments.address.as_deref()) {
        Ok(address) => address.clone(),
        Err(AddressMismatch::Other { expected }) => {
            credentials::refuse(
                Question::ChannelKey,
                CredentialRejection::OtherAddress { expected },
            );
            return Ok(Err(ExitReason::CredentialRefused));
        }
        Err(AddressMismatch::Several) => {
            let names: Vec<_> = account.addresses.iter().map(|it| it.name.as_str()).collect();
            let names = names.join(", ");
            report::say(&phrase!(report::locale(), "cli-several-addresses", names = names));
            return Ok(Err(ExitReason::WrongUsage));
        }
    };
    if let Some(host) = address.serves.as_ref().filter(|_| !arguments.take_over) {
        report::say(&phrase!(
            report::locale(),
            "cli-address-taken",
            address = address.name,
            host = host,
        ));
        return Ok(Err(ExitReason::Failed));
    }
    Ok(Ok(Some(ChatTarget { key, address })))
}

enum AddressMismatch {
    /// The key opens others than this one.
    Other { expected: String },
    /// It opens several, and none was named.
    Several,
}

fn address<'a>(
    account: &'a ChatAccount,
    wanted: Option<&str>,
) -> Result<&'a ChatAddress, AddressMismatch> {
    match (wanted, account.addresses.as_slice()) {
        (Some(wanted), all) => all
            .iter()
            .find(|known| is_called(known, wanted))
            .ok_or_else(|| AddressMismatch::Other { expected: wanted.to_owned() }),
        (None, [only]) => Ok(only),
        (None, _) => Err(AddressMismatch::Several),
    }
}

/// Whether a person means this one: by all of its name, or by what stands before a Discord
/// application's id, with or without `@`.
fn is_called(address: &ChatAddress, wanted: &str) -> bool {
    let bare = |text: &str| text.trim().trim_start_matches('@').to_ascii_lowercase();
    let name = bare(&address.name);
    let first = name.split(' ').next().unwrap_or_default();
    let wanted = bare(wanted);
    name == wanted || first == wanted
}
