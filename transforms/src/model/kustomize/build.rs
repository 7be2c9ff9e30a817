//! The build of a kustomization, in kustomize's order: resources, generators, components, transformers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Graph, Kustomization, Problem, ProblemKind,
    read::{Generator, Located},
    resource::{Resource, Step},
    transform,
};
use crate::{
    finding::FileId,
    model::{
        Object, Repository,
        value::{Map, Place, Texts, Value},
    },
    path::RepoPath,
};

/// What a kustomization yields.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// The objects, in kustomize's order.
    pub resources: Vec<Resource>,
    /// What is wrong or unknown.
    pub problems: Vec<Problem>,
    /// Files that a generator takes values from, and the generator's entry.
    pub values: Vec<(RepoPath, Place)>,
}

/// What the folders that were built so far yield.
pub type Memo = BTreeMap<RepoPath, Arc<Built>>;

/// Builds kustomizations, each folder once.
#[derive(Debug)]
pub struct Builder<'a> {
    pub(super) repository: &'a Repository,
    pub(super) texts: &'a Texts,
    graph: &'a Graph,
    /// What others have built, if anything.
    known: Option<&'a Memo>,
    memo: Memo,
    /// The folders that are being built, the outermost first.
    stack: Vec<RepoPath>,
}

impl<'a> Builder<'a> {
    /// Makes a builder.
    #[must_use]
    pub fn new(repository: &'a Repository, texts: &'a Texts, graph: &'a Graph) -> Self {
        Self { repository, texts, graph, known: None, memo: Memo::new(), stack: Vec::new() }
    }

    /// Makes a builder that knows what another one has built.
    #[must_use]
    pub fn with(self, memo: Memo) -> Self {
        Self { memo, ..self }
    }

    /// Makes a builder that looks up what others have built, and keeps its own apart.
    #[must_use]
    pub fn knowing(self, known: &'a Memo) -> Self {
        Self { known: Some(known), ..self }
    }

    /// Returns what was built, for another builder.
    #[must_use]
    pub fn into_memo(self) -> Memo {
        self.memo
    }

    /// Builds the kustomization of a folder. Without one, the result is empty and says so.
    pub fn folder(&mut self, folder: &RepoPath) -> Arc<Built> {
        let known = || self.known.and_then(|known| known.get(folder));
        if let Some(built) = self.memo.get(folder).or_else(known) {
            return Arc::clone(built);
        }
        let Some(kustomization) = self.graph.folder(folder) else {
            let kind = ProblemKind::NoKustomization(folder.to_string());
            return Arc::new(Built { problems: vec![Problem { kind, at: None }], ..Built::default() });
        };
        let built = Arc::new(self.build(kustomization));
        self.memo.insert(folder.clone(), Arc::clone(&built));
        built
    }

    /// Builds a kustomization.
    pub fn build(&mut self, kustomization: &Kustomization) -> Built {
        let mut built = Built::default();
        self.stack.push(kustomization.folder.clone());
        self.accumulate(kustomization, &mut built);
        self.stack.pop();
        built
    }

    fn accumulate(&mut self, kustomization: &Kustomization, built: &mut Built) {
        if kustomization.empty {
            let kind = ProblemKind::Empty(kustomization.folder.to_string());
            built.problems.push(Problem { kind, at: None });
        }
        if kustomization.ambiguous {
            let kind = ProblemKind::Ambiguous(kustomization.folder.to_string());
            built.problems.push(Problem { kind, at: None });
        }
        for entry in &kustomization.resources {
            self.resource(&kustomization.folder, entry, built);
        }
        for generator in &kustomization.generators {
            self.generate(&kustomization.folder, generator, built);
        }
        for entry in &kustomization.components {
            self.component(&kustomization.folder, entry, built);
        }
        for (feature, at) in &kustomization.opaque {
            let problem = Problem { kind: ProblemKind::Opaque((*feature).to_owned()), at: Some(*at) };
            match *feature {
                "vars" | "openapi" => built.doubt(problem, |_| true),
                // These add objects, or none at all; those that are there stay as they are.
                _ => built.problems.push(problem),
            }
        }
        transform::run(self, kustomization, built);
    }

