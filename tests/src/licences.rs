//! Licensing against a naive recomputation: random histories, and a model that goes over everything
//! after every event.

pub mod history;
pub mod model;
pub mod scenario;
