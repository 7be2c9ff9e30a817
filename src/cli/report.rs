//! `caulk report`

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::Args;

use super::{CLEAN, format};
use crate::sink::{formats::Format, json};

/// Tell the report of an earlier run in another format
///
/// One run of `caulk check` or `caulk fix` with `--format json` is enough for all formats.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The report, as `--format json` printed it; `-` is standard input
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// How to tell it
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
}

impl Report {
    pub(super) fn run(&self) -> Result<u8> {
        let bytes = bytes_of(&self.from)
            .with_context(|| format!("failed to read the report {}", self.from.display()))?;
        let report = json::read(&bytes).with_context(|| format!("failed to use {}", self.from.display()))?;
        format::tell_machine(self.format, &report)?;
        Ok(CLEAN)
    }
}

fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
