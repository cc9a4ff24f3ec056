//! What only Kafka can show.

use super::support::Kafka;
use muster_stream::log::TopicPartition;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// Deletes records as an administrator would.
pub(crate) fn delete_records(of: &TopicPartition, before: u64) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", Kafka::options("admin").brokers).create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&of.topic, of.partition as i32, Offset::Offset(before as i64)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let deleted = runtime.block_on(admin.delete_records(&list, &AdminOptions::new())).unwrap();
    deleted.elements().iter().for_each(|element| element.error().unwrap());
}
