//! Records of the log as `wire` reads and writes them.

use muster_directory::Header;
use muster_stream::log::{NewRecord, Record, TopicPartition};

/// A record that was read, with its headers in the form that `wire` takes.
pub(crate) struct ReadRecord<'a> {
    record: &'a Record,
    headers: Vec<Header>,
}

impl<'a> ReadRecord<'a> {
    pub(crate) fn new(record: &'a Record) -> ReadRecord<'a> {
        let headers = record.headers.iter().map(|header| (header.name.clone(), header.value.clone()));
        ReadRecord { record, headers: headers.collect() }
    }

    pub(crate) fn as_wire(&self) -> muster_wire::Record<'_> {
        muster_wire::Record {
            key: self.record.key.as_deref(),
            value: self.record.value.as_deref(),
            headers: &self.headers,
        }
    }
}

/// A record that `wire` made, with its place.
pub(crate) fn placed(to: TopicPartition, record: muster_wire::NewRecord) -> NewRecord {
    let muster_wire::NewRecord { key, value, headers } = record;
    let headers =
        headers.into_iter().map(|(name, value)| muster_stream::log::Header { name, value }).collect();
    NewRecord { to, key, value, headers }
}
