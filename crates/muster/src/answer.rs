//! Answers of the mirror index as JSON, the same from a directory at rest and over HTTP.

pub(crate) mod licences;

use muster_directory::MembershipChange;
use muster_engine::{Preview, Sampled, ValueCount, ValuesPage};
use muster_rule::Explanation;
use serde::Serialize;

/// At most so many objects are named in a sample.
pub(crate) const SAMPLES: usize = 20;

/// What `muster preview` prints first.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PreviewAnswer<'a> {
    added: u64,
    removed: u64,
    unchanged: u64,
    members: u64,
    added_sample: Vec<&'a str>,
    removed_sample: Vec<&'a str>,
    /// For each object of both samples, the expression that decided.
    decisions: Vec<Decision<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Decision<'a> {
    id: &'a str,
    change: &'static str,
    decided_by: &'a Explanation,
}

/// One object that would join or leave.
#[derive(Serialize)]
pub(crate) struct Change<'a> {
    id: &'a str,
    change: &'static str,
}

/// A value with how many objects have it.
#[derive(Serialize)]
pub(crate) struct ValueAnswer {
    pub(crate) value: Box<str>,
    pub(crate) count: u64,
}

impl<'a> PreviewAnswer<'a> {
    pub(crate) fn new(preview: &'a Preview) -> PreviewAnswer<'a> {
        let ids = |sample: &'a [Sampled]| sample.iter().map(|sampled| sampled.id.as_str()).collect();
        let decisions = |sample: &'a [Sampled], change| {
            sample.iter().map(move |sampled| Decision {
                id: sampled.id.as_str(),
                change,
                decided_by: &sampled.decided_by,
            })
        };
        PreviewAnswer {
            added: preview.added,
            removed: preview.removed,
            unchanged: preview.unchanged,
            members: preview.members(),
            added_sample: ids(&preview.added_sample),
            removed_sample: ids(&preview.removed_sample),
            decisions: decisions(&preview.added_sample, name(MembershipChange::Added))
                .chain(decisions(&preview.removed_sample, name(MembershipChange::Removed)))
                .collect(),
        }
    }
}

impl<'a> Change<'a> {
    pub(crate) fn new(id: &'a str, change: MembershipChange) -> Change<'a> {
        Change { id, change: name(change) }
    }
}

impl From<ValueCount> for ValueAnswer {
    fn from(ValueCount { value, count }: ValueCount) -> ValueAnswer {
        ValueAnswer { value, count }
    }
}

/// The values of a page.
pub(crate) fn values(page: &ValuesPage) -> Vec<ValueAnswer> {
    page.values().map(ValueAnswer::from).collect()
}

fn name(change: MembershipChange) -> &'static str {
    match change {
        MembershipChange::Added => "added",
        MembershipChange::Removed => "removed",
    }
}
