//! The subscriber's thread: inputs in, entries committed.
//!
//! What came while the batch before was committed is one batch: applied, committed with the positions that it
//! reached, then published by a thread of its own. A kill repeats a batch whole or not at all.

use super::LicensingShared;
use super::feedback;
use super::inputs::{Input, Inputs};
use super::options::position_name;
use super::subject::LicensingSubject;
use crate::publisher::{Outbox, Publisher, Publishing, Subject};
use crate::stop::Stop;
use crate::{Fault, Feedback};
use muster_directory::licence::{Assignee, LicensingInput};
use muster_directory::{Event, GroupId, Source, Tenant};
use muster_engine::storage::{LICENSING_PARTITION, Positions};
use muster_licensing::{ApplyError, Licensing};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one poll waits; what is due by the clock and a stop are noticed after that at the latest.
const POLL: Duration = Duration::from_millis(20);
/// How often the lag is told, and positions are stored of what had no effect.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Works until `stop` is requested.
///
/// # Errors
/// What no waiting cures; or that it was stopped before it had begun.
pub(super) fn run(shared: &Arc<LicensingShared>, stop: &Arc<Stop>) -> Result<(), Fault> {
    tracing::info!("licensing is being restored");
    let subject: Arc<dyn Subject> = Arc::new(LicensingSubject::new(Arc::clone(shared), Arc::clone(stop)));
    let publisher = Publisher::start(Arc::clone(&subject))?;
    let head = shared.storage.head(LICENSING_PARTITION)?;
    let licensing = Licensing::restore(&*shared.storage, LICENSING_PARTITION, shared.clock.now())?;
    let inputs = Inputs::open(Arc::clone(shared), head.as_ref().map(|head| &head.positions))?;
    let mut task = Task {
        stop: Arc::clone(stop),
        subject,
        outbox: publisher.outbox(),
        publishing: Publishing::spawn(publisher)?,
        feeding: None,
        stored: inputs.positions().clone(),
        inputs,
        entry: head.map_or(0, |head| head.entry),
        looked: Instant::now(),
        shared: Arc::clone(shared),
    };
    *shared.licensing() = Some(licensing);
    task.feed_back()?;
    tracing::info!("licensing runs");
    shared.current.applied(&task.stored, task.entry);
    shared.observer.ready(true);
    let worked = task.work();
    // Whatever it ended by, the others end, too.
    stop.request();
    let fed = task.feeding.take().map_or(Ok(()), |feeding| {
        feeding.join().unwrap_or_else(|_| Err(Fault::Panic("feeding back".to_owned())))
    });
    let published = task.publishing.end();
    tracing::info!("licensing stopped");
    worked.and(published).and(fed)
}

struct Task {
    shared: Arc<LicensingShared>,
    stop: Arc<Stop>,
    subject: Arc<dyn Subject>,
    inputs: Inputs,
    outbox: Arc<Outbox>,
    publishing: Publishing,
    /// The thread that feeds licences back.
    feeding: Option<JoinHandle<Result<(), Fault>>>,
    /// As of the last entry.
    stored: Positions,
    entry: u64,
    looked: Instant,
}

impl Task {
    fn work(&mut self) -> Result<(), Fault> {
        let most = self.shared.options.service.outbox_entries;
        while !self.stop.is_requested() && !self.has_lost_another() {
            let is_due = self.looked.elapsed() >= LOOK_PERIOD;
            if is_due {
                self.looked = Instant::now();
                self.tell_lag();
            }
            if self.outbox.wait_for_room(most, LOOK_PERIOD) {
                self.turn(is_due)?;
            }
        }
        Ok(())
    }

    /// Begins to feed licences back, where that is wanted.
    fn feed_back(&mut self) -> Result<(), Fault> {
        if self.shared.options.service.feedback == Feedback::On {
            let (shared, stop) = (Arc::clone(&self.shared), Arc::clone(&self.stop));
            let thread = std::thread::Builder::new().name("licensing feedback".to_owned());
            let thread = thread
                .spawn(move || feedback::run(&shared, &stop))
                .map_err(|error| Fault::Contradiction(format!("no thread can be started: {error}")))?;
            self.feeding = Some(thread);
        }
        Ok(())
    }

