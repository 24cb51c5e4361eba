//! A deployment and its removal by real processes, whatever is done to them.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use textslash::journal::RunEnd;
use textslash::messages::Locale;
use textslash::phrase;

use super::disk::LimitedDisk;
use super::evidence::{RecordedRun, tear_log};
use super::network::KillMoment;
use super::plan::{KillKind, KillPlan, StoryLength};
use super::world::{KillAction, KillWorld, ProcessExit};

const DEPLOY: [&str; 5] = ["deploy", "--agent", "shell", "--yes", "--json"];

/// A removal from nothing but a token.
const TEARDOWN: [&str; 3] = ["teardown", "--yes", "--json"];

/// What a process says whose run another one has taken over.
const FENCED: &str = "another process drives this deployment now";

/// Processes that one removal may need; kills and removals that stop are fewer.
const REMOVALS_MAX: usize = 12;

/// Room for the database, its log, and some more.
const DISK_KIB: u32 = 768;

/// Kills of one story at the most, of its deployment and of its removal each.
const KILLS_MAX: u64 = 3;

/// What came of a story.
#[derive(Default)]
pub struct KillVerdict {
    pub kills: usize,
    pub processes: usize,
    pub deployed: bool,
    pub removed: bool,
    /// Why it was not told.
    pub skipped: Option<&'static str>,
    pub violations: Vec<String>,
}

/// The requests of a story to which nothing happens.
pub async fn measure(root: &Path) -> anyhow::Result<StoryLength> {
    let world = KillWorld::new(root, 0, 0, false).await?;
    let data = world.data("data");
    let deployed = world.run(&data, &DEPLOY, None).await?;
    let deploy = world.network.requests();
    let removed = world.run(&data, &TEARDOWN, None).await?;
    let teardown = world.network.requests();
    for ended in [&deployed, &removed] {
        anyhow::ensure!(ended.code == Some(0), "undisturbed: {}", ended.last_output_line());
    }
    world.expect_nothing();
    let violations = world.network.violations();
    anyhow::ensure!(violations.is_empty(), "undisturbed: {violations:?}");
    Ok(StoryLength { deploy, teardown })
}

pub async fn run_story(plan: &KillPlan, root: &Path) -> anyhow::Result<KillVerdict> {
    let is_slow = plan.kind == KillKind::SlowNetwork;
    let world = KillWorld::new(root, plan.seed, plan.lag_ms(), is_slow).await?;
    let mut story = KillStory { plan, world: &world, verdict: KillVerdict::default() };
    match plan.kind {
        KillKind::Kills | KillKind::TornLog => story.killed().await?,
        KillKind::TwoProcesses => story.two_processes().await?,
        KillKind::TwoDirectories if plan.quick => story.record_lost().await?,
        KillKind::TwoDirectories => story.two_directories().await?,
        KillKind::DiskFull => story.disk_full().await?,
        KillKind::SlowNetwork => story.slow().await?,
    }
    let mut verdict = story.verdict;
    verdict.violations = world.network.violations();
    Ok(verdict)
}

struct KillStory<'a> {
    plan: &'a KillPlan,
    world: &'a KillWorld,
    verdict: KillVerdict,
}

