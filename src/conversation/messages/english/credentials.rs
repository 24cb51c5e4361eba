//! How a credential is asked for, and what becomes of it.

use adapters::channel::SecretEntry;
use adapters::chat::{SecretField, SecretForm};

use crate::secret::SecretKind;

use super::super::super::credential_entry::CredentialEntry;

/// How it gets in.
pub(super) fn how_to_send(entry: CredentialEntry) -> &'static str {
    match (entry.way, entry.deletes_theirs, entry.opens_pages) {
        (SecretEntry::Hidden, ..) => {
            "Enter it in the hidden field that opens here; it does not stay in the chat."
        }
        (SecretEntry::PastedThenDeleted, true, true) => {
            "Paste it here, and I delete the message at once; or tap the button and enter it there."
        }
        (SecretEntry::PastedThenDeleted, true, false) => {
            "Paste it here; I delete the message at once."
        }
        (SecretEntry::PastedThenDeleted, false, _) => {
            "Paste it here, and delete the message afterwards: I cannot."
        }
        (SecretEntry::Form, ..) => {
            "Please do not write it into this chat: I send you a form that opens once. Enter it \
             there."
        }
    }
}

pub(super) fn ask_token(offered: bool, deploying: bool, entry: CredentialEntry) -> String {
    let how = how_to_send(entry);
    match (deploying, offered) {
        (true, true) => format!(
            "Your deployment lives in a Fly.io account of your own. Which token may I use? In \
             this sandbox you can use a ready-made one. {how}"
        ),
        (true, false) => format!(
            "Your deployment lives in a Fly.io account of your own, and I need a token for it.\n\
             \n\
             1. Open the page above (it works on a phone) and sign in, or sign up.\n\
             2. Create an organization token with an expiry of one day.\n\
             3. Copy all of it.\n\
             \n\
             {how}\n\
             \n\
             I use it for this deployment only, narrow it at once, and never store it."
        ),
        (false, true) => format!(
            "For this I need a Fly.io token of that account; I do not keep them. In this sandbox \
             you can use the ready-made one. {how}"
        ),
        (false, false) => {
            format!("For this I need a Fly.io token of that account; I do not keep them. {how}")
        }
    }
}

pub(super) fn ask_model(offered: bool, shell: bool, entry: CredentialEntry) -> String {
    let mut text = "The agent is Claude Code. Which Anthropic API key may it use? The key goes \
                    straight to your relay; the VM never sees it, and I do not store it."
        .to_owned();
    if offered {
        text.push_str(" In this sandbox you can use a ready-made one.");
    } else {
        text.push_str(" You can make one on the page above.");
    }
    if shell {
        text.push_str(" Without a key, the shell agent simply runs the lines you send.");
    }
    format!("{text}\n\n{}", how_to_send(entry))
}

pub(super) fn a_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "a Fly.io token",
        SecretKind::ModelKey => "an Anthropic key",
        SecretKind::TelegramToken => "a Telegram bot token",
        SecretKind::DiscordToken => "a Discord bot token",
        SecretKind::TwilioKey => "a Twilio key",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "a key",
    }
}

pub(super) fn your_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "your Fly.io token",
        SecretKind::ModelKey => "your Anthropic key",
        SecretKind::TelegramToken => "your Telegram bot token",
        SecretKind::DiscordToken => "your Discord bot token",
        SecretKind::TwilioKey => "your Twilio key",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "your key",
    }
}

pub(in super::super) fn secret_form(kind: SecretKind) -> SecretForm {
    let field = |id: &str, label: &str, example: &str| SecretField {
        id: id.to_owned(),
        label: label.to_owned(),
        example: example.to_owned(),
    };
    let (button, title, fields) = match kind {
        SecretKind::FlyToken => (
            "Enter token",
            "Fly.io token",
            vec![field(
                "token",
                "Organization token",
                "FlyV1 fm2_... (several hundred characters)",
            )],
        ),
        SecretKind::ModelKey => {
            ("Enter key", "Anthropic key", vec![field("key", "API key", "sk-ant-...")])
        }
        SecretKind::TelegramToken => (
            "Enter token",
            "Telegram bot token",
            vec![field("token", "Token from BotFather", "123456789:AA...")],
        ),
        SecretKind::DiscordToken => (
            "Enter token",
            "Discord bot token",
            vec![field("token", "Token of the bot", "three parts with dots between")],
        ),
        SecretKind::TwilioKey => (
            "Enter key",
            "Twilio key",
            vec![
                field("account-sid", "Account SID", "AC and 32 letters and digits"),
                field("auth-token", "Auth Token", "32 letters and digits"),
            ],
        ),
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => {
            ("Enter key", "Key", vec![field("key", "Key", "")])
        }
    };
    SecretForm { button: button.to_owned(), title: title.to_owned(), fields }
}

pub(super) fn privacy(entry: CredentialEntry) -> String {
    let channel = match (entry.way, entry.deletes_theirs, entry.scrubs_theirs) {
        (SecretEntry::Hidden, ..) => "Here you type them into a hidden field that keeps nothing.",
        (SecretEntry::Form, _, true) => {
            "Here you give them in a form that opens once. What is pasted into this chat instead \
             stays on your phone: I can only delete the service's copy."
        }
        (SecretEntry::Form, _, false) => {
            "Here you give them in a form that opens once. What is pasted into this chat instead \
             stays in its history, and I cannot delete it."
        }
        (SecretEntry::PastedThenDeleted, true, _) => {
            "Here you paste them, and I delete the message at once. The service may keep copies \
             that I cannot reach, so revoke a token when you no longer need it."
        }
        (SecretEntry::PastedThenDeleted, false, _) => {
            "Here what you paste stays in the history, and I cannot delete it. Delete it \
             yourself, and revoke the token when you no longer need it."
        }
    };
    let page = match entry.opens_pages {
        true => " The page that the button opens keeps nothing either.",
        false => "",
    };
    format!(
        "I keep: your id in this chat, the names, ids, region, size and steps of your deployments \
         (for thirty days after they are gone), and the answers of an unfinished conversation. \
         /forget erases that. For a week I keep a print of the number of each message, which \
         leads to nobody. I never store credentials: they are in memory while they are needed, \
         half an hour at most without you, and are forgotten after the deployment.\n\
         \n\
         {channel}{page}\n\
         \n\
         Your model key, and that of your bot or number, live in your own cloud account, in the \
         relay's secret store. Your chats with the agent go through your relay, not through me."
    )
}
