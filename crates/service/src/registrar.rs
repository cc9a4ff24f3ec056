//! From requests to definitions, one decision for all partitions.
//!
//! The registrar keeps no store: the definitions topic is its state. A batch of requests is decided against
//! the catalog of what was accepted before it, and the accepted definitions, the dead letters of the refused
//! requests and the position reached are written in one transaction. After a doubtful write it starts
//! again from what the log says.

mod licensed;

use crate::follower::{ReadDefinition, read_definition};
use crate::observe::Decision;
use crate::shared::{CatalogSchemas, Shared};
use crate::stop::Stop;
use crate::{Fault, brake};
use licensed::LicensedGroups;
use muster_directory::{DeadLetter, Event, GroupId, Rejection, Source, Tenant};
use muster_engine::storage::{Marker, Positions};
use muster_engine::takeover::{from_metadata, to_metadata};
use muster_engine::{BrakeLimits, Catalog, Definition, Registrar, Request, Ruling, Settlement};
use muster_index::IndexKind;
use muster_rule::Rule;
use muster_stream::log::{
    LogError, NewRecord, Progress, ReadLimits, Reader, Record, TopicPartition, WriteError, Writer,
};
use muster_wire::{AcceptedDefinition, AcceptedLicensing, Posted};
use std::sync::Arc;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(20);
/// Before it begins again from the log's own state, after a write of which it is not known what became of it.
const BACK_OFF: Duration = Duration::from_millis(500);
/// How often in a row another registrar of the same application may take its place.
const MAX_FENCED: u32 = 5;
/// How often the lag is told.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Decides requests until it is asked to end, or until another registrar of the same application takes its place
/// again and again.
pub(crate) fn run(shared: &Arc<Shared>, stop: &Arc<Stop>) -> Result<(), Fault> {
    let mut fenced = 0;
    loop {
        let fault = match RegistrarTask::start(Arc::clone(shared), stop)
            .and_then(|mut task| task.run(stop, &mut fenced))
        {
            Ok(()) => return Ok(()),
            Err(Fault::Stopped) => return Ok(()),
            Err(fault) => fault,
        };
        match &fault {
            Fault::Write(WriteError::Doubtful { .. }) | Fault::Log(LogError::Unreachable { .. }) => {}
            Fault::Write(WriteError::Fenced { .. }) if fenced < MAX_FENCED => fenced += 1,
            Fault::Write(WriteError::Fenced { .. }) => {
                tracing::warn!(%fault, "another instance decides requests: the registrar is given up");
                return Ok(());
            }
            _ => return Err(fault),
        }
        tracing::warn!(%fault, "the registrar takes over again");
        if stop.wait(BACK_OFF) {
            return Ok(());
        }
    }
}

struct RegistrarTask {
    shared: Arc<Shared>,
    registrar: Registrar,
    /// What was accepted; its index is never asked.
    catalog: Catalog,
    licensed: LicensedGroups,
    writer: Box<dyn Writer>,
    reader: Box<dyn Reader>,
    requests: TopicPartition,
    next: u64,
    /// One more than the greatest request number among the definitions in the log.
    accepted: u64,
    /// As of the last write.
    written: u64,
    /// Records of the requests before `next` that are not written yet.
    unwritten: Vec<NewRecord>,
    /// One more than the number of the last request that declared attributes.
    declared: u64,
    lineage: u64,
    looked: Option<Instant>,
}

impl RegistrarTask {
    fn start(shared: Arc<Shared>, stop: &Stop) -> Result<RegistrarTask, Fault> {
        let options = &shared.options;
        let requests = TopicPartition::new(Arc::clone(&options.topics.requests), 0);
        let mut writer = shared.log.writer(&format!("{}-requests", options.application))?;
        let committed = writer.committed(&requests)?;
        let lineage = match &committed {
            Some(progress) => {
                let read = from_metadata(&progress.metadata, Positions::new());
                read.map_err(|reason| {
                    Fault::Contradiction(format!(
                        "the registrar's marker in the log cannot be read: {reason}"
                    ))
                })?
                .lineage
            }
            None => 0,
        };
        let Before { catalog, licensed, accepted } = accepted_before(&shared, stop)?;
        let bounds = shared.log.bounds(&requests)?;
        let next = match committed {
            Some(progress) => progress.next,
            // Committed offsets expire. What was accepted tells how far it had come at least; to decide that again
            // would undo what came after.
            None => bounds.first.max(accepted),
        };
        if next.max(accepted) > bounds.next {
            let reached = next.max(accepted);
            return Err(Fault::Contradiction(format!(
                "requests up to offset {reached} were decided, but {requests} ends before {}: it was deleted and made \
                 again, or lost records; put it back, as new requests would count as older than those",
                bounds.next
            )));
        }
        let mut reader = shared.log.reader(ReadLimits::default())?;
        reader.assign(&requests, next)?;
        let registrar = Registrar { default_dialect: options.dialect };
        let task = RegistrarTask {
            registrar,
            catalog,
            licensed,
            writer,
            reader,
            requests,
            next,
            accepted,
            written: accepted,
            unwritten: Vec::new(),
            declared: accepted,
            lineage: lineage + 1,
            looked: None,
            shared,
        };
        task.report();
        tracing::info!(next, "the registrar runs");
        Ok(task)
    }

