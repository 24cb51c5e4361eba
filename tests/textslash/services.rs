//! The whole way on the services that people use: the real bot, relays and VMs as processes, and
//! the services simulated, with every byte over loopback.

use bytes::Bytes;
use textslash::sandbox::fly::nothing;

use world::ServicesWorld;

/// A sender of Ada's own Twilio account.
const RELAYS_NUMBER: &str = "+15550002222";

pub mod world;

mod transcript;

#[tokio::test]
async fn hello_to_relay_to_nothing_on_telegram() {
    hello_to_nothing("telegram_polling", ServicesWorld::polling().await).await;
}

#[tokio::test]
async fn hello_to_relay_to_nothing_on_telegram_by_webhook() {
    hello_to_nothing("telegram_webhook", ServicesWorld::webhook().await).await;
}

async fn hello_to_nothing(transcript: &str, mut world: ServicesWorld) {
    let own_bot = world.sandbox.telegram().mint_bot("ada_bot");
    world.sandbox.telegram().set_webhook(&own_bot, "https://shop.example/hook");
    let mut ada = world.ada();

    ada.says("hi");
    ada.reads("I need a token").await;
    let token = world.sandbox.fly_token().to_owned();
    ada.says(&token);
    ada.reads("Which Anthropic API key").await;
    ada.taps("Shell agent, no key");
    ada.reads("Which channel").await;
    ada.taps("Telegram");
    ada.reads("Telegram bot of your own").await;
    ada.says(&own_bot);
    ada.reads("@ada_bot").await;
    ada.reads("shop.example").await;
    ada.taps("Take it over");
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    assert_eq!(world.sandbox.inventory(), nothing(), "nothing is made before the yes");
    let before = world.sandbox.telegram().webhook(&own_bot);
    assert_eq!(before.as_deref(), Some("https://shop.example/hook"), "nothing is taken either");
    ada.taps("Deploy");
    ada.reads("Your relay is ready").await;
    ada.reads("https://t.me/ada_bot").await;
    world.expect_nowhere(&token);
    world.expect_nowhere(&own_bot);

    let mut at_relay = world.sandbox.telegram().person(&own_bot, world::ADA, "en");
    at_relay.says("echo hello from $(basename $PWD)");
    at_relay.reads("hello from workspace").await;
    at_relay.sends_file("list.txt", Bytes::from_static(b"milk, eggs"), "cat $FILE");
    at_relay.reads("milk, eggs").await;
    at_relay.says("mkdir outbox; echo done > outbox/report.txt; echo written");
    at_relay.reads("written").await;
    assert_eq!(at_relay.gets_file().await, "done\n");
    let mut stranger = world.sandbox.telegram().person(&own_bot, world::ADA + 1, "en");
    stranger.says("echo let me in");
    stranger.reads("answers its owner only").await;

    world.bot_restarts().await;
    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    ada.reads("I need a Fly.io token").await;
    ada.says(&token);
    ada.reads("Everything is gone").await;
    assert_eq!(world.sandbox.inventory(), nothing());
    let after = world.sandbox.telegram().webhook(&own_bot);
    assert_eq!(after.as_deref(), Some("https://shop.example/hook"), "the bot is given back");
    world.expect_nowhere(&token);
    transcript::expect(transcript, &ada.story());
    assert_eq!(ada.unread(), Vec::<String>::new());
}

#[tokio::test]
async fn telegram_makes_the_bot_and_the_person_only_agrees() {
    for world in [ServicesWorld::polling().await, ServicesWorld::webhook().await] {
        let mut ada = world.ada();
        ada.says("hi");
        ada.reads("I need a token").await;
        ada.says(world.sandbox.fly_token());
        ada.reads("Which Anthropic API key").await;
        ada.taps("Shell agent, no key");
        ada.reads("Which channel").await;
        ada.taps("Telegram");
        ada.reads("Make it for me").await;
        let own_bot = ada.creates_bot("Make it for me");
        ada.reads("It opens: @textslash_7001_bot").await;
        ada.reads("Where should it run?").await;
        ada.says("lhr");
        ada.reads("How large").await;
        ada.taps("Small");
        ada.reads("This is the plan").await;
        ada.taps("Deploy");
        ada.reads("https://t.me/textslash_7001_bot").await;
        world.expect_nowhere(&own_bot);
        assert!(world.sandbox.telegram().is_restricted("textslash_7001_bot"));

        let mut at_relay = world.sandbox.telegram().person(&own_bot, world::ADA, "en");
        at_relay.says("echo hello");
        at_relay.reads("hello").await;
        ada.says("/teardown");
        ada.reads("Remove it?").await;
        ada.taps("Yes, remove it");
        ada.reads("I need a Fly.io token").await;
        ada.says(world.sandbox.fly_token());
        ada.reads("Everything is gone").await;
        assert_eq!(world.sandbox.telegram().webhook(&own_bot), None);
    }
}

