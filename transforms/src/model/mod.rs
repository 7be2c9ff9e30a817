//! The repository as Kubernetes and its controllers will see it: objects, their containers, their images.

pub mod address;
pub mod compose;
mod container;
pub mod explain;
pub mod kustomize;
mod object;
pub mod placement;
mod pod_paths;
pub mod prefilter;
mod protection;
pub mod services;
pub mod value;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use address::Address;
use compose::Composition;
pub use container::{Container, ContainerId, ImageField, Origin, Role, Words};
pub(crate) use object::is_encrypted;
pub use object::{Object, ObjectId};
use placement::Placements;
pub(crate) use pod_paths::has_pods;
pub use protection::Protection;
use services::Services;

use crate::{
    finding::{FileId, Location},
    path::RepoPath,
    syntax::{Node, NodeId, Stream},
    workers::Workers,
};

/// A parsed file of the repository.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Its path.
    pub path: RepoPath,
    /// Its documents.
    pub stream: Arc<Stream>,
    /// Why it must not be edited, if so.
    pub protection: Option<Protection>,
}

/// All that is known of a repository from its files.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// Sorted by path.
    files: Vec<SourceFile>,
    /// Files that are there and were not parsed: no YAML, or nothing in them matters. Sorted.
    others: Arc<Vec<RepoPath>>,
    /// Those of them that could not be parsed. Sorted.
    broken: Arc<Vec<RepoPath>>,
    /// Where it is known to be fetched from.
    addresses: Arc<Vec<Address>>,
    objects: Vec<Object>,
    containers: Vec<Container>,
    /// Worked out when they are asked for first, with the workers: see [`Workers::map`] for who must not be the first.
    placements: OnceLock<Placements>,
    composition: OnceLock<Composition>,
    services: OnceLock<Services>,
    workers: Workers,
}

impl Repository {
    /// Builds the model. The order of `files` does not matter: they are sorted by path first.
    #[must_use]
    pub fn build(files: Vec<SourceFile>) -> Self {
        Self::build_with(files, Workers::default())
    }

    /// Builds the model as [`Self::build`] does, with somebody to do independent pieces of work on it at the same time.
    #[must_use]
    pub fn build_with(mut files: Vec<SourceFile>, workers: Workers) -> Self {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let numbered: Vec<(FileId, &SourceFile)> = (0..).map(FileId).zip(&files).collect();
        let objects = workers.map(&numbered, |(id, file)| object::collect(*id, file));
        // There are many, and a list that grows is moved again and again.
        let mut all = Vec::with_capacity(objects.iter().map(Vec::len).sum());
        objects.into_iter().for_each(|objects| all.extend(objects));
        for (object, number) in all.iter_mut().zip(0..) {
            object.id = ObjectId(number);
        }
        let mut repository = Self { files, objects: all, workers, ..Self::default() };
        repository.containers = container::collect(&repository);
        repository
    }

    /// Returns this repository with the paths of the files that are there and were not parsed.
    #[must_use]
    pub fn with_others(mut self, mut others: Vec<RepoPath>) -> Self {
        others.sort();
        self.others = Arc::new(others);
        // They depend on which files are there.
        (self.placements, self.composition, self.services) =
            (OnceLock::new(), OnceLock::new(), OnceLock::new());
        self
    }

    /// Returns who does independent pieces of work.
    #[must_use]
    pub const fn workers(&self) -> &Workers {
        &self.workers
    }

    /// Returns this repository with the paths of the files that could not be parsed: what they say is not known.
    #[must_use]
    pub fn with_broken(mut self, mut broken: Vec<RepoPath>) -> Self {
        broken.sort();
        self.broken = Arc::new(broken);
        let others = Arc::unwrap_or_clone(std::mem::take(&mut self.others));
        self.with_others(others)
    }

    /// Returns this repository with the addresses that it is known to have: deliveries from others are none of it.
    #[must_use]
    pub fn with_addresses(mut self, addresses: Vec<Address>) -> Self {
        self.addresses = Arc::new(addresses);
        let others = Arc::unwrap_or_clone(std::mem::take(&mut self.others));
        self.with_others(others)
    }

    /// Returns the addresses that it is known to have.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Tells whether a file is there that could not be parsed.
    #[must_use]
    pub fn is_broken(&self, path: &RepoPath) -> bool {
        self.broken.binary_search(path).is_ok()
    }

    /// Returns the paths of the files that are there and were not parsed, sorted.
    #[must_use]
    pub fn others(&self) -> &[RepoPath] {
        &self.others
    }

