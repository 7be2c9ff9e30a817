//! New contents for files of the index.

use anyhow::{Context as _, Result};
use caulk_transforms::path::RepoPath;
use git2::{MergeFileInput, ObjectType, Oid, merge_file};

use super::{snapshot::index_of, store::Store};

/// A file of the index to be replaced.
#[derive(Debug, Clone, Copy)]
pub struct Staging<'a> {
    /// Its path from the repository's root.
    pub path: &'a RepoPath,
    /// What it must hold, or else it is left alone.
    pub before: &'a [u8],
    /// What it is to hold.
    pub after: &'a [u8],
    /// Files with the same number are replaced all or none.
    pub group: usize,
}

/// Replaces contents in the index, modes kept, in one step. Returns in order whether each was replaced; not those that somebody staged
/// anew in the meantime, nor the others of their groups.
///
/// # Errors
/// If the index cannot be read or written, as while another git command holds its lock. Then it is as it was.
pub fn replace(store: &Store, files: &[Staging<'_>]) -> Result<Vec<bool>> {
    let repository = store.repository()?;
    let mut index = index_of(&repository)?;
    let holds = |file: &Staging<'_>| -> Result<bool> {
        let seen = Oid::hash_object(ObjectType::Blob, file.before)?;
        Ok(index.get_path(file.path.as_str().as_ref(), 0).is_some_and(|entry| entry.id == seen))
    };
    let same: Vec<bool> = files.iter().map(holds).collect::<Result<_>>()?;
    let broken: Vec<usize> =
        files.iter().zip(&same).filter(|(_, same)| !**same).map(|(file, _)| file.group).collect();
    let chosen: Vec<bool> = files.iter().map(|file| !broken.contains(&file.group)).collect();
    for (file, _) in files.iter().zip(&chosen).filter(|(_, chosen)| **chosen) {
        let path = file.path.as_str().as_ref();
        let mut entry = index.get_path(path, 0).context("the index changed")?;
        entry.id = repository.blob(file.after)?;
        // What was noted of the file in the work tree holds no more; git looks at it again.
        entry.file_size = 0;
        entry.mtime = git2::IndexTime::new(0, 0);
        entry.ctime = git2::IndexTime::new(0, 0);
        index.add(&entry)?;
    }
    if chosen.contains(&true) {
        index.write().context("failed to write the index")?;
    }
    Ok(chosen)
}

/// Applies the change from `before` to `after` to another text that came from `before`. `None` if that has changes of its
/// own in or next to the same lines.
///
/// # Errors
/// If libgit2 has no memory.
pub fn carry_over(before: &[u8], after: &[u8], other: &[u8]) -> Result<Option<Vec<u8>>> {
    if other == before {
        return Ok(Some(after.to_vec()));
    }
    // A checkout may end the lines of the work tree in another way than those of the index.
    if let (Some(before), Some(after)) = (with_returns(before), with_returns(after))
        && ends_all_lines_with_returns(other)
    {
        return merge(&before, &after, other);
    }
    merge(before, after, other)
}

fn ends_all_lines_with_returns(text: &[u8]) -> bool {
    let mut lines =
        text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).peekable();
    lines.peek().is_some() && lines.all(|line| line.ends_with(b"\r\n"))
}

/// Returns the text with a carriage return before each line feed; `None` if it has one anywhere.
fn with_returns(text: &[u8]) -> Option<Vec<u8>> {
    if text.contains(&b'\r') {
        return None;
    }
    let mut ended = Vec::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(content) => ended.extend([content, b"\r\n"].concat()),
            None => ended.extend(line),
        }
    }
    Some(ended)
}

fn merge(before: &[u8], after: &[u8], other: &[u8]) -> Result<Option<Vec<u8>>> {
    if other == before {
        return Ok(Some(after.to_vec()));
    }
    let (mut base, mut ours, mut theirs) =
        (MergeFileInput::new(), MergeFileInput::new(), MergeFileInput::new());
    base.content(before);
    ours.content(other);
    theirs.content(after);
    let merged = merge_file(&base, &ours, &theirs, None)?;
    Ok(merged.is_automergeable().then(|| merged.content().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_carried_over_only_where_its_lines_are_untouched() {
        // Merging alone does not start libgit2, as opening the repository did before.
        Oid::hash_object(ObjectType::Blob, b"").expect("a hash");
        let carried = |other: &str| {
            let merged = carry_over(b"a\nb\nc\nd\n", b"a\nb\nC\nd\n", other.as_bytes()).expect("a merge");
            merged.map(|bytes| String::from_utf8(bytes).expect("text"))
        };
        assert_eq!(carried("x\na\nb\nc\nd\n").as_deref(), Some("x\na\nb\nC\nd\n"));
        assert_eq!(carried("a\nb\nc\nd\n").as_deref(), Some("a\nb\nC\nd\n"));
        assert_eq!(carried("a\nb\nc!\nd\n"), None);
        assert_eq!(carried(""), None);
        assert_eq!(carried("a\r\nb\r\nc\r\nd\r\n").as_deref(), Some("a\r\nb\r\nC\r\nd\r\n"));
        assert_eq!(carried("x\r\na\r\nb\r\nc\r\nd").as_deref(), None, "its last line is next to the change");
        assert_eq!(carried("x\r\na\r\nb\r\nc\r\nd\r\n").as_deref(), Some("x\r\na\r\nb\r\nC\r\nd\r\n"));
        let mixed = carried("a\r\nb\nc\nd\n");
        assert_eq!(mixed.as_deref(), Some("a\r\nb\nC\nd\n"), "mixed line ends are changes that stay");
        assert_eq!(carried("a\r\nb\r\nc\nd\n"), None, "a line end of its own is next to the change");
    }
}
