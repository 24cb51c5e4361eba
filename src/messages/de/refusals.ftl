## Eine Antwort wird nicht angenommen

rejected-empty = Das war leer. Bitte schick { $asked ->
        [token] den Fly.io-Token
        [model] den Anthropic-Schlüssel
        [channel-key] den Schlüssel
        [name] den Namen
        [region] die Region
       *[other] die Antwort
    }.
rejected-too-long = Das ist zu lang. Bitte kopiere nur { $asked ->
        [token] den Fly.io-Token
        [model] den Anthropic-Schlüssel
        [channel-key] den Schlüssel
        [name] den Namen
        [region] die Region
       *[other] die Antwort
    } und schick das noch einmal.
rejected-malformed =
    { $asked ->
        [token] Das ist kein Fly.io-Token. Ein Token beginnt mit FlyV1 oder fm2_ und hat mehrere hundert Zeichen.
        [model] Das ist kein Anthropic-Schlüssel. Ein Schlüssel beginnt mit sk-ant-.
        [channel-key] Das ist nicht der Schlüssel, nach dem ich gefragt habe. Bitte kopiere ihn dort, wo er gemacht wurde, noch einmal ganz.
        [name] Dieser Name geht nicht: bis zu 20 kleine Buchstaben, Ziffern und Striche, ein Buchstabe zuerst, kein Strich am Ende.
       *[other] Diese Antwort verstehe ich nicht. Bitte wähle eine davon.
    }
rejected-other-vendor = Das ist { $credential }, aber hier brauche ich { $asked ->
        [token] den Fly.io-Token
        [model] den Anthropic-Schlüssel
        [channel-key] den Schlüssel
        [name] den Namen
        [region] die Region
       *[other] die Antwort
    }. Ich habe es vergessen.
rejected-cut-off = Da fehlt das Ende. Bitte kopiere { $asked ->
        [token] den Fly.io-Token
        [model] den Anthropic-Schlüssel
        [channel-key] den Schlüssel
       *[other] die Antwort
    } ganz, bis zum letzten Zeichen.
rejected-discharge-missing = Ein Teil dieses Tokens fehlt: er hat zwei Teile mit einem Komma dazwischen. Bitte kopiere beide.
rejected-expired = Dieser Token ist am { $date } abgelaufen. Bitte lege einen neuen an und schick ihn.
rejected-read-only = Dieser Token darf nur lesen und kann deshalb nichts anlegen. Bitte lege stattdessen einen Organization Token an.
rejected-app-scoped = Dieser Token öffnet nur eine einzelne App. Bitte lege stattdessen einen Organization Token an.
rejected-not-narrowable = Das ist eine alte Art von Token, die alles öffnet, was du hast, und sich nicht einschränken lässt. Bitte lege stattdessen einen Organization Token an; er beginnt mit FlyV1.
rejected-other-organisation = Dieser Token öffnet eine andere Organisation. Bitte schick einen für die Organisation { $expected }.
rejected-other-address = Dieser Schlüssel öffnet einen anderen Bot oder eine andere Nummer. Bitte schick den von { $expected }.
rejected-subscription = Ein Abo-Token (sk-ant-oat…) funktioniert hier nicht: Anthropic erlaubt ihn nur den eigenen Programmen. Bitte nimm stattdessen einen API-Schlüssel. Du kannst ihn unter https://console.anthropic.com/settings/keys anlegen.
rejected-refused = Die Form stimmt, aber der Dienst lehnt { $asked ->
        [token] den Fly.io-Token
        [model] den Anthropic-Schlüssel
        [channel-key] den Schlüssel
       *[other] die Antwort
    } ab; vielleicht gilt es nicht mehr. Bitte leg es neu an und schick es.
rejected-out-of-reach = Ich konnte den Dienst nicht erreichen, um { $asked ->
        [token] den Fly.io-Token
        [model] den Anthropic-Schlüssel
        [channel-key] den Schlüssel
       *[other] die Antwort
    } zu prüfen; es kann alles stimmen. Bitte schick es in einer Minute noch einmal.
