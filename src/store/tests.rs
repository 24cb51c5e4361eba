use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn only_its_owner_can_read_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("textslash/bot.db");
    let pool = open(&path, &SCHEMA).await.unwrap();

    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in path.parent().unwrap().read_dir().unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }

    pool.close().await;
    open(&path, &SCHEMA).await.unwrap();
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_says_why_and_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bot.db");
    std::fs::create_dir(&path).unwrap();
    let refusal = format!("{:#}", open(&path, &SCHEMA).await.unwrap_err());
    assert!(refusal.contains("unable to open database file"), "{refusal}");
}

#[test]
fn a_data_directory_serves_one_bot_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let directory = dir.path().join("data");
    let first = claim(&directory).unwrap();
    let refusal = claim(&directory).unwrap_err().to_string();
    assert!(refusal.contains("another bot runs from"), "{refusal}");
    drop(first);
    claim(&directory).unwrap();
}
