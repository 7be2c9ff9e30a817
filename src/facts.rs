//! Answers to the rules' questions, from the first source that knows.

pub mod archive;
pub mod cache;
pub mod cluster;
mod configured;
mod credentials;
pub mod inspect;
mod join;
mod layers;
mod local;
mod lock;
pub mod manifest;
pub mod online;
mod registry;
mod token;

use std::{
    cell::{Cell, OnceCell},
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use anyhow::{Context as _, Result};
use caulk_transforms::{
    catalog,
    facts::{Caveat, Facts, ImageFacts, Presence, Question},
    finding::Evidence,
    image::ImageRef,
    model::Repository,
    path::RepoPath,
};

use self::{
    archive::Archive,
    cache::Cache,
    cluster::{Cluster, Report},
    inspect::Looked,
    join::join,
    local::Local,
    lock::Lock,
    online::Online,
};
use crate::net::{address, transport, trouble};
pub use crate::net::{address::RegistrySettings, transport::Patience};
use crate::{
    config::{self, Config},
    walk::Tree,
};

/// What the user's side says of where answers come from. A repository under analysis has no say in it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// How registries are asked; without it nothing is sent.
    pub online: Option<online::Settings>,
    /// Layouts and archives of images.
    pub archives: Vec<PathBuf>,
    /// What a cluster told.
    pub evidence: Vec<PathBuf>,
    /// The file that keeps the answers.
    pub lock: Option<PathBuf>,
}

/// Where answers come from, in this order: `images:` of the configuration, Dockerfiles of the repository, archives, the
/// embedded catalog, registries. Compose files and the cluster add to what these say.
#[derive(Debug)]
pub struct Sources {
    /// `images:` of the configuration.
    stated: Vec<config::Image>,
    tree: Tree,
    /// The files that may declare images, if somebody listed them already.
    declaring: Option<Vec<RepoPath>>,
    /// Found when the first question comes.
    local: OnceCell<Local>,
    archives: Vec<Archive>,
    cluster: Cluster,
    online: Option<Online>,
    cache: Cache,
    images: BTreeMap<ImageRef, Result<ImageFacts, String>>,
    /// The answers of an earlier run.
    replayed: Option<Lock>,
    /// The answers of this run, and where they are to be kept.
    kept: Option<(PathBuf, Lock)>,
    /// How deep the question about a base image is.
    depth: Cell<usize>,
}

/// Images that are built on images of the same repository, and so on: nobody goes deeper.
const MAX_BASES: usize = 8;

impl Sources {
    /// Makes the sources of a run in a repository.
    ///
    /// # Errors
    /// With the file's name, if a file that the user named cannot be used.
    pub fn open(config: &Config, tree: &Tree, options: &Options) -> Result<Self> {
        let platform = options.online.as_ref().map(|online| online.platform.clone()).unwrap_or_default();
        let opened = options.archives.iter().map(|path| {
            Archive::open(path, &platform)
                .map_err(anyhow::Error::msg)
                .with_context(|| format!("failed to use {}", path.display()))
        });
        let online = options
            .online
            .clone()
            .map(Online::new)
            .transpose()
            .map_err(anyhow::Error::msg)
            .context("failed to use the CA bundle")?;
        let existing = options.lock.as_deref().map(Lock::read).transpose()?.flatten();
        // With registries at hand the answers are taken anew; without, those of the file count.
        let replayed = existing.filter(|_| online.is_none());
        let kept = options.lock.clone().filter(|_| replayed.is_none()).map(|path| (path, Lock::new()));
        Ok(Self {
            stated: config.images.clone(),
            tree: tree.clone(),
            declaring: None,
            local: OnceCell::new(),
            archives: opened.collect::<Result<_>>()?,
            cluster: cluster::read(&options.evidence)?,
            online,
            cache: Cache::default(),
            images: BTreeMap::new(),
            replayed,
            kept,
            depth: Cell::new(0),
        })
    }