    /// Tells whether a file is there that was not parsed.
    #[must_use]
    pub fn has_other(&self, path: &RepoPath) -> bool {
        self.others.binary_search(path).is_ok()
    }

    /// Tells whether a folder is there, with files somewhere below.
    #[must_use]
    pub fn has_folder(&self, path: &RepoPath) -> bool {
        let below =
            |found: Option<&RepoPath>| found.is_some_and(|found| found != path && found.is_below(path));
        // The first name that a file can have, but for blanks.
        let Ok(first) = path.join("!") else { return false };
        let from = self.others.partition_point(|each| *each < first);
        let parsed = self.files.partition_point(|file| file.path < first);
        below(self.files.get(parsed).map(|file| &file.path)) || below(self.others.get(from))
    }

    /// Returns this repository with the text of some files replaced.
    #[must_use]
    pub fn with_streams(&self, changed: &BTreeMap<FileId, Arc<Stream>>) -> Self {
        let mut files = self.files.clone();
        for (id, stream) in changed {
            if let Some(file) = files.get_mut(id.0 as usize) {
                file.stream = Arc::clone(stream);
            }
        }
        let mut built = Self::build_with(files, self.workers.clone());
        built.others = Arc::clone(&self.others);
        built.broken = Arc::clone(&self.broken);
        built.addresses = Arc::clone(&self.addresses);
        built
    }

    /// Returns the files, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Returns the files that lie below a folder, and the file with its path if there is one.
    pub fn files_below(&self, folder: &RepoPath) -> impl Iterator<Item = &SourceFile> {
        // All paths that begin with the same letters stand together.
        let from = self.files.partition_point(|file| file.path < *folder);
        let near =
            self.files[from..].iter().take_while(|file| file.path.as_str().starts_with(folder.as_str()));
        near.filter(|file| file.path.is_below(folder))
    }

    /// Returns a file.
    ///
    /// # Panics
    /// If the id is another repository's.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// Returns the file with this path.
    #[must_use]
    pub fn file_at(&self, path: &RepoPath) -> Option<FileId> {
        let found = self.files.binary_search_by(|file| file.path.cmp(path)).ok()?;
        u32::try_from(found).ok().map(FileId)
    }

    /// Returns every object, by file and place.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// Returns an object.
    ///
    /// # Panics
    /// If the id is another repository's.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> &Object {
        &self.objects[id.0 as usize]
    }

    /// Returns every container, by file and place.
    #[must_use]
    pub fn containers(&self) -> &[Container] {
        &self.containers
    }

    /// Returns where every object lands.
    #[must_use]
    pub fn placements(&self) -> &Placements {
        self.placements.get_or_init(|| Placements::of_repository(self))
    }

    /// Works out where objects land, and does something else meanwhile, which must not ask for that.
    pub fn place_while(&self, other: impl Fn() + Sync) {
        self.workers.both(|| _ = self.placements(), other);
    }

    /// Returns the containers that something changes on their way to a cluster.
    #[must_use]
    pub fn composition(&self) -> &Composition {
        self.composition.get_or_init(|| Composition::of_repository(self, self.placements()))
    }

    /// Returns the Services that are known.
    #[must_use]
    pub fn services(&self) -> &Services {
        self.services.get_or_init(|| Services::of_repository(self, self.placements()))
    }

    /// Returns a node of a file.
    #[must_use]
    pub fn node(&self, file: FileId, node: NodeId) -> Node<'_> {
        self.file(file).stream.node(node)
    }

    /// Returns `path:line` of a place, for messages.
    #[must_use]
    pub fn cite(&self, at: Location) -> String {
        let file = self.file(at.file);
        format!("{}:{}", file.path, file.stream.position(at.span.start).0)
    }
}

/// Returns the place of a node inside its document, as `spec.containers[0].image`.
#[must_use]
pub fn path_of(node: Node<'_>) -> String {
    let mut steps = Vec::new();
    let mut here = node;
    while let Some(parent) = here.parent() {
        if let Some(index) = parent.items().position(|item| item.id() == here.id()) {
            steps.push(format!("[{index}]"));
        } else if let Some(entry) = parent.entries().find(|entry| entry.value().id() == here.id()) {
            steps.push(format!(".{}", entry.name().unwrap_or("?")));
        }
        here = parent;
    }
    steps.reverse();
    let path = steps.concat();
    path.strip_prefix('.').unwrap_or(&path).to_owned()
}
