## Der Plan und sein Preis

plan =
    Das ist der Plan:

    Name: { $name }
    Cloud: { $cloud }, Organisation { $organisation }
    Region: { $region }
    Relay: 1 CPU, { $relay_mb } MB, { $relay_disk } GB Datenträger; erreichbar über: { $channel }
    VM: { $cpus } CPU, { $gb } GB, { $disk } GB Datenträger; Agent: { $agent }
plan-region-fallback = { $first }; wenn dort kein Platz ist, { $others }
plan-agent-limit = { $agent }; höchstens { $tokens } Tokens am Tag (UTC)
plan-costs = Für 30 Tage:
plan-cost-relay = Relay, wenn es immer liefe: { $price }
plan-cost-vm = VM, wenn sie immer liefe: { $price }
plan-cost-disks = Datenträger, { $gb } GB: { $price }
plan-cost-stopped = Dateisysteme schlafender Maschinen: { $price }
plan-cost-addresses = Adressen: { $price }
plan-question =
    { $always_on ->
        [true] Die VM schläft, wenn du sie nicht brauchst, das Relay bleibt wach
       *[false] Beide Maschinen schlafen, wenn du sie nicht brauchst
    }: etwa { $idle } im Monat, wenn du sie nie benutzt, höchstens { $most }, wenn beide Tag und Nacht laufen. Fly.io rechnet direkt mit dir ab (Preise vom { $date }, ohne Datenverkehr). Einrichten?

## Eingerichtetes

deployment =
    { $name } in { $region }, { $size }, { $standing ->
        [deployed] eingerichtet
        [removed] entfernt
        [stuck] teilweise entfernt
       *[unfinished] nicht fertig
    }
    seit { $date }, etwa { $idle } im Monat im Schlaf, höchstens { $most }
confirm-teardown = Das entfernt "{ $name }" endgültig: beide Apps ({ $relay } und { $vm }), ihre Maschinen, Datenträger, Adressen und Schlüssel, mit allem, was der Agent dort gespeichert hat. Entfernen?
confirm-teardown-unknown = Das und alle seine Daten endgültig entfernen?
receipt = Alles ist weg. Ich habe nach jedem davon gesehen, und es ist nicht mehr da:
receipt-line = { $resource }: { $name } - weg seit { $date }
receipt-end = Deinen Token habe ich vergessen. Du kannst ihn jetzt widerrufen.

## Fortschritt

progress-deploying = Ich richte ein
progress-removing = Ich entferne alles
progress-line = { $sign } { $stage }
progress-line-moving = { $sign } { $stage } - dort ist kein Platz, ich nehme eine andere Region
progress-line-settling = { $sign } { $stage } - ich warte zwei Minuten, ob noch etwas nachkommt
stage-deploying =
    { $stage ->
        [apps] Namen reserviert
        [network] Netz und Adressen
        [secrets] Schlüssel übergeben
        [storage] Datenträger
        [machines] Maschinen gestartet
       *[proof] Geprüft: Relay, VM, und Fremde abgewiesen
    }
stage-removing =
    { $stage ->
        [apps] Apps
        [network] Adressen
        [secrets] Schlüssel
        [storage] Datenträger
        [machines] Maschinen
       *[proof] Geprüft, dass alles weg ist
    }

## Was gespeichert ist

