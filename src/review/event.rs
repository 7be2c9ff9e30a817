//! The event that started a workflow.

use std::{env, fs::File, io::Read as _, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

/// GitHub sends no larger event.
const LARGEST: u64 = 25 << 20;

/// A pull request as the event names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The repository that the pull request is for, `owner/name`.
    pub repository: String,
    /// Its number; `None` if the event is about no pull request.
    pub number: Option<u64>,
    /// Whether the head lies in another repository.
    pub from_fork: bool,
}

#[derive(Deserialize)]
struct Payload {
    repository: Option<Repository>,
    pull_request: Option<PullRequest>,
    number: Option<u64>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

#[derive(Deserialize)]
struct PullRequest {
    number: Option<u64>,
    head: Side,
}

#[derive(Deserialize)]
struct Side {
    /// A fork may be gone.
    repo: Option<Repository>,
}

/// Reads the event of the workflow that this process runs in; `None` outside of a workflow.
///
/// # Errors
/// If the workflow names an event that cannot be read.
pub fn of_workflow() -> Result<Option<Event>> {
    let Some(path) = env::var_os("GITHUB_EVENT_PATH").filter(|path| !path.is_empty()).map(PathBuf::from)
    else {
        return Ok(None);
    };
    let mut text = String::new();
    let file = File::open(&path).with_context(|| format!("failed to open the event {}", path.display()))?;
    file.take(LARGEST + 1).read_to_string(&mut text).context("failed to read the event of the workflow")?;
    if text.len() as u64 > LARGEST {
        bail!("the event of the workflow is too large");
    }
    parse(&text)
}

/// Reads an event; `None` if it is about no repository, as a schedule's may be.
///
/// # Errors
/// If it is no JSON of an event.
pub fn parse(text: &str) -> Result<Option<Event>> {
    let payload: Payload = serde_json::from_str(text).context("the event of the workflow is malformed")?;
    let repository = match (payload.repository, &payload.pull_request) {
        (Some(repository), _) => repository.full_name,
        (None, None) => return Ok(None),
        (None, Some(_)) => bail!("the event of the workflow names no repository"),
    };
    let from_fork = payload.pull_request.as_ref().is_some_and(|pull| {
        pull.head.repo.as_ref().is_none_or(|head| !head.full_name.eq_ignore_ascii_case(&repository))
    });
    let number = payload.pull_request.and_then(|pull| pull.number.or(payload.number));
    Ok(Some(Event { repository, number, from_fork }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pull_request_and_its_fork_are_known() {
        let event = |head: &str| {
            let text = format!(
                "{{\"number\":7,\"pull_request\":{{\"number\":7,\"head\":{{\"repo\":{head}}}}},\"repository\":{{\"full_name\":\"Acme/x\"}}}}"
            );
            parse(&text).expect("an event").expect("a repository")
        };
        let own = Event { repository: "Acme/x".into(), number: Some(7), from_fork: false };
        assert_eq!(event("{\"full_name\":\"acme/x\"}"), own);
        assert_eq!(event("{\"full_name\":\"eve/x\"}"), Event { from_fork: true, ..own.clone() });
        assert_eq!(event("null"), Event { from_fork: true, ..own });
        let push =
            parse("{\"ref\":\"refs/heads/main\",\"repository\":{\"full_name\":\"a/b\"}}").expect("an event");
        assert_eq!(push.map(|event| event.number), Some(None));
        assert_eq!(parse("{\"schedule\":\"0 5 * * *\"}").expect("an event"), None);
        assert!(parse("[]").is_err() && parse("{\"pull_request\":{\"head\":{}}}").is_err());
    }
}
