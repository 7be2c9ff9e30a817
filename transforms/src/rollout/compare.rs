//! Composed values of two repositories, compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::value::{Shape, Texts, Value};

/// Values that hold more nodes than this, aliases counted each time, are taken for different.
const MOST_NODES: u32 = 200_000;

/// Tells whether two values mean the same to Kubernetes: the order of keys, quotes and comments do not count.
pub(super) fn same(old: (&Texts, &Value), new: (&Texts, &Value)) -> bool {
    same_within(old, new, &mut MOST_NODES.clone())
}

fn same_within(
    (old_texts, old): (&Texts, &Value),
    (new_texts, new): (&Texts, &Value),
    left: &mut u32,
) -> bool {
    let Some(less) = left.checked_sub(1) else { return false };
    *left = less;
    let shape = old_texts.shape(old);
    if shape != new_texts.shape(new) {
        return false;
    }
    match shape {
        Shape::Null => true,
        Shape::Scalar => old_texts.text(old) == new_texts.text(new),
        Shape::Sequence => {
            let (old, new) = (old_texts.items(old), new_texts.items(new));
            let mut pairs = old.iter().zip(&new);
            old.len() == new.len()
                && pairs.all(|(old, new)| same_within((old_texts, old), (new_texts, new), left))
        }
        Shape::Mapping => {
            let old: BTreeMap<_, _> = old_texts.entries(old).into_iter().collect();
            let new: BTreeMap<_, _> = new_texts.entries(new).into_iter().collect();
            let mut pairs = old.iter().zip(&new);
            old.len() == new.len()
                && pairs.all(|((old_key, old), (new_key, new))| {
                    old_key == new_key && same_within((old_texts, old), (new_texts, new), left)
                })
        }
    }
}

/// Returns the ConfigMaps and Secrets that a workload reads, by kind and name.
pub(super) fn references(texts: &Texts, workload: &Value) -> BTreeSet<(&'static str, String)> {
    let mut found = BTreeSet::new();
    let mut left = MOST_NODES;
    let mut todo = vec![workload.clone()];
    while let Some(value) = todo.pop() {
        let Some(less) = left.checked_sub(1) else { break };
        left = less;
        let kind = match texts.text_at(&value, &["kind"]).as_deref() {
            Some("ConfigMap") => Some("ConfigMap"),
            Some("Secret") => Some("Secret"),
            _ => None,
        };
        // An item of `valuesFrom`, or any other reference that states its kind.
        if let (Some(kind), Some(name)) = (kind, texts.text_at(&value, &["name"])) {
            found.insert((kind, name));
        }
        for (key, inner) in texts.entries(&value) {
            let kind = match &*key {
                "configMapRef" | "configMapKeyRef" | "configMap" => Some("ConfigMap"),
                "secretRef" | "secretKeyRef" | "secret" => Some("Secret"),
                _ => None,
            };
            let name = ["name", "secretName"].iter().find_map(|key| texts.text_at(&inner, &[key]));
            if let (Some(kind), Some(name)) = (kind, name) {
                found.insert((kind, name));
            }
            todo.push(inner);
        }
        todo.extend(texts.items(&value));
    }
    found
}
