//! The places where values that make connections stand, and the hosts in them.

mod custom;
mod values;

pub(super) use values::unread_key;

use std::ops::Range;

use crate::{
    hosts::{self, ClusterName, Form, HostToken, Place, Role},
    finding::FileId,
    model::{Container, Object, Origin, Repository, SourceFile},
    rule::{HostTexts, Options},
    syntax::{Kind, Node},
    untouched::Untouched,
};

/// Who looks the hosts of a value up.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reader<'a> {
    /// A container.
    Container(Node<'a>),
    /// A container that a chart makes; whether the chart is known to hand the value on as it is.
    Chart {
        /// The value is an environment variable or argument.
        as_it_is: bool,
    },
    /// Whoever reads the ConfigMap or Secret.
    Data,
    /// A pod that an operator makes for the object.
    Operator,
    /// A controller that runs somewhere else; with its name.
    Controller(&'static str),
}

/// A host of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Host {
    pub(super) range: Range<usize>,
    pub(super) text: String,
    pub(super) form: Form,
    pub(super) scheme: Option<String>,
    pub(super) tls: bool,
    pub(super) key: Option<String>,
    pub(super) role: Role,
}

/// What a scalar belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner<'a> {
    /// An object, or the values of a chart.
    Object(&'a Object),
    /// A file that becomes an entry of a ConfigMap or Secret, and the number of the document.
    File(FileId, u32),
}

impl Owner<'_> {
    pub(super) const fn file(self) -> FileId {
        match self {
            Self::Object(object) => object.file,
            Self::File(file, _) => file,
        }
    }

    pub(super) const fn document(self) -> u32 {
        match self {
            Self::Object(object) => object.document,
            Self::File(_, document) => document,
        }
    }
}

/// A scalar that holds hosts.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) owner: Owner<'a>,
    pub(super) node: Node<'a>,
    pub(super) reader: Reader<'a>,
    /// The container's name.
    pub(super) container: Option<&'a str>,
    /// The hosts that may be names in cluster DNS; never empty in what [`collect`] returns.
    pub(super) hosts: Vec<Host>,
    /// Its hosts that something is filled into.
    filled: Untouched,
}

impl Spot<'_> {
    /// Tells whether this stands in the values of a chart that nothing here takes: they are the chart's defaults, or belong to
    /// whoever installs it, in a namespace and a cluster that nobody knows.
    pub(super) fn is_unused_values(&self, repository: &Repository) -> bool {
        let Owner::Object(object) = self.owner else { return false };
        object.kind.is_empty() && repository.placements().of_file(&repository.file(object.file).path).is_empty()
    }
}

/// Collects the places of a repository, by file, and counts what is never touched.
pub(super) fn collect<'a>(
    repository: &'a Repository,
    options: &Options,
    texts: &HostTexts,
) -> (Vec<Spot<'a>>, Untouched) {
    // The pieces of work below need them, and must not wait for each other.
    let _ = repository.placements();
    let workers = repository.workers();
    let objects = workers.pieces(repository.objects(), |objects| {
        objects.iter().flat_map(|object| of_object(repository, object, options)).collect::<Vec<_>>()
    });
    let containers = workers.pieces(repository.containers(), |containers| {
        containers.iter().flat_map(|container| of_container(repository, container, options)).collect::<Vec<_>>()
    });
    let files: Vec<(FileId, &SourceFile)> = (0..).map(FileId).zip(repository.files()).collect();
    let files = workers.pieces(&files, |files| {
        files.iter().flat_map(|(id, file)| generated(*id, file, repository, options)).collect::<Vec<_>>()
    });
    let parts: Vec<Vec<Spot<'a>>> = objects.into_iter().chain(containers).chain(files).collect();
    let mut spots: Vec<Spot<'a>> = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    parts.into_iter().for_each(|part| spots.extend(part));
    spots.sort_by_key(|spot| (spot.owner.file(), spot.node.id()));
    spots.dedup_by_key(|spot| (spot.owner.file(), spot.node.id()));
    let untouched = spots.iter().fold(sealed(repository, texts.encrypted), |sum, spot| sum.plus(spot.filled));
    spots.retain(|spot| !spot.hosts.is_empty());
    (spots, untouched)
}

/// Counts what nobody can read without a key, or must not write.
fn sealed(repository: &Repository, encrypted: usize) -> Untouched {
    let objects = || repository.objects().iter().filter(|object| !object.encrypted);
    let is_encoded = |object: &&Object| {
        let data = || repository.node(object.file, object.root).get("data");
        object.kind == "Secret" && data().is_some_and(|data| data.entries().next().is_some())
    };
    Untouched {
        encrypted,
        sealed: objects().filter(|object| object.kind == "SealedSecret").count(),
        encoded: objects().filter(is_encoded).count(),
        ..Untouched::default()
    }
}

/// Returns the places of an object, but for its containers.
fn of_object<'a>(repository: &'a Repository, object: &'a Object, options: &Options) -> Vec<Spot<'a>> {
    let mut spots = Vec::new();
    if !object.encrypted {
        let root = repository.node(object.file, object.root);
        let mut finder = Finder { owner: Owner::Object(object), options, reader: Reader::Data, container: None, spots: &mut spots };
        match (object.kind.as_str(), object.group()) {
            // A dashboard is drawn in a browser, and names its sources otherwise.
            ("ConfigMap", "") if root.at(&["metadata", "labels", "grafana_dashboard"]).is_some() => {}
            ("ConfigMap", "") => finder.data(root.get("data")),
            ("Secret", "") => finder.data(root.get("stringData")),
            ("ExternalSecret" | "ClusterExternalSecret", _) => {
                finder.data(root.at(&["spec", "target", "template", "data"]));
            }
            // What they hold is encrypted, or describes other objects.
            ("SealedSecret" | "CustomResourceDefinition", _) => {}
            _ => custom::collect(&mut finder, object, root),
        }
    }
    spots
}

