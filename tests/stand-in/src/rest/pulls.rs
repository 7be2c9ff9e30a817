//! Pull requests.

use serde_json::Value;

use super::{At, issues};
use crate::{
    call::{Call, Outcome, visible},
    http::Response,
    identity::{Access, Kind},
    refusal::Refusal,
    shape,
    state::Pull,
    store, sync,
};

/// `GET /repos/{owner}/{repo}/pulls`
pub(super) fn list(call: &Call<'_>, (owner, name): At<'_>) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let at = call.world.repository(&key)?;
    let asked = |name: &str| call.query.get(name).map(String::as_str);
    let fits = |pull: &&Pull| {
        let state = match asked("state") {
            None | Some("open") => pull.open,
            Some("closed") => !pull.open,
            _ => true,
        };
        // A filter without a colon is ignored.
        let head = asked("head").and_then(|head| head.split_once(':')).is_none_or(|(owner, branch)| {
            let here = pull.head_repository.split('/').next().unwrap_or_default();
            here.eq_ignore_ascii_case(owner) && pull.head_branch == branch
        });
        state && head && asked("base").is_none_or(|base| pull.base_branch == base)
    };
    let mut found: Vec<&Pull> = at.pulls.values().filter(fits).collect();
    // Without a word on the order the newest come first; with `sort` alone as well.
    if asked("direction") != Some("asc") {
        found.reverse();
    }
    let found: Vec<Value> =
        found.into_iter().map(|pull| shape::pull::simple(call.world, at, pull, call.identity)).collect();
    Ok(call.page(&found))
}

/// `GET /repos/{owner}/{repo}/pulls/{number}`
pub(super) fn get(call: &Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    answer(call, &key, number, 200)
}

fn answer(call: &Call<'_>, key: &str, number: u64, status: u16) -> Outcome {
    let (at, pull) = (call.world.repository(key)?, call.world.pull(key, number)?);
    Ok(Response::json(status, &shape::pull::full(call.world, at, pull, call.identity)))
}

/// `POST /repos/{owner}/{repo}/pulls`
pub(super) fn create(call: &mut Call<'_>, (owner, name): At<'_>) -> Outcome {
    // A person who may read may open a pull request of a fork; an App needs the permission.
    let wanted = if call.identity.kind == Kind::Person { Access::Read } else { Access::Write };
    let key = call.repository(owner, name, wanted)?;
    let at = call.world.repository(&key)?;
    if call.identity.kind == Kind::Actions && !at.actions_may_open_pulls {
        let message = "GitHub Actions is not permitted to create or approve pull requests.";
        return Err(Refusal::new(403, message));
    }
    let (title, base) = (call.wanted("PullRequest", "title")?, call.wanted("PullRequest", "base")?);
    let body = call.text("body").unwrap_or_default().to_owned();
    issues::checked("PullRequest", &body)?;
    let (head_repository, head_branch) = head(call, &key)?;
    let may_push = visible(call.world, call.identity, &head_repository, Access::Write).is_ok();
    if !may_push {
        return Err(crate::call::forbidden(call.identity));
    }
    let pull =
        compared(call, &key, Pull { base_branch: base, head_repository, head_branch, ..Pull::default() })?;
    let now = call.world.now();
    let pull = Pull {
        id: call.world.next(),
        title,
        body,
        author: call.identity.login.clone(),
        draft: call.flag("draft"),
        open: true,
        maintainer_can_modify: call.flag("maintainer_can_modify") && pull.head_repository != key,
        created_at: now.clone(),
        updated_at: now,
        ..pull
    };
    let number = pull.number;
    call.world.repository_mut(&key)?.pulls.insert(number, pull);
    answer(call, &key, number, 201)
}

/// Finds the repository and the branch that `head` names.
fn head(call: &Call<'_>, key: &str) -> Result<(String, String), Refusal> {
    let invalid = || Refusal::invalid("PullRequest", "head", "invalid");
    let head = call.wanted("PullRequest", "head")?;
    let Some((owner, branch)) = head.split_once(':') else { return Ok((key.to_owned(), head)) };
    let at = call.world.repository(key)?;
    let named = call.text("head_repo").map(|name| name.rsplit('/').next().unwrap_or(name));
    let kin = call.world.repositories.values().find(|other| {
        let family =
            other.key() == key || other.fork_of.as_deref() == Some(key) || at.fork_of == Some(other.key());
        family && other.owner.eq_ignore_ascii_case(owner) && named.is_none_or(|name| other.name == name)
    });
    Ok((kin.ok_or_else(invalid)?.key(), branch.to_owned()))
}

/// Fills in the commits of a pull request, if there can be one.
fn compared(call: &Call<'_>, key: &str, pull: Pull) -> Result<Pull, Refusal> {
    let invalid = |field: &str| Refusal::invalid("PullRequest", field, "invalid");
    let at = call.world.repository(key)?;
    let git = store::open(&at.path)?;
    let base = store::branch(&git, &pull.base_branch).ok_or_else(|| invalid("base"))?;
    let head = sync::branch_of(call.world, &pull.head_repository, &pull.head_branch)?;
    let head = head.ok_or_else(|| invalid("head"))?;
    let owner = pull.head_repository.split('/').next().unwrap_or_default();
    let same = |other: &&Pull| {
        other.open
            && other.head_repository == pull.head_repository
            && other.head_branch == pull.head_branch
            && other.base_branch == pull.base_branch
    };
    if at.pulls.values().any(|other| same(&other)) {
        let message = format!("A pull request already exists for {owner}:{}.", pull.head_branch);
        return Err(Refusal::custom("PullRequest", &message));
    }
    let number = at.pulls.keys().last().copied().unwrap_or(0) + 1;
    let pull = Pull { number, head, base, ..pull };
    sync::keep(call.world, &git, &pull)?;
    let (base, head) = (store::oid(&pull.base)?, store::oid(&pull.head)?);
    if store::between(&git, base, head)?.is_empty() {
        let message = format!("No commits between {} and {}", pull.base_branch, pull.head_branch);
        return Err(Refusal::custom("PullRequest", &message));
    }
    Ok(pull)
}

