//! What is said when an answer is not taken or a run fails: what happened, and the next step.

use std::fmt::Write as _;

use crate::account::FailureCause;
use crate::credential_format::{CredentialRejection, Vendor};
use crate::plan::StepId;
use crate::quota::{QuotaExceeded, QuotaScope};

use super::super::super::{Question, RemainingResource, RunFailure, RunGoal};
use super::super::date;
use super::labels::resource_name;

/// Why an answer is not taken. The answer itself is never repeated.
pub(super) fn rejection(asked: Option<Question>, rejection: &CredentialRejection) -> String {
    let what = match asked {
        Some(Question::Token) => "den Fly.io-Token",
        Some(Question::Model) => "den Anthropic-Schlüssel",
        Some(Question::ChannelKey) => "den Schlüssel",
        Some(Question::Name) => "den Namen",
        Some(Question::Region) => "die Region",
        _ => "die Antwort",
    };
    match rejection {
        CredentialRejection::Empty => format!("Das war leer. Bitte schick {what}."),
        CredentialRejection::TooLong => {
            format!("Das ist zu lang. Bitte kopiere nur {what} und schick das noch einmal.")
        }
        CredentialRejection::Malformed => malformed(asked),
        CredentialRejection::OtherVendor { vendor } => format!(
            "Das ist {}, aber hier brauche ich {what}. Ich habe es vergessen.",
            vendor_credential(*vendor)
        ),
        CredentialRejection::Truncated if asked == Some(Question::ChannelKey) => {
            format!("Da fehlt das Ende. Bitte kopiere {what} ganz, bis zum letzten Zeichen.")
        }
        CredentialRejection::Truncated => format!(
            "Da fehlt das Ende. Bitte kopiere {what} ganz, bis zum letzten Zeichen; ein Token von \
             Fly.io hat mehrere hundert."
        ),
        CredentialRejection::DischargeMissing => "Ein Teil dieses Tokens fehlt: er hat zwei Teile \
                                                  mit einem Komma dazwischen. Bitte kopiere \
                                                  beide."
            .to_owned(),
        CredentialRejection::Expired { at_ms } => format!(
            "Dieser Token ist am {} abgelaufen. Bitte lege einen neuen an und schick ihn.",
            date(*at_ms)
        ),
        CredentialRejection::ReadOnly => "Dieser Token darf nur lesen und kann deshalb nichts \
                                          anlegen. Bitte lege stattdessen einen Organization \
                                          Token an."
            .to_owned(),
        CredentialRejection::AppScoped => "Dieser Token öffnet nur eine einzelne App. Bitte lege \
                                           stattdessen einen Organization Token an."
            .to_owned(),
        CredentialRejection::NotNarrowable => "Das ist eine alte Art von Token, die alles öffnet, \
                                               was du hast, und sich nicht einschränken lässt. \
                                               Bitte lege stattdessen einen Organization Token \
                                               an; er beginnt mit FlyV1."
            .to_owned(),
        CredentialRejection::OtherOrganisation { expected } => format!(
            "Dieser Token öffnet eine andere Organisation. Bitte schick einen für die \
             Organisation {expected}."
        ),
        CredentialRejection::OtherAddress { expected } => format!(
            "Dieser Schlüssel öffnet einen anderen Bot oder eine andere Nummer. Bitte schick den \
             von {expected}."
        ),
        CredentialRejection::Subscription => "Ein Abo-Token (sk-ant-oat…) funktioniert hier \
                                              nicht: Anthropic erlaubt ihn nur den eigenen \
                                              Programmen. Bitte nimm stattdessen einen \
                                              API-Schlüssel. Du kannst ihn unter \
                                              https://console.anthropic.com/settings/keys \
                                              anlegen."
            .to_owned(),
        CredentialRejection::RefusedByVendor => "Die Form stimmt, aber der Dienst lehnt das ab: \
                                                 vielleicht wurde es widerrufen. Bitte lege Neues \
                                                 an und schick es."
            .to_owned(),
        CredentialRejection::VendorUnreachable => format!(
            "Ich konnte den Dienst nicht erreichen, um {what} zu prüfen; es kann alles stimmen. \
             Bitte schick es in einer Minute noch einmal."
        ),
        CredentialRejection::NotOffered => not_offered(asked),
    }
}

