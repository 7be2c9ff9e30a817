//! Which Services there are, and how that is known.
//!
//! [`Services::lookup`] asks for a name in a namespace of a cluster, [`Services::anywhere`] for a name in all of them.
//! Each hit says where its object stands and how it is known: a Service object, an operator's or chart's rule that was
//! read in its code, or a naming convention, which is never certain. [`Services::releases_named`] asks for releases
//! whose full name, by Helm's convention, a name begins with. [`Services::namespace`] tells whether a namespace is known.
//!
//! A cluster of `None` may be any cluster: [`Service::is_in`] says `None` then.

mod charts;
pub mod operators;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

pub use charts::Release;

use super::{
    Repository,
    kustomize::Resource,
    placement::{ClusterId, Placement, Placements},
    prefilter,
    value::{Place, Texts},
};

/// How a Service is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knowledge {
    /// By convention only; it may not be there.
    Convention,
    /// An operator or a chart makes it; with the source that says so.
    Made(&'static str),
    /// Its object stands in the repository.
    Object,
}

/// What kind of Service it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    /// It has an address of its own, or nothing is known against that.
    Cluster,
    /// It has none: its name resolves to its pods.
    Headless,
    /// It is another name for this host.
    External(String),
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: Arc<str>,
    /// Its namespace; none if that is not known.
    pub namespace: Option<Arc<str>>,
    /// Its cluster; none if that is not known.
    pub cluster: Option<ClusterId>,
    /// What kind it is.
    pub sort: Sort,
    /// How it is known.
    pub knowledge: Knowledge,
    /// The object that it is, or that it is made of.
    pub at: Place,
    /// That object, as `Kind/name`.
    pub subject: String,
    /// Why it may not be where it is said to be, if so.
    pub doubt: Option<Arc<str>>,
}

/// A StatefulSet, for the names of its pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSet {
    /// Its name.
    pub name: Arc<str>,
    /// The headless Service that its pods' names are made with.
    pub service: Arc<str>,
    /// Its namespace.
    pub namespace: Option<Arc<str>>,
    /// Its cluster.
    pub cluster: Option<ClusterId>,
    /// Its object.
    pub at: Place,
    /// Why it may not be where it is said to be, if so.
    pub doubt: Option<Arc<str>>,
}

/// The index of all Services.
#[derive(Debug, Clone, Default)]
pub struct Services {
    all: Vec<Service>,
    by_name: BTreeMap<Arc<str>, Vec<u32>>,
    namespaces: BTreeMap<Arc<str>, Vec<(Option<ClusterId>, Place)>>,
    sets: Vec<PodSet>,
    releases: Vec<Release>,
}

impl Service {
    /// Tells whether the Service is in this cluster; none if either is not known.
    #[must_use]
    pub fn is_in(&self, cluster: Option<ClusterId>) -> Option<bool> {
        self.cluster.zip(cluster).map(|(own, other)| own == other)
    }
}

impl Services {
    /// Collects the Services of a repository.
    #[must_use]
    pub fn of_repository(repository: &Repository, placements: &Placements) -> Self {
        let sources = charts::Sources::of(repository);
        let parts = repository.workers().pieces(repository.objects(), |objects| {
            let mut part = Self::default();
            for object in objects.iter().filter(|object| !object.kind.is_empty()) {
                for placement in placements.of(object.id) {
                    // Only a patch can make another kind of it.
                    if placement.delivery.is_none() && !prefilter::is_always_seen(&object.kind) {
                        continue;
                    }
                    let resource = placements.composed(object, placement);
                    part.add(repository, &sources, placements, &resource, placement);
                }
            }
            part
        });
        let mut services = Self::default();
        // There are many, and a list that grows is moved again and again.
        services.all.reserve_exact(parts.iter().map(|part| part.all.len()).sum());
        parts.into_iter().for_each(|part| services.append(part));
        services.index();
        services
    }

    /// Adds what comes of later objects.
    fn append(&mut self, later: Self) {
        self.all.extend(later.all);
        self.sets.extend(later.sets);
        self.releases.extend(later.releases);
        for (name, known) in later.namespaces {
            for (cluster, at) in known {
                self.know_namespace(&name, cluster, at);
            }
        }
    }

    /// Returns the Services with this name in this namespace, in this cluster or where a cluster is not known.
    pub fn lookup(
        &self,
        cluster: Option<ClusterId>,
        namespace: &str,
        name: &str,
    ) -> impl Iterator<Item = &Service> {
        let in_place = move |each: &&Service| {
            each.namespace.as_deref() == Some(namespace) && each.is_in(cluster) != Some(false)
        };
        self.anywhere(name).filter(in_place)
    }

