//! What must hold at the end: nothing lost, nothing doubled, nothing left, and it could begin
//! again.

use std::time::Duration;

use adapters::chat::ChatId;
use futures::future::join_all;

use super::super::{CaseVerdict, CoverageGoal, Promise};
use super::person::{PersonActivity, SimulatedPerson};
use super::persona::Persona;
use super::phone::PhoneMessage;
use super::profile::NAME;
use super::proof::owner;
use super::world::BotStoryWorld;
use super::{limits, note};
use textslash::conversation::Phase;
use textslash::conversation::messages::Message;
use textslash::journal::{JournalEntry, RunEnd};
use textslash::provisioner::Provisioner;
use textslash::sandbox::fly::nothing;
use textslash::store::conversations::Conversations;
use textslash::store::runs::Runs;

/// How long somebody waits for an answer when nothing goes wrong.
const ANSWER_MAX: Duration = Duration::from_secs(60);

pub(super) async fn look(
    world: &mut BotStoryWorld,
    verdict: &mut CaseVerdict,
) -> anyhow::Result<()> {
    let stage = world.stage.clone();
    stage.mark_checked([
        Promise::Orphan,
        Promise::Foreign,
        Promise::Held,
        Promise::Liveness,
        Promise::Answered,
        Promise::Idle,
        Promise::Lost,
        Promise::Order,
        Promise::Group,
    ]);
    let there = world.fly.inventory();
    if there != nothing() {
        stage.violation(Promise::Orphan, there.to_string().replace('\n', ", "));
    }
    if !world.fly.lookalikes_untouched() {
        stage.violation(Promise::Foreign, "a stranger's app was touched");
    }
    if world.credentials_held() > 0 {
        stage.violation(Promise::Held, format!("{} credentials", world.credentials_held()));
    }
    for person in world.people.clone() {
        world.deployed += look_at(world, &person, verdict).await?;
    }
    expect_no_group(world).await?;
    limits::look(world);
    limits::look_at_invitation(world, verdict);
    let people = world.people.iter().map(|person| begins_again(world, person));
    join_all(people).await;
    world.bot_ends().await;
    world.expect_no_secret_on_disk();
    for id in world.service.lost() {
        stage.violation(Promise::Lost, format!("{id} was never acknowledged"));
    }
    for chat in world.service.out_of_order() {
        stage.violation(Promise::Order, format!("messages of {chat} were taken in another order"));
    }
    Ok(())
}

/// Looks at what came of one person; how many of their deployments ended deployed.
async fn look_at(
    world: &BotStoryWorld,
    person: &SimulatedPerson,
    verdict: &mut CaseVerdict,
) -> anyhow::Result<usize> {
    let did = *person.activity.lock();
    if !did.is_done {
        world.stage.violation(Promise::Liveness, format!("{} never sees the end", person.chat.0));
    }
    let (clock, chance) = (world.clock.clone(), world.random.clone());
    let provisioner = Provisioner::new(world.database.clone(), clock, chance);
    let runs = provisioner.runs(Some(&owner(&person.chat))).await?;
    let on_record = runs.iter().map(|run| run.id.to_string()).collect();
    let erased = world.service.proof.erased(&person.chat, &on_record);
    for run in &erased {
        note(verdict, run.deployed > 0, Some(RunEnd::Removed));
    }
    if did.is_forgotten {
        verdict.coverage.insert(CoverageGoal::Forgotten);
    }
    let mut ended_deployed = erased.iter().map(|run| run.deployed).sum();
    for run in &runs {
        world.stage.mark_checked([Promise::End]);
        let journal = Runs::new(world.database.clone()).journal(&run.id).await?;
        let ends =
            journal.iter().filter(|it| matches!(it, JournalEntry::Ended { end: RunEnd::Deployed }));
        let times = ends.count();
        ended_deployed += times;
        note(verdict, times > 0, run.end);
        if run.end != Some(RunEnd::Removed) {
            world.stage.violation(Promise::End, format!("{} ended with {:?}", run.id, run.end));
        }
    }
    if person.is_alone || !world.service.proof.somebody_searched() {
        expect_told(world, person, runs.len() + erased.len(), ended_deployed);
    }
    if world.service.profile().has_buttons() {
        expect_nothing_doubled(world, person, did, runs.len() + erased.len());
    }
    if world.service.waits_for_an_answer(&person.chat) {
        world.stage.violation(Promise::Answered, format!("{} waits for an answer", person.chat.0));
    }
    expect_idle(world, &person.chat).await?;
    Ok(ended_deployed)
}

