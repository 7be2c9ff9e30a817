//! Argo CD Applications and ApplicationSets, where their paths and destinations are literal.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Carrier, Delivery, Variables,
    deliver::{State, is_name},
    sources::{Reach, Source},
};
use crate::{
    model::{
        ObjectId, Repository,
        address::Address,
        kustomize::{ImageOverride, Located, Resource, list, located},
        value::{Place, Shape, Texts, Value},
    },
    path::RepoPath,
};

/// What one Application asks for, templates filled in.
struct Wanted {
    title: String,
    /// The Application or the set that it is of.
    object: Option<ObjectId>,
    path: String,
    /// Where the path is; none where nothing says it.
    address: Option<Source>,
    source: Value,
    namespace: Option<String>,
    cluster: Option<String>,
    at: Place,
}

/// Delivers what the Applications deliver: those that lie loose in the repository, and those that others deliver.
pub(super) fn deliver(state: &mut State<'_>, tops: &[RepoPath]) {
    let mut todo: Vec<Resource> = Vec::new();
    for delivery in &state.deliveries {
        todo.extend(delivery.built.resources.iter().filter(|each| is_argo(each)).cloned());
    }
    state.build_folders(tops);
    for folder in tops {
        let built = state.build(|builder| builder.folder(folder));
        todo.extend(built.resources.iter().filter(|each| is_argo(each)).cloned());
    }
    let known: BTreeSet<_> = todo.iter().filter_map(|each| each.object).collect();
    let objects = state.repository.objects().iter();
    let loose: Vec<_> = objects
        .filter(|object| object.group() == "argoproj.io" && !known.contains(&object.id))
        .cloned()
        .collect();
    todo.extend(
        state
            .build(|builder| loose.iter().map(|object| builder.resource_of(object)).collect::<Vec<_>>())
            .into_iter()
            .filter(is_argo),
    );
    let mut seen = BTreeSet::new();
    let mut all: Vec<Wanted> = todo.iter().flat_map(|resource| wanted(state, resource)).collect();
    all.retain(|each| {
        seen.insert((
            each.title.clone(),
            each.path.clone(),
            each.address.clone(),
            each.cluster.clone(),
            each.namespace.clone(),
        ))
    });
    note(state, &all);
    all.into_iter().for_each(|wanted| one(state, wanted));
}

/// Takes note of all sources.
fn note(state: &mut State<'_>, all: &[Wanted]) {
    for wanted in all {
        let reach = wanted.folder().map_or(Reach::Nothing, |folder| state.reach(&folder));
        wanted.address.iter().for_each(|source| state.sources.note(source, reach));
    }
    if !state.sources.is_open() {
        return;
    }
    for wanted in all {
        let (Some(source), Some(folder)) = (&wanted.address, wanted.folder()) else { continue };
        if state.reach(&folder) != Reach::Folder {
            continue;
        }
        let kustomization = state.kustomization(&folder, wanted.is_deep(&state.texts), wanted.at);
        let built = state.build(|builder| builder.build(&kustomization));
        let inside: BTreeSet<ObjectId> = built.resources.iter().filter_map(|each| each.object).collect();
        let is_same = |other: &Wanted| other.address.as_ref() == Some(source);
        if all
            .iter()
            .any(|other| is_same(other) && other.object.is_some_and(|object| inside.contains(&object)))
        {
            state.sources.note(source, Reach::Itself);
        }
    }
}

impl Wanted {
    fn folder(&self) -> Option<RepoPath> {
        RepoPath::new(self.path.trim_start_matches('/')).ok().filter(|_| !self.path.contains("{{"))
    }

    fn is_deep(&self, texts: &Texts) -> bool {
        texts.text_at(&self.source, &["directory", "recurse"]).as_deref() == Some("true")
    }
}

/// Reads the address of a source. What a template makes may be any.
fn address(text: &str) -> Source {
    match Address::parse(text) {
        Some(address) => Source::Git(address),
        None if text.contains("{{") => Source::Open(text.to_owned()),
        None => Source::Named(text.to_owned()),
    }
}

