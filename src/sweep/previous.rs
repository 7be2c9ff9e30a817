//! What earlier plans know, as an index into their files: contents stay on the disk until they are wanted.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use super::{
    lines::{self, Spot},
    plan::{Entry, Line, VERSION},
};

/// As much of a line as an index needs. Changed contents and evidence are passed over without being kept.
#[derive(Debug, Deserialize)]
pub(super) struct Glance {
    /// The kind of the line.
    pub(super) kind: String,
    /// The version of the shape.
    pub(super) version: Option<u32>,
    /// The repository's identity.
    pub(super) id: Option<String>,
    /// The repository's name.
    pub(super) name: Option<String>,
    /// What it rests on.
    pub(super) key: Option<String>,
}

/// Where the entries of plans stand, by the repositories' identities.
#[derive(Debug, Default)]
pub struct Previous {
    files: Vec<PathBuf>,
    entries: BTreeMap<String, Known>,
}

#[derive(Debug)]
struct Known {
    key: String,
    file: usize,
    spot: Spot,
}

impl Previous {
    /// Adds what a plan knows, finished or not. A plan of another version of the shape is of no use and adds nothing.
    ///
    /// # Errors
    /// If the file cannot be read or is no plan.
    pub fn add(&mut self, path: &Path) -> Result<()> {
        let file = self.files.len();
        self.files.push(path.to_owned());
        let mut known = false;
        lines::read(path, |line: Glance, spot| {
            if line.kind == "plan" {
                known = line.version == Some(VERSION);
            } else if let (true, Some(id)) = (known, line.id) {
                match line.key {
                    Some(key) => _ = self.entries.insert(id, Known { key, file, spot }),
                    // What failed later is not known any more.
                    None => _ = self.entries.remove(&id),
                }
            }
            Ok(())
        })
    }

    /// Returns what is known of a repository, if it rests on the same things.
    ///
    /// # Errors
    /// If the plan was changed meanwhile.
    pub fn take(&mut self, id: &str, key: &str) -> Result<Option<Entry>> {
        let Some(known) = self.entries.remove(id).filter(|known| known.key == key) else { return Ok(None) };
        let path = self.files.get(known.file).context("a plan without a file")?;
        match lines::read_at(path, known.spot)? {
            Line::Repository(entry) if entry.id == id => Ok(Some(*entry)),
            _ => bail!("{} was changed meanwhile", path.display()),
        }
    }
}