/// Each end is told once.
fn expect_told(
    world: &BotStoryWorld,
    person: &SimulatedPerson,
    runs: usize,
    ended_deployed: usize,
) {
    world.stage.mark_checked([Promise::ToldOnce]);
    let shown = world.service.shown_in(&person.chat);
    let ready = count(&shown, &Message::Ready);
    if ready > ended_deployed {
        let what = format!("{} is told {ready} times of {ended_deployed}", person.chat.0);
        world.stage.violation(Promise::ToldOnce, what);
    }
    let meanwhile = count(&shown, &Message::RemovedMeanwhile);
    let receipts = shown.iter().filter(|it| it.text.starts_with("Everything is gone.")).count();
    if receipts + meanwhile != runs {
        let told = receipts + meanwhile;
        let what = format!("{runs} removals, {told} told to {}", person.chat.0);
        world.stage.violation(Promise::ToldOnce, what);
    }
}

/// One answer to each message, one run to each yes.
fn expect_nothing_doubled(
    world: &BotStoryWorld,
    person: &SimulatedPerson,
    did: PersonActivity,
    runs: usize,
) {
    world.stage.mark_checked([Promise::OneAnswer, Promise::OneRun]);
    let chat = &person.chat;
    let shown = world.service.shown_in(chat);
    let helps = count(&shown, &Message::Help);
    // A message that was left unread is answered by a word about that.
    let is_refused = count(&shown, &Message::TooMuchAtOnce) > 0;
    let is_answered = helps == did.helps || (is_refused && helps < did.helps);
    if !matches!(person.persona, Persona::Flooding { .. }) && !is_answered {
        let what = format!("{} asks for help {} times, gets {helps}", chat.0, did.helps);
        world.stage.violation(Promise::OneAnswer, what);
    }
    if runs > did.deploys {
        let what = format!("{runs} runs of {} with {} times yes", chat.0, did.deploys);
        world.stage.violation(Promise::OneRun, what);
    }
}

async fn expect_idle(world: &BotStoryWorld, chat: &ChatId) -> anyhow::Result<()> {
    let conversations = Conversations::new(world.database.clone(), NAME);
    let stored = conversations.load(chat).await?;
    if stored.state.phase != Phase::Idle {
        world.stage.violation(Promise::Idle, format!("{} is at {:?}", chat.0, stored.state.phase));
    }
    let unsent = conversations.unsent(chat).await?.len();
    if unsent > 0 {
        world.stage.violation(Promise::Lost, format!("{unsent} messages to {} wait", chat.0));
    }
    Ok(())
}

/// What was written where others read along has changed nothing.
async fn expect_no_group(world: &BotStoryWorld) -> anyhow::Result<()> {
    let conversations = Conversations::new(world.database.clone(), NAME).all().await?;
    let known = |chat: &ChatId| world.people.iter().any(|person| person.chat == *chat);
    if let Some((group, _)) = conversations.iter().find(|(chat, _)| !known(chat)) {
        world.stage.violation(Promise::Group, format!("{} has a conversation", group.0));
    }
    let shown = world.service.all_shown();
    let strays = |(chat, all): &&(ChatId, Vec<PhoneMessage>)| {
        !known(chat) && !all.iter().all(|it| it.says(&Message::PrivateOnly))
    };
    if let Some((chat, _)) = shown.iter().find(strays) {
        world.stage.violation(Promise::Group, format!("{} is told more than where to go", chat.0));
    }
    Ok(())
}

/// A new run of the same person can start.
async fn begins_again(world: &BotStoryWorld, person: &SimulatedPerson) {
    let before = world.service.count_in(&person.chat);
    person.says("/deploy");
    tokio::time::sleep(ANSWER_MAX).await;
    let shown = world.service.shown_in(&person.chat);
    let is_asked = |it: &PhoneMessage| it.asks_secret || it.says(&Message::AskInvitation);
    if !shown[before..].iter().any(is_asked) {
        world.stage.violation(Promise::Liveness, format!("{} cannot begin again", person.chat.0));
    }
    person.says("/cancel");
    tokio::time::sleep(ANSWER_MAX).await;
}

fn count(shown: &[PhoneMessage], message: &Message) -> usize {
    shown.iter().filter(|it| it.says(message)).count()
}
