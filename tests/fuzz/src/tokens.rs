//! Whatever a person pastes where a credential is asked for.

use std::time::Duration;

use textslash::cloud::fly::macaroon::{Caveat, Macaroon};
use textslash::cloud::fly::token::{FlyToken, judge};
use textslash::intake::recognise;

use super::NOW_MS;

/// A token that is taken comes out of its own text the same, and narrowed it only has more to restrict it.
pub fn tokens(data: &[u8]) {
    let pasted = String::from_utf8_lossy(data);
    recognise(&pasted);
    if let Ok(token) = Macaroon::decode(pasted.trim()) {
        let text = token.encode();
        let again = Macaroon::decode(&text).expect("what we wrote can be read");
        assert_eq!(*again.encode(), *text);
    }
    let Ok(token) = judge(&pasted, NOW_MS) else { return };
    let text = token.text();
    let again = FlyToken::read(&text).unwrap_or_else(|_| panic!("what was taken can be read"));
    assert_eq!(*again.text(), *text);
    assert!(!text.contains("fo1_"), "what cannot be narrowed is not kept");
    let narrow =
        token.narrowed_to_window(NOW_MS, Duration::from_secs(60)).narrowed_to_apps([7], 31);
    for (before, after) in text.split(',').zip(narrow.text().split(',')) {
        let [before, after] =
            [before, after].map(|it| Macaroon::decode(it).expect("what we wrote can be read"));
        let before: Vec<&Caveat> = before.caveats().collect();
        let after: Vec<&Caveat> = after.caveats().collect();
        assert!(after.starts_with(&before), "nothing that restricts it is lost");
    }
}
