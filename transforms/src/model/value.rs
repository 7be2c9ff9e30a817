//! Composed values: what stands in the sources, with the changes of patches and transformers on top.
//!
//! A value is a reference into a source until something changes it. A change opens only the mappings and lists on the
//! way, so an object that no patch touches costs one reference, and every leaf still knows where it is written.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::SourceFile;
use crate::{
    finding::FileId,
    span::Span,
    syntax::{Kind, Node, NodeId, Stream},
};

/// A text that holds nodes: a file of the repository, or a text written inside of one (an inline patch).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextId(u32);

/// A node of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text.
    pub text: TextId,
    /// The node.
    pub node: NodeId,
}

/// A YAML text that stands as a scalar in a file.
#[derive(Debug, Clone)]
pub struct Inline {
    /// The scalar that holds the text.
    pub at: Place,
    /// The text, parsed.
    pub stream: Arc<Stream>,
}

/// All texts that values refer to.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    files: Vec<Arc<Stream>>,
    inline: Vec<Inline>,
}

/// A value as it will be after composition.
#[derive(Debug, Clone)]
pub enum Value {
    /// As it stands in a text. Never an alias: those are resolved when the value is made.
    Source(Place),
    /// A mapping that was changed.
    Mapping(Arc<Map>),
    /// A list that was changed.
    Sequence(Arc<Vec<Value>>),
    /// A text that a transformer wrote, and the place that told it to.
    Made(Arc<str>, Option<Place>),
}

/// A changed mapping.
#[derive(Debug, Clone, Default)]
pub struct Map {
    /// Its entries, in the order of the base, those that were added behind.
    pub entries: Vec<(Arc<str>, Value)>,
    /// The mappings that were merged into it, the base's first.
    pub from: Vec<Place>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Null or not written.
    Null,
    /// A string, number, boolean.
    Scalar,
    /// A list.
    Sequence,
    /// A mapping.
    Mapping,
}

impl TextId {
    /// Returns the id of a whole file.
    #[must_use]
    pub const fn of_file(file: FileId) -> Self {
        Self(file.0)
    }
}

impl Map {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(name, _)| &**name == key).map(|(_, value)| value)
    }

    /// Sets the value of a key, at the end if it is new.
    pub fn set(&mut self, key: &str, value: Value) {
        match self.entries.iter_mut().find(|(name, _)| &**name == key) {
            Some((_, old)) => *old = value,
            None => self.entries.push((key.into(), value)),
        }
    }

    /// Removes a key; returns whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|(name, _)| &**name != key);
        self.entries.len() < before
    }
}

impl Texts {
    /// Makes the list of all texts from the files.
    #[must_use]
    pub fn new(files: &[SourceFile]) -> Self {
        Self { files: files.iter().map(|file| Arc::clone(&file.stream)).collect(), inline: Vec::new() }
    }

    /// Adds a text that stands inside of another one.
    pub fn add(&mut self, inline: Inline) -> TextId {
        let id = self.files.len() + self.inline.len();
        self.inline.push(inline);
        TextId(u32::try_from(id).unwrap_or(u32::MAX))
    }

    /// Returns the inline text with this id; none for a file.
    #[must_use]
    pub fn inline(&self, text: TextId) -> Option<&Inline> {
        (text.0 as usize).checked_sub(self.files.len()).and_then(|index| self.inline.get(index))
    }

    /// Returns the stream of a text.
    ///
    /// # Panics
    /// If the id is of other texts.
    #[must_use]
    pub fn stream(&self, text: TextId) -> &Stream {
        match self.files.get(text.0 as usize) {
            Some(stream) => stream,
            None => &self.inline[text.0 as usize - self.files.len()].stream,
        }
    }

