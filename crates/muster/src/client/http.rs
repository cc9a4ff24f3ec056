//! The service's HTTP, asked.

use crate::failure::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A running service, by its address.
pub(crate) struct Http {
    agent: ureq::Agent,
    url: String,
}

/// The answer for one event line.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    /// It lies there.
    Taken {
        topic: String,
        #[serde(default = "applied")]
        applied: bool,
    },
    /// It was not taken.
    Refused { error: Problem },
}

/// Where nothing was waited for, nothing is missing.
fn applied() -> bool {
    true
}

/// Why something was not done.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) code: String,
    pub(crate) message: String,
}

#[derive(Deserialize)]
struct Envelope {
    error: Problem,
}

impl Http {
    /// The service at this address, like `http://127.0.0.1:8080`.
    pub(crate) fn new(url: &str) -> Http {
        // What is local needs no proxy.
        let config = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build();
        Http { agent: config.into(), url: url.trim_end_matches('/').to_owned() }
    }

    /// Sends event lines; the answers are in their order.
    pub(crate) fn post_events(&self, query: &str, lines: &[u8]) -> Result<Vec<Answer>, Failure> {
        let url = format!("{}/muster/events?{query}", self.url);
        let sent = self.agent.post(url).send(lines).map_err(|error| self.unreachable(&error))?;
        let text = self.read(sent)?.map_err(|problem| {
            let Problem { code, message } = problem;
            Failure::Fault(anyhow::anyhow!("the service took nothing ({code}): {message}"))
        })?;
        text.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| self.parse(line))
            .collect()
    }

    /// Asks with a body; a refusal has a code.
    pub(crate) fn post(&self, path: &str, body: &[u8]) -> Result<Result<Vec<u8>, Problem>, Failure> {
        let sent = self.agent.post(format!("{}{path}", self.url)).send(body);
        self.read(sent.map_err(|error| self.unreachable(&error))?)
    }

    /// Asks for lines; a refusal has a code.
    pub(crate) fn get(&self, path: &str) -> Result<Result<Vec<u8>, Problem>, Failure> {
        let got = self.agent.get(format!("{}{path}", self.url)).call();
        self.read(got.map_err(|error| self.unreachable(&error))?)
    }

    /// Asks for a JSON value; a refusal has a code.
    pub(crate) fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<Result<T, Problem>, Failure> {
        match self.get(path)? {
            Ok(body) => self.parse(&body).map(Ok),
            Err(problem) => Ok(Err(problem)),
        }
    }

    fn read(
        &self,
        mut response: ureq::http::Response<ureq::Body>,
    ) -> Result<Result<Vec<u8>, Problem>, Failure> {
        let body = response.body_mut().with_config().limit(u64::MAX).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() {
            return Ok(Ok(body));
        }
        let envelope: Envelope = self.parse(&body)?;
        Ok(Err(envelope.error))
    }

    fn parse<T: DeserializeOwned>(&self, text: &[u8]) -> Result<T, Failure> {
        serde_json::from_slice(text).map_err(|_| {
            Failure::usage(format!("what answers at {} is no Muster: correct the address", self.url))
        })
    }

    fn unreachable(&self, error: &ureq::Error) -> Failure {
        Failure::Fault(anyhow::anyhow!("the service at {} does not answer: {error}", self.url))
    }
}
