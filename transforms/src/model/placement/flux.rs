//! Flux Kustomizations: trees of them, whose roots are clusters.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Carrier, ClusterId, Delivery, Variables,
    deliver::State,
    sources::{Reach, Source},
};
use crate::{
    model::{
        ObjectId,
        address::Address,
        kustomize::{Located, Resource, list, located},
        value::{Place, Texts, Value},
    },
    path::RepoPath,
};

/// A Flux Kustomization as it stands in the repository.
struct Raw {
    object: ObjectId,
    resource: Resource,
    source: Source,
    folder: Option<RepoPath>,
    /// The numbers of the others that its folder delivers, itself included if so.
    delivers: BTreeSet<usize>,
}

/// Delivers what every Flux Kustomization delivers, beginning with the roots.
pub(super) fn deliver(state: &mut State<'_>) {
    let (raws, addresses) = read(state);
    let roots = roots(state, &raws);
    for (cluster, members) in roots {
        let id = state.cluster(&cluster);
        let mut seen = BTreeSet::new();
        for root in members.iter().filter_map(|number| raws.get(*number)) {
            walk(state, &addresses, &root.resource, id, &mut seen);
        }
    }
}

fn is_flux(resource: &Resource) -> bool {
    &*resource.kind == "Kustomization" && resource.api_version.starts_with("kustomize.toolkit.fluxcd.io/")
}

/// Reads them all, and what each delivers when nothing is patched.
fn read(state: &mut State<'_>) -> (Vec<Raw>, Addresses) {
    let objects: Vec<_> = state
        .repository
        .objects()
        .iter()
        .filter(|object| object.kind == "Kustomization" && object.group() == "kustomize.toolkit.fluxcd.io")
        .cloned()
        .collect();
    let resources: Vec<Resource> =
        state.build(|builder| objects.iter().map(|object| builder.resource_of(object)).collect());
    let addresses = addresses(state);
    let mut raws: Vec<Raw> = Vec::new();
    for (object, resource) in objects.iter().zip(resources) {
        let source = source(&state.texts, &addresses, &resource);
        raws.push(Raw { object: object.id, resource, source, folder: None, delivers: BTreeSet::new() });
    }
    note(state, &mut raws);
    let by_object: BTreeMap<ObjectId, usize> =
        raws.iter().enumerate().map(|(number, raw)| (raw.object, number)).collect();
    let own = raws.iter().enumerate().filter_map(|(number, raw)| {
        let kustomization = state.kustomization(raw.folder.as_ref()?, true, place(&raw.resource)?);
        Some((number, kustomization))
    });
    let own: Vec<_> = own.collect();
    let delivered = state.build_each(&own, |builder, (_, kustomization)| {
        let built = builder.build(kustomization);
        built.resources.iter().filter_map(|each| by_object.get(&each.object?).copied()).collect()
    });
    for ((number, _), delivers) in own.iter().zip(delivered) {
        if let Some(raw) = raws.get_mut(*number) {
            raw.delivers = delivers;
        }
    }
    for raw in &raws {
        let is_same = |other: &usize| raws.get(*other).is_some_and(|other| other.source == raw.source);
        let is_folder = raw.folder.as_ref().is_some_and(|folder| !folder.as_str().is_empty());
        if is_folder && raw.delivers.iter().any(is_same) {
            state.sources.note(&raw.source, Reach::Itself);
        }
    }
    (raws, addresses)
}

/// Takes note of all sources, and finds the folders of those that are not another repository.
fn note(state: &mut State<'_>, raws: &mut [Raw]) {
    let mut counts: BTreeMap<&Source, usize> = BTreeMap::new();
    for raw in raws.iter() {
        *counts.entry(&raw.source).or_default() += 1;
        let path = path(state, &raw.resource, &Variables::default());
        let reach = path.map_or(Reach::Nothing, |path| state.reach(&path));
        state.sources.note(&raw.source, reach);
    }
    // Most of them name the repository that they stand in.
    state.sources.main =
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(source, _)| Source::clone(source));
    for raw in raws {
        raw.folder = folder(state, &raw.resource, &raw.source, &Variables::default());
    }
}

