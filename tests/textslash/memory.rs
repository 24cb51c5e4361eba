//! The real relay and the real VM server under floods: memory as the kernel counts it, and an
//! honest call that is answered meanwhile.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use textslash::clock::Clock;
use textslash::protocol::{Direction, SIGNATURE_HEADER, SignedCall, sign};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::program::Program;

/// The relay's machine has 256 MB, the VM's server shares its machine with the agent.
const PEAK_MAX_KIB: u64 = 120 * 1000;

/// How long an honest call may take under a flood.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is tried whether a new process listens.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// How long a flood goes on writing to a server that does not read.
const FLOOD_TIME: Duration = Duration::from_secs(3);

const LINK_KEY: &str = "b9d0c54f6f0e7d2c83a15e49f0a6d8817e3c52b4a90f6d1e";
const OWNER_KEY: &str = "4fd7e2a8c16b3095d8e7f4a1c2b6059e8d3f7a6b1c40e592";

struct MeasuredProgram {
    program: Program,
    address: SocketAddr,
    direction: Direction,
    _dir: tempfile::TempDir,
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap().port()
}

impl MeasuredProgram {
    async fn start(role: &str, direction: Direction, own: &[(&str, &str)]) -> Self {
        let (dir, port) = (tempfile::tempdir().unwrap(), free_port().await);
        std::fs::write(dir.path().join("committed"), "").unwrap();
        let (port_text, data) = (port.to_string(), dir.path().to_str().unwrap().to_owned());
        let common = [
            ("LISTEN_HOST", "127.0.0.1"),
            ("PORT", &port_text),
            ("DATA_DIR", &data),
            ("TEXTSLASH_DEPLOYMENT", "0123456789"),
            ("TEXTSLASH_AGENT", "shell"),
            ("TEXTSLASH_ALLOW_SANDBOX", "1"),
            ("LINK_KEY", LINK_KEY),
        ];
        let environment: Vec<_> = (common.iter().chain(own))
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let program = Program::start(dir.path(), &[role], &environment);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let listens = async {
            while TcpStream::connect(address).await.is_err() {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        let is_up = timeout(PATIENCE, listens).await.is_ok();
        assert!(is_up, "it never listened: {}", program.err.so_far());
        Self { program, address, direction, _dir: dir }
    }

    async fn relay() -> Self {
        let own = [
            ("TEXTSLASH_CHANNEL", "web"),
            ("TEXTSLASH_OWNER", "owner"),
            ("TEXTSLASH_VM_URL", "http://127.0.0.1:9"),
            ("TEXTSLASH_MODEL_URL", "http://127.0.0.1:9"),
            ("OWNER_KEY", OWNER_KEY),
        ];
        Self::start("relay", Direction::ProvisionerToRelay, &own).await
    }

    async fn vm() -> Self {
        let own = [("TEXTSLASH_MODEL_PROXY_URL", "http://127.0.0.1:9")];
        Self::start("vm", Direction::RelayToVm, &own).await
    }

    /// The head of a request that its caller signed.
    fn signed(&self, method: &str, path: &str, body: &[u8]) -> String {
        static NONCES: AtomicU64 = AtomicU64::new(1);
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&NONCES.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let call = SignedCall { direction: self.direction, method, path, body };
        let signature = sign(LINK_KEY.as_bytes(), call, Clock::system().now_ms(), nonce);
        head(method, path, body.len(), &format!("{SIGNATURE_HEADER}: {signature}\r\n"))
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a whole request and gives the whole answer.
    async fn call(&self, head: &str, body: &[u8]) -> String {
        let answered = async {
            let mut stream = self.connect().await;
            stream.write_all(head.as_bytes()).await.unwrap();
            stream.write_all(body).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            String::from_utf8_lossy(&answer).into_owned()
        };
        timeout(PATIENCE, answered).await.expect("an honest call was not answered")
    }

    /// That an honest call is answered now, and what the most was that the process took so far.
    async fn expect_well(&self, flood: &str) {
        let answer = self.call(&head("GET", "/health", 0, ""), b"").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{flood}: {answer}");
        let peak_kib = self.peak_kib();
        println!("{:?}, {flood}: {} MB at the most", self.direction, peak_kib / 1000);
        assert!(peak_kib < PEAK_MAX_KIB, "{flood}: {peak_kib} KiB");
    }

    fn peak_kib(&self) -> u64 {
        let status = Path::new("/proc").join(self.program.id().to_string()).join("status");
        let status = std::fs::read_to_string(status).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        peak.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// So many connections, each of which writes this and stays. What the server does not read in
    /// time is not written.
    async fn held<H: AsRef<[u8]> + Send + Sync + 'static>(
        &self,
        count: usize,
        head: impl Fn() -> H,
        body_bytes: usize,
    ) -> Vec<TcpStream> {
        let mut floods = JoinSet::new();
        for _ in 0..count {
            let (mut stream, head) = (self.connect().await, head());
            floods.spawn(async move {
                let written = async {
                    stream.write_all(head.as_ref()).await?;
                    let piece = [b'x'; 64 * 1024];
                    let mut left = body_bytes;
                    while left > 0 {
                        let bytes = left.min(piece.len());
                        stream.write_all(&piece[..bytes]).await?;
                        left -= bytes;
                    }
                    std::io::Result::Ok(())
                };
                // The server may hang up in the middle of it.
                let _ = timeout(FLOOD_TIME, written).await;
                stream
            });
        }
        floods.join_all().await
    }

    /// Floods that need no key.
    async fn floods_of_strangers(&self, paths: &[(&'static str, &'static str)]) {
        let begun = || "GET /health HTTP/1.1\r\nhost: x\r\nx: ".to_owned();
        for (flood, bytes) in [("500 idle connections", 0), ("500 partial heads", 15_000)] {
            let head = || if bytes == 0 { String::new() } else { begun() };
            let held = self.held(500, head, bytes).await;
            self.expect_well(flood).await;
            drop(held);
        }
        let held = self.held(500, begun, 500_000).await;
        self.expect_well("500 endless heads").await;
        drop(held);
        for (method, path) in paths {
            let body = 19_000_000;
            let claim = format!("{SIGNATURE_HEADER}: v2.1.{0}.{0}.{0}\r\n", "0".repeat(64));
            let held = self.held(20, || head(method, path, body, &claim), body).await;
            self.expect_well(&format!("20 unsigned bodies of 19 MB to {path}")).await;
            drop(held);
        }
        let mut callers = JoinSet::new();
        for caller in 0..50 {
            let (address, path) = (self.address, paths[caller % paths.len()]);
            callers.spawn(async move {
                for _ in 0..40 {
                    let Ok(mut stream) = TcpStream::connect(address).await else { continue };
                    let asked = head(path.0, path.1, 0, "");
                    let _ = stream.write_all(asked.as_bytes()).await;
                    let _ = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
                }
            });
        }
        self.expect_well("2,000 small requests, begun").await;
        callers.join_all().await;
        self.expect_well("2,000 small requests").await;
    }
}

fn head(method: &str, path: &str, body_bytes: usize, more: &str) -> String {
    format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: \
         {body_bytes}\r\n\
         {more}\r\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vm_server_stays_small_and_answers_under_every_flood() {
    let vm = MeasuredProgram::vm().await;
    vm.floods_of_strangers(&[("POST", "/turns"), ("PUT", "/turns/1/inbox/a.txt")]).await;

    let file = vec![b'x'; 19_000_000];
    let slow = || vm.signed("PUT", "/turns/1/inbox/a.txt", &file);
    let held = vm.held(20, slow, file.len() - 1).await;
    vm.expect_well("20 signed bodies that stop before their end").await;
    drop(held);
    let answer = vm.call(&vm.signed("PUT", "/turns/1/inbox/b.txt", &file), &file).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let forged = vm.signed("PUT", "/turns/1/inbox/c.txt", &file);
    let answer = vm.call(&forged, &vec![b'y'; file.len()]).await;
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");

    let line = "mkdir -p outbox; cp inbox/1-b.txt outbox/b.txt; ls -A inbox";
    let turn = serde_json::json!({"turn": "2", "session": "s", "text": line}).to_string();
    let told = vm.call(&vm.signed("POST", "/turns", turn.as_bytes()), turn.as_bytes()).await;
    assert!(told.contains("1-b.txt") && !told.contains("c.txt"), "{told}");
    assert!(told.contains("\"file\""), "{told}");
    let held = vm.held(20, || vm.signed("GET", "/turns/2/outbox/0", b""), 0).await;
    vm.expect_well("20 readers of a file that read nothing").await;
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_stays_small_and_answers_under_every_flood() {
    let relay = MeasuredProgram::relay().await;
    let paths = [("POST", "/commit"), ("POST", "/chat/files"), ("POST", "/v1/messages")];
    relay.floods_of_strangers(&paths).await;

    let upgrade = "GET /chat/socket HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: \
                   websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // The beginning of a masked text frame of 700,000 bytes.
    let frame = [0x81, 0xff, 0, 0, 0, 0, 0, 0x0a, 0xae, 0x60, 0, 0, 0, 0];
    let said = [upgrade.as_bytes(), &frame].concat();
    let held = relay.held(100, || said.clone(), 600_000).await;
    relay.expect_well("100 web sockets that begin a long frame").await;
    drop(held);

    let key = format!("authorization: Bearer {OWNER_KEY}\r\n");
    let file = vec![b'x'; 19_000_000];
    let slow = || head("POST", "/chat/files", file.len(), &key);
    let held = relay.held(20, slow, file.len() - 1).await;
    relay.expect_well("20 uploads of the owner's that stop before their end").await;
    drop(held);
    let answer = relay.call(&head("POST", "/chat/files", file.len(), &key), &file).await;
    let id = answer.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next());
    let id = id.unwrap_or_else(|| panic!("{answer}"));
    let path = format!("/chat/files/{id}");
    let held = relay.held(20, || head("GET", &path, 0, &key), 0).await;
    relay.expect_well("20 readers of a file that read nothing").await;
    drop(held);
}
