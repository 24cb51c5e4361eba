## Fragen

ask-cloud = Wo soll dein Relay wohnen?
ask-organisation = Dein Token öffnet mehrere Organisationen. Welche soll bezahlen?
ask-billing =
    { $held ->
        [true] Fly.io prüft dieses Konto und legt nichts an, bis es freigegeben ist. Nur du kannst dort nachfragen, auf der Seite oben. Komm wieder, wenn sie fertig sind.
       *[false] Fly.io verlangt ein Zahlungsmittel, bevor es Maschinen anlegt. Trag auf der Seite oben eines ein und tippe dann auf Fertig.
    }{ $window ->
        [true] {" "}Schreib mir etwas, wenn du wieder da bist: nach einem Tag ohne Nachricht von dir darf ich nicht von selbst schreiben.
       *[false] {""}
    }
ask-channel = Welchen Kanal soll dein Relay sprechen?
ask-address = Welche Nummer soll dein Relay benutzen?
ask-take-over = { $address } bedient schon { $host }. Wenn ich das benutze, bekommt { $host } nichts mehr, bis /teardown es zurückgibt. Übernehmen?
ask-name = Wie soll ich es nennen? Bis zu 20 kleine Buchstaben, Ziffern und Striche, ein Buchstabe zuerst.
ask-region = Wo soll es laufen? In deiner Nähe ist es am schnellsten; das erste liegt mir am nächsten. Du kannst auch den Code einer der { $count } Regionen von Fly.io schreiben.
ask-size = Wie groß soll die VM sein?
ask-size-line = { $size }: { $cpus } CPU, { $gb } GB - höchstens { $price } im Monat
ask-change = Welche Antwort soll sich ändern?
trial = Das ist ein Probekonto bei Fly.io: Fly.io hält jede Maschine nach fünf Minuten an, und die Probe endet nach zwei Maschinenstunden. Dein Relay wacht wieder auf, wenn du ihm schreibst. Mit einem Zahlungsmittel entfallen diese Grenzen.
trial-channel = In einem Probekonto hält Fly.io dein Relay nach fünf Minuten an, und auf diesem Kanal kann nichts es wecken. Trag zuerst ein Zahlungsmittel ein, oder nimm einen Web-Link.

## Wie nach Zugangsdaten gefragt wird

credential-entry =
    { $way ->
        [hidden] Gib ihn in das verdeckte Feld ein, das sich hier öffnet; im Chat bleibt nichts davon.
        [page] Füge ihn hier ein, dann lösche ich die Nachricht sofort; oder tippe auf den Knopf und gib ihn dort ein.
        [paste] Füge ihn hier ein; ich lösche die Nachricht sofort.
        [kept-paste] Füge ihn hier ein und lösche die Nachricht danach: ich kann es nicht.
       *[form] Bitte schreib ihn nicht in diesen Chat: ich schicke dir ein Formular, das sich einmal öffnet. Gib ihn dort ein.
    }
ask-token =
    Alles läuft in deinem eigenen Konto bei Fly.io, und dafür brauche ich einen Token.

    1. Öffne die Seite oben (am Handy geht es auch) und melde dich an oder registriere dich.
    2. Lege einen Organization Token an, der einen Tag gilt.
    3. Kopiere ihn ganz.

    { $how }

    Ich benutze ihn nur hierfür, schränke ihn sofort ein und speichere ihn nie.
