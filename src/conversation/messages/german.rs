//! German: what is said. What stands in several lines, on buttons, or after a refusal is beside it.

use super::super::RunGoal;
use super::super::choice::ChatCommand;
use super::{Message, RetainedRecords, help, page_link};

pub(super) use credentials::secret_form;
use credentials::{a_secret, your_secret};
pub(super) use labels::{is_yes, label, meaning};
pub(super) use lists::{board, stage_name};

mod channels;
mod credentials;
mod forgetting;
mod labels;
mod lists;
mod received;
mod refusals;

pub(super) fn text(message: &Message) -> String {
    match message {
        Message::Welcome => WELCOME.to_owned(),
        Message::WelcomeBack => "Hallo, da bist du wieder. Was möchtest du tun?".to_owned(),
        Message::Help => help(meaning),
        Message::Privacy { entry } => credentials::privacy(*entry),
        Message::ConfirmForget { traces } => forgetting::confirm(*traces),
        Message::NeededToRemove { runs } => forgetting::needed_to_remove(runs),
        Message::NothingOnRecord => forgetting::NOTHING.to_owned(),
        Message::Forgotten { traces, service, begun_counts, let_in, wrong_codes, at_ms } => {
            let kept = RetainedRecords {
                begun: *begun_counts,
                let_in: *let_in,
                wrong_codes: *wrong_codes,
            };
            forgetting::receipt(*traces, *service, kept, *at_ms)
        }
        Message::AskLanguage => "Welche Sprache soll ich sprechen? /language en ist Englisch, \
                                 /language de ist Deutsch."
            .to_owned(),
        Message::LanguageChosen => "Gut, ab jetzt auf Deutsch.".to_owned(),
        Message::PrivateOnly => "Ich rede nur unter vier Augen, weil ich nach Zugangsdaten frage. \
                                 Bitte schreib mir direkt."
            .to_owned(),
        Message::OurTrouble => "Bei mir hat gerade etwas nicht geklappt. Es ist nichts verloren; \
                                bitte schick das in einer Minute noch einmal."
            .to_owned(),
        Message::TooMuchAtOnce => "Das war viel auf einmal, und das Letzte davon habe ich nicht \
                                   gelesen. Bitte schick es noch einmal, etwas langsamer."
            .to_owned(),
        Message::NothingToCancel => {
            "Gerade läuft nichts. /deploy fängt mit dem Einrichten an.".to_owned()
        }
        Message::Cancelled { deployed } => cancelled(*deployed),
        Message::NothingBefore => "Davor gibt es keine Frage.".to_owned(),
        Message::StaleButton => "Dieser Knopf gehört zu einer früheren Frage.".to_owned(),
        Message::StillWorking => "Ich bin noch dabei; wie weit ich bin, steht oben. /cancel hält \
                                  das Einrichten an."
            .to_owned(),
        Message::EnoughToday { used_up } => refusals::enough_today(used_up),
        Message::ClosedForNow => CLOSED.to_owned(),
        Message::LetIn => "Die Einladung gilt. Fangen wir an.".to_owned(),
        Message::TooManyCodes { until_ms } => refusals::too_many_codes(*until_ms),
        Message::NotLetIn { used_up } => refusals::not_let_in(*used_up).to_owned(),
        Message::StillChecking => "Einen Moment, ich prüfe noch, was du geschickt hast.".to_owned(),
        Message::CheckInterrupted => {
            "Ich wurde neu gestartet, während ich deine Antwort geprüft habe.".to_owned()
        }
        Message::Expired { again } => format!(
            "Ich habe eine halbe Stunde gewartet und deine Zugangsdaten vergessen. {}",
            command_hint(*again)
        ),
        Message::FormGone => "Dieses Formular gilt nicht mehr. Schreib etwas in den Chat, dann \
                              schicke ich dir ein neues."
            .to_owned(),
        Message::FormUsed => {
            "Dieses Formular wurde schon ausgefüllt. Wenn du das nicht warst, geh jetzt zum Chat \
             zurück: Dort ist vergessen, was eingegeben wurde."
                .to_owned()
        }
        Message::FormTooOften => "Das wurde hier zu oft versucht. Schreib etwas in den Chat, dann \
                                  schicke ich dir ein neues Formular."
            .to_owned(),
        Message::FormElsewhere => {
            "Dieses Formular gehört zu einem Chat. Öffne es mit dem Knopf in diesem Chat."
                .to_owned()
        }
        Message::FormNotConfirmed => "Öffne den Link noch einmal und sag zuerst, ob das Konto dir \
                                      gehört."
            .to_owned(),
        Message::FormClosed => "Danke. Dieses Formular ist geschlossen, und es wurde nichts \
                                eingegeben. Jemand hat dir den eigenen Link geschickt: Gib dort \
                                keine Zugangsdaten ein."
            .to_owned(),
        Message::FormDeclined => "Jemand hat das Formular geöffnet, das ich dir geschickt habe, \
                                  und gesagt, dass dies nicht sein Konto ist. Deshalb habe ich \
                                  das Formular geschlossen; eingegeben wurde nichts. Wenn du das \
                                  warst, schreib hier etwas, dann schicke ich dir ein neues."
            .to_owned(),
        Message::FormDone => "Danke. Geh zurück zum Chat, dort geht es weiter.".to_owned(),
        Message::SecretsExpired => "Ich hatte deine Zugangsdaten eine halbe Stunde lang und habe \
                                    sie jetzt vergessen. Wenn du weitermachst, frage ich wieder \
                                    danach."
            .to_owned(),
        Message::SecretExposed { exposure } => received::exposed(*exposure).to_owned(),
        Message::ForwardedArrived => received::FORWARDED.to_owned(),
        Message::UnsupportedArrived => received::UNSUPPORTED.to_owned(),
        Message::EditedTooLate => received::EDITED_TOO_LATE.to_owned(),
        Message::PastedDeleted => received::DELETED.to_owned(),
        Message::EraseFailed { unanswered } => received::not_deleted(*unanswered).to_owned(),
        Message::PastedStays => "In diesem Chat kann ich keine Nachrichten löschen: was du \
                                 eingefügt hast, bleibt im Verlauf. Bitte lösche es, und \
                                 widerrufe die Zugangsdaten, wenn du fertig bist."
            .to_owned(),
        Message::PastedScrubbed => "Die Kopie des Dienstes habe ich gelöscht, aber dein Handy \
                                    behält die Nachricht. Bitte lösche sie auch dort, und ersetze \
                                    die Zugangsdaten durch neue, wenn du fertig bist."
            .to_owned(),
        Message::FormReused { running } => form_reused(*running),
        Message::EarlySecret { kind } => {
            format!("Das ist {}. Den brauche ich noch, also nehme ich ihn jetzt.", a_secret(*kind))
        }
        Message::UnexpectedSecret => "Das sieht nach Zugangsdaten aus, und ich brauche jetzt \
                                      keine. Ich habe sie vergessen. Wenn andere sie lesen \
                                      konnten, widerrufe sie."
            .to_owned(),
        Message::SecretLost { kind } => format!(
            "Ich habe {} nicht mehr: ich speichere Zugangsdaten nie. Ich brauche ihn noch einmal.",
            your_secret(*kind)
        ),
        Message::Checking { kind } => format!("Ich prüfe {} ...", your_secret(*kind)),
        Message::KeyAccepted => "Der Schlüssel geht.".to_owned(),
        Message::TokenAccepted { organisations } => {
            format!("Der Token geht. Er öffnet: {}.", organisations.join(", "))
        }
        Message::ChatAccepted { addresses } => {
            format!("Das geht. Es öffnet: {}.", addresses.join(", "))
        }
        Message::Trial => "Das ist ein Probekonto bei Fly.io: Fly.io hält jede Maschine nach fünf \
                           Minuten an, und die Probe endet nach zwei Maschinenstunden. Dein Relay \
                           wacht wieder auf, wenn du ihm schreibst. Mit einem Zahlungsmittel \
                           entfallen diese Grenzen."
            .to_owned(),
        Message::TrialChannel => "In einem Probekonto hält Fly.io dein Relay nach fünf Minuten \
                                  an, und auf diesem Kanal kann nichts es wecken. Trag zuerst ein \
                                  Zahlungsmittel ein, oder nimm einen Web-Link."
            .to_owned(),
        Message::Rejected { asked, rejection } => refusals::rejection(*asked, rejection),
        Message::Page(page) => page_link(page),
        Message::RelayLink { .. } => "(der Link zu deinem Relay)".to_owned(),
        Message::Ready => "Dein Relay ist fertig. Ich habe es und deine VM geprüft: beide \
                           antworten, und ein Aufruf ohne Schlüssel wird abgewiesen.\n\nDas ist \
                           dein Link. Wer ihn hat, dem gehört das Relay, also behalte ihn für \
                           dich. Ich speichere ihn nicht."
            .to_owned(),
        Message::FirstSteps => FIRST_STEPS.to_owned(),
        Message::ChannelReady { channel, address, by_hand } => {
            channels::ready(*channel, address.as_deref(), *by_hand)
        }
        Message::PointByHand => channels::POINT_BY_HAND.to_owned(),
        Message::WebhookUrl { .. } => "(die Adresse deines Relays)".to_owned(),
        Message::ChannelFirstSteps { channel } => channels::first_steps(*channel),
        Message::LinkLost { needs_key } => link_lost(*needs_key),
        Message::RemovedMeanwhile => "Alles ist entfernt. Ich wurde dazwischen neu gestartet und \
                                      kann es deshalb nicht noch einmal aufzählen."
            .to_owned(),
        Message::Interrupted { goal: RunGoal::Deployed } => "Ich wurde mitten im Einrichten neu \
                                                             gestartet. Es ist nichts verloren: \
                                                             ich weiß, was es schon gibt, und \
                                                             kann dort weitermachen."
            .to_owned(),
        Message::Interrupted { goal: RunGoal::Removed } => "Ich wurde mitten im Entfernen neu \
                                                            gestartet. Ich weiß, was noch da ist, \
                                                            und kann dort weitermachen."
            .to_owned(),
        Message::Searching => "Ich suche in deinem Konto nach Dingen von mir ...".to_owned(),
        Message::NothingFound => {
            "In diesem Konto ist nichts von mir. Den Token habe ich vergessen.".to_owned()
        }
        Message::FindFailed { cause } => format!(
            "Ich konnte das Konto nicht durchsuchen. {} /teardown versucht es noch einmal.",
            refusals::cause(*cause, None)
        ),
        Message::KeptGoing => "Gut, ich mache weiter.".to_owned(),
        Message::Kept { remaining } => lists::kept(remaining.as_deref()),
        Message::Receipt { gone } => lists::receipt(gone),
        Message::NoDeployments => "Du hast nichts eingerichtet, von dem ich weiß. /deploy richtet \
                                   etwas ein; /teardown sucht in deinem Konto danach."
            .to_owned(),
        Message::NoRecord => "Ich weiß von nichts, was du eingerichtet hast. Wenn es etwas gibt, \
                              finde ich es in deinem Konto an seinen Namen."
            .to_owned(),
        Message::Status { runs } => lists::list(runs),
        Message::AlreadyDeployed { runs } => {
            format!("Du hast schon etwas eingerichtet.\n\n{}", lists::list(runs))
        }
        Message::Failed { goal, failure } => refusals::failed(*goal, failure),
        Message::AskInvitation => ASK_INVITATION.to_owned(),
        Message::AskCloud => "Wo soll dein Relay wohnen?".to_owned(),
        Message::AskToken { offered, deploying, entry } => {
            credentials::ask_token(*offered, *deploying, *entry)
        }
        Message::AskOrganisation => "Dein Token öffnet mehrere Organisationen. Welche soll \
                                     bezahlen?"
            .to_owned(),
        Message::AskBilling { held, window } => ask_billing(*held, *window),
        Message::AskModel { offered, shell, entry } => {
            credentials::ask_model(*offered, *shell, *entry)
        }
        Message::AskChannel => "Welchen Kanal soll dein Relay sprechen?".to_owned(),
        Message::AskChannelKey { channel, offered, makes_bots, entry, expected } => {
            match expected {
                Some(address) => channels::ask_key_again(*channel, address, *entry),
                None => channels::ask_key(*channel, *offered, *makes_bots, *entry),
            }
        }
        Message::AskAddress => "Welche Nummer soll dein Relay benutzen?".to_owned(),
        Message::AskTakeOver { address, host } => format!(
            "{address} bedient schon {host}. Wenn ich das benutze, bekommt {host} nichts mehr, \
             bis /teardown es zurückgibt. Übernehmen?"
        ),
        Message::AskName => "Wie soll ich es nennen? Bis zu 20 kleine Buchstaben, Ziffern und \
                             Striche, ein Buchstabe zuerst."
            .to_owned(),
        Message::AskRegion { count } => format!(
            "Wo soll es laufen? In deiner Nähe ist es am schnellsten; das erste liegt mir am \
             nächsten. Du kannst auch den Code einer der {count} Regionen von Fly.io schreiben."
        ),
        Message::AskSize { quotes } => lists::ask_size(quotes),
        Message::Review { spec, quote } => lists::review(spec, quote),
        Message::AskChange => "Welche Antwort soll sich ändern?".to_owned(),
        Message::ChooseRun => "Was soll ich entfernen?".to_owned(),
        Message::ChooseFound => {
            "Das habe ich in deinem Konto gefunden. Was soll ich entfernen?".to_owned()
        }
        Message::ConfirmTeardown { spec: Some(spec) } => lists::confirm_teardown(spec),
        Message::ConfirmTeardown { spec: None } => {
            "Das und alle seine Daten endgültig entfernen?".to_owned()
        }
        Message::AskStop => "Ich bin mitten im Einrichten. Anhalten und alles entfernen, was \
                             schon da ist?"
            .to_owned(),
    }
}

