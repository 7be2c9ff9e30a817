//! Pull requests and what they share with issues.

use serde_json::{Value, json};

use super::{account, label, maybe_account, node_id, repository};
use crate::{
    identity::Identity,
    state::{Comment, Event, Pull, Repository, World},
};

/// The form of lists.
pub(crate) fn simple(world: &World, at: &Repository, pull: &Pull, identity: &Identity) -> Value {
    let api = repository::api(world, at);
    let (url, issue) = (format!("{api}/pulls/{}", pull.number), format!("{api}/issues/{}", pull.number));
    let page = format!("{}/{}/pull/{}", world.site, at.full_name(), pull.number);
    let statuses = format!("{api}/statuses/{}", pull.head);
    let (teams, people): (Vec<&String>, Vec<&String>) =
        pull.reviewers.iter().partition(|name| name.starts_with("team:"));
    let people: Vec<Value> = people.into_iter().map(|login| account(world, login)).collect();
    let assignees: Vec<Value> = pull.assignees.iter().map(|login| account(world, login)).collect();
    let teams: Vec<Value> = teams.into_iter().map(|name| team(world, &name["team:".len()..])).collect();
    let links = json!({
        "self": { "href": url }, "html": { "href": page }, "issue": { "href": issue },
        "comments": { "href": format!("{issue}/comments") }, "commits": { "href": format!("{url}/commits") },
        "review_comments": { "href": format!("{url}/comments") }, "statuses": { "href": statuses },
        "review_comment": { "href": format!("{api}/pulls/comments{{/number}}") },
    });
    json!({
        "url": url, "id": pull.id, "node_id": node_id("PR", pull.id), "html_url": page,
        "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "issue_url": issue,
        "commits_url": format!("{url}/commits"), "review_comments_url": format!("{url}/comments"),
        "review_comment_url": format!("{api}/pulls/comments{{/number}}"), "comments_url": format!("{issue}/comments"),
        "statuses_url": statuses, "number": pull.number, "state": if pull.open { "open" } else { "closed" },
        "locked": false, "title": pull.title, "user": account(world, &pull.author), "body": pull.body,
        "labels": pull.labels.iter().map(|name| label(&api, name)).collect::<Vec<_>>(), "milestone": null,
        "created_at": pull.created_at, "updated_at": pull.updated_at, "closed_at": pull.closed_at,
        "merged_at": pull.merged_at, "merge_commit_sha": pull.merge_commit,
        "assignee": assignees.first().cloned(), "assignees": assignees, "requested_reviewers": people,
        "requested_teams": teams, "draft": pull.draft, "author_association": "NONE", "auto_merge": null,
        "head": end(world, world.repositories.get(&pull.head_repository), &pull.head_branch, &pull.head, identity),
        "base": end(world, Some(at), &pull.base_branch, &pull.base, identity), "_links": links,
    })
}

/// The form of a pull request's own calls.
pub(crate) fn full(world: &World, at: &Repository, pull: &Pull, identity: &Identity) -> Value {
    let mut shape = simple(world, at, pull, identity);
    let diff = crate::store::open(&at.path).and_then(|repository| {
        let (base, head) = (crate::store::oid(&pull.base)?, crate::store::oid(&pull.head)?);
        Ok((
            crate::store::diff(&repository, base, head)?,
            crate::store::between(&repository, base, head)?.len(),
        ))
    });
    let (files, commits) = diff.unwrap_or_default();
    let more = json!({
        "merged": pull.merged_at.is_some(), "mergeable": pull.open.then_some(true), "rebaseable": pull.open.then_some(true),
        "mergeable_state": if pull.open { "clean" } else { "unknown" },
        "merged_by": maybe_account(world, pull.merged_by.as_deref()), "comments": pull.comments.len(),
        "review_comments": pull.review_comments.len(), "maintainer_can_modify": pull.maintainer_can_modify,
        "commits": commits, "changed_files": files.len(),
        "additions": files.iter().map(|file| file.additions).sum::<usize>(),
        "deletions": files.iter().map(|file| file.deletions).sum::<usize>(),
    });
    if let (Value::Object(shape), Value::Object(more)) = (&mut shape, more) {
        shape.extend(more);
    }
    shape
}

