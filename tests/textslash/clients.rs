//! Third-party libraries, unmodified, with which small bots (`tests/clients`) talk to our
//! simulators.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::{Child, Command};

/// Where the libraries are installed (`tests/clients/install`), this one among them; says so where
/// it is not.
pub fn installed(needs: &str) -> Option<PathBuf> {
    let Some(directory) = std::env::var_os("CLIENTS_DIR").map(PathBuf::from) else {
        println!("skipped: CLIENTS_DIR is not set, so no third-party library is run");
        return None;
    };
    let is_there = directory.join(needs).exists();
    if !is_there {
        println!("skipped: {needs} is not in CLIENTS_DIR");
    }
    is_there.then_some(directory)
}

/// Starts a bot with these settings and no others.
pub fn start(
    directory: &Path,
    interpreter: &str,
    script: &str,
    settings: &[(&str, &str)],
) -> Child {
    let own = directory.join(interpreter);
    let program = if own.exists() { own } else { interpreter.into() };
    Command::new(program)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(script))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("CLIENTS_DIR", directory)
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// The story, as long as the bot lives.
pub async fn tell(story: impl Future<Output = ()>, mut bot: Child) {
    tokio::select! {
        () = story => {}
        ended = bot.wait() => panic!("the bot ended: {ended:?}"),
    }
}
