## Fragen im Terminal

cli-agree = ja oder nein?
cli-ask-cloud-token =
    { $cloud ->
       *[fly] Fly.io-Token (unsichtbar):
    }
cli-ask-model-key = API-Schlüssel von Anthropic (unsichtbar):
cli-ask-link = Der Link zu deinem Relay (unsichtbar):
cli-no-link = Es wurde kein Link angegeben. Setz TEXTSLASH_LINK, oder starte das noch einmal und füge den Link ein.
cli-no-terminal = { $setting } ist nicht gesetzt, und es gibt kein Terminal, um zu fragen. Setz es und starte das noch einmal.
cli-nobody-agrees-to-price = Hier kann niemand Ja sagen. Gib --yes an, wenn du mit dem Preis einverstanden bist.
cli-nobody-agrees-to-removal = Hier kann niemand Ja sagen. Gib --yes an, um { $deployment } zu entfernen.

## setup

cli-setup-begin = Schreib hi, um anzufangen. Ctrl-C beendet; es geht nichts verloren, und der nächste Start macht weiter.
cli-setup-unfinished = Nicht fertig: { $name }. `textslash setup` macht weiter; `textslash teardown { $id }` entfernt es.

## deploy

cli-interrupted-untouched = Abgebrochen. Es wurde nichts begonnen.
cli-interrupted-nothing-created = Abgebrochen. Es wurde nichts angelegt.
cli-interrupted-may-exist = Abgebrochen. Das ist vielleicht in deinem Konto:
cli-nothing-created = Es wurde nichts angelegt.
cli-teardown-removes = `textslash teardown { $id }` entfernt es.
cli-teardown-removes-rest = `textslash teardown { $id }` entfernt, was noch da ist.
cli-payment-needed = Fly.io verlangt ein Zahlungsmittel, bevor es Maschinen anlegt. Trag hier eines ein und starte das noch einmal: { $link }
cli-account-held = Fly.io prüft dieses Konto und legt nichts an, bis es freigegeben ist. Frag hier nach: { $link }
cli-deployed =
    Eingerichtet und geprüft: { $name }
    Relay-Maschine { $relay }
    VM-Maschine    { $vm }
    Region         { $region }
    Status         bereit
cli-deployed-link =
    Dein Link. Wer ihn hat, dem gehört das Relay; er ist nirgends gespeichert:
    { $link }
cli-deployed-link-next = Weiter: öffne ihn im Browser, oder starte `textslash chat`, das danach fragt; `textslash teardown { $id }` entfernt alles.
cli-deployed-channel-next = Es antwortet nur dir. `textslash teardown { $id }` entfernt alles.
cli-several-addresses = CHANNEL_KEY öffnet mehrere. Gib --address mit einem davon an: { $names }
cli-address-taken = { $address } bedient schon { $host }, das nichts mehr bekäme, bis ein Teardown es zurückgibt. Gib --take-over an, wenn du damit einverstanden bist.
cli-other-organisation = Der Token öffnet { $organisations }, nicht { $wanted }. Gib --organisation mit einer davon an, oder setz FLY_API_TOKEN auf einen anderen Token.
cli-several-organisations = Der Token öffnet mehrere Organisationen. Gib --organisation mit einer davon an: { $organisations }
cli-no-size = Dieses Konto kann diese Größe nicht haben. Gib --size mit einer davon an: { $sizes }
cli-no-regions = Fly.io bietet diesem Konto keine Region an. Sieh unter https://fly.io/dashboard nach dem Konto.
cli-unknown-region = Die Region { $region } gibt es nicht. Gib --region mit einer davon an: { $regions }
cli-web-without-address = der Web-Kanal hat keine Adresse; gib auch --channel an
cli-web-without-owner = auf dem Web-Kanal gehört das Relay der Person mit dem Link; gib auch --channel an
cli-name-malformed = ein Name hat 1 bis { $max } Zeichen aus a-z, 0-9 und -, mit einem Buchstaben zuerst und keinem Strich am Ende; { $near } ginge
cli-language-unknown = es spricht { $languages }
cli-email-malformed = eine E-Mail-Adresse sieht aus wie name@example.com
cli-owner-telegram = auf Telegram ist der Besitzer eine Zahl, die dir @userinfobot nennt; ein @name kann den Besitzer wechseln
cli-owner-discord = auf Discord ist der Besitzer eine Zahl mit mindestens 17 Ziffern: Entwicklermodus an, dann ID kopieren; ein Name kann den Besitzer wechseln
cli-owner-whatsapp = auf WhatsApp ist der Besitzer eine Nummer mit Landesvorwahl, etwa +4915112345678

## Fortschritt

cli-progress = [..] { $stage }
cli-progress-done = [x] { $stage }
cli-progress-elsewhere = [..] anderswo: { $stage }
cli-progress-waiting = [..] ich warte, ob noch etwas nachkommt: { $stage }

## list, status, teardown

cli-list-empty = Von hier aus wurde nichts eingerichtet. `textslash setup` richtet etwas ein.
cli-status-healthy = Relay: gesund, Build { $build }
cli-status-removed = Relay: entfernt
cli-status-silent = Relay: antwortet nicht
cli-no-such-deployment = Nichts heißt { $name }. `textslash list` zeigt, was es gibt.
cli-several-deployments = Mehreres heißt { $name }. Nenn eines bei seiner Kennung: { $ids }
cli-teardown-interrupted = Abgebrochen. Was noch nicht entfernt wurde, ist noch da; derselbe Befehl macht weiter, wo dieser aufgehört hat.
cli-left-as-it-is = { $id } bleibt, wie es ist.

## channel

cli-webhook-none = Der Kanal dieses Relays hat keinen Webhook, der zurückzugeben wäre.
cli-webhook-restored = Der Bot führt wieder dorthin, wohin er vorher führte.
cli-webhook-elsewhere = Der Bot führt schon anderswohin und blieb, wie er ist.
cli-webhook-refused = Der Dienst lehnt den Schlüssel des Bots ab, deshalb blieb der Bot, wie er ist.

## sandbox

cli-sandbox-welcome =
    Das ist eine Sandbox: Fly.io und Anthropic werden in diesem Prozess simuliert, und nichts kostet Geld.
    Wertlose Zugangsdaten werden unterwegs angeboten. Schreib hi, um anzufangen. Ctrl-C beendet alles.
cli-sandbox-serving = Die Dienste laufen. Ctrl-C beendet sie und alles, was in ihnen läuft.
cli-sandbox-relay = Das ist dein eigenes Relay. /bot geht zurück zum Bot, /relay wieder hierher.
cli-sandbox-empty = Das simulierte Konto ist leer, und kein Prozess ist übrig.
cli-sandbox-remains =
    Das war noch im simulierten Konto; mit der Sandbox ist es weg:
    { $inventory }
cli-script-waited = Das Skript wartete vergeblich auf: { $text }
cli-no-such-command = Einen Befehl { $name } gibt es nicht. textslash --help nennt alle.
