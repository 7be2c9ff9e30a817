//! Where manifests really land: cluster, namespace and name of every object, over all ways in which it is delivered.
//!
//! A delivery is one way: a Flux Kustomization, an Argo CD Application, or a kustomization that nothing else includes.
//! An object that several deliveries include has several placements; one that none includes has one, from its own
//! fields. Read [`Placements::of`] for an object and [`Placements::of_file`] for a file that a generator or chart takes.
//!
//! A cluster is the root of a tree of Flux Kustomizations, a destination of Argo CD, or, where neither is there, the
//! whole repository. `None` means that the cluster is not known; it may be any.

mod argo;
mod deliver;
mod files;
mod flux;
mod sources;
mod substitute;

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use substitute::Variables;

use super::{
    Object, ObjectId, Repository,
    kustomize::{Built, Graph, Problem, Resource},
    value::{Place, Texts},
};
use crate::{finding::FileId, path::RepoPath};

/// A cluster, in the list of clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterId(pub u32);

/// A delivery, in the list of deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u32);

/// The namespace of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// It is known.
    Known(Arc<str>),
    /// The kind has none.
    None,
    /// Nothing says it, or a variable in it is not known.
    Unknown,
}

/// Who delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A kustomization that no other one includes.
    Kustomization,
    /// A Flux Kustomization.
    Flux,
    /// An Argo CD Application.
    Argo,
}

/// One way in which files reach a cluster.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Who delivers.
    pub carrier: Carrier,
    /// The folder that is delivered.
    pub folder: RepoPath,
    /// The name of the Flux Kustomization or Application, `namespace/name`; of a kustomization its file's path.
    pub title: String,
    /// The object or file that says so.
    pub at: Option<Place>,
    /// The cluster, if it is known.
    pub cluster: Option<ClusterId>,
    /// What is delivered.
    pub built: Arc<Built>,
    /// Flux's variables.
    pub variables: Variables,
    /// The namespace of what has none of its own, where the carrier gives one.
    pub default_namespace: Option<Arc<str>>,
    /// Why it may be another repository's, if so.
    pub doubt: Option<Arc<str>>,
}

/// Where one delivery puts an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement {
    /// The delivery and the object's place in it; none for an object that nothing delivers.
    pub delivery: Option<(DeliveryId, u32)>,
    /// The cluster, if it is known.
    pub cluster: Option<ClusterId>,
    /// The namespace of the object.
    pub namespace: Namespace,
    /// The namespace of the pods that come of it: another one for a HelmRelease with a target, and for an Application.
    pub pods: Namespace,
    /// The name; a variable that is not known is left in it.
    pub name: Arc<str>,
    /// Why a delivery that gives the namespace may not be this tree's, if so.
    pub doubt: Option<Arc<str>>,
}

/// Where a file ends up whose text becomes part of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlacement {
    /// The cluster, if it is known.
    pub cluster: Option<ClusterId>,
    /// The namespace of the ConfigMap or Secret, or of the release that takes the file as its values.
    pub pods: Namespace,
    /// What takes it: `HelmRelease/x` or `ConfigMap/y`.
    pub taker: String,
    /// The names that the ConfigMap or Secret has or had on its way, by which pods may ask for it.
    pub names: Vec<Arc<str>>,
    /// Why the delivery may not be this tree's, if so.
    pub doubt: Option<Arc<str>>,
}

/// All placements of a repository.
#[derive(Debug, Clone, Default)]
pub struct Placements {
    texts: Texts,
    graph: Graph,
    clusters: Vec<String>,
    deliveries: Vec<Delivery>,
    /// By the object's number.
    by_object: Vec<Vec<Placement>>,
    by_file: BTreeMap<RepoPath, Vec<FilePlacement>>,
    /// Objects that deliver nothing of this tree, with the reason.
    elsewhere: BTreeMap<ObjectId, String>,
}

impl Namespace {
    /// Returns the name, if it is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(name) => Some(name),
            Self::None | Self::Unknown => None,
        }
    }
}

impl Delivery {
    /// Returns a text of a resource with Flux's variables filled in; none if one is not known.
    #[must_use]
    pub fn fill(&self, texts: &Texts, resource: &Resource, text: &str) -> Option<String> {
        let says = |field| resource.label(texts, field, "kustomize.toolkit.fluxcd.io/substitute");
        let is_off = || ["labels", "annotations"].into_iter().filter_map(says).any(|says| says == "disabled");
        if self.variables.on && text.contains("${") && is_off() {
            return Some(text.to_owned());
        }
        self.variables.fill(text)
    }
}

impl Placements {
    /// Works out where every object lands.
    #[must_use]
    pub fn of_repository(repository: &Repository) -> Self {
        deliver::all(repository)
    }

