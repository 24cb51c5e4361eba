//! A relay whose database was broken.

use std::fs;
use std::time::UNIX_EPOCH;

use super::*;

/// The clock of these worlds, at their start.
const NOW_MS: i64 = 1_700_000_000_000;

#[tokio::test]
async fn the_owner_is_told_and_nothing_of_the_lost_time_runs_again() {
    let world = RelayWorld::new(AgentScript::answers("ok")).await;
    world.channel.says(line("1", "before the copy"));
    world.settled(1).await;
    world.kill().await;
    assert_eq!(world.store.copy_daily(1).await.unwrap(), relay_store::CopyOutcome::Made);
    // By the clock of this world it was made now, so that the relay makes none.
    let copy = fs::File::options().write(true).open(world.dir.path().join("relay.copy")).unwrap();
    copy.set_modified(UNIX_EPOCH + Duration::from_millis(NOW_MS.unsigned_abs())).unwrap();
    world.run_again().await;
    world.channel.says(line("2", "after the copy"));
    world.settled(2).await;
    world.kill().await;
    fs::write(world.dir.path().join("relay.db"), "broken").unwrap();
    let ledger = RelayStore::open(world.dir.path()).await.unwrap();
    // The restore is timed by the system's clock, and this world has its own.
    sqlx::query("UPDATE restored SET moment_ms = $1, from_ms = 0, until_ms = 0")
        .bind(NOW_MS)
        .execute(ledger.database())
        .await
        .unwrap();

    world.run_again().await;
    for (id, text) in [("1", "before the copy"), ("2", "after the copy"), ("3", "/new")] {
        world.channel.says(line(id, text));
    }

    let told = messages::restored(Locale::English, Some(0), 0);
    let again = &messages::IN_DOUBT.said(Locale::English);
    world.until(&["ok", "ok", &told, again, again]).await;
    assert_eq!(world.vm.asked(), ["before the copy", "after the copy"]);
    assert_eq!(ledger.session().await.unwrap(), "main");

    world.run_again().await;
    while ledger.unsent().await.unwrap().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.channel.texts().iter().filter(|text| **text == told).count(), 1);
}

#[test]
fn a_line_is_in_doubt_for_two_minutes_after_a_restore() {
    let restored = relay_store::RestoredDatabase {
        from_ms: None,
        until_ms: 0,
        moment_ms: 1_000_000,
        is_reported: true,
    };
    for (now_ms, is_in_doubt) in [(1_000_000, true), (1_119_999, true), (1_120_000, false)] {
        assert_eq!(restored.is_uncertain(now_ms), is_in_doubt);
    }
}
