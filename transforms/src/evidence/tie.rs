//! Ties a crash to the container of a manifest.

use super::Crash;
use crate::{
    image::ImageRef,
    model::{
        Container, ContainerId, Repository, Words,
        compose::Variant,
        placement::{Namespace, Placement},
        value::{Place, TextId},
    },
};

/// How a crash and a manifest belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The container.
    pub container: ContainerId,
    /// Whether image, command and args are those that crashed; if not, the manifest has changed since.
    pub current: bool,
    /// Whether the command is written in this container, and not in a patch or base that it is composed with.
    pub commands: bool,
    /// What they have in common, as a lower-case fragment.
    pub by: String,
}

/// Returns the containers of the repository that a crash is about, those that are still the same first; of a base and its
/// patches the one with the command.
///
/// A container counts if its object, as some overlay will have it, owns the pod by kind and name (or by the labels that Helm and
/// its charts set), its name is the same, and neither namespace nor image contradicts.
#[must_use]
pub fn tie(crash: &Crash, repository: &Repository) -> Vec<Tie> {
    let candidates = repository.containers().iter();
    let mut ties: Vec<Tie> =
        candidates.filter_map(|container| tie_one(crash, repository, container)).collect();
    ties.sort_by_key(|tie| (!tie.current, !tie.commands, tie.container));
    ties
}

fn tie_one(crash: &Crash, repository: &Repository, container: &Container) -> Option<Tie> {
    let same_name =
        container.name.as_ref().is_none_or(|name| crash.container.is_empty() || *name == crash.container);
    if !same_name {
        return None;
    }
    let ties = seen(repository, container).into_iter().filter_map(|seen| {
        if seen.namespace.known().is_some_and(|namespace| namespace != crash.namespace) {
            return None;
        }
        let by = owned(crash, &seen)?;
        let current = same_image(crash, seen.image.as_deref())? && same_argv(crash, &seen);
        let by = seen.overlay.map_or_else(|| by.clone(), |overlay| format!("{by}, in {overlay}"));
        Some(Tie { container: container.id, current, commands: seen.commands, by })
    });
    ties.min_by_key(|tie| (!tie.current, !tie.commands))
}

/// A container as a cluster has it.
struct Seen<'a> {
    kind: &'a str,
    name: &'a str,
    /// What the chart's release is called.
    release: Option<String>,
    namespace: &'a Namespace,
    image: Option<String>,
    command: Words,
    args: Words,
    /// Whether the command is written in the container itself.
    commands: bool,
    /// The delivery that makes it so, if one changes the container, its name or its namespace.
    overlay: Option<&'a str>,
}

/// Returns a container as all deliveries have it: composed, or as its file says, with the name that the delivery gives it.
fn seen<'a>(repository: &'a Repository, container: &'a Container) -> Vec<Seen<'a>> {
    let place = Place { text: TextId::of_file(container.file), node: container.node };
    let variants = repository.composition().of(place).filter(|variant| variant.parts.contains(&place));
    let composed: Vec<Seen<'a>> =
        variants.filter_map(|variant| composed(repository, container, variant)).collect();
    if !composed.is_empty() {
        return composed;
    }
    let placements = repository.placements().of(container.object).iter();
    placements.map(|placement| placed(repository, container, placement)).collect()
}

fn composed<'a>(repository: &'a Repository, container: &Container, variant: &'a Variant) -> Option<Seen<'a>> {
    let (kind, name) = variant.subject.split_once('/')?;
    let placements = repository.placements();
    let filled = |text: &str| placements.fill_in(variant.delivery, variant.object, text);
    let fill = |text: &str| filled(text).unwrap_or_else(|| text.to_owned());
    let words = |words: &Words| match words {
        Words::List(list) => Words::List(list.iter().map(|word| fill(word)).collect()),
        other => other.clone(),
    };
    let node = repository.node(container.file, container.node);
    let list = node.get("command").map(|list| list.resolve().id());
    let place = |node| Place { text: TextId::of_file(container.file), node };
    Some(Seen {
        kind,
        name,
        release: release(repository, kind, name, &variant.namespace),
        namespace: &variant.namespace,
        image: variant.image.as_ref().map(|image| fill(&image.text)),
        command: words(&variant.command.words),
        args: words(&variant.args.words),
        commands: list.is_some_and(|list| variant.command.list == Some(place(list))),
        overlay: Some(&variant.overlay),
    })
}

fn placed<'a>(repository: &'a Repository, container: &'a Container, placement: &'a Placement) -> Seen<'a> {
    let placements = repository.placements();
    let object = repository.object(container.object);
    let node = repository.node(container.file, container.node);
    let fill = |text: &str| placements.fill(placement, text).unwrap_or_else(|| text.to_owned());
    let words = |key: &str| match Words::of(node.get(key)) {
        Words::List(list) => Words::List(list.iter().map(|word| fill(word)).collect()),
        other => other,
    };
    let moved = *placement.name != *object.name || placement.namespace.known() != object.namespace.as_deref();
    Seen {
        kind: &object.kind,
        name: &placement.name,
        release: release(repository, &object.kind, &placement.name, &placement.pods),
        namespace: &placement.pods,
        image: container.image.as_ref().map(|image| fill(&image.text)),
        command: words("command"),
        args: words("args"),
        commands: node.get("command").is_some(),
        overlay: placements
            .resource(placement)
            .filter(|_| moved)
            .map(|(delivery, _)| delivery.title.as_str()),
    }
}

