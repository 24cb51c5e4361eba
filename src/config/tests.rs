use super::*;

const NOTHING: &[(&str, &str)] = &[];

#[test]
fn without_settings_the_vendors_are_the_real_ones() {
    let vendors = VendorEndpoints::read(&Environment::of(NOTHING)).unwrap();

    assert_eq!(vendors.fly.machines_api.as_str(), "https://api.machines.dev/v1");
    assert_eq!(vendors.model.as_str(), "https://api.anthropic.com/");
}

#[test]
fn a_vendor_on_this_machine_is_refused_unless_it_is_meant() {
    for name in ["FLY_API_URL", "FLY_PLATFORM_URL", "FLY_PUBLIC_APP_URL", "ANTHROPIC_API_URL"] {
        for address in [
            "http://127.0.0.1:4280/v1",
            "http://localhost/",
            "http://{app}.fly.dev.localhost:4280",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]",
            "http://0.0.0.0:1",
        ] {
            let settings = [(name, address)];
            let refusal =
                VendorEndpoints::read(&Environment::of(&settings)).unwrap_err().to_string();
            assert!(refusal.contains(name) && refusal.contains("this machine"), "{refusal}");

            let settings = [(name, address), ("TEXTSLASH_ALLOW_SANDBOX", "1")];
            assert!(VendorEndpoints::read(&Environment::of(&settings)).is_ok(), "{name} {address}");
        }
    }
}

#[test]
fn a_relay_sends_its_key_to_no_model_on_this_machine_unless_it_is_meant() {
    let settings = [("TEXTSLASH_MODEL_URL", "http://127.0.0.1:1"), ("TEXTSLASH_AGENT", "shell")];

    let refusal = relay_settings(&Environment::of(&settings)).err().unwrap().to_string();

    assert!(refusal.contains("TEXTSLASH_MODEL_URL points at this machine"), "{refusal}");
}

#[test]
fn a_wrong_address_is_named() {
    for address in ["not a url", "file:///etc/passwd", "ftp://example.com"] {
        let settings = [("FLY_API_URL", address)];
        let refusal = VendorEndpoints::read(&Environment::of(&settings)).unwrap_err().to_string();
        assert!(refusal.contains("FLY_API_URL"), "{refusal}");
    }
}

#[test]
fn an_image_is_taken_by_its_whole_digest_only() {
    let digest = "0123456789abcdef".repeat(4);
    let of = |relay: &str, vm: &str| {
        let settings = [("TEXTSLASH_RELAY_IMAGE", relay), ("TEXTSLASH_VM_IMAGE", vm)];
        images(&Environment::of(&settings)).map_err(|refusal| refusal.to_string())
    };
    let pinned = format!("ghcr.io/x/image@sha256:{digest}");
    let taken = of(&pinned, &pinned).unwrap();
    assert_eq!([taken.relay, taken.vm], [pinned.clone(), pinned.clone()]);

    for swappable in [
        "ghcr.io/x/image:latest".to_owned(),
        "ghcr.io/x/image@sha256:0".to_owned(),
        "ghcr.io/x/image@sha256:".to_owned(),
        format!("ghcr.io/x/image@sha256:{}", &digest[1..]),
        format!("{pinned}0"),
        format!("{pinned}:latest"),
        format!("{pinned}@sha256:{digest}"),
        format!("ghcr.io/x/image@sha256:{}", digest.to_uppercase()),
        format!("ghcr.io/x/image@sha256:{}g", &digest[1..]),
        format!("ghcr.io/x/image@sha512:{digest}"),
        format!("ghcr.io/x/image:{digest}"),
        format!("@sha256:{digest}"),
    ] {
        let refusals = [
            (of(&swappable, &pinned), "TEXTSLASH_RELAY_IMAGE"),
            (of(&pinned, &swappable), "TEXTSLASH_VM_IMAGE"),
        ];
        for (refusal, name) in refusals {
            let refusal = refusal.expect_err(&swappable);
            assert!(refusal.starts_with(name) && refusal.contains("64 digits"), "{refusal}");
        }
    }
    assert!(images(&Environment::of(NOTHING)).is_err());
}

#[test]
fn an_empty_setting_counts_as_none() {
    let settings = [("PORT", "")];

    assert_eq!(Environment::of(&settings).get("PORT"), None);
    assert!(Environment::of(&settings).require("PORT").is_err());
}

