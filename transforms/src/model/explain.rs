//! What the model knows about a place: the object, where it lands and how that came about, its containers in each overlay.

mod kustomization;

use std::collections::BTreeSet;

use super::{
    Container, Object, Repository, Words,
    compose::{ComposedWords, Variant},
    kustomize::Step,
    placement::{Carrier, Namespace, Placement},
    value::{Place, TextId},
};
use crate::{finding::Location, image::ImageRef, syntax::Node};

/// Returns what is known about a place, a sentence a line; nothing where no object stands.
#[must_use]
pub fn place(repository: &Repository, at: Location) -> Vec<String> {
    let mut lines = Vec::new();
    let here =
        |object: &&Object| object.file == at.file && holds(repository.node(object.file, object.root), at);
    if let Some(object) = repository.objects().iter().find(here) {
        lines.push(titled(repository, object));
        if !kustomization::is_patch(repository, object) {
            lines.extend(repository.placements().of(object.id).iter().map(|each| placed(repository, each)));
        }
        let elsewhere = repository.placements().elsewhere(object.id);
        lines.extend(elsewhere.map(|reason| format!("it delivers nothing of this tree: {reason}")));
        let path = &repository.file(object.file).path;
        let doubts = repository.placements().doubts_of_place(Some(object.id), path);
        lines.extend(doubts.iter().map(|doubt| format!("not known for certain: {doubt}")));
        let doubts = repository.placements().doubts(object.id);
        lines.extend(doubts.iter().map(|doubt| format!("not known for certain: {doubt}")));
    }
    lines.extend(kustomization::entry(repository, at));
    lines.extend(kustomization::patch_file(repository, at));
    lines.extend(files(repository, at));
    lines.extend(containers(repository, at));
    lines.extend(problems(repository, at));
    lines
}

/// Returns the images of the containers that stand at a place, as the files and as overlays have them.
#[must_use]
pub fn images(repository: &Repository, at: Location) -> BTreeSet<ImageRef> {
    let mut found = BTreeSet::new();
    let own = repository.containers().iter().filter(|each| each.file == at.file);
    for container in own.filter(|each| holds(repository.node(each.file, each.node), at)) {
        found.extend(images_of(repository, container));
    }
    found
}

/// Returns the images of a container, as overlays have them.
#[must_use]
pub fn images_of(repository: &Repository, container: &Container) -> BTreeSet<ImageRef> {
    let place = Place { text: TextId::of_file(container.file), node: container.node };
    let variants: Vec<&Variant> = repository.composition().of(place).collect();
    let composed = variants.iter().filter_map(|variant| variant.image.as_ref()).map(|image| &*image.text);
    // What no overlay takes runs as it stands.
    let alone = container.image.as_ref().filter(|_| variants.is_empty()).map(|image| &*image.text);
    composed.chain(alone).filter_map(|text| ImageRef::parse(text).ok()).collect()
}

fn holds(node: Node<'_>, at: Location) -> bool {
    let offset = at.span.start;
    node.span().is_some_and(|span| span.start <= offset && offset < span.end.max(span.start + 1))
}

fn titled(repository: &Repository, object: &Object) -> String {
    let file = repository.file(object.file);
    let line =
        repository.node(object.file, object.root).span().map_or(1, |span| file.stream.position(span.start).0);
    let encrypted = if object.encrypted { ", encrypted" } else { "" };
    format!("{} ({}) at {}:{line}{encrypted}", object.title(), object.api_version, file.path)
}

