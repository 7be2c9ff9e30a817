//! What is known of the cluster that a value is used in: Services, namespaces, releases, stateful sets.

use std::collections::{BTreeMap, BTreeSet};

use crate::{finding::Evidence, model::placement::ClusterId};

/// A cluster; `None` is one that is not known and may be any.
pub(super) type Cluster = Option<ClusterId>;

/// One way in which an object reaches a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Situation {
    /// The cluster.
    pub(super) cluster: Cluster,
    /// The namespace in which names are completed; `None` if it is not known.
    pub(super) namespace: Option<String>,
    /// What names this way to people: the overlay, the Flux Kustomization.
    pub(super) through: String,
    /// How the namespace is known.
    pub(super) evidence: Vec<Evidence>,
}

/// A Service, or what makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Service {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    /// Whether the object is a Service, or is known to make one of this very name.
    pub(super) certain: bool,
    /// What makes it, as `Kind/name`, where it is no object of its own.
    pub(super) maker: Option<String>,
    /// The labels of the pods that it is in front of, as far as they are known.
    pub(super) selector: Vec<(String, String)>,
    /// Why it may not be in that namespace, if so.
    pub(super) doubt: Option<String>,
    pub(super) evidence: Evidence,
}

/// A Helm release, whose Services are named after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    /// The names that a Service of the release has, or begins with.
    pub(super) names: Vec<String>,
    pub(super) evidence: Evidence,
}

/// A stateful set, whose pods have names in DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatefulSet {
    pub(super) cluster: Cluster,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) service: String,
    /// Why it may not be in that namespace, if so.
    pub(super) doubt: Option<String>,
    pub(super) evidence: Evidence,
}

/// All of it, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    pub(super) services: BTreeMap<String, Vec<Service>>,
    pub(super) releases: Vec<Release>,
    pub(super) stateful_sets: Vec<StatefulSet>,
    /// The namespaces that are defined or used, with where.
    pub(super) namespaces: BTreeMap<String, Vec<(Cluster, Evidence)>>,
}

/// Namespaces that every cluster has.
const EVERYWHERE: &[&str] = &["default", "kube-system", "kube-public", "kube-node-lease"];

impl World {
    /// Returns the Services of a name in a cluster, the certain ones first.
    pub(super) fn services(&self, cluster: Cluster, name: &str) -> Vec<&Service> {
        let all = self.services.get(name).into_iter().flatten();
        let mut found: Vec<&Service> = all.filter(|service| may_be_same(service.cluster, cluster)).collect();
        found.sort_by_key(|service| (!service.certain, service.doubt.is_some()));
        found
    }

    /// Returns the Service of a name in a namespace.
    pub(super) fn service(&self, cluster: Cluster, namespace: &str, name: &str) -> Option<&Service> {
        self.services(cluster, name).into_iter().find(|service| service.namespace == namespace)
    }

    /// Returns the release after which a Service of this name would be named: the one with the longest name.
    pub(super) fn release(&self, cluster: Cluster, namespace: &str, name: &str) -> Option<&Release> {
        let begins = |full: &String| {
            name.strip_prefix(full.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let here = self.releases.iter().filter(|release| may_be_same(release.cluster, cluster) && release.namespace == namespace);
        here.filter_map(|release| {
            let longest = release.names.iter().filter(|full| begins(full)).map(String::len).max()?;
            Some((longest, release))
        })
        .max_by_key(|(longest, _)| *longest)
        .map(|(_, release)| release)
    }

    /// Tells whether a namespace is known, and from where.
    pub(super) fn namespace(&self, cluster: Cluster, name: &str) -> Option<Evidence> {
        let known = self.namespaces.get(name).into_iter().flatten();
        let known = known.filter(|(of, _)| may_be_same(*of, cluster)).map(|(_, evidence)| evidence.clone()).next();
        known.or_else(|| {
            EVERYWHERE.contains(&name).then(|| Evidence {
                what: format!("every cluster has the namespace {name}"),
                source: "Kubernetes".to_owned(),
            })
        })
    }

    /// Returns the stateful set whose pod has this name: `kafka-0` is a pod of `kafka`.
    pub(super) fn stateful_set(&self, cluster: Cluster, namespace: &str, pod: &str) -> Option<&StatefulSet> {
        let (name, number) = pod.rsplit_once('-')?;
        let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        self.stateful_sets
            .iter()
            .find(|set| numbered && set.name == name && set.namespace == namespace && may_be_same(set.cluster, cluster))
    }

    /// Returns the namespaces of a cluster in which a Service of this name is.
    pub(super) fn namespaces_of(&self, cluster: Cluster, name: &str) -> BTreeSet<&str> {
        self.services(cluster, name).into_iter().map(|service| service.namespace.as_str()).collect()
    }
}

/// Tells whether two clusters may be one.
pub(super) fn may_be_same(a: Cluster, b: Cluster) -> bool {
    a.is_none() || b.is_none() || a == b
}
