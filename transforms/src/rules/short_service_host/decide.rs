//! The decision table: a host as written, where its pod runs, and what is known there.

use std::collections::BTreeSet;

use super::world::{Cluster, Service, Situation, World};
use crate::{
    finding::{Applicability, Evidence},
    hosts::{ClusterName, Suffix},
};

/// What is to be done about a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing is wrong, or nothing is known; with the reason.
    Leave(String),
    /// The name can be completed.
    Complete(Completion),
    /// Something is wrong or leans on luck, and nobody can say what is meant; with the reason.
    Show(String, Vec<Evidence>),
    /// The namespace is nowhere defined; the Service is known elsewhere, in these namespaces.
    UnknownNamespace {
        /// The namespace as written.
        namespace: String,
        /// Where the Service is, the likeliest first.
        known: Vec<String>,
        evidence: Vec<Evidence>,
    },
}

/// Why a host is to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// It resolves only through the search list of the pod's own namespace.
    OwnNamespace,
    /// It does not resolve in the pod's own namespace; the Service is in another one.
    OtherNamespace,
    /// It resolves only through the search list of the cluster's domain.
    Qualified,
    /// It is a pod's name, which has no address without its Service.
    BarePod,
}

/// The complete name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) problem: Problem,
    pub(super) pod: Option<String>,
    pub(super) service: String,
    pub(super) namespace: String,
    /// What makes the Service, as `Kind/name`, where it is no object of its own.
    pub(super) maker: Option<String>,
    /// The labels of the pods that the Service is in front of, as far as they are known.
    pub(super) selector: Vec<(String, String)>,
    pub(super) tier: Applicability,
    /// Why the tier is not higher.
    pub(super) reasons: Vec<String>,
    pub(super) evidence: Vec<Evidence>,
}

/// Decides about a host in all situations of its pod.
pub(super) fn decide(world: &World, name: ClusterName<'_>, situations: &[Situation]) -> Verdict {
    if name.is_full() || name.dot {
        return full(world, name, situations);
    }
    let mut verdicts: Vec<(&Situation, Verdict)> = Vec::new();
    for situation in situations {
        verdicts.push((situation, in_one(world, name, situation)));
    }
    let Some((_, first)) = verdicts.first() else {
        return Verdict::Leave("it is not known where this is used".to_owned());
    };
    if verdicts.iter().all(|(_, verdict)| same(first, verdict)) {
        return merged(verdicts.into_iter().map(|(_, verdict)| verdict));
    }
    differing(&verdicts)
}

/// A full name is right unless its namespace is none.
fn full(world: &World, name: ClusterName<'_>, situations: &[Situation]) -> Verdict {
    let leave = Verdict::Leave("the name is complete".to_owned());
    let (Some(namespace), Some(situation)) = (name.namespace, situations.first()) else { return leave };
    unknown_namespace(world, name, namespace, situation.cluster).unwrap_or(leave)
}

fn in_one(world: &World, name: ClusterName<'_>, situation: &Situation) -> Verdict {
    match name.namespace {
        None => bare(world, name, situation),
        Some(namespace) => dotted(world, name, namespace, situation),
    }
}

/// Rows 2 to 6: `x`.
fn bare(world: &World, name: ClusterName<'_>, situation: &Situation) -> Verdict {
    let (service, cluster) = (name.service, situation.cluster);
    let Some(own) = situation.namespace.as_deref() else { return own_unknown(world, service, situation) };
    let complete = |problem, namespace: &str, tier, reasons: Vec<String>, evidence| {
        Verdict::Complete(Completion {
            problem,
            pod: None,
            service: service.to_owned(),
            namespace: namespace.to_owned(),
            maker: world.service(cluster, namespace, service).and_then(|found| found.maker.clone()),
            selector: world.service(cluster, namespace, service).map(|found| found.selector.clone()).unwrap_or_default(),
            tier,
            reasons,
            evidence: [situation.evidence.clone(), evidence].concat(),
        })
    };
    if let Some(found) = world.service(cluster, own, service) {
        let convention = (!found.certain).then(|| "the Service is known by a naming convention only".to_owned());
        let (tier, reasons) = unless(convention.into_iter().chain(found.doubt.clone()));
        return complete(Problem::OwnNamespace, own, tier, reasons, vec![found.evidence.clone()]);
    }
    if let Some(release) = world.release(cluster, own, service) {
        let reason = "Helm's naming convention alone tells that the release makes this Service".to_owned();
        let evidence = vec![release.evidence.clone()];
        return complete(Problem::OwnNamespace, own, Applicability::Unsafe, vec![reason], evidence);
    }
    if let Some(set) = world.stateful_set(cluster, own, service) {
        return Verdict::Complete(Completion {
            problem: Problem::BarePod,
            pod: Some(service.to_owned()),
            service: set.service.clone(),
            namespace: own.to_owned(),
            maker: None,
            selector: Vec::new(),
            tier: Applicability::Unsafe,
            reasons: vec!["a pod's bare name is in no DNS: it may be resolved in another way today".to_owned()],
            evidence: [situation.evidence.clone(), vec![set.evidence.clone()]].concat(),
        });
    }
    elsewhere(world, service, own, situation, complete)
}

