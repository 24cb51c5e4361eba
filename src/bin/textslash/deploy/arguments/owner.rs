//! The owner's id, read from `--owner`.

use textslash::phrase;
use textslash::spec::RelayChannel;

use crate::report;

/// The owner on this channel, as its messages name them; else what is wrong.
pub fn on(channel: RelayChannel, said: Option<&str>) -> Result<String, String> {
    let said = said.map(str::trim);
    if channel == RelayChannel::Web {
        return match said {
            None => Ok(RelayChannel::link_holder()),
            Some(_) => Err(phrase!(report::locale(), "cli-web-without-owner")),
        };
    }
    let id = match (channel, said.unwrap_or_default()) {
        (RelayChannel::WhatsApp, number) if number.starts_with('+') => format!("whatsapp:{number}"),
        (_, id) => id.to_owned(),
    };
    if channel.is_owner_id(&id) {
        return Ok(id);
    }
    Err(match channel {
        RelayChannel::Telegram => phrase!(report::locale(), "cli-owner-telegram"),
        RelayChannel::Discord => phrase!(report::locale(), "cli-owner-discord"),
        RelayChannel::WhatsApp | RelayChannel::Web => {
            phrase!(report::locale(), "cli-owner-whatsapp")
        }
    })
}
