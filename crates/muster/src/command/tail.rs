//! `muster tail`: what the service wrote, from the log or from the running service.

use super::LicenceShow;
use super::config::ConfigArguments;
use crate::client::{Http, Reached, reach};
use crate::config::{Config, LogKind};
use crate::failure::{Failure, Outcome};
use crate::show::Show;
use clap::{Args, ValueEnum};
use muster_service::{Output, OutputReader, ReadError, ServiceOptions};
use muster_stream::log::Log;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

/// Print the deltas, or what else the service writes
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Which of the topics that the service writes
    #[arg(long, value_enum, default_value_t)]
    topic: TopicName,
    /// Only this partition; may be repeated [default: all]
    #[arg(long, value_name = "N")]
    partition: Vec<u32>,
    /// Where to begin in each partition: a sequence of deltas, an offset of other topics, or `end` for what
    /// comes from now on [default: the first that is kept]
    #[arg(long, value_name = "N|end", value_parser = parse_from)]
    from: Option<From>,
    /// Go on with what comes, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Print deltas, or licenses, for people, on stderr, instead of lines of JSON
    #[arg(long)]
    show: bool,
    /// Ask the running service at this address, whatever its log
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
Deltas are printed as they were published, in the order of their sequences within
a partition. Of other topics each record is one object:
  {\"partition\":0,\"offset\":3,\"time\":\"…\",\"key\":\"u1\",\"headers\":{…},\"value\":…}

On Kafka the topics are read directly. Where a service runs on the data directory
of an embedded log, it is asked over HTTP; else the log itself is read.

Exit status: 0 done, 2 wrong usage or configuration, 3 a fault.

Examples:
  muster tail --follow --show
  muster tail --topic licenses --show
  muster tail --partition 0 --from 120
  muster tail --topic dead-letters --config muster.toml";

/// What is read from one partition at once.
const LIMIT: usize = 1_000;
/// How often it is looked for more.
const PERIOD: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum TopicName {
    /// Membership deltas
    #[default]
    Deltas,
    /// What was refused, with the reason in the headers
    DeadLetters,
    /// States of groups
    GroupStatus,
    /// The present memberships
    Memberships,
    /// Accepted definitions
    Definitions,
    /// Licence events
    Licenses,
}

impl TopicName {
    fn output(self) -> Output {
        match self {
            TopicName::Deltas => Output::Deltas,
            TopicName::DeadLetters => Output::DeadLetters,
            TopicName::GroupStatus => Output::GroupStatus,
            TopicName::Memberships => Output::Memberships,
            TopicName::Definitions => Output::Definitions,
            TopicName::Licenses => Output::Licenses,
        }
    }

    fn name(self) -> &'static str {
        Output::ALL.into_iter().find(|(_, output)| *output == self.output()).map_or("", |(name, _)| name)
    }
}

#[derive(Clone, Copy)]
enum From {
    Number(u64),
    End,
}

fn parse_from(text: &str) -> Result<From, String> {
    match text {
        "end" => Ok(From::End),
        number => number.parse().map(From::Number).map_err(|_| "give a number, or `end`".to_owned()),
    }
}

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        if self.show && !matches!(self.topic, TopicName::Deltas | TopicName::Licenses) {
            return Err(Failure::usage("--show is for deltas and licenses: leave it out, or --topic"));
        }
        let config = self.source.load()?;
        let embedded = self.url.is_none() && config.log.kind == LogKind::Embedded;
        if embedded && !config.data.dir.is_dir() {
            let directory = config.data.dir.display();
            return Err(Failure::usage(format!("there is no data directory `{directory}`: set `data.dir`")));
        }
        let source = match reach(&config, self.url.as_deref())? {
            Reached::Log { .. } if embedded && self.follow => {
                return Err(Failure::usage(
                    "no service runs on this data directory, so nothing more comes: leave --follow out",
                ));
            }
            reached => Source::of(reached),
        };
        let begin = match self.from {
            Some(From::Number(number)) => number,
            Some(From::End) | None => 0,
        };
        let mut tail = Tail { source, topic: self.topic, next: BTreeMap::new() };
        tail.begin(&self.partition, begin)?;
        if matches!(self.from, Some(From::End)) {
            while tail.round(&mut |_| Ok(()))? {}
        }
        let (mut show, mut licences) = (Show::default(), LicenceShow::default());
        let mut print = |line: &[u8]| -> Result<(), Failure> {
            if self.show {
                match serde_json::from_slice::<RecordLine<'_>>(line) {
                    Ok(record) if self.topic == TopicName::Licenses => {
                        licences.line(record.value.get().as_bytes());
                    }
                    _ => show.line(line),
                }
                return Ok(());
            }
            let mut stdout = std::io::stdout().lock();
            stdout.write_all(line)?;
            stdout.write_all(b"\n")?;
            Ok(())
        };
        loop {
            let found = tail.round(&mut print)?;
            std::io::stdout().flush()?;
            match (found, self.follow) {
                (true, _) => {}
                (false, true) => std::thread::sleep(PERIOD),
                (false, false) => return Ok(Outcome::Done),
            }
        }
    }
}

