use proptest::prelude::*;

use super::*;

const UNITS: [Unit; 3] = [Unit::Utf16, Unit::Chars, Unit::Bytes];

#[test]
fn a_text_that_fits_is_one_message_as_it_is() {
    for text in ["hi", "  two\n\n words \n", "```\ncode", "👩‍👩‍👧‍👦"] {
        assert_eq!(split(text, 100, Unit::Bytes), [text]);
    }
    assert!(split("", 100, Unit::Bytes).is_empty());
}

#[test]
fn cuts_fall_between_paragraphs_then_lines_then_words() {
    let cases: [(&str, &[&str]); 5] = [
        ("one one\n\ntwo two\nthree", &["one one", "two two\nthree"]),
        ("one one\ntwo two\nthree 3", &["one one\ntwo two", "three 3"]),
        ("one two three four five", &["one two three", "four five"]),
        ("abcdefghijklmnopqrstuvwxyz", &["abcdefghijklmno", "pqrstuvwxyz"]),
        ("a\nbcdefghijklmnopqrstuvwxyz", &["a", "bcdefghijklmnop", "qrstuvwxyz"]),
    ];
    for (text, expected) in cases {
        assert_eq!(split(text, 15, Unit::Chars), expected, "{text:?}");
    }
}

#[test]
fn a_cut_fence_is_closed_and_opened_again_with_its_language() {
    let text = "Look:\n```rust\nlet a = 1;\nlet b = 2;\nlet c = 3;\n```\nDone.";

    let messages = split(text, 40, Unit::Utf16);

    assert_eq!(
        messages,
        ["Look:\n```rust\nlet a = 1;\nlet b = 2;\n```", "```rust\nlet c = 3;\n```\nDone.",]
    );
}

#[test]
fn a_fence_that_fits_is_not_touched_and_never_left_empty() {
    let text = "Some words before the code.\n```sh\nls -l\n```\nAnd after.";
    assert_eq!(
        split(text, 35, Unit::Chars),
        ["Some words before the code.", "```sh\nls -l\n```\nAnd after."]
    );
}

#[test]
fn families_flags_and_combining_marks_are_not_torn() {
    for cluster in ["👩‍👩‍👧‍👦", "🇩🇪", "e\u{301}\u{323}", "\r\n"] {
        for unit in UNITS {
            let max = length(cluster, unit).max(MAX_AT_LEAST) + 1;
            for message in split(&cluster.repeat(50), max, unit) {
                assert_eq!(message.replace(cluster, ""), "", "{cluster:?} in {unit:?}");
            }
        }
    }
}

#[test]
fn a_hundred_kilobytes_of_anything_is_cut_in_time() {
    let marks = "a".to_owned() + &"\u{301}".repeat(50_000);
    for text in [marks, "x".repeat(100_000), "word ".repeat(20_000), "\u{7}\n".repeat(50_000)] {
        for unit in UNITS {
            check(&text, 4096, unit);
        }
    }
}

/// What must hold of every split: messages fit, and what lies between the bodies, which are
/// stretches of the text itself, is whitespace.
fn check(text: &str, max: usize, unit: Unit) {
    let mut seen_to = 0;
    for part in parts(text, max, unit) {
        let message = part.message();
        assert!(length(&message, unit) <= max, "{message:?} is longer than {max}");
        assert!(!part.body.is_empty());
        let start = part.body.as_ptr() as usize - text.as_ptr() as usize;
        assert!(text[seen_to..start].chars().all(char::is_whitespace), "lost before {start}");
        let inserted = message.replacen(part.body, "", 1);
        assert!(inserted.is_empty() || inserted.contains("```"), "{inserted:?}");
        seen_to = start + part.body.len();
    }
    assert!(text[seen_to..].chars().all(char::is_whitespace), "lost the end");
}

fn strange_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12}",
        4 => prop_oneof![Just(" "), Just("\n"), Just("\n\n"), Just("\r\n")].prop_map(String::from),
        2 => prop_oneof![
            Just("\n```rust\n"), Just("\n```\n"), Just("````"), Just("```"), Just("`")
        ].prop_map(String::from),
        2 => prop_oneof![
            Just("👩‍👩‍👧‍👦"), Just("🇩🇪"), Just("\u{301}"), Just("\u{200d}"), Just("\u{0}\u{1b}[2J")
        ].prop_map(String::from),
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_is_lost_and_everything_fits(
        text in strange_text(),
        max in MAX_AT_LEAST..120_usize,
        unit in prop::sample::select(&UNITS[..]),
    ) {
        check(&text, max, unit);
    }

    #[test]
    fn no_cluster_that_fits_is_cut(text in strange_text(), max in 40..200_usize) {
        let boundaries: Vec<usize> =
            text.grapheme_indices(true).map(|(at, _)| at).chain([text.len()]).collect();
        let longest = text.graphemes(true).map(str::len).max().unwrap_or(0);
        prop_assume!(longest <= max / 3);
        for part in parts(&text, max, Unit::Bytes) {
            let start = part.body.as_ptr() as usize - text.as_ptr() as usize;
            let end = start + part.body.len();
            let torn = |at: usize| boundaries.binary_search(&at).is_err() && !text[at..].starts_with('\n');
            prop_assert!(!torn(start) && !torn(end), "{:?}", part.body);
        }
    }
}
