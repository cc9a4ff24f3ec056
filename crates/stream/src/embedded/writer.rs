//! Writers and producers of the embedded log: both append; a writer's right to do so can be taken away.

use super::Shared;
use super::append::{AppendFailure, Claim, Refusal};
use super::catalogue::damaged;
use super::codec;
use super::database::Family;
use crate::log::{AppendError, LogError, NewRecord, Producer, Progress, TopicPartition, WriteError, Writer};
use std::sync::Arc;

pub(super) struct EmbeddedWriter {
    shared: Arc<Shared>,
    application: Arc<str>,
    claim: Claim,
    /// The first error, which every later call gets again.
    failure: Option<WriteError>,
}

impl EmbeddedWriter {
    /// Fences earlier writers of the name.
    pub(super) fn open(
        shared: &Arc<Shared>,
        application: &Arc<str>,
        name: &str,
    ) -> Result<EmbeddedWriter, LogError> {
        let claim = shared.claim(&format!("{application}-{name}"))?;
        let (shared, application) = (Arc::clone(shared), Arc::clone(application));
        Ok(EmbeddedWriter { shared, application, claim, failure: None })
    }

    fn read_committed(&self, of: &TopicPartition) -> Result<Option<Progress>, LogError> {
        let id = self.shared.lock().catalogue.find(of)?.id;
        let bytes = self.shared.database.get(Family::Meta, &id.progress(&self.application))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let place = || format!("the progress of `{}` in {of}", self.application);
        let (next, metadata) = codec::progress(&bytes).map_err(damaged(place))?;
        Ok(Some(Progress { of: of.clone(), next, metadata }))
    }

    fn fail<T>(&mut self, error: WriteError) -> Result<T, WriteError> {
        self.failure = Some(error.clone());
        Err(error)
    }
}

impl Writer for EmbeddedWriter {
    fn committed(&mut self, of: &TopicPartition) -> Result<Option<Progress>, WriteError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        if !self.shared.lock().queue.holds(&self.claim) {
            let writer = self.claim.writer.clone();
            return self.fail(WriteError::Fenced { writer });
        }
        match self.read_committed(of) {
            Ok(progress) => Ok(progress),
            Err(error @ (LogError::UnknownTopic { .. } | LogError::UnknownPartition { .. })) => {
                self.fail(WriteError::Refused { topic: of.topic.to_string(), reason: error.to_string() })
            }
            Err(error) => self.fail(WriteError::Doubtful { reason: error.to_string() }),
        }
    }

    fn write(&mut self, records: &[NewRecord], progress: &[Progress]) -> Result<(), WriteError> {
        if let Some(error) = &self.failure {
            return Err(error.clone());
        }
        if records.is_empty() && progress.is_empty() {
            return Ok(());
        }
        let prepared = records.iter().map(|record| self.shared.prepare(record)).collect::<Result<_, _>>();
        let progress = progress
            .iter()
            .map(|progress| self.shared.prepare_progress(&self.application, progress))
            .collect::<Result<_, _>>();
        let outcome = match (prepared, progress) {
            (Ok(records), Ok(progress)) => self
                .shared
                .append(Some(self.claim.clone()), records, progress)
                .map_err(|failure| match failure {
                    AppendFailure::Fenced => WriteError::Fenced { writer: self.claim.writer.clone() },
                    AppendFailure::Doubtful(reason) => WriteError::Doubtful { reason },
                }),
            (Err(Refusal { topic, reason }), _) | (_, Err(Refusal { topic, reason })) => {
                Err(WriteError::Refused { topic, reason })
            }
        };
        match outcome {
            Ok(_) => Ok(()),
            Err(error) => self.fail(error),
        }
    }
}

pub(super) struct EmbeddedProducer {
    pub(super) shared: Arc<Shared>,
}

impl Producer for EmbeddedProducer {
    fn append(&self, records: Vec<NewRecord>) -> Vec<Result<u64, AppendError>> {
        let (mut prepared, mut refusals) = (Vec::with_capacity(records.len()), Vec::new());
        for record in &records {
            match self.shared.prepare(record) {
                Ok(record) => {
                    prepared.push(record);
                    refusals.push(None);
                }
                Err(Refusal { topic, reason }) => refusals.push(Some(AppendError::Refused { topic, reason })),
            }
        }
        drop(records);
        let appended =
            if prepared.is_empty() { Ok(Vec::new()) } else { self.shared.append(None, prepared, Vec::new()) };
        let mut offsets = match appended {
            Ok(offsets) => offsets.into_iter().map(Ok).collect::<Vec<_>>(),
            Err(failure) => {
                let reason = match failure {
                    AppendFailure::Doubtful(reason) => reason,
                    // Only writers have a claim that could be lost.
                    AppendFailure::Fenced => "it was fenced".to_owned(),
                };
                let doubtful = || Err(AppendError::Doubtful { reason: reason.clone() });
                refusals.iter().filter(|refusal| refusal.is_none()).map(|_| doubtful()).collect()
            }
        }
        .into_iter();
        refusals
            .into_iter()
            .filter_map(|refusal| match refusal {
                Some(refusal) => Some(Err(refusal)),
                None => offsets.next(),
            })
            .collect()
    }
}