privacy =
    Ich bewahre auf: deine Kennung in diesem Chat, von dem, was du eingerichtet hast, Namen, Kennungen, Region, Größe und Schritte (bis dreißig Tage, nachdem es entfernt ist), und die Antworten eines Gesprächs, das noch nicht zu Ende ist. /forget löscht das. Eine Woche lang behalte ich einen Hash der Nummer jeder Nachricht; er führt nicht zu dir zurück. Zugangsdaten speichere ich nie: sie stehen im Arbeitsspeicher, solange sie gebraucht werden, ohne dich höchstens eine halbe Stunde, und werden nach dem Einrichten vergessen.

    { $way ->
        [hidden] Hier gibst du sie in ein verdecktes Feld ein, das nichts behält.
        [scrubbed-form] Hier gibst du sie in ein Formular ein, das sich einmal öffnet. Was du stattdessen in diesen Chat einfügst, bleibt auf deinem Handy: ich kann nur die Kopie des Dienstes löschen.
        [form] Hier gibst du sie in ein Formular ein, das sich einmal öffnet. Was du stattdessen in diesen Chat einfügst, bleibt in seinem Verlauf, und ich kann es nicht löschen.
        [paste] Hier fügst du sie ein, und ich lösche die Nachricht sofort. Der Dienst kann Kopien behalten, an die ich nicht komme; widerrufe einen Token also, wenn du ihn nicht mehr brauchst.
       *[kept-paste] Hier bleibt im Verlauf, was du einfügst, und ich kann es nicht löschen. Lösche es selbst und widerrufe den Token, wenn du ihn nicht mehr brauchst.
    }{ $page ->
        [true] {" "}Auch die Seite, die der Knopf öffnet, behält nichts.
       *[false] {""}
    }

    Dein Modell-Schlüssel und der deines Bots oder deiner Nummer liegen in deinem eigenen Cloud-Konto, bei den Geheimnissen des Relays. Deine Chats mit dem Agenten laufen über dein Relay, nicht über mich.
nothing-on-record = Über dich ist nichts gespeichert. /deploy fängt mit dem Einrichten an.
on-record =
    Gespräch: 1, mit deinen Antworten und deiner Sprache
    Eingerichtetes, das entfernt ist: { $removed }, je mit seinem Protokoll
    Zugangsdaten, nur im Arbeitsspeicher: { $credentials }
confirm-forget =
    Über dich ist gespeichert:

    { $record }

    Soll ich das alles löschen? Das lässt sich nicht rückgängig machen. Du bekommst einen Beleg.
needed-to-remove =
    Das steht noch in deinem Konto, und ohne das, was ich darüber gespeichert habe, könnte ich es nicht entfernen:

    { $deployments }

    /teardown entfernt es. Danach löscht /forget alles.
forgotten =
    Gelöscht ist, was über dich gespeichert war ({ $date }):

    { $record }

    Das Letzte davon ist, wohin ich diese Nachricht schicke; das lösche ich, sobald sie verschickt ist.

    Was ich nicht löschen kann: { $service ->
        [telegram] diesen Chat, der bei Telegram bleibt, bis du ihn dort löschst (ich kann einzelne Nachrichten löschen, und nur zwei Tage lang)
        [discord] diesen Chat, der bei Discord bleibt; deine Nachrichten kannst dort nur du löschen
        [whatsapp] diesen Chat auf deinem Handy, wo nur du ihn löschen kannst, und die Kopien von Twilio, das ihn überträgt, bis mein Betreiber sie löscht
       *[web] was auf deinem Bildschirm steht
    }; was Fly.io von deinem Konto aufbewahrt, etwa Aktivitäten und Rechnungen; Kopien meiner Festplatte, falls mein Betreiber welche macht.

    Was bleibt, führt nicht zu dir zurück: eine Woche lang ein Hash der Nummer jeder Nachricht, damit ich keine zweimal ausführe{ $begun ->
        [true] ; einen Tag lang, wie oft etwas eingerichtet wurde, unter einer Zahl, die Tausende miteinander teilen, für die Grenze je Tag
       *[false] {""}
    }{ $invited ->
        [true] ; wie viele Leute jede Einladung hereingelassen hat, aber nicht, wen
       *[false] {""}
    }{ $wrong_codes ->
        [true] ; einen Tag lang, wann falsche Einladungscodes kamen, unter einer Zahl, die viele miteinander teilen, für die Grenze je Tag
       *[false] {""}
    }.

    Wenn du wieder schreibst, fangen wir von vorn an.
