//! Where the truth cannot be known a partition refuses to start and says why, the others go on, and an operator
//! decides.

use crate::restore::{lose, state};
use crate::support::{deltas, dense, fold, on_kafka};
use muster_stream::embedded::{EmbeddedLog, EmbeddedOptions};
use muster_stream::log::{Log, NewRecord, TopicPartition};
use muster_tests::broker::Broker;
use muster_tests::program::{Run, Workshop};
use muster_tests::service::Service;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use serde_json::json;

fn user(n: u32) -> String {
    json!({"kind": "user", "op": "upsert", "id": format!("u{n}"), "data": {"city": "Oslo"}}).to_string()
}

const GROUP: &str =
    r#"{"kind":"group","op":"upsert","id":"g","data":{"membershipRule":"user.city -eq \"Oslo\""}}"#;

fn filled(workshop: &Workshop, configuration: &str) {
    let service = Service::start(workshop, configuration);
    service.apply_events(GROUP);
    service.apply_events(&(0..20).map(user).collect::<Vec<_>>().join("\n"));
    assert_eq!(service.terminate(), 0);
}

fn refuses(workshop: &Workshop, configuration: &str, reason: &str) {
    let service =
        Service::start_unready(workshop, configuration, |line| line.contains("the partition is stopped"));
    let said = service.wait_for_line(|line| line.contains("the partition is stopped"));
    assert!(said.contains(reason), "{said}");
    let ready = service.get("/readyz");
    assert!(ready.status == 503 && ready.text.contains(reason), "{}", ready.text);
    let metrics = service.get("/metrics").text;
    assert!(metrics.contains("muster_partition_state{partition=\"0\",state=\"stopped\"} 1"), "{metrics}");
    assert_eq!(service.terminate(), 0);
}

fn partitions(workshop: &Workshop, arguments: &[&str]) -> Run {
    let data = format!("data.dir={}", workshop.path("data").display());
    workshop.run(&[&["partitions"], arguments, &["--config", "muster.toml", "--set", &data]].concat())
}

const ONE: &str = "[topics]\npartitions = 1\n";

#[test]
fn a_lost_disk_without_a_changelog_is_lost() {
    let workshop = Workshop::default();
    let without = "[topics]\npartitions = 1\nchangelog = \"\"\n";
    let service = Service::start(&workshop, without);
    let _ = service.wait_for_line(|line| line.contains("if the disk is lost, so are its data"));
    service.apply_events(GROUP);
    service.apply_events(&user(1));
    let before = deltas(&service, 1);
    assert_eq!(service.terminate(), 0);
    // As long as it is there, it is enough.
    let service = Service::start(&workshop, without);
    assert_eq!(deltas(&service, 1), before);
    assert_eq!(service.terminate(), 0);
    lose(&workshop);
    refuses(&workshop, without, "no changelog is kept to restore it from");
}

#[test]
fn a_changelog_that_was_off_is_written_from_the_data_directory() {
    let workshop = Workshop::default();
    filled(&workshop, "[topics]\npartitions = 1\nchangelog = \"\"\n");
    refuses(&workshop, ONE, "the log holds no marker of this partition");
    let run = partitions(&workshop, &["resolve", "0", "--rewrite-changelog"]);
    assert_eq!(run.status, 0, "{run:?}");
    // There is one now.
    let run = partitions(&workshop, &["resolve", "0", "--rewrite-changelog"]);
    assert!(run.status == 1 && run.stderr.contains("ends with a marker"), "{run:?}");
    let expected = state(&workshop);
    lose(&workshop);
    let service = Service::start(&workshop, ONE);
    assert_eq!(fold(&deltas(&service, 1)).len(), 20);
    assert_eq!(service.terminate(), 0);
    assert_eq!(state(&workshop), expected);
}

/// A delta in the output that nothing accounts for, as of a transaction that was torn.
#[test]
fn a_torn_output_stands_when_somebody_says_so() {
    let workshop = Workshop::default();
    filled(&workshop, ONE);
    let log = EmbeddedLog::open(&workshop.path("data/log"), "muster", EmbeddedOptions::default()).unwrap();
    let last = log.last_record(&TopicPartition::new("muster.deltas", 0)).unwrap().unwrap();
    let mut torn = NewRecord::new(TopicPartition::new("muster.deltas", 0), "u20", {
        let line = String::from_utf8(last.value.unwrap()).unwrap();
        line.replace("\"sequence\":20", "\"sequence\":21").replace("u9", "u20")
    });
    torn.headers = last.headers;
    for (name, value) in &mut torn.headers {
        if name == "ce_sequence" {
            *value = Some(format!("{:020}", 21).into_bytes());
        }
    }
    log.producer().unwrap().append(vec![torn]).remove(0).unwrap();
    drop(log);
    refuses(&workshop, ONE, "only those up to 20 are accounted for");

    let listed = partitions(&workshop, &["list"]).json();
    assert_eq!((&listed["head"]["sequence"], &listed["waiting"]), (&json!(20), &json!(0)), "{listed}");
    assert_eq!(partitions(&workshop, &["resolve", "0", "--keep-published"]).status, 0);
    assert_eq!(partitions(&workshop, &["list"]).json()["resolution"], "keep-published");
    let service = Service::start(&workshop, ONE);
    // Computed anew, it has the number of the one that is there, and is not published twice.
    service.apply_events(&user(20));
    service.apply_events(&user(21));
    let all = deltas(&service, 1);
    dense(&all);
    assert_eq!(all.len(), 22);
    assert_eq!(service.terminate(), 0);
    let service = Service::start(&workshop, ONE);
    assert_eq!(deltas(&service, 1), all);
    assert_eq!(service.terminate(), 0);
    assert_eq!(partitions(&workshop, &["list"]).json()["resolution"], json!(null));
}

#[test]
fn a_topic_that_was_deleted_and_made_again_is_noticed() {
    let broker = Broker::shared();
    let workshop = Workshop::default();
    let configuration = on_kafka("remade", 1);
    filled(&workshop, &configuration);
    let client: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let delete = |topic: &str| {
        let deleted = runtime.block_on(client.delete_topics(&[topic], &AdminOptions::new())).unwrap();
        assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    };
    delete("remade.deltas");
    refuses(&workshop, &configuration, "but the output ends with 0");
    let run = partitions(&workshop, &["resolve", "0", "--go-on-without"]);
    assert_eq!(run.status, 0, "{run:?}");
    let service = Service::start(&workshop, &configuration);
    service.apply_events(&user(30));
    let after = service.get_deltas(0, 0);
    assert_eq!((after.len(), &after[0]["sequence"]), (1, &json!(21)), "{after:?}");
    assert_eq!(service.terminate(), 0);
    // New requests would have smaller numbers than those that were decided.
    delete("remade.requests");
    let service =
        Service::start_unready(&workshop, &configuration, |line| line.contains("requests up to offset 1"));
    assert_eq!(service.terminate(), 3);
}
