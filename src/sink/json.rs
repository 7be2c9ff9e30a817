//! The report for machines. Its shape is versioned: fields may come, and none goes or changes its meaning within a version.

mod make;
#[cfg(test)]
pub(crate) mod samples;

use anyhow::{Context as _, Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::make::report;
use super::screen;
use crate::config::Tier;

/// The version of the report's shape.
pub const VERSION: u32 = 1;

/// Everything that a run found and did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Report of caulk")]
pub struct Report {
    /// The version of this shape: 1.
    pub version: u32,
    /// The version of caulk.
    pub caulk: String,
    /// Numbers.
    pub summary: Summary,
    /// The findings, by path and place.
    pub findings: Vec<Finding>,
    /// The changed files, by path.
    pub changes: Vec<Change>,
    /// Inputs that could not be used, or that are never edited.
    pub skipped: Vec<Skipped>,
    /// Comments `# caulk: ignore` that silenced nothing.
    pub unused_suppressions: Vec<Unused>,
    /// Rules that did not run.
    pub idle_rules: Vec<Idle>,
    /// What the changes set in motion once they are applied, by overlay.
    #[serde(default)]
    pub rollouts: Vec<Rollout>,
    /// What holds hosts and is never touched, in the files that were read; absent if the rule of hosts did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untouched: Option<Untouched>,
    /// Images whose registries could not be asked: with them more might have been found. Those that nobody knows are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<Unasked>,
    /// Entries of kustomizations that were not followed: bases that are missing, fetched from elsewhere or include themselves,
    /// patches that do not fit, features that caulk leaves to kustomize.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfollowed: Vec<Unfollowed>,
}

/// An entry of a kustomization that was not followed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Unfollowed {
    /// The file with the entry.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong with it, or not known.
    pub reason: String,
    /// Whether kustomize itself fails because of it.
    pub breaks: bool,
}

/// An image whose registry could not be asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Unasked {
    /// A file that it runs in.
    pub path: String,
    /// The image.
    pub image: String,
    /// Why it could not be asked.
    pub reason: String,
}

/// Counts of what holds hosts and is never touched.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Untouched {
    /// Documents that SOPS encrypts.
    pub encrypted_documents: usize,
    /// SealedSecrets.
    pub sealed_secrets: usize,
    /// Secrets whose `data` is in base64.
    pub encoded_secrets: usize,
    /// Hosts that hold `$(VAR)`, which Kubernetes fills in.
    pub hosts_with_kubernetes_variables: usize,
    /// Hosts that hold `${VAR}` or `$VAR`, which Flux or a shell fills in.
    pub hosts_with_substitutions: usize,
    /// Hosts that hold another placeholder: `{{ x }}`, `%s`, `<host>`.
    pub hosts_with_placeholders: usize,
    /// Templates that make YAML, as those of Helm charts.
    pub templates: usize,
}

/// Numbers.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Files that were looked at.
    pub files: usize,
    /// Findings that no comment silences.
    pub findings: usize,
    /// Findings whose fix is part of the changes.
    pub mended: usize,
    /// Findings that a comment silences.
    pub suppressed: usize,
    /// Findings that were known before and are left out.
    #[serde(default)]
    pub known: usize,
    /// Whether the changes are on the disk.
    pub written: bool,
    /// The code that the run exited with, by its own `--fail-on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
}

/// Something that is wrong at a place.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule that found it.
    pub rule: String,
    /// The file's path from the tree's root.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The line where the place ends.
    pub end_line: u32,
    /// The column behind the place's last character.
    pub end_column: u32,
    /// The column in bytes of UTF-8, from 1; 0 in reports that do not tell it.
    #[serde(default)]
    pub byte_column: u32,
    /// The column in bytes behind the place's last byte.
    #[serde(default)]
    pub end_byte_column: u32,
    /// The number of the document and the path in it; it names the finding whatever lines come and go above.
    pub place: String,
    /// The object and the container.
    pub subject: String,
    /// What is wrong, and what it causes.
    pub message: String,
    /// How that is known.
    pub evidence: Vec<Source>,
    /// What became of it.
    pub verdict: VerdictName,
    /// Why it was withheld, or silenced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The change that mends it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// The tier of what remains to be done; absent if nothing does. `--fail-on` compares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining: Option<Tier>,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictName {
    /// Its fix is part of the changes.
    Mended,
    /// It has a fix that is trusted less than was asked for.
    BelowTier,
    /// It has no fix that can be applied.
    Withheld,
    /// A comment silences it.
    Suppressed,
}

