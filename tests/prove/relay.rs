//! Stories of a relay and its VM, whatever goes wrong between them.
//!
//! A story runs the real relay and the real VM on their real files, in one process, on one thread
//! and in modelled time. Between them is a network that loses, delays, doubles and cuts off calls;
//! around them are a modelled chat service and a modelled agent. Either process is killed at any
//! event. A seed is a story, and the same seed is the same story, line by line.

use parking_lot::Mutex;

mod agent;
mod checks;
mod dice;
mod disk;
mod network;
mod plan;
mod programs;
mod promise;
mod records;
mod service;
mod stage;
mod story;
mod table;
mod world;

use table::StoryTable;

/// Stories told twice, to see that a seed is a story.
const TOLD_TWICE: u64 = 5;

/// Tells stories on as many threads as there are cores.
pub fn run_stories(first: u64, seeds: u64) -> StoryTable {
    let next = Mutex::new(first..=first.saturating_add(seeds - 1));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut table = StoryTable::default();
        while let Some(seed) = { next.lock().next() } {
            table.add(seed, story::run(seed));
        }
        table
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = StoryTable::default();
        workers.into_iter().for_each(|worker| all.merge(worker.join().unwrap()));
        all
    })
}

/// Whether one of the first seeds is another story the second time.
pub fn any_differs(first: u64, seeds: u64) -> bool {
    let again = first..=first.saturating_add(TOLD_TWICE.min(seeds) - 1);
    let differing: Vec<u64> = again.filter(|seed| differs(*seed)).collect();
    if !differing.is_empty() {
        println!("told twice, these seeds were two stories: {differing:?}");
    }
    !differing.is_empty()
}

/// Whether this seed is another story the second time.
fn differs(seed: u64) -> bool {
    let (first, again) = (story::run(seed).trace, story::run(seed).trace);
    let place = first.iter().zip(&again).position(|(one, other)| one != other);
    if let Some(place) = place {
        println!("seed {seed}, line {place}:\n{}\n{}", first[place], again[place]);
    }
    place.is_some() || first.len() != again.len()
}
