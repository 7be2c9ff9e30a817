//! Check runs.

use serde_json::{Value, json};

use super::At;
use crate::{
    call::{Call, Outcome},
    http::Response,
    identity::{Access, Kind},
    refusal::Refusal,
    shape,
    state::Check,
    store,
};

/// GitHub takes that many annotations in one request.
const MOST_ANNOTATIONS: usize = 50;

/// `POST /repos/{owner}/{repo}/check-runs`
pub(super) fn create(call: &mut Call<'_>, (owner, name): At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Write)?;
    if call.identity.kind == Kind::Person {
        let message = "You must authenticate via a GitHub App.";
        return Err(Refusal::new(403, message));
    }
    let commit = call.wanted("CheckRun", "head_sha")?;
    call.wanted("CheckRun", "name")?;
    store::commit(&store::open(&call.world.repository(&key)?.path)?, &commit)
        .map_err(|_| Refusal::custom("CheckRun", &format!("No commit found for SHA: {commit}")))?;
    let (id, created_at) = (call.world.next(), call.world.now());
    let mut check =
        Check { id, app: call.identity.login.clone(), given: json!({}), annotations: Vec::new(), created_at };
    merge(&mut check, &call.body)?;
    call.world.repository_mut(&key)?.checks.push(check.clone());
    Ok(Response::json(201, &shape::check::run(call.world, call.world.repository(&key)?, &check)))
}

/// `GET /repos/{owner}/{repo}/check-runs/{id}`
pub(super) fn get(call: &Call<'_>, (owner, name): At<'_>, id: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let found = repository.checks.iter().find(|check| check.id == id);
    let check = found.ok_or_else(Refusal::not_found)?;
    Ok(Response::json(200, &shape::check::run(call.world, repository, check)))
}

/// `PATCH /repos/{owner}/{repo}/check-runs/{id}`
pub(super) fn update(call: &mut Call<'_>, (owner, name): At<'_>, id: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Write)?;
    let body = call.body.clone();
    let found = call.world.repository_mut(&key)?.checks.iter_mut().find(|check| check.id == id);
    let check = found.ok_or_else(Refusal::not_found)?;
    merge(check, &body)?;
    let check = check.clone();
    Ok(Response::json(200, &shape::check::run(call.world, call.world.repository(&key)?, &check)))
}

/// `GET /repos/{owner}/{repo}/commits/{ref}/check-runs`
pub(super) fn list(call: &Call<'_>, (owner, name): At<'_>, revision: &str) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let repository = call.world.repository(&key)?;
    let commit = store::commit(&store::open(&repository.path)?, revision)?.id().to_string();
    let wanted = call.query.get("check_name");
    let fits = |check: &&Check| {
        check.given["head_sha"] == commit.as_str()
            && wanted.is_none_or(|name| check.given["name"] == name.as_str())
    };
    let runs: Vec<Value> = repository
        .checks
        .iter()
        .filter(fits)
        .map(|check| shape::check::run(call.world, repository, check))
        .collect();
    Ok(call.page_of("check_runs", &runs, json!({})))
}

fn merge(check: &mut Check, body: &Value) -> Result<(), Refusal> {
    let annotations = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
    if annotations.len() > MOST_ANNOTATIONS {
        let message = "No subschema in \"oneOf\" matched. More than 50 items were supplied.";
        return Err(Refusal::custom("CheckRun", message));
    }
    check.annotations.extend(annotations);
    for (name, value) in body.as_object().into_iter().flatten() {
        check.given[name] = value.clone();
    }
    if let Some(output) = check.given["output"].as_object_mut() {
        output.remove("annotations");
    }
    Ok(())
}
