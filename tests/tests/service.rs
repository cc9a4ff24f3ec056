//! The service as its users see it: the real binary, over HTTP and over Kafka.
//!
//! What it publishes, folded at rest, is what `replay` makes of the same lines in the same order.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use muster_directory::Instant;
use muster_tests::broker::Broker;
use muster_tests::history::{Step, history};
use muster_tests::program::Workshop;
use muster_tests::random::Random;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tenant, group, member.
type Membership = (String, String, String);

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}")).to_owned()
}

/// The memberships that delta lines add up to. Panics where one adds what is there, or removes what is not.
fn fold<'a>(deltas: impl IntoIterator<Item = &'a Value>) -> BTreeSet<Membership> {
    let mut memberships = BTreeSet::new();
    for delta in deltas {
        let membership = (text(delta, "tenant"), text(delta, "groupId"), text(delta, "memberId"));
        let changes = match delta["change"].as_str() {
            Some("added") => memberships.insert(membership),
            Some("removed") => memberships.remove(&membership),
            _ => panic!("neither added nor removed: {delta}"),
        };
        assert!(changes, "it was so already: {delta}");
    }
    memberships
}

/// Panics unless the sequences are 1, 2, 3, …
fn dense(deltas: &[Value]) {
    for (expected, delta) in (1_u64..).zip(deltas) {
        assert_eq!(delta["sequence"], expected, "{delta}");
    }
}

fn deltas(service: &Service, partitions: u32) -> Vec<Value> {
    let mut all = Vec::new();
    for partition in 0..partitions {
        let deltas = service.get_deltas(partition, 1);
        dense(&deltas);
        all.extend(deltas);
    }
    all
}

/// Lines of a random history that a service takes: it follows the real clock.
fn lines(seed: u64, count: usize) -> Vec<String> {
    let steps = history(seed, count).into_iter();
    let lines = steps.filter_map(|step| match step {
        Step::Line { text, wrong: None } if !text.contains("\"clock\"") => Some(text),
        _ => None,
    });
    lines.collect()
}

/// What `replay` makes of these lines now.
fn replayed(workshop: &Workshop, lines: &[String]) -> BTreeSet<Membership> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let now = Instant::from_millis(i64::try_from(now).unwrap()).to_string();
    workshop.write("events.jsonl", lines.join("\n"));
    let run =
        workshop.run(&["replay", "--events", "events.jsonl", "--deltas", "deltas.jsonl", "--now", &now]);
    assert_eq!(run.status, 0, "{}", run.stderr);
    fold(&workshop.json_lines("deltas.jsonl"))
}

#[test]
fn random_histories_fold_to_what_replay_says_on_one_and_on_four_partitions() {
    for seed in 1..=3 {
        let lines = lines(seed, 260);
        let workshop = Workshop::default();
        let expected = replayed(&workshop, &lines);
        for partitions in [1, 4] {
            let workshop = Workshop::default();
            let service = Service::start(&workshop, &format!("[topics]\npartitions = {partitions}\n"));
            for line in &lines {
                // A line that the engine refuses is taken, and becomes a dead letter later; one that is
                // wrong by itself is answered so.
                let answer = service.try_post_events("wait=applied&timeout=60", line).unwrap();
                assert!([200, 207].contains(&answer.status), "{}: {line}", answer.status);
            }
            assert_eq!(fold(&deltas(&service, partitions)), expected, "seed {seed}, {partitions} partitions");
            assert_eq!(service.terminate(), 0);
        }
    }
}

#[test]
fn kills_lose_nothing_and_double_nothing() {
    let mut random = Random::new(7);
    let lines = lines(7, 300);
    let workshop = Workshop::default();
    let expected = replayed(&workshop, &lines);
    let workshop = Workshop::default();
    let mut service = Service::start(&workshop, "");
    let (mut kills, mut seen) = (0, 0);
    // One by one: between requests and changes that are sent together no order is defined.
    for body in &lines {
        loop {
            if kills < 8 && random.chance(4) {
                // While a request is under way, or what it asked for.
                let url = format!("{}/muster/events", service.url());
                let mut request = Command::new("curl")
                    .args(["--silent", "--max-time", "20", "--data-binary", "@-", &url])
                    .stdin(Stdio::piped())
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap();
                request.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
                std::thread::sleep(Duration::from_millis(random.below(30) as u64));
                service.kill();
                request.wait().unwrap();
                kills += 1;
                service = Service::start(&workshop, "");
                // Whether the lines were taken is not known: they are sent again, which changes nothing.
                continue;
            }
            let answer = service.try_post_events("wait=applied&timeout=60", body).unwrap();
            assert!([200, 207].contains(&answer.status));
            break;
        }
        let now = deltas(&service, 4).len();
        assert!(now >= seen, "deltas were lost");
        seen = now;
    }
    assert!(kills > 3);
    assert_eq!(fold(&deltas(&service, 4)), expected);
    assert_eq!(service.terminate(), 0);
}

#[test]
fn a_restart_publishes_nothing() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "");
    let lines = lines(11, 120);
    let answer = service.try_post_events("wait=applied&timeout=60", &lines.join("\n")).unwrap();
    assert!([200, 207].contains(&answer.status));
    let before = deltas(&service, 4);
    assert!(!before.is_empty());
    assert_eq!(service.terminate(), 0);
    let service = Service::start(&workshop, "");
    assert_eq!(deltas(&service, 4), before);
    assert_eq!(service.terminate(), 0);
}

