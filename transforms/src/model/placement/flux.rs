//! Flux Kustomizations: trees of them, whose roots are clusters.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Carrier, ClusterId, Delivery, Variables, deliver::State};
use crate::{
    model::{
        ObjectId,
        kustomize::{Located, Resource, list, located},
        value::{Place, Texts, Value},
    },
    path::RepoPath,
};

/// A Flux Kustomization as it stands in the repository.
struct Raw {
    object: ObjectId,
    resource: Resource,
    folder: Option<RepoPath>,
    /// The numbers of the others that its folder delivers, itself included if so.
    delivers: BTreeSet<usize>,
}

/// Delivers what every Flux Kustomization delivers, beginning with the roots.
pub(super) fn deliver(state: &mut State<'_>) {
    let raws = read(state);
    let roots = roots(state, &raws);
    for (cluster, members) in roots {
        let id = state.cluster(&cluster);
        let mut seen = BTreeSet::new();
        for root in members.iter().filter_map(|number| raws.get(*number)) {
            walk(state, &root.resource, id, &mut seen);
        }
    }
}

fn is_flux(resource: &Resource) -> bool {
    &*resource.kind == "Kustomization" && resource.api_version.starts_with("kustomize.toolkit.fluxcd.io/")
}

/// Reads them all, and what each delivers when nothing is patched.
fn read(state: &mut State<'_>) -> Vec<Raw> {
    let objects: Vec<_> = state
        .repository
        .objects()
        .iter()
        .filter(|object| object.kind == "Kustomization" && object.group() == "kustomize.toolkit.fluxcd.io")
        .cloned()
        .collect();
    let resources: Vec<Resource> =
        state.build(|builder| objects.iter().map(|object| builder.resource_of(object)).collect());
    state.own_source = own_source(&state.texts, &resources);
    let mut raws: Vec<Raw> = Vec::new();
    for (object, resource) in objects.iter().zip(resources) {
        let folder = folder(state, &resource, &Variables::default());
        raws.push(Raw { object: object.id, resource, folder, delivers: BTreeSet::new() });
    }
    let by_object: BTreeMap<ObjectId, usize> =
        raws.iter().enumerate().map(|(number, raw)| (raw.object, number)).collect();
    for number in 0..raws.len() {
        let Some((folder, at)) =
            raws.get(number).and_then(|raw| Some((raw.folder.clone()?, place(&raw.resource)?)))
        else {
            continue;
        };
        let kustomization = state.kustomization(&folder, true, at);
        let built = state.build(|builder| builder.build(&kustomization));
        let found = built.resources.iter().filter_map(|each| by_object.get(&each.object?).copied());
        if let Some(raw) = raws.get_mut(number) {
            raw.delivers = found.collect();
        }
    }
    raws
}

/// Returns the source that most of them name: that is this repository.
fn own_source(texts: &Texts, resources: &[Resource]) -> Option<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for resource in resources {
        *counts.entry(source(texts, resource)).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name)
}

fn source(texts: &Texts, resource: &Resource) -> String {
    let part = |key| texts.text_at(&resource.value, &["spec", "sourceRef", key]).unwrap_or_default();
    format!("{}/{}", part("kind"), part("name"))
}

/// Returns the folder that is delivered; none if it is not in this repository.
fn folder(state: &State<'_>, resource: &Resource, parent: &Variables) -> Option<RepoPath> {
    let path = state.texts.text_at(&resource.value, &["spec", "path"]).unwrap_or_default();
    let folder = RepoPath::new(parent.fill(&path)?.trim_start_matches('/')).ok()?;
    let is_own = || state.own_source.as_ref().is_some_and(|own| *own == source(&state.texts, resource));
    // Every repository has a root, so only the name of the source tells whose root is meant.
    if folder.as_str().is_empty() && !is_own() {
        return None;
    }
    (folder.as_str().is_empty() || state.repository.has_folder(&folder)).then_some(folder)
}

/// Returns the clusters by name, each with the Kustomizations that begin it.
fn roots(state: &State<'_>, raws: &[Raw]) -> BTreeMap<String, Vec<usize>> {
    let inner: BTreeSet<usize> = raws
        .iter()
        .enumerate()
        .flat_map(|(number, raw)| raw.delivers.iter().copied().filter(move |other| *other != number))
        .collect();
    let mut roots: Vec<usize> = (0..raws.len())
        .filter(|number| !inner.contains(number) && raws.get(*number).is_some_and(|raw| raw.folder.is_some()))
        .collect();
    let mut reached = reachable(raws, &roots);
    // A ring without a beginning is begun at the one that delivers itself, else at the first.
    let rest = |reached: &BTreeSet<usize>| {
        let mut left = (0..raws.len()).filter(|number| {
            !reached.contains(number) && raws.get(*number).is_some_and(|raw| raw.folder.is_some())
        });
        let first =
            left.clone().find(|number| raws.get(*number).is_some_and(|raw| raw.delivers.contains(number)));
        first.or_else(|| left.next())
    };
    while let Some(next) = rest(&reached) {
        roots.push(next);
        reached.extend(reachable(raws, &[next]));
    }
    let instances = instances(state);
    let mut clusters: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for number in roots {
        if let Some(raw) = raws.get(number) {
            clusters.entry(cluster_name(state, raw, number, &instances)).or_default().push(number);
        }
    }
    // Where some clusters have trees, lone Kustomizations elsewhere are leftovers that nobody applies.
    let has_tree = |members: &Vec<usize>| {
        members.iter().any(|number| {
            raws.get(*number).is_some_and(|raw| raw.delivers.iter().any(|other| other != number))
        })
    };
    if clusters.values().any(has_tree) {
        clusters.retain(|_, members| has_tree(members));
    }
    clusters
}

