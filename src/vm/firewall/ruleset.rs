//! The rules as text for `nft`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

/// Resolvers that are allowed: as many as the C library asks (`MAXNS`).
const RESOLVERS_MAX: usize = 3;

/// Addresses of the model proxy that are allowed: one a machine, and there is one relay.
const MODEL_PROXIES_MAX: usize = 16;

/// Addresses of version 4 that are not public (RFC 6890), multicast and broadcast.
const CLOSED_V4: [&str; 14] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
];

/// The same of version 6: private (Fly's network is `fdaa::/16`), link-local and multicast
/// addresses, and every form that holds an address of version 4: compatible, mapped, NAT64, Teredo
/// and 6to4.
const CLOSED_V6: [&str; 12] = [
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/32",
    "2002::/16",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// Private addresses that the agent's user may reach all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AllowedAddresses {
    pub(super) resolvers: BTreeSet<IpAddr>,
    pub(super) model_proxy: BTreeSet<SocketAddr>,
}

/// What happens to a packet for a closed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketAction {
    /// The sender learns it at once.
    Reject,
    /// The sender waits in vain.
    Drop,
}

/// Resolvers that a `resolv.conf` names. Those on this machine need no rule.
pub(super) fn resolvers(resolv_conf: &str) -> BTreeSet<IpAddr> {
    let named = resolv_conf.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = (words.next()? == "nameserver").then(|| words.next())??;
        // A zone names an interface.
        address.split('%').next()?.parse().ok()
    });
    named.take(RESOLVERS_MAX).collect()
}

/// A table that replaces the one before it in one step. Only packets of a socket of this user are
/// looked at: the server's own calls, and answers of the kernel, stay as they are.
pub(super) fn ruleset(uid: u32, reach: &AllowedAddresses, refusal: PacketAction) -> String {
    let mut allowed = String::new();
    for resolver in &reach.resolvers {
        for protocol in ["udp", "tcp"] {
            let _ = writeln!(allowed, "        {} {protocol} dport 53 accept", to(*resolver));
        }
    }
    for proxy in reach.model_proxy.iter().take(MODEL_PROXIES_MAX) {
        let (to, port) = (to(proxy.ip()), proxy.port());
        let _ = writeln!(allowed, "        {to} tcp dport {port} accept");
    }
    let refusal = match refusal {
        PacketAction::Reject => "reject with icmpx type admin-prohibited",
        PacketAction::Drop => "drop",
    };
    let (closed_v4, closed_v6) = (CLOSED_V4.join(", "), CLOSED_V6.join(", "));
    format!(
        "table inet textslash_agent
delete table inet textslash_agent
table inet textslash_agent {{
    chain output {{
        type filter hook output priority filter; policy accept;
        meta skuid {uid} goto agent
    }}
    chain agent {{
        oifname \"lo\" accept
{allowed}        ip daddr {{ {closed_v4} }} {refusal}
        ip6 daddr {{ {closed_v6} }} {refusal}
    }}
}}
"
    )
}

fn to(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("ip daddr {address}"),
        IpAddr::V6(address) => format!("ip6 daddr {address}"),
    }
}