fn placed(repository: &Repository, placement: &Placement) -> String {
    let placements = repository.placements();
    let cluster = match placement.cluster.map(|id| placements.cluster(id)) {
        None => ", in a cluster that is not known".to_owned(),
        Some("") => String::new(),
        Some(name) => format!(", in cluster {name}"),
    };
    let mut text = format!("lands as {} in {}{cluster}", placement.name, told(&placement.namespace));
    if placement.pods != placement.namespace {
        text.push_str(&format!(", its pods in {}", told(&placement.pods)));
    }
    let Some((delivery, resource)) = placements.resource(placement) else {
        return format!("{text}; nothing delivers it");
    };
    let carrier = match delivery.carrier {
        Carrier::Kustomization => "the kustomization",
        Carrier::Flux => "the Flux Kustomization",
        Carrier::Argo => "the Application",
    };
    text.push_str(&format!("; delivered by {carrier} {}", delivery.title));
    let mut told = BTreeSet::new();
    for step in &resource.steps {
        let (what, at) = match step {
            Step::Included(at) => ("included at", at),
            Step::Namespace(at) => ("namespace set at", at),
            Step::Renamed(at) => ("name changed at", at),
            Step::Patched(at) => ("patched at", at),
            Step::Image(at) => ("image changed at", at),
            Step::Replaced(at) => ("field replaced at", at),
            Step::Copied(at) => ("field copied elsewhere at", at),
        };
        let step = format!("; {what} {}", cite(repository, *at));
        if told.insert(step.clone()) {
            text.push_str(&step);
        }
    }
    text
}

fn told(namespace: &Namespace) -> String {
    match namespace {
        Namespace::Known(name) => format!("namespace {name}"),
        Namespace::None => "no namespace, for its kind has none".to_owned(),
        Namespace::Unknown => "a namespace that is not known".to_owned(),
    }
}

fn files(repository: &Repository, at: Location) -> Vec<String> {
    let path = &repository.file(at.file).path;
    let taken = repository.placements().of_file(path).iter();
    taken.map(|each| format!("the file is taken by {} in {}", each.taker, told(&each.pods))).collect()
}

fn containers(repository: &Repository, at: Location) -> Vec<String> {
    let mut lines = Vec::new();
    let own = repository.containers().iter().filter(|each| each.file == at.file);
    for container in own.filter(|each| holds(repository.node(each.file, each.node), at)) {
        let place = Place { text: TextId::of_file(container.file), node: container.node };
        lines.extend(repository.composition().of(place).map(|variant| composed(repository, variant)));
    }
    // Commands in inline and JSON patches belong to no container of this file.
    let patched = repository.composition().patched_commands().filter(|(_, list)| {
        let (file, node) = repository.placements().texts().in_file(*list);
        file == at.file && holds(repository.node(file, node), at)
    });
    lines.extend(patched.map(|(variant, _)| composed(repository, variant)));
    lines
}

fn composed(repository: &Repository, variant: &Variant) -> String {
    let image = match &variant.image {
        None => "no image".to_owned(),
        Some(image) => format!("image {}{}", image.text, from(repository, image.at)),
    };
    let words = |name: &str, composed: &ComposedWords| match &composed.words {
        Words::Unset => format!("no {name}"),
        Words::Odd => format!("{name} of an odd shape"),
        Words::List(words) => {
            let first = composed.list.or_else(|| composed.items.first().copied().flatten());
            format!("{name} {words:?}{}", from(repository, first))
        }
    };
    format!(
        "in {}, {} {}: {image}, {}, {}",
        variant.overlay,
        variant.subject,
        variant.path,
        words("command", &variant.command),
        words("args", &variant.args)
    )
}

fn from(repository: &Repository, at: Option<Place>) -> String {
    at.map(|at| format!(" ({})", cite(repository, at))).unwrap_or_default()
}

fn cite(repository: &Repository, at: Place) -> String {
    let (file, line) = repository.placements().line(at);
    format!("{}:{line}", repository.file(file).path)
}