    /// Returns where an object lands: at least one placement.
    #[must_use]
    pub fn of(&self, object: ObjectId) -> &[Placement] {
        self.by_object.get(object.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Returns where the text of a file lands that a generator, a release or a chart takes.
    #[must_use]
    pub fn of_file(&self, path: &RepoPath) -> &[FilePlacement] {
        self.by_file.get(path).map_or(&[], Vec::as_slice)
    }

    /// Returns what may change an object on its way and could not be followed, each with the delivery. A patch that cannot
    /// be read, a component from elsewhere, a plugin: what the object becomes is then not known for certain.
    #[must_use]
    pub fn doubts(&self, object: ObjectId) -> Vec<String> {
        let delivered = self.of(object).iter().filter_map(|placement| self.resource(placement));
        let doubts = delivered.flat_map(|(delivery, resource)| {
            resource.doubts.iter().map(|doubt| format!("in {}, {doubt}", delivery.title))
        });
        let unique: BTreeSet<String> = doubts.collect();
        unique.into_iter().collect()
    }

    /// Returns why it is not certain that an object or file lands where it is said to, each reason once.
    #[must_use]
    pub fn doubts_of_place(&self, object: Option<ObjectId>, path: &RepoPath) -> BTreeSet<&str> {
        let of_object = object.map_or(&[][..], |object| self.of(object)).iter().map(|each| &each.doubt);
        let of_file = self.of_file(path).iter().map(|each| &each.doubt);
        of_object.chain(of_file).flatten().map(|doubt| &**doubt).collect()
    }

    /// Returns why a Flux Kustomization or Application delivers nothing of this tree, if its source is another repository.
    #[must_use]
    pub fn elsewhere(&self, object: ObjectId) -> Option<&str> {
        self.elsewhere.get(&object).map(String::as_str)
    }

    /// Returns the one namespace that the pods of an object run in; none if it is not known or differs.
    #[must_use]
    pub fn pod_namespace(&self, object: ObjectId) -> Option<&str> {
        let placements = self.of(object);
        let first = placements.first()?.pods.known()?;
        placements.iter().all(|each| each.pods.known() == Some(first)).then_some(first)
    }

    /// Returns the deliveries.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// Returns the delivery and the composed object of a placement.
    #[must_use]
    pub fn resource(&self, placement: &Placement) -> Option<(&Delivery, &Resource)> {
        let (delivery, number) = placement.delivery?;
        let delivery = self.deliveries.get(delivery.0 as usize)?;
        Some((delivery, delivery.built.resources.get(number as usize)?))
    }

    /// Returns an object as it is composed, or as it stands if nothing delivers it.
    #[must_use]
    pub fn composed(&self, object: &Object, placement: &Placement) -> Cow<'_, Resource> {
        match self.resource(placement) {
            Some((_, resource)) => Cow::Borrowed(resource),
            None => Cow::Owned(Resource::read(&self.texts, object)),
        }
    }

    /// Returns a text with Flux's variables filled in; none if one is not known.
    #[must_use]
    pub fn fill(&self, placement: &Placement, text: &str) -> Option<String> {
        match self.resource(placement) {
            Some((delivery, resource)) => delivery.fill(&self.texts, resource, text),
            None => Some(text.to_owned()),
        }
    }

    /// Returns a text of an object with the variables of one delivery filled in; none if one is not known.
    #[must_use]
    pub fn fill_in(&self, delivery: DeliveryId, object: Option<ObjectId>, text: &str) -> Option<String> {
        let placements = object.map_or(&[][..], |object| self.of(object));
        match placements.iter().find(|each| each.delivery.is_some_and(|(id, _)| id == delivery)) {
            Some(placement) => self.fill(placement, text),
            None => self.deliveries.get(delivery.0 as usize)?.variables.fill(text),
        }
    }

    /// Tells whether sources that are not known may bring other values for the variables of a delivery.
    #[must_use]
    pub fn has_unknown_variables(&self, delivery: DeliveryId) -> bool {
        self.deliveries.get(delivery.0 as usize).is_some_and(|delivery| delivery.variables.more)
    }

    /// Returns what a delivery is called, with its cluster where another one has the same title.
    #[must_use]
    pub fn called(&self, delivery: DeliveryId) -> String {
        let Some(own) = self.deliveries.get(delivery.0 as usize) else { return String::new() };
        let twins = self.deliveries.iter().filter(|each| each.title == own.title).count();
        match own.cluster.map(|id| self.cluster(id)).filter(|name| twins > 1 && !name.is_empty()) {
            Some(cluster) => format!("{} of cluster {cluster}", own.title),
            None => own.title.clone(),
        }
    }

    /// Returns the name of a cluster: the folder of its root, a destination, or nothing for the whole repository.
    #[must_use]
    pub fn cluster(&self, id: ClusterId) -> &str {
        self.clusters.get(id.0 as usize).map_or("", String::as_str)
    }

    /// Returns how many clusters there are.
    #[must_use]
    pub fn cluster_count(&self) -> usize {
        self.clusters.len()
    }

    /// Returns the texts that composed values refer to.
    #[must_use]
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Returns the kustomizations.
    #[must_use]
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Returns what is wrong or unknown in a delivery, with the delivery.
    pub fn problems(&self) -> impl Iterator<Item = (&Delivery, &Problem)> {
        self.deliveries
            .iter()
            .flat_map(|delivery| delivery.built.problems.iter().map(move |problem| (delivery, problem)))
    }

    /// Returns file and line of a place, for messages.
    #[must_use]
    pub fn line(&self, place: Place) -> (FileId, u32) {
        self.texts.line(place)
    }
}
