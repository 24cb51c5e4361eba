//! The relay's channel: its key, and where the relay is found.

use crate::spec::RelayChannel;

use super::super::super::credential_entry::CredentialEntry;
use super::credentials::how_to_send;

const TELEGRAM: &str =
    "Dein Relay spricht über einen eigenen Telegram-Bot, und ich brauche dessen \
Token.

1. Öffne oben den BotFather und schick ihm /newbot.
2. Schick einen Namen, dann einen Benutzernamen, der auf bot endet.
3. Der BotFather antwortet mit einem Token. Kopiere ihn ganz.";

const DISCORD: &str = "Dein Relay spricht über einen eigenen Discord-Bot, und ich brauche dessen \
                       Token.

1. Öffne die Seite oben, tippe auf New Application und gib ihr einen Namen.
2. Öffne Installation, kopiere den Install Link, öffne ihn und füge den Bot deinem Konto \
hinzu, damit du ihm schreiben kannst.
3. Öffne Bot, tippe auf Reset Token und kopiere den ganzen Token.";

const WHATSAPP: &str = "Dein Relay spricht über eine WhatsApp-Nummer deines eigenen \
                        Twilio-Kontos, und \
ich brauche den Schlüssel dieses Kontos.

1. Öffne die erste Seite oben und melde dich an oder registriere dich.
2. Kopiere die Account SID (sie beginnt mit AC) und den Auth Token; beide stehen unter Account Info.
3. Du brauchst einen WhatsApp-Absender. Um es ohne zu versuchen, öffne die zweite Seite oben und \
schick die Wörter, die dort stehen, etwa join zwei-wörter, in WhatsApp an +1 415 523 8886. Sie \
gelten \
drei Tage.

Ich brauche beides, die Account SID zuerst.";

const WEB: &str = "Der Web-Link braucht keinen Schlüssel. /deploy geht weiter.";

pub(super) const POINT_BY_HAND: &str =
    "Nur du kannst die Nummer der Sandbox auf dein Relay richten:

1. Öffne die Seite oben und wähle Sandbox settings.
2. Ersetze, was unter \"When a message comes in\" steht, durch die Adresse in meiner nächsten \
Nachricht, und wähle POST.
3. Tippe auf Save.";

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
            "Dein Relay spricht über {}. Welchen Schlüssel darf es benutzen? In dieser Sandbox \
             kannst du einen fertigen nehmen.",
            place(channel)
        )
    } else {
        steps.to_owned()
    };
    text.push_str("\n\n");
    text.push_str(how_to_send(entry));
    if makes_bots {
        text.push_str(
            "\n\nOder tippe auf \"Für mich anlegen\": Telegram legt den Bot an, und du stimmst \
             nur zu. Der Bot gehört dir, aber wer textslash betreibt, kann Telegram jederzeit \
             nach seinem Token fragen. Mit dem BotFather kannst das nur du.",
        );
    }
    text
}

fn place(channel: RelayChannel) -> &'static str {
    match channel {
        RelayChannel::Web => "einen Web-Link",
        RelayChannel::Telegram => "einen eigenen Telegram-Bot",
        RelayChannel::Discord => "einen eigenen Discord-Bot",
        RelayChannel::WhatsApp => "eine eigene WhatsApp-Nummer",
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
            "den Token seines Bots. Im BotFather zeigt ihn /mybots: wähle den Bot, dann API Token"
        }
        RelayChannel::Discord => {
            "den Token seines Bots. Wenn du ihn nicht mehr hast, macht Reset Token auf der Seite \
             oben einen neuen"
        }
        RelayChannel::WhatsApp => {
            "die Account SID und den Auth Token seines Twilio-Kontos. Sie stehen auf der ersten \
             Seite oben"
        }
    };
    format!("Dein Relay antwortet unter {address}, und ich brauche {place}. {}", how_to_send(entry))
}

pub(super) fn ready(channel: RelayChannel, address: Option<&str>, by_hand: bool) -> String {
    let address = address.unwrap_or("dein Relay");
    let then = match by_hand {
        true => format!(
            "Ein Schritt fehlt noch, und nur du kannst ihn tun. Schreib danach an {address}."
        ),
        false => format!("Schreib an {address}."),
    };
    let add = match channel {
        RelayChannel::Discord => {
            " Wenn du ihn noch nicht hinzugefügt hast: das macht sein Install Link."
        }
        RelayChannel::Web | RelayChannel::Telegram | RelayChannel::WhatsApp => "",
    };
    format!(
        "Dein Relay ist fertig. Ich habe es und deine VM geprüft: beide antworten, und ein Aufruf \
         ohne Schlüssel wird abgewiesen.\n\n{then}{add}"
    )
}

pub(super) fn first_steps(channel: RelayChannel) -> String {
    let awake = match channel {
        RelayChannel::Discord => {
            "Die VM schläft, wenn du sie nicht brauchst, und wacht auf, wenn du schreibst; das \
             Relay bleibt wach, weil Discord niemanden weckt."
        }
        RelayChannel::Web | RelayChannel::Telegram | RelayChannel::WhatsApp => {
            "Beide Maschinen schlafen, wenn du sie nicht brauchst, und wachen auf, wenn du \
             schreibst."
        }
    };
    format!(
        "Schreib einfach, zum Beispiel: klone mein Repository und führe seine Tests aus\n\nEs \
         antwortet nur dir. {awake} Deinen Token und deine Schlüssel habe ich vergessen. \
         /teardown entfernt alles."
    )
}
