//! A directory and all below it change their owner. No link is followed.

use std::ffi::CStr;
use std::fs::DirBuilder;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use anyhow::{Context, ensure};
use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat};
use nix::unistd::{Gid, Uid, fchownat};

/// Files at most: a relay or bot keeps a few thousand. More is a wrong directory.
pub(super) const FILES_MAX: usize = 100_000;

/// Directories below each other at most: a relay or bot has two.
pub(super) const DEPTH_MAX: usize = 16;

struct OwnershipWalk {
    uid: Uid,
    gid: Gid,
    device: u64,
    files: usize,
}

/// Makes the directory if it is missing.
pub(super) fn all(directory: &Path, uid: Uid, gid: Gid) -> anyhow::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let directory = directory.canonicalize()?;
    ensure!(directory.parent().is_some(), "it is the root of the file system");
    let top =
        open(&directory, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    let stat = fstat(&top)?;
    let mut walk = OwnershipWalk { uid, gid, device: stat.st_dev, files: 0 };
    walk.own(&top, &stat)?;
    walk.below(&top, 1)
}

impl OwnershipWalk {
    fn below(&mut self, directory: &OwnedFd, depth: usize) -> anyhow::Result<()> {
        ensure!(depth <= DEPTH_MAX, "it is more than {DEPTH_MAX} directories deep");
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut listing = Dir::openat(directory, ".", flags, Mode::empty())?;
        for entry in listing.iter() {
            let entry = entry?;
            if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
                self.entry(directory, entry.file_name(), depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, directory: &OwnedFd, name: &CStr, depth: usize) -> anyhow::Result<()> {
        self.files += 1;
        ensure!(self.files <= FILES_MAX, "it holds more than {FILES_MAX} files");
        let flags = OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(directory, name, flags, Mode::empty())
            .with_context(|| format!("cannot open {}", name.to_string_lossy()))?;
        let stat = fstat(&file)?;
        let kind = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT;
        // A second name of a file, and another file system, may lie elsewhere too.
        if stat.st_dev != self.device || (kind != SFlag::S_IFDIR && stat.st_nlink > 1) {
            tracing::warn!(name = %name.to_string_lossy(), "a file was not handed over");
            return Ok(());
        }
        self.own(&file, &stat)?;
        if kind == SFlag::S_IFDIR { self.below(&file, depth + 1) } else { Ok(()) }
    }

    fn own(&self, file: &OwnedFd, stat: &FileStat) -> anyhow::Result<()> {
        if stat.st_uid != self.uid.as_raw() || stat.st_gid != self.gid.as_raw() {
            fchownat(file, c"", Some(self.uid), Some(self.gid), AtFlags::AT_EMPTY_PATH)?;
        }
        Ok(())
    }
}
