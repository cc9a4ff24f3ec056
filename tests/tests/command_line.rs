//! The command line as scripts see it: exit status, stdout, stderr. One test a promise of the
//! interface.

use muster_tests::program::Workshop;
use serde_json::{Value, json};

const RULE: &str = r#"(user.userType -eq "Guest") -and (user.companyName -eq "Contoso")"#;
const NOW: &str = "2026-11-22T08:00:00Z";

#[test]
fn a_valid_rule_is_status_0_and_an_invalid_one_1() {
    let workshop = Workshop::default();
    let run = workshop.run(&["rule", "check", RULE]);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{run:?}");
    let run = workshop.run(&["rule", "check", "user.departmnt -eq \"x\""]);
    assert_eq!((run.status, run.stdout.as_str()), (1, ""), "{run:?}");
    assert!(run.stderr.contains("departmnt") && run.stderr.contains("MR0"), "{}", run.stderr);
}

#[test]
fn checks_are_json_where_machines_read() {
    let workshop = Workshop::default();
    let run = workshop.run(&["rule", "check", "--json", RULE]);
    let answer = run.json();
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert_eq!((&answer["valid"], &answer["kind"]), (&json!(true), &json!("user")));
    assert_eq!(answer["diagnostics"], json!([]));
    assert!(answer["canonical"].is_string());

    let run =
        workshop.run(&["rule", "check", "user.city -eq \"😀\" -and\nuser.departmnt -eq \"x\"", "--json"]);
    let answer = run.json();
    assert_eq!(run.status, 1);
    assert_eq!((&answer["valid"], &answer["canonical"]), (&json!(false), &Value::Null));
    let diagnostic = &answer["diagnostics"][0];
    assert!(diagnostic["code"].as_str().unwrap().starts_with("MR"), "{diagnostic}");
    assert_eq!(diagnostic["severity"], "error");
    assert_eq!((&diagnostic["line"], &diagnostic["column"]), (&json!(2), &json!(6)));
    assert_eq!(diagnostic["span"], json!({"start": 31, "end": 40}));
}

#[test]
fn a_rule_may_begin_with_a_hyphen_or_come_from_standard_input() {
    let workshop = Workshop::default();
    assert_eq!(workshop.run(&["rule", "check", "-not (user.accountEnabled -eq true)"]).status, 0);
    assert_eq!(workshop.run_with(&["rule", "check", "-"], &format!("{RULE}\n")).status, 0);
    assert_eq!(workshop.run_with(&["rule", "check", "-"], "").status, 1);
}

