//! The decision table: what is to be said of one composed container. The first row that matches wins.

mod seen;

use crate::{
    argv::{self, DEFAULT_PATH, Entrypoint, Shape, basename, dissect, same_program},
    catalog,
    facts::{Forwards, ImageFacts, Presence},
    finding::{Applicability, Evidence},
};

/// All that the table looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    /// The words of `command`; never empty.
    pub(super) command: &'a [String],
    /// The words of `args`.
    pub(super) args: &'a [String],
    /// The last part of the image's repository, which often is the name of its program.
    pub(super) image_name: &'a str,
    /// What is known of the image, or why nothing is.
    pub(super) image: Result<&'a ImageFacts, &'a str>,
    /// Whether the first word is a program in the image, where somebody looked.
    pub(super) presence: Option<&'a Presence>,
    /// What a cluster tells of a container of this image that could not start the first word.
    pub(super) crash: Option<&'a Evidence>,
    /// Another container of the repository that gives the first word to this image as an argument.
    pub(super) used_elsewhere: Option<&'a Evidence>,
    /// PATH as the pod sets it.
    pub(super) pod_path: Option<&'a str>,
    /// Whether the pod runs on Windows.
    pub(super) windows: bool,
}

/// What the table says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing is wrong, or nothing can be known; with the reason, for those who ask.
    Leave(String),
    /// The command repeats the whole entrypoint; this many words are the entrypoint's.
    Repeats(usize),
    /// `args` = the command without its first words ++ args.
    Move(Move),
    /// Something is wrong and no change is offered.
    Show {
        /// What is wrong.
        problem: Problem,
        /// Why there is no change, and what a person can do.
        reason: String,
        /// How this is known.
        evidence: Vec<Evidence>,
    },
}

/// A change of `command` to `args`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Move {
    /// How many words go, because the entrypoint says them already.
    pub(super) dropped: usize,
    /// How far the change may be trusted.
    pub(super) tier: Applicability,
    /// Why it is not trusted more.
    pub(super) reasons: Vec<String>,
    /// What is wrong today.
    pub(super) problem: Problem,
    /// How this is known.
    pub(super) evidence: Vec<Evidence>,
}

/// What is wrong today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    /// The first word cannot be a program.
    Flag,
    /// The first word is proven to be no program in the image.
    Absent,
    /// A cluster did not find the first word, and more is not known.
    NotFound,
    /// The first word is an argument of the entrypoint's program, and probably no program itself.
    Argument,
    /// The command starts, and the image's init is left out.
    InitSkipped,
}

/// Programs that people run on purpose in place of the entrypoint: shells, and what keeps a pod alive for debugging.
const STAND_INS: &[&str] = &[
    "sh", "bash", "ash", "dash", "zsh", "ksh", "busybox", "sleep", "tail", "env", "cat", "true", "false", "yes", "echo",
    "printf", "test", "timeout", "nohup", "nsenter", "chroot", "strace", "gdb", "dlv",
];

/// Inits that people put in front by hand. An image that has none would not start, but that is no wrapper overridden.
const INITS: &[&str] = &["tini", "tini-static", "dumb-init", "catatonit", "docker-init", "s6-svscan"];

/// Decides: by the table, and by what a cluster has seen, which outweighs it.
pub(super) fn decide(case: Case<'_>) -> Decision {
    let decision = match (case.image, case.command.first()) {
        (Ok(image), Some(word)) => seen::contradicted(image, word, table(case)),
        _ => table(case),
    };
    match case.crash {
        Some(crash) => seen::crashed(&case, crash, decision),
        None => decision,
    }
}

/// Decides by the table in the rule's README.
fn table(case: Case<'_>) -> Decision {
    let Some(word) = case.command.first().map(String::as_str) else { return leave("there is no command") };
    if let Some(reason) = not_judged(word, case.windows) {
        return leave(reason);
    }
    let image = match case.image {
        Ok(image) => image,
        Err(reason) => return unknown_image(word, reason),
    };
    if image.windows {
        return leave("the image is a Windows image");
    }
    let entrypoint = dissect(&image.entrypoint);
    if entrypoint.shape == Shape::None {
        return leave("the image has no entrypoint: args would be executed in place of the command");
    }
    if STAND_INS.contains(&basename(word)) {
        return leave(format!("{word} is run in place of the entrypoint on purpose"));
    }
    if entrypoint.shape == (Shape::ShellForm { uses_arguments: false }) {
        return leave("the image's entrypoint is in shell form and drops its arguments");
    }
    let path = case.pod_path.or(image.path.as_deref()).unwrap_or(DEFAULT_PATH);
    if repeats(case.command, &image.entrypoint, path) {
        let length = image.entrypoint.len();
        let bare = case.command.len() == length && case.args.is_empty();
        return if bare && !image.cmd.is_empty() {
            leave("the command repeats the entrypoint, and without it the image's CMD would come back")
        } else {
            Decision::Repeats(length)
        };
    }
    if INITS.contains(&basename(word)) {
        return leave(format!("the command brings its own init, {word}"));
    }
    if word.starts_with('-') {
        return flag(word, image);
    }
    if word.starts_with('/') || is_program(word, image, case.presence, path) {
        return starts(&case, image, &entrypoint, path);
    }
    bare_word(word, &case, image, &entrypoint)
}