#[tokio::test]
async fn hello_to_relay_to_nothing_on_whatsapp() {
    let mut world = ServicesWorld::webhook().await;
    let twilio = world.sandbox.twilio().clone();
    let (sid, auth_token) = (twilio.account_sid().to_owned(), twilio.auth_token().to_owned());
    twilio.add_sender(RELAYS_NUMBER);
    twilio.set_callback(RELAYS_NUMBER, "https://shop.example/hook");
    let token = world.sandbox.fly_token().to_owned();
    let mut ada = world.ada_on_whatsapp();

    ada.says("hi");
    ada.reads("I need a token").await;
    let link = ada.reads("/form#").await;
    let filled = world.fills_in(&link, &[("token", &token)]).await;
    assert_eq!(filled.status, 200, "{}", filled.text);
    ada.reads("That token works").await;
    ada.reads("Which Anthropic API key").await;
    ada.taps("Shell agent, no key");
    ada.reads("Which channel").await;
    ada.taps("WhatsApp");
    ada.reads("WhatsApp number of your own Twilio account").await;
    let link = ada.reads("/form#").await;
    let values = [("account-sid", sid.as_str()), ("auth-token", auth_token.as_str())];
    let filled = world.fills_in(&link, &values).await;
    assert_eq!(filled.status, 200, "{}", filled.text);
    ada.reads("Which number").await;
    ada.taps(RELAYS_NUMBER);
    ada.reads("shop.example").await;
    ada.taps("Take it over");
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ada.taps("Deploy");
    ada.reads("Your relay is ready").await;
    ada.reads("https://wa.me/15550002222").await;
    world.expect_nowhere(&token);
    world.expect_nowhere(&auth_token);

    let mut at_relay = twilio.person(RELAYS_NUMBER, world::ADAS_NUMBER);
    at_relay.says("echo hello from $(basename $PWD)");
    at_relay.reads("hello from workspace").await;
    at_relay.sends_file("text/plain", Bytes::from_static(b"milk, eggs"), "cat $FILE");
    at_relay.reads("milk, eggs").await;
    at_relay.says("mkdir outbox; echo done > outbox/report.txt; echo written");
    at_relay.reads("written").await;
    assert_eq!(at_relay.gets_file().await, "done\n");
    let mut stranger = twilio.person(RELAYS_NUMBER, "+4915100000000");
    stranger.says("echo let me in");
    stranger.reads("answers its owner only").await;

    world.bot_restarts().await;
    ada.says("/teardown");
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    let link = ada.reads("/form#").await;
    assert_eq!(world.fills_in(&link, &[("token", &token)]).await.status, 200);
    ada.reads("Everything is gone").await;
    assert_eq!(world.sandbox.inventory(), nothing());
    let after = twilio.callback_url(RELAYS_NUMBER);
    assert_eq!(after.as_deref(), Some("https://shop.example/hook"), "the number is given back");
    world.expect_nowhere(&token);
    transcript::expect("whatsapp", &ada.story());
}

#[tokio::test]
async fn hello_to_relay_to_nothing_on_discord() {
    let mut world = ServicesWorld::polling().await;
    let discord = world.sandbox.discord().clone();
    let own_bot = discord.mint_bot("ada_bot");
    let token = world.sandbox.fly_token().to_owned();
    let mut ada = world.ada_on_discord();

    ada.runs("/start");
    ada.reads("I need a token").await;
    ada.fills_in("Enter token", &[&token]).await;
    ada.reads("That token works").await;
    ada.reads("Which Anthropic API key").await;
    ada.taps("Shell agent, no key");
    ada.reads("Which channel").await;
    ada.taps("Discord");
    ada.reads("Discord bot of your own").await;
    ada.fills_in("Enter token", &[&own_bot]).await;
    ada.reads("@ada_bot").await;
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ada.taps("Deploy");
    ada.reads("Your relay is ready").await;
    ada.reads("https://discord.com/oauth2/authorize?client_id=").await;
    world.expect_nowhere(&token);
    world.expect_nowhere(&own_bot);

    let mut at_relay = discord.person(&own_bot, world::ADA_ON_DISCORD);
    at_relay.says("echo hello from $(basename $PWD)");
    at_relay.reads("hello from workspace").await;
    let mut stranger = discord.person(&own_bot, world::ADA_ON_DISCORD + 1);
    stranger.says("echo let me in");
    stranger.reads("answers its owner only").await;

    world.bot_dies().await;
    ada.says("/teardown");
    world.bot_starts().await;
    ada.reads("Remove it?").await;
    ada.taps("Yes, remove it");
    ada.reads("token").await;
    ada.fills_in("Enter token", &[&token]).await;
    ada.reads("Everything is gone").await;
    assert_eq!(world.sandbox.inventory(), nothing());
    world.expect_nowhere(&token);
    transcript::expect("discord", &ada.story());
}