/// Adds the values of a file that is no object and becomes an entry of a ConfigMap or Secret.
fn generated<'a>(
    id: FileId,
    file: &'a SourceFile,
    repository: &Repository,
    options: &Options,
) -> Vec<Spot<'a>> {
    let mut spots = Vec::new();
    if repository.placements().of_file(&file.path).is_empty() {
        return spots;
    }
    for document in file.stream.documents() {
        let Some(root) = document.root().filter(|root| root.get("kind").is_none() && root.get("sops").is_none()) else { continue };
        let owner = Owner::File(id, u32::try_from(document.index()).unwrap_or(u32::MAX));
        let mut finder = Finder { owner, options, reader: Reader::Data, container: None, spots: &mut spots };
        values::plain(&mut finder, root, &mut Vec::new());
    }
    spots
}

fn of_container<'a>(repository: &'a Repository, container: &'a Container, options: &Options) -> Vec<Spot<'a>> {
    let mut spots = Vec::new();
    let object = repository.object(container.object);
    // Containers in the values of a chart are met with the values.
    let own = matches!(container.origin, Origin::Kubernetes | Origin::Controller(_) | Origin::Operator(_));
    if object.encrypted || !own {
        return spots;
    }
    let node = repository.node(container.file, container.node);
    let reader = Reader::Container(node);
    let mut finder = Finder { owner: Owner::Object(object), options, reader, container: container.name.as_deref(), spots: &mut spots };
    finder.variables(node.get("env"), &["env"]);
    finder.words(node.get("command"), node.get("args"));
    spots
}

/// Adds the spots of one object.
struct Finder<'a, 'o> {
    owner: Owner<'a>,
    options: &'o Options,
    reader: Reader<'a>,
    container: Option<&'a str>,
    spots: &'o mut Vec<Spot<'a>>,
}

impl<'a> Finder<'a, '_> {
    /// Adds the entries of a ConfigMap's or Secret's data.
    fn data(&mut self, data: Option<Node<'a>>) {
        for entry in data.into_iter().flat_map(Node::entries) {
            let (Some(name), Some(value)) = (entry.name(), text(entry.value())) else { continue };
            self.add(entry.value(), hosts::scan(value, Place::data(&name, value)));
        }
    }

    /// Adds the environment variables of a container: a list of `name` and `value`.
    fn variables(&mut self, list: Option<Node<'a>>, keys: &[&str]) {
        for item in list.into_iter().flat_map(Node::items) {
            let (Some(name), Some(node)) = (item.get("name").and_then(text), item.get("value")) else { continue };
            let keys: Vec<&str> = keys.iter().copied().chain([name]).collect();
            self.value(node, &keys);
        }
    }

    /// Adds a value below keys.
    fn value(&mut self, node: Node<'a>, keys: &[&str]) {
        let Some(value) = text(node) else { return };
        let named = keys.last().is_some_and(|key| self.options.host_keys.iter().any(|known| known == key));
        // A key that the configuration names is read as one that names hosts.
        let place = if named { Place::Value(&["HOSTS"]) } else { Place::Value(keys) };
        let mut tokens = hosts::scan(value, place);
        if named {
            tokens.iter_mut().for_each(|token| token.key = keys.last().copied());
        }
        self.add(node, tokens);
    }

    /// Adds the words of `command` and `args`, which are one line.
    fn words(&mut self, command: Option<Node<'a>>, args: Option<Node<'a>>) {
        let mut nodes = Vec::new();
        for list in [command, args].into_iter().flatten() {
            match (list.kind(), text(list)) {
                (Kind::Sequence, _) => nodes.extend(list.items().map(|item| (item, text(item)))),
                (_, Some(script)) => self.add(list, hosts::scan(script, Place::Script)),
                _ => {}
            }
        }
        let words: Vec<&str> = nodes.iter().map(|(_, word)| word.unwrap_or_default()).collect();
        for argument in hosts::scan_arguments(&words) {
            if let Some((node, _)) = nodes.get(argument.index) {
                self.add(*node, argument.tokens);
            }
        }
    }

    /// Adds a scalar with those of its hosts that may be names in cluster DNS.
    fn add(&mut self, node: Node<'a>, tokens: Vec<HostToken<'_>>) {
        let ignored = |list: &[String], name: &str| list.iter().any(|entry| entry == name);
        let mut filled = Untouched::default();
        tokens.iter().filter(|token| token.variable).for_each(|token| filled.add_host(token.host));
        let hosts: Vec<Host> = tokens
            .into_iter()
            .filter(|token| !token.variable && ClusterName::parse(token.host).is_some())
            .filter(|token| !ignored(&self.options.ignored_hosts, token.host))
            .filter(|token| !token.key.is_some_and(|key| ignored(&self.options.ignored_keys, key)))
            .map(Host::from)
            .collect();
        if !hosts.is_empty() || filled != Untouched::default() {
            let Self { owner, reader, container, .. } = *self;
            self.spots.push(Spot { owner, node, reader, container, hosts, filled });
        }
    }
}

impl From<HostToken<'_>> for Host {
    fn from(token: HostToken<'_>) -> Self {
        Self {
            range: token.range,
            text: token.host.to_owned(),
            form: token.form,
            scheme: token.scheme.map(str::to_owned),
            tls: token.tls,
            key: token.key.map(str::to_owned),
            role: token.role,
        }
    }
}

/// Returns the text of a scalar that is written here, rather than being an alias of another one.
fn text(node: Node<'_>) -> Option<&str> {
    if node.kind() == Kind::Scalar { node.as_str() } else { None }
}

