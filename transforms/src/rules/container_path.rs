//! Where a container looks for programs: PATH as it sets it, and what volumes bring into the folders of PATH.

use super::container_run::Run;
use crate::{
    model::{
        Origin, Repository,
        value::{Shape, Texts, Value},
    },
    syntax::{Entry, Node},
};

/// PATH as the container sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnPath {
    /// It does not.
    Unset,
    /// To this text.
    Literal(String),
    /// To something that is filled in later.
    Later,
}

impl OwnPath {
    fn of(value: Option<&str>) -> Self {
        match value {
            Some(path) if !path.contains('$') => Self::Literal(path.to_owned()),
            _ => Self::Later,
        }
    }

    /// Reads `env` of a container as its file says.
    pub(super) fn written(container: Node<'_>) -> Self {
        let env = container.get("env").map(Node::resolve);
        if env.is_some_and(|env| env.get("PATH").is_some()) {
            return Self::Later;
        }
        let variables = env.into_iter().flat_map(Node::items).map(Node::resolve);
        let set = variables.filter(|each| each.get("name").and_then(Node::as_str) == Some("PATH")).last();
        set.map_or(Self::Unset, |set| Self::of(set.get("value").and_then(Node::as_str)))
    }

    /// Reads `env` of a container as an overlay will have it.
    pub(super) fn composed(texts: &Texts, container: &Value) -> Self {
        let Some(env) = texts.get(container, "env") else { return Self::Unset };
        if texts.get(&env, "PATH").is_some() {
            return Self::of(texts.text_at(&env, &["PATH"]).as_deref());
        }
        let variables = texts.items(&env).into_iter();
        let set = variables.filter(|each| texts.text_at(each, &["name"]).as_deref() == Some("PATH")).last();
        set.map_or(Self::Unset, |set| Self::of(texts.text_at(&set, &["value"]).as_deref()))
    }
}

/// Returns the ConfigMap or Secret of the repository from which the container's `envFrom` takes PATH.
pub(super) fn brought(repository: &Repository, run: &Run<'_>) -> Option<String> {
    let texts = repository.placements().texts();
    let sources = match run.variant {
        Some(variant) => composed_sources(texts, &variant.value),
        None => sources(run.node),
    };
    sources.into_iter().find_map(|(prefix, names)| {
        let key = "PATH".strip_prefix(prefix.as_str())?;
        // Kustomize puts a prefix, a suffix or a hash around the name.
        let named = |name: &str| !name.is_empty() && names.iter().any(|each| each.contains(name));
        let of_release = matches!(run.container.origin, Origin::KnownChart(_)).then(|| {
            let root = repository.node(run.object.file, run.object.root);
            holds(root, key).then(|| run.object.title())
        });
        of_release
            .flatten()
            .or_else(|| holder(repository, key, &named))
            .or_else(|| made(repository, key, &named))
    })
}

/// The prefix of an entry of `envFrom`, and the names in it.
type Source = (String, Vec<String>);

fn sources(container: Node<'_>) -> Vec<Source> {
    let entries = container.get("envFrom").map(Node::resolve).into_iter().flat_map(Node::items);
    let source = |entry: Node<'_>| {
        let entry = entry.resolve();
        let prefix = entry.get("prefix").and_then(Node::as_str).unwrap_or_default();
        // Charts have shorter forms than `configMapRef: {name: ...}`.
        let names = entry.descendants().filter_map(|node| node.as_str().map(str::to_owned));
        (prefix.to_owned(), names.collect())
    };
    entries.map(source).collect()
}

fn composed_sources(texts: &Texts, container: &Value) -> Vec<Source> {
    let entries = texts.get(container, "envFrom").map(|list| texts.items(&list)).unwrap_or_default();
    let source = |entry: &Value| {
        let prefix = texts.text_at(entry, &["prefix"]).unwrap_or_default();
        let inner = texts.entries(entry).into_iter();
        let name = |value: &Value| match texts.shape(value) {
            Shape::Mapping => {
                texts.text_at(value, &["name"]).or_else(|| texts.text_at(value, &["identifier"]))
            }
            _ => texts.text(value).map(std::borrow::Cow::into_owned),
        };
        (prefix, inner.filter_map(|(_, value)| name(&value)).collect())
    };
    entries.iter().map(source).collect()
}

