//! One partition's state machine: events, definitions and time in; outbox entries out.
//!
//! Nothing here has a clock, a thread or a disk: every decision follows from the inputs, the rules and
//! the state, so that the same inputs give the same deltas wherever they are read. [`Registrar`] turns
//! requests into definitions, [`Catalog`] holds what is in force, [`Partition`] applies events to it,
//! [`Engine`] runs one of each in step; [`storage`] says what they need of a store.

mod catalog;
mod definition;
mod engine;
mod evaluator;
mod interpret;
mod partition;
pub mod publisher;
mod registrar;
mod restoring;
pub mod storage;
pub mod takeover;

pub use catalog::{Catalog, CatalogGroup, TenantCatalog};
pub use definition::{Decides, Definition, Endings};
pub use engine::{Engine, EngineOptions};
pub use evaluator::Evaluator;
pub use interpret::Interpret;
pub use partition::{
    Against, Budget, Comparison, Draft, FoundPage, GroupBehind, Inquiry, Partition, PartitionCounts, Preview,
    Sampled, ValueCount, ValuesPage, ValuesQuestion,
};
pub use registrar::{BrakeLimits, Proposal, Registrar, Request, Ruling, Settlement};
pub use restoring::Restoring;