    fn run(&mut self, stop: &Stop, fenced: &mut u32) -> Result<(), Fault> {
        while !stop.is_requested() {
            self.look();
            let Some(batch) = self.reader.poll(POLL)? else { continue };
            for record in &batch.records {
                self.next = record.offset;
                self.decide(record, stop)?;
            }
            if batch.next == self.next && self.unwritten.is_empty() {
                continue;
            }
            self.next = batch.next;
            self.write()?;
            *fenced = 0;
        }
        Ok(())
    }

    /// Writes what was decided of the requests before `next`, and that it was.
    fn write(&mut self) -> Result<(), Fault> {
        let records = std::mem::take(&mut self.unwritten);
        self.writer.write(&records, &[self.progress()])?;
        self.written = self.accepted;
        self.report();
        Ok(())
    }

    /// Tells now and then how many requests wait; of a log that does not answer nothing is known.
    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_PERIOD) {
            return;
        }
        self.looked = Some(Instant::now());
        if let Ok(bounds) = self.shared.log.bounds(&self.requests) {
            let waiting = bounds.next.saturating_sub(self.next);
            self.shared.observer.lag(&self.requests.topic, self.requests.partition, waiting);
        }
    }

    /// Decides one request; what is to be written of it is unwritten then.
    fn decide(&mut self, record: &Record, stop: &Stop) -> Result<(), Fault> {
        let source =
            Source::Topic { topic: Arc::clone(&self.requests.topic), partition: 0, offset: record.offset };
        let read = record.as_wire();
        let limits = self.shared.options.brake;
        let ruling = muster_wire::decode_request(&read, &CatalogSchemas(&self.catalog))
            .and_then(|posted| self.rule_on(posted, record.offset, &source, limits.as_ref()));
        let settlement = match ruling {
            Ok(Ruling::Settled(definitions)) => Settlement { definitions, refusal: None },
            Err(rejection) => Settlement { definitions: Vec::new(), refusal: Some(rejection) },
            Ok(Ruling::Asks(proposal)) => {
                let needed = self.known_by_partitions(proposal.group(), proposal.tenant(), proposal.rule());
                if needed > self.written && !self.unwritten.is_empty() {
                    self.write()?;
                }
                let impact = brake::impact(&self.shared, stop, &proposal, needed)?;
                proposal.settle(&limits.unwrap_or_default(), impact)
            }
        };
        self.take(settlement.definitions);
        if let Some(rejection) = settlement.refusal {
            self.refuse(&read, source, rejection);
        }
        Ok(())
    }

    /// What a request leads to; what licensing asks for is accepted as it is.
    fn rule_on(
        &mut self,
        posted: Posted,
        version: u64,
        source: &Source,
        brake: Option<&BrakeLimits>,
    ) -> Result<Ruling, Rejection> {
        let request = match posted {
            Posted::Event(Event::Group(request)) => Request::Group(request),
            Posted::Event(Event::Schema(request)) => Request::Schema(request),
            // Of other kinds there are none on this topic.
            Posted::Event(_) => return Ok(Ruling::Settled(Vec::new())),
            Posted::Licensing(request) => {
                let accepted = AcceptedLicensing::new(request, version, source.clone());
                self.licensed.learn(&accepted);
                self.shared.observer.request(Decision::Accepted, None);
                self.append(&AcceptedDefinition::Licensing(accepted));
                return Ok(Ruling::Settled(Vec::new()));
            }
        };
        self.registrar.rule_on(&self.catalog, request, version, source, brake)
    }

    fn append(&mut self, definition: &AcceptedDefinition) {
        let to = TopicPartition::new(Arc::clone(&self.shared.options.topics.definitions), 0);
        self.unwritten.push(NewRecord::placed(to, definition.to_record()));
    }

    fn progress(&self) -> Progress {
        let marker = Marker {
            owner: self.shared.storage.owner(),
            lineage: self.lineage,
            entry: 0,
            sequence: 0,
            positions: Positions::new(),
            definitions_position: self.next,
            clock: self.shared.clock.now(),
        };
        Progress { of: self.requests.clone(), next: self.next, metadata: to_metadata(&marker) }
    }

    /// What decides who would leave a group by this rule must be known to the partitions: everything where it reads
    /// other groups, else the group itself and what is declared.
    fn known_by_partitions(&self, group: &GroupId, tenant: &Tenant, rule: &Rule) -> u64 {
        if !rule.sources().is_empty() {
            return self.accepted;
        }
        let existing = self.catalog.tenant(tenant).group(group);
        self.declared.max(existing.map_or(0, |existing| existing.definition.version + 1))
    }

    fn take(&mut self, definitions: Vec<Definition>) {
        if let Some(first) = definitions.first() {
            let decision = match first {
                Definition::Held(held) => {
                    tracing::warn!(
                        group = %held.definition.id, tenant = %held.definition.tenant,
                        version = held.definition.version, reason = held.reason,
                        "an edit is held until it is confirmed"
                    );
                    Decision::Held
                }
                _ => Decision::Accepted,
            };
            self.shared.observer.request(decision, None);
        }
        for definition in definitions {
            self.catalog.apply(&definition);
            self.accepted = self.accepted.max(definition.version() + 1);
            if let Definition::Schema { version, .. } = definition {
                self.declared = version + 1;
            }
            let ended = self.licensed.end_with(&definition);
            self.append(&accepted(definition));
            if let Some(ended) = ended {
                self.append(&AcceptedDefinition::Licensing(ended));
            }
        }
    }

    fn refuse(&mut self, read: &muster_wire::Record<'_>, source: Source, rejection: Rejection) {
        tracing::warn!(?source, code = %rejection.code, "a request was refused");
        self.shared.observer.request(Decision::Refused, Some(rejection.code.as_str()));
        let letter: DeadLetter = read.dead_letter(source, rejection);
        let to = TopicPartition::new(Arc::clone(&self.shared.options.topics.dead_letters), 0);
        self.unwritten.push(NewRecord::placed(to, muster_wire::dead_letter_record(letter)));
    }

    fn report(&self) {
        self.shared.progress.registrar(self.next, self.accepted);
        let held = self.catalog.tenants().map(|tenant| self.catalog.tenant(tenant).held_count()).sum();
        self.shared.observer.held(held);
    }
}

