//! Questions of the rules about the world, and the shell's answers: plain data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{finding::Evidence, image::ImageRef};

/// What a rule needs to know from outside the manifests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// What does this image run?
    Image(ImageRef),
    /// Is there an executable of this name on the effective PATH of this image, or at this absolute path?
    Program {
        /// The image.
        image: ImageRef,
        /// A bare name or an absolute path.
        program: String,
    },
}

/// What an entrypoint does with the arguments that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub enum Forwards {
    /// All of them become arguments of its own program.
    OwnProgram,
    /// It is a single program that is no known wrapper, so they probably become its arguments; nobody looked.
    Presumed,
    /// The first one is executed.
    Exec,
    /// Its program is put in front if the first one begins with a dash; else the first one is executed.
    PrependIfFlag,
    /// Its program is put in front if the first one is a flag or no program on PATH; else it is executed.
    PrependIfUnknown,
    /// They have no effect.
    Ignored,
    /// Nobody knows.
    #[default]
    Unknown,
}

/// Why an answer is less certain than its source: each lowers a fix by one tier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Caveat {
    /// The tag lies in no tag range that the source covers, or the reference is a digest only.
    TagNotCovered,
    /// The tag moves (`latest`, a branch) and the source is older than the image may be.
    MovingTag,
    /// The platforms of a multi-arch image disagree.
    PlatformsDisagree,
    /// Two sources contradict each other; nothing is safe then.
    SourcesDisagree(String),
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ImageFacts {
    /// ENTRYPOINT, in exec form; empty if the image has none. The shell form is `["/bin/sh", "-c", text]`.
    pub entrypoint: Vec<String>,
    /// CMD; empty if the image has none.
    pub cmd: Vec<String>,
    /// PATH of the image's environment, where it is known.
    pub path: Option<String>,
    /// What the entrypoint does with its arguments.
    pub forwards: Forwards,
    /// First arguments that the entrypoint's program is known to accept (subcommands).
    pub arguments: Vec<String>,
    /// Flags of which the program is known to take the later value where they are given twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeatable: Vec<String>,
    /// Names of programs that are known to be on PATH.
    pub programs: Vec<String>,
    /// Whether `programs` is all that there is, so that every other name is known to be absent.
    pub programs_complete: bool,
    /// Names that are known not to be programs on PATH.
    pub absent: Vec<String>,
    /// First words of a `command` that a cluster has started with this image: programs there, whatever else is said of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub started: BTreeMap<String, Evidence>,
    /// Programs of the entrypoint that a cluster has not found in this image.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, Evidence>,
    /// Whether this is a Windows image.
    pub windows: bool,
    /// Where all of this was read.
    pub evidence: Vec<Evidence>,
    /// What makes it less certain.
    pub caveats: Vec<Caveat>,
}

/// Whether a program is in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Presence {
    /// It is there and can be executed; with its path.
    Present(String, Evidence),
    /// It is proven not to be there.
    Absent(Evidence),
    /// Nobody knows; with the reason.
    Unknown(String),
}

/// The answers to the questions that were asked.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What images run; an image without an entry, or with an error text, is unknown.
    images: BTreeMap<ImageRef, Result<ImageFacts, String>>,
    programs: BTreeMap<(ImageRef, String), Presence>,
    /// First words of commands that a cluster could not start with an image, whatever is known of the image itself.
    crashes: BTreeMap<(ImageRef, String), Evidence>,
}

impl Facts {
    /// Records what an image runs, or why that is not known.
    pub fn add_image(&mut self, image: ImageRef, answer: Result<ImageFacts, String>) {
        self.images.insert(image, answer);
    }

    /// Records whether an image has a program.
    pub fn add_program(&mut self, image: ImageRef, program: String, presence: Presence) {
        self.programs.insert((image, program), presence);
    }

    /// Records that a cluster could not start a command that begins with a word.
    pub fn add_crash(&mut self, image: ImageRef, word: String, evidence: Evidence) {
        self.crashes.insert((image, word), evidence);
    }

    /// Returns how a cluster tells that a command that begins with the word did not start with this image.
    #[must_use]
    pub fn crash(&self, image: &ImageRef, word: &str) -> Option<&Evidence> {
        self.crashes.get(&(image.clone(), word.to_owned()))
    }

    /// Returns what an image runs.
    ///
    /// # Errors
    /// The reason, as a lower-case fragment, where it is not known.
    pub fn image(&self, image: &ImageRef) -> Result<&ImageFacts, &str> {
        match self.images.get(image) {
            Some(answer) => answer.as_ref().map_err(String::as_str),
            None => Err("nobody was asked"),
        }
    }

    /// Returns whether an image has a program on its PATH; `None` if nobody was asked.
    #[must_use]
    pub fn program(&self, image: &ImageRef, program: &str) -> Option<&Presence> {
        self.programs.get(&(image.clone(), program.to_owned()))
    }

    /// Tells whether the question has its answer already.
    #[must_use]
    pub fn answers(&self, question: &Question) -> bool {
        match question {
            Question::Image(image) => self.images.contains_key(image),
            Question::Program { image, program } => self.program(image, program).is_some(),
        }
    }
}
