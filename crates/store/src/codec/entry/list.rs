//! What an entry lists once and then means by its place in the list: causes, and the names of sources.

use crate::codec::Damage;
use muster_directory::Source;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an entry lists once.
pub(super) struct List<'a, T: ?Sized> {
    pub(super) items: Vec<&'a T>,
}

impl<'a, T: ?Sized + PartialEq> List<'a, T> {
    /// The item's place in the list, to which it is added if it is not among the last ones: what
    /// one event repeats lies close together.
    pub(super) fn place(&mut self, item: &'a T) -> u32 {
        let known = self.items.iter().rev().take(16).position(|known| *known == item);
        let place = match known {
            Some(back) => self.items.len() - 1 - back,
            None => {
                self.items.push(item);
                self.items.len() - 1
            }
        };
        // An entry is far shorter than 2³² items: `write` would refuse it.
        u32::try_from(place).unwrap_or(u32::MAX)
    }
}

impl<T: ?Sized> Default for List<'_, T> {
    fn default() -> Self {
        List { items: Vec::new() }
    }
}

/// Files and topics by their place in the list of names.
#[derive(Serialize, Deserialize)]
pub(super) enum ListedSourceV1 {
    File { file: u32, line: u64 },
    Topic { topic: u32, partition: u32, offset: u64 },
}

impl ListedSourceV1 {
    pub(super) fn listed<'a>(source: &'a Source, names: &mut List<'a, str>) -> ListedSourceV1 {
        match source {
            Source::File { file, line } => ListedSourceV1::File { file: names.place(file), line: *line },
            Source::Topic { topic, partition, offset } => {
                ListedSourceV1::Topic { topic: names.place(topic), partition: *partition, offset: *offset }
            }
        }
    }

    pub(super) fn into_source(self, names: &[Arc<str>]) -> Result<Source, Damage> {
        let name = |place: u32| match names.get(place as usize) {
            Some(name) => Ok(Arc::clone(name)),
            None => Err(Damage::new("a source has no name")),
        };
        Ok(match self {
            ListedSourceV1::File { file, line } => Source::File { file: name(file)?, line },
            ListedSourceV1::Topic { topic, partition, offset } => {
                Source::Topic { topic: name(topic)?, partition, offset }
            }
        })
    }
}
