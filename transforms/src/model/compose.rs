//! Composed containers: each container as every delivery will have it.
//!
//! A container whose object no patch, component or image override touches is what its file says, and has no variants
//! here. For any other one there is a variant for each delivery, with the places that its fields come from. A variant is
//! found by any mapping that was merged into it, and by the lists and words of its `command` and `args`, so a command
//! that stands in a patch, inline or in a file of its own, leads to the image in the base.
//!
//! To compare before and after an edit, compare [`Composition::runs`] of both repositories, and their
//! [`Composition::breaks`].

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Container, ContainerId, Object, ObjectId, Repository, Words,
    kustomize::Resource,
    placement::{DeliveryId, Namespace, Placement, Placements},
    value::{Place, Shape, TextId, Texts, Value},
};

/// The words of `command` or `args`, and where they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposedWords {
    /// The words.
    pub words: Words,
    /// The list that holds them all; none if there is none, or if a JSON patch changed single words of it.
    pub list: Option<Place>,
    /// The place of each word.
    pub items: Vec<Option<Place>>,
}

/// A text and where it is written, if a source says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposedText {
    /// The text.
    pub text: String,
    /// The scalar, or the entry of `images` that made it.
    pub at: Option<Place>,
}

/// A container as one delivery will have it.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The delivery's file or carrier, for messages.
    pub overlay: String,
    /// The object of the base; none for a generated one.
    pub object: Option<ObjectId>,
    /// `Deployment/web`, as it will be called.
    pub subject: String,
    /// The namespace of its pods.
    pub namespace: Namespace,
    /// The place in the object, list items by their names: `spec.template.spec.containers[web]`.
    pub path: String,
    /// The container of a file that this one is made of; the base's, if it has several.
    pub container: Option<ContainerId>,
    /// The image.
    pub image: Option<ComposedText>,
    /// `command`.
    pub command: ComposedWords,
    /// `args`.
    pub args: ComposedWords,
    /// The whole container.
    pub value: Value,
    /// The mapping that holds the list of containers: the pod's spec.
    pub pod: Option<Value>,
    /// The mappings that were merged, the base's first.
    pub parts: Vec<Place>,
    /// How many variants of the same name come before it: clusters often call their deliveries alike.
    twin: u32,
    /// The files in which a container of the repository is one of the parts.
    held_in: BTreeSet<TextId>,
}

/// What names a variant across edits: overlay, object, place, and how many of the same name come before it.
pub type VariantKey = (String, String, String, u32);

/// What a variant runs: image, command, args.
pub type Run = (Option<String>, Words, Words);

/// All composed containers.
#[derive(Debug, Clone, Default)]
pub struct Composition {
    variants: Vec<Variant>,
    by_place: BTreeMap<Place, Vec<u32>>,
    /// How many variants have a name.
    twins: BTreeMap<(String, String, String), u32>,
    breaks: Vec<(String, String)>,
}

impl Composition {
    /// Composes every container that something changes on its way to a cluster.
    #[must_use]
    pub fn of_repository(repository: &Repository, placements: &Placements) -> Self {
        let mut composition = Self::default();
        let touched = touched(repository, placements);
        let variants = repository.workers().map(&touched, |(delivery, resource, placement)| {
            let mut walk =
                Walk { texts: placements.texts(), known: repository.containers(), found: Vec::new() };
            walk.value(&resource.value, "", None);
            let found = walk.found.into_iter();
            found
                .map(|found| Variant::new(placements, *delivery, resource, placement, found))
                .collect::<Vec<_>>()
        });
        variants.into_iter().flatten().for_each(|variant| composition.add(variant));
        let broken = placements.problems().filter(|(_, problem)| problem.breaks());
        composition.breaks =
            broken.map(|(delivery, problem)| (delivery.title.clone(), problem.kind.to_string())).collect();
        composition
    }

