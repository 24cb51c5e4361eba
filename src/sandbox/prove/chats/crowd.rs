//! Many people at once on one bot, some of whom mean it ill: nothing lost, nothing doubled, nothing
//! left.

use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::super::CaseVerdict;
use super::disk::StoryDisk;
use super::person::Persona;
use super::plan::BotStoryPlan;
use super::world::BotStoryWorld;
use super::{play, runtime};

pub use super::service::ResponseTimes;

/// How many, and whose chance it is.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Where everything random comes from.
    pub seed: u64,
    /// People in all.
    pub people: usize,
    /// Those of them who deploy.
    pub deploying: usize,
    /// Those who come beside them.
    pub hostile: HostileCounts,
}

/// How many people wear the bot out, each in their way.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostileCounts {
    /// Who write more at once than is taken.
    pub flooding: usize,
    /// Who write and tap what nobody means.
    pub garbling: usize,
    /// Who deploy until no more is let.
    pub greedy: usize,
    /// Accounts that deploy into one organisation.
    pub sharing: usize,
    /// Who deploy when the bot has had enough for the day.
    pub late: usize,
    /// Who guess codes, where everybody comes by invitation.
    pub guessing: usize,
}

impl HostileCounts {
    /// Enough that each limit is met.
    pub const FEW: Self =
        Self { flooding: 2, garbling: 2, greedy: 1, sharing: 8, late: 4, guessing: 2 };
    /// One of twenty, where a thousand write.
    pub const MANY: Self =
        Self { flooding: 10, garbling: 12, greedy: 5, sharing: 12, late: 8, guessing: 3 };

    pub(super) fn tempers(self) -> impl Iterator<Item = Persona> {
        let Self { flooding, garbling, greedy, sharing, late, guessing } = self;
        let times = |temper, count| std::iter::repeat_n(temper, count);
        let floods = |number| Persona::Flooding { reachable: number % 2 == 0 };
        (0..flooding)
            .map(floods)
            .chain(times(Persona::Garbling, garbling))
            .chain(times(Persona::Greedy, greedy))
            .chain(times(Persona::Sharing, sharing))
            .chain(times(Persona::Late, late))
            .chain(times(Persona::Guessing, guessing))
    }
}

/// How often each limit kept somebody back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitCounts {
    /// Messages that were left unread, because there were too many at once.
    pub unread: usize,
    /// People who had begun as many deployments as one may.
    pub by_person: usize,
    /// People in whose organisation as many were begun as may be.
    pub by_organisation: usize,
    /// People who came when all together had begun as many as they may.
    pub by_all: usize,
    /// People whose code was not looked at after too many wrong ones.
    pub by_wrong_codes: usize,
}

/// What came of a crowd.
#[derive(Clone, Debug, Default)]
pub struct CrowdOutcome {
    /// What must never happen, what was seen, and how many calls there were.
    pub verdict: CaseVerdict,
    /// How fast the bot was.
    pub pace: ResponseTimes,
    /// Deployments that ended deployed.
    pub deployed: usize,
    /// How often each limit kept somebody back.
    pub kept_back: LimitCounts,
}

impl Crowd {
    /// In virtual time, on a thread that must run nothing else meanwhile.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn simulate(self) -> anyhow::Result<CrowdOutcome> {
        runtime()?.block_on(async {
            let disk = StoryDisk::in_order().await?;
            tokio::time::pause();
            self.meets(disk, &BotStoryPlan::of_crowd(&self)).await
        })
    }

    /// In real time, as fast as the machine is: on all of its cores, with a database as a bot has
    /// it. What makes a caller wait for minutes does not happen here.
    ///
    /// # Errors
    /// When there is no room for a database.
    pub fn live(self) -> anyhow::Result<CrowdOutcome> {
        Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let disk = StoryDisk::shared().await?;
            self.meets(disk, &BotStoryPlan::of_hurry(&self)).await
        })
    }

    async fn meets(self, disk: StoryDisk, plan: &BotStoryPlan) -> anyhow::Result<CrowdOutcome> {
        let world = BotStoryWorld::new(plan, disk);
        let met: JoinHandle<anyhow::Result<CrowdOutcome>> = tokio::spawn(run_crowd(world));
        met.await?
    }
}

async fn run_crowd(mut world: BotStoryWorld) -> anyhow::Result<CrowdOutcome> {
    let mut verdict = CaseVerdict::default();
    play(&mut world, &mut verdict).await?;
    world.conclude(&mut verdict);
    let (pace, kept_back) = (world.service.pace(), world.kept_back);
    Ok(CrowdOutcome { verdict, pace, deployed: world.deployed, kept_back })
}
