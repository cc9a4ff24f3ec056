//! Objects by value: bitmaps against plain evaluation after random histories, and previews against what saving then
//! does, delta for delta.
//!
//! `MUSTER_MIRROR_EVENTS` asks for so many event lines instead of the usual ones, and `MUSTER_SEED` begins with
//! the history of that seed.

use muster_tests::campaign::{campaign, number_from_environment};
use muster_tests::previewed::compare_previews;

#[test]
fn the_mirror_says_what_evaluation_says_and_previews_what_saving_does() {
    let seed = number_from_environment("MUSTER_SEED", 1);
    let lines = number_from_environment("MUSTER_MIRROR_EVENTS", 30_000) as usize;
    let tally = campaign(seed, lines, &compare_previews).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:?}");
    assert!(tally.flipping * 20 > tally.lines, "too few drafts select some and not others");
    assert!(tally.deltas * 10 > tally.lines, "too few edits flip memberships");
}
