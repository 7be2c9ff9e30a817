//! Reviews and their comments.

use serde_json::{Value, json};

use super::{account, node_id, repository};
use crate::state::{Pull, Repository, Review, ReviewComment, World};

/// A review.
pub(crate) fn review(world: &World, at: &Repository, pull: &Pull, review: &Review) -> Value {
    let page =
        format!("{}/{}/pull/{}#pullrequestreview-{}", world.site, at.full_name(), pull.number, review.id);
    let url = format!("{}/pulls/{}", repository::api(world, at), pull.number);
    json!({
        "id": review.id, "node_id": node_id("PRR", review.id), "user": account(world, &review.author), "body": review.body,
        "state": review.state, "html_url": page, "pull_request_url": url, "commit_id": review.commit,
        "submitted_at": review.created_at, "author_association": "NONE",
        "_links": { "html": { "href": page }, "pull_request": { "href": url } },
    })
}

/// A comment at lines.
pub(crate) fn comment(world: &World, at: &Repository, pull: &Pull, comment: &ReviewComment) -> Value {
    let api = repository::api(world, at);
    let url = format!("{api}/pulls/comments/{}", comment.id);
    let page = format!("{}/{}/pull/{}#discussion_r{}", world.site, at.full_name(), pull.number, comment.id);
    let pull_url = format!("{api}/pulls/{}", pull.number);
    let mut shape = json!({
        "url": url, "pull_request_review_id": comment.review, "id": comment.id, "node_id": node_id("PRRC", comment.id),
        "diff_hunk": comment.hunk, "path": comment.path, "commit_id": pull.head, "original_commit_id": comment.commit,
        "user": account(world, &comment.author), "body": comment.body, "created_at": comment.created_at,
        "updated_at": comment.created_at, "html_url": page, "pull_request_url": pull_url, "author_association": "NONE",
        "_links": { "self": { "href": url }, "html": { "href": page }, "pull_request": { "href": pull_url } },
        "start_line": comment.start_line.filter(|_| comment.line.is_some()), "original_start_line": comment.start_line,
        "start_side": comment.start_line.map(|_| comment.side.as_str()), "original_line": comment.original_line,
        "side": comment.side, "original_position": 1, "subject_type": "line",
    });
    // GitHub's description has no null here: the line of an outdated comment is left out.
    if let Some(line) = comment.line {
        shape["line"] = json!(line);
        shape["position"] = json!(1);
    }
    if comment.thread != comment.id {
        shape["in_reply_to_id"] = json!(comment.thread);
    }
    shape
}