fn is_argo(resource: &Resource) -> bool {
    matches!(&*resource.kind, "Application" | "ApplicationSet") && resource.group_version().0 == "argoproj.io"
}

/// Parameters of a template, as far as they are known.
type Parameters = Vec<(String, String)>;

fn wanted(state: &State<'_>, resource: &Resource) -> Vec<Wanted> {
    let texts = &state.texts;
    let Some(spec) = texts.get(&resource.value, "spec") else { return Vec::new() };
    let is_set = &*resource.kind == "ApplicationSet";
    let application = if is_set { texts.at(&spec, &["template", "spec"]) } else { Some(spec.clone()) };
    let Some(application) = application else { return Vec::new() };
    let sets = if is_set { parameter_sets(state, &spec) } else { vec![Parameters::new()] };
    let name = if is_set { texts.text_at(&spec, &["template", "metadata", "name"]) } else { None };
    let name = name.unwrap_or_else(|| resource.name.to_string());
    // These change what the template makes, wherever it is said.
    let is_changed = is_set
        && (texts.get(&spec, "templatePatch").is_some()
            || list(texts, &spec, "generators").iter().any(|each| overrides(texts, each)));
    let mut sources = list(texts, &application, "sources");
    sources.extend(texts.get(&application, "source"));
    let mut result = Vec::new();
    for parameters in &sets {
        let text = |keys: &[&str]| {
            texts
                .text_at(&application, keys)
                .map(|text| fill(&text, parameters))
                .filter(|text| !text.is_empty())
        };
        let server = text(&["destination", "name"]).or_else(|| text(&["destination", "server"]));
        for source in &sources {
            let Some(path) = texts.text_at(source, &["path"]) else { continue };
            let Some(at) = resource.value.places().first().copied() else { continue };
            result.push(Wanted {
                title: fill(&name, parameters),
                object: resource.object,
                address: texts.text_at(source, &["repoURL"]).map(|text| address(&fill(&text, parameters))),
                path: fill(&path, parameters),
                source: source.clone(),
                namespace: text(&["destination", "namespace"]).filter(|text| !is_changed && is_name(text)),
                cluster: server.clone().filter(|text| !is_changed && !text.contains("{{")).map(|text| {
                    match text.as_str() {
                        "https://kubernetes.default.svc" => "in-cluster".to_owned(),
                        _ => text,
                    }
                }),
                at,
            });
        }
    }
    result
}

/// Tells whether a generator, or one inside of it, has a template that overrides that of its set.
fn overrides(texts: &Texts, generator: &Value) -> bool {
    texts.entries(generator).iter().any(|(_, inner)| {
        texts.get(inner, "template").is_some()
            || list(texts, inner, "generators").iter().any(|each| overrides(texts, each))
    })
}

/// Fills in the parameters of a template: `{{name}}` and `{{ .name }}`.
fn fill(text: &str, parameters: &Parameters) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((expression, tail)) = after.split_once("}}") else { break };
        let key = expression.trim().trim_start_matches('.');
        result.push_str(before);
        match parameters.iter().find(|(name, _)| name == key) {
            Some((_, value)) => result.push_str(value),
            None => {
                result.push_str("{{");
                result.push_str(expression);
                result.push_str("}}");
            }
        }
        rest = tail;
    }
    result.push_str(rest);
    result
}

/// Returns the parameters that the generators of an ApplicationSet make; what cannot be told makes none.
fn parameter_sets(state: &State<'_>, spec: &Value) -> Vec<Parameters> {
    let generators = list(&state.texts, spec, "generators");
    generators.iter().flat_map(|generator| generate(state, generator)).take(MOST_SETS).collect()
}

/// No more Applications than this are made of one set.
const MOST_SETS: usize = 2000;