    /// Takes note of the files of a repository that may declare images, so that nobody has to list them again.
    #[must_use]
    pub fn knowing(mut self, repository: &Repository) -> Self {
        let found = |paths: &mut dyn Iterator<Item = &RepoPath>| -> Vec<RepoPath> {
            paths.filter(|path| local::declares(path)).cloned().collect()
        };
        let (workers, files, others) = (repository.workers(), repository.files(), repository.others());
        let mut declaring = workers.pieces(files, |files| found(&mut files.iter().map(|file| &file.path)));
        declaring.extend(workers.pieces(others, |paths| found(&mut paths.iter())));
        self.declaring = Some(declaring.into_iter().flatten().collect());
        self
    }

    /// Answers questions, those about registries several at a time.
    pub fn answer(&mut self, questions: &[Question], facts: &mut Facts) {
        let mut programs: BTreeMap<ImageRef, BTreeSet<String>> = BTreeMap::new();
        let mut images = BTreeSet::new();
        for question in questions {
            match question {
                Question::Image(image) => _ = images.insert(image.clone()),
                Question::Program { image, program } => {
                    programs.entry(image.clone()).or_default().insert(program.clone());
                }
            }
        }
        self.learn(&images);
        for image in images {
            let answer =
                self.images.get(&image).cloned().unwrap_or_else(|| Err("nobody was asked".to_owned()));
            self.note_image(&image, &answer);
            for (word, evidence) in self.crashes(&image) {
                facts.add_crash(image.clone(), word, evidence);
            }
            facts.add_image(image, answer);
        }
        for (image, program, presence) in self.programs(programs, facts) {
            self.note_program(&image, &program, &presence);
            facts.add_program(image, program, presence);
        }
    }

    /// Returns the images that could not be asked about, with the reason: not those that nobody knows.
    #[must_use]
    pub fn missed(&self) -> BTreeMap<ImageRef, String> {
        self.online.as_ref().map(Online::missed).unwrap_or_default()
    }

