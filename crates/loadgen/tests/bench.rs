//! The benchmark finds a wrong index out, and gives no rate for it.
#![expect(clippy::unwrap_used, reason = "tests")]

use muster_directory::Instant;
use muster_index::{Affected, IndexKind, RowChange, RuleIndex, RuleNumber, Scratch, Table};
use muster_loadgen::bench::compare::compare_index;
use muster_loadgen::bench::matching::{MatchOptions, run};
use muster_loadgen::bench::report::Report;
use muster_loadgen::matcher::Matcher;
use muster_loadgen::{Profile, Size, Workload};
use muster_rule::Rule;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// What is done to the right answer.
#[derive(Debug)]
enum Fault {
    None,
    /// Flips of every third rule are lost.
    Loses,
    /// A rule that did not flip is named beside each that did.
    Invents,
}

#[derive(Debug)]
struct Faulty {
    right: Box<dyn RuleIndex>,
    fault: Fault,
}

impl RuleIndex for Faulty {
    fn insert(&mut self, number: RuleNumber, rule: Arc<Rule>) {
        self.right.insert(number, rule);
    }

    fn remove(&mut self, number: RuleNumber) {
        self.right.remove(number);
    }

    fn affected(
        &self,
        table: &mut Table,
        changes: &[RowChange<'_>],
        now: Instant,
        scratch: &mut Scratch,
        found: &mut Vec<Affected>,
    ) {
        self.right.affected(table, changes, now, scratch, found);
        match self.fault {
            Fault::None => {}
            Fault::Loses => found.retain(|one| !one.rule.is_multiple_of(3)),
            Fault::Invents => {
                let invented = found.iter().map(|one| Affected { rule: one.rule ^ 1, ..*one });
                *found = found.iter().copied().chain(invented.collect::<Vec<_>>()).collect();
            }
        }
    }
}

fn bench(fault: Fault, threads: usize) -> Report {
    let workload = Workload::new(Profile::Wide, Size { rules: 300, objects: 500 }, 3);
    let rules = workload.rules().unwrap();
    let right = IndexKind::default().build();
    let matcher = Matcher::with(Box::new(Faulty { right, fault }), &rules, workload.now());
    let options = MatchOptions { changes: Some(4000), threads: NonZeroUsize::new(threads).unwrap() };
    let measured = run(&workload, &rules, &matcher, options, |_| {});
    Report::new("match", &workload, threads, &measured, &[])
}

#[test]
fn a_right_index_has_a_rate() {
    for threads in [1, 3] {
        let report = bench(Fault::None, threads);
        assert!(report.is_right() && report.verified_changes > 100, "{report:?}");
        assert!(report.changes_per_second.is_some() && report.table().contains("changes/s"));
        assert!(report.changes >= 4000 && report.deltas > 0);
    }
}

#[test]
fn a_wrong_index_has_none() {
    for fault in [Fault::Loses, Fault::Invents] {
        let report = bench(fault, 2);
        assert!(report.differences > 0 && !report.is_right(), "{report:?}");
        assert_eq!((report.changes_per_second, report.deltas_per_second), (None, None));
        assert!(!report.table().contains("/s "), "{}", report.table());
    }
}

#[test]
fn baselines_agree_with_ours() {
    let workload = Workload::new(Profile::Typical, Size { rules: 300, objects: 300 }, 5);
    let rules = workload.rules().unwrap();
    for (kind, name) in [(IndexKind::Naive, "naive"), (IndexKind::Attribute, "attribute")] {
        let comparison = compare_index(&workload, &rules, kind, name);
        assert_eq!((comparison.disagreements, comparison.rules), (0, 300), "{comparison:?}");
        assert!(comparison.ratio > 0.0);
    }
}
