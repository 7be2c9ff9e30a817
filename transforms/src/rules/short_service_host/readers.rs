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
    looks: Vec<OnceLock<Vec<Look>>>,
    index: OnceLock<Index>,
}

#[derive(Default)]
struct Index {
    /// Objects with pods, each with the number of its placement.
    pods: BTreeMap<Option<Arc<str>>, Vec<(ObjectId, usize)>>,
    data: BTreeMap<(Sort, Arc<str>), Vec<Data>>,
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
    pub(super) fn of(repository: &'a Repository) -> Self {
        let looks = repository.objects().iter().map(|_| OnceLock::new()).collect();
        Self { repository, looks, index: OnceLock::new() }
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
            let is_it = |name: &str| {
                name == &*placement.name || resource.is_or_was_named(name) || target.as_deref() == Some(name)
            };
            found.extend(self.readers(&home(placement, &placement.namespace), sort, &is_it));
        }
        found
    }

    fn of_file(&self, path: &RepoPath) -> Vec<Read<'_>> {
        let mut found = Vec::new();
        for file in self.repository.placements().of_file(path) {
            let home = Home { cluster: file.cluster, namespace: file.pods.known().map(Arc::from) };
            let (kind, name) = file.taker.split_once('/').unwrap_or_default();
            match kind {
                "ConfigMap" => found.extend(self.readers(&home, Sort::ConfigMap, &|each| file.names.iter().any(|name| &**name == each))),
                "Secret" => found.extend(self.readers(&home, Sort::Secret, &|each| file.names.iter().any(|name| &**name == each))),
                _ => {
                    let release = |read: &Read<'_>| read.object.kind == kind && read.object.name == name;
                    found.extend(self.near(&home).into_iter().filter(release).map(|read| Read { as_values: true, ..read }));
                }
            }
        }
        found
    }

    /// Returns those near a home that read a ConfigMap or Secret.
    fn readers(&self, home: &Home, sort: Sort, is_it: &dyn Fn(&str) -> bool) -> Vec<Read<'_>> {
        let takes = |names: &std::collections::BTreeSet<(Sort, String)>| {
            names.iter().any(|(own, name)| *own == sort && is_it(name))
        };
        let near = self.near(home).into_iter();
        let found = near.filter_map(|read| {
            let as_values = takes(&read.look.values);
            (as_values || takes(&read.look.reads)).then_some(Read { as_values, ..read })
        });
        found.collect()
    }

    /// Returns the objects with pods that may be in the same namespace.
    fn near(&self, home: &Home) -> Vec<Read<'_>> {
        let pods = &self.index().pods;
        let near: Vec<_> = match &home.namespace {
            Some(_) => [&home.namespace, &None].into_iter().filter_map(|name| pods.get(name)).flatten().collect(),
            None => pods.values().flatten().collect(),
        };
        let reads = near.into_iter().filter_map(|(object, number)| self.read(*object, *number));
        reads.filter(|read| may_be_same(read.home.cluster, home.cluster)).collect()
    }

    fn read(&self, object: ObjectId, number: usize) -> Option<Read<'_>> {
        let (repository, placements) = (self.repository, self.repository.placements());
        let (object, all) = (repository.object(object), placements.of(object));
        let looks = self.looks.get(object.id.0 as usize)?.get_or_init(|| {
            let look = |each: &Placement| Look::at(placements.texts(), &placements.composed(object, each).value);
            all.iter().map(look).collect()
        });
        let placement = all.get(number)?;
        Some(Read { object, look: looks.get(number)?, home: home(placement, &placement.pods), as_values: false })
    }

    /// Returns what a source of variables holds for a reader.
    pub(super) fn held(&self, read: &Read<'_>, source: &Source) -> Held {
        let known = self.index().data.get(&(source.sort, Arc::from(source.name.as_str())));
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

    fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(self.repository))
    }
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
            for namespace in [&placement.pods, &placement.namespace] {
                let list = self.pods.entry(namespace.known().map(Arc::from)).or_default();
                if !list.contains(&(object.id, number)) {
                    list.push((object.id, number));
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
