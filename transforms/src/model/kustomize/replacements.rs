//! The `replacements:` field: values copied from one object into others.

use std::sync::Arc;

use super::{read::list, resource::Resource, select::Target};
use crate::model::value::{Place, Shape, Texts, Value};

/// One entry of `replacements:`.
#[derive(Debug, Clone)]
pub struct Replacement {
    /// The object that the value comes from.
    pub source: Target,
    /// The field that it comes from.
    pub field: String,
    /// How the source's text is cut.
    pub cut: Option<(String, i64)>,
    /// Where the value goes.
    pub targets: Vec<Destination>,
    /// A file with replacements in the place of all of this.
    pub path: Option<String>,
    /// The entry.
    pub at: Place,
}

/// Where a replacement's value goes.
#[derive(Debug, Clone)]
pub struct Destination {
    /// The objects.
    pub select: Target,
    /// Objects that are left out.
    pub reject: Vec<Target>,
    /// The fields.
    pub fields: Vec<String>,
    /// How the field's text is cut.
    pub cut: Option<(String, i64)>,
    /// Whether missing fields are made.
    pub create: bool,
}

impl Replacement {
    /// Reads an entry.
    pub(crate) fn read(texts: &Texts, entry: &Value) -> Option<Self> {
        let at = *entry.places().first()?;
        let path = texts.text_at(entry, &["path"]);
        let source = texts.get(entry, "source").unwrap_or_else(|| entry.clone());
        let targets = list(texts, entry, "targets").into_iter().map(|target| Destination {
            select: texts
                .get(&target, "select")
                .map(|select| Target::read(texts, &select))
                .unwrap_or_default(),
            reject: list(texts, &target, "reject").iter().map(|reject| Target::read(texts, reject)).collect(),
            fields: list(texts, &target, "fieldPaths")
                .iter()
                .filter_map(|field| texts.text(field).map(std::borrow::Cow::into_owned))
                .collect(),
            cut: cut(texts, &target),
            create: texts.text_at(&target, &["options", "create"]).as_deref() == Some("true"),
        });
        Some(Self {
            source: Target::read(texts, &source),
            field: texts.text_at(&source, &["fieldPath"]).unwrap_or_else(|| "metadata.name".to_owned()),
            cut: cut(texts, &source),
            targets: targets.collect(),
            path,
            at,
        })
    }
}

fn cut(texts: &Texts, value: &Value) -> Option<(String, i64)> {
    let delimiter = texts.text_at(value, &["options", "delimiter"]).filter(|text| !text.is_empty())?;
    let index = texts.text_at(value, &["options", "index"]).and_then(|text| text.parse().ok());
    Some((delimiter, index.unwrap_or(0)))
}

/// Applies one entry. The error says what was not found.
pub(crate) fn apply(
    texts: &Texts,
    replacement: &Replacement,
    resources: &mut [Resource],
) -> Result<(), &'static str> {
    let mut sources = resources.iter_mut().filter(|each| replacement.source.takes(texts, each));
    let (Some(source), None) = (sources.next(), sources.next()) else {
        return Err("the source of the replacement is not exactly one object");
    };
    source.steps.push(super::resource::Step::Copied(replacement.at));
    let mut source = source.clone();
    source.write_identity(texts);
    let mut value = find(texts, &source.value, &path(&replacement.field))
        .ok_or("the source of the replacement lacks the field")?;
    if let Some((delimiter, index)) = &replacement.cut {
        let text = texts.text(&value).ok_or("the source of the replacement is no text")?.into_owned();
        let part = usize::try_from(*index).ok().and_then(|index| text.split(delimiter.as_str()).nth(index));
        let part = part.ok_or("the source of the replacement has fewer parts")?;
        value = Value::Made(part.into(), Some(replacement.at));
    }
    for target in &replacement.targets {
        let chosen = resources.iter_mut().filter(|each| {
            target.select.takes(texts, each) && !target.reject.iter().any(|reject| reject.takes(texts, each))
        });
        for resource in chosen {
            put(texts, resource, target, &value, replacement.at);
        }
    }
    Ok(())
}

