//! What is not taken, and what is said then.

use textslash::sandbox::fly::{TokenKind, nothing};

use super::CliWorld;
use crate::program::Program;

const DEPLOY: [&str; 4] = ["deploy", "--agent", "shell", "--yes"];

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_will_not_do_is_refused_with_a_reason_and_nothing_is_made() {
    let world = CliWorld::new().await;
    let fly = world.sandbox.fly();
    let mut cases: Vec<_> = [
        (TokenKind::Expired, "expired on"),
        (TokenKind::ReadOnly, "may only read"),
        (TokenKind::OneAppOnly, "a single app only"),
        (TokenKind::WithoutDischarge, "Part of that token is missing"),
        (TokenKind::CutOff, "The end of that Fly.io token is missing"),
        (TokenKind::Forged, "is refused"),
        (TokenKind::OAuth, "cannot be narrowed"),
    ]
    .map(|(kind, sentence)| (fly.mint_token(kind), sentence))
    .into();
    cases.push((world.sandbox.model_key().to_owned(), "an Anthropic key"));
    cases.push(("what is this".to_owned(), "That is not a Fly.io token"));
    cases.push(("x".repeat(100_000), "That is too long"));
    for (token, sentence) in cases {
        for role in [DEPLOY.as_slice(), &["teardown", "--yes"]] {
            let ended = world.run_with(role, &[("FLY_API_TOKEN", &token)]).await;

            assert_eq!(ended.code, 3, "{sentence}: {}", ended.err);
            assert!(ended.err.contains(sentence), "{sentence}: {}", ended.err);
            assert!(!ended.err.contains(&token) && ended.out.is_empty());
        }
    }
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_organisation_removes_nothing_and_says_which_is_needed() {
    let world = CliWorld::new().await;
    world.deploys("my").await;
    let before = world.sandbox.inventory();
    let foreign = world.sandbox.fly().mint_token(TokenKind::OtherOrganisation);

    let ended = world.run_with(&["teardown", "my", "--yes"], &[("FLY_API_TOKEN", &foreign)]).await;

    assert_eq!(ended.code, 3, "{}", ended.err);
    assert!(ended.err.contains("one for the organisation personal"), "{}", ended.err);
    assert_eq!(world.sandbox.inventory(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_key_that_will_not_do_is_refused_and_nothing_is_made() {
    let world = CliWorld::new().await;
    let forged = format!("sk-ant-api03-{}AA", "e".repeat(93));
    let subscription = format!("sk-ant-oat01-{}AA", "e".repeat(93));
    let token = world.sandbox.fly_token();
    for (key, sentence) in [
        (forged.as_str(), "refused"),
        (token, "a Fly.io token"),
        (&subscription, "A subscription token (sk-ant-oat…) does not work here"),
    ] {
        let ended = world.run_with(&["deploy", "--yes"], &[("ANTHROPIC_API_KEY", key)]).await;

        assert_eq!(ended.code, 3, "{}", ended.err);
        assert!(ended.err.contains(sentence), "{}", ended.err);
        assert!(!ended.err.contains(key), "it is repeated");
    }
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daily_limit_that_is_no_number_is_refused_and_one_that_is_stands_in_the_plan() {
    let world = CliWorld::new().await;
    let key = world.sandbox.model_key();
    let run = async |limit: &str| {
        let settings = [("ANTHROPIC_API_KEY", key), ("TEXTSLASH_DAILY_TOKENS", limit)];
        world.run_with(&["deploy"], &settings).await
    };
    for wrong in ["many", "-1", "5 000 000", "1.5", "99999999999999999999"] {
        let ended = run(wrong).await;
        assert_eq!(ended.code, 1, "{wrong}: {}", ended.err);
        assert!(ended.err.contains("TEXTSLASH_DAILY_TOKENS must be a number"), "{}", ended.err);
    }
    for (limit, plan) in [("", "5,000,000"), ("0", "0"), ("12345678", "12,345,678")] {
        let ended = run(limit).await;
        let plan = format!("agent: Claude Code; at most {plan} tokens a day (UTC)");
        assert!(ended.err.contains(&plan), "{limit}: {}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_where_nobody_can_be_asked() {
    let world = CliWorld::new().await;
    for (role, name) in [
        (DEPLOY.as_slice(), "FLY_API_TOKEN"),
        (&DEPLOY, "TEXTSLASH_VM_IMAGE"),
        (&["deploy", "--yes"], "ANTHROPIC_API_KEY"),
        (&["teardown", "--yes"], "FLY_API_TOKEN"),
        (&["chat"], "TEXTSLASH_LINK"),
        (&["relay"], "TEXTSLASH_MODEL_URL"),
        (&["vm"], "TEXTSLASH_MODEL_PROXY_URL"),
    ] {
        let ended = world.run_with(role, &[(name, ""), ("PORT", "0")]).await;

        assert_eq!(ended.code, 1, "{role:?}: {}", ended.err);
        assert!(ended.err.contains(&format!("{name} is not set")), "{role:?}: {}", ended.err);
    }
    for (role, sentence) in [
        (&["deploy", "--agent", "shell"][..], "Pass --yes if you agree to the price"),
        (&["deploy", "--agent", "shell", "--organisation", "acme"], "opens personal, not acme"),
        (
            &["deploy", "--agent", "shell", "--region", "xyz"],
            "There is no region xyz. Pass --region with one of: lhr, ams",
        ),
        (&["teardown", "ghost", "--yes"], "No deployment is called ghost"),
        (&["status", "ghost"], "No deployment is called ghost"),
    ] {
        let ended = world.run(role).await;

        assert_eq!(ended.code, 1, "{role:?}: {}", ended.err);
        assert!(ended.err.contains(sentence), "{role:?}: {}", ended.err);
    }
    assert_eq!(world.sandbox.inventory(), nothing());
}

#[tokio::test]
async fn wrong_usage_is_explained() {
    let dir = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str]| Program::start(dir.path(), arguments, &[]).end().await;
    let cases: [(&[&str], &str); 15] = [
        (&[], "Usage: textslash"),
        (&["dance"], "unrecognized subcommand"),
        (&["deploy", "--name", ""], "a name is 1 to 20 of a-z"),
        (&["deploy", "--name", "Ada Lovelace"], "ada-lovelace would do"),
        (&["deploy", "--email", "lilach"], "looks like name@example.com"),
        (&["deploy", "--email", "lilach@example"], "looks like name@example.com"),
        (&["deploy", "--email", "li lach@example.com"], "looks like name@example.com"),
        (&["deploy", "--email", "@example.com"], "looks like name@example.com"),
        (&["deploy", "--agent", "hal"], "claude or shell"),
        (&["deploy", "--size", "huge"], "small, medium or large"),
        (&["deploy", "--volume-gb", "0"], "1..=500"),
        (&["sandbox", "--face", "happy"], "no-card"),
        (&["sandbox", "--serve", "--script", "file"], "cannot be used with"),
        (&["sandbox", "--script", "file", "--patience", "0"], "invalid value"),
        (&["sandbox", "--script", "file", "--patience", "18446744073709551615"], "invalid value"),
    ];
    for (arguments, sentence) in cases {
        let ended = run(arguments).await;

        assert_eq!(ended.code, 2, "{arguments:?}: {}", ended.err);
        assert!(ended.err.contains(sentence), "{arguments:?}: {}", ended.err);
    }
    assert_eq!(run(&["--help"]).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_means_it_uses_vendors_on_this_machine() {
    let world = CliWorld::new().await;
    let roles: [&[&str]; 6] =
        [&["setup"], &DEPLOY, &["list"], &["status", "my"], &["teardown", "--yes"], &["relay"]];
    let model = world.sandbox.base_urls().pop().unwrap().1;
    for role in roles {
        let more = [
            ("TEXTSLASH_ALLOW_SANDBOX", "0"),
            ("TEXTSLASH_MODEL_URL", &model),
            ("TEXTSLASH_AGENT", "shell"),
        ];
        let ended = world.run_with(role, &more).await;

        assert_eq!(ended.code, 1, "{role:?}: {}", ended.err);
        let sentence =
            "points at this machine; set TEXTSLASH_ALLOW_SANDBOX=1 if you mean a sandbox";
        assert!(ended.err.contains(sentence), "{role:?}: {}", ended.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_does_not_open_is_refused() {
    let world = CliWorld::new().await;
    let deployed = world.deploys("my").await;
    let (relay, _) = deployed["link"].as_str().unwrap().split_once('#').unwrap();

    let wrong = format!("{relay}#{}", "0".repeat(64));
    let mut chat = world.start_with(&["chat"], &[("TEXTSLASH_LINK", &wrong)]);
    chat.types("hello").await;
    let ended = chat.end().await;
    assert_eq!(ended.code, 3, "{}", ended.err);
    assert!(ended.out.contains("This link is not valid here"), "{}", ended.out);

    let ended = world.run(&["chat", relay]).await;
    assert_eq!(ended.code, 1, "{}", ended.err);
    assert!(ended.err.contains("Copy the whole link"), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_speaks_the_language_of_the_terminal() {
    let world = CliWorld::new().await;
    for (settings, sentence) in [
        (&[("LANG", "de_AT.UTF-8")][..], "Von hier aus wurde nichts eingerichtet."),
        (&[("LC_ALL", "en_GB.UTF-8"), ("LANG", "de_DE")], "Nothing was deployed from here."),
        (&[("LC_ALL", ""), ("LC_MESSAGES", "de_DE")], "Von hier aus wurde nichts eingerichtet."),
        (&[("LANG", "C.UTF-8")], "Nothing was deployed from here."),
    ] {
        let ended = world.run_with(&["list"], settings).await;
        assert_eq!(ended.code, 0, "{}", ended.err);
        assert!(ended.err.contains(sentence), "{settings:?}: {}", ended.err);
    }
}
