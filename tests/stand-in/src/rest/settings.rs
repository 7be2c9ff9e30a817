//! What is set for branches, and the list of calls at the root.

use serde_json::{Map, Value, json};

use super::At;
use crate::{
    call::{Call, Outcome},
    http::Response,
    identity::Access,
    refusal::Refusal,
    state::Rule,
};

/// The calls that GitHub lists, with the names that they have there.
const CALLS: &[(&str, &str)] = &[
    ("current_user_url", "/user"),
    ("current_user_authorizations_html_url", "/settings/connections/applications{/client_id}"),
    ("authorizations_url", "/authorizations"),
    ("code_search_url", "/search/code?q={query}{&page,per_page,sort,order}"),
    ("commit_search_url", "/search/commits?q={query}{&page,per_page,sort,order}"),
    ("emails_url", "/user/emails"),
    ("emojis_url", "/emojis"),
    ("events_url", "/events"),
    ("feeds_url", "/feeds"),
    ("followers_url", "/user/followers"),
    ("following_url", "/user/following{/target}"),
    ("gists_url", "/gists{/gist_id}"),
    ("issue_search_url", "/search/issues?q={query}{&page,per_page,sort,order}"),
    ("issues_url", "/issues"),
    ("keys_url", "/user/keys"),
    ("label_search_url", "/search/labels?q={query}&repository_id={repository_id}{&page,per_page}"),
    ("notifications_url", "/notifications"),
    ("organization_url", "/orgs/{org}"),
    ("organization_repositories_url", "/orgs/{org}/repos{?type,page,per_page,sort}"),
    ("organization_teams_url", "/orgs/{org}/teams"),
    ("public_gists_url", "/gists/public"),
    ("rate_limit_url", "/rate_limit"),
    ("repository_url", "/repos/{owner}/{repo}"),
    ("repository_search_url", "/search/repositories?q={query}{&page,per_page,sort,order}"),
    ("current_user_repositories_url", "/user/repos{?type,page,per_page,sort}"),
    ("starred_url", "/user/starred{/owner}{/repo}"),
    ("starred_gists_url", "/gists/starred"),
    ("user_url", "/users/{user}"),
    ("user_organizations_url", "/user/orgs"),
    ("user_repositories_url", "/users/{user}/repos{?type,page,per_page,sort}"),
    ("user_search_url", "/search/users?q={query}{&page,per_page,sort,order}"),
];

/// `GET /`
pub(super) fn root(call: &Call<'_>) -> Response {
    let site = &call.world.site;
    let calls: Map<String, Value> =
        CALLS.iter().map(|(name, end)| ((*name).to_owned(), json!(format!("{site}{end}")))).collect();
    Response::json(200, &Value::Object(calls))
}

/// `GET /repos/{owner}/{repo}/rules/branches/{branch}`
pub(super) fn of_branch(call: &Call<'_>, (owner, name): At<'_>, branch: &str) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let rules: Vec<Value> = repository
        .rules
        .iter()
        .filter(|rule| rule.branch == branch)
        .map(|rule| {
            json!({
                "type": rule.kind, "ruleset_source_type": "Repository", "ruleset_source": repository.full_name(),
                "ruleset_id": rule.set,
            })
        })
        .collect();
    Ok(call.page(&rules))
}

/// `GET /repos/{owner}/{repo}/rulesets/{id}`
pub(super) fn ruleset(call: &Call<'_>, (owner, name): At<'_>, id: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let rules: Vec<&Rule> = repository.rules.iter().filter(|rule| rule.set == id).collect();
    let first = rules.first().ok_or_else(Refusal::not_found)?;
    let kinds: Vec<Value> = rules.iter().map(|rule| json!({ "type": rule.kind })).collect();
    let bypass = if first.bypass { "always" } else { "never" };
    Ok(Response::json(
        200,
        &json!({
            "id": id, "name": "Guarded branches", "target": "branch", "source_type": "Repository",
            "source": repository.full_name(), "enforcement": "active", "current_user_can_bypass": bypass, "rules": kinds,
        }),
    ))
}
