//! What was asked and answered.

use std::{fs::File, io::Write as _, path::Path};

use serde::Serialize;
use serde_json::Value;

use crate::{
    fault::Seen,
    http::{Request, Response},
};

/// A request with its answer. Its JSON is a line of the log.
#[derive(Debug, Clone, Serialize)]
pub struct Exchange {
    /// The number since the start, from 1.
    pub number: usize,
    /// The method.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// What follows the question mark.
    pub query: String,
    /// The body of the request.
    pub request: Value,
    /// The status; none if nothing was answered and nothing done.
    pub status: Option<u16>,
    /// The body of the answer.
    pub response: Value,
    /// Who asked.
    pub login: String,
    /// `METHOD /path`, or `GraphQL field, field` with the fields at the top.
    pub call: String,
    /// Whether it is one of git's own protocol.
    pub git: bool,
    /// Whether a fault was asked for.
    pub faulty: bool,
}

impl Exchange {
    /// Tells whether it may change something, as GitHub counts it.
    #[must_use]
    pub fn writes(&self) -> bool {
        match self.call.strip_prefix("GraphQL ") {
            Some(_) => {
                self.request["query"].as_str().is_some_and(|query| query.trim_start().starts_with("mutation"))
            }
            None if self.git => self.path.ends_with("/git-receive-pack"),
            None => !matches!(self.method.as_str(), "GET" | "HEAD") && !self.path.ends_with("/access_tokens"),
        }
    }
}

/// All exchanges so far.
#[derive(Debug, Default)]
pub(crate) struct Log {
    exchanges: Vec<Exchange>,
    /// How many of them are forgotten.
    forgotten: usize,
    /// The calls that have come since then.
    calls: Vec<String>,
    file: Option<File>,
}

impl Log {
    pub(crate) fn to_file(path: &Path) -> std::io::Result<Self> {
        Ok(Self { file: Some(File::create(path)?), ..Self::default() })
    }

    pub(crate) fn begin(&mut self, request: &Request) -> Seen {
        let call = call(request);
        let before = self.calls.iter().filter(|old| **old == call).count();
        self.calls.push(call.clone());
        Seen { number: self.calls.len(), before, call }
    }

    pub(crate) fn end(
        &mut self,
        seen: &Seen,
        request: &Request,
        response: Option<&Response>,
        login: &str,
        faulty: bool,
    ) {
        let exchange = Exchange {
            number: seen.number,
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            request: serde_json::from_slice(&request.body).unwrap_or(Value::Null),
            status: response.map(|response| response.status),
            response: response.map_or(Value::Null, Response::value),
            login: login.to_owned(),
            call: seen.call.clone(),
            git: is_git(&request.path),
            faulty,
        };
        if let (Some(file), false) = (&mut self.file, exchange.git || exchange.status.is_none()) {
            let line = serde_json::to_string(&exchange).unwrap_or_default();
            // A full disk will show elsewhere.
            let _ = writeln!(file, "{line}");
        }
        self.exchanges.push(exchange);
    }

    /// Returns all that is not forgotten.
    pub(crate) fn remembered(&self) -> &[Exchange] {
        &self.exchanges[self.forgotten..]
    }

    /// Returns everything.
    pub(crate) fn all(&self) -> &[Exchange] {
        &self.exchanges
    }

    pub(crate) fn forget(&mut self) {
        self.forgotten = self.exchanges.len();
        self.calls.clear();
    }
}

/// Tells whether a path belongs to git's own protocol or to downloads.
pub(crate) fn is_git(path: &str) -> bool {
    path.contains(".git/") || path.contains("/legacy.tar.gz/")
}

fn call(request: &Request) -> String {
    if !crate::graphql::is_graphql(&request.path) {
        return format!("{} {}", request.method, request.path);
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let query = body["query"].as_str().unwrap_or_default();
    format!("GraphQL {}", crate::graphql::fields(query).join(", "))
}
