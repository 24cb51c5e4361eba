use super::*;

const KEY: &[u8] = b"link key";
const NOON: u64 = 1_700_000_000_000;

fn turn() -> SignedCall<'static> {
    SignedCall { direction: Direction::RelayToVm, method: "POST", path: "/turns", body: b"{}" }
}

fn verify(vm: &mut CallVerifier, header: &str, now_ms: u64) -> Result<BodyDigest, CallRefusal> {
    vm.verify(KEY, turn().head(), Some(header), now_ms)
}

fn digest() -> BodyDigest {
    BodyDigest::of(turn().body)
}

#[test]
fn a_signed_call_is_accepted_once_and_says_which_body_it_has() {
    let mut vm = CallVerifier::default();
    let header = sign(KEY, turn(), NOON, [1; 16]);

    assert_eq!(verify(&mut vm, &header, NOON + 10), Ok(digest()));
    assert_eq!(verify(&mut vm, &header, NOON + 20), Err(CallRefusal::Replayed));
}

#[test]
fn a_clock_that_is_set_back_makes_no_old_signature_new() {
    let mut vm = CallVerifier::default();
    let (old, ahead) = (NOON, NOON + SKEW_MAX_MS);
    let (old, ahead) = (sign(KEY, turn(), old, [1; 16]), sign(KEY, turn(), ahead, [2; 16]));
    assert_eq!(verify(&mut vm, &old, NOON), Ok(digest()));
    assert_eq!(verify(&mut vm, &ahead, NOON), Ok(digest()));
    let later = sign(KEY, turn(), NOON + 90_000, [3; 16]);
    assert_eq!(verify(&mut vm, &later, NOON + 90_000), Ok(digest()));

    assert_eq!(verify(&mut vm, &old, NOON + 1), Err(CallRefusal::Expired), "it was forgotten");
    assert_eq!(verify(&mut vm, &ahead, NOON - SKEW_MAX_MS), Err(CallRefusal::Expired));
    assert_eq!(verify(&mut vm, &ahead, NOON + 1), Err(CallRefusal::Replayed));
    let new = sign(KEY, turn(), NOON + 2, [4; 16]);
    assert_eq!(verify(&mut vm, &new, NOON + 2), Ok(digest()), "new calls are taken");
}

#[test]
fn a_body_is_compared_while_it_arrives() {
    let is = |parts: &[&str]| {
        let mut hasher = BodyHasher::default();
        parts.iter().for_each(|part| hasher.update(part.as_bytes()));
        hasher.is(&BodyDigest::of(b"milk"))
    };
    assert!(is(&["milk"]) && is(&["m", "", "il", "k"]));
    for other in [&[][..], &["mil"], &["milk "], &["MILK"]] {
        assert!(!is(other), "{other:?}");
    }
}

#[test]
fn whatever_is_altered_is_refused() {
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let altered = [
        SignedCall { direction: Direction::ProvisionerToRelay, ..turn() },
        SignedCall { method: "GET", ..turn() },
        SignedCall { path: "/turns?x", ..turn() },
    ];

    for call in altered {
        let answer = CallVerifier::default().verify(KEY, call.head(), Some(&header), NOON);
        assert_eq!(answer, Err(CallRefusal::WrongSignature), "{call:?}");
    }
    let other_key = CallVerifier::default().verify(b"another", turn().head(), Some(&header), NOON);
    assert_eq!(other_key, Err(CallRefusal::WrongSignature));
    for (was, becomes) in [
        (NOON.to_string(), (NOON + 1).to_string()),
        ("01".repeat(16), "02".repeat(16)),
        (hex::encode(digest().0), hex::encode(BodyDigest::of(b"{ }").0)),
    ] {
        let header = header.replace(&was, &becomes);
        assert_eq!(
            CallVerifier::default().verify(KEY, turn().head(), Some(&header), NOON),
            Err(CallRefusal::WrongSignature)
        );
    }
}

