## Begrüßung und Befehle

welcome = Hallo, ich bin textslash. Ich richte dir einen eigenen Programmier-Agenten in deinem eigenen Cloud-Konto ein: ein kleines Relay, mit dem du chattest, und eine VM, in der der Agent arbeitet. Das braucht ein paar Fragen und ein paar Minuten. Du siehst den Preis, bevor etwas entsteht, und /teardown entfernt alles wieder.
welcome-back = Hallo, da bist du wieder. Was möchtest du tun?
help-line = /{ $command } - { $meaning }
ask-language = Welche Sprache soll ich sprechen? Schick { $choices }.
language-chosen = Gut, ab jetzt auf Deutsch.
private-only = Ich rede nur unter vier Augen, weil ich nach Zugangsdaten frage. Bitte schreib mir direkt.
our-trouble = Bei mir hat gerade etwas nicht geklappt. Es ist nichts verloren; bitte schick das in einer Minute noch einmal.
too-much-at-once = Das war viel auf einmal, und das Letzte davon habe ich nicht gelesen. Bitte schick es noch einmal, etwas langsamer.
nothing-to-cancel = Gerade läuft nichts. /deploy fängt mit dem Einrichten an.
cancelled =
    Abgebrochen. Ich habe deine Antworten und Zugangsdaten vergessen und lasse dein Konto, wie es ist.{ $deployed ->
        [true] {" "}Was du dort hast, bleibt, bis /teardown es entfernt.
       *[false] {""}
    }
nothing-before = Davor gibt es keine Frage. /cancel bricht ab.
stale-button = Dieser Knopf gehört zu einer früheren Frage. Bitte beantworte die letzte; /help zeigt, was ich kann.
still-working = Ich bin noch dabei; wie weit ich bin, steht oben. /cancel hält das Einrichten an.
still-checking = Einen Moment, ich prüfe noch, was du geschickt hast.
check-interrupted = Ich wurde neu gestartet, während ich deine Antwort geprüft habe, und brauche sie deshalb noch einmal.
expired =
    Ich habe eine halbe Stunde gewartet und deine Zugangsdaten vergessen. { $command ->
        [deploy] Deine anderen Antworten sind noch da: /deploy macht weiter, wo wir waren.
        [teardown] Es wurde nichts entfernt; /teardown fängt neu an.
        [forget] Es wurde nichts gelöscht; /forget fragt noch einmal.
       *[other] /status zeigt, was du hast und wie es weitergeht.
    }
secrets-expired = Ich hatte deine Zugangsdaten eine halbe Stunde lang und habe sie jetzt vergessen. Wenn du weitermachst, frage ich wieder danach.

## Wer etwas einrichten darf, und wie oft

closed-for-now = Gerade richte ich nichts Neues ein. Was du hast, bleibt, wie es ist: /status zeigt es und /teardown entfernt es. Bitte komm an einem anderen Tag wieder.
ask-invitation = Vorerst richte ich nur für Leute mit einer Einladung etwas ein. Bitte schick mir den Code deiner Einladung. Wenn du keinen hast, frag die Person, die dir von mir erzählt hat.
invited = Die Einladung gilt. Fangen wir an.
invitation-used-up = Diese Einladung hat schon so viele Leute hereingelassen, wie sie soll. Bitte frag die Person, von der du sie hast, nach einer anderen.
invitation-unknown = Eine Einladung mit diesem Code kenne ich nicht. Bitte vergleiche ihn mit dem, den du bekommen hast, oder frag die Person, von der du ihn hast.
too-many-codes = Es kamen zu viele falsche Codes, darum prüfe ich vorerst keinen mehr von dir. Ab { $until } kannst du mir deine Einladung mit /deploy noch einmal schicken; sie bleibt gültig. Wenn du den Code nicht kennst, frag die Person, die dir von mir erzählt hat.
quota-person = Du hast innerhalb eines Tages { $max }-mal etwas eingerichtet, und mehr geht nicht. Ab { $from } geht es wieder; deine Antworten behalte ich nur eine halbe Stunde. /cancel bricht ab.
quota-organisation = In dieser Organisation wurde innerhalb eines Tages { $max }-mal etwas eingerichtet, und mehr geht in einer nicht. Ab { $from } geht es dort wieder; deine Antworten behalte ich nur eine halbe Stunde. Eine andere Organisation hat ihre eigene Grenze. /cancel bricht ab.
quota-all = Für alle zusammen richte ich am Tag nur so viel ein, und für heute ist das verbraucht. Mit deinen Antworten ist alles in Ordnung, aber ich behalte sie nur eine halbe Stunde: schreib mir bitte ab { $from } noch einmal. /cancel bricht ab.

## Nachrichten, die nicht als eigene Worte gelten

