//! The transformers, in kustomize's order.

use std::sync::Arc;

use super::{
    Kustomization, Problem, ProblemKind,
    build::{Builder, Built, check_unique},
    images, patch,
    read::{Located, Patch, PatchBody},
    replacements::{self, Replacement},
    resource::{Resource, Step},
    schema,
};
use crate::model::value::{Place, Shape, Texts, Value};

/// Runs a kustomization's transformers on what it has accumulated.
pub(super) fn run(builder: &Builder<'_>, kustomization: &Kustomization, built: &mut Built) {
    let folder = &kustomization.folder;
    for entry in &kustomization.merges {
        patch::apply(builder, folder, entry, built);
    }
    for entry in &kustomization.patches {
        patch::apply(builder, folder, entry, built);
    }
    if let Some(namespace) = &kustomization.namespace {
        set_namespace(namespace, false, &mut built.resources);
        check_unique(namespace.at, built);
    }
    if let Some(prefix) = &kustomization.prefix {
        rename(prefix, true, &mut built.resources);
    }
    if let Some(suffix) = &kustomization.suffix {
        rename(suffix, false, &mut built.resources);
    }
    label(kustomization, &mut built.resources);
    for entry in &kustomization.json_patches {
        patch::apply(builder, folder, entry, built);
    }
    set_images(builder.texts, &kustomization.images, &mut built.resources);
    for replacement in &kustomization.replacements {
        match &replacement.path {
            Some(path) => replace_as_a_file_says(builder, kustomization, replacement, path, built),
            None => replace(builder, replacement, replacement.at, built),
        }
    }
    for entry in &kustomization.transformers {
        configured(builder, kustomization, entry, built);
    }
}

/// Makes a replacement, or doubts whatever it is for.
fn replace(builder: &Builder<'_>, replacement: &Replacement, at: Place, built: &mut Built) {
    if let Err(reason) = replacements::apply(builder.texts, replacement, &mut built.resources) {
        let taken = |each: &Resource| {
            let targets = &replacement.targets;
            targets.is_empty() || targets.iter().any(|target| target.select.takes(builder.texts, each))
        };
        built.doubt(Problem { kind: ProblemKind::Replacement(reason), at: Some(at) }, taken);
    }
}

/// Makes the replacements of a file, which holds one or a list of them.
fn replace_as_a_file_says(
    builder: &Builder<'_>,
    kustomization: &Kustomization,
    entry: &Replacement,
    path: &str,
    built: &mut Built,
) {
    let texts = builder.texts;
    let body = PatchBody::File(Located { text: path.to_owned(), at: entry.at });
    let documents = match patch::documents(builder, &kustomization.folder, &body) {
        Ok(Some(documents)) => documents,
        // The file is there, and nothing of it was read.
        Ok(None) => {
            let kind = ProblemKind::NotRead(path.to_owned());
            return built.doubt(Problem { kind, at: Some(entry.at) }, |_| true);
        }
        Err(kind) => return built.doubt(Problem { kind, at: Some(entry.at) }, |_| true),
    };
    let Some(first) = documents.first() else { return };
    let own = match texts.shape(first) {
        Shape::Sequence => texts.items(first),
        _ => vec![first.clone()],
    };
    for replacement in own.iter().filter_map(|value| Replacement::read(texts, value)) {
        replace(builder, &replacement, entry.at, built);
    }
}

/// Sets the namespace of everything that may have one, and the name of Namespace objects.
pub(super) fn set_namespace(namespace: &Located, only_unset: bool, resources: &mut [Resource]) {
    let text: Arc<str> = namespace.text.as_str().into();
    for resource in resources.iter_mut().filter(|_| !text.is_empty()) {
        resource.remember();
        if &*resource.kind == "Namespace" && &*resource.api_version == "v1" {
            resource.name = Arc::clone(&text);
            resource.steps.push(Step::Renamed(namespace.at));
            continue;
        }
        let fixed = schema::is_cluster_scoped(&resource.api_version, &resource.kind);
        if !fixed && (resource.namespace.is_none() || !only_unset) {
            resource.namespace = Some(Arc::clone(&text));
            resource.steps.push(Step::Namespace(namespace.at));
        }
    }
}