#[test]
fn what_is_not_a_signature_is_refused() {
    for header in
        [None, Some(""), Some("v2"), Some("v2.x.y.z.a"), Some("v1.1.2.3"), Some("v2.1.2.33.4.5")]
    {
        let answer = CallVerifier::default().verify(KEY, turn().head(), header, NOON);
        assert_eq!(answer, Err(CallRefusal::Unsigned), "{header:?}");
    }
}

#[test]
fn an_old_call_and_one_from_the_future_are_refused() {
    let header = sign(KEY, turn(), NOON, [1; 16]);

    for now in [NOON + SKEW_MAX_MS + 1, NOON - SKEW_MAX_MS - 1] {
        assert_eq!(
            CallVerifier::default().verify(KEY, turn().head(), Some(&header), now),
            Err(CallRefusal::Expired)
        );
    }
}

#[test]
fn a_full_memory_refuses_and_recovers() {
    let mut vm = CallVerifier::default();
    for n in 0..NONCES_MAX {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&n.to_be_bytes());
        let header = sign(KEY, turn(), NOON, nonce);
        assert_eq!(vm.verify(KEY, turn().head(), Some(&header), NOON), Ok(digest()));
    }
    let one_more = sign(KEY, turn(), NOON, [0xff; 16]);
    assert_eq!(
        vm.verify(KEY, turn().head(), Some(&one_more), NOON),
        Err(CallRefusal::NonceStoreFull)
    );

    let later = NOON + SKEW_MAX_MS + 1;
    let header = sign(KEY, turn(), later, [0xff; 16]);
    assert_eq!(vm.verify(KEY, turn().head(), Some(&header), later), Ok(digest()));
}

#[test]
fn a_nonce_is_remembered_for_as_long_as_its_signature_is_valid() {
    for signed_at in [NOON - SKEW_MAX_MS, NOON - 1, NOON, NOON + 1, NOON + SKEW_MAX_MS] {
        let mut vm = CallVerifier::default();
        let header = sign(KEY, turn(), signed_at, [1; 16]);
        assert_eq!(vm.verify(KEY, turn().head(), Some(&header), NOON), Ok(digest()));
        let valid_until = signed_at + SKEW_MAX_MS;
        let moments = (NOON..valid_until).step_by(997).chain([valid_until]);
        for (nonce, now) in (2..).zip(moments) {
            // Each call is an opportunity to forget.
            let another = sign(KEY, turn(), now, [nonce; 16]);
            assert_eq!(vm.verify(KEY, turn().head(), Some(&another), now), Ok(digest()));
            let again = vm.verify(KEY, turn().head(), Some(&header), now);
            assert_eq!(again, Err(CallRefusal::Replayed), "signed {signed_at}, now {now}");
        }
        let again = vm.verify(KEY, turn().head(), Some(&header), valid_until + 1);
        assert_eq!(again, Err(CallRefusal::Expired), "signed {signed_at}");
    }
}

/// Messages of version 1, as its program wrote them.
const HEALTH_1: &str = r#"{"deployment":"0123456789","build":"0.1.0","role":"vm"}"#;
const TURN_1: &str = r#"{"turn":"1","session":"s","text":"hello"}"#;
const EVENTS_1: [&str; 7] = [
    r#"{"type":"text","text":"a"}"#,
    r#"{"type":"tool","name":"bash","detail":"ls"}"#,
    r#"{"type":"file","index":0,"name":"a.txt","bytes":3}"#,
    r#"{"type":"withheld","reason":"not_plain","names":["a"],"count":1}"#,
    r#"{"type":"heartbeat"}"#,
    r#"{"type":"done"}"#,
    r#"{"type":"failed","reason":"timed_out"}"#,
];