#[test]
fn a_group_whose_pattern_reaches_the_step_limit_is_marked() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "");
    let group = |id: &str, rule: &str| {
        let data = json!({"membershipRule": rule});
        json!({"kind": "group", "op": "upsert", "id": id, "data": data}).to_string()
    };
    let hard = "user.city -notMatch '^(?=(a|aa)+$)a*b?$'";
    let groups = [group("hard", hard), group("other", &format!("{hard} -or user.state -match '^[ab]+c'"))];
    service.apply_events(&groups.join("\n"));
    let user =
        json!({"kind": "user", "op": "upsert", "id": "u", "data": {"city": format!("{}!", "a".repeat(60))}});
    service.apply_events(&user.to_string());
    // No match: `-notMatch` holds.
    assert_eq!(fold(&deltas(&service, 4)).len(), 2);
    let _ = service.wait_for_line(|line| line.contains("step limit") && line.contains("other"));
    let metrics = service.get("/metrics").text;
    for group in ["hard", "other"] {
        let start = format!("muster_pattern_limit_total{{tenant=\"default\",group=\"{group}\"}} ");
        assert!(metrics.lines().any(|line| line.starts_with(&start)), "{metrics}");
    }
    assert_eq!(service.terminate(), 0);
}

/// Another client of the broker, which knows nothing of Muster.
fn kcat(broker: &Broker, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("kcat")
        // Of cargo, which would make it load our own client library.
        .env_remove("LD_LIBRARY_PATH")
        .args(["-b", broker.bootstrap()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn produce(broker: &Broker, topic: &str, keyed: &[(&str, &str)]) {
    let input: String = keyed.iter().map(|(key, value)| format!("{key}\t{value}\n")).collect();
    kcat(broker, &["-P", "-t", topic, "-K", "\t", "-Z", "-X", "partitioner=murmur2_random"], &input);
}

fn consume(broker: &Broker, topic: &str, format: &str) -> Vec<String> {
    let isolation = "isolation.level=read_committed";
    let out =
        kcat(broker, &["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", isolation, "-f", format], "");
    out.lines().map(str::to_owned).collect()
}

#[test]
fn the_tutorial_through_a_real_broker() {
    let broker = Broker::shared();
    let workshop = Workshop::default();
    let names =
        ["changes", "requests", "definitions", "deltas", "memberships", "group_status", "dead_letters"];
    let topics: String = names
        .iter()
        .map(|name| match *name {
            "changes" => "changes = [\"tutorial.changes\"]\n".to_owned(),
            name => format!("{name} = \"tutorial.{name}\"\n"),
        })
        .collect();
    let configuration = format!(
        "[log]\nkind = \"kafka\"\n[kafka]\nbrokers = \"{}\"\napplication = \"tutorial\"\n[topics]\npartitions = 2\n{topics}",
        broker.bootstrap()
    );
    let service = Service::start(&workshop, &configuration);
    let rule = r#"(user.userType -eq \"Guest\") -and (user.companyName -eq \"Contoso\")"#;
    let group =
        format!(r#"{{"kind":"group","op":"upsert","id":"guests","data":{{"membershipRule":"{rule}"}}}}"#);
    produce(
        broker,
        "tutorial.requests",
        &[
            ("guests", &group),
            (
                "bad",
                r#"{"kind":"group","op":"upsert","id":"bad","data":{"membershipRule":"user.nosuch -eq 1"}}"#,
            ),
        ],
    );
    // Behind the requests above: whoever waits for it has waited for them, too.
    service.apply_events(r#"{"kind":"group","op":"upsert","id":"mark","data":{}}"#);
    produce(
        broker,
        "tutorial.changes",
        &[
            (
                "ann",
                r#"{"kind":"user","op":"upsert","id":"ann","data":{"userType":"Guest","companyName":"contoso"}}"#,
            ),
            (
                "bob",
                r#"{"kind":"user","op":"upsert","id":"bob","data":{"userType":"Guest","companyName":"Contoso"}}"#,
            ),
            ("eve", "not json"),
            ("bob", r#"{"kind":"user","op":"patch","id":"bob","data":{"companyName":"Fabrikam"}}"#),
        ],
    );
    // Behind the changes above, on every partition.
    let marks: String = ["ann", "bob", "eve", "x1", "x2", "x3", "x4"]
        .map(|id| format!("{{\"kind\":\"member\",\"op\":\"remove\",\"group\":\"mark\",\"id\":\"{id}\"}}\n"))
        .concat();
    service.apply_events(&marks);
    produce(broker, "tutorial.changes", &[("ann", "")]);
    service.apply_events(&marks);

    let lines = consume(broker, "tutorial.deltas", "%s\n");
    let deltas: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(fold(&deltas).is_empty(), "{deltas:#?}");
    let joined: BTreeSet<String> = deltas.iter().map(|delta| text(delta, "memberId")).collect();
    assert_eq!(joined, BTreeSet::from(["ann".to_owned(), "bob".to_owned()]));
    let headers = consume(broker, "tutorial.deltas", "%h\n");
    assert!(headers.iter().all(|headers| headers.contains("ce_type=muster.membership.")), "{headers:?}");

    let dead = consume(broker, "tutorial.dead_letters", "%h %s\n");
    assert!(
        dead.iter().any(|dead| dead.contains("error-code=invalid-json") && dead.ends_with("not json")),
        "{dead:?}"
    );
    assert!(dead.iter().any(|dead| dead.contains("error-code=invalid-rule")), "{dead:?}");
    assert_eq!(dead.len(), 2, "{dead:?}");
    let definitions = consume(broker, "tutorial.definitions", "%k\n");
    assert_eq!(definitions.len(), 2, "{definitions:?}");

    // A second life over the same broker knows all that and publishes nothing anew.
    assert_eq!(service.terminate(), 0);
    let service = Service::start(&workshop, &configuration);
    assert_eq!(consume(broker, "tutorial.deltas", "%s\n"), lines);
    assert_eq!(service.terminate(), 0);
}
