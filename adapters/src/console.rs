//! The terminal of this process.
//!
//! One [`Terminal`] holds one or more conversation partners, its *voices*. A typed line goes to the
//! voice that is being talked to; a line that is exactly `/name` of a voice talks to that one from
//! then on. Buttons are numbered choices, answered by number or by label. A credential is read
//! without echo where the input is a real terminal.
//!
//! Piped input and output work without any control sequence: edits are printed as the lines that
//! changed, and the end of the input ends every voice.

use std::io::{IsTerminal, Write};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::sync::mpsc;

use crate::chat::{InboundContent, Outbound};

mod channel;
mod input;
mod keys;
mod plain;
mod screen;
mod state;
#[cfg(test)]
mod tests;
mod tty;
mod voice;

pub use channel::ConsoleChannel;
pub use keys::LINE_MAX;
pub use screen::ScreenSize;

use state::ConsoleState;
use tty::Tty;

/// Typed lines that wait for one voice. More than a person types ahead; a pipe waits.
const LINES_MAX: usize = 256;

/// Pieces of raw input that wait to be looked at.
const CHUNKS_MAX: usize = 16;

/// Bytes read at once.
const CHUNK_BYTES: usize = 16 * 1024;

/// The kind of screen and keyboard of a [`Terminal`].
#[derive(Default)]
pub struct TerminalOptions {
    screen: Option<Box<dyn Fn() -> ScreenSize + Send>>,
    tty: Option<Tty>,
}

impl TerminalOptions {
    /// Lines in, lines out.
    pub fn piped() -> Self {
        Self::default()
    }

    /// A screen that is drawn on, and a keyboard whose keys arrive one by one and are not echoed
    /// by anybody else. The size is asked for before each drawing.
    pub fn screen(size: impl Fn() -> ScreenSize + Send + 'static) -> Self {
        Self { screen: Some(Box::new(size)), tty: None }
    }
}

/// A keyboard and a screen, shared by voices.
///
/// Keep it for as long as its voices are in use: dropping it gives the real terminal its echo back.
pub struct Terminal {
    shared: Arc<SharedConsole>,
    /// Taken by the first voice: before it, no voice would read a line.
    chunks: Mutex<Option<mpsc::Receiver<input::InputChunk>>>,
}

/// One conversation partner in a [`Terminal`].
pub struct Voice {
    shared: Arc<SharedConsole>,
    index: usize,
    lines: tokio::sync::Mutex<mpsc::Receiver<state::TypedLine>>,
}

struct SharedConsole {
    state: Mutex<ConsoleState>,
}

impl SharedConsole {
    fn state(&self) -> MutexGuard<'_, ConsoleState> {
        self.state.lock()
    }
}

impl Terminal {
    /// A terminal over any input and output. Must be called within a tokio runtime.
    pub fn new(
        mut input: impl AsyncRead + Send + Unpin + 'static,
        output: impl Write + Send + 'static,
        options: TerminalOptions,
    ) -> Self {
        let (chunks, received) = mpsc::channel(CHUNKS_MAX);
        tokio::spawn(async move {
            let mut buffer = vec![0; CHUNK_BYTES];
            while let Ok(read @ 1..) = input.read(&mut buffer).await {
                if chunks.send(input::InputChunk::new(buffer[..read].to_vec())).await.is_err() {
                    return;
                }
            }
        });
        Self::over(received, Box::new(output), options)
    }

    /// This process's own terminal. Must be called within a tokio runtime.
    ///
    /// A real keyboard is taken out of line mode, which would cut lines at 4096 bytes, and echoed
    /// by us; Ctrl-C gives the terminal back and raises `SIGINT`. Where the output
    /// is no screen the keyboard stays in line mode, with that bound, and only hides credentials.
    pub fn of_stdio() -> Self {
        let drawn = std::io::stdout().is_terminal();
        let options = match std::io::stdin().is_terminal() {
            true => TerminalOptions {
                tty: Tty::take(std::io::stdin(), drawn),
                screen: drawn
                    .then(|| Box::new(tty::screen_size) as Box<dyn Fn() -> ScreenSize + Send>),
            },
            false => TerminalOptions::piped(),
        };
        Self::over(input::stdin_chunks(), Box::new(std::io::stdout()), options)
    }

    /// This process's keyboard, and its standard error in place of a screen: for programs whose
    /// standard output is read by other programs. Must be called within a tokio runtime.
    pub fn of_stdin_and_stderr() -> Self {
        let keyboard = std::io::stdin();
        let tty = keyboard.is_terminal().then(|| Tty::take(keyboard, false)).flatten();
        let options = TerminalOptions { screen: None, tty };
        Self::over(input::stdin_chunks(), Box::new(std::io::stderr()), options)
    }

    fn over(
        chunks: mpsc::Receiver<input::InputChunk>,
        output: Box<dyn Write + Send>,
        options: TerminalOptions,
    ) -> Self {
        let state = ConsoleState::new(output, options.screen, options.tty);
        let shared = Arc::new(SharedConsole { state: Mutex::new(state) });
        Self { shared, chunks: Mutex::new(Some(chunks)) }
    }

    /// A new conversation partner of this name; the first one is talked to. Must be called within a
    /// tokio runtime.
    pub fn voice(&self, name: &str) -> Voice {
        let (sender, lines) = mpsc::channel(LINES_MAX);
        let index = self.shared.state().add_voice(name, sender);
        let chunks = self.chunks.lock().take();
        if let Some(chunks) = chunks {
            let interactive = self.shared.state().is_interactive();
            input::start(Arc::downgrade(&self.shared), chunks, interactive);
        }
        Voice { shared: self.shared.clone(), index, lines: tokio::sync::Mutex::new(lines) }
    }

    /// Sends typed lines to this voice from now on, and shows that to the person. An unknown name,
    /// or that of the active voice, changes nothing.
    pub fn switch_to(&self, name: &str) {
        self.shared.state().switch_to(name);
    }

    /// Prints a line that belongs to no voice.
    pub fn notice(&self, text: &str) {
        self.shared.state().notice(text);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.shared.state().close();
    }
}