    /// Returns the variants that a mapping, list or word takes part in; none if nothing changes the container.
    pub fn of(&self, place: Place) -> impl Iterator<Item = &Variant> {
        let numbers = self.by_place.get(&place).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| self.variants.get(*number as usize))
    }

    /// Returns all variants.
    #[must_use]
    pub fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// Returns the variants whose command no container of a file holds: a JSON patch or an inline patch does.
    pub fn patched_commands(&self) -> impl Iterator<Item = (&Variant, Place)> {
        self.variants.iter().filter_map(|variant| {
            let list =
                variant.command.list.or_else(|| variant.command.items.iter().copied().flatten().next())?;
            (!variant.held_in.contains(&list.text)).then_some((variant, list))
        })
    }

    /// Returns what every variant runs.
    #[must_use]
    pub fn runs(&self) -> BTreeMap<VariantKey, Run> {
        let run = |variant: &Variant| {
            let image = variant.image.as_ref().map(|image| image.text.clone());
            (variant.key(), (image, variant.command.words.clone(), variant.args.words.clone()))
        };
        self.variants.iter().map(run).collect()
    }

    /// Returns the deliveries that fail, each with the reason.
    #[must_use]
    pub fn breaks(&self) -> &[(String, String)] {
        &self.breaks
    }

    fn add(&mut self, variant: Variant) {
        let (overlay, subject, path, _) = variant.key();
        let twins = self.twins.entry((overlay, subject, path)).or_default();
        let variant = Variant { twin: *twins, ..variant };
        *twins += 1;
        let number = u32::try_from(self.variants.len()).unwrap_or(u32::MAX);
        for place in variant.places() {
            self.by_place.entry(place).or_default().push(number);
        }
        self.variants.push(variant);
    }
}

impl Variant {
    fn new(
        placements: &Placements,
        delivery: DeliveryId,
        resource: &Resource,
        placement: &Placement,
        found: Found,
    ) -> Self {
        let texts = placements.texts();
        let overlay = placements.deliveries().get(delivery.0 as usize).map(|each| each.title.clone());
        Self {
            delivery,
            overlay: overlay.unwrap_or_default(),
            object: resource.object,
            subject: format!("{}/{}", resource.kind, placement.name),
            namespace: placement.pods.clone(),
            path: found.path,
            container: found.container,
            image: image(texts, &found.value),
            command: words(texts, texts.get(&found.value, "command")),
            args: words(texts, texts.get(&found.value, "args")),
            parts: found.value.places().to_vec(),
            held_in: found.held_in,
            value: found.value,
            pod: found.pod,
            twin: 0,
        }
    }

    /// Returns what names the variant across edits.
    #[must_use]
    pub fn key(&self) -> VariantKey {
        let namespace = self.namespace.known().unwrap_or_default().to_owned();
        (self.overlay.clone(), format!("{namespace}/{}", self.subject), self.path.clone(), self.twin)
    }

    /// Returns the mappings, lists and words that the container is made of.
    pub(crate) fn places(&self) -> BTreeSet<Place> {
        let words = [&self.command, &self.args].into_iter();
        let words =
            words.flat_map(|words| words.list.into_iter().chain(words.items.iter().copied().flatten()));
        let image = self.image.iter().filter_map(|image| image.at);
        self.parts.iter().copied().chain(words).chain(image).collect()
    }
}

/// Returns the composed objects that at least one delivery changes, in every delivery that has them.
fn touched<'p>(
    repository: &Repository,
    placements: &'p Placements,
) -> Vec<(DeliveryId, &'p Resource, Placement)> {
    let delivered = |object: &Object| {
        placements.of(object.id).iter().filter_map(|placement| {
            let (_, resource) = placements.resource(placement)?;
            Some((placement.delivery?.0, resource, placement))
        })
    };
    let is_changed = |resource: &Resource| !matches!(resource.value, Value::Source(_));
    let changed = repository
        .objects()
        .iter()
        .filter(|object| delivered(object).any(|(_, resource, _)| is_changed(resource)));
    let all = changed.flat_map(delivered);
    all.map(|(delivery, resource, placement)| (delivery, resource, placement.clone())).collect()
}

