//! What a container says about what it runs, as the rules look at it: as its file says, or as an overlay will have it.

use super::container_path::{OwnPath, composed_mounts, mounts, persistence};
use crate::{
    finding::{Fix, Location},
    image::{ImageError, ImageRef},
    model::{
        Container, Object, Repository, Words,
        compose::Variant,
        path_of,
        value::{Place, TextId, Texts, Value},
    },
    syntax::{Entry, Node, NodeId},
};

/// A container with its words and its image read.
#[derive(Debug)]
pub(super) struct Run<'a> {
    repository: &'a Repository,
    pub(super) container: &'a Container,
    pub(super) object: &'a Object,
    /// The mapping in the file.
    pub(super) node: Node<'a>,
    /// The overlay's container; none where nothing changes it on its way to a cluster.
    pub(super) variant: Option<&'a Variant>,
    pub(super) command: Words,
    pub(super) args: Words,
    pub(super) image: Option<Result<ImageRef, ImageError>>,
    /// What an overlay is called in messages; empty where none changes the container.
    overlay: String,
    /// Why the image may be another one than the one here, if so.
    pub(super) image_doubt: Option<String>,
}

/// Applies a function to every container and returns all that it yields, in the order of the containers.
pub(super) fn of_each<'a, R: Send + Sync, I: IntoIterator<Item = R>>(
    repository: &'a Repository,
    with: impl Fn(&'a Container) -> I + Sync,
) -> Vec<R> {
    // The pieces of work need it, and must not wait for each other.
    let _ = repository.composition();
    let found = repository
        .workers()
        .pieces(repository.containers(), |containers| containers.iter().flat_map(&with).collect::<Vec<R>>());
    found.into_iter().flatten().collect()
}

/// Returns the composed containers whose command stands in an inline or a JSON patch.
pub(super) fn patched(repository: &Repository) -> impl Iterator<Item = Run<'_>> {
    repository.composition().patched_commands().filter_map(|(variant, _)| {
        let container = repository.containers().get(variant.container?.0 as usize)?;
        Some(Run::composed(repository, container, variant))
    })
}

/// Where a command stands that is no container's own.
pub(super) struct Patched {
    /// The line of the patch.
    pub(super) at: Location,
    /// What names the container across edits.
    pub(super) place: String,
    /// `Deployment/web, container app`.
    pub(super) subject: String,
}

impl<'a> Run<'a> {
    /// Returns where the command stands, of a container whose patch holds it.
    pub(super) fn patched_at(&self, repository: &Repository) -> Option<Patched> {
        let variant = self.variant?;
        let words = variant.command.items.iter().copied().flatten().next();
        let (file, line) = repository.placements().line(variant.command.list.or(words)?);
        Some(Patched {
            at: Location { file, span: repository.file(file).stream.line_span(line) },
            place: format!("{}:{}:{}", variant.overlay, variant.subject, variant.path),
            subject: format!(
                "{}, container {}",
                variant.subject,
                self.container.name.as_deref().unwrap_or("?")
            ),
        })
    }

    /// Reads a container as its file says.
    pub(super) fn of(repository: &'a Repository, container: &'a Container) -> Self {
        let node = repository.node(container.file, container.node);
        Self {
            repository,
            container,
            object: repository.object(container.object),
            node,
            variant: None,
            command: Words::of(node.get("command")),
            args: Words::of(node.get("args")),
            image: container.image.as_ref().map(|image| ImageRef::parse(&image.text)),
            overlay: String::new(),
            image_doubt: None,
        }
    }

    /// Reads a container as every overlay will have it whose command is the one of this file. Where nothing changes the
    /// container, that is once, as its file says.
    pub(super) fn all(repository: &'a Repository, container: &'a Container) -> Vec<Self> {
        let Some(list) = repository.node(container.file, container.node).get("command") else {
            return Vec::new();
        };
        let place = |node: NodeId| Place { text: TextId::of_file(container.file), node };
        let list = place(list.resolve().id());
        let mut variants = repository.composition().of(place(container.node)).peekable();
        if variants.peek().is_none() {
            return Self::filled(repository, container);
        }
        variants
            .filter(|variant| variant.command.list == Some(list))
            .map(|variant| Self::composed(repository, container, variant))
            .collect()
    }

