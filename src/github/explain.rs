//! What a refusal of GitHub's means: the cause, and what to do about it, a sentence each. GitHub's own words are for
//! programmers, and many of its refusals say neither what is missing nor where it is set.

mod words;

use std::fmt;

use self::words::WORDS;
use super::{
    auth::TokenKind,
    error::{Error, Refusal},
};

/// What was attempted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Asking the API for anything at all.
    Reach,
    /// Reading the repository and what it holds.
    Read,
    /// Reading pull requests and their reviews.
    ReadPulls,
    /// Making commits, or making, moving or removing a branch.
    Push,
    /// Opening or changing a pull request, its labels, assignees and reviewers.
    Pull,
    /// Writing below a pull request, or in its review.
    Comment,
    /// Making a check run.
    Check,
    /// Making a fork.
    Fork,
    /// Reading the settings of the repository.
    Settings,
}

/// Who attempts it, and from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Situation {
    /// The kind of the token.
    pub token: TokenKind,
    /// Whether this is a workflow of GitHub Actions.
    pub workflow: bool,
    /// Whether the workflow was started by a pull request from a fork, so that its token may only read.
    pub fork: bool,
}

/// Why something was refused, and what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The cause, a sentence without its full stop.
    pub cause: String,
    /// What to do, a sentence in the imperative without its full stop.
    pub fix: String,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.cause, self.fix)
    }
}

impl Attempt {
    /// Returns the permission that fine-grained tokens, Apps and workflows need, in the words of a workflow.
    #[must_use]
    pub const fn permission(self) -> &'static str {
        match self {
            Self::Reach | Self::Read => "contents: read",
            Self::ReadPulls => "pull-requests: read",
            Self::Push => "contents: write",
            Self::Pull | Self::Comment => "pull-requests: write",
            Self::Check => "checks: write",
            Self::Fork => "administration: write",
            Self::Settings => "administration: read",
        }
    }
}

impl Error {
    /// Explains why something was refused; `None` where GitHub's own words are all that is known.
    #[must_use]
    pub fn explain(&self, attempt: Attempt, situation: Situation) -> Option<Explanation> {
        match self {
            Self::Refused(refusal) => refused(refusal, attempt, situation),
            Self::Graphql(errors) => {
                let message =
                    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ");
                let is = |kind: &str| errors.iter().any(|error| error.kind.as_deref() == Some(kind));
                let status = if is("NOT_FOUND") { 404 } else { 403 };
                let known = is("NOT_FOUND") || is("FORBIDDEN") || is("INSUFFICIENT_SCOPES");
                let refusal = Refusal { call: String::new(), status, message, accepted: None, is_json: true };
                by_words(&refusal, attempt, situation)
                    .or_else(|| known.then(|| by_status(&refusal, attempt, situation)).flatten())
            }
            Self::Limited(seconds) => Some(explanation(
                "GitHub limits how many requests a token may make",
                format!("run it again in {seconds} seconds, or with another token"),
            )),
            Self::NoAnswer { reason, .. } => no_answer(reason),
            Self::Malformed(call, _) => {
                Some(explanation(format!("what answers to {call} is not GitHub's API"), WRONG_ADDRESS))
            }
            Self::Credentials(_) | Self::Stopped => None,
        }
    }

    /// Turns into an error for people: the explanation first, then what GitHub said.
    #[must_use]
    pub fn explained(self, attempt: Attempt, situation: Situation) -> anyhow::Error {
        match self.explain(attempt, situation) {
            Some(explanation) => anyhow::Error::new(self).context(explanation),
            None => anyhow::Error::new(self),
        }
    }
}

/// What to do where something else answers than GitHub's API.
pub const WRONG_ADDRESS: &str = "give the address of the API with --api-url: https://api.github.com, or https://HOST/api/v3 for GitHub Enterprise Server";

fn explanation(cause: impl Into<String>, fix: impl Into<String>) -> Explanation {
    Explanation { cause: cause.into(), fix: fix.into() }
}

fn refused(refusal: &Refusal, attempt: Attempt, situation: Situation) -> Option<Explanation> {
    if !refusal.is_json && matches!(refusal.status, 200..=499) {
        return Some(explanation("what answers is not GitHub's API", WRONG_ADDRESS));
    }
    by_words(refusal, attempt, situation).or_else(|| by_status(refusal, attempt, situation))
}

fn by_words(refusal: &Refusal, attempt: Attempt, situation: Situation) -> Option<Explanation> {
    let message = refusal.message.to_ascii_lowercase();
    if message.contains("resource not accessible")
        || message.contains("does not have the correct permissions")
    {
        return Some(permission(refusal, attempt, situation));
    }
    let (_, cause, fix) = WORDS.iter().find(|(words, ..)| message.contains(words))?;
    Some(explanation(*cause, *fix))
}