rejected-not-offered =
    { $asked ->
        [region] Diese Region gibt es nicht. Tippe auf eine davon, oder schreib einen Code wie ams oder iad.
       *[other] Bitte wähle eine davon.
    }

## Ein Lauf ist gescheitert

failed-deploy = Das Einrichten ist stehen geblieben. { $cause }
failed-removal = Das Entfernen ist stehen geblieben. { $cause }
failed-question = Was soll ich tun?
not-looked = Ich konnte nicht nachsehen, was in deinem Konto ist; /teardown findet und entfernt es.
nothing-left = In deinem Konto sehe ich jetzt nichts davon.
still-there = Das ist jetzt in deinem Konto:
resource-left = { $resource }: { $name } { $link }
resource-maybe-left = { $resource }: { $name } (vielleicht da) { $link }
kept-nothing = Gut. In deinem Konto habe ich nichts davon gesehen.
kept = Gut, ich lasse es, wie es ist. Es kann Geld kosten, bis es entfernt ist; das macht /teardown.
kept-unknown = Gut, ich lasse es, wie es ist. { $reason }
gate-relay-started = Fly.io hat die Maschine deines Relays nicht rechtzeitig gestartet. Versuch es in ein paar Minuten noch einmal; wenn es so bleibt, sieh auf https://status.flyio.net nach.
gate-vm-started = Fly.io hat die Maschine deiner VM nicht rechtzeitig gestartet. Versuch es in ein paar Minuten noch einmal; wenn es so bleibt, sieh auf https://status.flyio.net nach.
gate-relay-answers = Dein Relay hat nicht rechtzeitig geantwortet: es kann Minuten dauern, bis ein neuer Name bekannt ist. Versuch es in ein paar Minuten noch einmal; wenn es so bleibt, entferne alles und richte es neu ein.
gate-agent-ready = Dein Relay hat geantwortet, deine VM aber nicht rechtzeitig. Versuch es in ein paar Minuten noch einmal; wenn es so bleibt, entferne alles und richte es neu ein.
gate-committed = Dein Relay und deine VM waren bereit, haben aber nicht bis zum Ende geantwortet. Versuch es noch einmal; es dauert eine Minute.
cause-token-refused = Fly.io lehnt den Token ab: vielleicht wurde er widerrufen oder ist abgelaufen. Lege einen neuen an; ich frage danach, wenn du es noch einmal versuchst.
cause-payment-needed = Fly.io verlangt ein Zahlungsmittel. Trag auf der Abrechnungsseite der Organisation (https://fly.io/dashboard) eines ein und versuch es noch einmal.
cause-account-held = Fly.io prüft dein Konto und legt nichts an, bis es freigegeben ist. Frag dort nach (https://fly.io/high-risk-unlock) und versuch es noch einmal, wenn sie fertig sind.
cause-no-room = Fly.io hat in dieser Region gerade keinen Platz. Versuch es später noch einmal, oder entferne es und richte es anderswo ein.
cause-unconfirmed = Fly.io hat lange nicht eindeutig geantwortet. Ein neuer Versuch sieht zuerst nach, was es schon gibt, damit nichts doppelt entsteht.
cause-later = Fly.io war lange überlastet. Versuch es in ein paar Minuten noch einmal.
cause-taken = Fly.io lässt diesen Token keine App dieses Namens benutzen: jemand anderes hat den Namen, oder die App gehört einer Organisation, die der Token nicht öffnet. Versuch es mit einem Token der richtigen Organisation, oder richte es neu ein: dann gibt es einen neuen Namen.
cause-missing = Etwas, das da war, ist weg; vielleicht wurde es anderswo entfernt. Ein neuer Versuch legt es wieder an.
cause-elsewhere = Daran arbeitet gerade jemand anderes, der dieses Konto auch benutzen kann. Versuch es in ein paar Minuten noch einmal.
cause-clock-off = Die Uhr des Rechners, auf dem ich laufe, geht falsch, deshalb glaubt mir Fly.io oder dein Relay nicht. Wenn diese Uhr gestellt ist, versuch es noch einmal.
cause-our-fault = Das ist mein Fehler. Ein neuer Versuch kann helfen; wenn nicht, entferne alles, dann bleibt nichts übrig.
