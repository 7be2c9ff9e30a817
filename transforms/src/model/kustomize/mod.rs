//! Kustomize without running it: which objects a kustomization yields, and what it does to them.
//!
//! What is followed: `resources`, `bases`, `components`, `namespace`, `namePrefix`, `nameSuffix`, labels and annotations
//! (as far as selectors see them), `images`, all three kinds of patches, generators, `replacements`, and the builtin
//! transformers in files. What is not: remote bases, Helm charts, plugins, `vars`. Whatever is wrong becomes a
//! [`Problem`] and the build goes on without it; `kubectl kustomize` is the oracle in the tests.

mod build;
mod images;
mod json6902;
mod merge;
mod patch;
mod problem;
mod read;
mod replacements;
mod resource;
mod schema;
mod select;
mod transform;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use build::{Builder, Built, Memo};
pub use images::ImageOverride;
pub use json6902::{Operation, PatchError};
pub use merge::MergeError;
pub use problem::{Problem, ProblemKind};
pub use read::{FILE_NAMES, Generator, Kustomization, Located, Patch, PatchBody};
pub(crate) use read::{list, located};
pub use replacements::{Destination, Replacement};
pub use resource::{Resource, ResourceId, Step};
pub use select::{Pattern, Target};

use super::{
    Repository, SourceFile,
    value::{TextId, Texts},
};
use crate::{finding::FileId, path::RepoPath};

/// The kustomizations of a repository, by folder.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    folders: BTreeMap<RepoPath, Kustomization>,
    /// Folders with more than one kustomization file; kustomize refuses them.
    ambiguous: Vec<FileId>,
}

impl Graph {
    /// Reads every kustomization file, and the patches that stand in them.
    #[must_use]
    pub fn read(repository: &Repository, texts: &mut Texts) -> Self {
        let mut graph = Self::default();
        let numbered: Vec<(FileId, &SourceFile)> = (0..).map(FileId).zip(repository.files()).collect();
        let found = repository.workers().pieces(&numbered, |files| {
            let named = files.iter().filter(|(_, file)| FILE_NAMES.contains(&file.path.name()));
            let roots = named.filter_map(|(id, file)| {
                let root = file.stream.documents().find_map(|document| document.root())?;
                Some((*id, *file, root))
            });
            roots.collect::<Vec<_>>()
        });
        for (id, file, root) in found.into_iter().flatten() {
            let root = texts.value(TextId::of_file(id), root);
            let folder = file.path.parent();
            if let Some(known) = graph.folders.get_mut(&folder) {
                known.ambiguous = true;
                graph.ambiguous.push(id);
                continue;
            }
            let kustomization = Kustomization::read(texts, id, folder.clone(), &root);
            graph.folders.insert(folder, kustomization);
        }
        graph
    }

    /// Returns the kustomization of a folder.
    #[must_use]
    pub fn folder(&self, folder: &RepoPath) -> Option<&Kustomization> {
        self.folders.get(folder)
    }

    /// Returns all kustomizations, sorted by folder.
    pub fn iter(&self) -> impl Iterator<Item = &Kustomization> {
        self.folders.values()
    }

    /// Returns the files that stand beside another kustomization file in one folder.
    #[must_use]
    pub fn ambiguous(&self) -> &[FileId] {
        &self.ambiguous
    }
}
