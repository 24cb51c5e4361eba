## Die Seite mit einem Formular

form-page-for = Für
form-page-asks = Bist du das?
form-page-whose = Dieses Formular gehört zu
form-page-warning = Was du eingibst, geht in den Chat dieses Kontos. Wenn dir jemand anderes den Link geschickt hat, sag nein.
form-page-yes = Ja, das bin ich
form-page-no = Nein, das bin ich nicht
form-page-send = Senden
form-page-show = Zeigen
form-page-hide = Verbergen
form-page-checking = Wird geprüft …
form-page-sending = Wird gesendet …
form-page-offline = Keine Verbindung. Neuer Versuch …
form-page-nothing = Diese Seite öffnet sich über einen Knopf oder Link in deinem Chat. Geh zurück zum Chat und öffne sie dort.
form-page-back = Du kannst diese Seite schließen und zum Chat zurückgehen.
form-page-small = Was du eingibst, geht direkt in das Gespräch, wird nur für deine Einrichtung verwendet und nie gespeichert. Dieses Formular gilt einmal, eine Viertelstunde lang.

## Die Seite mit dem Chat eines Relays

chat-page-up = Verbunden
chat-page-connecting = Verbinde …
chat-page-lost = Keine Verbindung; neuer Versuch. Was du schreibst, bleibt.
chat-page-asleep = Dein Relay schläft. Schreib, und es wacht auf.
chat-page-nokey = Dieser Link ist nicht vollständig. Kopiere ihn ganz, mit allem hinter dem #.
chat-page-write = Nachricht
chat-page-secret = Verdeckt getippt, nie behalten
chat-page-send = Senden
chat-page-attach = Datei schicken
chat-page-typing = Eine Antwort ist unterwegs …
chat-page-waiting = Wartet auf eine Verbindung
chat-page-uploading = Wird hochgeladen …
chat-page-large = Sie wurde nicht gesendet: Dateien dürfen hier bis 20 MB haben. Schick eine kleinere.
chat-page-full = Sie wurde nicht gesendet: Deinem Relay fehlt der Platz dafür. Schick eine kleinere.
chat-page-notsent = Sie wurde nicht gesendet. Wähle sie noch einmal.
chat-page-save = Sichern
chat-page-gone = Sie ist nicht mehr da.
chat-page-hidden = (verdeckt)
