//! Who may begin a deployment where that is by invitation. This module is pure.

use std::ops::RangeInclusive;

use crate::intake;

#[cfg(test)]
mod tests;

/// How long a code is: long enough that nobody guesses one that chance has made, and no longer than what a link to
/// a Telegram bot carries (`t.me/BOT?start=CODE`, <https://core.telegram.org/bots/features#deep-linking>).
const CODE_CHARS: RangeInclusive<usize> = 12..=64;

/// People that one code lets in at the most; a host who wants more wants everybody.
const PEOPLE_MAX: u32 = 100_000;

/// Codes at once: all of them are looked at whenever somebody who is not let in yet writes.
const CODES_MAX: usize = 100;

/// A code that lets people in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The code, in small letters: phones like to write a large one first.
    pub code: String,
    /// How many people it lets in.
    pub people: u32,
}

/// A setting that is no list of invitations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "each must be CODE:PEOPLE, such as 3f9c2a7b51de:25, with a space between two; a code has {} to {} letters, \
     digits, _ or -, looks like no credential and stands there once, people are 1 to {PEOPLE_MAX}, and there are \
     {CODES_MAX} at most",
    CODE_CHARS.start(),
    CODE_CHARS.end()
)]
pub struct Malformed;

/// Reads what a host wrote down, as `CODE:PEOPLE` with spaces or commas between them.
///
/// # Errors
/// When one of them is not of this form, or there is none.
pub fn parse(text: &str) -> Result<Vec<Invitation>, Malformed> {
    let words = text.split([' ', ',', '\n', '\t']).filter(|word| !word.is_empty());
    let all: Vec<_> = words.map(invitation).collect::<Option<_>>().ok_or(Malformed)?;
    let is_double =
        |(place, it): (usize, &Invitation)| all[..place].iter().any(|other| other.code == it.code);
    let is_sound = (1..=CODES_MAX).contains(&all.len()) && !all.iter().enumerate().any(is_double);
    if is_sound { Ok(all) } else { Err(Malformed) }
}

fn invitation(word: &str) -> Option<Invitation> {
    let (code, people) = word.split_once(':')?;
    let people = people.parse().ok().filter(|people| (1..=PEOPLE_MAX).contains(people))?;
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let is_code = CODE_CHARS.contains(&code.len())
        && code.chars().all(belongs)
        && intake::recognise(code).is_none();
    is_code.then(|| Invitation { code: code.to_ascii_lowercase(), people })
}

/// An invitation, and how many people it has let in so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The invitation.
    pub invitation: Invitation,
    /// Whom it has let in.
    pub let_in: u32,
}

/// Why a code lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such code, or not any more.
    Unknown,
    /// It has let in as many people as it is for.
    UsedUp,
}

/// The invitation that a line names.
///
/// # Errors
/// When it names none that lets anybody in.
pub fn named<'a>(text: &str, offers: &'a [Offer]) -> Result<&'a Invitation, Refusal> {
    let code = text.trim();
    let meant = |offer: &&Offer| offer.invitation.code.eq_ignore_ascii_case(code);
    let Offer { invitation, let_in } = offers.iter().find(meant).ok_or(Refusal::Unknown)?;
    if *let_in < invitation.people { Ok(invitation) } else { Err(Refusal::UsedUp) }
}