fn malformed(asked: Option<Question>) -> String {
    match asked {
        Some(Question::Token) => {
            "Das ist kein Fly.io-Token. Ein Token beginnt mit FlyV1 oder fm2_ und hat mehrere \
             hundert Zeichen."
                .to_owned()
        }
        Some(Question::Model) => {
            "Das ist kein Anthropic-Schlüssel. Ein Schlüssel beginnt mit sk-ant-.".to_owned()
        }
        Some(Question::ChannelKey) => {
            "Das ist nicht der Schlüssel, nach dem ich gefragt habe. Bitte kopiere ihn dort, wo \
             er gemacht wurde, noch einmal ganz."
                .to_owned()
        }
        Some(Question::Name) => "Dieser Name geht nicht: bis zu 20 kleine Buchstaben, Ziffern und \
                                 Striche, ein Buchstabe zuerst, kein Strich am Ende."
            .to_owned(),
        _ => "Das verstehe ich nicht. Bitte wähle eines davon.".to_owned(),
    }
}

fn not_offered(asked: Option<Question>) -> String {
    match asked {
        Some(Question::Region) => {
            "Diese Region gibt es nicht. Tippe auf eine davon, oder schreib einen Code wie ams \
             oder iad."
                .to_owned()
        }
        _ => "Bitte wähle eines davon.".to_owned(),
    }
}

fn vendor_credential(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Fly => "ein Fly.io-Token",
        Vendor::Anthropic => "ein Anthropic-Schlüssel",
        Vendor::Telegram => "ein Telegram-Bot-Token",
        Vendor::Discord => "ein Discord-Bot-Token",
        Vendor::Twilio => "ein Twilio-Schlüssel",
    }
}

/// Why a code lets nobody in.
pub(super) fn not_let_in(used_up: bool) -> &'static str {
    if used_up {
        "Diese Einladung hat schon so viele hereingelassen, wie sie soll. Bitte frag, von wem du \
         sie hast, nach einer anderen."
    } else {
        "Eine Einladung mit diesem Code kenne ich nicht. Bitte vergleiche ihn mit dem, den du \
         bekommen hast, oder frag, von wem du ihn hast."
    }
}

/// Why a code is not looked at, and until when.
pub(super) fn too_many_codes(until_ms: u64) -> String {
    format!(
        "Es kamen zu viele falsche Codes, darum prüfe ich vorerst keinen mehr von dir. Ab {} \
         kannst du mir deine Einladung mit /deploy noch einmal schicken; sie bleibt gültig. Wenn \
         du den Code nicht kennst, frag, von wem du von mir weißt.",
        date(until_ms)
    )
}

/// Said instead of a list that nobody could make.
pub(super) const NOT_LOOKED: &str =
    "Ich konnte nicht nachsehen, was in deinem Konto ist; /teardown findet und entfernt es.";

/// Why a run ended, and what now.
pub(super) fn failed(goal: RunGoal, failure: &RunFailure) -> String {
    let RunFailure { cause: because, step, remaining } = failure;
    let what = match goal {
        RunGoal::Deployed => "Das Einrichten ist stehen geblieben.",
        RunGoal::Removed => "Das Entfernen ist stehen geblieben.",
    };
    let left = match remaining.as_deref() {
        None => NOT_LOOKED.to_owned(),
        Some([]) => "In deinem Konto sehe ich jetzt nichts davon.".to_owned(),
        Some(remaining) => format!("Das ist jetzt in deinem Konto:{}", remains(remaining)),
    };
    format!("{what} {}\n\n{left}\n\nWas soll ich tun?", cause(*because, step.as_ref()))
}

/// Why, in words that fit the step at which it happened.
pub(super) fn cause(cause: FailureCause, step: Option<&StepId>) -> &'static str {
    let unopened = step.and_then(|step| unopened_gate(&step.0));
    match (cause, unopened) {
        (FailureCause::RetryLater { .. } | FailureCause::InDoubt, Some(gate)) => gate,
        _ => any_cause(cause),
    }
}

/// What a gate means that never opened; `None` for a step that makes something.
fn unopened_gate(step: &str) -> Option<&'static str> {
    Some(match step {
        "relay-started" => {
            "Fly.io hat die Maschine deines Relays nicht rechtzeitig gestartet. Versuch es in ein \
             paar Minuten noch einmal; wenn es so bleibt, sieh auf https://status.flyio.net nach."
        }
        "vm-started" => {
            "Fly.io hat die Maschine deiner VM nicht rechtzeitig gestartet. Versuch es in ein \
             paar Minuten noch einmal; wenn es so bleibt, sieh auf https://status.flyio.net nach."
        }
        "relay-healthy" | "stranger-refused" => {
            "Dein Relay hat nicht rechtzeitig geantwortet: es kann Minuten dauern, bis ein neuer \
             Name bekannt ist. Versuch es in ein paar Minuten noch einmal; wenn es so bleibt, \
             entferne alles und richte es neu ein."
        }
        "agent-ready" => {
            "Dein Relay hat geantwortet, deine VM aber nicht rechtzeitig. Versuch es in ein paar \
             Minuten noch einmal; wenn es so bleibt, entferne alles und richte es neu ein."
        }
        "committed" => {
            "Dein Relay und deine VM waren bereit, haben aber nicht bis zum Ende geantwortet. \
             Versuch es noch einmal; es dauert eine Minute."
        }
        _ => return None,
    })
}

