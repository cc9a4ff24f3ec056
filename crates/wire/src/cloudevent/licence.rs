//! CloudEvents round licence events on their way out, in binary mode. Headers as round deltas, but for these:
//!
//! | header | value |
//! |---|---|
//! | `ce_id` | application, `/licenses/`, sequence |
//! | `ce_type` | `muster.license.` and what happened, `.v1`: `muster.license.assigned.v1` |
//! | `ce_subject`, `ce_partitionkey` | the user's id |

use super::{SPEC_VERSION, borrowed, owned, percent_encoded};
use crate::record::NewRecord;
use crate::{key, licence};
use muster_directory::LicenceEvent;

/// The application that publishes licence events.
#[derive(Clone, Debug)]
pub struct LicenceOrigin {
    application: String,
    source: String,
}

impl LicenceOrigin {
    /// The licence events of this application.
    #[must_use]
    pub fn new(application: &str) -> LicenceOrigin {
        let source = format!("/muster/{}", percent_encoded(application));
        LicenceOrigin { application: application.to_owned(), source }
    }

    /// The event's record: keyed by its user.
    #[must_use]
    pub fn record(&self, event: &LicenceEvent) -> NewRecord {
        let mut line = Vec::with_capacity(512);
        licence::write_licence_event(&mut line, event);
        line.pop();
        let user = event.user.as_str();
        let headers = [
            ("ce_specversion", borrowed(SPEC_VERSION)),
            ("ce_id", owned(format!("{}/licenses/{}", self.application, event.sequence))),
            ("ce_source", borrowed(&self.source)),
            ("ce_type", owned(format!("muster.license.{}.v1", event.change.as_str()))),
            ("ce_subject", borrowed(user)),
            ("ce_time", owned(event.time.to_string())),
            ("ce_sequence", owned(format!("{:020}", event.sequence))),
            ("ce_partitionkey", borrowed(user)),
            ("content-type", borrowed("application/json")),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), Some(value.into_owned())));
        NewRecord {
            key: Some(key::object(&event.tenant, &event.user)),
            value: Some(line),
            headers: headers.into(),
        }
    }
}
