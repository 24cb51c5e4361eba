use super::*;

const SPRING: &str = "spring-7f3k9q2m";

fn offers(people: u32, let_in: u32) -> Vec<Offer> {
    vec![Offer { invitation: Invitation { code: SPRING.to_owned(), people }, let_in }]
}

#[test]
fn a_host_writes_down_codes_and_how_many_people_each_lets_in() {
    let all = parse("Spring-7f3k9q2m:25, friends_0123456789:1").unwrap();

    assert_eq!(all[0], Invitation { code: SPRING.to_owned(), people: 25 });
    assert_eq!(all[1], Invitation { code: "friends_0123456789".to_owned(), people: 1 });
}

#[test]
fn what_is_no_list_of_invitations_is_refused_and_not_repeated() {
    let too_long = format!("{}:1", "a".repeat(65));
    let key = format!("sk-ant-api03-{}:5", "a".repeat(40));
    let twice = format!("{SPRING}:1 SPRING-7F3K9Q2M:2");
    let too_many: Vec<_> =
        (0..=CODES_MAX).map(|number| format!("code-number-{number}:1")).collect();
    for wrong in [
        "",
        " , ",
        "spring-7f3k9q2m",
        "spring-7f3k9q2m:",
        "spring-7f3k9q2m:0",
        "spring-7f3k9q2m:-1",
        "spring-7f3k9q2m:100001",
        "short-code1:25",
        "spring+7f3k9q2m:25",
        "frühling-7f3k9q2m:25",
        &key,
        &too_long,
        &twice,
        &too_many.join(" "),
    ] {
        let refusal = parse(wrong).expect_err(wrong).to_string();
        assert!(!refusal.contains("spring"), "{refusal}");
    }
}

#[test]
fn a_code_lets_in_as_many_people_as_it_is_for() {
    assert_eq!(named("spring-7f3k9q2m", &offers(2, 1)).unwrap().people, 2);
    assert_eq!(named("spring-7f3k9q2m", &offers(2, 2)), Err(Refusal::UsedUp));
    assert_eq!(named("spring-7f3k9q2m", &offers(1, 2)), Err(Refusal::UsedUp), "it was for more");
}

#[test]
fn a_code_is_known_however_a_phone_writes_it_and_no_part_of_it_is() {
    assert!(named("  Spring-7F3K9Q2M\n", &offers(1, 0)).is_ok());
    for wrong in ["", "spring", "spring-7f3k9q2m2", "pring-7f3k9q2m"] {
        assert_eq!(named(wrong, &offers(1, 0)), Err(Refusal::Unknown));
    }
}
