use super::*;

const NOTHING: &[(&str, &str)] = &[];

#[test]
fn without_settings_the_vendors_are_the_real_ones() {
    let vendors = Vendors::read(&Environment::of(NOTHING)).unwrap();

    assert_eq!(vendors.fly.machines_api.as_str(), "https://api.machines.dev/v1");
    assert_eq!(vendors.anthropic.as_str(), "https://api.anthropic.com/");
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
            let refusal = Vendors::read(&Environment::of(&settings)).unwrap_err().to_string();
            assert!(refusal.contains(name) && refusal.contains("this machine"), "{refusal}");

            let settings = [(name, address), ("TEXTSLASH_ALLOW_SANDBOX", "1")];
            assert!(Vendors::read(&Environment::of(&settings)).is_ok(), "{name} {address}");
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
        let refusal = Vendors::read(&Environment::of(&settings)).unwrap_err().to_string();
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

#[test]
fn a_token_for_metrics_that_could_be_guessed_is_refused() {
    let settings = |token| [("DISCORD_BOT_TOKEN", "x"), ("TEXTSLASH_METRICS_TOKEN", token)];
    let refusal = BotSettings::read(&Environment::of(&settings("letmein"))).err().unwrap();
    assert!(refusal.to_string().contains("TEXTSLASH_METRICS_TOKEN"), "{refusal}");
    let hex = "0123456789abcdef0123456789abcdef";
    assert!(BotSettings::read(&Environment::of(&settings(hex))).is_ok());
}

#[test]
fn a_host_says_how_many_deployments_a_day_the_bot_makes() {
    let read = |max| {
        let settings = [("DISCORD_BOT_TOKEN", "x"), ("TEXTSLASH_DEPLOYMENTS_A_DAY", max)];
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
        let settings = [("DISCORD_BOT_TOKEN", "x"), ("TEXTSLASH_INVITATIONS", invitations)];
        BotSettings::read(&Environment::of(&settings)).map(|it| it.invitations)
    };
    let not_set = BotSettings::read(&Environment::of(&[("DISCORD_BOT_TOKEN", "x")]));
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
