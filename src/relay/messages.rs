//! Every sentence of a relay, in every language.

use adapters::chat::MenuEntry;
use time::OffsetDateTime;

use crate::conversation::messages::Locale;
use crate::protocol::{TurnFailure, WithheldReason};

use super::relay_store::TokenCounts;
use super::turn::VmFailure;

/// A sentence in each language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LocalizedText {
    english: &'static str,
    german: &'static str,
}

impl LocalizedText {
    /// The sentence in this language.
    pub(super) fn said(self, locale: Locale) -> &'static str {
        match locale {
            Locale::English => self.english,
            Locale::German => self.german,
        }
    }
}

/// The commands of a relay, for the service's menu.
pub(super) fn menu() -> Vec<MenuEntry> {
    [
        (
            "status",
            "machine, session, what runs, tokens used",
            "Maschine, Sitzung, was läuft, Tokens",
        ),
        (
            "stop",
            "stop what runs and drop what waits",
            "anhalten, was läuft, verwerfen, was wartet",
        ),
        ("new", "begin a new session", "eine neue Sitzung anfangen"),
        ("help", "what you can do here", "was du hier tun kannst"),
    ]
    .map(|(word, english, german)| MenuEntry {
        word: word.to_owned(),
        meanings: [(Locale::English, english), (Locale::German, german)]
            .map(|(locale, meaning)| (locale.code().to_owned(), meaning.to_owned()))
            .into(),
    })
    .into()
}

pub(super) const STRANGER: LocalizedText = LocalizedText {
    english: "This is somebody's own assistant and answers its owner only. You can deploy one of \
              your own.",
    german: "Das ist jemandes eigener Assistent, und er antwortet nur ihm. Du kannst dir einen \
             eigenen einrichten.",
};

pub(super) const NEXT: LocalizedText =
    LocalizedText { english: "I'll get to that next.", german: "Das kommt als Nächstes." };

pub(super) const FULL: LocalizedText = LocalizedText {
    english: "Too many messages are waiting; this one was not taken. Send it again later, or \
              /stop.",
    german: "Es warten zu viele Nachrichten; diese wurde nicht angenommen. Schick sie später noch \
             einmal, oder /stop.",
};

pub(super) const TOO_LONG: LocalizedText = LocalizedText {
    english: "That message is too long and was not taken. Send it in smaller parts.",
    german: "Diese Nachricht ist zu lang und wurde nicht angenommen. Schick sie in kleineren \
             Teilen.",
};

pub(super) const SECRET: LocalizedText = LocalizedText {
    english: "Nothing here asks for a secret. It was not kept, and it was not passed on.",
    german: "Hier fragt nichts nach einem Geheimnis. Es wurde nicht behalten und nicht \
             weitergegeben.",
};

pub(super) const UNSUPPORTED: LocalizedText = LocalizedText {
    english: "I cannot read this kind of message, so I did not pass it on. I can take text and \
              files: photos, documents, voice messages, videos.",
    german: "Diese Art von Nachricht kann ich nicht lesen, deshalb habe ich sie nicht \
             weitergegeben. Ich nehme Text und Dateien: Fotos, Dokumente, Sprachnachrichten, \
             Videos.",
};

pub(super) const EDITED_TOO_LATE: LocalizedText = LocalizedText {
    english: "I took your message before you edited it, so the edit changes nothing. Send what \
              you want changed as a new message.",
    german: "Ich hatte deine Nachricht schon übernommen, bevor du sie bearbeitet hast; die \
             Bearbeitung ändert also nichts. Schick deine Änderung als neue Nachricht.",
};

pub(super) const NO_FILES: LocalizedText = LocalizedText {
    english: "Files cannot be sent here. Send what is in it as text.",
    german: "Hier lassen sich keine Dateien schicken. Schick den Inhalt als Text.",
};

pub(super) const FILE_NOT_FETCHED: LocalizedText = LocalizedText {
    english: "I could not get that file from the chat service. Send it again.",
    german: "Ich konnte diese Datei beim Chatdienst nicht holen. Schick sie noch einmal.",
};

