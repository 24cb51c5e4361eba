//! The usual spellings of a short answer: `1.`, `１`, `1️⃣`, `option 1`, `*Deploy*`, `Yes!`.

use super::Locale;
use crate::phrase;

/// The longest text that is taken for a short answer, in bytes. A longer one is a message.
const BYTES_MAX: usize = 128;

/// The zero of each script whose ten digits follow each other (Unicode category `Nd`).
const ZEROS: [u32; 31] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66,
    0x0DE6, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90,
    0x1B50, 0x1BB0, 0x1C40, 0x1C50, 0xA620, 0xA8D0, 0xFF10,
];

/// The one of each row of digits in circles, in parentheses and with a full stop.
const ONES: [u32; 7] = [0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A];

/// Marks around an answer that do not change it: quotation, brackets, emphasis, punctuation. A
/// minus, a percent sign and a currency do.
const MARKS: &[char] = &[
    ' ', '.', ',', ';', ':', '!', '…', '*', '_', '~', '`', '#', '"', '\'', '“', '”', '„', '‚', '‘',
    '’', '«', '»', '(', ')', '[', ']',
];

/// Marks of a list or a quotation before an answer.
const LIST_MARKS: [&str; 4] = ["- ", "> ", "• ", "* "];

/// Emoji that say yes by themselves.
const EMOJI: [char; 5] = ['👍', '👌', '✅', '✔', '💯'];

/// Words before a number that say that it is one.
const NUMBERED: [&str; 12] = [
    "option", "number", "no", "nr", "num", "choice", "answer", "nummer", "antwort", "auswahl",
    "wahl", "the",
];

/// The answer in lower case, with ASCII digits, without the marks around it. `None` for a question
/// and for a text that is no short answer.
pub fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > BYTES_MAX || text.ends_with(['?', '？']) {
        return None;
    }
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).map(ascii).collect();
    let words = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    let item = LIST_MARKS.iter().find_map(|mark| words.strip_prefix(mark)).unwrap_or(&words);
    let plain = item.trim_matches(MARKS);
    (!plain.is_empty()).then(|| plain.to_lowercase())
}

/// The number that a plain answer is, and the words behind it: `1. Deploy` is 1 and `deploy`.
pub fn number(plain: &str) -> Option<(usize, &str)> {
    let behind = plain.split_once([' ', '.']).and_then(|(word, rest)| {
        let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
        (NUMBERED.contains(&word) && rest.starts_with(is_digit)).then_some(rest)
    });
    let numbered = behind.unwrap_or(plain);
    let end = numbered.find(|c| !is_digit(c)).unwrap_or(numbered.len());
    let (digits, rest) = numbered.split_at(end);
    let is_whole = rest.is_empty() || rest.starts_with([' ', ')', ':']) || rest.starts_with(". ");
    let rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric());
    Some((digits.parse().ok().filter(|_| is_whole)?, rest))
}

/// Whether a text says yes, in any language.
pub fn is_yes(text: &str) -> bool {
    let words = |locale| phrase!(locale, "words-of-yes");
    plain(text)
        .is_some_and(|plain| plain.chars().all(|c| EMOJI.contains(&c)) || is_one_of(&plain, words))
}

/// Whether a text says no, in any language.
pub fn is_no(text: &str) -> bool {
    let words = |locale| phrase!(locale, "words-of-no");
    plain(text).is_some_and(|plain| is_one_of(&plain, words))
}

fn is_one_of(plain: &str, words: impl Fn(Locale) -> String) -> bool {
    let unstopped = plain.replace([',', '.', '!'], "");
    Locale::ALL.into_iter().any(|locale| words(locale).split(", ").any(|word| word == unstopped))
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

/// Selectors of a presentation, keycaps, skin tones, joiners and marks of direction.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{20E3}' | '\u{FEFF}' | '\u{00AD}')
        || matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// The same digit or full-width sign in ASCII.
fn ascii(c: char) -> char {
    let code = u32::from(c);
    let of_script = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    let digit = match of_script {
        Some(zero) => Some(code - zero),
        None if (0x1D7CE..=0x1D7FF).contains(&code) => Some((code - 0x1D7CE) % 10),
        None => {
            let one = ONES.iter().find(|one| (**one..**one + 9).contains(&code));
            one.map(|one| code - one + 1)
        }
    };
    let letter = || match code {
        0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0),
        0x3000 => Some(' '),
        _ => None,
    };
    digit.and_then(|digit| char::from_digit(digit, 10)).or_else(letter).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_spellings_of_a_number_are_that_number() {
        for text in [
            "1",
            "1.",
            "1)",
            "(1)",
            "１",
            "1️⃣",
            "#1",
            "option 1",
            "Option 1.",
            "No. 1",
            "Nr. 1",
            "nummer 1",
            "١",
            "१",
            "①",
            "❶",
            "*1*",
            "„1“",
            "1!",
            " 1 ",
            "`1`",
            "𝟏",
            "- 1",
            "> 1",
            "[1]",
        ] {
            let plain = plain(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(number(&plain), Some((1, "")), "{text} is {plain}");
        }
        assert_eq!(number("1. deploy"), Some((1, "deploy")));
        assert_eq!(number("12) london"), Some((12, "london")));
    }

    #[test]
    fn other_numbers_and_questions_are_none() {
        for text in [
            "-1", "--1", "%1", "{1}", "$1", "+1", "1 000.00", "1.5", "1,5", "1st", "one", "1?", "",
            "...", "1a", "1/2",
        ] {
            let number = plain(text)
                .and_then(|plain| number(&plain).filter(|it| it.1.is_empty()).map(|it| it.0));
            assert_eq!(number, None, "{text}");
        }
    }

    #[test]
    fn the_usual_words_for_yes_and_no_are_taken_in_both_languages() {
        for yes in [
            "Yes.",
            "yes!",
            "Yes please",
            "yes, please",
            "yep",
            "Yeah!",
            "👍",
            "👍🏽",
            "*yes*",
            "OK",
            "okay.",
            "sure",
            "go ahead",
            "Ja",
            "ja, bitte",
            "Jawohl",
            "Klar!",
            "gerne",
            "passt",
            "ＹＥＳ",
            "✅",
            "👍👍",
        ] {
            assert!(is_yes(yes) && !is_no(yes), "{yes}");
        }
        for no in ["No", "no.", "nope", "no thanks", "Nein", "nein, danke", "NO!"] {
            assert!(is_no(no) && !is_yes(no), "{no}");
        }
        for neither in [
            "yes?",
            "yes or no",
            "not yes",
            "yesterday",
            "yes but smaller",
            "",
            "👎",
            "%n",
            "-y",
            "/y",
        ] {
            assert!(!is_yes(neither) && !is_no(neither), "{neither}");
        }
    }

    proptest! {
        #[test]
        fn any_digit_of_any_script_with_marks_around_it_is_its_number(
            script in 0..ZEROS.len(),
            value in 0_u32..10,
            before in "[ \\t*_~`#(\\[„“\"']{0,3}",
            after in "[ .)!*_~`\\]“\"']{0,3}",
        ) {
            let digit = char::from_u32(ZEROS[script] + value).unwrap();
            let text = format!("{before}{digit}{after}");
            let plain = plain(&text).unwrap();
            prop_assert_eq!(number(&plain), Some((value as usize, "")), "{}", text);
        }

        #[test]
        fn no_text_breaks_it(text in "\\PC{0,40}") {
            if let Some(plain) = plain(&text) {
                number(&plain);
            }
            prop_assert!(!(is_yes(&text) && is_no(&text)));
        }
    }
}
