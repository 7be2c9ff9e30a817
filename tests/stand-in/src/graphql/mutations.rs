//! Mutations.

use base64::Engine as _;
use git2::{FileMode, Signature};
use serde_json::{Map, Value};

use super::{
    fields::by_id,
    node::{Fault, Node, Out},
};
use crate::{
    call::{forbidden, visible},
    identity::{Access, Identity},
    refusal::Refusal,
    shape,
    state::World,
    store::{self, Change},
    sync,
};

type Held = Result<Out, Fault>;

/// Carries out a mutation.
pub(super) fn carry_out(
    world: &mut World,
    identity: &Identity,
    name: &str,
    arguments: &Map<String, Value>,
) -> Held {
    let input = arguments.get("input").cloned().unwrap_or_default();
    match name {
        "createCommitOnBranch" => commit(world, identity, &input),
        "updateRefs" => update_refs(world, identity, &input),
        "resolveReviewThread" => resolve(world, identity, &input, true),
        "unresolveReviewThread" => resolve(world, identity, &input, false),
        "convertPullRequestToDraft" => draft(world, identity, &input, true),
        "markPullRequestReadyForReview" => draft(world, identity, &input, false),
        _ => Err(Fault {
            kind: "undefinedField",
            message: format!("Field '{name}' doesn't exist on type 'Mutation'"),
        }),
    }
}

fn commit(world: &mut World, identity: &Identity, input: &Value) -> Held {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = text(&input["branch"]["repositoryNameWithOwner"]);
    let branch = text(&input["branch"]["branchName"]);
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(&branch).to_owned();
    let (owner, short) = name.split_once('/').unwrap_or_default();
    let key = visible(world, identity, &world.key(owner, short), Access::Write)?;
    let at = world.repository(&key)?.clone();
    let git = store::open(&at.path)?;
    let missing = || Fault { kind: "NOT_FOUND", message: "The branch does not exist.".to_owned() };
    let head = store::branch(&git, &branch).ok_or_else(missing)?;
    let expected = text(&input["expectedHeadOid"]);
    if head != expected {
        let message = format!(
            "Expected branch to point to \"{expected}\" but it points to \"{head}\". Pull and try again."
        );
        return Err(Fault { kind: "STALE_DATA", message });
    }
    if at.protected.contains(&branch) {
        let message = "Changes must be made through a pull request.".to_owned();
        return Err(Fault { kind: "UNPROCESSABLE", message });
    }
    let changes = changes(&git, &head, &input["fileChanges"])?;
    let (headline, body) = (text(&input["message"]["headline"]), text(&input["message"]["body"]));
    let message = if body.is_empty() { headline } else { format!("{headline}\n\n{body}") };
    let made = written(world, identity, &git, &head, &changes, &message)?;
    git.reference(&format!("refs/heads/{branch}"), store::oid(&made)?, true, "committed")
        .map_err(Refusal::from)?;
    sync::moved(world, &key, &identity.login)?;
    let nodes = vec![("commit", Node::Commit(key.clone(), made)), ("ref", Node::Branch(key, branch))];
    Ok(Out::Node(Node::Payload("CreateCommitOnBranchPayload", nodes)))
}

/// Moves, makes and removes branches, all or none.
fn update_refs(world: &mut World, identity: &Identity, input: &Value) -> Held {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let Some(Node::Repository(key)) = by_id(world, &text(&input["repositoryId"])) else {
        return Err(Fault { kind: "NOT_FOUND", message: "Could not resolve to a node.".to_owned() });
    };
    let key = visible(world, identity, &key, Access::Write)?;
    let at = world.repository(&key)?.clone();
    let git = store::open(&at.path)?;
    let refused = |message: String| Fault { kind: "UNPROCESSABLE", message };
    let zero = "0".repeat(40);
    let updates = input["refUpdates"].as_array().cloned().unwrap_or_default();
    for update in &updates {
        let name = text(&update["name"]);
        let now = store::reference(&git, &name).map_or_else(|| zero.clone(), |oid| oid.to_string());
        if update["beforeOid"].as_str().is_some_and(|before| before != now) {
            return Err(refused(format!("Reference {name} was not at the expected value")));
        }
        if at.protected.contains(name.trim_start_matches("refs/heads/")) {
            return Err(refused("Changes must be made through a pull request.".to_owned()));
        }
        let (old, new) = (store::oid(&now)?, store::oid(&text(&update["afterOid"]))?);
        let forward = old.is_zero() || new.is_zero() || store::merge_base(&git, old, new) == Some(old);
        if !forward && update["force"] != true {
            return Err(refused(format!("Update of {name} is not a fast forward")));
        }
    }
    for update in &updates {
        let (name, new) = (text(&update["name"]), store::oid(&text(&update["afterOid"]))?);
        match new.is_zero() {
            true => git.find_reference(&name).and_then(|mut found| found.delete()).map_err(Refusal::from)?,
            false => drop(git.reference(&name, new, true, "updated").map_err(Refusal::from)?),
        }
    }
    sync::moved(world, &key, &identity.login)?;
    Ok(Out::Node(Node::Plain(
        "UpdateRefsPayload",
        Map::from_iter([("clientMutationId".to_owned(), Value::Null)]),
    )))
}

