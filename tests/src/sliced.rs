//! An engine whose synchronisations are drained in slices, at random between lines and across restarts, as a
//! service drains them. While it is behind, its memberships are on their way; at rest they are the
//! oracle's.

use crate::differential::{Mismatch, Reference, Tally};
use crate::engine::{FILE, START, WireInterpret};
use crate::guard::guarded;
use crate::history::Step;
use crate::random::Random;
use muster_directory::{
    Cause, Delta, Event, GroupId, Instant, MembershipChange, ObjectId, Rejection, Source, Tenant,
};
use muster_engine::storage::{Entry, MemoryStorage, RecordImage, Storage};
use muster_engine::{
    Budget, Catalog, Definition, Endings, Evaluator, Partition, Registrar, Request, Restoring,
};
use muster_index::IndexKind;
use muster_oracle::Membership;
use muster_rule::{Dialect, Schema};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Drives an engine through a history, with slices as `seed` has it.
///
/// # Errors
/// The first line at which it refuses what it must accept, or the other way round; after which a delta does
/// not fit those before it; or after which it is at rest and disagrees with the oracle.
pub fn compare_at_rest(seed: u64, steps: &[Step]) -> Result<Tally, Mismatch> {
    let mut engine = SlicedEngine::new(seed);
    let mut reference = Reference::default();
    let mut tally = Tally::default();
    for (step, what) in steps.iter().enumerate() {
        let result = guarded(|| match what {
            Step::Restart => {
                engine.restart();
                Ok(())
            }
            Step::Line { text, wrong } => {
                engine.decide_slices(seed, text);
                let found = engine.feed(text).map_err(|rejection| rejection.code);
                let expected = reference.feed(text, *wrong).verdict;
                tally.count(text, &expected, reference.memberships().len());
                if found != expected.as_ref().map(|_| ()).map_err(|code| *code) {
                    return Err(format!("{found:?} instead of {expected:?}"));
                }
                engine.drain_some();
                if !engine.random.chance(20) {
                    return Ok(());
                }
                engine.rest();
                let (found, expected) = (&engine.members, reference.memberships());
                if found == expected {
                    return Ok(());
                }
                let missing: Vec<_> = expected.difference(found).collect();
                let superfluous: Vec<_> = found.difference(expected).collect();
                Err(format!("at rest: missing {missing:?}, superfluous {superfluous:?}"))
            }
        });
        let result = result.unwrap_or_else(|panic| Err(format!("panicked: {panic}")));
        result.map_err(|reason| Mismatch { step, reason })?;
    }
    Ok(tally)
}

/// See the module's text.
pub(crate) struct SlicedEngine {
    pub(crate) random: Random,
    pub(crate) storage: MemoryStorage,
    registrar: Registrar,
    pub(crate) catalog: Catalog,
    pub(crate) partition: Partition,
    /// Of the program from the next restart on.
    pub(crate) evaluator: Evaluator,
    /// Those of the last lines, for whoever clears it.
    pub(crate) last_deltas: Vec<Delta>,
    lines: u64,
    requests: u64,
    sequence: u64,
    /// What the deltas add up to.
    pub(crate) members: BTreeSet<Membership>,
    /// As a log of definitions remembers them.
    endings: Endings,
    /// Who was told of which edit, and what.
    pub(crate) told: BTreeSet<(Tenant, GroupId, ObjectId, u64, bool)>,
}

struct Schemas<'a>(&'a Catalog);

impl muster_wire::SchemaLookup for Schemas<'_> {
    fn schema(&self, tenant: &Tenant) -> Arc<Schema> {
        Arc::clone(self.0.tenant(tenant).schema())
    }
}

impl SlicedEngine {
    pub(crate) fn new(seed: u64) -> SlicedEngine {
        SlicedEngine {
            random: Random::new(seed),
            storage: MemoryStorage::default(),
            registrar: Registrar { default_dialect: Dialect::Entra },
            catalog: Catalog::new(IndexKind::Value),
            partition: Partition::new(Instant::from_millis(START)),
            evaluator: Evaluator::default(),
            last_deltas: Vec::new(),
            lines: 0,
            requests: 0,
            sequence: 0,
            members: BTreeSet::new(),
            endings: Endings::default(),
            told: BTreeSet::new(),
        }
    }

