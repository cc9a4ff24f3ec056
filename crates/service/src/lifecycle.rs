//! Which partitions this instance works on: as the consumer group assigns them, and no longer.
//!
//! A task, in the words of Kafka Streams, is what belongs to the partitions of one number: partition p of the
//! changes, of the deltas, of the changelog. The requests have one partition, so deciding them belongs to the
//! instance that has partition 0. A partition that is assigned is started at once, several in parallel; one that
//! is revoked finishes its transaction, within half of the session's time-out; one that is lost is dropped. It
//! is started again only when everything of its last start has ended: within a process, nobody else
//! would keep two starts from the same records.
//!
//! Partitions of others may be followed meanwhile, as standby tasks: a partition and its copy never run at once.
//!
//! The group is served by this thread alone, which never waits for a partition.

use crate::service::guarded;
use crate::shared::Shared;
use crate::stop::Stop;
use crate::{Fault, partition, registrar, standby};
use muster_stream::log::{LogError, Member, Rebalance};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one poll of the group waits; a stop, and the end of a task, is noticed after that at the latest.
const POLL: Duration = Duration::from_millis(50);

/// So long the group has to be at rest before copies are begun: a copy begins by wiping what is there.
const SETTLED: Duration = Duration::from_secs(3);

/// After a task was given up although the group leaves it here.
const REST: Duration = Duration::from_secs(5);

/// Works on what the group assigns until the service stops, then ends all of it and the membership.
pub(crate) fn run(shared: &Arc<Shared>, mut member: Box<dyn Member>) -> Result<(), Fault> {
    let mut lifecycle = Lifecycle {
        shared: Arc::clone(shared),
        assigned: BTreeSet::new(),
        running: BTreeMap::new(),
        resting: BTreeMap::new(),
        changed: None,
    };
    while !shared.stop.is_requested() {
        let change = match member.poll(POLL) {
            Ok(change) => change,
            Err(error) => return lifecycle.fail(error),
        };
        if let Some(rebalance) = change {
            lifecycle.follow(&rebalance)?;
        }
        lifecycle.reap();
        lifecycle.start_assigned();
        lifecycle.start_standbys();
    }
    lifecycle.end(&mut *member);
    member.leave(shared.options.departure);
    Ok(())
}

struct Lifecycle {
    shared: Arc<Shared>,
    assigned: BTreeSet<u32>,
    running: BTreeMap<Task, Running>,
    /// Tasks that were given up, until when.
    resting: BTreeMap<Task, Instant>,
    /// When the group last told of a change.
    changed: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Belongs to partition 0.
    Registrar,
    Partition(u32),
    /// A copy of a partition that is another instance's.
    Standby(u32),
}

struct Running {
    stop: Arc<Stop>,
    thread: JoinHandle<()>,
}

impl Lifecycle {
    fn follow(&mut self, rebalance: &Rebalance) -> Result<(), Fault> {
        match rebalance {
            Rebalance::Assigned(partitions) => {
                tracing::info!(?partitions, "the group assigned partitions");
                let there_are = self.shared.options.partitions.get();
                if let Some(beyond) = partitions.iter().find(|number| **number >= there_are) {
                    return Err(Fault::Contradiction(format!(
                        "the group assigned partition {beyond}, but {there_are} partitions are configured: \
                         partitions were added to the changes topic, which moves objects away from their past"
                    )));
                }
                self.assigned.extend(partitions);
                for number in partitions {
                    if let Some(standby) = self.running.get(&Task::Standby(*number)) {
                        standby.stop.request();
                    }
                }
            }
            Rebalance::Revoked(partitions) => {
                tracing::info!(?partitions, "the group revoked partitions: what is under way is finished");
                let patience = self.shared.options.session_timeout / 2;
                self.release(partitions, |stop| stop.request_within(patience));
            }
            Rebalance::Lost(partitions) => {
                tracing::warn!(?partitions, "partitions were lost: what is under way is dropped");
                self.release(partitions, Stop::cut);
            }
        }
        self.changed = Some(Instant::now());
        self.shared.observer.rebalance(rebalance);
        self.shared.progress.assigned(&self.assigned);
        Ok(())
    }

    fn release(&mut self, partitions: &[u32], end: impl Fn(&Stop)) {
        for number in partitions {
            self.assigned.remove(number);
            for task in tasks(*number) {
                self.resting.remove(&task);
                if let Some(running) = self.running.get(&task) {
                    end(&running.stop);
                }
            }
        }
    }