#[tokio::test]
async fn a_secret_that_is_pasted_on_whatsapp_is_scrubbed_and_the_person_is_told() {
    let world = ServicesWorld::webhook().await;
    let mut ada = world.ada_on_whatsapp();
    ada.says("hi");
    ada.reads("I need a token").await;
    let token = world.sandbox.fly_token().to_owned();
    ada.says(&token);
    ada.reads("That token works").await;
    ada.reads("Which Anthropic API key").await;
    ada.reads_in_any_order("your phone keeps the message").await;
    world.expect_nowhere(&token);
}

#[tokio::test]
async fn a_form_that_is_filled_in_twice_ends_what_was_begun() {
    let world = ServicesWorld::webhook().await;
    let mut ada = world.ada_on_whatsapp();
    ada.says("hi");
    ada.reads("I need a token").await;
    let link = ada.reads("/form#").await;
    let token = world.sandbox.fly_token().to_owned();
    assert_eq!(world.fills_in(&link, &[("token", &token)]).await.status, 200);
    ada.reads("That token works").await;
    let (page, ticket) = link.split_once('#').unwrap();
    let again = serde_json::json!({
        "ticket": ticket, "submission": "f".repeat(32), "values": { "token": "theirs" },
    });
    let answered = world.asks(page, "submit", again).await;
    assert_eq!(answered.status, 409, "{}", answered.text);
    ada.reads("filled in").await;
    ada.says("/status");
    ada.reads("You have no deployment").await;
}

/// Ada's form on WhatsApp: its page, its ticket and her.
async fn a_form(
    world: &ServicesWorld,
) -> (String, String, textslash::sandbox::twilio::TwilioPerson) {
    let mut ada = world.ada_on_whatsapp();
    ada.says("hi");
    ada.reads("I need a token").await;
    let link = ada.reads("/form#").await;
    let link = link.split_whitespace().find(|word| word.contains("/form#")).unwrap();
    let (page, ticket) = link.split_once('#').unwrap();
    (page.to_owned(), ticket.to_owned(), ada)
}

#[tokio::test]
async fn a_form_is_taken_from_a_reader_who_said_that_it_is_theirs_alone() {
    let world = ServicesWorld::webhook().await;
    let (page, ticket, mut ada) = a_form(&world).await;
    let token = world.sandbox.fly_token().to_owned();
    let body = |submission: &str| {
        let values = serde_json::json!({ "token": token });
        serde_json::json!({ "ticket": ticket, "submission": submission, "values": values })
    };
    let (adas, eves) = ("a".repeat(32), "e".repeat(32));

    let opened = world.asks(&page, "open", body(&adas)).await;
    assert!(opened.text.contains("WhatsApp") && !opened.text.contains("fields"), "{}", opened.text);
    assert_eq!(world.asks(&page, "confirm", body(&eves)).await.status, 200);
    for what in ["check", "submit"] {
        let refused = world.asks(&page, what, body(&adas)).await;
        assert_eq!(refused.status, 403, "{what}: {}", refused.text);
    }
    let confirmed = world.asks(&page, "confirm", body(&adas)).await;
    assert!(confirmed.text.contains("fields"), "{}", confirmed.text);
    let submitted = world.asks(&page, "submit", body(&adas)).await;
    assert_eq!(submitted.status, 200, "{}", submitted.text);
    ada.reads("That token works").await;
    assert_eq!(world.asks(&page, "decline", body(&adas)).await.status, 409);
}

