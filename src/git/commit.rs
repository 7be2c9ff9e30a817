//! A commit made in memory: a base with some files changed, and the pack that carries it to a server.

use anyhow::{Context as _, Result, bail};
use caulk_transforms::path::RepoPath;
use git2::{Buf, FileMode, ObjectType, Oid, Repository, Signature, Time, Tree, build::TreeUpdateBuilder};

use super::{
    sign::{self, Signing},
    snapshot::Mode,
    store::Store,
};

/// Somebody who makes commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address for electronic mail.
    pub email: String,
}

/// All that a commit says beside its files.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The commit that it changes.
    pub parent: Oid,
    /// Subject and text.
    pub message: &'a str,
    /// Who made the change.
    pub author: &'a Person,
    /// Who makes the commit.
    pub committer: &'a Person,
    /// When, in seconds since 1970.
    pub seconds: i64,
    /// Whether a line says that the committer signs off.
    pub sign_off: bool,
    /// How it is signed, if it is.
    pub signing: Option<&'a Signing>,
}

/// A commit that is in no repository yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The commit.
    pub commit: Oid,
    /// Its tree.
    pub tree: Oid,
    /// Every object of it that its parent does not have.
    pub pack: Vec<u8>,
}

/// Makes a commit whose files are those of its parent, with other contents for some. Their modes are kept. Nothing is written to
/// the disk.
///
/// # Errors
/// If one of the files is no regular file of the parent, the draft cannot be a commit, or the signing program fails.
pub fn build(store: &Store, files: &[(&RepoPath, &[u8])], draft: &Draft<'_>) -> Result<Built> {
    let repository = store.repository()?;
    let objects = repository.odb()?;
    let _memory = objects.add_new_mempack_backend(1000)?;
    let parent = repository.find_commit(draft.parent).context("the parent commit is not there")?;
    let base = parent.tree()?;
    let mut update = TreeUpdateBuilder::new();
    for (path, content) in files {
        let entry = base.get_path(path.as_str().as_ref()).ok();
        let mode = entry.and_then(|entry| Mode::of(u32::try_from(entry.filemode_raw()).ok()?));
        let mode = match mode {
            Some(Mode::File) => FileMode::Blob,
            Some(Mode::Executable) => FileMode::BlobExecutable,
            _ => bail!("{path} is no regular file of the commit {}", draft.parent),
        };
        update.upsert(path.as_str(), repository.blob(content)?, mode);
    }
    let tree = update.create_updated(&repository, &base)?;
    let content = repository.commit_create_buffer(
        &signature(draft.author, draft.seconds)?,
        &signature(draft.committer, draft.seconds)?,
        &message(draft),
        &repository.find_tree(tree)?,
        &[&parent],
    )?;
    let commit = match draft.signing {
        None => objects.write(ObjectType::Commit, &content)?,
        Some(signing) => {
            let signature = sign::sign(signing, &content)?;
            let text = std::str::from_utf8(&content).context("the commit is not UTF-8 text")?;
            repository.commit_signed(text, &signature, Some("gpgsig"))?
        }
    };
    let mut new = vec![commit];
    added(&repository, Some(&base), &repository.find_tree(tree)?, &mut new)?;
    Ok(Built { commit, tree, pack: pack(&repository, &new)? })
}

fn signature(person: &Person, seconds: i64) -> Result<Signature<'static>> {
    // git would take them apart at these, and read something else.
    let torn = |text: &str| text.contains(['<', '>']) || text.chars().any(char::is_control);
    if torn(&person.name) || torn(&person.email) {
        bail!(
            "the name or the address of `{}` holds a letter that git does not allow",
            person.name.escape_debug()
        );
    }
    Signature::new(&person.name, &person.email, &Time::new(seconds, 0))
        .with_context(|| format!("`{}` cannot make commits", person.name))
}

fn message(draft: &Draft<'_>) -> String {
    let allowed = |letter: &char| !letter.is_control() || matches!(letter, '\n' | '\t');
    let text: String = draft.message.chars().filter(allowed).collect();
    let mut text = text.trim_end().to_owned();
    if draft.sign_off {
        let line = format!("Signed-off-by: {} <{}>", draft.committer.name, draft.committer.email);
        let last = text.rsplit("\n\n").next().unwrap_or_default();
        let trailers = text.contains("\n\n") && last.lines().all(is_trailer);
        if !last.lines().any(|each| each == line) {
            text.push_str(if trailers { "\n" } else { "\n\n" });
            text.push_str(&line);
        }
    }
    text.push('\n');
    text
}

/// Tells whether a line is `Some-Key: value`.
fn is_trailer(line: &str) -> bool {
    let key = line.split_once(": ").map(|(key, _)| key);
    key.is_some_and(|key| {
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// Collects the objects of a tree that another does not have at the same place.
fn added(
    repository: &Repository,
    old: Option<&Tree<'_>>,
    new: &Tree<'_>,
    found: &mut Vec<Oid>,
) -> Result<()> {
    if old.is_some_and(|old| old.id() == new.id()) {
        return Ok(());
    }
    found.push(new.id());
    for entry in new {
        let before = old.and_then(|old| old.get_name_bytes(entry.name_bytes()));
        if before.as_ref().is_some_and(|before| before.id() == entry.id()) {
            continue;
        }
        match entry.kind() {
            Some(ObjectType::Tree) => {
                let before = before.and_then(|before| repository.find_tree(before.id()).ok());
                added(repository, before.as_ref(), &repository.find_tree(entry.id())?, found)?;
            }
            Some(ObjectType::Blob) => found.push(entry.id()),
            _ => {}
        }
    }
    Ok(())
}

fn pack(repository: &Repository, objects: &[Oid]) -> Result<Vec<u8>> {
    let mut builder = repository.packbuilder()?;
    builder.set_threads(1);
    for id in objects {
        builder.insert_object(*id, None)?;
    }
    let mut bytes = Buf::new();
    builder.write_buf(&mut bytes)?;
    Ok(bytes.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_off_stands_once_and_among_the_trailers() {
        let person = Person { name: "A".to_owned(), email: "a@x".to_owned() };
        let told = |text: &str| {
            message(&Draft {
                parent: Oid::ZERO_SHA1,
                message: text,
                author: &person,
                committer: &person,
                seconds: 0,
                sign_off: true,
                signing: None,
            })
        };
        let line = "Signed-off-by: A <a@x>\n";
        assert_eq!(told("fix: x"), format!("fix: x\n\n{line}"));
        assert_eq!(told("fix: x\n\nwhy\n"), format!("fix: x\n\nwhy\n\n{line}"));
        assert_eq!(told("fix: x\n\nRefs: 1\n"), format!("fix: x\n\nRefs: 1\n{line}"));
        assert_eq!(told(&format!("fix: x\n\n{line}")), format!("fix: x\n\n{line}"));
    }

    #[test]
    fn a_person_cannot_forge_another() {
        for name in ["A <b@x>", "A\nauthor B", ""] {
            let person = Person { name: name.to_owned(), email: "a@x".to_owned() };
            assert!(signature(&person, 0).is_err(), "{name:?}");
        }
    }
}
