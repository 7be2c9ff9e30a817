//! The API, the token, the repository: each can only be seen through the one before.

use super::{Check, Patient, State, Subject, branch, foreign, permissions};
use crate::github::{Attempt, Client, Error, Name, Repository, TokenKind};

/// A repository that the token sees.
pub(super) struct Seen<'a> {
    /// Its name.
    pub(super) name: &'a Name,
    /// The client for it.
    pub(super) client: Client,
    /// What GitHub says of it.
    pub(super) repository: Repository,
    /// The scopes of a classic token.
    pub(super) scopes: Option<Vec<String>>,
}

/// What is looked at once the repository is seen.
const INSIDE: [Subject; 7] = [
    Subject::Archived,
    Subject::Disabled,
    Subject::Permissions,
    Subject::CheckRuns,
    Subject::ForkToken,
    Subject::ActionsPullRequests,
    Subject::Branch,
];

pub(super) fn examine(patient: &Patient<'_>) -> Vec<Check> {
    let unseen = |what: &str| INSIDE.iter().map(|subject| Check::behind(*subject, what)).collect();
    let name = match patient.repository {
        Ok(name) => name,
        Err(reason) => {
            let mut checks = without_repository(patient, reason);
            checks.extend::<Vec<Check>>(unseen("no repository is named"));
            return checks;
        }
    };
    let mut checks = Vec::new();
    let inside = match seen(patient, name) {
        Ok(seen) => {
            checks.push(api(patient));
            checks.push(token(patient));
            let there = format!("{} is there", foreign(&seen.repository.full_name));
            checks.push(Check::ok(Subject::Repository, there));
            inside(patient, &seen)
        }
        Err(error) => {
            checks.extend(refused(patient, &error));
            unseen("the repository cannot be seen")
        }
    };
    checks.extend(inside);
    checks
}

/// Looks at the API and the token alone: which repository is meant is missing.
fn without_repository(patient: &Patient<'_>, reason: &str) -> Vec<Check> {
    let [api, token, _] = match patient.client.reach() {
        Ok(()) => [api(patient), token(patient), Check::behind(Subject::Repository, reason)],
        Err(error) => refused(patient, &error),
    };
    let fix = "name it with --repo OWNER/NAME, or run caulk in a clone of it";
    vec![api, token, Check::missing(Subject::Repository, reason, fix)]
}

fn seen<'a>(patient: &Patient<'_>, name: &'a Name) -> Result<Seen<'a>, Error> {
    let client = patient.client.for_repository(name)?;
    let (repository, scopes) = client.repository_and_scopes(name)?;
    Ok(Seen { name, client, repository, scopes })
}

fn inside(patient: &Patient<'_>, seen: &Seen<'_>) -> Vec<Check> {
    let mut checks = vec![archived(&seen.repository), disabled(&seen.repository)];
    checks.extend(permissions::examine(patient, seen));
    checks.push(branch::examine(patient, seen));
    checks
}

fn api(patient: &Patient<'_>) -> Check {
    Check::ok(Subject::Api, format!("GitHub answers at {}", patient.client.settings().api_url))
}

fn token(patient: &Patient<'_>) -> Check {
    let kind = match patient.situation.token {
        TokenKind::None => {
            return Check::missing(
                Subject::Token,
                "there is no token, so nothing can be written and little can be read",
                "put one into GITHUB_TOKEN, name its file with --token-file, or log in with `gh auth login`",
            );
        }
        TokenKind::Classic => "a token with scopes",
        TokenKind::FineGrained => "a fine-grained token",
        TokenKind::Installation if patient.situation.workflow => "the token of a workflow",
        TokenKind::Installation => "the token of an App",
        TokenKind::App => "the key of an App",
        TokenKind::Other => "a token of a kind that caulk does not know",
    };
    let source = patient.source.map(|source| format!(", from {source}")).unwrap_or_default();
    Check::ok(Subject::Token, format!("{kind}{source}"))
}

/// Finds out which of the three it is that keeps the repository from being seen.
fn refused(patient: &Patient<'_>, error: &Error) -> [Check; 3] {
    let explanation = |attempt| error.explain(attempt, patient.situation);
    let told = |subject, attempt| match explanation(attempt) {
        Some(explanation) => Check::explained(subject, State::Missing, explanation),
        None => Check::missing(subject, foreign(&error.to_string()), "read what GitHub says, and try again"),
    };
    let is_api = match error {
        Error::Refused(refusal) if !refusal.is_json => false,
        // A wrong address may answer in JSON as well; GitHub's own lists its calls there.
        Error::Refused(refusal) if refusal.status == 404 => patient.client.is_api(),
        Error::Refused(_)
        | Error::Graphql(_)
        | Error::Limited(_)
        | Error::Credentials(_)
        | Error::Stopped => true,
        Error::NoAnswer { .. } | Error::Malformed(..) => false,
    };
    let behind = |subject| Check::behind(subject, "the one before is not in order");
    if !is_api {
        let mut api = told(Subject::Api, Attempt::Reach);
        if error.status() == Some(404) {
            api = Check::missing(
                Subject::Api,
                format!("{} is not the address of GitHub's API", patient.client.settings().api_url),
                crate::github::WRONG_ADDRESS,
            );
        }
        return [api, behind(Subject::Token), behind(Subject::Repository)];
    }
    let bad_token = error.status() == Some(401) || matches!(error, Error::Credentials(_));
    match bad_token {
        true => [api(patient), told(Subject::Token, Attempt::Read), behind(Subject::Repository)],
        false => [api(patient), token(patient), told(Subject::Repository, Attempt::Read)],
    }
}

fn archived(repository: &Repository) -> Check {
    match repository.archived {
        false => Check::ok(Subject::Archived, "the repository is not archived"),
        true => Check::missing(
            Subject::Archived,
            "the repository is archived, and nothing in it can be changed",
            "unarchive it under Settings > General, or leave it out",
        ),
    }
}

fn disabled(repository: &Repository) -> Check {
    match repository.disabled {
        false => Check::ok(Subject::Disabled, "the repository is switched on"),
        true => Check::missing(
            Subject::Disabled,
            "GitHub has switched the repository off",
            "ask its owner; GitHub's support knows the reason",
        ),
    }
}
