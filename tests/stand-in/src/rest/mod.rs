//! The REST calls.

mod apps;
mod checks;
mod data;
mod issues;
mod lists;
mod pulls;
mod repositories;
mod reviews;
mod settings;

use crate::{
    call::{Call, Outcome, decode},
    refusal::Refusal,
};

/// Carries out a call.
pub(crate) fn handle(call: &mut Call<'_>) -> Outcome {
    let path = call.request.path.strip_prefix("/api/v3").unwrap_or(&call.request.path);
    let parts: Vec<String> = path.trim_matches('/').split('/').map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match (call.request.method.as_str(), parts.as_slice()) {
        (method, ["repos", owner, name, rest @ ..]) => repository(call, method, owner, name, rest),
        ("POST", ["app", "installations", id, "access_tokens"]) => apps::access_token(call, id),
        ("GET", [""]) => Ok(settings::root(call)),
        ("GET", ["app"]) => apps::app(call),
        ("GET", ["app", "installations"]) => apps::installations(call),
        ("GET", ["installation", "repositories"]) => lists::of_installation(call),
        ("GET", ["orgs", owner, "repos"]) => lists::of_organisation(call, owner),
        ("GET", ["users", owner, "repos"]) => lists::of_owner(call, owner),
        ("GET", ["user", "repos"]) => lists::of_viewer(call),
        ("GET", ["search", "repositories"]) => lists::search(call),
        ("GET", ["user"]) => lists::viewer(call),
        ("GET", ["rate_limit"]) => Ok(lists::rate_limit()),
        _ => Err(Refusal::not_found()),
    }
}

fn repository(call: &mut Call<'_>, method: &str, owner: &str, name: &str, rest: &[&str]) -> Outcome {
    let at = (owner, name);
    match (method, rest) {
        ("GET", []) => repositories::get(call, at),
        ("GET", ["installation"]) => apps::installation(call, at),
        ("GET", ["actions", "permissions", "workflow"]) => repositories::workflow(call, at),
        ("GET", ["rules", "branches", branch @ ..]) => settings::of_branch(call, at, &branch.join("/")),
        ("GET", ["rulesets", id]) => settings::ruleset(call, at, number(id)?),
        ("GET", ["branches", branch @ ..]) => repositories::branch(call, at, &branch.join("/")),
        ("GET", ["contents", path @ ..]) => repositories::contents(call, at, &path.join("/")),
        ("GET", ["tarball", revision @ ..]) => repositories::tarball(call, at, &revision.join("/")),
        ("GET", ["forks"]) => lists::of_forks(call, at),
        ("POST", ["forks"]) => repositories::fork(call, at),
        ("POST", ["merge-upstream"]) => repositories::merge_upstream(call, at),
        ("GET", ["compare", ends @ ..]) => repositories::compare(call, at, &ends.join("/")),
        (_, ["git", rest @ ..]) => data::handle(call, method, at, rest),
        ("POST", ["check-runs"]) => checks::create(call, at),
        ("GET", ["check-runs", id]) => checks::get(call, at, number(id)?),
        ("PATCH", ["check-runs", id]) => checks::update(call, at, number(id)?),
        ("GET", ["commits", revision @ .., "check-runs"]) => checks::list(call, at, &revision.join("/")),
        ("GET", ["pulls"]) => pulls::list(call, at),
        ("POST", ["pulls"]) => pulls::create(call, at),
        ("PATCH", ["pulls", "comments", id]) => reviews::update_comment(call, at, number(id)?),
        ("GET", ["pulls", id]) => pulls::get(call, at, number(id)?),
        ("PATCH", ["pulls", id]) => pulls::update(call, at, number(id)?),
        ("GET", ["pulls", id, "files"]) => pulls::files(call, at, number(id)?),
        ("POST", ["pulls", id, "requested_reviewers"]) => pulls::request(call, at, number(id)?),
        ("GET", ["pulls", id, "comments"]) => reviews::comments(call, at, number(id)?),
        ("POST", ["pulls", id, "comments", to, "replies"]) => {
            reviews::reply(call, at, number(id)?, number(to)?)
        }
        ("GET", ["pulls", id, "reviews"]) => reviews::list(call, at, number(id)?),
        ("POST", ["pulls", id, "reviews"]) => reviews::create(call, at, number(id)?),
        ("GET", ["issues", id, "comments"]) => issues::comments(call, at, number(id)?),
        ("POST", ["issues", id, "comments"]) => issues::comment(call, at, number(id)?),
        ("PATCH", ["issues", "comments", id]) => issues::update_comment(call, at, number(id)?),
        ("POST", ["issues", id, "labels"]) => issues::add_labels(call, at, number(id)?),
        ("POST", ["issues", id, "assignees"]) => issues::add_assignees(call, at, number(id)?),
        ("GET", ["issues", id, "events"]) => issues::events(call, at, number(id)?),
        _ => Err(Refusal::not_found()),
    }
}

/// The owner and the name of a repository, as the address has them.
type At<'a> = (&'a str, &'a str);

fn number(text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| Refusal::not_found())
}
