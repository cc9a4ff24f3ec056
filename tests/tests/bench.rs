//! The load generator and the benchmark as a user runs them, on small sizes.

use muster_tests::broker::Broker;
use muster_tests::program::{Run, Workshop};
use serde_json::Value;

const SIZE: [&str; 6] = ["--rules", "300", "--objects", "400", "--seed", "7"];

fn run(workshop: &Workshop, first: &[&str], more: &[&str]) -> Run {
    workshop.run(&[first, &SIZE, more].concat())
}

#[test]
fn what_the_generator_writes_is_replayed_without_a_dead_letter() {
    let workshop = Workshop::default();
    let write = |out| run(&workshop, &["loadgen", "--out", out, "--changes", "500"], &["--profile", "wide"]);
    for out in ["one", "two"] {
        assert_eq!(write(out).status, 0);
    }
    let files = ["01-groups.jsonl", "02-users.jsonl", "03-changes.jsonl"];
    for file in files {
        let (one, two) = (workshop.bytes(&format!("one/{file}")), workshop.bytes(&format!("two/{file}")));
        assert!(one == two, "{file} differs from one run to the next");
    }
    let events = files.map(|file| format!("one/{file}"));
    let mut arguments = vec!["replay", "--strict", "--stats", "--now", "2026-11-22T08:00:00Z"];
    arguments.extend(["--deltas", "out.jsonl", "--events"]);
    arguments.extend(events.iter().map(String::as_str));
    let run = workshop.run(&arguments);
    assert_eq!(run.status, 0, "{run:?}");
    let stats = run.json();
    assert_eq!(
        (&stats["deadLetters"], &stats["groups"], &stats["objects"]),
        (&0.into(), &300.into(), &400.into())
    );
    assert!(stats["deltas"].as_u64().unwrap() > 1000, "{stats}");
    let kinds = events.iter().flat_map(|file| workshop.json_lines(file));
    assert!(kinds.into_iter().all(|line| line["kind"] == "user" || line["kind"] == "group"));
}

/// What every report has.
fn check(report: &Value, mode: &str) {
    assert_eq!((&report["mode"], &report["profile"]), (&mode.into(), &"typical".into()));
    assert_eq!(
        (&report["rules"], &report["objects"], &report["seed"]),
        (&300.into(), &400.into(), &7.into())
    );
    assert_eq!(report["differences"], 0, "{report}");
    for name in ["changes", "deltas", "threads", "elapsedSeconds", "changesPerSecond", "deltasPerSecond"] {
        assert!(report[name].as_f64().is_some_and(|value| value > 0.0), "{name}: {report}");
    }
    assert!(report["verifiedChanges"].as_u64() > Some(100), "{report}");
    assert!(report["peakMemoryBytes"].as_u64() > Some(1 << 20), "{report}");
    assert!(report["baselines"].is_object());
}

#[test]
fn matching_is_measured_and_checked() {
    let workshop = Workshop::default();
    let more = ["--changes", "2000", "--threads", "2", "--baseline", "naive,attribute", "--json"];
    let run = run(&workshop, &["bench", "match"], &more);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:?}");
    let report = run.json();
    check(&report, "match");
    assert_eq!((&report["changes"], &report["threads"]), (&2000.into(), &2.into()));
    for name in ["naive", "attribute"] {
        let against = &report["baselines"][name];
        assert!(against["changesPerSecond"].as_f64().unwrap() > 0.0, "{report}");
        assert!(against["ratio"].as_f64().unwrap() > 0.0, "{report}");
    }
}

#[test]
fn a_replay_is_measured_and_checked_and_reported() {
    let workshop = Workshop::default();
    let more = ["--changes", "2000", "--json", "--report", "report.html"];
    let run = run(&workshop, &["bench", "replay"], &more);
    assert_eq!(run.status, 0, "{run:?}");
    let report = run.json();
    check(&report, "replay");
    assert_eq!(report["changes"], 2000);
    let page = String::from_utf8(workshop.bytes("report.html")).unwrap();
    assert!(page.contains("aria-label=\"Cost of a change in the index\"") && page.contains("<svg"));
    assert!(!page.contains("http") && !page.contains("<script"));
}

#[test]
fn the_service_is_measured_through_a_broker_and_checked() {
    let workshop = Workshop::default();
    let brokers = format!("kafka.brokers={}", Broker::shared().bootstrap());
    let kafka = ["--set", "log.kind=kafka", "--set", &brokers];
    let more = [&["--changes", "2000", "--rate", "4000", "--json"][..], &kafka].concat();
    let run = run(&workshop, &["bench", "kafka"], &more);
    assert_eq!(run.status, 0, "{run:?}");
    let report = run.json();
    check(&report, "kafka");
    let latency = |name: &str| report["latencyMillis"][name].as_f64().unwrap();
    assert!(0.0 < latency("p50") && latency("p50") <= latency("p99") && latency("p99") <= latency("max"));
}

#[test]
fn a_log_without_a_broker_is_wrong_usage() {
    let run = run(&Workshop::default(), &["bench", "kafka"], &[]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("log.kind=kafka"), "{}", run.stderr);
}
