//! Ties a crash to the container of a manifest.

use super::Crash;
use crate::{
    image::ImageRef,
    model::{Container, ContainerId, Object, Repository, Words},
};

/// How a crash and a manifest belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// The container.
    pub container: ContainerId,
    /// Whether image, command and args are those that crashed; if not, the manifest has changed since.
    pub current: bool,
    /// What they have in common, as a lower-case fragment.
    pub by: String,
}

/// Returns the containers of the repository that a crash is about, those that are still the same first.
///
/// A container counts if its object owns the pod by kind and name (or by the labels that Helm and its charts set),
/// its name is the same, and neither namespace nor image contradicts.
#[must_use]
pub fn tie(crash: &Crash, repository: &Repository) -> Vec<Tie> {
    let candidates = repository.containers().iter();
    let mut ties: Vec<Tie> =
        candidates.filter_map(|container| tie_one(crash, repository, container)).collect();
    ties.sort_by_key(|tie| (!tie.current, tie.container));
    ties
}

fn tie_one(crash: &Crash, repository: &Repository, container: &Container) -> Option<Tie> {
    let object = repository.object(container.object);
    if object.namespace.as_ref().is_some_and(|namespace| *namespace != crash.namespace)
        && object.kind != "HelmRelease"
    {
        return None;
    }
    let by = owned(crash, object)?;
    let same_name =
        container.name.as_ref().is_none_or(|name| crash.container.is_empty() || *name == crash.container);
    if !same_name {
        return None;
    }
    let current = same_image(crash, container)? && same_argv(crash, repository, container);
    Some(Tie { container: container.id, current, by })
}

/// Tells by what the pod belongs to the object.
fn owned(crash: &Crash, object: &Object) -> Option<String> {
    if object.kind == "Pod" && object.name == crash.pod && crash.owners.is_empty() {
        return Some(format!("the pod's name {}", crash.pod));
    }
    for (kind, name) in &crash.owners {
        let made_by = |suffix: &dyn Fn(&str) -> bool| {
            name.strip_prefix(object.name.as_str())
                .and_then(|rest| rest.strip_prefix('-'))
                .is_some_and(suffix)
        };
        let owns = match (object.kind.as_str(), kind.as_str()) {
            // A ReplicaSet is called after its Deployment and the hash of the template.
            ("Deployment", "ReplicaSet") => made_by(&is_hash),
            ("Rollout", "ReplicaSet") => made_by(&is_hash),
            ("CronJob", "Job") => made_by(&|rest| rest.bytes().all(|byte| byte.is_ascii_digit())),
            (same, other) => same == other && object.name == *name,
        };
        if owns {
            return Some(format!("the owner {kind}/{name}"));
        }
    }
    let release = crash.labels.get("app.kubernetes.io/instance").filter(|_| object.kind == "HelmRelease")?;
    (*release == object.name).then(|| format!("the label app.kubernetes.io/instance={release}"))
}

/// Template hashes use these letters only, so that a Deployment `a` does not claim the pods of `a-worker`.
/// Source: `SafeEncodeString` of Kubernetes' apimachinery.
fn is_hash(text: &str) -> bool {
    (5..=10).contains(&text.len()) && text.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte))
}

/// Returns whether the image is the same with tag and digest; `None` if it is another one.
fn same_image(crash: &Crash, container: &Container) -> Option<bool> {
    let (Some(field), Some(text)) = (&container.image, &crash.image) else { return Some(true) };
    let (Ok(here), Ok(there)) = (ImageRef::parse(&field.text), ImageRef::parse(text)) else {
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

fn same_argv(crash: &Crash, repository: &Repository, container: &Container) -> bool {
    let node = repository.node(container.file, container.node);
    let words = |key: &str| Words::of(node.get(key)).list().map(<[String]>::to_vec);
    match &crash.argv {
        Some((command, args)) => {
            words("command").as_ref() == Some(command) && words("args").as_ref() == Some(args)
        }
        // Events do not show the argv; the executable that they name must then be the first word.
        None => crash
            .cause
            .as_ref()
            .is_some_and(|cause| words("command").is_some_and(|words| words.first() == Some(&cause.program))),
    }
}
