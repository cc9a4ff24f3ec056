//! On the embedded log: what has nothing to do with any broker.

use crate::support::{deltas, fold};
use crate::worlds::World;
use muster_tests::program::Workshop;
use muster_tests::service::Service;
use serde_json::json;

#[test]
fn a_restart_publishes_nothing() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "");
    let lines = World::new(11, 120).lines;
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

/// Every number of `deploy/metrics.md` that a working service has.
#[test]
fn metrics_tell_what_the_service_does() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "[topics]\npartitions = 2\n");
    let group = json!({"kind": "group", "op": "upsert", "id": "g", "data": {"membershipRule": "user.city -eq \"x\""}});
    service.apply_events(&group.to_string());
    let users: String = (0..40)
        .map(|n| {
            let user = json!({"kind": "user", "op": "upsert", "id": format!("u{n}"), "data": {"city": "X"}});
            format!("{user}\n")
        })
        .collect();
    service.apply_events(&format!(
        "{users}{{\"kind\":\"device\",\"op\":\"patch\",\"id\":\"u1\",\"data\":{{}}}}"
    ));
    let text = service.get("/metrics").text;
    let value = |start: &str| -> f64 {
        let found = text.lines().filter_map(|line| line.strip_prefix(start));
        let numbers = found.map(|rest| rest.rsplit(' ').next().unwrap().parse::<f64>().unwrap());
        let all: Vec<f64> = numbers.collect();
        assert!(!all.is_empty(), "{start}: {text}");
        all.iter().sum()
    };
    assert!((value("muster_changes_total{") - 40.0).abs() < 0.1);
    assert!((value("muster_deltas_total{") - 40.0).abs() < 0.1);
    assert!((value("muster_requests_total{outcome=\"accepted\"}") - 1.0).abs() < 0.1);
    assert!((value("muster_dead_letters_total{code=\"kind-conflict\"}") - 1.0).abs() < 0.1);
    assert!((value("muster_affected_rules_count{") - 40.0).abs() < 0.1);
    for at_least_two in
        ["muster_commit_seconds_count{", "muster_publish_seconds_count{", "muster_fsyncs_total"]
    {
        assert!(value(at_least_two) >= 2.0, "{at_least_two}: {text}");
    }
    assert!(value("muster_fsync_seconds{quantile=\"1\"}") >= value("muster_fsync_seconds{quantile=\"0.5\"}"));
    assert!((value("muster_partition_ready{") - 2.0).abs() < 0.1);
    for nothing_waits in ["muster_queue_length{queue=\"outbox\"", "muster_groups_syncing{"] {
        assert!(value(nothing_waits).abs() < 0.1, "{nothing_waits}: {text}");
    }
    for there in [
        "muster_lag{topic=\"muster.changes\"",
        "muster_lag{topic=\"muster.requests\"",
        "muster_queue_length{queue=\"definitions\"",
    ] {
        assert!(value(there) >= 0.0);
    }
    assert_eq!(service.terminate(), 0);
}

/// A disk that is nearly full: nothing more is taken in, and it is said why.
#[test]
fn below_so_much_free_disk_nothing_is_taken_in() {
    let workshop = Workshop::default();
    let full = |line: &str| line.contains("nothing more is taken in");
    let service = Service::start_unready(&workshop, "[data]\nmin_free = \"1048576GiB\"\n", full);
    let answer = service.try_post_events("", r#"{"kind":"user","op":"upsert","id":"u","data":{}}"#).unwrap();
    assert_eq!(answer.status, 207, "{}", answer.text);
    assert!(answer.text.contains("less than `data.min_free`"), "{}", answer.text);
    let ready = service.get("/readyz");
    assert!(ready.status == 503 && ready.text.contains("data.min_free"), "{}", ready.text);
    assert_eq!(service.terminate(), 0);
}
