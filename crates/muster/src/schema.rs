//! The file of `--schema`.

use crate::failure::Failure;
use muster_rule::Schema;
use std::path::Path;

/// The schema in `path`, or the empty one where there is none.
pub(crate) fn load(path: Option<&Path>) -> Result<Schema, Failure> {
    let Some(path) = path else { return Ok(Schema::default()) };
    let shown = path.display();
    let bytes = std::fs::read(path)
        .map_err(|reason| Failure::usage(format!("cannot read the schema `{shown}`: {reason}")))?;
    muster_wire::read_schema(&bytes)
        .map_err(|rejection| Failure::usage(format!("the schema `{shown}`: {}", rejection.message)))
}
