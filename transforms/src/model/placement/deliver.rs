//! All deliveries of a repository, and what they mean for each object.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Carrier, ClusterId, Delivery, DeliveryId, Namespace, Placement, Placements, Variables, argo, files, flux,
    sources::{Reach, Source, Sources, Verdict},
};
use crate::{
    model::{
        Object, ObjectId, Repository,
        kustomize::{Builder, Built, Graph, Kustomization, Located, Memo, ProblemKind, Resource},
        value::{Place, TextId, Texts},
    },
    path::RepoPath,
};

/// What is known while the deliveries are worked out.
#[derive(Debug)]
pub(super) struct State<'a> {
    pub(super) repository: &'a Repository,
    pub(super) texts: Texts,
    pub(super) graph: Graph,
    pub(super) memo: Memo,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) clusters: Vec<String>,
    /// The sources that deliveries name.
    pub(super) sources: Sources,
    /// The source of each delivery, in the order of the deliveries.
    named: Vec<Option<Source>>,
    elsewhere: BTreeMap<ObjectId, String>,
    /// Folders that Flux or Argo CD deliver, or include in what they deliver.
    pub(super) delivered: BTreeSet<RepoPath>,
    /// All folders of the repository, worked out when they are asked for first.
    pub(super) folders: OnceCell<Vec<&'a str>>,
}

pub(super) fn all(repository: &Repository) -> Placements {
    let mut texts = Texts::new(repository.files());
    let graph = Graph::read(repository, &mut texts);
    let mut state = State {
        repository,
        texts,
        graph,
        memo: Memo::new(),
        deliveries: Vec::new(),
        clusters: Vec::new(),
        sources: Sources::new(repository.addresses()),
        named: Vec::new(),
        elsewhere: BTreeMap::new(),
        delivered: BTreeSet::new(),
        folders: OnceCell::new(),
    };
    flux::deliver(&mut state);
    let tops = state.tops();
    argo::deliver(&mut state, &tops);
    state.deliver_alone(&tops);
    state.doubt();
    state.finish()
}

