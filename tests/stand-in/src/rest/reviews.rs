//! Reviews. A review is taken whole or not at all: one comment outside the diff loses all of them.

use serde_json::Value;

use super::{At, issues, pulls};
use crate::{
    call::{Call, Outcome},
    http::Response,
    hunks,
    identity::{Access, Kind},
    refusal::Refusal,
    shape,
    state::{Pull, Review, ReviewComment},
    store,
};

/// `GET /repos/{owner}/{repo}/pulls/{number}/reviews`
pub(super) fn list(call: &Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    let all: Vec<Value> =
        pull.reviews.iter().map(|review| shape::review::review(call.world, at, pull, review)).collect();
    Ok(call.page(&all))
}

/// `POST /repos/{owner}/{repo}/pulls/{number}/reviews`
pub(super) fn create(call: &mut Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let wanted = if call.identity.kind == Kind::Person { Access::Read } else { Access::Write };
    let key = call.repository(owner, name, wanted)?;
    let (at, pull) = (call.world.repository(&key)?.clone(), call.world.pull(&key, number)?.clone());
    let state = match call.text("event") {
        Some("COMMENT") => "COMMENTED",
        Some("APPROVE") => "APPROVED",
        Some("REQUEST_CHANGES") => "CHANGES_REQUESTED",
        _ => "PENDING",
    };
    let own = pull.author == call.identity.login;
    if own && matches!(state, "APPROVED" | "CHANGES_REQUESTED") {
        return Err(Refusal::review("Can not approve your own pull request"));
    }
    if state == "APPROVED" && call.identity.kind == Kind::Actions && !at.actions_may_open_pulls {
        return Err(Refusal::review("GitHub Actions is not permitted to approve pull requests."));
    }
    let body = call.text("body").unwrap_or_default().to_owned();
    issues::checked("PullRequestReview", &body)?;
    let wanted = call.body["comments"].as_array().cloned().unwrap_or_default();
    if body.is_empty() && wanted.is_empty() {
        return Err(Refusal::review("Body can't be blank"));
    }
    let commit = call.text("commit_id").unwrap_or(&pull.head).to_owned();
    let review = Review {
        id: call.world.next(),
        author: call.identity.login.clone(),
        body,
        state: state.to_owned(),
        commit,
        created_at: call.world.now(),
    };
    let files = files(&at, &pull, &review.commit)?;
    let mut comments = Vec::new();
    for one in &wanted {
        comments.push(placed(call.world.next(), &review, one, &files)?);
    }
    let pull = call.world.pull_mut(&key, number)?;
    pull.reviews.push(review.clone());
    pull.review_comments.extend(comments);
    pull.updated_at.clone_from(&review.created_at);
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    Ok(Response::json(200, &shape::review::review(call.world, at, pull, &review)))
}

fn files(at: &crate::state::Repository, pull: &Pull, commit: &str) -> Result<Vec<store::FileDiff>, Refusal> {
    if commit == pull.head {
        return pulls::diff(at, pull);
    }
    let git = store::open(&at.path)?;
    let oid = store::oid(commit)?;
    git.find_commit(oid).map_err(|_| Refusal::review("commit_id is not part of the pull request"))?;
    store::diff(&git, store::oid(&pull.base)?, oid)
}

/// Finds the place of a comment in the diff.
fn placed(
    id: u64,
    review: &Review,
    comment: &Value,
    files: &[store::FileDiff],
) -> Result<ReviewComment, Refusal> {
    let text = |name: &str| comment[name].as_str().map(str::to_owned);
    let line = |name: &str| comment[name].as_u64().and_then(|line| u32::try_from(line).ok());
    let (path, body) = (text("path").unwrap_or_default(), text("body").unwrap_or_default());
    issues::checked("PullRequestReviewComment", &body)?;
    if body.trim().is_empty() {
        return Err(Refusal::review("Body can't be blank"));
    }
    let file = files.iter().find(|file| file.path == path);
    let file = file.ok_or_else(|| Refusal::review("Path could not be resolved"))?;
    let last = line("line").ok_or_else(|| Refusal::review("Line could not be resolved"))?;
    let side = text("side").unwrap_or_else(|| "RIGHT".to_owned());
    let start = line("start_line");
    if start.is_some_and(|start| start >= last) {
        return Err(Refusal::review("Start line must precede the end line."));
    }
    let patch = file.patch.as_deref().unwrap_or_default();
    let hunk = hunks::covering(patch, &side, start.unwrap_or(last), last);
    let hunk = hunk.ok_or_else(|| match start {
        Some(_) => Refusal::review("Start line must be part of the same hunk as the line."),
        None => Refusal::review("Line could not be resolved"),
    })?;
    Ok(ReviewComment {
        id,
        review: review.id,
        thread: id,
        author: review.author.clone(),
        body,
        path,
        commit: review.commit.clone(),
        line: Some(last),
        original_line: last,
        start_line: start,
        side,
        hunk,
        resolved_by: None,
        created_at: review.created_at.clone(),
    })
}

/// `GET /repos/{owner}/{repo}/pulls/{number}/comments`
pub(super) fn comments(call: &Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    let all = pull.review_comments.iter();
    let all: Vec<Value> = all.map(|comment| shape::review::comment(call.world, at, pull, comment)).collect();
    Ok(call.page(&all))
}

/// `PATCH /repos/{owner}/{repo}/pulls/comments/{id}`
pub(super) fn update_comment(call: &mut Call<'_>, (owner, name): At<'_>, id: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let body = call.wanted("PullRequestReviewComment", "body")?;
    issues::checked("PullRequestReviewComment", &body)?;
    let (login, access) = (call.identity.login.clone(), call.identity.may(owner, &key));
    let mut pulls = call.world.repository_mut(&key)?.pulls.values_mut();
    let has = |pull: &&mut Pull| pull.review_comments.iter().any(|comment| comment.id == id);
    let pull = pulls.find(has).ok_or_else(Refusal::not_found)?;
    let number = pull.number;
    let comment = pull.review_comments.iter_mut().find(|comment| comment.id == id);
    let comment = comment.ok_or_else(Refusal::not_found)?;
    if comment.author != login && access < Access::Write {
        return Err(crate::call::forbidden(call.identity));
    }
    comment.body = body;
    let comment = comment.clone();
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    Ok(Response::json(200, &shape::review::comment(call.world, at, pull, &comment)))
}

/// `POST /repos/{owner}/{repo}/pulls/{number}/comments/{id}/replies`
pub(super) fn reply(call: &mut Call<'_>, (owner, name): At<'_>, number: u64, to: u64) -> Outcome {
    let wanted = if call.identity.kind == Kind::Person { Access::Read } else { Access::Write };
    let key = call.repository(owner, name, wanted)?;
    let body = call.wanted("PullRequestReviewComment", "body")?;
    issues::checked("PullRequestReviewComment", &body)?;
    let (id, review, now) = (call.world.next(), call.world.next(), call.world.now());
    let author = call.identity.login.clone();
    let pull = call.world.pull_mut(&key, number)?;
    let first = pull.review_comments.iter().find(|comment| comment.id == to);
    let first = first.ok_or_else(Refusal::not_found)?.clone();
    let comment = ReviewComment { id, review, author, body, created_at: now, resolved_by: None, ..first };
    pull.review_comments.push(comment.clone());
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    Ok(Response::json(201, &shape::review::comment(call.world, at, pull, &comment)))
}
