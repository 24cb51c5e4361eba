## Questions

ask-cloud = Where should your relay live?
ask-organisation = Your token opens several organisations. Which one should pay for the deployment?
ask-billing =
    { $held ->
        [true] Fly.io is reviewing this account and creates nothing until it is cleared. Only you can ask them, on the page above. Come back when they are done.
       *[false] Fly.io asks for a payment method before it creates machines. Add one on the page above, then tap Done.
    }{ $window ->
        [true] {" "}Write me something when you are back: after a day without a message from you I may not write first.
       *[false] {""}
    }
ask-channel = Which channel should your relay speak?
ask-address = Which number should your relay use?
ask-take-over = { $address } already serves { $host }. If I use it, { $host } gets nothing more until /teardown gives it back. Take it over?
ask-name = What should I call it? Up to 20 small letters, digits and dashes, a letter first.
ask-region = Where should it run? Close to you is fastest; the first one is the nearest to me. You can also type the code of any of Fly.io's { $count } regions.
ask-size = How large should the VM be?
ask-size-line = { $size }: { $cpus } CPU, { $gb } GB - at most { $price } a month
ask-change = Which answer should change?
trial = This is a Fly.io trial account: Fly.io stops every machine after five minutes, and the trial ends after two hours of machine time. Your relay wakes again when you write to it. A payment method lifts these limits.
trial-channel = On a trial account Fly.io stops your relay after five minutes, and nothing on this channel can wake it. Add a payment method first, or choose a web link.

## How a credential is asked for

credential-entry =
    { $way ->
        [hidden] Enter it in the hidden field that opens here; it does not stay in the chat.
        [page] Paste it here, and I delete the message at once; or tap the button and enter it there.
        [paste] Paste it here; I delete the message at once.
        [kept-paste] Paste it here, and delete the message afterwards: I cannot.
       *[form] Please do not write it into this chat: I send you a form that opens once. Enter it there.
    }
ask-token =
    Your deployment lives in a Fly.io account of your own, and I need a token for it.

    1. Open the page above (it works on a phone) and sign in, or sign up.
    2. Create an organization token with an expiry of one day.
    3. Copy all of it.

    { $how }

    I use it for this deployment only, narrow it at once, and never store it.
ask-token-sandbox = Your deployment lives in a Fly.io account of your own. Which token may I use? In this sandbox you can use a ready-made one. { $how }
ask-token-again = For this I need a Fly.io token of that account; I do not keep them. { $how }
ask-token-again-sandbox = For this I need a Fly.io token of that account; I do not keep them. In this sandbox you can use the ready-made one. { $how }
ask-model =
    The agent is Claude Code. Which Anthropic API key may it use? The key goes straight to your relay; the VM never sees it, and I do not store it. { $sandbox ->
        [true] In this sandbox you can use a ready-made one.
       *[false] You can make one on the page above.
    }{ $shell ->
        [true] {" "}Without a key, the shell agent simply runs the lines you send.
       *[false] {""}
    }

    { $how }
ask-channel-key =
    { $channel ->
        [telegram]
            Your relay speaks through a Telegram bot of your own, and I need its token.

            1. Open BotFather on the page above and send /newbot.
            2. Send a name for it, then a username that ends in bot.
            3. BotFather answers with a token. Copy all of it.
        [discord]
            Your relay speaks through a Discord bot of your own, and I need its token.

            1. Open the page above, tap New Application and give it a name.
            2. Open Installation, copy the Install Link, open it and add the bot to your account, so that you can write to it.
            3. Open Bot, tap Reset Token and copy all of the token.
       *[whatsapp]
            Your relay speaks through a WhatsApp number of your own Twilio account, and I need that account's key.

            1. Open the first page above and sign in, or sign up.
            2. Copy the Account SID (it starts with AC) and the Auth Token; both stand under Account Info.
            3. You need a WhatsApp sender. To try it without one, open the second page above and send the join words that it shows, such as join two-words, to +1 415 523 8886 in WhatsApp. They hold for three days.

            I need both, the Account SID first.
    }

    { $how }