/// Hands over every record of the definitions, as a line of JSON each.
pub(super) fn each_definition(
    config: &Config,
    url: Option<&str>,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let source = Source::of(reach(config, url)?);
    let mut tail = Tail { source, topic: TopicName::Definitions, next: BTreeMap::new() };
    tail.begin(&[], 0)?;
    while tail.round(take)? {}
    Ok(())
}

/// Reading along in some partitions.
struct Tail {
    source: Source,
    topic: TopicName,
    /// Where to go on in each partition.
    next: BTreeMap<u32, u64>,
}

/// As much of a line as says where it stands.
#[derive(Deserialize)]
struct Place {
    sequence: Option<u64>,
    offset: Option<u64>,
}

/// The value of a record's line.
#[derive(Deserialize)]
struct RecordLine<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
}

impl Tail {
    /// Finds the partitions, which must exist where they are named.
    fn begin(&mut self, wanted: &[u32], from: u64) -> Result<(), Failure> {
        for &partition in wanted {
            self.source.lines(self.topic, partition, from, 1)?.ok_or_else(|| {
                Failure::usage(format!("there is no partition {partition}: leave --partition out for all"))
            })?;
            self.next.insert(partition, from);
        }
        for partition in 0.. {
            if !wanted.is_empty() || self.source.lines(self.topic, partition, from, 1)?.is_none() {
                break;
            }
            self.next.insert(partition, from);
        }
        Ok(())
    }

    /// Hands over what there is now, at most so much of each partition; whether there was anything.
    fn round(&mut self, take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<bool, Failure> {
        let mut found = false;
        for (&partition, next) in &mut self.next {
            let Some(text) = self.source.lines(self.topic, partition, *next, LIMIT)? else { continue };
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                take(line)?;
                let place: Place =
                    serde_json::from_slice(line).map_err(|error| Failure::Fault(error.into()))?;
                let at = if self.topic == TopicName::Deltas { place.sequence } else { place.offset };
                *next = at.unwrap_or(*next) + 1;
                found = true;
            }
        }
        Ok(found)
    }
}

/// Where lines come from.
enum Source {
    Service(Http),
    Log { log: Arc<dyn Log>, options: Box<ServiceOptions>, readers: BTreeMap<u32, OutputReader> },
}

impl Source {
    fn of(reached: Reached) -> Source {
        match reached {
            Reached::Service(http) => Source::Service(http),
            Reached::Log { log, options } => Source::Log { log, options, readers: BTreeMap::new() },
        }
    }

    /// Lines of a partition from this place on; `None` where there is no such partition.
    fn lines(
        &mut self,
        topic: TopicName,
        partition: u32,
        from: u64,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Source::Service(http) => {
                let path = match topic {
                    TopicName::Deltas => "deltas?".to_owned(),
                    other => format!("records?topic={}&", other.name()),
                };
                let path = format!("/muster/{path}partition={partition}&from={from}&limit={limit}");
                match http.get(&path)? {
                    Ok(lines) => Ok(Some(lines)),
                    Err(problem) if problem.code == "unknown-partition" => Ok(None),
                    Err(problem) => Err(Failure::usage(problem.message)),
                }
            }
            Source::Log { log, options, readers } => {
                let read = (|| {
                    let reader = match readers.entry(partition) {
                        Entry::Occupied(reader) => reader.into_mut(),
                        Entry::Vacant(place) => {
                            let log = Arc::clone(log);
                            place.insert(OutputReader::open(log, options, topic.output(), partition)?)
                        }
                    };
                    match topic {
                        TopicName::Deltas => reader.deltas(from, limit),
                        _ => reader.records(from, limit),
                    }
                })();
                match read {
                    Ok(lines) => Ok(Some(lines)),
                    Err(ReadError::UnknownPartition { .. }) => Ok(None),
                    Err(ReadError::Log(error)) => Err(crate::serve::failure(error)),
                    Err(error) => Err(Failure::usage(error)),
                }
            }
        }
    }
}
