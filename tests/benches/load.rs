//! A thousand people at once on one bot, of whom a hundred deploy, while one call in twenty to the vendors
//! fails: `cargo bench --bench load`.
//!
//! The bot, its database, the chat service and the vendors are in this process, in real time. Everybody
//! removes everything in the end. It fails when anything is lost, doubled or left.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure should stop")]

use std::time::Duration;

use textslash::sandbox::prove::chats::crowd::{Crowd, Outcome};

const CROWD: Crowd = Crowd { seed: 1, people: 1_000, deploying: 100 };

/// The aim for the slowest hundredth of acknowledgements: services deliver again after some seconds.
const ACKNOWLEDGED_P99_MAX: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    let Outcome { verdict, mut pace, took } = CROWD.hurry().await.unwrap();
    let Crowd { people, deploying, .. } = CROWD;
    println!("| {people} people at once, {deploying} deploy | measured |\n|---|---|");
    println!("| messages of people | {} |", pace.acknowledged.len());
    println!("| calls to vendors | {} |", verdict.calls);
    let acknowledged_p99 = row("acknowledged (durable)", &mut pace.acknowledged);
    row("answered", &mut pace.answered);
    println!("| resident at the peak, the world around it too | {:.0} MiB |", peak_mib());
    println!("| all of it | {:.0} s |", took.as_secs_f64());
    println!("| lost, doubled or left | {} |", verdict.violations.len());
    verdict.violations.iter().for_each(|violation| println!("{violation}"));
    if !verdict.violations.is_empty() || acknowledged_p99 > ACKNOWLEDGED_P99_MAX {
        std::process::exit(1);
    }
}

/// Prints the middle and the slowest hundredth; the latter.
fn row(what: &str, took: &mut [Duration]) -> Duration {
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    println!("| until {what}, p50 | {:.1} ms |", ms(at(50)));
    println!("| the same, p99 | {:.1} ms |", ms(at(99)));
    at(99)
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}
