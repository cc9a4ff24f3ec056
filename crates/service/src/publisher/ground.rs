//! What the engine's take-over stands on: the log, read after the subject's writer was made.

use super::subject::Subject;
use crate::Fault;
use crate::output::sequence_of;
use crate::standby::Copy;
use muster_engine::storage::{ChangelogFormat, Logged, Marker, Positions, RecordImage, StorageError};
use muster_engine::takeover::{Changelog, Evidence, Ground, Mark, Output, from_metadata, to_metadata};
use muster_stream::log::{NewRecord, Progress, ReadLimits, Record, TopicPartition, WriteError, Writer};
use std::time::{Duration, Instant};

/// What a restore reads at once.
const PIECE: ReadLimits = ReadLimits { records: 10_000, bytes: 4 << 20 };
const POLL: Duration = Duration::from_millis(100);
/// How often it is looked whether a claim can be read, and for how long. Most often it can at once.
const CLAIM_POLL: Duration = Duration::from_millis(20);
const CLAIM_PATIENCE: Duration = Duration::from_secs(2);
/// How often it is told how far a restore is.
const TELL_PERIOD: Duration = Duration::from_secs(5);

/// One subject's part of the log, and its writer.
pub(super) struct LogGround<'a> {
    pub(super) subject: &'a dyn Subject,
    pub(super) writer: &'a mut dyn Writer,
    /// Where a standby has read to.
    pub(super) copy: Option<Copy>,
}

impl LogGround<'_> {
    fn contradiction<T>(&self, reason: impl std::fmt::Display) -> Result<T, Fault> {
        Err(Fault::Contradiction(format!("{}: {reason}", self.subject.name())))
    }

    fn changelog(&self) -> Result<Changelog, Fault> {
        let Some((of, format)) = self.subject.changelog() else { return Ok(Changelog::Off) };
        let Some(last) = self.subject.log().last_record(&of)? else { return Ok(Changelog::Empty) };
        match read(format, &last)? {
            Logged::Marker(marker) => Ok(Changelog::Marked(marker)),
            Logged::Image(_) => self.contradiction(format_args!(
                "the last record of {of} is no marker: something else writes to this topic, or the rewriting of it was \
                 interrupted (`muster partitions resolve --rewrite-changelog` goes on)"
            )),
        }
    }

    fn output(&self) -> Result<Output, Fault> {
        let Some(of) = self.subject.output() else { return Ok(Output::Unnumbered) };
        if let Some(last) = self.subject.log().last_record(&of)? {
            return match sequence_of(&last) {
                Some(sequence) => Ok(Output::Last(sequence)),
                None => self.contradiction(format_args!(
                    "the last record of {of} has no sequence: something else writes to this topic"
                )),
            };
        }
        Ok(if self.subject.log().bounds(&of)?.next == 0 { Output::Unused } else { Output::Expired })
    }
}

impl LogGround<'_> {
    /// Waits until the claim can be read, committed.
    fn await_claim(&mut self, marker: &Marker) -> Result<(), Fault> {
        let begun = Instant::now();
        loop {
            let found = match self.changelog()? {
                Changelog::Marked(found) => Some(found),
                Changelog::Empty => None,
                Changelog::Off => committed_marker(self.subject, self.writer)?,
            };
            match found {
                Some(found) if Mark::from(&found) == Mark::from(marker) => return Ok(()),
                Some(found) if found.lineage >= marker.lineage => {
                    return Err(Fault::Write(WriteError::Fenced { writer: self.subject.writer() }));
                }
                _ if begun.elapsed() >= CLAIM_PATIENCE => {
                    let reason = "the claim was answered, but cannot be read back".to_owned();
                    return Err(Fault::Write(WriteError::Doubtful { reason }));
                }
                _ if self.subject.stop().wait(CLAIM_POLL) => return Err(Fault::Stopped),
                _ => {}
            }
        }
    }
}

