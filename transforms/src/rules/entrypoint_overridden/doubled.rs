//! Words that would not do behind the entrypoint although they are arguments: said twice, or in the place of others.

use super::change::is_flag;
use crate::{
    argv::{self, dissect},
    facts::{Forwards, ImageFacts},
    model::Words,
    rules::container_run::Run,
};

/// What speaks against putting the words of `command` before `args`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Objection {
    /// The person wrote the same thing twice and meant it once.
    Twice(String),
    /// Nobody has proven that the entrypoint's program takes the words together.
    Together(String),
}

/// Returns what speaks against the words that would come behind the entrypoint.
///
/// What an overlay adds to args counts only for what is missing: its author wrote it for a container with args, and knew them.
pub(super) fn objection(run: &Run<'_>, facts: &ImageFacts) -> Option<Objection> {
    let (command, all) = (run.command.list()?, run.args.list()?);
    let (word, args) = (command.first()?, Words::of(run.node.get("args")));
    let args = args.list()?;
    let repeats = args.starts_with(command) || !is_flag(word) && args.first() == Some(word);
    if repeats {
        return Some(Objection::Twice(format!(
            "args begins with `{word}` too, so it would be given twice: if it is meant once, write it once, in args"
        )));
    }
    given_twice(command, args, facts)
        .or_else(|| two_subcommands(word, args, facts))
        .or_else(|| without_subcommand(command, all, facts))
        .map(Objection::Together)
}

/// Many programs refuse a flag that they are given a second time; of some it is known that the later value counts.
fn given_twice(command: &[String], args: &[String], facts: &ImageFacts) -> Option<String> {
    let name = |word: &String| match word.split_once('=') {
        Some((name, _)) if is_flag(word) => name.to_owned(),
        _ => word.clone(),
    };
    let own = facts.entrypoint.iter().skip(dissect(&facts.entrypoint).skipped + 1);
    let others: Vec<String> = own.chain(args).map(name).collect();
    let said = command.iter().enumerate().filter(|(number, word)| *number == 0 || is_flag(word));
    let twice = said.map(|(_, word)| name(word)).find(|name| others.contains(name) && !facts.repeatable.contains(name))?;
    Some(format!("`{twice}` would be given twice"))
}

fn two_subcommands(word: &str, args: &[String], facts: &ImageFacts) -> Option<String> {
    let known = |word: &str| facts.arguments.iter().any(|argument| argument == word);
    let other = args.first().filter(|other| known(other) && known(word))?;
    Some(format!("args begins with `{other}`, which is an argument of the same kind as `{word}`"))
}

/// Flags alone take the place of CMD, and with it that of the subcommand that they may belong to.
fn without_subcommand(command: &[String], args: &[String], facts: &ImageFacts) -> Option<String> {
    let subcommand = facts.cmd.first().filter(|word| !word.starts_with(['-', '/']))?;
    let says = |word: &String| word == subcommand || facts.arguments.contains(word);
    let flags = command.iter().chain(args).next().is_some_and(|word| word.starts_with('-'));
    let replaces = argv::forwards(facts) == Forwards::OwnProgram && flags;
    (replaces && !command.iter().chain(args).any(says))
        .then(|| format!("args would replace the image's CMD, and with it the word `{subcommand}`"))
}
