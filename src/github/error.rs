//! Why a call came to nothing. No text here ever holds a token: requests' headers are never part of it.

use serde::Deserialize;
use thiserror::Error as ThisError;

use crate::net::{secrets, trouble::Trouble};

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum Error {
    /// GitHub said no.
    #[error("GitHub answered {0}")]
    Refused(Refusal),
    /// GitHub limits requests for longer than may be waited.
    #[error("GitHub limits requests; it asks to wait {0} more seconds")]
    Limited(u64),
    /// There was no answer, or none that may be believed.
    #[error("{reason}")]
    NoAnswer {
        /// Why.
        reason: String,
        /// Whether the request may have been carried out all the same.
        uncertain: bool,
        /// Whether it was waited for in vain.
        timeout: bool,
    },
    /// A GraphQL call failed.
    #[error("GitHub refused the call: {}", .0.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; "))]
    Graphql(Vec<GraphqlError>),
    /// The answer is not what GitHub's description promises.
    #[error("GitHub's answer to {0} is malformed: {1}")]
    Malformed(String, String),
    /// The credentials cannot be used.
    #[error("{0}")]
    Credentials(String),
    /// The run is to stop, and the request was not sent.
    #[error("stopped before the request was sent")]
    Stopped,
}

/// What GitHub said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The method and the path of the request.
    pub call: String,
    /// The status.
    pub status: u16,
    /// The message, and what is wrong with single fields.
    pub message: String,
    /// The scopes or permissions that would be accepted, where GitHub names them.
    pub accepted: Option<String>,
    /// Whether the answer is JSON, as all of GitHub's are; a web page comes from another server.
    pub is_json: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} with {}: {}", self.call, self.status, self.message)?;
        match &self.accepted {
            Some(accepted) => write!(f, " (it wants {accepted})"),
            None => Ok(()),
        }
    }
}

/// One error of a GraphQL call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GraphqlError {
    /// The kind, such as `NOT_FOUND` or `STALE_DATA`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// The message.
    pub message: String,
    /// Which part of the answer it concerns: names and indices from the root.
    #[serde(default)]
    pub path: Vec<serde_json::Value>,
}

impl Error {
    /// Returns the status of a refusal.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// Tells whether what was asked for is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self {
            Self::Graphql(errors) => errors.iter().any(|error| error.kind.as_deref() == Some("NOT_FOUND")),
            _ => matches!(self.status(), Some(404 | 410)),
        }
    }

    /// Tells whether a branch is not where the call expected it.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Graphql(errors) if errors.iter().any(|error| error.kind.as_deref() == Some("STALE_DATA")))
    }

    /// Tells whether the request may have been carried out although it seems to have failed.
    #[must_use]
    pub const fn is_uncertain(&self) -> bool {
        match self {
            Self::NoAnswer { uncertain, .. } => *uncertain,
            Self::Refused(refusal) => refusal.status >= 500,
            // An answer that cannot be read says nothing of what was done.
            Self::Malformed(..) => true,
            _ => false,
        }
    }

    /// Tells whether asking for less at once may help.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        self.is_uncertain()
            || matches!(self, Self::Graphql(errors) if errors.iter().any(GraphqlError::is_too_much))
    }

    /// Tells whether the message holds the words.
    #[must_use]
    pub fn says(&self, words: &str) -> bool {
        self.to_string().to_ascii_lowercase().contains(&words.to_ascii_lowercase())
    }
}

impl GraphqlError {
    /// Tells whether the query ran into a bound of GitHub's own: of time, which has words and no kind, or of work.
    #[must_use]
    pub fn is_too_much(&self) -> bool {
        self.is_timeout() || self.kind.as_deref() == Some("RESOURCE_LIMITS_EXCEEDED")
    }

    /// Tells whether GitHub gave up on the query after some time.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind.is_none() && self.message.starts_with("Something went wrong while executing your query")
    }
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        let uncertain =
            trouble.is_passing() || matches!(trouble, Trouble::Malformed(..) | Trouble::TooLarge(..));
        let timeout = matches!(trouble, Trouble::Timeout(_));
        let reason = match trouble {
            Trouble::Forbidden(host) => {
                format!(
                    "{host} is a private, local or reserved address, or without TLS; name it with --api-url if it is meant"
                )
            }
            other => other.told(),
        };
        Self::NoAnswer { reason, uncertain, timeout }
    }
}

/// The body of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Complaint {
    message: String,
    errors: Vec<serde_json::Value>,
}

/// Longer messages are of no use to anybody.
const MESSAGE_LETTERS: usize = 600;

/// Reads what GitHub says of a request that it does not carry out.
pub(super) fn refusal(call: &str, status: u16, accepted: Option<String>, body: &[u8]) -> Error {
    let parsed: Result<Complaint, _> = serde_json::from_slice(body);
    let is_json = parsed.is_ok() || body.is_empty();
    let complaint = parsed.unwrap_or_default();
    let mut message = match (is_json, complaint.message.is_empty()) {
        (false, _) => "a text that is no JSON".to_owned(),
        (true, true) => String::from_utf8_lossy(body).trim().to_owned(),
        (true, false) => complaint.message,
    };
    for error in complaint.errors.iter().take(5) {
        let text = |name: &str| error.get(name).and_then(serde_json::Value::as_str);
        let part = match (error.as_str().or_else(|| text("message")), text("field"), text("code")) {
            (Some(words), ..) => words.to_owned(),
            (None, Some(field), Some(code)) => format!("{field}: {code}"),
            (None, None, Some(code)) => code.to_owned(),
            _ => continue,
        };
        message.push_str("; ");
        message.push_str(&part);
    }
    let message: String = secrets::struck(&message).chars().take(MESSAGE_LETTERS).collect();
    let message = if message.is_empty() { "nothing".to_owned() } else { message };
    Error::Refused(Refusal { call: call.to_owned(), status, message, accepted, is_json })
}
