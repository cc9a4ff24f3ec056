//! What can happen to topics.

use super::{Fault, Scene, Selection};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "partitions-added",
        what: "partitions are added to the topic of changes",
        selection: Selection::Whole,
        play: partitions_added,
    },
    Fault {
        name: "outputs-recreated",
        what: "the topic of deltas is deleted and made again",
        selection: Selection::Whole,
        play: outputs_recreated,
    },
    Fault {
        name: "compaction",
        what: "the changelog is compacted between a stop and a start from nothing",
        selection: Selection::Whole,
        play: compaction,
    },
];

fn partitions_added(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(30);
    scene.rest(&service);
    scene.check()?;
    assert_eq!(service.terminate(), 0);
    drop(service);
    let before = scene.seen();
    let changes = scene.topics.changes[0].clone();
    let more = NewPartitions::new(&changes, 3);
    administer(scene, |client, runtime, options| {
        let added = runtime.block_on(client.create_partitions([&more], options));
        added.expect("an answer").into_iter().for_each(|topic| assert!(topic.is_ok(), "{topic:?}"));
    });
    let told = refused(scene, "partitions, but")?;
    scene.seen().unchanged_since(&before)?;
    Ok(format!("refused: {told}"))
}

fn outputs_recreated(scene: &mut Scene<'_>) -> Result<String, String> {
    let service = scene.start();
    scene.feed(60);
    scene.rest(&service);
    scene.check()?;
    assert_eq!(service.terminate(), 0);
    drop(service);
    let deltas = scene.topics.deltas.clone();
    administer(scene, |client, runtime, options| {
        let deleted = runtime.block_on(client.delete_topics(&[&deltas], options));
        deleted.expect("an answer").into_iter().for_each(|topic| assert!(topic.is_ok(), "{topic:?}"));
    });
    let told = refused(scene, "are published, but the output")?;
    Ok(format!("refused: {told}"))
}

fn compaction(scene: &mut Scene<'_>) -> Result<String, String> {
    let changelog = scene.topics.deltas.replace("deltas", "changelog");
    let service = scene.start();
    scene.broker.set_topic(
        &changelog,
        &[("segment.ms", "100"), ("min.cleanable.dirty.ratio", "0.001"), ("delete.retention.ms", "0")],
    );
    scene.feed(100);
    scene.rest(&service);
    let first = crate::checker::read(&scene.log, &changelog, 0).first().map(|record| record.offset);
    // Each of these closes a segment; only closed ones are compacted.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    loop {
        scene.feed(20);
        scene.rest(&service);
        let now = crate::checker::read(&scene.log, &changelog, 0).first().map(|record| record.offset);
        if now != first {
            break;
        }
        if std::time::Instant::now() > deadline {
            return Err("the broker did not compact".to_owned());
        }
    }
    assert_eq!(service.terminate(), 0);
    drop(service);
    std::fs::remove_dir_all(scene.workshop.path("data")).expect("a directory can be removed");
    let service = scene.start();
    scene.feed(50);
    scene.verdict(service)?;
    Ok("restored from what compaction left".to_owned())
}

/// Starts the program, which must say why it does not go on.
fn refused(scene: &Scene<'_>, why: &str) -> Result<String, String> {
    let service = scene.spawn(&[]);
    let told = service.wait_for_line(|line| line.contains(why) || line.starts_with("ready "));
    if told.starts_with("ready ") {
        return Err(format!("it started as if nothing had happened:\n{}", service.said()));
    }
    Ok(told)
}

fn administer(
    scene: &Scene<'_>,
    act: impl FnOnce(&AdminClient<DefaultClientContext>, &tokio::runtime::Runtime, &AdminOptions),
) {
    let client: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", scene.broker.bootstrap()).create().expect("a client");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    act(&client, &runtime, &AdminOptions::new());
}
