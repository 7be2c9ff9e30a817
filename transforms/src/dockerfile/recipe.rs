//! What a stage makes of the image that it begins with.

use std::collections::BTreeMap;

use super::{Form, Lookup, Step, expand};
use crate::facts::ImageFacts;

/// The image that the first stage of a chain begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Base {
    /// Nothing at all.
    Scratch,
    /// An image, by its reference.
    Image(String),
    /// A reference with a variable that the file does not tell.
    Unknown(String),
}

/// The steps from a base image to a built one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// What it begins with.
    pub base: Base,
    /// The steps of the stages, the first one first.
    pub(super) stages: Vec<Vec<Step>>,
    pub(super) escape: char,
    pub(super) global: BTreeMap<String, Option<String>>,
    pub(super) args: BTreeMap<String, String>,
}

/// What a built image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// ENTRYPOINT; empty if there is none.
    pub entrypoint: Vec<String>,
    /// CMD; empty if there is none.
    pub cmd: Vec<String>,
    /// PATH, where it is known.
    pub path: Option<String>,
    /// What was copied from the build context.
    pub copies: Vec<Copy>,
    /// Whether the entrypoint is the base image's own.
    pub inherited_entrypoint: bool,
}

/// A file or folder of the build context in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The paths in the build context.
    pub sources: Vec<String>,
    /// The absolute path in the image; with a slash at the end it is a folder.
    pub to: String,
    /// Whether it comes from another stage or image, so that the build context does not hold it.
    pub from_elsewhere: bool,
}

/// What BuildKit puts into an image that has no PATH.
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The value of PATH and of other variables while the steps are gone through; `None` is unknown.
type Variables = BTreeMap<String, Option<String>>;

struct State {
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    shell: Option<Vec<String>>,
    env: Variables,
    args: Variables,
    workdir: Option<String>,
    copies: Vec<Copy>,
    inherited_entrypoint: bool,
    /// Whether the base image's environment is known apart from PATH.
    closed: bool,
}

impl Recipe {
    /// Goes through the steps.
    ///
    /// # Errors
    /// The reason, as a lower-case fragment, where the entrypoint or the command depends on an unknown base.
    pub fn apply(&self, base: Option<&ImageFacts>) -> Result<Built, String> {
        let mut state = self.start(base);
        for stage in &self.stages {
            // Whether CMD was set counts per stage: an ENTRYPOINT clears only an inherited one.
            let mut cmd_set = false;
            state.args.clear();
            for step in stage {
                self.step(step, &mut state, &mut cmd_set);
            }
        }
        let unknown = || format!("it inherits from {}, of which nothing is known", self.base_name());
        Ok(Built {
            entrypoint: state.entrypoint.ok_or_else(unknown)?,
            cmd: state.cmd.ok_or_else(unknown)?,
            path: state.env.get("PATH").cloned().flatten(),
            copies: state.copies,
            inherited_entrypoint: state.inherited_entrypoint,
        })
    }

    fn base_name(&self) -> &str {
        match &self.base {
            Base::Scratch => "scratch",
            Base::Image(name) | Base::Unknown(name) => name,
        }
    }

    fn start(&self, base: Option<&ImageFacts>) -> State {
        let scratch = self.base == Base::Scratch;
        let path =
            if scratch { Some(DEFAULT_PATH.to_owned()) } else { base.and_then(|base| base.path.clone()) };
        State {
            entrypoint: if scratch { Some(Vec::new()) } else { base.map(|base| base.entrypoint.clone()) },
            cmd: if scratch { Some(Vec::new()) } else { base.map(|base| base.cmd.clone()) },
            // A base image may declare a SHELL of its own, but hardly any published one does.
            shell: None,
            env: BTreeMap::from([("PATH".to_owned(), path)]),
            args: BTreeMap::new(),
            workdir: scratch.then(|| "/".to_owned()),
            copies: Vec::new(),
            inherited_entrypoint: true,
            closed: scratch,
        }
    }