pub(super) const NO_ROOM: LocalizedText = LocalizedText {
    english: "Your machine could not store that file; its disk may be full. Ask your agent to \
              make room, then send it again.",
    german: "Deine Maschine konnte diese Datei nicht speichern; vielleicht ist ihr Speicher voll. \
             Bitte deinen Agenten, Platz zu schaffen, und schick sie dann noch einmal.",
};

pub(super) fn file_is_there(locale: Locale, path: &str) -> String {
    match locale {
        Locale::English => format!("It is in {path}. Now write what to do with it."),
        Locale::German => {
            format!("Sie liegt unter {path}. Schreib jetzt, was damit geschehen soll.")
        }
    }
}

pub(super) fn file_too_large_in(locale: Locale, bytes_max: u64) -> String {
    let max = megabytes(bytes_max);
    match locale {
        Locale::English => {
            format!("That file is too large: {max} MB can be sent here. Send it in parts.")
        }
        Locale::German => {
            format!(
                "Diese Datei ist zu groß: {max} MB lassen sich hier schicken. Schick sie in Teilen."
            )
        }
    }
}

pub(super) fn file_too_large_out(locale: Locale, name: &str, bytes: u64, bytes_max: u64) -> String {
    let (size, max) = (megabytes(bytes), megabytes(bytes_max));
    match locale {
        Locale::English => format!(
            "{name} has {size} MB, and {max} MB can be sent here. It stays on your machine in \
             sent/{name}."
        ),
        Locale::German => format!(
            "{name} hat {size} MB, und {max} MB lassen sich hier schicken. Sie bleibt auf deiner \
             Maschine unter sent/{name}."
        ),
    }
}

pub(super) fn file_not_sent(locale: Locale, name: &str) -> String {
    match locale {
        Locale::English => {
            format!("{name} could not be sent here. It stays on your machine in sent/{name}.")
        }
        Locale::German => format!(
            "{name} ließ sich hier nicht schicken. Sie bleibt auf deiner Maschine unter \
             sent/{name}."
        ),
    }
}

pub(super) fn file_not_kept(locale: Locale, name: &str) -> String {
    match locale {
        Locale::English => format!(
            "{name} could not be sent: I have no room to store it. It stays on your machine in \
             sent/{name}. Ask your agent for a smaller file."
        ),
        Locale::German => format!(
            "{name} ließ sich nicht schicken: Mir fehlt der Platz, sie zu speichern. Sie bleibt \
             auf deiner Maschine unter sent/{name}. Bitte deinen Agenten um eine kleinere Datei."
        ),
    }
}

