//! The annotated file against the code, the order of the layers, and every complaint.

use super::layers::DEFAULTS;
use super::*;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

/// Loads a configuration from a file of this text, these variables and these flags.
fn load(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("muster.toml");
    fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| (name.into(), value.into()));
    let mut overrides = Overrides::default();
    for (key, value) in flags {
        overrides.set(*key, *value);
    }
    let (settings, unknown) = Settings::gather(Some(&path), environment, &overrides)?;
    Config::read(settings, unknown)
}

fn flags(flags: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load("", &[], flags)
}

/// What is wrong, in lines of key and message.
#[track_caller]
fn problems(outcome: Result<Config, ConfigError>) -> Vec<String> {
    match outcome {
        Err(ConfigError::Invalid(problems)) => {
            problems.into_iter().map(|problem| format!("{}: {}", problem.key, problem.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(key: &str, value: &str, message: &str) {
    assert_eq!(problems(flags(&[(key, value)])), [format!("{key}: {message}")]);
}

#[test]
fn the_annotated_file_is_the_list_of_keys_and_the_defaults() {
    let defaults = load("", &[], &[]).unwrap();
    assert_eq!(values(&load(DEFAULTS, &[], &[]).unwrap().print()), values(&defaults.print()));
    // Every key is printed, and so has been read; and nothing else is.
    let printed = load(&defaults.print(), &[], &[]).unwrap();
    let keys = |config: &Config| config.origins.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&printed), keys(&defaults));
    for (key, origin) in &printed.origins {
        assert_ne!(*origin, Origin::Default, "{key}");
    }
}

/// Printed lines without who gave the values.
fn values(printed: &str) -> Vec<String> {
    printed.lines().map(|line| line.split("  #").next().unwrap_or(line).trim_end().to_owned()).collect()
}

#[test]
fn what_is_printed_reads_back_the_same() {
    let file = r#"
        [log]
        kind = "kafka"
        retention = "36h"
        [kafka]
        brokers = "a:1, b:2"
        [kafka.client]
        socket.timeout.ms = 30000
        "client.rack" = "r\"1"
        [topics]
        changes = ["users", "devices"]
        memberships = ""
        [http]
        listen = ""
    "#;
    let printed = load(file, &[], &[]).unwrap().print();
    for line in [
        "kind = \"kafka\"",
        "retention = \"36h\"",
        "brokers = \"a:1,b:2\"",
        "# bootstrap.servers = a:1,b:2",
        "# security.protocol = plaintext",
        "\"client.rack\" = \"r\\\"1\"",
        "\"socket.timeout.ms\" = \"30000\"",
        "changes = [\"users\", \"devices\"]",
        "memberships = \"\"",
        "listen = \"\"",
        "partitions = 4",
    ] {
        assert!(
            printed.lines().any(|l| l == line || l.starts_with(&format!("{line}  "))),
            "{line}\n{printed}"
        );
    }
    let again = load(&printed, &[], &[]).unwrap().print();
    assert_eq!(values(&again), values(&printed));
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let file = "[http]\nlisten = \"127.0.0.1:1\"\nmax_request = 2048\n[topics]\npartitions = 8\n";
    let environment = [("MUSTER__HTTP__LISTEN", "127.0.0.1:2"), ("MUSTER__TOPICS__PARTITIONS", "16")];
    let config = load(file, &environment, &[("http.listen", "localhost:3"), ("http.listen", "localhost:4")]);
    let config = config.unwrap();
    assert_eq!(config.http.listen.unwrap().to_string(), "127.0.0.1:4");
    assert_eq!(config.topics.partitions.get(), 16);
    assert_eq!((config.http.max_request, config.limits.batch_records), (2048, 4096));
    let printed = config.print();
    for (value, origin) in [
        ("listen = \"127.0.0.1:4\"", "# command line"),
        ("partitions = 16", "# environment MUSTER__TOPICS__PARTITIONS"),
        ("max_request = \"2KiB\"", "muster.toml"),
    ] {
        let line = printed.lines().find(|line| line.starts_with(value)).unwrap();
        assert!(line.ends_with(origin), "{line}");
    }
    assert!(printed.lines().any(|line| line == "batch_records = 4096"), "{printed}");
}

#[test]
fn lists_are_arrays_or_separated_by_commas() {
    let changes = |config: Result<Config, ConfigError>| config.unwrap().topics.changes;
    assert_eq!(
        changes(load("", &[("MUSTER__TOPICS__CHANGES", "users, devices")], &[])),
        ["users", "devices"]
    );
    assert_eq!(changes(load("topics.changes = \"users\"", &[], &[])), ["users"]);
    assert_eq!(changes(load("topics.changes = [\"users\"]", &[], &[])), ["users"]);
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let file = "[topcis]\n[topics]\npartitons = 3\n[http.listen]\nport = 1\n[limits]\n[colours]\nred = 1\n";
    assert_eq!(
        problems(load(file, &[], &[])),
        [
            "colours.red: there is no such key: `config/muster.toml` lists those that there are",
            "http.listen.port: `http.listen` takes a value, it is no section",
            "topcis: there is no such key: `config/muster.toml` lists those that there are",
            "topics.partitons: there is no such key, did you mean `topics.partitions`?",
        ]
    );
    assert_eq!(
        problems(load("brokers = \"a:1\"\nhttp = 8080", &[], &[])),
        [
            "brokers: there is no such key, did you mean `kafka.brokers`?",
            "http: it is a section: write `[http]`, and its keys below",
        ]
    );
    let environment = [("MUSTER__HTTP__LISTN", "x"), ("MUSTER_HTTP", "x"), ("OTHER", "x"), ("MUSTER__", "x")];
    assert_eq!(
        problems(load("", &environment, &[("http.port", "1")])),
        [
            "http.listn: there is no such key, did you mean `http.listen`?",
            ": there is no such key: `config/muster.toml` lists those that there are",
            "http.port: there is no such key: `config/muster.toml` lists those that there are",
        ]
    );
}

#[test]
fn everything_wrong_is_said_at_once_with_who_gave_it() {
    let outcome =
        load("[log]\nkind = \"kafak\"\n", &[("MUSTER__TOPICS__PARTITIONS", "0")], &[("data.dir", "")]);
    let message = outcome.unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "the configuration is wrong:");
    assert!(lines[1].starts_with("  `log.kind` (/"), "{message}");
    assert!(lines[1].ends_with(": `kafak` is not known: give one of \"embedded\", \"kafka\""), "{message}");
    assert_eq!(
        lines[2],
        "  `topics.partitions` (environment MUSTER__TOPICS__PARTITIONS): `0` is out of range: give 1 to 65535"
    );
    assert_eq!(lines[3], "  `data.dir` (command line): it is empty: give the directory that holds the state");
    assert_eq!(lines.len(), 4);
}

#[test]
fn values_are_checked() {
    refused("log.kind", "Kafka", "`Kafka` is not known: give one of \"embedded\", \"kafka\"");
    refused("log.retention", "soon", "`soon` is no duration such as `30s`: give 1s to 36500d");
    refused("log.retention", "0", "`0` is out of range: give 1s to 36500d");
    refused("log.retention_size", "1GB", "`1GB` is no size such as `1MiB`: give 1MiB to 1024TiB");
    refused("kafka.brokers", "a:1,b", "`b` is no broker: write `host:port`");
    refused("kafka.brokers", "a:0", "`a:0` is no broker: write `host:port`");
    refused("topics.partitions", "4.5", "`4.5` is no whole number: give 1 to 65535");
    refused(
        "topics.partitioner",
        "random",
        "`random` is not known: give one of \"murmur2\", \"crc32\", \"unchecked\"",
    );
    refused("topics.changes", "", "it names no topic: give one at least");
    refused("topics.deltas", "", "it is empty: this topic cannot be turned off");
    refused("topics.changelog", "..", "`..` cannot be the name of a topic");
    refused("topics.requests", &"x".repeat(250), "a name has at most 249 characters");
    refused(
        "topics.deltas",
        "a/b",
        "`a/b` cannot be the name of a topic: use ASCII letters, digits, `.`, `_` and `-`",
    );
    refused(
        "topics.deltas",
        "muster.changes",
        "`muster.changes` is the name of `topics.changes` too: give each topic its own",
    );
    refused("topics.changes", "a,a", "`a` is the name of `topics.changes` too: give each topic its own");
    refused(
        "http.listen",
        "8080",
        "`8080` is no address: write an IP address and a port, as in `127.0.0.1:8080`",
    );
    refused("rules.dialect", "okta", "`okta` is not known: give one of \"entra\", \"extended\"");
    refused(
        "telemetry.filter",
        "info,x=loud",
        "`x=loud` is no filter: write a level (off, error, warn, info, debug, trace) or `target=level`, \
         separated by commas",
    );
    refused(
        "kafka.application",
        "a b",
        "`a b` cannot be the name: use 1 to 100 ASCII letters, digits, `.`, `_` and `-`",
    );
    let brokers = "kafka.brokers: the log is \"kafka\", but there are no brokers: give `host:port`";
    assert_eq!(problems(flags(&[("log.kind", "kafka")])), [brokers]);
}

#[test]
fn types_in_files_are_not_bent() {
    let one = |line: &str| problems(load(line, &[], &[])).remove(0);
    assert_eq!(one("topics.partitions = 4.0"), "topics.partitions: `4` is no whole number: give 1 to 65535");
    assert_eq!(
        one("topics.partitions = true"),
        "topics.partitions: `true` is no whole number: give 1 to 65535"
    );
    assert_eq!(one("kafka.application = 5"), "kafka.application: `5` is no text: put it in quotes");
    assert_eq!(one("kafka.tls.enabled = 1"), "kafka.tls.enabled: `1` is neither true nor false");
    assert_eq!(one("topics.changes = [1]"), "topics.changes: `1` is no text: put it in quotes");
    assert!(one("log.retention = 7").starts_with("log.retention: `7` is no duration"));
    assert!(one("data.min_free = -1").starts_with("data.min_free: `-1` is no size"));
}

#[test]
fn files_and_variables_that_are_none_are_refused() {
    let syntax = load("[log\nkind", &[], &[]).unwrap_err().to_string();
    assert!(syntax.contains("muster.toml` is not TOML: TOML parse error at line 1, column"), "{syntax}");
    let none = Settings::gather(Some(Path::new("/nowhere")), std::iter::empty(), &Overrides::default());
    let unreadable = none.err().unwrap().to_string();
    assert!(unreadable.starts_with("cannot read the configuration `/nowhere`: No such file"), "{unreadable}");
    let variable = (OsString::from("MUSTER__DATA__DIR"), OsString::from_vec(vec![b'a', 0xff]));
    let (settings, unknown) = Settings::gather(None, [variable].into_iter(), &Overrides::default()).unwrap();
    assert_eq!(problems(Config::read(settings, unknown))[0], "data.dir: it is not Unicode");
}

#[test]
fn properties_of_librdkafka_are_passed_through() {
    let file =
        "[kafka.client]\nlinger.ms = 5\n\"socket.keepalive.enable\" = true\ncompression.type = \"lz4\"\n";
    let environment = [("MUSTER__KAFKA__CLIENT__LINGER_MS", "0")];
    let config = load(file, &environment, &[("kafka.client.client.rack", "r1")]).unwrap();
    let client: Vec<String> = config.kafka.client.iter().map(|pair| format!("{pair:?}")).collect();
    let expected = [
        ("client.rack", "r1"),
        ("compression.type", "lz4"),
        ("linger.ms", "0"),
        ("socket.keepalive.enable", "true"),
    ];
    let expected = expected.map(|(name, value)| format!("(\"{name}\", Open(\"{value}\"))"));
    assert_eq!(client, expected);
    let file =
        "[kafka.client]\ngroup.id = \"x\"\nauto.offset.reset = \"none\"\nx = [1]\nsasl.password = \"p\"\n";
    assert_eq!(
        problems(load(file, &[], &[])),
        [
            "kafka.client.auto.offset.reset: it cannot be passed through: a lost offset is an error, or records would be skipped",
            "kafka.client.group.id: it cannot be passed through: set `kafka.application`",
            "kafka.client.sasl.password: it cannot be passed through: set `kafka.sasl.password_file`",
            "kafka.client.x: it takes a text, a number, true or false",
        ]
    );
}

#[test]
fn secrets_come_from_files_or_the_environment_and_are_never_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (password, pem) = (path("password", "hunter2\r\n"), path("pem", "-----BEGIN"));
    let config = load(
        "[kafka.sasl]\nmechanism = \"SCRAM-SHA-512\"\nusername = \"u\"\n[kafka.tls]\nenabled = true\n\
         [kafka.client]\nssl.keystore.password = \"hunter4\"\n",
        &[("MUSTER__KAFKA__TLS__KEY_PASSWORD", "hunter3")],
        &[
            ("kafka.sasl.password_file", &password),
            ("kafka.tls.certificate_file", &pem),
            ("kafka.tls.key_file", &pem),
            ("kafka.tls.ca_file", &pem),
        ],
    );
    let config = config.unwrap();
    let exposed: Vec<(String, String)> = config
        .kafka
        .client_properties()
        .into_iter()
        .map(|(name, property)| match property {
            kafka::Property::Open(value) => (name, value),
            kafka::Property::Secret(secret) => (name, format!("secret {}", secret.expose())),
        })
        .collect();
    let expected = [
        ("bootstrap.servers", ""),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.password", "secret hunter2"),
        ("sasl.username", "u"),
        ("security.protocol", "sasl_ssl"),
        ("ssl.ca.location", &pem),
        ("ssl.certificate.location", &pem),
        ("ssl.key.location", &pem),
        ("ssl.key.password", "secret hunter3"),
        ("ssl.keystore.password", "secret hunter4"),
    ];
    assert_eq!(exposed, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let printed = config.print();
    for shown in [&printed, &format!("{config:?}")] {
        assert!(!shown.contains("hunter"), "{shown}");
    }
    assert!(printed.contains("# key_password = (not shown)"), "{printed}");
    assert!(printed.contains("# \"ssl.keystore.password\" = (not shown)"), "{printed}");
    assert!(printed.contains("# sasl.password is not shown"), "{printed}");
    assert!(printed.contains(&format!("password_file = \"{password}\"")), "{printed}");
    let wrong = load("kafka.sasl.password = [\"hunter2\"]", &[], &[]).unwrap_err().to_string();
    assert!(!wrong.contains("hunter"), "{wrong}");
}

#[test]
fn tls_and_sasl_are_whole_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, "t").unwrap();
    let file = file.to_str().unwrap();
    let check = |given: &[(&str, &str)], expected: &[&str]| assert_eq!(problems(flags(given)), expected);
    check(
        &[("kafka.sasl.mechanism", "PLAIN")],
        &[
            "kafka.sasl.username: it is empty, but PLAIN needs a user",
            "kafka.sasl.password_file: PLAIN needs a password: give a file that holds it",
        ],
    );
    check(
        &[("kafka.sasl.mechanism", "OAUTHBEARER")],
        &["kafka.sasl.token_file: OAUTHBEARER needs a token: give the file that holds it"],
    );
    check(
        &[("kafka.sasl.username", "u")],
        &[
            "kafka.sasl.mechanism: it is empty, but a user, password or token is given: choose one, or take them out",
        ],
    );
    check(
        &[("kafka.sasl.mechanism", "GSSAPI")],
        &["kafka.sasl.mechanism: `GSSAPI` is not known: give one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, \
         OAUTHBEARER, or \"\" for none"],
    );
    check(
        &[("kafka.tls.enabled", "true"), ("kafka.tls.key_file", file)],
        &["kafka.tls.certificate_file: it is empty, but there is a `key_file`: give its certificate"],
    );
    check(
        &[("kafka.tls.enabled", "true"), ("kafka.tls.certificate_file", file)],
        &["kafka.tls.key_file: it is empty, but there is a `certificate_file`: give its key"],
    );
    check(
        &[("kafka.tls.ca_file", file)],
        &["kafka.tls.enabled: it is false, but certificates or a key are given: set it, or take them out"],
    );
    check(
        &[("kafka.tls.ca_file", "/nowhere"), ("kafka.tls.enabled", "true")],
        &["kafka.tls.ca_file: cannot read `/nowhere`: No such file or directory (os error 2)"],
    );
    let directory = directory.path().to_str().unwrap();
    check(
        &[("kafka.tls.ca_file", directory), ("kafka.tls.enabled", "true")],
        &["kafka.tls.ca_file: it is a directory: give a file"],
    );
    let plain = [("kafka.sasl.mechanism", "PLAIN"), ("kafka.sasl.username", "u")];
    check(
        &[&plain[..], &[("kafka.sasl.password", "p"), ("kafka.sasl.password_file", file)]].concat(),
        &["kafka.sasl.password_file: `kafka.sasl.password` is given too: give one of them"],
    );
    check(
        &[&plain[..], &[("kafka.sasl.password_file", "/nowhere")]].concat(),
        &["kafka.sasl.password_file: cannot read `/nowhere`: No such file or directory (os error 2)"],
    );
    let token = flags(&[("kafka.sasl.mechanism", "OAUTHBEARER"), ("kafka.sasl.token_file", file)]).unwrap();
    assert!(matches!(&token.kafka.sasl, Some(Sasl::Token { file: found }) if found == Path::new(file)));
}

#[test]
fn what_may_be_a_mistake_is_said() {
    assert_eq!(flags(&[]).unwrap().warnings(), Vec::<String>::new());
    let config = flags(&[
        ("http.listen", "0.0.0.0:8080"),
        ("topics.changelog", ""),
        ("kafka.sasl.mechanism", "PLAIN"),
        ("kafka.sasl.username", "u"),
        ("kafka.sasl.password", "p "),
    ]);
    let warnings = config.unwrap().warnings();
    let expected = [
        "`kafka.sasl` without `kafka.tls`: the password or token goes over the network in clear",
        "the secret for `sasl.password` begins or ends with white space",
        "`http.listen` is 0.0.0.0:8080: whoever reaches it can feed events and read deltas, as HTTP knows no users",
        "`topics.changelog` is empty: nothing can be restored from a lost disk",
    ];
    assert_eq!(warnings, expected);
}