fn written(
    world: &World,
    identity: &Identity,
    git: &git2::Repository,
    head: &str,
    changes: &[Change],
    message: &str,
) -> Result<String, Refusal> {
    let (name, email) = shape::commit::author(world, identity);
    let (site, site_email) = shape::commit::site();
    let author = Signature::now(&name, &email)?;
    let committer = Signature::now(&site, &site_email)?;
    store::write(git, Some(head), changes, (&author, &committer), message)
}

/// Reads the changes of files. Their modes stay as they are, and new files are no programs.
fn changes(git: &git2::Repository, head: &str, given: &Value) -> Result<Vec<Change>, Fault> {
    let bad = |message: String| Fault { kind: "UNPROCESSABLE", message };
    let mut changes = Vec::new();
    for addition in given["additions"].as_array().into_iter().flatten() {
        let path = addition["path"].as_str().unwrap_or_default().to_owned();
        let contents = addition["contents"].as_str().unwrap_or_default();
        let bytes = base64::engine::general_purpose::STANDARD.decode(contents);
        let bytes = bytes.map_err(|_| bad(format!("The contents of '{path}' are no base64.")))?;
        let mode = store::mode(git, head, &path).unwrap_or(FileMode::Blob);
        changes.push((path, Some((bytes, mode))));
    }
    for deletion in given["deletions"].as_array().into_iter().flatten() {
        let path = deletion["path"].as_str().unwrap_or_default().to_owned();
        if store::file(git, head, &path).is_err() {
            return Err(bad(format!("A path was requested for deletion that does not exist: {path}")));
        }
        changes.push((path, None));
    }
    Ok(changes)
}

fn resolve(world: &mut World, identity: &Identity, input: &Value, on: bool) -> Held {
    let id = input["threadId"].as_str().unwrap_or_default();
    let Some(Node::Thread(key, number, first)) = by_id(world, id) else {
        return Err(Fault {
            kind: "NOT_FOUND",
            message: format!("Could not resolve to a node with the global id of '{id}'."),
        });
    };
    let author = world.pull(&key, number)?.author == identity.login;
    let owner = world.repository(&key)?.owner.clone();
    if !author && identity.may(&owner, &key) < Access::Write {
        return Err(forbidden(identity).into());
    }
    let login = identity.login.clone();
    let pull = world.pull_mut(&key, number)?;
    if let Some(comment) = pull.review_comments.iter_mut().find(|comment| comment.id == first) {
        comment.resolved_by = match (on, comment.resolved_by.take()) {
            (true, Some(old)) => Some(old),
            (true, None) => Some(login),
            (false, _) => None,
        };
    }
    let nodes = vec![("thread", Node::Thread(key, number, first))];
    Ok(Out::Node(Node::Payload("ResolveReviewThreadPayload", nodes)))
}

fn draft(world: &mut World, identity: &Identity, input: &Value, on: bool) -> Held {
    let id = input["pullRequestId"].as_str().unwrap_or_default();
    let Some(Node::Pull(key, number)) = by_id(world, id) else {
        return Err(Fault {
            kind: "NOT_FOUND",
            message: format!("Could not resolve to a node with the global id of '{id}'."),
        });
    };
    let key = visible(world, identity, &key, Access::Write)?;
    world.pull_mut(&key, number)?.draft = on;
    let nodes = vec![("pullRequest", Node::Pull(key, number))];
    Ok(Out::Node(Node::Payload("ConvertPullRequestToDraftPayload", nodes)))
}
