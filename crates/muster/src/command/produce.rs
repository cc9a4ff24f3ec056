//! `muster produce`: event lines to the log.
//!
//! Only reads lines and says what became of them: what a line means, and where it goes, the service's own
//! code decides, here where the log is reached directly, there over HTTP.

use super::config::ConfigArguments;
use crate::client::{Answer, Http, Reached, reach};
use crate::failure::{Failure, Outcome};
use crate::serve;
use clap::Args;
use muster_rule::Schema;
use muster_service::ServiceOptions;
use muster_stream::log::{AppendError, Log, Producer};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Send event lines to the service's topics
#[derive(Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    /// Files of event lines, in this order; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Wait until what was sent is applied, and its groups are current, before what might overtake it is sent:
    /// changes after requests, or a group's next edit. Needs a running service
    #[arg(long)]
    wait: bool,
    /// Send to the running service at this address, whatever its log
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    source: ConfigArguments,
}

const AFTER_HELP: &str = "\
Users, devices and members go to the changes topic, to the partition that the
configured partitioner gives their key; groups and schemas to the requests. On
Kafka they are produced directly. The embedded log belongs to one process: where
a service runs on the data directory, the lines go to it over HTTP (it leaves its
address there), else into the log itself, to be applied when it starts.

A line that cannot be read is said on stderr and not sent. One that is refused
when it is applied becomes a dead letter: `muster tail --topic dead-letters`.
Clock lines, which are for files, are left out: the service follows the real
clock.

Exit status: 0 done, 1 some lines were refused, 2 wrong usage or configuration,
3 a fault: what was not said to be refused may have been sent.

