//! Reading back what was published, committed records only: markers, by which the outbox is trimmed, and the
//! sequences of the output, which say if anything is missing or there twice.
//!
//! Begins behind what take-over has seen, and goes on across the take-overs that follow a failure. Where no
//! changelog is kept, the marker is asked of the committed offsets instead.

use super::ground::committed_marker;
use super::subject::Subject;
use crate::Fault;
use crate::output::sequence_of;
use muster_engine::storage::{Logged, Marker};
use muster_stream::log::{Batch, ReadLimits, Reader, TopicPartition, Writer};
use std::time::Duration;

/// One thing that was read back.
pub(super) enum Seen {
    /// A transaction ends with this marker.
    Marker(Marker),
    /// The output has a delta, or another event, of this sequence.
    Sequence(u64),
}

/// Reads one subject's output and changelog.
#[derive(Default)]
pub(super) struct ReadBack {
    reader: Option<Box<dyn Reader>>,
}

impl ReadBack {
    /// Begins at the end there is now.
    pub(super) fn begin(&mut self, subject: &dyn Subject) -> Result<(), Fault> {
        let topics: Vec<TopicPartition> =
            subject.changelog().map(|(of, _)| of).into_iter().chain(subject.output()).collect();
        let mut reader = subject.log().reader(ReadLimits::default())?;
        for of in &topics {
            let end = subject.log().bounds(of)?.next;
            reader.assign(of, end)?;
        }
        self.reader = Some(reader);
        Ok(())
    }

    /// Whether it reads. It does not after an error.
    pub(super) fn has_begun(&self) -> bool {
        self.reader.is_some()
    }

    /// What has come, without waiting. The writer is the one that wrote last, if it still can.
    pub(super) fn poll(
        &mut self,
        subject: &dyn Subject,
        writer: Option<&mut (dyn Writer + 'static)>,
    ) -> Result<Vec<Seen>, Fault> {
        let mut seen = Vec::new();
        let Some(mut reader) = self.reader.take() else { return Ok(seen) };
        while let Some(batch) = reader.poll(Duration::ZERO)? {
            see(subject, &batch, &mut seen)?;
        }
        self.reader = Some(reader);
        if subject.changelog().is_none()
            && let Some(writer) = writer
        {
            seen.extend(committed_marker(subject, writer)?.map(Seen::Marker));
        }
        Ok(seen)
    }
}

fn see(subject: &dyn Subject, batch: &Batch, seen: &mut Vec<Seen>) -> Result<(), Fault> {
    let foreign = |offset: u64| {
        let (name, of) = (subject.name(), &batch.of);
        Fault::Contradiction(format!("{name}: the record at offset {offset} of {of} is not ours"))
    };
    match subject.changelog() {
        Some((of, format)) if of == batch.of => {
            for record in &batch.records {
                let key = record.key.as_deref().unwrap_or_default();
                if !format.is_marker(key) {
                    continue;
                }
                match format.read(key, record.value.as_deref())? {
                    Logged::Marker(marker) => seen.push(Seen::Marker(marker)),
                    Logged::Image(_) => return Err(foreign(record.offset)),
                }
            }
        }
        _ => {
            for record in &batch.records {
                let sequence = sequence_of(record).ok_or_else(|| foreign(record.offset))?;
                seen.push(Seen::Sequence(sequence));
            }
        }
    }
    Ok(())
}