/// Returns the tier of what is safe unless one of the reasons speaks against it, and the reasons.
fn unless(reasons: impl IntoIterator<Item = String>) -> (Applicability, Vec<String>) {
    let reasons: Vec<String> = reasons.into_iter().collect();
    (if reasons.is_empty() { Applicability::Safe } else { Applicability::Unsafe }, reasons)
}

/// Row 5: the Service is in another namespace only.
fn elsewhere(
    world: &World,
    service: &str,
    own: &str,
    situation: &Situation,
    complete: impl Fn(Problem, &str, Applicability, Vec<String>, Vec<Evidence>) -> Verdict,
) -> Verdict {
    let found = world.services(situation.cluster, service);
    let namespaces = world.namespaces_of(situation.cluster, service);
    let evidence: Vec<Evidence> = found.iter().map(|service| service.evidence.clone()).collect();
    let shown = |why: String| Verdict::Show(why, [situation.evidence.clone(), evidence.clone()].concat());
    match namespaces.iter().copied().collect::<Vec<_>>()[..] {
        [] => Verdict::Leave(format!("no Service {service} is known; a chart or an operator may make it")),
        [namespace] if is_here(&found, situation.cluster) => {
            let reason = format!("{own} has no Service {service} today, so this changes what is reached");
            complete(Problem::OtherNamespace, namespace, Applicability::Unsafe, vec![reason], evidence.clone())
        }
        [namespace] => shown(format!(
            "{own} has no Service {service} that is known; one may be in {namespace}, if that is the same cluster"
        )),
        _ => shown(format!("{own} has no Service {service} that is known; there is one in each of {}", list(&namespaces))),
    }
}

/// Tells whether a Service is certain and in this very cluster.
fn is_here(found: &[&Service], cluster: Cluster) -> bool {
    found.iter().any(|service| service.certain && service.cluster.is_some() && service.cluster == cluster)
}

/// Row 2: the pod's own namespace is not known.
fn own_unknown(world: &World, service: &str, situation: &Situation) -> Verdict {
    let namespaces = world.namespaces_of(situation.cluster, service);
    if namespaces.is_empty() {
        return Verdict::Leave(format!("no Service {service} is known"));
    }
    let evidence = world.services(situation.cluster, service).iter().map(|found| found.evidence.clone()).collect();
    let why = format!("the pod's own namespace is not known; a Service {service} is in {}", list(&namespaces));
    Verdict::Show(why, evidence)
}

/// Rows 7 to 10: `x.n`, `x.n.svc`, `pod-i.service`, `pod-i.service.n`.
fn dotted(world: &World, name: ClusterName<'_>, namespace: &str, situation: &Situation) -> Verdict {
    let cluster = situation.cluster;
    if let Some(verdict) = pod_of_own(world, name, situation) {
        return verdict;
    }
    let complete = |tier, reasons, evidence: Vec<Evidence>| {
        Verdict::Complete(Completion {
            problem: Problem::Qualified,
            pod: name.pod.map(str::to_owned),
            service: name.service.to_owned(),
            namespace: namespace.to_owned(),
            maker: world.service(cluster, namespace, name.service).and_then(|found| found.maker.clone()),
            selector: Vec::new(),
            tier,
            reasons,
            evidence,
        })
    };
    if let Some(service) = world.service(cluster, namespace, name.service) {
        // A name that a convention gives is a guess; with the namespace beside it, it resolves as it is and goes on to.
        // Where a Service stands is of no matter to a name that nothing but the cluster's DNS can mean.
        let (tier, reasons) = unless(service.doubt.clone().filter(|_| name.suffix != Suffix::Svc));
        return complete(tier, reasons, vec![service.evidence.clone()]);
    }
    let known = world.namespace(cluster, namespace);
    match known {
        Some(evidence) if name.suffix == Suffix::Svc => complete(Applicability::Safe, Vec::new(), vec![evidence]),
        Some(evidence) if name.pod.is_none() => {
            let reason = format!("no Service {} is known in {namespace}", name.service);
            if is_domain(namespace) {
                return Verdict::Show(format!("{reason}, and .{namespace} is also a domain of other networks"), vec![evidence]);
            }
            complete(Applicability::Unsafe, vec![reason], vec![evidence])
        }
        // Three labels without `.svc` are a public name as often as a pod's.
        Some(_) => Verdict::Leave(format!("no Service {} is known in {namespace}", name.service)),
        None => unknown_namespace(world, name, namespace, cluster)
            .unwrap_or_else(|| Verdict::Leave(format!("no namespace {namespace} is known: this may be any name"))),
    }
}

