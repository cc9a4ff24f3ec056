//! `muster config`: what scripts see of a configuration that is right, and of one that is not.

use muster_tests::program::{Run, Workshop};

#[test]
fn a_right_configuration_is_status_0() {
    let workshop = Workshop::default();
    let run = workshop.run(&["config", "check"]);
    assert_eq!(
        (run.status, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "the configuration is fine\n")
    );
    let annotated = muster_tests::program::root().join("config/muster.toml");
    let run = workshop.run(&["config", "check", "--config", annotated.to_str().unwrap()]);
    assert_eq!((run.status, run.stderr.as_str()), (0, "the configuration is fine\n"));
}

#[test]
fn a_wrong_configuration_is_status_2_and_says_everything() {
    let workshop = Workshop::default();
    workshop.write("m.toml", "[topics]\npartitons = 3\nchanges = 5\n");
    for command in ["check", "print"] {
        let run = workshop.run(&["config", command, "--config", "m.toml"]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""));
        let expected = concat!(
            "error: the configuration is wrong:\n",
            "  `topics.partitons` (m.toml): there is no such key, did you mean `topics.partitions`?\n",
            "  `topics.changes` (m.toml): `5` is no text: put it in quotes\n",
        );
        assert_eq!(run.stderr, expected);
    }
    assert_eq!(workshop.run(&["config", "check", "--config", "none.toml"]).status, 2);
    assert_eq!(workshop.run(&["config", "check", "--set", "topics.partitions"]).status, 2);
}

#[test]
fn what_holds_is_printed_with_its_origin_and_without_secrets() {
    let workshop = Workshop::default();
    workshop
        .write("m.toml", "[log]\nkind = \"kafka\"\n[kafka.sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\n");
    let arguments = ["config", "print", "--config", "m.toml", "--set", "kafka.brokers=localhost:9092"];
    let mut command = workshop.command(&arguments);
    let run: Run = command.env("MUSTER__KAFKA__SASL__PASSWORD", "hunter2").output().unwrap().into();
    assert_eq!(run.status, 0, "{run:?}");
    for (value, origin) in [
        ("kind = \"kafka\"", "# m.toml"),
        ("brokers = \"localhost:9092\"", "# command line"),
        ("# password = (not shown)", "# environment MUSTER__KAFKA__SASL__PASSWORD"),
        ("partitions = 4", "partitions = 4"),
    ] {
        let line = run.stdout.lines().find(|line| line.starts_with(value));
        assert!(line.is_some_and(|line| line.ends_with(origin)), "{value}: {}", run.stdout);
    }
    assert!(!run.stdout.contains("hunter") && !run.stderr.contains("hunter"), "{run:?}");
    assert!(run.stderr.starts_with("warning: `kafka.sasl` without `kafka.tls`"), "{}", run.stderr);
}
