//! A deployment and its removal, whatever goes wrong on the way.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{Either, select};
use sqlx::Row;
use tokio::time::{Instant, timeout};

use super::invariants::resources;
use super::trouble::{LATE, Way};
use super::world::{World, elapsed_ms};
use super::{Case, Promise, Sight, Then, Verdict};
use crate::cloud::Cause;
use crate::journal::{Action, End, Entry};
use crate::plan::StepId;
use crate::probation::PROBATION_MS;
use crate::provisioner::{DriveError, Goal, Outcome, Remaining, Seen};
use crate::sandbox::fly::nothing;
use crate::store::at_once;

/// Every drive ends within this time once nothing goes wrong any more; no trouble lasts longer than
/// minutes itself.
const DRIVE_MAX: Duration = Duration::from_secs(15 * 60);

/// A story has at most a few kills; a drive that never ends is told apart from them.
const DRIVES_MAX: usize = 16;

/// After the end nobody calls any more, and what comes late has come.
const REST: Duration = Duration::from_secs(150);

pub(super) async fn tell(case: &Case) -> anyhow::Result<Verdict> {
    let world = World::new(case).await?;
    let mut verdict = Verdict::default();
    let played = play(&world, case, &mut verdict).await;
    played?;
    let (trace, violations) = world.watch.told();
    verdict.trace.extend(trace);
    verdict.violations = violations;
    verdict.looked_at = world.watch.looked_at();
    verdict.calls = world.watch.calls();
    verdict.met = world.watch.met();
    Ok(verdict)
}

async fn play(world: &World, case: &Case, verdict: &mut Verdict) -> anyhow::Result<()> {
    prepare(world, case).await?;
    world.provisioner.open(&world.spec, "ada").await?;
    world.watch.looks_at([Promise::End]);
    match drive(world, case, Goal::Deployed, verdict).await? {
        Came::To(Outcome::Deployed(_)) => {
            verdict.deployed = Some(End::Deployed);
            verdict.seen.insert(Sight::Deployed);
            expect_deployed(world, case);
        }
        Came::To(Outcome::Failed { cause, remaining, .. }) => {
            verdict.deployed = Some(End::Stuck);
            verdict.seen.insert(Sight::Stuck);
            world.watch.tell(&format!("stopped: {cause:?}"));
            expect_true(world, case, &remaining).await?;
        }
        Came::Killed if case.then == Then::StaysAway => stay_away(world, case, verdict).await,
        Came::Killed => {
            verdict.seen.insert(Sight::TurnedBack);
        }
        Came::To(Outcome::Removed(_)) => {
            world.watch.break_of(Promise::End, "a deployment is removed")
        }
        Came::Nowhere => {}
    }
    rest(world, REST).await;
    if case.tries_again && verdict.deployed == Some(End::Stuck) {
        world.watch.calm();
        match drive(world, case, Goal::Deployed, verdict).await? {
            Came::To(Outcome::Deployed(_)) => expect_deployed(world, case),
            // The disk was full once more, and the person wants it removed now.
            Came::Killed if case.then != Then::CarriesOn => {}
            told => world.watch.break_of(Promise::Liveness, format!("tried again: {told:?}")),
        }
    }
    remove(world, case, verdict).await?;
    world.watch.expect_append_only();
    tell_journal(world, verdict).await
}

/// Nobody comes back: what was not committed ends by itself.
async fn stay_away(world: &World, case: &Case, verdict: &mut Verdict) {
    // A process whose clock is ahead tells a machine too late an end. The machine then keeps to the half
    // hour after its own start, which may come late.
    let late = if case.has(Way::ClockAhead) { LATE } else { Duration::ZERO };
    rest(world, Duration::from_millis(PROBATION_MS) + MINUTE + late).await;
    world.watch.looks_at([Promise::Probation]);
    let runs_on = world.watch.runs_uncommitted();
    if !runs_on.is_empty() {
        world.watch.break_of(Promise::Probation, format!("at minute 31 there runs {runs_on:?}"));
    }
    verdict.seen.insert(Sight::Abandoned);
}

/// What is planned for the network, the world and the disk.
async fn prepare(world: &World, case: &Case) -> anyhow::Result<()> {
    for trouble in &case.troubles {
        world.watch.plan(trouble);
        if trouble.way == Way::DiskFull {
            fill_disk(world, trouble.at.max(1))?;
        }
    }
    Ok(())
}

/// Entries from this one on find no room.
fn fill_disk(world: &World, at: usize) -> anyhow::Result<()> {
    let trigger = format!(
        "CREATE TRIGGER IF NOT EXISTS disk_full_{at} BEFORE INSERT ON journal WHEN NEW.seq >= {at}
         BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    );
    at_once(async {
        let mut database = world.database.connection().await?;
        sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&mut *database).await?;
        Ok(())
    })
}

