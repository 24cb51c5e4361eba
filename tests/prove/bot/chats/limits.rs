//! What must hold of the limits: nobody exceeds one, who means no harm meets none, and each is met
//! by somebody.

use std::collections::BTreeMap;

use super::super::{CaseVerdict, CoverageGoal, Promise};
use super::person::SimulatedPerson;
use super::persona::Persona;
use super::phone::{PhoneMessage, is_kept_from_guessing, quota_told};
use super::proof::owner;
use super::world::BotStoryWorld;
use textslash::conversation::messages::Message;
use textslash::invitation::WRONG_CODES_PERSON_MAX;
use textslash::quota::QuotaScope;
use textslash::store::runs::Runs;

pub(super) fn look(world: &mut BotStoryWorld) {
    for person in world.people.clone() {
        look_at(world, &person);
    }
    expect_each_was_met(world);
}

/// A story lasts for hours, so that all of it is within a day.
pub(super) async fn expect_within_quotas(world: &BotStoryWorld) -> anyhow::Result<()> {
    world.stage.mark_checked([Promise::Quota]);
    let runs = Runs::new(world.database.clone()).list(None).await?;
    let by_person = counts(runs.iter().map(|run| run.owner.as_str()));
    let by_organisation = counts(runs.iter().map(|run| run.spec.organisation.as_str()));
    let exceeded = |counts: &BTreeMap<&str, usize>, max| {
        counts.iter().find(|(_, count)| **count > max).map(|(whose, _)| (*whose).to_owned())
    };
    let all = (runs.len() > world.quotas.all).then(|| "all together".to_owned());
    let whose = [
        exceeded(&by_person, world.quotas.person),
        exceeded(&by_organisation, world.quotas.organisation),
        all,
    ];
    for whose in whose.into_iter().flatten() {
        world.stage.violation(Promise::Quota, format!("{whose} began more than may be"));
    }
    Ok(())
}

fn counts<'a>(whose: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    whose.for_each(|it| *counts.entry(it).or_default() += 1);
    counts
}

fn look_at(world: &mut BotStoryWorld, person: &SimulatedPerson) {
    let shown = world.service.shown_in(&person.chat);
    let too_much = shown.iter().filter(|it| it.says(&Message::TooMuchAtOnce)).count();
    let told: Vec<QuotaScope> = shown.iter().filter_map(quota_told).collect();
    let times = |scope| told.iter().filter(|it| **it == scope).count().min(1);
    world.kept_back.by_person += times(QuotaScope::Person);
    world.kept_back.by_organisation += times(QuotaScope::Organisation);
    world.kept_back.by_all += times(QuotaScope::All);
    if person.persona == Persona::Guessing {
        return look_at_guesses(world, person, &shown);
    }
    if let Persona::Flooding { reachable } = person.persona {
        return look_at_flood(world, person, &shown, (too_much, reachable));
    }
    let met_a_limit = too_much > 0 || !told.is_empty();
    if person.persona.is_ordinary() && world.is_crowd() && met_a_limit {
        let what = format!("{} means no harm and is kept back", owner(&person.chat));
        world.stage.violation(Promise::CrowdedOut, what);
    }
}

/// Whoever guesses is told of so many wrong codes and no more, and is not let in by the right one
/// then.
fn look_at_guesses(world: &mut BotStoryWorld, person: &SimulatedPerson, shown: &[PhoneMessage]) {
    let unknown = Message::NotLetIn { used_up: false };
    let wrong = shown.iter().filter(|it| it.says(&unknown)).count();
    let is_let_in = shown.iter().any(|it| it.says(&Message::LetIn));
    world.kept_back.by_wrong_codes += usize::from(shown.iter().any(is_kept_from_guessing));
    if wrong > WRONG_CODES_PERSON_MAX || is_let_in {
        let what = format!("{} guesses {wrong} codes, let in: {is_let_in}", person.chat.0);
        world.stage.violation(Promise::LetIn, what);
    }
}

/// What was not read was not answered either, and its sender was told.
fn look_at_flood(
    world: &mut BotStoryWorld,
    person: &SimulatedPerson,
    shown: &[PhoneMessage],
    (too_much, reachable): (usize, bool),
) {
    let asked = person.helps();
    let unread = world.service.unread_of(&person.chat);
    let helps = shown.iter().filter(|it| it.says(&Message::Help)).count();
    world.kept_back.unread += asked.saturating_sub(helps);
    // Who cannot be reached may have been heard, and asked to write again all the same.
    if helps > asked - unread || (reachable && helps < asked - unread) {
        let what = format!("{} gets {helps} answers, {unread} unread", person.chat.0);
        world.stage.violation(Promise::OneAnswer, what);
    }
    let later = world.service.taken_later_of(&person.chat);
    if later > 0 {
        let what = format!("{later} messages of {} are refused and taken later", person.chat.0);
        world.stage.violation(Promise::OneAnswer, what);
    }
    if helps < asked && too_much == 0 {
        let what = format!("{} is answered {helps} of {asked} times untold", person.chat.0);
        world.stage.violation(Promise::Lost, what);
    }
}

/// Who has begun was let in, as they read it, and no more were than the invitation is for.
pub(super) fn look_at_invitation(world: &BotStoryWorld, verdict: &mut CaseVerdict) {
    let Some(invitation) = &world.invitation else { return };
    world.stage.mark_checked([Promise::LetIn]);
    let reads = |person: &SimulatedPerson, message| {
        world.service.shown_in(&person.chat).iter().any(|it| it.says(message))
    };
    let let_in = world.people.iter().filter(|person| reads(person, &Message::LetIn));
    let let_in: Vec<_> = let_in.map(|person| owner(&person.chat)).collect();
    if let_in.len() > usize::try_from(invitation.people).unwrap_or(usize::MAX) {
        let what = format!("{} people are let in, not {}", let_in.len(), invitation.people);
        world.stage.violation(Promise::LetIn, what);
    }
    let began = world.service.proof.began();
    if let Some(whose) = began.iter().find(|whose| !let_in.contains(whose)) {
        world.stage.violation(Promise::LetIn, format!("{whose} began without an invitation"));
    }
    let kept_out = Message::NotLetIn { used_up: true };
    if world.people.iter().any(|person| reads(person, &kept_out)) {
        verdict.coverage.insert(CoverageGoal::InvitationFull);
    }
}

/// The proof is blind where nobody comes to a limit.
fn expect_each_was_met(world: &BotStoryWorld) {
    let has = |temper| world.people.iter().any(|person| person.persona == temper);
    let floods = Persona::Flooding { reachable: true };
    let kept_back = world.kept_back;
    for (temper, times) in [
        (floods, kept_back.unread),
        (Persona::Greedy, kept_back.by_person),
        (Persona::Sharing, kept_back.by_organisation),
        (Persona::Late, kept_back.by_all),
        (Persona::Guessing, kept_back.by_wrong_codes),
    ] {
        if has(temper) && times == 0 {
            world.stage.violation(Promise::LimitsMet, format!("nobody {temper:?} was kept back"));
        }
    }
}
