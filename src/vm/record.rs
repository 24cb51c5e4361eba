//! The events of one turn in a file, a JSON line each. The first thing written is the file itself:
//! from then on the turn counts as begun.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::files::on_disk;
use crate::protocol::{TurnEvent, TurnFailure};

#[cfg(test)]
mod tests;

/// An open record. Events are written one by one.
pub struct TurnRecord {
    file: Arc<File>,
    /// Bytes of whole events.
    whole: u64,
    /// A torn event could not be cut off, so nothing may follow it.
    is_torn: bool,
}

impl TurnRecord {
    /// Notes durably that the turn has begun.
    ///
    /// # Errors
    /// When it cannot be written, or exists.
    pub async fn create(path: &Path) -> io::Result<Self> {
        let path = path.to_owned();
        let file = on_disk(move || {
            let file = OpenOptions::new().append(true).create_new(true).open(&path)?;
            file.sync_all()?;
            if let Some(directory) = path.parent() {
                File::open(directory)?.sync_all()?;
            }
            Ok(file)
        });
        Ok(Self { file: Arc::new(file.await?), whole: 0, is_torn: false })
    }

    /// Appends one event. A file and the end of the turn are on the disk when this returns, with
    /// everything before them.
    ///
    /// # Errors
    /// When the disk is full or fails; then the record is as it was before.
    pub async fn append(&mut self, event: &TurnEvent) -> io::Result<()> {
        let mut line = serde_json::to_vec(event).map_err(|_| io::ErrorKind::InvalidData)?;
        line.push(b'\n');
        if self.is_torn {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let is_durable = event.is_last() || matches!(event, TurnEvent::File { .. });
        let (length, whole, file) = (line.len() as u64, self.whole, self.file.clone());
        let written = on_disk(move || {
            let written = write(&file, &line, is_durable);
            let is_torn = written.is_err() && file.set_len(whole).is_err();
            Ok((written, is_torn))
        });
        let (written, is_torn) = written.await?;
        self.is_torn = is_torn;
        written?;
        self.whole += length;
        Ok(())
    }

    /// The events of a turn that is not running, `None` when it never began. One that did not end
    /// was interrupted, and its record says so from now on; on a full disk it says so later.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn interrupted(path: &Path) -> io::Result<Option<Vec<TurnEvent>>> {
        let there = path.to_owned();
        let bytes = match on_disk(move || std::fs::read(there)).await {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let (mut events, whole) = whole_events(&bytes);
        if !events.last().is_some_and(TurnEvent::is_last) {
            let interrupted = TurnEvent::Failed { reason: TurnFailure::Interrupted };
            if let Err(error) = Self::end(path, whole as u64, &interrupted).await {
                tracing::warn!(error = ?error.kind(), "cannot write that a turn was interrupted");
            }
            events.push(interrupted);
        }
        Ok(Some(events))
    }

    async fn end(path: &Path, whole: u64, last: &TurnEvent) -> io::Result<()> {
        let path = path.to_owned();
        let file = on_disk(move || {
            let file = OpenOptions::new().append(true).open(path)?;
            file.set_len(whole)?;
            Ok(file)
        });
        let file = Arc::new(file.await?);
        Self { file, whole, is_torn: false }.append(last).await
    }
}

fn write(mut file: &File, line: &[u8], is_durable: bool) -> io::Result<()> {
    file.write_all(line)?;
    if is_durable {
        file.sync_data()?;
    }
    Ok(())
}

/// The events, and how many bytes they take: a line torn by a crash is none.
fn whole_events(bytes: &[u8]) -> (Vec<TurnEvent>, usize) {
    let mut events = Vec::new();
    let mut whole = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Ok(event) = serde_json::from_slice(line) else { break };
        if !line.ends_with(b"\n") || event == TurnEvent::Unknown {
            break;
        }
        events.push(event);
        whole += line.len();
    }
    (events, whole)
}
