use std::net::{TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process;
use std::sync::mpsc;
use std::thread;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::gettid;

use super::*;

fn reach(resolvers: &[&str], model_proxy: &[&str]) -> AllowedAddresses {
    AllowedAddresses {
        resolvers: resolvers.iter().map(|it| it.parse().unwrap()).collect(),
        model_proxy: model_proxy.iter().map(|it| it.parse().unwrap()).collect(),
    }
}

#[test]
fn the_rules_allow_resolvers_and_relay_before_they_close_private_addresses() {
    let reach = reach(&["fdaa::3", "10.0.0.53"], &["[fdaa:0:1::2]:8081", "10.0.0.9:8081"]);

    let rules = ruleset(1000, &reach, PacketAction::Reject);

    let lines: Vec<_> = rules.lines().map(str::trim).collect();
    let at = |start: &str| {
        let found = lines.iter().position(|line| line.starts_with(start));
        found.unwrap_or_else(|| panic!("{start:?} is not in {rules}"))
    };
    let closed = at("ip daddr { 0.0.0.0/8, 10.0.0.0/8");
    for allowed in [
        "oifname \"lo\" accept",
        "ip6 daddr fdaa::3 udp dport 53 accept",
        "ip6 daddr fdaa::3 tcp dport 53 accept",
        "ip daddr 10.0.0.53 udp dport 53 accept",
        "ip6 daddr fdaa:0:1::2 tcp dport 8081 accept",
        "ip daddr 10.0.0.9 tcp dport 8081 accept",
    ] {
        assert!(at(allowed) < closed, "{rules}");
    }
    assert!(at("meta skuid 1000 goto agent") < closed);
    assert_eq!(lines.iter().filter(|line| line.ends_with("accept")).count(), 7, "{rules}");
    assert!(lines[closed].ends_with("reject with icmpx type admin-prohibited"));
}

#[test]
fn the_rules_close_every_private_form_of_an_address() {
    for refusal in [PacketAction::Reject, PacketAction::Drop] {
        let rules = ruleset(1000, &reach(&[], &[]), refusal);
        for closed in [
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "224.0.0.0/4",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "2002::/16",
        ] {
            assert!(rules.contains(&format!(" {closed}")), "{closed} is not in {rules}");
        }
        assert!(!rules.contains("dport"), "{rules}");
    }
}

#[test]
fn the_rules_replace_those_before_them_in_one_step() {
    let rules = ruleset(1000, &reach(&[], &[]), PacketAction::Drop);
    let tables: Vec<_> = rules.lines().filter(|line| line.contains("table ")).collect();
    let name = "table inet textslash_agent";
    assert_eq!(tables, [name, &format!("delete {name}"), &format!("{name} {{")]);
}

#[test]
fn the_resolvers_are_those_that_the_system_asks() {
    for (text, expected) in [
        ("nameserver fdaa::3\n", &["fdaa::3"][..]),
        ("# nameserver 1.1.1.1\n nameserver\t10.0.0.2 # here\nsearch internal", &["10.0.0.2"]),
        ("nameserver fe80::1%eth0\nnameserver nonsense\nnameserver\n", &["fe80::1"]),
        (
            "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4",
            &["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ),
        ("", &[]),
    ] {
        assert_eq!(resolvers(text), reach(expected, &[]).resolvers, "{text:?}");
    }
}

#[test]
fn a_relay_that_is_named_by_an_address_of_either_version_is_found() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (url, expected) in [
        ("http://10.0.0.9:8081", "10.0.0.9:8081"),
        ("http://[fdaa::8]:8081/model", "[fdaa::8]:8081"),
        ("http://[fdaa::8]", "[fdaa::8]:80"),
    ] {
        let user = AgentUser::named("nobody").unwrap();
        let firewall = AgentFirewall::new(user, url.parse().unwrap());
        let found = runtime.block_on(firewall.addresses()).unwrap();
        assert_eq!(found, [expected.parse().unwrap()].into(), "{url}");
    }
}

#[test]
fn the_local_api_is_closed_to_the_agent_and_may_be_missing() {
    let dir = tempfile::tempdir().unwrap();
    let paths = [dir.path().join(".fly"), dir.path().join(".fly/api")];
    close_to_others(&paths).unwrap();
    std::fs::create_dir(&paths[0]).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(&paths[1]).unwrap();
    std::fs::set_permissions(&paths[1], Permissions::from_mode(0o666)).unwrap();

    close_to_others(&paths).unwrap();

    let modes = paths.map(|path| path.metadata().unwrap().permissions().mode() & 0o777);
    assert_eq!(modes, [0o700, 0o600]);
}

/// Runs a command in the network of this thread.
fn ip(arguments: &str) -> bool {
    let mut command = process::Command::new("ip");
    command.args(arguments.split(' ')).stderr(Stdio::null()).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Addresses of the other network, and one of ours.
const OTHERS: [&str; 5] =
    ["192.168.7.7/32", "169.254.169.254/32", "93.184.216.34/32", "10.9.0.1/24", "10.9.0.53/24"];
const OTHERS_V6: [&str; 4] = ["fdaa::1/64", "fdaa::3/64", "fdaa::8/64", "2606:4700::1111/128"];

/// A network of its own for this thread, connected to one that answers on every port below; `None`
/// where this is not allowed.
fn two_networks() -> Option<()> {
    unshare(CloneFlags::CLONE_NEWNET).ok()?;
    let (tell_id, told_id) = mpsc::channel();
    let (tell_wired, told_wired) = mpsc::channel();
    let (tell_ready, told_ready) = mpsc::channel();
    thread::spawn(move || {
        let is_apart = unshare(CloneFlags::CLONE_NEWNET).is_ok();
        tell_id.send(is_apart.then(gettid)).unwrap();
        let Ok(()) = told_wired.recv() else { return };
        let mut is_ready = ip("link set lo up") && ip("link set there up");
        for address in OTHERS {
            is_ready &= ip(&format!("addr add {address} dev there"));
        }
        for address in OTHERS_V6 {
            is_ready &= ip(&format!("addr add {address} dev there nodad"));
        }
        let listen = |port| TcpListener::bind(("::", port)).unwrap();
        let listeners = [53, 80, 8080, 8081].map(listen);
        let _resolver = UdpSocket::bind(("::", 53)).unwrap();
        tell_ready.send(is_ready).unwrap();
        let serve =
            |listener: TcpListener| thread::spawn(move || listener.incoming().for_each(drop));
        for serving in listeners.map(serve) {
            serving.join().unwrap();
        }
    });
    let id = told_id.recv().ok()??;
    let is_wired = ip(&format!("link add here type veth peer name there netns {id}"))
        && ip("link set lo up")
        && ip("link set here up")
        && ip("addr add 10.9.0.2/24 dev here")
        && ip("addr add fdaa::2/64 dev here nodad")
        && ip("route add default via 10.9.0.1")
        && ip("-6 route add default via fdaa::1");
    tell_wired.send(()).ok()?;
    (told_ready.recv().ok()? && is_wired).then_some(())
}

/// Whether a program of this user gets a connection within a moment.
fn reaches(uid: u32, protocol: &str, host: &str, port: u16) -> bool {
    let mut program = process::Command::new("timeout");
    let connect = format!("exec 3<>/dev/{protocol}/{host}/{port} && echo >&3");
    program.args(["2", "bash", "-c", &connect]).uid(uid).gid(uid).stderr(Stdio::null());
    program.current_dir("/").status().unwrap().success()
}

const NOBODY: u32 = 65534;

fn expect(uid: u32, expected: &[(&str, &str, u16, bool)]) {
    for (protocol, host, port, is_reached) in expected {
        let reached = reaches(uid, protocol, host, *port);
        assert_eq!(reached, *is_reached, "user {uid}: {protocol} {host} {port}");
    }
}

const PRIVATE: [(&str, &str, u16); 9] = [
    ("tcp", "10.9.0.1", 80),
    ("tcp", "::ffff:10.9.0.1", 80),
    ("udp", "10.9.0.1", 53),
    ("tcp", "192.168.7.7", 80),
    ("tcp", "169.254.169.254", 80),
    ("tcp", "fdaa::1", 80),
    ("udp", "fdaa::1", 53),
    ("tcp", "fdaa::3", 80),
    ("tcp", "fdaa::8", 8080),
];

const OPEN: [(&str, &str, u16); 6] = [
    ("tcp", "93.184.216.34", 80),
    ("tcp", "2606:4700::1111", 80),
    ("udp", "fdaa::3", 53),
    ("tcp", "fdaa::3", 53),
    ("tcp", "fdaa::8", 8081),
    ("tcp", "127.0.0.1", 7777),
];

async fn tell_the_story() {
    let dir = tempfile::tempdir().unwrap();
    let resolv_conf = dir.path().join("resolv.conf");
    std::fs::write(&resolv_conf, "nameserver fdaa::3\n").unwrap();
    let user = AgentUser::named("nobody").unwrap();
    assert_eq!(user.uid(), NOBODY);
    let firewall = AgentFirewall {
        resolv_conf: resolv_conf.clone(),
        local_api: vec![dir.path().join("no-api")],
        ..AgentFirewall::new(user, "http://[fdaa::8]:8081".parse().unwrap())
    };
    let _own = TcpListener::bind("127.0.0.1:7777").unwrap();
    let all = |is_reached| {
        let any = PRIVATE.iter().chain(&OPEN);
        any.map(|(protocol, host, port)| (*protocol, *host, *port, is_reached)).collect::<Vec<_>>()
    };
    expect(NOBODY, &all(true));
    assert_eq!(firewall.network(), AgentNetwork::Open);

    for _ in 0..2 {
        firewall.apply().await.unwrap();
        *firewall.in_force.lock().await = None;
    }
    firewall.apply().await.unwrap();

    assert_eq!(firewall.network(), AgentNetwork::Restricted);
    let closed = PRIVATE.map(|(protocol, host, port)| (protocol, host, port, false));
    let open = OPEN.map(|(protocol, host, port)| (protocol, host, port, true));
    expect(NOBODY, &closed);
    expect(NOBODY, &open);
    expect(0, &all(true));

    std::fs::write(&resolv_conf, "nameserver 10.9.0.53\n").unwrap();
    firewall.apply().await.unwrap();
    expect(NOBODY, &[("tcp", "10.9.0.53", 53, true), ("tcp", "fdaa::3", 53, false)]);
    load("table inet textslash_agent { nonsense }").await.unwrap_err();
    expect(NOBODY, &closed);
}

#[test]
fn the_agents_user_reaches_the_internet_and_nothing_private() {
    let told = thread::spawn(|| {
        let has_nft = process::Command::new("nft").arg("--version").output().is_ok();
        assert!(has_nft || std::env::var_os("CI").is_none(), "CI must install nftables");
        if !has_nft || two_networks().is_none() {
            return false;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.unwrap().block_on(tell_the_story());
        true
    });
    if !told.join().unwrap() {
        println!("skipped: this machine has no nft, or lets the test make no network of its own");
    }
}
