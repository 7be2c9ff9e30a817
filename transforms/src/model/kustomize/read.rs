//! What a kustomization file says, and what Flux and Argo CD put on top of it.

use super::{images::ImageOverride, replacements::Replacement, select::Target};
use crate::{
    finding::FileId,
    model::value::{Inline, Place, Shape, TextId, Texts, Value},
    path::RepoPath,
    syntax,
};

/// The names that a kustomization file may have.
pub const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A text and the place where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The text.
    pub text: String,
    /// Its scalar.
    pub at: Place,
}

/// A kustomization: which resources, and what is done to them.
#[derive(Debug, Clone, Default)]
pub struct Kustomization {
    /// Its file; none for what stands for a folder without one, or comes from Flux or Argo CD alone.
    pub file: Option<FileId>,
    /// The folder that its paths begin at.
    pub folder: RepoPath,
    /// Whether it is a component.
    pub component: bool,
    /// Whether it says nothing at all; kustomize refuses that.
    pub empty: bool,
    /// Whether another kustomization file stands beside it; kustomize refuses that, too.
    pub ambiguous: bool,
    /// `resources` and `bases`.
    pub resources: Vec<Located>,
    /// `components`.
    pub components: Vec<Located>,
    /// `configMapGenerator` and `secretGenerator`.
    pub generators: Vec<Generator>,
    /// `patchesStrategicMerge`.
    pub merges: Vec<Patch>,
    /// `patches`.
    pub patches: Vec<Patch>,
    /// `patchesJson6902`.
    pub json_patches: Vec<Patch>,
    /// `namespace`.
    pub namespace: Option<Located>,
    /// `namePrefix`.
    pub prefix: Option<Located>,
    /// `nameSuffix`.
    pub suffix: Option<Located>,
    /// `commonLabels` and the pairs of `labels`.
    pub labels: Vec<(String, String)>,
    /// `commonAnnotations`.
    pub annotations: Vec<(String, String)>,
    /// `images`.
    pub images: Vec<ImageOverride>,
    /// `replacements`.
    pub replacements: Vec<Replacement>,
    /// Files with transformers, or their texts.
    pub transformers: Vec<PatchBody>,
    /// Fields whose effect is not known without running them.
    pub opaque: Vec<(&'static str, Place)>,
}

/// A patch.
#[derive(Debug, Clone)]
pub struct Patch {
    /// Where its text is.
    pub body: PatchBody,
    /// Which objects it is for; none if it says so itself.
    pub target: Option<Target>,
    /// Whether it may rename the object.
    pub renames: bool,
    /// Whether it may change the kind.
    pub changes_kind: bool,
    /// The entry of the list of patches.
    pub at: Place,
}

/// Where the text of a patch is.
#[derive(Debug, Clone)]
pub enum PatchBody {
    /// In the kustomization.
    Inline(TextId),
    /// A mapping in the place of a text, as Flux takes it.
    Node(Value),
    /// In a file.
    File(Located),
    /// It cannot be read; with the reason.
    Broken(String),
}

/// An entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Clone)]
pub struct Generator {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// The name, without prefix, suffix and hash.
    pub name: String,
    /// Its namespace, if it has one of its own.
    pub namespace: Option<String>,
    /// Whether it merges with an object that is there, or replaces it.
    pub adjusts: bool,
    /// Whether nothing is left of the data of the object that is there.
    pub replaces: bool,
    /// Whether a hash is put behind the name.
    pub hashed: bool,
    /// `key=value` pairs.
    pub literals: Vec<(String, Value)>,
    /// Keys and the files with their values.
    pub files: Vec<(String, Located)>,
    /// Files with `key=value` lines.
    pub envs: Vec<Located>,
    /// The entry.
    pub at: Place,
}

const OPAQUE: &[&str] =
    &["helmCharts", "helmChartInflationGenerator", "generators", "vars", "validators", "crds", "openapi"];

impl Kustomization {
    /// Reads a kustomization file's mapping.
    pub(crate) fn read(texts: &mut Texts, file: FileId, folder: RepoPath, root: &Value) -> Self {
        let mut read = Self { file: Some(file), folder, ..Self::default() };
        read.component = texts.text_at(root, &["kind"]).as_deref() == Some("Component");
        let says = |key: &str| !matches!(key, "apiVersion" | "kind");
        read.empty = !texts.entries(root).iter().any(|(key, _)| says(key));
        read.add(texts, root);
        read
    }

