//! What lowers a completion by one tier: the value may be more than a host that a pod looks up.

use super::{
    decide::{Completion, Problem},
    domain::Domain,
    proxies,
    readers::{Read, Readers},
    spots::{Host, Owner, Reader, Spot},
};
use crate::{
    finding::Applicability,
    hosts::{Form, Role},
    model::{Object, Repository, kustomize::Step},
    rules::{container_run, releases},
    syntax::Node,
};

/// Lowers a completion for every reason that speaks against it.
pub(super) fn apply(
    cx: &Surroundings<'_>,
    spot: &Spot<'_>,
    reads: &[Read<'_>],
    (host, new): (&Host, &str),
    completion: &mut Completion,
) {
    for reason in reasons(cx, spot, host, completion).into_iter().chain(of_pods(cx, spot, reads, (host, new), completion)) {
        completion.tier = completion.tier.lowered();
        completion.reasons.push(reason);
    }
    // What could not be followed may set the namespace, or write what the value is composed of.
    if let Owner::Object(object) = spot.owner
        && let Some(doubt) = cx.repository.placements().doubts(object.id).into_iter().next()
    {
        completion.tier = completion.tier.min(Applicability::Unsafe);
        completion.reasons.push(doubt);
    }
    // A name with its namespace means the same wherever its pod runs.
    let elsewhere = doubt_of_place(cx.repository, spot.owner).filter(|_| completion.problem != Problem::Qualified);
    if let Some(doubt) = elsewhere {
        completion.tier = completion.tier.min(Applicability::Unsafe);
        completion.reasons.push(doubt.to_owned());
    }
    // A replacement may copy a part of the value, which a longer name would shift, or write over it.
    if let Owner::Object(object) = spot.owner
        && is_replaced(cx.repository, object)
    {
        completion.tier = completion.tier.min(Applicability::Unsafe);
        completion.reasons.push("replacements of a kustomization take parts of it, or write parts of it".to_owned());
    }
    // What a chart's pod is like may be decided elsewhere. It is one doubt, about the chart, however often it is said.
    if let (Reader::Chart { .. }, Owner::Object(object)) = (spot.reader, spot.owner)
        && let Some(doubt) = releases::doubts(cx.repository, object, &releases::DNS).into_iter().next()
    {
        completion.tier = completion.tier.min(Applicability::Unsafe);
        completion.reasons.push(doubt);
    }
    // Where some ask another DNS, the short name may have a meaning of its own.
    if let Some((read, reason)) = reads.iter().find_map(|read| Some((read, read.look.other_dns.as_ref()?))) {
        completion.tier = completion.tier.min(Applicability::Unsafe);
        completion.reasons.push(format!("{} reads it as well, and its {reason}", read.object.title()));
    }
    // Who looks a bare name up decides its namespace. That alone is no reason to only show what is unsafe anyway.
    if let Some(reason) = reader(spot, reads).filter(|_| completion.problem != Problem::Qualified) {
        completion.tier = completion.tier.min(Applicability::Unsafe);
        completion.reasons.push(reason);
    }
}

/// Tells why what a value belongs to may land elsewhere, if so.
fn doubt_of_place<'r>(repository: &'r Repository, owner: Owner<'_>) -> Option<&'r str> {
    let object = match owner {
        Owner::Object(object) => Some(object.id),
        Owner::File(..) => None,
    };
    let path = &repository.file(owner.file()).path;
    repository.placements().doubts_of_place(object, path).into_iter().next()
}

fn is_replaced(repository: &Repository, object: &Object) -> bool {
    let placements = repository.placements();
    let mut delivered = placements.of(object.id).iter().filter_map(|placement| placements.resource(placement));
    delivered.any(|(_, resource)| {
        resource.steps.iter().any(|step| matches!(step, Step::Replaced(_) | Step::Copied(_)))
    })
}

/// Returns the reasons that lower by one tier each.
fn reasons(cx: &Surroundings<'_>, spot: &Spot<'_>, host: &Host, completion: &Completion) -> Vec<String> {
    let mut reasons = Vec::new();
    reasons.extend(tls(spot, host));
    reasons.extend(cx.domain.guess.clone().filter(|_| cx.writes_domain));
    let key = host.key.as_deref();
    if host.role == Role::Identity {
        reasons.push(match key {
            Some(key) => format!("{key} names an identity as often as a connection"),
            None => "nothing tells what becomes of the text that it stands in".to_owned(),
        });
    }
    if let Some(key) = key.filter(|key| cx.composed.contains(*key)) {
        reasons.push(format!("other values are composed with $({key}), so a longer name could be wrong there"));
    }
    if let Owner::Object(object) = spot.owner {
        reasons.extend(container_run::cannot_change(cx.repository, object));
    }
    if host.form == Form::Word && is_own(spot, completion) {
        reasons.push("it is the name of what it stands in, which may call itself so".to_owned());
    }
    reasons
}

/// Returns what the pods that read the value say against the longer name.
fn of_pods(
    cx: &Surroundings<'_>,
    spot: &Spot<'_>,
    reads: &[Read<'_>],
    (host, new): (&Host, &str),
    completion: &Completion,
) -> Vec<String> {
    let mut reasons: Vec<(String, String)> = Vec::new();
    for read in reads {
        let mut found = read.look.reasons(host, new, completion.problem);
        let held = |source: &proxies::Source| cx.readers.held(read, source);
        found.extend(read.look.groups.iter().find_map(|group| proxies::reason(group, host, new, &held)));
        for reason in found {
            // What several pods say counts once.
            if !reasons.iter().any(|(_, known)| *known == reason) {
                reasons.push((read.object.title(), reason));
            }
        }
    }
    let is_own = matches!(spot.reader, Reader::Container(_) | Reader::Chart { .. });
    let told = |(title, reason)| if is_own { reason } else { format!("{title} reads it: {reason}") };
    reasons.into_iter().map(told).collect()
}

/// Tells whether the Service is the one in front of the value's own pods, by its name or by what makes it.
fn is_own(spot: &Spot<'_>, completion: &Completion) -> bool {
    let Owner::Object(object) = spot.owner else { return false };
    let named = object.name == completion.service && completion.problem == Problem::OwnNamespace;
    named || completion.maker.as_ref() == Some(&object.title()) || is_behind(spot, object, completion)
}

/// Tells whether the Service is in front of the pods that an object makes, by their labels as they are written.
fn is_behind(spot: &Spot<'_>, object: &Object, completion: &Completion) -> bool {
    let root = spot.node.stream().node(object.root);
    let paths: [&[&str]; 2] = [&["spec", "template", "metadata", "labels"], &["metadata", "labels"]];
    // A Pod has the labels itself; those of a Deployment are nobody's.
    let labels = root.at(if object.kind == "Pod" { paths[1] } else { paths[0] });
    let has = |(key, value): &(String, String)| {
        labels.and_then(|labels| labels.get(key)).and_then(Node::as_str) == Some(value)
    };
    !completion.selector.is_empty() && completion.selector.iter().all(has)
}

/// What the rule knows besides the value.
pub(super) struct Surroundings<'a> {
    pub(super) repository: &'a Repository,
    pub(super) domain: Domain,
    /// Whether the form that names are written in has the domain.
    pub(super) writes_domain: bool,
    /// Variables that other values are composed with, with a letter of a host at their side.
    pub(super) composed: &'a std::collections::BTreeSet<String>,
    /// Who reads what.
    pub(super) readers: Readers<'a>,
}

/// A certificate may not hold the long name.
fn tls(spot: &Spot<'_>, host: &Host) -> Option<String> {
    if host.tls {
        let what = host.scheme.as_deref().unwrap_or("the connection");
        return Some(format!("{what} checks the host's name, and the certificate may not hold the long one"));
    }
    let (Reader::Container(container), Some(key)) = (spot.reader, host.key.as_deref()) else { return None };
    let stem = key.trim_end_matches(|letter: char| letter.is_ascii_alphanumeric());
    let beside = |name: &str| {
        let rest = name.strip_prefix(stem).filter(|_| !stem.is_empty())?;
        ["TLS", "SSL", "TLS_ENABLED", "USE_TLS", "SSL_ENABLED", "USE_SSL", "ENABLE_TLS", "SSLMODE", "SSL_MODE"]
            .iter()
            .find(|word| rest.eq_ignore_ascii_case(word))
    };
    for variable in container.get("env").into_iter().flat_map(Node::items) {
        let (Some(name), Some(value)) =
            (variable.get("name").and_then(Node::as_str), variable.get("value").and_then(Node::as_str))
        else {
            continue;
        };
        let on = matches!(value.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on" | "verify-full" | "required");
        if on && beside(name).is_some() {
            return Some(format!("{name} beside it asks for TLS, and the certificate may not hold the long name"));
        }
    }
    None
}

/// Tells why it is not sure in which namespace the name is looked up, if so.
fn reader(spot: &Spot<'_>, reads: &[Read<'_>]) -> Option<String> {
    if let Some(read) = reads.iter().find(|read| read.as_values) {
        return Some(format!("{} takes it as values, and its chart's templates decide who looks this name up", read.object.title()));
    }
    match spot.reader {
        Reader::Container(_) | Reader::Chart { as_it_is: true } => None,
        Reader::Chart { as_it_is: false } => Some("the chart's templates decide who looks this name up".to_owned()),
        Reader::Data => data_reader(spot),
        Reader::Operator => Some("an operator makes the pod that looks this name up".to_owned()),
        Reader::Controller(name) => Some(format!("{name} looks this name up, in a namespace of its own")),
    }
}

/// Labels by which a sidecar in another namespace collects ConfigMaps.
const COLLECTED: &[&str] = &["grafana_dashboard", "grafana_datasource", "grafana_alert", "loki_rule", "k8s-sidecar-target-directory"];

/// What the annotations have in them by which controllers copy ConfigMaps and Secrets into other namespaces.
const COPIED: &[&str] = &["reflector.v1.k8s.emberstack.com/reflection", "replicator.v1.mittwald.de/replicat", "kubed.appscode.com/sync"];

fn data_reader(spot: &Spot<'_>) -> Option<String> {
    let Owner::Object(object) = spot.owner else { return None };
    let root = spot.node.stream().node(object.root);
    let labels = root.at(&["metadata", "labels"]);
    let annotations = root.at(&["metadata", "annotations"]).into_iter().flat_map(Node::entries);
    let names: Vec<_> = annotations.filter_map(|entry| entry.name()).collect();
    if let Some(copied) = names.iter().find(|name| COPIED.iter().any(|known| name.starts_with(known))) {
        return Some(format!("the annotation {copied} hands this to pods of other namespaces"));
    }
    let collected = COLLECTED.iter().find(|label| labels.is_some_and(|labels| labels.get(label).is_some()))?;
    Some(format!("the label {collected} hands this to a pod that may be in another namespace"))
}

