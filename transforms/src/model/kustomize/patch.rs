//! Patches of every kind.

use super::{
    Problem, ProblemKind,
    build::{Builder, Built, Found, title},
    json6902::{self, Operation},
    merge,
    read::{Patch, PatchBody},
    resource::{Resource, ResourceId, Step},
    schema::Schema,
    select::Target,
};
use crate::{
    model::value::{Shape, TextId, Texts, Value},
    path::RepoPath,
};

/// What the text of a patch turns out to be.
enum Kind {
    Merge(Vec<Value>),
    Json(Vec<Operation>),
}

/// Applies a patch to what was accumulated.
pub(super) fn apply(builder: &Builder<'_>, folder: &RepoPath, patch: &Patch, built: &mut Built) {
    let texts = builder.texts;
    let problem = |kind| Problem { kind, at: Some(patch.at) };
    let concerned =
        |each: &Resource| patch.target.as_ref().is_none_or(|target| target.takes(builder.texts, each));
    let kind = match documents(builder, folder, &patch.body) {
        Ok(None) => return,
        Ok(Some(documents)) => kind_of(texts, documents),
        Err(kind) => return built.doubt(problem(kind), concerned),
    };
    match (kind, &patch.target) {
        (Ok(Kind::Merge(documents)), Some(target)) => {
            for document in &documents {
                // From behind, because a patch may delete the object.
                for at in chosen(texts, target, &built.resources).into_iter().rev() {
                    merge_into(texts, patch, document, at, built);
                }
            }
        }
        (Ok(Kind::Merge(documents)), None) => {
            for document in &documents {
                let id = identity(texts, document);
                match only(&built.resources, &id) {
                    Ok(at) => merge_into(texts, patch, document, at, built),
                    Err(matches) => {
                        let target = format!("{}/{}", id.kind, id.name);
                        built.problems.push(problem(ProblemKind::Target { target, matches }));
                    }
                }
            }
        }
        (Ok(Kind::Json(operations)), Some(target)) => {
            for at in chosen(texts, target, &built.resources) {
                json_into(texts, patch, &operations, at, built);
            }
        }
        (Ok(Kind::Json(_)), None) => {
            built.problems.push(problem(ProblemKind::Patch("a JSON patch needs a target".to_owned())));
        }
        (Err(reason), _) => built.doubt(problem(ProblemKind::Patch(reason)), concerned),
    }
}

/// Returns the documents of a patch; none if its file was not read.
pub(super) fn documents(
    builder: &Builder<'_>,
    folder: &RepoPath,
    body: &PatchBody,
) -> Result<Option<Vec<Value>>, ProblemKind> {
    let text = match body {
        PatchBody::Node(value) => return Ok(Some(vec![value.clone()])),
        PatchBody::Broken(reason) => return Err(ProblemKind::Patch(reason.clone())),
        PatchBody::Inline(text) => *text,
        PatchBody::File(path) => match builder.find(folder, &path.text)? {
            Found::File(file) => TextId::of_file(file),
            Found::Unread => return Ok(None),
            Found::Folder(_) => return Err(ProblemKind::Patch(format!("{} is a folder", path.text))),
        },
    };
    let roots = builder.texts.stream(text).documents().filter_map(|document| document.root());
    let values = roots.map(|root| builder.texts.value(text, root));
    Ok(Some(values.filter(|value| builder.texts.shape(value) != Shape::Null).collect()))
}

fn kind_of(texts: &Texts, documents: Vec<Value>) -> Result<Kind, String> {
    let Some(first) = documents.first() else { return Err("it is empty".to_owned()) };
    match texts.shape(first) {
        Shape::Sequence => json6902::read(texts, first).map(Kind::Json).map_err(|error| error.to_string()),
        Shape::Mapping => Ok(Kind::Merge(documents)),
        Shape::Scalar | Shape::Null => Err("it is neither a mapping nor a list".to_owned()),
    }
}

