//! The log of the real program, as a log collector reads it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::program::Program;
use crate::services::world::{self, ServicesWorld};

/// A field of the spans that a line stands in.
fn span_field<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    line["spans"].as_array()?.iter().find_map(|span| span[name].as_str())
}

/// The lines of a log; what the program says to its host stays text.
fn json_lines(log: &str) -> Vec<Value> {
    log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test]
async fn two_conversations_and_a_run_can_be_told_apart() {
    let mut world = ServicesWorld::polling().await;
    world.host_sets("TEXTSLASH_LOG_FORMAT", "json").await;
    world.host_sets("TEXTSLASH_LOG", "debug").await;
    // A deployment in which nothing goes wrong logs no failed calls.
    world.sandbox.fly().organisations().set_no_machines_in(&["lhr"]);
    let (mut ada, mut ben) = (world.ada(), world.somebody(world::ADA + 1));
    let token = world.sandbox.fly_token().to_owned();

    ada.says("hi");
    ada.reads("I need a token").await;
    ben.says("hello there");
    ben.reads("I need a token").await;
    ada.says(&token);
    ada.reads("Which Anthropic API key").await;
    ben.says("/cancel");
    ben.reads("Cancelled").await;
    ada.taps("Shell agent, no key");
    ada.reads("Which channel").await;
    ada.taps("a web link");
    ada.reads("Where should it run?").await;
    ada.says("lhr");
    ada.reads("How large").await;
    ada.taps("Small");
    ada.reads("This is the plan").await;
    ben.says("/help");
    ben.reads("/teardown").await;
    ada.taps("Deploy");
    ada.reads("Your relay is ready").await;
    let log = world.bot_stops().await.err;

    let lines = json_lines(&log);
    let mut conversations = BTreeMap::<&str, Vec<&Value>>::new();
    for line in &lines {
        if let Some(conversation) = span_field(line, "conversation") {
            assert_eq!(span_field(line, "channel"), Some("telegram"), "{line}");
            conversations.entry(conversation).or_default().push(line);
        }
    }
    let count = |lines: &[&Value], words: &str| {
        lines.iter().filter(|line| line["fields"]["message"] == words).count()
    };
    let taken = conversations.values().map(|lines| count(lines, "a message was taken"));
    assert_eq!(taken.collect::<BTreeSet<_>>(), [3, 7].into(), "{log}");
    let with_run: Vec<_> = lines.iter().filter(|line| span_field(line, "run").is_some()).collect();
    let owners: BTreeSet<_> =
        with_run.iter().map(|line| span_field(line, "conversation")).collect();
    let runs: BTreeSet<_> = with_run.iter().map(|line| span_field(line, "run")).collect();
    assert_eq!((owners.len(), runs.len()), (1, 1), "{log}");
    let of_ada = &conversations[owners.first().unwrap().unwrap()];
    assert_eq!(count(of_ada, "a message was taken"), 7, "the run is Ada's");
    for words in ["a drive begins", "a call failed", "a drive has ended"] {
        assert!(count(&with_run, words) > 0, "{words:?} is not in {log}");
    }
    for private in ["7001", "7002", "hello there", &token[..40]] {
        assert!(!log.contains(private), "{private} is in {log}");
    }
}

#[tokio::test]
async fn a_setting_of_the_log_that_is_wrong_is_named_and_an_empty_one_is_none() {
    let dir = tempfile::tempdir().unwrap();
    for (name, wrong, right) in
        [("TEXTSLASH_LOG", "loud", "warn"), ("TEXTSLASH_LOG_FORMAT", "xml", "json")]
    {
        let of = |value: &str| {
            Program::start(dir.path(), &["list"], &[(name.to_owned(), value.to_owned())]).end()
        };
        let refused = of(wrong).await;
        assert_eq!(refused.code, 2, "{}", refused.err);
        assert!(refused.err.contains(&format!("set {name}")), "{}", refused.err);
        assert!(refused.err.contains(right), "{}", refused.err);
        assert_eq!(of("").await.code, 0);
        assert_eq!(of(right).await.code, 0);
    }
}
