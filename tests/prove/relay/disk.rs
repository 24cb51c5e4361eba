//! Disks that are full for a while.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row;
use textslash::store::Database;
use tokio::time::sleep;

use super::stage::StoryMonitor;

/// As many pages as SQLite lets a database have.
const PAGES_MAX: i64 = 4_294_967_294;

/// Where the VM keeps copies of what its agent left, and where that is while the disk is full: no
/// copy can be made then.
const COPIES: &str = "files";
pub const COPIES_AWAY: &str = "files-of-a-full-disk";

/// The relay's disk is full at these times.
pub async fn relay(stage: Arc<StoryMonitor>, database: Database, times: Vec<(Duration, Duration)>) {
    for (after, long) in times {
        sleep(after).await;
        let pages = sqlx::query("PRAGMA page_count").fetch_one(&database).await.unwrap();
        limit(&database, pages.get(0)).await;
        stage.trace("the relay's disk is full");
        sleep(long).await;
        limit(&database, PAGES_MAX).await;
        stage.trace("the relay's disk has room");
    }
}

async fn limit(database: &Database, pages: i64) {
    let limit = sqlx::query(sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}")));
    limit.fetch_one(database).await.unwrap();
}

/// The VM's disk is full at these times.
pub async fn vm(stage: Arc<StoryMonitor>, dir: &Path, times: Vec<(Duration, Duration)>) {
    for (after, long) in times {
        sleep(after).await;
        stage.trace("the VM's disk is full");
        moves(dir, COPIES, COPIES_AWAY);
        sleep(long).await;
        has_room(dir);
        stage.trace("the VM's disk has room");
    }
}

/// There is room on the VM's disk from now on.
pub fn has_room(dir: &Path) {
    moves(dir, COPIES_AWAY, COPIES);
}

/// A directory that is not there, since its VM was never up or has room already, stays so.
fn moves(dir: &Path, from: &str, to: &str) {
    let (from, to) = (dir.join("vm").join(from), dir.join("vm").join(to));
    if !to.exists() {
        let _ = std::fs::rename(from, to);
    }
}