ask-token-sandbox = Alles läuft in deinem eigenen Konto bei Fly.io. Welchen Token darf ich benutzen? In dieser Sandbox kannst du einen fertigen nehmen. { $how }
ask-token-again = Dafür brauche ich einen Fly.io-Token dieses Kontos; ich behalte sie nicht. { $how }
ask-token-again-sandbox = Dafür brauche ich einen Fly.io-Token dieses Kontos; ich behalte sie nicht. In dieser Sandbox kannst du den fertigen nehmen. { $how }
ask-model =
    Der Agent ist Claude Code. Welchen API-Schlüssel von Anthropic darf er benutzen? Der Schlüssel geht direkt an dein Relay; die VM sieht ihn nie, und ich speichere ihn nicht. { $sandbox ->
        [true] In dieser Sandbox kannst du einen fertigen nehmen.
       *[false] Auf der Seite oben kannst du einen anlegen.
    }{ $shell ->
        [true] {" "}Ohne Schlüssel führt der Shell-Agent einfach die Zeilen aus, die du schickst.
       *[false] {""}
    }

    { $how }
ask-channel-key =
    { $channel ->
        [telegram]
            Dein Relay spricht über einen eigenen Telegram-Bot, und ich brauche dessen Token.

            1. Öffne oben den BotFather und schick ihm /newbot.
            2. Schick einen Namen, dann einen Benutzernamen, der auf bot endet.
            3. Der BotFather antwortet mit einem Token. Kopiere ihn ganz.
        [discord]
            Dein Relay spricht über einen eigenen Discord-Bot, und ich brauche dessen Token.

            1. Öffne die Seite oben, tippe auf New Application und gib ihr einen Namen.
            2. Öffne Installation, kopiere den Install Link, öffne ihn und füge den Bot deinem Konto hinzu, damit du ihm schreiben kannst.
            3. Öffne Bot, tippe auf Reset Token und kopiere den ganzen Token.
       *[whatsapp]
            Dein Relay spricht über eine WhatsApp-Nummer deines eigenen Twilio-Kontos, und ich brauche den Schlüssel dieses Kontos.

            1. Öffne die erste Seite oben und melde dich an oder registriere dich.
            2. Kopiere die Account SID (sie beginnt mit AC) und den Auth Token; beide stehen unter Account Info.
            3. Du brauchst einen WhatsApp-Absender. Um es ohne zu versuchen, öffne die zweite Seite oben und schick die Wörter, die dort stehen, etwa join zwei-wörter, in WhatsApp an +1 415 523 8886. Sie gelten drei Tage.

            Ich brauche beides, die Account SID zuerst.
    }

    { $how }
ask-channel-key-sandbox =
    Dein Relay spricht über { $channel ->
        [telegram] einen eigenen Telegram-Bot
        [discord] einen eigenen Discord-Bot
       *[whatsapp] eine eigene WhatsApp-Nummer
    }. Welchen Schlüssel darf es benutzen? In dieser Sandbox kannst du einen fertigen nehmen.

    { $how }
ask-channel-key-make-bot = Oder tippe auf "{ $button }": Telegram legt den Bot an, und du stimmst nur zu. Der Bot gehört dir, aber wer textslash betreibt, kann Telegram jederzeit nach seinem Token fragen. Mit dem BotFather kannst das nur du.
ask-channel-key-again =
    Dein Relay antwortet unter { $address }, und ich brauche { $channel ->
        [telegram] den Token seines Bots. Im BotFather zeigt ihn /mybots: wähle den Bot, dann API Token
        [discord] den Token seines Bots. Wenn du ihn nicht mehr hast, macht Reset Token auf der Seite oben einen neuen
       *[whatsapp] die Account SID und den Auth Token seines Twilio-Kontos. Sie stehen auf der ersten Seite oben
    }. { $how }
channel-without-key = Der Web-Link braucht keinen Schlüssel. /deploy geht weiter.

## Was mit Zugangsdaten geschieht

a-secret =
    { $kind ->
        [fly-token] ein Fly.io-Token
        [model-key] ein Anthropic-Schlüssel
        [telegram-token] ein Telegram-Bot-Token
        [discord-token] ein Discord-Bot-Token
        [twilio-key] ein Twilio-Schlüssel
       *[other] ein Schlüssel
    }
