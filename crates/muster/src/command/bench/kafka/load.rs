//! The producer's side: groups and users first, then changes at their times.

use crate::failure::Failure;
use muster_directory::Event;
use muster_loadgen::Workload;
use muster_loadgen::bench::Step;
use muster_loadgen::line::line;
use muster_service::{Position, Service};
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::ops::Range;
use std::time::{Duration, Instant};

/// So many lines are handed over at once, at most.
const BATCH: u64 = 1_000;

/// Sends a workload to a service.
pub(super) struct Load<'s> {
    service: &'s Service,
    workload: &'s Workload,
}

/// Changes that were sent.
pub(super) struct Sent {
    first: u64,
    start: Instant,
    last: Instant,
    /// Of each change: when it was to be sent, and where it lies.
    changes: Vec<(Instant, Position)>,
}

impl<'s> Load<'s> {
    pub(super) fn new(service: &'s Service, workload: &'s Workload) -> Load<'s> {
        Load { service, workload }
    }

    pub(super) fn groups(&mut self, patience: Duration) -> Result<(), Failure> {
        self.send_all(self.workload.groups(), patience)
    }

    pub(super) fn users(&mut self, patience: Duration) -> Result<(), Failure> {
        self.send_all(self.workload.users(), patience)
    }

    /// Sends changes, each not before its time: at `rate` a second, or at once.
    pub(super) fn changes(
        &mut self,
        numbers: Range<u64>,
        rate: Option<NonZeroU64>,
        progress: &mut dyn FnMut(Step),
    ) -> Result<Sent, Failure> {
        let wanted = numbers.end - numbers.start;
        let lines: Vec<String> = self.workload.changes_in(numbers.clone()).filter_map(|e| line(&e)).collect();
        let start = Instant::now();
        let mut changes: Vec<(Instant, Position)> = Vec::with_capacity(lines.len());
        let mut done = 0_u64;
        while done < wanted {
            let now = Instant::now();
            let due = match rate {
                Some(rate) => due(now - start, rate).min(wanted),
                None => wanted,
            };
            if due <= done {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            }
            let end = due.min(done + BATCH);
            let batch = lines.get(place(done)..place(end)).unwrap_or_default();
            let positions = self.submit(batch.iter().map(String::as_bytes))?;
            let intended = |number: u64| match rate {
                Some(rate) => start + Duration::from_nanos(number * 1_000_000_000 / rate),
                None => now,
            };
            changes.extend((done..end).map(intended).zip(positions));
            done = end;
            progress(Step::Measuring { done, wanted, elapsed: start.elapsed() });
        }
        Ok(Sent { first: numbers.start, start, last: Instant::now(), changes })
    }

    /// Waits until all of this is applied and published; returns how long that was since the first was sent.
    pub(super) fn wait(&self, sent: &Sent, patience: Duration) -> Result<Duration, Failure> {
        let mut last: HashMap<u32, &Position> = HashMap::new();
        for (_, position) in &sent.changes {
            last.insert(position.of.partition, position);
        }
        let last: Vec<Position> = last.into_values().cloned().collect();
        self.service.wait_applied(&last, patience).map_err(|fault| Failure::Fault(fault.into()))?;
        Ok(sent.start.elapsed())
    }

    fn send_all(&mut self, events: impl Iterator<Item = Event>, patience: Duration) -> Result<(), Failure> {
        let lines: Vec<String> = events.filter_map(|event| line(&event)).collect();
        let mut last: HashMap<u32, Position> = HashMap::new();
        for batch in lines.chunks(place(BATCH)) {
            for position in self.submit(batch.iter().map(String::as_bytes))? {
                last.insert(position.of.partition, position);
            }
        }
        let last: Vec<Position> = last.into_values().collect();
        self.service.wait_applied(&last, patience).map_err(|fault| Failure::Fault(fault.into()))
    }

    fn submit<'l>(&self, lines: impl Iterator<Item = &'l [u8]>) -> Result<Vec<Position>, Failure> {
        let lines: Vec<&[u8]> = lines.collect();
        let answers = self.service.submit(&lines);
        answers.into_iter().collect::<Result<_, _>>().map_err(|error| Failure::Fault(error.into()))
    }
}

impl Sent {
    /// When the first change was to be sent.
    pub(super) fn start(&self) -> Instant {
        self.start
    }

    /// When the last one was through the producer.
    pub(super) fn last(&self) -> Instant {
        self.last
    }

    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// The numbers of changes by partition and offset.
    pub(super) fn numbers(&self) -> HashMap<(u32, u64), u64> {
        let places = self.changes.iter().map(|(_, position)| (position.of.partition, position.offset));
        places.zip(self.first..).collect()
    }

    /// When a change was to be sent.
    pub(super) fn intended(&self, number: u64) -> Option<Instant> {
        self.changes.get(place(number.checked_sub(self.first)?)).map(|(at, _)| *at)
    }
}

/// How many changes are to be sent by then.
fn due(elapsed: Duration, rate: NonZeroU64) -> u64 {
    u64::try_from(elapsed.as_nanos() * u128::from(rate.get()) / 1_000_000_000).unwrap_or(u64::MAX) + 1
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_due_at_their_times() {
        let rate = NonZeroU64::new(1000).unwrap();
        for (millis, count) in [(0, 1), (1, 2), (999, 1000), (1000, 1001)] {
            assert_eq!(due(Duration::from_millis(millis), rate), count, "{millis}");
        }
    }
}
