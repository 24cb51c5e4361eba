## The plan and its price

plan =
    This is the plan:

    Name: { $name }
    Cloud: { $cloud }, organisation { $organisation }
    Region: { $region }
    Relay: 1 CPU, { $relay_mb } MB, { $relay_disk } GB disk; you reach it by { $channel }
    VM: { $cpus } CPU, { $gb } GB, { $disk } GB disk; agent: { $agent }
plan-region-fallback = { $first }; if it is full, { $others }
plan-agent-limit = { $agent }; at most { $tokens } tokens a day (UTC)
plan-costs = For 30 days:
plan-cost-relay = Relay, if it ran all the time: { $price }
plan-cost-vm = VM, if it ran all the time: { $price }
plan-cost-disks = Disks, { $gb } GB: { $price }
plan-cost-stopped = Stopped machines' root filesystems: { $price }
plan-cost-addresses = Addresses: { $price }
plan-question =
    { $always_on ->
        [true] The VM stops when idle, the relay stays up
       *[false] Both machines stop when idle
    }: about { $idle } a month if you never use it, at most { $most } if both ran day and night. Fly.io bills you directly (prices of { $date }, without traffic). Deploy?

## Deployments

deployment =
    { $name } in { $region }, { $size }, { $standing ->
        [deployed] deployed
        [removed] removed
        [stuck] partly removed
       *[unfinished] not finished
    }
    since { $date }, about { $idle } a month when idle, at most { $most }
confirm-teardown = This removes "{ $name }" for good: both apps ({ $relay } and { $vm }), their machines, disks, addresses and keys, with everything the agent has on its disk. Remove it?
confirm-teardown-unknown = Remove this deployment and all its data for good?
receipt = Everything is gone. I looked for each of these, and it is not there any more:
receipt-line = { $resource }: { $name } - gone { $date }
receipt-end = I have forgotten your token. You can revoke it now.

## Progress

progress-deploying = Deploying
progress-removing = Removing everything
progress-line = { $sign } { $stage }
progress-line-moving = { $sign } { $stage } - no room there, moving to another region
progress-line-settling = { $sign } { $stage } - making sure that nothing comes late, two minutes
stage-deploying =
    { $stage ->
        [apps] Names reserved
        [network] Network and addresses
        [secrets] Keys handed over
        [storage] Disks
        [machines] Machines started
       *[proof] Tested: relay, VM, and a stranger refused
    }
stage-removing =
    { $stage ->
        [apps] Apps
        [network] Addresses
        [secrets] Keys
        [storage] Disks
        [machines] Machines
       *[proof] Checked that all is gone
    }

## What is on record

privacy =
    I keep: your id in this chat, the names, ids, region, size and steps of your deployments (for thirty days after they are gone), and the answers of an unfinished conversation. /forget erases that. For a week I keep a hash of the number of each message; it does not lead back to you. I never store credentials: they are in memory while they are needed, half an hour at most without you, and are forgotten after the deployment.

    { $way ->
        [hidden] Here you type them into a hidden field that keeps nothing.
        [scrubbed-form] Here you give them in a form that opens once. If you paste one into this chat instead, it stays on your phone: I can only delete the service's copy.
        [form] Here you give them in a form that opens once. If you paste one into this chat instead, it stays in its history, and I cannot delete it.
        [paste] Here you paste them, and I delete the message at once. The service may keep copies that I cannot reach, so revoke a token when you no longer need it.
       *[kept-paste] Here what you paste stays in the history, and I cannot delete it. Delete it yourself, and revoke the token when you no longer need it.
    }{ $page ->
        [true] {" "}The page that the button opens keeps nothing either.
       *[false] {""}
    }

    Your model key, and that of your bot or number, live in your own cloud account, in the relay's secret store. Your chats with the agent go through your relay, not through me.
nothing-on-record = Nothing is on record of you. /deploy starts a deployment.
on-record =
    Conversation: 1, with your answers and language
    Deployments that are gone: { $removed }, each with its journal
    Credentials, in memory only: { $credentials }
confirm-forget =
    On record of you:

    { $record }

    Shall I erase all of it? That cannot be undone. You get a receipt.
needed-to-remove =
    This still stands in your account, and without what I have on record I could not remove it:

    { $deployments }

    /teardown removes it. After that, /forget erases everything.
forgotten =
    I have erased what was on record of you ({ $date }):

    { $record }

    The last of it is where to send this message; I erase that once it is sent.

    What I cannot erase: { $service ->
        [telegram] this chat, which stays with Telegram until you delete it there (I can delete single messages, for two days only)
        [discord] this chat, which stays with Discord; your messages only you can delete there
        [whatsapp] this chat on your phone, where only you can delete it, and the copies of Twilio, which carries it, until the people who run me delete them
       *[web] what stands on your screen
    }; what Fly.io keeps of your account, such as its activity and invoices; copies of my disk, if the people who run me make any.

    What stays does not lead back to you: for a week, a hash of the number of each message, so that I act on none twice{ $begun ->
        [true] ; for a day, how many deployments were started, under a number that thousands of people share, for the daily limit
       *[false] {""}
    }{ $invited ->
        [true] ; how many people each invitation has let in, but not whom
       *[false] {""}
    }{ $wrong_codes ->
        [true] ; for a day, when wrong invitation codes came, under a number that many people share, for the daily limit
       *[false] {""}
    }.

    When you write again, we begin anew.
