//! Many people at once on one bot: nothing lost, nothing doubled, nothing left.

use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::super::Verdict;
use super::disk::Disk;
use super::plan::Plan;
use super::world::World;
use super::{play, runtime};

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
    /// Deployments that ended deployed.
    pub deployed: usize,
}

impl Crowd {
    /// In virtual time, on a thread that must run nothing else meanwhile.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn dream(self) -> anyhow::Result<Outcome> {
        runtime()?.block_on(async {
            let disk = Disk::in_order().await?;
            tokio::time::pause();
            self.meets(disk, &Plan::of_crowd(self.seed, self.people, self.deploying)).await
        })
    }

    /// In real time, as fast as the machine is: on all of its cores, with a database as a bot has it. What makes a
    /// caller wait for minutes does not happen here.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn live(self) -> anyhow::Result<Outcome> {
        Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let disk = Disk::shared().await?;
            self.meets(disk, &Plan::of_hurry(self.seed, self.people, self.deploying)).await
        })
    }

    async fn meets(self, disk: Disk, plan: &Plan) -> anyhow::Result<Outcome> {
        let world = World::new(plan, disk);
        let met: JoinHandle<anyhow::Result<Outcome>> = tokio::spawn(meet(world));
        met.await?
    }
}

async fn meet(mut world: World) -> anyhow::Result<Outcome> {
    let mut verdict = Verdict::default();
    play(&mut world, &mut verdict).await?;
    world.conclude(&mut verdict);
    Ok(Outcome { verdict, pace: world.service.pace(), deployed: world.deployed })
}
