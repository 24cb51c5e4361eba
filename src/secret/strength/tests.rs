use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;

#[test]
fn keys_that_people_make_up_are_guessable() {
    for key in [
        "",
        "a",
        "password",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababababababababababababababababab",
        "0123456789abcdef0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "qwertyuiopasdfghjklzxcvbnm1234567890",
        "11111111222222223333333344444444",
        "the-owners-key-of-my-own-relay",
        "password-password-password-password",
        "P4ssw0rd!P4ssw0rd!P4ssw0rd!2026",
        "correct horse battery staple",
        "CORRECT-HORSE-BATTERY-STAPLE",
        "thequickbrownfoxjumpsoverthelazydog",
        "textslash-secret-token-1234567890",
        "s3cret_s3cret_s3cret_s3cret_s3cret_s3cret_s3cret_s3cret_",
        "changeme-changeme-changeme-changeme",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let bits = guess_bits(key);
        assert!(bits < KEY_BITS_MIN, "{key:?} counts for {bits} bits");
    }
}

proptest! {
    #[test]
    fn a_random_key_is_never_taken_for_a_guessable_one(bytes: [u8; 32], short: [u8; 16]) {
        let written = [hex::encode(bytes), hex::encode(short), URL_SAFE_NO_PAD.encode(bytes)];
        for key in written {
            prop_assert!(guess_bits(&key) >= KEY_BITS_MIN, "{key}: {}", guess_bits(&key));
        }
    }

    #[test]
    fn repetition_and_well_known_words_do_not_make_a_key(
        unit in "[ -~]{1,6}", word in 0..WORDS.len()
    ) {
        let repeated = unit.repeat(40);
        prop_assert!(guess_bits(&repeated) < KEY_BITS_MIN, "{repeated}: {}", guess_bits(&repeated));
        let padded = format!("{}{}", WORDS[word].repeat(8), &unit[..1]);
        prop_assert!(guess_bits(&padded) < KEY_BITS_MIN, "{padded}");
    }

    #[test]
    fn any_text_has_an_estimate(text in any::<String>(), more in any::<String>()) {
        let whole = format!("{text}{more}");
        let chars = u32::try_from(whole.chars().take(CHARS_MAX).count()).unwrap();
        prop_assert!(guess_bits(&whole) <= chars * 21);
    }
}
