//! Reads a small entrypoint script and tells what it does with its arguments.
//!
//! The reading is conservative: whatever is not one of the few forms below is [`Forwards::Unknown`]. A script
//! that is read wrongly as "hands its arguments to its program" could make a wrong change look proven, so
//! every doubt (a sourced file, `eval`, a heredoc inside a substitution, a function that executes) ends the reading.

mod command;
mod lexer;
mod script;
#[cfg(test)]
mod tests;

use crate::facts::Forwards;
use command::Command;
use script::Script;

/// What a script does with its arguments, and which of its lines says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What becomes of the arguments.
    pub forwards: Forwards,
    /// The program that gets them, or that is put in front of them, where the script names one literally.
    pub program: Option<String>,
    /// Why it was read so, as a lower-case fragment.
    pub why: String,
}

impl Reading {
    fn unknown(why: impl Into<String>) -> Self {
        Self { forwards: Forwards::Unknown, program: None, why: why.into() }
    }
}

/// Reads a script; one that is no plain POSIX shell or bash script is unknown.
#[must_use]
pub fn read(text: &str) -> Reading {
    if !has_shell_shebang(text) {
        return Reading::unknown("it is no sh or bash script");
    }
    let script = match script::parse(text) {
        Ok(script) => script,
        Err(why) => return Reading::unknown(why),
    };
    if let Some(why) = doubt(&script) {
        return Reading::unknown(why);
    }
    classify(text, &script)
}

/// Tells whether a script begins with the shebang of a shell whose language is read here.
fn has_shell_shebang(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else {
        return false;
    };
    let mut words = line.split_whitespace();
    let interpreter = words.next().map(basename);
    let name = match interpreter {
        Some("env") => words.find(|word| !word.starts_with('-')).map(basename),
        other => other,
    };
    matches!(name, Some("sh" | "bash" | "dash" | "ash"))
}

/// Returns what makes every further reading a guess.
fn doubt(script: &Script) -> Option<String> {
    for command in &script.commands {
        match command.name() {
            Some(name @ ("eval" | "source" | "." | "getopts" | "alias" | "command" | "builtin")) => {
                // `command -v` only looks a name up.
                if name == "command" && command.words.get(1).is_some_and(|word| word == "-v") {
                    continue;
                }
                return Some(format!("it uses `{name}`"));
            }
            Some("exec") if command.piped => return Some("it executes inside a pipeline".to_owned()),
            Some("exec") if command.in_function => return Some("a function of it executes".to_owned()),
            Some("set") if command.in_function && command.sets_arguments() => {
                return Some("a function of it sets arguments".to_owned());
            }
            Some("shift") => return Some("it shifts its arguments".to_owned()),
            _ => {}
        }
    }
    None
}

fn classify(text: &str, script: &Script) -> Reading {
    if !mentions_arguments(text, script) {
        return ignored(script);
    }
    let Some(last) = script.commands.iter().rfind(|command| command.is_top_level()) else {
        return Reading::unknown("nothing stands at its end");
    };
    if script.commands.last() != Some(last) || last.name() != Some("exec") {
        return Reading::unknown("its last command is no `exec`");
    }
    let Some(target) = last.exec_target() else {
        return Reading::unknown("its last `exec` does not end in \"$@\"");
    };
    let prepends = match prepends(script) {
        Ok(prepends) => prepends,
        Err(why) => return Reading::unknown(why),
    };
    if let Some(why) = strange_branch(script, &target, last) {
        return Reading::unknown(why);
    }
    conclude(target, prepends)
}

fn conclude(target: Target, prepends: Option<Prepend>) -> Reading {
    match (target, prepends) {
        (Target::Arguments, None) => {
            Reading { forwards: Forwards::Exec, program: None, why: "it ends in exec \"$@\"".to_owned() }
        }
        (Target::Arguments, Some(prepend)) => Reading {
            why: match prepend.forwards {
                Forwards::PrependIfFlag => {
                    format!("it puts {} before flags and ends in exec \"$@\"", prepend.program)
                }
                _ => format!(
                    "it puts {} before flags and unknown words and ends in exec \"$@\"",
                    prepend.program
                ),
            },
            forwards: prepend.forwards,
            program: Some(prepend.program),
        },
        (Target::Program(program), None) => Reading {
            why: format!("it ends in exec {program} ... \"$@\""),
            forwards: Forwards::OwnProgram,
            program: Some(program),
        },
        (Target::Program(_) | Target::Itself, _) => {
            Reading::unknown("it both changes its arguments and runs a program")
        }
    }
}

fn ignored(script: &Script) -> Reading {
    match script.commands.iter().rfind(|command| command.is_top_level()) {
        Some(last) if script.commands.last() == Some(last) && last.name() == Some("exec") => Reading {
            forwards: Forwards::Ignored,
            program: last.words.get(1).filter(|word| is_literal(word)).cloned(),
            why: "it never looks at its arguments".to_owned(),
        },
        _ => Reading::unknown("its last command is no `exec`"),
    }
}

