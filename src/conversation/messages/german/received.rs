//! German: messages that are not taken as the person's own words.

use super::super::super::Exposure;

pub(super) const FORWARDED: &str = "Diese Nachricht ist weitergeleitet, deshalb nehme ich sie \
                                    nicht als deine Antwort. Bitte schreib sie selbst.";

pub(super) const UNSUPPORTED: &str = "Ich kann hier nur Text lesen und habe das nicht angenommen. \
                                      Bitte schreib es als Nachricht.";

pub(super) const EDITED_TOO_LATE: &str = "Ich hatte deine Nachricht schon gelesen, bevor du sie \
                                          bearbeitet hast; die Bearbeitung ändert also nichts. \
                                          Bitte schick deine Änderung als neue Nachricht.";

pub(super) fn exposed(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Forwarded => {
            "Diese Nachricht ist weitergeleitet und enthält vielleicht Zugangsdaten. Zugangsdaten \
             nehme ich nur aus dem, was du selbst schreibst, deshalb habe ich sie nicht benutzt. \
             Sie stehen auch noch dort, woher sie kommen: mach neue und schick mir die."
        }
        Exposure::Quoted => {
            "Die Nachricht, die du zitierst, enthält Zugangsdaten. Ich habe sie nicht benutzt. \
             Wenn ich das soll, schick sie als eigene Nachricht."
        }
        Exposure::Edited => {
            "Ich hatte deine Nachricht schon gelesen, bevor du sie bearbeitet hast, und sie \
             enthält jetzt vielleicht Zugangsdaten. Ich habe sie nicht benutzt. Wenn ich das \
             soll, schick sie als neue Nachricht."
        }
        Exposure::Elsewhere => {
            "Das enthält Zugangsdaten, aber ich nehme sie nur aus dem Text einer Nachricht. Ich \
             habe sie nicht benutzt. Wenn ich das soll, schick sie als Text."
        }
    }
}

pub(super) const DELETED: &str =
    "Ich habe deine Nachricht mit den Zugangsdaten aus diesem Chat gelöscht.";

pub(super) fn not_deleted(unanswered: bool) -> &'static str {
    match unanswered {
        true => {
            "Ich konnte deine Nachricht mit den Zugangsdaten nicht löschen: der Dienst antwortet \
             seit einer Stunde nicht. Bitte lösche sie selbst."
        }
        false => {
            "Ich konnte deine Nachricht mit den Zugangsdaten nicht löschen: der Dienst lässt mich \
             nicht, zum Beispiel weil sie älter als zwei Tage ist. Bitte lösche sie selbst."
        }
    }
}
