//! Root's rights: used once to hand the data directory over, then given up for good.
//!
//! The kernel keeps rights for each thread, so this runs before the process has a second one.

use std::path::Path;

use anyhow::{bail, ensure};
use nix::unistd::geteuid;
#[cfg(target_os = "linux")]
use nix::unistd::{Gid, Uid};

#[cfg(target_os = "linux")]
mod hand_over;

#[cfg(test)]
mod tests;

/// The setting that names the user.
pub const USER: &str = "TEXTSLASH_USER";

/// Hands `data_dir` over to the user of this name and becomes that user, if this process is root.
/// `stays_root` lets it stay root where no user is named.
///
/// # Errors
/// When no user is named, the user does not exist or is root, the directory cannot be handed over,
/// or the kernel refuses.
pub fn drop_root(user: Option<&str>, data_dir: &Path, stays_root: bool) -> anyhow::Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    match user {
        Some(name) => become_user(name, data_dir),
        None if stays_root => Ok(()),
        None => bail!(
            "this process runs as root: set {USER} to an unprivileged user of this machine, such \
             as nobody"
        ),
    }
}

#[cfg(target_os = "linux")]
fn become_user(name: &str, data_dir: &Path) -> anyhow::Result<()> {
    use anyhow::Context;
    use nix::sys::prctl;
    use nix::unistd::{AccessFlags, User, access, setgroups, setresgid, setresuid};

    let user =
        User::from_name(name)?.with_context(|| format!("{USER}: there is no user {name}"))?;
    let (uid, gid) = (user.uid, user.gid);
    ensure!(
        !uid.is_root() && gid.as_raw() != 0,
        "{USER}: {name} has root's rights; name another user"
    );
    hand_over::all(data_dir, uid, gid)
        .with_context(|| format!("cannot hand {} over to {name}", data_dir.display()))?;
    let dropped = setgroups(&[])
        .and_then(|()| setresgid(gid, gid, gid))
        .and_then(|()| setresuid(uid, uid, uid))
        .and_then(|()| prctl::set_no_new_privs())
        // The kernel sets its own default at each change of user.
        .and_then(|()| prctl::set_dumpable(false));
    dropped.with_context(|| format!("cannot become {name}"))?;
    verify(uid, gid)?;
    access(data_dir, AccessFlags::R_OK | AccessFlags::W_OK | AccessFlags::X_OK).with_context(|| {
        format!(
            "{name} cannot reach {}: name a directory that others may pass to",
            data_dir.display()
        )
    })
}

/// Root's rights are gone and cannot be had again.
#[cfg(target_os = "linux")]
fn verify(uid: Uid, gid: Gid) -> anyhow::Result<()> {
    use nix::sys::prctl;
    use nix::unistd::{getgroups, getresgid, getresuid, setresgid, setresuid};

    let (users, groups) = (getresuid()?, getresgid()?);
    let is_gone = [users.real, users.effective, users.saved] == [uid; 3]
        && [groups.real, groups.effective, groups.saved] == [gid; 3]
        && getgroups()?.iter().all(|group| *group == gid)
        && prctl::get_no_new_privs()?
        && !prctl::get_dumpable()?;
    let (root, root_group) = (Uid::from_raw(0), Gid::from_raw(0));
    let comes_back = setresuid(root, root, root).is_ok()
        || setresgid(root_group, root_group, root_group).is_ok();
    ensure!(is_gone && !comes_back, "root's rights could not be given up");
    Ok(())
}

/// Other systems run no relay for anybody but its developer.
#[cfg(not(target_os = "linux"))]
fn become_user(_: &str, _: &Path) -> anyhow::Result<()> {
    bail!("{USER} is for Linux; start this process as that user instead")
}
