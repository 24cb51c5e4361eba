## The relay's menu

relay-menu-status = machine, session, current work, tokens used
relay-menu-stop = stop the current work and drop what waits
relay-menu-new = begin a new session
relay-menu-help = what you can do here

## Commands

relay-help =
    Write what you want done; I pass it to your agent.

    /status: the machine, the session, the current work, tokens used
    /stop: stop the current work and drop what waits
    /new: begin a new session
    /help: this list
relay-elsewhere = I only pass messages to your agent. You deploy and remove me where you deployed me: with the bot, or with `textslash setup` or `textslash teardown` in a terminal. /help lists what I do.
relay-unknown-command = There is no { $command } here. /help lists the commands.
relay-stopping =
    { $dropped ->
        [0] Stopping.
        [one] Stopping. One waiting message was dropped.
       *[other] Stopping. { $dropped } waiting messages were dropped.
    }
relay-nothing-to-stop = Nothing is running. Write what you want done.
relay-new-session = A new session begins with your next message. Files in the workspace stay.
relay-status =
    Machine: { $awake ->
        [true] awake
       *[false] asleep or out of reach
    }
    Session: { $session }
    Work: { $work ->
        [0] nothing runs
        [1] one turn runs
       *[other] one turn runs, { $waiting ->
            [one] one waits
           *[other] { $waiting } wait
        }
    }
    Tokens: { $input } in, { $output } out
relay-usage-today = Today: { $spent } of { $limit } tokens, until 00:00 UTC
relay-network-open = Network: your agent also reaches private addresses around its machine, because that could not be blocked. Restart the machine; if this line stays, give the agent no secrets.

## Messages that are taken or declined

relay-stranger = This is somebody's own assistant and answers its owner only. You can deploy one of your own.
relay-next = I'll get to that next.
relay-full = Too many messages are waiting; this one was not taken. Send it again later, or /stop.
relay-too-long = That message is too long and was not taken. Send it in smaller parts.
relay-secret = I do not ask for secrets, so I neither kept that one nor passed it on. If it was a real one, make a new one in its place.
relay-unsupported = I cannot read this kind of message, so I did not pass it on. I can take text and files: photos, documents, voice messages, videos.
relay-edited-too-late = I took your message before you edited it, so the edit changes nothing. Send what you want changed as a new message.
relay-not-committed = This deployment was never finished, so nothing runs. Finish it or remove it where you made it.
relay-not-ready = I am not ready yet: your deployment is still being checked. Send this again when it is done.
relay-kept = I am not ready yet: your deployment is still being checked. I keep your message and get to it when that is done.
relay-possible-repeat = I may have carried out this message already, before my memory was damaged, so I did not run it. If you still want it, send it again in two minutes.
relay-restored = My memory was damaged, and I lost what happened here between { $from } and { $until } (UTC). Nothing from that time runs again; if something is still to be done, send it again.
relay-restored-empty = My memory was damaged, and I lost everything that happened here until { $until } (UTC). Nothing from that time runs again; if something is still to be done, send it again.

## Files

relay-no-files = Files cannot be sent here. Send what is in it as text.
relay-file-not-fetched = I could not get that file from the chat service. Send it again.
relay-file-no-room = Your machine could not store that file; its disk may be full. Ask your agent to make room, then send it again.
relay-file-stored = It is in { $path }. Now write what to do with it.
relay-file-too-large-in = That file is too large: I can take { $max } MB here. Send it in parts.
relay-file-too-large-out = { $name } has { $size } MB, and I can send { $max } MB here. It stays on your machine in sent/{ $name }. Ask your agent for a smaller file.
relay-file-not-sent = { $name } could not be sent here. It stays on your machine in sent/{ $name }. Ask your agent to send it again or in another form.
relay-file-not-kept = { $name } could not be sent: I have no room to store it. It stays on your machine in sent/{ $name }. Ask your agent for a smaller file.
relay-files-named =
    { $more ->
        [0] { $names }
       *[other] { $names } and { $more } more
    }
relay-withheld-no-outbox = I could not look into outbox/ on your machine. Ask your agent to make it a plain folder that it can read.
relay-withheld-not-plain = Not sent from outbox/, because only plain files can be: { $files }. Ask your agent for an archive or a copy.
relay-withheld-unreadable = Not sent from outbox/, because your agent may not read it: { $files }. Ask your agent to correct the permissions.
relay-withheld-no-room = Not sent from outbox/, because your machine's disk is full: { $files }. Ask your agent to make room; the next answer then brings it.
relay-withheld-too-slow = Not sent from outbox/, because it took too long: { $files }. The next answer tries again; if that does not help, ask your agent for smaller files.
relay-withheld-too-many = Still in outbox/: { $files }. Your next answers bring a few each; to get all at once, ask your agent for one archive.
relay-withheld-otherwise = Still in outbox/: { $files }. Your machine is of a newer release than I am and gives a reason that I do not know.

## A turn

relay-waking = Waking your machine…
relay-nothing-said = Done. There was nothing to say.
relay-still-working = Still working, { $minutes } min
relay-still-working-on = Still working, { $minutes } min, last: { $tool }
relay-stopped = Stopped.
relay-timed-out = This took too long and was stopped. Ask for a smaller step.
relay-agent-crashed = The agent ended unexpectedly. Send your message again; if it ends again, try /new.
relay-model-refused = The model refused; the reason stands above. If it is about credit or a key, check your model account, then send your message again.
relay-interrupted = Your machine was restarted in the middle of this. Send your message again to go on.
relay-turn-disk-failed = Your machine's disk is full or failing, so this was stopped. Ask your agent to make room, then send your message again.
relay-turn-failed-otherwise = Your machine stopped this for a reason that I do not know: it is of a newer release than I am. Send your message again; if it stops again, ask for new keys where you deployed me, which also updates me.
relay-vm-out-of-reach = Your machine does not answer. Send your message again in a few minutes; if it still does not, look at it with your cloud.
relay-vm-session-busy = Your machine is still at work on an earlier message. Send this one again in a few minutes, or begin a session that does not wait for it with /new.
relay-vm-full = Your machine is at work on as many messages as it can take. Send this one again in a few minutes.
relay-vm-refused = Your machine does not accept calls from me. Send your message again in a few minutes; if that does not help, ask for a new link or new keys where you deployed me: both of us get new keys then.
relay-vm-disk-failed = Your machine's disk is full or failing, so your message was not taken. Restart the machine or give it a larger disk with your cloud, then send it again.
relay-vm-not-taken = Your machine cannot take this message. Send it in smaller parts or in other words; if it takes none at all, ask for a new link or new keys where you deployed me.
relay-vm-other-release = Your machine is of an older release and does not understand me. Ask for new keys where you deployed me: that brings both of us to the same release.

## Limits of the model

relay-too-fast = Your relay passes on only so many calls and tokens to the model within a minute. Try again in a minute.
relay-daily-limit = Today's limit of { $limit } tokens is reached. Your agent can go on at 00:00 UTC. To change the limit, set TEXTSLASH_DAILY_TOKENS for your relay's app at your cloud.