fn rename(part: &Located, is_prefix: bool, resources: &mut [Resource]) {
    for resource in resources.iter_mut().filter(|_| !part.text.is_empty()) {
        let first = resource.first_id();
        let fixed = match &*first.kind {
            "CustomResourceDefinition" | "Namespace" => true,
            "APIService" => first.api_version.starts_with("apiregistration.k8s.io/"),
            _ => false,
        };
        if fixed {
            continue;
        }
        resource.remember();
        let name = &resource.name;
        resource.name = match is_prefix {
            true => format!("{}{name}", part.text).into(),
            false => format!("{name}{}", part.text).into(),
        };
        resource.steps.push(Step::Renamed(part.at));
    }
}

fn label(kustomization: &Kustomization, resources: &mut [Resource]) {
    if kustomization.labels.is_empty() && kustomization.annotations.is_empty() {
        return;
    }
    for resource in resources {
        let added = Arc::make_mut(&mut resource.added);
        for (field, pairs) in [("labels", &kustomization.labels), ("annotations", &kustomization.annotations)]
        {
            added.extend(pairs.iter().map(|(key, value)| (field, key.clone(), value.clone())));
        }
    }
}

fn set_images(texts: &Texts, overrides: &[images::ImageOverride], resources: &mut [Resource]) {
    if overrides.is_empty() {
        return;
    }
    for resource in resources.iter_mut().filter(|each| &*each.kind != "CustomResourceDefinition") {
        let used = images::apply(texts, overrides, &mut resource.value);
        resource.steps.extend(used.into_iter().map(Step::Image));
    }
}

/// Runs the builtin transformers of a file or text.
fn configured(builder: &Builder<'_>, kustomization: &Kustomization, entry: &PatchBody, built: &mut Built) {
    let opaque =
        |name: &str, at| Problem { kind: ProblemKind::Opaque(format!("the transformer {name}")), at };
    let configs = match patch::documents(builder, &kustomization.folder, entry) {
        Ok(configs) => configs.unwrap_or_default(),
        Err(kind) => return built.doubt(opaque(&kind.to_string(), None), |_| true),
    };
    for config in &configs {
        if !builtin(builder, kustomization, config, built) {
            let kind = builder.texts.text_at(config, &["kind"]).unwrap_or_default();
            built.doubt(opaque(&kind, config.places().first().copied()), |_| true);
        }
    }
}

/// Runs one transformer; returns whether it is known.
fn builtin(builder: &Builder<'_>, kustomization: &Kustomization, config: &Value, built: &mut Built) -> bool {
    let texts = builder.texts;
    let at = config.places().first().copied();
    let text = |keys: &[&str]| -> Option<Located> {
        texts.text_at(config, keys).zip(at).map(|(text, at)| Located { text, at })
    };
    match texts.text_at(config, &["kind"]).as_deref() {
        Some("NamespaceTransformer") => {
            let only_unset = texts.text_at(config, &["unsetOnly"]).as_deref() == Some("true");
            let named = text(&["metadata", "namespace"]).or_else(|| text(&["namespace"]));
            if let Some(namespace) = named {
                set_namespace(&namespace, only_unset, &mut built.resources);
            }
        }
        Some(kind @ ("PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer")) => {
            for (key, is_prefix) in [("prefix", true), ("suffix", false)] {
                if let Some(part) = text(&[key]).filter(|_| kind != "SuffixTransformer" || !is_prefix) {
                    rename(&part, is_prefix, &mut built.resources);
                }
            }
        }
        Some("ImageTagTransformer") => {
            let image = texts.get(config, "imageTag");
            let read = image.and_then(|image| images::ImageOverride::read(texts, &image));
            set_images(texts, read.as_slice(), &mut built.resources);
        }
        Some("PatchTransformer") => {
            let Some(patch) = file_patch(texts, config, at) else { return false };
            patch::apply(builder, &kustomization.folder, &patch, built);
        }
        Some("LabelTransformer" | "AnnotationsTransformer" | "ReplicaCountTransformer") => {}
        _ => return false,
    }
    true
}

/// A patch in a transformer's file; a text in it would have to be parsed while building, so only paths are followed.
fn file_patch(texts: &Texts, config: &Value, at: Option<Place>) -> Option<Patch> {
    let path = super::read::located(texts, &texts.get(config, "path")?)?;
    let target = texts.get(config, "target").map(|target| super::select::Target::read(texts, &target));
    let body = PatchBody::File(path);
    Some(Patch { body, target, renames: false, changes_kind: false, at: at? })
}
