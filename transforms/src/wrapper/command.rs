//! One simple command, and what an `exec` hands its arguments to.

use super::{Target, basename, is_all_arguments, is_literal, mentions, unquoted};
use crate::argv::{self, Shape};

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// Its words as written, without leading assignments and without redirections.
    pub(super) words: Vec<String>,
    /// The conditions around it, outermost first, as written.
    pub(super) guards: Vec<String>,
    pub(super) in_function: bool,
    /// Whether it runs in a process of its own: a pipeline, a subshell or the background.
    pub(super) piped: bool,
}

impl Command {
    pub(super) fn name(&self) -> Option<&str> {
        self.words.first().map(String::as_str)
    }

    /// Tells whether it always runs, in the script's own process.
    pub(super) fn is_top_level(&self) -> bool {
        self.guards.is_empty() && !self.in_function && !self.piped
    }

    /// Tells whether it replaces the positional parameters: `set -- a`, `set a`, but not `set -eo pipefail`.
    pub(super) fn sets_arguments(&self) -> bool {
        let mut words = self.words.iter();
        if words.next().is_none_or(|name| name != "set") {
            return false;
        }
        while let Some(word) = words.next() {
            match word.strip_prefix(['-', '+']) {
                Some("" | "-") | None => return true,
                Some(flags) if flags.ends_with('o') => _ = words.next(),
                Some(_) => {}
            }
        }
        false
    }

    /// Tells whether an `exec` changes descriptors only.
    pub(super) fn only_redirects(&self) -> bool {
        self.words.len() == 1
    }

    /// Returns what an `exec` hands all the arguments to; `None` if it does anything else with them.
    pub(super) fn exec_target(&self) -> Option<Target> {
        let words: Vec<&str> = self.words.iter().skip(1).map(String::as_str).collect();
        if words.iter().filter(|word| is_all_arguments(word)).count() != 1 {
            return None;
        }
        let rest = without_wrappers(&words)?;
        match rest {
            [all] if is_all_arguments(all) => Some(Target::Arguments),
            [script, all] if is_all_arguments(all) && matches!(*script, "$0" | "\"$0\"" | "\"${0}\"") => {
                Some(Target::Itself)
            }
            [before @ .., all] if is_all_arguments(all) => target_of(before),
            _ => None,
        }
    }
}

/// Returns what words of an `exec` do with the arguments behind them. A script, another entrypoint among them, may do
/// anything, and a shell takes its first argument for a script.
fn target_of(before: &[&str]) -> Option<Target> {
    if !before.first().is_some_and(|word| is_literal(word)) || before.iter().any(|word| mentions(word)) {
        return None;
    }
    let words: Vec<String> = before.iter().map(|word| unquoted(word)).collect();
    match argv::dissect(&words).shape {
        Shape::Executes => Some(Target::Arguments),
        Shape::Program(program) if !program.starts_with('-') && !executes(basename(program)) => {
            Some(Target::Program(program.to_owned()))
        }
        _ => None,
    }
}

/// Programs that execute their arguments and are no wrappers of entrypoints.
fn executes(name: &str) -> bool {
    matches!(
        name,
        "su" | "sudo"
            | "doas"
            | "xargs"
            | "eval"
            | "time"
            | "timeout"
            | "unshare"
            | "nsenter"
            | "chroot"
            | "runuser"
            | "start-stop-daemon"
            | "with-contenv"
    )
}

/// Skips the programs that execute what follows them: `gosu user`, `tini --`, `env A=b`.
fn without_wrappers<'a>(words: &'a [&'a str]) -> Option<&'a [&'a str]> {
    let mut rest = words;
    loop {
        let name = unquoted(rest.first()?);
        match basename(&name) {
            "gosu" | "su-exec" | "s6-setuidgid" if is_literal(&name) => {
                // The user may be a variable, but a missing one would make the first argument the user.
                let user = rest.get(1)?;
                if is_all_arguments(user) || user.starts_with('$') {
                    return None;
                }
                rest = rest.get(2..)?;
            }
            "tini" | "tini-static" | "docker-init" | "dumb-init" | "catatonit" => {
                rest = without_flags(rest.get(1..)?, &["-p", "-e", "-r", "--rewrite"])?;
            }
            "setpriv" => {
                rest = without_flags(
                    rest.get(1..)?,
                    &["--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps"],
                )?;
            }
            "env" => {
                rest = rest.get(1..)?;
                while rest.first().is_some_and(|word| is_assignment(word)) {
                    rest = rest.get(1..)?;
                }
            }
            _ => return Some(rest),
        }
    }
}

fn without_flags<'a>(words: &'a [&'a str], with_value: &[&str]) -> Option<&'a [&'a str]> {
    let mut rest = words;
    while let Some(word) = rest.first().filter(|word| word.starts_with('-')) {
        rest = rest.get(if with_value.contains(word) { 2 } else { 1 }..)?;
        if *word == "--" {
            break;
        }
    }
    Some(rest)
}

pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        let name = name.strip_suffix('+').unwrap_or(name);
        !name.is_empty()
            && !name.starts_with(|character: char| character.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}