    fn resource(&mut self, folder: &RepoPath, entry: &Located, built: &mut Built) {
        let path = match self.find(folder, &entry.text) {
            Ok(path) => path,
            Err(kind) => return built.problems.push(Problem { kind, at: Some(entry.at) }),
        };
        let included = match path {
            Found::File(file) => self.objects_of(file),
            Found::Unread => return,
            Found::Folder(path) => match self.enter(&path, false) {
                Ok(child) => {
                    built.problems.extend(child.problems.iter().cloned());
                    built.values.extend(child.values.iter().cloned());
                    child.resources.clone()
                }
                Err(kind) => return built.problems.push(Problem { kind, at: Some(entry.at) }),
            },
        };
        append(included, entry.at, built);
    }

    /// Builds a folder that another one includes.
    fn enter(&mut self, folder: &RepoPath, component: bool) -> Result<Arc<Built>, ProblemKind> {
        self.check(folder, component)?;
        Ok(self.folder(folder))
    }

    /// Tells why a folder cannot be included, if so.
    fn check(&self, folder: &RepoPath, component: bool) -> Result<(), ProblemKind> {
        if self.stack.contains(folder) {
            return Err(ProblemKind::Cycle(folder.to_string()));
        }
        match self.graph.folder(folder) {
            None => Err(ProblemKind::NoKustomization(folder.to_string())),
            Some(found) if found.component != component => Err(ProblemKind::WrongKind(folder.to_string())),
            Some(_) if self.stack.len() >= MOST_NESTED => Err(ProblemKind::Cycle(folder.to_string())),
            Some(_) => Ok(()),
        }
    }

    /// A component works on what the kustomization that includes it has so far.
    fn component(&mut self, folder: &RepoPath, entry: &Located, built: &mut Built) {
        let checked = match self.find(folder, &entry.text) {
            Ok(Found::Folder(path)) => self.check(&path, true).map(|()| path),
            Ok(_) => Err(ProblemKind::NoKustomization(entry.text.clone())),
            Err(kind) => Err(kind),
        };
        let graph = self.graph;
        match checked.map(|path| (graph.folder(&path), path)) {
            Ok((Some(component), path)) => {
                let before = built.resources.len();
                self.stack.push(path);
                self.accumulate(component, built);
                self.stack.pop();
                for resource in built.resources.iter_mut().skip(before) {
                    resource.steps.insert(0, Step::Included(entry.at));
                }
            }
            Ok((None, _)) => {}
            Err(kind) => built.doubt(Problem { kind, at: Some(entry.at) }, |_| true),
        }
    }

    /// Returns the objects of a file as resources.
    pub(crate) fn objects_of(&self, file: FileId) -> Vec<Resource> {
        let objects = self.repository.objects();
        let first = objects.partition_point(|object| object.file < file);
        let own = objects.iter().skip(first).take_while(|object| object.file == file);
        own.filter(|object| !object.kind.is_empty()).map(|object| self.resource_of(object)).collect()
    }

    /// Returns the resource that an object begins as.
    pub(crate) fn resource_of(&self, object: &Object) -> Resource {
        Resource::read(self.texts, object)
    }

    /// Makes a ConfigMap or Secret, or adjusts the one that is there.
    fn generate(&self, folder: &RepoPath, generator: &Generator, built: &mut Built) {
        let mut data = Map::default();
        for (key, value) in &generator.literals {
            data.entries.push((key.as_str().into(), value.clone()));
        }
        for (key, file) in &generator.files {
            data.entries.push((key.as_str().into(), Value::Made("".into(), Some(file.at))));
        }
        for file in generator.files.iter().map(|(_, file)| file).chain(&generator.envs) {
            if let Ok(path) = folder.join(&file.text) {
                built.values.push((path, generator.at));
            }
        }
        let env_files: Vec<RepoPath> =
            generator.envs.iter().filter_map(|file| folder.join(&file.text).ok()).collect();
        let mut object = Map::default();
        object.set("apiVersion", Value::Made("v1".into(), None));
        object.set("kind", Value::Made(generator.kind.into(), None));
        object.set("data", Value::Mapping(Arc::new(data.clone())));
        object.set("metadata", Value::Mapping(Arc::default()));
        let made = Resource {
            object: None,
            generator: Some(generator.at),
            api_version: "v1".into(),
            kind: generator.kind.into(),
            namespace: generator.namespace.as_deref().map(Arc::from),
            name: generator.name.as_str().into(),
            hashed: generator.hashed,
            value: Value::Mapping(Arc::new(object)),
            steps: Vec::new(),
            added: Arc::default(),
            previous: Vec::new(),
            doubts: Vec::new(),
            env_files: env_files.clone(),
        };
        let mut others = built.resources.iter_mut().filter(|each| each.is_or_was(&made.id()));
        match (others.next(), generator.adjusts) {
            (Some(old), true) => {
                old.steps.push(Step::Patched(generator.at));
                // Both must want the suffix; kustomize keeps its mark of the first only if the second has it too.
                old.hashed &= generator.hashed;
                old.merge_data(self.texts, data, generator.replaces);
                old.env_files.extend(env_files);
            }
            (None, false) => built.resources.push(made),
            (Some(_), false) => built.conflict(&made, generator.at),
            (None, true) => built.missing_target(&made, generator.at),
        }
    }

