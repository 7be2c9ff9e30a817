//! Gathers the [`World`] from the model of the repository.

use super::{
    spots::Owner,
    world::{Release, Service, Situation, StatefulSet, World},
};
use crate::{
    finding::{Evidence, Location},
    model::{
        Object, Repository,
        placement::{Namespace, Placement, Placements},
    },
    span::Span,
    syntax::Node,
};

impl World {
    /// Gathers what the repository says.
    pub(super) fn of(repository: &Repository) -> Self {
        let mut world = Self::default();
        for object in repository.objects() {
            for placement in repository.placements().of(object.id) {
                world.add(repository, object, placement);
            }
        }
        world
    }

    fn add(&mut self, repository: &Repository, object: &Object, placement: &Placement) {
        let root = repository.node(object.file, object.root);
        let text = |path: &[&str]| root.at(path).and_then(Node::as_str).map(str::to_owned);
        let at = Location { file: object.file, span: root.span().unwrap_or(Span::empty(0)) };
        let evidence = |what: String| Evidence { what, source: repository.cite(at) };
        let (cluster, name) = (placement.cluster, placement.name.to_string());
        if let ("Namespace", "") = (object.kind.as_str(), object.group()) {
            let known = self.namespaces.entry(name.clone()).or_default();
            known.push((cluster, evidence(format!("the namespace {name} is defined"))));
        }
        let (Some(namespace), Some(pods)) = (placement.namespace.known(), placement.pods.known()) else { return };
        for namespace in [namespace, pods] {
            let known = self.namespaces.entry(namespace.to_owned()).or_default();
            if !known.iter().any(|(of, _)| *of == cluster) {
                known.push((cluster, evidence(format!("{} is in the namespace {namespace}", object.title()))));
            }
        }
        let namespace = pods.to_owned();
        match (object.kind.as_str(), object.group()) {
            ("Service", "") => {
                let evidence = evidence(format!("there is a Service {name} in {namespace}"));
                self.services.entry(name).or_default().push(Service { cluster, namespace, certain: true, evidence });
            }
            ("StatefulSet", "apps") => {
                let service = text(&["spec", "serviceName"]).unwrap_or_default();
                let evidence = evidence(format!("the StatefulSet {name} is in {namespace}"));
                self.stateful_sets.push(StatefulSet { cluster, namespace, name, service, evidence });
            }
            ("HelmRelease", _) => {
                let release = text(&["spec", "releaseName"]).unwrap_or_else(|| match text(&["spec", "targetNamespace"]) {
                    Some(target) => format!("{target}-{name}"),
                    None => name.clone(),
                });
                let evidence = evidence(format!("the Helm release {release} is in {namespace}"));
                self.releases.push(Release { cluster, namespace, names: vec![release], evidence });
            }
            _ => {}
        }
    }
}

/// Returns the ways in which what a value belongs to reaches a cluster.
pub(super) fn situations(repository: &Repository, owner: Owner<'_>) -> Vec<Situation> {
    let placements = repository.placements();
    let path = &repository.file(owner.file()).path;
    let files = placements.of_file(path);
    let mut situations: Vec<Situation> = match owner {
        Owner::Object(object) if !object.kind.is_empty() || files.is_empty() => placements
            .of(object.id)
            .iter()
            .map(|placement| Situation {
                cluster: placement.cluster,
                namespace: known(&placement.pods),
                through: through(placements, placement),
                evidence: Vec::new(),
            })
            .collect(),
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

fn known(namespace: &Namespace) -> Option<String> {
    namespace.known().map(str::to_owned)
}

fn through(placements: &Placements, placement: &Placement) -> String {
    placements.resource(placement).map_or_else(String::new, |(delivery, _)| delivery.title.clone())
}
