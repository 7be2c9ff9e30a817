//! Lists of repositories, and who the caller is.

use serde_json::{Value, json};

use crate::{
    call::{Call, Outcome, visible},
    http::Response,
    identity::{Access, Kind},
    refusal::Refusal,
    shape,
    state::Repository,
};

fn seen(call: &Call<'_>, fits: impl Fn(&Repository) -> bool) -> Vec<Value> {
    let all = call.world.repositories.values().filter(|repository| fits(repository));
    all.filter(|repository| visible(call.world, call.identity, &repository.key(), Access::Read).is_ok())
        .map(|repository| shape::repository::simple(call.world, repository, call.identity))
        .collect()
}

/// `GET /orgs/{org}/repos`
pub(super) fn of_organisation(call: &Call<'_>, owner: &str) -> Outcome {
    match call.world.organisations.contains(&owner.to_ascii_lowercase()) {
        true => of_owner(call, owner),
        false => Err(Refusal::not_found()),
    }
}

/// `GET /users/{username}/repos`
pub(super) fn of_owner(call: &Call<'_>, owner: &str) -> Outcome {
    Ok(call.page(&seen(call, |repository| repository.owner.eq_ignore_ascii_case(owner))))
}

/// `GET /repos/{owner}/{repo}/forks`
pub(super) fn of_forks(call: &Call<'_>, (owner, name): super::At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    Ok(call.page(&seen(call, |repository| repository.fork_of.as_ref() == Some(&key))))
}

/// `GET /user/repos`
pub(super) fn of_viewer(call: &Call<'_>) -> Outcome {
    let access = |repository: &Repository| call.identity.may(&repository.owner, &repository.key());
    Ok(call.page(&seen(call, |repository| access(repository) >= Access::Read)))
}

/// `GET /installation/repositories`
pub(super) fn of_installation(call: &Call<'_>) -> Outcome {
    if call.identity.kind != Kind::App {
        return Err(Refusal::new(
            403,
            "You must authenticate with an installation access token in order to list repositories for an installation.",
        ));
    }
    let access = |repository: &Repository| call.identity.may(&repository.owner, &repository.key());
    let all = seen(call, |repository| access(repository) >= Access::Read);
    Ok(call.page_of("repositories", &all, json!({ "repository_selection": "all" })))
}

/// `GET /search/repositories`, of which `org:`, `user:`, `topic:` and `archived:` are understood.
pub(super) fn search(call: &Call<'_>) -> Outcome {
    let words = call.query.get("q").cloned().unwrap_or_default();
    let fits = |repository: &Repository| {
        words.split_whitespace().all(|word| match word.split_once(':') {
            Some(("org" | "user", owner)) => repository.owner.eq_ignore_ascii_case(owner),
            Some(("topic", topic)) => repository.topics.iter().any(|own| own == topic),
            Some(("archived", flag)) => repository.archived == (flag == "true"),
            Some(("fork", flag)) => (flag == "true") || repository.fork_of.is_none(),
            _ => repository.name.contains(word),
        })
    };
    let all: Vec<Value> = seen(call, fits)
        .into_iter()
        .map(|mut shape| {
            shape["score"] = json!(1.0);
            shape
        })
        .collect();
    Ok(call.page_of("items", &all, json!({ "incomplete_results": false })))
}

/// `GET /user`
pub(super) fn viewer(call: &Call<'_>) -> Outcome {
    match call.identity.kind {
        Kind::Nobody => return Err(Refusal::new(401, "Requires authentication")),
        Kind::App | Kind::Actions => return Err(Refusal::new(403, "Resource not accessible by integration")),
        Kind::Person => {}
    }
    let mut shape = shape::account(call.world, &call.identity.login);
    let now = call.world.now();
    let more = json!({
        "name": call.identity.login, "company": null, "blog": "", "location": null, "email": null, "hireable": null,
        "bio": null, "public_repos": 0, "public_gists": 0, "followers": 0, "following": 0, "created_at": now,
        "updated_at": now,
    });
    if let (Value::Object(shape), Value::Object(more)) = (&mut shape, more) {
        shape.extend(more);
    }
    Ok(Response::json(200, &shape).with("x-oauth-scopes", "repo"))
}

/// `GET /rate_limit`
pub(super) fn rate_limit() -> Response {
    let limit = json!({ "limit": 5000, "remaining": 4999, "reset": crate::server::reset(), "used": 1 });
    let resources = json!({ "core": limit, "search": limit, "graphql": limit });
    Response::json(200, &json!({ "resources": resources, "rate": limit }))
}
