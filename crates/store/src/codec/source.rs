//! Where an input came from, as records have it that stand alone.

use muster_directory::Source;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(super) enum SourceV1<'a> {
    File { file: &'a str, line: u64 },
    Topic { topic: &'a str, partition: u32, offset: u64 },
}

impl<'a> From<&'a Source> for SourceV1<'a> {
    fn from(source: &'a Source) -> SourceV1<'a> {
        match source {
            Source::File { file, line } => SourceV1::File { file, line: *line },
            Source::Topic { topic, partition, offset } => {
                SourceV1::Topic { topic, partition: *partition, offset: *offset }
            }
        }
    }
}

impl From<SourceV1<'_>> for Source {
    fn from(source: SourceV1<'_>) -> Source {
        match source {
            SourceV1::File { file, line } => Source::File { file: file.into(), line },
            SourceV1::Topic { topic, partition, offset } => {
                Source::Topic { topic: topic.into(), partition, offset }
            }
        }
    }
}