fn generate(state: &State<'_>, generator: &Value) -> Vec<Parameters> {
    let texts = &state.texts;
    if let Some(elements) = texts.at(generator, &["list", "elements"]) {
        return texts.items(&elements).iter().map(|element| pairs(texts, element)).collect();
    }
    if let Some(git) = texts.get(generator, "git") {
        return directories(state, &list(texts, &git, "directories"));
    }
    if let Some(matrix) = texts.get(generator, "matrix") {
        let mut product = vec![Parameters::new()];
        for inner in list(texts, &matrix, "generators") {
            let sets = generate(state, &inner);
            product = product
                .iter()
                .flat_map(|left| sets.iter().map(move |right| left.iter().chain(right).cloned().collect()))
                .take(MOST_SETS)
                .collect();
        }
        return product;
    }
    // A generator that asks a server or reads values: the template's own literals are all that is known.
    vec![Parameters::new()]
}

fn pairs(texts: &Texts, element: &Value) -> Parameters {
    let entries = texts.entries(element).into_iter();
    entries.filter_map(|(key, value)| Some((key.to_string(), texts.text(&value)?.into_owned()))).collect()
}

/// Returns the folders of the repository that the patterns of a git generator take.
fn directories(state: &State<'_>, patterns: &[Value]) -> Vec<Parameters> {
    let texts = &state.texts;
    let read = |value: &Value| {
        let excludes = texts.text_at(value, &["exclude"]).as_deref() == Some("true");
        Some((texts.text_at(value, &["path"])?, excludes))
    };
    let patterns: Vec<(String, bool)> = patterns.iter().filter_map(read).collect();
    let (left_out, taken): (Vec<_>, Vec<_>) = patterns.iter().partition(|(_, excludes)| *excludes);
    let folders = state.folders.get_or_init(|| all_folders(state.repository));
    let mut found: Vec<&str> = taken.iter().flat_map(|(pattern, _)| matching(folders, pattern)).collect();
    found.sort_unstable();
    found.dedup();
    found.retain(|folder| !left_out.iter().any(|(pattern, _)| matches(pattern, folder)));
    found.into_iter().map(parameters).collect()
}

/// Returns all folders with files somewhere below, sorted.
fn all_folders(repository: &Repository) -> Vec<&str> {
    let parent_of = |path: &'_ str| path.rsplit_once('/').map_or(0, |(parent, _)| parent.len());
    let mut folders = Vec::new();
    let mut last = "";
    for file in repository.files() {
        let path = file.path.as_str();
        let folder = &path[..parent_of(path)];
        // What lies below a folder stands together, so the folders that this one shares with the last are there.
        let mut here = folder;
        let holds_last =
            |here: &str| last.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        while !here.is_empty() && !holds_last(here) {
            folders.push(here);
            here = &here[..parent_of(here)];
        }
        last = folder;
    }
    folders.sort_unstable();
    folders
}

fn parameters(folder: &str) -> Parameters {
    let mut parameters = Vec::new();
    let name = folder.rsplit('/').next().unwrap_or_default();
    for (key, value) in [("path", folder), ("path.path", folder), ("path.basename", name)] {
        parameters.push((key.to_owned(), value.to_owned()));
    }
    for (number, part) in folder.split('/').enumerate() {
        parameters.push((format!("path[{number}]"), part.to_owned()));
        parameters.push((format!("index .path.segments {number}"), part.to_owned()));
    }
    parameters
}

/// Returns those of the sorted folders that a pattern takes.
fn matching<'a>(folders: &[&'a str], pattern: &str) -> Vec<&'a str> {
    // Most folders differ where the pattern is plain text; `a/**` takes `a` as well.
    let plain = plain(pattern).split('*').next().unwrap_or_default().trim_end_matches('/');
    let from = folders.partition_point(|folder| *folder < plain);
    let near = folders.iter().skip(from).take_while(|folder| folder.starts_with(plain));
    near.copied().filter(|folder| matches(pattern, folder)).collect()
}

fn plain(pattern: &str) -> &str {
    pattern.trim_start_matches("./").trim_end_matches('/')
}

