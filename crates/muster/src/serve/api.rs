//! What HTTP asks for, answered by the service.

use super::{licensing, mirror};
use crate::telemetry::Metrics;
use muster_api::{Position, Problem, ValuesPage, Waited};
use muster_service::{Licences, Output, ReadError, Service, SubmitError, WaitError};
use muster_stream::log::TopicPartition;
use std::sync::Arc;
use std::time::Instant;

pub(super) struct Api {
    service: Arc<Service>,
    /// Where it is done here.
    licences: Option<Arc<Licences>>,
    metrics: Metrics,
}

impl Api {
    pub(super) fn new(service: Arc<Service>, licences: Option<Arc<Licences>>, metrics: Metrics) -> Api {
        Api { service, licences, metrics }
    }
}

impl muster_api::Service for Api {
    fn not_ready(&self) -> Vec<String> {
        let mut reasons = self.service.unready().map(|unready| unready.reasons).unwrap_or_default();
        reasons.extend(self.licences.as_ref().and_then(|licences| licences.unready()));
        reasons
    }

    fn metrics(&self) -> String {
        self.metrics.render()
    }

    fn submit(&self, lines: &[&[u8]]) -> Result<Vec<Result<Position, Problem>>, Problem> {
        let answers = self.service.submit(lines);
        Ok(answers.into_iter().map(|answer| answer.map(position).map_err(problem)).collect())
    }

    fn wait_applied(&self, positions: &[Position], deadline: Instant) -> Result<Waited, Problem> {
        let positions: Vec<_> = positions
            .iter()
            .map(|Position { topic, partition, offset }| muster_service::Position {
                of: TopicPartition::new(Arc::clone(topic), *partition),
                offset: *offset,
            })
            .collect();
        let left = || deadline.saturating_duration_since(Instant::now());
        let waited = self.service.wait_applied(&positions, left());
        // What follows from them includes licences.
        match waited.and_then(|()| self.licences.as_ref().map_or(Ok(()), |of| of.wait_current(left()))) {
            Ok(()) => Ok(Waited::Applied),
            Err(WaitError::TimedOut) => Ok(Waited::TimedOut),
            Err(WaitError::Elsewhere(elsewhere)) => Err(Problem::new(mirror::ELSEWHERE, elsewhere)),
            Err(error @ WaitError::Failed(_)) => Err(Problem::new("service-failed", error)),
        }
    }

    fn deltas(&self, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem> {
        self.service.deltas(partition, from, limit).map_err(unreadable)
    }

    fn records(&self, topic: &str, partition: u32, from: u64, limit: usize) -> Result<Vec<u8>, Problem> {
        let Some((_, output)) = Output::ALL.into_iter().find(|(name, _)| *name == topic) else {
            let names = Output::ALL.map(|(name, _)| name).join("`, `");
            let message = format!("there is no topic `{topic}` to read here: there are `{names}`");
            return Err(Problem::new("unknown-topic", message));
        };
        self.service.records(output, partition, from, limit).map_err(unreadable)
    }

    fn preview(&self, body: &[u8]) -> Result<Vec<u8>, Problem> {
        mirror::preview(&self.service, body)
    }

    fn find(&self, body: &[u8]) -> Result<Vec<u8>, Problem> {
        mirror::find(&self.service, body)
    }

    fn values(&self, page: &ValuesPage) -> Result<Vec<u8>, Problem> {
        mirror::values(&self.service, page)
    }

    fn license_report(&self, tenant: Option<&str>) -> Result<Vec<u8>, Problem> {
        licensing::report(self.licences.as_deref(), tenant)
    }

    fn license_explanation(&self, tenant: Option<&str>, user: &str) -> Result<Vec<u8>, Problem> {
        licensing::explanation(self.licences.as_deref(), tenant, user)
    }
}

fn unreadable(error: ReadError) -> Problem {
    Problem::new(error.code(), error)
}

fn position(position: muster_service::Position) -> Position {
    Position { topic: position.of.topic, partition: position.of.partition, offset: position.offset }
}

fn problem(error: SubmitError) -> Problem {
    match error {
        SubmitError::Rejected(rejection) => Problem::new(rejection.code.as_str(), rejection.message),
        SubmitError::Append(error) => Problem::new("log-unavailable", error),
    }
}
