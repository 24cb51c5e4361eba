use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const NOW_S: i64 = 1_790_000_000;
const NOW_MS: u64 = 1_790_000_000_000;

fn permission(caveats: &[Caveat]) -> Macaroon {
    let mut token = Macaroon::mint(b"key", b"kid", [7; 16], PERMISSION_LOCATION);
    token.attenuate(Caveat::Organization { id: 42, mask: Caveat::ALL });
    caveats.iter().for_each(|caveat| token.attenuate(caveat.clone()));
    token
}

fn discharge(ticket: &[u8], caveats: &[Caveat]) -> Macaroon {
    let mut token = Macaroon::mint(b"other", ticket, [8; 16], "https://api.fly.io/aaa/v1");
    caveats.iter().for_each(|caveat| token.attenuate(caveat.clone()));
    token
}

fn needs(ticket: &[u8]) -> Caveat {
    Caveat::ThirdParty {
        location: "https://api.fly.io/aaa/v1".to_owned(),
        verifier_key: vec![1; 60],
        ticket: ticket.to_owned(),
    }
}

fn until(not_after: i64) -> Caveat {
    Caveat::ValidityWindow { not_before: NOW_S - 1000, not_after }
}

fn text(macaroons: &[Macaroon]) -> String {
    FlyToken { macaroons: macaroons.to_vec() }.text().to_string()
}

fn verdict(pasted: &str) -> Result<(), CredentialRejection> {
    parse_pasted(pasted, NOW_MS).map(|_| ())
}

#[test]
fn a_token_is_found_in_whatever_it_was_pasted_with() {
    let whole = text(&[permission(&[needs(b"t")]), discharge(b"t", &[])]);
    let (first, second) = whole.split_once(',').unwrap();
    let (head, tail) = first.split_at(40);
    let pastes = [
        whole.clone(),
        format!("FlyV1 {whole}"),
        format!("Bearer FlyV1 {whole}"),
        format!("Authorization: Bearer FlyV1 FlyV1 {whole}"),
        format!("  \"FlyV1 {whole}\"\n"),
        format!("`{whole}`"),
        format!("FLY_API_TOKEN='FlyV1 {whole}'"),
        format!("FlyV1 {first}, FlyV1 {second}"),
        format!("{first},fo1_abcdefghijklmnopqrstuvw,{second},"),
        format!("FlyV1 {head}\r\n {tail} ,\n{second}"),
        format!("{first}\n{second}"),
        format!("{whole} thanks"),
        format!("{whole}."),
        format!("Here it is: {whole}\nIs this the right one?"),
        format!("{whole}\nada@laptop:~$ "),
        format!("{{\"token\": \"FlyV1 {whole}\", \"type\": \"org\"}}"),
        whole.replace(',', "%2C"),
        format!("> FlyV1 {head}\n> {tail},\n> {second}\n> and that was it"),
        format!("this one: \u{200b}{head}\u{a0}{tail},{second}"),
    ];
    for pasted in pastes {
        let Ok(token) = parse_pasted(&pasted, NOW_MS) else { panic!("refused: {pasted}") };
        assert_eq!(*token.text(), whole, "{pasted}");
    }
}

