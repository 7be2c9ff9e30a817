//! Who reads a value: the objects whose pods look its hosts up, and what their ConfigMaps and Secrets bring them.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::{
    pods::{Look, Sort},
    proxies::{Held, Source},
    spots::{Owner, Reader, Spot},
    world::{Cluster, may_be_same},
};
use crate::{
    model::{
        Object, ObjectId, Repository,
        kustomize::Resource,
        placement::{Namespace, Placement},
        value::{Texts, Value},
    },
    path::RepoPath,
};

/// A namespace of a cluster, as far as either is known.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Home {
    cluster: Cluster,
    namespace: Option<Arc<str>>,
}

/// A ConfigMap or Secret.
struct Data {
    home: Home,
    value: Value,
    /// Whether a file that is not read is a part of it.
    unread: bool,
}

/// Objects with pods, by namespace, and the ConfigMaps and Secrets, by name.
pub(super) struct Readers<'a> {
    repository: &'a Repository,
    /// By the object's number.
    looks: Looks,
    index: Index,
}

/// What objects say about looking names up, by the object's number and placement; worked out when it is asked for first.
type Looks = Vec<OnceLock<Vec<Look>>>;

#[derive(Default)]
struct Index {
    /// Objects with pods, each with the number of its placement.
    pods: BTreeMap<Option<Arc<str>>, Vec<(ObjectId, usize)>>,
    data: BTreeMap<(Sort, Arc<str>), Vec<Data>>,
    takers: BTreeMap<(Sort, String), Vec<Taker>>,
}

/// An object that reads a ConfigMap or Secret of some name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Taker {
    object: ObjectId,
    /// The number of its placement.
    number: usize,
    /// Whether what it reads are the values of its chart.
    as_values: bool,
}

/// An object as one delivery has it.
pub(super) struct Read<'r> {
    pub(super) object: &'r Object,
    pub(super) look: &'r Look,
    home: Home,
    /// Whether the value is one of those that the object's chart is given.
    pub(super) as_values: bool,
}

