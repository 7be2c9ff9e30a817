//! The world of a case: what `images.yaml` says, then the catalog.

use std::collections::BTreeMap;

use caulk_transforms::{
    catalog,
    facts::{Caveat, Facts, Forwards, ImageFacts, Presence, Question},
    finding::Evidence,
    image::ImageRef,
};
use serde::Deserialize;

/// One row of `images.yaml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    image: String,
    #[serde(default)]
    entrypoint: Vec<String>,
    #[serde(default)]
    cmd: Vec<String>,
    path: Option<String>,
    forwards: Option<String>,
    #[serde(default)]
    arguments: Vec<String>,
    #[serde(default)]
    programs: Vec<String>,
    #[serde(default)]
    absent: Vec<String>,
    #[serde(default)]
    caveats: Vec<String>,
    /// Programs that a look into the layers finds or misses.
    #[serde(default)]
    layers: BTreeMap<String, bool>,
}

/// Answers the questions of a case.
pub(crate) fn answer(images: &[Image], questions: &[Question], facts: &mut Facts) {
    for question in questions {
        match question {
            Question::Image(image) => {
                let known = find(images, image).map(Image::facts).or_else(|| catalog::lookup(image));
                facts.add_image(image.clone(), known.ok_or_else(|| "no source knows it".to_owned()));
            }
            Question::Program { image, program } => {
                let evidence = |what: &str| Evidence {
                    what: format!("the layers {what} {program}"),
                    source: format!("{image}"),
                };
                let presence = match find(images, image).and_then(|image| image.layers.get(program)) {
                    Some(true) => Presence::Present(format!("/usr/bin/{program}"), evidence("hold")),
                    Some(false) => Presence::Absent(evidence("do not hold")),
                    None => Presence::Unknown("nobody looked".to_owned()),
                };
                facts.add_program(image.clone(), program.clone(), presence);
            }
            // A question that a case does not answer is unknown.
            #[allow(unreachable_patterns)]
            _ => {}
        }
    }
}

fn find<'a>(images: &'a [Image], asked: &ImageRef) -> Option<&'a Image> {
    images.iter().find(|row| ImageRef::parse(&row.image).is_ok_and(|named| named.name() == asked.name()))
}

impl Image {
    fn facts(&self) -> ImageFacts {
        ImageFacts {
            entrypoint: self.entrypoint.clone(),
            cmd: self.cmd.clone(),
            path: self.path.clone(),
            forwards: self.forwards.as_deref().map_or(Forwards::Unknown, forwards),
            arguments: self.arguments.clone(),
            programs: self.programs.clone(),
            absent: self.absent.clone(),
            evidence: vec![Evidence {
                what: format!("the entrypoint of {} is {:?}", self.image, self.entrypoint),
                source: "images.yaml".to_owned(),
            }],
            caveats: self.caveats.iter().map(|name| caveat(name)).collect(),
            ..ImageFacts::default()
        }
    }
}

fn forwards(name: &str) -> Forwards {
    match name {
        "own-program" => Forwards::OwnProgram,
        "presumed" => Forwards::Presumed,
        "exec" => Forwards::Exec,
        "prepend-if-flag" => Forwards::PrependIfFlag,
        "prepend-if-unknown" => Forwards::PrependIfUnknown,
        "ignored" => Forwards::Ignored,
        "unknown" => Forwards::Unknown,
        other => panic!("images.yaml: no such forwards: {other}"),
    }
}

fn caveat(name: &str) -> Caveat {
    match name {
        "tag-not-covered" => Caveat::TagNotCovered,
        "moving-tag" => Caveat::MovingTag,
        "platforms-disagree" => Caveat::PlatformsDisagree,
        "sources-disagree" => Caveat::SourcesDisagree("two sources".to_owned()),
        other => panic!("images.yaml: no such caveat: {other}"),
    }
}
