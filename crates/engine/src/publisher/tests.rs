//! Each rule by itself, and then random histories of a host, a log and a network that loses answers.

use super::*;

const FROM: Published = Published { lineage: 1, entry: 10, sequence: 20 };

/// So many entries after 10: one delta, one record and ten bytes each.
fn weights(entries: std::ops::RangeInclusive<u64>) -> Vec<Weight> {
    entries.map(|entry| Weight { entry, sequence: entry + 10, records: 1, bytes: 10 }).collect()
}

fn at(lineage: u64, entry: u64) -> Published {
    Published { lineage, entry, sequence: entry + 10 }
}

fn publisher() -> Publisher {
    Publisher::new(Limits { records: 4, bytes: 1_000, backlog_bytes: 100, backlog_entries: 100 }, FROM)
}

fn write(after: u64, through: u64) -> Vec<Action> {
    vec![Action::Write { after, through }]
}

fn take_over(millis: u64) -> Vec<Action> {
    vec![Action::TakeOver { after: Duration::from_millis(millis) }]
}

#[test]
fn an_entry_waits_for_nothing_and_those_that_come_meanwhile_go_together() {
    let mut publisher = publisher();
    assert_eq!(publisher.handle(Input::Committed(weights(11..=11))), write(10, 11));
    assert_eq!(publisher.handle(Input::Committed(weights(12..=13))), []);
    assert_eq!(publisher.handle(Input::Committed(weights(14..=14))), []);
    assert_eq!(publisher.handle(Input::Written), write(11, 14));
    assert_eq!(publisher.handle(Input::Written), []);
}

#[test]
fn transactions_hold_whole_entries_within_the_limits() {
    let mut publisher = publisher();
    assert_eq!(publisher.handle(Input::Committed(weights(11..=20))), write(10, 14));
    assert_eq!(publisher.handle(Input::Written), write(14, 18));
    let large = Weight { entry: 21, sequence: 31, records: 9, bytes: 9_000 };
    assert_eq!(publisher.handle(Input::Committed(vec![large])), []);
    assert_eq!(publisher.handle(Input::Written), write(18, 20));
    assert_eq!(publisher.handle(Input::Written), write(20, 21), "larger than any limit, it goes alone");
    let heavy = |entry| Weight { entry, sequence: entry + 10, records: 1, bytes: 600 };
    let _ = publisher.handle(Input::Committed(vec![heavy(22), heavy(23)]));
    assert_eq!(publisher.handle(Input::Written), write(21, 22));
}

#[test]
fn only_what_was_read_back_is_trimmed() {
    let mut publisher = publisher();
    let _ = publisher.handle(Input::Committed(weights(11..=13)));
    assert_eq!(publisher.handle(Input::Written), []);
    assert!(!publisher.is_drained());
    assert_eq!(publisher.backlog(), Backlog { entries: 3, records: 3, bytes: 30 });
    // The marker of the claim comes first.
    assert_eq!(publisher.handle(Input::ReadBack(FROM)), []);
    assert_eq!(publisher.handle(Input::ReadBack(at(1, 13))), [Action::Acknowledge(at(1, 13))]);
    assert!(publisher.is_drained());
    assert_eq!(publisher.backlog(), Backlog::default());
    assert_eq!(publisher.acknowledged(), at(1, 13));
}

#[test]
fn a_marker_may_be_read_before_the_writer_returns() {
    let mut publisher = publisher();
    assert_eq!(publisher.handle(Input::Committed(weights(11..=12))), write(10, 12));
    assert_eq!(publisher.handle(Input::ReadBack(at(1, 12))), [Action::Acknowledge(at(1, 12))]);
    assert_eq!(publisher.handle(Input::Committed(weights(13..=13))), []);
    assert_eq!(publisher.handle(Input::Written), write(12, 13));
}

#[test]
fn input_waits_while_too_much_is_not_acknowledged() {
    let mut publisher = publisher();
    let _ = publisher.handle(Input::Committed(weights(11..=14)));
    let _ = publisher.handle(Input::Committed(weights(15..=19)));
    assert!(!publisher.is_full());
    let _ = publisher.handle(Input::Committed(weights(20..=20)));
    assert!(publisher.is_full(), "a hundred bytes");
    let _ = publisher.handle(Input::ReadBack(at(1, 14)));
    assert!(!publisher.is_full());
}

#[test]
fn doubt_is_settled_by_taking_over() {
    for committed in [10, 14] {
        let mut publisher = publisher();
        assert_eq!(publisher.handle(Input::Committed(weights(11..=16))), write(10, 14));
        assert_eq!(publisher.handle(Input::Failed(WriteFailure::Doubtful)), take_over(0));
        assert_eq!(publisher.handle(Input::Written), [], "too late to be believed");
        let found = at(2, committed);
        let mut expected = vec![Action::Acknowledge(found)];
        expected.extend(write(committed, if committed == 10 { 14 } else { 16 }));
        assert_eq!(publisher.handle(Input::TakenOver(found)), expected, "{committed}");
        // The reader comes to the old lineage's marker only now.
        assert_eq!(publisher.handle(Input::ReadBack(at(1, 14))), []);
        assert_eq!(publisher.handle(Input::ReadBack(found)), [], "nor is the claim's news");
    }
}

