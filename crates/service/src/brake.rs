//! The brake's question to all partitions, asked by the registrar: who would leave a group by an edit.
//!
//! The answer is about every definition before the edit: the registrar has written those, and waits here until they
//! are in force, as a partition takes what is in force before it answers. Only a process that owns all partitions
//! gets an answer; while one of them is not here, or is being restored, the edit waits, and what is asked after it.

use crate::Fault;
use crate::shared::Shared;
use crate::stop::Stop;
use muster_directory::Impact;
use muster_engine::{Against, Draft, Proposal};
use std::time::{Duration, Instant};

/// Ids that are kept of those who would join or leave.
const SAMPLES: usize = 20;
/// How often it is looked whether definitions are in force.
const POLL: Duration = Duration::from_millis(2);
/// Before partitions that did not answer are asked again.
const RETRY: Duration = Duration::from_millis(500);
/// After how long it is said what is waited for.
const TELL_PERIOD: Duration = Duration::from_secs(30);

/// What the proposal would do, in all partitions, once the definitions of requests before `accepted` are in force.
pub(crate) fn impact(
    shared: &Shared,
    stop: &Stop,
    proposal: &Proposal,
    accepted: u64,
) -> Result<Impact, Fault> {
    let mut told = None;
    let began = Instant::now();
    while shared.in_force() < accepted {
        if stop.wait(POLL) {
            return Err(Fault::Stopped);
        }
        if told.unwrap_or(began).elapsed() >= TELL_PERIOD {
            told = Some(Instant::now());
            tracing::warn!(group = %proposal.group(), "an edit waits until earlier definitions are in force");
        }
    }
    loop {
        let draft = Draft {
            tenant: proposal.tenant(),
            group: Some(proposal.group()),
            rule: proposal.rule(),
            now: Some(shared.clock.now()),
        };
        let asked = (draft, proposal.rule(), Against::InForce);
        let waiting = (TELL_PERIOD, stop);
        let answers = shared
            .questions
            .inquire(&shared.progress, waiting, asked, |comparison| comparison.impact(SAMPLES));
        if stop.is_requested() {
            return Err(Fault::Stopped);
        }
        match answers {
            Ok(answers) => {
                let mut impact = Impact::default();
                answers.into_iter().for_each(|of| impact.merge(of, SAMPLES));
                return Ok(impact);
            }
            Err(reason) => {
                if told.is_none_or(|at: Instant| at.elapsed() >= TELL_PERIOD) {
                    told = Some(Instant::now());
                    tracing::warn!(
                        group = %proposal.group(), %reason,
                        "an edit waits until all partitions can say who would leave by it: the brake needs them here"
                    );
                }
                stop.wait(RETRY);
            }
        }
    }
}
