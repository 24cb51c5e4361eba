//! An estimate of how hard a key is to guess.

#[cfg(test)]
mod tests;

/// Fewest bits of a key: a guesser with a million tries a second needs 290,000 years on average.
pub const KEY_BITS_MIN: u32 = 64;

/// Fewest characters of a key: 128 bits take 22 in base64url and 32 in hexadecimal.
pub const KEY_CHARS_MIN: usize = 22;

/// Characters that count; a longer key gains nothing by the rest.
const CHARS_MAX: usize = 128;

/// Shortest part that counts as a repetition or a sequence: random keys have many shorter ones.
const PATTERN_CHARS_MIN: usize = 3;

/// Shortest run of letters that counts as speech.
const SPOKEN_CHARS_MIN: usize = 5;

/// Bits of one letter of speech: English has 1 to 1.5.
const SPOKEN_BITS: f64 = 1.5;

/// Bits of the choice of one well-known word among all of them.
const WORD_BITS: f64 = 6.0;

/// Neighbours on a keyboard, row by row.
const KEYBOARD: &str = "1234567890qwertyuiopasdfghjklzxcvbnm";

/// Words that stand in keys that people make up, with digits and signs read as letters.
const WORDS: [&str; 54] = [
    "abc",
    "admin",
    "anthropic",
    "bot",
    "change",
    "changeme",
    "channel",
    "claude",
    "default",
    "demo",
    "discord",
    "dragon",
    "dummy",
    "example",
    "fly",
    "guess",
    "guest",
    "hello",
    "hidden",
    "hunter",
    "iloveyou",
    "key",
    "letmein",
    "link",
    "login",
    "love",
    "master",
    "metrics",
    "model",
    "monkey",
    "owner",
    "pass",
    "password",
    "please",
    "private",
    "proxy",
    "public",
    "qwerty",
    "relay",
    "root",
    "sample",
    "secret",
    "server",
    "slash",
    "super",
    "system",
    "telegram",
    "test",
    "text",
    "textslash",
    "token",
    "twilio",
    "webhook",
    "welcome",
];

/// A lower bound of the bits that a guesser lacks who tries repetitions, sequences, well-known
/// words and speech first. Pure; the key is not kept.
pub fn guess_bits(key: &str) -> u32 {
    let mut written: Vec<char> = key.chars().take(CHARS_MAX).collect();
    let chars: Vec<char> = written.iter().map(char::to_ascii_lowercase).collect();
    let mut distinct = written.clone();
    if !written.iter().any(char::is_ascii_lowercase) {
        written.clone_from(&chars);
    }
    distinct.sort_unstable();
    distinct.dedup();
    let plain_bits = f64::from(u32::try_from(distinct.len()).unwrap_or(u32::MAX).max(1)).log2();
    // The fewest bits that write the key from each place to its end.
    let mut bits = vec![0.0_f64; chars.len() + 1];
    for from in (0..chars.len()).rev() {
        let mut best = plain_bits + bits[from + 1];
        let spoken = (pronounceable(&written[from..]), PatternCost::Each(SPOKEN_BITS));
        for (length, cost) in patterns(&chars, from, plain_bits).into_iter().chain([spoken]) {
            // Every part of a pattern is one, too.
            for shorter in PATTERN_CHARS_MIN..=length {
                best = best.min(cost.bits(shorter) + bits[from + shorter]);
            }
        }
        for length in words(&chars[from..]) {
            best = best.min(WORD_BITS + bits[from + length]);
        }
        bits[from] = best;
    }
    // A cast of a float saturates.
    bits[0] as u32
}

/// The bits of a part that follows a pattern.
#[derive(Clone, Copy)]
enum PatternCost {
    /// For the part as a whole.
    Whole(f64),
    /// For each character.
    Each(f64),
}

impl PatternCost {
    fn bits(self, length: usize) -> f64 {
        match self {
            Self::Whole(bits) => bits,
            Self::Each(bits) => bits * f64::from(u32::try_from(length).unwrap_or(u32::MAX)),
        }
    }
}

/// The longest part from this place for each pattern, with its cost.
fn patterns(chars: &[char], from: usize, plain_bits: f64) -> [(usize, PatternCost); 3] {
    let rest = &chars[from..];
    // One bit says which pattern follows, a few more how long the part is.
    let lead_bits = plain_bits + 3.0;
    [
        (repeated(chars, from), PatternCost::Whole(lead_bits)),
        (sequence(rest, |c| Some(i64::from(u32::from(c)))), PatternCost::Whole(lead_bits)),
        (sequence(rest, on_keyboard), PatternCost::Whole(lead_bits)),
    ]
}

/// The longest part that stands before this place already.
fn repeated(chars: &[char], from: usize) -> usize {
    let common = |start: usize| {
        chars[start..].iter().zip(&chars[from..]).take_while(|(one, other)| one == other).count()
    };
    (0..from).map(common).max().unwrap_or(0)
}

/// Characters each of which follows the one before by the same step, of one place at most.
fn sequence(rest: &[char], place: impl Fn(char) -> Option<i64>) -> usize {
    let places: Vec<i64> = rest.iter().map_while(|c| place(*c)).collect();
    let Some(step) = places.get(1).map(|second| second - places[0]) else { return places.len() };
    if step.abs() > 1 {
        return 1;
    }
    1 + places.windows(2).take_while(|pair| pair[1] - pair[0] == step).count()
}

fn on_keyboard(c: char) -> Option<i64> {
    KEYBOARD.find(c).and_then(|place| i64::try_from(place).ok())
}

/// Letters that can be spoken, with signs between words: one vowel in three letters at least, and
/// neither too many vowels nor too many consonants in a row, in small letters but for a first one.
fn pronounceable(rest: &[char]) -> usize {
    let is_vowel = |c: char| "aeiouyäöüAEIOUYÄÖÜ".contains(c);
    let (mut letters, mut vowels, mut alike, mut longest) = (0, 0, 0, 0);
    let mut before = None;
    for (place, &c) in rest.iter().enumerate() {
        if c.is_lowercase() || (before.is_none() && c.is_uppercase()) {
            let is_like_before = before == Some(is_vowel(c));
            alike = if is_like_before { alike + 1 } else { 1 };
            before = Some(is_vowel(c));
            letters += 1;
            vowels += usize::from(is_vowel(c));
        } else if " -_.,'".contains(c) && before.is_some() {
            (before, alike) = (None, 0);
        } else {
            break;
        }
        if alike > 3 {
            break;
        }
        if letters >= SPOKEN_CHARS_MIN && vowels * 3 >= letters {
            longest = place + 1;
        }
    }
    longest
}

/// The lengths of the well-known words that stand here.
fn words(rest: &[char]) -> impl Iterator<Item = usize> {
    WORDS.into_iter().map(str::len).zip(WORDS).filter_map(|(length, word)| {
        let here = rest.get(..length)?;
        here.iter().zip(word.chars()).all(|(c, wanted)| reads_as(*c, wanted)).then_some(length)
    })
}

fn reads_as(c: char, letter: char) -> bool {
    c == letter
        || matches!(
            (c, letter),
            ('0', 'o')
                | ('1' | '!', 'i' | 'l')
                | ('3', 'e')
                | ('4' | '@', 'a')
                | ('5' | '$', 's')
                | ('7', 't')
        )
}