    /// The line and not its place decides about slices, so that a smaller history has the same.
    pub(crate) fn decide_slices(&mut self, seed: u64, line: &str) {
        let digest = |digest: u64, byte: u8| (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        self.random = Random::new(line.bytes().fold(seed, digest));
    }

    pub(crate) fn feed(&mut self, line: &str) -> Result<(), Rejection> {
        self.lines += 1;
        let source = Source::File { file: FILE.into(), line: self.lines };
        let event = muster_wire::decode(line.as_bytes(), &Schemas(&self.catalog))?;
        // Whoever is frozen must be who the oracle freezes, so what may freeze somebody waits for rest.
        let freezes = matches!(event, Event::Group(_)) && !follows_a_rule(line);
        if freezes {
            self.rest();
        }
        let mut records = Vec::new();
        let outcome = match event {
            Event::Object(change) => self.partition.change(&self.catalog, change, &source),
            Event::Listing(change) => {
                self.partition.listing(&self.catalog, change, &source);
                Ok(())
            }
            Event::Clock(to) => {
                self.partition.advance(&self.catalog, to, &source);
                Ok(())
            }
            Event::Group(request) => self.request(Request::Group(request), &source, &mut records),
            Event::Schema(request) => self.request(Request::Schema(request), &source, &mut records),
            Event::Tombstone(_) => unreachable!("no line is a tombstone"),
        };
        self.commit(records);
        outcome
    }

    fn request(
        &mut self,
        request: Request,
        source: &Source,
        records: &mut Vec<RecordImage>,
    ) -> Result<(), Rejection> {
        self.requests += 1;
        let decision = self.registrar.decide(&self.catalog, request, self.requests, source)?;
        let Some(definition) = decision else { return Ok(()) };
        self.catalog.apply(&definition);
        self.endings.learn(&definition);
        let budget = self.budget();
        self.partition.define(&self.catalog, &definition, &WireInterpret, budget);
        records.push(match definition {
            Definition::Group { definition, .. } => {
                let (tenant, id) = (definition.tenant.clone(), definition.id.clone());
                RecordImage::Definition(tenant, id, Some((*definition).clone()))
            }
            Definition::GroupDeleted { tenant, id, .. } => RecordImage::Definition(tenant, id, None),
            Definition::Schema { request, version } => {
                RecordImage::Schema(request.tenant.clone(), Some((version, request)))
            }
            Definition::Held(_) | Definition::HeldEnded { .. } => unreachable!("there is no brake"),
        });
        Ok(())
    }

    fn budget(&mut self) -> Budget {
        Budget::Objects(self.random.below(4) as u64)
    }

    /// None, one or a few slices.
    pub(crate) fn drain_some(&mut self) {
        for _ in 0..self.random.weighted(&[5, 3, 1]) {
            let budget = self.budget();
            self.partition.synchronise(&self.catalog, budget);
            self.commit(Vec::new());
        }
    }

    pub(crate) fn rest(&mut self) {
        while self.partition.synchronise(&self.catalog, Budget::Objects(3)) {}
        self.commit(Vec::new());
    }

    pub(crate) fn restart(&mut self) {
        let head = self.storage.head(0).unwrap();
        let Some(head) = head else { return };
        let mut restoring =
            Restoring::evaluated_by(IndexKind::Value, self.evaluator, Partition::after(&head));
        self.storage.load(0, &mut restoring).unwrap();
        (self.catalog, self.partition) = restoring.finish();
        let source = Source::File { file: "restart".into(), line: 0 };
        self.partition.restored(&self.catalog, &source, &self.endings);
        self.commit(Vec::new());
    }

    /// Stores the open step, and adds its deltas to the memberships.
    fn commit(&mut self, records: Vec<RecordImage>) {
        let positions = [(FILE.to_owned(), self.lines)].into();
        let entry = self.partition.take_entry(positions, self.requests, records);
        self.storage.commit(0, std::slice::from_ref(&entry)).unwrap();
        self.follow(entry);
    }

    fn follow(&mut self, entry: Entry) {
        for delta in entry.deltas {
            self.sequence += 1;
            assert_eq!(delta.sequence, self.sequence, "sequences are dense");
            self.last_deltas.push(delta.clone());
            let (tenant, group, member) = (delta.tenant, delta.group, delta.member);
            if let Cause::Rule { version } = delta.cause {
                let joined = delta.change == MembershipChange::Added;
                let edit = (tenant.clone(), group.clone(), member.clone(), version, joined);
                assert!(self.told.insert(edit), "{member} is told twice of edit {version} of {group}");
                // Across restarts, too.
                if let Some((ended, _)) = self.endings.of(&tenant, &group) {
                    assert_eq!(version, ended, "{group} was deleted by another request");
                }
            }
            let membership = Membership { group, member, tenant };
            let fits = match delta.change {
                MembershipChange::Added => self.members.insert(membership.clone()),
                MembershipChange::Removed => self.members.remove(&membership),
            };
            assert!(fits, "{membership:?} is {:?} and was so", delta.change);
        }
    }
}

/// Whether the group line makes a group follow a rule, or ends it: nobody is frozen or listed by it.
fn follows_a_rule(line: &str) -> bool {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let data = &line["data"];
    match line["op"].as_str() {
        Some("upsert") => {
            data["membershipRule"].is_string() && data["membershipRuleProcessingState"] != "Paused"
        }
        Some("delete") => true,
        _ => false,
    }
}