#[test]
fn messages_of_the_version_before_are_read() {
    let health: Health = serde_json::from_str(HEALTH_1).unwrap();
    assert_eq!((health.protocol, health.role.as_str()), (1, "vm"));
    let turn: TurnRequest = serde_json::from_str(TURN_1).unwrap();
    assert_eq!((turn.text.as_str(), turn.after), ("hello", 0));
    for line in EVENTS_1 {
        let event: TurnEvent = serde_json::from_str(line).unwrap();
        assert_ne!(event, TurnEvent::Unknown, "{line}");
        assert_eq!(serde_json::to_string(&event).unwrap(), line, "version 1 reads it back");
    }
}

#[test]
fn messages_of_the_next_version_are_read_as_far_as_they_are_known() {
    for (line, read) in [
        (r#"{"type":"card","title":"a"}"#, TurnEvent::Unknown),
        (r#"{"type":"text","text":"a","tone":"warm"}"#, TurnEvent::Text { text: "a".into() }),
        (
            r#"{"type":"failed","reason":"out_of_tea"}"#,
            TurnEvent::Failed { reason: TurnFailure::Unknown },
        ),
        (
            r#"{"type":"withheld","reason":"too_odd","names":[],"count":2}"#,
            TurnEvent::Withheld { reason: WithheldReason::Unknown, names: vec![], count: 2 },
        ),
    ] {
        assert_eq!(serde_json::from_str::<TurnEvent>(line).unwrap(), read);
    }
}

#[test]
fn callers_of_this_version_and_of_its_neighbours_are_understood() {
    let [before, this, next] = [VERSION_MIN, VERSION, VERSION + 1].map(|it| it.to_string());
    for version in [None, Some(&before), Some(&this), Some(&next)] {
        assert!(is_understood(version.map(String::as_str)), "{version:?}");
    }
    let older = (VERSION_MIN - 1).to_string();
    for version in [older.as_str(), "", "two", "-1", "2.0"] {
        assert!(!is_understood(Some(version)), "{version:?}");
    }
}

#[test]
fn a_refused_call_uses_up_no_nonce() {
    let mut vm = CallVerifier::default();
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let altered = SignedCall { path: "/turns?x", ..turn() };

    assert_eq!(
        vm.verify(KEY, altered.head(), Some(&header), NOON),
        Err(CallRefusal::WrongSignature)
    );
    let late = NOON + SKEW_MAX_MS + 1;
    assert_eq!(vm.verify(KEY, turn().head(), Some(&header), late), Err(CallRefusal::Expired));
    assert_eq!(vm.verify(KEY, turn().head(), Some(&header), NOON), Ok(digest()));
}

#[test]
fn a_shortened_or_lengthened_proof_is_wrong() {
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let (head, proof) = header.rsplit_once('.').unwrap();
    let lengths = (0..proof.len()).step_by(2);
    let shortened = lengths.map(|length| format!("{head}.{}", &proof[..length]));
    for header in shortened.chain([format!("{header}00")]) {
        let answer = CallVerifier::default().verify(KEY, turn().head(), Some(&header), NOON);
        assert_eq!(answer, Err(CallRefusal::WrongSignature), "{header}");
    }
}

#[test]
fn what_moves_from_one_part_of_a_call_to_the_next_alters_it() {
    let header = sign(KEY, turn(), NOON, [1; 16]);
    let moved = [
        SignedCall { method: "POS", path: "T/turns", ..turn() },
        SignedCall { method: "POST/", path: "turns", ..turn() },
    ];
    for call in moved {
        let answer = CallVerifier::default().verify(KEY, call.head(), Some(&header), NOON);
        assert_eq!(answer, Err(CallRefusal::WrongSignature), "{call:?}");
    }
    let earlier = SignedCall { path: "/turns1", ..turn() };
    let shifted = header.replacen(&NOON.to_string(), &NOON.to_string()[1..], 1);
    let answer = CallVerifier::default().verify(KEY, earlier.head(), Some(&shifted), NOON);
    assert_eq!(answer, Err(CallRefusal::WrongSignature));
}
