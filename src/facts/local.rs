//! What the repository's own files say of images: Dockerfiles that build them, compose files that start them.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use caulk_transforms::{
    builds::{self, Build, Declared},
    dockerfile::{Base, Built, Dockerfile},
    facts::{Caveat, Forwards, ImageFacts},
    finding::Evidence,
    image::ImageRef,
    path::RepoPath,
    syntax,
};
use ignore::WalkBuilder;

use super::{
    inspect::{learn_script, wanted_script},
    join,
    layers::index::SCRIPT_BYTES,
};
use crate::walk::Tree;

/// What the files of a repository declare, found once.
#[derive(Debug)]
pub(crate) struct Local {
    tree: Tree,
    builds: BTreeMap<String, Vec<(Build, RepoPath)>>,
    /// By image: the first words that compose files give to its entrypoint.
    uses: BTreeMap<String, Vec<(String, Evidence)>>,
    /// Images whose Dockerfile is being read, so that a circle ends.
    open: RefCell<BTreeSet<String>>,
}

/// Answers what a base image runs.
pub(crate) type Bases<'a> = dyn Fn(&ImageRef) -> Option<ImageFacts> + 'a;

/// No file of this kind is larger.
const FILE_BYTES: u64 = 1 << 20;

#[derive(Clone, Copy)]
enum Kind {
    Compose,
    Skaffold,
    Workflow,
}

impl Local {
    /// Reads the files of a repository that declare images. `paths` are all of its files, if somebody listed them already.
    pub(crate) fn scan(tree: &Tree, paths: Option<Vec<RepoPath>>) -> Self {
        let mut local = Self {
            tree: tree.clone(),
            builds: BTreeMap::new(),
            uses: BTreeMap::new(),
            open: RefCell::default(),
        };
        let mut files: Vec<(RepoPath, Kind)> = paths
            .unwrap_or_else(|| list(tree.root()))
            .into_iter()
            .filter_map(|path| kind_of(&path).map(|kind| (path, kind)))
            .collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, kind) in files {
            local.read_file(&path, kind);
        }
        local
    }

    fn read_file(&mut self, path: &RepoPath, kind: Kind) {
        let Some(stream) = self.text(path).and_then(|text| syntax::parse(text).ok()) else { return };
        let folder = path.parent();
        let Declared { builds, uses } = match kind {
            Kind::Compose => builds::compose(&folder, &stream),
            Kind::Skaffold => builds::skaffold(&folder, &stream),
            Kind::Workflow => builds::workflow(&stream),
        };
        for build in builds {
            self.builds.entry(build.image.name.clone()).or_default().push((build, path.clone()));
        }
        for used in uses {
            let Some(word) = used.words.first() else { continue };
            let what =
                format!("a compose file starts {} with `{word}`, which its entrypoint gets", used.image.name);
            let evidence = Evidence { what, source: format!("{path}:{}", used.line) };
            self.uses.entry(used.image.name).or_default().push((word.clone(), evidence));
        }
    }

    /// Returns the text of a file inside the repository.
    fn text(&self, path: &RepoPath) -> Option<String> {
        self.tree.text(path, FILE_BYTES)
    }

    /// Returns what the Dockerfiles that build an image say.
    pub(crate) fn built(&self, image: &ImageRef, bases: &Bases<'_>) -> Option<ImageFacts> {
        let name = image.name();
        let found = self.builds.get(&name)?;
        if !self.open.borrow_mut().insert(name.clone()) {
            return None;
        }
        let mut all = found.iter().filter_map(|(build, by)| self.one_build(image, build, by, bases));
        let first = all.next();
        let facts = first.map(|first| {
            all.fold(first, |facts, other| join::join(facts, other, "two builds of the repository"))
        });
        self.open.borrow_mut().remove(&name);
        facts
    }

    fn one_build(
        &self,
        image: &ImageRef,
        build: &Build,
        by: &RepoPath,
        bases: &Bases<'_>,
    ) -> Option<ImageFacts> {
        let why = format!("{by}:{} builds {} from {}", build.line, build.image.name, build.dockerfile);
        let request = Request {
            dockerfile: &build.dockerfile,
            context: &build.context,
            target: build.target.as_deref(),
            args: &build.args,
        };
        let mut facts = self.dockerfile_facts(image, &request, bases)?;
        facts.evidence.push(Evidence { what: why, source: format!("{by}:{}", build.line) });
        // The file is today's; a manifest may run an older build of it.
        if build.image.tag.as_deref() != image.effective_tag()
            || image.effective_tag() == Some("latest")
            || image.digest.is_some()
        {
            facts.caveats.push(Caveat::TagNotCovered);
        }
        Some(facts)
    }

    /// Returns what the image that a Dockerfile builds runs.
    pub(crate) fn dockerfile_facts(
        &self,
        image: &ImageRef,
        request: &Request<'_>,
        bases: &Bases<'_>,
    ) -> Option<ImageFacts> {
        let text = self.text(request.dockerfile)?;
        let recipe = Dockerfile::parse(&text).ok()?.recipe(request.target, request.args).ok()?;
        let base = match &recipe.base {
            Base::Image(name) => ImageRef::parse(name).ok().and_then(|base| bases(&base)),
            Base::Scratch | Base::Unknown(_) => None,
        };
        let built = recipe.apply(base.as_ref()).ok()?;
        let what = format!("{} has ENTRYPOINT {:?} and CMD {:?}", image.name(), built.entrypoint, built.cmd);
        let mut facts = ImageFacts {
            entrypoint: built.entrypoint.clone(),
            cmd: built.cmd.clone(),
            path: built.path.clone(),
            evidence: vec![Evidence { what, source: request.dockerfile.to_string() }],
            ..ImageFacts::default()
        };
        if let Some(base) = base {
            inherit(&mut facts, &built, base);
        }
        self.script(&mut facts, &built, request.context);
        Some(facts)
    }

    /// Reads the script of the entrypoint from the build context, where a COPY brings it from there.
    fn script(&self, facts: &mut ImageFacts, built: &Built, context: &RepoPath) {
        let Some(script) = wanted_script(facts) else { return };
        let places = super::layers::stack::candidates(&script, facts.path.as_deref().unwrap_or_default());
        let source = places.iter().find_map(|place| built.source_of(&format!("/{place}")));
        let Some(path) = source.and_then(|source| context.join(source.trim_start_matches('/')).ok()) else {
            return;
        };
        if let Some(text) = self.tree.text(&path, SCRIPT_BYTES) {
            learn_script(facts, &script, &text, path.as_str());
        }
    }

    /// Adds the words that compose files show to be arguments.
    pub(crate) fn add_uses(&self, image: &ImageRef, facts: &mut ImageFacts) {
        // Without an entrypoint the words are executed, so they are no arguments.
        if facts.entrypoint.is_empty() {
            return;
        }
        for (word, evidence) in self.uses.get(&image.name()).into_iter().flatten() {
            if !facts.arguments.contains(word) {
                facts.arguments.push(word.clone());
                facts.evidence.push(evidence.clone());
            }
        }
    }
}

