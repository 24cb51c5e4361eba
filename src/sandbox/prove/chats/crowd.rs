//! Many people at once on one bot: nothing lost, nothing doubled, nothing left.

use tokio::task::JoinHandle;

use super::super::Verdict;
use super::disk::Disk;
use super::hush::Hush;
use super::plan::Plan;
use super::play;
use super::world::World;

pub use super::service::Pace;

/// How many, and whose chance it is.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Where everything random comes from.
    pub seed: u64,
    /// People in all.
    pub people: usize,
    /// Those of them who deploy.
    pub deploying: usize,
}

/// What came of a crowd.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What must never happen, what was seen, and how many calls there were.
    pub verdict: Verdict,
    /// How fast the bot was.
    pub pace: Pace,
}

impl Crowd {
    /// In virtual time, on a thread that must run nothing else meanwhile.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn dream(self) -> anyhow::Result<Outcome> {
        let hush = Hush::default();
        hush.runtime()?.block_on(async {
            let disk = Disk::in_order().await?;
            tokio::time::pause();
            hush.watch(disk.pool.clone()).await;
            let plan = Plan::of_crowd(self.seed, self.people, self.deploying);
            let world = World::new(&plan, disk);
            let met: JoinHandle<anyhow::Result<Outcome>> = tokio::spawn(meet(world));
            met.await?
        })
    }
}

async fn meet(mut world: World) -> anyhow::Result<Outcome> {
    let mut verdict = Verdict::default();
    play(&mut world, &mut verdict).await?;
    world.conclude(&mut verdict);
    Ok(Outcome { verdict, pace: world.service.pace() })
}
