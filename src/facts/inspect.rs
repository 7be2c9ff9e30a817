//! An image as a registry or an archive has it, and what that says of the programs in it.

use std::collections::{BTreeMap, BTreeSet};

use caulk_transforms::{
    argv::{self, Shape},
    facts::{Caveat, Forwards, ImageFacts, Presence},
    finding::Evidence,
    image::ImageRef,
    wrapper,
};

use super::{
    layers::{self, Blobs, Found, Limits, Memory, Wish},
    manifest::{Config, Descriptor, Platform},
    trouble::Trouble,
};

/// An image whose manifest and configuration were read.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    /// Where it was read: the registry with the repository, or a file.
    pub(crate) place: String,
    pub(crate) digest: String,
    pub(crate) config: Config,
    pub(crate) layers: Vec<Descriptor>,
    pub(crate) platform: Platform,
    /// What another platform of the same image runs instead.
    pub(crate) differs: Option<String>,
    /// Whether the registry could not be asked whether the tag still means this.
    pub(crate) stale: bool,
}

/// What a look into an image told.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Which programs are there.
    pub programs: BTreeMap<String, Presence>,
    /// What it runs, with what its script told; none if it could not be read.
    pub facts: Option<ImageFacts>,
}

impl Looked {
    /// Says that nothing is known, and why.
    pub(crate) fn nothing(programs: &BTreeSet<String>, trouble: &Trouble) -> Self {
        let unknown = Presence::Unknown(trouble.told());
        Self {
            programs: programs.iter().map(|program| (program.clone(), unknown.clone())).collect(),
            facts: None,
        }
    }
}

impl Image {
    /// Returns what it runs.
    pub(crate) fn facts(&self, image: &ImageRef) -> ImageFacts {
        let Self { config, .. } = self;
        let what = format!("{image} has ENTRYPOINT {:?} and CMD {:?}", config.entrypoint, config.cmd);
        let mut caveats = Vec::new();
        if self.differs.is_some() {
            caveats.push(Caveat::PlatformsDisagree);
        }
        if self.stale {
            caveats.push(Caveat::MovingTag);
        }
        let mut evidence = vec![Evidence { what, source: self.source() }];
        evidence
            .extend(self.differs.iter().map(|other| Evidence { what: other.clone(), source: self.source() }));
        ImageFacts {
            entrypoint: config.entrypoint.clone(),
            cmd: config.cmd.clone(),
            path: config.path.clone(),
            windows: config.windows,
            evidence,
            caveats,
            ..ImageFacts::default()
        }
    }

    /// Looks for programs, and reads the script of the entrypoint on the way.
    pub(crate) fn look(
        &self,
        image: &ImageRef,
        blobs: &dyn Blobs,
        memory: &dyn Memory,
        programs: &BTreeSet<String>,
        limits: Limits,
    ) -> Looked {
        let mut facts = self.facts(image);
        let wish = Wish {
            programs: programs.clone(),
            path: self.config.path.clone().unwrap_or_else(|| argv::DEFAULT_PATH.to_owned()),
            script: wanted_script(&facts),
        };
        let told = layers::search(blobs, memory, &self.layers, &wish, limits);
        let source = self.source();
        if let Some(text) = told.script {
            learn_script(&mut facts, wish.script.as_deref().unwrap_or_default(), &text, &source);
        }
        let programs = told.programs.into_iter().map(|(program, found)| {
            let presence = presence(image, &program, found, &source);
            (program, presence)
        });
        Looked { programs: programs.collect(), facts: Some(facts) }
    }

    fn source(&self) -> String {
        format!("{} at {} ({})", self.place, self.digest, self.platform)
    }
}

/// Returns the script whose text would tell what the entrypoint does with its arguments.
pub(crate) fn wanted_script(facts: &ImageFacts) -> Option<String> {
    let taken = argv::dissect(&facts.entrypoint);
    match taken.shape {
        // `/bin/sh script`: the script is the next word.
        Shape::Script(program) if matches!(argv::basename(program), "sh" | "bash" | "ash" | "dash") => {
            facts.entrypoint.get(taken.skipped + 1).filter(|word| word.starts_with('/')).cloned()
        }
        // Its own arguments would stand before those of the manifest.
        Shape::Script(program) if facts.entrypoint.len() == taken.skipped + 1 => Some(program.to_owned()),
        // What is no script by its name may be one all the same.
        Shape::Program(program) => Some(program.to_owned()),
        _ => None,
    }
}

/// Adds what the text of a script says about its arguments.
pub(crate) fn learn_script(facts: &mut ImageFacts, script: &str, text: &str, source: &str) {
    let reading = wrapper::read(text);
    if reading.forwards == Forwards::Unknown {
        return;
    }
    facts.forwards = reading.forwards;
    facts.evidence.push(Evidence { what: format!("{script}: {}", reading.why), source: source.to_owned() });
}

fn presence(image: &ImageRef, program: &str, found: Result<Found, Trouble>, source: &str) -> Presence {
    let evidence = |what: String| Evidence { what, source: source.to_owned() };
    match found {
        Ok(Found::At(path)) => {
            let what = format!("{image} has {path}");
            Presence::Present(path, evidence(what))
        }
        Ok(Found::WithoutInterpreter { path, interpreter }) => {
            let what = format!(
                "{image} has {path}, a script whose interpreter {interpreter} it lacks, so it cannot start"
            );
            Presence::Present(path, evidence(what))
        }
        Ok(Found::Absent { not_executable: None, layers }) => {
            let place = if program.starts_with('/') { "in it" } else { "on its PATH" };
            Presence::Absent(evidence(format!("{image} has no {program} {place} ({layers} layers read)")))
        }
        Ok(Found::Absent { not_executable: Some(path), .. }) => {
            Presence::Absent(evidence(format!("{image} has {path}, which nobody may execute")))
        }
        Err(trouble) => Presence::Unknown(trouble.told()),
    }
}