/// Until the disk is full the next time.
fn make_room(world: &World) -> anyhow::Result<()> {
    let first = "SELECT name FROM sqlite_master WHERE name LIKE 'disk_full_%'
                 ORDER BY CAST(substr(name, 11) AS INTEGER) LIMIT 1";
    at_once(async {
        let mut database = world.database.connection().await?;
        if let Some(row) = sqlx::query(first).fetch_optional(&mut *database).await? {
            let drop = format!("DROP TRIGGER {}", row.try_get::<String, _>(0)?);
            sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut *database).await?;
        }
        Ok(())
    })
}

async fn remove(world: &World, case: &Case, verdict: &mut Verdict) -> anyhow::Result<()> {
    let mut told = drive(world, case, Goal::Removed, verdict).await?;
    if let Came::To(Outcome::Failed { remaining, .. }) = &told {
        expect_true(world, case, remaining).await?;
        world.watch.calm();
        told = drive(world, case, Goal::Removed, verdict).await?;
    }
    match told {
        Came::To(Outcome::Removed(_)) => {
            verdict.seen.insert(Sight::Removed);
            if verdict.deployed == Some(End::Stuck) {
                verdict.seen.insert(Sight::StuckRemoved);
            }
        }
        told => world.watch.break_of(Promise::Liveness, format!("removal: {told:?}")),
    }
    rest(world, REST).await;
    world.watch.look();
    world.watch.looks_at([Promise::Orphan]);
    let there = world.fly.inventory();
    if there != nothing() {
        world.watch.break_of(Promise::Orphan, there.to_string().replace('\n', ", "));
    }
    // The limit was ours to keep; a second request on the way was not ours to send.
    if !case.has(Way::Twice) {
        world.watch.looks_at([Promise::Rate]);
        if let Some(violation) = world.fly.violations().first() {
            world.watch.break_of(Promise::Rate, violation.clone());
        }
    }
    Ok(())
}

/// What driving came to.
#[derive(Debug)]
enum Came {
    To(Outcome),
    /// The process was killed, and nobody carries on.
    Killed,
    /// Something that must not happen, told already.
    Nowhere,
}

/// Drives until there is an outcome: a killed process starts again, a refused token is replaced.
async fn drive(
    world: &World,
    case: &Case,
    goal: Goal,
    verdict: &mut Verdict,
) -> anyhow::Result<Came> {
    world.watch.looks_at([Promise::Drive, Promise::Liveness]);
    let carries_on = goal == Goal::Removed || case.then == Then::CarriesOn;
    for _ in 0..DRIVES_MAX {
        let (began, before) = (Instant::now(), world.watch.changes());
        let told = timeout(DRIVE_MAX, drive_once(world, case, goal, verdict)).await;
        verdict.longest_ms = verdict.longest_ms.max(elapsed_ms(began));
        expect_within_budget(world, case, before);
        let Ok(told) = told else {
            world
                .watch
                .break_of(Promise::Liveness, format!("{goal:?} takes longer than 15 minutes"));
            return Ok(Came::Nowhere);
        };
        match told? {
            None => killed(world, verdict, "killed").await,
            Some(Err(DriveError::Store(_))) => {
                make_room(world)?;
                killed(world, verdict, "the disk is full").await;
            }
            Some(Ok(Outcome::Failed { cause: Cause::TokenRefused, .. })) => {
                world.watch.tell("another token");
                continue;
            }
            Some(Ok(outcome)) => return Ok(Came::To(outcome)),
            Some(Err(error)) => {
                world.watch.break_of(Promise::Drive, error.to_string());
                return Ok(Came::Nowhere);
            }
        }
        if !carries_on {
            return Ok(Came::Killed);
        }
    }
    world.watch.break_of(Promise::Liveness, format!("{goal:?} never ends"));
    Ok(Came::Nowhere)
}

fn expect_within_budget(world: &World, case: &Case, changes_before: usize) {
    let budget = CHANGES_PER_STEP_MAX * world.steps();
    if case.has(Way::SecondWorker) {
        return;
    }
    world.watch.looks_at([Promise::Budget]);
    if world.watch.changes() - changes_before > budget {
        world.watch.break_of(Promise::Budget, format!("more than {budget} changes in one drive"));
    }
}

/// Calls that change something, for each step of the plan.
const CHANGES_PER_STEP_MAX: usize = 6;

async fn killed(world: &World, verdict: &mut Verdict, why: &str) {
    world.watch.tell(why);
    verdict.kills += 1;
    if verdict.kills > 1 {
        verdict.seen.insert(Sight::KilledTwice);
    }
    world.restarts().await;
}

/// How long after the end of a probation it is looked whether anything runs.
const MINUTE: Duration = Duration::from_secs(60);

