//! What a kustomization asks for and cannot have.

use thiserror::Error;

use super::{json6902::PatchError, merge::MergeError};
use crate::model::value::Place;

/// Something wrong, or unknown, in a kustomization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// The entry that causes it.
    pub at: Option<Place>,
}

/// What is wrong or unknown.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProblemKind {
    /// There is neither a file nor a folder at that path.
    #[error("{0} does not exist")]
    Missing(String),
    /// The path leaves the repository.
    #[error("{0} leaves the repository")]
    Outside(String),
    /// It is fetched from elsewhere, so nobody knows its objects here.
    #[error("{0} is fetched from elsewhere")]
    Remote(String),
    /// A folder includes itself.
    #[error("{0} includes itself")]
    Cycle(String),
    /// The folder has no kustomization file.
    #[error("{0} has no kustomization file")]
    NoKustomization(String),
    /// The kustomization says nothing.
    #[error("{0} has an empty kustomization")]
    Empty(String),
    /// The folder has more than one kustomization file.
    #[error("{0} has more than one kustomization file")]
    Ambiguous(String),
    /// A component is included as a resource, or the other way round.
    #[error("{0} is included as what it is not")]
    WrongKind(String),
    /// The file is there, but no YAML.
    #[error("{0} is not read")]
    NotRead(String),
    /// No object, or more than one, is what a patch is for.
    #[error("{matches} objects are {target}")]
    Target {
        /// Who is looked for.
        target: String,
        /// How many there are.
        matches: usize,
    },
    /// The patch cannot be read.
    #[error("the patch cannot be read: {0}")]
    Patch(String),
    /// A strategic merge patch does not fit.
    #[error("the patch does not fit {target}: {error}")]
    Merge {
        /// The object.
        target: String,
        /// What does not fit.
        error: MergeError,
    },
    /// A JSON patch does not fit.
    #[error("the patch does not fit {target}: {error}")]
    Json {
        /// The object.
        target: String,
        /// What does not fit.
        error: PatchError,
    },
    /// Two objects with the same kind, namespace and name.
    #[error("{0} is there already")]
    Conflict(String),
    /// A replacement cannot be made.
    #[error("{0}")]
    Replacement(&'static str),
    /// A feature that is not followed.
    #[error("{0} is not followed")]
    Opaque(String),
}

impl Problem {
    /// Tells whether kustomize fails because of this. Else something is only unknown here.
    #[must_use]
    pub fn breaks(&self) -> bool {
        !matches!(
            self.kind,
            ProblemKind::Remote(_)
                | ProblemKind::Opaque(_)
                | ProblemKind::NotRead(_)
                | ProblemKind::Outside(_)
        )
    }
}
