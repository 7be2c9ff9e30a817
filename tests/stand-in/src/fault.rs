//! Faults on demand.

use std::time::Duration;

use crate::http::Response;

/// What goes wrong with a request.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The connection is cut, and nothing was done.
    DropBefore,
    /// The connection is cut after it was done.
    DropAfter,
    /// Nothing is said for so long, and nothing is done; then the connection is cut.
    Hang(Duration),
    /// It is done, and nothing is said for so long; then the connection is cut.
    HangAfter(Duration),
    /// This is answered, and nothing is done.
    Answer(Response),
    /// It is done, and this is answered.
    AnswerAfter(Response),
    /// It is done and answered as it should, but late.
    Slow(Duration),
}

impl Fault {
    /// GitHub's page for what went wrong inside; `after`: it was done all the same.
    #[must_use]
    pub fn status(status: u16, after: bool) -> Self {
        let response = message(status, "Server Error");
        if after { Self::AnswerAfter(response) } else { Self::Answer(response) }
    }

    /// Too many requests, with the seconds to wait.
    #[must_use]
    pub fn retry_after(status: u16, seconds: u64) -> Self {
        let text =
            "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
        Self::Answer(message(status, text).with("retry-after", &seconds.to_string()))
    }

    /// The limit of an hour is used up; `reset` in seconds since 1970.
    #[must_use]
    pub fn exhausted(reset: u64) -> Self {
        let response = message(403, "API rate limit exceeded for installation.");
        Self::Answer(
            response.with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", &reset.to_string()),
        )
    }

    /// A secondary limit of which the body alone tells.
    #[must_use]
    pub fn secondary() -> Self {
        Self::Answer(message(403, "You have exceeded a secondary rate limit."))
    }

    pub(crate) const fn comes_first(&self) -> bool {
        matches!(self, Self::DropBefore | Self::Hang(_) | Self::Answer(_))
    }
}

fn message(status: u16, text: &str) -> Response {
    let body = serde_json::json!({ "message": text, "documentation_url": "https://docs.github.com/rest" });
    Response::json(status, &body)
}

/// A request as faults are chosen by.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its number since the start or the last `Server::forget`, from 1.
    pub number: usize,
    /// How many requests of the same call came before.
    pub before: usize,
    /// `METHOD /path`, or `GraphQL field, field` with the fields at the top.
    pub call: String,
}

/// Chooses the fault of a request.
pub type Hook = dyn FnMut(&Seen) -> Option<Fault> + Send;

/// Where a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before anything is done.
    Before,
    /// After it is done, before it is answered.
    After,
}
