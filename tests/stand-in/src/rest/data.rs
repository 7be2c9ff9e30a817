//! Git's own objects and references.

use base64::Engine as _;
use git2::{FileMode, Oid, Signature, build::TreeUpdateBuilder};
use serde_json::{Value, json};

use super::At;
use crate::{
    call::{Call, Outcome, escape},
    http::Response,
    identity::Access,
    refusal::Refusal,
    shape, store, sync,
};

/// The calls below `/repos/{owner}/{repo}/git`.
pub(super) fn handle(call: &mut Call<'_>, method: &str, (owner, name): At<'_>, rest: &[&str]) -> Outcome {
    let wanted = if method == "GET" { Access::Read } else { Access::Write };
    let key = call.repository(owner, name, wanted)?;
    let git = store::open(&call.world.repository(&key)?.path)?;
    let api = shape::repository::api(call.world, call.world.repository(&key)?);
    let at = Place { key, git, api };
    match (method, rest) {
        ("GET", ["ref", name @ ..]) => get_reference(&at, &name.join("/")),
        ("GET", ["matching-refs", start @ ..]) => matching(&at, &start.join("/")),
        ("POST", ["refs"]) => create_reference(call, &at),
        ("PATCH", ["refs", name @ ..]) => move_reference(call, &at, &name.join("/")),
        ("DELETE", ["refs", name @ ..]) => delete_reference(call, &at, &name.join("/")),
        ("POST", ["blobs"]) => create_blob(call, &at),
        ("GET", ["blobs", sha]) => get_blob(&at, sha),
        ("POST", ["trees"]) => create_tree(call, &at),
        ("GET", ["trees", revision @ ..]) => get_tree(call, &at, &revision.join("/")),
        ("POST", ["commits"]) => create_commit(call, &at),
        ("GET", ["commits", sha]) => {
            let commit = at.git.find_commit(store::oid(sha)?)?;
            Ok(Response::json(200, &shape::commit::git(&at.api, &commit)))
        }
        _ => Err(Refusal::not_found()),
    }
}

struct Place {
    key: String,
    git: git2::Repository,
    api: String,
}

fn get_reference(at: &Place, name: &str) -> Outcome {
    let full = format!("refs/{name}");
    let target = store::reference(&at.git, &full).ok_or_else(Refusal::not_found)?;
    Ok(Response::json(200, &shape::commit::reference(&at.api, &full, &target.to_string())))
}

/// Every reference that begins so; this call has no pages.
fn matching(at: &Place, start: &str) -> Outcome {
    let mut found = Vec::new();
    let start = format!("refs/{start}");
    for reference in at.git.references()?.flatten() {
        let (Ok(name), Some(target)) = (reference.name(), reference.target()) else { continue };
        if name.starts_with(&start) {
            found.push((name.to_owned(), target.to_string()));
        }
    }
    found.sort();
    let found: Vec<Value> =
        found.iter().map(|(name, target)| shape::commit::reference(&at.api, name, target)).collect();
    Ok(Response::json(200, &Value::Array(found)))
}

fn create_reference(call: &mut Call<'_>, at: &Place) -> Outcome {
    let (name, sha) = (call.wanted("Reference", "ref")?, call.wanted("Reference", "sha")?);
    if !name.starts_with("refs/") || name.matches('/').count() < 2 || !git2::Reference::is_valid_name(&name) {
        return Err(Refusal::new(
            422,
            "Reference name must start with 'refs/' and contain at least two slashes.",
        ));
    }
    let target = object(at, &sha)?;
    // Git keeps references as files, so one cannot be the folder of another.
    if store::reference(&at.git, &name).is_some() {
        return Err(Refusal::new(422, "Reference already exists"));
    }
    at.git.reference(&name, target, false, "made").map_err(|_| {
        Refusal::new(422, "Reference cannot be created: a reference of that name is in the way")
    })?;
    sync::moved(call.world, &at.key, &call.identity.login)?;
    Ok(Response::json(201, &shape::commit::reference(&at.api, &name, &sha)))
}

