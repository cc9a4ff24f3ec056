//! A `read_committed` subscriber of the deltas: when which became visible.

use crate::failure::Failure;
use crate::serve;
use muster_service::ServiceOptions;
use muster_stream::log::{Log, ReadLimits, Reader, Record, TopicPartition};
use serde::Deserialize;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Reads on a thread of its own, from the moment it is started.
pub(super) struct Subscriber {
    partitions: Vec<TopicPartition>,
    /// Takes where each partition ends, when all is written.
    ends: Sender<HashMap<u32, u64>>,
    reading: JoinHandle<Result<Visible, Failure>>,
}

/// What became visible.
#[derive(Default)]
pub(super) struct Visible {
    pub(super) deltas: u64,
    /// Of each event its place in the changes, and when the last of its deltas was there.
    pub(super) last_deltas: Vec<((u32, u64), Instant)>,
}

const POLL: Duration = Duration::from_millis(20);
/// How long the last deltas may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

impl Subscriber {
    /// Every line goes to `file`.
    pub(super) fn start(log: &dyn Log, options: &ServiceOptions, file: &Path) -> Result<Subscriber, Failure> {
        let limits = ReadLimits { records: 5_000, bytes: 4 << 20 };
        let mut reader = log.reader(limits).map_err(serve::failure)?;
        let topic = &options.topics.deltas;
        let of = |partition| TopicPartition { topic: Arc::clone(topic), partition };
        let partitions: Vec<_> = (0..options.partitions.get()).map(of).collect();
        let mut next = HashMap::new();
        for of in &partitions {
            let at = log.bounds(of).map_err(serve::failure)?.next;
            reader.assign(of, at).map_err(serve::failure)?;
            next.insert(of.partition, at);
        }
        let (ends, asked) = channel();
        let file = BufWriter::with_capacity(1 << 20, File::create(file)?);
        let reading = std::thread::spawn(move || read(reader, next, file, &asked));
        Ok(Subscriber { partitions, ends, reading })
    }

    /// Reads all that is written by now, and stops.
    pub(super) fn finish(self, log: &dyn Log) -> Result<Visible, Failure> {
        let mut ends = HashMap::new();
        for of in &self.partitions {
            // Behind the last record markers of transactions may lie, which are never handed out.
            let last = log.last_record(of).map_err(serve::failure)?;
            ends.insert(of.partition, last.map_or(0, |record| record.offset + 1));
        }
        // Where the reader has failed, its reason is told by the join.
        let _ = self.ends.send(ends);
        self.reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn read(
    mut reader: Box<dyn Reader>,
    mut next: HashMap<u32, u64>,
    mut file: BufWriter<File>,
    asked: &Receiver<HashMap<u32, u64>>,
) -> Result<Visible, Failure> {
    let mut visible = Visible::default();
    let mut ends: Option<(HashMap<u32, u64>, Instant)> = None;
    loop {
        if ends.is_none()
            && let Ok(given) = asked.try_recv()
        {
            ends = Some((given, Instant::now()));
        }
        if let Some((ends, since)) = &ends {
            if ends.iter().all(|(partition, end)| next.get(partition).is_some_and(|next| next >= end)) {
                file.flush()?;
                return Ok(visible);
            }
            if since.elapsed() > PATIENCE {
                return Err(Failure::Fault(anyhow::anyhow!("the last deltas do not arrive")));
            }
        }
        if let Some(batch) = reader.poll(POLL).map_err(serve::failure)? {
            let now = Instant::now();
            for record in &batch.records {
                note(record, now, &mut file, &mut visible)?;
            }
            next.insert(batch.of.partition, batch.next);
        }
    }
}

fn note(
    record: &Record,
    now: Instant,
    file: &mut BufWriter<File>,
    visible: &mut Visible,
) -> Result<(), Failure> {
    // Records without a value are the service's markers.
    let Some(value) = &record.value else { return Ok(()) };
    let Ok(delta) = serde_json::from_slice::<DeltaLine>(value) else { return Ok(()) };
    file.write_all(value)?;
    file.write_all(b"\n")?;
    visible.deltas += 1;
    if delta.event.is_none_or(|event| event.index == event.count) {
        let source = delta.cause.source;
        visible.last_deltas.push(((source.partition.unwrap_or(0), source.offset), now));
    }
    Ok(())
}

#[derive(Deserialize)]
struct DeltaLine {
    event: Option<Ordinal>,
    cause: Cause,
}

#[derive(Deserialize)]
struct Ordinal {
    index: u32,
    count: u32,
}

#[derive(Deserialize)]
struct Cause {
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    partition: Option<u32>,
    offset: u64,
}