fn any_cause(cause: FailureCause) -> &'static str {
    match cause {
        FailureCause::TokenRefused => {
            "Fly.io lehnt den Token ab: vielleicht wurde er widerrufen oder ist abgelaufen. Lege \
             einen neuen an; ich frage danach, wenn du es noch einmal versuchst."
        }
        FailureCause::PaymentNeeded => {
            "Fly.io verlangt ein Zahlungsmittel. Trag auf der Abrechnungsseite der Organisation \
             (https://fly.io/dashboard) eines ein und versuch es noch einmal."
        }
        FailureCause::AccountHeld => {
            "Fly.io prüft dein Konto und legt nichts an, bis es freigegeben ist. Frag dort nach \
             (https://fly.io/high-risk-unlock) und versuch es noch einmal, wenn sie fertig sind."
        }
        FailureCause::NoCapacity => {
            "Fly.io hat in dieser Region gerade keinen Platz. Versuch es später noch einmal, oder \
             entferne es und richte es anderswo ein."
        }
        FailureCause::InDoubt => {
            "Fly.io hat lange nicht eindeutig geantwortet. Ein neuer Versuch sieht zuerst nach, \
             was es schon gibt, damit nichts doppelt entsteht."
        }
        FailureCause::RetryLater { .. } => {
            "Fly.io war lange überlastet. Versuch es in ein paar Minuten noch einmal."
        }
        FailureCause::NameTaken => {
            "Fly.io lässt diesen Token keine App dieses Namens benutzen: jemand anderes hat den \
             Namen, oder die App gehört einer Organisation, die der Token nicht öffnet. Versuch \
             es mit einem Token der richtigen Organisation, oder richte es neu ein: dann gibt es \
             einen neuen Namen."
        }
        FailureCause::NotFound => {
            "Etwas, das da war, ist weg; vielleicht wurde es anderswo entfernt. Ein neuer Versuch \
             legt es wieder an."
        }
        FailureCause::LockedByOther => {
            "Daran arbeitet gerade jemand anderes, der dieses Konto auch benutzen kann. Versuch \
             es in ein paar Minuten noch einmal."
        }
        FailureCause::ClockSkew => {
            "Die Uhr des Rechners, auf dem ich laufe, geht falsch, deshalb glaubt mir Fly.io oder \
             dein Relay nicht. Wenn diese Uhr gestellt ist, versuch es noch einmal."
        }
        FailureCause::InvalidRequest => {
            "Das ist mein Fehler. Ein neuer Versuch kann helfen; wenn nicht, entferne alles, dann \
             bleibt nichts übrig."
        }
    }
}

pub(super) fn remains(remaining: &[RemainingResource]) -> String {
    let mut text = String::new();
    for it in remaining {
        let doubt = if it.seen { "" } else { " (vielleicht da)" };
        let _ = write!(text, "\n{}: {}{doubt} {}", resource_name(&it.kind), it.name, it.link);
    }
    text
}

/// Whose quota is used up, and until when.
pub(super) fn enough_today(used_up: &QuotaExceeded) -> String {
    let QuotaExceeded { scope, max, from_ms } = *used_up;
    let from = date(from_ms);
    match scope {
        QuotaScope::Person => format!(
            "Du hast innerhalb eines Tages {max}-mal etwas eingerichtet, und mehr mache ich \
             nicht. Ab {from} geht es wieder; deine Antworten behalte ich nur eine halbe Stunde. \
             /cancel bricht ab."
        ),
        QuotaScope::Organisation => format!(
            "In dieser Organisation wurde innerhalb eines Tages {max}-mal etwas eingerichtet, und \
             mehr mache ich in einer nicht. Ab {from} geht es dort wieder; deine Antworten \
             behalte ich nur eine halbe Stunde. Eine andere Organisation hat ihre eigene Grenze. \
             /cancel bricht ab."
        ),
        QuotaScope::All => format!(
            "Für alle zusammen richte ich am Tag nur so viel ein, und für heute ist das \
             verbraucht. Mit deinen Antworten ist alles in Ordnung, aber ich behalte sie nur eine \
             halbe Stunde: schreib mir bitte ab {from} noch einmal. /cancel bricht ab."
        ),
    }
}
