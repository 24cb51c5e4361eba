//! What stands between relay and VM: a first line is the signature that is shown, the second the
//! path; the rest is the body. Each of them may be what somebody calls a file, too.

use textslash::protocol::{
    BodyDigest, CallRefusal, CallVerifier, Direction, SignedCall, TurnEvent, TurnRequest, sign,
};

use super::file_names::file_names;
use super::{NOW_MS, first_line};

/// Nobody without the key is believed, whatever is shown; what is signed is believed once, and not
/// when a byte of it is another one.
pub fn relay_protocol(data: &[u8]) {
    const KEY: &[u8] = b"the link key";
    let (shown, rest) = first_line(data);
    let (path, body) = first_line(rest);
    for name in [&shown, &path, &*String::from_utf8_lossy(body)] {
        file_names(name);
    }
    let path = format!("/{path}");
    let call = SignedCall { direction: Direction::RelayToVm, method: "POST", path: &path, body };
    let mut verifier = CallVerifier::default();
    let mut verify = |call: SignedCall<'_>, shown: &str| {
        let digest = verifier.verify(KEY, call.head(), Some(shown), NOW_MS)?;
        if digest == BodyDigest::of(call.body) { Ok(()) } else { Err(CallRefusal::WrongSignature) }
    };
    assert!(verify(call, &shown).is_err(), "it was never signed");

    let signed = sign(KEY, call, NOW_MS, [7; 16]);
    let mut tampered = body.to_vec();
    match tampered.first_mut() {
        Some(first) => *first ^= 1,
        None => tampered.push(0),
    }
    let digest = CallVerifier::default().verify(KEY, call.head(), Some(&signed), NOW_MS);
    assert_ne!(digest, Ok(BodyDigest::of(&tampered)), "another body");
    let other_path = format!("{path}/");
    let other = SignedCall { path: &other_path, ..call };
    assert!(verify(other, &signed).is_err(), "another path");
    let other = SignedCall { method: "PUT", ..call };
    assert!(verify(other, &signed).is_err(), "another method");
    let mut forged = signed.clone().into_bytes();
    let at = data.len() % forged.len();
    forged[at] = if forged[at] == b'0' { b'1' } else { b'0' };
    let forged = String::from_utf8(forged).expect("it stays text");
    assert!(verify(call, &forged).is_err(), "another sign: {forged}");
    let elsewhere = SignedCall { direction: Direction::ProvisionerToRelay, ..call };
    assert!(verify(elsewhere, &signed).is_err(), "another direction");
    assert!(verify(call, &signed).is_ok());
    assert!(verify(call, &signed).is_err(), "a second time");

    if let Ok(event) = serde_json::from_slice::<TurnEvent>(body) {
        let text = serde_json::to_string(&event).expect("an event can be written");
        assert_eq!(serde_json::from_str::<TurnEvent>(&text).expect("and read"), event);
    }
    if let Ok(asked) = serde_json::from_slice::<TurnRequest>(body) {
        serde_json::to_string(&asked).expect("a request can be written");
    }
}
