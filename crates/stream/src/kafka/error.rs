//! librdkafka's errors, sorted by what the caller can do about them.

use crate::log::LogError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What an error means for something other than writing.
pub(super) fn of_log(error: KafkaError, action: String) -> LogError {
    let reason = text(&error);
    match code(&error) {
        Some(code) if needs_change(code) => LogError::Refused { action, reason },
        // No code: the client could not even ask.
        None if !matches!(error, KafkaError::Canceled) => LogError::Refused { action, reason },
        Some(RDKafkaErrorCode::BadMessage | RDKafkaErrorCode::InvalidMessage) => {
            LogError::Damaged { place: action, reason }
        }
        Some(RDKafkaErrorCode::Fatal) => LogError::Failed { action, reason },
        _ => LogError::Unreachable { action, reason },
    }
}

/// The client's code; its own method forgets those of admin requests.
fn code(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        _ => error.rdkafka_error_code(),
    }
}

/// Errors that come again until somebody changes a setting, a right or a name.
fn needs_change(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        Authentication, ClusterAuthorizationFailed, GroupAuthorizationFailed, InvalidArgument, InvalidConfig,
        InvalidPartitions, InvalidReplicationFactor, InvalidTopic, PolicyViolation, SaslAuthenticationFailed,
        TopicAuthorizationFailed, TransactionalIdAuthorizationFailed, UnsupportedSASLMechanism,
        UnsupportedVersion,
    };
    matches!(
        code,
        Authentication
            | ClusterAuthorizationFailed
            | GroupAuthorizationFailed
            | InvalidArgument
            | InvalidConfig
            | InvalidPartitions
            | InvalidReplicationFactor
            | InvalidTopic
            | PolicyViolation
            | SaslAuthenticationFailed
            | TopicAuthorizationFailed
            | TransactionalIdAuthorizationFailed
            | UnsupportedSASLMechanism
            | UnsupportedVersion
    )
}

/// Errors of a record that will never be written as it is.
pub(super) fn refuses_record(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        InvalidRecord, InvalidTopic, MessageSizeTooLarge, OffsetMetadataTooLarge, PolicyViolation,
        TopicAuthorizationFailed, UnknownPartition, UnknownTopic, UnknownTopicOrPartition,
    };
    matches!(
        code,
        InvalidRecord
            | InvalidTopic
            | MessageSizeTooLarge
            | OffsetMetadataTooLarge
            | PolicyViolation
            | TopicAuthorizationFailed
            | UnknownPartition
            | UnknownTopic
            | UnknownTopicOrPartition
    )
}

/// What the client says, without its own prefixes.
pub(super) fn text(error: &KafkaError) -> String {
    match error {
        // Without the value, which may be a secret; the reason names the property.
        KafkaError::ClientConfig(_, reason, _, _) => reason.clone(),
        KafkaError::Transaction(error) => error.string(),
        KafkaError::Subscription(reason) | KafkaError::Seek(reason) | KafkaError::ClientCreation(reason) => {
            reason.clone()
        }
        other => code(other).map_or_else(|| other.to_string(), |code| code.to_string()),
    }
}
