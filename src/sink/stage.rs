//! Changes into the index, and into the work tree where it has nothing of its own at the same lines.

use std::{fs, path::Path};

use anyhow::Result;
use caulk_transforms::{path::RepoPath, syntax};

use super::write::{self, Replacement};
use crate::{
    git::{
        Store,
        stage::{self, Staging},
    },
    read::{LARGEST, Skip, Trouble},
    run::Run,
    walk::reason_of,
};

/// Stages the changes of a run that read the index, and takes note of what could not be.
///
/// # Errors
/// If the index cannot be read or written; then nothing has changed.
pub fn stage(run: &mut Run) -> Result<()> {
    let (store, inside) = Store::around(run.tree.root())?;
    let groups = run.groups();
    let paths: Vec<RepoPath> =
        run.plan.changes.iter().map(|change| inside.join(change.path.as_str())).collect::<Result<_, _>>()?;
    let stagings: Vec<Staging<'_>> = run
        .plan
        .changes
        .iter()
        .zip(&paths)
        .map(|(change, path)| Staging {
            path,
            before: change.before.text().as_bytes(),
            after: change.after.as_bytes(),
            group: groups.get(&change.path).copied().unwrap_or_default(),
        })
        .collect();
    let staged = stage::replace(&store, &stagings)?;
    let (mut failed, mut alone) = (Vec::new(), Vec::new());
    for (change, staged) in run.plan.changes.iter().zip(staged) {
        if !staged {
            failed.push((change.path.clone(), "it was staged anew after caulk had read it".to_owned()));
        } else if let Err(reason) = follow(
            run.tree.root(),
            &run.tree.disk(&change.path),
            change.before.text().as_bytes(),
            change.after.as_bytes(),
        ) {
            alone.push(Skip::new(change.path.as_str(), Trouble::IndexAlone(reason)));
        }
    }
    for (path, reason) in failed {
        run.not_written(&path, &reason);
        run.skipped.push(Skip::new(path.as_str(), Trouble::NotWritten(reason)));
    }
    run.skipped.extend(alone);
    Ok(())
}

/// Brings a change of the index into the work tree, too. Whatever else was changed there stays, and stays unstaged.
fn follow(root: &Path, path: &Path, before: &[u8], after: &[u8]) -> Result<(), String> {
    let seen = fs::symlink_metadata(path).map_err(|error| reason_of(&error))?;
    if !seen.is_file() || seen.len() > LARGEST {
        return Err("it is no manifest in the work tree".to_owned());
    }
    let now = fs::read(path).map_err(|error| reason_of(&error))?;
    let merged = stage::carry_over(before, after, &now).map_err(|error| format!("{error:#}"))?;
    let Some(merged) = merged.filter(|merged| parses(merged) || !parses(&now)) else {
        return Err("the work tree has changes of its own at the same lines".to_owned());
    };
    let replacement = Replacement { path, before: &now, after: &merged, group: 0 };
    write::replace(root, &[replacement]).into_iter().next().unwrap_or(Ok(()))
}

fn parses(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| syntax::parse(text).is_ok())
}
