//! `muster produce` and `muster tail`, on the embedded log: at rest, and while a service runs on it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use muster_tests::program::{Run, Workshop, root};
use muster_tests::service::Service;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const GROUP: &str = r#"{"kind":"group","op":"upsert","id":"sales","data":{"membershipRule":"user.department -eq \"Sales\""}}"#;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn members(deltas: &[Value]) -> BTreeSet<&str> {
    deltas.iter().map(|delta| delta["memberId"].as_str().unwrap()).collect()
}

fn users(ids: impl IntoIterator<Item = u32>) -> String {
    ids.into_iter()
        .map(|id| {
            format!(
                "{{\"kind\":\"user\",\"op\":\"upsert\",\"id\":\"u{id}\",\"data\":{{\"department\":\"sales\"}}}}\n"
            )
        })
        .collect()
}

#[test]
fn what_is_produced_at_rest_is_applied_at_the_start() {
    let workshop = Workshop::default();
    workshop.write("events.jsonl", format!("{GROUP}\nnot json\n\n{}", users(0..20)));
    let data = ["--set", "data.dir=data"];
    let run = workshop.run(&[&["produce", "events.jsonl"], &data[..]].concat());
    assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.starts_with("events.jsonl:2: refused (invalid-json): "), "{}", run.stderr);
    assert!(
        run.stderr.ends_with("sent 21 lines: 20 to muster.changes, 1 to muster.requests; 1 refused\n"),
        "{}",
        run.stderr
    );
    // Nobody is there to wait for.
    assert_eq!(workshop.run(&[&["produce", "--wait", "events.jsonl"], &data[..]].concat()).status, 2);
    let service = Service::start(&workshop, "");
    service.apply_events("{\"kind\":\"group\",\"op\":\"upsert\",\"id\":\"other\",\"data\":{}}");
    service.apply_events(&users(0..20));
    assert_eq!(service.terminate(), 0);

    let run = workshop.run(&[&["tail"], &data[..]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let deltas = lines(&run.stdout);
    assert_eq!(members(&deltas).len(), 20);
    let run = workshop.run(&[&["tail", "--partition", "1", "--from", "2"], &data[..]].concat());
    let expected = deltas.iter().filter(|delta| delta["partition"] == 1 && delta["sequence"] != 1);
    assert_eq!(lines(&run.stdout), expected.cloned().collect::<Vec<_>>());
    let run = workshop.run(&[&["tail", "--topic", "group-status"], &data[..]].concat());
    let status = lines(&run.stdout);
    assert!(status.iter().any(|status| status["value"]["state"] == "current"), "{}", run.stdout);
    // No more will come without a service; and there is no such partition, or directory.
    for wrong in [&["--follow"][..], &["--partition", "4"], &["--from", "x"], &["--set", "data.dir=no"]] {
        let run = workshop.run(&[&["tail"], &data[..], wrong].concat());
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{wrong:?}: {run:?}");
    }
}

#[test]
fn a_running_service_is_found_by_its_data_directory() {
    let workshop = Workshop::default();
    let service = Service::start(&workshop, "");
    let data = ["--set", "data.dir=data"];
    // An edit and its revocation, which must not be taken as one.
    let edit =
        r#"{"kind":"group","op":"patch","id":"sales","data":{"membershipRule":"user.department -eq \"x\""}}"#;
    workshop.write("events.jsonl", format!("{GROUP}\n{}{edit}\n{GROUP}\n", users(0..3)));
    let mut follow = workshop.command(&[&["tail", "--follow", "--from", "end"], &data[..]].concat());
    let mut follow = follow.stdout(Stdio::piped()).spawn().unwrap();
    let run = workshop.run(&[&["produce", "--wait", "events.jsonl"], &data[..]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    let refused =
        r#"{"kind":"group","op":"upsert","id":"bad","data":{"membershipRule":"user.nosuch -eq 1"}}"#;
    let input = format!("{refused}\n{{\"kind\":\"clock\",\"time\":\"2030-01-01T00:00:00Z\"}}\n");
    let run =
        workshop.run_with(&[&["produce", "-", "--wait", "--url", service.url()], &data[..]].concat(), &input);
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (0, "sent 1 lines: 1 to muster.requests; 1 clock lines left out\n")
    );

    let tail = |more: &[&str]| lines(&workshop.run(&[&["tail"], &data[..], more].concat()).stdout);
    let deltas = tail(&[]);
    assert_eq!(deltas.len(), 9, "added, removed and added again: {deltas:#?}");
    assert_eq!(tail(&["--url", service.url()]), deltas);
    let dead = tail(&["--topic", "dead-letters"]);
    assert_eq!(dead.len(), 1, "{dead:?}");
    assert_eq!(dead[0]["headers"]["error-code"], "invalid-rule");
    assert_eq!(dead[0]["value"]["id"], "bad");
    let definitions = tail(&["--topic", "definitions"]);
    assert_eq!(definitions.len(), 3);
    // What it followed came in the order of each partition; where it began, the rest had not come yet.
    let mut followed = BufReader::new(follow.stdout.take().unwrap()).lines().map(Result::unwrap);
    let last = deltas.iter().rfind(|delta| delta["partition"] == deltas[0]["partition"]).unwrap();
    assert!(followed.any(|line| serde_json::from_str::<Value>(&line).unwrap() == *last));
    follow.kill().unwrap();
    follow.wait().unwrap();

    let show = workshop.run(&[&["tail", "--show"], &data[..]].concat());
    assert_eq!(show.stdout, "");
    assert!(show.stderr.contains("+ added   u0           sales                the user is new"), "{show:?}");
    assert_eq!(service.terminate(), 0);
}

/// `make run ONCE=1`, as a newcomer sees it.
#[test]
fn the_sample_organisation_runs_as_a_service() {
    let workshop = Workshop::default();
    let mut command = Command::new(root().join("deploy/sample.sh"));
    command.arg(muster_tests::program::executable()).arg(workshop.path("sample"));
    let run = Run::from(command.env("ONCE", "1").stdin(Stdio::null()).output().unwrap());
    assert_eq!(run.status, 0, "{run:?}");
    for shown in [
        "sent 25 lines: 13 to muster.changes, 12 to muster.requests; 1 clock lines left out",
        "+ added   megan        guests-of-contoso    the user is new (muster.changes/0@2)",
        "- removed megan        lobby-badge          the membership in guests-of-contoso changed",
        "- removed adele        all-users            the user was deleted",
        "- removed megan        all-users            the group's definition changed, version 9",
        "assigned  megan        efccb6f7-5641-4e0e-bd10-b4976e1bf68e",
        "waiting   alex         efccb6f7-5641-4e0e-bd10-b4976e1bf68e",
        "assigned  alex         efccb6f7-5641-4e0e-bd10-b4976e1bf68e",
    ] {
        assert!(run.stderr.contains(shown), "{shown}: {}", run.stderr);
    }
}
