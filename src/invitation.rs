//! Who may begin a deployment where that is by invitation. This module is pure.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use crate::credential_format;
use crate::quota::DAY_MS;

#[cfg(test)]
mod tests;

/// How long a code is: long enough to hold [`CODE_BITS_MIN`], and no longer than what a link to a
/// Telegram bot carries (`t.me/BOT?start=CODE`,
/// <https://core.telegram.org/bots/features#deep-linking>).
const CODE_CHARS: RangeInclusive<usize> = 12..=64;

/// The least randomness of a code, in bits as [`bits`] estimates them: with all of [`CODES_MAX`]
/// codes and [`WRONG_CODES_ALL_MAX`] guesses a day, one is guessed in fifty billion years.
const CODE_BITS_MIN: f64 = 64.0;

/// What a letter of a word adds, in bits: English has about that much.
const WORD_LETTER_BITS: f64 = 1.5;

/// So many letters in a row count as a word.
const WORD_LETTERS_MIN: usize = 3;

/// Makes a code with twice the randomness that is needed.
const MAKE_ONE: &str = "openssl rand -hex 16";

/// Wrong codes of one person within [`WRONG_CODES_WINDOW_MS`]: enough for every slip of a thumb.
pub const WRONG_CODES_PERSON_MAX: usize = 5;

/// Wrong codes of all people together within [`WRONG_CODES_WINDOW_MS`]: accounts cost little, so
/// the limit of a person alone would not hold somebody back who has thousands.
pub const WRONG_CODES_ALL_MAX: usize = 10_000;

/// How long a wrong code counts, in milliseconds.
pub const WRONG_CODES_WINDOW_MS: u64 = DAY_MS;

const HOUR_MS: u64 = 60 * 60 * 1000;

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

/// Why a setting is no list of invitations. It repeats nothing of the setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInvitations {
    /// The setting is there and empty.
    #[error(
        "it is set and empty: remove it to let everybody begin, or name invitations as \
         CODE:PEOPLE; make a code with `{MAKE_ONE}`"
    )]
    Empty,
    /// It does not have the form of a list of invitations.
    #[error(
        "each must be CODE:PEOPLE, with a space between two; a code has {} to {} letters, digits, \
         _ or - and looks like no credential, people are 1 to {PEOPLE_MAX}, and there are \
         {CODES_MAX} at most; make a code with `{MAKE_ONE}`",
        CODE_CHARS.start(),
        CODE_CHARS.end()
    )]
    Malformed,
    /// A code stands there twice.
    #[error(
        "invitation {place} has the code of an earlier one; make another code with `{MAKE_ONE}`"
    )]
    Repeated {
        /// Which one, from 1.
        place: usize,
    },
    /// A code could be guessed.
    #[error(
        "the code of invitation {place} could be guessed: it is a word, a row or too short; make \
         a code with `{MAKE_ONE}`"
    )]
    Guessable {
        /// Which one, from 1.
        place: usize,
    },
}

/// Reads what a host wrote down, as `CODE:PEOPLE` with spaces or commas between them.
///
/// # Errors
/// When one of them is not of this form, could be guessed or stands there twice, or there is none.
pub fn parse(text: &str) -> Result<Vec<Invitation>, InvalidInvitations> {
    let words = || text.split([' ', ',', '\n', '\t', '\r']).filter(|word| !word.is_empty());
    if words().next().is_none() {
        return Err(InvalidInvitations::Empty);
    }
    let mut all: Vec<Invitation> = Vec::new();
    for (place, word) in (1..).zip(words()) {
        let invitation = invitation(word).ok_or(InvalidInvitations::Malformed)?;
        if all.iter().any(|other| other.code == invitation.code) {
            return Err(InvalidInvitations::Repeated { place });
        }
        if bits(&invitation.code) < CODE_BITS_MIN {
            return Err(InvalidInvitations::Guessable { place });
        }
        if place > CODES_MAX {
            return Err(InvalidInvitations::Malformed);
        }
        all.push(invitation);
    }
    Ok(all)
}

fn invitation(word: &str) -> Option<Invitation> {
    let (code, people) = word.split_once(':')?;
    let people = people.parse().ok().filter(|people| (1..=PEOPLE_MAX).contains(people))?;
    let is_code = has_form_of_a_code(code) && credential_format::recognise(code).is_none();
    is_code.then(|| Invitation { code: code.to_ascii_lowercase(), people })
}

/// Only a line of this form can be a code: any other is no attempt at one.
fn has_form_of_a_code(text: &str) -> bool {
    let belongs = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    CODE_CHARS.contains(&text.len()) && text.chars().all(belongs)
}