    /// Returns the node at a place.
    #[must_use]
    pub fn node(&self, place: Place) -> Node<'_> {
        self.stream(place.text).node(place.node)
    }

    /// Returns the file that holds a place, and the node there: for an inline text the scalar that holds it.
    #[must_use]
    pub fn in_file(&self, place: Place) -> (FileId, NodeId) {
        let mut place = place;
        while let Some(inline) = self.inline(place.text) {
            place = inline.at;
        }
        (FileId(place.text.0), place.node)
    }

    /// Returns file and line of a place, both as a reader counts: the line of the text inside an inline one, too.
    #[must_use]
    pub fn line(&self, place: Place) -> (FileId, u32) {
        let span = |place: Place| self.node(place).span().unwrap_or(Span::empty(0));
        let line = |place: Place| self.stream(place.text).position(span(place).start).0;
        match self.inline(place.text) {
            // The content of a block scalar begins on the line after its header.
            Some(inline) => {
                let (file, outer) = self.line(inline.at);
                let block = self.node(inline.at).scalar().is_some_and(|scalar| {
                    use crate::syntax::ScalarStyle::{Folded, Literal};
                    matches!(scalar.style, Literal | Folded)
                });
                (file, if block { outer + line(place) } else { outer })
            }
            None => (FileId(place.text.0), line(place)),
        }
    }

    /// Returns the value that a node is.
    #[must_use]
    pub fn value(&self, text: TextId, node: Node<'_>) -> Value {
        Value::Source(Place { text, node: node.resolve().id() })
    }

    /// Returns what a value is.
    #[must_use]
    pub fn shape(&self, value: &Value) -> Shape {
        match value {
            Value::Mapping(_) => Shape::Mapping,
            Value::Sequence(_) => Shape::Sequence,
            Value::Made(..) => Shape::Scalar,
            Value::Source(place) => {
                let node = self.node(*place);
                match node.kind() {
                    Kind::Mapping => Shape::Mapping,
                    Kind::Sequence => Shape::Sequence,
                    Kind::Scalar if node.is_null() => Shape::Null,
                    Kind::Scalar | Kind::Alias => Shape::Scalar,
                }
            }
        }
    }

    /// Returns the value of a key of a mapping. Merge keys (`<<`) are followed.
    #[must_use]
    pub fn get(&self, value: &Value, key: &str) -> Option<Value> {
        match value {
            Value::Mapping(map) => map.get(key).cloned(),
            Value::Source(place) => {
                let found = lookup(self.node(*place), key)?;
                Some(self.value(place.text, found))
            }
            Value::Sequence(_) | Value::Made(..) => None,
        }
    }

    /// Looks up one key after the other.
    #[must_use]
    pub fn at(&self, value: &Value, keys: &[&str]) -> Option<Value> {
        keys.iter().try_fold(value.clone(), |value, key| self.get(&value, key))
    }

    /// Returns the entries of a mapping; none if it is no mapping.
    #[must_use]
    pub fn entries(&self, value: &Value) -> Vec<(Arc<str>, Value)> {
        match value {
            Value::Mapping(map) => map.entries.clone(),
            Value::Source(place) => collect(self, place.text, self.node(*place)),
            Value::Sequence(_) | Value::Made(..) => Vec::new(),
        }
    }

    /// Calls `with` with every entry of a mapping, in the order of [`Self::entries`] and without a copy of the keys.
    pub fn each_entry(&self, value: &Value, with: &mut dyn FnMut(&str, Value)) {
        match value {
            Value::Source(place) if !self.node(*place).has_merge_key() => {
                for entry in self.node(*place).entries() {
                    if let Some(name) = entry.name() {
                        with(name, self.value(place.text, entry.value()));
                    }
                }
            }
            Value::Source(_) => self.entries(value).into_iter().for_each(|(name, value)| with(&name, value)),
            Value::Mapping(map) => map.entries.iter().for_each(|(name, value)| with(name, value.clone())),
            Value::Sequence(_) | Value::Made(..) => {}
        }
    }

    /// Returns the items of a list; none if it is no list.
    #[must_use]
    pub fn items(&self, value: &Value) -> Vec<Value> {
        match value {
            Value::Sequence(items) => items.to_vec(),
            Value::Source(place) => {
                self.node(*place).items().map(|item| self.value(place.text, item)).collect()
            }
            Value::Mapping(_) | Value::Made(..) => Vec::new(),
        }
    }

    /// Returns the text of a scalar that is not null.
    #[must_use]
    pub fn text<'a>(&'a self, value: &'a Value) -> Option<Cow<'a, str>> {
        match value {
            Value::Made(text, _) => Some(Cow::Borrowed(text)),
            Value::Source(place) => self.node(*place).as_str().map(Cow::Borrowed),
            Value::Mapping(_) | Value::Sequence(_) => None,
        }
    }

    /// Returns the text of the scalar that a path of keys leads to.
    #[must_use]
    pub fn text_at(&self, value: &Value, keys: &[&str]) -> Option<String> {
        let found = self.at(value, keys)?;
        self.text(&found).map(Cow::into_owned)
    }

    /// Opens a mapping for changes; none if the value is no mapping.
    pub fn open_mapping<'v>(&self, value: &'v mut Value) -> Option<&'v mut Map> {
        if let Value::Source(place) = *value {
            if self.shape(value) != Shape::Mapping {
                return None;
            }
            *value = Value::Mapping(Arc::new(Map { entries: self.entries(value), from: vec![place] }));
        }
        match value {
            Value::Mapping(map) => Some(Arc::make_mut(map)),
            _ => None,
        }
    }

    /// Opens a list for changes; none if the value is no list.
    pub fn open_sequence<'v>(&self, value: &'v mut Value) -> Option<&'v mut Vec<Value>> {
        if matches!(value, Value::Source(_)) && self.shape(value) == Shape::Sequence {
            *value = Value::Sequence(Arc::new(self.items(value)));
        }
        match value {
            Value::Sequence(items) => Some(Arc::make_mut(items)),
            _ => None,
        }
    }
}

