//! What a container would run, and what an entrypoint is made of.
//!
//! Kubernetes executes `(command, or ENTRYPOINT if command is unset) ++ (args, or CMD only if both are unset)`.
//! Source: "Define a Command and Arguments for a Container" of the Kubernetes documentation.

use crate::facts::{Forwards, ImageFacts};

/// Returns the words that are executed. An empty `command` or `args` counts as unset.
#[must_use]
pub fn effective(image: &ImageFacts, command: &[String], args: &[String]) -> Vec<String> {
    let program = if command.is_empty() { &image.entrypoint } else { command };
    let rest = if command.is_empty() && args.is_empty() { &image.cmd } else { args };
    program.iter().chain(rest).cloned().collect()
}

/// What an entrypoint is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape<'a> {
    /// There is none: what is executed is CMD or args.
    None,
    /// An init or an exec wrapper alone (`tini --`, `gosu app`): it executes its first argument.
    Executes,
    /// The shell form, `/bin/sh -c TEXT`. Arguments arrive only where the text uses `$0`, `$@` or the like.
    ShellForm {
        /// Whether the text uses its arguments.
        uses_arguments: bool,
    },
    /// A bare shell or interpreter; what it does with a word is its own affair.
    Shell,
    /// A script, or what is named like one: only its text tells what it does.
    Script(&'a str),
    /// One program with its own arguments, behind an init or not.
    Program(&'a str),
}

/// An entrypoint taken apart: inits and loaders in front, then what they start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrypoint<'a> {
    /// How many words belong to inits, environment loaders and exec wrappers.
    pub skipped: usize,
    /// Whether one of these words is an init.
    pub has_init: bool,
    /// What they start.
    pub shape: Shape<'a>,
}

/// Takes an entrypoint apart.
#[must_use]
pub fn dissect(entrypoint: &[String]) -> Entrypoint<'_> {
    let mut skipped = 0;
    let mut has_init = false;
    while let Some((words, init)) = wrapper_words(&entrypoint[skipped..]) {
        skipped += words;
        has_init |= init;
    }
    let rest = &entrypoint[skipped..];
    let shape = match rest.first() {
        None if skipped == 0 => Shape::None,
        None => Shape::Executes,
        Some(program) => program_shape(program, &rest[1..]),
    };
    Entrypoint { skipped, has_init, shape }
}

/// Decides what the entrypoint does with its arguments: what was stated, else what its words prove.
#[must_use]
pub fn forwards(image: &ImageFacts) -> Forwards {
    match (dissect(&image.entrypoint).shape, image.forwards) {
        // The words themselves are proof, whatever else was said.
        (Shape::None | Shape::Executes, _) => Forwards::Exec,
        (Shape::ShellForm { uses_arguments: false }, _) => Forwards::Ignored,
        (_, stated) if stated != Forwards::Unknown => stated,
        (Shape::Program(_), _) => Forwards::Presumed,
        (Shape::ShellForm { .. } | Shape::Shell | Shape::Script(_), _) => Forwards::Unknown,
    }
}

/// Tells whether the image itself starts a program by this name, so that it is there: the entrypoint's words that are executed,
/// and the first word of CMD where the entrypoint executes it.
#[must_use]
pub fn starts(image: &ImageFacts, word: &str, path: &str) -> bool {
    let executed = dissect(&image.entrypoint).skipped + 1;
    let own = image.entrypoint.iter().take(executed).any(|own| same_program(word, own, path));
    let executes =
        matches!(forwards(image), Forwards::Exec | Forwards::PrependIfFlag | Forwards::PrependIfUnknown);
    own || executes && image.cmd.first().is_some_and(|cmd| same_program(word, cmd, path))
}

