## Das Menü des Relays

relay-menu-status = Maschine, Sitzung, was läuft, Tokens
relay-menu-stop = anhalten, was läuft, verwerfen, was wartet
relay-menu-new = eine neue Sitzung anfangen
relay-menu-help = was du hier tun kannst

## Befehle

relay-help =
    Schreib, was getan werden soll; ich gebe es an deinen Agenten weiter.

    /status: die Maschine, die Sitzung, was läuft, verbrauchte Tokens
    /stop: anhalten, was läuft, und verwerfen, was wartet
    /new: eine neue Sitzung anfangen
    /help: diese Liste
relay-elsewhere = Ich gebe nur Nachrichten an deinen Agenten weiter. Einrichten und Entfernen geht dort, wo du mich eingerichtet hast: beim Bot, oder mit `textslash setup` oder `textslash teardown` in einem Terminal. /help zeigt, was ich kann.
relay-unknown-command = { $command } gibt es hier nicht. /help zeigt die Befehle.
relay-stopping =
    { $dropped ->
        [0] Ich halte an.
        [one] Ich halte an. Eine wartende Nachricht ist verworfen.
       *[other] Ich halte an. { $dropped } wartende Nachrichten sind verworfen.
    }
relay-nothing-to-stop = Gerade läuft nichts. Schreib, was getan werden soll.
relay-new-session = Mit deiner nächsten Nachricht beginnt eine neue Sitzung. Dateien im Arbeitsverzeichnis bleiben.
relay-status =
    Maschine: { $awake ->
        [true] wach
       *[false] schläft oder ist nicht erreichbar
    }
    Sitzung: { $session }
    Arbeit: { $work ->
        [0] nichts läuft
        [1] ein Auftrag läuft
       *[other] ein Auftrag läuft, { $waiting ->
            [one] einer wartet
           *[other] { $waiting } warten
        }
    }
    Tokens: { $input } hinein, { $output } heraus
relay-usage-today = Heute: { $spent } von { $limit } Tokens, bis 00:00 Uhr UTC
relay-network-open = Netz: Dein Agent erreicht auch private Adressen rund um seine Maschine, denn das ließ sich nicht sperren. Starte die Maschine neu; bleibt diese Zeile, vertrau dem Agenten keine Geheimnisse an.

## Nachrichten, die angenommen oder abgelehnt werden

relay-stranger = Das ist jemandes eigener Assistent, und er antwortet nur ihm. Du kannst dir einen eigenen einrichten.
relay-next = Das kommt als Nächstes.
relay-full = Es warten zu viele Nachrichten; diese wurde nicht angenommen. Schick sie später noch einmal, oder /stop.
relay-too-long = Diese Nachricht ist zu lang und wurde nicht angenommen. Schick sie in kleineren Teilen.
relay-secret = Ich frage nicht nach Geheimnissen, deshalb habe ich dieses weder behalten noch weitergegeben. Wenn es echt war, leg ein neues an.
relay-unsupported = Diese Art von Nachricht kann ich nicht lesen, deshalb habe ich sie nicht weitergegeben. Ich nehme Text und Dateien: Fotos, Dokumente, Sprachnachrichten, Videos.
relay-edited-too-late = Ich hatte deine Nachricht schon übernommen, bevor du sie bearbeitet hast; die Bearbeitung ändert also nichts. Schick deine Änderung als neue Nachricht.
relay-not-committed = Das Einrichten wurde nie abgeschlossen, deshalb läuft nichts. Schließ es dort ab, wo du es angefangen hast, oder entferne es dort.
relay-not-ready = Ich bin noch nicht bereit: Dein Deployment wird noch geprüft. Schick das noch einmal, wenn das fertig ist.
relay-kept = Ich bin noch nicht bereit: Dein Deployment wird noch geprüft. Ich behalte deine Nachricht und kümmere mich darum, sobald das fertig ist.
relay-possible-repeat = Vielleicht habe ich diese Nachricht schon ausgeführt, bevor mein Gedächtnis beschädigt wurde; deshalb läuft sie jetzt nicht. Wenn du sie noch willst, schick sie in zwei Minuten noch einmal.
relay-restored = Mein Gedächtnis wurde beschädigt, und ich habe verloren, was hier zwischen { $from } und { $until } (UTC) geschah. Nichts davon läuft noch einmal; wenn noch etwas zu tun ist, schick es noch einmal.
relay-restored-empty = Mein Gedächtnis wurde beschädigt, und ich habe alles verloren, was hier bis { $until } (UTC) geschah. Nichts davon läuft noch einmal; wenn noch etwas zu tun ist, schick es noch einmal.

## Dateien

relay-no-files = Hier lassen sich keine Dateien schicken. Schick den Inhalt als Text.
relay-file-not-fetched = Ich konnte diese Datei beim Chatdienst nicht holen. Schick sie noch einmal.
relay-file-no-room = Deine Maschine konnte diese Datei nicht speichern; vielleicht ist ihr Speicher voll. Bitte deinen Agenten, Platz zu schaffen, und schick sie dann noch einmal.
relay-file-stored = Sie liegt unter { $path }. Schreib jetzt, was damit geschehen soll.
relay-file-too-large-in = Diese Datei ist zu groß: Ich kann hier { $max } MB annehmen. Schick sie in Teilen.
relay-file-too-large-out = { $name } hat { $size } MB, und ich kann hier { $max } MB schicken. Sie bleibt auf deiner Maschine unter sent/{ $name }. Bitte deinen Agenten um eine kleinere Datei.
relay-file-not-sent = { $name } ließ sich hier nicht schicken. Sie bleibt auf deiner Maschine unter sent/{ $name }. Bitte deinen Agenten, sie noch einmal oder in anderer Form zu schicken.
relay-file-not-kept = { $name } ließ sich nicht schicken: Mir fehlt der Platz, sie zu speichern. Sie bleibt auf deiner Maschine unter sent/{ $name }. Bitte deinen Agenten um eine kleinere Datei.
relay-files-named =
    { $more ->
        [0] { $names }
       *[other] { $names } und { $more } weitere
    }
