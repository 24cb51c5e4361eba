//! The way of raw input to the active voice.

use std::io::Read;
use std::sync::Weak;
use std::thread;

use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::keys::{InputEvent, LineEditor};
use super::{CHUNK_BYTES, CHUNKS_MAX, SharedConsole};

/// Raw bytes.
pub(super) type InputChunk = Zeroizing<Vec<u8>>;

/// Reads this process's input on a thread of its own: a read of a keyboard cannot be cancelled, and
/// a runtime would wait for it when it shuts down.
pub(super) fn stdin_chunks() -> mpsc::Receiver<InputChunk> {
    let (chunks, received) = mpsc::channel(CHUNKS_MAX);
    thread::spawn(move || {
        let mut stdin = std::io::stdin();
        let mut buffer = Zeroizing::new(vec![0; CHUNK_BYTES]);
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => {
                    if chunks.blocking_send(InputChunk::new(buffer[..read].to_vec())).is_err() {
                        return;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    });
    received
}

/// Turns chunks into lines until the input or the terminal ends.
pub(super) fn start(
    shared: Weak<SharedConsole>,
    mut chunks: mpsc::Receiver<InputChunk>,
    edited: bool,
) {
    tokio::spawn(async move {
        let mut keys = LineEditor::new(edited);
        while let Some(chunk) = chunks.recv().await {
            for byte in chunk.iter() {
                let key = keys.press(*byte);
                if !act(&shared, key).await {
                    return;
                }
            }
            if edited && let Some(shared) = shared.upgrade() {
                shared.state().set_typed(keys.typed());
            }
        }
        if let Some(last) = keys.last() {
            act(&shared, last).await;
        }
        if let Some(shared) = shared.upgrade() {
            shared.state().end();
        }
    });
}

/// Handles a chunk; false when the input has ended.
async fn act(shared: &Weak<SharedConsole>, key: InputEvent) -> bool {
    if matches!(key, InputEvent::Incomplete) {
        return true;
    }
    let Some(shared) = shared.upgrade() else { return false };
    match key {
        InputEvent::Incomplete => {}
        InputEvent::Line { text, cut } => {
            let delivery = shared.state().enter(text, cut);
            if let Some((voice, line)) = delivery {
                // A voice that is gone reads no more; the others still do.
                let _ = voice.send(line).await;
            }
        }
        InputEvent::Interrupt => {
            // The input does not end: a program must not take an interruption for a good-bye.
            shared.state().close();
            super::tty::interrupt();
            return false;
        }
        InputEvent::End => {
            shared.state().end();
            return false;
        }
    }
    true
}
