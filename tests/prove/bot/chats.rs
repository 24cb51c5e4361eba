//! Conversations: one to three people chat with the real onboarding bot, whatever goes wrong on the
//! way.
//!
//! Messages come late, twice and, where the service lets them, in another order; what the bot says
//! is not always taken; its calls meet the faults of [`super::faults`]; its process is killed
//! where it acts, and another carries on from the same database. In every fourth story they begin
//! by invitation. In the end everybody wants everything removed, and some want to be forgotten, on
//! the way or at last.
//!
//! All of it runs on one thread and paused time, and what is asked of the database is done before
//! anything else goes on: the same seed is the same story, line by line.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{CaseTable, CaseVerdict, CoverageGoal, Promise, ProofCase};
use disk::StoryDisk;
use persona::Persona;
use plan::BotStoryPlan;
use textslash::journal::RunEnd;
use world::{BotStoryWorld, REST};

pub mod crowd;
mod dice;
mod disk;
mod end;
mod limits;
mod monitor;
mod network;
mod person;
mod persona;
mod phone;
mod plan;
mod profile;
mod proof;
mod service;
mod world;

/// The row of these stories.
const ROW: &str = "conversations, by seed";

/// Longer than anybody is busy: a story of half an hour's absences has its end within hours.
const STORY_MAX: Duration = Duration::from_secs(48 * 60 * 60);

/// Tells the story of this seed; its own thread must run nothing else meanwhile.
///
/// # Errors
/// When there is no room for a database.
pub fn run(seed: u64) -> anyhow::Result<CaseVerdict> {
    runtime()?.block_on(run_story(seed))
}

/// Of one thread.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// The stories of these seeds.
pub fn cases(
    seeds: impl Iterator<Item = u64> + Send,
) -> impl Iterator<Item = (String, ProofCase)> + Send {
    seeds.map(|seed| (ROW.to_owned(), ProofCase::without_faults(seed)))
}

/// Tells these stories on as many threads as there are cores. `told` hears of each.
///
/// # Errors
/// When there is no room for databases.
pub fn run_all(
    cases: impl Iterator<Item = (String, ProofCase)> + Send,
    told: impl Fn(usize) + Sync,
) -> anyhow::Result<CaseTable> {
    super::cases::tell_all_by(cases, |case| run(case.seed), told)
}

async fn run_story(seed: u64) -> anyhow::Result<CaseVerdict> {
    let disk = StoryDisk::in_order().await?;
    tokio::time::pause();
    let mut world = BotStoryWorld::new(&BotStoryPlan::of_seed(seed), disk);
    let told: JoinHandle<anyhow::Result<CaseVerdict>> = tokio::spawn(async move {
        let mut verdict = CaseVerdict::default();
        if timeout(STORY_MAX, play(&mut world, &mut verdict)).await.is_err() {
            world.stage.violation(Promise::Liveness, "the story does not end");
        }
        world.conclude(&mut verdict);
        Ok(verdict)
    });
    told.await?
}

async fn play(world: &mut BotStoryWorld, verdict: &mut CaseVerdict) -> anyhow::Result<()> {
    world.bot_starts().await?;
    let (late, people): (Vec<_>, Vec<_>) =
        world.people.clone().into_iter().partition(|person| person.persona == Persona::Late);
    let lives = tokio::spawn(async move {
        join_all(people.iter().map(|person| person.chats())).await;
    });
    until_over(world, lives, verdict).await?;
    if !late.is_empty() {
        world.host_sets_a_limit().await?;
        let lives = tokio::spawn(async move {
            join_all(late.iter().map(|person| person.chats())).await;
        });
        until_over(world, lives, verdict).await?;
    }
    // Later some have what they began erased.
    limits::expect_within_quotas(world).await?;
    world.stop_faults();
    let people = world.people.clone();
    let wishes = tokio::spawn(async move {
        join_all(people.iter().map(|person| person.wants_an_end())).await;
    });
    until_over(world, wishes, verdict).await?;
    tokio::time::sleep(REST).await;
    end::look(world, verdict).await
}

/// People go on whether or not the bot is there; a killed one starts again.
async fn until_over(
    world: &mut BotStoryWorld,
    mut lives: JoinHandle<()>,
    verdict: &mut CaseVerdict,
) -> anyhow::Result<()> {
    let stage = Arc::clone(&world.stage);
    loop {
        tokio::select! {
            biased;
            () = stage.killed() => {
                verdict.kills += 1;
                if verdict.kills > 1 {
                    verdict.coverage.insert(CoverageGoal::KilledTwice);
                }
                world.bot_restarts().await?;
            }
            over = &mut lives => return Ok(over?),
        }
    }
}

/// Notes how a run ended.
fn note(verdict: &mut CaseVerdict, deployed: bool, end: Option<RunEnd>) {
    if deployed {
        verdict.deployed = Some(RunEnd::Deployed);
        verdict.coverage.insert(CoverageGoal::Deployed);
    }
    if end == Some(RunEnd::Removed) {
        verdict.coverage.insert(CoverageGoal::Removed);
    }
}