/// A change that mends a finding.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// How far it may be trusted.
    pub applicability: Tier,
    /// Why it is not trusted more.
    pub reasons: Vec<String>,
    /// The edits in the finding's own file, in the text as the finding's position counts.
    pub edits: Vec<Edit>,
    /// The edits in other files; the fix is right with them alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
    /// Whether the edits count in the files as they were read. A fix that was found after another one was applied counts
    /// in what that one left.
    #[serde(default)]
    pub as_read: bool,
}

/// Edits in another file than the finding's.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Elsewhere {
    /// The file's path from the tree's root.
    pub path: String,
    /// The edits.
    pub edits: Vec<Edit>,
}

/// A replacement of bytes.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
    /// The line of the first byte, from 1.
    #[serde(default)]
    pub line: u32,
    /// Its column in characters, from 1.
    #[serde(default)]
    pub column: u32,
    /// The line of the byte after the last.
    #[serde(default)]
    pub end_line: u32,
    /// Its column.
    #[serde(default)]
    pub end_column: u32,
    /// The first byte's column in bytes of UTF-8, from 1; 0 in reports that do not tell it.
    #[serde(default)]
    pub byte_column: u32,
    /// The column in bytes of the byte after the last.
    #[serde(default)]
    pub end_byte_column: u32,
    /// What comes in their place.
    pub replacement: String,
}

/// One thing that is known, and from where.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// What is known.
    pub what: String,
    /// The source.
    pub source: String,
}

/// A changed file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The file's path from the tree's root.
    pub path: String,
    /// The unified diff.
    pub diff: String,
}

/// An input that was not used.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// The path.
    pub path: String,
    /// The line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The kind of trouble, in kebab-case.
    pub kind: String,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
    /// Whether it fails the run.
    pub failure: bool,
}

/// A comment that silenced nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Unused {
    /// The file's path from the tree's root.
    pub path: String,
    /// The line of the comment, from 1.
    pub line: u32,
    /// The rules that it names; empty means all.
    pub rules: Vec<String>,
}

/// A rule that did not run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Idle {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// A workload that the changes set in motion.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Rollout {
    /// The kustomization's file, or the name of the Flux Kustomization or Application; absent if nothing here delivers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlay: Option<String>,
    /// The cluster, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The namespace of the pods, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Kind and name, as they will be.
    pub workload: String,
    /// What becomes of it.
    pub effect: Effect,
    /// The ConfigMap or Secret whose change is the reason, if it is not its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<String>,
}

/// What becomes of a workload when its change is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Its pods are replaced by new ones.
    Rolls,
    /// A release is upgraded; its chart decides which pods are replaced.
    Upgrades,
    /// Its controller decides.
    ControllerDecides,
    /// It cannot be changed in place: it must be deleted first, or the change is refused.
    Immutable,
    /// Its next run uses the change.
    NextRun,
    /// Pods that run keep the old state until they are restarted.
    Stays,
}

/// Renders a report, of a run or of something else, as JSON with a final line feed.
///
/// # Errors
/// Never in practice: reports hold nothing that JSON cannot.
pub fn render(report: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    escaped(report)
}

/// Renders a value as JSON that may be shown on a terminal, with a final line feed.
pub(super) fn escaped(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let text = serde_json::to_string_pretty(value)?;
    let mut safe = String::with_capacity(text.len() + 1);
    let is_odd = |byte: u8| !matches!(byte, b'\n' | b' '..=b'~');
    let mut rest = text.as_str();
    while let Some(at) = rest.bytes().position(is_odd) {
        let (plain, odd) = rest.split_at(at);
        safe.push_str(plain);
        let mut letters = odd.chars();
        match letters.next() {
            // What JSON need not escape may still steer a terminal. Outside of strings there is nothing of the kind.
            Some(letter) if screen::is_treacherous(letter) => {
                safe.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => safe.extend(letter),
        }
        rest = letters.as_str();
    }
    safe.push_str(rest);
    safe.push('\n');
    Ok(safe.into_bytes())
}

/// Reads a report that was rendered before.
///
/// # Errors
/// If the text is no report, or one of another version.
pub fn read(text: &[u8]) -> Result<Report> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_slice(text).context("this is no report of caulk")?;
    if version != VERSION {
        bail!("the report has version {version}, and this caulk reads version {VERSION}");
    }
    serde_json::from_slice(text).context("this is no report of caulk")
}
