//! The relay's channel: its key, and where the relay is found.

use crate::spec::RelayChannel;

use super::super::super::credential_entry::CredentialEntry;
use super::credentials::how_to_send;

const TELEGRAM: &str = "Your relay speaks through a Telegram bot of your own, and I need its token.

1. Open BotFather on the page above and send /newbot.
2. Send a name for it, then a username that ends in bot.
3. BotFather answers with a token. Copy all of it.";

const DISCORD: &str = "Your relay speaks through a Discord bot of your own, and I need its token.

1. Open the page above, tap New Application and give it a name.
2. Open Installation, copy the Install Link, open it and add the bot to your account, so that \
you can write to it.
3. Open Bot, tap Reset Token and copy all of the token.";

const WHATSAPP: &str = "Your relay speaks through a WhatsApp number of your own Twilio account, \
                        and I \
need that account's key.

1. Open the first page above and sign in, or sign up.
2. Copy the Account SID (it starts with AC) and the Auth Token; both stand under Account Info.
3. You need a WhatsApp sender. To try it without one, open the second page above and send the join \
words that it shows, such as join two-words, to +1 415 523 8886 in WhatsApp. They hold for three \
days.

I need both, the Account SID first.";

const WEB: &str = "The web link needs no key. /deploy goes on.";

pub(super) const POINT_BY_HAND: &str =
    "Nobody but you can point the sandbox's number at your relay:

1. Open the page above and choose Sandbox settings.
2. Replace what stands under \"When a message comes in\" with the address in my next message, and \
choose POST.
3. Tap Save.";

pub(super) fn ask_key(
    channel: RelayChannel,
    offered: bool,
    makes_bots: bool,
    entry: CredentialEntry,
) -> String {
    let steps = match channel {
        RelayChannel::Web => return WEB.to_owned(),
        RelayChannel::Telegram => TELEGRAM,
        RelayChannel::Discord => DISCORD,
        RelayChannel::WhatsApp => WHATSAPP,
    };
    let mut text = if offered {
        format!(
            "Your relay speaks through {}. Whose key may it use? In this sandbox you can use a \
             ready-made one.",
            place(channel)
        )
    } else {
        steps.to_owned()
    };
    text.push_str("\n\n");
    text.push_str(how_to_send(entry));
    if makes_bots {
        text.push_str(
            "\n\nOr tap \"Make it for me\": Telegram makes the bot, and you only agree. The bot \
             is yours, but whoever runs textslash can ask Telegram for its token at any time. \
             With BotFather only you can.",
        );
    }
    text
}

fn place(channel: RelayChannel) -> &'static str {
    match channel {
        RelayChannel::Web => "a web link",
        RelayChannel::Telegram => "a Telegram bot of your own",
        RelayChannel::Discord => "a Discord bot of your own",
        RelayChannel::WhatsApp => "a WhatsApp number of your own",
    }
}

pub(super) fn ask_key_again(
    channel: RelayChannel,
    address: &str,
    entry: CredentialEntry,
) -> String {
    let place = match channel {
        RelayChannel::Web => return WEB.to_owned(),
        RelayChannel::Telegram => {
            "the token of its bot. In BotFather, /mybots shows it: choose the bot, then API Token"
        }
        RelayChannel::Discord => {
            "the token of its bot. If you do not have it any more, Reset Token on the page above \
             makes a new one"
        }
        RelayChannel::WhatsApp => {
            "the Account SID and the Auth Token of its Twilio account. They stand on the first \
             page above"
        }
    };
    format!("Your relay answers at {address}, and I need {place}. {}", how_to_send(entry))
}

pub(super) fn ready(channel: RelayChannel, address: Option<&str>, by_hand: bool) -> String {
    let address = address.unwrap_or("your relay");
    let then = match by_hand {
        true => format!("One step is left, and only you can take it. Then write to {address}."),
        false => format!("Write to {address}."),
    };
    let add = match channel {
        RelayChannel::Discord => " If you have not added it yet, its install link does that.",
        RelayChannel::Web | RelayChannel::Telegram | RelayChannel::WhatsApp => "",
    };
    format!(
        "Your relay is ready. I checked it and your VM: both answer, and a call without a key is \
         refused.\n\n{then}{add}"
    )
}

pub(super) fn first_steps(channel: RelayChannel) -> String {
    let awake = match channel {
        RelayChannel::Discord => {
            "The VM stops when you do not use it and wakes when you write; the relay stays up, \
             because Discord wakes nobody."
        }
        RelayChannel::Web | RelayChannel::Telegram | RelayChannel::WhatsApp => {
            "Both machines stop when you do not use them and wake when you write."
        }
    };
    format!(
        "Just write, for example: clone my repository and run its tests\n\nIt answers only you. \
         {awake} I have forgotten your token and keys. /teardown removes everything."
    )
}