/// Returns the last part of a path.
#[must_use]
pub fn basename(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// Tells whether two words name the same program: equal, or one is a bare name and the other an absolute path to it in a
/// folder of `path`.
#[must_use]
pub fn same_program(a: &str, b: &str, path: &str) -> bool {
    let in_path = |bare: &str, absolute: &str| {
        !bare.contains('/')
            && absolute
                .rsplit_once('/')
                .is_some_and(|(folder, name)| name == bare && path.split(':').any(|entry| entry == folder))
    };
    a == b || in_path(a, b) || in_path(b, a)
}

/// PATH where an image sets none. Source: runc's and containerd's default environment.
pub const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Returns how many of the first words are a wrapper that executes what follows, and whether it is an init.
fn wrapper_words(words: &[String]) -> Option<(usize, bool)> {
    let (name, rest) = (basename(words.first()?), words.get(1..)?);
    match name {
        "dumb-init" | "tini" | "tini-static" | "catatonit" | "docker-init" => {
            Some((1 + init_options(name, rest), true))
        }
        "gosu" | "su-exec" if !rest.is_empty() => Some((2, false)),
        "setpriv" | "chpst" | "nice" | "ionice" | "stdbuf" | "numactl" | "nohup" | "exec" => {
            Some((1 + options(rest), false))
        }
        "env" => Some((
            1 + rest.iter().take_while(|word| word.contains('=') || word.starts_with('-')).count(),
            false,
        )),
        "ddtrace-run" | "opentelemetry-instrument" => Some((1, false)),
        "newrelic-admin" if rest.first().is_some_and(|word| word == "run-program") => Some((2, false)),
        "bundle" | "poetry" | "pipenv" | "uv" | "pdm" | "hatch"
            if rest.first().is_some_and(|word| word == "exec" || word == "run") =>
        {
            Some((2, false))
        }
        "chamber" | "aws-vault" | "doppler" | "envconsul" | "infisical" | "op" => {
            rest.iter().position(|word| word == "--").map(|dashes| (dashes + 2, false))
        }
        "vault-env" | "launcher" | "lifecycle" => Some((1, false)),
        _ => None,
    }
}

/// Counts the options of an init, its `--` included. Source: the usage texts of tini, dumb-init and catatonit.
fn init_options(name: &str, words: &[String]) -> usize {
    let takes_value: &[&str] = match name {
        "dumb-init" => &["-r", "--rewrite"],
        "tini" | "tini-static" | "docker-init" => &["-p", "-e"],
        _ => &[],
    };
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if word == "--" {
            return at + 1;
        }
        if !word.starts_with('-') {
            break;
        }
        at += if takes_value.contains(&word.as_str()) { 2 } else { 1 };
    }
    at.min(words.len())
}

/// Counts leading words that are options, `--` included; options with a value of their own end the count.
fn options(words: &[String]) -> usize {
    let flags = words.iter().take_while(|word| word.starts_with('-') && *word != "--").count();
    flags + usize::from(words.get(flags).is_some_and(|word| word == "--"))
}

fn program_shape<'a>(program: &'a str, rest: &[String]) -> Shape<'a> {
    let name = basename(program);
    let is_shell =
        matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" | "busybox" | "cmd" | "cmd.exe");
    if is_shell
        && rest.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains('c'))
    {
        let text = rest.iter().find(|word| !word.starts_with('-'));
        return Shape::ShellForm { uses_arguments: text.is_none_or(|text| uses_arguments(text)) };
    }
    if is_shell && rest.is_empty() {
        return Shape::Shell;
    }
    if is_shell {
        return Shape::Script(program);
    }
    let script = name.contains("entrypoint")
        || name.ends_with(".sh")
        || name.ends_with(".bash")
        || matches!(program, "/init" | "/my_init" | "/sbin/my_init" | "/usr/bin/supervisord")
        || matches!(name, "init" | "my_init" | "supervisord" | "s6-svscan" | "entry" | "start" | "run");
    if script { Shape::Script(program) } else { Shape::Program(program) }
}