fn leave(reason: impl Into<String>) -> Decision {
    Decision::Leave(reason.into())
}

/// Row 2: words that say nothing about the image.
fn not_judged(word: &str, windows: bool) -> Option<String> {
    if windows {
        return Some("the pod runs on Windows".to_owned());
    }
    if word.is_empty() {
        return Some("the first word of the command is empty".to_owned());
    }
    if word.contains(char::is_whitespace) {
        return Some("the command is one string with white space".to_owned());
    }
    if word.starts_with('-') {
        // Whatever is filled in later and whatever path follows, it stays a flag.
        return None;
    }
    if word.contains("$(") || word.contains("${") || word.contains("{{") {
        return Some("the first word of the command is filled in later".to_owned());
    }
    (word.contains('/') && !word.starts_with('/'))
        .then(|| "the first word of the command is a path relative to the working folder".to_owned())
}

/// Row 3.
fn unknown_image(word: &str, reason: &str) -> Decision {
    if !word.starts_with('-') {
        return leave(format!("the image's entrypoint is not known: {reason}"));
    }
    Decision::Show {
        problem: Problem::Flag,
        reason: format!(
            "what the image runs is not known ({reason}); state it under `images:` in .caulk.yaml or run with --online"
        ),
        evidence: Vec::new(),
    }
}

/// Row 7: tells whether the command begins with the whole entrypoint.
fn repeats(command: &[String], entrypoint: &[String], path: &str) -> bool {
    let Some((first, rest)) = entrypoint.split_first() else { return false };
    command.len() >= entrypoint.len()
        && same_program(&command[0], first, path)
        && command[1..entrypoint.len()] == *rest
}

/// Row 9.
fn flag(word: &str, image: &ImageFacts) -> Decision {
    let evidence = image.evidence.clone();
    let forwards = argv::forwards(image);
    let moved = |tier, reasons| {
        Decision::Move(Move { dropped: 0, tier, reasons, problem: Problem::Flag, evidence: evidence.clone() })
    };
    match forwards {
        Forwards::OwnProgram | Forwards::PrependIfFlag | Forwards::PrependIfUnknown => {
            moved(Applicability::Safe, Vec::new())
        }
        Forwards::Presumed => moved(
            Applicability::Unsafe,
            vec!["nobody has stated that the entrypoint hands its arguments to its own program".to_owned()],
        ),
        Forwards::Exec => Decision::Show {
            problem: Problem::Flag,
            reason: format!("the image's entrypoint executes its first argument, so `{word}` in args would not help"),
            evidence,
        },
        Forwards::Ignored => Decision::Show {
            problem: Problem::Flag,
            reason: "the image's entrypoint drops its arguments, so args would not help".to_owned(),
            evidence,
        },
        Forwards::Unknown => Decision::Show {
            problem: Problem::Flag,
            reason: "what the image's entrypoint does with its arguments is not known; \
                     state `forwards` for the image under `images:` in .caulk.yaml"
                .to_owned(),
            evidence,
        },
    }
}

/// Tells whether a bare word is known to be a program on PATH.
fn is_program(word: &str, image: &ImageFacts, presence: Option<&Presence>, path: &str) -> bool {
    let stated = image.programs.iter().any(|program| program == word);
    stated || matches!(presence, Some(Presence::Present(..))) || argv::starts(image, word, path)
}

/// Row 8: the command starts. The only question is whether an init is left out that should be there.
fn starts(case: &Case<'_>, image: &ImageFacts, entrypoint: &Entrypoint<'_>, path: &str) -> Decision {
    let program = &image.entrypoint[entrypoint.skipped..];
    let init_program = !program.is_empty() && repeats(case.command, program, path);
    if !entrypoint.has_init || !(entrypoint.shape == Shape::Executes || init_program) {
        return leave("the first word of the command is a program that can be started");
    }
    let dropped = if init_program { program.len() } else { 0 };
    if case.command.len() == dropped && case.args.is_empty() && !image.cmd.is_empty() {
        return leave("without the command the image's CMD would come back");
    }
    Decision::Move(Move {
        dropped,
        tier: Applicability::Unsafe,
        reasons: vec!["it changes what runs: the image's init comes back".to_owned()],
        problem: Problem::InitSkipped,
        evidence: image.evidence.clone(),
    })
}

