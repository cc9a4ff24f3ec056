//! Whose turn it is: of all instances of an application one does licensing, the others wait.
//!
//! They are a consumer group of their own over the definitions, which have one partition: who is assigned it
//! works, and the next one gets it when that one ends, or is not heard of for the session's time-out. It then
//! restores the state from the changelog. That only one can write, its writer makes sure.

use super::{LicensingShared, task};
use crate::Fault;
use crate::stop::Stop;
use muster_stream::log::{Joining, Member, Rebalance};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long one poll of the group waits; a stop is noticed after that at the latest.
const POLL: Duration = Duration::from_millis(50);

/// After the work was given up although the group leaves it here.
const REST: Duration = Duration::from_secs(5);

/// Waits for its turn and works, until the subscriber is stopped.
///
/// # Errors
/// What no waiting cures.
pub(super) fn run(shared: &Arc<LicensingShared>) -> Result<(), Fault> {
    let options = &shared.options.service;
    let member = shared.log.join(&Joining {
        topic: Arc::clone(&options.topics.definitions),
        instance: format!("{:032x}", shared.storage.owner()),
        session_timeout: options.session_timeout,
    })?;
    let mut turns = Turns { shared: Arc::clone(shared), member, is_ours: false, working: None, rest: None };
    let ended = turns.take_turns();
    let ended = turns.end().and(ended);
    let Turns { member, .. } = turns;
    member.leave(options.departure);
    ended
}

struct Turns {
    shared: Arc<LicensingShared>,
    member: Box<dyn Member>,
    is_ours: bool,
    working: Option<Working>,
    /// Until when it is not tried again.
    rest: Option<Instant>,
}

struct Working {
    stop: Arc<Stop>,
    thread: JoinHandle<Result<(), Fault>>,
}

impl Turns {
    fn take_turns(&mut self) -> Result<(), Fault> {
        self.shared.current.waiting();
        while !self.shared.stop.is_requested() {
            if let Some(change) = self.member.poll(POLL)? {
                self.follow(&change);
            }
            if self.working.as_ref().is_some_and(|working| working.thread.is_finished()) {
                self.finish()?;
                self.shared.current.waiting();
                self.rest = self.is_ours.then(|| Instant::now() + REST);
            }
            if self.is_ours && self.working.is_none() && self.rest.is_none_or(|until| Instant::now() >= until)
            {
                self.working = Some(Working::start(&self.shared)?);
            }
        }
        Ok(())
    }

    fn follow(&mut self, change: &Rebalance) {
        match change {
            Rebalance::Assigned(partitions) if partitions.contains(&0) => {
                tracing::info!("licensing is this instance's turn");
                (self.is_ours, self.rest) = (true, None);
            }
            Rebalance::Revoked(partitions) if partitions.contains(&0) => {
                tracing::info!("licensing is another instance's turn: what is under way is finished");
                self.is_ours = false;
                let patience = self.shared.options.service.session_timeout / 2;
                self.ask(|stop| stop.request_within(patience));
            }
            Rebalance::Lost(partitions) if partitions.contains(&0) => {
                tracing::warn!("licensing went to another instance: what is under way is dropped");
                self.is_ours = false;
                self.ask(Stop::cut);
            }
            Rebalance::Assigned(_) => {
                tracing::info!("licensing waits for its turn: another instance does it")
            }
            Rebalance::Revoked(_) | Rebalance::Lost(_) => {}
        }
    }

    fn ask(&self, end: impl Fn(&Stop)) {
        if let Some(working) = &self.working {
            end(&working.stop);
        }
    }

    /// Ends the work, serving the group meanwhile so that it does not wait for us.
    fn end(&mut self) -> Result<(), Fault> {
        self.ask(Stop::request);
        while self.working.as_ref().is_some_and(|working| !working.thread.is_finished()) {
            match self.member.poll(POLL) {
                Ok(Some(Rebalance::Lost(_))) | Err(_) => self.ask(Stop::cut),
                // Nothing is begun any more.
                Ok(_) => {}
            }
        }
        self.finish()
    }

    fn finish(&mut self) -> Result<(), Fault> {
        let ended = match self.working.take() {
            None => Ok(()),
            Some(Working { thread, .. }) => {
                thread.join().unwrap_or_else(|_| Err(Fault::Panic("licensing".to_owned())))
            }
        };
        self.shared.observer.ready(false);
        match ended {
            // It was asked to, or fenced by the instance whose turn it is.
            Err(Fault::Stopped | Fault::Overtaken { .. }) => Ok(()),
            ended => ended,
        }
    }
}

impl Working {
    fn start(shared: &Arc<LicensingShared>) -> Result<Working, Fault> {
        let stop = Arc::<Stop>::default();
        let (inside, theirs) = (Arc::clone(shared), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("licensing task".to_owned())
            .spawn(move || task::run(&inside, &theirs));
        match thread {
            Ok(thread) => Ok(Working { stop, thread }),
            Err(error) => Err(Fault::Contradiction(format!("no thread can be started: {error}"))),
        }
    }
}
