//! The table of take-over, row by row, and then every combination of small findings.

use super::*;
use muster_directory::Instant;

const US: u128 = 7;
const THEM: u128 = 8;

fn marker(owner: u128, lineage: u64, entry: u64, sequence: u64) -> Marker {
    Marker {
        owner,
        lineage,
        entry,
        sequence,
        positions: [("muster.changes".to_owned(), entry * 10)].into(),
        definitions_position: 0,
        clock: Instant::from_millis(0),
    }
}

fn head(entry: u64, sequence: u64) -> PartitionHead {
    PartitionHead {
        entry,
        sequence,
        clock: Instant::from_millis(0),
        positions: [("muster.changes".to_owned(), entry * 10)].into(),
        definitions_position: 0,
    }
}

/// One row: what is found, in the fewest words.
#[derive(Clone, Debug)]
struct Row {
    head: Option<PartitionHead>,
    acknowledged: Option<Marker>,
    intent: Option<u64>,
    /// Of the log; `changelog` says where it is.
    marker: Option<Marker>,
    has_changelog: bool,
    offset: Option<Mark>,
    output: Output,
    resolution: Option<Resolution>,
}

impl Row {
    /// Ours, in order: entries to 5, sequences to 9 are published; 8 and 12 are on the disk.
    fn running() -> Row {
        let published = marker(US, 3, 5, 9);
        Row {
            head: Some(head(8, 12)),
            acknowledged: Some(published.clone()),
            intent: Some(3),
            offset: Some(Mark::from(&published)),
            marker: Some(published),
            has_changelog: true,
            output: Output::Last(9),
            resolution: None,
        }
    }

    fn decide(&self) -> Decision {
        let changelog = match &self.marker {
            _ if !self.has_changelog => Changelog::Off,
            None => Changelog::Empty,
            Some(marker) => Changelog::Marked(marker.clone()),
        };
        decide(&Findings {
            owner: US,
            head: self.head.as_ref(),
            acknowledged: self.acknowledged.as_ref(),
            intent: self.intent,
            changelog: &changelog,
            offset: self.offset,
            output: self.output,
            resolution: self.resolution,
        })
    }

    /// The log's marker is this one, with its witnesses.
    fn with_log(self, log: Marker) -> Row {
        Row { offset: Some(Mark::from(&log)), output: Output::Last(log.sequence), marker: Some(log), ..self }
    }
}

const EMPTY: Row = Row {
    head: None,
    acknowledged: None,
    intent: None,
    marker: None,
    has_changelog: true,
    offset: None,
    output: Output::Unused,
    resolution: None,
};

const PUBLISH: Decision = Decision::Publish { lineage: 4, after: 5, sequence: 9, present: 9 };

fn refusal(row: &Row) -> Refusal {
    match row.decide() {
        Decision::Refuse(refusal) => refusal,
        other => panic!("{row:?}: {other:?}"),
    }
}

#[test]
fn ii_our_own_marker_with_the_disk_at_or_beyond_it_is_published_from() {
    assert_eq!(Row::running().decide(), PUBLISH);
    let nothing_to_do = Row { head: Some(head(5, 9)), ..Row::running() };
    assert_eq!(nothing_to_do.decide(), PUBLISH);
    // Committed, and killed before it was read back.
    let behind = Row { acknowledged: Some(marker(US, 3, 4, 6)), ..Row::running() };
    assert_eq!(behind.decide(), PUBLISH);
    // Without a changelog the offset has the marker.
    let off = Row { has_changelog: false, marker: None, ..Row::running() };
    assert_eq!(off.decide(), PUBLISH);
}

#[test]
fn iii_a_disk_that_does_not_continue_the_log_is_wiped() {
    let restore = |lineage, because| match lineage {
        5 => Decision::Restore { lineage, present: 10, because },
        6 => Decision::Restore { lineage, present: 30, because },
        _ => Decision::Restore { lineage, present: 9, because },
    };
    let went_back = RestoreReason::DiskWentBack;
    let behind = Row { head: Some(head(4, 8)), acknowledged: Some(marker(US, 3, 4, 8)), ..Row::running() };
    assert_eq!(behind.decide(), restore(4, went_back));
    let diverged = Row { head: Some(head(5, 8)), ..Row::running() };
    assert_eq!(diverged.decide(), restore(4, went_back));

    let theirs = Row::running().with_log(marker(THEM, 4, 6, 10));
    assert_eq!(theirs.decide(), restore(5, RestoreReason::AnotherOwner));
    let new = Row { head: None, acknowledged: None, intent: None, ..theirs };
    assert_eq!(new.decide(), restore(5, RestoreReason::NoState));

    // We had it, they had it, we had it again; then the directory was put back to the first time. Its
    // entries are more than the log's, and yet others.
    let older = Row { head: Some(head(50, 90)), ..Row::running().with_log(marker(US, 5, 20, 30)) };
    assert_eq!(older.decide(), restore(6, went_back));

    let theirs = Row::running().with_log(marker(THEM, 4, 6, 10));
    let off = Row { has_changelog: false, marker: None, ..theirs };
    let because = RestoreReason::AnotherOwner;
    assert_eq!(refusal(&off), Refusal::NoChangelog { because });
}

