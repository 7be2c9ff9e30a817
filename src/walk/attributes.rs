//! Files that `.gitattributes` marks as generated or vendored.

use std::path::{Path, PathBuf};

use caulk_transforms::{model::Protection, path::RepoPath};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::Tree;
use crate::read::Skip;

/// The attributes that the forges and linguist understand.
const GENERATED: &str = "linguist-generated";
const VENDORED: &str = "linguist-vendored";

/// A larger file of attributes is none; git's own limit is 100 MB, which nobody wants to match against.
const LARGEST: u64 = 4 << 20;

/// What the `.gitattributes` files of a tree say, the deepest file first.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    folders: Vec<(PathBuf, Gitignore, Gitignore)>,
    root: PathBuf,
}

impl Attributes {
    /// Reads the files.
    pub(super) fn read(tree: &Tree, files: &[RepoPath], skipped: &mut Vec<Skip>) -> Self {
        let mut folders = Vec::new();
        let mut buffer = Vec::new();
        for file in files {
            if let Err(trouble) = tree.load(file, LARGEST, &mut buffer) {
                skipped.push(Skip::new(file.as_str(), trouble));
                continue;
            }
            let text = String::from_utf8_lossy(&buffer);
            let folder = &tree.disk(&file.parent());
            let generated = lines_with(folder, &text, GENERATED);
            let vendored = lines_with(folder, &text, VENDORED);
            if !generated.is_empty() || !vendored.is_empty() {
                folders.push((folder.to_owned(), generated, vendored));
            }
        }
        folders.sort_by_key(|(folder, ..)| std::cmp::Reverse(folder.components().count()));
        Self { folders, root: tree.root().to_owned() }
    }

    /// Returns why the file must not be edited.
    pub(super) fn protection(&self, path: &RepoPath) -> Option<Protection> {
        if self.folders.is_empty() {
            return None;
        }
        let path = self.root.join(path.as_str());
        let says = |generated: bool| {
            let above = self.folders.iter().filter(|(folder, ..)| path.starts_with(folder));
            above
                .map(|(_, generates, vendors)| if generated { generates } else { vendors })
                .map(|patterns| patterns.matched_path_or_any_parents(&path, false))
                .find(|matched| !matched.is_none())
                .is_some_and(|matched| matched.is_ignore())
        };
        if says(true) {
            return Some(Protection::Generated(format!("{GENERATED} in .gitattributes")));
        }
        says(false).then(|| Protection::Vendored(format!("{VENDORED} in .gitattributes")))
    }
}

/// Collects the patterns that set the attribute; one that unsets it comes in as an exception.
fn lines_with(folder: &Path, text: &str, attribute: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let Some(pattern) = words.next().filter(|word| !word.starts_with(['#', '!', '['])) else { continue };
        for word in words {
            let set = match word.strip_prefix(attribute) {
                Some("" | "=true") => true,
                Some("=false") => false,
                _ if word.strip_prefix(['-', '!']) == Some(attribute) => false,
                _ => continue,
            };
            let line = if set { pattern.to_owned() } else { format!("!{pattern}") };
            // A malformed pattern matches nothing in git either.
            let _ = builder.add_line(None, &line);
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
