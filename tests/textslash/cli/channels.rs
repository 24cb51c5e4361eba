//! Deployments that are talked to on a chat service.

use serde_json::Value;
use textslash::sandbox::fly::nothing;

use super::CliWorld;

const ADA: &str = "7001";
const DEPLOY: [&str; 5] = ["deploy", "--agent", "shell", "--yes", "--json"];
const ON_TELEGRAM: [&str; 4] = ["--channel", "telegram", "--owner", ADA];

#[tokio::test(flavor = "multi_thread")]
async fn a_telegram_bot_is_taken_over_talked_to_and_given_back() {
    let world = CliWorld::new().await;
    let telegram = world.sandbox.telegram().clone();
    let bot = telegram.mint_bot("ada_bot");
    telegram.set_webhook(&bot, "https://shop.example/hook");
    let deploy = [&DEPLOY[..], &ON_TELEGRAM, &["--locale", "de"]].concat();

    let refused = world.run_with(&deploy, &[("CHANNEL_KEY", &bot)]).await;
    assert_eq!((refused.code, refused.out.as_str()), (1, ""), "{}", refused.err);
    assert!(refused.err.contains("@ada_bot already serves shop.example"), "{}", refused.err);
    assert!(refused.err.contains("--take-over"), "{}", refused.err);
    assert_eq!(world.sandbox.inventory(), nothing());

    let deploy = [&deploy[..], &["--take-over"]].concat();
    let ended = world.run_with(&deploy, &[("CHANNEL_KEY", &bot)]).await;
    assert!(!ended.err.contains(&bot) && !ended.out.contains(&bot));
    let deployed = ended.succeeds();
    assert_eq!(
        (&deployed["channel"], &deployed["address"]),
        (&"telegram".into(), &"@ada_bot".into())
    );
    assert_eq!(deployed["page"], "https://t.me/ada_bot");
    assert_eq!((&deployed["webhook"], &deployed["link"]), (&Value::Null, &Value::Null));
    let mut ada = telegram.person(&bot, ADA.parse().unwrap(), "de");
    ada.says("echo hello from $(basename $PWD)");
    ada.reads("hello from workspace").await;
    ada.says("/stop");
    ada.reads("Gerade läuft nichts.").await;

    let listed = world.run(&["list", "--json"]).await.succeeds();
    assert_eq!(
        (&listed[0]["channel"], &listed[0]["address"]),
        (&"telegram".into(), &"@ada_bot".into())
    );
    world.run(&["teardown", "my", "--yes", "--json"]).await.succeeds();
    assert_eq!(telegram.webhook(&bot).as_deref(), Some("https://shop.example/hook"));
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_is_given_back_by_whoever_has_nothing_but_a_token() {
    let world = CliWorld::new().await;
    let telegram = world.sandbox.telegram().clone();
    let bot = telegram.mint_bot("ada_bot");
    telegram.set_webhook(&bot, "https://shop.example/hook");
    let deploy = [&DEPLOY[..], &ON_TELEGRAM, &["--take-over"]].concat();
    world.run_with(&deploy, &[("CHANNEL_KEY", &bot)]).await.succeeds();

    let elsewhere = world.dir.path().join("another computer");
    let elsewhere = [("TEXTSLASH_DATA", elsewhere.to_str().unwrap())];
    world.run_with(&["teardown", "--yes", "--json"], &elsewhere).await.succeeds();

    assert_eq!(telegram.webhook(&bot).as_deref(), Some("https://shop.example/hook"));
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whatsapp_number_is_one_of_several_and_the_sandboxs_is_led_by_hand() {
    let world = CliWorld::new().await;
    let twilio = world.sandbox.twilio().clone();
    twilio.add_sender("+15550002222");
    let key = format!("{} {}", twilio.account_sid(), twilio.auth_token());
    let deploy = ["deploy", "--agent", "shell", "--yes", "--channel", "whatsapp"];
    let deploy = [&deploy[..], &["--owner", "+4915112345678"]].concat();
    let run = async |more: &[&str]| {
        world.run_with(&[&deploy[..], more].concat(), &[("CHANNEL_KEY", &key)]).await
    };

    let ended = run(&[]).await;
    assert_eq!(ended.code, 2, "{}", ended.err);
    assert!(
        ended.err.contains("--address with one of: +15550002222, +14155238886"),
        "{}",
        ended.err
    );
    let ended = run(&["--address", "+15550003333"]).await;
    assert_eq!(ended.code, 3, "{}", ended.err);
    assert!(ended.err.contains("the one of +15550003333"), "{}", ended.err);
    assert_eq!(world.sandbox.inventory(), nothing());

    let ended = run(&["--address", "+14155238886"]).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    for said in ["only you can take it", "https://wa.me/14155238886", "/whatsapp#rc=5&rp=all"] {
        assert!(ended.out.contains(said), "{said}: {}", ended.out);
    }
    world.run(&["teardown", "my", "--yes", "--json"]).await.succeeds();

    let deployed = run(&["--address", "+15550002222", "--json"]).await.succeeds();
    assert_eq!(deployed["address"], "+15550002222");
    let mut ada = twilio.person("+15550002222", "+4915112345678");
    ada.says("echo hello from $(basename $PWD)");
    ada.reads("hello from workspace").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discord_bot_answers_its_owner() {
    let world = CliWorld::new().await;
    let discord = world.sandbox.discord().clone();
    let bot = discord.mint_bot("ada_bot");
    let owner = "100000000000007001";
    let deploy = ["--channel", "discord", "--owner", owner, "--address", "ada_bot"];

    let deploy = [&DEPLOY[..], &deploy].concat();
    let deployed = world.run_with(&deploy, &[("CHANNEL_KEY", &bot)]).await.succeeds();

    let page = deployed["page"].as_str().unwrap();
    assert!(page.starts_with("https://discord.com/oauth2/authorize?client_id="), "{page}");
    let mut ada = discord.person(&bot, owner.parse().unwrap());
    ada.says("echo hello from $(basename $PWD)");
    ada.reads("hello from workspace").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_key_that_will_not_do_is_refused_and_nothing_is_made() {
    let world = CliWorld::new().await;
    let telegram = world.sandbox.telegram();
    let (bot, revoked) = (telegram.mint_bot("ada_bot"), telegram.mint_bot("old_bot"));
    telegram.revoke(&revoked);
    let deploy = [&DEPLOY[..], &ON_TELEGRAM].concat();
    let discord = world.sandbox.discord().mint_bot("ada_bot");
    for (key, code, sentence) in [
        ("", 1, "CHANNEL_KEY is not set"),
        (&discord, 3, "That is a Discord bot token"),
        (world.sandbox.fly_token(), 3, "That is a Fly.io token"),
        ("what is this", 3, "not the key that I asked for"),
        (&bot[..bot.len() - 3], 3, "The end of that key is missing"),
        (&revoked, 3, "it is refused"),
    ] {
        let ended = world.run_with(&deploy, &[("CHANNEL_KEY", key)]).await;

        assert_eq!(ended.code, code, "{sentence}: {}", ended.err);
        assert!(ended.err.contains(sentence), "{sentence}: {}", ended.err);
        assert!(key.is_empty() || !ended.err.contains(key));
    }
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_an_id_that_nobody_else_can_come_to_have() {
    let world = CliWorld::new().await;
    let cases: [(&[&str], &str); 9] = [
        (&["--channel", "telegram"], "--owner <ID>"),
        (&["--channel", "telegram", "--owner", "@ada"], "a @name can change hands"),
        (&["--channel", "discord", "--owner", "7001"], "17 or more digits"),
        (&["--channel", "whatsapp", "--owner", "015112345678"], "with its country code"),
        (&["--channel", "signal"], "web, telegram, discord or whatsapp"),
        (&["--owner", ADA], "pass --channel too"),
        (&["--address", "@ada_bot"], "pass --channel too"),
        (&["--take-over"], "pass --channel too"),
        (&["--locale", "tlh"], "it speaks en or de"),
    ];
    for (more, sentence) in cases {
        let ended = world.run(&[&DEPLOY[..], more].concat()).await;

        assert_eq!(ended.code, 2, "{more:?}: {}", ended.err);
        assert!(ended.err.contains(sentence), "{more:?}: {}", ended.err);
    }
    assert_eq!(world.sandbox.inventory(), nothing());
}
