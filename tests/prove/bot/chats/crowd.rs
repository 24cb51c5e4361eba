//! Many people at once on one bot, some of whom mean it ill: nothing lost, nothing doubled, nothing
//! left.

use std::collections::BTreeSet;

use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::super::CaseVerdict;
use super::super::faults::{Fault, FaultKind};
use super::dice::BotStoryDice;
use super::disk::StoryDisk;
use super::persona::Persona;
use super::plan::{BotStoryPlan, CODE, network_ways};
use super::profile::ServiceProfile;
use super::world::{BotStoryWorld, LimitCounts};
use super::{play, runtime};
use textslash::invitation::Invitation;
use textslash::sandbox::fly::ReadLag;

pub use super::service::ResponseTimes;

/// What makes a caller wait for longer than anybody would watch.
const SLOW: [FaultKind; 9] = [
    FaultKind::Hang,
    FaultKind::HangDone,
    FaultKind::Stalled,
    FaultKind::Late,
    FaultKind::TooManyMinute,
    FaultKind::TooManyDay,
    FaultKind::TooManyDate,
    FaultKind::UnavailableBurst,
    FaultKind::UnavailableBurstDone,
];

/// Of a hundred calls of a crowd's bot, so many fail.
const FAULTS_PERCENT: u64 = 5;

/// Calls of a crowd's bot that may fail, for each deployment: several times of what one takes.
const CALLS_EACH: usize = 400;

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
    #[allow(dead_code, reason = "the bench of load uses it")]
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
    #[allow(dead_code, reason = "the bench of load uses it")]
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

impl BotStoryPlan {
    /// Many people at once, of whom some deploy, and faults of every kind of the network.
    fn of_crowd(crowd: &Crowd) -> Self {
        Self::of_many(crowd, &network_ways().collect::<Vec<_>>())
    }

    /// The same, where nobody has to wait for minutes.
    fn of_hurry(crowd: &Crowd) -> Self {
        let quick = network_ways().filter(|way| !SLOW.contains(way));
        Self::of_many(crowd, &quick.collect::<Vec<_>>())
    }

    fn of_many(crowd: &Crowd, ways: &[FaultKind]) -> Self {
        let Crowd { seed, people, deploying, hostile } = *crowd;
        let dice = BotStoryDice::new(seed, 1);
        let calls = (0..CALLS_EACH * deploying).filter(|_| dice.percent(FAULTS_PERCENT));
        let troubles = calls.map(|at| Fault { at, kind: ways[dice.index(ways.len())] });
        let temper =
            |number| if number < deploying { Persona::Purposeful } else { Persona::Curious };
        Self {
            seed,
            people: (0..people).map(temper).chain(hostile.tempers()).collect(),
            profile: ServiceProfile::Telegram,
            faults: troubles.collect(),
            kills: BTreeSet::new(),
            lag: ReadLag::None,
            // For more than there are.
            invitation: (hostile.guessing > 0)
                .then(|| Invitation { code: CODE.to_owned(), people: u32::MAX }),
        }
    }
}
