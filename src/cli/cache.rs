//! `caulk cache`

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

use super::{CLEAN, output};
use crate::facts::cache;

/// Show or empty the folder that keeps the answers of registries
#[derive(Debug, Args)]
pub(super) struct Cache {
    #[command(subcommand)]
    action: Action,
    /// The folder, if not the platform's cache folder
    #[arg(long, global = true, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the folder
    Path,
    /// Remove what is kept
    Clear,
}

impl Cache {
    pub(super) fn run(&self) -> Result<u8> {
        let default = cache::default_folder;
        let folder = self.cache_dir.clone().or_else(default).context("this platform has no cache folder")?;
        match self.action {
            Action::Path => output::report(&format!("{}\n", folder.display()))?,
            Action::Clear => {
                let removed =
                    cache::clear(&folder).with_context(|| format!("failed to empty {}", folder.display()))?;
                output::report(&format!("removed {removed} files from {}\n", folder.display()))?;
            }
        }
        Ok(CLEAN)
    }
}
