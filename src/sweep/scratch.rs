//! A folder for what is fetched, which nothing outlives.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// A folder beside a file of the sweep. It goes with the value, and what a killed run left in it goes when the next one begins.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the folder for a file, empty. Whoever calls this holds the lock of that file.
    ///
    /// # Errors
    /// If it cannot be made or emptied.
    pub fn beside(file: &Path) -> Result<Self> {
        let folder = Self::path(file);
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("failed to empty {}", folder.display()))?;
        }
        fs::create_dir(&folder).with_context(|| format!("failed to make {}", folder.display()))?;
        Ok(Self(folder))
    }

    /// Returns where the folder for a file is.
    #[must_use]
    pub fn path(file: &Path) -> PathBuf {
        let mut name = file.as_os_str().to_owned();
        name.push(".fetched");
        PathBuf::from(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Whatever stays is removed by the next run.
        let _ = fs::remove_dir_all(&self.0);
    }
}
