//! Changes into the index, and into the work tree where it has nothing of its own at the same lines.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

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

/// Makes the changes of a run that read the index in the work tree alone, and takes note of what could not be.
pub fn beside(run: &mut Run) {
    let groups = run.groups();
    let mut failed: BTreeMap<RepoPath, String> = BTreeMap::new();
    let mut ready = Vec::new();
    for change in &run.plan.changes {
        let path = run.tree.disk(&change.path);
        match carried(&path, change.before.text().as_bytes(), change.after.as_bytes()) {
            Ok((now, merged)) => ready.push((change, path, now, merged)),
            Err(reason) => _ = failed.insert(change.path.clone(), reason),
        }
    }
    let group = |path: &RepoPath| groups.get(path).copied().unwrap_or_default();
    let broken: BTreeSet<usize> = failed.keys().map(group).collect();
    let (whole, others): (Vec<_>, Vec<_>) =
        ready.into_iter().partition(|(change, ..)| !broken.contains(&group(&change.path)));
    for (change, ..) in others {
        failed.insert(change.path.clone(), "another file of the same fix could not be changed".to_owned());
    }
    let replacements: Vec<Replacement<'_>> = whole
        .iter()
        .map(|(change, path, before, after)| Replacement { path, before, after, group: group(&change.path) })
        .collect();
    let results = write::replace(run.tree.root(), &replacements);
    for ((change, ..), result) in whole.iter().zip(results) {
        if let Err(reason) = result {
            failed.insert(change.path.clone(), reason);
        }
    }
    for (path, reason) in failed {
        run.not_written(&path, &reason);
        run.skipped.push(Skip::new(path.as_str(), Trouble::NotWritten(reason)));
    }
}

/// Brings a change of the index into the work tree, too. Whatever else was changed there stays, and stays unstaged.
fn follow(root: &Path, path: &Path, before: &[u8], after: &[u8]) -> Result<(), String> {
    let (now, merged) = carried(path, before, after)?;
    let replacement = Replacement { path, before: &now, after: &merged, group: 0 };
    write::replace(root, &[replacement]).into_iter().next().unwrap_or(Ok(()))
}

/// Returns what a file of the work tree holds, and what it is to hold with the change.
fn carried(path: &Path, before: &[u8], after: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    let seen = fs::symlink_metadata(path).map_err(|error| reason_of(&error))?;
    if !seen.is_file() || seen.len() > LARGEST {
        return Err("it is no manifest in the work tree".to_owned());
    }
    let now = fs::read(path).map_err(|error| reason_of(&error))?;
    let merged = stage::carry_over(before, after, &now).map_err(|error| format!("{error:#}"))?;
    let Some(merged) = merged.filter(|merged| parses(merged) || !parses(&now)) else {
        return Err("the work tree has changes of its own at the same lines".to_owned());
    };
    Ok((now, merged))
}

fn parses(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| syntax::parse(text).is_ok())
}
