//! Taking a partition over: what to do with it, from what is found on the disk and in the log.
//!
//! The host fences whoever had the partition, by making its writer, and only then reads what the log
//! holds, committed records only. It hands all of it to [`decide`] and does what that says. Pure: the same
//! findings give the same decision, and every combination has one.
//!
//! The truth is the marker: the last record of the changelog, written in the transaction whose entries it
//! closes. Without a changelog it is the metadata of the committed offset. The other places are witnesses:
//! they may be gone, for offsets expire and retention deletes, but they must not contradict.
//!
//! Three numbers tell histories apart. The *owner* is the data directory that wrote; the *lineage* grows
//! with each claim, and an *intent* to claim is on the disk before the claim is in the log; so a marker of
//! our own, of a lineage that this disk neither acknowledged nor meant to claim, shows that the disk went
//! back in time.
//!
//! [`take_over`] gathers, decides and does it, over whatever [`Ground`] the log is; `metadata` is the marker as
//! the text of a committed offset.

mod metadata;
mod perform;

pub use metadata::{MetadataError, from_metadata, to_metadata};
pub use perform::{Evidence, Ground, TakeOverError, TakenOver, resume, take_over};

use crate::storage::{Marker, PartitionHead, Resolution};
use std::fmt;

/// A marker's numbers, without its positions: what the metadata of a committed offset can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// See [`Marker::owner`].
    pub owner: u128,
    /// See [`Marker::lineage`].
    pub lineage: u64,
    /// See [`Marker::entry`].
    pub entry: u64,
    /// See [`Marker::sequence`].
    pub sequence: u64,
}

impl From<&Marker> for Mark {
    fn from(marker: &Marker) -> Mark {
        let Marker { owner, lineage, entry, sequence, .. } = *marker;
        Mark { owner, lineage, entry, sequence }
    }
}

/// Everything there is to know of a partition that is being taken over.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a> {
    /// Our data directory's owner.
    pub owner: u128,
    /// What the store had reached; `None` where it holds nothing of the partition.
    pub head: Option<&'a PartitionHead>,
    /// The marker that the store holds: the outbox is trimmed up to it.
    pub acknowledged: Option<&'a Marker>,
    /// The last lineage that this data directory meant to claim.
    pub intent: Option<u64>,
    /// What the changelog holds.
    pub changelog: &'a Changelog,
    /// The metadata of the committed offset, where there is any that a writer of ours could have left.
    pub offset: Option<Mark>,
    /// The output partition.
    pub output: Output,
    /// What an operator decided.
    pub resolution: Option<Resolution>,
}

/// The partition's changelog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changelog {
    /// None is kept: nothing can be restored, and the committed offset has the marker.
    Off,
    /// It holds no marker.
    Empty,
    /// Its last marker.
    Marked(Marker),
}

/// The output partition, whose last record has the highest sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// There is none with sequences: the registrar's case.
    Unnumbered,
    /// Nothing was ever written to it.
    Unused,
    /// Something was, and all of it has expired.
    Expired,
    /// The last record's sequence.
    Last(u64),
}

/// What to do. Each but a refusal ends with a claim: the intent is stored, then a transaction writes
/// the marker with our owner and this lineage, and only then is anything consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing was ever here: claim and begin at the beginning.
    FirstStart {
        /// To claim.
        lineage: u64,
    },
    /// The state on the disk continues the log: publish the outbox after this entry.
    Publish {
        /// To claim.
        lineage: u64,
        /// The marker's entry: everything up to it is published.
        after: u64,
        /// The marker's sequence.
        sequence: u64,
        /// The last sequence that is in the output already. Where it is beyond the marker's, a
        /// transaction was torn: deltas up to it are left out when their entries are published.
        present: u64,
    },
    /// Wipe the partition and restore it from the beginning of the changelog. Never from the middle:
    /// tombstones of what was deleted meanwhile may be gone.
    Restore {
        /// To claim.
        lineage: u64,
        /// The last sequence that is in the output already, as for `Publish`: the marker's, but where an
        /// operator decided that what is beyond it stands.
        present: u64,
        /// Why the state on the disk is of no use.
        because: RestoreReason,
    },
    /// Do not start: the truth cannot be known, and guessing could lose or double deltas.
    Refuse(Refusal),
}

/// Why a partition's state on the disk is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreReason {
    /// There is none.
    #[error("the data directory holds nothing of it")]
    NoState,
    /// Somebody else had the partition last.
    #[error("another instance had it last")]
    AnotherOwner,
    /// The state is older than what this very directory published.
    #[error(
        "the data directory is older than what it published: it was put back from a copy, or lost writes"
    )]
    DiskWentBack,
}

