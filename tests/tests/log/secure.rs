//! Kafka behind TLS: each way to say who one is.

use super::support::{DELETE, append, progress, read_all, records, values};
use muster_stream::kafka::{KafkaLog, KafkaOptions};
use muster_stream::log::{Log, LogError, TopicPartition, TopicSpec};
use muster_tests::broker::{Broker, SecureListener};
use std::time::Duration;

fn broker() -> &'static Broker {
    Broker::shared()
}

/// Options for the secure listener, with these properties.
fn options(application: &str, properties: &[(&str, &str)]) -> KafkaOptions {
    let SecureListener { bootstrap, certificate, user, password } = broker().secure();
    let mut options = KafkaOptions::new(bootstrap, application);
    let certificate = certificate.display().to_string();
    let common = [
        ("security.protocol", "SASL_SSL"),
        ("ssl.ca.location", &*certificate),
        ("sasl.username", user),
        ("sasl.password", password),
    ];
    for (name, value) in common.iter().chain(properties) {
        options.client.insert((*name).to_owned(), (*value).to_owned());
    }
    options
}

/// Makes a topic through the open door.
fn topic(name: &str) -> TopicPartition {
    let log = KafkaLog::open(KafkaOptions::new(broker().bootstrap(), "admin")).unwrap();
    log.create_topics(&[spec(name)]).unwrap();
    TopicPartition::new(name, 0)
}

fn spec(name: &str) -> TopicSpec {
    TopicSpec { name: name.to_owned(), partitions: 1, policy: DELETE }
}

/// Reads and writes in every way.
fn use_log(log: &KafkaLog, of: &TopicPartition) {
    let mut writer = log.writer("w").unwrap();
    writer.write(&records(of, 0..2), &[progress(of, 7, "m")]).unwrap();
    assert_eq!(writer.committed(of).unwrap(), Some(progress(of, 7, "m")));
    append(log, records(of, 2..3));
    assert_eq!(values(&read_all(log, of, 0)), ["v0", "v1", "v2"]);
    assert_eq!(values(&[log.last_record(of).unwrap().unwrap()]), ["v2"]);
}

#[test]
fn by_password() {
    for (mechanism, name) in [("SCRAM-SHA-512", "scram"), ("PLAIN", "plain")] {
        let log = KafkaLog::open(options(name, &[("sasl.mechanism", mechanism)])).unwrap();
        assert_eq!(log.create_topics(&[spec(name)]).unwrap(), [name]);
        assert_eq!(log.check_topics(&[spec(name)]).unwrap(), []);
        use_log(&log, &TopicPartition::new(name, 0));
    }
}

#[test]
fn by_token() {
    let of = topic("token");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    // {"alg":"none"}.{"sub":"muster","exp":4102444800}.
    std::fs::write(&file, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtdXN0ZXIiLCJleHAiOjQxMDI0NDQ4MDB9.\n").unwrap();
    let mut options = options("token", &[("sasl.mechanism", "OAUTHBEARER")]);
    options.token_file = Some(file);
    let log = KafkaLog::open(options).unwrap();
    use_log(&log, &of);
    assert_eq!(log.check_topics(&[spec("token")]).unwrap(), []);
    assert!(matches!(log.create_topics(&[spec("more")]), Err(LogError::Refused { .. })));
}

#[test]
fn who_is_not_let_in_is_told_why() {
    let wrong = ("sasl.password", "wrong");
    let mut options = options("wrong", &[("sasl.mechanism", "SCRAM-SHA-512"), wrong]);
    options.timeout = Duration::from_secs(3);
    let error = KafkaLog::open(options.clone()).unwrap().partitions("a").unwrap_err().to_string();
    assert!(error.contains("SASL authentication error"), "{error}");

    let authority = broker().secure().certificate.with_file_name("broker.pem");
    options.client.insert("ssl.ca.location".to_owned(), authority.display().to_string());
    let error = KafkaLog::open(options).unwrap().partitions("a").unwrap_err().to_string();
    assert!(error.contains("certificate verify failed"), "{error}");
}
