//! CloudEvents 1.0: round deltas on their way out, in binary mode, and round event lines on their
//! way in, in either mode.
//!
//! Deltas travel with these headers, in this order; the bytes are a contract:
//!
//! | header | value |
//! |---|---|
//! | `ce_specversion` | `1.0` |
//! | `ce_id` | application, `/`, partition, `/`, sequence: the same for the same delta, whoever publishes it and how often |
//! | `ce_source` | `/muster/` and the application, percent-encoded: a relative URI, as the deployment has no address of its own |
//! | `ce_type` | `muster.membership.added.v1` or `muster.membership.removed.v1` |
//! | `ce_subject` | the group's id |
//! | `ce_time` | the engine's clock, RFC 3339 |
//! | `ce_sequence` | 20 digits, so that texts compare as the numbers do |
//! | `ce_partitionkey` | the member's id; the tenant is in the value, as CloudEvents texts have no control characters |
//! | `content-type` | `application/json` |

pub(crate) mod incoming;
mod licence;

use crate::{delta, key};
pub use licence::LicenceOrigin;
use muster_directory::{Delta, MembershipChange};
use std::borrow::Cow;
use std::fmt::Write;
use std::num::NonZeroU32;

/// The version of CloudEvents that is spoken here.
pub(crate) const SPEC_VERSION: &str = "1.0";

/// The headers of a delta: names, and values as bytes.
pub type DeltaHeaders<'a> = [(&'static str, Cow<'a, [u8]>); 9];

/// The partition whose deltas are published, and by which application.
#[derive(Clone, Debug)]
pub struct DeltaOrigin {
    application: String,
    source: String,
    partition: u32,
    named: Option<u32>,
}

impl DeltaOrigin {
    /// The deltas of `partition`, from 0, of `partitions` in all.
    #[must_use]
    pub fn new(application: &str, partition: u32, partitions: NonZeroU32) -> DeltaOrigin {
        DeltaOrigin {
            application: application.to_owned(),
            source: format!("/muster/{}", percent_encoded(application)),
            partition,
            named: (partitions > NonZeroU32::MIN).then_some(partition),
        }
    }

    /// The key of the delta's record: that of its member.
    #[must_use]
    pub fn key(&self, delta: &Delta) -> Vec<u8> {
        key::object(&delta.tenant, &delta.member)
    }

    /// The value of the delta's record: the delta line, without a line break.
    #[must_use]
    pub fn value(&self, delta: &Delta) -> Vec<u8> {
        let mut line = Vec::with_capacity(384);
        delta::write_delta(&mut line, delta, self.named);
        line.pop();
        line
    }

    /// The headers of the delta's record.
    #[must_use]
    pub fn headers<'a>(&'a self, delta: &'a Delta) -> DeltaHeaders<'a> {
        let kind = match delta.change {
            MembershipChange::Added => "muster.membership.added.v1",
            MembershipChange::Removed => "muster.membership.removed.v1",
        };
        let id = format!("{}/{}/{}", self.application, self.partition, delta.sequence);
        [
            ("ce_specversion", borrowed(SPEC_VERSION)),
            ("ce_id", owned(id)),
            ("ce_source", borrowed(&self.source)),
            ("ce_type", borrowed(kind)),
            ("ce_subject", borrowed(delta.group.as_str())),
            ("ce_time", owned(delta.time.to_string())),
            ("ce_sequence", owned(format!("{:020}", delta.sequence))),
            ("ce_partitionkey", borrowed(delta.member.as_str())),
            ("content-type", borrowed("application/json")),
        ]
    }
}

fn borrowed(text: &str) -> Cow<'_, [u8]> {
    Cow::Borrowed(text.as_bytes())
}

fn owned(text: String) -> Cow<'static, [u8]> {
    Cow::Owned(text.into_bytes())
}

/// RFC 3986: everything but unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use muster_directory::{Cause, GroupId, Instant, ObjectId, ObjectKind, Ordinal, Source, Tenant};

    fn delta(change: MembershipChange) -> Delta {
        Delta {
            tenant: Tenant::new("contoso").unwrap(),
            group: GroupId::new("g é").unwrap(),
            member: ObjectId::new("u1").unwrap(),
            member_kind: ObjectKind::User,
            change,
            sequence: 42,
            time: Instant::parse("2026-11-22T10:00:00.012Z").unwrap(),
            event: Ordinal { index: NonZeroU32::MIN, count: NonZeroU32::MIN },
            rule_version: 1,
            cause: Cause::Clock,
            source: Source::Topic { topic: "muster.changes".into(), partition: 3, offset: 17 },
        }
    }

    #[test]
    fn records_of_deltas_are_as_documented() {
        let origin = DeltaOrigin::new("muster eu", 3, NonZeroU32::new(4).unwrap());
        let delta = delta(MembershipChange::Added);
        let headers = origin.headers(&delta);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, std::str::from_utf8(value).unwrap())).collect();
        let expected = [
            ("ce_specversion", "1.0"),
            ("ce_id", "muster eu/3/42"),
            ("ce_source", "/muster/muster%20eu"),
            ("ce_type", "muster.membership.added.v1"),
            ("ce_subject", "g é"),
            ("ce_time", "2026-11-22T10:00:00.012Z"),
            ("ce_sequence", "00000000000000000042"),
            ("ce_partitionkey", "u1"),
            ("content-type", "application/json"),
        ];
        assert_eq!(headers, expected);
        assert_eq!(origin.key(&delta), b"contoso\x1fu1");
        let value = concat!(
            r#"{"tenant":"contoso","groupId":"g é","memberId":"u1","memberType":"user","change":"added","#,
            r#""partition":3,"sequence":42,"time":"2026-11-22T10:00:00.012Z","#,
            r#""cause":{"type":"clock","source":{"topic":"muster.changes","partition":3,"offset":17}}}"#
        );
        assert_eq!(String::from_utf8(origin.value(&delta)).unwrap(), value);
    }

    #[test]
    fn an_only_partition_is_not_named() {
        let origin = DeltaOrigin::new("muster", 0, NonZeroU32::MIN);
        let delta = delta(MembershipChange::Removed);
        let value = String::from_utf8(origin.value(&delta)).unwrap();
        assert!(value.contains(r#""change":"removed","sequence":42"#), "{value}");
        assert_eq!(origin.headers(&delta)[3].1.as_ref(), b"muster.membership.removed.v1");
    }
}