    /// Reads a container as its file says, once for each image that the variables of its deliveries make of it.
    fn filled(repository: &'a Repository, container: &'a Container) -> Vec<Self> {
        let own = || Self::of(repository, container);
        let Some(text) = container.image.as_ref().map(|image| &image.text).filter(|text| text.contains("${"))
        else {
            return vec![own()];
        };
        let placements = repository.placements();
        let mut images: Vec<(String, Option<String>, String)> = Vec::new();
        for placement in placements.of(container.object) {
            let Some((delivery, _)) = placement.delivery else { continue };
            let Some(filled) = placements.fill(placement, text) else { return vec![own()] };
            if !images.iter().any(|(known, ..)| *known == filled) {
                let doubt = placements.has_unknown_variables(delivery).then(filled_by_others);
                images.push((filled, doubt, placements.called(delivery)));
            }
        }
        if images.is_empty() {
            return vec![own()];
        }
        let run = |(image, image_doubt, overlay): (String, _, _)| Self {
            image: Some(ImageRef::parse(&image)),
            image_doubt,
            overlay,
            ..own()
        };
        images.into_iter().map(run).collect()
    }

    /// Reads a container as an overlay will have it.
    pub(super) fn composed(
        repository: &'a Repository,
        container: &'a Container,
        variant: &'a Variant,
    ) -> Self {
        let own = Self::of(repository, container);
        let placements = repository.placements();
        let filled = |text: &str| placements.fill_in(variant.delivery, variant.object, text);
        let has_variable = variant.image.as_ref().is_some_and(|image| image.text.contains("${"));
        let doubtful = has_variable && placements.has_unknown_variables(variant.delivery);
        Self {
            variant: Some(variant),
            command: variant.command.words.clone(),
            args: variant.args.words.clone(),
            image: variant
                .image
                .as_ref()
                .map(|image| ImageRef::parse(filled(&image.text).as_deref().unwrap_or(&image.text))),
            overlay: placements.called(variant.delivery),
            image_doubt: doubtful.then(filled_by_others),
            ..own
        }
    }

    /// Returns PATH as the container sets it. Few runs are ever asked, so this and what follows is read when it is.
    pub(super) fn path(&self) -> OwnPath {
        match self.variant {
            Some(variant) => OwnPath::composed(self.texts(), &variant.value),
            None => OwnPath::written(self.node),
        }
    }

    /// Returns where volumes are mounted.
    pub(super) fn mounts(&self) -> Vec<String> {
        let origin = &self.container.origin;
        match self.variant {
            Some(variant) => {
                [composed_mounts(self.texts(), &variant.value), persistence(self.node, origin)].concat()
            }
            None => mounts(self.node, origin),
        }
    }

    /// Tells whether the container runs on Windows.
    pub(super) fn is_windows(&self) -> bool {
        let pod = self.variant.and_then(|variant| variant.pod.as_ref());
        is_windows(self.node) || pod.is_some_and(|pod| becomes_windows(self.texts(), pod))
    }