/// Matches a path with a pattern in which `*` stands for anything but a slash, part by part.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = plain(pattern);
    let (left, right): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    if let Some(at) = left.iter().position(|part| *part == "**") {
        let head = left.get(..at).unwrap_or_default();
        return right.len() >= head.len()
            && head.iter().zip(&right).all(|(pattern, part)| part_matches(pattern, part));
    }
    left.len() == right.len() && left.iter().zip(&right).all(|(pattern, part)| part_matches(pattern, part))
}

fn part_matches(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((head, tail)) => {
            part.len() >= head.len() + tail.len() && part.starts_with(head) && part.ends_with(tail)
        }
    }
}

fn one(state: &mut State<'_>, wanted: Wanted) {
    let Some(folder) = wanted.folder() else { return };
    let is_there = state.reach(&folder) > Reach::Nothing;
    let is_chart = folder
        .join("Chart.yaml")
        .is_ok_and(|path| state.repository.file_at(&path).is_some() || state.repository.has_other(&path));
    if state.is_elsewhere(wanted.address.as_ref(), wanted.object) || !is_there || is_chart {
        return;
    }
    let mut kustomization = state.kustomization(&folder, wanted.is_deep(&state.texts), wanted.at);
    if kustomization.file.is_some()
        && let Some(options) = state.texts.get(&wanted.source, "kustomize")
    {
        add_options(state, &options, &mut kustomization);
    }
    if kustomization.file.is_none() && kustomization.resources.is_empty() {
        return;
    }
    // Patterns may leave a file to another Application, so the namespace of this one is nobody's for certain.
    let directory = state.texts.get(&wanted.source, "directory").filter(|_| kustomization.file.is_none());
    let picks = directory.is_some_and(|directory| {
        ["include", "exclude"].iter().any(|key| state.texts.get(&directory, key).is_some())
    });
    state.mark(&kustomization);
    let built = state.build(|builder| builder.build(&kustomization));
    let cluster = wanted.cluster.map(|name| state.cluster(&name));
    let has_plugin = state.texts.get(&wanted.source, "plugin").is_some();
    let made =
        format!("in {}, a plugin makes the manifests, and may give them another namespace", wanted.title);
    let delivery = Delivery {
        carrier: Carrier::Argo,
        folder,
        title: wanted.title,
        at: Some(wanted.at),
        cluster,
        built: Arc::new(built),
        variables: Variables::default(),
        default_namespace: wanted.namespace.filter(|_| !picks).map(Arc::from),
        doubt: has_plugin.then(|| made.into()),
    };
    state.add(delivery, wanted.address);
}

/// Puts an Application's own kustomize options on top.
fn add_options(
    state: &mut State<'_>,
    options: &Value,
    kustomization: &mut crate::model::kustomize::Kustomization,
) {
    let namespace = state.texts.get(options, "namespace").and_then(|value| located(&state.texts, &value));
    let images = list(&state.texts, options, "images");
    let read = images.iter().filter_map(|value| image(&state.texts, value)).collect::<Vec<_>>();
    kustomization.add_flux(&mut state.texts, options, namespace);
    kustomization.images.extend(read);
}

/// Reads an image override in Argo CD's form: `name=new:tag`, `name:tag` or `name@digest`.
fn image(texts: &Texts, value: &Value) -> Option<ImageOverride> {
    if texts.shape(value) != Shape::Scalar {
        return None;
    }
    let Located { text, at } = located(texts, value)?;
    let (name, new) = text.split_once('=').map_or((None, text.as_str()), |(name, new)| (Some(name), new));
    let (rest, digest) = new.split_once('@').map_or((new, None), |(rest, digest)| (rest, Some(digest)));
    let slash = rest.rfind('/').unwrap_or(0);
    let colon = rest.get(slash..).and_then(|tail| tail.rfind(':')).map(|at| at + slash);
    let (new_name, tag) = match colon {
        Some(at) => (rest.get(..at).unwrap_or(rest), rest.get(at + 1..)),
        None => (rest, None),
    };
    Some(ImageOverride {
        name: name.unwrap_or(new_name).to_owned(),
        new_name: name.is_some().then(|| new_name.to_owned()),
        new_tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
        tag_suffix: None,
        at,
    })
}
