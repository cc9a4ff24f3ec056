//! Several instances of one application: they share the partitions, and take over from one that stops, is killed,
//! loses its disk, or was only thought dead. At rest the memberships are the oracle's, and no delta is there twice.

use crate::support::{Membership, consume, dense, fold, on_broker};
use muster_directory::Instant as Time;
use muster_tests::broker::Broker;
use muster_tests::differential::Reference;
use muster_tests::program::Workshop;
use muster_tests::random::Random;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const PARTITIONS: u32 = 4;
/// Long enough for anything that will happen at all.
const PATIENCE: Duration = Duration::from_secs(120);
/// A session that outlasts the test: what moves then moved for another reason.
const LONG: &str = "300s";
/// As short as the broker takes.
const SHORT: &str = "6s";

fn configuration(name: &str, session: &str, on_stop: &str) -> String {
    let kafka = format!(
        "brokers = \"{}\"\nsession_timeout = \"{session}\"\non_stop = \"{on_stop}\"\n",
        Broker::shared().bootstrap()
    );
    on_broker(&kafka, name, PARTITIONS)
}

fn wait_until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The partitions that the group leaves to it.
fn assigned(service: &Service) -> BTreeSet<u32> {
    let metrics = service.get("/metrics").text;
    let partitions = metrics.lines().filter_map(|line| {
        let (partition, value) =
            line.strip_prefix("muster_partition_assigned{partition=\"")?.split_once("\"} ")?;
        (value == "1").then(|| partition.parse().unwrap())
    });
    partitions.collect()
}

/// Waits until this one works on so many.
fn wait_for(service: &Service, count: usize) -> BTreeSet<u32> {
    wait_until(&format!("{count} partitions, and ready"), || {
        assigned(service).len() == count && service.get("/readyz").status == 200
    });
    assigned(service)
}

/// Two instances, each with half of the partitions.
fn pair(here: &Workshop, there: &Workshop, configuration: &str) -> (Service, Service) {
    let (one, two) = (Service::start(here, configuration), Service::start(there, configuration));
    wait_for(&one, 2);
    wait_for(&two, 2);
    (one, two)
}

/// An application of which every test has its own, and what the oracle says of what it was sent.
struct World {
    name: String,
    random: Random,
    reference: Reference,
}

const CITIES: [&str; 4] = ["Oslo", "Rome", "Lima", "Kyiv"];
const USERS: usize = 60;

impl World {
    /// Its groups exist already.
    fn new(name: &str, seed: u64, service: &Service) -> World {
        eprintln!("seed {seed}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let mut world = World {
            name: name.to_owned(),
            random: Random::new(seed),
            reference: Reference::at(Time::from_millis(i64::try_from(now).unwrap())),
        };
        let mut rules: Vec<(String, String)> =
            CITIES.iter().map(|city| (city.to_lowercase(), format!("user.city -eq \"{city}\""))).collect();
        rules.push((
            "o".to_owned(),
            "user.city -contains \"o\" -and -not (user.jobTitle -eq \"Clerk\")".to_owned(),
        ));
        rules.push(("member".to_owned(), "user.memberOf -any (group.objectId -in ['oslo'])".to_owned()));
        let groups = rules.iter().map(|(id, rule)| {
            json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}}).to_string()
        });
        world.send(service, &groups.collect::<Vec<_>>());
        world
    }

    /// Sends lines, and tells the oracle.
    fn send(&mut self, service: &Service, lines: &[String]) {
        for line in lines {
            let _ = self.reference.feed(line, None);
        }
        service.post_events(&lines.join("\n"));
    }

    /// Defines one more group, which whoever has partition 0 now decides.
    fn define(&mut self, service: &Service, id: &str) {
        let city = *self.random.pick(&CITIES);
        let data = json!({"membershipRule": format!("user.city -ne \"{city}\"")});
        self.send(service, &[json!({"kind": "group", "op": "upsert", "id": id, "data": data}).to_string()]);
    }

    /// Sends random changes.
    fn change(&mut self, service: &Service, count: usize) {
        let lines: Vec<String> = (0..count).map(|_| self.line()).collect();
        self.send(service, &lines);
    }

    fn line(&mut self) -> String {
        let random = &mut self.random;
        let id = format!("u{}", random.below(USERS));
        if random.chance(10) {
            return json!({"kind": "user", "op": "delete", "id": id}).to_string();
        }
        let title = if random.chance(30) { "Clerk" } else { "Cook" };
        let data = json!({"city": random.pick(&CITIES), "jobTitle": title});
        let op = if random.chance(50) { "upsert" } else { "patch" };
        json!({"kind": "user", "op": op, "id": id, "data": data}).to_string()
    }

    /// What another client reads, which sees committed records only.
    fn deltas(&self) -> Vec<Value> {
        let lines = consume(Broker::shared(), &format!("{}.deltas", self.name), "%p %s\n");
        let mut all = Vec::new();
        for partition in 0..PARTITIONS {
            let prefix = format!("{partition} ");
            let lines = lines.iter().filter_map(|line| line.strip_prefix(&prefix));
            let deltas: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
            dense(&deltas);
            all.extend(deltas);
        }
        all
    }

    fn expected(&self) -> BTreeSet<Membership> {
        let memberships = self.reference.memberships().iter().map(|membership| {
            let (tenant, group) = (membership.tenant.as_str(), membership.group.as_str());
            (tenant.to_owned(), group.to_owned(), membership.member.as_str().to_owned())
        });
        memberships.collect()
    }

    /// Waits until the deltas add up to the oracle's memberships; panics where a delta is twice, or lacks.
    fn settle(&self) {
        let expected = self.expected();
        wait_until("the oracle's memberships", || fold(&self.deltas()) == expected);
    }
}

