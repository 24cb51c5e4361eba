//! How a credential is asked for, and what becomes of it.

use adapters::channel::SecretEntry;
use adapters::chat::{SecretField, SecretForm};

use crate::secret::SecretKind;

use super::super::super::credential_entry::CredentialEntry;

/// How it gets in.
pub(super) fn how_to_send(entry: CredentialEntry) -> &'static str {
    match (entry.way, entry.deletes_theirs, entry.opens_pages) {
        (SecretEntry::Hidden, ..) => {
            "Gib ihn in das verdeckte Feld ein, das sich hier öffnet; im Chat bleibt nichts davon."
        }
        (SecretEntry::PastedThenDeleted, true, true) => {
            "Füge ihn hier ein, dann lösche ich die Nachricht sofort; oder tippe auf den Knopf \
             und gib ihn dort ein."
        }
        (SecretEntry::PastedThenDeleted, true, false) => {
            "Füge ihn hier ein; ich lösche die Nachricht sofort."
        }
        (SecretEntry::PastedThenDeleted, false, _) => {
            "Füge ihn hier ein und lösche die Nachricht danach: ich kann es nicht."
        }
        (SecretEntry::Form, ..) => {
            "Bitte schreib ihn nicht in diesen Chat: ich schicke dir ein Formular, das sich \
             einmal öffnet. Gib ihn dort ein."
        }
    }
}

pub(super) fn ask_token(offered: bool, deploying: bool, entry: CredentialEntry) -> String {
    let how = how_to_send(entry);
    match (deploying, offered) {
        (true, true) => format!(
            "Alles läuft in deinem eigenen Konto bei Fly.io. Welchen Token darf ich benutzen? In \
             dieser Sandbox kannst du einen fertigen nehmen. {how}"
        ),
        (true, false) => format!(
            "Alles läuft in deinem eigenen Konto bei Fly.io, und dafür brauche ich einen Token.\n\
             \n\
             1. Öffne die Seite oben (am Handy geht es auch) und melde dich an oder registriere \
             dich.\n\
             2. Lege einen Organization Token an, der einen Tag gilt.\n\
             3. Kopiere ihn ganz.\n\
             \n\
             {how}\n\
             \n\
             Ich benutze ihn nur hierfür, schränke ihn sofort ein und speichere ihn nie."
        ),
        (false, true) => format!(
            "Dafür brauche ich einen Fly.io-Token dieses Kontos; ich behalte sie nicht. In dieser \
             Sandbox kannst du den fertigen nehmen. {how}"
        ),
        (false, false) => format!(
            "Dafür brauche ich einen Fly.io-Token dieses Kontos; ich behalte sie nicht. {how}"
        ),
    }
}

pub(super) fn ask_model(offered: bool, shell: bool, entry: CredentialEntry) -> String {
    let mut text = "Der Agent ist Claude Code. Welchen API-Schlüssel von Anthropic darf er \
                    benutzen? Der Schlüssel geht direkt an dein Relay; die VM sieht ihn nie, und \
                    ich speichere ihn nicht."
        .to_owned();
    if offered {
        text.push_str(" In dieser Sandbox kannst du einen fertigen nehmen.");
    } else {
        text.push_str(" Auf der Seite oben kannst du einen anlegen.");
    }
    if shell {
        text.push_str(
            " Ohne Schlüssel führt der Shell-Agent einfach die Zeilen aus, die du schickst.",
        );
    }
    format!("{text}\n\n{}", how_to_send(entry))
}

pub(super) fn a_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "ein Fly.io-Token",
        SecretKind::ModelKey => "ein Anthropic-Schlüssel",
        SecretKind::TelegramToken => "ein Telegram-Bot-Token",
        SecretKind::DiscordToken => "ein Discord-Bot-Token",
        SecretKind::TwilioKey => "ein Twilio-Schlüssel",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => "ein Schlüssel",
    }
}

