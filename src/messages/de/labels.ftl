## Knöpfe: höchstens 20 Zeichen sind überall zu sehen

button-offer = Den der Sandbox
button-keep-answer = Antwort behalten
button-make-bot = Für mich anlegen
button-take-over = Übernehmen
button-another-address = Anderen nehmen
button-region = { $name } ({ $code })
button-check-again = Fertig, neu prüfen
button-deploy = Einrichten
button-change = Antwort ändern
button-retry = Noch einmal
button-keep = Stehen lassen
button-remove = Alles entfernen
button-keep-going = Weitermachen
button-confirm-teardown = Ja, entfernen
button-confirm-forget = Ja, vergiss mich
button-new-link = Neuer Link
button-new-keys = Neue Schlüssel
button-resume = Fertig einrichten
button-deploy-another = Noch eins einrichten
button-command =
    { $command ->
        [start] Start
        [help] Hilfe
        [deploy] Jetzt einrichten
        [status] Status
        [teardown] Entfernen
        [cancel] Abbrechen
        [back] Zurück
        [privacy] Datenschutz
        [forget] Vergiss mich
       *[language] Sprache
    }
button-question =
    { $question ->
        [invitation] Einladung
        [cloud] Cloud
        [token] Token
        [organisation] Organisation
        [billing] Zahlung
        [model] Agent und Schlüssel
        [channel] Kanal
        [channel-key] Schlüssel des Kanals
        [address] Nummer
        [take-over] Übernahme
        [name] Name
        [region] Region
       *[size] Größe
    }

## Wörter, die Ja bedeuten, durch Kommas getrennt

words-of-yes = ja, j, jo, jawohl, ja bitte, ja gerne, ok, okay, klar, gern, gerne, fertig, mach das, passt, natürlich, los

## Wörter für nein, durch Kommas getrennt

words-of-no = nein, n, nee, nö, nein danke

## Was jeder Befehl tut: höchstens 100 Zeichen

command-meaning =
    { $command ->
        [start] anfangen
        [help] diese Liste
        [deploy] etwas einrichten
        [status] was du hast, was es kostet, seit wann
        [teardown] alles entfernen, mit Beleg
        [cancel] abbrechen, was wir gerade tun
        [back] die vorige Frage
        [privacy] was ich wo aufbewahre
        [forget] löschen, was ich über dich gespeichert habe, mit Beleg
       *[language] die Sprache wählen, die ich spreche
    }

## Namen

cloud-name =
    { $cloud ->
       *[fly] Fly.io
    }
agent-name =
    { $agent ->
        [claude] Claude Code
       *[shell] Shell ohne Schlüssel
    }
channel-name =
    { $channel ->
        [telegram] Telegram
        [discord] Discord
        [whatsapp] WhatsApp
       *[web] ein Web-Link
    }
size-name =
    { $size ->
        [small] Klein
        [medium] Mittel
       *[large] Groß
    }
size-name-inline =
    { $size ->
        [small] klein
        [medium] mittel
       *[large] groß
    }
resource-name =
    { $resource ->
        [relay-app] App des Relays
        [vm-app] App der VM
        [relay-ipv4] IPv4-Adresse des Relays
        [relay-ipv6] IPv6-Adresse des Relays
        [relay-private] private Adresse des Relays
        [vm-private] private Adresse der VM
        [relay-volume] Datenträger des Relays
        [vm-volume] Datenträger der VM
        [relay-machine] Maschine des Relays
        [vm-machine] Maschine der VM
       *[other] { $resource }
    }