impl<'a> State<'a> {
    /// Does something with a builder that knows all that was built so far.
    pub(super) fn build<T>(&mut self, with: impl FnOnce(&mut Builder<'_>) -> T) -> T {
        let mut builder =
            Builder::new(self.repository, &self.texts, &self.graph).with(std::mem::take(&mut self.memo));
        let result = with(&mut builder);
        self.memo = builder.into_memo();
        result
    }

    /// Builds folders that do not include each other, so that later builders know them.
    pub(super) fn build_folders(&mut self, folders: &[RepoPath]) {
        let unknown: Vec<&RepoPath> =
            folders.iter().filter(|folder| !self.memo.contains_key(*folder)).collect();
        self.build_each(&unknown, |builder, folder| drop(builder.folder(folder)));
    }

    /// Does something with each item, by as many workers as there are, so that later builders know what was built.
    pub(super) fn build_each<I: Sync, T: Send + Sync>(
        &mut self,
        items: &[I],
        with: impl Fn(&mut Builder<'_>, &I) -> T + Sync,
    ) -> Vec<T> {
        let (repository, texts, graph, memo) = (self.repository, &self.texts, &self.graph, &self.memo);
        let pieces = repository.workers().pieces(items, |piece| {
            let mut builder = Builder::new(repository, texts, graph).knowing(memo);
            let results: Vec<T> = piece.iter().map(|item| with(&mut builder, item)).collect();
            (results, builder.into_memo())
        });
        // What a folder in a ring yields depends on where the ring was entered, so there one goes after the other.
        if pieces.len() > 1 && pieces.iter().any(|(_, built)| built.values().any(|built| has_ring(built))) {
            return self.build(|builder| items.iter().map(|item| with(builder, item)).collect());
        }
        let mut all = Vec::with_capacity(items.len());
        for (results, built) in pieces {
            all.extend(results);
            for (folder, built) in built {
                self.memo.entry(folder).or_insert(built);
            }
        }
        all
    }

    /// Tells what a path means in this tree.
    pub(super) fn reach(&self, path: &RepoPath) -> Reach {
        match path.as_str() {
            "" => Reach::Root,
            _ if self.repository.has_folder(path) => Reach::Folder,
            _ => Reach::Nothing,
        }
    }

    /// Adds a delivery from a source.
    pub(super) fn add(&mut self, delivery: Delivery, source: Option<Source>) {
        self.deliveries.push(delivery);
        self.named.push(source);
    }

    /// Tells whether a source is another repository, and takes note of it for what names it.
    pub(super) fn is_elsewhere(&mut self, source: Option<&Source>, object: Option<ObjectId>) -> bool {
        let Some(Verdict::Elsewhere(reason)) = source.map(|source| self.sources.judge(source)) else {
            return false;
        };
        self.elsewhere.extend(object.map(|object| (object, reason)));
        true
    }

    /// Tells of each delivery whether it may be another repository's, once all sources are known.
    fn doubt(&mut self) {
        for (delivery, source) in self.deliveries.iter_mut().zip(&self.named) {
            if let Some(Verdict::Doubt(reason)) = source.as_ref().map(|source| self.sources.judge(source)) {
                delivery.doubt = Some(format!("in {}, {reason}", delivery.title).into());
            }
        }
    }

    /// Returns a cluster's id; it is made if it is new.
    pub(super) fn cluster(&mut self, name: &str) -> ClusterId {
        let known = self.clusters.iter().position(|each| each == name);
        let number = known.unwrap_or_else(|| {
            self.clusters.push(name.to_owned());
            self.clusters.len() - 1
        });
        ClusterId(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// Returns the kustomization of a folder; where it has none, one with all manifests below, as Flux makes it.
    pub(super) fn kustomization(&self, folder: &RepoPath, deep: bool, at: Place) -> Kustomization {
        if let Some(found) = self.graph.folder(folder) {
            return found.clone();
        }
        let mut made = Kustomization { folder: folder.clone(), ..Kustomization::default() };
        let mut nested: Option<RepoPath> = None;
        for file in self.repository.files_below(folder) {
            if nested.as_ref().is_some_and(|nested| file.path.is_below(nested)) {
                continue;
            }
            let parent = file.path.parent();
            let holder = self.nearest_kustomization(&parent, folder);
            let is_here = parent == *folder;
            if !deep && !is_here {
                continue;
            }
            let path = holder.as_ref().unwrap_or(&file.path);
            let text = format!(
                "./{}",
                path.as_str().strip_prefix(folder.as_str()).unwrap_or_default().trim_start_matches('/')
            );
            made.resources.push(Located { text, at });
            nested = holder;
        }
        made
    }

    /// Returns the outermost folder with a kustomization between two folders, the upper one left out.
    fn nearest_kustomization(&self, from: &RepoPath, below: &RepoPath) -> Option<RepoPath> {
        let mut found = None;
        let mut here = from.clone();
        while here != *below && !here.as_str().is_empty() {
            if self.graph.folder(&here).is_some() {
                found = Some(here.clone());
            }
            here = here.parent();
        }
        found
    }

    /// Marks a folder and all that it includes as delivered.
    pub(super) fn mark(&mut self, kustomization: &Kustomization) {
        let mut todo = vec![kustomization];
        while let Some(next) = todo.pop() {
            if self.delivered.insert(next.folder.clone()) {
                todo.extend(included(next).filter_map(|folder| self.graph.folder(&folder)));
            }
        }
    }

    /// Returns the folders of the kustomizations that nothing includes and Flux does not deliver.
    fn tops(&self) -> Vec<RepoPath> {
        let graph = &self.graph;
        let all: Vec<&Kustomization> = graph.iter().collect();
        let is_folder = |path: &RepoPath| graph.folder(path).is_some();
        let inner = self.repository.workers().pieces(&all, |piece| {
            piece.iter().copied().flat_map(included).filter(is_folder).collect::<Vec<RepoPath>>()
        });
        let inner: BTreeSet<RepoPath> = inner.into_iter().flatten().collect();
        let tops = self.graph.iter().filter(|each| {
            !each.component && !inner.contains(&each.folder) && !self.delivered.contains(&each.folder)
        });
        tops.map(|each| each.folder.clone()).collect()
    }

    /// Delivers the kustomizations that nobody else does.
    fn deliver_alone(&mut self, tops: &[RepoPath]) {
        // Where nobody says which clusters there are, the whole repository is for one.
        let cluster = self.clusters.is_empty().then(|| self.cluster(""));
        for folder in
            tops.iter().filter(|folder| !self.delivered.contains(folder)).cloned().collect::<Vec<_>>()
        {
            let built = self.build(|builder| builder.folder(&folder));
            let file = self.graph.folder(&folder).and_then(|each| each.file);
            let title = file.map_or_else(String::new, |file| self.repository.file(file).path.to_string());
            let root = file.and_then(|file| {
                self.repository.file(file).stream.documents().next()?.root().map(|root| (file, root))
            });
            let delivery = Delivery {
                carrier: Carrier::Kustomization,
                folder,
                title,
                at: root.map(|(file, root)| Place { text: TextId::of_file(file), node: root.id() }),
                cluster,
                built,
                variables: Variables::default(),
                default_namespace: None,
                doubt: None,
            };
            self.add(delivery, None);
        }
    }

    fn finish(self) -> Placements {
        let workers = self.repository.workers();
        let numbered: Vec<(DeliveryId, &Delivery)> = (0..).map(DeliveryId).zip(&self.deliveries).collect();
        let placed =
            workers.map(&numbered, |(id, delivery)| placed(self.repository, &self.texts, delivery, *id));
        let mut by_object: Vec<Vec<Placement>> = vec![Vec::new(); self.repository.objects().len()];
        for (object, placement) in placed.into_iter().flatten() {
            if let Some(list) = by_object.get_mut(object.0 as usize) {
                // Most objects have one.
                list.reserve_exact(usize::from(list.is_empty()));
                list.push(placement);
            }
        }
        let whole = (self.clusters.len() == 1 && self.clusters.first().is_some_and(String::is_empty))
            .then_some(ClusterId(0));
        let builder = Builder::new(self.repository, &self.texts, &self.graph);
        let objects = self.repository.objects().iter();
        let left: Vec<&Object> =
            objects.filter(|object| by_object.get(object.id.0 as usize).is_none_or(Vec::is_empty)).collect();
        let alone = workers.map(&left, |object| vec![alone(&self.texts, &builder, object, whole)]);
        for (object, placements) in left.iter().zip(alone) {
            if let Some(list) = by_object.get_mut(object.id.0 as usize) {
                *list = placements;
            }
        }
        let by_file = files::placements(&self, &by_object);
        let Self { texts, graph, clusters, deliveries, elsewhere, .. } = self;
        Placements { texts, graph, clusters, deliveries, by_object, by_file, elsewhere }
    }
}

fn has_ring(built: &Built) -> bool {
    built.problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Cycle(_)))
}

/// Returns the folders that a kustomization's entries may mean.
fn included(kustomization: &Kustomization) -> impl Iterator<Item = RepoPath> {
    let entries = kustomization.resources.iter().chain(&kustomization.components);
    entries.filter_map(|entry| kustomization.folder.join(&entry.text).ok())
}

/// Returns where a delivery puts the objects that it has.
fn placed(
    repository: &Repository,
    texts: &Texts,
    delivery: &Delivery,
    id: DeliveryId,
) -> Vec<(ObjectId, Placement)> {
    let resources = (0..).zip(&delivery.built.resources);
    let objects = resources.filter_map(|(number, resource)| Some((resource.object?, number, resource)));
    objects
        .map(|(object, number, resource)| {
            let mut placement = place(texts, delivery, (id, number), resource);
            // What an object says itself and the delivery leaves as it is needs no delivery to be known.
            let own = repository.object(object).namespace.as_deref();
            if own.is_none() || own != placement.namespace.known() {
                placement.doubt = delivery.doubt.clone();
            }
            (object, placement)
        })
        .collect()
}

fn place(texts: &Texts, delivery: &Delivery, at: (DeliveryId, u32), resource: &Resource) -> Placement {
    let filled = |text: &str| delivery.fill(texts, resource, text);
    let fill = |text: &str| filled(text).map(Arc::<str>::from);
    let namespace = match resource.namespace.as_ref().or(delivery.default_namespace.as_ref()) {
        _ if is_cluster_scoped(resource) => Namespace::None,
        Some(text) => fill(text).filter(|text| is_name(text)).map_or(Namespace::Unknown, Namespace::Known),
        None => Namespace::Unknown,
    };
    Placement {
        delivery: Some(at),
        cluster: delivery.cluster,
        pods: pods(texts, resource, &namespace, &filled),
        namespace,
        name: fill(&resource.name).unwrap_or_else(|| Arc::clone(&resource.name)),
        doubt: None,
    }
}

/// Returns the placement of an object that nothing delivers.
fn alone(texts: &Texts, builder: &Builder<'_>, object: &Object, cluster: Option<ClusterId>) -> Placement {
    let resource = builder.resource_of(object);
    let namespace = match &resource.namespace {
        _ if is_cluster_scoped(&resource) => Namespace::None,
        Some(text) if is_name(text) => Namespace::Known(Arc::clone(text)),
        _ => Namespace::Unknown,
    };
    Placement {
        delivery: None,
        cluster,
        pods: pods(texts, &resource, &namespace, &|text| Some(text.to_owned())),
        namespace,
        name: Arc::clone(&resource.name),
        doubt: None,
    }
}

fn is_cluster_scoped(resource: &Resource) -> bool {
    resource.id().effective_namespace() == "_non_namespaceable_"
}

/// Returns the namespace that the pods of an object run in.
fn pods(
    texts: &Texts,
    resource: &Resource,
    own: &Namespace,
    fill: &dyn Fn(&str) -> Option<String>,
) -> Namespace {
    let (path, own): (&[&str], _) = match (&*resource.kind, resource.group_version().0) {
        ("HelmRelease", "helm.toolkit.fluxcd.io" | "helm.fluxcd.io") => {
            (&["spec", "targetNamespace"], own.clone())
        }
        ("Application", "argoproj.io") => (&["spec", "destination", "namespace"], Namespace::Unknown),
        _ => return own.clone(),
    };
    match texts.text_at(&resource.value, path).filter(|text| !text.is_empty()) {
        Some(text) => fill(&text)
            .filter(|text| is_name(text))
            .map_or(Namespace::Unknown, |text| Namespace::Known(text.into())),
        None => own,
    }
}

/// Tells whether a text can be the name of a namespace: a DNS label, and so no template and no variable.
pub(super) fn is_name(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(letter)
}
