use std::os::unix::fs::PermissionsExt;

use super::*;

#[tokio::test]
async fn what_the_database_holds_is_for_its_owner_alone() {
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