Examples:
  muster produce config/sample/*.jsonl --wait --set data.dir=muster-data
  generate | muster produce - --config muster.toml";

/// So many lines, or so many bytes, are sent at once.
const BATCH_LINES: usize = 1_000;
const BATCH_BYTES: usize = 1 << 20;
/// How long the service may take to apply a batch.
const PATIENCE_SECONDS: u64 = 600;

impl Arguments {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let config = self.source.load()?;
        let most = usize::try_from(config.http.max_request / 2).unwrap_or(usize::MAX);
        let way = match reach(&config, self.url.as_deref())? {
            Reached::Service(http) => Way::Http { http, wait: self.wait },
            Reached::Log { .. } if self.wait => {
                return Err(Failure::usage(
                    "`--wait` needs a running service: start `muster serve`, or name it by --url",
                ));
            }
            Reached::Log { log, options } => Way::direct(&*log, options)?,
        };
        let mut sending = Sending::new(way, BATCH_BYTES.min(most));
        let mut clocks = 0;
        for file in &self.files {
            for_each_line(file, |number, text| {
                let about = About::of(&text);
                if about == About::Clock {
                    clocks += 1;
                    return Ok(());
                }
                sending.take(Line { place: format!("{}:{number}", file.display()), about, text })
            })?;
        }
        sending.send()?;
        sending.tell(clocks);
        Ok(if sending.refused == 0 { Outcome::Done } else { Outcome::No })
    }
}

/// Sends one request; by a running service until it is decided. Whether it was taken.
pub(super) fn send_request(reached: Reached, text: Vec<u8>) -> Result<bool, Failure> {
    let way = match reached {
        Reached::Service(http) => Way::Http { http, wait: true },
        Reached::Log { log, options } => Way::direct(&*log, options)?,
    };
    let mut sending = Sending::new(way, BATCH_BYTES);
    sending.take(Line { place: "the request".to_owned(), about: About::of(&text), text })?;
    sending.send()?;
    Ok(sending.refused == 0)
}

struct Line {
    /// For people.
    place: String,
    about: About,
    text: Vec<u8>,
}

/// What a line is about, as far as sending it goes.
#[derive(Clone, PartialEq, Eq)]
enum About {
    /// A group or a schema, of this tenant and id.
    Request(String, String),
    Clock,
    /// Anything else, also what cannot be read: that is found out later.
    Change,
}

impl About {
    fn of(text: &[u8]) -> About {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow, default)]
            kind: Cow<'a, str>,
            #[serde(default)]
            tenant: Option<String>,
            #[serde(default)]
            id: String,
        }
        match serde_json::from_slice(text) {
            Ok(Head { kind, tenant, id }) if kind == "group" || kind == "schema" => {
                About::Request(tenant.unwrap_or_default(), id)
            }
            Ok(Head { kind, .. }) if kind == "clock" => About::Clock,
            _ => About::Change,
        }
    }

    /// Whether this, sent with the other, could be applied before it or together with it.
    fn mixes_with(&self, other: &About) -> bool {
        match (self, other) {
            (About::Request(..), About::Request(..)) => self == other,
            (one, other) => one != other,
        }
    }
}

/// Where the lines go.
enum Way {
    Http { http: Http, wait: bool },
    Log { producer: Box<dyn Producer>, options: Box<ServiceOptions>, schema: Arc<Schema> },
}

impl Way {
    fn direct(log: &dyn Log, options: Box<ServiceOptions>) -> Result<Way, Failure> {
        log.create_topics(&options.topics.specs(options.partitions)).map_err(serve::failure)?;
        let producer = log.producer().map_err(serve::failure)?;
        // Attributes that a tenant's schema declares are typed when they are applied.
        Ok(Way::Log { producer, options, schema: Arc::default() })
    }
}

/// Lines on their way.
struct Sending {
    way: Way,
    most: usize,
    batch: Vec<Line>,
    bytes: usize,
    /// By topic.
    sent: BTreeMap<String, u64>,
    refused: u64,
}

impl Sending {
    fn new(way: Way, most: usize) -> Sending {
        Sending { way, most, batch: Vec::new(), bytes: 0, sent: BTreeMap::new(), refused: 0 }
    }

    fn take(&mut self, line: Line) -> Result<(), Failure> {
        let waits = matches!(self.way, Way::Http { wait: true, .. });
        let turns = waits && self.batch.iter().any(|earlier| earlier.about.mixes_with(&line.about));
        if turns || self.batch.len() >= BATCH_LINES || self.bytes + line.text.len() > self.most {
            self.send()?;
        }
        self.bytes += line.text.len() + 1;
        self.batch.push(line);
        Ok(())
    }

    /// Sends what was taken.
    fn send(&mut self) -> Result<(), Failure> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        if batch.is_empty() {
            return Ok(());
        }
        match &self.way {
            Way::Http { http, wait } => {
                let query =
                    if *wait { format!("wait=applied&timeout={PATIENCE_SECONDS}") } else { String::new() };
                let body: Vec<u8> =
                    batch.iter().flat_map(|line| line.text.iter().chain(b"\n")).copied().collect();
                let answers = http.post_events(&query, &body)?;
                for (line, answer) in batch.iter().zip(answers) {
                    match answer {
                        Answer::Taken { applied: false, .. } => {
                            return Err(Failure::Fault(anyhow::anyhow!(
                                "{}: not applied within {PATIENCE_SECONDS} s: it will be, but what follows was not sent",
                                line.place
                            )));
                        }
                        Answer::Taken { topic, .. } => *self.sent.entry(topic).or_default() += 1,
                        Answer::Refused { error } => {
                            self.refused += 1;
                            eprintln!("{}: refused ({}): {}", line.place, error.code, error.message);
                        }
                    }
                }
            }
            Way::Log { producer, options, schema } => {
                let mut records = Vec::with_capacity(batch.len());
                let mut places = Vec::with_capacity(batch.len());
                for line in &batch {
                    match muster_service::route(options, &line.text, schema) {
                        Ok(record) => {
                            places.push((&line.place, record.to.topic.to_string()));
                            records.push(record);
                        }
                        Err(rejection) => {
                            self.refused += 1;
                            eprintln!("{}: refused ({}): {}", line.place, rejection.code, rejection.message);
                        }
                    }
                }
                for ((place, topic), appended) in places.into_iter().zip(producer.append(records)) {
                    match appended {
                        Ok(_) => *self.sent.entry(topic).or_default() += 1,
                        Err(error @ AppendError::Refused { .. }) => {
                            self.refused += 1;
                            eprintln!("{place}: refused: {error}");
                        }
                        Err(error @ AppendError::Doubtful { .. }) => {
                            return Err(Failure::Fault(anyhow::anyhow!("{place}: {error}")));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn tell(&self, clocks: u64) {
        let sent: u64 = self.sent.values().sum();
        let topics: Vec<String> =
            self.sent.iter().map(|(topic, count)| format!("{count} to {topic}")).collect();
        let mut told = format!("sent {sent} lines");
        if !topics.is_empty() {
            told.push_str(&format!(": {}", topics.join(", ")));
        }
        if self.refused > 0 {
            told.push_str(&format!("; {} refused", self.refused));
        }
        if clocks > 0 {
            told.push_str(&format!("; {clocks} clock lines left out"));
        }
        eprintln!("{told}");
    }
}

/// Hands over the lines of a file that are not blank, with their numbers.
fn for_each_line(
    file: &Path,
    mut take: impl FnMut(u64, Vec<u8>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let input: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = std::fs::File::open(file);
        let opened =
            opened.map_err(|reason| Failure::usage(format!("cannot read `{}`: {reason}", file.display())))?;
        Box::new(BufReader::new(opened))
    };
    for (number, line) in (1_u64..).zip(input.split(b'\n')) {
        let line = line?;
        let text = line.trim_ascii();
        if !text.is_empty() {
            take(number, text.to_vec())?;
        }
    }
    Ok(())
}
