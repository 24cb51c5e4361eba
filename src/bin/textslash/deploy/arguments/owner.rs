//! The owner's id, read from `--owner`.

use textslash::spec::RelayChannel;

/// The owner on this channel, as its messages name them; else what is wrong.
pub fn on(channel: RelayChannel, said: Option<&str>) -> Result<String, String> {
    let said = said.map(str::trim);
    if channel == RelayChannel::Web {
        return match said {
            None => Ok(RelayChannel::link_holder()),
            Some(_) => Err("on the web channel whoever has the link is the owner; pass --channel \
                            too"
            .into()),
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
        RelayChannel::Telegram => {
            "an owner on Telegram is a number, which @userinfobot tells you; a @name can change \
             hands"
        }
        RelayChannel::Discord => {
            "an owner on Discord is a number of 17 or more digits: Developer Mode on, then Copy \
             User ID; a name can change hands"
        }
        RelayChannel::WhatsApp | RelayChannel::Web => {
            "an owner on WhatsApp is a number with its country code, such as +4915112345678"
        }
    }
    .into())
}