#[test]
fn iv_a_torn_output_is_completed_from_our_outbox_or_stops() {
    let torn = Row { output: Output::Last(11), ..Row::running() };
    assert_eq!(torn.decide(), Decision::Publish { lineage: 4, after: 5, sequence: 9, present: 11 });
    let all_of_it = Row { output: Output::Last(12), ..Row::running() };
    assert_eq!(all_of_it.decide(), Decision::Publish { lineage: 4, after: 5, sequence: 9, present: 12 });
    let more = Row { output: Output::Last(13), ..Row::running() };
    assert_eq!(refusal(&more), Refusal::TornOutput { published: 9, output: 13 });
    let theirs = Row { output: Output::Last(11), ..Row::running().with_log(marker(THEM, 4, 6, 10)) };
    assert_eq!(refusal(&theirs), Refusal::TornOutput { published: 10, output: 11 });
}

#[test]
fn an_operator_decides_what_nothing_here_can() {
    let stands = Some(Resolution::KeepPublished);
    let torn = Row { output: Output::Last(13), resolution: stands, ..Row::running() };
    assert_eq!(torn.decide(), Decision::Publish { lineage: 4, after: 5, sequence: 9, present: 13 });
    let theirs = Row { resolution: stands, ..Row::running().with_log(marker(THEM, 4, 6, 10)) };
    let because = RestoreReason::AnotherOwner;
    let theirs = Row { output: Output::Last(11), ..theirs };
    assert_eq!(theirs.decide(), Decision::Restore { lineage: 5, present: 11, because });
    let without = Some(Resolution::GoOnWithout);
    for output in [Output::Unused, Output::Last(3)] {
        let row = Row { output, resolution: without, ..Row::running() };
        assert_eq!(row.decide(), PUBLISH);
    }
    // Each decides what it is about, and nothing else.
    let wrong = Row { output: Output::Last(13), resolution: without, ..Row::running() };
    assert!(matches!(refusal(&wrong), Refusal::TornOutput { .. }));
    let wrong = Row { output: Output::Unused, resolution: stands, ..Row::running() };
    assert!(matches!(refusal(&wrong), Refusal::OutputBehind { .. }));
    for resolution in [stands, without] {
        let row = Row { head: Some(head(1, 0)), resolution, ..EMPTY };
        assert!(matches!(refusal(&row), Refusal::NoMarker { .. }));
    }
}

#[test]
fn v_without_a_marker_only_emptiness_is_a_first_start() {
    let first = Decision::FirstStart { lineage: 1 };
    assert_eq!(EMPTY.decide(), first);
    assert_eq!(Row { has_changelog: false, ..EMPTY }.decide(), first);
    assert_eq!(Row { output: Output::Unnumbered, ..EMPTY }.decide(), first);
    // Killed between the intent and the claim.
    assert_eq!(Row { intent: Some(1), ..EMPTY }.decide(), first);

    for (row, found) in [
        (Row { head: Some(head(1, 0)), ..EMPTY }, Trace::State),
        (Row { acknowledged: Some(marker(US, 1, 0, 0)), ..EMPTY }, Trace::State),
        (Row { output: Output::Last(1), ..EMPTY }, Trace::Deltas),
        (Row { output: Output::Expired, ..EMPTY }, Trace::Deltas),
        (Row { offset: Some(Mark::from(&marker(US, 1, 1, 1))), ..EMPTY }, Trace::Offset),
    ] {
        assert_eq!(refusal(&row), Refusal::NoMarker { found }, "{row:?}");
    }
}

#[test]
fn v_the_changelogs_marker_decides_when_the_witnesses_are_gone() {
    for output in [Output::Last(9), Output::Expired] {
        for offset in [None, Row::running().offset] {
            assert_eq!(Row { output, offset, ..Row::running() }.decide(), PUBLISH);
        }
    }
}

#[test]
fn witnesses_that_contradict_stop() {
    let older = Mark { entry: 4, ..Mark::from(&marker(US, 3, 5, 9)) };
    let disagree = Row { offset: Some(older), ..Row::running() };
    assert!(matches!(refusal(&disagree), Refusal::WitnessesDisagree { offset, .. } if offset == older));
    for (output, last) in [(Output::Last(8), 8), (Output::Unused, 0)] {
        let row = Row { output, ..Row::running() };
        assert_eq!(refusal(&row), Refusal::OutputBehind { published: 9, output: last });
    }
}

#[test]
fn a_log_without_what_was_read_back_from_it_stops() {
    for log in [marker(US, 3, 4, 9), marker(US, 2, 5, 9), marker(THEM, 3, 5, 9), marker(THEM, 4, 4, 8)] {
        let row = Row::running().with_log(log);
        assert!(matches!(refusal(&row), Refusal::LogWentBack { .. }), "{row:?}");
    }
}

