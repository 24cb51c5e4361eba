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

#[test]
fn a_nonce_is_remembered_for_as_long_as_its_signature_is_valid() {
    for signed_at in [NOON - SKEW_MAX_MS, NOON - 1, NOON, NOON + 1, NOON + SKEW_MAX_MS] {
        let mut vm = Verifier::default();
        let header = sign(KEY, turn(), signed_at, [1; 16]);
        assert_eq!(vm.verify(KEY, turn(), Some(&header), NOON), Ok(()));
        let valid_until = signed_at + SKEW_MAX_MS;
        let moments = (NOON..valid_until).step_by(997).chain([valid_until]);
        for (nonce, now) in (2..).zip(moments) {
            // Each call is an opportunity to forget.
            let another = sign(KEY, turn(), now, [nonce; 16]);
            assert_eq!(vm.verify(KEY, turn(), Some(&another), now), Ok(()));
            let again = vm.verify(KEY, turn(), Some(&header), now);
            assert_eq!(again, Err(Refusal::Replayed), "signed {signed_at}, now {now}");
        }
        let again = vm.verify(KEY, turn(), Some(&header), valid_until + 1);
        assert_eq!(again, Err(Refusal::Stale), "signed {signed_at}");
    }
}

#[test]
fn a_refused_call_uses_up_no_nonce() {
    let mut vm = Verifier::default();
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let altered = Call { body: b"{ }", ..turn() };

    assert_eq!(vm.verify(KEY, altered, Some(&header), NOON), Err(Refusal::Wrong));
    let late = NOON + SKEW_MAX_MS + 1;
    assert_eq!(vm.verify(KEY, turn(), Some(&header), late), Err(Refusal::Stale));
    assert_eq!(vm.verify(KEY, turn(), Some(&header), NOON), Ok(()));
}

#[test]
fn a_shortened_or_lengthened_proof_is_wrong() {
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let (head, proof) = header.rsplit_once('.').unwrap();
    let lengths = (0..proof.len()).step_by(2);
    let shortened = lengths.map(|length| format!("{head}.{}", &proof[..length]));
    for header in shortened.chain([format!("{header}00")]) {
        let answer = Verifier::default().verify(KEY, turn(), Some(&header), NOON);
        assert_eq!(answer, Err(Refusal::Wrong), "{header}");
    }
}

#[test]
fn what_moves_from_one_part_of_a_call_to_the_next_alters_it() {
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let moved = [
        Call { method: "POS", path: "T/turns", ..turn() },
        Call { method: "POST/", path: "turns", ..turn() },
        Call { path: "/turn", body: b"s{}", ..turn() },
    ];
    for call in moved {
        let answer = Verifier::default().verify(KEY, call, Some(&header), NOON);
        assert_eq!(answer, Err(Refusal::Wrong), "{call:?}");
    }
    let earlier = Call { path: "/turns1", ..turn() };
    let shifted = header.replacen(&NOON.to_string(), &NOON.to_string()[1..], 1);
    let answer = Verifier::default().verify(KEY, earlier, Some(&shifted), NOON);
    assert_eq!(answer, Err(Refusal::Wrong));
}
