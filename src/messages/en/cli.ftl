## Questions in a terminal

cli-agree = yes or no?
cli-ask-cloud-token =
    { $cloud ->
       *[fly] Fly.io token (not shown):
    }
cli-ask-model-key = Anthropic API key (not shown):
cli-ask-link = Your relay's link (not shown):
cli-no-link = No link was given. Set TEXTSLASH_LINK, or run this again and paste the link.
cli-no-terminal = { $setting } is not set, and there is no terminal to ask at. Set it and run this again.
cli-nobody-agrees-to-price = Nobody can say yes here. Pass --yes if you agree to the price.
cli-nobody-agrees-to-removal = Nobody can say yes here. Pass --yes to remove { $deployment }.

## setup

cli-setup-begin = Write hi to begin. Ctrl-C ends; nothing is lost, and the next start carries on.
cli-setup-unfinished = Unfinished: { $name }. `textslash setup` carries on; `textslash teardown { $id }` removes it.

## deploy

cli-interrupted-untouched = Interrupted. Nothing was started.
cli-interrupted-nothing-created = Interrupted. Nothing was created.
cli-interrupted-may-exist = Interrupted. This may be in your account:
cli-nothing-created = Nothing was created.
cli-teardown-removes = `textslash teardown { $id }` removes it.
cli-teardown-removes-rest = `textslash teardown { $id }` removes what remains.
cli-payment-needed = Fly.io asks for a payment method before it creates machines. Add one here and run this again: { $link }
cli-account-held = Fly.io is reviewing this account and creates nothing until it is cleared. Ask them here: { $link }
cli-deployed =
    Deployed and proven: { $name }
    relay machine  { $relay }
    VM machine     { $vm }
    region         { $region }
    status         ready
cli-deployed-link =
    Your link. Anyone who has it owns the relay; it is not stored anywhere:
    { $link }
cli-deployed-link-next = Next: open it in a browser, or run `textslash chat`, which asks for it; `textslash teardown { $id }` removes it.
cli-deployed-channel-next = It answers only its owner. `textslash teardown { $id }` removes it.
cli-several-addresses = CHANNEL_KEY opens several. Pass --address with one of: { $names }
cli-address-taken = { $address } already serves { $host }, which would get nothing more until a teardown gives it back. Pass --take-over if you agree to that.
cli-other-organisation = The token opens { $organisations }, not { $wanted }. Pass --organisation with one of these, or set FLY_API_TOKEN to another token.
cli-several-organisations = The token opens several organisations. Pass --organisation with one of: { $organisations }
cli-no-size = This account cannot have that size. Pass --size with one of: { $sizes }
cli-no-regions = Fly.io offers this account no region. Check the account at https://fly.io/dashboard.
cli-unknown-region = There is no region { $region }. Pass --region with one of: { $regions }
cli-web-without-address = the web channel has no address; pass --channel too
cli-web-without-owner = on the web channel the person with the link is the owner; pass --channel too
cli-name-malformed = a name is 1 to { $max } of a-z, 0-9 and -, with a letter first and no dash last; { $near } would do
cli-language-unknown = it speaks { $languages }
cli-email-malformed = an email address looks like name@example.com
cli-owner-telegram = an owner on Telegram is a number, which @userinfobot tells you; a @name can change hands
cli-owner-discord = an owner on Discord is a number of 17 or more digits: Developer Mode on, then Copy User ID; a name can change hands
cli-owner-whatsapp = an owner on WhatsApp is a number with its country code, such as +4915112345678

## Progress

cli-progress = [..] { $stage }
cli-progress-done = [x] { $stage }
cli-progress-elsewhere = [..] elsewhere: { $stage }
cli-progress-waiting = [..] making sure that nothing comes late: { $stage }

## list, status, teardown

cli-list-empty = Nothing was deployed from here. `textslash setup` deploys.
cli-status-healthy = relay: healthy, build { $build }
cli-status-removed = relay: removed
cli-status-silent = relay: does not answer
cli-no-such-deployment = No deployment is called { $name }. `textslash list` shows what there is.
cli-several-deployments = Several deployments are called { $name }. Name one by its id: { $ids }
cli-teardown-interrupted = Interrupted. What was not removed yet is still there; the same command again goes on where this one stopped.
cli-left-as-it-is = { $id } was left as it is.

## channel

cli-webhook-none = This relay's channel has no webhook to give back.
cli-webhook-restored = The bot leads where it led before.
cli-webhook-elsewhere = The bot leads elsewhere already and was left alone.
cli-webhook-refused = The service refuses the bot's key, so the bot was left as it is.

## sandbox

cli-sandbox-welcome =
    This is a sandbox: Fly.io and Anthropic are simulated inside this process, and nothing costs money.
    Worthless credentials are offered on the way. Write hi to begin. Ctrl-C ends everything.
cli-sandbox-serving = The vendors are up. Ctrl-C ends them and everything that runs in them.
cli-sandbox-relay = This is your own relay. /bot goes back to the bot, /relay returns here.
cli-sandbox-empty = The simulated account is empty, and no process is left.
cli-sandbox-remains =
    This was still in the simulated account; it is gone with the sandbox:
    { $inventory }
cli-script-waited = The script waited in vain for: { $text }
cli-no-such-command = There is no command { $name }. textslash --help lists all of them.
