//! Strategic merge patches, as kustomize applies them.

use std::sync::Arc;

use thiserror::Error;

use super::schema::Schema;
use crate::model::value::{Map, Shape, Texts, Value};

/// Why a strategic merge patch cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MergeError {
    /// The patch has a list where the object has a mapping, or the like.
    #[error("the patch and the object disagree on what {0} is")]
    Mismatch(String),
    /// `$patch` has a value other than delete, replace and merge.
    #[error("$patch: {0} is no strategy")]
    Strategy(String),
}

const DIRECTIVE: &str = "$patch";

/// What a patch wants of a mapping or list.
enum Strategy {
    Merge,
    Replace,
    Delete,
}

/// Merges a patch into a value; none if nothing is left.
pub(crate) fn merge(
    texts: &Texts,
    into: Option<&Value>,
    patch: &Value,
    schema: &Schema,
) -> Result<Option<Value>, MergeError> {
    merge_field(texts, into, patch, (schema, &[]), "the object")
}

type FieldSchema<'s> = (&'s Schema, &'s [&'s str]);

fn merge_field(
    texts: &Texts,
    into: Option<&Value>,
    patch: &Value,
    schema: FieldSchema<'_>,
    name: &str,
) -> Result<Option<Value>, MergeError> {
    let patch_shape = texts.shape(patch);
    if patch_shape == Shape::Null {
        return Ok(None);
    }
    let Some(into) = into.filter(|into| texts.shape(into) != Shape::Null) else {
        return added(texts, patch, schema);
    };
    if texts.shape(into) != patch_shape {
        return Err(MergeError::Mismatch(name.to_owned()));
    }
    match patch_shape {
        Shape::Mapping => merge_mapping(texts, into, patch, schema.0),
        Shape::Sequence if !schema.1.is_empty() => merge_items(texts, into, patch, schema),
        _ => Ok(Some(patch.clone())),
    }
}

fn merge_mapping(
    texts: &Texts,
    into: &Value,
    patch: &Value,
    schema: &Schema,
) -> Result<Option<Value>, MergeError> {
    match strategy(texts, patch)? {
        Strategy::Delete => return Ok(None),
        Strategy::Replace => return added(texts, patch, (schema, &[])),
        Strategy::Merge => {}
    }
    let mut result = into.clone();
    let Some(map) = texts.open_mapping(&mut result) else { return Ok(Some(result)) };
    map.from.extend_from_slice(patch.places());
    for (key, value) in texts.entries(patch).iter().filter(|(key, _)| &**key != DIRECTIVE) {
        let field = schema.field(key);
        match merge_field(texts, map.get(key), value, field, key)? {
            Some(merged) => map.set(key, merged),
            None => {
                map.remove(key);
            }
        }
    }
    Ok(Some(result))
}

/// Merges lists whose items are told apart by keys. The patch's items come first, as kustomize orders them.
fn merge_items(
    texts: &Texts,
    into: &Value,
    patch: &Value,
    schema: FieldSchema<'_>,
) -> Result<Option<Value>, MergeError> {
    match list_strategy(texts, patch)? {
        Strategy::Delete => return Ok(None),
        Strategy::Replace => return added(texts, patch, schema),
        Strategy::Merge => {}
    }
    let old = texts.items(into);
    let mut used = vec![false; old.len()];
    let mut result = Vec::new();
    for item in texts.items(patch) {
        let at = old.iter().position(|each| same_item(texts, each, &item, schema.1));
        if let Some(flag) = at.and_then(|at| used.get_mut(at)) {
            *flag = true;
        }
        let base = at.and_then(|at| old.get(at));
        // Kustomize puts the old item back over one that asks to replace it, so the directive has no effect here.
        let replaced = base.filter(|_| matches!(strategy(texts, &item), Ok(Strategy::Replace)));
        match replaced {
            Some(kept) => result.push(kept.clone()),
            None => result.extend(merge_field(texts, base, &item, (schema.0, &[]), "an item of a list")?),
        }
    }
    let rest = old.iter().zip(&used).filter(|(_, used)| !**used);
    result.extend(rest.map(|(item, _)| item.clone()));
    Ok(Some(Value::Sequence(Arc::new(result))))
}

/// Items are the same if the keys that the patch's item has are equal; at least one key must be there.
fn same_item(texts: &Texts, old: &Value, patch: &Value, keys: &[&str]) -> bool {
    let wanted: Vec<(&str, String)> =
        keys.iter().filter_map(|key| Some((*key, texts.text_at(patch, &[*key])?))).collect();
    !wanted.is_empty()
        && wanted.iter().all(|(key, value)| texts.text_at(old, &[*key]).as_ref() == Some(value))
}

/// Returns what a patch adds where there was nothing: itself without nulls and directives.
fn added(texts: &Texts, patch: &Value, schema: FieldSchema<'_>) -> Result<Option<Value>, MergeError> {
    match texts.shape(patch) {
        Shape::Null => Ok(None),
        Shape::Scalar => Ok(Some(patch.clone())),
        Shape::Sequence if schema.1.is_empty() => Ok(Some(patch.clone())),
        Shape::Sequence => {
            let mut items = Vec::new();
            for item in texts.items(patch) {
                let is_directive = texts.entries(&item).len() == 1 && texts.get(&item, DIRECTIVE).is_some();
                if !is_directive {
                    items.extend(added(texts, &item, (schema.0, &[]))?);
                }
            }
            Ok(Some(Value::Sequence(Arc::new(items))))
        }
        Shape::Mapping => {
            if matches!(strategy(texts, patch)?, Strategy::Delete) {
                return Ok(None);
            }
            let mut map = Map { entries: Vec::new(), from: patch.places().to_vec() };
            for (key, value) in texts.entries(patch).iter().filter(|(key, _)| &**key != DIRECTIVE) {
                if let Some(value) = added(texts, value, schema.0.field(key))? {
                    map.entries.push((Arc::clone(key), value));
                }
            }
            Ok(Some(Value::Mapping(Arc::new(map))))
        }
    }
}

fn strategy(texts: &Texts, patch: &Value) -> Result<Strategy, MergeError> {
    let Some(directive) = texts.get(patch, DIRECTIVE) else { return Ok(Strategy::Merge) };
    match texts.text(&directive).as_deref() {
        Some("delete") => Ok(Strategy::Delete),
        Some("replace") => Ok(Strategy::Replace),
        Some("merge") => Ok(Strategy::Merge),
        other => Err(MergeError::Strategy(other.unwrap_or("null").to_owned())),
    }
}

/// A list says its strategy by an item that holds nothing else.
fn list_strategy(texts: &Texts, patch: &Value) -> Result<Strategy, MergeError> {
    let items = texts.items(patch);
    let directive = items.iter().find(|item| texts.get(item, DIRECTIVE).is_some());
    match directive.filter(|item| texts.entries(item).len() == 1) {
        Some(item) => strategy(texts, item),
        None => Ok(Strategy::Merge),
    }
}
