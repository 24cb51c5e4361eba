//! The real program and its real database, killed: `textslash sandbox kill` does hundreds of it.

use crate::program::Program;

/// Those that are on their way when there have been so many are told to their end: two or three
/// times as many.
const KILLS: usize = 24;

#[tokio::test]
async fn dozens_of_kills_leave_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let kills = KILLS.to_string();
    let stories = ["sandbox", "kill", "--quick", "--kills", &kills];
    let ended = Program::start(dir.path(), &stories, &[]).end().await;

    assert_eq!(ended.code, 0, "{}\n{}", ended.out, ended.err);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "files are left");
    let sum = ended.out.lines().find_map(|line| line.split_once(" kills; broken stories: 0"));
    let sum = sum.unwrap_or_else(|| panic!("no sum:\n{}", ended.out)).0.parse::<usize>().unwrap();
    assert!(sum >= KILLS, "{sum} kills are not enough to say anything");
    for skipped in ended.out.lines().filter(|line| line.starts_with("Skipped")) {
        println!("{skipped}");
    }
}
