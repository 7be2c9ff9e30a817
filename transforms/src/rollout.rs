//! What a plan sets in motion: the workloads whose pods are replaced once the changes are applied, by overlay.
//!
//! The composed objects before and after are compared, delivery by delivery. A generator puts a hash of its data behind the
//! name of its ConfigMap, so pods that read one roll out anew, too; without the hash they keep what they have read.

mod compare;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    finding::FileId,
    model::{
        Repository,
        kustomize::{Kustomization, PatchBody, Resource, Step},
        placement::{DeliveryId, Placement, Placements},
        value::{Place, TextId, Texts, Value},
    },
    path::RepoPath,
    plan::FileChange,
    syntax::{self, Stream},
};

/// What becomes of a workload when its change is applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Its pods are replaced by new ones.
    Rolls,
    /// A release is upgraded; its chart decides which pods are replaced.
    Upgrades,
    /// Its controller decides.
    ControllerDecides,
    /// It cannot be changed in place: it must be deleted first, or the change is refused.
    Immutable,
    /// Its next run uses the change; one that is under way does not.
    NextRun,
    /// Pods that run keep the old state until they are restarted.
    Stays,
}

/// A workload that a plan sets in motion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rollout {
    /// The kustomization's file, or the name of the Flux Kustomization or Application; none if nothing here delivers it.
    pub overlay: Option<String>,
    /// The cluster, where there are several.
    pub cluster: Option<String>,
    /// The namespace of the pods, if it is known.
    pub namespace: Option<String>,
    /// `Deployment/web`, as it will be called.
    pub workload: String,
    /// What becomes of it.
    pub effect: Effect,
    /// Why, if not by its own change: `ConfigMap/settings`.
    pub through: Option<String>,
}

/// Returns what the changes set in motion, by overlay.
#[must_use]
pub fn rollouts(before: &Repository, changes: &[FileChange]) -> Vec<Rollout> {
    let parsed = |change: &FileChange| {
        Some((before.file_at(&change.path)?, Arc::new(syntax::parse(change.after.as_str()).ok()?)))
    };
    let streams: BTreeMap<FileId, Arc<Stream>> = changes.iter().filter_map(parsed).collect();
    if streams.is_empty() {
        return Vec::new();
    }
    let after = before.with_streams(&streams);
    let comparison = Comparison {
        before,
        now: before.placements(),
        then: after.placements(),
        texts: streams.keys().map(|file| TextId::of_file(*file)).collect(),
        paths: changes.iter().map(|change| &change.path).collect(),
    };
    let mut found = comparison.delivered();
    found.extend(comparison.undelivered(&after));
    found.into_iter().collect()
}

/// Both states of a repository.
struct Comparison<'a> {
    before: &'a Repository,
    now: &'a Placements,
    then: &'a Placements,
    /// The files that change.
    texts: BTreeSet<TextId>,
    paths: BTreeSet<&'a RepoPath>,
}

/// A ConfigMap or Secret whose content changes.
struct Changed<'r> {
    resource: &'r Resource,
    hashed: bool,
}

