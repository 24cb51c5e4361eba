//! A deployment and its removal, whatever goes wrong on the way.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::{Either, select};
use sqlx::Row;
use tokio::time::{Instant, timeout};

use super::case_monitor::{elapsed_ms, resources};
use super::faults::{FaultKind, LATE};
use super::world::CaseWorld;
use super::{AfterKill, CaseVerdict, CoverageGoal, Promise, ProofCase};
use textslash::cloud::FailureCause;
use textslash::deployment::{Goal, Outcome, RemainingResource, RunFailure};
use textslash::journal::{JournalEntry, RunEnd, StepAction};
use textslash::plan::StepId;
use textslash::probation::PROBATION_MS;
use textslash::provisioner::DriveError;
use textslash::sandbox::fly::nothing;
use textslash::store::block_on;

/// Every drive ends within this time once nothing goes wrong any more; no trouble lasts longer than
/// minutes itself.
const DRIVE_MAX: Duration = Duration::from_secs(15 * 60);

/// A story has at most a few kills; a drive that never ends is told apart from them.
const DRIVES_MAX: usize = 16;

/// After the end nobody calls any more, and what comes late has come.
const REST: Duration = Duration::from_secs(150);

pub(super) async fn run_case(case: &ProofCase) -> anyhow::Result<CaseVerdict> {
    let world = CaseWorld::new(case).await?;
    let mut verdict = CaseVerdict::default();
    let played = play(&world, case, &mut verdict).await;
    played?;
    let (trace, violations) = world.watch.report();
    verdict.trace.extend(trace);
    verdict.violations = violations;
    verdict.checked_promises = world.watch.checked_promises();
    verdict.calls = world.watch.calls();
    verdict.fault_calls = world.watch.fault_calls();
    Ok(verdict)
}

async fn play(
    world: &CaseWorld,
    case: &ProofCase,
    verdict: &mut CaseVerdict,
) -> anyhow::Result<()> {
    prepare(world, case).await?;
    world.provisioner.open(&world.spec, "ada").await?;
    world.watch.mark_checked([Promise::End]);
    match drive(world, case, Goal::Deployed, verdict).await? {
        DriveEnd::Finished(Outcome::Deployed(_)) => {
            verdict.deployed = Some(RunEnd::Deployed);
            verdict.coverage.insert(CoverageGoal::Deployed);
            expect_deployed(world, case);
        }
        DriveEnd::Finished(Outcome::Failed(RunFailure { cause, remaining, .. })) => {
            verdict.deployed = Some(RunEnd::Stuck);
            verdict.coverage.insert(CoverageGoal::Stuck);
            world.watch.trace(&format!("stopped: {cause:?}"));
            expect_true(world, case, &remaining.unwrap_or_default()).await?;
        }
        DriveEnd::Killed if case.after_kill == AfterKill::Abandons => {
            stay_away(world, case, verdict).await
        }
        DriveEnd::Killed => {
            verdict.coverage.insert(CoverageGoal::TornDownEarly);
        }
        DriveEnd::Finished(Outcome::Removed(_)) => {
            world.watch.violation(Promise::End, "a deployment is removed")
        }
        DriveEnd::NoOutcome => {}
    }
    rest(world, REST).await;
    if case.tries_again && verdict.deployed == Some(RunEnd::Stuck) {
        world.watch.stop_faults();
        match drive(world, case, Goal::Deployed, verdict).await? {
            DriveEnd::Finished(Outcome::Deployed(_)) => expect_deployed(world, case),
            // The disk was full once more, and the person wants it removed now.
            DriveEnd::Killed if case.after_kill != AfterKill::Resumes => {}
            told => world.watch.violation(Promise::Liveness, format!("tried again: {told:?}")),
        }
    }
    remove(world, case, verdict).await?;
    world.watch.expect_append_only();
    tell_journal(world, verdict).await
}