fn move_reference(call: &mut Call<'_>, at: &Place, name: &str) -> Outcome {
    let (full, sha) = (format!("refs/{name}"), call.wanted("Reference", "sha")?);
    let missing = || Refusal::new(422, "Reference does not exist");
    let old = store::reference(&at.git, &full).ok_or_else(missing)?;
    let new = object(at, &sha)?;
    unprotected(call, at, name)?;
    let forward = store::merge_base(&at.git, old, new) == Some(old);
    if !forward && !call.flag("force") {
        return Err(Refusal::new(422, "Update is not a fast forward"));
    }
    at.git.reference(&full, new, true, "moved")?;
    sync::moved(call.world, &at.key, &call.identity.login)?;
    Ok(Response::json(200, &shape::commit::reference(&at.api, &full, &sha)))
}

fn delete_reference(call: &mut Call<'_>, at: &Place, name: &str) -> Outcome {
    let missing = |_| Refusal::new(422, "Reference does not exist");
    let mut reference = at.git.find_reference(&format!("refs/{name}")).map_err(missing)?;
    unprotected(call, at, name)?;
    reference.delete()?;
    sync::moved(call.world, &at.key, &call.identity.login)?;
    Ok(Response::empty(204))
}

fn unprotected(call: &Call<'_>, at: &Place, name: &str) -> Result<(), Refusal> {
    let branch = name.strip_prefix("heads/").unwrap_or(name);
    match call.world.repository(&at.key)?.protected.contains(branch) {
        true => Err(Refusal::new(422, "Changes must be made through a pull request.")),
        false => Ok(()),
    }
}

fn object(at: &Place, sha: &str) -> Result<Oid, Refusal> {
    let oid = store::oid(sha)?;
    at.git.find_commit(oid).map_err(|_| Refusal::new(422, "Object does not exist"))?;
    Ok(oid)
}

fn create_blob(call: &Call<'_>, at: &Place) -> Outcome {
    let content = call.wanted("Blob", "content")?;
    let bytes = match call.text("encoding") {
        Some("base64") => base64::engine::general_purpose::STANDARD
            .decode(content)
            .map_err(|_| Refusal::new(422, "content is not valid Base64"))?,
        _ => content.into_bytes(),
    };
    let sha = at.git.blob(&bytes)?.to_string();
    Ok(Response::json(201, &json!({ "sha": sha, "url": format!("{}/git/blobs/{sha}", at.api) })))
}

fn get_blob(at: &Place, sha: &str) -> Outcome {
    let blob = at.git.find_blob(store::oid(sha)?)?;
    let content = base64::engine::general_purpose::STANDARD.encode(blob.content());
    let url = format!("{}/git/blobs/{sha}", at.api);
    let body = json!({
        "sha": sha, "node_id": format!("B_{sha}"), "size": blob.size(), "url": url, "content": content, "encoding": "base64",
    });
    Ok(Response::json(200, &body))
}

