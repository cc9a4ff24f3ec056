//! Licensing against a naive recomputation: random histories, and a model that goes over everything
//! after every event; and the lines that tests over the program write.

pub mod history;
pub mod lines;
pub mod model;
pub mod scenario;