/// Nobody comes back: what was not committed ends by itself.
async fn stay_away(world: &CaseWorld, case: &ProofCase, verdict: &mut CaseVerdict) {
    // A process whose clock is ahead tells a machine too late an end. The machine then keeps to the
    // half hour after its own start, which may come late.
    let late = if case.has(FaultKind::ClockAhead) { LATE } else { Duration::ZERO };
    rest(world, Duration::from_millis(PROBATION_MS) + MINUTE + late).await;
    world.watch.mark_checked([Promise::Probation]);
    let runs_on = world.watch.runs_uncommitted();
    if !runs_on.is_empty() {
        world.watch.violation(Promise::Probation, format!("at minute 31 there runs {runs_on:?}"));
    }
    verdict.coverage.insert(CoverageGoal::Abandoned);
}

/// What is planned for the network, the world and the disk.
async fn prepare(world: &CaseWorld, case: &ProofCase) -> anyhow::Result<()> {
    for trouble in &case.faults {
        world.watch.plan(trouble);
        if trouble.kind == FaultKind::DiskFull {
            fill_disk(world, trouble.at.max(1))?;
        }
    }
    Ok(())
}

/// Entries from this one on find no room.
fn fill_disk(world: &CaseWorld, at: usize) -> anyhow::Result<()> {
    let trigger = format!(
        "CREATE TRIGGER IF NOT EXISTS disk_full_{at} BEFORE INSERT ON journal WHEN NEW.seq >= {at}
         BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    );
    block_on(async {
        let mut database = world.database.connection().await?;
        sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(&mut *database).await?;
        Ok(())
    })
}

/// Until the disk is full the next time.
fn make_room(world: &CaseWorld) -> anyhow::Result<()> {
    let first = "SELECT name FROM sqlite_master WHERE name LIKE 'disk_full_%'
                 ORDER BY CAST(substr(name, 11) AS INTEGER) LIMIT 1";
    block_on(async {
        let mut database = world.database.connection().await?;
        if let Some(row) = sqlx::query(first).fetch_optional(&mut *database).await? {
            let drop = format!("DROP TRIGGER {}", row.try_get::<String, _>(0)?);
            sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut *database).await?;
        }
        Ok(())
    })
}

async fn remove(
    world: &CaseWorld,
    case: &ProofCase,
    verdict: &mut CaseVerdict,
) -> anyhow::Result<()> {
    let mut told = drive(world, case, Goal::Removed, verdict).await?;
    if let DriveEnd::Finished(Outcome::Failed(RunFailure { remaining, .. })) = &told {
        expect_true(world, case, remaining.as_deref().unwrap_or_default()).await?;
        world.watch.stop_faults();
        told = drive(world, case, Goal::Removed, verdict).await?;
    }
    match told {
        DriveEnd::Finished(Outcome::Removed(_)) => {
            verdict.coverage.insert(CoverageGoal::Removed);
            if verdict.deployed == Some(RunEnd::Stuck) {
                verdict.coverage.insert(CoverageGoal::StuckRemoved);
            }
        }
        told => world.watch.violation(Promise::Liveness, format!("removal: {told:?}")),
    }
    rest(world, REST).await;
    world.watch.look();
    world.watch.mark_checked([Promise::Orphan]);
    let there = world.fly.inventory();
    if there != nothing() {
        world.watch.violation(Promise::Orphan, there.to_string().replace('\n', ", "));
    }
    // The limit was ours to keep; a second request on the way was not ours to send.
    if !case.has(FaultKind::Twice) {
        world.watch.mark_checked([Promise::Rate]);
        if let Some(violation) = world.fly.violations().first() {
            world.watch.violation(Promise::Rate, violation.clone());
        }
    }
    Ok(())
}

/// What driving came to.
#[derive(Debug)]
enum DriveEnd {
    Finished(Outcome),
    /// The process was killed, and nobody carries on.
    Killed,
    /// Something that must not happen, told already.
    NoOutcome,
}

