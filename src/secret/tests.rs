use super::*;

#[test]
fn a_credential_leaves_for_its_own_hosts_only() {
    let token = Secret::new(
        SecretKind::FlyToken,
        "fm2_x".to_owned(),
        Audience::of(["api.machines.dev", "127.0.0.1:4280"]),
    );

    assert_eq!(token.expose_for_host("api.machines.dev"), Ok("fm2_x"));
    assert_eq!(token.expose_for_host("127.0.0.1:4280"), Ok("fm2_x"));
    for elsewhere in ["api.machines.dev.evil.example", "127.0.0.1", "evil.example", ""] {
        let refused = token.expose_for_host(elsewhere);
        assert!(refused.is_err(), "{elsewhere:?} saw the token");
    }
}

#[test]
fn a_credential_for_nobody_stays_here() {
    let key = Secret::new(SecretKind::LinkKey, "k".to_owned(), Audience::nobody());

    assert!(key.expose_for_host("").is_err());
    assert_eq!(key.expose(), "k");
}

#[test]
fn a_refusal_names_the_kind_and_the_host_but_not_the_credential() {
    let key = Secret::new(SecretKind::ModelKey, "sk-ant-1".to_owned(), Audience::nobody());

    let refusal = key.expose_for_host("evil.example").expect_err("nobody may see it");

    assert_eq!(refusal.to_string(), "a ModelKey must not be sent to evil.example");
}
