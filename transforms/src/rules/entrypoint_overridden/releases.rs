//! What may change a container that a chart makes of values: other values beside them, and patches of what was rendered.

use crate::{
    model::{
        Object, Repository,
        value::{Texts, Value},
    },
    syntax::Node,
};

/// Returns why it is not known for certain what becomes of a chart's container: each reason once.
pub(super) fn doubts(repository: &Repository, object: &Object) -> Vec<String> {
    match (object.group(), object.kind.as_str()) {
        (_, "HelmRelease") => of_release(repository, object),
        ("argoproj.io", "Application") => of_application(repository.node(object.file, object.root)),
        ("", "") => of_file(repository, object),
        _ => Vec::new(),
    }
}

/// Doubts about a HelmRelease, as its file says and as every overlay will have it.
fn of_release(repository: &Repository, object: &Object) -> Vec<String> {
    let placements = repository.placements();
    let texts = placements.texts();
    let composed: Vec<Value> = placements.of(object.id).iter().map(|each| placements.composed(object, each).value.clone()).collect();
    let any = |doubtful: &dyn Fn(&Value) -> bool| composed.iter().any(doubtful);
    let mut doubts = Vec::new();
    if any(&|release| !items(texts, release, "postRenderers").is_empty()) {
        doubts.push("the release's postRenderers may change what its containers run".to_owned());
    }
    if any(&|release| items(texts, release, "valuesFrom").iter().any(|from| may_bring_words(texts, from))) {
        doubts.push("the release's valuesFrom may bring a command or args for the same container".to_owned());
    }
    doubts
}

fn items(texts: &Texts, release: &Value, key: &str) -> Vec<Value> {
    texts.at(release, &["spec", key]).map(|list| texts.items(&list)).unwrap_or_default()
}

/// Tells whether values from elsewhere may be those of a container. What goes to one path alone is known by it.
fn may_bring_words(texts: &Texts, from: &Value) -> bool {
    match texts.text_at(from, &["targetPath"]).filter(|path| !path.is_empty()) {
        None => true,
        Some(path) => ["command", "args", "containers"].iter().any(|word| path.contains(word)),
    }
}

/// Doubts about values that stand in an Application.
fn of_application(root: Node<'_>) -> Vec<String> {
    let beside = sources(root).any(|source| value_files(source).next().is_some() || has_parameters(source));
    beside.then(|| "the Application's valueFiles or parameters may bring a command or args for the same container".to_owned()).into_iter().collect()
}

/// Doubts about a file of values: whoever takes it may take others beside it.
fn of_file(repository: &Repository, object: &Object) -> Vec<String> {
    let path = &repository.file(object.file).path;
    if !repository.placements().of_file(path).is_empty() {
        return vec!["the release that takes these values may have others beside them".to_owned()];
    }
    let applications = repository.objects().iter().filter(|each| {
        each.group() == "argoproj.io" && matches!(each.kind.as_str(), "Application" | "ApplicationSet")
    });
    let taker = applications.into_iter().find(|each| {
        sources(repository.node(each.file, each.root)).any(|source| takes(source, path.as_str()) && has_others(source))
    });
    taker.map(|each| format!("{} takes other values beside these", each.title())).into_iter().collect()
}

/// Returns the sources of an Application, or of those that an ApplicationSet makes.
fn sources(root: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    let specs = [root.at(&["spec"]), root.at(&["spec", "template", "spec"])].into_iter().flatten();
    specs.flat_map(|spec| {
        let several = spec.get("sources").into_iter().flat_map(|list| list.resolve().items());
        spec.get("source").into_iter().chain(several).map(Node::resolve)
    })
}

fn value_files(source: Node<'_>) -> impl Iterator<Item = &str> {
    let list = source.at(&["helm", "valueFiles"]).into_iter().flat_map(|list| list.resolve().items());
    list.filter_map(|item| item.resolve().as_str())
}

fn has_parameters(source: Node<'_>) -> bool {
    let lists = ["parameters", "fileParameters"].into_iter().filter_map(|key| source.at(&["helm", key]));
    lists.into_iter().any(|list| list.resolve().items().next().is_some())
}

/// Tells whether a source takes more values than one file.
fn has_others(source: Node<'_>) -> bool {
    let inline = ["values", "valuesObject"].iter().any(|key| source.at(&["helm", key]).is_some_and(|node| !node.is_null()));
    inline || has_parameters(source) || value_files(source).count() > 1
}

/// Tells whether a source may take the file: by its path, or by its name where a part of the path is filled in later.
fn takes(source: Node<'_>, path: &str) -> bool {
    let folder = source.get("path").and_then(Node::as_str).unwrap_or_default().trim_matches('/');
    value_files(source).any(|text| {
        let (rooted, text) = match text.split_once('/') {
            Some((reference, rest)) if reference.starts_with('$') => (true, rest),
            _ => (text.starts_with('/'), text.trim_start_matches('/')),
        };
        if text.contains("{{") || folder.contains("{{") {
            return text.rsplit('/').next() == path.rsplit('/').next();
        }
        let text = text.trim_start_matches("./");
        text == path || !rooted && path.strip_prefix(folder).is_some_and(|rest| rest.trim_start_matches('/') == text)
    })
}
