//! What follows when a branch has moved: pull requests take up new commits, close, or turn out to be merged.

use crate::{
    refusal::Refusal,
    state::{Pull, World},
    store,
};

/// How a pull request stands to its branches.
enum Standing {
    /// Its branch is gone.
    Gone,
    /// Its branch is at this commit, with something of its own.
    Ahead(String),
    /// Everything of its branch is in the base.
    Contained(String),
}

/// Looks at every open pull request that has to do with the repository.
pub(crate) fn moved(world: &mut World, key: &str, actor: &str) -> Result<(), Refusal> {
    let concerned: Vec<(String, u64)> = world
        .repositories
        .values()
        .flat_map(|repository| repository.pulls.values().map(|pull| (repository.key(), pull)))
        .filter(|(base, pull)| pull.open && (base == key || pull.head_repository == key))
        .map(|(base, pull)| (base, pull.number))
        .collect();
    for (base, number) in concerned {
        follow(world, &base, number, actor)?;
    }
    Ok(())
}

fn follow(world: &mut World, key: &str, number: u64, actor: &str) -> Result<(), Refusal> {
    let pull = world.pull(key, number)?.clone();
    let repository = store::open(&world.repository(key)?.path)?;
    let Some(base) = store::branch(&repository, &pull.base_branch) else {
        return close(world, key, number, actor);
    };
    let head_moved = |now: &str| now != pull.head;
    match standing(world, &repository, &pull, &base)? {
        Standing::Gone => close(world, key, number, actor)?,
        // Commits that came to the base by a push count as merged; a branch that was put back to the base does not.
        Standing::Contained(now) if !head_moved(&now) && base != pull.base => {
            merged(world, key, number, actor, &base)?;
        }
        Standing::Contained(now) => {
            world.pull_mut(key, number)?.head = now;
            close(world, key, number, actor)?;
        }
        Standing::Ahead(now) => {
            let changed = head_moved(&now);
            let time = world.now();
            let pull = world.pull_mut(key, number)?;
            (pull.head, pull.base) = (now, base);
            if changed {
                pull.updated_at = time;
                outdate(pull, &repository)?;
            }
        }
    }
    Ok(())
}

fn standing(
    world: &World,
    repository: &git2::Repository,
    pull: &Pull,
    base: &str,
) -> Result<Standing, Refusal> {
    let Some(head) = branch_of(world, &pull.head_repository, &pull.head_branch)? else {
        return Ok(Standing::Gone);
    };
    keep(world, repository, pull)?;
    let (base, oid) = (store::oid(base)?, store::oid(&head)?);
    let contained = store::merge_base(repository, base, oid) == Some(oid);
    Ok(if contained { Standing::Contained(head) } else { Standing::Ahead(head) })
}

/// Returns the commit of a branch of any repository.
pub(crate) fn branch_of(world: &World, key: &str, branch: &str) -> Result<Option<String>, Refusal> {
    let Ok(repository) = world.repository(key) else { return Ok(None) };
    Ok(store::branch(&store::open(&repository.path)?, branch))
}

/// Keeps the commits of a pull request in the repository that it is for, as `refs/pull/N/head`.
pub(crate) fn keep(world: &World, repository: &git2::Repository, pull: &Pull) -> Result<(), Refusal> {
    let from = &world.repository(&pull.head_repository)?.path;
    store::bring(repository, from, &pull.head_branch, &format!("refs/pull/{}/head", pull.number))
}

pub(crate) fn close(world: &mut World, key: &str, number: u64, actor: &str) -> Result<(), Refusal> {
    let time = world.now();
    let pull = world.pull_mut(key, number)?;
    pull.open = false;
    pull.closed_at = Some(time);
    world.record(key, number, actor, "closed", None);
    Ok(())
}

pub(crate) fn merged(
    world: &mut World,
    key: &str,
    number: u64,
    actor: &str,
    commit: &str,
) -> Result<(), Refusal> {
    let time = world.now();
    let pull = world.pull_mut(key, number)?;
    pull.merged_at = Some(time);
    pull.merge_commit = Some(commit.to_owned());
    pull.merged_by = Some(actor.to_owned());
    world.record(key, number, actor, "merged", None);
    close(world, key, number, actor)
}

/// Comments stay where their lines are unchanged, and are outdated elsewhere.
fn outdate(pull: &mut Pull, repository: &git2::Repository) -> Result<(), Refusal> {
    let head = pull.head.clone();
    for comment in &mut pull.review_comments {
        let now = store::file(repository, &head, &comment.path).ok();
        let then = store::file(repository, &comment.commit, &comment.path).ok();
        let lines = |file: &Option<(Vec<u8>, String)>| {
            let text = String::from_utf8_lossy(&file.as_ref()?.0).into_owned();
            let from = comment.start_line.unwrap_or(comment.original_line).saturating_sub(1) as usize;
            let count = comment.original_line as usize - from;
            Some(text.lines().skip(from).take(count).map(str::to_owned).collect::<Vec<_>>())
        };
        let same = lines(&now).is_some() && lines(&now) == lines(&then);
        comment.line = same.then_some(comment.original_line);
    }
    Ok(())
}