impl Value {
    /// Returns the places where the value itself is written: of a merged mapping, all of its parts.
    #[must_use]
    pub fn places(&self) -> &[Place] {
        match self {
            Self::Source(place) => std::slice::from_ref(place),
            Self::Mapping(map) => &map.from,
            Self::Made(_, Some(place)) => std::slice::from_ref(place),
            Self::Made(_, None) | Self::Sequence(_) => &[],
        }
    }
}

/// No more mappings than this are merged into one; real files merge one or two.
const MOST_MERGED: usize = 64;

/// Returns a mapping and those that its merge keys name, the strongest first.
fn layers(node: Node<'_>) -> Vec<Node<'_>> {
    let mut layers = vec![node];
    let mut next = 0;
    while let Some(&layer) = layers.get(next) {
        next += 1;
        if !layer.has_merge_key() {
            continue;
        }
        for entry in layer.entries().filter(|entry| entry.name() == Some("<<")) {
            let value = entry.value().resolve();
            let listed = value.items().map(Node::resolve);
            for each in listed.chain((value.kind() == Kind::Mapping).then_some(value)) {
                if layers.len() < MOST_MERGED && !layers.contains(&each) {
                    layers.push(each);
                }
            }
        }
    }
    layers
}

fn lookup<'a>(node: Node<'a>, key: &str) -> Option<Node<'a>> {
    if let Some(found) = node.get(key) {
        return Some(found);
    }
    if !node.has_merge_key() {
        return None;
    }
    layers(node).into_iter().find_map(|layer| layer.get(key))
}

fn collect(texts: &Texts, text: TextId, node: Node<'_>) -> Vec<(Arc<str>, Value)> {
    if !node.has_merge_key() {
        let named = node.entries().filter_map(|entry| Some((entry.name()?, entry.value())));
        return named.map(|(name, value)| (name.into(), texts.value(text, value))).collect();
    }
    let mut seen = BTreeSet::new();
    let mut entries = Vec::new();
    for entry in layers(node).into_iter().flat_map(Node::entries) {
        let Some(name) = entry.name().filter(|name| *name != "<<") else { continue };
        if seen.insert(name) {
            entries.push((name.into(), texts.value(text, entry.value())));
        }
    }
    entries
}
