//! What each field holds.

use serde_json::{Map, Value, json};

use super::node::{Fault, Node, Out, Page};
use crate::{
    call::visible,
    identity::{Access, Identity},
    shape::{node_id, number_of},
    state::{Pull, World},
    store,
};

type Held = Result<Out, Fault>;

/// Returns what a field of a node holds.
pub(super) fn resolve(
    world: &World,
    identity: &Identity,
    node: &Node,
    field: &str,
    arguments: &Map<String, Value>,
) -> Held {
    if let Some(fault) = node.trouble(world, Some(field)) {
        return Err(fault);
    }
    match node {
        Node::Query => query(world, identity, field, arguments),
        Node::Repository(key) => repository(world, identity, key, field, arguments),
        Node::Pull(key, number) => pull(world, identity, key, *number, field),
        Node::Thread(key, number, first) => thread(world, identity, (key, *number, *first), field),
        Node::ReviewComment(key, number, id) => review_comment(world, identity, (key, *number, *id), field),
        Node::Comment(key, number, id) => comment(world, identity, (key, *number, *id), field),
        Node::Branch(key, name) => branch(world, key, name, field),
        Node::Commit(key, sha) => commit(world, key, sha, field, arguments),
        Node::File(key, sha, path) => file(world, key, sha, path, field),
        Node::Account(login) => account(world, identity, login, field, arguments),
        Node::Page(page) => page_field(page, field),
        Node::Edge(node, at) => match field {
            "node" => Ok(Out::Node((**node).clone())),
            _ => value(json!(at.to_string())),
        },
        Node::Plain(_, fields) => {
            fields.get(field).map_or_else(|| unknown(node, field), |held| value(held.clone()))
        }
        Node::Payload(_, nodes) => match nodes.iter().find(|(name, _)| *name == field) {
            Some((_, node)) => Ok(Out::Node(node.clone())),
            None => value(Value::Null),
        },
        Node::Mutation => unknown(node, field),
    }
}

fn value(value: Value) -> Held {
    Ok(Out::Value(value))
}

fn unknown(node: &Node, field: &str) -> Held {
    let message = format!("Field '{field}' doesn't exist here, or the stand-in does not know it: {node:?}");
    Err(Fault { kind: "undefinedField", message })
}

fn missing(what: &str) -> Held {
    Err(Fault { kind: "NOT_FOUND", message: format!("Could not resolve to {what}.") })
}

fn query(world: &World, identity: &Identity, field: &str, arguments: &Map<String, Value>) -> Held {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    match field {
        "viewer" => Ok(Out::Node(Node::Account(identity.login.clone()))),
        "rateLimit" => {
            let reset = world.now();
            let fields = json!({ "limit": 5000, "cost": 1, "remaining": 4999, "used": 1, "resetAt": reset });
            Ok(Out::Node(Node::Plain("RateLimit", fields.as_object().cloned().unwrap_or_default())))
        }
        "repository" => {
            let key = world.key(text("owner"), text("name"));
            match visible(world, identity, &key, Access::Read) {
                Ok(key) => Ok(Out::Node(Node::Repository(key))),
                Err(_) => {
                    missing(&format!("a Repository with the name '{}/{}'", text("owner"), text("name")))
                }
            }
        }
        "organization" | "repositoryOwner" | "user" => {
            let login = text("login");
            let is_organisation = world.organisations.contains(&login.to_ascii_lowercase());
            let known = world.accounts.contains_key(&login.to_ascii_lowercase());
            let fits = known && (field == "repositoryOwner" || is_organisation == (field == "organization"));
            if !fits {
                return missing(&format!("an owner with the login of '{login}'"));
            }
            Ok(Out::Node(Node::Account(login.to_owned())))
        }
        "node" => match by_id(world, text("id")) {
            Some(node) => Ok(Out::Node(node)),
            None => missing(&format!("a node with the global id of '{}'", text("id"))),
        },
        "search" => Ok(Out::Connection(search(world, identity, text("query")))),
        _ => unknown(&Node::Query, field),
    }
}

fn search(world: &World, identity: &Identity, words: &str) -> Vec<Node> {
    let fits = |repository: &crate::Repository| {
        words.split_whitespace().all(|word| match word.split_once(':') {
            Some(("org" | "user", owner)) => repository.owner.eq_ignore_ascii_case(owner),
            Some(("topic", topic)) => repository.topics.iter().any(|own| own == topic),
            Some(("archived", flag)) => repository.archived == (flag == "true"),
            _ => true,
        })
    };
    let all = world.repositories.values().filter(|repository| fits(repository));
    let all = all.filter(|repository| visible(world, identity, &repository.key(), Access::Read).is_ok());
    // Numbers grow with the time of creation.
    let mut all: Vec<_> = all.map(|repository| (repository.id, Node::Repository(repository.key()))).collect();
    all.sort_by_key(|(id, _)| *id);
    all.into_iter().map(|(_, node)| node).collect()
}

