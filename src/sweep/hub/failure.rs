//! What went wrong with a server, by kind.

use std::io;

use crate::{
    git,
    github::{self, GraphqlError},
    sweep::plan::{Failure, FailureKind},
};

/// Returns the failure that a call of the API stands for.
#[must_use]
pub fn of_call(error: &github::Error) -> Failure {
    let kind = match error {
        github::Error::Limited(_) => FailureKind::RateLimited,
        github::Error::NoAnswer { timeout: true, .. } => FailureKind::Timeout,
        github::Error::NoAnswer { .. } => FailureKind::Unreachable,
        _ if error.is_missing() => FailureKind::NotFound,
        github::Error::Credentials(_) => FailureKind::Forbidden,
        github::Error::Graphql(errors) => {
            errors.first().map_or(FailureKind::Other, |part| of_part(part).kind)
        }
        _ => match error.status() {
            Some(401 | 403) => FailureKind::Forbidden,
            Some(429) => FailureKind::RateLimited,
            Some(500..) => FailureKind::Unreachable,
            _ => FailureKind::Other,
        },
    };
    Failure { kind, reason: error.to_string() }
}

/// Returns the failure that a part of a GraphQL answer stands for.
pub(super) fn of_part(error: &GraphqlError) -> Failure {
    let kind = match error.kind.as_deref() {
        Some("NOT_FOUND") => FailureKind::NotFound,
        // SAML and address lists of an organisation say so.
        Some("FORBIDDEN" | "INSUFFICIENT_SCOPES") => FailureKind::Forbidden,
        Some("RATE_LIMITED" | "RATE_LIMIT") => FailureKind::RateLimited,
        Some("RESOURCE_LIMITS_EXCEEDED") => FailureKind::TooLarge,
        _ if error.is_timeout() => FailureKind::Timeout,
        _ => FailureKind::Other,
    };
    Failure { kind, reason: error.message.clone() }
}

/// Returns the failure that stands for what went wrong with a fetch.
pub(super) fn of_fetch(error: &anyhow::Error) -> Failure {
    let kind = match error.chain().find_map(|cause| cause.downcast_ref::<git::Refusal>()) {
        Some(git::Refusal::Credentials { .. }) => FailureKind::Forbidden,
        Some(git::Refusal::NotFound { .. }) => FailureKind::NotFound,
        Some(git::Refusal::Passing { status: 429, .. }) => FailureKind::RateLimited,
        Some(git::Refusal::Timeout { .. }) => FailureKind::Timeout,
        Some(
            git::Refusal::Passing { .. } | git::Refusal::Unreachable { .. } | git::Refusal::Redirect { .. },
        ) => FailureKind::Unreachable,
        Some(git::Refusal::NoSuchRef(_)) => FailureKind::Empty,
        Some(git::Refusal::TooLarge(_)) => FailureKind::TooLarge,
        None if error.chain().any(is_timeout) => FailureKind::Timeout,
        None if error.chain().any(|cause| cause.is::<git2::Error>()) => FailureKind::Corrupt,
        None if error.chain().any(is_broken_off) => FailureKind::Unreachable,
        None => FailureKind::Other,
    };
    Failure { kind, reason: format!("{error:#}") }
}

fn is_timeout(cause: &(dyn std::error::Error + 'static)) -> bool {
    let inner = cause.downcast_ref::<io::Error>();
    inner.is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
        || matches!(cause.downcast_ref::<ureq::Error>(), Some(ureq::Error::Timeout(_)))
        || inner
            .and_then(io::Error::get_ref)
            .is_some_and(|inner| matches!(inner.downcast_ref::<ureq::Error>(), Some(ureq::Error::Timeout(_))))
}

fn is_broken_off(cause: &(dyn std::error::Error + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe))
}