/// What an `exec` hands the arguments to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The first argument is executed.
    Arguments,
    /// A program that the script names.
    Program(String),
    /// The script itself, again, usually as another user.
    Itself,
}

struct Prepend {
    program: String,
    forwards: Forwards,
}

/// Returns what `set -- program "$@"` puts in front of the arguments, and when.
fn prepends(script: &Script) -> Result<Option<Prepend>, String> {
    let mut found: Option<Prepend> = None;
    for command in script.commands.iter().filter(|command| command.sets_arguments()) {
        let program = match command.words.as_slice() {
            [_, dashes, program, middle @ .., all]
                if dashes == "--"
                    && is_literal(program)
                    && is_all_arguments(all)
                    && middle.iter().all(|word| is_literal(word)) =>
            {
                unquoted(program)
            }
            _ => return Err("it sets its arguments in an unfamiliar way".to_owned()),
        };
        let [guard] = command.guards.as_slice() else {
            return Err("it sets its arguments under an unfamiliar condition".to_owned());
        };
        let forwards =
            guard_of_prepend(guard).ok_or("it sets its arguments under an unfamiliar condition")?;
        if found.is_some() {
            return Err("it sets its arguments more than once".to_owned());
        }
        found = Some(Prepend { program, forwards });
    }
    Ok(found)
}

/// Returns when a condition holds: for flags, or for flags and words that are no programs.
fn guard_of_prepend(guard: &str) -> Option<Forwards> {
    let text: String =
        guard.split_whitespace().collect::<Vec<_>>().join(" ").replace("${1}", "$1").replace(['"', '\''], "");
    let flag = [
        "[ ${1#-} != $1 ]",
        "[ ${1:0:1} = - ]",
        "[[ ${1:0:1} = - ]]",
        "[ ${1:0:1} == - ]",
        "[[ ${1:0:1} == - ]]",
        "[[ $1 == -* ]]",
        "[[ $1 = -* ]]",
    ];
    let mut alternatives = text.split(" || ").map(str::trim);
    let first = alternatives.next()?;
    let is_case = first.starts_with("case $1 in") && first.ends_with("-*");
    if !is_case && !flag.contains(&first) && first != "test ${1#-} != $1" {
        return None;
    }
    let mut forwards = Forwards::PrependIfFlag;
    for alternative in alternatives {
        let unknown_word = ["[ -z $(command -v $1) ]", "! command -v $1", "! type $1", "[ -z $(which $1) ]"];
        if unknown_word.iter().any(|form| alternative.starts_with(form)) {
            forwards = Forwards::PrependIfUnknown;
        } else if !is_suffix_test(alternative) && !alternative.starts_with("{ [ -f $1 ] && ! [ -x $1 ]") {
            return None;
        }
    }
    Some(forwards)
}

/// `[ ${1%.conf} != $1 ]`: the first argument names a configuration file.
fn is_suffix_test(text: &str) -> bool {
    text.strip_prefix("[ ${1%.")
        .and_then(|rest| rest.strip_suffix("} != $1 ]"))
        .is_some_and(|suffix| !suffix.is_empty() && suffix.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Returns why a branch makes the end of the script unreliable.
fn strange_branch(script: &Script, target: &Target, last: &Command) -> Option<String> {
    for command in &script.commands {
        let depends = command.guards.iter().any(|guard| mentions(guard));
        match command.name() {
            Some("exec") if !std::ptr::eq(command, last) => match command.exec_target() {
                Some(Target::Itself) => {}
                Some(other) if other == *target && !depends => {}
                // `exec >file` and `exec 2>&1` replace descriptors, not the process.
                None if command.only_redirects() => {}
                _ => return Some("another branch executes something else".to_owned()),
            },
            Some("exit" | "return") if depends && !command.in_function => {
                return Some("it ends early for some arguments".to_owned());
            }
            _ => {}
        }
    }
    None
}

/// Tells whether the script looks at its arguments anywhere, in its functions too.
fn mentions_arguments(text: &str, script: &Script) -> bool {
    // `for x; do` goes over the arguments without naming them.
    mentions(text) || script.implicit_for
}

fn mentions(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'$', bytes).any(|at| {
        let next = match bytes.get(at + 1) {
            Some(b'{') => match bytes.get(at + 2) {
                Some(b'#' | b'!') => bytes.get(at + 3),
                other => other,
            },
            other => other,
        };
        matches!(next, Some(b'@' | b'*' | b'#' | b'1'..=b'9'))
    }) || text.contains("${#}")
        || text.contains("BASH_ARG")
}

pub(crate) fn is_all_arguments(word: &str) -> bool {
    matches!(word, "\"$@\"" | "\"${@}\"" | "$@" | "${@}" | "${1+\"$@\"}")
}

pub(crate) fn is_literal(word: &str) -> bool {
    !word.is_empty() && !word.contains(['$', '`', '*', '?', '[', '{', '~', '<', '>'])
}

pub(crate) fn unquoted(word: &str) -> String {
    word.chars().filter(|character| !matches!(character, '"' | '\'' | '\\')).collect()
}

pub(crate) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
