//! Event lines from a client, appended to the topics they belong on.

use crate::progress::Position;
use crate::route;
use crate::shared::{CatalogSchemas, Shared};
use muster_directory::Rejection;
use muster_stream::log::{AppendError, Producer, TopicPartition};

/// Why a line was not appended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It is not an event line that this service takes.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The log did not take it.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// Appends each line that can be read; answers for each in its place.
pub(crate) fn submit(
    shared: &Shared,
    producer: &dyn Producer,
    lines: &[&[u8]],
) -> Vec<Result<Position, SubmitError>> {
    if let Some(reason) = shared.intake.closed() {
        let topic = shared.options.topics.changes.first().map(ToString::to_string).unwrap_or_default();
        return vec![Err(SubmitError::Append(AppendError::Refused { topic, reason })); lines.len()];
    }
    let mut records = Vec::new();
    let mut answers: Vec<Result<(), SubmitError>> = Vec::with_capacity(lines.len());
    for line in lines {
        match route(&shared.options, line, &CatalogSchemas(&shared.catalog())) {
            Ok(record) => {
                records.push(record);
                answers.push(Ok(()));
            }
            Err(rejection) => answers.push(Err(rejection.into())),
        }
    }
    let places: Vec<TopicPartition> = records.iter().map(|record| record.to.clone()).collect();
    let offsets = if records.is_empty() { Vec::new() } else { producer.append(records) };
    let mut appended = places.into_iter().zip(offsets);
    answers
        .into_iter()
        .map(|answer| {
            answer?;
            let Some((of, offset)) = appended.next() else {
                let reason = "the log did not answer for it".to_owned();
                return Err(SubmitError::Append(AppendError::Doubtful { reason }));
            };
            Ok(Position { of, offset: offset? })
        })
        .collect()
}
