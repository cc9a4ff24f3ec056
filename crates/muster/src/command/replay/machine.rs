//! Event lines applied to the engine.

use super::statistics::Statistics;
use crate::failure::Failure;
use crate::files::apply::{Machine, check_length};
use muster_directory::{DeadLetter, Event, Rejection, Tenant};
use muster_engine::Engine;
use muster_engine::storage::{Entry, Positions};
use muster_rule::Schema;
use muster_stream::file::InputLine;
use muster_wire::SchemaLookup;
use std::sync::Arc;

/// The engine, and what it did.
pub(super) struct EngineMachine<'a> {
    pub(super) engine: Engine,
    pub(super) statistics: &'a mut Statistics,
}

impl Machine for EngineMachine<'_> {
    fn line(&mut self, line: &InputLine<'_>) -> Result<(), Failure> {
        let decoded = decode(line, &Schemas(&self.engine));
        self.statistics.line(decoded.as_ref().ok());
        let applied = decoded.and_then(|event| self.engine.feed(event, &line.source));
        if let Err(rejection) = applied {
            let source = line.source.clone();
            self.engine.refuse(DeadLetter::of_line(source, rejection, line.bytes, line.length));
        }
        Ok(())
    }

    fn step_len(&self) -> usize {
        self.engine.step_len()
    }

    fn take_entry(&mut self, positions: Positions) -> Entry {
        self.engine.take_entry(positions)
    }

    fn rate(&self) -> String {
        self.statistics.rate()
    }
}

/// The schemas that the engine has in force.
struct Schemas<'a>(&'a Engine);

impl SchemaLookup for Schemas<'_> {
    fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.0.schema(tenant))
    }
}

fn decode(line: &InputLine<'_>, schemas: &Schemas<'_>) -> Result<Event, Rejection> {
    check_length(line)?;
    muster_wire::decode(line.bytes, schemas)
}
