//! Thousands of simulated worlds with faults, and what keeps the deltas exact in them.
//!
//! `MUSTER_SEED` runs the world of that seed alone, and prints what happened; `MUSTER_SIMULATIONS` asks for so many
//! worlds instead of the usual ones.

#![expect(clippy::panic, reason = "a test that cannot go on stops")]

use muster_tests::campaign::number_from_environment;
use muster_tests::simulation::{Protection, run};

/// So many worlds the tests look at.
const WORLDS: u64 = 3_000;

#[test]
fn nothing_is_lost_and_nothing_doubled_in_any_world() {
    if std::env::var_os("MUSTER_SEED").is_some() {
        let seed = number_from_environment("MUSTER_SEED", 1);
        match run(seed, None) {
            Ok(run) => println!("{}", run.trace.join("\n")),
            Err(violation) => panic!("{}\n{violation}", violation.trace.join("\n")),
        }
        return;
    }
    let worlds = number_from_environment("MUSTER_SIMULATIONS", WORLDS);
    let (mut deltas, mut restores, mut failures) = (0, 0, 0);
    for seed in 1..=worlds {
        let run = run(seed, None).unwrap_or_else(|violation| panic!("{violation}"));
        deltas += run.deltas;
        restores += run.restores;
        failures += run.failures;
    }
    println!("{worlds} worlds: {deltas} deltas, {restores} restored partitions, {failures} failed writes");
    let worlds = worlds as usize;
    assert!(deltas > 20 * worlds && restores > worlds && failures > worlds, "too little happens");
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    for seed in 1..=20 {
        assert_eq!(run(seed, None).unwrap(), run(seed, None).unwrap());
    }
}

/// The first world in which it is noticed that a protection is missing.
fn notices(without: Protection) {
    let first = (1..=WORLDS).find_map(|seed| run(seed, Some(without)).err());
    let violation =
        first.unwrap_or_else(|| panic!("without {without:?}, nothing happens in {WORLDS} worlds"));
    println!("without {without:?}, world {}: {}", violation.seed, violation.what);
}

#[test]
fn a_missing_fence_is_noticed() {
    notices(Protection::Fencing);
}

#[test]
fn a_trim_before_the_read_back_is_noticed() {
    notices(Protection::ReadBackBeforeTrim);
}

#[test]
fn what_is_published_before_it_is_synced_is_noticed() {
    notices(Protection::SyncBeforePublish);
}

#[test]
fn a_marker_outside_the_transaction_is_noticed() {
    notices(Protection::MarkerInTransaction);
}

#[test]
fn a_writer_kept_after_a_doubtful_result_is_noticed() {
    notices(Protection::DropDoubtfulWriter);
}

#[test]
fn catching_up_instead_of_a_wipe_is_noticed() {
    notices(Protection::WipeBeforeRestore);
}
