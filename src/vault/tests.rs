use super::*;
use crate::secret::Audience;

fn vault() -> Vault {
    Vault::new(Random::seeded(1))
}

fn secret(value: &str) -> Arc<Secret> {
    let value = zeroize::Zeroizing::new(value.to_owned());
    Arc::new(Secret::new(SecretKind::FlyToken, value, Audience::nobody()))
}

#[tokio::test(start_paused = true)]
async fn a_credential_is_gone_when_its_time_is_over() {
    let vault = vault();
    let value = secret("fm2_ada");
    let reference = vault.put("ada", value.clone()).unwrap();

    tokio::time::advance(HOLD_MAX - Duration::from_secs(1)).await;
    assert!(vault.get("ada", reference).is_some());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(vault.get("ada", reference).is_none());
    assert_eq!(Arc::strong_count(&value), 1, "the vault holds it no more");
}

#[tokio::test(start_paused = true)]
async fn a_credential_is_wiped_in_time_when_nobody_asks_for_anything() {
    let vault = vault();
    let value = secret("fm2_ada");
    vault.put("ada", value.clone()).unwrap();

    let swept = tokio::time::timeout(HOLD_MAX - Duration::from_secs(1), vault.sweep()).await;
    assert!(swept.is_err() && Arc::strong_count(&value) == 2, "it is held for its time");
    let swept = tokio::time::timeout(SWEEP_PERIOD * 2, vault.sweep()).await;
    assert!(swept.is_err() && Arc::strong_count(&value) == 1, "and not much longer");
}

#[tokio::test(start_paused = true)]
async fn how_long_a_credential_was_held_counts_until_the_last_who_uses_it_is_done() {
    let vault = vault();
    let reference = vault.put("ada", secret("fm2_ada")).unwrap();
    tokio::time::advance(Duration::from_secs(60)).await;
    vault.replace("ada", reference, secret("fm2_narrowed"));
    let used = vault.get("ada", reference).unwrap();
    vault.forget("ada", reference);

    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(
        vault.longest_lifetime(),
        Duration::from_secs(120),
        "since it was given, and in use"
    );
    drop(used);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(vault.longest_lifetime(), Duration::from_secs(120), "and now it is over");
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_what_belongs_to_somebody_else() {
    let vault = vault();
    let reference = vault.put("ada", secret("fm2_ada")).unwrap();

    assert!(vault.get("eve", reference).is_none());
    vault.forget("eve", reference);
    vault.replace("eve", reference, secret("fm2_eve"));
    assert_eq!(vault.get("ada", reference).unwrap().expose(), "fm2_ada");
    vault.forget("ada", reference);
    assert!(vault.references("ada").is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_person_cannot_fill_it() {
    let vault = vault();
    let first = vault.put("ada", secret("fm2_first")).unwrap();
    let others = vault.put("bob", secret("fm2_bob")).unwrap();
    for _ in 0..PER_OWNER_MAX {
        tokio::time::advance(Duration::from_millis(1)).await;
        vault.put("ada", secret("fm2_more")).unwrap();
    }
    assert_eq!(vault.references("ada").len(), PER_OWNER_MAX);
    assert!(vault.get("ada", first).is_none());
    assert!(vault.get("bob", others).is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_lent_is_never_forgotten_and_has_a_stand_in_for_each() {
    let vault = vault();
    let (_, lent) = vault.lend(secret("fm2_lent"));

    vault.replace("ada", lent, secret("fm2_narrowed"));
    assert_eq!(vault.get("ada", lent).unwrap().expose(), "fm2_narrowed");
    assert_eq!(vault.get("bob", lent).unwrap().expose(), "fm2_lent");
    vault.forget("ada", lent);
    assert_eq!(vault.get("ada", lent).unwrap().expose(), "fm2_lent");
}