/// Finds what a node id names.
pub(super) fn by_id(world: &World, id: &str) -> Option<Node> {
    for (key, repository) in &world.repositories {
        if number_of("R", id) == Some(repository.id) {
            return Some(Node::Repository(key.clone()));
        }
        for pull in repository.pulls.values() {
            if number_of("PR", id) == Some(pull.id) {
                return Some(Node::Pull(key.clone(), pull.number));
            }
            let thread = number_of("PRRT", id);
            if pull
                .review_comments
                .iter()
                .any(|comment| Some(comment.id) == thread && comment.thread == comment.id)
            {
                return Some(Node::Thread(key.clone(), pull.number, thread?));
            }
        }
    }
    None
}

fn repository(
    world: &World,
    identity: &Identity,
    key: &str,
    field: &str,
    arguments: &Map<String, Value>,
) -> Held {
    let at = world.repository(key)?;
    let access = identity.may(&at.owner, key);
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    match field {
        "id" => value(json!(node_id("R", at.id))),
        "databaseId" => value(json!(at.id)),
        "name" => value(json!(at.name)),
        "nameWithOwner" => value(json!(at.full_name())),
        "url" => value(json!(format!("{}/{}", world.site, at.full_name()))),
        "isArchived" => value(json!(at.archived)),
        "isDisabled" => value(json!(at.disabled)),
        "isFork" => value(json!(at.fork_of.is_some())),
        "isPrivate" => value(json!(at.private)),
        "isEmpty" => value(json!(store::branch(&store::open(&at.path)?, &at.default_branch).is_none())),
        "isLocked" | "isMirror" | "isTemplate" => value(json!(false)),
        "forkingAllowed" => value(json!(at.allow_forking)),
        "diskUsage" => value(json!(1)),
        "pushedAt" | "updatedAt" | "createdAt" => value(json!(world.now())),
        "viewerPermission" => value(json!(match access {
            Access::Admin => "ADMIN",
            Access::Write => "WRITE",
            _ => "READ",
        })),
        "viewerCanAdminister" => value(json!(access >= Access::Admin)),
        "owner" => Ok(Out::Node(Node::Account(at.owner.clone()))),
        "parent" => match &at.fork_of {
            Some(parent) => Ok(Out::Node(Node::Repository(parent.clone()))),
            None => value(Value::Null),
        },
        "defaultBranchRef" => reference(world, key, &at.default_branch),
        "ref" => {
            let name = text("qualifiedName").unwrap_or_default();
            reference(world, key, name.strip_prefix("refs/heads/").unwrap_or(name))
        }
        "object" => object(world, key, text("expression").or_else(|| text("oid")).unwrap_or_default()),
        "repositoryTopics" => {
            let topic = |name: &String| {
                let fields = [("name".to_owned(), json!(name))].into_iter().collect();
                Node::Payload("RepositoryTopic", vec![("topic", Node::Plain("Topic", fields))])
            };
            Ok(Out::Connection(at.topics.iter().map(topic).collect()))
        }
        "pullRequest" => {
            let number = arguments.get("number").and_then(Value::as_u64).unwrap_or_default();
            match at.pulls.contains_key(&number) {
                true => Ok(Out::Node(Node::Pull(key.to_owned(), number))),
                false => missing(&format!("a PullRequest with the number of {number}")),
            }
        }
        "pullRequests" => Ok(Out::Connection(pulls(world, key, arguments)?)),
        "branchProtectionRules" => {
            let shown = if access >= Access::Write {
                let held = at.protected.iter().map(protection);
                held.chain(at.shown_protections.iter().map(shown_protection)).collect()
            } else {
                Vec::new()
            };
            Ok(Out::Connection(shown))
        }
        _ => unknown(&Node::Repository(key.to_owned()), field),
    }
}

/// A branch that nobody may push to.
fn protection(pattern: &String) -> Node {
    let fields = json!({
        "pattern": pattern, "restrictsPushes": false, "lockBranch": true, "requiresApprovingReviews": false,
        "requiresCommitSignatures": false, "requiresStatusChecks": false, "blocksCreations": false,
        "allowsForcePushes": false,
    });
    Node::Plain("BranchProtectionRule", fields.as_object().cloned().unwrap_or_default())
}

