//! The listing of a tree that lies in a git repository's objects, as a walk of its checkout would give it.

use std::{collections::BTreeMap, path::Path};

use caulk_transforms::path::RepoPath;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{CLOSED, Found, Kind, kind_of};
use crate::{
    git::{Mode, Snapshot},
    read::{Skip, Trouble},
};

/// A larger `.gitignore` is none.
pub(super) const RULES_BYTES: u64 = 1 << 20;

/// Lists what lies below one start.
pub(super) fn walk(snapshot: &Snapshot, start: &RepoPath, found: &mut Found) {
    let mut ignored = Ignored::read(snapshot);
    for (path, entry) in snapshot.entries().filter(|(path, _)| path.is_below(start)) {
        if is_closed(path, start) || ignored.covers(path, start) {
            continue;
        }
        match entry.mode {
            Mode::Link => found.skipped.extend(leads_out(path, snapshot.target(entry))),
            Mode::Submodule => found.skipped.push(Skip::new(path.as_str(), Trouble::Submodule)),
            Mode::File | Mode::Executable => match kind_of(path.name().as_bytes(), path == start) {
                Kind::Yaml => found.yaml.push(path.clone()),
                Kind::Attributes => found.attributes.push(path.clone()),
                Kind::Other => found.others.push(path.clone()),
                // A commit that holds one cannot be rid of it here.
                Kind::Temporary => {}
            },
        }
    }
}

fn is_closed(path: &RepoPath, start: &RepoPath) -> bool {
    let inside = path.as_str().strip_prefix(start.as_str()).unwrap_or_default();
    let folders = inside.rsplit_once('/').map_or("", |(folders, _)| folders);
    folders.split('/').any(|folder| CLOSED.iter().any(|closed| folder.eq_ignore_ascii_case(closed)))
}

/// Tells of a link that leads out of the repository, as far as its words say.
fn leads_out(path: &RepoPath, target: Option<String>) -> Option<Skip> {
    let target = target?;
    let inside = !Path::new(&target).has_root() && path.parent().join(&target).is_ok();
    (!inside).then(|| Skip::new(path.as_str(), Trouble::LinkOutside(target)))
}

/// The `.gitignore` files. A file may be tracked and ignored at once; a walk of the checkout passes it over.
struct Ignored {
    rules: BTreeMap<RepoPath, Gitignore>,
    folders: BTreeMap<RepoPath, bool>,
}

impl Ignored {
    fn read(snapshot: &Snapshot) -> Self {
        let mut rules = BTreeMap::new();
        let mut buffer = Vec::new();
        let files =
            snapshot.entries().filter(|(path, entry)| path.name() == ".gitignore" && entry.mode.is_file());
        for (path, _) in files {
            if snapshot.read(path, RULES_BYTES, &mut buffer).is_ok() {
                let folder = path.parent();
                let mut builder = GitignoreBuilder::new(folder.as_str());
                for line in String::from_utf8_lossy(&buffer).trim_start_matches('\u{feff}').lines() {
                    // A malformed pattern matches nothing in git either.
                    let _ = builder.add_line(None, line);
                }
                rules.insert(folder, builder.build().unwrap_or_else(|_| Gitignore::empty()));
            }
        }
        Self { rules, folders: BTreeMap::new() }
    }

    /// Tells whether a walk that begins at `start` never gets to the file. The start itself is looked at in any case.
    fn covers(&mut self, path: &RepoPath, start: &RepoPath) -> bool {
        !self.rules.is_empty()
            && path != start
            && (self.covers_folder(&path.parent(), start) || self.matches(path, false))
    }

    fn covers_folder(&mut self, folder: &RepoPath, start: &RepoPath) -> bool {
        if folder == start || !folder.is_below(start) {
            return false;
        }
        if let Some(known) = self.folders.get(folder) {
            return *known;
        }
        let covered = self.covers_folder(&folder.parent(), start) || self.matches(folder, true);
        self.folders.insert(folder.clone(), covered);
        covered
    }

    /// Asks the rules of the folders above, the nearest first.
    fn matches(&self, path: &RepoPath, is_folder: bool) -> bool {
        let mut folder = path.parent();
        loop {
            if let Some(rules) = self.rules.get(&folder) {
                let matched = rules.matched(path.as_str(), is_folder);
                if !matched.is_none() {
                    return matched.is_ignore();
                }
            }
            if folder.as_str().is_empty() {
                return false;
            }
            folder = folder.parent();
        }
    }
}
