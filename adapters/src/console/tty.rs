//! The modes of a real terminal.

use std::io;

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::screen::Size;

/// The keyboard of this process, and how it was before us. Dropping it puts that back.
pub(super) struct Tty {
    before: Termios,
}

impl Tty {
    /// Takes the keyboard: keys come one by one and unechoed where we draw them ourselves, else
    /// lines stay as they are and only [`Self::echo`] matters. `None` where there is no terminal.
    pub(super) fn of_stdin(drawn: bool) -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        if drawn {
            let mut modes = before.clone();
            let ours =
                LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG | LocalModes::IEXTEN;
            modes.local_modes -= ours;
            tcsetattr(io::stdin(), OptionalActions::Now, &modes).ok()?;
        }
        Some(Self { before })
    }

    /// Shows or hides what is typed, where the terminal itself echoes lines.
    pub(super) fn echo(&self, shown: bool) {
        let mut modes = self.before.clone();
        modes.local_modes.set(LocalModes::ECHO, shown);
        // A terminal that has gone away has nothing left to hide.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &modes);
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // A terminal that has gone away needs no restoring.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

/// The size of this process's screen.
pub(super) fn screen_size() -> Size {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => {
            Size { columns: size.ws_col.into(), rows: size.ws_row.into() }
        }
        _ => Size::default(),
    }
}

/// Does what Ctrl-C does where the terminal looks for it.
pub(super) fn interrupt() {
    // A process can always signal itself; if not, the input has ended all the same.
    let _ = kill_process(getpid(), Signal::INT);
}
