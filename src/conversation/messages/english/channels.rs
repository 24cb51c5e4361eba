//! English: the chat services that a relay can speak.

use adapters::channel::SecretEntry;

use crate::spec::RelayChannel;

use super::labels::channel_name;

pub(super) fn ask_key(channel: RelayChannel, entry: SecretEntry) -> String {
    let steps = match channel {
        RelayChannel::Telegram => TELEGRAM,
        RelayChannel::Discord => DISCORD,
        RelayChannel::WhatsApp => TWILIO,
        RelayChannel::Web => "",
    };
    format!("{steps}\n\n{}", how(entry))
}

/// How a credential gets to us here.
pub(super) fn how(entry: SecretEntry) -> &'static str {
    match entry {
        SecretEntry::Hidden => "Enter it in the field that keeps nothing.",
        SecretEntry::PastedThenDeleted => {
            "Paste it here; I delete your message at once. Or use the button below."
        }
        SecretEntry::Form => {
            "Please do not paste it here: enter it in the form that I send you next. It opens once."
        }
    }
}

const TELEGRAM: &str = "Your relay needs a Telegram bot of its own.

1. Open @BotFather above and send /newbot.
2. Give it any name, and a username that ends in bot.
3. Copy the token that BotFather sends you.";

const DISCORD: &str = "Your relay needs a Discord bot of its own.

1. Open the page above and tap New Application.
2. Under Installation, keep User Install on and open the install link, so that you can write to it.
3. Under Bot, tap Reset Token and copy the token.";

const TWILIO: &str = "Your relay answers on a WhatsApp number of your Twilio account.

1. Open the page above and sign in.
2. Copy the Account SID and the Auth Token from the account's page.
3. Have a WhatsApp sender there, or use Twilio's sandbox number.";

pub(super) fn ready(channel: RelayChannel, address: &str) -> String {
    format!(
        "Your relay is ready. I checked it and your VM: both answer, and a call without a key is \
         refused.\n\nIt obeys you alone. You find it on {} as {address}:",
        channel_name(channel)
    )
}

pub(super) fn page(channel: RelayChannel, address: &str) -> String {
    match channel {
        RelayChannel::Telegram => format!("https://t.me/{}", address.trim_start_matches('@')),
        RelayChannel::WhatsApp => format!("https://wa.me/{}", address.trim_start_matches('+')),
        RelayChannel::Discord | RelayChannel::Web => "https://discord.com/channels/@me".to_owned(),
    }
}