forwarded = Diese Nachricht ist weitergeleitet, deshalb nehme ich sie nicht als deine Antwort. Bitte schreib sie selbst.
unsupported = Ich kann hier nur Text lesen und habe das nicht angenommen. Bitte schreib es als Nachricht.
edited-too-late = Ich hatte deine Nachricht schon gelesen, bevor du sie bearbeitet hast; die Bearbeitung ändert also nichts. Bitte schick deine Änderung als neue Nachricht.
secret-forwarded = Diese Nachricht ist weitergeleitet und enthält vielleicht Zugangsdaten. Zugangsdaten nehme ich nur aus dem, was du selbst schreibst, deshalb habe ich sie nicht benutzt. Sie sind dort, woher sie kommen, noch zu lesen: mach neue und schick mir die.
secret-quoted = Die Nachricht, die du zitierst, enthält Zugangsdaten. Ich habe sie nicht benutzt. Wenn ich das soll, schick sie als eigene Nachricht.
secret-edited = Ich hatte deine Nachricht schon gelesen, bevor du sie bearbeitet hast, und sie enthält jetzt vielleicht Zugangsdaten. Ich habe sie nicht benutzt. Wenn ich das soll, schick sie als neue Nachricht.
secret-elsewhere = Das enthält Zugangsdaten, aber ich nehme sie nur aus dem Text einer Nachricht. Ich habe sie nicht benutzt. Wenn ich das soll, schick sie als Text.
pasted-deleted = Ich habe deine Nachricht mit den Zugangsdaten aus diesem Chat gelöscht.
pasted-not-deleted-unanswered = Ich konnte deine Nachricht mit den Zugangsdaten nicht löschen: der Dienst antwortet seit einer Stunde nicht. Bitte lösche sie selbst.
pasted-not-deleted-refused = Ich konnte deine Nachricht mit den Zugangsdaten nicht löschen: der Dienst lässt mich nicht, zum Beispiel weil sie älter als zwei Tage ist. Bitte lösche sie selbst.
pasted-stays = In diesem Chat kann ich keine Nachrichten löschen: was du eingefügt hast, bleibt im Verlauf. Bitte lösche es, und widerrufe die Zugangsdaten, wenn du fertig bist.
pasted-scrubbed = Die Kopie des Dienstes habe ich gelöscht, aber dein Handy behält die Nachricht. Bitte lösche sie auch dort, und ersetze die Zugangsdaten durch neue, wenn du fertig bist.
unexpected-secret = Das sieht nach Zugangsdaten aus, und ich brauche jetzt keine. Ich habe sie vergessen. Wenn andere sie lesen konnten, widerrufe sie.

## Einrichten und Entfernen

interrupted-deploy = Ich wurde mitten im Einrichten neu gestartet. Es ist nichts verloren: ich weiß, was es schon gibt, und kann dort weitermachen.
interrupted-removal = Ich wurde mitten im Entfernen neu gestartet. Ich weiß, was noch da ist, und kann dort weitermachen.
ask-stop = Ich bin mitten im Einrichten. Anhalten und alles entfernen, was schon da ist?
kept-going = Gut, ich mache weiter.
searching = Ich suche in deinem Konto nach Dingen von mir ...
nothing-found = In diesem Konto ist nichts von mir. Den Token habe ich vergessen.
find-failed = Ich konnte das Konto nicht durchsuchen. { $cause } /teardown versucht es noch einmal.
no-deployments = Du hast nichts eingerichtet, von dem ich weiß. /deploy richtet etwas ein; /teardown sucht in deinem Konto danach.
no-record = Ich weiß von nichts, was du eingerichtet hast. Wenn es etwas gibt, finde ich es in deinem Konto an seinen Namen.
already-deployed =
    Du hast schon etwas eingerichtet.

    { $deployments }
choose-run = Was soll ich entfernen?
choose-found = Das habe ich in deinem Konto gefunden. Was soll ich entfernen?
removed-meanwhile = Alles ist entfernt. Ich wurde dazwischen neu gestartet und kann es deshalb nicht noch einmal aufzählen.

## Das Relay ist fertig

ready =
    Dein Relay ist fertig. Ich habe es und deine VM geprüft: beide antworten, und ein Aufruf ohne Schlüssel wird abgewiesen.

    Das ist dein Link. Wer ihn hat, dem gehört das Relay, also behalte ihn für dich. Ich speichere ihn nicht.
first-steps =
    Öffne ihn im Browser, um mit deinem Relay zu reden; im Terminal geht es mit textslash chat.
    Dann schreib einfach, zum Beispiel: klone mein Repository und führe seine Tests aus

    Beide Maschinen schlafen, wenn du sie nicht brauchst, und wachen auf, wenn du schreibst. Deinen Token und deinen Schlüssel habe ich vergessen. /teardown entfernt alles.
link-placeholder = (der Link zu deinem Relay)
webhook-placeholder = (die Adresse deines Relays)
link-lost =
    Dein Relay ist fertig, aber sein Link ist nicht bei dir angekommen, und ich speichere ihn nie. Ich kann einen neuen machen; dafür brauche ich { $key ->
        [true] deinen Token und deinen Anthropic-Schlüssel
       *[false] deinen Token
    } noch einmal.
channel-ready =
    Dein Relay ist fertig. Ich habe es und deine VM geprüft: beide antworten, und ein Aufruf ohne Schlüssel wird abgewiesen.

    { $manual ->
        [true] Ein Schritt fehlt noch, und nur du kannst ihn tun. Schreib danach an { $address }.
       *[false] Schreib an { $address }.
    }{ $channel ->
        [discord] {" "}Wenn du ihn noch nicht hinzugefügt hast: das macht sein Install Link.
       *[other] {""}
    }
channel-ready-address = dein Relay
channel-first-steps =
    Schreib einfach, zum Beispiel: klone mein Repository und führe seine Tests aus

    Es antwortet nur dir. { $channel ->
        [discord] Die VM schläft, wenn du sie nicht brauchst, und wacht auf, wenn du schreibst; das Relay bleibt wach, weil Discord niemanden weckt.
       *[other] Beide Maschinen schlafen, wenn du sie nicht brauchst, und wachen auf, wenn du schreibst.
    } Deinen Token und deine Schlüssel habe ich vergessen. /teardown entfernt alles.
point-by-hand =
    Nur du kannst die Nummer der Sandbox auf dein Relay richten:

    1. Öffne die Seite oben und wähle Sandbox settings.
    2. Ersetze, was unter "When a message comes in" steht, durch die Adresse in meiner nächsten Nachricht, und wähle POST.
    3. Tippe auf Save.
