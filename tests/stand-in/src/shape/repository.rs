//! Repositories.

use serde_json::{Value, json};

use super::{account, addresses, node_id};
use crate::{
    identity::{Access, Identity},
    state::{Repository, World},
};

/// The ends of the addresses that every form of a repository has.
const ENDS: &[(&str, &str)] = &[
    ("archive", "/{archive_format}{/ref}"),
    ("assignees", "/assignees{/user}"),
    ("blobs", "/git/blobs{/sha}"),
    ("branches", "/branches{/branch}"),
    ("collaborators", "/collaborators{/collaborator}"),
    ("comments", "/comments{/number}"),
    ("commits", "/commits{/sha}"),
    ("compare", "/compare/{base}...{head}"),
    ("contents", "/contents/{+path}"),
    ("contributors", "/contributors"),
    ("deployments", "/deployments"),
    ("downloads", "/downloads"),
    ("events", "/events"),
    ("forks", "/forks"),
    ("git_commits", "/git/commits{/sha}"),
    ("git_refs", "/git/refs{/sha}"),
    ("git_tags", "/git/tags{/sha}"),
    ("hooks", "/hooks"),
    ("issue_comment", "/issues/comments{/number}"),
    ("issue_events", "/issues/events{/number}"),
    ("issues", "/issues{/number}"),
    ("keys", "/keys{/key_id}"),
    ("labels", "/labels{/name}"),
    ("languages", "/languages"),
    ("merges", "/merges"),
    ("milestones", "/milestones{/number}"),
    ("notifications", "/notifications{?since,all,participating}"),
    ("pulls", "/pulls{/number}"),
    ("releases", "/releases{/id}"),
    ("stargazers", "/stargazers"),
    ("statuses", "/statuses/{sha}"),
    ("subscribers", "/subscribers"),
    ("subscription", "/subscription"),
    ("tags", "/tags"),
    ("teams", "/teams"),
    ("trees", "/git/trees{/sha}"),
];

/// Returns the front of the repository's calls.
pub(crate) fn api(world: &World, repository: &Repository) -> String {
    format!("{}/repos/{}", world.site, repository.full_name())
}

/// The form of lists and of ends of pull requests.
pub(crate) fn simple(world: &World, repository: &Repository, identity: &Identity) -> Value {
    let (api, page) = (api(world, repository), format!("{}/{}", world.site, repository.full_name()));
    let access = identity.may(&repository.owner, &repository.key());
    let (time, open) = (world.now(), repository.pulls.values().filter(|pull| pull.open).count());
    let mut shape = json!({
        "id": repository.id, "node_id": node_id("R", repository.id), "name": repository.name,
        "full_name": repository.full_name(), "owner": account(world, &repository.owner), "private": repository.private,
        "visibility": if repository.private { "private" } else { "public" }, "html_url": page, "description": null,
        "fork": repository.fork_of.is_some(), "url": api, "git_url": format!("{}.git", page.replace("http:", "git:")),
        "ssh_url": format!("git@127.0.0.1:{}.git", repository.full_name()), "clone_url": format!("{page}.git"),
        "svn_url": page, "mirror_url": null, "homepage": null, "language": null, "license": null,
    });
    let more = json!({
        "forks_count": 0, "stargazers_count": 0, "watchers_count": 0, "open_issues_count": open, "forks": 0,
        "open_issues": open, "watchers": 0, "size": size(repository), "default_branch": repository.default_branch,
        "has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": false,
        "has_discussions": false, "archived": repository.archived, "disabled": repository.disabled,
        "topics": repository.topics, "allow_forking": repository.allow_forking, "is_template": false,
        "pushed_at": time, "created_at": time, "updated_at": time, "web_commit_signoff_required": false,
        "permissions": {
            "admin": access >= Access::Admin, "maintain": access >= Access::Admin, "push": access >= Access::Write,
            "triage": access >= Access::Write, "pull": access >= Access::Read || !repository.private,
        },
    });
    if let (Value::Object(shape), Value::Object(more)) = (&mut shape, more) {
        shape.extend(more);
        addresses(shape, &api, ENDS);
    }
    shape
}

/// The form of the repository's own call.
pub(crate) fn full(world: &World, repository: &Repository, identity: &Identity) -> Value {
    let mut shape = simple(world, repository, identity);
    shape["subscribers_count"] = json!(0);
    shape["network_count"] = json!(0);
    if let Some(parent) = repository.fork_of.as_ref().and_then(|key| world.repositories.get(key)) {
        shape["parent"] = simple(world, parent, identity);
        shape["source"] = shape["parent"].clone();
    }
    shape
}

/// The size of the packs and objects in KiB.
fn size(repository: &Repository) -> u64 {
    let mut folders = vec![repository.path.join("objects")];
    let mut bytes = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(data) if data.is_dir() => folders.push(entry.path()),
                Ok(data) => bytes += data.len(),
                Err(_) => {}
            }
        }
    }
    bytes / 1024
}
