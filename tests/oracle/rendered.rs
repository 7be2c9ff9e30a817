//! What is compared: one line for each object, with its containers.

use std::{collections::BTreeSet, sync::Arc};

use caulk_transforms::{
    finding::FileId,
    model::{
        SourceFile,
        kustomize::Resource,
        value::{Shape, TextId, Texts, Value},
    },
    path::RepoPath,
    syntax,
};

/// A container as both sides tell it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Container {
    pub(crate) list: String,
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) args: Option<Vec<String>>,
}

/// Kind, name, namespace and containers.
pub(crate) type Line = (String, String, String, Vec<Container>);

/// Returns the lines of what caulk has built. Names that get a hash at last are told apart from those that do not.
pub(crate) fn ours(texts: &Texts, resources: &[Resource]) -> BTreeSet<Line> {
    let is_local = |resource: &Resource| {
        let note = resource.label(texts, "annotations", "config.kubernetes.io/local-config");
        note.is_some_and(|text| text != "false")
    };
    let line = |resource: &Resource| {
        let name = if resource.hashed { format!("{}-#", resource.name) } else { resource.name.to_string() };
        let namespace = resource.namespace.as_deref().unwrap_or_default().to_owned();
        (resource.kind.to_string(), name, namespace, containers(texts, &resource.value))
    };
    resources.iter().filter(|each| !is_local(each)).map(line).collect()
}

/// Returns the lines of what kustomize rendered. The hash behind a name is cut where caulk expects one.
pub(crate) fn theirs(text: &str, ours: &BTreeSet<Line>) -> BTreeSet<Line> {
    let texts = texts(text);
    let hashed = |kind: &str, name: &str| ours.iter().any(|line| line.0 == kind && line.1 == name);
    let line = |object: &Value| {
        let kind = texts.text_at(object, &["kind"]).unwrap_or_default();
        let name = texts.text_at(object, &["metadata", "name"]).unwrap_or_default();
        let cut = without_hash(&name).map(|name| format!("{name}-#")).filter(|name| hashed(&kind, name));
        let namespace = texts.text_at(object, &["metadata", "namespace"]).unwrap_or_default();
        (kind, cut.unwrap_or(name), namespace, containers(&texts, object))
    };
    objects(&texts).iter().map(line).collect()
}

/// Parses rendered documents.
pub(crate) fn texts(text: &str) -> Texts {
    let stream = Arc::new(syntax::parse(text).expect("kustomize writes YAML"));
    let path = RepoPath::new("rendered.yaml").expect("a path");
    Texts::new(&[SourceFile { path, stream, protection: None }])
}

/// Returns the objects of rendered documents.
pub(crate) fn objects(texts: &Texts) -> Vec<Value> {
    let file = TextId::of_file(FileId(0));
    let roots = texts.stream(file).documents().filter_map(|document| document.root());
    roots.filter(|root| !root.is_null()).map(|root| texts.value(file, root)).collect()
}

fn without_hash(name: &str) -> Option<&str> {
    let (name, hash) = name.rsplit_once('-')?;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (hash.len() == 10 && hash.bytes().all(letter)).then_some(name)
}

/// Returns every container below a value, in a fixed order.
pub(crate) fn containers(texts: &Texts, value: &Value) -> Vec<Container> {
    let mut found = Vec::new();
    collect(texts, value, &mut found);
    found.sort();
    found
}

fn collect(texts: &Texts, value: &Value, found: &mut Vec<Container>) {
    for (key, inner) in texts.entries(value) {
        let is_list = matches!(&*key, "containers" | "initContainers" | "ephemeralContainers");
        if is_list && texts.shape(&inner) == Shape::Sequence {
            found.extend(texts.items(&inner).iter().map(|item| container(texts, &key, item)));
        }
        collect(texts, &inner, found);
    }
    for item in texts.items(value) {
        collect(texts, &item, found);
    }
}

fn container(texts: &Texts, list: &str, item: &Value) -> Container {
    let words = |key| {
        let value = texts.get(item, key).filter(|value| texts.shape(value) != Shape::Null)?;
        Some(
            texts
                .items(&value)
                .iter()
                .map(|word| texts.text(word).unwrap_or_default().into_owned())
                .collect(),
        )
    };
    Container {
        list: list.to_owned(),
        name: texts.text_at(item, &["name"]),
        image: texts.text_at(item, &["image"]),
        command: words("command"),
        args: words("args"),
    }
}
