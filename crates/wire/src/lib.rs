//! What travels: event lines in, delta lines and dead letters out.
//!
//! Bytes to events and back, one line at a time. Nothing here keeps state between lines: what a
//! line means depends on its bytes and on the tenant's schema alone. Whether a group exists, a rule
//! parses or an id is taken is for others to say.

mod attributes;
mod base64;
pub mod cloudevent;
pub mod dead_letter;
pub mod definition;
pub mod delta;
pub mod flat;
pub mod group_status;
mod json;
pub mod key;
pub mod licence;
pub mod licensing;
pub mod line;
pub mod membership;
pub mod partitioner;
pub mod placement;
pub mod record;
pub mod schema;
mod suggest;
pub mod value;

pub use cloudevent::{DeltaHeaders, DeltaOrigin, LicenceOrigin};
pub use dead_letter::record::dead_letter_record;
pub use dead_letter::write_dead_letter;
pub use definition::{AcceptedDefinition, AcceptedLicensing, DefinitionError};
pub use delta::write_delta;
pub use flat::{FlatObject, RefusedObject, decode_object};
pub use group_status::group_status_record;
pub use key::DefinitionKey;
pub use licence::{LicenceNotice, feedback_record, read_licence_event, write_licence_event};
pub use licensing::{LicensingRequest, Posted, decode_licensing, decode_posted};
pub use line::{SchemaLookup, decode, write_event};
pub use membership::membership_record;
pub use partitioner::Partitioner;
pub use placement::Placement;
pub use record::line::{RecordPlace, write_record};
pub use record::{NewRecord, Record, decode_change, decode_request};
pub use schema::read_schema;
pub use value::{read_value, write_value};