fn put(texts: &Texts, resource: &mut Resource, target: &Destination, value: &Value, at: Place) {
    resource.write_identity(texts);
    let default = ["metadata.name".to_owned()];
    let fields = if target.fields.is_empty() { &default[..] } else { &target.fields };
    for field in fields {
        let change = |old: &Value| match &target.cut {
            Some((delimiter, index)) => {
                Value::Made(joined(texts, old, value, delimiter, *index).into(), Some(at))
            }
            None => value.clone(),
        };
        set(texts, &mut resource.value, &path(field), target.create, &change);
    }
    resource.steps.push(super::resource::Step::Replaced(at));
    resource.remember();
    resource.read_identity(texts);
}

fn joined(texts: &Texts, old: &Value, value: &Value, delimiter: &str, index: i64) -> String {
    let old = texts.text(old).unwrap_or_default();
    let new = texts.text(value).unwrap_or_default();
    let mut parts: Vec<&str> = old.split(delimiter).collect();
    match usize::try_from(index) {
        Err(_) => parts.insert(0, &new),
        Ok(at) => match parts.get_mut(at) {
            Some(part) => *part = &new,
            None => parts.push(&new),
        },
    }
    parts.join(delimiter)
}

/// Splits a field path at its dots; a dot in brackets or behind a backslash belongs to the key.
fn path(field: &str) -> Vec<String> {
    let mut steps = vec![String::new()];
    let mut letters = field.chars();
    let mut bracket = false;
    while let Some(letter) = letters.next() {
        let Some(step) = steps.last_mut() else { break };
        match letter {
            '\\' => step.extend(letters.next()),
            '.' if !bracket => steps.push(String::new()),
            _ => {
                bracket = (bracket || letter == '[') && letter != ']';
                step.push(letter);
            }
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

/// Returns the places of the items that a step of a path names: a number, `*`, or `[key=value]`.
fn chosen(texts: &Texts, items: &[Value], step: &str) -> Vec<usize> {
    let matching =
        step.strip_prefix('[').and_then(|step| step.strip_suffix(']')).and_then(|step| step.split_once('='));
    match matching {
        Some((key, wanted)) => (0..items.len())
            .filter(|at| {
                items.get(*at).is_some_and(|item| texts.text_at(item, &[key]).as_deref() == Some(wanted))
            })
            .collect(),
        None if step == "*" => (0..items.len()).collect(),
        None => step.parse().ok().filter(|at| *at < items.len()).into_iter().collect(),
    }
}

fn find(texts: &Texts, value: &Value, path: &[String]) -> Option<Value> {
    path.iter().try_fold(value.clone(), |value, step| match texts.shape(&value) {
        Shape::Sequence => {
            let items = texts.items(&value);
            let at = *chosen(texts, &items, step).first()?;
            items.get(at).cloned()
        }
        _ => texts.get(&value, step.trim_matches(['[', ']'])),
    })
}

/// Changes what a path leads to.
fn set(texts: &Texts, here: &mut Value, path: &[String], create: bool, change: &dyn Fn(&Value) -> Value) {
    let Some((step, rest)) = path.split_first() else {
        *here = change(here);
        return;
    };
    if texts.shape(here) == Shape::Sequence {
        let places = chosen(texts, &texts.items(here), step);
        let Some(items) = texts.open_sequence(here) else { return };
        for at in places {
            if let Some(item) = items.get_mut(at) {
                set(texts, item, rest, create, change);
            }
        }
        return;
    }
    let key = step.trim_matches(['[', ']']);
    let old = texts.get(here, key);
    if old.is_none() && !create {
        return;
    }
    let empty = if rest.is_empty() { Value::Made("".into(), None) } else { Value::Mapping(Arc::default()) };
    let mut value = old.unwrap_or(empty);
    set(texts, &mut value, rest, create, change);
    if let Some(map) = texts.open_mapping(here) {
        map.set(key, value);
    }
}