/// A container in a composed object.
struct Found {
    value: Value,
    pod: Option<Value>,
    path: String,
    container: Option<ContainerId>,
    held_in: BTreeSet<TextId>,
}

/// A walk through a composed object.
struct Walk<'a> {
    texts: &'a Texts,
    /// By file and place.
    known: &'a [Container],
    found: Vec<Found>,
}

const LISTS: [&str; 3] = ["containers", "initContainers", "ephemeralContainers"];

impl Walk<'_> {
    /// Returns the container of a file that stands at a place.
    fn at(&self, place: &Place) -> Option<ContainerId> {
        let place_of = |each: &Container| Place { text: TextId::of_file(each.file), node: each.node };
        let found = self.known.binary_search_by_key(place, place_of).ok()?;
        self.known.get(found).map(|each| each.id)
    }

    fn value(&mut self, value: &Value, path: &str, holder: Option<&Value>) {
        let container = value.places().iter().find_map(|place| self.at(place));
        if container.is_some() {
            self.take(value, path, holder, container);
        }
        for (key, inner) in self.texts.entries(value) {
            let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            let is_list = LISTS.contains(&&*key) && self.texts.shape(&inner) == Shape::Sequence;
            for (number, item) in self.texts.items(&inner).iter().enumerate() {
                let name = self.texts.text_at(item, &["name"]).unwrap_or_else(|| number.to_string());
                let path = format!("{path}[{name}]");
                let is_known = item.places().iter().any(|place| self.at(place).is_some());
                if is_list && !is_known && self.texts.shape(item) == Shape::Mapping {
                    self.take(item, &path, Some(value), None);
                }
                self.value(item, &path, Some(value));
            }
            if self.texts.shape(&inner) == Shape::Mapping {
                self.value(&inner, &path, Some(value));
            }
        }
    }

    fn take(&mut self, value: &Value, path: &str, holder: Option<&Value>, container: Option<ContainerId>) {
        let held = value.places().iter().filter(|place| self.at(place).is_some());
        self.found.push(Found {
            value: value.clone(),
            pod: holder.cloned(),
            path: path.to_owned(),
            container,
            held_in: held.map(|place| place.text).collect(),
        });
    }
}

fn words(texts: &Texts, value: Option<Value>) -> ComposedWords {
    let unset = ComposedWords { words: Words::Unset, list: None, items: Vec::new() };
    let Some(value) = value.filter(|value| texts.shape(value) != Shape::Null) else { return unset };
    let list = match &value {
        Value::Source(place) => Some(*place),
        _ => None,
    };
    if texts.shape(&value) != Shape::Sequence {
        return ComposedWords { words: Words::Odd, list, ..unset };
    }
    let items = texts.items(&value);
    let texts_of: Option<Vec<String>> =
        items.iter().map(|item| texts.text(item).map(std::borrow::Cow::into_owned)).collect();
    ComposedWords {
        words: match texts_of {
            Some(words) if words.is_empty() => Words::Unset,
            Some(words) => Words::List(words),
            None => Words::Odd,
        },
        list,
        items: items.iter().map(|item| item.places().first().copied()).collect(),
    }
}

/// Reads `image`: a text, or the parts that charts take.
fn image(texts: &Texts, container: &Value) -> Option<ComposedText> {
    let value = texts.get(container, "image")?;
    let at = value.places().last().copied();
    if let Some(text) = texts.text(&value) {
        return Some(ComposedText { text: text.into_owned(), at });
    }
    let part = |key: &str| texts.text_at(&value, &[key]).filter(|text| !text.is_empty());
    let registry =
        part("registry").map(|text| format!("{}/", text.trim_end_matches('/'))).unwrap_or_default();
    let mut text = format!("{registry}{}", part("repository")?);
    if let Some(tag) = part("tag") {
        text = format!("{text}:{tag}");
    }
    if let Some(digest) = part("digest").or_else(|| part("sha")) {
        let digest = if digest.contains(':') { digest } else { format!("sha256:{digest}") };
        text = format!("{text}@{digest}");
    }
    Some(ComposedText { text, at })
}
