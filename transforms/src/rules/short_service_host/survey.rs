//! Gathers the [`World`] of the hosts in question from the model of the repository.

use std::collections::BTreeSet;

use super::{
    spots::{Owner, Spot},
    world::{Release, Service, Situation, StatefulSet, World},
};
use crate::{
    finding::{Evidence, Location},
    model::{
        Object, Repository,
        placement::{Namespace, Placement},
        services::{self, Knowledge, Sort},
        value::{Place, Value},
    },
    span::Span,
};

impl World {
    /// Gathers what the repository says of the labels that the hosts have.
    pub(super) fn of(repository: &Repository, spots: &[Spot<'_>]) -> Self {
        let hosts = spots.iter().flat_map(|spot| &spot.hosts);
        let labels: BTreeSet<&str> = hosts.flat_map(|host| host.text.split('.')).collect();
        let mut world = Self::default();
        for service in repository.services().all() {
            world.add_service(repository, service, &labels);
        }
        for release in repository.services().releases() {
            world.add_release(repository, release, &labels);
        }
        for set in repository.services().pod_sets() {
            let Some(namespace) = set.namespace.as_deref() else { continue };
            world.stateful_sets.push(StatefulSet {
                cluster: set.cluster,
                namespace: namespace.to_owned(),
                name: set.name.to_string(),
                service: set.service.to_string(),
                doubt: set.doubt.as_deref().map(str::to_owned),
                evidence: evidence(repository, set.at, format!("the StatefulSet {} is in {namespace}", set.name)),
            });
        }
        for (name, cluster, at) in repository.services().namespaces() {
            if labels.contains(name) {
                let evidence = evidence(repository, at, format!("something is in the namespace {name}"));
                world.namespaces.entry(name.to_owned()).or_default().push((cluster, evidence));
            }
        }
        world
    }

    fn add_service(&mut self, repository: &Repository, service: &services::Service, labels: &BTreeSet<&str>) {
        let Some(namespace) = service.namespace.as_deref() else { return };
        let (name, subject) = (&service.name, &service.subject);
        if labels.contains(namespace) {
            let what = evidence(repository, service.at, format!("{subject} is in the namespace {namespace}"));
            self.namespaces.entry(namespace.to_owned()).or_default().push((service.cluster, what));
        }
        if !labels.contains(&**name) {
            return;
        }
        let what = match (service.knowledge, &service.sort) {
            (Knowledge::Object, Sort::External(host)) => {
                format!("the Service {name} in {namespace} is another name for {host}")
            }
            (Knowledge::Object, _) => format!("there is a Service {name} in {namespace}"),
            (Knowledge::Made(source), _) => {
                format!("{subject} makes the Service {name} in {namespace} (known from {source})")
            }
            (Knowledge::Convention, _) => format!("by convention {subject} makes a Service {name} in {namespace}"),
        };
        self.services.entry(name.to_string()).or_default().push(Service {
            cluster: service.cluster,
            namespace: namespace.to_owned(),
            certain: service.knowledge > Knowledge::Convention,
            maker: (service.knowledge != Knowledge::Object).then(|| subject.clone()),
            selector: selector(repository, service),
            doubt: service.doubt.as_deref().map(str::to_owned),
            evidence: evidence(repository, service.at, what),
        });
    }

    fn add_release(&mut self, repository: &Repository, release: &services::Release, labels: &BTreeSet<&str>) {
        let (Some(namespace), subject) = (release.namespace.as_deref(), &release.subject) else { return };
        if labels.contains(namespace) {
            let what = evidence(repository, release.at, format!("{subject} is in the namespace {namespace}"));
            self.namespaces.entry(namespace.to_owned()).or_default().push((release.cluster, what));
        }
        let Some(full) = release.conventional_name() else { return };
        let what = format!("the Helm release {} is in {namespace}, and its chart's full name is {full}", release.name);
        self.releases.push(Release {
            cluster: release.cluster,
            namespace: namespace.to_owned(),
            names: vec![full],
            evidence: evidence(repository, release.at, what),
        });
    }
}

/// Returns the selector of a Service that is an object.
fn selector(repository: &Repository, service: &services::Service) -> Vec<(String, String)> {
    if service.knowledge != Knowledge::Object {
        return Vec::new();
    }
    let texts = repository.placements().texts();
    let Some(selector) = texts.at(&Value::Source(service.at), &["spec", "selector"]) else { return Vec::new() };
    let pairs = texts.entries(&selector).into_iter();
    pairs.filter_map(|(key, value)| Some((key.to_string(), texts.text(&value)?.into_owned()))).collect()
}

fn evidence(repository: &Repository, at: Place, what: String) -> Evidence {
    let (file, line) = repository.placements().line(at);
    Evidence { what, source: format!("{}:{line}", repository.file(file).path) }
}

/// Returns the ways in which what a value belongs to reaches a cluster.
pub(super) fn situations(repository: &Repository, owner: Owner<'_>) -> Vec<Situation> {
    let placements = repository.placements();
    let files = placements.of_file(&repository.file(owner.file()).path);
    let mut situations: Vec<Situation> = match owner {
        Owner::Object(object) if !object.kind.is_empty() || files.is_empty() => {
            placements.of(object.id).iter().map(|placement| of_object(repository, object, placement)).collect()
        }
        Owner::Object(_) | Owner::File(..) => files
            .iter()
            .map(|file| Situation {
                cluster: file.cluster,
                namespace: known(&file.pods),
                through: file.taker.clone(),
                evidence: Vec::new(),
            })
            .collect(),
    };
    situations.sort();
    situations.dedup();
    situations
}

fn of_object(repository: &Repository, object: &Object, placement: &Placement) -> Situation {
    let root = repository.node(object.file, object.root);
    let own = Location { file: object.file, span: root.span().unwrap_or(Span::empty(0)) };
    let delivery = repository.placements().resource(placement).map(|(delivery, _)| delivery);
    let through = delivery.map_or_else(String::new, |delivery| delivery.title.clone());
    let namespace = known(&placement.pods);
    let evidence = namespace.iter().map(|namespace| Evidence {
        what: format!("{} is in the namespace {namespace}", object.title()),
        source: if through.is_empty() { repository.cite(own) } else { through.clone() },
    });
    Situation { cluster: placement.cluster, evidence: evidence.collect(), namespace, through }
}

fn known(namespace: &Namespace) -> Option<String> {
    namespace.known().map(str::to_owned)
}
