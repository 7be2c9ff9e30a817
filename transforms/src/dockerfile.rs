//! Reads a Dockerfile as far as it says what the built image runs: ENTRYPOINT, CMD, PATH, and along FROM.
//!
//! The rules are BuildKit's: an ENTRYPOINT clears an inherited CMD, the shell form is run by the SHELL, exec
//! forms hold no variables, heredocs are body text of RUN, COPY and ADD only. The Dockerfile parsers among the
//! published crates keep instructions as text and resolve neither stages nor variables, so this is our own.

mod expand;
mod lines;
mod recipe;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use thiserror::Error;

use expand::{Lookup, expand};
pub use recipe::{Base, Built, Copy, Recipe};

/// Why a Dockerfile does not say what its image runs.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DockerfileError {
    /// A line is not understood; the line is 1-based.
    #[error("line {line}: {message}")]
    Line {
        /// The 1-based line where the instruction begins.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// No stage has that name or number.
    #[error("there is no stage {0}")]
    NoStage(String),
    /// There is no FROM.
    #[error("there is no FROM")]
    Empty,
}

/// A Dockerfile as its stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// ARG before the first FROM, with their defaults.
    global: Vec<(String, Option<String>)>,
    stages: Vec<Stage>,
    escape: char,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stage {
    name: Option<String>,
    base: String,
    steps: Vec<Step>,
}

/// One instruction that matters for what the image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Arg(String, Option<String>),
    Env(String, String),
    Shell(Vec<String>),
    Workdir(String),
    Entrypoint(Form),
    Cmd(Form),
    Copy { sources: Vec<String>, to: String, from_elsewhere: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Exec(Vec<String>),
    Shell(String),
}

impl Dockerfile {
    /// Parses a Dockerfile.
    ///
    /// # Errors
    /// [`DockerfileError`] with the line that is not understood.
    pub fn parse(text: &str) -> Result<Self, DockerfileError> {
        let (lines, escape) = lines::logical(text)?;
        let mut dockerfile = Self { global: Vec::new(), stages: Vec::new(), escape };
        for line in lines {
            dockerfile
                .instruction(&line.text)
                .map_err(|message| DockerfileError::Line { line: line.number, message })?;
        }
        if dockerfile.stages.is_empty() { Err(DockerfileError::Empty) } else { Ok(dockerfile) }
    }

    fn instruction(&mut self, text: &str) -> Result<(), String> {
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        let name = name.to_ascii_uppercase();
        if name == "FROM" {
            self.stages.push(from(rest)?);
            return Ok(());
        }
        let steps = match name.as_str() {
            "ARG" => words(rest, self.escape)
                .into_iter()
                .map(|word| match word.split_once('=') {
                    Some((name, value)) => Step::Arg(name.to_owned(), Some(value.to_owned())),
                    None => Step::Arg(word, None),
                })
                .collect(),
            "ENV" => env(rest, self.escape)?,
            "SHELL" => vec![Step::Shell(exec_form(rest).ok_or("SHELL wants the JSON form")?)],
            "WORKDIR" => vec![Step::Workdir(rest.to_owned())],
            "ENTRYPOINT" => vec![Step::Entrypoint(form(rest))],
            "CMD" => vec![Step::Cmd(form(rest))],
            "COPY" | "ADD" => copy(rest, self.escape).into_iter().collect(),
            _ => Vec::new(),
        };
        match self.stages.last_mut() {
            Some(stage) => stage.steps.extend(steps),
            None => {
                for step in steps {
                    let Step::Arg(name, value) = step else {
                        return Err(format!("{name} stands before FROM"));
                    };
                    self.global.push((name, value));
                }
            }
        }
        Ok(())
    }

    /// Returns how a stage, the last one by default, comes about from the image that it begins with.
    ///
    /// # Errors
    /// [`DockerfileError::NoStage`] if the target is not there.
    pub fn recipe(
        &self,
        target: Option<&str>,
        args: &BTreeMap<String, String>,
    ) -> Result<Recipe, DockerfileError> {
        let mut at = match target {
            Some(name) => self
                .stage(name, self.stages.len())
                .ok_or_else(|| DockerfileError::NoStage(name.to_owned()))?,
            None => self.stages.len() - 1,
        };
        let global = self.global_values(args);
        let mut chain = Vec::new();
        loop {
            let stage = &self.stages[at];
            let values = |name: &str| {
                global.get(name).map_or(Lookup::Unset, |value| match value {
                    Some(value) => Lookup::Value(value.clone()),
                    None => Lookup::Unknown,
                })
            };
            chain.push(stage);
            let Some(base) = expand(&stage.base, self.escape, &values) else {
                return Ok(self.cook(Base::Unknown(stage.base.clone()), &chain, &global, args));
            };
            // Only an earlier stage can be meant; otherwise the name is an image's.
            match self.stage(&base, at) {
                Some(earlier) => at = earlier,
                None if base == "scratch" => return Ok(self.cook(Base::Scratch, &chain, &global, args)),
                None => return Ok(self.cook(Base::Image(base), &chain, &global, args)),
            }
        }
    }

