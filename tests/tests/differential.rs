//! Accumulated deltas are the difference of from-scratch memberships, after every single event.
//!
//! `MUSTER_DIFFERENTIAL_EVENTS` asks for so many event lines instead of the usual ones, and
//! `MUSTER_SEED` begins with the history of that seed.

use muster_directory::{Event, Instant, ObjectOp, Source};
use muster_engine::storage::Positions;
use muster_engine::{Catalog, Endings, Partition, Registrar, Request};
use muster_index::IndexKind;
use muster_rule::{Dialect, Schema};
use muster_tests::campaign::{campaign, number_from_environment};
use muster_tests::decode::decode;
use muster_tests::differential::{Mismatch, Tally, compare};
use muster_tests::engine::TestEngine;
use muster_tests::history::{Step, history};
use muster_tests::mirror::{Mirror, Mutation};
use muster_tests::sliced::compare_at_rest;
use muster_tests::subject::Subject;
use std::sync::Arc;

fn seed() -> u64 {
    number_from_environment("MUSTER_SEED", 1)
}

/// The lines to play, of which one use gets `share` in a hundred.
fn lines(share: usize) -> usize {
    number_from_environment("MUSTER_DIFFERENTIAL_EVENTS", 100_000) as usize * share / 100
}

fn mirror(mutation: Mutation, steps: &[Step]) -> Result<Tally, Mismatch> {
    compare(steps, &mut [("mirror", Box::new(Mirror::new(mutation)))])
}

#[test]
fn engines_agree_with_the_oracle() {
    let engines = |_, steps: &[Step]| {
        let mut engines: [(&str, Box<dyn Subject>); 3] = [
            ("value", Box::new(TestEngine::new(IndexKind::Value))),
            ("attribute", Box::new(TestEngine::new(IndexKind::Attribute))),
            ("naive", Box::new(TestEngine::new(IndexKind::Naive))),
        ];
        compare(steps, &mut engines)
    };
    let tally = campaign(seed(), lines(100), &engines).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:?}");
}

#[test]
fn slices_lead_to_what_the_oracle_says() {
    let tally = campaign(seed(), lines(50), &compare_at_rest).unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:?}");
}

#[test]
fn a_partition_that_starts_after_the_definitions_follows_them() {
    let schemas: Arc<Schema> = Arc::default();
    let read = |line: &str| muster_wire::decode(line.as_bytes(), &schemas).unwrap();
    let source = Source::File { file: "f".into(), line: 1 };
    let mut catalog = Catalog::new(IndexKind::Value);
    let group =
        r#"{"kind":"group","op":"upsert","id":"g","data":{"membershipRule":"user.city -eq \"Oslo\""}}"#;
    let Event::Group(request) = read(group) else { panic!("a group") };
    let registrar = Registrar { default_dialect: Dialect::Entra };
    let definition = registrar.decide(&catalog, Request::Group(request), 0, &source).unwrap().unwrap();
    catalog.apply(&definition);

    let mut partition = Partition::new(Instant::from_millis(0));
    partition.restored(&catalog, &source, &Endings::default());
    let Event::Object(change) = read(r#"{"kind":"user","op":"upsert","id":"u","data":{"city":"oslo"}}"#)
    else {
        panic!("a user")
    };
    partition.change(&catalog, change, &source).unwrap();
    let entry = partition.take_entry(Positions::new(), 1, Vec::new());
    assert_eq!(entry.deltas.len(), 1, "{:?}", entry.deltas);
}

#[test]
fn histories_are_interesting() {
    let tally = campaign(seed(), 8_000, &|_, steps| mirror(Mutation::Faithful, steps))
        .unwrap_or_else(|failure| panic!("{failure}"));
    println!("{tally:#?}");
    assert!(tally.flipping * 4 > tally.lines, "too few lines flip a membership");
    for cause in ["change", "created", "deleted", "rule", "clock", "memberOf", "member"] {
        let count = tally.causes.get(cause).copied().unwrap_or_default();
        assert!(count >= 20, "{count} deltas with the cause {cause}");
    }
    let refused: usize = tally.refused.values().sum();
    assert!(refused * 6 < tally.lines, "too many lines are refused");
}

#[test]
fn a_wrong_subject_is_caught() {
    for mutation in [
        Mutation::LosesDeltas,
        Mutation::Reverses,
        Mutation::ForgetsAtRestart,
        Mutation::MistakesCauses,
        Mutation::AllowsCycles,
        Mutation::Panics,
    ] {
        let failure =
            campaign(1, 4_000, &|_, steps| mirror(mutation, steps)).expect_err("a wrong subject passes");
        println!("{mutation:?}: {failure}\n");
        assert!(failure.steps.len() < 60, "{mutation:?}: not small: {failure}");
    }
}

#[test]
fn lines_are_read_as_the_plain_reader_reads_them() {
    for seed in seed()..seed() + 20 {
        let mut schema: Arc<Schema> = Arc::default();
        for step in history(seed, 400) {
            let Step::Line { text, wrong } = step else { continue };
            let read = muster_wire::decode(text.as_bytes(), &schema).map_err(|rejection| rejection.code);
            let expected = match wrong {
                Some(code) => Err(code),
                None => decode(&text, |_| Arc::clone(&schema)),
            };
            if let Ok(Event::Schema(request)) = &expected {
                schema = Arc::clone(&request.schema);
            }
            assert_eq!(read.map(sorted), expected.map(sorted), "seed {seed}: {text}");
        }
    }
}

/// The event with its attributes in their order.
fn sorted(mut event: Event) -> Event {
    if let Event::Object(change) = &mut event
        && let ObjectOp::Upsert(patch) | ObjectOp::Patch(patch) = &mut change.op
    {
        patch.known.sort_by(|(a, _), (b, _)| a.cmp(b));
        patch.unknown.sort();
    }
    event
}