pub(super) fn your_secret(kind: SecretKind) -> &'static str {
    match kind {
        SecretKind::FlyToken => "deinen Fly.io-Token",
        SecretKind::ModelKey => "deinen Anthropic-Schlüssel",
        SecretKind::TelegramToken => "deinen Telegram-Bot-Token",
        SecretKind::DiscordToken => "deinen Discord-Bot-Token",
        SecretKind::TwilioKey => "deinen Twilio-Schlüssel",
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => {
            "deinen Schlüssel"
        }
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
            "Token eingeben",
            "Fly.io-Token",
            vec![field("token", "Organization Token", "FlyV1 fm2_... (mehrere hundert Zeichen)")],
        ),
        SecretKind::ModelKey => (
            "Schlüssel eingeben",
            "Anthropic-Schlüssel",
            vec![field("key", "API-Schlüssel", "sk-ant-...")],
        ),
        SecretKind::TelegramToken => (
            "Token eingeben",
            "Telegram-Bot-Token",
            vec![field("token", "Token vom BotFather", "123456789:AA...")],
        ),
        SecretKind::DiscordToken => (
            "Token eingeben",
            "Discord-Bot-Token",
            vec![field("token", "Token des Bots", "drei Teile mit Punkten dazwischen")],
        ),
        SecretKind::TwilioKey => (
            "Schlüssel eingeben",
            "Twilio-Schlüssel",
            vec![
                field("account-sid", "Account SID", "AC und 32 Buchstaben und Ziffern"),
                field("auth-token", "Auth Token", "32 Buchstaben und Ziffern"),
            ],
        ),
        SecretKind::OwnerKey | SecretKind::LinkKey | SecretKind::ModelProxyToken => {
            ("Schlüssel eingeben", "Schlüssel", vec![field("key", "Schlüssel", "")])
        }
    };
    SecretForm { button: button.to_owned(), title: title.to_owned(), fields }
}

pub(super) fn privacy(entry: CredentialEntry) -> String {
    let channel = match (entry.way, entry.deletes_theirs, entry.scrubs_theirs) {
        (SecretEntry::Hidden, ..) => {
            "Hier gibst du sie in ein verdecktes Feld ein, das nichts behält."
        }
        (SecretEntry::Form, _, true) => {
            "Hier gibst du sie in ein Formular ein, das sich einmal öffnet. Was du stattdessen in \
             diesen Chat einfügst, bleibt auf deinem Handy: ich kann nur die Kopie des Dienstes \
             löschen."
        }
        (SecretEntry::Form, _, false) => {
            "Hier gibst du sie in ein Formular ein, das sich einmal öffnet. Was du stattdessen in \
             diesen Chat einfügst, bleibt in seinem Verlauf, und ich kann es nicht löschen."
        }
        (SecretEntry::PastedThenDeleted, true, _) => {
            "Hier fügst du sie ein, und ich lösche die Nachricht sofort. Der Dienst kann Kopien \
             behalten, an die ich nicht komme; widerrufe einen Token also, wenn du ihn nicht mehr \
             brauchst."
        }
        (SecretEntry::PastedThenDeleted, false, _) => {
            "Hier bleibt im Verlauf, was du einfügst, und ich kann es nicht löschen. Lösche es \
             selbst und widerrufe den Token, wenn du ihn nicht mehr brauchst."
        }
    };
    let page = match entry.opens_pages {
        true => " Auch die Seite, die der Knopf öffnet, behält nichts.",
        false => "",
    };
    format!(
        "Ich bewahre auf: deine Kennung in diesem Chat, von dem, was du eingerichtet hast, Namen, \
         Kennungen, Region, Größe und Schritte (bis dreißig Tage, nachdem es entfernt ist), und \
         die Antworten eines Gesprächs, das noch nicht zu Ende ist. /forget löscht das. Eine \
         Woche lang behalte ich einen Abdruck der Nummer jeder Nachricht, der zu niemandem führt. \
         Zugangsdaten speichere ich nie: sie stehen im Arbeitsspeicher, solange sie gebraucht \
         werden, ohne dich höchstens eine halbe Stunde, und werden nach dem Einrichten \
         vergessen.\n\
         \n\
         {channel}{page}\n\
         \n\
         Dein Modell-Schlüssel und der deines Bots oder deiner Nummer liegen in deinem eigenen \
         Cloud-Konto, bei den Geheimnissen des Relays. Deine Chats mit dem Agenten laufen über \
         dein Relay, nicht über mich."
    )
}
