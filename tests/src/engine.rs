//! The whole engine over event lines, in memory: lines in, deltas or a rejection out, restarts at will.

use crate::subject::{Outcome, Subject};
use muster_directory::{Delta, Event, Instant, Rejection, Source, Tenant};
use muster_engine::storage::memory::MemoryStorage;
use muster_engine::storage::{Entry, Storage};
use muster_engine::{Engine, EngineOptions, Interpret};
use muster_index::IndexKind;
use muster_rule::{AttributeType, Dialect, ObjectKind, Schema, Value};
use std::sync::Arc;

/// The clock at which tests begin: 2026-11-22T10:00:00Z.
pub const START: i64 = 1_795_341_600_000;

/// The name of the file that lines are said to come from.
pub const FILE: &str = "test";

/// An engine with its storage.
pub struct TestEngine {
    options: EngineOptions,
    storage: MemoryStorage,
    engine: Engine,
    lines: u64,
}

/// JSON as `wire` reads it.
pub struct WireInterpret;

impl Interpret for WireInterpret {
    fn read(&self, kind: ObjectKind, value_type: AttributeType, json: &str) -> Option<Value> {
        muster_wire::read_value(kind, value_type, json)
    }

    fn write(&self, value: &Value) -> Box<str> {
        muster_wire::write_value(value).into()
    }
}

struct Schemas<'a>(&'a Engine);

impl muster_wire::SchemaLookup for Schemas<'_> {
    fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.0.schema(tenant))
    }
}

impl TestEngine {
    /// An empty engine with this index.
    #[must_use]
    pub fn new(index: IndexKind) -> TestEngine {
        let clock = Instant::from_millis(START);
        let options = EngineOptions { index, dialect: Dialect::Entra, clock };
        let storage = MemoryStorage::default();
        let engine = restore(&storage, &options);
        TestEngine { options, storage, engine, lines: 0 }
    }

    /// Applies one line and commits; the deltas it caused.
    ///
    /// # Errors
    /// The rejection, where the line is refused.
    pub fn feed(&mut self, line: &str) -> Result<Vec<Delta>, Rejection> {
        self.lines += 1;
        let source = Source::File { file: FILE.into(), line: self.lines };
        let event: Result<Event, Rejection> = muster_wire::decode(line.as_bytes(), &Schemas(&self.engine));
        let outcome = event.and_then(|event| self.engine.feed(event, &source));
        let entry = self.commit();
        outcome.map(|()| entry.deltas)
    }

    /// Forgets everything in memory and starts again from the storage. Returns the deltas that the
    /// restart itself caused, of which there should be none.
    pub fn restart(&mut self) -> Vec<Delta> {
        self.engine = restore(&self.storage, &self.options);
        if self.engine.step_len() == 0 { Vec::new() } else { self.commit().deltas }
    }

    /// The engine's clock.
    #[must_use]
    pub fn clock(&self) -> Instant {
        self.engine.clock()
    }

    fn commit(&mut self) -> Entry {
        let entry = self.engine.take_entry([("test".to_owned(), self.lines)].into());
        self.storage.commit(0, std::slice::from_ref(&entry)).expect("memory takes every entry");
        entry
    }
}

impl Subject for TestEngine {
    fn feed(&mut self, line: &str) -> Outcome {
        TestEngine::feed(self, line)
    }

    fn restart(&mut self) {
        assert_eq!(TestEngine::restart(self), [], "a restart causes nothing");
    }
}

fn restore(storage: &MemoryStorage, options: &EngineOptions) -> Engine {
    let source = Source::File { file: "restart".into(), line: 0 };
    Engine::restore(storage, options, Arc::new(WireInterpret), &source).expect("what was committed restores")
}
