use super::*;

const DAY_MS: u64 = 86_400_000;

fn tokens(input: u64, output: u64) -> TokenCounts {
    TokenCounts { input, output }
}

fn reading(used: TokenCounts, is_input_known: bool, is_output_known: bool) -> UsageReading {
    UsageReading { used, is_input_known, is_output_known }
}

async fn ledger(dir: &tempfile::TempDir) -> Arc<RelayStore> {
    RelayStore::open(dir.path()).await.unwrap()
}

#[test]
fn the_cost_of_a_call_is_bounded_by_its_bytes_and_its_own_limit() {
    let worst = OUTPUT_TOKENS_MAX;
    for (body, output) in [
        (r#"{"model":"m","max_tokens":128,"messages":[]}"#, 128),
        (r#"{"max_tokens":99999999999,"messages":[]}"#, worst),
        (r#"{"max_tokens":1,"max_tokens":128000}"#, worst),
        (r#"{"max_tokens":-1}"#, worst),
        (r#"{"messages":[]}"#, worst),
        ("no JSON", worst),
        ("", worst),
    ] {
        let input = u64::try_from(body.len()).unwrap();
        assert_eq!(cost_max(body.as_bytes()), tokens(input, output), "{body}");
    }
    let image = vec![b' '; 5_000_000];
    assert_eq!(cost_max(&image).input, INPUT_TOKENS_MAX, "no model reads more");
}

#[tokio::test]
async fn calls_side_by_side_pass_the_limit_only_by_the_last_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let mut made = Vec::new();
    for _ in 0..10 {
        made.extend(Reservation::make(ledger.clone(), 0, tokens(30, 10), 100).await.unwrap());
    }
    assert_eq!(made.len(), 3, "120 are reserved, and the limit is 100");

    let mut last = made.pop().unwrap();
    last.settle(&reading(tokens(1, 0), true, false)).await.unwrap();
    assert_eq!(ledger.spent_on(UsageDay::of(0)).await.unwrap(), 91);
    last.settle(&reading(tokens(0, 2), true, true)).await.unwrap();
    assert_eq!(ledger.spent_on(UsageDay::of(0)).await.unwrap(), 83);
    assert!(Reservation::make(ledger, 0, tokens(30, 10), 100).await.unwrap().is_some());
}

#[tokio::test]
async fn what_a_cut_answer_did_not_tell_stays_reserved_across_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let first = ledger(&dir).await;
    let mut cut = Reservation::make(first.clone(), 0, tokens(50, 40), 100).await.unwrap().unwrap();
    cut.settle(&reading(tokens(20, 1), true, false)).await.unwrap();
    drop(cut);
    drop(first);

    let second = ledger(&dir).await;
    assert_eq!(second.spent_on(UsageDay::of(0)).await.unwrap(), 20 + 1 + 40);
    assert_eq!(second.usage().await.unwrap(), tokens(20, 1), "what is not known is not used");
}

#[tokio::test]
async fn a_call_that_cost_nothing_gives_everything_back() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let call = Reservation::make(ledger.clone(), 0, tokens(50, 40), 100).await.unwrap().unwrap();
    call.cancel().await.unwrap();
    assert_eq!(ledger.spent_on(UsageDay::of(0)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_new_day_begins_at_midnight_utc() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    let at = |now_ms| Reservation::make(ledger.clone(), now_ms, tokens(50, 50), 100);
    let mut late = at(DAY_MS - 1).await.unwrap().unwrap();
    assert!(at(DAY_MS - 1).await.unwrap().is_none());

    assert!(at(DAY_MS).await.unwrap().is_some());
    late.settle(&reading(tokens(5, 5), true, true)).await.unwrap();
    assert_eq!(ledger.spent_on(UsageDay::of(0)).await.unwrap(), 10, "on the day it was sent");
    assert_eq!(ledger.spent_on(UsageDay::of(DAY_MS)).await.unwrap(), 100);
}

#[tokio::test]
async fn a_limit_of_nothing_lets_nothing_pass() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = ledger(&dir).await;
    assert!(Reservation::make(ledger, 0, tokens(1, 1), 0).await.unwrap().is_none());
}
