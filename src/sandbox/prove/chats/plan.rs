//! What a story is made of, drawn from its seed.

use std::collections::BTreeSet;

use super::super::faults::{Fault, FaultKind};
use super::crowd::Crowd;
use super::dice::BotStoryDice;
use super::person::Persona;
use super::service::ServiceProfile;
use crate::invitation::Invitation;
use crate::sandbox::fly::ReadLag;

/// People of one story at the most.
const PEOPLE_MAX: u64 = 3;

/// Troubles of one story at the most, and the call by which all have struck.
const TROUBLES_MAX: u64 = 6;
const TROUBLES_UNTIL: u64 = 150;

/// Kills of one story at the most, and the deed by which all are done.
const KILLS_MAX: u64 = 4;
const KILLS_UNTIL: u64 = 500;

/// The latest that reads of the cloud are, in milliseconds.
const LAG_MAX_MS: u64 = 5_000;

/// What is done to the world instead of the network.
const STRIKES: [FaultKind; 4] =
    [FaultKind::TokenRefused, FaultKind::NoRoom, FaultKind::Unwell, FaultKind::OtherBuild];

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

/// That part of a seed which an invitation is drawn from, so that the other draws stay as they
/// were.
const INVITATION: u64 = 3;

/// In one of so many stories people begin by invitation.
const INVITED_EVERY: u64 = 4;

/// The code of that invitation.
const CODE: &str = "friends-0123456789";

pub(super) struct BotStoryPlan {
    pub(super) seed: u64,
    pub(super) people: Vec<Persona>,
    pub(super) profile: ServiceProfile,
    pub(super) faults: Vec<Fault>,
    /// At which of its deeds the bot's process is killed.
    pub(super) kills: BTreeSet<usize>,
    pub(super) lag: ReadLag,
    /// What lets people in, where it takes that.
    pub(super) invitation: Option<Invitation>,
}

impl BotStoryPlan {
    /// A few people as they are.
    pub(super) fn of_seed(seed: u64) -> Self {
        let dice = BotStoryDice::new(seed, 1);
        let place = |_| usize::try_from(dice.below(KILLS_UNTIL)).unwrap_or_default();
        let kills = (0..dice.below(KILLS_MAX + 1)).map(place).collect();
        let lag = match dice.percent(50) {
            true => ReadLag::UpToMs(dice.below(LAG_MAX_MS)),
            false => ReadLag::None,
        };
        let faults = troubles(&dice);
        let profile = ServiceProfile::ALL[dice.index(ServiceProfile::ALL.len())];
        let people: Vec<_> = (0..=dice.below(PEOPLE_MAX)).map(|_| Persona::Whimsical).collect();
        let invitation =
            (seed % INVITED_EVERY == INVITED_EVERY - 1).then(|| invitation(seed, people.len()));
        Self { seed, people, profile, faults, kills, lag, invitation }
    }

    /// Many people at once, of whom some deploy, and faults of every kind of the network.
    pub(super) fn of_crowd(crowd: &Crowd) -> Self {
        Self::of_many(crowd, &network_ways().collect::<Vec<_>>())
    }

    /// The same, where nobody has to wait for minutes.
    pub(super) fn of_hurry(crowd: &Crowd) -> Self {
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

fn network_ways() -> impl Iterator<Item = FaultKind> {
    FaultKind::AT_CALLS.into_iter().filter(|way| way.mode().is_some())
}

/// For fewer than all of these people, where there are several.
fn invitation(seed: u64, people: usize) -> Invitation {
    let dice = BotStoryDice::new(seed, INVITATION);
    Invitation {
        code: CODE.to_owned(),
        people: u32::try_from(1 + dice.index(people - 1)).unwrap_or(1),
    }
}

fn troubles(dice: &BotStoryDice) -> Vec<Fault> {
    let ways: Vec<FaultKind> = network_ways().chain(STRIKES).collect();
    let trouble = |_| Fault {
        at: usize::try_from(dice.below(TROUBLES_UNTIL)).unwrap_or_default(),
        kind: ways[dice.index(ways.len())],
    };
    (0..dice.below(TROUBLES_MAX + 1)).map(trouble).collect()
}
