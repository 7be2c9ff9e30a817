//! Answers to the rules' questions, from the first source that knows.

mod address;
pub mod cache;
mod configured;
mod credentials;
mod layers;
pub mod manifest;
pub mod online;
mod registry;
mod token;
mod transport;
mod trouble;

use caulk_transforms::{
    catalog,
    facts::{Facts, ImageFacts, Presence, Question},
    image::ImageRef,
};

use crate::config::Config;

/// Where answers come from: first what the configuration states, then the embedded catalog.
#[derive(Debug)]
pub struct Sources<'a> {
    config: &'a Config,
}

impl<'a> Sources<'a> {
    /// Makes the sources of a run.
    #[must_use]
    pub const fn new(config: &'a Config) -> Self {
        Self { config }
    }

    /// Answers questions.
    pub fn answer(&mut self, questions: &[Question], facts: &mut Facts) {
        for question in questions {
            match question {
                Question::Image(image) => facts.add_image(image.clone(), self.image(image)),
                Question::Program { image, program } => {
                    let presence = self.program(image, program);
                    facts.add_program(image.clone(), program.clone(), presence);
                }
            }
        }
    }

    fn image(&self, image: &ImageRef) -> Result<ImageFacts, String> {
        let known = match (configured::lookup(&self.config.images, image), catalog::lookup(image)) {
            (Some(stated), Some(catalog)) => Some(configured::join(stated, catalog)),
            (stated, catalog) => stated.or(catalog),
        };
        known.ok_or_else(|| {
            format!(
                "neither `images:` of the configuration nor the catalog knows {}; state it under `images:`",
                image.name()
            )
        })
    }

    fn program(&self, image: &ImageRef, program: &str) -> Presence {
        let unknown = || Presence::Unknown("nobody looked into the image".to_owned());
        let Ok(known) = self.image(image) else { return unknown() };
        let Some(evidence) = known.evidence.first().cloned() else { return unknown() };
        if known.programs.iter().any(|name| name == program) {
            Presence::Present(program.to_owned(), evidence)
        } else if known.absent.iter().any(|name| name == program) {
            Presence::Absent(evidence)
        } else {
            unknown()
        }
    }
}
