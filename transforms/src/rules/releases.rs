//! What may change a pod that a chart makes of values: other values beside them, and patches of what was rendered.

use crate::model::{
    Object, Repository,
    value::{Shape, Texts, Value},
};

/// What of a pod a rule relies on.
pub(super) struct Relied {
    /// Words of the paths to values that decide about it.
    words: &'static [&'static str],
    /// What values from elsewhere may bring.
    brought: &'static str,
    /// What a patch of the rendered objects may change.
    patched: &'static str,
}

/// What a container runs.
pub(super) const ARGV: Relied = Relied {
    words: &["command", "args", "containers"],
    brought: "a command or args for the same container",
    patched: "what its containers run",
};

/// Whom a pod asks for addresses.
pub(super) const DNS: Relied = Relied {
    words: &["hostNetwork", "dnsPolicy", "dnsConfig", "hostAliases", "_PROXY", "_proxy"],
    brought: "a hostNetwork or dnsPolicy for the same pod",
    patched: "whom its pods ask for addresses",
};

/// Returns why it is not known for certain what becomes of a chart's pod: each reason once.
pub(super) fn doubts(repository: &Repository, object: &Object, relied: &Relied) -> Vec<String> {
    match (object.group(), object.kind.as_str()) {
        (_, "HelmRelease") => of_release(repository, object, relied),
        ("argoproj.io", "Application") => of_application(repository, object, relied),
        ("", "") => of_file(repository, object),
        _ => Vec::new(),
    }
}

/// Doubts about a HelmRelease, as every overlay will have it.
fn of_release(repository: &Repository, object: &Object, relied: &Relied) -> Vec<String> {
    let texts = repository.placements().texts();
    let composed = composed(repository, object);
    let any = |doubtful: &dyn Fn(&Value) -> bool| composed.iter().any(doubtful);
    let mut doubts = Vec::new();
    if any(&|release| !items(texts, release, &["spec", "postRenderers"]).is_empty()) {
        doubts.push(format!("the release's postRenderers may change {}", relied.patched));
    }
    let from = |release: &Value| items(texts, release, &["spec", "valuesFrom"]);
    if any(&|release| from(release).iter().any(|from| may_bring(texts, from, relied))) {
        doubts.push(format!("the release's valuesFrom may bring {}", relied.brought));
    }
    doubts
}

/// The object as every overlay will have it.
fn composed(repository: &Repository, object: &Object) -> Vec<Value> {
    let placements = repository.placements();
    placements.of(object.id).iter().map(|each| placements.composed(object, each).value.clone()).collect()
}

fn items(texts: &Texts, value: &Value, keys: &[&str]) -> Vec<Value> {
    texts.at(value, keys).map(|list| texts.items(&list)).unwrap_or_default()
}

/// Tells whether values from elsewhere may be those of a pod. What goes to one path alone is known by it.
fn may_bring(texts: &Texts, from: &Value, relied: &Relied) -> bool {
    match texts.text_at(from, &["targetPath"]).filter(|path| !path.is_empty()) {
        None => true,
        Some(path) => relied.words.iter().any(|word| path.contains(word)),
    }
}

/// Doubts about values that stand in an Application, as every overlay will have it.
fn of_application(repository: &Repository, object: &Object, relied: &Relied) -> Vec<String> {
    let texts = repository.placements().texts();
    let beside = sources(repository, object)
        .iter()
        .any(|source| !value_files(texts, source).is_empty() || has_parameters(texts, source));
    let doubt = || format!("the Application's valueFiles or parameters may bring {}", relied.brought);
    beside.then(doubt).into_iter().collect()
}

/// Doubts about a file of values: whoever takes it may take others beside it.
fn of_file(repository: &Repository, object: &Object) -> Vec<String> {
    let path = &repository.file(object.file).path;
    let placements = repository.placements();
    if !placements.of_file(path).is_empty() {
        return vec!["the release that takes these values may have others beside them".to_owned()];
    }
    let applications = repository.objects().iter().filter(|each| {
        each.group() == "argoproj.io" && matches!(each.kind.as_str(), "Application" | "ApplicationSet")
    });
    let texts = placements.texts();
    let taker = applications.into_iter().find(|each| {
        let taken = |source: &Value| takes(texts, source, path.as_str()) && has_others(texts, source);
        sources(repository, each).iter().any(taken)
    });
    taker.map(|each| format!("{} takes other values beside these", each.title())).into_iter().collect()
}

/// Returns the sources of an Application, or of those that an ApplicationSet makes, as every overlay will have them.
fn sources(repository: &Repository, object: &Object) -> Vec<Value> {
    let texts = repository.placements().texts();
    let mut sources = Vec::new();
    for whole in composed(repository, object) {
        for spec in [texts.at(&whole, &["spec"]), texts.at(&whole, &["spec", "template", "spec"])]
            .into_iter()
            .flatten()
        {
            sources.extend(texts.get(&spec, "source"));
            sources.extend(items(texts, &spec, &["sources"]));
        }
    }
    sources
}

fn value_files(texts: &Texts, source: &Value) -> Vec<String> {
    let list = items(texts, source, &["helm", "valueFiles"]);
    list.iter().filter_map(|item| Some(texts.text(item)?.into_owned())).collect()
}

fn has_parameters(texts: &Texts, source: &Value) -> bool {
    ["parameters", "fileParameters"].iter().any(|key| !items(texts, source, &["helm", key]).is_empty())
}

/// Tells whether a source takes more values than one file.
fn has_others(texts: &Texts, source: &Value) -> bool {
    let written =
        |key: &&str| texts.at(source, &["helm", key]).is_some_and(|value| texts.shape(&value) != Shape::Null);
    let inline = ["values", "valuesObject"].iter().any(written);
    inline || has_parameters(texts, source) || value_files(texts, source).len() > 1
}

/// Tells whether a source may take the file: by its path, or by its name where a part of the path is filled in later.
fn takes(texts: &Texts, source: &Value, path: &str) -> bool {
    let folder = texts.text_at(source, &["path"]).unwrap_or_default();
    let folder = folder.trim_matches('/');
    value_files(texts, source).iter().any(|text| {
        let (rooted, text) = match text.split_once('/') {
            Some((reference, rest)) if reference.starts_with('$') => (true, rest),
            _ => (text.starts_with('/'), text.trim_start_matches('/')),
        };
        if text.contains("{{") || folder.contains("{{") {
            return text.rsplit('/').next() == path.rsplit('/').next();
        }
        let text = text.trim_start_matches("./");
        text == path
            || !rooted && path.strip_prefix(folder).is_some_and(|rest| rest.trim_start_matches('/') == text)
    })
}