ask-channel-key-sandbox =
    Your relay speaks through { $channel ->
        [telegram] a Telegram bot
        [discord] a Discord bot
       *[whatsapp] a WhatsApp number
    } of your own. Whose key may it use? In this sandbox you can use a ready-made one.

    { $how }
ask-channel-key-make-bot = Or tap "{ $button }": Telegram makes the bot, and you only agree. The bot is yours, but the people who run textslash can ask Telegram for its token at any time. With BotFather only you can.
ask-channel-key-again =
    Your relay answers at { $address }, and I need { $channel ->
        [telegram] the token of its bot. In BotFather, /mybots shows it: choose the bot, then API Token
        [discord] the token of its bot. If you do not have it any more, Reset Token on the page above makes a new one
       *[whatsapp] the Account SID and the Auth Token of its Twilio account. They stand on the first page above
    }. { $how }
channel-without-key = The web link needs no key. /deploy goes on.

## What becomes of a credential

a-secret =
    { $kind ->
        [fly-token] a Fly.io token
        [model-key] an Anthropic key
        [telegram-token] a Telegram bot token
        [discord-token] a Discord bot token
        [twilio-key] a Twilio key
       *[other] a key
    }
your-secret =
    { $kind ->
        [fly-token] your Fly.io token
        [model-key] your Anthropic key
        [telegram-token] your Telegram bot token
        [discord-token] your Discord bot token
        [twilio-key] your Twilio key
       *[other] your key
    }
early-secret = That is { $secret }. I will need it, so I use it now.
secret-lost = I no longer hold { $secret }: I never store credentials. I need it again.
checking = Checking { $secret } ...
key-accepted = The key works.
token-accepted = That token works. It opens: { $organisations }.
chat-accepted = That works. It opens: { $addresses }.

## One-time forms

form-gone = This form has expired. Write something in the chat, and I send you a new one.
form-used = This form was filled in already. If that was not you, go back to the chat now: what was entered is forgotten there.
form-too-often = That was tried too often here. Write something in the chat, and I send you a new form.
form-elsewhere = This form belongs to somebody's chat. Open it with the button in that chat.
form-not-confirmed = Open the link again and say first whether the account is yours.
form-closed = Thank you. This form is closed, and nothing was entered. Somebody sent you a link of theirs: enter no credentials where they ask you to.
form-declined = Somebody opened the form that I sent you and said that this is not their account. So I closed the form; nothing was entered. If it was you, write something here, and I send you a new one.
form-done = Thank you. Go back to the chat: I go on there.
form-reused =
    The form that I sent you was filled in a second time, so somebody else may have its link. I have forgotten every credential of yours. { $running ->
        [true] What is under way goes on; /cancel stops a deployment. When it has ended, revoke what you entered where you made it.
       *[false] Please revoke what you entered where you made it, and make it anew. Then /deploy starts over.
    }
form-button =
    { $kind ->
        [model-key] Enter key
        [twilio-key] Enter key
        [other] Enter key
       *[token] Enter token
    }
form-title =
    { $kind ->
        [fly-token] Fly.io token
        [model-key] Anthropic key
        [telegram-token] Telegram bot token
        [discord-token] Discord bot token
        [twilio-key] Twilio key
       *[other] Key
    }
form-field =
    { $part ->
        [account-sid] Account SID
        [auth-token] Auth Token
       *[only] { $kind ->
            [fly-token] Organization token
            [model-key] API key
            [telegram-token] Token from BotFather
            [discord-token] Token of the bot
           *[other] Key
        }
    }
form-example =
    { $part ->
        [account-sid] AC and 32 letters and digits
        [auth-token] 32 letters and digits
       *[only] { $kind ->
            [fly-token] FlyV1 fm2_... (several hundred characters)
            [model-key] sk-ant-...
            [telegram-token] 123456789:AA...
            [discord-token] three parts with dots between
           *[other] { "" }
        }
    }
page-cloud-tokens =
    { $cloud ->
       *[fly] https://fly.io/dashboard/personal/tokens
    }
