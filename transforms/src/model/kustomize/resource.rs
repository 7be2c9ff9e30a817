//! A resource on its way through the transformers.

use std::sync::Arc;

use super::schema;
use crate::{
    model::{
        Object, ObjectId,
        value::{Map, Place, Shape, TextId, Texts, Value},
    },
    path::RepoPath,
};

/// What tells resources apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceId {
    /// `apiVersion`.
    pub api_version: Arc<str>,
    /// `kind`.
    pub kind: Arc<str>,
    /// `metadata.namespace`.
    pub namespace: Option<Arc<str>>,
    /// `metadata.name`.
    pub name: Arc<str>,
}

/// How something came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The entry of `resources` or `components` that includes it.
    Included(Place),
    /// The field that set the namespace.
    Namespace(Place),
    /// The field or patch that changed the name.
    Renamed(Place),
    /// The patch that changed the object.
    Patched(Place),
    /// The entry of `images` that changed an image.
    Image(Place),
    /// The entry of `replacements` that changed a field.
    Replaced(Place),
    /// The entry of `replacements` that copied one of its fields elsewhere.
    Copied(Place),
}

/// A resource as it stands at one moment of a build.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The object that it began as; none for what a generator made.
    pub object: Option<ObjectId>,
    /// The generator's entry, for what a generator made.
    pub generator: Option<Place>,
    /// `apiVersion`.
    pub api_version: Arc<str>,
    /// `kind`.
    pub kind: Arc<str>,
    /// `metadata.namespace`.
    pub namespace: Option<Arc<str>>,
    /// `metadata.name`, without the hash that a generator puts behind it.
    pub name: Arc<str>,
    /// Whether a hash is put behind the name at last.
    pub hashed: bool,
    /// The object. Its name and namespace may be older than the fields here.
    pub value: Value,
    /// What happened to it, in order.
    pub steps: Vec<Step>,
    /// Labels and annotations that kustomizations added.
    pub added: Arc<Vec<(&'static str, String, String)>>,
    /// Who it was before, the first one first.
    pub previous: Vec<ResourceId>,
    /// What may have changed it and could not be followed.
    pub doubts: Vec<Arc<str>>,
    /// Files whose lines a generator makes entries of; what is in them is not known.
    pub env_files: Vec<RepoPath>,
}

impl ResourceId {
    /// Returns the namespace that kustomize compares: `default` where there is none.
    #[must_use]
    pub fn effective_namespace(&self) -> &str {
        if schema::is_cluster_scoped(&self.api_version, &self.kind) {
            return "_non_namespaceable_";
        }
        self.namespace.as_deref().filter(|namespace| !namespace.is_empty()).unwrap_or("default")
    }

    /// Tells whether kustomize takes the two for the same.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && self.kind == other.kind
            && self.api_version == other.api_version
            && self.effective_namespace() == other.effective_namespace()
    }
}

impl Resource {
    /// Reads the resource that an object begins as.
    ///
    /// The object's own fields do not follow aliases; a kustomization sees the text behind them.
    #[must_use]
    pub fn read(texts: &Texts, object: &Object) -> Self {
        let value = Value::Source(Place { text: TextId::of_file(object.file), node: object.root });
        let text = |key| texts.text_at(&value, &["metadata", key]);
        let mut resource = Self {
            object: Some(object.id),
            generator: None,
            api_version: object.api_version.as_str().into(),
            kind: object.kind.as_str().into(),
            namespace: text("namespace").map(Arc::from),
            name: text("name").unwrap_or_default().into(),
            hashed: false,
            value,
            steps: Vec::new(),
            added: Arc::default(),
            previous: Vec::new(),
            doubts: Vec::new(),
            env_files: Vec::new(),
        };
        let note = "kustomize.config.k8s.io/needs-hash";
        resource.hashed = resource.label(texts, "annotations", note).as_deref() == Some("true");
        resource
    }

    /// Returns who the resource is now.
    #[must_use]
    pub fn id(&self) -> ResourceId {
        ResourceId {
            api_version: Arc::clone(&self.api_version),
            kind: Arc::clone(&self.kind),
            namespace: self.namespace.clone(),
            name: Arc::clone(&self.name),
        }
    }