/// Why a partition is not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No marker, yet something is there.
    #[error(
        "the log holds no marker of this partition, although {found}: its changelog and committed offsets \
         were deleted, or the data directory or the topics belong to another application; put them back, \
         or, where only the changelog is missing, write it anew from the data directory (`muster partitions \
         resolve --rewrite-changelog`), or begin anew with an empty data directory and new topics"
    )]
    NoMarker {
        /// What is there.
        found: Trace,
    },
    /// The changelog's marker is not that of the committed offset.
    #[error(
        "the changelog ends with {changelog}, but the committed offset says {offset}: one of them was \
         changed from outside; put it back as it was"
    )]
    WitnessesDisagree {
        /// The changelog's.
        changelog: Mark,
        /// The offset's.
        offset: Mark,
    },
    /// What was acknowledged is not in the log any more.
    #[error(
        "the log ends with {log}, but {acknowledged} was published: the log lost committed records, or a \
         topic was deleted and made again; what was published after it cannot be published again"
    )]
    LogWentBack {
        /// The log's.
        log: Mark,
        /// Ours.
        acknowledged: Mark,
    },
    /// Published deltas are gone from the output, not by age.
    #[error(
        "deltas up to sequence {published} are published, but the output ends with {output}: its topic was \
         deleted and made again, or lost records; tell the subscribers, which have to begin anew, and then let \
         the numbers go on: `muster partitions resolve --go-on-without`"
    )]
    OutputBehind {
        /// The marker's.
        published: u64,
        /// The output's last; 0 where nothing was ever written to it.
        output: u64,
    },
    /// Part of a transaction is in the output, and what remains of it is nowhere.
    #[error(
        "the output holds deltas up to sequence {output}, but only those up to {published} are accounted \
         for, and the outbox that could tell the rest is not here: start where it is, or decide that \
         these deltas stand: `muster partitions resolve --keep-published`"
    )]
    TornOutput {
        /// The marker's.
        published: u64,
        /// The output's last.
        output: u64,
    },
    /// The state has to be restored, and there is nothing to restore it from.
    #[error("{because}, and no changelog is kept to restore it from: put the data directory back")]
    NoChangelog {
        /// Why it has to be.
        because: RestoreReason,
    },
}

/// Something that is there although there is no marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// State in the store.
    State,
    /// Deltas in the output, perhaps expired.
    Deltas,
    /// A committed offset, while the changelog that is kept is empty.
    Offset,
}

/// The decision. See the module's text.
#[must_use]
pub fn decide(findings: &Findings<'_>) -> Decision {
    match agreed_mark(findings) {
        Ok(Some(mark)) => with_mark(findings, mark),
        Ok(None) => without_mark(findings),
        Err(refusal) => Decision::Refuse(refusal),
    }
}

/// The marker, if its witnesses do not contradict it.
fn agreed_mark(findings: &Findings<'_>) -> Result<Option<Mark>, Refusal> {
    match (findings.changelog, findings.offset) {
        (Changelog::Off, offset) => Ok(offset),
        (Changelog::Empty, Some(_)) => Err(Refusal::NoMarker { found: Trace::Offset }),
        (Changelog::Empty, None) => Ok(None),
        (Changelog::Marked(marker), offset) => {
            let changelog = Mark::from(marker);
            match offset {
                Some(offset) if offset != changelog => Err(Refusal::WitnessesDisagree { changelog, offset }),
                _ => Ok(Some(changelog)),
            }
        }
    }
}

fn without_mark(findings: &Findings<'_>) -> Decision {
    let found = if findings.head.is_some() || findings.acknowledged.is_some() {
        Trace::State
    } else if matches!(findings.output, Output::Expired | Output::Last(_)) {
        Trace::Deltas
    } else {
        return Decision::FirstStart { lineage: 1 };
    };
    Decision::Refuse(Refusal::NoMarker { found })
}

fn with_mark(findings: &Findings<'_>, mark: Mark) -> Decision {
    if let Some(acknowledged) = findings.acknowledged.map(Mark::from)
        && went_back(mark, acknowledged)
    {
        return Decision::Refuse(Refusal::LogWentBack { log: mark, acknowledged });
    }
    let published = mark.sequence;
    let present = match findings.output {
        Output::Unnumbered | Output::Expired => published,
        Output::Unused => 0,
        Output::Last(sequence) => sequence,
    };
    let present = match present {
        present if present >= published => present,
        _ if findings.resolution == Some(Resolution::GoOnWithout) => published,
        output => return Decision::Refuse(Refusal::OutputBehind { published, output }),
    };
    let stands = findings.resolution == Some(Resolution::KeepPublished);
    let lineage = mark.lineage.saturating_add(1);
    let torn = Decision::Refuse(Refusal::TornOutput { published, output: present });
    match useless(findings, mark) {
        None => {
            let ours = findings.head.map_or(0, |head| head.sequence);
            let publish = Decision::Publish { lineage, after: mark.entry, sequence: published, present };
            if present > ours.max(published) && !stands { torn } else { publish }
        }
        Some(because) if *findings.changelog == Changelog::Off => {
            Decision::Refuse(Refusal::NoChangelog { because })
        }
        Some(_) if present > published && !stands => torn,
        Some(because) => Decision::Restore { lineage, present, because },
    }
}

/// Whether the log lacks something that was read back from it before. Both numbers only grow, whoever
/// writes, and one lineage has one owner.
fn went_back(mark: Mark, acknowledged: Mark) -> bool {
    mark.lineage < acknowledged.lineage
        || mark.entry < acknowledged.entry
        || mark.lineage == acknowledged.lineage && mark.owner != acknowledged.owner
}

/// Why the state on the disk does not continue the log, if it does not.
fn useless(findings: &Findings<'_>, mark: Mark) -> Option<RestoreReason> {
    let (entry, sequence) = findings.head.map_or((0, 0), |head| (head.entry, head.sequence));
    if mark.owner != findings.owner {
        let because =
            if findings.head.is_none() { RestoreReason::NoState } else { RestoreReason::AnotherOwner };
        return Some(because);
    }
    let acknowledged = findings.acknowledged.map(|marker| marker.lineage);
    let is_known = [acknowledged, findings.intent].contains(&Some(mark.lineage));
    let continues = entry > mark.entry || entry == mark.entry && sequence == mark.sequence;
    (!is_known || !continues).then_some(RestoreReason::DiskWentBack)
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mark { owner, lineage, entry, sequence } = self;
        write!(f, "entry {entry}, sequence {sequence} of lineage {lineage} (owner {owner:032x})")
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Trace::State => "the data directory holds its state",
            Trace::Deltas => "deltas were published",
            Trace::Offset => "an offset was committed for it",
        })
    }
}

#[cfg(test)]
mod tests;
