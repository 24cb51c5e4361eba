//! The names in `outbox/`, and why some of them are not sent.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{Mode, SFlag, fstatat};

use crate::protocol::{TurnEvent, WithheldReason};

/// Entries of the outbox that are looked at: far more than anybody wants in a chat, in a few
/// megabytes of memory.
const ENTRIES_MAX: usize = 20_000;

/// Withheld files that a sentence names; of the others it tells the number.
const NAMES_MAX: usize = 3;

/// Characters of a name in a chat.
const NAME_CHARS_MAX: usize = 100;

/// A plain file that the agent left for the person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutboxFile {
    /// As the agent called it.
    pub name: OsString,
    /// Its size.
    pub bytes: u64,
}

impl OutboxFile {
    /// The name as it can be shown in a chat.
    pub fn shown(&self) -> String {
        shown(&self.name)
    }
}

fn shown(name: &OsStr) -> String {
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    name.to_string_lossy().chars().map(visible).take(NAME_CHARS_MAX).collect()
}

/// The entries of `outbox/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxListing {
    /// Plain files, by name.
    pub files: Vec<OutboxFile>,
    /// The other entries.
    pub withheld: WithheldFiles,
}

/// Files that are not sent, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WithheldFiles(BTreeMap<WithheldReason, (Vec<String>, usize)>);

impl OutboxListing {
    /// Lists a directory. It follows no link, and takes no longer where names are long.
    ///
    /// # Errors
    /// When it is no directory, or cannot be read.
    pub(super) fn list(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let mut directory = match Dir::open(path, flags, Mode::empty()) {
            Err(Errno::ENOENT) => return Ok(Self::default()),
            opened => opened?,
        };
        let mut names = Vec::new();
        for entry in directory.iter().take(ENTRIES_MAX) {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        names.sort_unstable();
        let mut outbox = Self::default();
        for name in names {
            match fstatat(&directory, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
                Ok(stat) if is_plain(stat.st_mode) => {
                    let bytes = u64::try_from(stat.st_size).unwrap_or_default();
                    outbox.files.push(OutboxFile { name, bytes });
                }
                // It went away meanwhile.
                Err(Errno::ENOENT) => {}
                _ => outbox.withheld.add(WithheldReason::NotPlain, &shown(&name)),
            }
        }
        Ok(outbox)
    }

    /// An outbox that could not be listed.
    pub(super) fn without_files(reason: WithheldReason) -> Self {
        let mut withheld = WithheldFiles::default();
        withheld.add(reason, "outbox");
        Self { files: Vec::new(), withheld }
    }
}

fn is_plain(mode: nix::libc::mode_t) -> bool {
    SFlag::from_bits_truncate(mode) & SFlag::S_IFMT == SFlag::S_IFREG
}

impl WithheldFiles {
    /// Adds a file.
    pub fn add(&mut self, reason: WithheldReason, name: &str) {
        let (names, count) = self.0.entry(reason).or_default();
        *count += 1;
        if names.len() < NAMES_MAX {
            names.push(name.to_owned());
        }
    }

    /// One event for each reason.
    pub fn events(self) -> impl Iterator<Item = TurnEvent> {
        self.0.into_iter().map(|(reason, (names, count))| TurnEvent::Withheld {
            reason,
            names,
            count,
        })
    }
}