const TOKEN: &str = "M4f1c0de9b2a7.e83d51.6c9f04b7ad21e85f3b60c97d14ae82f5";
const LINK_KEY: &str = "8f14e45fceea167a5a36dedd4bea2543f2b1c0d98e7a6b5c4d3e2f1a0b9c8d7e";
const OWNER_KEY: &str = "c9f0f895fb98ab9159f51fd0297e236d81a3b5c7e9f1d2b4a6c8e0f23d5b7a91";

#[test]
fn a_bot_starts_with_no_key_that_could_be_guessed() {
    let hex = "1b9f6c04d8e7235a91c3f0b4e6d2875a1b0c9d3e";
    let read = |name, value| {
        let settings = [
            ("DISCORD_BOT_TOKEN", TOKEN),
            ("TELEGRAM_BOT_TOKEN", "123456:AAc3f0b4e6d2875a1b0c9d3e1b9f6c04d8e"),
            ("TEXTSLASH_PUBLIC_URL", "https://bot.test"),
            (name, value),
        ];
        BotSettings::read(&Environment::of(&settings)).err().map(|error| error.to_string())
    };
    let long = "letmein-letmein-letmein-letmein-letmein-letmein";
    for name in ["TEXTSLASH_METRICS_TOKEN", "TELEGRAM_WEBHOOK_SECRET"] {
        for weak in ["letmein", long, "0123456789abcdef0123456789abcdef0123456789abcdef", TOKEN] {
            let refusal = read(name, weak).unwrap_or_else(|| panic!("{name}={weak} was taken"));
            assert!(refusal.contains(name) && refusal.contains("set it to"), "{refusal}");
            assert!(!refusal.contains(weak), "{refusal}");
        }
    }
    assert_eq!(read("TEXTSLASH_METRICS_TOKEN", hex), None);
}

fn relay(changes: &[(&'static str, &'static str)]) -> Option<String> {
    let mut settings = vec![
        ("TEXTSLASH_DEPLOYMENT", "0123456789"),
        ("TEXTSLASH_CHANNEL", "web"),
        ("TEXTSLASH_OWNER", "owner"),
        ("TEXTSLASH_AGENT", "shell"),
        ("TEXTSLASH_VM_URL", "http://vm.test"),
        ("TEXTSLASH_MODEL_URL", "https://model.test"),
        ("DATA_DIR", "/data"),
        ("OWNER_KEY", OWNER_KEY),
        ("LINK_KEY", LINK_KEY),
    ];
    for (name, value) in changes {
        settings.retain(|(set, _)| set != name);
        settings.push((name, value));
    }
    relay_settings(&Environment::of(&settings)).err().map(|error| format!("{error:#}"))
}

#[test]
fn a_relay_starts_with_no_key_that_could_be_guessed() {
    assert_eq!(relay(&[]), None);
    let model_key = "sk-ant-api03-8f14e45fceea167a5a36dedd4bea2543";
    assert_eq!(relay(&[("TEXTSLASH_AGENT", "claude"), ("MODEL_KEY", model_key)]), None);
    for name in ["LINK_KEY", "OWNER_KEY", "CHANNEL_KEY", "MODEL_KEY"] {
        let other = if name == "LINK_KEY" { OWNER_KEY } else { LINK_KEY };
        for weak in
            ["short", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "the owner's own key, for ever", other]
        {
            let refusal =
                relay(&[(name, weak)]).unwrap_or_else(|| panic!("{name}={weak} was taken"));
            assert!(refusal.contains(name) && refusal.contains("set it to"), "{refusal}");
            assert!(!refusal.contains(weak), "{refusal}");
        }
    }
}

#[test]
fn a_relay_starts_for_an_owner_of_its_channel_only() {
    for (channel, owner) in [
        ("web", ""),
        ("web", "ada"),
        ("telegram", "owner"),
        ("telegram", "@ada"),
        ("discord", "7001"),
        ("whatsapp", "+4915112345678"),
    ] {
        let refusal = relay(&[("TEXTSLASH_CHANNEL", channel), ("TEXTSLASH_OWNER", owner)]);
        let refusal = refusal.unwrap_or_else(|| panic!("{owner} on {channel} was taken"));
        assert!(refusal.contains("set TEXTSLASH_OWNER") && refusal.contains(channel), "{refusal}");
    }
    assert_eq!(relay(&[("TEXTSLASH_CHANNEL", "telegram"), ("TEXTSLASH_OWNER", "7001")]), None);
}

