//! What a rule found, how it can be mended, and how that is known.

use std::collections::BTreeMap;

use crate::{edit::EditSet, model::compose::VariantKey, span::Span, syntax::NodeId};

/// A file of the repository under analysis: its place in the repository's list of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// The kebab-case name of a rule.
pub type RuleId = &'static str;

/// How far a fix may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Applicability {
    /// Shown as a proposal, never applied.
    #[default]
    Display,
    /// Applied with `--unsafe-fixes`.
    Unsafe,
    /// Applied by `--write`.
    Safe,
}

impl Applicability {
    /// Returns the next lower tier; the lowest stays.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Safe => Self::Unsafe,
            Self::Unsafe | Self::Display => Self::Display,
        }
    }

    /// Returns the name that options and reports use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Display => "display",
            Self::Unsafe => "unsafe",
            Self::Safe => "safe",
        }
    }
}

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

/// One thing that is known, and from where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Evidence {
    /// What is known, as a sentence without its full stop: `the entrypoint of ghcr.io/x/y is ["a", "b"]`.
    pub what: String,
    /// The source: a repository with path and commit, a file with its line, a digest.
    pub source: String,
}

/// A change that mends a finding. It is atomic over its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What the change does, in the imperative: `rename command to args`.
    pub title: String,
    /// How far it may be trusted.
    pub applicability: Applicability,
    /// Why it is not trusted more: one lower-case sentence a reason; empty for a safe fix.
    pub reasons: Vec<String>,
    /// The edits.
    pub edits: BTreeMap<FileId, EditSet>,
    /// What the documents hold afterwards. Whatever is not declared must stay as it is; both are verified.
    pub declares: Vec<Declaration>,
}

/// What a fix says that a document will hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declaration {
    /// A container's `command` and `args`; empty means unset. Its other keys stay.
    Argv {
        /// The file.
        file: FileId,
        /// The container's mapping, as it is before the fix.
        container: NodeId,
        /// The words of `command`.
        command: Vec<String>,
        /// The words of `args`.
        args: Vec<String>,
    },
    /// What a container runs in an overlay that changes it. All other composed containers stay.
    Composed {
        /// The composed container.
        variant: VariantKey,
        /// The words of `command`.
        command: Vec<String>,
        /// The words of `args`.
        args: Vec<String>,
    },
    /// A scalar's value.
    Value {
        /// The file.
        file: FileId,
        /// The scalar, as it is before the fix.
        scalar: NodeId,
        /// Its new value.
        value: String,
    },
    /// What the mistake hid: another rule may have something to say of the result, as long as that is nothing that breaks
    /// for certain and is mended without asking.
    Uncovers {
        /// The other rule.
        rule: RuleId,
    },
}

impl Declaration {
    /// Returns the file and the node that it speaks of; none for a composed container.
    #[must_use]
    pub const fn place(&self) -> Option<(FileId, NodeId)> {
        match self {
            Self::Argv { file, container: node, .. } | Self::Value { file, scalar: node, .. } => {
                Some((*file, *node))
            }
            Self::Composed { .. } | Self::Uncovers { .. } => None,
        }
    }
}

/// What can be done about a finding. There is never a silent nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// A change.
    Fix(Fix),
    /// No change is offered; with the reason and what a person can do.
    Withheld(String),
}

/// Something that is wrong at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule that found it.
    pub rule: RuleId,
    /// Where it stands.
    pub at: Location,
    /// The place inside the file that names the finding whatever lines come and go above it: the number of the document
    /// and the path in it, `0:spec.template.spec.containers[0].command`.
    pub place: String,
    /// What is wrong, and what it causes: one or two sentences.
    pub message: String,
    /// The object that is concerned, `Deployment/authentik-server`, with the container where there is one.
    pub subject: String,
    /// How this is known.
    pub evidence: Vec<Evidence>,
    /// What can be done.
    pub remedy: Remedy,
}