#[test]
fn a_bad_token_is_refused_without_a_call() {
    let good = text(&[permission(&[])]);
    let apps = |id| Caveat::Apps(BTreeMap::from([(id, Caveat::ALL)]));
    let machines = Caveat::Machines(BTreeMap::from([("148".to_owned(), Caveat::ALL)]));
    let commands = Caveat::Other { kind: Caveat::COMMANDS, body: vec![0x90] };
    let later = Caveat::ValidityWindow { not_before: NOW_S + 3600, not_after: NOW_S + 7200 };
    let expired = CredentialRejection::Expired { at_ms: NOW_MS - 1000 };
    let anthropic = format!("sk-ant-api03-{}", "a".repeat(90));
    let cases = [
        (String::new(), Err(CredentialRejection::Empty)),
        (" \n\t".to_owned(), Err(CredentialRejection::Empty)),
        ("x".repeat(100_000), Err(CredentialRejection::TooLong)),
        ("hello 👋\u{7}".to_owned(), Err(CredentialRejection::Malformed)),
        (anthropic, Err(CredentialRejection::OtherVendor { vendor: Vendor::Anthropic })),
        ("fo1_abcdefghijklmnopqrstuvw".to_owned(), Err(CredentialRejection::NotNarrowable)),
        ("Bearer fo1_abcdefghijklmnopqrstuvw".to_owned(), Err(CredentialRejection::NotNarrowable)),
        ("fm2_".to_owned(), Err(CredentialRejection::Truncated)),
        (good[..good.len() - 9].to_owned(), Err(CredentialRejection::Truncated)),
        (format!("{good}thanks"), Err(CredentialRejection::Malformed)),
        (good, Ok(())),
        (text(&[permission(&[needs(b"t")])]), Err(CredentialRejection::DischargeMissing)),
        (text(&[discharge(b"t", &[])]), Err(CredentialRejection::Malformed)),
        (
            text(&[permission(&[needs(b"t")]), discharge(b"u", &[])]),
            Err(CredentialRejection::DischargeMissing),
        ),
        (text(&[permission(&[until(NOW_S - 1)])]), Err(expired.clone())),
        (text(&[permission(&[until(NOW_S + 9), until(NOW_S - 1)])]), Err(expired.clone())),
        (text(&[permission(&[needs(b"t")]), discharge(b"t", &[until(NOW_S - 1)])]), Err(expired)),
        (text(&[permission(&[until(NOW_S + 1)])]), Ok(())),
        (text(&[permission(&[later])]), Err(CredentialRejection::RefusedByVendor)),
        (text(&[permission(&[Caveat::Action(Caveat::READ)])]), Err(CredentialRejection::ReadOnly)),
        (
            text(&[permission(&[Caveat::Organization { id: 42, mask: Caveat::READ }])]),
            Err(CredentialRejection::ReadOnly),
        ),
        (text(&[permission(&[apps(7)])]), Err(CredentialRejection::AppScoped)),
        (text(&[permission(&[apps(0)])]), Ok(())),
        (text(&[permission(&[machines])]), Err(CredentialRejection::AppScoped)),
        (
            text(&[permission(&[Caveat::FromMachine("148".to_owned())])]),
            Err(CredentialRejection::AppScoped),
        ),
        (text(&[permission(&[commands])]), Err(CredentialRejection::AppScoped)),
        (text(&[permission(&[apps(7)]), permission(&[])]), Ok(())),
    ];
    for (pasted, expected) in cases {
        assert_eq!(verdict(&pasted), expected, "{}", pasted.chars().take(60).collect::<String>());
    }
}

#[test]
fn narrowing_restricts_every_permission_and_leaves_discharges_alone() {
    let bound = discharge(b"t", &[Caveat::BindToParent(vec![9; 16])]);
    let whole = FlyToken { macaroons: vec![permission(&[needs(b"t")]), bound.clone()] };

    let narrow = whole.narrowed_to_window(NOW_MS, WINDOW).narrowed_to_apps([5, 6], Caveat::ALL);

    let [first, second] = &narrow.macaroons[..] else { panic!("two") };
    assert!(first.verify(b"key"), "still signed by Fly");
    assert_eq!(second.encode(), bound.encode());
    let at_ms = NOW_MS + 2 * 60 * 60 * 1000;
    assert_eq!(
        parse_pasted(&narrow.text(), at_ms).err(),
        Some(CredentialRejection::Expired { at_ms })
    );
    assert_eq!(verdict(&narrow.text()), Err(CredentialRejection::AppScoped));
    let read = FlyToken::read(&narrow.text()).ok().unwrap();
    assert_eq!(read.text(), narrow.text());
    assert_eq!(verdict(&whole.text()), Ok(()), "the wider one is not changed");
}

#[test]
fn each_interface_gets_the_scheme_it_expects() {
    assert_eq!(*FlyApi::Machines.authorization("fm2_a,fm2_b"), "FlyV1 fm2_a,fm2_b");
    assert_eq!(*FlyApi::Platform.authorization("fm2_a,fm2_b"), "Bearer fm2_a,fm2_b");
}

proptest! {
    /// F24 of the field cases: a token is found wherever it stands.
    #[test]
    fn a_token_is_found_among_any_words(
        before in "([A-Za-z]{1,9}[ .:!?\n]{1,2}){0,6}",
        after in "([ .:!?\n]{1,2}[A-Za-z]{1,9}){0,6}[.!?]?",
        width in 20_usize..200,
    ) {
        let whole = text(&[permission(&[needs(b"t")]), discharge(b"t", &[])]);
        let lines: Vec<_> = whole.as_bytes().chunks(width).collect();
        let lines: Vec<_> = lines.iter().map(|it| std::str::from_utf8(it).unwrap()).collect();
        for written in [whole.clone(), lines.join("\n")] {
            let pasted = format!("{before}{written}{after}");
            let token = parse_pasted(&pasted, NOW_MS).unwrap_or_else(|_| panic!("{pasted}"));
            prop_assert_eq!(&*token.text(), &whole, "{}", pasted);
        }
    }

    #[test]
    fn no_paste_makes_judging_panic(
        pasted in "(fm2_|fo1_|FlyV1 |,|\\s|[A-Za-z0-9+/=]|\\PC){0,60}"
    ) {
        let _ = parse_pasted(&pasted, NOW_MS);
    }
}