impl Ground for LogGround<'_> {
    type Error = Fault;

    fn evidence(&mut self) -> Result<Evidence, Fault> {
        let offset = committed_marker(self.subject, self.writer)?;
        Ok(Evidence { changelog: self.changelog()?, offset, output: self.output()? })
    }

    fn beginning(&mut self) -> Result<Positions, Fault> {
        let mut positions = Positions::new();
        for input in self.subject.inputs() {
            let first = self.subject.log().bounds(&input)?.first;
            positions.insert(self.subject.position_name(&input), first);
        }
        Ok(positions)
    }

    fn has_copy(&mut self) -> Result<bool, Fault> {
        let (Some(copy), Some((of, _))) = (&self.copy, self.subject.changelog()) else { return Ok(false) };
        let bounds = self.subject.log().bounds(&of)?;
        let continues = (bounds.first..=bounds.next).contains(&copy.next);
        if continues {
            tracing::info!(of = self.subject.name(), "its state goes on from the standby's copy");
        } else {
            // The topic was made anew.
            self.copy = None;
        }
        Ok(continues)
    }

    fn replay(
        &mut self,
        through: &Marker,
        put: &mut dyn FnMut(&[RecordImage]) -> Result<(), StorageError>,
    ) -> Result<(), Fault> {
        let Some((of, format)) = self.subject.changelog() else { return Ok(()) };
        let log = self.subject.log();
        let bounds = log.bounds(&of)?;
        let mut reader = log.reader(PIECE)?;
        let (first, mut last) = match self.copy.take() {
            Some(copy) => (copy.next, copy.marker),
            None => (bounds.first, None),
        };
        reader.assign(&of, first)?;
        let mut telling = Telling::new(self.subject, bounds.next.saturating_sub(first));
        loop {
            if self.subject.stop().is_requested() {
                return Err(Fault::Stopped);
            }
            let Some(batch) = reader.poll(POLL)? else { continue };
            let mut images = Vec::with_capacity(batch.records.len());
            for record in &batch.records {
                match read(format, record)? {
                    Logged::Image(image) => {
                        images.push(image);
                        last = None;
                    }
                    Logged::Marker(marker) => last = Some(marker),
                }
            }
            put(&images)?;
            telling.read(images.len(), batch.next.saturating_sub(first));
            if batch.at_end {
                break;
            }
        }
        telling.done();
        if last.as_ref() == Some(through) {
            return Ok(());
        }
        // Only whoever fenced this writer can have written since: to be found out anew, not by an operator.
        tracing::warn!(
            of = self.subject.name(),
            "the changelog went on while the state was restored from it"
        );
        Err(Fault::Write(WriteError::Fenced { writer: self.subject.writer() }))
    }

    fn claim(&mut self, marker: &Marker) -> Result<(), Fault> {
        let mut records = Vec::new();
        push_marker(self.subject, marker, &mut records)?;
        self.writer.write(&records, &progress(self.subject, marker))?;
        self.await_claim(marker)
    }
}

/// Says how far a restore is.
struct Telling<'a> {
    subject: &'a dyn Subject,
    began: Instant,
    told: Instant,
    records: u64,
    /// How many offsets there are to go over.
    all: u64,
}

impl<'a> Telling<'a> {
    fn new(subject: &'a dyn Subject, all: u64) -> Telling<'a> {
        tracing::info!(of = subject.name(), offsets = all, "the state is restored from the changelog");
        let now = Instant::now();
        Telling { subject, began: now, told: now, records: 0, all }
    }

    fn read(&mut self, records: usize, at: u64) {
        self.records += records as u64;
        self.subject.restoring(self.records, self.all.saturating_sub(at));
        if self.told.elapsed() >= TELL_PERIOD {
            self.told = Instant::now();
            let percent = at.saturating_mul(100) / self.all.max(1);
            tracing::info!(of = self.subject.name(), records = self.records, percent, "restoring");
        }
    }

    fn done(&self) {
        let seconds = self.began.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = self.records as f64 / seconds.max(1e-3);
        let of = self.subject.name();
        tracing::info!(
            of,
            records = self.records,
            seconds = format_args!("{seconds:.1}"),
            per_second = format_args!("{rate:.0}"),
            "the state is restored"
        );
    }
}

/// The marker that the committed offsets bear, with them as its positions.
pub(super) fn committed_marker(
    subject: &dyn Subject,
    writer: &mut dyn Writer,
) -> Result<Option<Marker>, Fault> {
    let mut positions = Positions::new();
    let mut text = None;
    for of in subject.inputs() {
        if let Some(progress) = writer.committed(&of)? {
            positions.insert(subject.position_name(&of), progress.next);
            text.get_or_insert(progress.metadata);
        }
    }
    let Some(text) = text else { return Ok(None) };
    let marker = from_metadata(&text, positions);
    if marker.is_err() {
        let of = subject.name();
        tracing::warn!(
            of,
            text,
            "the committed offsets bear no marker: somebody reset them; they do not count"
        );
    }
    Ok(marker.ok())
}

/// The marker as it is committed beside the offsets.
pub(super) fn progress(subject: &dyn Subject, marker: &Marker) -> Vec<Progress> {
    let text = to_metadata(marker);
    let progress = |of: TopicPartition| Progress {
        next: marker.positions.get(&subject.position_name(&of)).copied().unwrap_or_default(),
        of,
        metadata: text.clone(),
    };
    subject.inputs().into_iter().map(progress).collect()
}

/// The images of records, as they go into the changelog where one is kept.
pub(super) fn push_images(
    subject: &dyn Subject,
    images: &[RecordImage],
    records: &mut Vec<NewRecord>,
) -> Result<(), Fault> {
    let Some((of, format)) = subject.changelog() else { return Ok(()) };
    for image in images {
        let record = format.image(image)?;
        let (key, value) = (Some(record.key), record.value);
        records.push(NewRecord { to: of.clone(), key, value, headers: Vec::new() });
    }
    Ok(())
}

/// The marker, which comes last.
pub(super) fn push_marker(
    subject: &dyn Subject,
    marker: &Marker,
    records: &mut Vec<NewRecord>,
) -> Result<(), Fault> {
    let Some((to, format)) = subject.changelog() else { return Ok(()) };
    let record = format.marker(marker)?;
    records.push(NewRecord { to, key: Some(record.key), value: record.value, headers: Vec::new() });
    Ok(())
}

fn read(format: &dyn ChangelogFormat, record: &Record) -> Result<Logged, StorageError> {
    format.read(record.key.as_deref().unwrap_or_default(), record.value.as_deref())
}
