//! What the routes ask of the service behind them.
//!
//! The calls may block: each runs on a thread where that is allowed, and no more of them run at once
//! than [`router`](crate::router) bounds. How the service is made, of which threads and over which log,
//! this crate does not know.

use crate::Problem;
use std::sync::Arc;
use std::time::Instant;

/// A running service.
pub trait Service: Send + Sync + 'static {
    /// Why it is not ready, a sentence each; empty when every partition is restored and has read the
    /// definitions.
    fn not_ready(&self) -> Vec<String>;

    /// All metrics in Prometheus's text format.
    fn metrics(&self) -> String;

    /// Takes event lines, none of them blank and none with its line break: each to the topic and the
    /// partition it belongs on. Answers for each in its place: where it lies now, durably, or why it was
    /// not taken.
    ///
    /// # Errors
    /// When the log takes no lines at all. None of these was taken.
    fn submit(&self, lines: &[&[u8]]) -> Result<Vec<Result<Position, Problem>>, Problem>;

    /// Waits until the events at all of these positions are applied, and the groups that were asked for
    /// there are current in every partition. Returns at `deadline` at the latest, and early when the
    /// service ends.
    ///
    /// # Errors
    /// When they will not be applied by this process: a partition has stopped, or the service ends.
    fn wait_applied(&self, positions: &[Position], deadline: Instant) -> Result<Waited, Problem>;

    /// Up to `limit` delta lines of a partition in the order of their sequences, the first of them with
    /// the sequence `from`, or the first that is kept where that is 0; nothing when it is the next to come.
    ///
    /// # Errors
    /// With the code `unknown-partition` when there is none such, `sequence-expired` and `sequence-ahead` when
    /// it does not hold these sequences; any other code is a fault.
    fn deltas(&self, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem>;

    /// Up to `limit` records of a partition of a topic that the service writes, from this offset on, as lines
    /// of JSON.
    ///
    /// # Errors
    /// With the code `unknown-topic`, `topic-off` or `unknown-partition` when there is none such; any other
    /// code is a fault.
    fn records(&self, topic: &str, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem>;

    /// What a draft of a rule would do, as one line of JSON, and if asked for a line for everybody who would join or
    /// leave. `body` is a JSON object.
    ///
    /// # Errors
    /// With the code `invalid-request`, `invalid-rule`, `membership-cycle` or `unknown-group` when the request is
    /// wrong; any other code is a fault.
    fn preview(&self, body: &[u8]) -> Result<Vec<u8>, Problem>;

    /// A page of the objects that a rule selects, as JSON. `body` is a JSON object.
    ///
    /// # Errors
    /// As of [`preview`](Self::preview).
    fn find(&self, body: &[u8]) -> Result<Vec<u8>, Problem>;

    /// A page of the values of a property, as JSON.
    ///
    /// # Errors
    /// With the code `unknown-property` or `invalid-parameter` when the request is wrong; any other is a fault.
    fn values(&self, page: &ValuesPage) -> Result<Vec<u8>, Problem>;

    /// A tenant's products with their seats, as JSON; of the default tenant where none is named.
    ///
    /// # Errors
    /// With the code `licensing-off` where licences are no business of this process, `invalid-parameter` for what is
    /// no tenant; any other is a fault.
    fn license_report(&self, tenant: Option<&str>) -> Result<Vec<u8>, Problem>;

    /// What a user has and wants, as JSON.
    ///
    /// # Errors
    /// As of [`license_report`](Self::license_report), and `unknown-user` where nothing is known of the user.
    fn license_explanation(&self, tenant: Option<&str>, user: &str) -> Result<Vec<u8>, Problem>;
}

/// Which values of a property are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesPage {
    /// As rules write it: `user.department`.
    pub property: String,
    /// Whose objects; the default tenant's where it is not said.
    pub tenant: Option<String>,
    /// What they begin with.
    pub prefix: String,
    /// The last value of the page before.
    pub after: Option<String>,
    /// At most so many.
    pub limit: usize,
}

/// Where an event lies.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The topic's name.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: u32,
    /// The offset there.
    pub offset: u64,
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Everything is applied.
    Applied,
    /// The deadline came first.
    TimedOut,
}
