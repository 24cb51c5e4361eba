//! The real program and its real database, killed: `textslash sandbox kill` does hundreds of it.

use futures::StreamExt;

use crate::program::Program;

/// Plans of which each takes seconds. Those with two processes or a full disk are left to the role: they may have
/// to wait for two minutes, for what may yet come late.
const SEEDS: [u64; 12] = [0, 2, 3, 4, 6, 7, 8, 9, 10, 12, 13, 14];

/// Stories at once: each is a Fly and a process.
const AT_ONCE: usize = 3;

/// What these plans come to at the least, however fast the machine is.
const KILLS_MIN: usize = 12;

#[tokio::test]
async fn a_dozen_kills_and_more_leave_nothing_behind() {
    let told = futures::stream::iter(SEEDS).map(async |seed| {
        let dir = tempfile::tempdir().unwrap();
        let seed = seed.to_string();
        let story = ["sandbox", "kill", "--quick", "--seed", &seed];
        let ended = Program::start(dir.path(), &story, &[]).end().await;
        assert_eq!(ended.code, 0, "seed {seed}:\n{}\n{}", ended.out, ended.err);
        let left = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 0, "seed {seed} leaves files");
        let sum = ended.out.lines().find_map(|line| line.split_once(" kills; broken stories: 0"));
        sum.unwrap_or_else(|| panic!("no sum:\n{}", ended.out)).0.parse::<usize>().unwrap()
    });
    let kills: Vec<usize> = told.buffer_unordered(AT_ONCE).collect().await;
    let kills: usize = kills.iter().sum();
    assert!(kills >= KILLS_MIN, "{kills} kills are not enough to say anything");
}