impl<'a> Readers<'a> {
    /// Gathers what is needed to tell who reads the places.
    pub(super) fn of(repository: &'a Repository, spots: &[Spot<'_>]) -> Self {
        let looks: Looks = repository.objects().iter().map(|_| OnceLock::new()).collect();
        let mut index = if spots.is_empty() { Index::default() } else { Index::of(repository) };
        let is_data = |spot: &Spot<'_>| matches!((spot.reader, spot.owner), (Reader::Data, _) | (_, Owner::File(..)));
        if spots.iter().any(is_data) {
            index.add_takers(repository, &looks);
        }
        Self { repository, looks, index }
    }

    /// Returns whose pods look the hosts of a place up, in every delivery; none where that is not known.
    pub(super) fn of_spot(&self, spot: &Spot<'_>) -> Vec<Read<'_>> {
        match (spot.reader, spot.owner) {
            (Reader::Container(_) | Reader::Chart { .. }, Owner::Object(object)) => self.own(object),
            (Reader::Data, Owner::Object(object)) => self.of_data(object),
            (_, Owner::File(file, _)) => self.of_file(&self.repository.file(file).path),
            (Reader::Operator | Reader::Controller(_), Owner::Object(_)) => Vec::new(),
        }
    }

    fn own(&self, object: &Object) -> Vec<Read<'_>> {
        let placements = self.repository.placements().of(object.id);
        (0..placements.len()).filter_map(|number| self.read(object.id, number)).collect()
    }

    fn of_data(&self, object: &Object) -> Vec<Read<'_>> {
        let sort = if object.kind == "ConfigMap" { Sort::ConfigMap } else { Sort::Secret };
        let placements = self.repository.placements();
        let mut found = Vec::new();
        for placement in placements.of(object.id) {
            let resource = placements.composed(object, placement);
            // An ExternalSecret may have another name than its Secret.
            let target = placements.texts().text_at(&resource.value, &["spec", "target", "name"]);
            let former = resource.previous.iter().map(|each| &*each.name);
            let names = former.chain([&*placement.name, &*resource.name]).chain(target.as_deref());
            found.extend(self.readers(&home(placement, &placement.namespace), sort, names));
        }
        found
    }

    fn of_file(&self, path: &RepoPath) -> Vec<Read<'_>> {
        let mut found = Vec::new();
        for file in self.repository.placements().of_file(path) {
            let home = Home { cluster: file.cluster, namespace: file.pods.known().map(Arc::from) };
            let names = file.names.iter().map(|name| &**name);
            let (kind, name) = file.taker.split_once('/').unwrap_or_default();
            match kind {
                "ConfigMap" => found.extend(self.readers(&home, Sort::ConfigMap, names)),
                "Secret" => found.extend(self.readers(&home, Sort::Secret, names)),
                _ => {
                    let release = |object: &Object| object.kind == kind && object.name == name;
                    found.extend(self.near(&home, &release).into_iter().map(|read| Read { as_values: true, ..read }));
                }
            }
        }
        found
    }

    /// Returns those near a home that read a ConfigMap or Secret with one of the names.
    fn readers<'n>(&self, home: &Home, sort: Sort, names: impl Iterator<Item = &'n str>) -> Vec<Read<'_>> {
        let all = names.filter_map(|name| self.index.takers.get(&(sort, name.to_owned()))).flatten();
        // Who takes it as values and otherwise as well stands there twice: the values count.
        let mut takers: BTreeMap<(ObjectId, usize), bool> = BTreeMap::new();
        all.for_each(|taker| *takers.entry((taker.object, taker.number)).or_default() |= taker.as_values);
        let read = |((object, number), as_values)| Some(Read { as_values, ..self.read(object, number)? });
        takers.into_iter().filter(|((object, number), _)| self.is_near(*object, *number, home)).filter_map(read).collect()
    }

    /// Tells whether an object with pods may be in the same namespace, by that of its pods or its own.
    fn is_near(&self, object: ObjectId, number: usize, home: &Home) -> bool {
        let placement = self.repository.placements().of(object).get(number);
        placement.is_some_and(|placement| {
            let may_be = |own: &Namespace| match (own.known(), home.namespace.as_deref()) {
                (Some(own), Some(other)) => own == other,
                _ => true,
            };
            may_be_same(placement.cluster, home.cluster) && (may_be(&placement.pods) || may_be(&placement.namespace))
        })
    }

    /// Returns the objects with pods that may be in the same namespace, of those that are wanted.
    fn near(&self, home: &Home, wanted: &dyn Fn(&Object) -> bool) -> Vec<Read<'_>> {
        let pods = &self.index.pods;
        let near: Vec<_> = match &home.namespace {
            Some(_) => [&home.namespace, &None].into_iter().filter_map(|name| pods.get(name)).flatten().collect(),
            None => pods.values().flatten().collect(),
        };
        let near = near.into_iter().filter(|(object, _)| wanted(self.repository.object(*object)));
        let reads = near.filter_map(|(object, number)| self.read(*object, *number));
        reads.filter(|read| may_be_same(read.home.cluster, home.cluster)).collect()
    }

    fn read(&self, object: ObjectId, number: usize) -> Option<Read<'_>> {
        let (object, all) = (self.repository.object(object), self.repository.placements().of(object));
        let look = looks_of(self.repository, &self.looks, object.id).get(number)?;
        let placement = all.get(number)?;
        Some(Read { object, look, home: home(placement, &placement.pods), as_values: false })
    }

    /// Returns what a source of variables holds for a reader.
    pub(super) fn held(&self, read: &Read<'_>, source: &Source) -> Held {
        let known = self.index.data.get(&(source.sort, Arc::from(source.name.as_str())));
        let here = known.into_iter().flatten().filter(|data| data.home.may_be(&read.home));
        let mut variables = None;
        for data in here {
            if data.unread {
                return Held::Unread;
            }
            variables.get_or_insert_with(Vec::new).extend(entries(self.repository.placements().texts(), &data.value));
        }
        variables.map_or(Held::Absent, Held::Variables)
    }
}

/// Returns what an object says about looking names up, placement by placement.
fn looks_of<'l>(repository: &Repository, looks: &'l Looks, object: ObjectId) -> &'l [Look] {
    let placements = repository.placements();
    let object = repository.object(object);
    let look = |each: &Placement| Look::at(placements.texts(), &placements.composed(object, each).value);
    let known = looks.get(object.id.0 as usize);
    known.map_or(&[], |known| known.get_or_init(|| placements.of(object.id).iter().map(look).collect()))
}

