//! Random worlds through the service: on both logs, on one partition and on several, across kills. At rest the
//! memberships are the oracle's.

use crate::support::{Membership, apply, deltas, fold, on_kafka};
use muster_directory::Instant;
use muster_stream::kafka::{KafkaLog, KafkaOptions};
use muster_tests::broker::Broker;
use muster_tests::checker::{Seen, Topics, Truth};
use muster_tests::differential::Reference;
use muster_tests::history::{Step, history};
use muster_tests::program::Workshop;
use muster_tests::random::Random;
use muster_tests::service::Service;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A random history as a service takes it, which follows the real clock, and where it leads.
pub(crate) struct World {
    pub(crate) lines: Vec<String>,
    pub(crate) memberships: BTreeSet<Membership>,
}

impl World {
    pub(crate) fn new(seed: u64, count: usize) -> World {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let mut reference = Reference::at(Instant::from_millis(i64::try_from(now).unwrap()));
        let mut lines = Vec::new();
        for step in history(seed, count) {
            let Step::Line { text, wrong: None } = step else { continue };
            if !text.contains("\"clock\"") {
                let _ = reference.feed(&text, None);
                lines.push(text);
            }
        }
        let memberships = reference.memberships().iter().map(|membership| {
            let (tenant, group) = (membership.tenant.as_str(), membership.group.as_str());
            (tenant.to_owned(), group.to_owned(), membership.member.as_str().to_owned())
        });
        World { lines, memberships: memberships.collect() }
    }

    /// The lines in bundles between which the order matters: changes together, each request by itself.
    pub(crate) fn bundles(&self) -> Vec<String> {
        let is_request =
            |line: &str| line.contains(r#""kind":"group""#) || line.contains(r#""kind":"schema""#);
        let mut bundles: Vec<String> = Vec::new();
        let mut open = false;
        for line in &self.lines {
            match bundles.last_mut() {
                Some(last) if open && !is_request(line) => {
                    last.push('\n');
                    last.push_str(line);
                }
                _ => bundles.push(line.clone()),
            }
            open = !is_request(line);
        }
        bundles
    }
}

fn check(world: &World, configuration: &str, partitions: u32, what: &str) {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, configuration);
    for bundle in world.bundles() {
        apply(&service, &bundle);
    }
    assert_eq!(fold(&deltas(&service, partitions)), world.memberships, "{what}");
    assert_eq!(service.terminate(), 0);
}

#[test]
fn on_the_embedded_log_on_one_and_on_four_partitions() {
    for seed in 1..=3 {
        let world = World::new(seed, 260);
        for partitions in [1, 4] {
            let configuration = format!("[topics]\npartitions = {partitions}\n");
            check(&world, &configuration, partitions, &format!("seed {seed}, {partitions} partitions"));
        }
    }
}

#[test]
fn on_kafka_on_one_and_on_four_partitions() {
    for (seed, partitions) in [(4, 1), (5, 4)] {
        let configuration = on_kafka(&format!("world{seed}"), partitions);
        check(&World::new(seed, 160), &configuration, partitions, &format!("seed {seed}"));
    }
}

/// Feeds the world, one bundle after the other, to services that are killed at random moments.
fn feed_between_kills(world: &World, configuration: &str, kills: u32, seed: u64) -> (Workshop, Service) {
    let mut random = Random::new(seed);
    let workshop = Workshop::default();
    let mut service = Service::start(&workshop, configuration);
    let bundles = world.bundles();
    let (mut killed, mut seen) = (0, 0);
    for (at, bundle) in bundles.iter().enumerate() {
        // One kill in each part of the history, at least.
        while killed < kills as usize && killed * bundles.len() <= at * kills as usize {
            // While a request is under way, or what it asked for.
            let url = format!("{}/muster/events", service.url());
            let mut request = Command::new("curl")
                .args(["--silent", "--max-time", "20", "--data-binary", "@-", &url])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            request.stdin.take().unwrap().write_all(bundle.as_bytes()).unwrap();
            std::thread::sleep(Duration::from_millis(random.below(40) as u64));
            service.kill();
            request.wait().unwrap();
            killed += 1;
            service = Service::start(&workshop, configuration);
        }
        // Whether the lines were taken is not known: they are sent again, which changes nothing.
        apply(&service, bundle);
        if at % 16 == 0 {
            let now = deltas(&service, 4).len();
            assert!(now >= seen, "deltas were lost");
            seen = now;
        }
    }
    (workshop, service)
}

#[test]
fn kills_on_the_embedded_log_lose_nothing_and_double_nothing() {
    let world = World::new(7, 300);
    let (_workshop, service) = feed_between_kills(&world, "", 8, 7);
    assert_eq!(fold(&deltas(&service, 4)), world.memberships);
    assert_eq!(service.terminate(), 0);
}

/// Seen by another client, which reads what is committed.
#[test]
fn kills_on_kafka_lose_nothing_and_double_nothing() {
    let world = World::new(8, 90);
    let (_workshop, service) = feed_between_kills(&world, &on_kafka("kills", 4), 3, 8);
    assert_eq!(service.terminate(), 0);

    let options = KafkaOptions::new(Broker::shared().bootstrap(), "kills-checker");
    let log = KafkaLog::open(options).unwrap();
    let changes = BTreeSet::from(["kills.changes".to_owned()]);
    let truth = Truth { memberships: world.memberships, refused: None, changes };
    Seen::of_log(&log, &Topics::of("kills", 4)).check(&truth).unwrap_or_else(|report| panic!("{report}"));
}
