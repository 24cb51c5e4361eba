## Buttons: at most 20 characters show everywhere

button-offer = Use sandbox one
button-keep-answer = Keep my answer
button-make-bot = Make it for me
button-take-over = Take it over
button-another-address = Use another one
button-region = { $name } ({ $code })
button-check-again = Done, check again
button-deploy = Deploy
button-change = Change an answer
button-retry = Try again
button-keep = Keep for inspection
button-remove = Remove everything
button-keep-going = Keep going
button-confirm-teardown = Yes, remove it
button-confirm-forget = Yes, forget me
button-new-link = New link
button-new-keys = New keys
button-resume = Finish deploying
button-deploy-another = Deploy another one
button-command =
    { $command ->
        [start] Start
        [help] Help
        [deploy] Start deploying
        [status] Status
        [teardown] Tear down
        [cancel] Cancel
        [back] Back
        [privacy] Privacy
        [forget] Forget me
       *[language] Language
    }
button-question =
    { $question ->
        [invitation] Invitation
        [cloud] Cloud
        [token] Token
        [organisation] Organisation
        [billing] Billing
        [model] Agent and key
        [channel] Channel
        [channel-key] Channel's key
        [address] Number
        [take-over] Take it over
        [name] Name
        [region] Region
       *[size] Size
    }

## Words that mean yes, separated by commas

words-of-yes = yes, y, yep, yeah, yup, yes please, ok, okay, sure, done, go ahead, do it, of course, please do

## Words that mean no, separated by commas

words-of-no = no, n, nope, no thanks, no thank you

## What each command does: at most 100 characters

command-meaning =
    { $command ->
        [start] begin
        [help] this list
        [deploy] make a deployment
        [status] what you have, what it costs, since when
        [teardown] remove a deployment, with a receipt
        [cancel] stop what we are doing
        [back] the previous question
        [privacy] what I keep and where
        [forget] erase what I have on record of you, with a receipt
       *[language] choose the language that I speak
    }

## Names

cloud-name =
    { $cloud ->
       *[fly] Fly.io
    }
agent-name =
    { $agent ->
        [claude] Claude Code
       *[shell] Shell agent, no key
    }
channel-name =
    { $channel ->
        [telegram] Telegram
        [discord] Discord
        [whatsapp] WhatsApp
       *[web] a web link
    }
size-name =
    { $size ->
        [small] Small
        [medium] Medium
       *[large] Large
    }
size-name-inline =
    { $size ->
        [small] small
        [medium] medium
       *[large] large
    }
resource-name =
    { $resource ->
        [relay-app] Relay app
        [vm-app] VM app
        [relay-ipv4] Relay's IPv4 address
        [relay-ipv6] Relay's IPv6 address
        [relay-private] Relay's private address
        [vm-private] VM's private address
        [relay-volume] Relay's disk
        [vm-volume] VM's disk
        [relay-machine] Relay's machine
        [vm-machine] VM's machine
       *[other] { $resource }
    }