#[tokio::test]
async fn a_form_that_is_turned_down_is_closed_and_its_chat_is_told() {
    let world = ServicesWorld::webhook().await;
    let (page, ticket, mut eve) = a_form(&world).await;
    let body = serde_json::json!({ "ticket": ticket, "submission": "a".repeat(32) });
    let declined = world.asks(&page, "decline", body.clone()).await;
    assert_eq!(declined.status, 200, "{}", declined.text);
    assert!(declined.text.contains("This form is closed"), "{}", declined.text);
    eve.reads("this is not their account").await;
    for what in ["open", "confirm", "check", "submit", "decline"] {
        assert_eq!(world.asks(&page, what, body.clone()).await.status, 410, "{what}");
    }
}

#[tokio::test]
async fn a_guesser_is_stopped_wherever_it_guesses() {
    for what in ["check", "submit"] {
        let world = ServicesWorld::webhook().await;
        let (page, ticket, _ada) = a_form(&world).await;
        let values = serde_json::json!({ "token": "a guess" });
        let body =
            serde_json::json!({ "ticket": ticket, "submission": "a".repeat(32), "values": values });
        assert_eq!(world.asks(&page, "confirm", body.clone()).await.status, 200);
        let mut answers = Vec::new();
        for _ in 0..22 {
            answers.push(world.asks(&page, what, body.clone()).await.status);
        }
        assert_eq!(answers[0], 422, "{what}: the first guess is judged");
        assert_eq!(answers[21], 429, "{what}: {answers:?}");
    }
}

#[tokio::test]
async fn no_answer_of_the_bot_is_stored_on_its_way() {
    let world = ServicesWorld::webhook().await;
    let (page, ticket, _ada) = a_form(&world).await;
    let base = page.strip_suffix("/form").unwrap();
    let right = serde_json::json!({ "ticket": ticket, "submission": "a".repeat(32) }).to_string();
    let gone = serde_json::json!({ "ticket": "none", "submission": "a".repeat(32) }).to_string();
    let paths = [
        "/form",
        "/form/open",
        "/form/confirm",
        "/form/check",
        "/form/submit",
        "/form/decline",
        "/telegram",
        "/whatsapp",
        "/whatsapp/status",
        "/whatsapp/media/a",
        "/health",
        "/ready",
        "/metrics",
        "/nothing",
        "/form/",
    ];
    let client = reqwest::Client::new();
    for path in paths {
        let url = format!("{base}{path}");
        let too_large = "x".repeat(2 << 20);
        let post = |body: &str| {
            let post = client.post(&url).header("content-type", "application/json");
            post.body(body.to_owned())
        };
        let asked = [
            client.get(&url),
            client.put(&url),
            post("{"),
            post(&gone),
            post(&right),
            post(&too_large),
        ];
        for asked in asked {
            // A body that is too large may be cut off with the connection.
            let Ok(answer) = asked.send().await else { continue };
            let cached = answer.headers().get_all("cache-control").iter().collect::<Vec<_>>();
            assert_eq!(cached, ["no-store"], "{path}: {}", answer.status());
        }
    }
}

#[tokio::test]
async fn messages_that_come_often_and_late_are_answered_once() {
    let mut world = ServicesWorld::webhook().await;
    world.sandbox.telegram().duplicate_deliveries();
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    world.bot_is_replaced().await;
    ada.says("not a token");
    ada.reads("That is not a Fly.io token").await;
    ada.says("/help");
    ada.reads("/teardown - remove").await;
    world.bot_is_replaced().await;
    ada.says("/cancel");
    ada.reads("Cancelled").await;
    ada.says("/status");
    ada.reads("You have no deployment").await;
    for (said, times) in
        [("Hi, I am textslash", 1), ("That is not a Fly.io token", 1), ("Cancelled", 1)]
    {
        assert_eq!(ada.story().matches(said).count(), times, "{said}{}", ada.story());
    }
}

#[tokio::test]
async fn a_second_bot_on_the_same_data_does_not_start() {
    let world = ServicesWorld::polling().await;
    let second = world.second_bot().end().await;
    assert_eq!(second.code, 1, "{}", second.err);
    assert!(second.err.contains("another bot runs from"), "{}", second.err);
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
}

#[tokio::test]
async fn a_rival_elsewhere_is_complained_of_once_and_the_bot_goes_on() {
    let world = ServicesWorld::polling().await;
    let complaint = "another process asks Telegram";
    world.a_rival_polls_until_the_bot_logs(complaint).await;
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    assert_eq!(world.log().matches(complaint).count(), 1, "{}", world.log());
}

#[tokio::test]
async fn a_bot_whose_token_is_revoked_ends_and_says_why() {
    let mut world = ServicesWorld::polling().await;
    world.token_is_revoked();
    let ended = world.bot_ends().await;
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.err.contains("telegram has ended for good"), "{}", ended.err);
}

