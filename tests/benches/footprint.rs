//! How small and how quick a relay is: `cargo bench --bench footprint`.
//!
//! Starts the real binary as it runs where it was deployed and prints the size of the program, the
//! time from start to a healthy answer, and the resident memory when idle, each beside its aim.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure should stop")]

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const PROGRAM: &str = env!("CARGO_BIN_EXE_textslash");
const STARTS: usize = 21;
const SETTLED: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);

struct Measurement {
    what: &'static str,
    value: f64,
    aim: f64,
    unit: &'static str,
}

fn main() {
    let mib = 1024.0 * 1024.0;
    let size = fs::metadata(PROGRAM).unwrap().len() as f64 / mib;
    let mut starts_ms: Vec<f64> =
        (0..STARTS).map(|_| MeasuredRelay::start().1.as_secs_f64() * 1e3).collect();
    starts_ms.sort_by(f64::total_cmp);
    let (relay, _) = MeasuredRelay::start();
    sleep(SETTLED);
    let figures = [
        Measurement { what: "program size", value: size, aim: 15.0, unit: "MiB" },
        Measurement {
            what: "relay: start to healthy, median",
            value: starts_ms[STARTS / 2],
            aim: 30.0,
            unit: "ms",
        },
        Measurement {
            what: "relay: resident when idle",
            value: relay.resident_kib() / 1024.0,
            aim: 15.0,
            unit: "MiB",
        },
    ];
    println!("| figure | measured | aim |\n|---|---|---|");
    for Measurement { what, value, aim, unit } in &figures {
        println!("| {what} | {value:.1} {unit} | under {aim:.0} {unit} |");
    }
    if figures.iter().any(|figure| figure.value >= figure.aim) {
        drop(relay);
        std::process::exit(1);
    }
}

struct MeasuredRelay {
    process: Child,
    data_dir: std::path::PathBuf,
}

impl MeasuredRelay {
    fn start() -> (Self, Duration) {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let data_dir = std::env::temp_dir().join(format!("textslash-bench-{port}"));
        fs::create_dir_all(&data_dir).unwrap();
        let started = Instant::now();
        let process = Command::new(PROGRAM)
            .arg("relay")
            .env_clear()
            .envs([
                ("LISTEN_HOST", "127.0.0.1"),
                ("TEXTSLASH_DEPLOYMENT", "0123456789"),
                ("TEXTSLASH_CHANNEL", "web"),
                ("TEXTSLASH_OWNER", "owner"),
                ("TEXTSLASH_AGENT", "shell"),
                ("TEXTSLASH_VM_URL", "http://127.0.0.1:9"),
                ("TEXTSLASH_MODEL_URL", "http://127.0.0.1:9"),
                ("TEXTSLASH_ALLOW_SANDBOX", "1"),
                ("OWNER_KEY", "bb9b4cac579cc9329f4e853e276df0b2"),
                ("LINK_KEY", "b61816380fa26f46302afec47f30b0ca"),
            ])
            .env("PORT", port.to_string())
            .env("DATA_DIR", &data_dir)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let relay = Self { process, data_dir };
        while !healthy(port) {
            assert!(started.elapsed() < PATIENCE, "the relay is not healthy");
            sleep(Duration::from_micros(200));
        }
        (relay, started.elapsed())
    }

    fn resident_kib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for MeasuredRelay {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        fs::remove_dir_all(&self.data_dir).unwrap();
    }
}

fn healthy(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let mut answer = [0; 12];
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer.ends_with(b"200")
}
