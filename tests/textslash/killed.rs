//! The real program, killed: `textslash sandbox kill` does hundreds of them.

use crate::program::Program;

#[tokio::test]
async fn a_few_dozen_kills_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let kill = ["sandbox", "kill", "--kills", "30", "--quick"];

    let ended = Program::start(dir.path(), &kill, &[]).end().await;

    println!("{}", ended.out);
    assert_eq!(ended.code, 0, "{}\n{}", ended.out, ended.err);
    for kind in [
        "killed at random",
        "killed, and the database's log torn",
        "two processes on one data directory",
        "a removal from nothing but the token",
        "the disk full",
        "a slow network that is cut",
    ] {
        let is_told = ended.out.contains(&format!("| {kind} |"));
        let is_skipped = ended.out.contains(&format!("Skipped: {kind}: "));
        assert!(is_told || is_skipped, "{kind} is missing:\n{}", ended.out);
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "files were left");
}
