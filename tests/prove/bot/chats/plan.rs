//! What a story is made of, drawn from its seed.

use std::collections::BTreeSet;

use super::super::faults::{Fault, FaultKind};
use super::dice::BotStoryDice;
use super::persona::Persona;
use super::profile::ServiceProfile;
use textslash::invitation::Invitation;
use textslash::sandbox::fly::ReadLag;

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

/// That part of a seed which an invitation is drawn from, so that the other draws stay as they
/// were.
const INVITATION: u64 = 3;

/// In one of so many stories people begin by invitation.
const INVITED_EVERY: u64 = 4;

/// The code of an invitation.
pub(super) const CODE: &str = "friends-0123456789";

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
}

pub(super) fn network_ways() -> impl Iterator<Item = FaultKind> {
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
