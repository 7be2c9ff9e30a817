//! Check runs, and Apps that make them.

use serde_json::{Value, json};

use super::{account, node_id, repository};
use crate::state::{App, Check, Repository, World};

/// A check run.
pub(crate) fn run(world: &World, at: &Repository, check: &Check) -> Value {
    let api = repository::api(world, at);
    let url = format!("{api}/check-runs/{}", check.id);
    let given = |name: &str| check.given[name].clone();
    let status = check.given["status"].as_str().unwrap_or("queued");
    let ended = (status == "completed").then_some(&check.created_at);
    let output = &check.given["output"];
    let app = check.app.trim_end_matches("[bot]");
    json!({
        "id": check.id, "head_sha": given("head_sha"), "node_id": node_id("CR", check.id),
        "external_id": check.given["external_id"].as_str().unwrap_or_default(), "url": url,
        "html_url": format!("{}/{}/runs/{}", world.site, at.full_name(), check.id), "details_url": null, "status": status,
        "conclusion": given("conclusion"), "started_at": check.created_at, "completed_at": ended, "name": given("name"),
        "output": {
            "title": output["title"], "summary": output["summary"], "text": output["text"],
            "annotations_count": check.annotations.len(), "annotations_url": format!("{url}/annotations"),
        },
        "check_suite": { "id": 1 }, "pull_requests": [], "app": integration(world, 1, app),
    })
}

/// An App.
pub(crate) fn integration(world: &World, id: u64, slug: &str) -> Value {
    let now = world.now();
    json!({
        "id": id, "slug": slug, "node_id": node_id("A", id), "name": slug, "owner": account(world, slug),
        "description": null, "external_url": world.site, "html_url": format!("{}/apps/{slug}", world.site),
        "created_at": now, "updated_at": now, "permissions": permissions(crate::Access::Write), "events": [],
    })
}

/// An installation of an App.
pub(crate) fn installation(world: &World, app: &App, owner: &str, id: u64) -> Value {
    let now = world.now();
    let api = format!("{}/app/installations/{id}", world.site);
    let mut of = account(world, owner);
    // GitHub's description wants an account here to be a user and an enterprise at once.
    for (name, value) in [("name", owner), ("slug", owner), ("created_at", &now), ("updated_at", &now)] {
        of[name] = json!(value);
    }
    json!({
        "id": id, "account": of, "repository_selection": "all",
        "access_tokens_url": format!("{api}/access_tokens"),
        "repositories_url": format!("{}/installation/repositories", world.site),
        "html_url": format!("{}/settings/installations/{id}", world.site), "app_id": app.id, "target_id": 1,
        "target_type": "User", "permissions": permissions(app.access), "events": [], "created_at": now,
        "updated_at": now, "single_file_name": null, "app_slug": app.slug, "suspended_by": null, "suspended_at": null,
    })
}

pub(crate) fn permissions(access: crate::Access) -> Value {
    let word = if access >= crate::Access::Write { "write" } else { "read" };
    json!({ "contents": word, "metadata": "read", "pull_requests": word, "checks": word })
}
