//! What the process tells about itself: logs on stderr, metrics for whoever asks.
//!
//! Nothing here decides anything, and nothing depends on anybody listening.

mod behind;
mod logs;
mod memory;
pub(crate) mod metric;
mod metrics;

pub(crate) use behind::GroupBehind;
pub(crate) use logs::start_logs;
pub(crate) use metrics::Metrics;