    /// Adds what a mapping with a kustomization's fields says. Single values that are there already are replaced.
    pub(crate) fn add(&mut self, texts: &mut Texts, root: &Value) {
        for key in ["resources", "bases"] {
            self.resources.extend(located_list(texts, root, key));
        }
        self.components.extend(located_list(texts, root, "components"));
        for entry in located_list(texts, root, "transformers") {
            let is_text = entry.text.contains('\n');
            self.transformers.push(if is_text {
                inline(texts, entry.text, entry.at)
            } else {
                PatchBody::File(entry)
            });
        }
        for (field, key) in [
            (&mut self.namespace, "namespace"),
            (&mut self.prefix, "namePrefix"),
            (&mut self.suffix, "nameSuffix"),
        ] {
            if let Some(found) = texts.get(root, key).and_then(|value| located(texts, &value)) {
                *field = Some(found);
            }
        }
        self.add_labels(texts, root);
        let images = list(texts, root, "images");
        self.images.extend(images.iter().filter_map(|entry| ImageOverride::read(texts, entry)));
        self.add_patches(texts, root);
        self.add_generators(texts, root);
        let replacements = list(texts, root, "replacements");
        self.replacements.extend(replacements.iter().filter_map(|entry| Replacement::read(texts, entry)));
        for feature in OPAQUE {
            let place = texts.get(root, feature).filter(|value| texts.shape(value) != Shape::Null);
            self.opaque.extend(place.iter().flat_map(Value::places).map(|place| (*feature, *place)));
        }
    }

    /// Adds what the spec of a Flux Kustomization puts on top.
    pub(crate) fn add_flux(&mut self, texts: &mut Texts, spec: &Value, namespace: Option<Located>) {
        self.namespace = namespace.or(self.namespace.take());
        for (field, key) in [(&mut self.prefix, "namePrefix"), (&mut self.suffix, "nameSuffix")] {
            let found = texts.get(spec, key).and_then(|value| located(texts, &value));
            *field = found.or(field.take());
        }
        self.components.extend(located_list(texts, spec, "components"));
        let images = list(texts, spec, "images");
        self.images.extend(images.iter().filter_map(|entry| ImageOverride::read(texts, entry)));
        self.add_patches(texts, spec);
    }

    /// Adds patches, whatever field of Flux or kustomize they stand in.
    pub(crate) fn add_patches(&mut self, texts: &mut Texts, root: &Value) {
        for entry in list(texts, root, "patchesStrategicMerge") {
            let Some(at) = entry.places().first().copied() else { continue };
            let body = match texts.text(&entry).map(std::borrow::Cow::into_owned) {
                Some(text) if !text.contains('\n') && !text.contains(": ") => {
                    PatchBody::File(Located { text, at })
                }
                Some(text) => inline(texts, text, at),
                None => PatchBody::Node(entry.clone()),
            };
            self.merges.push(Patch { body, target: None, renames: false, changes_kind: false, at });
        }
        for (key, field) in [("patches", &mut self.patches), ("patchesJson6902", &mut self.json_patches)] {
            for entry in list(texts, root, key) {
                field.extend(patch(texts, &entry));
            }
        }
    }

