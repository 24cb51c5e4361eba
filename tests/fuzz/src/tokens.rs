//! Whatever a person pastes where a credential is asked for.

use std::time::Duration;

use textslash::cloud::fly::macaroon::{Caveat, Macaroon, PERMISSION_LOCATION};
use textslash::cloud::fly::token::{FlyToken, parse_pasted};
use textslash::credential_format::recognise;

use super::NOW_MS;

/// A token that is taken comes out of its own text the same, and narrowed it only has more to
/// restrict it.
pub fn tokens(data: &[u8]) {
    let pasted = String::from_utf8_lossy(data);
    recognise(&pasted);
    if let Ok(token) = Macaroon::decode(pasted.trim()) {
        let text = token.encode();
        let again = Macaroon::decode(&text).expect("what we wrote can be read");
        assert_eq!(*again.encode(), *text);
    }
    if let Ok(token) = parse_pasted(&pasted, NOW_MS) {
        expect_kept(&token);
    }
    let good = minted(data);
    let beside = format!("fo1_{},{good}", "a".repeat(40));
    for pasted in [good, beside] {
        let Ok(token) = parse_pasted(&pasted, NOW_MS) else { panic!("a good token is refused") };
        expect_kept(&token);
    }
}

/// A good token, restricted as the data have it.
fn minted(data: &[u8]) -> String {
    let mut token = Macaroon::mint(b"fly's key", b"kid", [1; 16], PERMISSION_LOCATION);
    token.attenuate(Caveat::Organization { id: 1, mask: 31 });
    let now_s = i64::try_from(NOW_MS / 1000).expect("a time");
    for byte in data.iter().take(8) {
        let not_after = now_s + 1 + i64::from(*byte);
        token.attenuate(Caveat::ValidityWindow { not_before: 0, not_after });
    }
    token.encode().to_string()
}

fn expect_kept(token: &FlyToken) {
    let text = token.text();
    let again = FlyToken::read(&text).unwrap_or_else(|_| panic!("what was taken can be read"));
    assert_eq!(*again.text(), *text);
    assert!(!text.contains("fo1_"), "what cannot be narrowed is not kept");
    let narrow =
        token.narrowed_to_window(NOW_MS, Duration::from_secs(60)).narrowed_to_apps([7], 31);
    let narrow = narrow.text();
    assert_eq!(text.split(',').count(), narrow.split(',').count(), "none is lost");
    for (before, after) in text.split(',').zip(narrow.split(',')) {
        let [before, after] =
            [before, after].map(|it| Macaroon::decode(it).expect("what we wrote can be read"));
        let before: Vec<&Caveat> = before.caveats().collect();
        let after: Vec<&Caveat> = after.caveats().collect();
        assert!(after.starts_with(&before), "nothing that restricts it is lost");
    }
}
