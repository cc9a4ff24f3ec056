//! Which partitions this instance works on: as the consumer group assigns them, and no longer.
//!
//! A task, in the words of Kafka Streams, is what belongs to the partitions of one number: partition p of the
//! changes, of the deltas, of the changelog. The requests have one partition, so deciding them belongs to the
//! instance that has partition 0. A partition that is assigned is started at once, several in parallel; one that
//! is revoked finishes its transaction, within half of the session's time-out; one that is lost is dropped. It
//! is started again only when everything of its last start has ended: within a process, nobody else
//! would keep two starts from the same records.
//!
//! The group is served by this thread alone, which never waits for a partition.

use crate::service::guarded;
use crate::shared::Shared;
use crate::stop::Stop;
use crate::{Fault, partition, registrar};
use muster_stream::log::{LogError, Member, Rebalance};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one poll of the group waits; a stop, and the end of a task, is noticed after that at the latest.
const POLL: Duration = Duration::from_millis(50);

/// After a task was given up although the group leaves it here.
const REST: Duration = Duration::from_secs(5);

/// Works on what the group assigns until the service stops, then ends all of it and the membership.
pub(crate) fn run(shared: &Arc<Shared>, mut member: Box<dyn Member>) -> Result<(), Fault> {
    let mut lifecycle = Lifecycle {
        shared: Arc::clone(shared),
        assigned: BTreeSet::new(),
        running: BTreeMap::new(),
        resting: BTreeMap::new(),
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    /// Belongs to partition 0.
    Registrar,
    Partition(u32),
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
            if is_ready && !self.running.contains_key(&task) && !self.resting.contains_key(&task) {
                self.running.insert(task, start(task, &self.shared));
            }
        }
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
            };
            if is_ours && !self.shared.stop.is_requested() {
                tracing::warn!(?task, "given up, although the group leaves it here: tried again in a while");
                self.resting.insert(task, Instant::now() + REST);
            }
            match task {
                Task::Registrar => self.shared.progress.registrar_ended(),
                Task::Partition(number) => self.forget(number),
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
    };
    Running { stop, thread }
}