#[test]
fn repeated_failures_back_off_until_something_is_published() {
    let mut publisher = publisher();
    let _ = publisher.handle(Input::Committed(weights(11..=11)));
    for (millis, lineage) in [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000].into_iter().zip(2..)
    {
        assert_eq!(publisher.handle(Input::Failed(WriteFailure::Doubtful)), take_over(millis));
        if lineage % 2 == 0 {
            let _ = publisher.handle(Input::TakenOver(at(lineage, 10)));
            let _ = publisher.handle(Input::ReadBack(at(lineage, 10)));
        }
    }
    let _ = publisher.handle(Input::TakenOver(at(20, 10)));
    let _ = publisher.handle(Input::ReadBack(at(20, 11)));
    assert_eq!(publisher.handle(Input::Failed(WriteFailure::Doubtful)), take_over(0));
}

#[test]
fn a_fence_is_not_believed_before_the_group_was_asked() {
    let mut publisher = publisher();
    let _ = publisher.handle(Input::Committed(weights(11..=11)));
    for lineage in 2..=6 {
        assert_eq!(publisher.handle(Input::Failed(WriteFailure::Fenced)), [Action::AskOwnership]);
        assert_eq!(publisher.handle(Input::Failed(WriteFailure::Doubtful)), [], "one answer is enough");
        let actions = publisher.handle(Input::Ownership(Ownership::Ours));
        assert!(matches!(actions[..], [Action::TakeOver { .. }]), "{actions:?}");
        let _ = publisher.handle(Input::TakenOver(at(lineage, 10)));
    }
    let _ = publisher.handle(Input::Failed(WriteFailure::Fenced));
    assert_eq!(publisher.handle(Input::Ownership(Ownership::Ours)), [Action::GiveUp], "five times in a row");
    assert_eq!(publisher.handle(Input::Committed(weights(12..=12))), [], "it is over");

    let mut lost = self::publisher();
    let _ = lost.handle(Input::Committed(weights(11..=11)));
    let _ = lost.handle(Input::Failed(WriteFailure::Fenced));
    assert_eq!(lost.handle(Input::Ownership(Ownership::Lost)), [Action::GiveUp]);
}

#[test]
fn somebody_elses_claim_is_a_fence() {
    let mut publisher = publisher();
    assert_eq!(publisher.handle(Input::ReadBack(at(2, 10))), [Action::AskOwnership]);
}

#[test]
fn what_cannot_be_published_stops_the_partition() {
    let mut publisher = publisher();
    let _ = publisher.handle(Input::Committed(weights(11..=11)));
    let reason = "too large".to_owned();
    let failure = WriteFailure::Refused { reason: reason.clone() };
    assert_eq!(publisher.handle(Input::Failed(failure)), [Action::Stop(StopReason::Refused { reason })]);
}

#[test]
fn a_log_that_contradicts_stops_the_partition() {
    let written = || {
        let mut publisher = publisher();
        let _ = publisher.handle(Input::Committed(weights(11..=14)));
        let _ = publisher.handle(Input::ReadBack(at(1, 12)));
        publisher
    };
    let wrong = Published { sequence: 22, ..at(1, 13) };
    for (found, reason) in [
        (wrong, StopReason::Contradicted { entry: 13, found: 22, expected: 23 }),
        (at(1, 11), StopReason::WentBack { found: 11, acknowledged: 12 }),
        (at(1, 15), StopReason::Ahead { found: 15, written: 14 }),
    ] {
        assert_eq!(written().handle(Input::ReadBack(found)), [Action::Stop(reason.clone())]);
        let mut down = written();
        let _ = down.handle(Input::Failed(WriteFailure::Doubtful));
        let found = Published { lineage: 2, ..found };
        assert_eq!(down.handle(Input::TakenOver(found)), [Action::Stop(reason)]);
    }
}

/// A host, a log, and a network that loses answers, driven by a seed.
struct World {
    random: u64,
    publisher: Publisher,
    todo: VecDeque<Action>,
    /// The store: entries committed, with their sequences.
    committed: Vec<Weight>,
    /// The log: the entries published, and the markers in order.
    published: Vec<u64>,
    markers: Vec<Published>,
    /// How many markers the reader has read.
    read: usize,
    /// A transaction whose outcome nobody knows yet.
    in_doubt: Option<(u64, u64)>,
    lineage: u64,
    acknowledged: u64,
}

const LIMITS: Limits = Limits { records: 8, bytes: 200, backlog_bytes: 2_000, backlog_entries: 50 };

