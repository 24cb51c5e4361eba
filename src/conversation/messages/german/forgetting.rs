//! What is on record of a person, and what became of it.

use crate::spec::RelayChannel;

use super::super::super::PersonTraces;
use super::super::{DeploymentSummary, RetainedRecords, date};
use super::lists;

pub(super) const NOTHING: &str =
    "Über dich ist nichts gespeichert. /deploy fängt mit dem Einrichten an.";

pub(super) fn confirm(traces: PersonTraces) -> String {
    format!(
        "Über dich ist gespeichert:\n\n{}\n\nSoll ich das alles löschen? Das lässt sich nicht \
         rückgängig machen. Du bekommst einen Beleg.",
        list(traces)
    )
}

fn list(PersonTraces { removed, credentials }: PersonTraces) -> String {
    format!(
        "Gespräch: 1, mit deinen Antworten und deiner Sprache\n\
         Eingerichtetes, das entfernt ist: {removed}, je mit seinem Protokoll\n\
         Zugangsdaten, nur im Arbeitsspeicher: {credentials}"
    )
}

pub(super) fn needed_to_remove(runs: &[DeploymentSummary]) -> String {
    format!(
        "Das steht noch in deinem Konto, und ohne das, was ich darüber gespeichert habe, könnte \
         ich es nicht entfernen:\n\n{}\n\n/teardown entfernt es. Danach löscht /forget alles.",
        lists::list(runs)
    )
}

pub(super) fn receipt(
    traces: PersonTraces,
    service: Option<RelayChannel>,
    kept: RetainedRecords,
    at_ms: u64,
) -> String {
    let begun = match kept.begun {
        true => {
            "; einen Tag lang, wie oft etwas eingerichtet wurde, unter einer Zahl, die Tausende \
             miteinander teilen, für die Grenze je Tag"
        }
        false => "",
    };
    let invitations =
        if kept.let_in { "; wie viele jede Einladung hereingelassen hat, ohne wen" } else { "" };
    let wrong_codes = match kept.wrong_codes {
        true => {
            "; einen Tag lang, wann falsche Einladungscodes kamen, unter einer Zahl, die viele \
             miteinander teilen, für die Grenze je Tag"
        }
        false => "",
    };
    format!(
        "Gelöscht ist, was über dich gespeichert war ({}):\n\
         \n\
         {}\n\
         \n\
         Wohin ich das hier schicke, ist das Letzte davon, und verschwindet, sobald es verschickt \
         ist.\n\
         \n\
         Was ich nicht löschen kann: {}; was Fly.io von deinem Konto aufbewahrt, etwa Aktivitäten \
         und Rechnungen; Kopien meiner Festplatte, falls mein Betreiber welche macht.\n\
         \n\
         Was bleibt, führt zu niemandem: eine Woche lang ein Abdruck der Nummer jeder Nachricht, \
         damit ich keine zweimal ausführe{begun}{invitations}{wrong_codes}.\n\
         \n\
         Wenn du wieder schreibst, fangen wir von vorn an.",
        date(at_ms),
        list(traces),
        chat_on(service),
    )
}

fn chat_on(service: Option<RelayChannel>) -> &'static str {
    match service {
        None | Some(RelayChannel::Web) => "was auf deinem Bildschirm steht",
        Some(RelayChannel::Telegram) => {
            "diesen Chat, der bei Telegram bleibt, bis du ihn dort löschst (ich kann einzelne \
             Nachrichten löschen, und nur zwei Tage lang)"
        }
        Some(RelayChannel::Discord) => {
            "diesen Chat, der bei Discord bleibt; deine Nachrichten kannst dort nur du löschen"
        }
        Some(RelayChannel::WhatsApp) => {
            "diesen Chat auf deinem Handy, wo nur du ihn löschen kannst, und die Kopien von \
             Twilio, das ihn überträgt, bis mein Betreiber sie löscht"
        }
    }
}