/// Tells whether a shell text uses the words that follow it: `$0`, `$1`, `$@`, `$*`, `$#`, `shift`, in any spelling.
fn uses_arguments(text: &str) -> bool {
    let bytes = text.as_bytes();
    let positional =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_digit() || b"@*#".contains(byte));
    let dollar = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'$').any(|(at, _)| {
        positional(bytes.get(at + 1)) || bytes.get(at + 1) == Some(&b'{') && positional(bytes.get(at + 2))
    });
    dollar || text.contains("shift") || text.contains("getopts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    fn image(entrypoint: &str, cmd: &str) -> ImageFacts {
        ImageFacts { entrypoint: words(entrypoint), cmd: words(cmd), ..ImageFacts::default() }
    }

    #[test]
    fn kubernetes_drops_cmd_as_soon_as_anything_is_given() {
        let image = image("dumb-init -- ak", "worker");
        let run = |command: &str, args: &str| effective(&image, &words(command), &words(args)).join(" ");
        assert_eq!(run("", ""), "dumb-init -- ak worker");
        assert_eq!(run("", "server"), "dumb-init -- ak server");
        assert_eq!(run("server", ""), "server");
        assert_eq!(run("ak", "server"), "ak server");
    }

    #[test]
    fn entrypoints_are_taken_apart() {
        for (entrypoint, skipped, shape) in [
            ("", 0, Shape::None),
            ("tini --", 2, Shape::Executes),
            ("tini -g -e 143 --", 5, Shape::Executes),
            ("dumb-init --rewrite 15:3 -- ak", 4, Shape::Program("ak")),
            ("/usr/bin/dumb-init -- ak", 2, Shape::Program("ak")),
            ("catatonit -- /entrypoint.sh", 2, Shape::Script("/entrypoint.sh")),
            ("gosu app server", 2, Shape::Program("server")),
            ("env A=b server", 2, Shape::Program("server")),
            ("bundle exec", 2, Shape::Executes),
            ("chamber exec prod -- server", 4, Shape::Program("server")),
            ("/init", 0, Shape::Script("/init")),
            ("/bin/bash", 0, Shape::Shell),
            ("/bin/sh /start.sh", 0, Shape::Script("/bin/sh")),
            ("/usr/bin/prometheus", 0, Shape::Program("/usr/bin/prometheus")),
            ("java -jar a.jar", 0, Shape::Program("java")),
        ] {
            let words = words(entrypoint);
            let found = dissect(&words);
            assert_eq!((found.skipped, found.shape), (skipped, shape), "{entrypoint}");
        }
    }

    #[test]
    fn shell_forms_use_their_arguments_only_where_they_say_so() {
        for (text, used) in [
            ("exec app", false),
            ("exec app \"$@\"", true),
            ("app ${1}", true),
            ("app $HOME", false),
            ("shift; a", true),
        ] {
            let entrypoint = vec!["/bin/sh".to_owned(), "-c".to_owned(), text.to_owned()];
            assert_eq!(dissect(&entrypoint).shape, Shape::ShellForm { uses_arguments: used }, "{text}");
        }
    }

    #[test]
    fn what_the_words_prove_outweighs_what_was_stated() {
        let stated =
            |entrypoint: &str, forwards| super::forwards(&ImageFacts { forwards, ..image(entrypoint, "") });
        assert_eq!(stated("tini --", Forwards::OwnProgram), Forwards::Exec);
        assert_eq!(stated("ak", Forwards::Unknown), Forwards::Presumed);
        assert_eq!(stated("/entrypoint.sh", Forwards::Unknown), Forwards::Unknown);
        assert_eq!(stated("/entrypoint.sh", Forwards::OwnProgram), Forwards::OwnProgram);
    }

    #[test]
    fn a_bare_name_is_the_same_program_only_by_way_of_path() {
        assert!(same_program("ak", "/lifecycle/ak", "/lifecycle:/bin"));
        assert!(!same_program("ak", "/opt/ak", "/lifecycle:/bin"));
        assert!(same_program("/bin/a", "/bin/a", ""));
        assert!(!same_program("/bin/a", "/usr/bin/a", "/bin:/usr/bin"));
    }
}
