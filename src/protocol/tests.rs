use super::*;

const KEY: &[u8] = b"link key";
const NOON: u64 = 1_700_000_000_000;

fn turn() -> Call<'static> {
    Call { direction: Direction::RelayToVm, method: "POST", path: "/turns", body: b"{}" }
}

#[test]
fn a_signed_call_is_accepted_once() {
    let mut vm = Verifier::default();
    let header = sign(KEY, turn(), NOON, [1; 16]);

    assert_eq!(vm.verify(KEY, turn(), Some(&header), NOON + 10), Ok(()));
    assert_eq!(vm.verify(KEY, turn(), Some(&header), NOON + 20), Err(Refusal::Replayed));
}

#[test]
fn whatever_is_altered_is_refused() {
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let altered = [
        Call { direction: Direction::ProvisionerToRelay, ..turn() },
        Call { method: "GET", ..turn() },
        Call { path: "/turns?x", ..turn() },
        Call { body: b"{ }", ..turn() },
    ];

    for call in altered {
        let answer = Verifier::default().verify(KEY, call, Some(&header), NOON);
        assert_eq!(answer, Err(Refusal::Wrong), "{call:?}");
    }
    let other_key = Verifier::default().verify(b"another", turn(), Some(&header), NOON);
    assert_eq!(other_key, Err(Refusal::Wrong));
    for (was, becomes) in
        [(NOON.to_string(), (NOON + 1).to_string()), ("01".repeat(16), "02".repeat(16))]
    {
        let header = header.replace(&was, &becomes);
        assert_eq!(
            Verifier::default().verify(KEY, turn(), Some(&header), NOON),
            Err(Refusal::Wrong)
        );
    }
}

#[test]
fn what_is_not_a_signature_is_refused() {
    for header in
        [None, Some(""), Some("v1"), Some("v1.x.y.z"), Some("v2.1.2.3"), Some("v1.1.2.33.4")]
    {
        let answer = Verifier::default().verify(KEY, turn(), header, NOON);
        assert_eq!(answer, Err(Refusal::Unsigned), "{header:?}");
    }
}

#[test]
fn an_old_call_and_one_from_the_future_are_refused() {
    let header = sign(KEY, turn(), NOON, [1; 16]);

    for now in [NOON + SKEW_MAX_MS + 1, NOON - SKEW_MAX_MS - 1] {
        assert_eq!(
            Verifier::default().verify(KEY, turn(), Some(&header), now),
            Err(Refusal::Stale)
        );
    }
}

#[test]
fn a_full_memory_refuses_and_recovers() {
    let mut vm = Verifier::default();
    for n in 0..NONCES_MAX {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&n.to_be_bytes());
        let header = sign(KEY, turn(), NOON, nonce);
        assert_eq!(vm.verify(KEY, turn(), Some(&header), NOON), Ok(()));
    }
    let one_more = sign(KEY, turn(), NOON, [0xff; 16]);
    assert_eq!(vm.verify(KEY, turn(), Some(&one_more), NOON), Err(Refusal::Full));

    let later = NOON + SKEW_MAX_MS + 1;
    let header = sign(KEY, turn(), later, [0xff; 16]);
    assert_eq!(vm.verify(KEY, turn(), Some(&header), later), Ok(()));
}