/// Why files of the agent were not sent, and what to do.
pub(super) fn withheld(
    locale: Locale,
    reason: WithheldReason,
    names: &[String],
    count: usize,
) -> String {
    let which = which(locale, names, count);
    match (locale, reason) {
        (Locale::English, WithheldReason::NoOutbox) => {
            "I could not look into outbox/ on your machine. Ask your agent to make it a plain \
             folder that it can read."
                .to_owned()
        }
        (Locale::German, WithheldReason::NoOutbox) => {
            "Ich konnte auf deiner Maschine nicht in outbox/ sehen. Bitte deinen Agenten, einen \
             einfachen, lesbaren Ordner daraus zu machen."
                .to_owned()
        }
        (Locale::English, WithheldReason::NotPlain) => format!(
            "Not sent from outbox/, because only plain files can be: {which}. Ask your agent for \
             an archive or a copy."
        ),
        (Locale::German, WithheldReason::NotPlain) => format!(
            "Nicht aus outbox/ geschickt, denn das geht nur mit einfachen Dateien: {which}. Bitte \
             deinen Agenten um ein Archiv oder eine Kopie."
        ),
        (Locale::English, WithheldReason::Unreadable) => format!(
            "Not sent from outbox/, because your agent may not read it: {which}. Ask your agent \
             to correct the permissions."
        ),
        (Locale::German, WithheldReason::Unreadable) => format!(
            "Nicht aus outbox/ geschickt, denn dein Agent darf es nicht lesen: {which}. Bitte \
             ihn, die Rechte zu ändern."
        ),
        (Locale::English, WithheldReason::NoRoom) => format!(
            "Not sent from outbox/, because your machine's disk is full: {which}. Ask your agent \
             to make room; the next answer then brings it."
        ),
        (Locale::German, WithheldReason::NoRoom) => format!(
            "Nicht aus outbox/ geschickt, denn der Speicher deiner Maschine ist voll: {which}. \
             Bitte deinen Agenten, Platz zu schaffen; mit der nächsten Antwort kommt es dann."
        ),
        (Locale::English, WithheldReason::TooSlow) => format!(
            "Not sent from outbox/, because it took too long: {which}. The next answer tries \
             again; if that does not help, ask your agent for smaller files."
        ),
        (Locale::German, WithheldReason::TooSlow) => format!(
            "Nicht aus outbox/ geschickt, denn es dauerte zu lange: {which}. Mit der nächsten \
             Antwort kommt ein neuer Versuch; hilft das nicht, bitte deinen Agenten um kleinere \
             Dateien."
        ),
        (Locale::English, WithheldReason::TooMany) => format!(
            "Still in outbox/: {which}. Your next answers bring a few each; to get all at once, \
             ask your agent for one archive."
        ),
        (Locale::German, WithheldReason::TooMany) => format!(
            "Noch in outbox/: {which}. Deine nächsten Antworten bringen jeweils ein paar; um alle \
             auf einmal zu bekommen, bitte deinen Agenten um ein Archiv."
        ),
    }
}

/// A few names, and how many more there are.
fn which(locale: Locale, names: &[String], count: usize) -> String {
    let named = names.join(", ");
    let more = count.saturating_sub(names.len());
    match (locale, more) {
        (_, 0) => named,
        (Locale::English, more) => format!("{named} and {more} more"),
        (Locale::German, more) => format!("{named} und {more} weitere"),
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1024 * 1024)
}

pub(super) const NOT_COMMITTED: LocalizedText = LocalizedText {
    english: "This deployment was never finished, so nothing runs. Finish it or remove it where \
              you made it.",
    german: "Das Einrichten wurde nie abgeschlossen, deshalb läuft nichts. Schließ es dort ab, wo \
             du es angefangen hast, oder entferne es dort.",
};

pub(super) const NOT_READY: LocalizedText = LocalizedText {
    english: "I am not ready yet: your deployment is still being checked. Send this again when it \
              is done.",
    german: "Ich bin noch nicht bereit: Dein Deployment wird noch geprüft. Schick das noch \
             einmal, wenn das fertig ist.",
};

pub(super) const KEPT: LocalizedText = LocalizedText {
    english: "I am not ready yet: your deployment is still being checked. I keep your message and \
              get to it when that is done.",
    german: "Ich bin noch nicht bereit: Dein Deployment wird noch geprüft. Ich behalte deine \
             Nachricht und kümmere mich darum, sobald das fertig ist.",
};

pub(super) const IN_DOUBT: LocalizedText = LocalizedText {
    english: "This may be a message that I already carried out before my memory was damaged, so I \
              did not run it. If you still want it, send it again in two minutes.",
    german: "Vielleicht habe ich diese Nachricht schon ausgeführt, bevor mein Gedächtnis \
             beschädigt wurde; deshalb läuft sie jetzt nicht. Wenn du sie noch willst, schick sie \
             in zwei Minuten noch einmal.",
};

