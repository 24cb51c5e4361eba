## An answer is not taken

rejected-empty = That was empty. Please send the { $asked ->
        [token] Fly.io token
        [model] Anthropic key
        [channel-key] key
        [name] name
        [region] region
       *[other] answer
    }.
rejected-too-long = That is too long. Please copy just the { $asked ->
        [token] Fly.io token
        [model] Anthropic key
        [channel-key] key
        [name] name
        [region] region
       *[other] answer
    } and send it again.
rejected-malformed =
    { $asked ->
        [token] That is not a Fly.io token. A token starts with FlyV1 or fm2_ and is several hundred characters long.
        [model] That is not an Anthropic key. A key starts with sk-ant-.
        [channel-key] That is not the key that I asked for. Please copy it again where it was made, all of it.
        [name] That name does not work: up to 20 small letters, digits and dashes, a letter first, no dash last.
       *[other] I do not understand that answer. Please choose one of these.
    }
rejected-other-vendor = That is { $credential }, but I need the { $asked ->
        [token] Fly.io token
        [model] Anthropic key
        [channel-key] key
        [name] name
        [region] region
       *[other] answer
    } here. I have forgotten it.
rejected-cut-off = The end of that { $asked ->
        [token] Fly.io token
        [model] Anthropic key
        [channel-key] key
       *[other] answer
    } is missing. Please copy all of it, down to the last character.
rejected-discharge-missing = Part of that token is missing: it has two parts with a comma between them. Please copy all of it, both parts.
rejected-expired = That token expired on { $date }. Please create a new one and send it.
rejected-read-only = That token may only read, so it cannot create anything. Please create an organization token instead.
rejected-app-scoped = That token opens a single app only. Please create an organization token instead.
rejected-not-narrowable = That is an old kind of token that opens everything you have and cannot be narrowed. Please create an organization token instead; it starts with FlyV1.
rejected-other-organisation = That token opens another organisation. Please send one for the organisation { $expected }.
rejected-other-address = That key opens another bot or number. Please send the one of { $expected }.
rejected-subscription = A subscription token (sk-ant-oat…) does not work here: Anthropic allows only its own programs to use one. Please use an API key instead. You can create one at https://console.anthropic.com/settings/keys.
rejected-refused = The { $asked ->
        [token] Fly.io token
        [model] Anthropic key
        [channel-key] key
       *[other] answer
    } has the right form, but it is refused: it may have been revoked. Please create a new one and send it.
rejected-out-of-reach = I could not reach the service to check the { $asked ->
        [token] Fly.io token
        [model] Anthropic key
        [channel-key] key
       *[other] answer
    }; it may well be right. Please send it again in a minute.
rejected-not-offered =
    { $asked ->
        [region] There is no such region. Tap one of these, or type a code such as ams or iad.
       *[other] Please choose one of these.
    }

## A run failed

failed-deploy = The deployment stopped. { $cause }
failed-removal = The removal stopped. { $cause }
failed-question = What should I do?
not-looked = I could not look at what is in your account; /teardown finds and removes it.
nothing-left = I see nothing of it in your account now.
still-there = This is in your account now:
resource-left = { $resource }: { $name } { $link }
resource-maybe-left = { $resource }: { $name } (may be there) { $link }
kept-nothing = All right. I saw nothing of it in your account.
kept = All right, I leave it as it is. It may cost money until it is removed; /teardown does that.
kept-unknown = All right, I leave it as it is. { $reason }
gate-relay-started = Fly.io did not start your relay's machine in time. Try again in a few minutes; if it stays so, look at https://status.flyio.net.
gate-vm-started = Fly.io did not start your VM's machine in time. Try again in a few minutes; if it stays so, look at https://status.flyio.net.
gate-relay-answers = Your relay did not answer in time: a new name can take minutes to be known. Try again in a few minutes; if it stays so, remove everything and deploy again.
gate-agent-ready = Your relay answered, but your VM did not in time. Try again in a few minutes; if it stays so, remove everything and deploy again.
gate-committed = Your relay and VM were ready, but did not answer to the end. Try again; it takes a minute.
cause-token-refused = Fly.io refuses the token: it may have been revoked or have expired. Create a new one; I ask for it when you try again.
cause-payment-needed = Fly.io asks for a payment method. Add one on the organisation's billing page (https://fly.io/dashboard) and try again.
cause-account-held = Fly.io is reviewing your account and creates nothing until it is cleared. Ask them at https://fly.io/high-risk-unlock and try again when they are done.
cause-no-room = Fly.io has no room in that region now. Try again later, or remove it and deploy elsewhere.
cause-unconfirmed = Fly.io did not answer clearly, for a long time. Trying again looks at what exists first, so nothing is made twice.
cause-later = Fly.io was too busy, for a long time. Try again in a few minutes.
cause-taken = Fly.io does not let this token use an app of that name: somebody else took the name, or the app belongs to an organisation that the token does not open. Try again with a token of the right organisation, or deploy again: that takes a new name.
cause-missing = Something that was there is gone; it may have been removed elsewhere. Trying again makes it anew.
cause-elsewhere = Somebody else who can use that account is working on this deployment. Try again in a few minutes.
cause-clock-off = The clock of the computer that I run on is wrong, so Fly.io or your relay does not believe me. Once that clock is set, try again.
cause-our-fault = That is a mistake of mine. Trying again may help; if not, remove everything, and nothing is left.