#[test]
fn a_vm_does_not_run_agents_as_root() {
    let read = |settings: &[(&str, &str)], is_root| {
        deployed::agent_user(&Environment::of(settings), is_root).map(|user| user.is_some())
    };
    let refusal = read(NOTHING, true).unwrap_err().to_string();
    assert!(refusal.contains("set TEXTSLASH_AGENT_USER"), "{refusal}");
    assert!(read(&[("TEXTSLASH_AGENT_USER", "root")], true).is_err());
    assert!(!read(NOTHING, false).unwrap());
    assert!(!read(&[(ALLOW_SANDBOX, "1")], true).unwrap(), "one's own machine");
    assert!(read(&[("TEXTSLASH_AGENT_USER", "nobody")], true).unwrap());
}

#[test]
fn a_host_says_how_many_deployments_a_day_the_bot_makes() {
    let read = |max| {
        let settings = [("DISCORD_BOT_TOKEN", TOKEN), ("TEXTSLASH_DEPLOYMENTS_A_DAY", max)];
        BotSettings::read(&Environment::of(&settings)).map(|it| it.deployments_a_day_max)
    };
    assert_eq!(read("").unwrap(), crate::quota::Quotas::PUBLIC.all);
    assert_eq!(read("1000").unwrap(), 1000);
    assert_eq!(read("0").unwrap(), 0, "the bot begins nothing");
    for wrong in ["-1", "many", "1.5"] {
        let refusal = read(wrong).unwrap_err().to_string();
        assert!(refusal.contains("TEXTSLASH_DEPLOYMENTS_A_DAY"), "{refusal}");
    }
}

#[test]
fn a_host_who_invites_says_whom_or_the_bot_does_not_start() {
    let read = |invitations| {
        let settings = [("DISCORD_BOT_TOKEN", TOKEN), ("TEXTSLASH_INVITATIONS", invitations)];
        BotSettings::read(&Environment::of(&settings)).map(|it| it.invitations)
    };
    let not_set = BotSettings::read(&Environment::of(&[("DISCORD_BOT_TOKEN", TOKEN)]));
    assert!(not_set.unwrap().invitations.is_empty(), "everybody is in");
    for empty in ["", " "] {
        let refusal = format!("{:#}", read(empty).unwrap_err());
        assert!(
            refusal.contains("TEXTSLASH_INVITATIONS") && refusal.contains("empty"),
            "{refusal}"
        );
    }
    let two = "7f3k9q2m-4x8w1t6z-5h9c2n7d:25 0c41f98e2b7d56a3e90b1f7a4d82c65e:1";
    assert_eq!(read(two).unwrap().len(), 2);
    let guessable = format!("{:#}", read("invitation2026:25").unwrap_err());
    assert!(guessable.contains("openssl rand -hex 16"), "{guessable}");
    let refusal = format!("{:#}", read("friends-0123456789").unwrap_err());
    assert!(
        refusal.contains("TEXTSLASH_INVITATIONS") && refusal.contains("CODE:PEOPLE"),
        "{refusal}"
    );
    assert!(!refusal.contains("friends"), "{refusal}");
}

#[test]
fn an_agents_firewall_is_for_the_image_only_and_needs_a_user() {
    let of = |settings: &[(&str, &str)]| {
        let url = ("TEXTSLASH_MODEL_PROXY_URL", "http://relay.internal:8081");
        let settings = [settings, &[url]].concat();
        agent_firewall(&Environment::of(&settings)).map_err(|refusal| refusal.to_string())
    };
    let on = ("TEXTSLASH_AGENT_FIREWALL", "1");
    assert!(of(&[]).unwrap().is_none());
    assert!(of(&[("TEXTSLASH_AGENT_FIREWALL", "0")]).unwrap().is_none());
    assert!(of(&[on, ("TEXTSLASH_AGENT_USER", "nobody")]).unwrap().is_some());
    assert!(of(&[on]).err().unwrap().contains("set TEXTSLASH_AGENT_USER"));
    assert!(of(&[("TEXTSLASH_AGENT_FIREWALL", "yes")]).err().unwrap().contains("neither 0 nor 1"));
}