#[tokio::test]
async fn what_the_bot_did_can_be_counted() {
    let world = ServicesWorld::webhook().await;
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    let metrics = world.metrics().await;
    for line in [
        "textslash_messages_taken_total{channel=\"telegram\"} 1",
        "textslash_conversations_open{channel=\"telegram\"} 1",
        "textslash_build_info{build=",
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
    assert!(!metrics.contains(&world::ADA.to_string()), "nobody is named:\n{metrics}");
}

#[tokio::test]
async fn an_invitation_lets_in_as_many_as_it_is_for_on_whatever_service_they_come() {
    let mut world = ServicesWorld::webhook().await;
    world.host_sets("TEXTSLASH_INVITATIONS", "7f3k9q2m-4x8w1t6z-5h9c2n7d:2").await;
    // What Telegram says for whoever opens
    // https://t.me/textslash_bot?start=7f3k9q2m-4x8w1t6z-5h9c2n7d.
    let mut ada = world.ada();
    ada.says("/start 7f3k9q2m-4x8w1t6z-5h9c2n7d");
    ada.reads("That invitation works").await;
    ada.reads("I need a token").await;

    let mut by_phone = world.ada_on_whatsapp();
    by_phone.says("hi");
    by_phone.reads("send me your invitation code").await;
    by_phone.says("7f3k9q2m 4x8w1t6z 5h9c2n7d");
    by_phone.reads("I know no invitation with that code").await;
    by_phone.says("7F3K9Q2M-4X8W1T6Z-5H9C2N7D");
    by_phone.reads("That invitation works").await;
    by_phone.reads("/form#").await;

    let mut at_desk = world.ada_on_discord();
    at_desk.runs("/deploy");
    at_desk.reads("send me your invitation code").await;
    at_desk.says("7f3k9q2m-4x8w1t6z-5h9c2n7d");
    at_desk.reads("as many people as it is for").await;
    let metrics = world.metrics().await;
    for line in [
        "textslash_people_let_in_total 2",
        "textslash_invitations_refused_total{reason=\"unknown\"} 1",
        "textslash_invitations_refused_total{reason=\"used_up\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in:\n{metrics}");
    }
    world.host_sets("TEXTSLASH_DEPLOYMENTS_A_DAY", "0").await;
    ada.reads("I start no new deployments for now").await;
    ada.says("/deploy");
    ada.reads("I start no new deployments for now").await;
}

#[tokio::test]
async fn messages_that_come_often_on_whatsapp_are_answered_once() {
    let mut world = ServicesWorld::webhook().await;
    world.sandbox.twilio().duplicate_deliveries();
    let mut ada = world.ada_on_whatsapp();
    ada.says("hi");
    ada.reads("/form#").await;
    world.bot_is_replaced().await;
    ada.says("/help");
    ada.reads("/teardown - remove").await;
    world.bot_is_replaced().await;
    ada.says("/cancel");
    ada.reads("Cancelled").await;
    ada.says("/status");
    ada.reads("You have no deployment").await;
    for (said, times) in [("Hi, I am textslash", 1), ("/teardown - remove", 1), ("Cancelled", 1)] {
        assert_eq!(ada.story().matches(said).count(), times, "{said}{}", ada.story());
    }
}

#[tokio::test]
async fn a_token_is_entered_in_a_mini_app_that_telegram_vouches_for() {
    let world = ServicesWorld::webhook().await;
    let mut ada = world.ada();
    ada.says("hi");
    ada.reads("I need a token").await;
    let link = ada.page("Enter token").unwrap();
    let (page, ticket) = link.split_once('#').unwrap();
    let asked = |init_data: &str| serde_json::json!({ "ticket": ticket, "init_data": init_data });
    let stranger = world.somebody(world::ADA + 1).init_data();
    for not_hers in ["", "user=%7B%22id%22%3A7001%7D&hash=00", stranger.as_str()] {
        assert_eq!(world.asks(page, "open", asked(not_hers)).await.status, 403, "{not_hers}");
    }
    let hers = ada.init_data();
    assert_eq!(world.asks(page, "open", asked(&hers)).await.status, 200);
    let mut filled = asked(&hers);
    filled["submission"] = "a".repeat(32).into();
    filled["values"] = serde_json::json!({ "token": world.sandbox.fly_token() });
    let answered = world.asks(page, "submit", filled).await;
    assert_eq!(answered.status, 200, "{}", answered.text);
    ada.reads("That token works").await;
    world.expect_nowhere(world.sandbox.fly_token());
}