/// The interval that is lost: from the time of the copy, or from the beginning, until the last
/// write.
pub(super) fn restored(locale: Locale, from_ms: Option<u64>, until_ms: u64) -> String {
    let until = in_utc(until_ms);
    match (locale, from_ms.map(in_utc)) {
        (Locale::English, Some(from)) => format!(
            "My memory was damaged, and I lost what happened here between {from} and {until} \
             (UTC). Nothing from that time runs again; if something is still to be done, send it \
             again."
        ),
        (Locale::English, None) => format!(
            "My memory was damaged, and I lost everything that happened here until {until} (UTC). \
             Nothing from that time runs again; if something is still to be done, send it again."
        ),
        (Locale::German, Some(from)) => format!(
            "Mein Gedächtnis wurde beschädigt, und ich habe verloren, was hier zwischen {from} \
             und {until} (UTC) geschah. Nichts davon läuft noch einmal; wenn noch etwas zu tun \
             ist, schick es noch einmal."
        ),
        (Locale::German, None) => format!(
            "Mein Gedächtnis wurde beschädigt, und ich habe alles verloren, was hier bis {until} \
             (UTC) geschah. Nichts davon läuft noch einmal; wenn noch etwas zu tun ist, schick es \
             noch einmal."
        ),
    }
}

fn in_utc(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1000).unwrap_or_default();
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", at.hour(), at.minute())
}

pub(super) const WAKING: LocalizedText =
    LocalizedText { english: "Waking your machine…", german: "Ich wecke deine Maschine…" };

pub(super) const NOTHING_TO_STOP: LocalizedText =
    LocalizedText { english: "Nothing is running.", german: "Gerade läuft nichts." };

pub(super) const NEW_SESSION: LocalizedText = LocalizedText {
    english: "A new session begins with your next message. Files in the workspace stay.",
    german: "Mit deiner nächsten Nachricht beginnt eine neue Sitzung. Dateien im \
             Arbeitsverzeichnis bleiben.",
};

pub(super) const NOTHING_SAID: LocalizedText = LocalizedText {
    english: "Done. There was nothing to say.",
    german: "Erledigt. Es gab nichts zu sagen.",
};

pub(super) const HELP: LocalizedText = LocalizedText {
    english: "Write what you want done; I pass it to your agent.

/status: the machine, the session, what runs, tokens used
/stop: stop what runs and drop what waits
/new: begin a new session
/help: this list",
    german: "Schreib, was getan werden soll; ich gebe es an deinen Agenten weiter.

/status: die Maschine, die Sitzung, was läuft, verbrauchte Tokens
/stop: anhalten, was läuft, und verwerfen, was wartet
/new: eine neue Sitzung anfangen
/help: diese Liste",
};

pub(super) const ELSEWHERE: LocalizedText = LocalizedText {
    english: "I only pass messages to your agent. Deploying and removing is done where you \
              deployed me: with the bot, or with `textslash setup` or `textslash teardown` in a \
              terminal. /help lists what I do.",
    german: "Ich gebe nur Nachrichten an deinen Agenten weiter. Einrichten und Entfernen geht \
             dort, wo du mich eingerichtet hast: beim Bot, oder mit `textslash setup` oder \
             `textslash teardown` in einem Terminal. /help zeigt, was ich kann.",
};

pub(super) fn unknown_command(locale: Locale, word: &str) -> String {
    match locale {
        Locale::English => format!("There is no {word} here. /help lists what there is."),
        Locale::German => format!("{word} gibt es hier nicht. /help zeigt, was es gibt."),
    }
}

pub(super) fn stopping(locale: Locale, dropped: u64) -> String {
    match (locale, dropped) {
        (Locale::English, 0) => "Stopping.".to_owned(),
        (Locale::English, 1) => "Stopping. One waiting message was dropped.".to_owned(),
        (Locale::English, more) => format!("Stopping. {more} waiting messages were dropped."),
        (Locale::German, 0) => "Ich halte an.".to_owned(),
        (Locale::German, 1) => "Ich halte an. Eine wartende Nachricht ist verworfen.".to_owned(),
        (Locale::German, more) => {
            format!("Ich halte an. {more} wartende Nachrichten sind verworfen.")
        }
    }
}

pub(super) const TOO_FAST: LocalizedText = LocalizedText {
    english: "Your relay passes on only so many calls and tokens to the model within a minute. \
              Try again in a minute.",
    german: "Dein Relay gibt nur so viele Anfragen und Tokens pro Minute an das Modell weiter. \
             Versuch es in einer Minute noch einmal.",
};

