//! Repositories that lie on this machine.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};

use super::{
    plan::{Failure, FailureKind},
    source::{Candidate, Fetch, Head, Listed, Opened, Source},
};
use crate::git::{Store, origin};

/// How many folders are told of at a time.
const PAGE: usize = 100;

/// Folders, each of which is a git repository, with or without a work tree. What is committed there counts.
#[derive(Debug)]
pub struct Folders {
    open: std::vec::IntoIter<PathBuf>,
}

impl Folders {
    /// Names the folders.
    #[must_use]
    pub fn new(mut folders: Vec<PathBuf>) -> Self {
        folders.sort();
        folders.dedup();
        Self { open: folders.into_iter() }
    }
}

impl Source for Folders {
    fn next(&mut self) -> Result<Option<Vec<Listed>>> {
        let page: Vec<Listed> = self.open.by_ref().take(PAGE).map(|folder| listed(&folder)).collect();
        Ok(Some(page).filter(|page| !page.is_empty()))
    }
}

fn listed(folder: &Path) -> Listed {
    let name = folder.display().to_string();
    match head(folder) {
        Ok(head) => Listed::Repository(Box::new(Candidate {
            id: format!("local:{name}"),
            name,
            url: None,
            addresses: open(folder).map(|store| origin::addresses(&store)).unwrap_or_default(),
            topics: Vec::new(),
            archived: false,
            fork: false,
            head,
            pull: None,
        })),
        Err(error) => Listed::Failed { name, failure: corrupt(&error) },
    }
}

fn head(folder: &Path) -> Result<Option<Head>> {
    let repository = open(folder)?.repository()?;
    let head = match repository.head() {
        Ok(head) => head,
        Err(error) if error.code() == git2::ErrorCode::UnbornBranch => return Ok(None),
        Err(error) => return Err(error).context("its HEAD leads nowhere"),
    };
    let commit = head.peel_to_commit().context("its HEAD is no commit")?.id();
    let branch = head.shorthand().unwrap_or("HEAD").to_owned();
    Ok(Some(Head { branch, commit }))
}

/// Opens the folder's `.git`, or the folder itself.
fn open(folder: &Path) -> Result<Store> {
    let inner = folder.join(".git");
    Store::open(if inner.exists() { &inner } else { folder })
}

fn corrupt(error: &anyhow::Error) -> Failure {
    Failure { kind: FailureKind::Corrupt, reason: format!("{error:#}") }
}

/// Opens the folders that [`Folders`] told of.
#[derive(Debug, Clone, Copy)]
pub struct Here;

impl Fetch for Here {
    fn fetch(&self, candidate: &Candidate, _: u64) -> Result<Opened, Failure> {
        let store = open(Path::new(&candidate.name)).map_err(|error| corrupt(&error))?;
        let missing = || Failure { kind: FailureKind::Empty, reason: "it has no commit".to_owned() };
        let head = candidate.head.as_ref().ok_or_else(missing)?;
        Ok(Opened { store: Arc::new(store), commit: head.commit, bytes: 0 })
    }
}