    fn texts(&self) -> &'a Texts {
        self.repository.placements().texts()
    }

    /// Returns the words of `command`, if there are any and they are plain words.
    pub(super) fn command_words(&self) -> Option<&[String]> {
        self.command.list().filter(|words| !words.is_empty())
    }

    /// Returns the image if it can be asked about.
    pub(super) fn image_ref(&self) -> Option<&ImageRef> {
        self.image.as_ref()?.as_ref().ok()
    }

    /// Returns the place of `command`: the key, and the value if it stands on the same line.
    pub(super) fn location(&self, entry: Entry<'_>) -> Option<Location> {
        let key = entry.key().span()?;
        let stream = self.node.stream();
        let line = |offset| stream.position(offset).0;
        let span = match entry.value().span() {
            Some(value) if line(value.end) == line(key.start) => key.cover(value),
            _ => key,
        };
        Some(Location { file: self.container.file, span })
    }

    /// Returns what names the container across edits: the document and the path.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.object.document, path_of(self.node))
    }

    /// Returns `Deployment/web, container app`.
    pub(super) fn subject(&self) -> String {
        match &self.container.name {
            Some(name) => format!("{}, container {name}", self.object.title()),
            None => self.object.title(),
        }
    }

    /// Returns the overlay's name, for messages.
    pub(super) fn overlay(&self) -> &str {
        if self.overlay.is_empty() { "the file itself" } else { &self.overlay }
    }
}

/// What speaks against an image whose variables have known values.
fn filled_by_others() -> String {
    "the image is filled in by Flux, and a source of values that is not in the repository may bring another one".to_owned()
}

/// Lowers a fix by one tier, with the reason.
pub(super) fn lower(fix: &mut Fix, reason: String) {
    fix.applicability = fix.applicability.lowered();
    fix.reasons.push(reason);
}

/// Labels by which nodes tell their system, the older one too.
const SYSTEM: [&str; 2] = ["kubernetes.io/os", "beta.kubernetes.io/os"];

/// Tells whether a pod's spec, or the values of a chart around the container, ask for Windows.
fn is_windows(container: Node<'_>) -> bool {
    std::iter::successors(container.parent(), |node| node.parent()).any(|holder| {
        let pods = [Some(holder), holder.get("pod"), holder.get("defaultPodOptions")];
        pods.into_iter().flatten().map(Node::resolve).any(|pod| {
            let says = |path: &[&str]| pod.at(path).and_then(Node::as_str) == Some("windows");
            let affinity = pod.get("affinity").into_iter().flat_map(Node::descendants);
            says(&["os", "name"])
                || SYSTEM.iter().any(|label| says(&["nodeSelector", label]))
                || affinity.into_iter().any(wants_windows)
        })
    })
}

/// Tells whether an expression of `nodeAffinity` lets Windows nodes in by name.
fn wants_windows(expression: Node<'_>) -> bool {
    let text = |key: &str| expression.get(key).and_then(Node::as_str);
    text("key").is_some_and(|key| SYSTEM.contains(&key))
        && text("operator") == Some("In")
        && expression
            .get("values")
            .is_some_and(|values| values.items().any(|each| each.as_str() == Some("windows")))
}

/// Tells whether the pod's spec asks for Windows in an overlay.
fn becomes_windows(texts: &Texts, pod: &Value) -> bool {
    let says = |path: &[&str]| texts.text_at(pod, path).as_deref() == Some("windows");
    says(&["os", "name"]) || SYSTEM.iter().any(|label| says(&["nodeSelector", label]))
}

/// Tells whether the cluster refuses to change the pod's template in place.
pub(super) fn cannot_change(repository: &Repository, object: &Object) -> Option<String> {
    let kind = object.kind.as_str();
    if !matches!((kind, object.group()), ("Pod", "") | ("Job", "batch")) || object.name.ends_with('*') {
        return None;
    }
    let root = repository.node(object.file, object.root);
    let annotations = root.at(&["metadata", "annotations"]).map(Node::resolve);
    let replaces = annotations.into_iter().flat_map(Node::entries).any(|entry| {
        let value = entry.value().as_str().unwrap_or_default();
        match entry.name().unwrap_or_default() {
            "argocd.argoproj.io/hook" | "helm.sh/hook" => true,
            "argocd.argoproj.io/sync-options" => {
                value.contains("Replace=true") || value.contains("Force=true")
            }
            "kustomize.toolkit.fluxcd.io/force" => matches!(value, "enabled" | "true" | "Enabled"),
            _ => false,
        }
    });
    (!replaces).then(|| {
        format!("a {kind} cannot change in place: the sync fails until the old one is deleted or replaced")
    })
}
