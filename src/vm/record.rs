//! The events of one turn in a file, a JSON line each. The first thing written is the file itself:
//! from then on the turn counts as begun.

use std::io;
use std::path::Path;

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::protocol::{TurnEvent, TurnFailure};

#[cfg(test)]
mod tests;

/// An open record. Events are flushed one by one, and forced to the disk with the last.
pub struct Record(File);

impl Record {
    /// Notes durably that the turn has begun.
    ///
    /// # Errors
    /// When it cannot be written, or exists.
    pub async fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create_new(true).open(path).await?;
        file.sync_all().await?;
        if let Some(directory) = path.parent() {
            File::open(directory).await?.sync_all().await?;
        }
        Ok(Self(file))
    }

    /// Appends one event.
    ///
    /// # Errors
    /// When the disk is full or gone.
    pub async fn append(&mut self, event: &TurnEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event).map_err(|_| io::ErrorKind::InvalidData)?;
        line.push(b'\n');
        self.0.write_all(&line).await?;
        self.0.flush().await?;
        if event.is_last() {
            self.0.sync_data().await?;
        }
        Ok(())
    }

    /// The events of a turn that is not running, `None` when it never began. One that did not end
    /// was interrupted, and its record says so from now on.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub async fn interrupted(path: &Path) -> io::Result<Option<Vec<TurnEvent>>> {
        let bytes = match tokio::fs::read(path).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let (mut events, whole) = whole_events(&bytes);
        if !events.last().is_some_and(TurnEvent::is_last) {
            let mut file = OpenOptions::new().write(true).open(path).await?;
            file.set_len(whole as u64).await?;
            file.seek(io::SeekFrom::End(0)).await?;
            let interrupted = TurnEvent::Failed { reason: TurnFailure::Interrupted };
            Self(file).append(&interrupted).await?;
            events.push(interrupted);
        }
        Ok(Some(events))
    }
}

/// The events, and how many bytes they take: a line torn by a crash is none.
fn whole_events(bytes: &[u8]) -> (Vec<TurnEvent>, usize) {
    let mut events = Vec::new();
    let mut whole = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Ok(event) = serde_json::from_slice(line) else { break };
        if !line.ends_with(b"\n") {
            break;
        }
        events.push(event);
        whole += line.len();
    }
    (events, whole)
}
