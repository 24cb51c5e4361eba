use proptest::prelude::*;

use super::*;

const UNITS: [LengthUnit; 3] = [LengthUnit::Utf16, LengthUnit::Chars, LengthUnit::Bytes];

#[test]
fn a_text_that_fits_is_one_message_as_it_is() {
    for text in ["hi", "  two\n\n words \n", "```\ncode", "👩‍👩‍👧‍👦"] {
        assert_eq!(split(text, 100, LengthUnit::Bytes), [text]);
    }
    assert!(split("", 100, LengthUnit::Bytes).is_empty());
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
        assert_eq!(split(text, 15, LengthUnit::Chars), expected, "{text:?}");
    }
}

#[test]
fn a_cut_fence_is_closed_and_opened_again_with_its_language() {
    let text = "Look:\n```rust\nlet a = 1;\nlet b = 2;\nlet c = 3;\n```\nDone.";

    let messages = split(text, 40, LengthUnit::Utf16);

    assert_eq!(
        messages,
        ["Look:\n```rust\nlet a = 1;\nlet b = 2;\n```", "```rust\nlet c = 3;\n```\nDone.",]
    );
}

#[test]
fn a_fence_that_fits_is_not_touched_and_never_left_empty() {
    let text = "Some words before the code.\n```sh\nls -l\n```\nAnd after.";
    assert_eq!(
        split(text, 35, LengthUnit::Chars),
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

/// The properties of every split: messages fit; the text between the bodies, which are parts of the
/// text itself, is whitespace outside of fences; only fences are added; and no cluster is torn that
/// fits into a message.
fn check(text: &str, max: usize, unit: LengthUnit) {
    let torn = torn_places(text, max, unit);
    let is_torn = |at: usize| torn.binary_search(&at).is_ok();
    let mut seen_to = 0;
    let mut is_cut_in_fence = false;
    for part in parts(text, max, unit) {
        let message = part.message();
        let start = part.body.as_ptr() as usize - text.as_ptr() as usize;
        let end = start + part.body.len();

        assert!(length(&message, unit) <= max, "{message:?} is longer than {max}");
        assert!(!part.body.is_empty());
        assert!(text[seen_to..start].chars().all(char::is_whitespace), "lost before {start}");
        assert!(!is_cut_in_fence || seen_to == start, "lost in a fence before {start}");
        assert!(!is_torn(start) && !is_torn(end), "torn: {:?}", part.body);
        let opening = part.reopened.map(Fence::opening).unwrap_or_default();
        let added = message.strip_prefix(&opening).and_then(|it| it.strip_prefix(part.body));
        let closing = part.cut_fence.map(|fence| fence.closing(part.body)).unwrap_or_default();
        assert_eq!(added, Some(closing.as_str()));
        for added in [opening, closing] {
            assert!(added.is_empty() || added.trim_start().starts_with("```"), "{added:?}");
        }
        is_cut_in_fence = part.cut_fence.is_some();
        seen_to = end;
    }
    assert!(text[seen_to..].chars().all(char::is_whitespace), "lost the end");
}

/// The places within clusters of at most `max`.
fn torn_places(text: &str, max: usize, unit: LengthUnit) -> Vec<usize> {
    let clusters = text.grapheme_indices(true).filter(|(_, it)| length(it, unit) <= max);
    let within = |(at, it): (usize, &str)| (at + 1..at + it.len()).collect::<Vec<_>>();
    clusters.flat_map(within).collect()
}

#[test]
fn no_cluster_that_fits_is_torn() {
    let family = "👩‍👩‍👧‍👦";
    let zalgo = format!("a{}", "\u{301}".repeat(30));
    let in_a_fence = format!("````````aa{family}{family}\r\n{family}aa");
    let flags = format!("\u{600}{}", "🇩🇪".repeat(9));
    let texts = [
        in_a_fence.clone(),
        format!("```rust\n{zalgo}\n{zalgo}{zalgo}\n```\n{zalgo}"),
        format!("words\n````\n{zalgo}{family}{zalgo}\n{family}\n````"),
        flags.clone(),
        format!("```\n{flags}\n```"),
        format!("one\u{600} \ntwo \u{301} three\u{600}\u{2028}{}", "x".repeat(80)),
        "a\r\n\r\n\rb\r\r\n".repeat(20),
        format!("```\n{}", "\r\n\n\r".repeat(40)),
    ];
    for text in texts {
        for unit in UNITS {
            for max in MAX_AT_LEAST..130 {
                check(&text, max, unit);
            }
        }
    }
    assert_eq!(split(&in_a_fence, 75, LengthUnit::Bytes).len(), 2);
}

fn strange_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,12}",
        4 => prop_oneof![
            Just(" "), Just("\n"), Just("\n\n"), Just("\r\n"), Just("\r"), Just("\t"),
            Just("\u{2028}"), Just("\u{a0}")
        ].prop_map(String::from),
        3 => prop_oneof![
            Just("\n```rust\n"), Just("\n```\n"), Just("\n`````\n"), Just("````````"),
            Just("````"), Just("```"), Just("`"), Just("\n  ``` a long language\n")
        ].prop_map(String::from),
        3 => prop_oneof![
            Just("👩‍👩‍👧‍👦"), Just("🇩🇪"), Just("🇩"), Just("\u{301}"), Just("\u{200d}"),
            Just("\u{600}"), Just("ด\u{e33}"), Just("각"), Just("\u{0}\u{1b}[2J")
        ].prop_map(String::from),
        1 => (1..40_usize).prop_map(|marks| format!("e{}", "\u{323}".repeat(marks))),
        1 => any::<String>(),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// As many cases as `PROPTEST_CASES` says, and at least so many.
fn many_cases() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(4_096), ..default }
}

proptest! {
    #![proptest_config(many_cases())]

    #[test]
    fn nothing_is_lost_or_torn_and_everything_fits(
        text in strange_text(),
        max in MAX_AT_LEAST..160_usize,
        unit in prop::sample::select(&UNITS[..]),
    ) {
        check(&text, max, unit);
    }
}