your-secret =
    { $kind ->
        [fly-token] deinen Fly.io-Token
        [model-key] deinen Anthropic-Schlüssel
        [telegram-token] deinen Telegram-Bot-Token
        [discord-token] deinen Discord-Bot-Token
        [twilio-key] deinen Twilio-Schlüssel
       *[other] deinen Schlüssel
    }
early-secret = Das ist { $secret }. Den brauche ich noch, also nehme ich ihn jetzt.
secret-lost = Ich habe { $secret } nicht mehr: ich speichere Zugangsdaten nie. Ich brauche ihn noch einmal.
checking = Ich prüfe { $secret } ...
key-accepted = Der Schlüssel geht.
token-accepted = Der Token geht. Er öffnet: { $organisations }.
chat-accepted = Das geht. Es öffnet: { $addresses }.

## Formulare

form-gone = Dieses Formular ist abgelaufen. Schreib etwas in den Chat, dann schicke ich dir ein neues.
form-used = Dieses Formular wurde schon ausgefüllt. Wenn du das nicht warst, geh jetzt zum Chat zurück: Dort ist vergessen, was eingegeben wurde.
form-too-often = Das wurde hier zu oft versucht. Schreib etwas in den Chat, dann schicke ich dir ein neues Formular.
form-elsewhere = Dieses Formular gehört zu einem Chat. Öffne es mit dem Knopf in diesem Chat.
form-not-confirmed = Öffne den Link noch einmal und sag zuerst, ob das Konto dir gehört.
form-closed = Danke. Dieses Formular ist geschlossen, und es wurde nichts eingegeben. Jemand hat dir den eigenen Link geschickt: Gib dort keine Zugangsdaten ein.
form-declined = Jemand hat das Formular geöffnet, das ich dir geschickt habe, und gesagt, dass dies nicht sein Konto ist. Deshalb habe ich das Formular geschlossen; eingegeben wurde nichts. Wenn du das warst, schreib hier etwas, dann schicke ich dir ein neues.
form-done = Danke. Geh zurück zum Chat, dort geht es weiter.
form-reused =
    Das Formular, das ich dir geschickt habe, wurde ein zweites Mal ausgefüllt; jemand anderes hat also vielleicht seinen Link. Ich habe alle deine Zugangsdaten vergessen. { $running ->
        [true] Das Einrichten oder Entfernen läuft weiter; /cancel hält das Einrichten an. Wenn es zu Ende ist, widerrufe, was du eingegeben hast, dort, wo du es angelegt hast.
       *[false] Bitte widerrufe, was du eingegeben hast, dort, wo du es angelegt hast, und lege es neu an. Danach fängt /deploy von vorn an.
    }
form-button =
    { $kind ->
        [model-key] Schlüssel eingeben
        [twilio-key] Schlüssel eingeben
        [other] Schlüssel eingeben
       *[token] Token eingeben
    }
form-title =
    { $kind ->
        [fly-token] Fly.io-Token
        [model-key] Anthropic-Schlüssel
        [telegram-token] Telegram-Bot-Token
        [discord-token] Discord-Bot-Token
        [twilio-key] Twilio-Schlüssel
       *[other] Schlüssel
    }
form-field =
    { $part ->
        [account-sid] Account SID
        [auth-token] Auth Token
       *[only] { $kind ->
            [fly-token] Organization Token
            [model-key] API-Schlüssel
            [telegram-token] Token vom BotFather
            [discord-token] Token des Bots
           *[other] Schlüssel
        }
    }
form-example =
    { $part ->
        [account-sid] AC und 32 Buchstaben und Ziffern
        [auth-token] 32 Buchstaben und Ziffern
       *[only] { $kind ->
            [fly-token] FlyV1 fm2_... (mehrere hundert Zeichen)
            [model-key] sk-ant-...
            [telegram-token] 123456789:AA...
            [discord-token] drei Teile mit Punkten dazwischen
           *[other] { "" }
        }
    }
page-cloud-tokens =
    { $cloud ->
       *[fly] https://fly.io/dashboard/personal/tokens
    }