/// Returns what is wrong with the entry of a kustomization that stands on the line.
fn problems(repository: &Repository, at: Location) -> Vec<String> {
    let line = repository.file(at.file).stream.position(at.span.start).0;
    let all = repository.placements().problems();
    let here = all.filter(|(_, problem)| {
        problem.at.is_some_and(|place| repository.placements().line(place) == (at.file, line))
    });
    let unique: BTreeSet<String> = here.map(|(_, problem)| problem.kind.to_string()).collect();
    unique.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{finding::FileId, model::SourceFile, path::RepoPath, span::Span, syntax};

    /// Returns what is known about the first place where a text stands in a file.
    fn explained(files: &[(&str, &str)], path: &str, text: &str) -> Vec<String> {
        let parsed = files.iter().map(|(path, text)| SourceFile {
            path: RepoPath::new(path).expect("a path"),
            stream: Arc::new(syntax::parse(*text).expect("YAML")),
            protection: None,
        });
        let repository = Repository::build(parsed.collect());
        let file: FileId = repository.file_at(&RepoPath::new(path).expect("a path")).expect("a file");
        let start = repository.file(file).stream.text().find(text).expect("the text");
        place(&repository, Location { file, span: Span::empty(u32::try_from(start).expect("small")) })
    }

    const FILES: &[(&str, &str)] = &[
        ("base/kustomization.yaml", "resources:\n- web.yaml\n- gone.yaml\n"),
        (
            "base/web.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: nginx\n        command: [x]\n",
        ),
        (
            "over/kustomization.yaml",
            "namespace: front\nresources:\n- ../base\nimages:\n- name: nginx\n  newTag: '2'\n",
        ),
    ];

    #[test]
    fn a_line_tells_where_its_object_lands_and_what_overlays_make_of_its_container() {
        assert_eq!(
            explained(FILES, "base/web.yaml", "command"),
            [
                "Deployment/web (apps/v1) at base/web.yaml:1",
                "lands as web in namespace front; delivered by the kustomization over/kustomization.yaml; included at \
                 over/kustomization.yaml:3; included at base/kustomization.yaml:2; namespace set at \
                 over/kustomization.yaml:1; image changed at over/kustomization.yaml:5",
                "in over/kustomization.yaml, Deployment/web spec.template.spec.containers[web]: image nginx:2 \
                 (over/kustomization.yaml:5), command [\"x\"] (base/web.yaml:11), no args",
            ]
        );
    }

    #[test]
    fn an_entry_of_a_kustomization_tells_what_is_wrong_with_it() {
        assert_eq!(explained(FILES, "base/kustomization.yaml", "gone"), ["gone.yaml does not exist"]);
        assert_eq!(
            explained(FILES, "base/kustomization.yaml", "web"),
            ["in over/kustomization.yaml, includes Deployment/web in namespace front"]
        );
    }

    #[test]
    fn an_entry_of_a_kustomization_tells_what_it_does_to_which_objects() {
        let told = |text: &str| explained(FILES, "over/kustomization.yaml", text);
        let does =
            |what: &str| [format!("in over/kustomization.yaml, {what} Deployment/web in namespace front")];
        assert_eq!(told("namespace"), does("sets the namespace of"));
        assert_eq!(told("../base"), does("includes"));
        assert_eq!(told("newTag"), does("changes images of"));
        assert_eq!(told("resources"), [""; 0], "the line of the key alone");
    }

    #[test]
    fn the_file_of_a_patch_tells_which_objects_it_changes() {
        let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 2}\n";
        let over = "namespace: front\nnamePrefix: p-\nresources: [../base]\npatches:\n- path: patch.yaml\n- target: {kind: Deployment}\n  path: json.yaml\n- target: {kind: Job}\n  path: idle.yaml\n";
        let json = "- {op: remove, path: /spec/template/spec/containers/0/command}\n";
        let mut files = FILES[..2].to_vec();
        files.extend([
            ("over/kustomization.yaml", over),
            ("over/patch.yaml", patch),
            ("over/json.yaml", json),
            ("over/idle.yaml", json),
        ]);
        let changes = "in over/kustomization.yaml, patches Deployment/p-web in namespace front";
        assert_eq!(
            explained(&files, "over/patch.yaml", "replicas"),
            [
                "Deployment/web (apps/v1) at over/patch.yaml:1",
                "the file is a patch of over/kustomization.yaml:5",
                changes
            ]
        );
        assert_eq!(
            explained(&files, "over/json.yaml", "remove"),
            ["the file is a patch of over/kustomization.yaml:6", changes]
        );
        assert_eq!(
            explained(&files, "over/idle.yaml", "remove"),
            ["the file is a patch of over/kustomization.yaml:8", "it changes no object that is delivered"]
        );
        assert_eq!(explained(&files, "over/kustomization.yaml", "path: json"), [changes]);
    }
}
