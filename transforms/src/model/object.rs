//! Kubernetes objects: the documents of the files, lists unpacked.

use super::SourceFile;
use crate::{
    finding::FileId,
    syntax::{Node, NodeId},
};

/// An object: its place in the repository's list of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// A Kubernetes object, or the values of a Helm chart (then `kind` is empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its place in the list.
    pub id: ObjectId,
    /// The file.
    pub file: FileId,
    /// The number of its document in the file, from 0.
    pub document: u32,
    /// The mapping that is the object.
    pub root: NodeId,
    /// `apiVersion`, empty if there is none.
    pub api_version: String,
    /// `kind`, empty for the values of a Helm chart.
    pub kind: String,
    /// `metadata.name`, or `metadata.generateName` with a `*` behind it.
    pub name: String,
    /// `metadata.namespace` as written.
    pub namespace: Option<String>,
    /// Whether the document is encrypted by SOPS; nothing in it may change, for it carries a MAC.
    pub encrypted: bool,
}

impl Object {
    /// Returns the API group: `apps` of `apps/v1`, empty for the core group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// Returns `Kind/name`, as people write it.
    #[must_use]
    pub fn title(&self) -> String {
        match (self.kind.is_empty(), self.name.is_empty()) {
            (true, _) => "Helm values".to_owned(),
            (false, true) => self.kind.clone(),
            (false, false) => format!("{}/{}", self.kind, self.name),
        }
    }
}

/// Returns the objects of one file. Their ids are left to whoever knows those of the other files.
pub(super) fn collect(id: FileId, file: &SourceFile) -> Vec<Object> {
    let mut objects = Vec::new();
    for document in file.stream.documents() {
        let number = u32::try_from(document.index()).unwrap_or(u32::MAX);
        let Some(root) = document.root() else { continue };
        let encrypted = is_encrypted(root);
        let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
        let items =
            root.get("items").filter(|items| kind.ends_with("List") && items.items().next().is_some());
        match items {
            None => objects.extend(object(id, number, root, encrypted, file)),
            Some(items) => objects
                .extend(items.items().filter_map(|item| object(id, number, item.resolve(), encrypted, file))),
        }
    }
    objects
}

/// Tells whether SOPS encrypts the document: it carries a MAC over all of it.
pub(crate) fn is_encrypted(root: Node<'_>) -> bool {
    root.get("sops").is_some_and(|sops| sops.get("mac").is_some())
}

fn object(
    file: FileId,
    document: u32,
    root: Node<'_>,
    encrypted: bool,
    source: &SourceFile,
) -> Option<Object> {
    let text = |path: &[&str]| root.at(path).and_then(Node::as_str).map(str::to_owned);
    let kind = text(&["kind"]).unwrap_or_default();
    let api_version = text(&["apiVersion"]).unwrap_or_default();
    let is_values = kind.is_empty() && api_version.is_empty() && is_values_file(source);
    if !is_values && (kind.is_empty() || api_version.is_empty()) {
        return None;
    }
    let name = text(&["metadata", "name"])
        .or_else(|| text(&["metadata", "generateName"]).map(|prefix| format!("{prefix}*")))
        .unwrap_or_default();
    Some(Object {
        id: ObjectId(0),
        file,
        document,
        root: root.id(),
        api_version,
        kind,
        name: if is_values { String::new() } else { name },
        namespace: text(&["metadata", "namespace"]),
        encrypted,
    })
}

/// Values files have no mark of their own; their name is the convention that Helm and its users keep.
fn is_values_file(source: &SourceFile) -> bool {
    source.path.name().contains("values")
}