/// What the definitions in the log say.
struct Before {
    catalog: Catalog,
    licensed: LicensedGroups,
    /// One more than the greatest request number among those that engines act on.
    accepted: u64,
}

fn accepted_before(shared: &Shared, stop: &Stop) -> Result<Before, Fault> {
    let definitions = TopicPartition::new(Arc::clone(&shared.options.topics.definitions), 0);
    let bounds = shared.log.bounds(&definitions)?;
    let mut reader = shared.log.reader(ReadLimits::default())?;
    reader.assign(&definitions, bounds.first)?;
    let mut catalog = Catalog::new(IndexKind::Naive);
    let mut licensed = LicensedGroups::default();
    let mut accepted = 0;
    let mut at_end = bounds.first == bounds.next;
    while !at_end && !stop.is_requested() {
        let Some(batch) = reader.poll(POLL)? else { continue };
        at_end = batch.at_end;
        for record in &batch.records {
            match read_definition(record, &catalog)? {
                ReadDefinition::Engine(definition) => {
                    accepted = accepted.max(definition.version() + 1);
                    catalog.apply(&definition);
                }
                ReadDefinition::Licensing(accepted) => licensed.learn(&accepted),
            }
        }
    }
    Ok(Before { catalog, licensed, accepted })
}

fn accepted(definition: Definition) -> AcceptedDefinition {
    match definition {
        Definition::Group { definition, .. } => AcceptedDefinition::Group((*definition).clone()),
        Definition::GroupDeleted { tenant, id, version, source } => {
            AcceptedDefinition::GroupDeleted { tenant, id, version, source }
        }
        Definition::Held(held) => AcceptedDefinition::Held((*held).clone()),
        Definition::HeldEnded { tenant, id, version, source } => {
            AcceptedDefinition::HeldEnded { tenant, id, version, source }
        }
        Definition::Schema { request, version } => AcceptedDefinition::Schema { request, version },
    }
}
