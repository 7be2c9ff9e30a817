//! What the token may do. Each kind of token tells it in another way, and some do not tell it at all.

use super::{Check, Patient, State, Subject, access::Seen, foreign};
use crate::github::{Attempt, TokenKind};

/// What pull requests need of an App, with the level.
const NEEDED: [(&str, &str); 2] = [("contents", "write"), ("pull_requests", "write")];

const NEEDS: &str = "`contents: write` and `pull-requests: write`, and for check runs `checks: write`";

pub(super) fn examine(patient: &Patient<'_>, seen: &Seen<'_>) -> Vec<Check> {
    let installation = (patient.situation.token == TokenKind::App)
        .then(|| patient.client.installation(seen.name).ok())
        .flatten();
    let (permissions, checks) = match &installation {
        Some(installation) => of_app(installation),
        None => (permissions(patient, seen), check_runs(patient)),
    };
    vec![permissions, checks, fork_token(patient), actions(patient, seen)]
}

fn of_app(installation: &crate::github::Installation) -> (Check, Check) {
    let has =
        |(name, level): (&str, &str)| installation.permissions.get(name).is_some_and(|held| held == level);
    let lacking: Vec<String> = NEEDED
        .iter()
        .filter(|wanted| !has(**wanted))
        .map(|(name, level)| format!("`{}: {level}`", name.replace('_', "-")))
        .collect();
    let settings =
        "give it that in its settings under Permissions & events, and accept it where the App is installed";
    let permissions = match (&installation.suspended_at, lacking.is_empty()) {
        (Some(_), _) => Check::missing(
            Subject::Permissions,
            "the App is suspended here",
            "let the owner take that back under Settings > GitHub Apps",
        ),
        (None, true) => Check::ok(Subject::Permissions, "the App may commit and open pull requests"),
        (None, false) => {
            Check::missing(Subject::Permissions, format!("the App lacks {}", lacking.join(" and ")), settings)
        }
    };
    let checks = match has(("checks", "write")) {
        true => Check::ok(Subject::CheckRuns, "the App may make check runs"),
        false => Check::new(
            Subject::CheckRuns,
            State::Limited,
            "the App lacks `checks: write`, so `caulk review` makes a comment of what it would list",
            settings,
        ),
    };
    (permissions, checks)
}

fn permissions(patient: &Patient<'_>, seen: &Seen<'_>) -> Check {
    let subject = Subject::Permissions;
    if patient.situation.token == TokenKind::None {
        return Check::behind(subject, "there is no token");
    }
    if let Err(error) = seen.client.can_read_pulls(seen.name) {
        return match error.explain(Attempt::ReadPulls, patient.situation) {
            Some(explanation) => Check::explained(subject, State::Missing, explanation),
            None => Check::missing(subject, foreign(&error.to_string()), format!("give the token {NEEDS}")),
        };
    }
    if let Some(scopes) = seen.scopes.as_ref().filter(|scopes| scopes.iter().any(|scope| !scope.is_empty()))
        && !covers(scopes, seen.repository.private)
    {
        let wanted = if seen.repository.private { "`repo`" } else { "`public_repo` or `repo`" };
        return Check::missing(
            subject,
            format!(
                "the token's scopes are `{}`, and none of them is {wanted}",
                foreign(&scopes.join("`, `"))
            ),
            format!("give the token the scope {wanted}"),
        );
    }
    match (patient.situation.token, seen.repository.permissions) {
        // What GitHub says of an installation here is not what its token may do.
        (TokenKind::Installation, _) => {
            let place =
                if patient.situation.workflow { "the job's `permissions:`" } else { "the App's settings" };
            Check::new(
                subject,
                State::Unknown,
                "the token may read; what it may write shows only when it does",
                format!("make sure that {place} hold {NEEDS}"),
            )
        }
        (_, Some(may)) if !may.push => Check::missing(
            subject,
            "the account of the token may not write to the repository",
            "give it write access, or let `caulk pr` work from a fork",
        ),
        (TokenKind::FineGrained, _) => Check::new(
            subject,
            State::Unknown,
            "the token may read, and its account may write; what the token itself may write shows only when it does",
            "make sure that it holds `contents: write` and `pull-requests: write` for this repository",
        ),
        (_, Some(_)) => Check::ok(subject, "the token may write to the repository"),
        (_, None) => Check::new(
            subject,
            State::Unknown,
            "GitHub does not say what the token may do",
            format!("make sure that it has the scope `repo`, or {NEEDS}"),
        ),
    }
}

fn covers(scopes: &[String], private: bool) -> bool {
    scopes.iter().any(|scope| scope == "repo" || (scope == "public_repo" && !private))
}

fn check_runs(patient: &Patient<'_>) -> Check {
    let subject = Subject::CheckRuns;
    match patient.situation.token {
        TokenKind::None => Check::behind(subject, "there is no token"),
        TokenKind::Installation | TokenKind::App => {
            Check::ok(subject, "workflows and Apps can make check runs")
        }
        TokenKind::Classic | TokenKind::FineGrained | TokenKind::Other => Check::new(
            subject,
            State::Limited,
            "only workflows and Apps can make check runs, so `caulk review` makes a comment of what it would list",
            "let it run in a workflow, or as an App, for annotations",
        ),
    }
}

fn fork_token(patient: &Patient<'_>) -> Check {
    match patient.situation.fork {
        false => Check::ok(Subject::ForkToken, "nothing makes the token read-only"),
        true => Check::missing(
            Subject::ForkToken,
            "a pull request from a fork, or of Dependabot, started this workflow, and so its token may only read",
            "let `caulk review` tell what it finds in the log and the job's summary, as it does by itself; open pull requests from a workflow of the base branch",
        ),
    }
}

/// Whether workflows may open pull requests; that concerns nobody but a workflow's own token.
fn actions(patient: &Patient<'_>, seen: &Seen<'_>) -> Check {
    const FIX: &str = "turn on “Allow GitHub Actions to create and approve pull requests” under Settings > Actions > General, in the organization first if it is greyed out; or use the token of an App";
    let subject = Subject::ActionsPullRequests;
    let own = patient.situation.workflow && patient.situation.token == TokenKind::Installation;
    match (seen.client.workflow_settings(seen.name), own) {
        (Ok(settings), _) if settings.can_approve_pull_request_reviews => {
            Check::ok(subject, "workflows of this repository may open pull requests")
        }
        (Ok(_), true) => {
            Check::missing(subject, "workflows of this repository may not open pull requests", FIX)
        }
        (Ok(_), false) => Check::new(
            subject,
            State::Limited,
            "workflows of this repository may not open pull requests with their own token; this one is not theirs",
            FIX,
        ),
        (Err(_), true) => Check::new(
            subject,
            State::Unknown,
            "whether workflows may open pull requests is for administrators to see",
            FIX,
        ),
        (Err(_), false) => Check::ok(
            subject,
            "the token is not that of a workflow, so the setting for those does not matter",
        ),
    }
}