/// Returns the name of the release that an object asks for.
fn release(repository: &Repository, kind: &str, name: &str, namespace: &Namespace) -> Option<String> {
    if !matches!(kind, "HelmRelease" | "Application") {
        return None;
    }
    let subject = format!("{kind}/{name}");
    let releases = repository.services().releases().iter();
    let mut own = releases
        .filter(|release| release.subject == subject && release.namespace.as_deref() == namespace.known());
    Some(own.next().map_or_else(|| name.to_owned(), |release| release.name.clone()))
}

/// Tells by what the pod belongs to the object.
fn owned(crash: &Crash, seen: &Seen<'_>) -> Option<String> {
    if seen.kind == "Pod" && crash.owners.is_empty() && is_called(&crash.pod, seen.name) {
        return Some(format!("the pod's name {}", crash.pod));
    }
    for (kind, name) in &crash.owners {
        let owns = match (seen.kind, kind.as_str()) {
            // A ReplicaSet is called after its Deployment and the hash of the template.
            ("Deployment" | "Rollout", "ReplicaSet") => behind(name, seen.name).is_some_and(is_hash),
            ("CronJob", "Job") => behind(name, seen.name).is_some_and(is_minute),
            (same, other) => same == other && is_called(name, seen.name),
        };
        if owns {
            return Some(format!("the owner {kind}/{name}"));
        }
    }
    if crash.owners.is_empty() && crash.labels.is_empty() && makes(seen, &crash.pod) {
        return Some(format!("the pod's name {}, as a {} makes them", crash.pod, seen.kind));
    }
    let release = crash.labels.get("app.kubernetes.io/instance")?;
    (Some(release) == seen.release.as_ref())
        .then(|| format!("the label app.kubernetes.io/instance={release}"))
}

/// Tells whether the controller of an object gives such a name to its pods. Events name the pod and nothing else.
fn makes(seen: &Seen<'_>, pod: &str) -> bool {
    let Some(rest) = behind(pod, seen.name) else { return false };
    let (first, last) = rest.split_once('-').map_or((rest, None), |(first, last)| (first, Some(last)));
    let drawn = |text: &str| text.len() == 5 && is_hash(text);
    match seen.kind {
        "Deployment" | "Rollout" => is_hash(first) && last.is_some_and(drawn),
        "CronJob" => is_minute(first) && last.is_some_and(drawn),
        "StatefulSet" => last.is_none() && is_number(first),
        "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => last.is_none() && drawn(first),
        _ => false,
    }
}

/// Returns what stands behind a name and a dash.
fn behind<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?.strip_prefix('-')
}

/// Tells whether an object has this name, or begins with it where the cluster ends it: `generateName`.
fn is_called(name: &str, written: &str) -> bool {
    match written.strip_suffix('*') {
        Some(begin) => name.strip_prefix(begin).is_some_and(|rest| rest.len() == 5 && is_hash(rest)),
        None => name == written,
    }
}

/// Tells whether a text can be the minute that a CronJob's Job is called after.
fn is_minute(text: &str) -> bool {
    text.len() >= 8 && is_number(text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Template hashes use these letters only, so that a Deployment `a` does not claim the pods of `a-worker`.
/// Source: `SafeEncodeString` of Kubernetes' apimachinery.
fn is_hash(text: &str) -> bool {
    (5..=10).contains(&text.len()) && text.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
}

/// Returns whether the image is the same with tag and digest; `None` if it is another one.
fn same_image(crash: &Crash, image: Option<&str>) -> Option<bool> {
    let (Some(image), Some(text)) = (image, &crash.image) else { return Some(true) };
    let (Ok(here), Ok(there)) = (ImageRef::parse(image), ImageRef::parse(text)) else {
        // A variable in the manifest: nothing contradicts.
        return Some(false);
    };
    if here.name() != there.name() {
        return None;
    }
    let same_digest = match (&here.digest, there.digest.as_ref().or(crash.digest.as_ref())) {
        (Some(here), Some(there)) => here == there,
        (Some(_), None) => false,
        (None, _) => true,
    };
    Some(same_digest && (here.effective_tag() == there.effective_tag() || here.digest.is_some()))
}

fn same_argv(crash: &Crash, seen: &Seen<'_>) -> bool {
    match &crash.argv {
        Some((command, args)) => {
            seen.command.list() == Some(command.as_slice()) && seen.args.list() == Some(args.as_slice())
        }
        // Events do not show the argv; the executable that they name must then be the first word.
        None => crash.cause.as_ref().is_some_and(|cause| {
            seen.command.list().is_some_and(|words| words.first() == Some(&cause.program))
        }),
    }
}