    /// Finds what an entry of `resources` or `components`, or a patch's path, means.
    pub(super) fn find(&self, folder: &RepoPath, text: &str) -> Result<Found, ProblemKind> {
        let path = match folder.join(text) {
            Ok(path) if !text.contains("://") => path,
            _ if is_remote(text) => return Err(ProblemKind::Remote(text.to_owned())),
            _ => return Err(ProblemKind::Outside(text.to_owned())),
        };
        if let Some(file) = self.repository.file_at(&path) {
            return Ok(Found::File(file));
        }
        if self.graph.folder(&path).is_some() || self.repository.has_folder(&path) {
            return Ok(Found::Folder(path));
        }
        if self.repository.is_broken(&path) {
            return Err(ProblemKind::NotRead(text.to_owned()));
        }
        if self.repository.has_other(&path) {
            return Ok(Found::Unread);
        }
        Err(if is_remote(text) {
            ProblemKind::Remote(text.to_owned())
        } else {
            ProblemKind::Missing(text.to_owned())
        })
    }
}

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Found {
    /// A file that is read.
    File(FileId),
    /// A folder.
    Folder(RepoPath),
    /// A file that was not read, because nothing in it matters here.
    Unread,
}

/// Deeper nesting than this is taken for a cycle.
const MOST_NESTED: usize = 64;

impl Built {
    /// Adds a problem that may hide a change of some of the resources so far.
    pub(super) fn doubt(&mut self, problem: Problem, concerns: impl Fn(&Resource) -> bool) {
        let reason: Arc<str> = problem.kind.to_string().into();
        for resource in self.resources.iter_mut().filter(|each| concerns(each)) {
            resource.doubts.push(Arc::clone(&reason));
        }
        self.problems.push(problem);
    }

    pub(super) fn conflict(&mut self, resource: &Resource, at: Place) {
        self.problems.push(Problem { kind: ProblemKind::Conflict(title(resource)), at: Some(at) });
    }

    fn missing_target(&mut self, resource: &Resource, at: Place) {
        let kind = ProblemKind::Target { target: title(resource), matches: 0 };
        self.problems.push(Problem { kind, at: Some(at) });
    }
}

/// Returns `Kind/name`, for messages.
pub(super) fn title(resource: &Resource) -> String {
    format!("{}/{}", resource.kind, resource.name)
}

/// Reports resources that have become the same as another one.
pub(super) fn check_unique(at: Place, built: &mut Built) {
    let key = |resource: &Resource| {
        let id = resource.id();
        let namespace = id.effective_namespace().to_owned();
        (id.name, id.kind, id.api_version, namespace)
    };
    let mut known = BTreeSet::new();
    let twins: Vec<Resource> =
        built.resources.iter().filter(|each| !known.insert(key(each))).cloned().collect();
    for twin in &twins {
        built.conflict(twin, at);
    }
}

/// Adds what an entry includes. What is there already stays, and that is a problem.
fn append(included: Vec<Resource>, at: Place, built: &mut Built) {
    for mut resource in included {
        let id = resource.id();
        // Most entries bring one object, so comparing names beats building an index each time.
        let is_same = |other: &Resource| other.name == id.name && other.id().is(&id);
        if built.resources.iter().any(is_same) {
            built.conflict(&resource, at);
        } else {
            resource.steps.insert(0, Step::Included(at));
            built.resources.push(resource);
        }
    }
}

/// Tells whether a path is one that kustomize fetches: an address, or a forge's host and a repository.
fn is_remote(text: &str) -> bool {
    let host = text.split(['/', ':']).next().unwrap_or_default();
    text.contains("://")
        || text.contains("?ref=")
        || text.starts_with("git@")
        || (host.contains('.')
            && !host.starts_with('.')
            && text.contains('/')
            && !text.ends_with(".yaml")
            && !text.ends_with(".yml"))
}