/// Returns the object of a file that has the key, also one that a controller makes a Secret of.
fn holder(repository: &Repository, key: &str, named: &dyn Fn(&str) -> bool) -> Option<String> {
    let kinds = |kind: &str| kind.ends_with("ConfigMap") || kind.ends_with("Secret");
    let found = repository.objects().iter().filter(|object| kinds(&object.kind)).find(|object| {
        let root = repository.node(object.file, object.root);
        let target = root.at(&["spec", "target", "name"]).and_then(Node::as_str);
        (named(&object.name) || target.is_some_and(named)) && holds(root, key)
    });
    found.map(crate::model::Object::title)
}

/// Returns the ConfigMap or Secret that a generator makes or an overlay changes, if it has the key.
fn made(repository: &Repository, key: &str, named: &dyn Fn(&str) -> bool) -> Option<String> {
    let placements = repository.placements();
    let texts = placements.texts();
    let resources = placements.deliveries().iter().flat_map(|delivery| &delivery.built.resources);
    let has =
        |value: &Value| ["data", "stringData"].iter().any(|data| texts.at(value, &[data, key]).is_some());
    let mut made = resources
        .filter(|resource| matches!(&*resource.kind, "ConfigMap" | "Secret") && named(&resource.name));
    made.find(|resource| has(&resource.value)).map(|resource| format!("{}/{}", resource.kind, resource.name))
}

/// Tells whether an object gives the key to those who take all of its data.
fn holds(root: Node<'_>, key: &str) -> bool {
    const DATA: &[&str] = &["data", "stringData", "encryptedData"];
    root.descendants().any(|node| {
        let data = node.key_above().is_some_and(|above| DATA.contains(&above));
        let fetched = node.get("secretKey").and_then(Node::as_str) == Some(key);
        fetched || data && node.get(key).is_some()
    })
}

/// Returns where volumes are mounted in a container, as its file says.
pub(super) fn mounts(container: Node<'_>, origin: &Origin) -> Vec<String> {
    let mounts = container.get("volumeMounts").map(Node::resolve).into_iter().flat_map(Node::items);
    let own = mounts.filter_map(|mount| mount.resolve().get("mountPath")?.as_str().map(absolute));
    own.chain(persistence(container, origin)).collect()
}

/// Returns where volumes are mounted in a container, as an overlay will have it.
pub(super) fn composed_mounts(texts: &Texts, container: &Value) -> Vec<String> {
    let Some(mounts) = texts.get(container, "volumeMounts") else { return Vec::new() };
    let paths = texts.items(&mounts).into_iter().filter_map(|mount| texts.text_at(&mount, &["mountPath"]));
    paths.map(|path| absolute(&path)).collect()
}

/// Returns where app-template and its ancestors mount volumes: `persistence` beside the controllers says it, for one
/// container or all. Whose they are is not looked at. Without a path it is the entry's name.
pub(super) fn persistence(container: Node<'_>, origin: &Origin) -> Vec<String> {
    if !matches!(origin, Origin::KnownChart(_)) {
        return Vec::new();
    }
    let holders = std::iter::successors(Some(container), |node| node.parent());
    let entries =
        holders.filter_map(|node| node.get("persistence")).flat_map(|node| node.resolve().entries());
    let paths = |entry: Entry<'_>| {
        let is_path = |node: &Node<'_>| matches!(node.key_above(), Some("path" | "mountPath"));
        let paths = entry
            .value()
            .resolve()
            .descendants()
            .filter(is_path)
            .filter_map(|node| node.as_str().map(absolute));
        let mut paths: Vec<String> = paths.collect();
        paths.extend(entry.name().map(absolute));
        paths
    };
    entries.flat_map(paths).collect()
}

/// Writes a path as the kubelet takes it: from the root, without detours.
fn absolute(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => _ = steps.pop(),
            step => steps.push(step),
        }
    }
    format!("/{}", steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn paths_are_taken_from_the_root_without_detours() {
        for (path, taken) in
            [("/usr//bin/", "/usr/bin"), ("usr/bin", "/usr/bin"), ("/a/../usr/./bin", "/usr/bin"), ("/", "/")]
        {
            assert_eq!(absolute(path), taken, "{path}");
        }
    }
}
