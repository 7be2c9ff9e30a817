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
mod substitute;

#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

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
    pub built: Built,
    /// Flux's variables.
    pub variables: Variables,
    /// The namespace of what has none of its own, where the carrier gives one.
    pub default_namespace: Option<Arc<str>>,
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
        let unique: std::collections::BTreeSet<String> = doubts.collect();
        unique.into_iter().collect()
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
            Some((delivery, _)) => delivery.variables.fill(text),
            None => Some(text.to_owned()),
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
