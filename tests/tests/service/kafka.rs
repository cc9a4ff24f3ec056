//! What only Kafka can show: other clients in and out, several changes topics, compaction, TLS, a broker
//! that goes away.

use crate::support::{consume, deltas, fold, on_broker, on_kafka, produce, text};
use muster_tests::broker::{Broker, Listeners};
use muster_tests::program::Workshop;
use muster_tests::service::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Long enough for anything that will happen at all.
const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn the_tutorial_through_a_real_broker() {
    let broker = Broker::shared();
    let workshop = Workshop::default();
    let configuration = on_kafka("tutorial", 2);
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

fn group(id: &str, rule: &str) -> String {
    json!({"kind": "group", "op": "upsert", "id": id, "data": {"membershipRule": rule}}).to_string()
}

fn object(kind: &str, id: &str, data: &Value) -> String {
    json!({"kind": kind, "op": "upsert", "id": id, "data": data}).to_string()
}

/// Waits until there are so many deltas in four partitions.
fn wait_for_deltas(service: &Service, count: usize) {
    let deadline = Instant::now() + PATIENCE;
    while deltas(service, 4).len() < count {
        assert!(Instant::now() < deadline, "{:#?}", deltas(service, 4));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn users_and_devices_come_on_topics_of_their_own() {
    let broker = Broker::shared();
    let workshop = Workshop::default();
    let configuration = on_kafka("apart", 4)
        .replace("changes = [\"apart.changes\"]", "changes = [\"apart.users\", \"apart.devices\"]");
    let service = Service::start(&workshop, &configuration);
    let rules =
        [group("people", "user.city -eq \"Oslo\""), group("laptops", "device.deviceOSType -eq \"Windows\"")];
    service.apply_events(&rules.join("\n"));
    let ids: Vec<(String, String)> = (0..12).map(|n| (format!("u{n}"), format!("d{n}"))).collect();
    let (mut users, mut devices) = (Vec::new(), Vec::new());
    for (user, device) in &ids {
        users.push((user.as_str(), object("user", user, &json!({"city": "Oslo"}))));
        devices.push((device.as_str(), object("device", device, &json!({"operatingSystem": "Windows"}))));
    }
    // An id that a user has, as a device's: refused.
    devices.insert(0, ("u1", object("device", "u1", &json!({}))));
    // Between topics no order is defined: one after the other.
    for (topic, keyed, expected) in [("apart.users", &users, 12), ("apart.devices", &devices, 24)] {
        let keyed: Vec<(&str, &str)> = keyed.iter().map(|(key, value)| (*key, value.as_str())).collect();
        produce(broker, topic, &keyed);
        wait_for_deltas(&service, expected);
    }
    for delta in deltas(&service, 4) {
        let expected = if text(&delta, "groupId") == "people" { "apart.users" } else { "apart.devices" };
        assert_eq!(delta["cause"]["source"]["topic"], expected, "{delta}");
    }
    // Each topic goes on where it was read to.
    assert_eq!(service.terminate(), 0);
    produce(broker, "apart.users", &[("u0", "")]);
    produce(broker, "apart.devices", &[("d0", "")]);
    let service = Service::start(&workshop, &configuration);
    wait_for_deltas(&service, 26);
    assert_eq!(fold(&deltas(&service, 4)).len(), 22);
    let deadline = Instant::now() + PATIENCE;
    let dead = loop {
        let dead = consume(broker, "apart.dead_letters", "%h\n");
        if !dead.is_empty() || Instant::now() > deadline {
            break dead;
        }
    };
    assert!(dead.len() == 1 && dead.concat().contains("error-code=kind-conflict"), "{dead:?}");
    assert_eq!(service.terminate(), 0);
}

#[test]
fn a_second_run_after_compaction_reaches_the_same_memberships() {
    let broker = Broker::shared();
    let workshop = Workshop::default();
    let configuration = on_kafka("compacted", 2);
    let service = Service::start(&workshop, &configuration);
    let users: Vec<String> = (0..20)
        .map(|n| object("user", &format!("u{n}"), &json!({"city": if n % 2 == 0 { "Oslo" } else { "Rome" }})))
        .collect();
    service.apply_events(&users.join("\n"));
    service.apply_events(&group("edited", "user.city -eq \"Rome\""));
    service.apply_events(&group("deleted", "user.city -eq \"Oslo\""));
    service.apply_events(&group("recreated", "user.city -eq \"Rome\""));
    service.apply_events(&group("reader", "user.memberOf -any (group.objectId -in ['edited'])"));
    broker.set_topic(
        "compacted.definitions",
        &[("segment.ms", "100"), ("min.cleanable.dirty.ratio", "0.001"), ("delete.retention.ms", "0")],
    );
    for id in ["deleted", "recreated"] {
        service.apply_events(&json!({"kind": "group", "op": "delete", "id": id}).to_string());
    }
    service.apply_events(&group("recreated", "user.city -eq \"Oslo\""));
    let definitions = || consume(broker, "compacted.definitions", "%k\n");
    let deadline = Instant::now() + PATIENCE;
    // Each edit closes a segment; only closed ones are compacted.
    let mut edits = 0;
    loop {
        let city = if edits % 2 == 0 { "Oslo" } else { "Rome" };
        service.apply_events(&group("edited", &format!("user.city -eq \"{city}\"")));
        edits += 1;
        let keys = definitions();
        let gone = !keys.iter().any(|key| key == "group/deleted");
        let once = keys.iter().filter(|key| *key == "group/recreated").count() == 1;
        if gone && once {
            break;
        }
        assert!(Instant::now() < deadline, "{keys:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
    let before = deltas(&service, 2);
    let expected = fold(&before);
    assert_eq!(expected.len(), 30, "{expected:?}");
    assert_eq!(service.terminate(), 0);

    let service = Service::start(&workshop, &configuration);
    assert_eq!(deltas(&service, 2), before, "a restart publishes nothing");
    let moved = json!({"kind": "user", "op": "patch", "id": "u1", "data": {"city": "Oslo"}});
    service.apply_events(&moved.to_string());
    service.apply_events(&group("edited", "user.city -eq \"Oslo\""));
    let ids = |id: &str| {
        let folded = fold(&deltas(&service, 2));
        folded.into_iter().filter(|(_, group, _)| group == id).map(|(_, _, member)| member).collect()
    };
    let oslo: BTreeSet<String> =
        (0..20).filter(|n| n % 2 == 0).map(|n| format!("u{n}")).chain(["u1".to_owned()]).collect();
    for (id, expected) in
        [("edited", &oslo), ("recreated", &oslo), ("reader", &oslo), ("deleted", &BTreeSet::new())]
    {
        let found: BTreeSet<String> = ids(id);
        assert_eq!(found, *expected, "{id}");
    }
    assert_eq!(service.terminate(), 0);
}

/// With a password, over TLS, as configured in the file.
#[test]
fn by_tls_and_scram() {
    let secure = Broker::shared().secure();
    let workshop = Workshop::default();
    workshop.write("password", format!("{}\n", secure.password));
    let kafka = format!(
        "brokers = \"{}\"\n[kafka.tls]\nenabled = true\nca_file = \"{}\"\n\
         [kafka.sasl]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"{}\"\npassword_file = \"password\"\n",
        secure.bootstrap,
        secure.certificate.display(),
        secure.user,
    );
    let configuration = on_broker(&kafka, "secure", 2);
    let service = Service::start(&workshop, &configuration);
    service.apply_events(&group("g", "user.city -eq \"Oslo\""));
    let config = ["--config", "muster.toml"];
    workshop.write("events.jsonl", object("user", "u", &json!({"city": "Oslo"})));
    let run = workshop.run(&[&["produce", "events.jsonl"], &config[..]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, "sent 1 lines: 1 to secure.changes\n"), "{run:?}");
    let mark = json!({"kind": "member", "op": "remove", "group": "x", "id": "u"}).to_string();
    service.apply_events(&mark);
    let run = workshop.run(&[&["tail"], &config[..]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    let deltas: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(fold(&deltas), BTreeSet::from([("default".to_owned(), "g".to_owned(), "u".to_owned())]));
    assert_eq!(workshop.run(&[&["topics", "check"], &config[..]].concat()).status, 0);
    assert_eq!(service.terminate(), 0);
    // The wrong password is said to be wrong.
    workshop.write("password", "wrong");
    let fast = ["--set", "kafka.client.socket.timeout.ms=3000"];
    let run = workshop.run(&[&["topics", "check"], &config[..], &fast[..]].concat());
    assert!(run.status != 0 && run.stderr.contains("authentication"), "{run:?}");
}

#[test]
fn a_broker_that_goes_away_and_comes_back_is_waited_for() {
    let broker = Broker::start(Listeners::Plain);
    let workshop = Workshop::default();
    let address = format!("brokers = \"{}\"", broker.bootstrap());
    let client = "[kafka.client]\nreconnect.backoff.max.ms = \"500\"\n";
    let service = Service::start(&workshop, &on_broker(&format!("{address}\n{client}"), "away", 2));
    service.apply_events(&group("g", "user.city -eq \"Oslo\""));
    let user = |n: u32| object("user", &format!("u{n}"), &json!({"city": "Oslo"}));
    let first: Vec<String> = (0..10).map(user).collect();
    service.apply_events(&first.join("\n"));
    broker.kill();
    broker.restart();
    let second: Vec<String> = (10..20).map(user).collect();
    service.apply_events(&second.join("\n"));
    assert_eq!(fold(&deltas(&service, 2)).len(), 20);
    assert_eq!(service.get("/readyz").status, 200);
    assert_eq!(service.terminate(), 0);
}
