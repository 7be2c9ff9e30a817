//! A file of findings that are known and not to be told again.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{known::KnownFinding, path::RepoPath};
use serde::{Deserialize, Serialize};

use crate::sink::write::write_whole;

/// The version of the file's shape.
const VERSION: u32 = 1;

/// No baseline is larger.
const LARGEST: u64 = 256 << 20;

/// The file. An entry's places follow their objects when lines, documents and list items move.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    version: u32,
    /// How many findings there are.
    count: usize,
    findings: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: String,
    subject: String,
    count: usize,
    places: Vec<String>,
}

/// Reads a baseline.
///
/// # Errors
/// With the file's name, if it cannot be read or is none.
pub fn read(path: &Path) -> Result<Vec<KnownFinding>> {
    let failed = || format!("failed to read the baseline {}", path.display());
    if fs::metadata(path).with_context(failed)?.len() > LARGEST {
        bail!("{} is too large for a baseline", path.display());
    }
    let bytes = fs::read(path).with_context(failed)?;
    let baseline: Baseline = serde_json::from_slice(&bytes).with_context(failed)?;
    if baseline.version != VERSION {
        bail!("{} is a baseline of version {}; this caulk reads {VERSION}", path.display(), baseline.version);
    }
    let mut known = Vec::new();
    for entry in baseline.findings {
        let file = RepoPath::new(&entry.path).with_context(failed)?;
        known.extend(entry.places.into_iter().map(|place| KnownFinding {
            rule: entry.rule.clone(),
            path: file.clone(),
            subject: entry.subject.clone(),
            place,
        }));
    }
    Ok(known)
}

/// Writes a baseline: the file is the old one or the new one at any moment.
///
/// # Errors
/// If it cannot be written.
pub fn write(path: &Path, known: &[KnownFinding]) -> Result<()> {
    let mut entries: BTreeMap<(&RepoPath, &str, &str), Vec<String>> = BTreeMap::new();
    for finding in known {
        let key = (&finding.path, finding.rule.as_str(), finding.subject.as_str());
        entries.entry(key).or_default().push(finding.place.clone());
    }
    let findings = entries
        .into_iter()
        .map(|((path, rule, subject), places)| Entry {
            rule: rule.to_owned(),
            path: path.to_string(),
            subject: subject.to_owned(),
            count: places.len(),
            places,
        })
        .collect();
    let baseline = Baseline { version: VERSION, count: known.len(), findings };
    let mut text = serde_json::to_vec_pretty(&baseline)?;
    text.push(b'\n');
    write_whole(path, &text).with_context(|| format!("failed to write the baseline {}", path.display()))
}