/// A protection with these fields, that forbids nothing else.
fn shown_protection(given: &Value) -> Node {
    let mut fields = json!({
        "pattern": "*", "restrictsPushes": false, "lockBranch": false, "requiresApprovingReviews": false,
        "requiresCommitSignatures": false, "requiresStatusChecks": false, "blocksCreations": false,
        "allowsForcePushes": true,
    });
    for (name, value) in given.as_object().into_iter().flatten() {
        fields[name] = value.clone();
    }
    Node::Plain("BranchProtectionRule", fields.as_object().cloned().unwrap_or_default())
}

fn pulls(world: &World, key: &str, arguments: &Map<String, Value>) -> Result<Vec<Node>, Fault> {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str);
    let states: Option<Vec<&str>> = match arguments.get("states") {
        Some(Value::Array(states)) => Some(states.iter().filter_map(Value::as_str).collect()),
        Some(Value::String(state)) => Some(vec![state]),
        _ => None,
    };
    let fits = |pull: &&Pull| {
        text("headRefName").is_none_or(|name| pull.head_branch == name)
            && text("baseRefName").is_none_or(|name| pull.base_branch == name)
            && states.as_ref().is_none_or(|states| states.contains(&state(pull)))
    };
    let mut found: Vec<Node> = world
        .repository(key)?
        .pulls
        .values()
        .filter(fits)
        .map(|pull| Node::Pull(key.to_owned(), pull.number))
        .collect();
    if arguments.get("orderBy").is_some_and(|order| order["direction"] == "DESC") {
        found.reverse();
    }
    Ok(found)
}

fn state(pull: &Pull) -> &'static str {
    match (pull.open, &pull.merged_at) {
        (true, _) => "OPEN",
        (false, Some(_)) => "MERGED",
        (false, None) => "CLOSED",
    }
}

fn pull(world: &World, identity: &Identity, key: &str, number: u64, field: &str) -> Held {
    let (at, pull) = (world.repository(key)?, world.pull(key, number)?);
    match field {
        "id" => value(json!(node_id("PR", pull.id))),
        "databaseId" => value(json!(pull.id)),
        "number" => value(json!(number)),
        "url" => value(json!(format!("{}/{}/pull/{number}", world.site, at.full_name()))),
        "title" => value(json!(pull.title)),
        "body" => value(json!(pull.body)),
        "state" => value(json!(state(pull))),
        "isDraft" => value(json!(pull.draft)),
        "closed" => value(json!(!pull.open)),
        "merged" => value(json!(pull.merged_at.is_some())),
        "mergedAt" => value(json!(pull.merged_at)),
        "closedAt" => value(json!(pull.closed_at)),
        "createdAt" => value(json!(pull.created_at)),
        "updatedAt" => value(json!(pull.updated_at)),
        "headRefOid" => value(json!(pull.head)),
        "headRefName" => value(json!(pull.head_branch)),
        "baseRefOid" => value(json!(pull.base)),
        "baseRefName" => value(json!(pull.base_branch)),
        "isCrossRepository" => value(json!(pull.head_repository != key)),
        "maintainerCanModify" => value(json!(pull.maintainer_can_modify)),
        "viewerDidAuthor" => value(json!(pull.author == identity.login)),
        "author" => Ok(Out::Node(Node::Account(pull.author.clone()))),
        "headRepository" => match world.repositories.contains_key(&pull.head_repository) {
            true => Ok(Out::Node(Node::Repository(pull.head_repository.clone()))),
            false => value(Value::Null),
        },
        "headRef" => reference(world, &pull.head_repository, &pull.head_branch),
        "labels" => {
            let label = |name: &String| {
                Node::Plain("Label", [("name".to_owned(), json!(name))].into_iter().collect())
            };
            Ok(Out::Connection(pull.labels.iter().map(label).collect()))
        }
        "comments" => {
            let ids = pull.comments.iter().map(|comment| Node::Comment(key.to_owned(), number, comment.id));
            Ok(Out::Connection(ids.collect()))
        }
        "reviewThreads" => {
            let first = pull.review_comments.iter().filter(|comment| comment.thread == comment.id);
            Ok(Out::Connection(
                first.map(|comment| Node::Thread(key.to_owned(), number, comment.id)).collect(),
            ))
        }
        _ => unknown(&Node::Pull(key.to_owned(), number), field),
    }
}

