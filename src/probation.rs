//! A machine whose deployment is never proven must not run up a bill: it serves for a while, and
//! then no more until it is committed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::files::write_whole_now;

pub use crate::protocol::PROBATION_MS;

/// How long a later start that may no longer serve waits to be committed, in milliseconds: any
/// stranger's request wakes the machine, and a resumed deploy wakes it again when it is ready.
pub const LATE_PATIENCE_MS: u64 = 5 * 60_000;

/// What is known about it is kept in the data directory.
pub struct Probation {
    directory: PathBuf,
    clock: Clock,
    probation_ms: u64,
    /// When it ends at the latest, in unix milliseconds.
    until_ms: Option<u64>,
    first_start_ms: u64,
    committed: watch::Sender<bool>,
}

impl Probation {
    /// Reads what was kept, and notes the first start. The probation ends `probation_ms` after
    /// that, or at `until_ms` (unix milliseconds) if that is earlier.
    ///
    /// # Errors
    /// When the data directory cannot be written.
    pub fn open(
        directory: &Path,
        clock: Clock,
        probation_ms: u64,
        until_ms: Option<u64>,
    ) -> anyhow::Result<Self> {
        let kept = directory.join("first_start_ms");
        let noted = match std::fs::read_to_string(&kept) {
            Ok(text) => text.trim().parse().ok(),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", kept.display()));
            }
        };
        let first_start_ms = match noted {
            Some(first_start_ms) => first_start_ms,
            None => {
                let now_ms = clock.now_ms();
                write_durably(&kept, &now_ms.to_string())?;
                now_ms
            }
        };
        let committed = watch::Sender::new(directory.join("committed").exists());
        let directory = directory.to_owned();
        Ok(Self { directory, clock, probation_ms, until_ms, first_start_ms, committed })
    }

    /// The deployment is proven: for good.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub fn commit(&self) -> anyhow::Result<()> {
        write_durably(&self.directory.join("committed"), "")?;
        self.committed.send_replace(true);
        Ok(())
    }

    /// It was proven.
    pub fn is_committed(&self) -> bool {
        *self.committed.borrow()
    }

    /// Returns when it is proven.
    pub async fn committed(&self) {
        // The sender lives as long as this borrow of it.
        let _ = self.committed.subscribe().wait_for(|committed| *committed).await;
    }

    /// May turns be served?
    pub fn serves(&self) -> bool {
        self.is_committed() || self.left_ms() > 0
    }

    /// How long this process may wait to be committed: what is left of its probation, and never
    /// less than a deploy that is resumed late needs.
    fn patience_ms(&self) -> u64 {
        self.left_ms().max(LATE_PATIENCE_MS)
    }

    /// Returns when the patience is over and nobody has committed the machine.
    pub async fn never_committed(&self) {
        tokio::time::sleep(Duration::from_millis(self.patience_ms())).await;
        if self.is_committed() {
            std::future::pending::<()>().await;
        }
    }

    fn left_ms(&self) -> u64 {
        let now_ms = self.clock.now_ms();
        let age_ms = now_ms.saturating_sub(self.first_start_ms);
        let until_ms = self.until_ms.unwrap_or(u64::MAX);
        self.probation_ms.saturating_sub(age_ms).min(until_ms.saturating_sub(now_ms))
    }
}

fn write_durably(path: &Path, text: &str) -> anyhow::Result<()> {
    let written = write_whole_now(path, text.as_bytes());
    written.with_context(|| format!("cannot write {}", path.display()))
}
