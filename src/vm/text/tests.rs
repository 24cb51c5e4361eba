use proptest::prelude::*;

use super::*;

fn in_pieces(bytes: &[u8], length: usize) -> String {
    let mut decoder = Utf8Decoder::default();
    let mut text: String = bytes.chunks(length).map(|piece| decoder.decode(piece)).collect();
    text.push_str(&decoder.finish());
    text
}

#[test]
fn a_character_cut_in_two_is_shown_whole() {
    let mut decoder = Utf8Decoder::default();
    let crab = "🦀".as_bytes();

    assert_eq!(decoder.decode(&crab[..3]), "");
    assert_eq!(decoder.decode(&crab[3..]), "🦀");
    assert_eq!(decoder.decode(b"\xff\xf0"), "\u{fffd}");
    assert_eq!(decoder.decode(b"x"), "\u{fffd}x");
    assert_eq!(decoder.decode(&crab[..2]), "");
    assert_eq!(decoder.finish(), "\u{fffd}");
}

proptest! {
    #[test]
    fn pieces_decode_like_the_whole(bytes: Vec<u8>, text: String, length in 1usize..9) {
        let bytes = [text.as_bytes(), &bytes, text.as_bytes()].concat();
        prop_assert_eq!(in_pieces(&bytes, length), String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_headline_is_one_short_line() {
    for (text, expected) in [
        ("", ""),
        ("\n  ls\nrm x", "ls"),
        ("12345", "12345"),
        ("123456", "12345…"),
        ("äöüäöü", "äöüäö…"),
    ] {
        assert_eq!(headline(text, 5), expected);
    }
}