impl KillStory<'_> {
    async fn killed(&mut self) -> anyhow::Result<()> {
        let data = self.world.data("data");
        for _ in 0..=self.plan.below(2) {
            let moment = self.plan.moment(self.plan.extent.deploy);
            let ended = self.run(&data, &DEPLOY, Some((moment, KillAction::Kill))).await?;
            let record = self.after(&data, &ended).await?;
            self.expect_deploy_true(&ended, &record, false);
        }
        self.remove(&data, true).await
    }

    /// A removal takes the run over from a deployment, or from another removal that is then killed.
    async fn two_processes(&mut self) -> anyhow::Result<()> {
        let (data, extent) = (self.world.data("data"), self.plan.extent);
        let by_name = ["teardown", "my", "--yes", "--json"];
        let of_removal = self.plan.below(2) == 0;
        let first: &[&str] = if of_removal { &by_name } else { &DEPLOY };
        if of_removal {
            let ended = self.run(&data, &DEPLOY, None).await?;
            let record = self.after(&data, &ended).await?;
            self.expect_deploy_true(&ended, &record, false);
        }
        let requests = if of_removal { extent.teardown } else { extent.deploy };
        let world = self.world;
        world.network.begin(Some(self.plan.moment_between(requests)));
        let second = world.run_second(&data, &by_name, None);
        self.verdict.processes += 2;
        let (first, second) = beside(world, world.run_second(&data, first, None), second).await?;
        let unknown = phrase!(Locale::default(), "cli-no-such-deployment", name = "my");
        for ended in [Some(first), second].into_iter().flatten() {
            let is_done = ended.code == Some(0);
            if !is_done && !ended.err.contains(FENCED) && !ended.err.contains(&unknown) {
                self.world
                    .network
                    .add_violation(format!("one of two: {}", ended.last_output_line()));
            }
        }
        world.record(&[&data]).await;
        self.remove(&data, true).await
    }

    /// The record is lost with its process; a removal needs nothing but the token.
    async fn record_lost(&mut self) -> anyhow::Result<()> {
        let (ours, theirs) = (self.world.data("data"), self.world.data("elsewhere"));
        let moment = self.plan.moment(self.plan.extent.deploy);
        self.run(&ours, &DEPLOY, Some((moment, KillAction::Kill))).await?;
        self.world.record(&[&ours]).await;
        let ended = self.run(&theirs, &TEARDOWN, None).await?;
        if ended.code != Some(0) {
            self.world
                .network
                .add_violation(format!("without a record: {}", ended.last_output_line()));
        }
        self.expect_end(&theirs).await
    }

    /// Somebody who has the token and no record removes what is there while it is being made, for
    /// which the deployment waits a while: an app that is not seen may be one that is not known
    /// everywhere yet.
    async fn two_directories(&mut self) -> anyhow::Result<()> {
        let (ours, theirs) = (self.world.data("data"), self.world.data("elsewhere"));
        let world = self.world;
        world.network.begin(Some(self.plan.moment_between(self.plan.extent.deploy)));
        let second = world.run_second(&theirs, &TEARDOWN, None);
        self.verdict.processes += 2;
        let (first, second) = beside(world, world.run_second(&ours, &DEPLOY, None), second).await?;
        let record = world.record(&[&ours, &theirs]).await;
        if first.code != Some(0) {
            self.expect_deploy_true(&first, &record, true);
        }
        if let Some(second) = second.filter(|second| !matches!(second.code, Some(0 | 5))) {
            world
                .network
                .add_violation(format!("the removal elsewhere: {}", second.last_output_line()));
        }
        self.remove(&ours, false).await
    }

    /// The disk is full from the start, or from some request on; then there is room again.
    async fn disk_full(&mut self) -> anyhow::Result<()> {
        let at = self.world.data("disk");
        let Some(disk) = LimitedDisk::mount(&at, DISK_KIB)? else {
            self.verdict.skipped = Some("this user may not mount a small disk");
            return Ok(());
        };
        let data = at.join("data");
        let from_the_start = self.plan.below(2) == 0;
        let deed = if from_the_start {
            disk.fill()?;
            None
        } else {
            Some((self.plan.moment_between(self.plan.extent.deploy), KillAction::Fill(&disk)))
        };
        let ended = self.run(&data, &DEPLOY, deed).await?;
        if from_the_start && self.world.network.changes() > 0 {
            self.world.network.add_violation("changes were made that could not be recorded");
        }
        if ended.code != Some(0) && !ended.last_output_line().contains("disk is full") {
            self.world.network.add_violation(format!("a full disk: {}", ended.last_output_line()));
        }
        if disk.is_full() {
            disk.make_room()?;
        }
        let record = self.after(&data, &ended).await?;
        if ended.code == Some(0) {
            self.expect_deploy_true(&ended, &record, false);
        }
        self.remove(&data, true).await
    }

    async fn slow(&mut self) -> anyhow::Result<()> {
        let data = self.world.data("data");
        let moment = self.plan.moment(self.plan.extent.deploy);
        // What is cut is in doubt, and waits.
        let deed = (!self.plan.quick).then_some((moment, KillAction::Cut));
        let ended = self.run(&data, &DEPLOY, deed).await?;
        let record = self.after(&data, &ended).await?;
        self.expect_deploy_true(&ended, &record, true);
        self.remove(&data, true).await
    }

    /// Removes whatever stands on record, under kills if there are to be any, and looks that
    /// nothing is left.
    async fn remove(&mut self, data: &Path, kills: bool) -> anyhow::Result<()> {
        let mut kills = if kills { self.plan.below(KILLS_MAX + 1) } else { 0 };
        for _ in 0..REMOVALS_MAX {
            let record = self.world.record(&[data]).await;
            let left = record.iter().find(|run| run.summary.end != Some(RunEnd::Removed));
            let Some(left) = left else { return self.expect_end(data).await };
            let id = left.summary.id.to_string();
            let moment = (kills > 0).then(|| self.plan.moment(self.plan.extent.teardown));
            kills = kills.saturating_sub(1);
            let teardown = ["teardown", &id, "--yes", "--json"];
            let deed = moment.map(|moment| (moment, KillAction::Kill));
            let ended = self.run(data, &teardown, deed).await?;
            self.after(data, &ended).await?;
            match ended.code {
                Some(0) => self.world.expect_removed(&left.summary.spec),
                None | Some(5) => {}
                Some(_) => {
                    self.world
                        .network
                        .add_violation(format!("a removal: {}", ended.last_output_line()));
                }
            }
        }
        self.world.network.add_violation("the removal never ends");
        Ok(())
    }

    async fn expect_end(&mut self, data: &Path) -> anyhow::Result<()> {
        self.world.expect_nothing();
        let last = self.run(&self.world.data("last"), &TEARDOWN, None).await?;
        if last.code != Some(0) {
            self.world.network.add_violation(format!("the last look: {}", last.last_output_line()));
        }
        self.world.expect_nothing();
        self.verdict.removed = true;
        self.world.record(&[data]).await;
        Ok(())
    }

    async fn run(
        &mut self,
        data: &Path,
        arguments: &[&str],
        deed: Option<(KillMoment, KillAction<'_>)>,
    ) -> anyhow::Result<ProcessExit> {
        let ended = self.world.run(data, arguments, deed).await?;
        self.verdict.processes += 1;
        self.verdict.kills += usize::from(ended.code.is_none());
        Ok(ended)
    }

    /// Looks at what a process left on its disk.
    async fn after(&self, data: &Path, ended: &ProcessExit) -> anyhow::Result<Vec<RecordedRun>> {
        let record = self.world.record(&[data]).await;
        if ended.code.is_some() || self.plan.kind != KillKind::TornLog {
            return Ok(record);
        }
        tear_log(data, &self.plan.random)?;
        let torn = self.world.record(&[data]).await;
        let entries = |all: &[RecordedRun]| all.iter().map(|run| run.entries.len()).sum::<usize>();
        if entries(&torn) != entries(&record) {
            self.world.network.add_violation("a torn log lost what was committed");
        }
        Ok(torn)
    }

    /// What a deployment said at its end is true.
    fn expect_deploy_true(&mut self, ended: &ProcessExit, record: &[RecordedRun], may_fail: bool) {
        let Some(code) = ended.code else { return };
        let said = || -> anyhow::Result<(Value, &RecordedRun)> {
            let said: Value = serde_json::from_str(&ended.out)?;
            let run = record.iter().find(|run| said["id"] == run.summary.id.as_ref());
            Ok((said, run.context("a deployment without a record")?))
        };
        let (network, world) = (&self.world.network, self.world);
        match (code, said()) {
            (0, Ok((_, run))) => {
                world.expect_deployed(run);
                self.verdict.deployed = true;
            }
            (1..=5, Ok((said, run))) if may_fail => {
                let is_empty = said["remaining"].as_array().is_some_and(Vec::is_empty);
                if said["status"] != "failed" {
                    network.add_violation(format!("exit {code}, and it said: {said}"));
                }
                if is_empty {
                    world.expect_removed(&run.summary.spec);
                }
            }
            // It never came to a plan.
            (1, Err(_)) if may_fail && record.is_empty() && network.changes() == 0 => {}
            _ => network.add_violation(format!("a deployment: {}", ended.last_output_line())),
        }
    }
}

/// The first, and from the moment on the second; none when the first ended before.
async fn beside(
    world: &KillWorld,
    first: impl Future<Output = anyhow::Result<ProcessExit>>,
    second: impl Future<Output = anyhow::Result<ProcessExit>>,
) -> anyhow::Result<(ProcessExit, Option<ProcessExit>)> {
    let mut first = std::pin::pin!(first);
    let early = tokio::select! {
        ended = &mut first => Some(ended?),
        () = world.network.due() => None,
    };
    let both = match early {
        Some(ended) => (ended, None),
        None => {
            let (first, second) = tokio::join!(first, second);
            (first?, Some(second?))
        }
    };
    world.network.end().await;
    Ok(both)
}
