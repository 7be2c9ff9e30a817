//! Commits, comparisons and what they change.

use git2::{Commit, Signature};
use serde_json::{Value, json};

use super::{WEB_FLOW, account, node_id};
use crate::{call::escape, identity::Identity, state::World, store::FileDiff};

/// The address that stands for an account in commits.
pub(crate) fn noreply(world: &World, login: &str) -> String {
    let id = world.accounts.get(&login.to_ascii_lowercase()).copied().unwrap_or(1);
    format!("{id}+{login}@users.noreply.github.com")
}

/// Who the identity is as author of a commit.
pub(crate) fn author(world: &World, identity: &Identity) -> (String, String) {
    (identity.login.clone(), noreply(world, &identity.login))
}

/// Who makes commits on the site.
pub(crate) fn site() -> (String, String) {
    ("GitHub".to_owned(), "noreply@github.com".to_owned())
}

/// Returns the account behind an address of a commit.
pub(crate) fn login_of(world: &World, email: &str) -> Option<String> {
    if email == "noreply@github.com" {
        return Some(WEB_FLOW.to_owned());
    }
    let (front, host) = email.split_once('@')?;
    let login = match host {
        "users.noreply.github.com" => front.split_once('+').map_or(front, |(_, login)| login),
        "example.org" => front,
        _ => return None,
    };
    world.accounts.contains_key(&login.to_ascii_lowercase()).then(|| login.to_owned())
}

fn person(signature: &Signature<'_>) -> Value {
    let time = chrono::DateTime::from_timestamp(signature.when().seconds(), 0);
    let date = time.map(|time| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    json!({ "name": signature.name().unwrap_or_default(), "email": signature.email().unwrap_or_default(), "date": date })
}

fn verification(commit: &Commit<'_>) -> Value {
    // What the site commits, it signs.
    let signed = commit.committer().email() == Ok("noreply@github.com");
    let reason = if signed { "valid" } else { "unsigned" };
    let text = signed.then_some("-----BEGIN PGP SIGNATURE-----");
    json!({ "verified": signed, "reason": reason, "signature": text, "payload": text, "verified_at": null })
}

fn parents(api: &str, commit: &Commit<'_>) -> Value {
    let parent = |id: git2::Oid| {
        let sha = id.to_string();
        json!({ "sha": sha, "url": format!("{api}/commits/{sha}"), "html_url": format!("{api}/commit/{sha}") })
    };
    commit.parent_ids().map(parent).collect()
}

/// The form of git's own calls.
pub(crate) fn git(api: &str, commit: &Commit<'_>) -> Value {
    let (sha, tree) = (commit.id().to_string(), commit.tree_id().to_string());
    json!({
        "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{api}/git/commits/{sha}"),
        "html_url": format!("{api}/commit/{sha}"), "author": person(&commit.author()),
        "committer": person(&commit.committer()), "message": commit.message().unwrap_or_default(),
        "tree": { "sha": tree, "url": format!("{api}/git/trees/{tree}") }, "parents": parents(api, commit),
        "verification": verification(commit),
    })
}

/// The form of comparisons.
pub(crate) fn listed(world: &World, api: &str, commit: &Commit<'_>) -> Value {
    let (sha, tree) = (commit.id().to_string(), commit.tree_id().to_string());
    let of = |signature: &Signature<'_>| {
        login_of(world, signature.email().unwrap_or_default()).map(|login| account(world, &login))
    };
    json!({
        "sha": sha, "node_id": format!("C_{sha}"), "url": format!("{api}/commits/{sha}"),
        "html_url": format!("{api}/commit/{sha}"), "comments_url": format!("{api}/commits/{sha}/comments"),
        "commit": {
            "url": format!("{api}/git/commits/{sha}"), "author": person(&commit.author()),
            "committer": person(&commit.committer()), "message": commit.message().unwrap_or_default(),
            "comment_count": 0, "tree": { "sha": tree, "url": format!("{api}/git/trees/{tree}") },
            "verification": verification(commit),
        },
        "author": of(&commit.author()), "committer": of(&commit.committer()), "parents": parents(api, commit),
    })
}

/// A file of a comparison or of a pull request.
pub(crate) fn file(api: &str, head: &str, file: &FileDiff) -> Value {
    let path = escape(&file.path);
    let mut shape = json!({
        "sha": file.blob, "filename": file.path, "status": file.status, "additions": file.additions,
        "deletions": file.deletions, "changes": file.additions + file.deletions,
        "blob_url": format!("{api}/blob/{head}/{path}"), "raw_url": format!("{api}/raw/{head}/{path}"),
        "contents_url": format!("{api}/contents/{path}?ref={head}"),
    });
    // GitHub leaves out the hunks of what is binary or too long.
    if let Some(patch) = file.patch.as_ref().filter(|patch| patch.len() < 1_000_000) {
        shape["patch"] = json!(patch);
    }
    if let Some(previous) = &file.previous {
        shape["previous_filename"] = json!(previous);
    }
    shape
}

/// A reference.
pub(crate) fn reference(api: &str, name: &str, target: &str) -> Value {
    json!({
        "ref": name, "node_id": node_id("REF", name.len() as u64), "url": format!("{api}/git/{}", escape_path(name)),
        "object": { "type": "commit", "sha": target, "url": format!("{api}/git/commits/{target}") },
    })
}

fn escape_path(path: &str) -> String {
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}