fn by_status(refusal: &Refusal, attempt: Attempt, situation: Situation) -> Option<Explanation> {
    match (refusal.status, situation.token) {
        (401, TokenKind::None) => Some(explanation(
            "there is no token",
            "put one into GITHUB_TOKEN, name its file with --token-file, or log in with `gh auth login`",
        )),
        (401, TokenKind::App) => Some(explanation(
            "the App's number and its private key do not belong together, or this machine's clock is wrong",
            "check --app-id and --app-key",
        )),
        (401, _) => Some(explanation(
            "the token is wrong, expired or revoked",
            "make a new one and put it into GITHUB_TOKEN, or name its file with --token-file",
        )),
        (403, _) => Some(permission(refusal, attempt, situation)),
        (404 | 410, token) => Some(missing(token, attempt, refusal.call.ends_with("/installation"))),
        (409, _) => Some(explanation(
            "something else changed the same thing at the same moment",
            "run caulk again: it looks at what is there now",
        )),
        (451, _) => {
            Some(explanation("GitHub has switched the repository off for legal reasons", "leave it out"))
        }
        (500.., _) => Some(explanation("GitHub has trouble of its own", "run it again in some minutes")),
        _ => None,
    }
}

/// The token may not do this: why that is depends on its kind.
fn permission(refusal: &Refusal, attempt: Attempt, situation: Situation) -> Explanation {
    // Where GitHub takes one of several, the one that the attempt is about gives away least.
    let own = attempt.permission();
    let wanted = match refusal.accepted.as_deref().map(named) {
        Some(accepted) if !accepted.contains(own) => accepted,
        _ => format!("`{own}`"),
    };
    match situation {
        Situation { workflow: true, fork: true, .. } => explanation(
            "the token of a workflow that a fork's pull request started may only read",
            "let caulk report by annotations and the job's summary, as it does by itself; do not use pull_request_target to check out the fork",
        ),
        Situation { workflow: true, token: TokenKind::Installation, .. } => explanation(
            format!("the token of this workflow may not do that: it wants {wanted}"),
            format!("add {wanted} to `permissions:` of the job"),
        ),
        Situation { token: TokenKind::Installation | TokenKind::App, .. } => explanation(
            format!("the App may not do that here: it wants {wanted}"),
            format!(
                "give the App {wanted} in its settings under Permissions & events, and accept that where it is installed"
            ),
        ),
        Situation { token: TokenKind::FineGrained, .. } => explanation(
            format!("the fine-grained token may not do that: it wants {wanted}"),
            format!("give it {wanted} for this repository in its settings"),
        ),
        Situation { token: TokenKind::None, .. } => explanation(
            "there is no token",
            "put one into GITHUB_TOKEN, name its file with --token-file, or log in with `gh auth login`",
        ),
        Situation { token: TokenKind::Classic | TokenKind::Other, .. } => explanation(
            "the token or its account may not do that in this repository",
            "give the token the scope `repo` (`public_repo` is enough for public repositories), and the account write access",
        ),
    }
}

/// Names what GitHub would accept, which it writes as `contents=write,pull_requests=write; statuses=write` or as scopes.
fn named(accepted: &str) -> String {
    let shown = |part: &str| match part.trim().split_once('=') {
        Some((name, level)) => format!("`{}: {level}`", name.replace('_', "-")),
        None => format!("`{}`", part.trim()),
    };
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "_=:,; ".contains(letter);
    let accepted: String = accepted.chars().filter(|letter| letters(*letter)).take(200).collect();
    let choices = accepted.split(';').map(|all| all.split(',').map(shown).collect::<Vec<_>>().join(" and "));
    choices.collect::<Vec<_>>().join(" or ")
}

/// GitHub says "not found" also for what the token may not see, and for what it may not change.
fn missing(token: TokenKind, attempt: Attempt, installation: bool) -> Explanation {
    if installation {
        return explanation(
            "the App is not installed in this repository",
            "install it there, for this repository or all",
        );
    }
    if !matches!(attempt, Attempt::Reach | Attempt::Read | Attempt::ReadPulls) {
        let wanted = attempt.permission();
        return explanation(
            "it is not there, or the token may not change it: GitHub says the same of both",
            format!("check the name, and give the token `{wanted}` (a classic one: the scope `repo`)"),
        );
    }
    let fix = match token {
        TokenKind::None => "check the name; if it is private, give a token that may read it",
        TokenKind::FineGrained => "check the name, and add the repository to those that the token is for",
        TokenKind::Installation | TokenKind::App => {
            "check the name; if it is private, install the App there, or use the workflow of that repository"
        }
        TokenKind::Classic | TokenKind::Other => {
            "check the name; if it is private, the token needs the scope `repo`, and its account must be a member"
        }
    };
    explanation("there is nothing of that name, or the token may not see it", fix)
}

fn no_answer(reason: &str) -> Option<Explanation> {
    let reason = reason.to_ascii_lowercase();
    let has = |words: &str| reason.contains(words);
    let (cause, fix) = if has("certificate") || has("unknownissuer") {
        (
            "the server's certificate is signed by nobody who is trusted here",
            "name the certificate of its signer with --ca-bundle",
        )
    } else if has("redirects to") {
        (
            "the address leads elsewhere: the repository was renamed, or this is not the API",
            "use the new name, or the right --api-url",
        )
    } else if has("private, local or reserved") {
        return None;
    } else if has("could not be reached") || has("in time") {
        ("the server cannot be reached", "check --api-url, the network, and the proxy that HTTPS_PROXY names")
    } else {
        return None;
    };
    Some(explanation(cause, fix))
}

#[cfg(test)]
mod tests;