fn reachable(raws: &[Raw], from: &[usize]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut todo = from.to_vec();
    while let Some(number) = todo.pop() {
        if reached.insert(number) {
            todo.extend(raws.get(number).into_iter().flat_map(|raw| raw.delivers.iter().copied()));
        }
    }
    reached
}

/// Returns the folders that Flux's operator is told to begin with.
fn instances(state: &State<'_>) -> Vec<RepoPath> {
    let objects = state.repository.objects().iter().filter(|object| object.kind == "FluxInstance");
    let paths = objects.filter_map(|object| {
        let root = state.repository.node(object.file, object.root);
        root.at(&["spec", "sync", "path"])?.as_str()
    });
    paths.filter_map(|path| RepoPath::new(path.trim_start_matches('/')).ok()).collect()
}

/// Names a cluster after the folder that it begins with.
fn cluster_name(state: &State<'_>, raw: &Raw, number: usize, instances: &[RepoPath]) -> String {
    let file = &state.repository.file(state.repository.object(raw.object).file).path;
    if let Some(folder) = raw.folder.as_ref().filter(|_| raw.delivers.contains(&number)) {
        return folder.to_string();
    }
    let instance = instances.iter().find(|folder| file.is_below(folder));
    instance.map_or_else(|| file.parent().to_string(), RepoPath::to_string)
}

fn place(resource: &Resource) -> Option<Place> {
    resource.value.places().first().copied()
}

/// Delivers one Kustomization and those that it delivers.
fn walk(
    state: &mut State<'_>,
    root: &Resource,
    cluster: ClusterId,
    seen: &mut BTreeSet<(Option<Arc<str>>, Arc<str>)>,
) {
    let mut todo = vec![(root.clone(), Variables::default())];
    while let Some((resource, parent)) = todo.pop() {
        if !seen.insert((resource.namespace.clone(), Arc::clone(&resource.name))) {
            continue;
        }
        let Some(delivery) = one(state, &resource, &parent, cluster) else { continue };
        let inner = delivery.built.resources.iter().filter(|each| is_flux(each));
        todo.extend(inner.map(|each| (each.clone(), delivery.variables.clone())));
        state.deliveries.push(delivery);
    }
}

fn one(
    state: &mut State<'_>,
    resource: &Resource,
    parent: &Variables,
    cluster: ClusterId,
) -> Option<Delivery> {
    let folder = folder(state, resource, parent)?;
    let at = place(resource)?;
    let spec = state.texts.get(&resource.value, "spec")?;
    let target = state.texts.get(&spec, "targetNamespace").and_then(|value| located(&state.texts, &value));
    let target = target.map(|Located { text, at }| Located { text: parent.fill(&text).unwrap_or(text), at });
    let mut kustomization = state.kustomization(&folder, true, at);
    kustomization.add_flux(&mut state.texts, &spec, target);
    state.mark(&kustomization);
    let built = state.build(|builder| builder.build(&kustomization));
    let namespace = resource.namespace.as_deref().unwrap_or_default();
    let variables = variables(state, &spec, namespace, parent);
    Some(Delivery {
        carrier: Carrier::Flux,
        folder,
        title: format!("{namespace}/{}", resource.name),
        at: Some(at),
        cluster: Some(cluster),
        built,
        variables,
        default_namespace: None,
    })
}

/// Reads `postBuild`. ConfigMaps that are in the repository are read, too.
fn variables(state: &State<'_>, spec: &Value, namespace: &str, parent: &Variables) -> Variables {
    let texts = &state.texts;
    let Some(post) = texts.get(spec, "postBuild") else { return Variables::default() };
    let mut variables = Variables { on: true, ..Variables::default() };
    for source in list(texts, &post, "substituteFrom") {
        let name = texts.text_at(&source, &["name"]).unwrap_or_default();
        let is_map = texts.text_at(&source, &["kind"]).as_deref() == Some("ConfigMap");
        let found = is_map.then(|| config_map(state, &name, namespace)).flatten();
        match found {
            Some(data) => variables.known.extend(data),
            None => variables.more = true,
        }
    }
    if let Some(own) = texts.get(&post, "substitute") {
        for (key, value) in texts.entries(&own) {
            let text = texts.text(&value).map(|text| parent.fill(&text));
            match text {
                Some(Some(text)) => drop(variables.known.insert(key.to_string(), text)),
                Some(None) => {
                    variables.known.remove(&*key);
                    variables.more = true;
                }
                None => {}
            }
        }
    }
    variables
}

/// Returns the data of the one ConfigMap with this name; none if there is none, or several.
fn config_map(state: &State<'_>, name: &str, namespace: &str) -> Option<Vec<(String, String)>> {
    let fits =
        |own: &Option<String>| own.as_deref().is_none_or(|own| own == namespace || namespace.is_empty());
    let mut found = state.repository.objects().iter().filter(|object| {
        object.kind == "ConfigMap" && object.name == name && fits(&object.namespace) && !object.encrypted
    });
    let (Some(object), None) = (found.next(), found.next()) else { return None };
    let data = state.repository.node(object.file, object.root).get("data")?;
    let pairs = data
        .entries()
        .filter_map(|entry| Some((entry.name()?.to_owned(), entry.value().resolve().as_str()?.to_owned())));
    Some(pairs.collect())
}