fn create_tree(call: &Call<'_>, at: &Place) -> Outcome {
    let base = match call.text("base_tree") {
        Some(sha) => {
            let object = at.git.find_object(store::oid(sha)?, None)?;
            object.peel_to_tree()?
        }
        None => at.git.find_tree(at.git.treebuilder(None)?.write()?)?,
    };
    let mut update = TreeUpdateBuilder::new();
    for entry in call.body["tree"].as_array().into_iter().flatten() {
        let path = entry["path"].as_str().ok_or_else(|| Refusal::invalid("Tree", "path", "missing_field"))?;
        if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | ".." | ".git")) {
            return Err(Refusal::new(422, "tree.path contains a malformed path component"));
        }
        let mode = match entry["mode"].as_str() {
            Some("100644") => FileMode::Blob,
            Some("100755") => FileMode::BlobExecutable,
            Some("120000") => FileMode::Link,
            _ => return Err(Refusal::new(422, "Must supply a valid tree.mode")),
        };
        match (&entry["sha"], &entry["content"]) {
            (Value::String(sha), _) => {
                let missing = |_| Refusal::new(422, "tree.sha is not a valid blob");
                let blob = at.git.find_blob(store::oid(sha)?).map_err(missing)?;
                let _ = update.upsert(path, blob.id(), mode);
            }
            (_, Value::String(text)) => {
                let _ = update.upsert(path, at.git.blob(text.as_bytes())?, mode);
            }
            _ if base.get_path(path.as_ref()).is_ok() => {
                let _ = update.remove(path);
            }
            _ => return Err(Refusal::new(422, "GitRPC::BadObjectState")),
        }
    }
    let made = at.git.find_tree(update.create_updated(&at.git, &base)?)?;
    Ok(Response::json(201, &tree(at, &made, false)))
}

fn get_tree(call: &Call<'_>, at: &Place, revision: &str) -> Outcome {
    let tree_of = |oid: Oid| at.git.find_object(oid, None)?.peel_to_tree();
    let found = match store::commit(&at.git, revision) {
        Ok(commit) => commit.tree()?,
        Err(_) => tree_of(store::oid(revision).map_err(|_| Refusal::not_found())?)?,
    };
    Ok(Response::json(200, &tree(at, &found, call.query.contains_key("recursive"))))
}

fn tree(at: &Place, tree: &git2::Tree<'_>, recursive: bool) -> Value {
    let mut entries = Vec::new();
    let walked = tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
        let path = format!("{folder}{}", entry.name().unwrap_or_default());
        let (sha, folder) = (entry.id().to_string(), entry.kind() == Some(git2::ObjectType::Tree));
        let (kind, calls) = if folder { ("tree", "trees") } else { ("blob", "blobs") };
        let mut shape = json!({
            "path": path, "mode": format!("{:06o}", entry.filemode()), "type": kind, "sha": sha,
            "url": format!("{}/git/{calls}/{sha}", at.api),
        });
        if let (false, Ok(blob)) = (folder, at.git.find_blob(entry.id())) {
            shape["size"] = json!(blob.size());
        }
        entries.push(shape);
        if folder && !recursive { git2::TreeWalkResult::Skip } else { git2::TreeWalkResult::Ok }
    });
    let sha = tree.id().to_string();
    let url = format!("{}/git/trees/{}", at.api, escape(&sha));
    json!({ "sha": sha, "url": url, "tree": entries, "truncated": walked.is_err() })
}

fn create_commit(call: &Call<'_>, at: &Place) -> Outcome {
    let message = call.wanted("Commit", "message")?;
    let tree = at.git.find_tree(store::oid(&call.wanted("Commit", "tree")?)?)?;
    let parents = call
        .texts("parents")
        .iter()
        .map(|sha| Ok(at.git.find_commit(store::oid(sha)?)?))
        .collect::<Result<Vec<_>, Refusal>>();
    let parents: Vec<git2::Commit<'_>> = parents?;
    let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
    let own = shape::commit::author(call.world, call.identity);
    let given = |name: &str| {
        let person = call.body.get(name)?;
        Some((person["name"].as_str()?.to_owned(), person["email"].as_str()?.to_owned()))
    };
    let author = given("author");
    // What an App makes in its own name, GitHub signs.
    let signs = author.is_none() && call.identity.is_bot();
    let author = author.unwrap_or(own);
    let committer =
        given("committer").unwrap_or_else(|| if signs { shape::commit::site() } else { author.clone() });
    let author = Signature::now(&author.0, &author.1)?;
    let committer = Signature::now(&committer.0, &committer.1)?;
    let made = at.git.commit(None, &author, &committer, &message, &tree, &parents)?;
    Ok(Response::json(201, &shape::commit::git(&at.api, &at.git.find_commit(made)?)))
}