relay-withheld-no-outbox = Ich konnte auf deiner Maschine nicht in outbox/ sehen. Bitte deinen Agenten, einen einfachen, lesbaren Ordner daraus zu machen.
relay-withheld-not-plain = Nicht aus outbox/ geschickt, denn das geht nur mit einfachen Dateien: { $files }. Bitte deinen Agenten um ein Archiv oder eine Kopie.
relay-withheld-unreadable = Nicht aus outbox/ geschickt, denn dein Agent darf es nicht lesen: { $files }. Bitte ihn, die Rechte zu ändern.
relay-withheld-no-room = Nicht aus outbox/ geschickt, denn der Speicher deiner Maschine ist voll: { $files }. Bitte deinen Agenten, Platz zu schaffen; mit der nächsten Antwort kommt es dann.
relay-withheld-too-slow = Nicht aus outbox/ geschickt, denn es dauerte zu lange: { $files }. Mit der nächsten Antwort kommt ein neuer Versuch; hilft das nicht, bitte deinen Agenten um kleinere Dateien.
relay-withheld-too-many = Noch in outbox/: { $files }. Deine nächsten Antworten bringen jeweils ein paar; um alle auf einmal zu bekommen, bitte deinen Agenten um ein Archiv.
relay-withheld-otherwise = Noch in outbox/: { $files }. Deine Maschine ist neuer als ich und nennt einen Grund, den ich nicht kenne.

## Ein Auftrag

relay-waking = Ich wecke deine Maschine…
relay-nothing-said = Erledigt. Es gab nichts zu sagen.
relay-still-working = Ich arbeite noch, { $minutes } min
relay-still-working-on = Ich arbeite noch, { $minutes } min, zuletzt: { $tool }
relay-stopped = Angehalten.
relay-timed-out = Das hat zu lange gedauert und wurde angehalten. Bitte um einen kleineren Schritt.
relay-agent-crashed = Der Agent ist unerwartet zu Ende gegangen. Schick deine Nachricht noch einmal; wenn es wieder passiert, versuch /new.
relay-model-refused = Das Modell hat abgelehnt; der Grund steht darüber. Wenn es um Guthaben oder einen Schlüssel geht, sieh bei deinem Modell-Konto nach und schick deine Nachricht dann noch einmal.
relay-interrupted = Deine Maschine wurde mittendrin neu gestartet. Schick deine Nachricht noch einmal, dann geht es weiter.
relay-turn-disk-failed = Der Speicher deiner Maschine ist voll oder defekt, deshalb wurde das angehalten. Bitte deinen Agenten, Platz zu schaffen, und schick deine Nachricht noch einmal.
relay-turn-failed-otherwise = Deine Maschine hat das aus einem Grund angehalten, den ich nicht kenne: Sie ist neuer als ich. Schick deine Nachricht noch einmal; wenn sie wieder anhält, verlang dort, wo du mich eingerichtet hast, neue Schlüssel, das erneuert auch mich.
relay-vm-out-of-reach = Deine Maschine antwortet nicht. Schick deine Nachricht in ein paar Minuten noch einmal; wenn sie dann noch schweigt, sieh bei deiner Cloud nach ihr.
relay-vm-session-busy = Deine Maschine arbeitet noch an einer früheren Nachricht. Schick diese in ein paar Minuten noch einmal, oder fang mit /new eine Sitzung an, die nicht darauf wartet.
relay-vm-full = Deine Maschine arbeitet schon an so vielen Nachrichten, wie sie kann. Schick diese in ein paar Minuten noch einmal.
relay-vm-refused = Deine Maschine nimmt keine Aufrufe von mir an. Schick deine Nachricht in ein paar Minuten noch einmal; wenn das nicht hilft, verlang dort, wo du mich eingerichtet hast, einen neuen Link oder neue Schlüssel: dann bekommen wir beide neue.
relay-vm-disk-failed = Der Speicher deiner Maschine ist voll oder defekt, deshalb wurde deine Nachricht nicht angenommen. Starte die Maschine bei deiner Cloud neu oder gib ihr mehr Speicher, und schick sie dann noch einmal.
relay-vm-not-taken = Deine Maschine kann diese Nachricht nicht annehmen. Schick sie in kleineren Teilen oder in anderen Worten; wenn sie gar keine annimmt, verlang dort, wo du mich eingerichtet hast, einen neuen Link oder neue Schlüssel.
relay-vm-other-release = Deine Maschine ist älter als ich und versteht mich nicht. Verlang dort, wo du mich eingerichtet hast, neue Schlüssel: Das bringt uns beide auf denselben Stand.

## Grenzen des Modells

relay-too-fast = Dein Relay gibt nur so viele Anfragen und Tokens pro Minute an das Modell weiter. Versuch es in einer Minute noch einmal.
relay-daily-limit = Das heutige Limit von { $limit } Tokens ist erreicht. Um 00:00 Uhr UTC kann dein Agent weitermachen. Um das Limit zu ändern, setz TEXTSLASH_DAILY_TOKENS für die App deines Relays bei deiner Cloud.
