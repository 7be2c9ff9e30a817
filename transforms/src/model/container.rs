//! Containers: every mapping that Kubernetes, a controller or a chart will turn into one.

use super::{
    Object, ObjectId, Repository,
    pod_paths::{Holds, POD_CONTAINERS, POD_PATHS, completed_by},
};
use crate::{
    finding::FileId,
    syntax::{Entry, Kind, Node, NodeId},
};

/// A container: its place in the repository's list of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContainerId(pub u32);

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It runs as long as the pod.
    Main,
    /// It runs before the main ones.
    Init,
    /// It is added for debugging.
    Ephemeral,
}

/// Who turns the mapping into a container, and so how far its fields mean what they mean in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// Kubernetes itself, or a controller that copies the pod's template as it is.
    Kubernetes,
    /// A controller that looks entrypoints up itself; with its name.
    Controller(&'static str),
    /// An operator that fills in what this one container of its pods leaves out, a command too; with its name.
    Operator(&'static str),
    /// A chart that is known to copy `command` and `args` as they are; with its name.
    KnownChart(&'static str),
    /// A list of containers in the values of a chart, which charts by custom copy as it is (`extraContainers`).
    ChartList,
    /// A chart whose templates decide.
    UnknownChart,
}

/// The image of a container, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageField {
    /// The reference; of a mapping, its parts joined.
    pub text: String,
    /// The value of `image`.
    pub node: NodeId,
}

/// A container-shaped mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// Its place in the list.
    pub id: ContainerId,
    /// The object that it belongs to.
    pub object: ObjectId,
    /// The file.
    pub file: FileId,
    /// The mapping.
    pub node: NodeId,
    /// The pod's spec; there is none in charts, workflows and tasks.
    pub pod: Option<NodeId>,
    /// What it is for.
    pub role: Role,
    /// Who makes the container of it.
    pub origin: Origin,
    /// `name`, or the key of a chart's mapping of containers.
    pub name: Option<String>,
    /// Its image; none in a patch that leaves the base's.
    pub image: Option<ImageField>,
}

/// What stands under `command` or `args`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// Nothing, null or an empty list.
    Unset,
    /// A list of scalars.
    List(Vec<String>),
    /// Something else: a single scalar, a nested list, a null item.
    Odd,
}

impl Words {
    /// Reads the value of `command` or `args`.
    #[must_use]
    pub fn of(node: Option<Node<'_>>) -> Self {
        let Some(node) = node.map(Node::resolve).filter(|node| !node.is_null()) else { return Self::Unset };
        if node.kind() != Kind::Sequence {
            return Self::Odd;
        }
        let words: Option<Vec<String>> =
            node.items().map(|item| item.resolve().as_str().map(str::to_owned)).collect();
        match words {
            Some(words) if words.is_empty() => Self::Unset,
            Some(words) => Self::List(words),
            None => Self::Odd,
        }
    }

    /// Returns the words, none if unset; `None` for what is no list of words.
    #[must_use]
    pub fn list(&self) -> Option<&[String]> {
        match self {
            Self::Unset => Some(&[]),
            Self::List(words) => Some(words),
            Self::Odd => None,
        }
    }
}

/// Collects the containers of all objects.
pub(super) fn collect(repository: &Repository) -> Vec<Container> {
    let found = repository.workers().map(repository.objects(), |object| of_object(repository, object));
    let mut containers: Vec<Container> = found.into_iter().flatten().collect();
    containers.sort_by_key(|container| (container.file, container.node));
    // A container that an alias repeats is written once.
    containers.dedup_by_key(|container| (container.file, container.node));
    for (number, container) in containers.iter_mut().enumerate() {
        container.id = ContainerId(u32::try_from(number).unwrap_or(u32::MAX));
    }
    containers
}

fn of_object(repository: &Repository, object: &Object) -> Vec<Container> {
    let mut containers = Vec::new();
    let root = repository.node(object.file, object.root);
    for known in POD_PATHS.iter().filter(|known| known.kind == object.kind && known.group == object.group()) {
        let mut found = Vec::new();
        follow(root, known.path, &mut found);
        for node in found {
            match known.holds {
                Holds::Pod => pod(object, node, &mut containers),
                Holds::Container => containers.push(template(object, node)),
                Holds::Values => values(repository, object, node, &mut containers),
            }
        }
    }
    containers
}

/// Collects the nodes that a path of keys, `*` and `[]` leads to.
fn follow<'a>(node: Node<'a>, path: &str, found: &mut Vec<Node<'a>>) {
    let node = node.resolve();
    if path.is_empty() {
        found.push(node);
        return;
    }
    let (step, rest) = path.split_once('.').unwrap_or((path, ""));
    match step {
        "[]" => node.items().for_each(|item| follow(item, rest, found)),
        "*" => node.entries().for_each(|entry| follow(entry.value(), rest, found)),
        key => {
            if let Some(value) = node.get(key) {
                follow(value, rest, found);
            }
        }
    }
}

fn pod(object: &Object, spec: Node<'_>, containers: &mut Vec<Container>) {
    for key in POD_CONTAINERS {
        let role = match *key {
            "initContainers" => Role::Init,
            "ephemeralContainers" => Role::Ephemeral,
            _ => Role::Main,
        };
        for node in spec.get(key).into_iter().flat_map(|list| list.resolve().items()) {
            let node = node.resolve();
            if node.kind() == Kind::Mapping {
                containers.push(Container { pod: Some(spec.id()), role, ..template(object, node) });
            }
        }
    }
}

