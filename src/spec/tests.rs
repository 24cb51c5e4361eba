use proptest::prelude::*;

use super::*;

#[test]
fn a_network_of_ours_leads_back_to_its_deployment_and_no_other_does() {
    let id = DeploymentId::from_random([7; 10]);

    assert_eq!(DeploymentId::of_network(&id.network()), Some(id));
    for foreign in [
        "default",
        "textslash-",
        "textslash-short",
        "textslash-0123456789x",
        "Textslash-0123456789",
    ] {
        assert_eq!(DeploymentId::of_network(foreign), None, "{foreign}");
    }
}

#[test]
fn whatever_a_person_is_called_becomes_a_name_that_fly_accepts() {
    for (called, name) in [
        ("Lilach", "lilach"),
        ("Ada Lovelace", "ada-lovelace"),
        ("  42nd street", "nd-street"),
        ("名前", "my"),
        ("", "my"),
        ("a-very-long-name-indeed-it-is", "a-very-long-name-ind"),
        ("ada---", "ada"),
    ] {
        assert_eq!(DeploymentName::nearest_to(called).to_string(), name);
        assert!(DeploymentName::try_from(name.to_owned()).is_ok(), "{name}");
    }
}

#[test]
fn a_stored_name_or_region_that_could_change_a_url_is_refused() {
    for text in ["", "../x", "a/b", "a b", "a%2f", "A", "é", "-a"] {
        assert!(DeploymentName::try_from(text.to_owned()).is_err(), "{text:?} passed as a name");
    }
    for text in ["", "../..", "a/b", "lhr?x", "LHR"] {
        assert!(Region::try_from(text.to_owned()).is_err(), "{text:?} passed as a region");
    }
}

#[test]
fn a_word_is_read_as_what_it_was_written_for() {
    for size in MachineSize::ALL {
        assert_eq!(size.word().parse(), Ok(size));
    }
    for agent in AgentKind::ALL {
        assert_eq!(agent.word().parse(), Ok(agent));
    }
    let sizes = "huge".parse::<MachineSize>().unwrap_err();
    assert_eq!(sizes.to_string(), "not a size: small, medium or large");
    assert!("Claude".parse::<AgentKind>().is_err());
}

#[test]
fn an_owner_is_an_id_as_the_channel_writes_it() {
    use RelayChannel::{Discord, Telegram, Web, WhatsApp};
    for (channel, id) in [
        (Web, "owner"),
        (Telegram, "7"),
        (Telegram, "5000000001"),
        (Discord, "100000000000007001"),
        (Discord, "18446744073709551615"),
        (WhatsApp, "whatsapp:+4915112345678"),
    ] {
        assert!(channel.is_owner_id(id), "{channel:?} {id}");
    }
    for (channel, id) in [
        (Web, "ada"),
        (Web, "owner "),
        (Telegram, "0"),
        (Telegram, "-100123"),
        (Telegram, "+7"),
        (Telegram, "007"),
        (Telegram, "@ada"),
        (Telegram, "7,8"),
        (Telegram, "٧"),
        (Discord, "7001"),
        (Discord, "ada#1234"),
        (Discord, "18446744073709551616"),
        (Discord, "000000000000000000"),
        (WhatsApp, "+4915112345678"),
        (WhatsApp, "whatsapp:4915112345678"),
        (WhatsApp, "whatsapp:+015112345678"),
        (WhatsApp, "whatsapp:+1234567890123456"),
    ] {
        assert!(!channel.is_owner_id(id), "{channel:?} {id}");
    }
    for channel in RelayChannel::ALL {
        for nobody in ["", " ", "*", "0", "null", "\n"] {
            assert!(!channel.is_owner_id(nobody), "{channel:?} {nobody:?}");
        }
    }
}

/// F22 of the field cases, and faces of the same kind.
#[test]
fn both_spellings_of_a_number_are_one_person_and_no_others_are() {
    for (dialled, of_whatsapp) in [
        ("+525512345678", "+5215512345678"),
        ("+541123456789", "+5491123456789"),
        ("+551187654321", "+5511987654321"),
        ("+4915112345678", "+4915112345678"),
    ] {
        let [a, b] = [dialled, of_whatsapp].map(|it| format!("whatsapp:{it}"));
        assert!(is_same_person(&a, &b) && is_same_person(&b, &a), "{a} {b}");
    }
    for (a, b) in [
        ("whatsapp:+525512345678", "whatsapp:+5215512345679"),
        ("whatsapp:+525512345678", "whatsapp:+5495512345678"),
        // A fixed line in Brazil is not the mobile phone with a nine before it.
        ("whatsapp:+551132654321", "whatsapp:+5511932654321"),
        ("whatsapp:+4915112345678", "whatsapp:+49115112345678"),
        ("525512345678", "5215512345678"),
        ("whatsapp:+52", "whatsapp:+521"),
        ("", "whatsapp:+"),
    ] {
        assert!(!is_same_person(a, b), "{a} {b}");
    }
}

proptest! {
    #[test]
    fn a_different_number_is_never_the_owner(a in "[1-9][0-9]{6,14}", b in "[1-9][0-9]{6,14}") {
        let same = is_same_person(&format!("whatsapp:+{a}"), &format!("whatsapp:+{b}"));
        let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
        let one_digit_more = (0..long.len()).any(|at| {
            let mut fewer = long.clone();
            let digit = fewer.remove(at);
            fewer == *short && "19".contains(digit)
        });
        prop_assert!(!same || a == b || one_digit_more, "{} {}", a, b);
    }
}
