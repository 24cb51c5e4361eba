//! A thousand people write to one bot and a hundred of them deploy, while calls fail and fifty more
//! wear the bot out: `cargo bench --bench load`.
//!
//! First in real time with a pool of connections and every write forced to the disk, where it is
//! measured how fast the bot acknowledges and how much memory it takes (ten minutes, most of them
//! spent waiting); then in virtual time, where more can go wrong.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure should stop")]

use std::fs;
use std::time::Duration;

use tracing::Level;

#[allow(dead_code, reason = "a crowd needs some of the stories only")]
#[path = "../prove"]
mod prove {
    pub mod bot;
}

use prove::bot::chats::crowd::{Crowd, CrowdOutcome, HostileCounts, ResponseTimes};

const CROWD: Crowd = Crowd { seed: 1, people: 1_000, deploying: 100, hostile: HostileCounts::MANY };

fn main() {
    println!("{} people, {} of them deploy, 5 % of calls fail", CROWD.people, CROWD.deploying);
    println!("beside them: {:?}", CROWD.hostile);
    tracing_subscriber::fmt().with_max_level(Level::WARN).with_writer(std::io::stderr).init();
    let live = CROWD.live().unwrap();
    print("in real time", &live);
    print_pace(&live.pace);
    println!("  {:<42} {:>9} KiB", "resident memory, at the most", resident_max_kib());
    print("in virtual time", &CROWD.simulate().unwrap());
}

fn print(when: &str, outcome: &CrowdOutcome) {
    println!("{when}:");
    let verdict = &outcome.verdict;
    for violation in &verdict.violations {
        println!("  BROKEN {violation}");
    }
    println!("  {:<42} {:>9}", "promises broken", verdict.violations.len());
    println!("  {:<42} {:>9}", "messages acknowledged", outcome.pace.acknowledged.len());
    println!("  {:<42} {:>9}", "deployments that ended deployed", outcome.deployed);
    println!("  {:<42} {:>9}", "calls", verdict.calls);
    let kept_back = &outcome.kept_back;
    println!("  {:<42} {:>9}", "messages of floods left unread", kept_back.unread);
    for (whose, people) in [
        ("their own", kept_back.by_person),
        ("their organisation's", kept_back.by_organisation),
        ("everybody's", kept_back.by_all),
    ] {
        println!("  {:<42} {people:>9}", format!("people kept back by {whose} quota"));
    }
}

fn print_pace(pace: &ResponseTimes) {
    for (what, mut times) in
        [("acknowledged", pace.acknowledged.clone()), ("answered", pace.answered.clone())]
    {
        times.sort();
        println!(
            "  {:<42} {:>9.1} ms {:>9.1} ms",
            format!("{what}, p50 and p99"),
            percentile_ms(&times, 50),
            percentile_ms(&times, 99),
        );
    }
}

fn percentile_ms(sorted: &[Duration], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100].as_secs_f64() * 1e3
}

/// Of this process, with the simulated vendors and people in it.
fn resident_max_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").trim().parse().unwrap()
}