fn thread(world: &World, identity: &Identity, (key, number, first): (&str, u64, u64), field: &str) -> Held {
    let pull = world.pull(key, number)?;
    let found = pull.review_comments.iter().find(|comment| comment.id == first);
    let Some(head) = found else { return missing("a PullRequestReviewThread") };
    let may =
        identity.may(&world.repository(key)?.owner, key) >= Access::Write || pull.author == identity.login;
    match field {
        "id" => value(json!(node_id("PRRT", first))),
        "isResolved" => value(json!(head.resolved_by.is_some())),
        "isOutdated" => value(json!(head.line.is_none())),
        "isCollapsed" => value(json!(head.resolved_by.is_some() || head.line.is_none())),
        "path" => value(json!(head.path)),
        "line" => value(json!(head.line)),
        "originalLine" => value(json!(head.original_line)),
        "startLine" => value(json!(head.start_line.filter(|_| head.line.is_some()))),
        "originalStartLine" => value(json!(head.start_line)),
        "diffSide" => value(json!(head.side)),
        "subjectType" => value(json!("LINE")),
        "viewerCanResolve" => value(json!(may && head.resolved_by.is_none())),
        "viewerCanUnresolve" => value(json!(may && head.resolved_by.is_some())),
        "viewerCanReply" => value(json!(true)),
        "resolvedBy" => match &head.resolved_by {
            // Of an App, GitHub names nobody here, since it is no user.
            Some(login) if !login.ends_with("[bot]") => Ok(Out::Node(Node::Account(login.clone()))),
            _ => value(Value::Null),
        },
        "pullRequest" => Ok(Out::Node(Node::Pull(key.to_owned(), number))),
        "comments" => {
            let own = pull.review_comments.iter().filter(|comment| comment.thread == first);
            let own = own.map(|comment| Node::ReviewComment(key.to_owned(), number, comment.id));
            Ok(Out::Connection(own.collect()))
        }
        _ => unknown(&Node::Thread(key.to_owned(), number, first), field),
    }
}

fn review_comment(
    world: &World,
    identity: &Identity,
    (key, number, id): (&str, u64, u64),
    field: &str,
) -> Held {
    let pull = world.pull(key, number)?;
    let found = pull.review_comments.iter().find(|comment| comment.id == id);
    let Some(comment) = found else { return missing("a PullRequestReviewComment") };
    match field {
        "id" => value(json!(node_id("PRRC", id))),
        "databaseId" | "fullDatabaseId" => value(json!(id)),
        "path" => value(json!(comment.path)),
        "line" => value(json!(comment.line)),
        "originalLine" => value(json!(comment.original_line)),
        "startLine" | "originalStartLine" => value(json!(comment.start_line)),
        "outdated" => value(json!(comment.line.is_none())),
        "diffHunk" => value(json!(comment.hunk)),
        _ => text(identity, &comment.author, &comment.body, &comment.created_at, field)
            .unwrap_or_else(|| unknown(&Node::ReviewComment(key.to_owned(), number, id), field)),
    }
}

fn comment(world: &World, identity: &Identity, (key, number, id): (&str, u64, u64), field: &str) -> Held {
    let found = world.pull(key, number)?.comments.iter().find(|comment| comment.id == id);
    let Some(comment) = found else { return missing("an IssueComment") };
    match field {
        "id" => value(json!(node_id("IC", id))),
        "databaseId" | "fullDatabaseId" => value(json!(id)),
        _ => text(identity, &comment.author, &comment.body, &comment.created_at, field)
            .unwrap_or_else(|| unknown(&Node::Comment(key.to_owned(), number, id), field)),
    }
}

/// What everything has that somebody wrote.
fn text(identity: &Identity, author: &str, body: &str, time: &str, field: &str) -> Option<Held> {
    Some(match field {
        "body" => value(json!(body)),
        "createdAt" | "updatedAt" | "publishedAt" => value(json!(time)),
        "author" => Ok(Out::Node(Node::Account(author.to_owned()))),
        "viewerDidAuthor" => value(json!(author == identity.login)),
        "isMinimized" => value(json!(false)),
        _ => return None,
    })
}

fn reference(world: &World, key: &str, name: &str) -> Held {
    match crate::sync::branch_of(world, key, name)? {
        Some(_) => Ok(Out::Node(Node::Branch(key.to_owned(), name.to_owned()))),
        None => value(Value::Null),
    }
}

