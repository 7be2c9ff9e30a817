//! Files that others need in addition to those that are parsed for what they hold.
//!
//! Nearly every kustomization only lists files. One that patches, or overrides images, or has components, can change what
//! a container of any file below it runs: then the files that it names are needed, and those that these name, and so on.

use std::collections::{BTreeSet, VecDeque};

use caulk_transforms::{
    model::{SourceFile, kustomize::FILE_NAMES},
    path::RepoPath,
    syntax::{Entry, Kind, Node, Stream},
};
use rayon::prelude::*;

use super::sift;
use crate::walk::Candidate;

/// Returns the places of files that are needed and were not parsed. `parsed` goes along with `candidates`, which are sorted.
pub(super) fn needed(
    candidates: &[Candidate],
    parsed: &[Option<&SourceFile>],
    unread: &dyn Fn(usize) -> bool,
) -> BTreeSet<usize> {
    let changes = |file: &SourceFile| sift::changes_others(&file.path, file.stream.text().as_bytes());
    let seeds = parsed.par_iter().enumerate().filter(|(_, file)| file.is_some_and(changes));
    let seeds: Vec<usize> = seeds.map(|(place, _)| place).collect();
    let mut open = VecDeque::from(seeds);
    let mut met: BTreeSet<usize> = open.iter().copied().collect();
    let mut needed = BTreeSet::new();
    while let Some(file) = open.pop_front().and_then(|place| parsed.get(place).copied().flatten()) {
        for found in named_by(file, candidates) {
            if unread(found) {
                needed.insert(found);
            } else if candidates.get(found).is_some_and(|each| is_kustomization(&each.path))
                && met.insert(found)
            {
                open.push_back(found);
            }
        }
    }
    needed
}

/// Returns the places of files that were not parsed, and of which kustomizations make ConfigMaps and Secrets: these need no
/// mark of their own to hold hosts.
pub(super) fn generated(
    candidates: &[Candidate],
    parsed: &[Option<&SourceFile>],
    unread: &dyn Fn(usize) -> bool,
) -> BTreeSet<usize> {
    let kustomizations =
        parsed.par_iter().filter_map(|file| *file).filter(|file| is_kustomization(&file.path));
    let paths = kustomizations.flat_map_iter(|file| {
        let folder = file.path.parent();
        sources(&file.stream).into_iter().filter_map(move |text| folder.join(text).ok())
    });
    let places =
        paths.filter_map(|path| candidates.binary_search_by(|candidate| candidate.path.cmp(&path)).ok());
    let places: Vec<usize> = places.collect();
    places.into_iter().filter(|place| unread(*place)).collect()
}

/// Returns the paths in the generators of a kustomization: `values.yaml=helm/values.yaml` is the latter.
fn sources(stream: &Stream) -> Vec<&str> {
    let roots = stream.documents().filter_map(|document| document.root());
    let lists = roots.flat_map(|root| {
        ["configMapGenerator", "secretGenerator"].into_iter().filter_map(move |key| root.get(key))
    });
    let generators = lists.flat_map(|list| list.items());
    let lists = generators.flat_map(|generator| {
        ["files", "envs"].into_iter().filter_map(move |key| generator.get(key)).flat_map(Node::items)
    });
    let texts = lists.filter_map(Node::as_str);
    texts.map(|text| text.split_once('=').map_or(text, |(_, path)| path)).collect()
}

/// Returns the candidates that a kustomization or a delivery names.
fn named_by(file: &SourceFile, candidates: &[Candidate]) -> Vec<usize> {
    let delivers = !is_kustomization(&file.path);
    let folder = file.path.parent();
    let mut found = Vec::new();
    for text in names(&file.stream, delivers) {
        // Flux and Argo CD count from the root of the repository, kustomize from the file.
        let path = if delivers { RepoPath::new(text) } else { folder.join(text) };
        if let Ok(path) = path {
            lead(&path, delivers, candidates, &mut found);
        }
    }
    found
}

/// Collects where a path leads: to a file, or to the kustomization of a folder, or for Flux to all files of a folder without.
fn lead(path: &RepoPath, delivers: bool, candidates: &[Candidate], found: &mut Vec<usize>) {
    let place = |path: &RepoPath| candidates.binary_search_by(|candidate| candidate.path.cmp(path)).ok();
    if let Some(place) = place(path) {
        return found.push(place);
    }
    let before = found.len();
    found.extend(FILE_NAMES.iter().filter_map(|name| place(&path.join(name).ok()?)));
    // A whole repository is more than what one delivery can be worth.
    if found.len() == before && delivers && !path.as_str().is_empty() {
        let first = format!("{path}/");
        let from = candidates.partition_point(|candidate| candidate.path.as_str() < first.as_str());
        let below = (from..).zip(candidates.iter().skip(from));
        found.extend(
            below.take_while(|(_, each)| each.path.as_str().starts_with(&first)).map(|(place, _)| place),
        );
    }
}

fn is_kustomization(path: &RepoPath) -> bool {
    FILE_NAMES.contains(&path.name())
}