const WELCOME: &str = "Hallo, ich bin textslash. Ich richte dir einen eigenen Programmier-Agenten \
                       in deinem eigenen Cloud-Konto ein: ein kleines Relay, mit dem du chattest, \
                       und eine VM, in der der Agent arbeitet. Das braucht ein paar Fragen und \
                       ein paar Minuten. Du siehst den Preis, bevor etwas entsteht, und /teardown \
                       entfernt alles wieder.";

const CLOSED: &str = "Gerade richte ich nichts Neues ein. Was du hast, bleibt, wie es ist: \
                      /status zeigt es und /teardown entfernt es. Bitte komm an einem anderen Tag \
                      wieder.";

const ASK_INVITATION: &str = "Vorerst richte ich nur für Leute mit einer Einladung etwas ein. \
                              Bitte schick mir den Code deiner Einladung. Wenn du keinen hast, \
                              frag, wer dir von mir erzählt hat.";

const FIRST_STEPS: &str = "Öffne ihn im Browser, um mit deinem Relay zu reden; im Terminal geht \
                           es mit textslash chat.
Dann schreib einfach, zum Beispiel: klone mein Repository und führe seine Tests aus

Beide Maschinen schlafen, wenn du sie nicht brauchst, und wachen auf, wenn du schreibst. \
Deinen Token und deinen Schlüssel habe ich vergessen. /teardown entfernt alles.";

