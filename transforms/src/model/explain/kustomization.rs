//! What a line of a kustomization does, and what a file does that kustomizations take as a patch or as replacements.

use std::collections::BTreeSet;

use super::{cite, told};
use crate::{
    finding::{FileId, Location},
    model::{
        Object, Repository,
        kustomize::{FILE_NAMES, Kustomization, Patch, PatchBody, Resource, Step},
        placement::{Delivery, Namespace},
        value::Place,
    },
    path::RepoPath,
};

/// No more objects than this are named by one sentence.
const MOST_NAMED: usize = 8;

/// Returns what the entry of a kustomization that stands on the line does to the objects that are delivered.
pub(super) fn entry(repository: &Repository, at: Location) -> Vec<String> {
    let file = repository.file(at.file);
    if !FILE_NAMES.contains(&file.path.name()) {
        return Vec::new();
    }
    let line = file.stream.position(at.span.start).0;
    let mut lines = whole(repository, at.file, line);
    lines.extend(effects(repository, &|place| covers(repository, at.file, line, place)));
    lines
}

/// Returns what a file does that kustomizations take as a patch or for its replacements.
pub(super) fn patch_file(repository: &Repository, at: Location) -> Vec<String> {
    let entries = taking(repository, &repository.file(at.file).path);
    let mut lines: Vec<String> = entries
        .iter()
        .map(|(what, place)| format!("the file is {what} of {}", cite(repository, *place)))
        .collect();
    let effects = effects(repository, &|place| entries.iter().any(|(_, entry)| *entry == place));
    if !entries.is_empty() && effects.is_empty() {
        lines.push("it changes no object that is delivered".to_owned());
    }
    lines.extend(effects);
    lines
}

/// Tells whether an object is no object at all but the patch of one.
pub(super) fn is_patch(repository: &Repository, object: &Object) -> bool {
    let delivered = repository.placements().of(object.id).iter().any(|each| each.delivery.is_some());
    !delivered && !taking(repository, &repository.file(object.file).path).is_empty()
}

/// Returns what is wrong with the whole kustomization, on its first line.
fn whole(repository: &Repository, file: FileId, line: u32) -> Vec<String> {
    let folder = repository.file(file).path.parent();
    let Some(own) = repository.placements().graph().folder(&folder).filter(|_| line == 1) else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    if own.empty {
        lines.push("the kustomization is empty: kustomize refuses it".to_owned());
    }
    if own.ambiguous {
        lines.push("the folder has more than one kustomization file: kustomize refuses that".to_owned());
    }
    lines
}

/// Tells whether a place of this file reaches over the line; its key counts as well.
fn covers(repository: &Repository, file: FileId, line: u32, place: Place) -> bool {
    let (own, node) = repository.placements().texts().in_file(place);
    let stream = &repository.file(file).stream;
    own == file
        && repository.node(own, node).span().is_some_and(|span| {
            let (first, last) = (stream.position(span.start).0, stream.position(span.end).0);
            // Behind a block the end stands at the beginning of the next line.
            let last = if stream.position(span.end).1 == 1 { last.saturating_sub(1) } else { last };
            (first..=last.max(first)).contains(&line)
        })
}

/// What a step does, and the place that says so.
const fn parts(step: &Step) -> (&'static str, Place) {
    match step {
        Step::Included(at) => ("includes", *at),
        Step::Namespace(at) => ("sets the namespace of", *at),
        Step::Renamed(at) => ("changes the name of", *at),
        Step::Patched(at) => ("patches", *at),
        Step::Image(at) => ("changes images of", *at),
        Step::Replaced(at) => ("replaces fields of", *at),
        Step::Copied(at) => ("copies from", *at),
    }
}

/// Returns a sentence for each delivery and each thing that is done in it by chosen entries.
fn effects(repository: &Repository, chosen: &dyn Fn(Place) -> bool) -> Vec<String> {
    let mut lines = Vec::new();
    for delivery in repository.placements().deliveries() {
        let mut done: Vec<(&str, Vec<String>)> = Vec::new();
        for resource in &delivery.built.resources {
            let made = resource.generator.filter(|at| chosen(*at)).map(|_| "makes");
            let steps = resource.steps.iter().map(parts).filter(|(_, at)| chosen(*at)).map(|(what, _)| what);
            let all: BTreeSet<&str> = made.into_iter().chain(steps).collect();
            for what in all {
                let name = named(delivery, resource);
                match done.iter_mut().find(|(known, _)| *known == what) {
                    Some((_, names)) => names.push(name),
                    None => done.push((what, vec![name])),
                }
            }
        }
        lines.extend(done.into_iter().map(|(what, names)| sentence(delivery, what, &names)));
    }
    lines
}

fn sentence(delivery: &Delivery, what: &str, names: &[String]) -> String {
    let (shown, more) = (names.iter().take(MOST_NAMED).cloned(), names.len().saturating_sub(MOST_NAMED));
    let mut shown: Vec<String> = shown.collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    format!("in {}, {what} {}", delivery.title, shown.join(", "))
}

/// Returns `Deployment/web in namespace front`, as the delivery has it.
fn named(delivery: &Delivery, resource: &Resource) -> String {
    let fill = |text: &str| delivery.variables.fill(text).unwrap_or_else(|| text.to_owned());
    let hash = if resource.hashed { " with a hash behind its name" } else { "" };
    let namespace = match resource.namespace.as_deref().or(delivery.default_namespace.as_deref()) {
        Some(text) => format!(" in {}", told(&Namespace::Known(fill(text).into()))),
        None => String::new(),
    };
    format!("{}/{}{namespace}{hash}", resource.kind, fill(&resource.name))
}

/// Returns the entries that take a file for a patch or for its replacements.
fn taking(repository: &Repository, path: &RepoPath) -> Vec<(&'static str, Place)> {
    let takes = |folder: &RepoPath, text: &str| folder.join(text).is_ok_and(|taken| taken == *path);
    let of = |own: &Kustomization| {
        let patch = |patch: &Patch| match &patch.body {
            PatchBody::File(file) if takes(&own.folder, &file.text) => Some(("a patch", patch.at)),
            _ => None,
        };
        let patches = own.merges.iter().chain(&own.patches).chain(&own.json_patches).filter_map(patch);
        let replacements = own.replacements.iter().filter_map(|each| {
            let is_here = each.path.as_deref().is_some_and(|text| takes(&own.folder, text));
            is_here.then_some(("the replacements", each.at))
        });
        patches.chain(replacements).collect::<Vec<_>>()
    };
    repository.placements().graph().iter().flat_map(of).collect()
}
