use super::*;

const SPRING: &str = "7f3k9q2m-4x8w1t6z-5h9c2n7d";
const SUMMER: &str = "0c41f98e2b7d56a3e90b1f7a4d82c65e";
const NOW_MS: u64 = 1_800_000_000_000;

fn offers(people: u32, let_in: u32) -> Vec<InvitationUse> {
    vec![InvitationUse { invitation: Invitation { code: SPRING.to_owned(), people }, let_in }]
}

/// The invitation that a line names for somebody who has sent no wrong code.
fn named_at_once<'a>(
    text: &str,
    offers: &'a [InvitationUse],
) -> Result<&'a Invitation, InvitationRefusal> {
    named(text, offers, &WrongCodes::default(), NOW_MS)
}

#[test]
fn a_host_writes_down_codes_and_how_many_people_each_lets_in() {
    let all = parse(&format!("{}:25, {SUMMER}:1", SPRING.to_uppercase())).unwrap();

    assert_eq!(all[0], Invitation { code: SPRING.to_owned(), people: 25 });
    assert_eq!(all[1], Invitation { code: SUMMER.to_owned(), people: 1 });
}

#[test]
fn what_is_no_list_of_invitations_is_refused_and_not_repeated() {
    let too_long = format!("{}:1", SPRING.repeat(3));
    let key = format!("sk-ant-api03-{}:5", SUMMER);
    for wrong in [
        SPRING,
        &format!("{SPRING}:"),
        &format!("{SPRING}:0"),
        &format!("{SPRING}:-1"),
        &format!("{SPRING}:100001"),
        &format!("{SPRING}:4294967297"),
        "short-code1:25",
        &format!("+{SPRING}:25"),
        &format!("ü{SPRING}:25"),
        &key,
        &too_long,
    ] {
        let refusal = parse(wrong).expect_err(wrong);
        assert_eq!(refusal, InvalidInvitations::Malformed, "{wrong}");
        assert!(!refusal.to_string().contains(SPRING), "{refusal}");
    }
    let too_many = (0..=CODES_MAX).map(|number| format!("{number:03}x{SUMMER}:1"));
    let too_many = too_many.collect::<Vec<_>>().join(" ");
    assert_eq!(parse(&too_many), Err(InvalidInvitations::Malformed));
    for empty in ["", " ", " , ", "\n"] {
        assert_eq!(parse(empty), Err(InvalidInvitations::Empty), "{empty:?}");
    }
}

#[test]
fn the_same_code_twice_is_refused_however_it_is_written() {
    let twice = format!("{SUMMER}:1 {SPRING}:1 {}:2", SPRING.to_uppercase());
    assert_eq!(parse(&twice), Err(InvalidInvitations::Repeated { place: 3 }));
}

#[test]
fn a_code_that_could_be_guessed_is_refused_with_a_command_that_makes_a_good_one() {
    for guessable in [
        "AAAAAAAAAAAA",
        "invitation2026",
        "invitation2026invitation2026",
        "textslash-friends-2026",
        "my-best-friends-may-come-in-here",
        "correct-horse-battery-staple",
        "friends-0123456789",
        "abcdefghijklmnopqrstuvwxyz",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "a1b2c3d4e5f6g7h8i9j0",
        "01010101010101010101010101010101",
        "2026-11-30-2027-11-30-2028",
        "________________________",
        "3f9c2a7b51de",
    ] {
        let refusal = parse(&format!("{SUMMER}:1 {guessable}:25")).expect_err(guessable);
        assert_eq!(refusal, InvalidInvitations::Guessable { place: 2 }, "{guessable}");
        let said = refusal.to_string();
        assert!(said.contains("openssl rand -hex 16") && !said.contains(guessable), "{said}");
    }
}

#[test]
fn a_code_that_chance_has_made_is_taken() {
    let chance = crate::random::Random::seeded(13);
    for _ in 0..1_000 {
        let code = hex::encode(chance.bytes::<16>());
        assert!(parse(&format!("{code}:1")).is_ok(), "{code}: {} bits", bits(&code));
    }
}

#[test]
fn a_code_lets_in_as_many_people_as_it_is_for() {
    assert_eq!(named_at_once(SPRING, &offers(2, 1)).unwrap().people, 2);
    assert_eq!(named_at_once(SPRING, &offers(2, 2)), Err(InvitationRefusal::UsedUp));
    assert_eq!(
        named_at_once(SPRING, &offers(1, 2)),
        Err(InvitationRefusal::UsedUp),
        "it was for more"
    );
}

#[test]
fn a_code_is_known_however_a_phone_writes_it_and_no_part_of_it_is() {
    let written = format!("  {}\n", SPRING.to_uppercase());
    assert!(named_at_once(&written, &offers(1, 0)).is_ok());
    for wrong in [&SPRING[1..], &SPRING[..24], &format!("{SPRING}2")] {
        assert_eq!(named_at_once(wrong, &offers(1, 0)), Err(InvitationRefusal::Unknown));
    }
    for no_code in ["", "spring", "I have none, sorry", &SPRING.repeat(3)] {
        assert_eq!(
            named_at_once(no_code, &offers(1, 0)),
            Err(InvitationRefusal::NoCode),
            "{no_code}"
        );
    }
}

#[test]
fn after_too_many_wrong_codes_none_is_looked_at_until_they_count_no_longer() {
    const MINUTE_MS: u64 = 60_000;
    let by_person = |at_ms| WrongCodes { person_limit_at_ms: Some(at_ms), ..WrongCodes::default() };
    let by_all = |at_ms| WrongCodes { all_limit_at_ms: Some(at_ms), ..WrongCodes::default() };
    let at_ms = NOW_MS - MINUTE_MS;
    let free_ms = at_ms + WRONG_CODES_WINDOW_MS;
    let offers = offers(1, 0);
    let hour_ms = free_ms.next_multiple_of(HOUR_MS);
    for (wrong, until_ms) in [(by_person(at_ms), free_ms), (by_all(at_ms), hour_ms)] {
        for code in [SPRING, SUMMER] {
            let told = named(code, &offers, &wrong, NOW_MS);
            assert_eq!(
                told,
                Err(InvitationRefusal::TooManyWrongCodes { until_ms }),
                "right or wrong"
            );
        }
        assert_eq!(named("hello", &offers, &wrong, NOW_MS), Err(InvitationRefusal::NoCode));
        assert!(named(SPRING, &offers, &wrong, until_ms).is_ok());
        assert!(named(SPRING, &offers, &wrong, until_ms - 1).is_err());
    }
}
