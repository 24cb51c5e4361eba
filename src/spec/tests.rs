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
