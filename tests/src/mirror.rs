//! A subject that cannot be wrong, since it asks the oracle; and ways to make it wrong, on which the
//! differential test is itself tested.

use crate::differential::Reference;
use crate::engine::FILE;
use crate::subject::{Outcome, Subject};
use muster_directory::{Cause, Delta, Ordinal, Rejection, RejectionCode, Source};
use std::num::NonZeroU32;

/// A way to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// None.
    Faithful,
    /// Every fiftieth delta is lost.
    LosesDeltas,
    /// Deltas of one line come in the reverse order.
    Reverses,
    /// A restart forgets that the last line was read.
    ForgetsAtRestart,
    /// Every memberOf cause is taken for the clock's.
    MistakesCauses,
    /// Cycles are taken.
    AllowsCycles,
    /// It panics at the hundredth delta.
    Panics,
}

/// The oracle as a subject.
pub struct Mirror {
    mutation: Mutation,
    reference: Reference,
    last: Option<Reference>,
    sequence: u64,
    lines: u64,
}

impl Mirror {
    /// One that is wrong in this way.
    #[must_use]
    pub fn new(mutation: Mutation) -> Mirror {
        Mirror { mutation, reference: Reference::default(), last: None, sequence: 0, lines: 0 }
    }

    fn is(&self, mutation: Mutation) -> bool {
        self.mutation == mutation
    }
}

impl Subject for Mirror {
    fn feed(&mut self, line: &str) -> Outcome {
        self.lines += 1;
        self.last = Some(self.reference.clone());
        let wrong =
            crate::history::wrong_lines().iter().find(|(text, _)| *text == line).map(|(_, code)| *code);
        let mut expected = match self.reference.feed(line, wrong).verdict {
            Ok(expected) => expected,
            Err(RejectionCode::MembershipCycle) if self.is(Mutation::AllowsCycles) => Vec::new(),
            Err(code) => return Err(Rejection::new(code, "the oracle says so")),
        };
        if self.is(Mutation::Reverses) {
            expected.reverse();
        }
        let count = u32::try_from(expected.len()).unwrap();
        let mut deltas = Vec::new();
        for (index, delta) in (1..).zip(expected) {
            self.sequence += 1;
            if self.is(Mutation::LosesDeltas) && self.sequence.is_multiple_of(50) {
                continue;
            }
            assert!(!self.is(Mutation::Panics) || self.sequence < 100, "a hundred is too many");
            let mistaken = self.is(Mutation::MistakesCauses) && matches!(delta.cause, Cause::MemberOf { .. });
            deltas.push(Delta {
                tenant: delta.membership.tenant,
                group: delta.membership.group,
                member: delta.membership.member,
                member_kind: delta.member_kind,
                change: delta.change,
                sequence: self.sequence,
                time: self.reference.clock(),
                event: Ordinal {
                    index: NonZeroU32::new(index).unwrap(),
                    count: NonZeroU32::new(count).unwrap(),
                },
                rule_version: delta.rule_version,
                cause: if mistaken { Cause::Clock } else { delta.cause },
                source: Source::File { file: FILE.into(), line: self.lines },
            });
        }
        Ok(deltas)
    }

    fn restart(&mut self) {
        if self.is(Mutation::ForgetsAtRestart)
            && let Some(last) = self.last.take()
        {
            self.reference = last;
        }
    }
}
