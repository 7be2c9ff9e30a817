//! Real kustomizations, broken on purpose: `args` of known images renamed to `command`, in bases, overlays and patches.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use caulk_transforms::{
    catalog,
    facts::Forwards,
    finding::FileId,
    image::ImageRef,
    model::{
        Container, Repository, Words,
        value::{Place, TextId},
    },
};
use rayon::prelude::*;

use super::{Difference, Rendered, compare, mend, render};
use crate::{
    kubectl::{self, Built},
    repository::{archives, is_full, model, top, unpack},
};

/// Without `CAULK_FULL`, no more kustomizations of one repository are built than this.
const SAMPLE: usize = 6;

#[test]
fn mended_kustomizations_render_as_declared() {
    if !kubectl::is_there() {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    let done: Vec<(String, usize, Difference)> =
        pool.install(|| archives().par_iter().filter_map(|path| break_and_mend(path)).collect());
    let mut wrong = Vec::new();
    let (mut broken, mut mended) = (0, 0);
    for (name, count, difference) in &done {
        println!("{name}: {count} containers broken, {} mended in renderings", difference.declared);
        broken += count;
        mended += difference.declared;
        wrong.extend(difference.wrong.iter().map(|what| format!("{name}: {what}")));
    }
    println!("in total: {broken} containers broken, {mended} mended in renderings");
    assert_eq!(wrong, [""; 0]);
    assert!(done.is_empty() || mended > 0, "nothing was mended, so nothing was tested");
}

fn break_and_mend(archive: &Path) -> Option<(String, usize, Difference)> {
    let folder = unpack(archive)?;
    let root = top(folder.path());
    let repository = model(&root);
    let (files, count) = break_files(&root, &repository);
    let folders = folders(&repository, &files);
    if count == 0 || folders.is_empty() {
        return None;
    }
    let step = if is_full() { 1 } else { folders.len().div_ceil(SAMPLE) };
    let folders: Vec<PathBuf> = folders.into_iter().step_by(step).collect();
    let before: Rendered = render(&root, &folders)
        .into_iter()
        .filter(|(_, built)| matches!(built, Built::Rendered(_)))
        .collect();
    let folders: Vec<PathBuf> = before.keys().cloned().collect();
    fs::write(root.join(".caulk.yaml"), "").expect("a file");
    mend(&root);
    let name = archive.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some((name, count, compare(&before, &render(&root, &folders))))
}

/// Renames `args` where that breaks the container for certain; returns the files and how many containers.
fn break_files(root: &Path, repository: &Repository) -> (BTreeSet<FileId>, usize) {
    let mut places: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
    for container in repository.containers().iter().filter(|each| takes_arguments(repository, each)) {
        let node = repository.node(container.file, container.node);
        let args = node.entry("args").filter(|_| node.get("command").is_none());
        let has_words = args.is_some_and(|entry| matches!(Words::of(Some(entry.value())), Words::List(_)));
        if let Some(span) =
            args.filter(|_| has_words && node.frozen().is_none()).and_then(|entry| entry.key().span())
        {
            places.entry(container.file).or_default().push(span.start as usize);
        }
    }
    let mut count = 0;
    for (file, starts) in &mut places {
        let source = repository.file(*file);
        let mut text = source.stream.text().to_owned();
        starts.sort_unstable();
        for start in starts
            .iter()
            .rev()
            .filter(|start| text[**start..].starts_with("args"))
            .copied()
            .collect::<Vec<_>>()
        {
            text.replace_range(start..start + "args".len(), "command");
            count += 1;
        }
        fs::write(root.join(source.path.as_str()), text).expect("a file");
    }
    (places.into_keys().collect(), count)
}

/// Tells whether the image, as the file or an overlay names it, hands its arguments to a program of its own.
fn takes_arguments(repository: &Repository, container: &Container) -> bool {
    let place = Place { text: TextId::of_file(container.file), node: container.node };
    let composed =
        repository.composition().of(place).filter_map(|variant| Some(variant.image.as_ref()?.text.clone()));
    let images = container.image.iter().map(|image| image.text.clone()).chain(composed);
    let facts = images.filter_map(|text| catalog::lookup(&ImageRef::parse(&text).ok()?));
    let forwards: Vec<Forwards> = facts.map(|facts| facts.forwards).collect();
    !forwards.is_empty()
        && forwards.iter().all(|each| matches!(each, Forwards::OwnProgram | Forwards::PrependIfFlag))
}

/// Returns the folders whose kustomizations yield an object of one of the files, or patch with one.
fn folders(repository: &Repository, files: &BTreeSet<FileId>) -> Vec<PathBuf> {
    use caulk_transforms::model::{kustomize::Builder, value::Value};
    let placements = repository.placements();
    let mut builder = Builder::new(repository, placements.texts(), placements.graph());
    let mut found = Vec::new();
    for kustomization in placements.graph().iter().filter(|each| !each.component) {
        let built = builder.folder(&kustomization.folder);
        let touches = built.resources.iter().any(|resource| {
            let own = resource.object.is_some_and(|object| files.contains(&repository.object(object).file));
            own || !matches!(resource.value, Value::Source(_))
        });
        if touches {
            found.push(PathBuf::from(kustomization.folder.as_str()));
        }
    }
    found
}
