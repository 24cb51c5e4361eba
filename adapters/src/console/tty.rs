//! The modes of a real terminal.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::screen::ScreenSize;

/// A keyboard, and its earlier modes. Dropping it restores them.
pub(super) struct Tty {
    keyboard: OwnedFd,
    before: Termios,
}

impl Tty {
    /// Takes the keyboard: keys come one by one and unechoed where we draw them ourselves, else
    /// lines stay as they are and only [`Self::echo`] matters. `None` where there is no terminal.
    pub(super) fn take(keyboard: impl AsFd, drawn: bool) -> Option<Self> {
        let keyboard = keyboard.as_fd().try_clone_to_owned().ok()?;
        let before = tcgetattr(&keyboard).ok()?;
        if drawn {
            let mut modes = before.clone();
            let theirs = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
            modes.local_modes -= theirs | LocalModes::IEXTEN;
            tcsetattr(&keyboard, OptionalActions::Now, &modes).ok()?;
        }
        Some(Self { keyboard, before })
    }

    /// Shows or hides what is typed, where the terminal itself echoes lines.
    pub(super) fn echo(&self, shown: bool) {
        let mut modes = self.before.clone();
        modes.local_modes.set(LocalModes::ECHO, shown);
        // A terminal that has gone away has nothing left to hide.
        let _ = tcsetattr(&self.keyboard, OptionalActions::Now, &modes);
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // A terminal that has gone away needs no restoring.
        let _ = tcsetattr(&self.keyboard, OptionalActions::Now, &self.before);
    }
}

/// The size of this process's screen.
pub(super) fn screen_size() -> ScreenSize {
    match tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 => {
            ScreenSize { columns: size.ws_col.into(), rows: size.ws_row.into() }
        }
        _ => ScreenSize::default(),
    }
}

/// Raises `SIGINT`, as the terminal does for Ctrl-C in line mode.
pub(super) fn interrupt() {
    // A process can always signal itself; if not, the input has ended all the same.
    let _ = kill_process(getpid(), Signal::INT);
}