/// Drives until there is an outcome: a killed process starts again, a refused token is replaced.
async fn drive(
    world: &CaseWorld,
    case: &ProofCase,
    goal: Goal,
    verdict: &mut CaseVerdict,
) -> anyhow::Result<DriveEnd> {
    world.watch.mark_checked([Promise::Drive, Promise::Liveness]);
    let carries_on = goal == Goal::Removed || case.after_kill == AfterKill::Resumes;
    for _ in 0..DRIVES_MAX {
        let (began, before) = (Instant::now(), world.watch.changes());
        let told = timeout(DRIVE_MAX, drive_once(world, case, goal, verdict)).await;
        verdict.longest_ms = verdict.longest_ms.max(elapsed_ms(began));
        expect_within_budget(world, case, before);
        let Ok(told) = told else {
            world
                .watch
                .violation(Promise::Liveness, format!("{goal:?} takes longer than 15 minutes"));
            return Ok(DriveEnd::NoOutcome);
        };
        match told? {
            None => killed(world, verdict, "killed").await,
            Some(Err(DriveError::Store(_))) => {
                make_room(world)?;
                killed(world, verdict, "the disk is full").await;
            }
            Some(Ok(Outcome::Failed(RunFailure { cause: FailureCause::TokenRefused, .. }))) => {
                world.watch.trace("another token");
                continue;
            }
            Some(Ok(outcome)) => return Ok(DriveEnd::Finished(outcome)),
            Some(Err(error)) => {
                world.watch.violation(Promise::Drive, error.to_string());
                return Ok(DriveEnd::NoOutcome);
            }
        }
        if !carries_on {
            return Ok(DriveEnd::Killed);
        }
    }
    world.watch.violation(Promise::Liveness, format!("{goal:?} never ends"));
    Ok(DriveEnd::NoOutcome)
}

fn expect_within_budget(world: &CaseWorld, case: &ProofCase, changes_before: usize) {
    let budget = CHANGES_PER_STEP_MAX * world.steps();
    if case.has(FaultKind::SecondWorker) {
        return;
    }
    world.watch.mark_checked([Promise::Budget]);
    if world.watch.changes() - changes_before > budget {
        world.watch.violation(Promise::Budget, format!("more than {budget} changes in one drive"));
    }
}

/// Calls that change something, for each step of the plan.
const CHANGES_PER_STEP_MAX: usize = 6;

async fn killed(world: &CaseWorld, verdict: &mut CaseVerdict, why: &str) {
    world.watch.trace(why);
    verdict.kills += 1;
    if verdict.kills > 1 {
        verdict.coverage.insert(CoverageGoal::KilledTwice);
    }
    world.restarts().await;
}

/// How long after the end of a probation it is looked whether anything runs.
const MINUTE: Duration = Duration::from_secs(60);

type DriveResult = anyhow::Result<Option<Result<Outcome, DriveError>>>;

/// One process, and the second one where the story has it.
async fn drive_once(
    world: &CaseWorld,
    case: &ProofCase,
    goal: Goal,
    verdict: &mut CaseVerdict,
) -> DriveResult {
    let second = case.faults.iter().find(|trouble| trouble.kind == FaultKind::SecondWorker);
    let Some(at) = second.map(|trouble| trouble.at).filter(|at| *at >= world.watch.calls()) else {
        return world.drive(goal).await;
    };
    let began = Cell::new(false);
    let rival = async {
        world.watch.reached(at).await;
        began.set(true);
        world.watch.trace("a second process takes over");
        world.drive(goal).await
    };
    let (first, rival) = (Box::pin(world.drive(goal)), Box::pin(rival));
    let (first, second) = match select(first, rival).await {
        Either::Left((first, _)) if !began.get() => return first,
        Either::Left((first, rival)) => (first, rival.await),
        Either::Right((second, first)) => (first.await, second),
    };
    if matches!(first, Ok(Some(Err(DriveError::Fenced)))) {
        verdict.coverage.insert(CoverageGoal::Fenced);
    }
    second
}