    /// Whether another thread of it has ended, which only happens before a stop when it must not go on.
    fn has_lost_another(&self) -> bool {
        self.publishing.has_ended() || self.feeding.as_ref().is_some_and(JoinHandle::is_finished)
    }

    /// Applies what came and commits what came of it; with `store`, positions also where nothing did.
    fn turn(&mut self, store: bool) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        let mut waited = POLL;
        let (mut applied, mut came) = (0, true);
        let mut failed = None;
        while came && applied < shared.options.service.batch_records {
            let place = self.place();
            let outcome = self.inputs.next(waited, &mut |input| {
                applied += 1;
                let mut licensing = shared.licensing();
                match licensing.as_mut() {
                    Some(licensing) => apply(licensing, input, &shared, &place),
                    None => Ok(()),
                }
            });
            match outcome {
                Ok(more) => came = more,
                Err(fault) => {
                    // What came before it is kept.
                    failed = Some(fault);
                    break;
                }
            }
            waited = Duration::ZERO;
        }
        self.commit(store)?;
        failed.map_or(Ok(()), Err)
    }

    fn commit(&mut self, store: bool) -> Result<(), Fault> {
        let shared = Arc::clone(&self.shared);
        let mut licensing = shared.licensing();
        let Some(licensing) = licensing.as_mut() else { return Ok(()) };
        licensing.tick(shared.clock.now(), &self.place());
        let positions = self.inputs.positions();
        let moved = *positions != self.stored;
        if licensing.step_len() > 0 || moved && store {
            let entry = licensing.take_entry(positions.clone());
            let began = Instant::now();
            shared.storage.commit(LICENSING_PARTITION, std::slice::from_ref(&entry))?;
            self.stored.clone_from(positions);
            self.entry = entry.number;
            self.outbox.push(self.subject.weight(&entry));
            shared.observer.committed(&entry.licences, &entry.dead_letters, began.elapsed());
        } else if !moved {
            return Ok(());
        }
        shared.current.applied(positions, self.entry);
        Ok(())
    }

    /// The source of what time alone causes: the next definition.
    fn place(&self) -> Source {
        let of = self.shared.options.definitions();
        let offset = self.inputs.positions().get(&position_name(&of)).copied().unwrap_or_default();
        Source::Topic { topic: of.topic, partition: of.partition, offset }
    }

    /// Of a log that does not answer nothing is known.
    fn tell_lag(&self) {
        for of in self.shared.options.inputs() {
            let next = self.inputs.positions().get(&position_name(&of)).copied().unwrap_or_default();
            if let Ok(bounds) = self.shared.log.bounds(&of) {
                let lag = bounds.next.saturating_sub(next);
                self.shared.observer.lag(&of.topic, of.partition, lag);
            }
        }
    }
}

/// Applies one input at the present time.
fn apply(
    licensing: &mut Licensing,
    mut input: Input,
    shared: &LicensingShared,
    place: &Source,
) -> Result<(), Fault> {
    licensing.tick(shared.clock.now(), place);
    let Some(says) = input.says.take() else {
        licensing.pass_over();
        return Ok(());
    };
    if let Some((tenant, group)) = touched(&says) {
        for flap in shared.flaps().forget(&tenant, &group) {
            shared.observer.flap(&flap.tenant, &flap.group, &flap.sku, false);
        }
    }
    match licensing.apply(says, &input.source) {
        Ok(()) => {}
        Err(ApplyError::Gap(gap)) => return Err(Fault::Gap(gap)),
        Err(ApplyError::Refused(rejection)) => {
            tracing::warn!(code = %rejection.code, "licensing refuses an input");
            if let Some(letter) = input.dead_letter(rejection) {
                licensing.refuse(letter);
            }
        }
    }
    Ok(())
}

/// The group whose rule or assignment an input changes.
fn touched(says: &LicensingInput) -> Option<(Tenant, GroupId)> {
    match says {
        LicensingInput::Event(Event::Group(request)) => Some((request.tenant.clone(), request.id.clone())),
        LicensingInput::Assignment(tenant, Assignee::Group(group), _) => {
            Some((tenant.clone(), group.clone()))
        }
        _ => None,
    }
}
