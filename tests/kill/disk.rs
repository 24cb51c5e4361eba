//! A small disk that can be filled: a tmpfs of its own, which needs the right to mount one.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;

pub struct LimitedDisk {
    at: PathBuf,
}

impl LimitedDisk {
    /// Mounts one of so many KiB there; `None` when this user may not mount.
    pub fn mount(at: &Path, kib: u32) -> anyhow::Result<Option<Self>> {
        std::fs::create_dir_all(at).context("make a mount point")?;
        let options = format!("size={kib}k,mode=711");
        let mut command = Command::new("mount");
        command
            .args(["-t", "tmpfs", "-o", &options, "textslash-disk"])
            .arg(at)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match command.status() {
            Ok(status) if status.success() => Ok(Some(Self { at: at.to_owned() })),
            _ => Ok(None),
        }
    }

    fn filling(&self) -> PathBuf {
        self.at.join("filling")
    }

    /// Until nothing more fits.
    pub fn fill(&self) -> anyhow::Result<()> {
        let mut filling = File::create(self.filling()).context("fill the disk")?;
        loop {
            match filling.write(&[0; 4096]) {
                Ok(_) => {}
                Err(full) if full.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error).context("fill the disk"),
            }
        }
    }

    #[allow(dead_code, reason = "the integration tests share this file and need no answer")]
    pub fn is_full(&self) -> bool {
        self.filling().exists()
    }

    pub fn make_room(&self) -> anyhow::Result<()> {
        std::fs::remove_file(self.filling()).context("make room")
    }
}

impl Drop for LimitedDisk {
    fn drop(&mut self) {
        // What is still mounted then goes with the machine.
        let _ = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}