    /// Starts what is assigned and does not run.
    fn start_assigned(&mut self) {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        for task in self.assigned.iter().copied().flat_map(tasks) {
            let is_ready = task == Task::Registrar || self.shared.has_definitions();
            if is_ready && self.is_free(task) {
                self.running.insert(task, start(task, &self.shared));
            }
        }
    }

    /// Begins to follow what is not assigned, where that is wanted.
    fn start_standbys(&mut self) {
        let options = &self.shared.options;
        let is_settled = self.changed.is_some_and(|changed| changed.elapsed() >= SETTLED);
        if !options.standby || options.topics.changelog.is_none() || !is_settled {
            return;
        }
        for number in (0..options.partitions.get()).filter(|number| !self.assigned.contains(number)) {
            if self.is_free(Task::Standby(number)) {
                let task = Task::Standby(number);
                self.running.insert(task, start(task, &self.shared));
            }
        }
    }

    /// Whether the task does not run, nor what uses the same records, and is not to rest.
    fn is_free(&self, task: Task) -> bool {
        let other = match task {
            Task::Registrar => None,
            Task::Partition(number) => Some(Task::Standby(number)),
            Task::Standby(number) => Some(Task::Partition(number)),
        };
        !self.running.contains_key(&task)
            && !self.resting.contains_key(&task)
            && other.is_none_or(|other| !self.running.contains_key(&other))
    }

    /// Puts away what has ended.
    fn reap(&mut self) {
        let ended: Vec<Task> = self
            .running
            .iter()
            .filter_map(|(task, running)| running.thread.is_finished().then_some(*task))
            .collect();
        for task in ended {
            if let Some(running) = self.running.remove(&task) {
                // How it ended is told already.
                let _ = running.thread.join();
            }
            let is_ours = match task {
                Task::Registrar => self.assigned.contains(&0),
                Task::Partition(number) => self.assigned.contains(&number),
                Task::Standby(number) => !self.assigned.contains(&number),
            };
            if is_ours && !self.shared.stop.is_requested() {
                tracing::warn!(?task, "it ended early: tried again in a while");
                self.resting.insert(task, Instant::now() + REST);
            }
            match task {
                Task::Registrar => self.shared.progress.registrar_ended(),
                Task::Partition(number) => self.forget(number),
                Task::Standby(number) => self.shared.observer.standby(number, 0),
            }
        }
    }

    /// Nothing is known of a partition any more.
    fn forget(&self, number: u32) {
        let shared = &self.shared;
        shared.stop_telling(number);
        shared.questions.drop_all(number);
        shared.progress.ended(number);
        shared.observer.ended(number);
        for topic in &shared.options.topics.changes {
            shared.observer.lag(topic, number, 0);
        }
    }

    /// Ends everything, serving the group meanwhile so that it does not wait for us.
    fn end(&mut self, member: &mut dyn Member) {
        self.running.values().for_each(|running| running.stop.request());
        while !self.running.is_empty() {
            match member.poll(POLL) {
                Ok(Some(Rebalance::Lost(partitions))) => self.release(&partitions, Stop::cut),
                // Nothing is begun any more.
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the group was lost while the service ended");
                    return self.drop_all();
                }
            }
            self.reap();
        }
    }

    /// The group is of no use any more.
    fn fail(&mut self, error: LogError) -> Result<(), Fault> {
        self.drop_all();
        Err(error.into())
    }

    fn drop_all(&mut self) {
        self.running.values().for_each(|running| running.stop.cut());
        for (_, running) in std::mem::take(&mut self.running) {
            let _ = running.thread.join();
        }
    }
}

/// What belongs to partitions of this number.
fn tasks(number: u32) -> impl Iterator<Item = Task> {
    let registrar = (number == 0).then_some(Task::Registrar);
    registrar.into_iter().chain([Task::Partition(number)])
}

fn start(task: Task, shared: &Arc<Shared>) -> Running {
    let stop = Arc::<Stop>::default();
    let theirs = Arc::clone(&stop);
    let thread = match task {
        Task::Registrar => guarded("registrar".to_owned(), Arc::clone(shared), move |shared| {
            registrar::run(&shared, &theirs)
        }),
        Task::Partition(number) => {
            guarded(format!("partition {number}"), Arc::clone(shared), move |shared| {
                partition::work(&shared, number, &theirs)
            })
        }
        Task::Standby(number) => guarded(format!("standby {number}"), Arc::clone(shared), move |shared| {
            standby::follow(&shared, number, &theirs)
        }),
    };
    Running { stop, thread }
}
