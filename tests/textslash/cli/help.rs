//! The reference that the program prints of itself.

use std::collections::BTreeSet;

use textslash::config::reference::{Setting, of_bot, of_vendors};

use crate::program::{Program, ProgramExit};

const COMMANDS: [&str; 10] = [
    "sandbox",
    "bot",
    "setup",
    "chat",
    "deploy",
    "status",
    "list",
    "teardown",
    "completions",
    "man",
];

async fn run(arguments: &[&str], environment: &[(&str, &str)]) -> ProgramExit {
    let dir = tempfile::tempdir().unwrap();
    let environment: Vec<_> =
        environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Program::start(dir.path(), arguments, &environment).end().await
}

#[tokio::test]
async fn the_help_of_the_bot_names_each_setting_and_shows_no_value() {
    let canary = "a-value-of-this-process";
    let set: Vec<_> = of_bot().iter().map(|it| (it.name, canary)).collect();
    let ended = run(&["bot", "--help"], &set).await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert!(!ended.out.contains(canary), "{}", ended.out);
    for Setting { name, meaning, .. } in of_bot().into_iter().chain(of_vendors()) {
        assert!(ended.out.contains(name), "{name}");
        let words: String = ended.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(meaning), "{name}: {meaning}");
    }
}

#[tokio::test]
async fn a_flag_overrides_the_environment_and_a_secret_is_no_flag() {
    let base = [
        ("TELEGRAM_BOT_TOKEN", "123456789:AAF3k9QzX1vB7nM5cR2tY8uW4eP6oL0jHsG"),
        ("TELEGRAM_API_URL", "http://127.0.0.1:1"),
        ("TEXTSLASH_ALLOW_SANDBOX", "1"),
        ("TEXTSLASH_DEPLOYMENTS_A_DAY", "5"),
    ];
    let ended = run(&["bot", "--deployments-a-day", "many"], &base).await;
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("TEXTSLASH_DEPLOYMENTS_A_DAY must be a number"), "{}", ended.err);

    for secret in of_bot().iter().filter(|it| it.is_secret) {
        let flag = format!("--{}", secret.flag());
        let ended = run(&["bot", &flag, "a-credential"], &[]).await;
        assert_eq!(ended.code, 2, "{flag}: {}", ended.err);
    }
}

#[tokio::test]
async fn completions_and_the_manual_name_each_command_and_no_role_of_a_machine() {
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell], &[]).await;
        assert_eq!(script.code, 0, "{}", script.err);
        for command in COMMANDS {
            assert!(script.out.contains(command), "{shell} completes {command}");
        }
        let roles = ["textslash,relay", "(relay)", "-a \"relay\""];
        assert!(!roles.iter().any(|role| script.out.contains(role)), "{shell}");
    }
    let page = run(&["man"], &[]).await;
    assert!(page.out.starts_with(".ie") && page.out.contains(".TH textslash 1"), "{}", page.out);
    for command in COMMANDS {
        assert!(page.out.contains(&format!("textslash\\-{command}(1)")), "{command}");
        let own = run(&["man", command], &[]).await;
        assert_eq!(own.code, 0, "{}", own.err);
        assert!(own.out.contains(&format!("textslash\\-{command}")), "{}", own.out);
    }
    for role in ["relay", "vm", "channel", "nonsense"] {
        let none = run(&["man", role], &[]).await;
        assert_eq!((none.code, none.out.as_str()), (2, ""), "{role}");
        assert!(none.err.contains("textslash --help"), "{}", none.err);
    }
}

/// The settings and defaults of the tables below a heading of the guide.
fn rows_of_the_guide(heading: &str) -> BTreeSet<(String, String)> {
    let guide = std::fs::read_to_string(".github/HOSTING.md").unwrap();
    let (_, after) = guide.split_once(&format!("### {heading}\n")).unwrap();
    let table = after.trim_start().split("\n\n").next().unwrap();
    let cell = |text: &str| -> Vec<String> {
        let names = text.split(", ").map(|it| it.trim().trim_matches('`').to_owned());
        names.collect()
    };
    let rows = table.lines().skip(2).map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").collect();
        (cell(cells[0]), cell(cells[1]))
    });
    let pairs = rows.flat_map(|(names, defaults)| {
        let last = defaults.last().unwrap().clone();
        let defaults = defaults.into_iter().chain(std::iter::repeat(last));
        names.into_iter().zip(defaults).collect::<Vec<_>>()
    });
    pairs.collect()
}

#[test]
fn the_guide_has_a_row_for_each_setting_with_its_default() {
    let guide = rows_of_the_guide("The bot");
    for Setting { name, default, .. } in of_bot() {
        let row = guide.iter().find(|(named, _)| named == name);
        let (_, said) = row.unwrap_or_else(|| panic!("no row for {name}"));
        match default {
            Some(default) => assert_eq!(*said, default, "{name}"),
            None => assert!(said == "none" || name == "TEXTSLASH_USER", "{name}: {said}"),
        }
    }
    let known: BTreeSet<_> = of_bot().iter().map(|it| it.name).collect();
    for (name, _) in &guide {
        let of_every_role = name.starts_with("TEXTSLASH_LOG");
        assert!(known.contains(name.as_str()) || of_every_role, "{name} is no setting");
    }
    let sandbox = rows_of_the_guide("For a sandbox or a fork");
    let named: BTreeSet<_> = sandbox.iter().map(|(name, _)| name.as_str()).collect();
    let settings = of_vendors();
    assert_eq!(named, settings.iter().map(|it| it.name).collect());
}
