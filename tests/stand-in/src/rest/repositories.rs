//! Repositories, their files, forks and comparisons.

use base64::Engine as _;
use serde_json::{Value, json};

use super::At;
use crate::{
    call::{Call, Outcome, escape, forbidden},
    http::Response,
    identity::{Access, Kind},
    refusal::Refusal,
    shape,
    state::Repository,
    store, sync,
};

/// `GET /repos/{owner}/{repo}`
pub(super) fn get(call: &Call<'_>, (owner, name): At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let response = Response::json(200, &shape::repository::full(call.world, repository, call.identity));
    Ok(match call.identity.kind {
        Kind::Person => response.with("x-oauth-scopes", &call.identity.scopes),
        _ => response,
    })
}

/// `GET /repos/{owner}/{repo}/actions/permissions/workflow`
pub(super) fn workflow(call: &Call<'_>, (owner, name): At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Admin)?;
    let may = call.world.repository(&key)?.actions_may_open_pulls;
    let body = json!({ "default_workflow_permissions": "read", "can_approve_pull_request_reviews": may });
    Ok(Response::json(200, &body))
}

/// `GET /repos/{owner}/{repo}/branches/{branch}`
pub(super) fn branch(call: &Call<'_>, (owner, name): At<'_>, branch: &str) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let api = shape::repository::api(call.world, repository);
    let git = store::open(&repository.path)?;
    let head = store::branch(&git, branch).ok_or_else(|| Refusal::new(404, "Branch not found"))?;
    let protected = repository.protected.contains(branch);
    let protection = format!("{api}/branches/{}/protection", escape(branch));
    let checks = json!({ "enforcement_level": "off", "contexts": [], "checks": [] });
    Ok(Response::json(
        200,
        &json!({
            "name": branch, "commit": shape::commit::listed(call.world, &api, &store::commit(&git, &head)?),
            "protected": protected, "protection_url": protection,
            "protection": { "enabled": protected, "required_status_checks": checks },
            "_links": { "self": format!("{api}/branches/{}", escape(branch)), "html": format!("{api}/tree/{}", escape(branch)) },
        }),
    ))
}

/// `GET /repos/{owner}/{repo}/contents/{path}` of a file
pub(super) fn contents(call: &Call<'_>, (owner, name): At<'_>, path: &str) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let revision = call.query.get("ref").unwrap_or(&repository.default_branch);
    let (bytes, sha) = store::file(&store::open(&repository.path)?, revision, path)?;
    let api = shape::repository::api(call.world, repository);
    let (url, escaped) = (format!("{api}/contents/{}?ref={}", escape(path), escape(revision)), escape(path));
    let page = format!("{}/{}/blob/{}/{escaped}", call.world.site, repository.full_name(), escape(revision));
    let blob = format!("{api}/git/blobs/{sha}");
    // GitHub gives larger files by another way alone.
    let small = bytes.len() <= 1 << 20;
    let content =
        if small { base64::engine::general_purpose::STANDARD.encode(&bytes) } else { String::new() };
    let folded: Vec<&str> =
        content.as_bytes().chunks(60).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Ok(Response::json(
        200,
        &json!({
            "type": "file", "encoding": if small { "base64" } else { "none" }, "size": bytes.len(),
            "name": path.rsplit('/').next(), "path": path, "content": folded.join("\n"), "sha": sha, "url": url,
            "git_url": blob, "html_url": page, "download_url": page,
            "_links": { "self": url, "git": blob, "html": page },
        }),
    ))
}

/// `GET /repos/{owner}/{repo}/tarball/{ref}`
pub(super) fn tarball(call: &Call<'_>, (owner, name): At<'_>, revision: &str) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let revision = if revision.is_empty() { &repository.default_branch } else { revision };
    store::commit(&store::open(&repository.path)?, revision)?;
    let to = format!("{}/{}/legacy.tar.gz/{}", call.world.site, repository.full_name(), escape(revision));
    Ok(Response::empty(302).with("location", &to))
}

/// `POST /repos/{owner}/{repo}/forks`
pub(super) fn fork(call: &mut Call<'_>, (owner, name): At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    if call.identity.kind != Kind::Person {
        return Err(forbidden(call.identity));
    }
    let source = call.world.repository(&key)?.clone();
    if !source.allow_forking {
        return Err(Refusal::new(403, "The repository exists, but forking is disabled."));
    }
    let login = call.identity.login.clone();
    let is_it = |own: &&Repository| own.owner == login && own.fork_of.as_deref() == Some(key.as_str());
    let fork = match call.world.repositories.values().find(is_it) {
        Some(fork) => fork.clone(),
        None => make_fork(call, &source, &login)?,
    };
    Ok(Response::json(202, &shape::repository::full(call.world, &fork, call.identity)))
}

