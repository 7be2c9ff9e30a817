//! The answers of a run in a file, so that another run gets the same ones without asking anybody.

use std::{collections::BTreeMap, fs, io::Write as _, path::Path};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{
    facts::{ImageFacts, Presence},
    finding::Evidence,
    image::ImageRef,
};
use serde::{Deserialize, Serialize};

/// Answers by the images' references.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    version: u32,
    pub(crate) images: BTreeMap<String, Result<ImageFacts, String>>,
    pub(crate) programs: BTreeMap<String, BTreeMap<String, Presence>>,
    /// Words that a cluster could not start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) crashes: BTreeMap<String, BTreeMap<String, Evidence>>,
}

const VERSION: u32 = 1;

impl Lock {
    pub(crate) fn new() -> Self {
        Self { version: VERSION, ..Self::default() }
    }

    /// Reads a lock; `None` if there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("failed to read the facts lock {}", path.display()));
            }
        };
        let lock: Self = serde_json::from_slice(&text).with_context(|| {
            format!("{} is no facts lock; remove it to have it made anew", path.display())
        })?;
        if lock.version != VERSION {
            bail!(
                "{} is a facts lock of version {}, and this caulk knows {VERSION}",
                path.display(),
                lock.version
            );
        }
        Ok(Some(lock))
    }

    /// Writes the lock in one piece.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let folder =
            path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let failed = || format!("failed to write the facts lock {}", path.display());
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
        serde_json::to_writer_pretty(&mut file, self).with_context(failed)?;
        file.write_all(b"\n").with_context(failed)?;
        file.persist(path).with_context(failed)?;
        Ok(())
    }

    pub(crate) fn image(&self, image: &ImageRef) -> Option<&Result<ImageFacts, String>> {
        self.images.get(&image.to_string())
    }

    pub(crate) fn program(&self, image: &ImageRef, program: &str) -> Option<&Presence> {
        self.programs.get(&image.to_string())?.get(program)
    }
}
