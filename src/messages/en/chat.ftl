## Greetings and commands

welcome = Hi, I am textslash. I put a coding agent of your own into your own cloud account: a small relay that you chat with, and a VM where the agent works. It takes a few questions and a few minutes. You see the price before anything is created, and /teardown removes all of it.
welcome-back = Hello again. What would you like to do?
help-line = /{ $command } - { $meaning }
ask-language = Which language should I speak? Send { $choices }.
language-chosen = All right, English it is.
private-only = I only talk in private, because I ask for credentials. Please write to me directly.
our-trouble = Something on my side did not work just now. Nothing is lost; please send that again in a minute.
too-much-at-once = That was a lot at once, and I have not read the last of it. Please send it again, a little more slowly.
nothing-to-cancel = Nothing is under way. /deploy starts a deployment.
cancelled =
    Cancelled. I have forgotten your answers and credentials, and leave your account as it is.{ $deployed ->
        [true] {" "}What you have there stays until /teardown removes it.
       *[false] {""}
    }
nothing-before = There is no earlier question to go back to. /cancel ends this.
stale-button = That button belongs to an earlier question. Please answer the latest one; /help lists what I can do.
still-working = I am still working on it; the progress message above shows how far it is. /cancel stops a deployment.
still-checking = One moment, I am still checking what you sent.
check-interrupted = I was restarted while I checked your answer, so I need it once more.
expired =
    I waited half an hour and have forgotten your credentials. { $command ->
        [deploy] Your other answers are kept: /deploy goes on where we were.
        [teardown] Nothing was removed; /teardown starts again.
        [forget] Nothing was erased; /forget asks again.
       *[other] /status shows what you have and how to go on.
    }
secrets-expired = I have held your credentials for half an hour and have forgotten them now. If you go on, I will ask for them again.

## Who may deploy, and how often

closed-for-now = I start no new deployments for now. What you have stays as it is: /status shows it and /teardown removes it. Please come back another day.
ask-invitation = For now I deploy only for people with an invitation. Please send me your invitation code. If you have none, ask the person who told you about me.
invited = That invitation works. Let us begin.
invitation-used-up = That invitation has let in as many people as it is for. Please ask the person who gave it to you for another one.
invitation-unknown = I know no invitation with that code. Please compare it with what you were given, or ask the person who gave it to you.
too-many-codes = Too many wrong codes came, so for now I check no more of yours. From { $until } on you can send me your invitation again with /deploy; it stays valid. If you do not know the code, ask the person who told you about me.
quota-person = You have started { $max } deployments within a day, and that is the limit. From { $from } on I can make another one; your answers stay until then only for half an hour. /cancel ends this.
quota-organisation = { $max } deployments were started in this organisation within a day, and that is the limit for one. From { $from } on I can make another one in it; your answers stay until then only for half an hour. Another organisation has its own limit. /cancel ends this.
quota-all = I make only so many deployments a day for all people together, and today's are used up. Nothing is wrong with your answers, but they stay only for half an hour: please write to me again from { $from } on. /cancel ends this.

## Messages that are not taken as the person's own words

forwarded = That message was forwarded, so I do not take it as your answer. Please write it yourself.
unsupported = I can only read text here, so I have not taken that. Please write it as a message.
edited-too-late = I read your message before you edited it, so the edit changes nothing. Please send what you want changed as a new message.
secret-forwarded = That message was forwarded and may hold a credential. I take credentials only from what you write yourself, so I have not used it. It can still be read where it came from: make a new one and send me that.
secret-quoted = The message that you quote holds a credential. I have not used it. If you want me to, send it as a message of your own.
secret-edited = I read your message before you edited it, and it may hold a credential now. I have not used it. If you want me to, send it as a new message.
secret-elsewhere = That holds a credential, but I take one only from the text of a message. I have not used it. If you want me to, send it as text.
pasted-deleted = I deleted your message with the credential from this chat.
pasted-not-deleted-unanswered = I could not delete your message with the credential: the service has not answered for an hour. Please delete it yourself.
pasted-not-deleted-refused = I could not delete your message with the credential: the service does not let me, for example because the message is older than two days. Please delete it yourself.
pasted-stays = I cannot delete messages in this chat: what you pasted stays in its history. Please delete it, and revoke the credential when you are done.
pasted-scrubbed = I deleted the copy that the service kept, but your phone keeps the message. Please delete it there too, and make a new credential in its place when you are done.
unexpected-secret = That looks like a credential, and I do not need one now. I have forgotten it. If others could read it, revoke it.

## Runs

interrupted-deploy = I was restarted in the middle of the deployment. Nothing is lost: I know what exists and can go on from there.
interrupted-removal = I was restarted in the middle of the removal. I know what is left and can go on from there.
ask-stop = The deployment is under way. Stop it and remove everything it made?
kept-going = All right, I carry on.
searching = Searching your account for deployments of mine ...
nothing-found = Nothing of mine is in this account. I have forgotten the token.
find-failed = I could not search the account. { $cause } /teardown tries again.
no-deployments = You have no deployment that I know of. /deploy makes one; /teardown searches your account for one.
no-record = I know of no deployment of yours. If there is one, I can find it in your account by its names.
already-deployed =
    You have a deployment already.

    { $deployments }
choose-run = Which deployment should I remove?
choose-found = I found these in your account. Which one should I remove?
removed-meanwhile = Everything was removed. I was restarted in between, so I cannot list it again.

## The relay is ready

ready =
    Your relay is ready. I checked it and your VM: both answer, and a call without a key is refused.

    This is your link. Anyone who has it owns the relay, so keep it to yourself. I do not store it.
first-steps =
    Open it in a browser to talk to it; in a terminal, textslash chat does the same.
    Then just write, for example: clone my repository and run its tests

    Both machines stop when you do not use them and wake when you write. I have forgotten your token and key. /teardown removes everything.
link-placeholder = (the link to your relay)
webhook-placeholder = (the address of your relay)
link-lost =
    Your relay is ready, but its link did not reach you, and I never store it. I can make a new one; for that I need your { $key ->
        [true] token and your Anthropic key
       *[false] token
    } again.
channel-ready =
    Your relay is ready. I checked it and your VM: both answer, and a call without a key is refused.

    { $manual ->
        [true] One step is left, and only you can take it. Then write to { $address }.
       *[false] Write to { $address }.
    }{ $channel ->
        [discord] {" "}If you have not added it yet, its install link does that.
       *[other] {""}
    }
channel-ready-address = your relay
channel-first-steps =
    Just write, for example: clone my repository and run its tests

    It answers only you. { $channel ->
        [discord] The VM stops when you do not use it and wakes when you write; the relay stays up, because Discord wakes nobody.
       *[other] Both machines stop when you do not use them and wake when you write.
    } I have forgotten your token and keys. /teardown removes everything.
point-by-hand =
    Only you can point the sandbox's number at your relay:

    1. Open the page above and choose Sandbox settings.
    2. Replace what stands under "When a message comes in" with the address in my next message, and choose POST.
    3. Tap Save.