fn make_fork(call: &mut Call<'_>, source: &Repository, login: &str) -> Result<Repository, Refusal> {
    let taken = call.world.repositories.contains_key(&call.world.key(login, &source.name));
    let name = if taken { format!("{}-1", source.name) } else { source.name.clone() };
    let path = call.world.folder_of(login, &name);
    let git = store::init(&path, &source.default_branch)?;
    let branch = &source.default_branch;
    store::bring(&git, &source.path, branch, &format!("refs/heads/{branch}"))?;
    let fork = Repository {
        id: call.world.next(),
        owner: login.to_owned(),
        name,
        path,
        fork_of: Some(source.key()),
        pulls: std::collections::BTreeMap::new(),
        checks: Vec::new(),
        protected: std::collections::BTreeSet::new(),
        ..source.clone()
    };
    call.world.repositories.insert(fork.key(), fork.clone());
    Ok(fork)
}

/// `POST /repos/{owner}/{repo}/merge-upstream`
pub(super) fn merge_upstream(call: &mut Call<'_>, (owner, name): At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Write)?;
    let branch = call.wanted("Repository", "branch")?;
    let fork = call.world.repository(&key)?;
    let source = fork.fork_of.clone().ok_or_else(|| Refusal::new(422, "The repository is not a fork."))?;
    let source = call.world.repository(&source)?;
    let git = store::open(&fork.path)?;
    let theirs = sync::branch_of(call.world, &source.key(), &branch)?;
    let theirs = theirs.ok_or_else(|| Refusal::new(422, "The upstream branch does not exist."))?;
    store::bring(&git, &source.path, &branch, "refs/upstream")?;
    let ours = store::branch(&git, &branch);
    let diverged = match &ours {
        Some(ours) => {
            store::merge_base(&git, store::oid(ours)?, store::oid(&theirs)?) != Some(store::oid(ours)?)
        }
        None => false,
    };
    if diverged {
        return Err(Refusal::new(409, "There are merge conflicts"));
    }
    git.reference(&format!("refs/heads/{branch}"), store::oid(&theirs)?, true, "merge upstream")?;
    let base = format!("{}:{branch}", source.owner);
    let kind = if ours.as_ref() == Some(&theirs) { "none" } else { "fast-forward" };
    let message = format!("Successfully fetched and fast-forwarded from upstream {base}.");
    sync::moved(call.world, &key, &call.identity.login)?;
    Ok(Response::json(200, &json!({ "message": message, "merge_type": kind, "base_branch": base })))
}

/// `GET /repos/{owner}/{repo}/compare/{basehead}`
pub(super) fn compare(call: &Call<'_>, (owner, name): At<'_>, ends: &str) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let git = store::open(&repository.path)?;
    let (base, head) = ends.split_once("...").ok_or_else(Refusal::not_found)?;
    let (base, head) = (resolve(call, &git, &key, base)?, resolve(call, &git, &key, head)?);
    let (base, head) = (git.find_commit(base)?, git.find_commit(head)?);
    let middle = store::merge_base(&git, base.id(), head.id());
    let middle =
        git.find_commit(middle.ok_or_else(|| Refusal::new(404, "No common ancestor between them."))?)?;
    let ahead = store::between(&git, base.id(), head.id())?;
    let behind = store::between(&git, head.id(), base.id())?.len();
    let api = shape::repository::api(call.world, repository);
    let shown = |commit: &git2::Commit<'_>| shape::commit::listed(call.world, &api, commit);
    let commits = ahead.iter().take(250).map(|oid| Ok(shown(&git.find_commit(*oid)?)));
    let commits: Vec<Value> = commits.collect::<Result<_, git2::Error>>()?;
    let files = store::trees(&git, Some(middle.id()), head.id())?;
    let sha = head.id().to_string();
    let files: Vec<Value> =
        files.iter().take(300).map(|file| shape::commit::file(&api, &sha, file)).collect();
    let status = match (ahead.len(), behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let page =
        format!("{}/{}/compare/{}...{}", call.world.site, repository.full_name(), base.id(), head.id());
    Ok(Response::json(
        200,
        &json!({
            "url": format!("{api}/compare/{}...{}", base.id(), head.id()), "html_url": page, "permalink_url": page,
            "diff_url": format!("{page}.diff"), "patch_url": format!("{page}.patch"), "base_commit": shown(&base),
            "merge_base_commit": shown(&middle), "status": status, "ahead_by": ahead.len(), "behind_by": behind,
            "total_commits": ahead.len(), "commits": commits, "files": files,
        }),
    ))
}

/// Finds the end of a comparison, `branch`, a commit, or `owner:branch` in another repository of the network.
fn resolve(call: &Call<'_>, git: &git2::Repository, key: &str, end: &str) -> Result<git2::Oid, Refusal> {
    let Some((owner, branch)) = end.split_once(':') else { return Ok(store::commit(git, end)?.id()) };
    let own = call.world.repository(key)?;
    let source = own.fork_of.clone().unwrap_or_else(|| key.to_owned());
    let is_it = |other: &&Repository| {
        let kin = other.key() == source || other.fork_of.as_deref() == Some(source.as_str());
        kin && other.owner.eq_ignore_ascii_case(owner)
    };
    let found = call.world.repositories.values().find(is_it).ok_or_else(Refusal::not_found)?;
    if found.key() != key {
        store::bring(git, &found.path, branch, "refs/compared").map_err(|_| Refusal::not_found())?;
        return store::reference(git, "refs/compared").ok_or_else(Refusal::not_found);
    }
    Ok(store::commit(git, branch)?.id())
}
