//! What the agent's user may reach on the network: itself, the resolvers, the relay's model proxy
//! and the public internet. Nothing else that is private to this network, and no metadata service.
//!
//! Only the VM's image asks for it: on any other machine the rules would be somebody else's.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::{Host, Url};

use crate::protocol::AgentNetwork;
use crate::vm::process::AgentUser;

mod ruleset;
#[cfg(test)]
mod tests;

use ruleset::{AllowedAddresses, PacketAction, resolvers, ruleset};

/// How long loading the rules may take: a few milliseconds where the kernel has what they need.
const LOAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the relay's name may take to resolve: a turn waits for it.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);

/// The directory of Fly's local API socket, and the socket.
const LOCAL_API: [&str; 2] = ["/.fly", "/.fly/api"];

/// Where the programs lie that load rules.
const SYSTEM_PATH: &str = "/usr/sbin:/sbin:/usr/bin:/bin";

/// The rules for the network of the agent's user.
#[derive(Debug)]
pub struct AgentFirewall {
    user: AgentUser,
    model_proxy: Url,
    resolv_conf: PathBuf,
    local_api: Vec<PathBuf>,
    /// What the rules in force allow; `None` while there are none.
    in_force: Mutex<Option<AllowedAddresses>>,
    is_restricted: AtomicBool,
}

impl AgentFirewall {
    /// Rules for this user, who reaches its model at `model_proxy`.
    pub fn new(user: AgentUser, model_proxy: Url) -> Self {
        Self {
            user,
            model_proxy,
            resolv_conf: "/etc/resolv.conf".into(),
            local_api: LOCAL_API.map(PathBuf::from).into(),
            in_force: Mutex::default(),
            is_restricted: AtomicBool::new(false),
        }
    }

    /// Closes the local API of the cloud, and loads the rules unless those in force are the same.
    /// It is called before each turn, since the relay's address changes when its machine is
    /// replaced.
    ///
    /// # Errors
    /// When one of them is impossible; the other is done all the same, and rules in force stay.
    pub async fn apply(&self) -> anyhow::Result<()> {
        let closed = close_to_others(&self.local_api).context("cannot close the local API");
        let (loaded, is_in_force) = self.load_rules().await;
        self.is_restricted.store(closed.is_ok() && is_in_force, Ordering::Relaxed);
        closed.and(loaded)
    }

    /// What is known of the agent's network.
    pub fn network(&self) -> AgentNetwork {
        match self.is_restricted.load(Ordering::Relaxed) {
            true => AgentNetwork::Restricted,
            false => AgentNetwork::Open,
        }
    }

    /// Also says whether rules are in force, old or new.
    async fn load_rules(&self) -> (anyhow::Result<()>, bool) {
        let mut in_force = self.in_force.lock().await;
        let reach = self.reach(in_force.as_ref()).await;
        if in_force.as_ref() == Some(&reach) {
            return (Ok(()), true);
        }
        let uid = self.user.uid();
        let mut loaded = load(&ruleset(uid, &reach, PacketAction::Reject)).await;
        if let Err(error) = &loaded {
            // Some kernels know rules, but none that answer the sender.
            tracing::info!(error = format!("{error:#}"), "cannot refuse the agent's calls at once");
            loaded = load(&ruleset(uid, &reach, PacketAction::Drop)).await;
        }
        if loaded.is_ok() {
            *in_force = Some(reach);
        }
        (loaded, in_force.is_some())
    }

    /// Where a name does not resolve, the addresses that it had before.
    async fn reach(&self, before: Option<&AllowedAddresses>) -> AllowedAddresses {
        let resolv_conf = tokio::fs::read_to_string(&self.resolv_conf).await.unwrap_or_default();
        let model_proxy = self.addresses().await.unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "the relay's name has no address");
            before.map(|reach| reach.model_proxy.clone()).unwrap_or_default()
        });
        AllowedAddresses { resolvers: resolvers(&resolv_conf), model_proxy }
    }

    async fn addresses(&self) -> anyhow::Result<BTreeSet<SocketAddr>> {
        let port = self.model_proxy.port_or_known_default().context("no port")?;
        Ok(match self.model_proxy.host().context("no host")? {
            Host::Ipv4(address) => [SocketAddr::new(IpAddr::V4(address), port)].into(),
            Host::Ipv6(address) => [SocketAddr::new(IpAddr::V6(address), port)].into(),
            Host::Domain(name) => {
                let found = timeout(LOOKUP_TIMEOUT, tokio::net::lookup_host((name, port)));
                found.await.context("the resolver does not answer")??.collect()
            }
        })
    }
}

/// Only their owner may look into these paths. One that is not there is closed.
fn close_to_others(paths: &[PathBuf]) -> io::Result<()> {
    for path in paths {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        match std::fs::set_permissions(path, Permissions::from_mode(mode)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Loads rules, all or none.
async fn load(rules: &str) -> anyhow::Result<()> {
    let mut nft = Command::new("nft");
    nft.args(["-f", "-"]).env_clear().env("PATH", SYSTEM_PATH).current_dir(Path::new("/"));
    nft.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = nft.spawn().context("cannot start nft")?;
    let mut stdin = child.stdin.take().context("no standard input")?;
    let loaded = async {
        // A program that ends early says why.
        let _ = stdin.write_all(rules.as_bytes()).await;
        drop(stdin);
        child.wait_with_output().await
    };
    let output = timeout(LOAD_TIMEOUT, loaded).await.context("nft takes too long")??;
    let why = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "nft: {}", why.lines().next().unwrap_or_default());
    Ok(())
}