#[test]
fn two_instances_share_the_partitions_and_each_says_what_is_not_its_own() {
    let (here, there) = (Workshop::default(), Workshop::default());
    let configuration = configuration("share", LONG, "leave");
    let one = Service::start(&here, &configuration);
    assert_eq!(wait_for(&one, 4).len(), 4);
    let two = Service::start(&there, &configuration);
    let (mut ones, mut twos) = (wait_for(&one, 2), wait_for(&two, 2));
    assert!(ones.is_disjoint(&twos), "{ones:?} {twos:?}");
    let (mut first, mut second) = (&one, &two);
    if twos.contains(&0) {
        (first, second) = (second, first);
        (ones, twos) = (twos, ones);
    }
    // Requests are decided by the instance that has partition 0, and taken by each.
    let mut world = World::new("share", 1, second);
    world.change(first, 80);
    world.change(second, 80);
    world.settle();

    // What concerns the other's partitions is an error that says so, and never an empty answer.
    let elsewhere = twos.iter().map(u32::to_string).collect::<Vec<_>>().join(" and ");
    for (path, body) in [
        ("/muster/preview", r#"{"rule":"user.city -eq \"Oslo\""}"#),
        ("/muster/find", r#"{"rule":"user.city -eq \"Oslo\""}"#),
    ] {
        let answer = first.post(path, body);
        assert_eq!(
            (answer.status, answer.json()["error"]["code"].as_str()),
            (503, Some("partition-elsewhere"))
        );
        assert!(answer.text.contains(&format!("partitions {elsewhere}:")), "{}", answer.text);
    }
    let answer = first.get("/muster/values?property=user.city");
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (503, Some("partition-elsewhere")));
    let request = json!({"kind": "group", "op": "upsert", "id": "late", "data": {}}).to_string();
    let answer = second.try_post_events("wait=applied", &request).unwrap();
    assert_eq!(answer.json()["error"]["code"], "partition-elsewhere", "{}", answer.text);
    assert!(answer.text.contains("1 of 1 lines were taken"), "{}", answer.text);
    // Deltas lie in the log, which is everybody's.
    let of = |service: &Service| (0..PARTITIONS).map(|p| service.get_deltas(p, 1)).collect::<Vec<_>>();
    assert_eq!(of(first), of(second));
    // How current a group is, each partition says for itself.
    let statuses: BTreeSet<String> =
        consume(Broker::shared(), "share.group_status", "%k\n").into_iter().collect();
    for partition in 0..PARTITIONS {
        assert!(statuses.contains(&format!("oslo/{partition}")), "{statuses:?}");
    }
    assert_eq!((one.terminate(), two.terminate()), (0, 0));
    assert_eq!(ones.len() + twos.len(), 4);
}

#[test]
fn an_instance_that_is_stopped_for_good_is_taken_over_at_once() {
    let (here, there) = (Workshop::default(), Workshop::default());
    let configuration = configuration("leave", LONG, "leave");
    let (one, two) = pair(&here, &there, &configuration);
    let mut world = World::new("leave", 2, &one);
    world.change(&one, 150);
    world.settle();
    world.change(&one, 50);
    assert_eq!(one.terminate(), 0);
    wait_for(&two, 4);
    world.change(&two, 50);
    world.settle();
    assert_eq!(two.terminate(), 0);
}

#[test]
fn an_instance_that_is_restarted_keeps_its_partitions_and_nobody_else_moves() {
    let (here, there) = (Workshop::default(), Workshop::default());
    let configuration = configuration("stay", LONG, "stay");
    let (one, two) = pair(&here, &there, &configuration);
    let ones = assigned(&one);
    let rebalanced = |service: &Service| {
        let metrics = service.get("/metrics").text;
        let lines = metrics.lines().filter(|line| line.starts_with("muster_partitions_rebalanced_total{"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let mut world = World::new("stay", 3, &one);
    world.change(&two, 100);
    let before = rebalanced(&two);
    assert_eq!(one.terminate(), 0);
    world.change(&two, 100);
    let one = Service::start(&here, &configuration);
    assert_eq!(wait_for(&one, 2), ones);
    world.settle();
    assert_eq!(rebalanced(&two), before);
    assert_eq!((one.terminate(), two.terminate()), (0, 0));
}

#[test]
fn an_instance_that_is_killed_is_taken_over_and_comes_back_even_without_its_disk() {
    let (here, there) = (Workshop::default(), Workshop::default());
    let configuration = configuration("killed", SHORT, "stay");
    let (one, two) = pair(&here, &there, &configuration);
    let mut world = World::new("killed", 4, &one);
    world.change(&one, 200);
    // Somewhere in the middle of them.
    one.kill();
    wait_for(&two, 4);
    world.define(&two, "after-kill");
    world.change(&two, 100);
    world.settle();
    // What it knows is old by now: others had its partitions.
    let one = Service::start(&here, &configuration);
    wait_for(&one, 2);
    world.change(&one, 100);
    world.settle();
    one.kill();
    std::fs::remove_dir_all(here.path("data")).unwrap();
    // Another instance as far as the group knows: the one that it was is missed until its session ends.
    let one = Service::start(&here, &configuration);
    wait_for(&one, 2);
    wait_for(&two, 2);
    world.change(&one, 100);
    world.settle();
    assert_eq!((one.terminate(), two.terminate()), (0, 0));
}

#[test]
fn an_instance_that_was_thought_dead_publishes_nothing_twice() {
    let (here, there) = (Workshop::default(), Workshop::default());
    let configuration = configuration("zombie", SHORT, "stay");
    let (one, two) = pair(&here, &there, &configuration);
    let mut world = World::new("zombie", 5, &one);
    for round in 0..2 {
        world.change(&one, 200);
        // In the middle of its work.
        one.freeze();
        wait_for(&two, 4);
        world.change(&two, 200);
        world.define(&two, &format!("meanwhile-{round}"));
        one.thaw();
        world.change(&two, 100);
        world.settle();
        wait_for(&one, 2);
        wait_for(&two, 2);
    }
    world.change(&one, 100);
    world.settle();
    assert_eq!((one.terminate(), two.terminate()), (0, 0));
}

#[test]
fn a_standby_follows_what_others_work_on_and_its_copy_is_what_they_had() {
    let (here, there) = (Workshop::default(), Workshop::default());
    let configuration = configuration("standby", LONG, "leave") + "[standby]\nenabled = true\n";
    let (one, two) = pair(&here, &there, &configuration);
    let twos = assigned(&two);
    let mut world = World::new("standby", 6, &one);
    world.change(&one, 200);
    let standbys: Vec<u32> = (0..PARTITIONS).filter(|number| !twos.contains(number)).collect();
    for number in &standbys {
        let _ = two.wait_for_line(|line| {
            line.contains("the standby follows") && line.contains(&format!("partition={number}"))
        });
    }
    // Deletions among them, which a copy has to follow, too.
    world.change(&two, 200);
    world.settle();
    let metrics = two.get("/metrics").text;
    for number in &standbys {
        assert!(metrics.contains(&format!("muster_standby_lag{{partition=\"{number}\"}}")), "{metrics}");
    }
    assert_eq!(one.terminate(), 0);
    wait_for(&two, 4);
    for number in &standbys {
        let _ = two.wait_for_line(|line| {
            line.contains("its state goes on from the standby's copy")
                && line.contains(&format!("partition {number}"))
        });
    }
    // What it took over it can go on with: each change of what it does not know would be a delta too many.
    world.change(&two, 300);
    world.settle();
    // The other way round, and back: copies are begun anew.
    let one = Service::start(&here, &configuration);
    wait_for(&one, 2);
    world.change(&one, 100);
    world.settle();
    assert_eq!((one.terminate(), two.terminate()), (0, 0));
}