type Driven = anyhow::Result<Option<Result<Outcome, DriveError>>>;

/// One process, and the second one where the story has it.
async fn drive_once(world: &World, case: &Case, goal: Goal, verdict: &mut Verdict) -> Driven {
    let second = case.troubles.iter().find(|trouble| trouble.way == Way::SecondWorker);
    let Some(at) = second.map(|trouble| trouble.at).filter(|at| *at >= world.watch.calls()) else {
        return world.drive(goal).await;
    };
    let began = Cell::new(false);
    let rival = async {
        world.watch.reached(at).await;
        began.set(true);
        world.watch.tell("a second process takes over");
        world.drive(goal).await
    };
    let (first, rival) = (Box::pin(world.drive(goal)), Box::pin(rival));
    let (first, second) = match select(first, rival).await {
        Either::Left((first, _)) if !began.get() => return first,
        Either::Left((first, rival)) => (first, rival.await),
        Either::Right((second, first)) => (first.await, second),
    };
    if matches!(first, Ok(Some(Err(DriveError::Fenced)))) {
        verdict.seen.insert(Sight::Fenced);
    }
    second
}

/// Nobody calls any more, and what comes late comes.
async fn rest(world: &World, time: Duration) {
    world.watch.rest(true);
    tokio::time::sleep(time).await;
    world.watch.rest(false);
}

fn expect_deployed(world: &World, case: &Case) {
    let there = world.fly.inventory();
    let started = there.machines.iter().filter(|machine| machine.ends_with("started")).count();
    // A volume that the network doubled is seen when reads catch up, and removed with the rest.
    let volumes = if case.doubles() { there.volumes.len().min(2) } else { there.volumes.len() };
    if case.has(Way::GoneByHand) {
        return;
    }
    world.watch.looks_at([Promise::Deployed]);
    if (there.apps.len(), there.machines.len(), started, volumes) != (2, 2, 2, 2) {
        world.watch.break_of(Promise::Deployed, there.to_string().replace('\n', ", "));
    }
}

/// The list of what remains is true: it names everything that exists, and what it says was seen exists.
///
/// A removal that was asked for can take effect after the look and before the list is told.
async fn expect_true(world: &World, case: &Case, remaining: &Remaining) -> anyhow::Result<()> {
    world.watch.looks_at([Promise::Remaining]);
    let asked_for = removals_asked_for(&world.journal().await?);
    for (step, count) in resources(&world.spec, &world.fly.inventory()) {
        let told = remaining.lines.iter().find(|line| line.step == step);
        if count > 0 && told.is_none() {
            world.watch.break_of(Promise::Remaining, format!("{step} is there and not listed"));
        }
        let was_seen = told.is_some_and(|line| matches!(line.seen, Seen::There(_)));
        let may_be_old = case.lag_ms > 0 || case.has(Way::GoneByHand) || asked_for.contains(&step);
        if was_seen && count == 0 && !may_be_old {
            world.watch.break_of(Promise::Remaining, format!("{step} is listed and not there"));
        }
    }
    Ok(())
}

/// The steps whose last outcome on record is a removal in doubt.
fn removals_asked_for(entries: &[Entry]) -> BTreeSet<StepId> {
    let mut asked_for = BTreeSet::new();
    for entry in entries {
        match entry {
            Entry::InDoubt { step, action: Action::Delete } => {
                asked_for.insert(step.clone());
            }
            Entry::Done { step, .. } | Entry::Failed { step, .. } => {
                asked_for.remove(step);
            }
            _ => {}
        }
    }
    asked_for
}

async fn tell_journal(world: &World, verdict: &mut Verdict) -> anyhow::Result<()> {
    let entries = world.journal().await?;
    let mut doubtful = Vec::new();
    for (seq, entry) in entries.iter().enumerate() {
        match entry {
            Entry::InDoubt { step, action: Action::Create } => doubtful.push(step.clone()),
            Entry::Done { step, action: Action::Create, .. } if doubtful.contains(step) => {
                verdict.seen.insert(Sight::DoubtWasDone);
                doubtful.retain(|it| it != step);
            }
            Entry::Intended { step, action: Action::Create } if doubtful.contains(step) => {
                verdict.seen.insert(Sight::DoubtWasNotDone);
                doubtful.retain(|it| it != step);
            }
            Entry::Placed { .. } => {
                verdict.seen.insert(Sight::Moved);
            }
            _ => {}
        }
        world.watch.tell(&format!("journal {seq:>3} {}", serde_json::to_string(entry)?));
    }
    if !matches!(entries.last(), Some(Entry::Ended { end: End::Removed })) {
        world.watch.break_of(Promise::Journal, "it does not end with a removal");
    }
    Ok(())
}