/// Estimates the randomness of a code in small letters, in bits. It errs on the low side.
///
/// Each character adds as much as a draw among those that the code uses. Nothing is added by `-`
/// and `_`, by a character that goes on with a row (`aaa`, `123`, `cba`) or that completes three
/// which stood there before. A letter of a word adds [`WORD_LETTER_BITS`].
fn bits(code: &str) -> f64 {
    let all: Vec<u8> = code.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let distinct = all.iter().collect::<BTreeSet<_>>().len();
    let draw = f64::from(u32::try_from(distinct).unwrap_or(1).max(1)).log2();
    let is_row = |at: usize, stride: usize| {
        let Some(from) = at.checked_sub(2 * stride) else { return false };
        let step = |a: u8, b: u8| i16::from(b) - i16::from(a);
        let first = step(all[from], all[from + stride]);
        first == step(all[from + stride], all[at]) && (-1..=1).contains(&first)
    };
    let is_repeated = |at: usize| {
        let from = at.saturating_sub(2);
        at >= 2 && all[..at].windows(3).any(|earlier| earlier == &all[from..=at])
    };
    // Of `a1b2c3`, every second character is a row.
    let adds_nothing = |at: usize| is_row(at, 1) || is_row(at, 2) || is_repeated(at);
    let in_words = letters_in_words(&all);
    let of = |at: usize| match () {
        () if adds_nothing(at) => 0.0,
        () if in_words.contains(&at) => draw.min(WORD_LETTER_BITS),
        () => draw,
    };
    (0..all.len()).map(of).sum()
}

/// Where letters stand in a row of [`WORD_LETTERS_MIN`] or more.
fn letters_in_words(all: &[u8]) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut from = 0;
    for row in all.chunk_by(|a, b| a.is_ascii_alphabetic() == b.is_ascii_alphabetic()) {
        if row[0].is_ascii_alphabetic() && row.len() >= WORD_LETTERS_MIN {
            found.extend(from..from + row.len());
        }
        from += row.len();
    }
    found
}

/// An invitation, and how many people it has let in so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationUse {
    /// The invitation.
    pub invitation: Invitation,
    /// Whom it has let in.
    pub let_in: u32,
}

/// The wrong codes that count now, as far as they matter for a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WrongCodes {
    /// The person has sent some.
    pub by_person: bool,
    /// When the person sent the last but [`WRONG_CODES_PERSON_MAX`], in unix milliseconds, if that
    /// many count.
    pub person_limit_at_ms: Option<u64>,
    /// When the last but [`WRONG_CODES_ALL_MAX`] of all people came, in unix milliseconds, if that
    /// many count.
    pub all_limit_at_ms: Option<u64>,
}

impl WrongCodes {
    /// Until when no code of this person is looked at, in unix milliseconds.
    fn closed_until_ms(&self, now_ms: u64) -> Option<u64> {
        let free_ms = |at_ms: u64| at_ms.saturating_add(WRONG_CODES_WINDOW_MS);
        let of_person_ms = self.person_limit_at_ms.map(free_ms);
        // The minute would tell when somebody else wrote.
        let of_all_ms = self.all_limit_at_ms.map(|at_ms| free_ms(at_ms).next_multiple_of(HOUR_MS));
        of_person_ms.max(of_all_ms).filter(|until_ms| now_ms < *until_ms)
    }
}

/// Why a line lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationRefusal {
    /// It does not have the form of a code.
    NoCode,
    /// There is no such code, or not any more: a wrong code, which counts.
    Unknown,
    /// It has let in as many people as it is for.
    UsedUp,
    /// So many wrong codes came that it is not looked at.
    TooManyWrongCodes {
        /// From when on codes are looked at again, in unix milliseconds.
        until_ms: u64,
    },
}

/// The invitation that a line names.
///
/// # Errors
/// When it names none that lets anybody in, or is not looked at.
pub fn named<'a>(
    text: &str,
    offers: &'a [InvitationUse],
    wrong: &WrongCodes,
    now_ms: u64,
) -> Result<&'a Invitation, InvitationRefusal> {
    let code = text.trim();
    if !has_form_of_a_code(code) {
        return Err(InvitationRefusal::NoCode);
    }
    if let Some(until_ms) = wrong.closed_until_ms(now_ms) {
        return Err(InvitationRefusal::TooManyWrongCodes { until_ms });
    }
    let meant = |offer: &&InvitationUse| offer.invitation.code.eq_ignore_ascii_case(code);
    let InvitationUse { invitation, let_in } =
        offers.iter().find(meant).ok_or(InvitationRefusal::Unknown)?;
    if *let_in < invitation.people { Ok(invitation) } else { Err(InvitationRefusal::UsedUp) }
}
