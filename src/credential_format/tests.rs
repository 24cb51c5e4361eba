use proptest::prelude::*;

use super::*;

#[test]
fn a_credential_is_recognised_wherever_it_stands() {
    let hex = "0123456789abcdef0123456789abcdef";
    let telegram = format!("8123456789:A{}", "b".repeat(34));
    let discord = format!("M{}.abcdef.{}", "a".repeat(23), "x".repeat(38));
    let cases = [
        ("FlyV1 fm2_lJPETTTTTTTTTTTT+/abc==,fo1_x".to_owned(), Some(Vendor::Fly)),
        ("fo1_abcdefghijklmnopqrst".to_owned(), Some(Vendor::Fly)),
        ("fm2_short".to_owned(), None),
        (format!("here: sk-ant-api03-{hex}-AA"), Some(Vendor::Anthropic)),
        (format!("sk-ant-oat01-{hex}"), Some(Vendor::Anthropic)),
        ("sk-ant-api03-short".to_owned(), None),
        (telegram.clone(), Some(Vendor::Telegram)),
        (format!("https://api.telegram.org/bot{telegram}/getMe"), Some(Vendor::Telegram)),
        (format!("{telegram}c"), None),
        ("12:30 at the office".to_owned(), None),
        (discord, Some(Vendor::Discord)),
        ("www.example.com".to_owned(), None),
        (format!("AC{hex}"), Some(Vendor::Twilio)),
        (format!("SK{hex}"), Some(Vendor::Twilio)),
        (hex.to_owned(), None),
        ("".to_owned(), None),
        ("héllo 👋".to_owned(), None),
    ];
    for (text, vendor) in cases {
        assert_eq!(recognise(&text), vendor, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_recognising_panic(text in "(fm2_|sk-ant-|AC|:|\\.|[a-z0-9]|\\PC){0,40}") {
        recognise(&text);
    }
}