    /// Writes the answers of this run to the file that keeps them, if there is one.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn close(self) -> Result<()> {
        self.kept.map_or(Ok(()), |(path, lock)| lock.write(&path))
    }

    /// Returns what a cluster told.
    #[must_use]
    pub fn reports(&self) -> &[Report] {
        &self.cluster.reports
    }

    /// Returns the words that a cluster could not start with an image, and those that an earlier run was told of.
    fn crashes(&mut self, image: &ImageRef) -> BTreeMap<String, Evidence> {
        let replayed = self.replayed.as_ref().and_then(|lock| lock.crashes.get(&image.to_string()));
        let mut crashes = replayed.cloned().unwrap_or_default();
        crashes.extend(cluster::crashes(&self.cluster, image));
        if let Some((_, lock)) = self.kept.as_mut().filter(|_| !crashes.is_empty()) {
            lock.crashes.insert(image.to_string(), crashes.clone());
        }
        crashes
    }

    fn note_image(&mut self, image: &ImageRef, answer: &Result<ImageFacts, String>) {
        if let Some((_, lock)) = &mut self.kept {
            lock.images.insert(image.to_string(), answer.clone());
        }
    }

    fn note_program(&mut self, image: &ImageRef, program: &str, presence: &Presence) {
        if let Some((_, lock)) = &mut self.kept {
            lock.programs.entry(image.to_string()).or_default().insert(program.to_owned(), presence.clone());
        }
    }

    /// Finds out what images run.
    fn learn(&mut self, images: &BTreeSet<ImageRef>) {
        let new: BTreeSet<ImageRef> =
            images.iter().filter(|image| !self.images.contains_key(image)).cloned().collect();
        let mut remote = match &self.online {
            Some(online) => online.images(&new),
            None => BTreeMap::new(),
        };
        for image in new {
            let mut answer = match self.replayed.as_ref().and_then(|lock| lock.image(&image)) {
                Some(answer) => answer.clone(),
                None => self.image(&image, remote.remove(&image)),
            };
            if let Ok(facts) = &mut answer {
                cluster::observe(&self.cluster, &image, facts);
            }
            self.images.insert(image, answer);
        }
    }

    /// Joins what all sources say of an image.
    fn image(
        &self,
        image: &ImageRef,
        remote: Option<Result<ImageFacts, String>>,
    ) -> Result<ImageFacts, String> {
        let (remote, trouble) = match remote {
            Some(Ok(facts)) => (Some(facts), None),
            Some(Err(trouble)) => (None, Some(trouble)),
            None => (None, None),
        };
        let known = self.offline(image);
        let mut facts = match (known, remote) {
            // What the registry has is what runs; the others add to it or contradict it.
            (Some((known, name)), Some(remote)) => {
                let mut facts = join(remote, known.clone(), &format!("the registry and {name}"));
                keep_disagreement(&mut facts, &known);
                facts
            }
            (Some((known, _)), None) => known,
            (None, Some(remote)) => remote,
            (None, None) => return Err(trouble.unwrap_or_else(|| self.ignorance(image))),
        };
        self.local().add_uses(image, &mut facts);
        Ok(facts)
    }

    fn ignorance(&self, image: &ImageRef) -> String {
        let how = if self.online.is_some() { "" } else { ", or ask its registry with --online" };
        format!(
            "neither `images:` of the configuration nor the catalog knows {}; state it under `images:`{how}",
            image.name()
        )
    }

    /// Joins what is known without a registry, and names the first source.
    fn offline(&self, image: &ImageRef) -> Option<(ImageFacts, &'static str)> {
        let sources: [(Option<ImageFacts>, &'static str); 5] = [
            (configured::lookup(&self.stated, image), "the configuration"),
            (self.named_dockerfile(image), "the Dockerfile"),
            (self.local().built(image, &|base| self.base(base)), "the Dockerfile"),
            (self.archives.iter().find_map(|archive| archive.image(image)), "the archive"),
            (catalog::lookup(image), "the catalog"),
        ];
        let known = sources.into_iter().filter_map(|(facts, name)| Some((facts?, name)));
        known.reduce(|(first, name), (second, other)| {
            (join(first, second, &format!("{name} and {other}")), name)
        })
    }

    /// Answers for the base image of a Dockerfile, from everything but `images:` with a Dockerfile that leads in a circle.
    fn base(&self, image: &ImageRef) -> Option<ImageFacts> {
        if self.depth.get() >= MAX_BASES {
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let known = self.offline(image).map(|(facts, _)| facts);
        self.depth.set(self.depth.get() - 1);
        known.or_else(|| self.online.as_ref()?.images(&BTreeSet::from([image.clone()])).remove(image)?.ok())
    }

    /// Reads the Dockerfile that `images:` of the configuration names.
    fn named_dockerfile(&self, image: &ImageRef) -> Option<ImageFacts> {
        let path = RepoPath::new(configured::dockerfile(&self.stated, image)?).ok()?;
        let request = local::Request {
            dockerfile: &path,
            context: &path.parent(),
            target: None,
            args: &BTreeMap::new(),
        };
        self.local().dockerfile_facts(image, &request, &|base| self.base(base))
    }

    fn local(&self) -> &Local {
        self.local.get_or_init(|| Local::scan(&self.tree, self.declaring.clone()))
    }

    /// Finds out which programs are in images.
    fn programs(
        &mut self,
        wanted: BTreeMap<ImageRef, BTreeSet<String>>,
        facts: &mut Facts,
    ) -> Vec<(ImageRef, String, Presence)> {
        let mut answers = Vec::new();
        let mut open: BTreeMap<ImageRef, BTreeSet<String>> = BTreeMap::new();
        for (image, programs) in wanted {
            for program in programs {
                let replayed =
                    self.replayed.as_ref().and_then(|lock| lock.program(&image, &program)).cloned();
                match replayed.or_else(|| self.stated(&image, &program)) {
                    Some(presence) => answers.push((image.clone(), program, presence)),
                    None => _ = open.entry(image.clone()).or_default().insert(program),
                }
            }
        }
        for (image, looked) in self.look(&open) {
            if let Some(told) = looked.facts {
                self.deepen(&image, &told, facts);
            }
            for (program, presence) in looked.programs {
                let presence = self.weigh(&image, &program, presence);
                answers.push((image.clone(), program, presence));
            }
        }
        answers
    }

    /// Answers from what is stated of an image.
    fn stated(&self, image: &ImageRef, program: &str) -> Option<Presence> {
        let Some(Ok(known)) = self.images.get(image) else { return None };
        let evidence = known.evidence.first()?.clone();
        let listed = |names: &[String]| names.iter().any(|name| name == program);
        if listed(&known.programs) {
            Some(self.weigh(image, program, Presence::Present(program.to_owned(), evidence)))
        } else if listed(&known.absent) {
            Some(Presence::Absent(evidence))
        } else {
            None
        }
    }

    /// Weighs what the image tells against what the cluster tells.
    fn weigh(&self, image: &ImageRef, program: &str, presence: Presence) -> Presence {
        let known = self.images.get(image).and_then(|known| known.as_ref().ok());
        let path = known.and_then(|known| known.path.as_deref());
        match (cluster::proof_of_absence(&self.cluster.reports, image, path, program), presence) {
            (None, presence) => presence,
            (Some(proof), Presence::Unknown(_) | Presence::Absent(_)) => Presence::Absent(proof),
            (Some(proof), Presence::Present(path, _)) => {
                Presence::Unknown(format!("the image has {path}, and yet {} ({})", proof.what, proof.source))
            }
        }
    }

    fn look(&self, open: &BTreeMap<ImageRef, BTreeSet<String>>) -> BTreeMap<ImageRef, Looked> {
        let mut remote = BTreeMap::new();
        let mut looked = BTreeMap::new();
        for (image, programs) in open {
            match self.archives.iter().find_map(|archive| archive.look(image, &self.cache, programs)) {
                Some(told) => _ = looked.insert(image.clone(), told),
                None => _ = remote.insert(image.clone(), programs.clone()),
            }
        }
        match &self.online {
            Some(online) => looked.extend(online.programs(&remote)),
            None => looked.extend(remote.into_iter().map(|(image, programs)| {
                let unknown = Presence::Unknown("nobody looked into the image".to_owned());
                let programs = programs.into_iter().map(|program| (program, unknown.clone())).collect();
                (image, Looked { programs, facts: None })
            })),
        }
        looked
    }

    /// Adds what the entrypoint's script told to what is known of the image.
    fn deepen(&mut self, image: &ImageRef, told: &ImageFacts, facts: &mut Facts) {
        let Some(Ok(known)) = self.images.get_mut(image) else { return };
        let unknown = caulk_transforms::facts::Forwards::Unknown;
        if told.entrypoint != known.entrypoint || told.forwards == unknown || known.forwards == told.forwards
        {
            return;
        }
        if known.forwards == unknown {
            known.forwards = told.forwards;
        } else {
            let differ =
                "the entrypoint's script does something else with its arguments than what is stated of it";
            known.caveats.push(Caveat::SourcesDisagree(differ.to_owned()));
        }
        known.evidence.extend(told.evidence.iter().skip(1).cloned());
        let known = known.clone();
        self.note_image(image, &Ok(known.clone()));
        facts.add_image(image.clone(), Ok(known));
    }
}

/// A contradiction that was seen before the registry was asked does not go away by its answer.
fn keep_disagreement(facts: &mut ImageFacts, known: &ImageFacts) {
    let disagreements = known.caveats.iter().filter(|caveat| matches!(caveat, Caveat::SourcesDisagree(_)));
    facts.caveats.extend(disagreements.cloned());
}