pub(super) fn daily_limit(locale: Locale, limit: u64) -> String {
    let limit = locale.grouped(limit);
    match locale {
        Locale::English => format!(
            "Today's limit of {limit} tokens is reached. Your agent can go on at 00:00 UTC. To \
             change the limit, set TEXTSLASH_DAILY_TOKENS for your relay's app at your cloud."
        ),
        Locale::German => format!(
            "Das heutige Limit von {limit} Tokens ist erreicht. Um 00:00 Uhr UTC kann dein Agent \
             weitermachen. Um das Limit zu ändern, setz TEXTSLASH_DAILY_TOKENS für die App deines \
             Relays bei deiner Cloud."
        ),
    }
}

/// The tokens of a day, and the limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct UsageToday {
    pub(super) spent: u64,
    pub(super) limit: u64,
}

impl UsageToday {
    fn said(self, locale: Locale) -> String {
        let (spent, limit) = (locale.grouped(self.spent), locale.grouped(self.limit));
        match locale {
            Locale::English => format!("Today: {spent} of {limit} tokens, until 00:00 UTC"),
            Locale::German => format!("Heute: {spent} von {limit} Tokens, bis 00:00 Uhr UTC"),
        }
    }
}

/// `today` is none where there is no model.
pub(super) fn status(
    locale: Locale,
    is_awake: bool,
    session: &str,
    waiting: i64,
    used: TokenCounts,
    today: Option<UsageToday>,
) -> String {
    let TokenCounts { input, output } = used;
    let today = today.map_or_else(String::new, |today| format!("\n{}", today.said(locale)));
    match locale {
        Locale::English => {
            let machine = if is_awake { "awake" } else { "asleep or out of reach" };
            let work = match waiting {
                0 => "nothing runs".to_owned(),
                1 => "one turn runs".to_owned(),
                more => format!("one turn runs, {} wait", more - 1),
            };
            format!(
                "Machine: {machine}\n\
                 Session: {session}\n\
                 Work: {work}\n\
                 Tokens: {input} in, {output} out{today}"
            )
        }
        Locale::German => {
            let machine = if is_awake { "wach" } else { "schläft oder ist nicht erreichbar" };
            let work = match waiting {
                0 => "nichts läuft".to_owned(),
                1 => "ein Auftrag läuft".to_owned(),
                more => format!("ein Auftrag läuft, {} warten", more - 1),
            };
            format!(
                "Maschine: {machine}\n\
                 Sitzung: {session}\n\
                 Arbeit: {work}\n\
                 Tokens: {input} hinein, {output} heraus{today}"
            )
        }
    }
}

pub(super) const NETWORK_OPEN: LocalizedText = LocalizedText {
    english: "Network: your agent also reaches private addresses around its machine, because that \
              could not be blocked. Restart the machine; if this line stays, give the agent no \
              secrets.",
    german: "Netz: Dein Agent erreicht auch private Adressen rund um seine Maschine, denn das \
             ließ sich nicht sperren. Starte die Maschine neu; bleibt diese Zeile, vertrau dem \
             Agenten keine Geheimnisse an.",
};

pub(super) fn still_working(locale: Locale, minutes: u64, last: Option<&str>) -> String {
    let (working, last_word) = match locale {
        Locale::English => ("Still working", "last"),
        Locale::German => ("Ich arbeite noch", "zuletzt"),
    };
    match last {
        Some(last) => format!("{working}, {minutes} min, {last_word}: {last}"),
        None => format!("{working}, {minutes} min"),
    }
}