/// Where each name of a GitRepository leads, of Flux's operator as well; none where it leads to several.
type Addresses = BTreeMap<String, Option<Address>>;

fn addresses(state: &State<'_>) -> Addresses {
    let mut found = Addresses::new();
    for object in state.repository.objects() {
        let root = state.repository.node(object.file, object.root);
        let text = |path: &[&str]| root.at(path).and_then(|node| node.as_str());
        let (name, url) = match object.kind.as_str() {
            "GitRepository" => (object.name.as_str(), text(&["spec", "url"])),
            "FluxInstance" if text(&["spec", "sync", "kind"]) == Some("GitRepository") => {
                (text(&["spec", "sync", "name"]).unwrap_or("flux-system"), text(&["spec", "sync", "url"]))
            }
            _ => continue,
        };
        let address = url.and_then(Address::parse);
        let known = found.entry(name.to_owned()).or_insert_with(|| address.clone());
        if *known != address {
            *known = None;
        }
    }
    found
}

fn source(texts: &Texts, addresses: &Addresses, resource: &Resource) -> Source {
    let part = |key| texts.text_at(&resource.value, &["spec", "sourceRef", key]).unwrap_or_default();
    let (kind, name) = (part("kind"), part("name"));
    match addresses.get(&name).filter(|_| kind == "GitRepository") {
        Some(Some(address)) => Source::Git(address.clone()),
        _ => Source::Named(format!("{kind}/{name}")),
    }
}

/// Returns the path that is delivered.
fn path(state: &State<'_>, resource: &Resource, parent: &Variables) -> Option<RepoPath> {
    let path = state.texts.text_at(&resource.value, &["spec", "path"]).unwrap_or_default();
    RepoPath::new(parent.fill(&path)?.trim_start_matches('/')).ok()
}

/// Returns the folder that is delivered; none if it is not in this repository.
fn folder(
    state: &mut State<'_>,
    resource: &Resource,
    source: &Source,
    parent: &Variables,
) -> Option<RepoPath> {
    let folder = path(state, resource, parent)?;
    if state.is_elsewhere(Some(source), resource.object) {
        return None;
    }
    match state.reach(&folder) {
        Reach::Nothing => None,
        // Every repository has a root, so only the source tells whose root is meant.
        Reach::Root => state.sources.is_main(source).then_some(folder),
        Reach::Folder | Reach::Itself => Some(folder),
    }
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
    addresses: &Addresses,
    root: &Resource,
    cluster: ClusterId,
    seen: &mut BTreeSet<(Option<Arc<str>>, Arc<str>)>,
) {
    let mut todo = vec![(root.clone(), Variables::default())];
    while let Some((resource, parent)) = todo.pop() {
        if !seen.insert((resource.namespace.clone(), Arc::clone(&resource.name))) {
            continue;
        }
        let source = source(&state.texts, addresses, &resource);
        let Some(delivery) = one(state, &resource, &source, &parent, cluster) else { continue };
        let inner = delivery.built.resources.iter().filter(|each| is_flux(each));
        todo.extend(inner.map(|each| (each.clone(), delivery.variables.clone())));
        state.add(delivery, Some(source));
    }
}

fn one(
    state: &mut State<'_>,
    resource: &Resource,
    source: &Source,
    parent: &Variables,
    cluster: ClusterId,
) -> Option<Delivery> {
    let folder = folder(state, resource, source, parent)?;
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
        // What is applied by somebody else's credentials is in another cluster.
        cluster: Some(cluster).filter(|_| state.texts.get(&spec, "kubeConfig").is_none()),
        built: Arc::new(built),
        variables,
        default_namespace: None,
        doubt: None,
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