/// A Dockerfile and what it is built with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) dockerfile: &'a RepoPath,
    pub(crate) context: &'a RepoPath,
    pub(crate) target: Option<&'a str>,
    pub(crate) args: &'a BTreeMap<String, String>,
}

/// Takes over what the base image is known to do, where the entrypoint is still its own.
fn inherit(facts: &mut ImageFacts, built: &Built, base: ImageFacts) {
    facts.windows = base.windows;
    // What a base has, its children mostly keep; what it lacks, they may add.
    facts.programs = base.programs;
    facts.caveats.extend(base.caveats);
    facts.evidence.extend(base.evidence);
    if built.inherited_entrypoint {
        facts.forwards = base.forwards;
        facts.arguments = base.arguments;
        facts.repeatable = base.repeatable;
    } else {
        facts.forwards = Forwards::Unknown;
    }
}

fn list(root: &Path) -> Vec<RepoPath> {
    // Workflows lie in a folder that is hidden; links are not followed, so nothing outside is read.
    let walk = WalkBuilder::new(root).hidden(false).filter_entry(|entry| entry.file_name() != ".git").build();
    let files =
        walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    files
        .filter_map(|entry| {
            RepoPath::new(&entry.path().strip_prefix(root).ok()?.to_str()?.replace('\\', "/")).ok()
        })
        .collect()
}

/// Tells whether a file of this name may declare images.
pub(crate) fn declares(path: &RepoPath) -> bool {
    kind_of(path).is_some()
}

fn kind_of(path: &RepoPath) -> Option<Kind> {
    let name = path.name();
    let yaml = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml"))?;
    if path.as_str().starts_with(".github/workflows/") {
        return Some(Kind::Workflow);
    }
    match yaml {
        "skaffold" => Some(Kind::Skaffold),
        _ if yaml == "compose" || yaml.starts_with("compose.") || yaml.starts_with("docker-compose") => {
            Some(Kind::Compose)
        }
        _ => None,
    }
}