/// Returns the places of the resources that a target selects.
fn chosen(texts: &Texts, target: &Target, resources: &[Resource]) -> Vec<usize> {
    (0..resources.len())
        .filter(|at| resources.get(*at).is_some_and(|each| target.takes(texts, each)))
        .collect()
}

/// Returns the place of the one resource that is, or was, this; else how many there are.
fn only(resources: &[Resource], id: &ResourceId) -> Result<usize, usize> {
    let places: Vec<usize> =
        (0..resources.len()).filter(|at| resources.get(*at).is_some_and(|each| each.is_or_was(id))).collect();
    match places.as_slice() {
        [one] => Ok(*one),
        many => Err(many.len()),
    }
}

fn identity(texts: &Texts, patch: &Value) -> ResourceId {
    let text = |keys: &[&str]| texts.text_at(patch, keys);
    ResourceId {
        api_version: text(&["apiVersion"]).unwrap_or_default().into(),
        kind: text(&["kind"]).unwrap_or_default().into(),
        namespace: text(&["metadata", "namespace"]).map(Into::into),
        name: text(&["metadata", "name"]).unwrap_or_default().into(),
    }
}

fn merge_into(texts: &Texts, patch: &Patch, document: &Value, at: usize, built: &mut Built) {
    let Some(resource) = built.resources.get_mut(at) else { return };
    let schema = Schema::of(&resource.api_version, &resource.kind);
    match merge::merge(texts, Some(&resource.value), document, schema) {
        Ok(None) => {
            built.resources.remove(at);
        }
        Ok(Some(merged)) => {
            resource.value = merged;
            resource.steps.push(Step::Patched(patch.at));
            // Unless the patch may rename it, an object keeps its name, and always its namespace.
            let id = identity(texts, document);
            if patch.renames || patch.changes_kind {
                resource.remember();
            }
            if patch.renames && !id.name.is_empty() && id.name != resource.name {
                resource.name = id.name;
                resource.steps.push(Step::Renamed(patch.at));
            }
            if patch.changes_kind && !id.kind.is_empty() {
                resource.kind = id.kind;
            }
        }
        Err(error) => {
            let kind = ProblemKind::Merge { target: title(resource), error };
            resource.doubts.push(kind.to_string().into());
            built.problems.push(Problem { kind, at: Some(patch.at) });
        }
    }
}

fn json_into(texts: &Texts, patch: &Patch, operations: &[Operation], at: usize, built: &mut Built) {
    let Some(resource) = built.resources.get_mut(at) else { return };
    resource.remember();
    let touches_identity = |path: &str| !path.starts_with("/spec") && !path.starts_with("/data");
    let renames = operations
        .iter()
        .any(|each| touches_identity(&each.path) || each.from.as_deref().is_some_and(touches_identity));
    if renames {
        resource.write_identity(texts);
    }
    let mut value = resource.value.clone();
    match json6902::apply(texts, &mut value, operations) {
        Ok(()) => {
            resource.value = value;
            resource.steps.push(Step::Patched(patch.at));
            if renames {
                let before = resource.name.clone();
                let namespace = resource.namespace.clone();
                resource.read_identity(texts);
                if before != resource.name {
                    resource.steps.push(Step::Renamed(patch.at));
                }
                if namespace != resource.namespace {
                    resource.steps.push(Step::Namespace(patch.at));
                }
            }
        }
        Err(error) => {
            let kind = ProblemKind::Json { target: title(resource), error };
            match json6902::apply_as_meant(texts, &resource.value, operations) {
                // The build fails as things are, and there is no doubt what it is to yield.
                Some(meant) if !renames => {
                    resource.value = meant;
                    resource.steps.push(Step::Patched(patch.at));
                }
                _ => resource.doubts.push(kind.to_string().into()),
            }
            built.problems.push(Problem { kind, at: Some(patch.at) });
        }
    }
}
