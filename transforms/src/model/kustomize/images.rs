//! The `images:` field: other names, tags and digests for images.

use std::sync::Arc;

use regex_lite::Regex;

use crate::model::value::{Place, Texts, Value};

/// One entry of `images:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageOverride {
    /// The name that it is for, as a regular expression, as kustomize takes it.
    pub name: String,
    /// The new name.
    pub new_name: Option<String>,
    /// The new tag.
    pub new_tag: Option<String>,
    /// The new digest.
    pub digest: Option<String>,
    /// What is put behind the tag.
    pub tag_suffix: Option<String>,
    /// The entry.
    pub at: Place,
}

impl ImageOverride {
    /// Reads an entry; none if it has no name.
    pub(crate) fn read(texts: &Texts, entry: &Value) -> Option<Self> {
        let text = |key: &str| texts.text_at(entry, &[key]).filter(|text| !text.is_empty());
        Some(Self {
            name: text("name")?,
            new_name: text("newName"),
            new_tag: text("newTag"),
            digest: text("digest"),
            tag_suffix: text("tagSuffix"),
            at: *entry.places().first()?,
        })
    }

    /// Returns the image in its place; none if the entry is for another one.
    #[must_use]
    pub fn apply(&self, image: &str) -> Option<String> {
        let pattern = format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", self.name);
        if !Regex::new(&pattern).ok()?.is_match(image) {
            return None;
        }
        let (name, mut tag, mut digest) = split(image);
        let name = self.new_name.as_deref().unwrap_or(name);
        let suffixed;
        // A new tag or digest drops both the old tag and the old digest.
        match (&self.new_tag, &self.digest, &self.tag_suffix) {
            (None, None, None) => {}
            (None, None, Some(suffix)) => {
                suffixed = format!("{tag}{suffix}");
                (tag, digest) = (&suffixed, "");
            }
            (new_tag, new_digest, _) => {
                tag = new_tag.as_deref().unwrap_or_default();
                digest = new_digest.as_deref().unwrap_or_default();
            }
        }
        let mut result = name.to_owned();
        for (mark, part) in [(":", tag), ("@", digest)] {
            if !part.is_empty() {
                result.push_str(mark);
                result.push_str(part);
            }
        }
        Some(result)
    }
}

/// Splits an image as kustomize does: name, tag and digest; empty where there is none.
fn split(image: &str) -> (&str, &str, &str) {
    let path = image.find('/').unwrap_or(0);
    let find = |mark: char| image.get(path..).and_then(|rest| rest.find(mark)).map(|at| at + path);
    let cut = |at: usize| (image.get(..at).unwrap_or_default(), image.get(at + 1..).unwrap_or_default());
    match (find(':'), find('@')) {
        (None, None) => (image, "", ""),
        (colon, Some(at)) if colon.is_none_or(|colon| at < colon) => {
            let (name, digest) = cut(at);
            (name, "", digest)
        }
        (Some(colon), Some(at)) => (cut(colon).0, image.get(colon + 1..at).unwrap_or_default(), cut(at).1),
        (Some(colon), None) => {
            let (name, tag) = cut(colon);
            (name, tag, "")
        }
        (None, Some(at)) => (cut(at).0, "", cut(at).1),
    }
}

/// Applies the entries to every container of an object; returns those that changed something.
pub(crate) fn apply(texts: &Texts, overrides: &[ImageOverride], object: &mut Value) -> Vec<Place> {
    let mut used = Vec::new();
    for each in overrides {
        let Some(changed) = in_value(texts, each, object) else { continue };
        *object = changed;
        used.push(each.at);
        // Kustomize goes over the usual places once more, which shows where an entry takes its own result.
        for path in USUAL {
            at_path(texts, each, object, path);
        }
    }
    used
}

/// Where the second of kustomize's two filters looks.
const USUAL: [&[&str]; 4] = [
    &["spec", "containers"],
    &["spec", "initContainers"],
    &["spec", "template", "spec", "containers"],
    &["spec", "template", "spec", "initContainers"],
];

fn at_path(texts: &Texts, image: &ImageOverride, value: &mut Value, path: &[&str]) {
    let Some((key, rest)) = path.split_first() else {
        if let Some(changed) = in_containers(texts, image, value) {
            *value = changed;
        }
        return;
    };
    // What is not opened by now was not changed, so the entry takes nothing in there.
    let Value::Mapping(map) = value else { return };
    let map = Arc::make_mut(map);
    if let Some((_, inner)) = map.entries.iter_mut().find(|(name, _)| &**name == *key) {
        at_path(texts, image, inner, rest);
    }
}

/// Returns the value with the image changed wherever a list of containers stands; none if nothing changes.
fn in_value(texts: &Texts, image: &ImageOverride, value: &Value) -> Option<Value> {
    let mut result: Option<Value> = None;
    for (key, old) in texts.entries(value) {
        let inner = in_value(texts, image, &old);
        let current = inner.as_ref().unwrap_or(&old);
        let is_list = matches!(&*key, "containers" | "initContainers");
        let new = if is_list { in_containers(texts, image, current).or(inner) } else { inner };
        if let Some(new) = new {
            texts.open_mapping(result.get_or_insert_with(|| value.clone()))?.set(&key, new);
        }
    }
    for (at, old) in texts.items(value).iter().enumerate() {
        if let Some(new) = in_value(texts, image, old) {
            *texts.open_sequence(result.get_or_insert_with(|| value.clone()))?.get_mut(at)? = new;
        }
    }
    result
}

fn in_containers(texts: &Texts, image: &ImageOverride, list: &Value) -> Option<Value> {
    let mut result: Option<Value> = None;
    for (at, container) in texts.items(list).iter().enumerate() {
        let new = texts.text_at(container, &["image"]).and_then(|old| image.apply(&old));
        if let Some(new) = new {
            let items = texts.open_sequence(result.get_or_insert_with(|| list.clone()))?;
            let made = Value::Made(Arc::from(new), Some(image.at));
            texts.open_mapping(items.get_mut(at)?)?.set("image", made);
        }
    }
    result
}
