//! Licences by group: membership deltas, assignments and products in; licence events out.
//!
//! [`Licensing`] is a state machine without IO: what it decides follows from its inputs and the clock
//! they bring, so that the same lines give the same events wherever they are read.
//!
//! A *source* is one assignment as it reaches one user: a direct one, or a group's while the user is a
//! member. It is satisfied with all its products or with none. A user holds one *seat* of a product
//! while at least one satisfied source has it. What happens after each event is in `settle`; who is
//! next when a seat is free, in `source`; which plans go together, in `plans`.
//!
//! It knows no rule, no byte of a line or a record, no thread and no disk.

mod arena;
mod assign;
mod clock;
mod explain;
mod feed;
mod forecast;
mod licensing;
mod member;
mod plans;
mod product;
mod report;
mod restore;
mod settle;
mod source;
mod tenant;
mod user;
mod view;

pub use explain::{Explanation, Licence};
pub use feed::Gap;
pub use forecast::{Forecast, ForecastChange, ProductForecast};
pub use licensing::{ApplyError, Licensing};
pub use report::{DynamicGroupUsers, ProductReport, Report};