#[test]
fn vi_a_claim_that_was_committed_and_not_recorded_is_recognised() {
    // A first start: nothing but the intent is on the disk.
    let first = Row { intent: Some(1), ..EMPTY }.with_log(marker(US, 1, 0, 0));
    let first = Row { output: Output::Unused, ..first };
    assert_eq!(first.decide(), Decision::Publish { lineage: 2, after: 0, sequence: 0, present: 0 });
    // Our own partition, claimed again.
    let again = Row { intent: Some(4), ..Row::running() }.with_log(marker(US, 4, 5, 9));
    assert_eq!(again.decide(), Decision::Publish { lineage: 5, after: 5, sequence: 9, present: 9 });
    // One that was restored from theirs.
    let restored = Row {
        head: Some(head(6, 10)),
        acknowledged: Some(marker(THEM, 4, 6, 10)),
        intent: Some(5),
        ..Row::running()
    };
    let restored = restored.with_log(marker(US, 5, 6, 10));
    assert_eq!(restored.decide(), Decision::Publish { lineage: 6, after: 6, sequence: 10, present: 10 });
    // Meant, but never committed.
    let meant = Row { intent: Some(4), ..Row::running() };
    assert_eq!(meant.decide(), PUBLISH);
}

/// Every combination of small numbers, against what must hold of any decision.
#[test]
fn no_decision_loses_doubles_or_guesses() {
    let marks = || {
        let numbers = (0..=2).flat_map(|entry| (0..=2).map(move |sequence| (entry, sequence)));
        let all = [US, THEM].into_iter().flat_map(move |owner| {
            let numbers = numbers.clone();
            (1..=2).flat_map(move |lineage| {
                numbers.clone().map(move |(entry, sequence)| marker(owner, lineage, entry, sequence))
            })
        });
        std::iter::once(None).chain(all.map(Some))
    };
    let heads: Vec<_> = std::iter::once(None)
        .chain((1..=2).flat_map(|entry| (0..=2).map(move |sequence| Some(head(entry, sequence)))))
        .collect();
    let outputs = [Output::Unnumbered, Output::Unused, Output::Expired, Output::Last(1), Output::Last(2)];
    let mut decided = [0_u64; 4];
    for log in marks() {
        for acknowledged in marks() {
            for head in &heads {
                for intent in [None, Some(1), Some(2)] {
                    for output in outputs {
                        for (has_changelog, has_offset) in [(true, true), (true, false), (false, true)] {
                            let row = Row {
                                head: head.clone(),
                                acknowledged: acknowledged.clone(),
                                intent,
                                offset: log.as_ref().filter(|_| has_offset).map(Mark::from),
                                marker: log.clone().filter(|_| has_changelog),
                                has_changelog,
                                output,
                                resolution: None,
                            };
                            let decision = row.decide();
                            hold(&row, log.as_ref(), decision);
                            decided[match decision {
                                Decision::FirstStart { .. } => 0,
                                Decision::Publish { .. } => 1,
                                Decision::Restore { .. } => 2,
                                Decision::Refuse(_) => 3,
                            }] += 1;
                        }
                    }
                }
            }
        }
    }
    assert!(decided.iter().all(|&count| count > 0), "{decided:?}");
}

fn hold(row: &Row, log: Option<&Marker>, decision: Decision) {
    let last = match row.output {
        Output::Last(sequence) => Some(sequence),
        _ => None,
    };
    let (entry, sequence) = row.head.as_ref().map_or((0, 0), |head| (head.entry, head.sequence));
    match decision {
        Decision::FirstStart { lineage } => {
            assert_eq!(lineage, 1);
            assert!(log.is_none() && row.head.is_none() && row.acknowledged.is_none(), "{row:?}");
            assert!(!matches!(row.output, Output::Last(_) | Output::Expired), "{row:?}");
        }
        Decision::Publish { lineage, after, sequence: published, present } => {
            let log = log.expect("one publishes after a marker");
            assert_eq!((log.owner, log.lineage + 1, log.entry), (US, lineage, after), "{row:?}");
            assert!(entry >= after, "the rest is on the disk: {row:?}");
            // The outbox still holds everything after the marker.
            assert!(row.acknowledged.as_ref().is_none_or(|trimmed| trimmed.entry <= after), "{row:?}");
            assert!(present == published || last == Some(present) && present <= sequence, "{row:?}");
            assert!(row.output != Output::Unused || published == 0, "{row:?}");
        }
        Decision::Restore { lineage, .. } => {
            let log = log.expect("one restores up to a marker");
            assert!(row.has_changelog, "{row:?}");
            assert_eq!(lineage, log.lineage + 1);
            assert!(last.is_none_or(|last| last == log.sequence), "nothing is torn: {row:?}");
        }
        Decision::Refuse(refusal) => {
            let text = refusal.to_string();
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
        }
    }
}