/// Makes a container with the defaults of its kind.
fn template(object: &Object, node: Node<'_>) -> Container {
    let name = node.get("name").and_then(Node::as_str);
    let origin = match object.group() {
        "argoproj.io" if object.kind.contains("Workflow") => Origin::Controller("Argo Workflows"),
        "tekton.dev" => Origin::Controller("Tekton"),
        group => completed_by(group, name).map_or(Origin::Kubernetes, Origin::Operator),
    };
    Container {
        id: ContainerId(0),
        object: object.id,
        file: object.file,
        node: node.id(),
        pod: None,
        role: Role::Main,
        origin,
        name: name.map(str::to_owned),
        image: image(node),
    }
}

fn image(container: Node<'_>) -> Option<ImageField> {
    let value = container.get("image")?.resolve();
    if let Some(text) = value.as_str() {
        return Some(ImageField { text: text.to_owned(), node: value.id() });
    }
    let part =
        |key: &str| value.get(key).map(Node::resolve).and_then(Node::as_str).filter(|text| !text.is_empty());
    let mut text = String::new();
    if let Some(registry) = part("registry") {
        text = format!("{}/", registry.trim_end_matches('/'));
    }
    text.push_str(part("repository")?);
    if let Some(tag) = part("tag") {
        text = format!("{text}:{tag}");
    }
    if let Some(digest) = part("digest").or_else(|| part("sha")) {
        let digest = if digest.contains(':') { digest.to_owned() } else { format!("sha256:{digest}") };
        text = format!("{text}@{digest}");
    }
    Some(ImageField { text, node: value.id() })
}

/// Collects the container-shaped mappings in the values of a chart: `image` beside `command` or `args`.
fn values(repository: &Repository, object: &Object, root: Node<'_>, containers: &mut Vec<Container>) {
    let chart = chart_of(repository, object);
    let mut todo = vec![root];
    while let Some(node) = todo.pop() {
        match node.kind() {
            Kind::Mapping => {
                let runs = node.get("command").is_some() || node.get("args").is_some();
                if runs && node.get("image").is_some() {
                    containers.push(value_container(object, node, root, chart.as_deref()));
                }
                // Aliases are not followed: the anchored mapping is met where it stands.
                todo.extend(node.entries().map(Entry::value));
            }
            Kind::Sequence => todo.extend(node.items()),
            Kind::Scalar | Kind::Alias => {}
        }
    }
}

fn value_container(object: &Object, node: Node<'_>, root: Node<'_>, chart: Option<&str>) -> Container {
    let parent = node.parent().and_then(Node::key_above);
    let listed = node.parent().is_some_and(|parent| parent.kind() == Kind::Sequence);
    let name = node.get("name").and_then(Node::as_str).map(str::to_owned);
    let init = parent.is_some_and(|key| key.to_ascii_lowercase().contains("init"));
    Container {
        role: if init { Role::Init } else { Role::Main },
        origin: chart_origin(node, root, chart),
        name: name.or_else(|| if listed { None } else { node.key_above().map(str::to_owned) }),
        ..template(object, node)
    }
}

/// Decides whether the chart is known to hand `command` and `args` on.
///
/// The bjw-s charts (app-template and its library) build containers from `controllers.*.containers.*` and
/// `controllers.*.initContainers.*`; no other chart is known to use this shape. Source: bjw-s-labs/helm-charts,
/// charts/library/common. Their ancestors, k8s-at-home's `common` and app-template 1.x, take the main container from the
/// root of the values. Source: k8s-at-home/library-charts, charts/stable/common/templates/lib/controller/_container.tpl.
fn chart_origin(node: Node<'_>, root: Node<'_>, chart: Option<&str>) -> Origin {
    const SHARED: &[&str] = &["initContainers", "additionalContainers", "sidecars"];
    let shape: Vec<&str> =
        std::iter::successors(Some(node), |node| node.parent()).filter_map(Node::key_above).take(4).collect();
    if matches!(shape.get(1), Some(&"containers" | &"initContainers")) && shape.get(3) == Some(&"controllers")
    {
        return Origin::KnownChart("app-template");
    }
    let at_root = node.id() == root.id() || shape.get(1).is_some_and(|key| SHARED.contains(key));
    match chart {
        Some("app-template") if at_root => Origin::KnownChart("app-template"),
        Some("common") if at_root => Origin::KnownChart("k8s-at-home common"),
        _ if node.parent().is_some_and(|parent| parent.kind() == Kind::Sequence) => Origin::ChartList,
        _ => Origin::UnknownChart,
    }
}

/// Returns the name of the chart that the values are for.
fn chart_of(repository: &Repository, object: &Object) -> Option<String> {
    let root = repository.node(object.file, object.root);
    let named =
        root.at(&["spec", "chart", "spec", "chart"]).or_else(|| root.at(&["spec", "source", "chart"]));
    if let Some(name) = named.and_then(Node::as_str) {
        return Some(name.to_owned());
    }
    let folder = repository.file(object.file).path.parent();
    let chart = repository.file_at(&folder.join("Chart.yaml").ok()?)?;
    let chart = repository.file(chart).stream.documents().next()?.root()?;
    let depends = |name: &&str| {
        let list = chart.get("dependencies").into_iter().flat_map(Node::items);
        list.filter_map(|dependency| dependency.get("name")).any(|found| found.as_str() == Some(name))
    };
    ["app-template", "common"].iter().find(|name| depends(name)).map(|name| (*name).to_owned())
}