impl World {
    fn new(seed: u64) -> World {
        let from = Published { lineage: 1, entry: 0, sequence: 0 };
        World {
            random: seed,
            publisher: Publisher::new(LIMITS, from),
            todo: VecDeque::new(),
            committed: Vec::new(),
            published: Vec::new(),
            markers: vec![from],
            read: 0,
            in_doubt: None,
            lineage: 1,
            acknowledged: 0,
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn tell(&mut self, input: Input) {
        let actions = self.publisher.handle(input);
        self.todo.extend(actions);
    }

    fn commit(&mut self) {
        if self.publisher.is_full() {
            return;
        }
        let mut weights = Vec::new();
        for _ in 0..=self.below(5) {
            let last = self.committed.last();
            let (entry, sequence) = last.map_or((1, 0), |last| (last.entry + 1, last.sequence));
            let deltas = self.below(4);
            let bytes = 1 + self.below(90);
            let weight = Weight { entry, sequence: sequence + deltas, records: deltas + 1, bytes };
            self.committed.push(weight);
            weights.push(weight);
        }
        self.tell(Input::Committed(weights));
    }

    fn append(&mut self, after: u64, through: u64) {
        self.published.extend(after + 1..=through);
        let sequence = self.sequence(through);
        self.markers.push(Published { lineage: self.lineage, entry: through, sequence });
    }

    fn sequence(&self, entry: u64) -> u64 {
        entry.checked_sub(1).map_or(0, |index| self.committed[index as usize].sequence)
    }

    fn read(&mut self) {
        if let Some(marker) = self.markers.get(self.read).copied() {
            self.read += 1;
            self.tell(Input::ReadBack(marker));
        }
    }

    /// Does the next thing the publisher asked for; with trouble, things go wrong.
    fn act(&mut self, trouble: bool) {
        let Some(action) = self.todo.pop_front() else { return };
        match action {
            Action::Write { after, through } => {
                let weights: Vec<_> =
                    self.committed.iter().filter(|w| after < w.entry && w.entry <= through).collect();
                let records: u64 = weights.iter().map(|weight| weight.records).sum();
                assert!(weights.len() == 1 || records <= LIMITS.records, "{weights:?}");
                match if trouble { self.below(5) } else { 0 } {
                    0 | 1 => {
                        self.append(after, through);
                        // The reader may be faster than the answer.
                        for _ in 0..self.below(3) {
                            self.read();
                        }
                        self.tell(Input::Written);
                    }
                    2 => self.tell(Input::Failed(WriteFailure::Doubtful)),
                    3 => {
                        self.in_doubt = Some((after, through));
                        self.tell(Input::Failed(WriteFailure::Doubtful));
                    }
                    _ => self.tell(Input::Failed(WriteFailure::Fenced)),
                }
            }
            Action::Acknowledge(published) => {
                assert!(published.entry <= self.published.len() as u64, "trimmed before it was in the log");
                assert!(published.entry >= self.acknowledged);
                self.acknowledged = published.entry;
            }
            Action::TakeOver { .. } => {
                if trouble && self.below(3) == 0 {
                    return self.tell(Input::Failed(WriteFailure::Doubtful));
                }
                // Fencing settles what was in doubt, one way or the other.
                if let Some((after, through)) = self.in_doubt.take()
                    && self.below(2) == 0
                {
                    self.append(after, through);
                }
                let last = self.published.len() as u64;
                self.lineage += 1;
                let marker = Published { lineage: self.lineage, entry: last, sequence: self.sequence(last) };
                self.markers.push(marker);
                self.tell(Input::TakenOver(marker));
            }
            Action::AskOwnership => self.tell(Input::Ownership(Ownership::Ours)),
            Action::GiveUp | Action::Stop(_) => panic!("{action:?}"),
        }
    }
}

#[test]
fn whatever_happens_the_log_gets_every_entry_once_and_in_order() {
    for seed in 0..2_000 {
        let mut world = World::new(seed);
        for _ in 0..120 {
            match world.below(4) {
                0 => world.commit(),
                1 => world.read(),
                // Fences are bounded in a row, so trouble is rare enough to get through.
                _ => {
                    let trouble = world.below(3) == 0;
                    world.act(trouble);
                }
            }
        }
        while !world.todo.is_empty() || world.read < world.markers.len() {
            world.act(false);
            world.read();
        }
        let last = world.committed.len() as u64;
        assert_eq!(world.published, (1..=last).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(world.acknowledged, last, "seed {seed}: all of it is trimmed");
        assert!(world.publisher.is_drained(), "seed {seed}");
    }
}

#[test]
fn a_gap_or_a_duplicate_in_the_output_stops_the_partition() {
    for (sequences, found, expected) in [(&[10, 11, 13][..], 13, 12), (&[10, 10], 10, 11), (&[9], 9, 10)] {
        let mut publisher =
            Publisher::new(Limits::default(), Published { lineage: 1, entry: 3, sequence: 9 });
        let actions: Vec<Action> =
            sequences.iter().flat_map(|&sequence| publisher.handle(Input::Delivered(sequence))).collect();
        assert_eq!(actions, [Action::Stop(StopReason::NotDense { found, expected })]);
    }
    let publisher = Publisher::new(Limits::default(), Published { lineage: 1, entry: 3, sequence: 9 });
    let mut publisher = publisher.with_present(12);
    for input in [Input::Delivered(13), Input::Present(15), Input::Delivered(16)] {
        assert_eq!(publisher.handle(input), []);
    }
}
