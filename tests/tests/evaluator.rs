//! A program version that evaluates differently: the deltas of the upgrade are the difference, whatever kills and
//! changes come meanwhile.
//!
//! `MUSTER_EVALUATOR_EVENTS` asks for so many event lines instead of the usual ones, and `MUSTER_SEED` begins with
//! the history of that seed.

use muster_tests::campaign::{campaign, number_from_environment};
use muster_tests::upgraded::compare_upgrades;

#[test]
fn another_evaluator_tells_the_difference_and_nothing_else() {
    let seed = number_from_environment("MUSTER_SEED", 1);
    let lines = number_from_environment("MUSTER_EVALUATOR_EVENTS", 20_000) as usize;
    let tally = campaign(seed, lines, &compare_upgrades).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:?}");
    let of_upgrades = tally.causes.get("upgrade").copied().unwrap_or_default();
    assert!(of_upgrades * 20 > tally.lines, "upgrades flip too few memberships");
}