/// Returns the texts that are paths: the items of a kustomization's lists, and whatever stands under `path`.
fn names(stream: &Stream, delivers: bool) -> Vec<&str> {
    let roots = stream.documents().filter_map(|document| document.root());
    let mut open: Vec<Node<'_>> = match delivers {
        true => roots.collect(),
        false => roots
            .flat_map(Node::entries)
            .map(Entry::value)
            .filter(|value| value.kind() == Kind::Sequence)
            .collect(),
    };
    let mut names = Vec::new();
    while let Some(node) = open.pop() {
        let plain = |node: &Node<'_>| node.kind() == Kind::Scalar;
        match node.kind() {
            Kind::Sequence if delivers => open.extend(node.items()),
            Kind::Sequence => {
                names.extend(node.items().filter(plain).filter_map(Node::as_str));
                open.extend(node.items().filter(|item| !plain(item)));
            }
            Kind::Mapping => {
                names.extend(node.get("path").and_then(Node::as_str));
                open.extend(node.entries().map(Entry::value).filter(|value| !plain(value)));
            }
            Kind::Scalar | Kind::Alias => {}
        }
    }
    // Patches may stand in the place of a path, and other systems' addresses as well.
    names.retain(|text| text.len() < 512 && !text.contains(['\n', ':']));
    names
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use caulk_transforms::syntax;

    use super::*;

    /// Parses the kustomizations and deliveries among the files, and returns which of the others are needed.
    fn needs(files: &[(&str, &str)]) -> Vec<String> {
        let mut files = files.to_vec();
        files.sort_unstable();
        let path = |name: &str| RepoPath::new(name).expect("a path");
        let candidate =
            |name: &str| Candidate { path: path(name), named: false, asked: true, protection: None };
        let candidates: Vec<Candidate> = files.iter().map(|(name, _)| candidate(name)).collect();
        let parse = |(name, text): &(&str, &str)| {
            let decides = sift::may_decide_a_command(&path(name), text.as_bytes());
            let stream = || Arc::new(syntax::parse(*text).expect("YAML"));
            decides.then(|| SourceFile { path: path(name), stream: stream(), protection: None })
        };
        let parsed: Vec<Option<SourceFile>> = files.iter().map(parse).collect();
        let parsed: Vec<Option<&SourceFile>> = parsed.iter().map(Option::as_ref).collect();
        let unread = |place: usize| parsed.get(place).is_some_and(Option::is_none);
        needed(&candidates, &parsed, &unread).into_iter().map(|place| files[place].0.to_owned()).collect()
    }

    #[test]
    fn a_kustomization_that_patches_needs_its_patches_and_bases() {
        let base = [
            ("base/kustomization.yaml", "resources: [app.yaml, ../common/]\n"),
            ("base/app.yaml", "image: x\n"),
            ("common/kustomization.yml", "resources: [c.yaml]\n"),
            ("common/c.yaml", "a: 1\n"),
            ("other/o.yaml", "a: 1\n"),
        ];
        let with = |text: &'static str| {
            let mut files = base.to_vec();
            files.extend([("prod/kustomization.yaml", text), ("prod/patch.yaml", "image: y\n")]);
            needs(&files)
        };
        let all = ["base/app.yaml", "common/c.yaml", "prod/patch.yaml"];
        assert_eq!(with("resources: [../base]\npatches: [{path: patch.yaml}]\n"), all);
        assert_eq!(
            with("resources: [../base]\nimages: [{name: x, newTag: '1'}]\n"),
            ["base/app.yaml", "common/c.yaml"]
        );
        assert_eq!(with("resources: [../base]\n"), [""; 0]);
    }

    #[test]
    fn what_configmaps_are_made_of_is_needed() {
        let files = [
            ("a/conf.yaml", "x: 1\n"),
            (
                "a/kustomization.yaml",
                "configMapGenerator:\n- {name: c, files: [x.yaml=./conf.yaml, none.yaml]}\n",
            ),
            ("a/other.yaml", "x: 1\n"),
        ];
        let path = |name: &str| RepoPath::new(name).expect("a path");
        let candidates = files.map(|(name, _)| Candidate {
            path: path(name),
            named: false,
            asked: true,
            protection: None,
        });
        let parsed = files.map(|(name, text)| {
            let stream = || Arc::new(syntax::parse(text).expect("YAML"));
            is_kustomization(&path(name)).then(|| SourceFile {
                path: path(name),
                stream: stream(),
                protection: None,
            })
        });
        let parsed: Vec<Option<&SourceFile>> = parsed.iter().map(Option::as_ref).collect();
        let unread = |place: usize| parsed.get(place).is_some_and(Option::is_none);
        assert_eq!(generated(&candidates, &parsed, &unread), BTreeSet::from([0]));
    }

    #[test]
    fn a_delivery_that_patches_needs_its_folder() {
        let delivery = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nspec:\n  path: ./apps\n  patches: []\n";
        assert_eq!(
            needs(&[("flux.yaml", delivery), ("apps/a/x.yaml", "a: 1\n"), ("apps2/y.yaml", "a: 1\n")]),
            ["apps/a/x.yaml"]
        );
        let plain = delivery.replace("patches", "wait");
        assert_eq!(needs(&[("flux.yaml", &plain), ("apps/a/x.yaml", "a: 1\n")]), [""; 0]);
    }
}