#[test]
fn a_schema_declares_more_attributes() {
    let workshop = Workshop::default();
    let rule = "user.level -ge 5";
    let extended = ["rule", "check", rule, "--dialect", "extended"];
    assert_eq!(workshop.run(&extended).status, 1);
    workshop.write("schema.json", r#"{"attributes":[{"object":"user","name":"level","type":"integer"}]}"#);
    let with_schema = [&extended[..], &["--schema", "schema.json"]].concat();
    assert_eq!(workshop.run(&with_schema).status, 0);
    workshop.write("schema.json", r#"{"attributes":[{"object":"user","name":"level","type":"float"}]}"#);
    let run = workshop.run(&with_schema);
    assert_eq!(run.status, 2);
    assert!(run.stderr.contains("`type` is `float`"), "{}", run.stderr);
}

#[test]
fn rules_are_tried_on_objects() {
    let workshop = Workshop::default();
    workshop.write(
        "objects.jsonl",
        r#"{"id":"u1","userType":"guest","companyName":"CONTOSO"}
{"id":"u2","userType":"Member","companyName":"Contoso"}

{"id":"u3","userType":5}
{"id":"u4"}
"#,
    );
    let run = workshop.run(&["rule", "eval", RULE, "--objects", "objects.jsonl"]);
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(run.status, 1, "an object was invalid");
    assert_eq!(lines[0], json!({"id": "u1", "member": true}));
    assert_eq!(lines[1], json!({"id": "u2", "member": false}));
    assert_eq!(lines[2]["id"], "u3");
    assert!(lines[2]["error"].as_str().unwrap().contains("`userType` is the number 5"), "{}", lines[2]);
    assert_eq!(lines[3], json!({"id": "u4", "member": false}));

    workshop.write("objects.jsonl", r#"{"id":"u1","userType":"guest","memberOf":["G1"]}"#);
    let rule = "user.memberOf -any (group.objectId -in ['g1'])";
    let run = workshop.run(&["rule", "eval", rule, "--objects", "objects.jsonl", "--explain"]);
    let answer = run.json();
    assert_eq!((run.status, &answer["member"]), (0, &json!(true)));
    assert!(answer["explanation"].is_object(), "{answer}");

    let rule = "user.employeeHireDate -le system.now";
    workshop.write("objects.jsonl", r#"{"id":"u1","employeeHireDate":"2026-11-22"}"#);
    for (now, member) in [("2026-11-21", false), ("2026-11-22", true)] {
        let run = workshop.run(&["rule", "eval", rule, "--objects", "objects.jsonl", "--now", now]);
        assert_eq!(run.json()["member"], member);
    }
    assert_eq!(workshop.run(&["rule", "eval", "nonsense", "--objects", "objects.jsonl"]).status, 1);
    assert_eq!(workshop.run(&["rule", "eval", RULE, "--objects", "none.jsonl"]).status, 2);
}

#[test]
fn wrong_usage_is_status_2() {
    let workshop = Workshop::default();
    workshop.write("clock.jsonl", "{\"kind\":\"clock\",\"time\":\"2026-11-22\"}\n");
    for arguments in [
        &[][..],
        &["bananas"],
        &["rule", "check"],
        &["rule", "check", "--dialect", "okta", RULE],
        &["replay"],
        &["replay", "--events", "e.jsonl"],
        &["replay", "--events", "none.jsonl", "--deltas", "out.jsonl"],
        &["replay", "--events", "e.jsonl", "--deltas", "out.jsonl", "--now", "yesterday"],
        &["replay", "--events", "e.jsonl", "--deltas", "out.jsonl", "--index", "bogus"],
        &["members", "--data", "none", "--group", "g"],
        &["memberships", "--data", "none"],
        &["replay", "--events", "clock.jsonl", "--deltas", "out.jsonl", "--data", "clock.jsonl"],
        &["replay", "--events", "clock.jsonl", "--deltas", "none/out.jsonl"],
    ] {
        let run = workshop.run(arguments);
        assert_eq!(run.status, 2, "{arguments:?}: {run:?}");
        assert!(run.stdout.is_empty() && !run.stderr.is_empty(), "{arguments:?}: {run:?}");
    }
    for arguments in [&["--help"][..], &["replay", "--help"], &["help", "rule", "check"], &["--version"]] {
        let run = workshop.run(arguments);
        assert_eq!(run.status, 0, "{arguments:?}");
        assert!(!run.stdout.is_empty());
    }
    for command in ["rule check", "rule eval", "replay", "members", "memberships"] {
        let mut arguments: Vec<&str> = command.split(' ').collect();
        arguments.push("--help");
        let help = workshop.run(&arguments).stdout;
        assert!(help.contains("Example") && help.contains("Exit status"), "{command}: {help}");
    }
}

/// Two users, two groups, in a data directory `data`.
fn replayed(workshop: &Workshop) {
    workshop.write(
        "events.jsonl",
        r#"{"kind":"group","op":"upsert","id":"g1","data":{"membershipRule":"user.city -eq \"Oslo\""}}
{"kind":"group","op":"upsert","id":"g0","data":{"membershipRule":"user.objectId -ne null"}}
{"kind":"group","op":"upsert","id":"empty","data":{}}
{"kind":"user","op":"upsert","id":"u2","data":{"city":"Oslo"}}
{"kind":"user","op":"upsert","id":"u10","data":{"city":"oslo"}}
{"kind":"user","op":"upsert","id":"u3","tenant":"other","data":{"city":"Oslo"}}
"#,
    );
    let run = workshop.run(&REPLAY);
    assert_eq!(run.status, 0, "{run:?}");
}

const REPLAY: [&str; 9] =
    ["replay", "--events", "events.jsonl", "--deltas", "out.jsonl", "--data", "data", "--now", NOW];

#[test]
fn members_and_memberships_are_listed_from_a_directory_at_rest() {
    let workshop = Workshop::default();
    replayed(&workshop);
    let list = |arguments: &[&str]| {
        let run = workshop.run(arguments);
        (run.status, run.stdout)
    };
    assert_eq!(list(&["members", "--data", "data", "--group", "g1"]), (0, "u10\nu2\n".into()));
    assert_eq!(list(&["members", "--data", "data", "--group", "empty"]), (0, String::new()));
    assert_eq!(list(&["members", "--data", "data", "--group", "none"]), (1, String::new()));
    assert_eq!(
        list(&["members", "--data", "data", "--group", "g1", "--tenant", "other"]),
        (1, String::new())
    );
    assert_eq!(list(&["memberships", "--data", "data", "--object", "u2"]), (0, "g0\ng1\n".into()));
    assert_eq!(
        list(&["memberships", "--data", "data", "--object", "u3", "--tenant", "other"]),
        (0, String::new())
    );
    assert_eq!(list(&["memberships", "--data", "data", "--object", "u9"]), (1, String::new()));
}

#[test]
fn a_finished_replay_run_again_changes_nothing_and_other_files_are_refused() {
    let workshop = Workshop::default();
    replayed(&workshop);
    let deltas = workshop.bytes("out.jsonl");
    assert_eq!(workshop.json_lines("out.jsonl").len(), 4);
    assert_eq!(workshop.run(&REPLAY).status, 0);
    assert_eq!(workshop.bytes("out.jsonl"), deltas);

    workshop.write("other.jsonl", "{\"kind\":\"user\",\"op\":\"delete\",\"id\":\"u2\"}\n");
    let run = workshop.run(&["replay", "--events", "other.jsonl", "--deltas", "out.jsonl", "--data", "data"]);
    assert_eq!(run.status, 2, "{run:?}");
    assert_eq!(workshop.bytes("out.jsonl"), deltas, "nothing is touched");

    // More files may follow what was read.
    let run = workshop.run(&[
        "replay",
        "--events",
        "events.jsonl",
        "other.jsonl",
        "--deltas",
        "out.jsonl",
        "--data",
        "data",
    ]);
    assert_eq!(run.status, 0, "{run:?}");
    let lines = workshop.json_lines("out.jsonl");
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[5]["sequence"], 6);
    assert_eq!(lines[5]["cause"]["source"], json!({"file": "other.jsonl", "line": 1}));
    assert_eq!(lines[5]["time"], "2026-11-22T08:00:00.000Z", "the stored clock goes on");
}

#[test]
fn an_output_that_was_changed_is_refused() {
    let workshop = Workshop::default();
    replayed(&workshop);
    std::fs::remove_file(workshop.path("out.jsonl")).unwrap();
    let run = workshop.run(&REPLAY);
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.stderr.contains("out.jsonl"), "{}", run.stderr);
}

#[test]
fn inputs_are_never_overwritten() {
    let workshop = Workshop::default();
    workshop.write("e.jsonl", "{\"kind\":\"clock\",\"time\":\"2026-11-22\"}\n");
    let run = workshop.run(&["replay", "--events", "e.jsonl", "--deltas", "./e.jsonl"]);
    assert_eq!(run.status, 2, "{run:?}");
    assert!(!workshop.bytes("e.jsonl").is_empty());
}

#[test]
fn strict_and_stats() {
    let workshop = Workshop::default();
    workshop.write(
        "e.jsonl",
        "{\"kind\":\"user\",\"op\":\"upsert\",\"id\":\"u\",\"data\":{}}\nnonsense\n\n\
         {\"kind\":\"group\",\"op\":\"upsert\",\"id\":\"g\",\"data\":{\"membershipRule\":\"user.objectId -ne null\"}}\n",
    );
    let replay = ["replay", "--events", "e.jsonl", "--deltas", "out.jsonl"];
    let run = workshop.run(&replay);
    assert_eq!((run.status, run.stdout.as_str()), (0, ""), "{run:?}");
    assert!(run.stderr.contains("1 line was refused"), "{}", run.stderr);
    assert_eq!(workshop.run(&[&replay[..], &["--strict"]].concat()).status, 1);
    let stats = workshop.run(&[&replay[..], &["--stats"]].concat()).json();
    for (name, count) in
        [("lines", 3), ("changes", 1), ("deltas", 1), ("deadLetters", 1), ("groups", 1), ("objects", 1)]
    {
        assert_eq!(stats[name], count, "{name}: {stats}");
    }
    for name in [
        "affectedRules",
        "elapsedSeconds",
        "changesPerSecond",
        "deltasPerSecond",
        "peakMemoryBytes",
        "commits",
    ] {
        assert!(stats[name].is_number(), "{name}: {stats}");
    }
}

#[test]
fn files_may_be_repeated_and_both_indexes_agree() {
    let workshop = Workshop::default();
    replayed(&workshop);
    workshop
        .write("more.jsonl", "{\"kind\":\"user\",\"op\":\"patch\",\"id\":\"u2\",\"data\":{\"city\":null}}\n");
    let mut outputs = Vec::new();
    for index in ["attribute", "naive"] {
        let run = workshop.run(&[
            "replay",
            "--events",
            "events.jsonl",
            "--deltas",
            index,
            "--events",
            "more.jsonl",
            "--index",
            index,
            "--now",
            NOW,
        ]);
        assert_eq!(run.status, 0, "{run:?}");
        outputs.push(workshop.bytes(index));
    }
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(workshop.json_lines("naive").len(), 5);
}

#[test]
fn the_dialect_of_rules_that_name_none_is_an_argument() {
    let workshop = Workshop::default();
    workshop.write(
        "e.jsonl",
        "{\"kind\":\"group\",\"op\":\"upsert\",\"id\":\"g\",\"data\":{\"membershipRule\":\"user.employeeHireDate -gt system.now\"}}\n",
    );
    let replay = |dialect: &str| {
        workshop
            .run(&[
                "replay",
                "--events",
                "e.jsonl",
                "--deltas",
                "out.jsonl",
                "--strict",
                "--dialect",
                dialect,
            ])
            .status
    };
    assert_eq!((replay("entra"), replay("extended")), (1, 0));
}
