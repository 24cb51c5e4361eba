//! Stories of a relay and its VM.

use crate::arguments::{StoryKind, again};
use crate::{relay, seeds};

/// Stories whose seeds are the commit's.
const STORIES: u64 = 300;

pub(super) fn stories_have_legal_ends() {
    let first = seeds::first_seed();
    println!("{} --seeds {STORIES}", again(StoryKind::Relay, first));
    let table = relay::run_stories(first, STORIES);
    assert!(!table.is_broken(), "{table}");
}

pub(super) fn the_same_seed_is_the_same_story_line_by_line() {
    assert!(!relay::any_differs(seeds::first_seed(), STORIES));
}
