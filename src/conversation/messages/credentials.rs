//! How a credential is asked for, and what becomes of it.

use adapters::channel::SecretEntry;
use adapters::chat::{SecretField, SecretForm};

use crate::phrase;
use crate::secret::SecretKind;
use crate::spec::RelayChannel;

use super::super::credential_entry::CredentialEntry;
use super::Locale;

/// How the person gives a credential on this channel.
pub(super) fn how_to_send(locale: Locale, entry: CredentialEntry) -> String {
    let way = match (entry.way, entry.deletes_theirs, entry.opens_pages) {
        (SecretEntry::Hidden, ..) => "hidden",
        (SecretEntry::PastedThenDeleted, true, true) => "page",
        (SecretEntry::PastedThenDeleted, true, false) => "paste",
        (SecretEntry::PastedThenDeleted, false, _) => "kept-paste",
        (SecretEntry::Form, ..) => "form",
    };
    phrase!(locale, "credential-entry", way = way)
}

pub(super) fn ask_token(
    locale: Locale,
    offered: bool,
    deploying: bool,
    entry: CredentialEntry,
) -> String {
    let how = how_to_send(locale, entry);
    match (deploying, offered) {
        (true, true) => phrase!(locale, "ask-token-sandbox", how = how),
        (true, false) => phrase!(locale, "ask-token", how = how),
        (false, true) => phrase!(locale, "ask-token-again-sandbox", how = how),
        (false, false) => phrase!(locale, "ask-token-again", how = how),
    }
}

pub(super) fn ask_channel_key(
    locale: Locale,
    channel: RelayChannel,
    offered: bool,
    makes_bots: bool,
    entry: CredentialEntry,
) -> String {
    if channel == RelayChannel::Web {
        return phrase!(locale, "channel-without-key");
    }
    let how = how_to_send(locale, entry);
    let mut text = match offered {
        true => phrase!(locale, "ask-channel-key-sandbox", channel = channel.word(), how = how),
        false => phrase!(locale, "ask-channel-key", channel = channel.word(), how = how),
    };
    if makes_bots {
        let button = phrase!(locale, "button-make-bot");
        text.push_str("\n\n");
        text.push_str(&phrase!(locale, "ask-channel-key-make-bot", button = button));
    }
    text
}

pub(super) fn ask_channel_key_again(
    locale: Locale,
    channel: RelayChannel,
    address: &str,
    entry: CredentialEntry,
) -> String {
    if channel == RelayChannel::Web {
        return phrase!(locale, "channel-without-key");
    }
    phrase!(
        locale,
        "ask-channel-key-again",
        address = address,
        channel = channel.word(),
        how = how_to_send(locale, entry),
    )
}

pub(super) fn early(locale: Locale, kind: SecretKind) -> String {
    let secret = phrase!(locale, "a-secret", kind = kind.word());
    phrase!(locale, "early-secret", secret = secret)
}

pub(super) fn lost(locale: Locale, kind: SecretKind) -> String {
    phrase!(locale, "secret-lost", secret = your_secret(locale, kind))
}

pub(super) fn checking(locale: Locale, kind: SecretKind) -> String {
    phrase!(locale, "checking", secret = your_secret(locale, kind))
}

fn your_secret(locale: Locale, kind: SecretKind) -> String {
    phrase!(locale, "your-secret", kind = kind.word())
}

/// The fields in which a credential of this kind is entered.
pub fn secret_form(locale: Locale, kind: SecretKind) -> SecretForm {
    let parts: &[&str] = match kind {
        SecretKind::TwilioKey => &["account-sid", "auth-token"],
        SecretKind::ModelKey
        | SecretKind::OwnerKey
        | SecretKind::LinkKey
        | SecretKind::ModelProxyToken => &["key"],
        _ => &["token"],
    };
    let field = |part: &&str| SecretField {
        id: (*part).to_owned(),
        label: phrase!(locale, "form-field", kind = kind.word(), part = part),
        example: phrase!(locale, "form-example", kind = kind.word(), part = part),
    };
    SecretForm {
        button: phrase!(locale, "form-button", kind = kind.word()),
        title: phrase!(locale, "form-title", kind = kind.word()),
        fields: parts.iter().map(field).collect(),
    }
}

pub(super) fn privacy(locale: Locale, entry: CredentialEntry) -> String {
    let way = match (entry.way, entry.deletes_theirs, entry.scrubs_theirs) {
        (SecretEntry::Hidden, ..) => "hidden",
        (SecretEntry::Form, _, true) => "scrubbed-form",
        (SecretEntry::Form, _, false) => "form",
        (SecretEntry::PastedThenDeleted, true, _) => "paste",
        (SecretEntry::PastedThenDeleted, false, _) => "kept-paste",
    };
    phrase!(locale, "privacy", way = way, page = entry.opens_pages)
}