    fn add_labels(&mut self, texts: &Texts, root: &Value) {
        let pairs = |value: Option<Value>| {
            let entries = value.map(|value| texts.entries(&value)).unwrap_or_default();
            entries
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_string(), texts.text(&value)?.into_owned())))
                .collect::<Vec<_>>()
        };
        self.labels.extend(pairs(texts.get(root, "commonLabels")));
        for entry in list(texts, root, "labels") {
            self.labels.extend(pairs(texts.get(&entry, "pairs")));
        }
        self.annotations.extend(pairs(texts.get(root, "commonAnnotations")));
    }

    fn add_generators(&mut self, texts: &Texts, root: &Value) {
        let says = |value: &Value| texts.text(value).as_deref() == Some("true");
        let unhashed =
            texts.at(root, &["generatorOptions", "disableNameSuffixHash"]).is_some_and(|value| says(&value));
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for entry in list(texts, root, key) {
                let own = texts.at(&entry, &["options", "disableNameSuffixHash"]).map(|value| says(&value));
                let hashed = !(own == Some(true) || unhashed);
                self.generators.extend(generator(texts, kind, &entry, hashed));
            }
        }
    }
}

fn generator(texts: &Texts, kind: &'static str, entry: &Value, hashed: bool) -> Option<Generator> {
    let mut envs = located_list(texts, entry, "envs");
    envs.extend(texts.get(entry, "env").and_then(|value| located(texts, &value)));
    let split = |text: &str| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let literals = list(texts, entry, "literals").into_iter().filter_map(|value| {
        let (key, text) = split(&texts.text(&value)?)?;
        let at = value.places().first().copied();
        Some((key, Value::Made(text.trim_matches(['"', '\'']).into(), at)))
    });
    let files = located_list(texts, entry, "files").into_iter().map(|file| match split(&file.text) {
        Some((key, path)) => (key, Located { text: path, at: file.at }),
        None => (file.text.rsplit('/').next().unwrap_or_default().to_owned(), file),
    });
    let behavior = texts.text_at(entry, &["behavior"]);
    Some(Generator {
        kind,
        name: texts.text_at(entry, &["name"])?,
        namespace: texts.text_at(entry, &["namespace"]),
        adjusts: matches!(behavior.as_deref(), Some("merge" | "replace")),
        replaces: behavior.as_deref() == Some("replace"),
        hashed,
        literals: literals.collect(),
        files: files.collect(),
        envs,
        at: *entry.places().first()?,
    })
}

fn patch(texts: &mut Texts, entry: &Value) -> Option<Patch> {
    let at = *entry.places().first()?;
    let body = match (texts.get(entry, "patch"), texts.get(entry, "path")) {
        (Some(value), _) if texts.shape(&value) != Shape::Null => {
            let place = value.places().first().copied().unwrap_or(at);
            match texts.text(&value).map(std::borrow::Cow::into_owned) {
                Some(text) => inline(texts, text, place),
                None => PatchBody::Node(value),
            }
        }
        (_, Some(value)) => match located(texts, &value) {
            Some(path) => PatchBody::File(path),
            None => PatchBody::Broken("path is no text".to_owned()),
        },
        _ => PatchBody::Broken("it has neither patch nor path".to_owned()),
    };
    let target = texts.get(entry, "target").filter(|value| texts.shape(value) == Shape::Mapping);
    let option = |key: &str| texts.text_at(entry, &["options", key]).as_deref() == Some("true");
    Some(Patch {
        body,
        target: target.map(|value| Target::read(texts, &value)),
        renames: option("allowNameChange"),
        changes_kind: option("allowKindChange"),
        at,
    })
}

fn inline(texts: &mut Texts, text: String, at: Place) -> PatchBody {
    match syntax::parse(text) {
        Ok(stream) => PatchBody::Inline(texts.add(Inline { at, stream: stream.into() })),
        Err(issue) => PatchBody::Broken(issue.message),
    }
}

/// Returns the items of a list field.
pub(crate) fn list(texts: &Texts, root: &Value, key: &str) -> Vec<Value> {
    texts.get(root, key).map(|value| texts.items(&value)).unwrap_or_default()
}

/// Returns a scalar's text with its place.
pub(crate) fn located(texts: &Texts, value: &Value) -> Option<Located> {
    Some(Located { text: texts.text(value)?.into_owned(), at: *value.places().first()? })
}

fn located_list(texts: &Texts, root: &Value, key: &str) -> Vec<Located> {
    list(texts, root, key).iter().filter_map(|value| located(texts, value)).collect()
}