    fn step(&self, step: &Step, state: &mut State, cmd_set: &mut bool) {
        match step {
            Step::Arg(name, default) => {
                let value = self.args.get(name).cloned().or_else(|| match default {
                    Some(default) => expand(default, self.escape, &|name| state.lookup(name)),
                    None => self.global.get(name).cloned().flatten(),
                });
                state.args.insert(name.clone(), value);
            }
            Step::Env(name, value) => {
                let value = expand(value, self.escape, &|name| state.lookup(name));
                state.env.insert(name.clone(), value);
            }
            Step::Shell(shell) => state.shell = Some(shell.clone()),
            Step::Workdir(path) => {
                state.workdir = expand(path, self.escape, &|name| state.lookup(name))
                    .and_then(|path| state.absolute(&path));
            }
            Step::Entrypoint(form) => {
                state.entrypoint = Some(state.argv(form));
                state.inherited_entrypoint = false;
                if !*cmd_set {
                    state.cmd = Some(Vec::new());
                }
            }
            Step::Cmd(form) => {
                state.cmd = Some(state.argv(form));
                *cmd_set = true;
            }
            Step::Copy { sources, to, from_elsewhere } => self.copy(sources, to, *from_elsewhere, state),
        }
    }

    fn copy(&self, sources: &[String], to: &str, from_elsewhere: bool, state: &mut State) {
        let lookup = |name: &str| state.lookup(name);
        let to = expand(to, self.escape, &lookup).and_then(|to| state.absolute(&to));
        let sources: Option<Vec<String>> =
            sources.iter().map(|source| expand(source, self.escape, &lookup)).collect();
        // Where the target is unknown, it could be any file: that is told by the root folder.
        state.copies.push(Copy {
            from_elsewhere: from_elsewhere || sources.is_none() || to.is_none(),
            sources: sources.unwrap_or_default(),
            to: to.unwrap_or_else(|| "/".to_owned()),
        });
    }
}

impl State {
    fn lookup(&self, name: &str) -> Lookup {
        match self.env.get(name).or_else(|| self.args.get(name)) {
            Some(Some(value)) => Lookup::Value(value.clone()),
            Some(None) => Lookup::Unknown,
            None if self.closed => Lookup::Unset,
            None => Lookup::Unknown,
        }
    }

    fn argv(&self, form: &Form) -> Vec<String> {
        match form {
            Form::Exec(argv) => argv.clone(),
            // `ENTRYPOINT` with nothing behind it, like `[]`, takes the inherited one away.
            Form::Shell(text) if text.is_empty() => Vec::new(),
            Form::Shell(text) => {
                let default = || vec!["/bin/sh".to_owned(), "-c".to_owned()];
                let mut argv = self.shell.clone().unwrap_or_else(default);
                argv.push(text.clone());
                argv
            }
        }
    }

    /// Returns the absolute path without `.` and `..`, keeping a slash at the end.
    fn absolute(&self, path: &str) -> Option<String> {
        let joined = match path.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None => format!("{}/{path}", self.workdir.as_deref()?),
        };
        let mut parts = Vec::new();
        for part in joined.split('/') {
            match part {
                "" | "." => {}
                ".." => _ = parts.pop(),
                _ => parts.push(part),
            }
        }
        let folder = path.ends_with('/') || path == "." || path.ends_with("/.");
        let end = if folder && !parts.is_empty() { "/" } else { "" };
        Some(format!("/{}{end}", parts.join("/")))
    }
}

impl Built {
    /// Returns the path in the build context of a file in the image; `None` in doubt.
    #[must_use]
    pub fn source_of(&self, path: &str) -> Option<String> {
        let name = path.rsplit('/').next()?;
        // The last copy wins; one that may have put something else there ends the search.
        for copy in self.copies.iter().rev() {
            let folder = copy.to.ends_with('/')
                || matches!(copy.sources.as_slice(), [one] if one == "." || one.ends_with('/'));
            if copy.to == path {
                return match copy.sources.as_slice() {
                    [source] if !copy.from_elsewhere && !source.contains(['*', '?', '[']) => {
                        Some(source.clone())
                    }
                    _ => None,
                };
            }
            let inside =
                path.strip_prefix(copy.to.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
            let Some(inside) = inside else { continue };
            if copy.from_elsewhere {
                // Another stage may have brought it, in a folder that we do not see.
                return None;
            }
            let direct = copy.sources.iter().find(|source| source.rsplit('/').next() == Some(name));
            if let Some(source) = direct.filter(|_| folder && inside == name) {
                return Some(source.clone());
            }
            if let [source] = copy.sources.as_slice()
                && !source.contains(['*', '?', '['])
                && !source.contains("://")
            {
                let source = source.trim_end_matches('/');
                return Some(if source == "." { inside.to_owned() } else { format!("{source}/{inside}") });
            }
        }
        None
    }
}