    /// Returns the place of a stage among the first ones, by name or number.
    fn stage(&self, name: &str, before: usize) -> Option<usize> {
        let stages = self.stages.get(..before)?;
        stages
            .iter()
            .rposition(|stage| stage.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
            .or_else(|| name.parse().ok().filter(|number| *number < before))
    }

    fn global_values(&self, args: &BTreeMap<String, String>) -> BTreeMap<String, Option<String>> {
        let mut values: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (name, default) in &self.global {
            let value = args.get(name).cloned().or_else(|| {
                let lookup = |name: &str| match values.get(name) {
                    Some(Some(value)) => Lookup::Value(value.clone()),
                    // BuildKit knows platform arguments here that nobody sees in the file.
                    _ => Lookup::Unknown,
                };
                default.as_deref().and_then(|default| expand(default, self.escape, &lookup))
            });
            values.insert(name.clone(), value);
        }
        values
    }

    fn cook(
        &self,
        base: Base,
        chain: &[&Stage],
        global: &BTreeMap<String, Option<String>>,
        args: &BTreeMap<String, String>,
    ) -> Recipe {
        let stages = chain.iter().rev().map(|stage| stage.steps.clone()).collect();
        Recipe { base, stages, escape: self.escape, global: global.clone(), args: args.clone() }
    }
}

fn from(rest: &str) -> Result<Stage, String> {
    let mut words = rest.split_whitespace().filter(|word| !word.starts_with("--"));
    let base = words.next().ok_or("FROM has no image")?.to_owned();
    let name = match (words.next(), words.next()) {
        (Some(keyword), Some(name)) if keyword.eq_ignore_ascii_case("as") => Some(name.to_owned()),
        (None, _) => None,
        _ => return Err("FROM has words that are not understood".to_owned()),
    };
    Ok(Stage { name, base, steps: Vec::new() })
}

fn form(rest: &str) -> Form {
    exec_form(rest).map_or_else(|| Form::Shell(rest.to_owned()), Form::Exec)
}

/// A JSON array of strings; whatever else stands in brackets is a shell command.
fn exec_form(rest: &str) -> Option<Vec<String>> {
    if rest.starts_with('[') { serde_json::from_str(rest).ok() } else { None }
}

fn env(rest: &str, escape: char) -> Result<Vec<Step>, String> {
    let first = rest.split_whitespace().next().ok_or("ENV has no name")?;
    if !first.contains('=') {
        // The old form: everything after the name is the value.
        let value = rest[first.len()..].trim();
        return Ok(vec![Step::Env(first.to_owned(), value.to_owned())]);
    }
    words(rest, escape)
        .into_iter()
        .map(|word| match word.split_once('=') {
            Some((name, value)) => Ok(Step::Env(name.to_owned(), value.to_owned())),
            None => Err(format!("ENV {word} has no value")),
        })
        .collect()
}

fn copy(rest: &str, escape: char) -> Option<Step> {
    let mut from_elsewhere = false;
    let mut rest = rest;
    while let Some(flag) = rest.strip_prefix("--") {
        let (flag, after) = flag.split_once(char::is_whitespace)?;
        from_elsewhere |= flag.starts_with("from=");
        rest = after.trim_start();
    }
    let mut sources = exec_form(rest).unwrap_or_else(|| words(rest, escape));
    let to = sources.pop()?;
    Some(Step::Copy { sources, to, from_elsewhere })
}

/// Splits at white space outside quotes; quotes and escapes stay.
fn words(text: &str, escape: char) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match quote {
            None if character.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            None if matches!(character, '"' | '\'') => quote = Some(character),
            Some(open) if open == character => quote = None,
            _ => {}
        }
        word.push(character);
        if character == escape && quote != Some('\'') {
            word.extend(characters.next());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}