/// Nobody calls any more, and what comes late comes.
async fn rest(world: &CaseWorld, time: Duration) {
    world.watch.set_at_rest(true);
    tokio::time::sleep(time).await;
    world.watch.set_at_rest(false);
}

fn expect_deployed(world: &CaseWorld, case: &ProofCase) {
    let there = world.fly.inventory();
    let started = there.machines.iter().filter(|machine| machine.ends_with("started")).count();
    // A volume that the network doubled is seen when reads catch up, and removed with the rest.
    let volumes =
        if case.may_duplicate() { there.volumes.len().min(2) } else { there.volumes.len() };
    if case.has(FaultKind::GoneByHand) {
        return;
    }
    world.watch.mark_checked([Promise::Deployed]);
    if (there.apps.len(), there.machines.len(), started, volumes) != (2, 2, 2, 2) {
        world.watch.violation(Promise::Deployed, there.to_string().replace('\n', ", "));
    }
}

/// The list of what remains is true: it names everything that exists, and what it says was seen
/// exists.
///
/// A removal that was asked for can take effect after the look and before the list is told.
async fn expect_true(
    world: &CaseWorld,
    case: &ProofCase,
    remaining: &[RemainingResource],
) -> anyhow::Result<()> {
    world.watch.mark_checked([Promise::Remaining]);
    let asked_for = removals_asked_for(&world.journal().await?);
    for (step, count) in resources(&world.spec, &world.fly.inventory()) {
        let told = remaining.iter().find(|line| line.step == step);
        if count > 0 && told.is_none() {
            world.watch.violation(Promise::Remaining, format!("{step} is there and not listed"));
        }
        let was_seen = told.is_some_and(|line| line.seen);
        let may_be_old =
            case.lag_ms > 0 || case.has(FaultKind::GoneByHand) || asked_for.contains(&step);
        if was_seen && count == 0 && !may_be_old {
            world.watch.violation(Promise::Remaining, format!("{step} is listed and not there"));
        }
    }
    Ok(())
}

/// The steps whose last outcome on record is a removal in doubt.
fn removals_asked_for(entries: &[JournalEntry]) -> BTreeSet<StepId> {
    let mut asked_for = BTreeSet::new();
    for entry in entries {
        match entry {
            JournalEntry::InDoubt { step, action: StepAction::Delete } => {
                asked_for.insert(step.clone());
            }
            JournalEntry::Done { step, .. } | JournalEntry::Failed { step, .. } => {
                asked_for.remove(step);
            }
            _ => {}
        }
    }
    asked_for
}

async fn tell_journal(world: &CaseWorld, verdict: &mut CaseVerdict) -> anyhow::Result<()> {
    let entries = world.journal().await?;
    let mut doubtful = Vec::new();
    for (seq, entry) in entries.iter().enumerate() {
        match entry {
            JournalEntry::InDoubt { step, action: StepAction::Create } => {
                doubtful.push(step.clone())
            }
            JournalEntry::Done { step, action: StepAction::Create, .. }
                if doubtful.contains(step) =>
            {
                verdict.coverage.insert(CoverageGoal::UnconfirmedWasDone);
                doubtful.retain(|it| it != step);
            }
            JournalEntry::Intended { step, action: StepAction::Create }
                if doubtful.contains(step) =>
            {
                verdict.coverage.insert(CoverageGoal::UnconfirmedWasNotDone);
                doubtful.retain(|it| it != step);
            }
            JournalEntry::RegionChanged { .. } => {
                verdict.coverage.insert(CoverageGoal::Moved);
            }
            _ => {}
        }
        world.watch.trace(&format!("journal {seq:>3} {}", serde_json::to_string(entry)?));
    }
    if !matches!(entries.last(), Some(JournalEntry::Ended { end: RunEnd::Removed })) {
        world.watch.violation(Promise::Journal, "it does not end with a removal");
    }
    Ok(())
}