    /// Returns the Services with this name, wherever they are.
    pub fn anywhere(&self, name: &str) -> impl Iterator<Item = &Service> + use<'_> {
        let numbers = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.all.get(*number as usize))
    }

    /// Returns the releases of a namespace whose full name this name is, or begins with and goes on with a dash.
    pub fn releases_named(
        &self,
        cluster: Option<ClusterId>,
        namespace: &str,
        name: &str,
    ) -> impl Iterator<Item = &Release> {
        self.releases.iter().filter(move |release| {
            release.namespace.as_deref() == Some(namespace)
                && release.cluster.zip(cluster).is_none_or(|(own, other)| own == other)
                && release.may_name(name)
        })
    }

    /// Returns what makes a namespace known in a cluster: its object, or an object in it. None if nothing does.
    #[must_use]
    pub fn namespace(&self, cluster: Option<ClusterId>, name: &str) -> Option<Place> {
        let known = self.namespaces.get(name)?;
        let fits = |own: &Option<ClusterId>| own.zip(cluster).is_none_or(|(own, other)| own == other);
        known.iter().find(|(own, _)| fits(own)).map(|(_, at)| *at)
    }

    /// Returns the StatefulSet that a pod's name belongs to: `db-0` in front of the Service `db`.
    #[must_use]
    pub fn pod_set(
        &self,
        cluster: Option<ClusterId>,
        namespace: &str,
        pod: &str,
        service: &str,
    ) -> Option<&PodSet> {
        let (set, number) = pod.rsplit_once('-')?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        self.sets.iter().filter(|_| is_number).find(|each| {
            &*each.name == set
                && &*each.service == service
                && each.namespace.as_deref() == Some(namespace)
                && each.cluster.zip(cluster).is_none_or(|(own, other)| own == other)
        })
    }

    /// Returns every Service.
    #[must_use]
    pub fn all(&self) -> &[Service] {
        &self.all
    }

    /// Returns every StatefulSet.
    #[must_use]
    pub fn pod_sets(&self) -> &[PodSet] {
        &self.sets
    }

    /// Returns the known namespaces, with the cluster and with what makes each known.
    pub fn namespaces(&self) -> impl Iterator<Item = (&str, Option<ClusterId>, Place)> {
        let each = |(name, known)| {
            let known: &Vec<(Option<ClusterId>, Place)> = known;
            let name: &Arc<str> = name;
            known.iter().map(move |(cluster, at)| (&**name, *cluster, *at))
        };
        self.namespaces.iter().flat_map(each)
    }

    /// Returns every release.
    #[must_use]
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    fn add(
        &mut self,
        repository: &Repository,
        sources: &charts::Sources<'_>,
        placements: &Placements,
        resource: &Resource,
        placement: &Placement,
    ) {
        let texts = placements.texts();
        let Some(at) = resource.value.places().first().copied() else { return };
        if is_open(&placement.name) {
            return;
        }
        let (group, _) = resource.group_version();
        // What a run may pass over must not decide what is known.
        if let Some(name) = placement.namespace.known().filter(|_| prefilter::is_always_seen(&resource.kind))
        {
            self.know_namespace(name, placement.cluster, at);
        }
        match (group, &*resource.kind) {
            ("", "Service") => {
                let sort = sort(texts, resource);
                self.push(resource, placement, &placement.name, sort, Knowledge::Object, at);
            }
            ("", "Namespace") => self.know_namespace(&placement.name, placement.cluster, at),
            ("apps", "StatefulSet") => self.add_set(texts, resource, placement, at),
            _ => {}
        }
        if let Some(operator) = operators::find(group, &resource.kind) {
            let knowledge =
                if operator.read { Knowledge::Made(operator.source) } else { Knowledge::Convention };
            for name in operator.services(texts, &placement.name, &resource.value) {
                self.push(resource, placement, &name, Sort::Cluster, knowledge, at);
            }
        }
        for release in charts::releases(repository, sources, placements, resource, placement) {
            for (name, knowledge) in charts::services(texts, &release) {
                self.push(resource, placement, &name, Sort::Cluster, knowledge, at);
            }
            self.releases.push(release);
        }
    }

    fn add_set(&mut self, texts: &Texts, resource: &Resource, placement: &Placement, at: Place) {
        let Some(service) = texts.text_at(&resource.value, &["spec", "serviceName"]) else { return };
        self.sets.push(PodSet {
            name: Arc::clone(&placement.name),
            service: service.into(),
            namespace: placement.namespace.known().map(Arc::from),
            cluster: placement.cluster,
            at,
            doubt: placement.doubt.clone(),
        });
    }

    fn know_namespace(&mut self, name: &str, cluster: Option<ClusterId>, at: Place) {
        let known = match self.namespaces.get_mut(name) {
            Some(known) => known,
            None => self.namespaces.entry(name.into()).or_default(),
        };
        if !known.iter().any(|(own, _)| *own == cluster) {
            known.push((cluster, at));
        }
    }

    /// Services of releases are where the release's pods are; all others where their object is.
    fn push(
        &mut self,
        resource: &Resource,
        placement: &Placement,
        name: &str,
        sort: Sort,
        knowledge: Knowledge,
        at: Place,
    ) {
        let service = Service {
            name: name.into(),
            namespace: placement.pods.known().map(Arc::from),
            cluster: placement.cluster,
            sort,
            knowledge,
            at,
            subject: format!("{}/{}", resource.kind, placement.name),
            doubt: placement.doubt.clone(),
        };
        if !is_open(name) {
            self.all.push(service);
        }
    }

    fn index(&mut self) {
        for (number, service) in (0_u32..).zip(&self.all) {
            self.by_name.entry(Arc::clone(&service.name)).or_default().push(number);
        }
    }
}

/// Tells whether a name holds a variable or template that nobody filled in.
fn is_open(name: &str) -> bool {
    name.is_empty() || name.contains(['$', '{', '*'])
}

fn sort(texts: &Texts, resource: &Resource) -> Sort {
    let text = |key| texts.text_at(&resource.value, &["spec", key]);
    match (text("type").as_deref(), text("clusterIP").as_deref()) {
        (Some("ExternalName"), _) => Sort::External(text("externalName").unwrap_or_default()),
        (_, Some("None")) => Sort::Headless,
        _ => Sort::Cluster,
    }
}
