//! The engine as a service over a log: one registrar, and one engine for each partition.
//!
//! Threads and queues; every decision is the engine's, every byte `wire`'s. The lifecycle starts and ends what belongs to
//! the partitions that the consumer group assigns. The registrar reads requests and
//! writes definitions, the follower reads definitions into the catalog that all partitions share, each
//! partition reads its changes, commits to its store, and publishes from its outbox. Knows no HTTP and
//! no configuration file.

mod alarm;
mod ask;
mod brake;
mod fault;
mod feedback;
mod follower;
mod licensing;
mod lifecycle;
mod limits;
mod observe;
mod options;
mod output;
mod partition;
mod progress;
mod publisher;
mod registrar;
mod route;
mod service;
mod shared;
mod standby;
mod stop;
mod submit;

pub use alarm::EmptyingLimit;
pub use ask::{AskError, Changes, Everybody, RuleQuestion, WantedValues};
pub use fault::Fault;
pub use feedback::Feedback;
pub use licensing::{Licences, LicensingObserver, LicensingOptions, LicensingStarting};
pub use observe::{Decision, Observer, PartitionState, Turn};
pub use options::{ServiceOptions, Topics};
pub use output::{Output, OutputReader, ReadError};
pub use progress::{Elsewhere, Position, Unready, WaitError};
pub use route::route;
pub use service::{Service, Starting};
pub use shared::{Clock, Intake, OpenIntake, SystemClock};
pub use submit::SubmitError;