impl Home {
    fn may_be(&self, other: &Self) -> bool {
        let same = match (&self.namespace, &other.namespace) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        same && may_be_same(self.cluster, other.cluster)
    }
}

impl Index {
    fn of(repository: &Repository) -> Self {
        let placements = repository.placements();
        let mut index = Self::default();
        let mut last = None;
        for container in repository.containers() {
            if last.replace(container.object) != Some(container.object) {
                index.add_pods(repository, repository.object(container.object));
            }
        }
        for object in repository.objects() {
            match object.kind.as_str() {
                "HelmRelease" => index.add_pods(repository, object),
                "ConfigMap" | "Secret" => {
                    for placement in placements.of(object.id) {
                        let resource = placements.composed(object, placement);
                        index.add_data(&resource, &home(placement, &placement.namespace), repository);
                    }
                }
                _ => {}
            }
        }
        for delivery in placements.deliveries() {
            for made in delivery.built.resources.iter().filter(|each| each.generator.is_some()) {
                let namespace = made.namespace.as_ref().or(delivery.default_namespace.as_ref());
                let namespace = namespace.and_then(|text| delivery.variables.fill(text)).map(Arc::from);
                index.add_data(made, &Home { cluster: delivery.cluster, namespace }, repository);
            }
        }
        index
    }

    /// Adds an object by the namespace of its pods, and by its own where that is another one.
    fn add_pods(&mut self, repository: &Repository, object: &Object) {
        for (number, placement) in repository.placements().of(object.id).iter().enumerate() {
            let (pods, own) = (placement.pods.known(), placement.namespace.known());
            for namespace in [Some(pods), (own != pods).then_some(own)].into_iter().flatten() {
                self.pods.entry(namespace.map(Arc::from)).or_default().push((object.id, number));
            }
        }
    }

    /// Adds who reads what. All pods are asked at the same time, because nearly every place has some that may read it.
    fn add_takers(&mut self, repository: &Repository, looks: &Looks) {
        let mut objects: Vec<ObjectId> = self.pods.values().flatten().map(|(object, _)| *object).collect();
        objects.sort();
        objects.dedup();
        let looked = repository.workers().map(&objects, |object| looks_of(repository, looks, *object));
        for (object, looks) in objects.iter().zip(looked) {
            for (number, look) in looks.iter().enumerate() {
                let named = [(&look.values, true), (&look.reads, false)];
                for (name, as_values) in named.into_iter().flat_map(|(names, is)| names.iter().map(move |name| (name, is))) {
                    let taker = Taker { object: *object, number, as_values };
                    self.takers.entry(name.clone()).or_default().push(taker);
                }
            }
        }
    }

    fn add_data(&mut self, resource: &Resource, home: &Home, repository: &Repository) {
        let sort = if &*resource.kind == "ConfigMap" { Sort::ConfigMap } else { Sort::Secret };
        let unread = resource.env_files.iter().any(|path| repository.file_at(path).is_none());
        let former = resource.previous.iter().map(|each| Arc::clone(&each.name));
        let mut names: Vec<Arc<str>> = former.chain([Arc::clone(&resource.name)]).collect();
        names.sort();
        names.dedup();
        for name in names {
            let data = Data { home: home.clone(), value: resource.value.clone(), unread };
            self.data.entry((sort, name)).or_default().push(data);
        }
    }
}

fn home(placement: &Placement, namespace: &Namespace) -> Home {
    Home { cluster: placement.cluster, namespace: namespace.known().map(Arc::from) }
}

/// Returns the entries of a ConfigMap or Secret. What is encoded or encrypted has no text.
fn entries(texts: &Texts, value: &Value) -> Vec<(String, Option<String>)> {
    let mut found = Vec::new();
    let is_secret = texts.text_at(value, &["kind"]).as_deref() == Some("Secret");
    for field in ["data", "stringData"] {
        let encoded = is_secret && field == "data";
        for (name, value) in texts.get(value, field).map(|data| texts.entries(&data)).unwrap_or_default() {
            let text = texts.text(&value).filter(|text| !encoded && !text.starts_with("ENC["));
            found.push((name.to_string(), text.map(|text| text.into_owned())));
        }
    }
    found
}
