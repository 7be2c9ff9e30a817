//! What pull requests share with issues.

use serde_json::Value;

use super::At;
use crate::{
    call::{Call, Outcome},
    http::Response,
    identity::{Access, Kind},
    refusal::Refusal,
    shape,
    state::Comment,
};

/// GitHub takes no longer text.
pub(super) const LONGEST_BODY: usize = 65_536;

/// Refuses a text that is too long or empty.
pub(super) fn checked(resource: &str, body: &str) -> Result<(), Refusal> {
    if body.chars().count() > LONGEST_BODY {
        return Err(Refusal::custom(resource, "body is too long (maximum is 65536 characters)"));
    }
    Ok(())
}

/// `GET /repos/{owner}/{repo}/issues/{number}/comments`
pub(super) fn comments(call: &Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let at = call.world.repository(&key)?;
    let comments = call.world.pull(&key, number)?.comments.iter();
    let all: Vec<Value> =
        comments.map(|comment| shape::pull::comment(call.world, at, number, comment)).collect();
    Ok(call.page(&all))
}

/// `POST /repos/{owner}/{repo}/issues/{number}/comments`: everybody who sees it may, but for Apps that have no permission.
pub(super) fn comment(call: &mut Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let wanted = if call.identity.kind == Kind::Person { Access::Read } else { Access::Write };
    let key = call.repository(owner, name, wanted)?;
    let body = call.wanted("IssueComment", "body")?;
    checked("IssueComment", &body)?;
    let (id, created_at, author) = (call.world.next(), call.world.now(), call.identity.login.clone());
    let comment = Comment { id, author, body, created_at };
    let pull = call.world.pull_mut(&key, number)?;
    pull.comments.push(comment.clone());
    pull.updated_at.clone_from(&comment.created_at);
    let at = call.world.repository(&key)?;
    Ok(Response::json(201, &shape::pull::comment(call.world, at, number, &comment)))
}

/// `PATCH /repos/{owner}/{repo}/issues/comments/{id}`
pub(super) fn update_comment(call: &mut Call<'_>, (owner, name): At<'_>, id: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let body = call.wanted("IssueComment", "body")?;
    checked("IssueComment", &body)?;
    let access = call.identity.may(owner, &key);
    let login = call.identity.login.clone();
    let pulls = call.world.repository_mut(&key)?.pulls.values_mut();
    let found = pulls.flat_map(|pull| {
        let number = pull.number;
        pull.comments.iter_mut().map(move |comment| (number, comment))
    });
    let (number, comment) =
        found.into_iter().find(|(_, comment)| comment.id == id).ok_or_else(Refusal::not_found)?;
    if comment.author != login && access < Access::Write {
        return Err(crate::call::forbidden(call.identity));
    }
    comment.body = body;
    let comment = comment.clone();
    let at = call.world.repository(&key)?;
    Ok(Response::json(200, &shape::pull::comment(call.world, at, number, &comment)))
}

/// `POST /repos/{owner}/{repo}/issues/{number}/labels`
pub(super) fn add_labels(call: &mut Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Write)?;
    let actor = call.identity.login.clone();
    for label in call.texts("labels") {
        let pull = call.world.pull_mut(&key, number)?;
        if !pull.labels.contains(&label) {
            pull.labels.push(label.clone());
            call.world.record(&key, number, &actor, "labeled", Some(&label));
        }
    }
    let api = shape::repository::api(call.world, call.world.repository(&key)?);
    let labels = call.world.pull(&key, number)?.labels.iter().map(|label| shape::label(&api, label));
    Ok(Response::json(200, &labels.collect()))
}

/// `POST /repos/{owner}/{repo}/issues/{number}/assignees`: those who cannot be assigned are left out without a word.
pub(super) fn add_assignees(call: &mut Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Write)?;
    let actor = call.identity.login.clone();
    for login in call.texts("assignees") {
        let known = call.world.accounts.contains_key(&login.to_ascii_lowercase());
        let pull = call.world.pull_mut(&key, number)?;
        if known && !pull.assignees.contains(&login) {
            pull.assignees.push(login.clone());
            call.world.record(&key, number, &actor, "assigned", Some(&login));
        }
    }
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    Ok(Response::json(201, &shape::pull::issue(call.world, at, pull)))
}

/// `GET /repos/{owner}/{repo}/issues/{number}/events`
pub(super) fn events(call: &Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let at = call.world.repository(&key)?;
    let events = call.world.pull(&key, number)?.events.iter();
    let all: Vec<Value> = events.map(|event| shape::pull::event(call.world, at, event)).collect();
    Ok(call.page(&all))
}