pub(super) fn failed(reason: TurnFailure) -> LocalizedText {
    match reason {
        TurnFailure::Stopped => LocalizedText { english: "Stopped.", german: "Angehalten." },
        TurnFailure::TimedOut => LocalizedText {
            english: "This took too long and was stopped. Ask for a smaller step.",
            german: "Das hat zu lange gedauert und wurde angehalten. Bitte um einen kleineren \
                     Schritt.",
        },
        TurnFailure::AgentCrashed => LocalizedText {
            english: "The agent ended unexpectedly. Send your message again; if it ends again, \
                      try /new.",
            german: "Der Agent ist unerwartet zu Ende gegangen. Schick deine Nachricht noch \
                     einmal; wenn es wieder passiert, versuch /new.",
        },
        TurnFailure::ModelRefused => LocalizedText {
            english: "The model refused; the reason stands above. If it is about credit or a key, \
                      check your model account, then send your message again.",
            german: "Das Modell hat abgelehnt; der Grund steht darüber. Wenn es um Guthaben oder \
                     einen Schlüssel geht, sieh bei deinem Modell-Konto nach und schick deine \
                     Nachricht dann noch einmal.",
        },
        TurnFailure::Interrupted => LocalizedText {
            english: "Your machine was restarted in the middle of this. Send your message again \
                      to go on.",
            german: "Deine Maschine wurde mittendrin neu gestartet. Schick deine Nachricht noch \
                     einmal, dann geht es weiter.",
        },
        TurnFailure::DiskFailed => LocalizedText {
            english: "Your machine's disk is full or failing, so this was stopped. Ask your agent \
                      to make room, then send your message again.",
            german: "Der Speicher deiner Maschine ist voll oder defekt, deshalb wurde das \
                     angehalten. Bitte deinen Agenten, Platz zu schaffen, und schick deine \
                     Nachricht noch einmal.",
        },
    }
}

pub(super) fn vm_failure(reason: VmFailure) -> LocalizedText {
    match reason {
        VmFailure::Unreachable => LocalizedText {
            english: "Your machine does not answer. Send your message again in a few minutes; if \
                      it still does not, look at it with your cloud.",
            german: "Deine Maschine antwortet nicht. Schick deine Nachricht in ein paar Minuten \
                     noch einmal; wenn sie dann noch schweigt, sieh bei deiner Cloud nach ihr.",
        },
        VmFailure::SessionBusy => LocalizedText {
            english: "Your machine is still at work on an earlier message. Send this one again in \
                      a few minutes, or begin a session that does not wait for it with /new.",
            german: "Deine Maschine arbeitet noch an einer früheren Nachricht. Schick diese in \
                     ein paar Minuten noch einmal, oder fang mit /new eine Sitzung an, die nicht \
                     darauf wartet.",
        },
        VmFailure::Full => LocalizedText {
            english: "Your machine is at work on as many messages as it can. Send this one again \
                      in a few minutes.",
            german: "Deine Maschine arbeitet schon an so vielen Nachrichten, wie sie kann. Schick \
                     diese in ein paar Minuten noch einmal.",
        },
        VmFailure::Refused => LocalizedText {
            english: "Your machine does not accept calls from me. Send your message again in a \
                      few minutes; if that does not help, ask for a new link or new keys where \
                      you deployed me: both of us get new keys then.",
            german: "Deine Maschine nimmt keine Aufrufe von mir an. Schick deine Nachricht in ein \
                     paar Minuten noch einmal; wenn das nicht hilft, verlang dort, wo du mich \
                     eingerichtet hast, einen neuen Link oder neue Schlüssel: dann bekommen wir \
                     beide neue.",
        },
        VmFailure::DiskFailed => LocalizedText {
            english: "Your machine's disk is full or failing, so your message was not taken. \
                      Restart the machine or give it a larger disk with your cloud, then send it \
                      again.",
            german: "Der Speicher deiner Maschine ist voll oder defekt, deshalb wurde deine \
                     Nachricht nicht angenommen. Starte die Maschine bei deiner Cloud neu oder \
                     gib ihr mehr Speicher, und schick sie dann noch einmal.",
        },
        VmFailure::Rejected => LocalizedText {
            english: "Your machine cannot take this message. Send it in smaller parts or in other \
                      words; if it takes none at all, ask for a new link or new keys where you \
                      deployed me.",
            german: "Deine Maschine kann diese Nachricht nicht annehmen. Schick sie in kleineren \
                     Teilen oder in anderen Worten; wenn sie gar keine annimmt, verlang dort, wo \
                     du mich eingerichtet hast, einen neuen Link oder neue Schlüssel.",
        },
    }
}