/// `PATCH /repos/{owner}/{repo}/pulls/{number}`
pub(super) fn update(call: &mut Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let (actor, now) = (call.identity.login.clone(), call.world.now());
    let author = call.world.pull(&key, number)?.author.clone();
    let own = author == actor && call.identity.kind == Kind::Person;
    if !own && call.identity.may(owner, &key) < Access::Write {
        return Err(crate::call::forbidden(call.identity));
    }
    let text = |name: &str| call.body.get(name).and_then(Value::as_str).map(str::to_owned);
    let (title, body, state) = (text("title"), text("body"), text("state"));
    issues::checked("PullRequest", body.as_deref().unwrap_or_default())?;
    if state.as_deref() == Some("open") && !call.world.pull(&key, number)?.open {
        reopen(call, &key, number)?;
    }
    let pull = call.world.pull_mut(&key, number)?;
    let renamed = title.as_ref().is_some_and(|title| *title != pull.title);
    let old = std::mem::take(&mut pull.title);
    pull.title = title.unwrap_or_else(|| old.clone());
    pull.body = body.unwrap_or_else(|| std::mem::take(&mut pull.body));
    pull.updated_at = now;
    let closes = pull.open && state.as_deref() == Some("closed");
    if renamed {
        call.world.record(&key, number, &actor, "renamed", Some(&old));
    }
    if closes {
        sync::close(call.world, &key, number, &actor)?;
    }
    answer(call, &key, number, 200)
}

fn reopen(call: &mut Call<'_>, key: &str, number: u64) -> Result<(), Refusal> {
    let pull = call.world.pull(key, number)?.clone();
    let head = sync::branch_of(call.world, &pull.head_repository, &pull.head_branch)?;
    let cannot = |why: &str| Refusal::custom("PullRequest", &format!("state cannot be changed. {why}"));
    if pull.merged_at.is_some() {
        return Err(cannot("The pull request cannot be reopened."));
    }
    let Some(head) = head else {
        return Err(cannot(&format!("The {} branch has been deleted.", pull.head_branch)));
    };
    let git = store::open(&call.world.repository(key)?.path)?;
    sync::keep(call.world, &git, &pull)?;
    let forward = store::merge_base(&git, store::oid(&pull.head)?, store::oid(&head)?);
    if forward.map(|oid| oid.to_string()).as_ref() != Some(&pull.head) {
        return Err(cannot(&format!("The {} branch was force-pushed or recreated.", pull.head_branch)));
    }
    let actor = call.identity.login.clone();
    let pull = call.world.pull_mut(key, number)?;
    (pull.open, pull.head, pull.closed_at) = (true, head, None);
    call.world.record(key, number, &actor, "reopened", None);
    Ok(())
}

/// `GET /repos/{owner}/{repo}/pulls/{number}/files`
pub(super) fn files(call: &Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Read)?;
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    let files = diff(at, pull)?;
    let api = shape::repository::api(call.world, at);
    let files: Vec<Value> =
        files.iter().take(3000).map(|file| shape::commit::file(&api, &pull.head, file)).collect();
    Ok(call.page(&files))
}

/// Returns what a pull request changes.
pub(super) fn diff(at: &crate::state::Repository, pull: &Pull) -> Result<Vec<store::FileDiff>, Refusal> {
    let git = store::open(&at.path)?;
    store::diff(&git, store::oid(&pull.base)?, store::oid(&pull.head)?)
}

/// `POST /repos/{owner}/{repo}/pulls/{number}/requested_reviewers`
pub(super) fn request(call: &mut Call<'_>, (owner, name): At<'_>, number: u64) -> Outcome {
    let key = call.repository(owner, name, Access::Write)?;
    let actor = call.identity.login.clone();
    let author = call.world.pull(&key, number)?.author.clone();
    let people = call.texts("reviewers");
    if people.contains(&author) {
        return Err(Refusal::review("Review cannot be requested from pull request author."));
    }
    let stranger = |login: &&String| !call.world.accounts.contains_key(&login.to_ascii_lowercase());
    if people.iter().any(|login| stranger(&login)) {
        let message = "Reviews may only be requested from collaborators.";
        return Err(Refusal::review(message));
    }
    let teams = call.texts("team_reviewers").into_iter().map(|team| format!("team:{team}"));
    for reviewer in people.into_iter().chain(teams) {
        let pull = call.world.pull_mut(&key, number)?;
        if !pull.reviewers.contains(&reviewer) {
            pull.reviewers.push(reviewer.clone());
            call.world.record(&key, number, &actor, "review_requested", Some(&reviewer));
        }
    }
    let (at, pull) = (call.world.repository(&key)?, call.world.pull(&key, number)?);
    Ok(Response::json(201, &shape::pull::simple(call.world, at, pull, call.identity)))
}