fn end(world: &World, at: Option<&Repository>, branch: &str, sha: &str, identity: &Identity) -> Value {
    let owner = at.map(|repository| repository.owner.as_str());
    json!({
        "label": format!("{}:{branch}", owner.unwrap_or("unknown")), "ref": branch, "sha": sha,
        "user": maybe_account(world, owner), "repo": at.map(|at| repository::simple(world, at, identity)),
    })
}

fn team(world: &World, name: &str) -> Value {
    let url = format!("{}/teams/{}", world.site, crate::call::escape(name));
    json!({
        "id": 1, "node_id": node_id("T", 1), "url": url, "html_url": url, "members_url": format!("{url}/members"),
        "repositories_url": format!("{url}/repos"), "name": name, "slug": name, "description": null,
        "permission": "push", "parent": null, "type": "organization", "organization_id": 1,
    })
}

/// A pull request as an issue.
pub(crate) fn issue(world: &World, at: &Repository, pull: &Pull) -> Value {
    let api = repository::api(world, at);
    let url = format!("{api}/issues/{}", pull.number);
    let page = format!("{}/{}/pull/{}", world.site, at.full_name(), pull.number);
    let assignees: Vec<Value> = pull.assignees.iter().map(|login| account(world, login)).collect();
    json!({
        "id": pull.id, "node_id": node_id("PR", pull.id), "url": url, "repository_url": api,
        "labels_url": format!("{url}/labels{{/name}}"), "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"), "html_url": page, "number": pull.number,
        "state": if pull.open { "open" } else { "closed" }, "title": pull.title, "body": pull.body,
        "user": account(world, &pull.author), "author_association": "NONE", "milestone": null, "locked": false,
        "labels": pull.labels.iter().map(|name| label(&api, name)).collect::<Vec<_>>(),
        "assignee": assignees.first().cloned(), "assignees": assignees, "comments": pull.comments.len(),
        "created_at": pull.created_at, "updated_at": pull.updated_at, "closed_at": pull.closed_at,
        "pull_request": {
            "url": format!("{api}/pulls/{}", pull.number), "html_url": page, "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"),
        },
    })
}

/// A comment below a pull request.
pub(crate) fn comment(world: &World, at: &Repository, number: u64, comment: &Comment) -> Value {
    let api = repository::api(world, at);
    let page = format!("{}/{}/pull/{number}", world.site, at.full_name());
    json!({
        "id": comment.id, "node_id": node_id("IC", comment.id), "url": format!("{api}/issues/comments/{}", comment.id),
        "html_url": format!("{page}#issuecomment-{}", comment.id), "issue_url": format!("{api}/issues/{number}"),
        "user": account(world, &comment.author), "created_at": comment.created_at, "updated_at": comment.created_at,
        "body": comment.body, "author_association": "NONE",
    })
}

/// Something that happened to a pull request.
pub(crate) fn event(world: &World, at: &Repository, event: &Event) -> Value {
    let mut shape = json!({
        "id": event.id, "node_id": node_id("EV", event.id),
        "url": format!("{}/issues/events/{}", repository::api(world, at), event.id),
        "actor": account(world, &event.actor), "event": event.event, "commit_id": null, "commit_url": null,
        "created_at": event.created_at, "performed_via_github_app": null,
    });
    let about = event.about.as_deref();
    match event.event.as_str() {
        "labeled" | "unlabeled" => shape["label"] = json!({ "name": about, "color": "ededed" }),
        "assigned" | "unassigned" => {
            shape["assignee"] = maybe_account(world, about);
            shape["assigner"] = account(world, &event.actor);
        }
        "review_requested" | "review_request_removed" => {
            shape["review_requester"] = account(world, &event.actor);
            match about.and_then(|name| name.strip_prefix("team:")) {
                Some(name) => shape["requested_team"] = team(world, name),
                None => shape["requested_reviewer"] = maybe_account(world, about),
            }
        }
        "renamed" => shape["rename"] = json!({ "from": about, "to": "" }),
        _ => {}
    }
    shape
}
