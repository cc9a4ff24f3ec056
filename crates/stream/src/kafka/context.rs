//! What every client of librdkafka is given: an ear for its messages, and tokens where it asks for them.
//! What happens to a producer's records, the producer's own part of it is told.

use super::token;
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use rdkafka::util::IntoOpaque;
use std::error::Error;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A client's context; `R` is told of a producer's deliveries.
pub(super) struct Context<R = ()> {
    token_file: Option<PathBuf>,
    /// The last thing that went wrong with the client as a whole, and when.
    trouble: Mutex<Option<(Instant, String)>>,
    receiver: R,
}

/// Trouble that is older explains nothing any more.
const RECENT: Duration = Duration::from_secs(60);

impl<R> Context<R> {
    pub(super) fn new(token_file: Option<PathBuf>, receiver: R) -> Context<R> {
        Context { token_file, trouble: Mutex::new(None), receiver }
    }

    /// What went wrong lately with the connections, as far as polls have told.
    pub(super) fn recent_trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble.as_ref().filter(|(at, _)| at.elapsed() < RECENT).map(|(_, reason)| reason.clone())
    }

    pub(super) fn receiver(&self) -> &R {
        &self.receiver
    }
}

/// Told what became of each record of a producer.
pub(super) trait Receiver: Send + Sync {
    /// What was handed over with the record.
    type Ticket: IntoOpaque;

    fn delivered(&self, result: &DeliveryResult<'_>, ticket: Self::Ticket);
}

impl<R: Send + Sync> ClientContext for Context<R> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    /// Most often a lost connection: the client goes on by itself.
    fn error(&self, error: KafkaError, reason: &str) {
        match error.rdkafka_error_code() {
            // Told to the reader's caller; no errors.
            Some(RDKafkaErrorCode::PartitionEOF | RDKafkaErrorCode::AutoOffsetReset) => return,
            // Follows from the others.
            Some(RDKafkaErrorCode::AllBrokersDown) => {}
            _ => {
                let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
                *trouble = Some((Instant::now(), reason.to_owned()));
            }
        }
        tracing::warn!(target: "librdkafka", reason, "the Kafka client met trouble");
    }

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn Error>> {
        let token = token::read(self.token_file.as_deref());
        if let Err(error) = &token {
            tracing::error!(%error, "no token for Kafka");
        }
        Ok(token?)
    }
}

impl<R: Send + Sync> ConsumerContext for Context<R> {}

impl<R: Receiver> ProducerContext for Context<R> {
    type DeliveryOpaque = R::Ticket;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: R::Ticket) {
        self.receiver.delivered(result, ticket);
    }
}

/// A line of the client's own log.
fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        // One configuration serves producers and consumers, which each warn of the other's properties.
        _ if facility == "CONFWARN" => tracing::debug!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Warning => tracing::warn!(target: "librdkafka", facility, message),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "librdkafka", facility, message);
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "librdkafka", facility, message),
    }
}