fn cancelled(deployed: bool) -> String {
    let mut text =
        "Abgebrochen. Ich habe deine Antworten und Zugangsdaten vergessen und lasse dein Konto, \
         wie es ist."
            .to_owned();
    if deployed {
        text.push_str(" Was du dort hast, bleibt, bis /teardown es entfernt.");
    }
    text
}

fn command_hint(again: ChatCommand) -> &'static str {
    match again {
        ChatCommand::Deploy => {
            "Deine anderen Antworten sind noch da: /deploy macht weiter, wo wir waren."
        }
        ChatCommand::Teardown => "Es wurde nichts entfernt; /teardown fängt neu an.",
        ChatCommand::Forget => "Es wurde nichts gelöscht; /forget fragt noch einmal.",
        _ => "/status zeigt, was du hast und wie es weitergeht.",
    }
}

fn link_lost(needs_key: bool) -> String {
    let credentials =
        if needs_key { "deinen Token und deinen Anthropic-Schlüssel" } else { "deinen Token" };
    format!(
        "Dein Relay ist fertig, aber sein Link ist nicht bei dir angekommen, und ich speichere \
         ihn nie. Ich kann einen neuen machen; dafür brauche ich {credentials} noch einmal."
    )
}

fn ask_billing(held: bool, window: bool) -> String {
    let mut text = if held {
        "Fly.io prüft dieses Konto und legt nichts an, bis es freigegeben ist. Nur du kannst dort \
         nachfragen, auf der Seite oben. Komm wieder, wenn sie fertig sind."
    } else {
        "Fly.io verlangt ein Zahlungsmittel, bevor es Maschinen anlegt. Trag auf der Seite oben \
         eines ein und tippe dann auf Fertig."
    }
    .to_owned();
    if window {
        text.push_str(
            " Schreib mir etwas, wenn du wieder da bist: nach einem Tag ohne ein Wort von dir \
             darf ich nicht von selbst schreiben.",
        );
    }
    text
}

fn form_reused(running: bool) -> String {
    let next = if running {
        "Das Einrichten oder Entfernen läuft weiter; /cancel hält das Einrichten an. Wenn es zu \
         Ende ist, widerrufe, was du eingegeben hast, dort, wo du es angelegt hast."
    } else {
        "Bitte widerrufe, was du eingegeben hast, dort, wo du es angelegt hast, und lege es neu \
         an. Danach fängt /deploy von vorn an."
    };
    format!(
        "Das Formular, das ich dir geschickt habe, wurde ein zweites Mal ausgefüllt; jemand \
         anderes hat also vielleicht seinen Link. Ich habe alle deine Zugangsdaten vergessen. \
         {next}"
    )
}