/// Row 10: `kafka-0.kafka` in the pod's own namespace.
fn pod_of_own(world: &World, name: ClusterName<'_>, situation: &Situation) -> Option<Verdict> {
    let pod = name.as_pod()?;
    let own = situation.namespace.as_deref()?;
    let set = world.stateful_set(situation.cluster, own, pod.pod?)?;
    (set.service == pod.service).then(|| {
        let (tier, reasons) = unless(set.doubt.clone());
        Verdict::Complete(Completion {
            problem: Problem::OwnNamespace,
            pod: pod.pod.map(str::to_owned),
            service: pod.service.to_owned(),
            namespace: own.to_owned(),
            maker: None,
            selector: Vec::new(),
            tier,
            reasons,
            evidence: [situation.evidence.clone(), vec![set.evidence.clone()]].concat(),
        })
    })
}

/// Row 9: the Service is known, in other namespaces, and this namespace is nowhere.
fn unknown_namespace(world: &World, name: ClusterName<'_>, namespace: &str, cluster: Cluster) -> Option<Verdict> {
    let service = name.service;
    let here = world.service(cluster, namespace, service).is_some();
    if here || world.namespace(cluster, namespace).is_some() {
        return None;
    }
    let found: Vec<_> = world.services(cluster, service).into_iter().filter(|service| service.certain).collect();
    let mut known: Vec<String> = found.iter().map(|service| service.namespace.clone()).collect();
    known.sort_by_key(|known| (distance(known, namespace), known.clone()));
    known.dedup();
    // Without `.svc` this is a public name as often: `ntfy.sh`. Then only a typing error is one.
    let near = known.first().is_some_and(|known| namespace.len() >= 4 && distance(known, namespace) <= 2);
    if name.suffix == Suffix::None && (!near || name.pod.is_some() || is_domain(namespace)) {
        return None;
    }
    let evidence = found.iter().map(|service| service.evidence.clone()).collect();
    (!known.is_empty()).then(|| Verdict::UnknownNamespace { namespace: namespace.to_owned(), known, evidence })
}

/// Tells whether two verdicts come to the same name, or both to none.
fn same(a: &Verdict, b: &Verdict) -> bool {
    match (a, b) {
        (Verdict::Complete(a), Verdict::Complete(b)) => {
            (&a.pod, &a.service, &a.namespace) == (&b.pod, &b.service, &b.namespace)
        }
        (Verdict::Leave(_), Verdict::Leave(_)) | (Verdict::Show(..), Verdict::Show(..)) => true,
        (Verdict::UnknownNamespace { known: a, .. }, Verdict::UnknownNamespace { known: b, .. }) => a == b,
        _ => false,
    }
}

/// Merges verdicts that come to the same: the lowest tier, everything that is known.
fn merged(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let merge = |mut all: Verdict, next: Verdict| {
        match (&mut all, next) {
            (Verdict::Complete(all), Verdict::Complete(next)) => {
                all.tier = all.tier.min(next.tier);
                add(&mut all.reasons, next.reasons);
                add(&mut all.evidence, next.evidence);
            }
            (Verdict::Show(_, all), Verdict::Show(_, next)) => add(all, next),
            _ => {}
        }
        all
    };
    verdicts.reduce(merge).unwrap_or_else(|| Verdict::Leave("nothing is known".to_owned()))
}

fn add<T: PartialEq>(all: &mut Vec<T>, more: Vec<T>) {
    for each in more {
        if !all.contains(&each) {
            all.push(each);
        }
    }
}

/// The situations disagree: the candidates are named.
fn differing(verdicts: &[(&Situation, Verdict)]) -> Verdict {
    let mut evidence = Vec::new();
    let mut candidates = Vec::new();
    for (situation, verdict) in verdicts {
        if let Verdict::Complete(completion) = verdict {
            add(&mut evidence, completion.evidence.clone());
            let through = if situation.through.is_empty() { "here" } else { &situation.through };
            let line = format!("{}.{} through {through}", completion.service, completion.namespace);
            add(&mut candidates, vec![line]);
        }
    }
    if candidates.is_empty() {
        return Verdict::Leave("no Service of that name is known".to_owned());
    }
    let others = if candidates.len() == 1 { "; elsewhere no such Service is known" } else { "" };
    Verdict::Show(format!("the overlays that use this file differ: {}{others}", candidates.join(", ")), evidence)
}

/// Namespaces that are also top-level domains, public ones or those of home networks. A country has two letters.
const DOMAINS: &[&str] = &[
    "academy", "app", "arpa", "biz", "blog", "build", "cloud", "codes", "com", "computer", "corp", "dev", "digital",
    "domain", "edu", "email", "family", "farm", "games", "gov", "group", "home", "host", "house", "info", "int", "internal",
    "intranet", "lan", "link", "live", "local", "localdomain", "media", "mil", "mobi", "name", "net", "network", "news",
    "online", "org", "page", "photos", "private", "pro", "run", "services", "shop", "site", "social", "software", "store",
    "studio", "support", "systems", "tech", "test", "tools", "video", "watch", "wiki", "work", "world", "xyz", "zone",
];

fn is_domain(namespace: &str) -> bool {
    DOMAINS.contains(&namespace) || namespace.len() == 2 && namespace.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn list(names: &BTreeSet<&str>) -> String {
    names.iter().copied().collect::<Vec<_>>().join(", ")
}

/// Returns how many letters two names differ in (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, right) in b.bytes().enumerate() {
            let change = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests;