/// Rows 10 to 14.
fn bare_word(word: &str, case: &Case<'_>, image: &ImageFacts, entrypoint: &Entrypoint<'_>) -> Decision {
    let accepted = accepted(word, case, image);
    let absent = absent(word, case, image);
    let forwards = argv::forwards(image);
    let common = catalog::is_common_program(word);
    // Behind a script the program is not to be seen, but it is mostly called as the image is.
    let own_name = word == case.image_name
        || matches!(entrypoint.shape, Shape::Program(program) if basename(program) == word);
    let mut evidence = image.evidence.clone();
    evidence.extend(accepted.iter().flatten().cloned());
    evidence.extend(absent.iter().flatten().cloned());
    let moved = |tier, reason: Option<String>, problem| {
        let reasons = reason.into_iter().collect();
        Decision::Move(Move { dropped: 0, tier, reasons, problem, evidence: evidence.clone() })
    };
    match (forwards, accepted.is_some(), absent.is_some()) {
        (Forwards::OwnProgram, true, true) => moved(Applicability::Safe, None, Problem::Absent),
        (Forwards::OwnProgram, false, true) if !common => moved(
            Applicability::Unsafe,
            Some(format!("`{word}` is not known to be an argument that the entrypoint's program takes")),
            Problem::Absent,
        ),
        (Forwards::OwnProgram, true, false) if !common => moved(
            Applicability::Unsafe,
            Some(format!("`{word}` is not proven to be absent from the image")),
            Problem::Argument,
        ),
        (Forwards::OwnProgram | Forwards::Presumed, _, _) if !common && !own_name => moved(
            Applicability::Unsafe,
            Some(format!("neither is `{word}` proven to be absent from the image, nor to be an argument of its program")),
            Problem::Argument,
        ),
        (Forwards::PrependIfUnknown, _, true) => moved(
            Applicability::Unsafe,
            Some(format!("`{word}` is not known to be an argument that the entrypoint's program takes")),
            Problem::Absent,
        ),
        (Forwards::Exec | Forwards::PrependIfFlag, _, true) => Decision::Show {
            problem: Problem::Absent,
            reason: format!(
                "the image's entrypoint executes its first argument, so args would not help{}",
                near_names(word, image)
            ),
            evidence,
        },
        _ => leave(format!("nothing is known that speaks against starting `{word}`")),
    }
}

/// Returns how it is known that the entrypoint's program takes the word as its first argument.
fn accepted(word: &str, case: &Case<'_>, image: &ImageFacts) -> Option<Vec<Evidence>> {
    if image.arguments.iter().any(|argument| argument == word) || image.cmd.first().is_some_and(|cmd| cmd == word) {
        return Some(Vec::new());
    }
    case.used_elsewhere.map(|evidence| vec![evidence.clone()])
}

/// Returns how it is known that the word is no program on PATH.
fn absent(word: &str, case: &Case<'_>, image: &ImageFacts) -> Option<Vec<Evidence>> {
    if let Some(Presence::Absent(evidence)) = case.presence {
        return Some(vec![evidence.clone()]);
    }
    let missing = image.programs_complete && !image.programs.iter().any(|program| program == word);
    (missing || image.absent.iter().any(|absent| absent == word)).then(Vec::new)
}

/// Returns the programs of the image whose names are near to the word, as a clause.
fn near_names(word: &str, image: &ImageFacts) -> String {
    let near: Vec<&str> = image
        .programs
        .iter()
        .map(String::as_str)
        .filter(|name| name.starts_with(word) || word.starts_with(name) || is_one_edit_apart(name, word))
        .take(3)
        .collect();
    if near.is_empty() { String::new() } else { format!("; programs there: {}", near.join(", ")) }
}

fn is_one_edit_apart(a: &str, b: &str) -> bool {
    let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a.as_bytes()[common..], &b.as_bytes()[common..]);
    match a.len().cmp(&b.len()) {
        std::cmp::Ordering::Equal => a.get(1..) == b.get(1..),
        std::cmp::Ordering::Less => b.get(1..) == Some(a),
        std::cmp::Ordering::Greater => a.get(1..) == Some(b),
    }
}

#[cfg(test)]
mod tests;