    /// Returns who the resource was at first.
    #[must_use]
    pub fn first_id(&self) -> ResourceId {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    /// Tells whether the resource is this one, or ever was.
    #[must_use]
    pub fn is_or_was(&self, id: &ResourceId) -> bool {
        self.id().is(id) || self.previous.iter().any(|each| each.is(id))
    }

    /// Tells whether the resource has this name, or ever had.
    #[must_use]
    pub fn is_or_was_named(&self, name: &str) -> bool {
        &*self.name == name || self.previous.iter().any(|each| &*each.name == name)
    }

    /// Remembers who the resource is, before that changes.
    pub(crate) fn remember(&mut self) {
        let now = self.id();
        if self.previous.last() != Some(&now) {
            self.previous.push(now);
        }
    }

    /// Returns the API group and version.
    #[must_use]
    pub fn group_version(&self) -> (&str, &str) {
        self.api_version.rsplit_once('/').unwrap_or(("", &self.api_version))
    }

    /// Returns a label or annotation (`field` says which).
    #[must_use]
    pub fn label(&self, texts: &Texts, field: &str, key: &str) -> Option<String> {
        let added = self.added.iter().rev().find(|(kind, name, _)| *kind == field && name == key);
        added
            .map(|(_, _, value)| value.clone())
            .or_else(|| texts.text_at(&self.value, &["metadata", field, key]))
    }

    /// Writes into the object what so far stands only here, for patches and replacements that look at it.
    pub(crate) fn write_identity(&mut self, texts: &Texts) {
        let mut metadata =
            texts.get(&self.value, "metadata").unwrap_or_else(|| Value::Mapping(Arc::default()));
        let Some(map) = texts.open_mapping(&mut metadata) else { return };
        map.set("name", Value::Made(Arc::clone(&self.name), None));
        if let Some(namespace) = &self.namespace {
            map.set("namespace", Value::Made(Arc::clone(namespace), None));
        }
        // Kustomize keeps notes of its own in the annotations, so a JSON patch always finds them there.
        if map.get("annotations").is_none_or(|value| texts.shape(value) == Shape::Null) {
            map.set("annotations", Value::Mapping(Arc::default()));
        }
        for (field, key, value) in self.added.iter() {
            let mut pairs = map.get(field).cloned().unwrap_or_else(|| Value::Mapping(Arc::default()));
            if let Some(pairs) = texts.open_mapping(&mut pairs) {
                pairs.set(key, Value::Made(value.as_str().into(), None));
            }
            map.set(field, pairs);
        }
        if let Some(object) = texts.open_mapping(&mut self.value) {
            // A strategic merge patch that was chosen by its target has left its own kind here.
            object.set("apiVersion", Value::Made(Arc::clone(&self.api_version), None));
            object.set("kind", Value::Made(Arc::clone(&self.kind), None));
            object.set("metadata", metadata);
        }
    }

    /// Adds entries to the data, over those that are there; `anew` leaves those out.
    pub(crate) fn merge_data(&mut self, texts: &Texts, data: Map, anew: bool) {
        let old = texts.get(&self.value, "data").filter(|old| !anew && texts.shape(old) == Shape::Mapping);
        let mut merged = old.unwrap_or_else(|| Value::Mapping(Arc::default()));
        if let Some(map) = texts.open_mapping(&mut merged) {
            data.entries.into_iter().for_each(|(key, value)| map.set(&key, value));
        }
        if let Some(object) = texts.open_mapping(&mut self.value) {
            object.set("data", merged);
        }
    }

    /// Takes kind, name and namespace from the object, after a patch that may change them.
    pub(crate) fn read_identity(&mut self, texts: &Texts) {
        let text = |keys: &[&str]| texts.text_at(&self.value, keys);
        let name = text(&["metadata", "name"]);
        let namespace = text(&["metadata", "namespace"]).map(Arc::from);
        let (api_version, kind) = (text(&["apiVersion"]), text(&["kind"]));
        self.namespace = namespace;
        for (field, found) in
            [(&mut self.name, name), (&mut self.api_version, api_version), (&mut self.kind, kind)]
        {
            if let Some(found) = found {
                *field = found.into();
            }
        }
    }
}
