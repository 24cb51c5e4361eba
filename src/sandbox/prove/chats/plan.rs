//! What a story is made of, drawn from its seed.

use std::collections::BTreeSet;

use super::super::trouble::{Trouble, Way};
use super::crowd::Crowd;
use super::dice::Dice;
use super::person::Temper;
use super::service::Manner;
use crate::invitation::Invitation;
use crate::sandbox::fly::Lag;

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
const STRIKES: [Way; 4] = [Way::TokenRefused, Way::NoRoom, Way::Unwell, Way::OtherBuild];

/// What makes a caller wait for longer than anybody would watch.
const SLOW: [Way; 9] = [
    Way::Hang,
    Way::HangDone,
    Way::Stalled,
    Way::Late,
    Way::TooManyMinute,
    Way::TooManyDay,
    Way::TooManyDate,
    Way::UnavailableBurst,
    Way::UnavailableBurstDone,
];

/// Of a hundred calls of a crowd's bot, so many fail.
const FAULTS_PERCENT: u64 = 5;

/// Calls of a crowd's bot that may fail, for each deployment: several times of what one takes.
const CALLS_EACH: usize = 400;

/// That part of a seed which an invitation is drawn from, so that the other draws stay as they were.
const INVITATION: u64 = 3;

/// In one of so many stories people begin by invitation.
const INVITED_EVERY: u64 = 4;

/// The code of that invitation.
const CODE: &str = "friends-0123456789";

pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) people: Vec<Temper>,
    pub(super) manner: Manner,
    pub(super) troubles: Vec<Trouble>,
    /// At which of its deeds the bot's process is killed.
    pub(super) kills: BTreeSet<usize>,
    pub(super) lag: Lag,
    /// What lets people in, where it takes that.
    pub(super) invitation: Option<Invitation>,
}

impl Plan {
    /// A few people as they are.
    pub(super) fn of_seed(seed: u64) -> Self {
        let dice = Dice::new(seed, 1);
        let place = |_| usize::try_from(dice.below(KILLS_UNTIL)).unwrap_or_default();
        let kills = (0..dice.below(KILLS_MAX + 1)).map(place).collect();
        let lag = match dice.percent(50) {
            true => Lag::UpToMs(dice.below(LAG_MAX_MS)),
            false => Lag::None,
        };
        let troubles = troubles(&dice);
        let manner = Manner::ALL[dice.place(Manner::ALL.len())];
        let people: Vec<_> = (0..=dice.below(PEOPLE_MAX)).map(|_| Temper::Whimsical).collect();
        let invitation =
            (seed % INVITED_EVERY == INVITED_EVERY - 1).then(|| invitation(seed, people.len()));
        Self { seed, people, manner, troubles, kills, lag, invitation }
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

    fn of_many(crowd: &Crowd, ways: &[Way]) -> Self {
        let Crowd { seed, people, deploying, hostile } = *crowd;
        let dice = Dice::new(seed, 1);
        let calls = (0..CALLS_EACH * deploying).filter(|_| dice.percent(FAULTS_PERCENT));
        let troubles = calls.map(|at| Trouble { at, way: ways[dice.place(ways.len())] });
        let temper = |number| if number < deploying { Temper::Purposeful } else { Temper::Curious };
        Self {
            seed,
            people: (0..people).map(temper).chain(hostile.tempers()).collect(),
            manner: Manner::Telegram,
            troubles: troubles.collect(),
            kills: BTreeSet::new(),
            lag: Lag::None,
            // For more than there are.
            invitation: (hostile.guessing > 0)
                .then(|| Invitation { code: CODE.to_owned(), people: u32::MAX }),
        }
    }
}

fn network_ways() -> impl Iterator<Item = Way> {
    Way::AT_CALLS.into_iter().filter(|way| way.mode().is_some())
}

/// For fewer than all of these people, where there are several.
fn invitation(seed: u64, people: usize) -> Invitation {
    let dice = Dice::new(seed, INVITATION);
    Invitation {
        code: CODE.to_owned(),
        people: u32::try_from(1 + dice.place(people - 1)).unwrap_or(1),
    }
}

fn troubles(dice: &Dice) -> Vec<Trouble> {
    let ways: Vec<Way> = network_ways().chain(STRIKES).collect();
    let trouble = |_| Trouble {
        at: usize::try_from(dice.below(TROUBLES_UNTIL)).unwrap_or_default(),
        way: ways[dice.place(ways.len())],
    };
    (0..dice.below(TROUBLES_MAX + 1)).map(trouble).collect()
}