impl Comparison<'_> {
    fn delivered(&self) -> BTreeSet<Rollout> {
        let mut found = BTreeSet::new();
        for (number, (old, new)) in (0..).zip(self.now.deliveries().iter().zip(self.then.deliveries())) {
            let pairs = || old.built.resources.iter().zip(&new.built.resources);
            let changed: Vec<Changed<'_>> = pairs()
                .filter(|(old_one, new_one)| {
                    is_config(&old_one.kind)
                        && (self.differs(&old_one.value, &new_one.value)
                            || self.takes_changed_file(old_one, &old.built.values))
                })
                .map(|(resource, _)| Changed { resource, hashed: resource.hashed })
                .collect();
            for (at, (resource, other)) in (0..).zip(pairs()) {
                let own = || self.moved(&resource.kind, &resource.value, &other.value);
                let Some((effect, through)) = own().or_else(|| self.fed(resource, &changed)) else {
                    continue;
                };
                let placement = self.placement(resource, DeliveryId(number), at);
                found.insert(Rollout {
                    overlay: Some(old.title.clone()),
                    cluster: old
                        .cluster
                        .map(|id| self.now.cluster(id).to_owned())
                        .filter(|name| !name.is_empty()),
                    namespace: placement.and_then(|placement| placement.pods.known()).map(str::to_owned),
                    workload: title(resource, placement),
                    effect,
                    through,
                });
            }
        }
        found
    }

    /// Objects that nothing here delivers stand for themselves.
    fn undelivered(&self, after: &Repository) -> Vec<Rollout> {
        let patches = self.patches();
        let pairs = self.before.objects().iter().zip(after.objects());
        let alone = pairs.filter(|(object, _)| {
            self.texts.contains(&TextId::of_file(object.file))
                && self.now.of(object.id).iter().all(|placement| placement.delivery.is_none())
                // A generator takes the file, and its ConfigMap stands for it; or it is a patch, and its target does.
                && self.now.of_file(&self.before.file(object.file).path).is_empty()
                && !patches.contains(&self.before.file(object.file).path)
        });
        let rollout = |(object, other): (&crate::model::Object, &crate::model::Object)| {
            let old = Resource::read(self.now.texts(), object);
            let new = Resource::read(self.then.texts(), other);
            let (effect, through) = self.moved(&object.kind, &old.value, &new.value)?;
            let placement = self.now.of(object.id).first();
            let workload = match object.kind.is_empty() {
                true => format!("Helm values {}", self.before.file(object.file).path),
                false => object.title(),
            };
            let namespace = placement.and_then(|placement| placement.pods.known()).map(str::to_owned);
            Some(Rollout { overlay: None, cluster: None, namespace, workload, effect, through })
        };
        alone.filter_map(rollout).collect()
    }

    /// Returns the files that kustomizations take for patches.
    fn patches(&self) -> BTreeSet<RepoPath> {
        let lists = |each: &'_ Kustomization| {
            let all = each.merges.iter().chain(&each.patches).chain(&each.json_patches);
            let files = all.filter_map(|patch| match &patch.body {
                PatchBody::File(file) => each.folder.join(&file.text).ok(),
                PatchBody::Inline(_) | PatchBody::Node(_) | PatchBody::Broken(_) => None,
            });
            files.collect::<Vec<_>>()
        };
        self.now.graph().iter().flat_map(lists).collect()
    }

    /// Returns what its own change does to a workload.
    fn moved(&self, kind: &str, old: &Value, new: &Value) -> Option<(Effect, Option<String>)> {
        let (effect, path) = effect(kind)?;
        let part = |texts: &Texts, value: &Value| texts.at(value, path);
        let differs = match (part(self.now.texts(), old), part(self.then.texts(), new)) {
            (Some(old), Some(new)) => self.differs(&old, &new),
            (None, None) => false,
            _ => true,
        };
        differs.then_some((effect, None))
    }

    /// Returns what changed ConfigMaps and Secrets do to a workload that reads them.
    fn fed(&self, resource: &Resource, changed: &[Changed<'_>]) -> Option<(Effect, Option<String>)> {
        if changed.is_empty() {
            return None;
        }
        let (effect, _) = effect(&resource.kind)?;
        let read = compare::references(self.now.texts(), &resource.value);
        let reads = |config: &&Changed<'_>| {
            let other = config.resource;
            read.iter().any(|(kind, name)| *kind == &*other.kind && other.is_or_was_named(name))
        };
        // One with a hash decides: it changes the workload itself.
        let config = changed.iter().filter(reads).max_by_key(|config| config.hashed)?;
        let through = Some(format!("{}/{}", config.resource.kind, config.resource.name));
        match (config.hashed, effect) {
            (false, Effect::Rolls) => Some((Effect::Stays, through)),
            _ => Some((effect, through)),
        }
    }

    fn differs(&self, old: &Value, new: &Value) -> bool {
        let untouched = |value: &Value| matches!(value, Value::Source(place) if self.is_untouched(*place));
        if untouched(old) && untouched(new) {
            return false;
        }
        !compare::same((self.now.texts(), old), (self.then.texts(), new))
    }

    /// Tells whether the place stands in a file that does not change.
    fn is_untouched(&self, place: Place) -> bool {
        let (file, _) = self.now.texts().in_file(place);
        !self.texts.contains(&TextId::of_file(file))
    }

    /// Tells whether the generator of a ConfigMap reads a file that changes.
    fn takes_changed_file(&self, resource: &Resource, values: &[(RepoPath, Place)]) -> bool {
        let makes =
            |at: &Place| resource.generator == Some(*at) || resource.steps.contains(&Step::Patched(*at));
        values.iter().any(|(path, at)| self.paths.contains(path) && makes(at))
    }

    fn placement(&self, resource: &Resource, delivery: DeliveryId, at: u32) -> Option<&Placement> {
        let list = self.now.of(resource.object?);
        list.iter().find(|placement| placement.delivery == Some((delivery, at)))
    }
}

fn title(resource: &Resource, placement: Option<&Placement>) -> String {
    format!("{}/{}", resource.kind, placement.map_or(&resource.name, |placement| &placement.name))
}

fn is_config(kind: &str) -> bool {
    matches!(kind, "ConfigMap" | "Secret")
}

/// Returns what a change of a kind does, and the part of the object that must change for it.
fn effect(kind: &str) -> Option<(Effect, &'static [&'static str])> {
    Some(match kind {
        "Deployment" | "DaemonSet" | "StatefulSet" | "CloneSet" | "Rollout" | "DeploymentConfig"
        | "Configuration" => (Effect::Rolls, &["spec", "template"]),
        // Knative's; the Service of the core group has no template.
        "Service" => (Effect::Rolls, &["spec", "template"]),
        "CronJob"
        | "ScaledJob"
        | "CronWorkflow"
        | "WorkflowTemplate"
        | "ClusterWorkflowTemplate"
        | "Task"
        | "ClusterTask"
        | "Pipeline"
        | "AnalysisTemplate"
        | "ClusterAnalysisTemplate" => (Effect::NextRun, &["spec"]),
        "PodTemplate" => (Effect::NextRun, &["template"]),
        "Job" | "Pod" | "Workflow" | "TaskRun" | "PipelineRun" | "JobSet" | "Revision" => {
            (Effect::Immutable, &["spec"])
        }
        "ReplicaSet" | "ReplicationController" => (Effect::Stays, &["spec", "template"]),
        "HelmRelease" | "Application" => (Effect::Upgrades, &["spec"]),
        // A file of Helm values.
        "" => (Effect::Upgrades, &[]),
        "ConfigMap" | "Secret" | "Ingress" | "NetworkPolicy" | "Kustomization" | "HTTPRoute" => return None,
        _ => (Effect::ControllerDecides, &["spec"]),
    })
}