fn branch(world: &World, key: &str, name: &str, field: &str) -> Held {
    match field {
        "name" => value(json!(name)),
        "prefix" => value(json!("refs/heads/")),
        "target" => match crate::sync::branch_of(world, key, name)? {
            Some(sha) => Ok(Out::Node(Node::Commit(key.to_owned(), sha))),
            None => value(Value::Null),
        },
        _ => unknown(&Node::Branch(key.to_owned(), name.to_owned()), field),
    }
}

fn object(world: &World, key: &str, expression: &str) -> Held {
    let git = store::open(&world.repository(key)?.path)?;
    let (revision, path) = expression.split_once(':').unwrap_or((expression, ""));
    let revision = if revision == "HEAD" { &world.repository(key)?.default_branch } else { revision };
    let Ok(commit) = store::commit(&git, revision) else { return value(Value::Null) };
    let sha = commit.id().to_string();
    match path.is_empty() {
        true => Ok(Out::Node(Node::Commit(key.to_owned(), sha))),
        false if store::file(&git, &sha, path).is_ok() => {
            Ok(Out::Node(Node::File(key.to_owned(), sha, path.to_owned())))
        }
        false => value(Value::Null),
    }
}

fn file(world: &World, key: &str, sha: &str, path: &str, field: &str) -> Held {
    let git = store::open(&world.repository(key)?.path)?;
    let (bytes, oid) = store::file(&git, sha, path)?;
    let text = std::str::from_utf8(&bytes).ok();
    match field {
        "oid" => value(json!(oid)),
        "byteSize" => value(json!(bytes.len())),
        "isBinary" => value(json!(text.is_none())),
        "isTruncated" => value(json!(false)),
        "text" => value(json!(text)),
        _ => unknown(&Node::File(key.to_owned(), sha.to_owned(), path.to_owned()), field),
    }
}

fn commit(world: &World, key: &str, sha: &str, field: &str, _: &Map<String, Value>) -> Held {
    let at = world.repository(key)?;
    let git = store::open(&at.path)?;
    let commit = git.find_commit(store::oid(sha)?).map_err(crate::refusal::Refusal::from)?;
    let message = commit.message().unwrap_or_default();
    match field {
        "oid" => value(json!(sha)),
        "id" => value(json!(format!("C_{sha}"))),
        "message" => value(json!(message)),
        "messageHeadline" => value(json!(message.lines().next())),
        "url" => value(json!(format!("{}/{}/commit/{sha}", world.site, at.full_name()))),
        "committedDate" => value(json!(world.now())),
        _ => unknown(&Node::Commit(key.to_owned(), sha.to_owned()), field),
    }
}

fn account(
    world: &World,
    identity: &Identity,
    login: &str,
    field: &str,
    arguments: &Map<String, Value>,
) -> Held {
    match field {
        // GraphQL calls an App's account by its name alone, but for the viewer.
        "login" if identity.login == login && arguments.is_empty() => value(json!(login)),
        "login" => value(json!(login.trim_end_matches("[bot]"))),
        "id" => {
            value(json!(node_id("U", world.accounts.get(&login.to_ascii_lowercase()).copied().unwrap_or(1))))
        }
        "databaseId" => value(json!(world.accounts.get(&login.to_ascii_lowercase()))),
        "url" => value(json!(format!("{}/{login}", world.site))),
        "repositories" => Ok(Out::Connection(search(world, identity, &format!("user:{login}")))),
        _ => unknown(&Node::Account(login.to_owned()), field),
    }
}

fn page_field(page: &Page, field: &str) -> Held {
    let end = page.start + page.nodes.len();
    match field {
        "nodes" => Ok(Out::Nodes(page.nodes.clone())),
        "edges" => {
            let edge = |(at, node): (usize, &Node)| Node::Edge(Box::new(node.clone()), page.start + at + 1);
            Ok(Out::Nodes(page.nodes.iter().enumerate().map(edge).collect()))
        }
        "totalCount" | "repositoryCount" | "issueCount" => value(json!(page.total)),
        "totalDiskUsage" => value(json!(1)),
        "pageInfo" => {
            let fields = json!({
                "hasNextPage": end < page.total, "hasPreviousPage": page.start > 0,
                "endCursor": (!page.nodes.is_empty()).then(|| end.to_string()),
                "startCursor": (!page.nodes.is_empty()).then(|| (page.start + 1).to_string()),
            });
            Ok(Out::Node(Node::Plain("PageInfo", fields.as_object().cloned().unwrap_or_default())))
        }
        _ => unknown(&Node::Page(Box::new(page.clone())), field),
    }
}
