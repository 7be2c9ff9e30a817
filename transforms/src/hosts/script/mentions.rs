//! Where a line of a script names a host that nobody connects to: printed, compared, handed on.

use crate::hosts::{Role, key};

/// Commands whose arguments are no connections: they print, compare, edit, or mean files, users, images and objects.
#[rustfmt::skip]
const QUIET: &[&str] = &[
    "echo", "printf", "grep", "egrep", "fgrep", "sed", "awk", "gawk", "test", "[", "[[", "case", "log", "logger", "info",
    "warn", "error", "die", "fatal", "debug", "print", "say", "msg", "chown", "chgrp", "install", "docker", "podman",
    "nerdctl", "crictl", "ctr", "buildah", "skopeo", "kubectl", "oc", "jq", "yq", "tr", "cut", "date", "hostname", "exit",
    "return", "find", "expr", "openssl", "rabbitmqctl", "read", "alias", "tee", "cat", "git config",
];
/// Words of a shell that stand before a command.
const BEFORE: &[&str] = &[
    "if", "while", "until", "elif", "then", "do", "else", "!", "time", "exec", "sudo", "nohup", "eval", "{",
    "(",
];
/// Flags whose values are no connections: headers, names that a certificate must have, users.
const QUIET_FLAGS: &[&str] = &[
    "-H",
    "--header",
    "-e",
    "--referer",
    "-A",
    "--user-agent",
    "-servername",
    "--resolve",
    "--connect-to",
    "--label",
    "--tag",
    "--image",
    "-addext",
    "-subj",
];
/// What statements of SQL begin with.
const SQL: &[&str] = &["insert", "update", "delete", "grant", "revoke", "create", "alter", "select", "drop"];

/// Returns what a host is that stands at `at` in a line of a shell's script.
pub(super) fn in_shell(line: &str, at: usize, end: usize) -> Role {
    let Some(head) = line.get(..at) else { return Role::Connection };
    let state = State::at(head);
    if state.comment {
        return Role::Mention;
    }
    let command = head.get(state.command..).unwrap_or_default();
    let words: Vec<&str> = command.split_whitespace().skip_while(|word| is_before(word)).collect();
    let first = words.first().map_or("", |word| word.rsplit('/').next().unwrap_or(word));
    let two = words.get(1).map_or_else(String::new, |second| format!("{first} {second}"));
    let starts_line = head.trim().is_empty() && line.get(end..).is_some_and(is_pattern);
    if QUIET.contains(&first) || QUIET.contains(&two.as_str()) || starts_line {
        return Role::Mention;
    }
    let Some(quote) = state.quote else { return of_words(&words, head.ends_with(char::is_whitespace)) };
    let inside = head.get(quote + 1..).unwrap_or_default();
    let before: Vec<&str> = head.get(state.command..quote).unwrap_or_default().split_whitespace().collect();
    if is_header(inside) || is_sql(inside) {
        return Role::Mention;
    }
    // What is sent somewhere may be looked up there.
    if inside.trim_start().starts_with(['{', '[']) {
        return Role::Identity;
    }
    of_words(&before, head.get(..quote).is_some_and(|head| head.ends_with(char::is_whitespace)))
}

/// Returns what a flag or variable makes of the value behind it; `apart` tells that a blank stands between.
fn of_words(words: &[&str], apart: bool) -> Role {
    let before = if apart { words.len().checked_sub(1) } else { words.len().checked_sub(2) };
    let flag =
        before.and_then(|at| words.get(at)).filter(|word| word.starts_with('-') && !word.contains('='));
    let joined = words.last().filter(|_| !apart).and_then(|word| word.split_once('=')).map(|(name, _)| name);
    let names = [flag.copied(), joined].into_iter().flatten();
    let roles = names.map(|name| match QUIET_FLAGS.contains(&name) {
        true => Role::Mention,
        false => key::of(name.trim_start_matches('-')).role,
    });
    roles.max().unwrap_or(Role::Connection)
}

/// Returns what a host is that stands at `at` in a line of a program.
pub(super) fn in_program(line: &str, at: usize, end: usize) -> Role {
    // Nothing tells what a program does with a text.
    in_settings(line, at, end).max(Role::Identity)
}

/// Returns what a host is that stands at `at` in a line of settings that are written as a program.
pub(super) fn in_settings(line: &str, at: usize, end: usize) -> Role {
    let (Some(head), Some(tail)) = (line.get(..at), line.get(end..)) else { return Role::Connection };
    let compares =
        |text: &str| ["==", "!=", " in ", "startswith(", "assert"].iter().any(|word| text.contains(word));
    let comment = State::at(head).comment
        || [" // ", "/*", "\"\"\"", "'''", "--"].iter().any(|mark| head.contains(mark));
    // `NAMES = ["a:80", "b:80"]`: the first name counts for all, the nearest for its own.
    let first = line.split_once('=').and_then(|(first, _)| first.split_whitespace().last());
    let names = [first, nearest_key(head)].into_iter().flatten();
    let string = head.rsplit(['"', '\'']).next().unwrap_or_default();
    match comment || compares(head) || compares(tail) || is_sql(string) {
        true => Role::Mention,
        false => names.map(|name| key::of(name).role).max().unwrap_or(Role::Connection),
    }
}

/// Returns the name that a text before a value gives it: `name = "`, `"name": "`, `name: [`.
pub(super) fn nearest_key(head: &str) -> Option<&str> {
    let at = head.rfind(['=', ':']).filter(|at| !head[*at..].starts_with("://"));
    let at = at.or_else(|| head.rfind("://").and_then(|mark| head[..mark].rfind(['=', ':'])))?;
    let name = head[..at].trim_end_matches(['=', ':', ' ', '"', '\'', '>']);
    let start =
        name.rfind(|letter: char| !(letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.')));
    name.get(start.map_or(0, |at| at + 1)..).filter(|name| !name.is_empty())
}

/// What is open at the end of a text.
struct State {
    /// Where the command begins.
    command: usize,
    /// Where the string begins.
    quote: Option<usize>,
    comment: bool,
}

impl State {
    fn at(head: &str) -> Self {
        let mut state = Self { command: 0, quote: None, comment: false };
        let bytes = head.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            let next = bytes.get(at + 1);
            match (byte, state.quote.and_then(|quote| bytes.get(quote))) {
                (b'\\', _) => at += 1,
                (b'"' | b'\'', None) => state.quote = Some(at),
                (byte, Some(quote)) if byte == quote => state.quote = None,
                (b'$', Some(b'"') | None) if next == Some(&b'(') => {
                    (state.command, state.quote) = (at + 2, None);
                }
                (b'`', Some(b'"') | None) => (state.command, state.quote) = (at + 1, None),
                (b';' | b'|' | b'&' | b'(' | b'{', None) => state.command = at + 1,
                (b'#', None) if at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace) => {
                    state.comment = true;
                    return state;
                }
                _ => {}
            }
            at += 1;
        }
        state
    }
}

fn is_before(word: &str) -> bool {
    BEFORE.contains(&word)
        || word.split_once('=').is_some_and(|(name, _)| super::is_name(name) && !name.starts_with('-'))
}

/// Tells whether what follows makes a word the pattern of a `case`.
fn is_pattern(rest: &str) -> bool {
    let port = rest
        .strip_prefix(':')
        .map_or(rest, |rest| rest.trim_start_matches(|letter: char| letter.is_ascii_digit()));
    port.starts_with([')', '|'])
}

/// Tells whether a string begins as a header does: `Host: web`.
fn is_header(text: &str) -> bool {
    text.split_once(": ").or_else(|| text.split_once(':')).is_some_and(|(name, rest)| {
        !name.is_empty()
            && !rest.starts_with("//")
            && name.starts_with(|letter: char| letter.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

fn is_sql(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    text.trim_start().contains(' ') && SQL.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Tells whether a program or flag of an argument list makes the words behind it no connections.
pub(super) fn is_quiet(program: &str, flag: Option<&str>) -> bool {
    QUIET.contains(&program) || flag.is_some_and(|flag| QUIET_FLAGS.contains(&flag))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(role: fn(&str, usize, usize) -> Role, lines: &[&str]) -> Vec<Role> {
        let of = |line: &&str| {
            let at = line.find("web").expect("the host");
            role(line, at, at + 3)
        };
        lines.iter().map(of).collect()
    }

    #[test]
    fn what_a_shell_prints_compares_and_hands_on_is_no_connection() {
        let lines = [
            "echo \"http://web:80/ is up\"",
            "  printf '%s' web:80",
            "if grep -q web:80 /etc/hosts; then",
            "curl http://x/ | grep -q http://web:80",
            "[ \"$URL\" = \"http://web:80\" ] && exit 1",
            "X=1 sudo /bin/echo http://web:80",
            "curl -H \"Host: web:80\" http://10.0.0.1/",
            "curl -e http://web/ http://10.0.0.1/",
            "psql -c \"insert into t values ('http://web:80')\"",
            "web:80) run ;;",
            "docker run -d web:80",
            "sleep 1 # http://web:80",
            "app --oidc-labels=http://web:80",
            "git config --global url.\"http://web:80/\".insteadOf x",
        ];
        assert_eq!(roles(in_shell, &lines), [Role::Mention; 14]);
    }

    #[test]
    fn what_a_shell_runs_is_one() {
        let lines = [
            "curl -fsS \"http://web:80/\"",
            "until nc -z web:80; do sleep 1; done",
            "echo start; curl http://web:80",
            "echo \"$(curl -s http://web:80)\"",
            "X=$(wget -qO- http://web:80/x)",
            "URL=http://web:80",
            "mysql -e 'x' && curl 'http://web:80'",
            "exec app --url=http://web:80",
            "http://web:80",
        ];
        assert_eq!(roles(in_shell, &lines), [Role::Connection; 9]);
        assert_eq!(roles(in_shell, &["curl -d '{\"url\": \"http://web:80\"}' http://x"]), [Role::Identity]);
    }

    #[test]
    fn a_text_in_a_program_may_be_anything() {
        assert_eq!(roles(in_program, &["r = connect(\"http://web:80\")"]), [Role::Identity]);
        let lines =
            ["if url == \"http://web:80\":", "x = 1 # http://web:80", "db.run(\"GRANT ALL TO web:80\")"];
        assert_eq!(roles(in_program, &lines), [Role::Mention; 3]);
        assert_eq!(roles(in_settings, &["  radarr: [\"http://web:80\"],"]), [Role::Connection]);
        assert_eq!(roles(in_settings, &["  issuer: \"http://web:80\","]), [Role::Identity]);
        assert_eq!(roles(in_program, &["CSRF_TRUSTED_ORIGINS = [\"http://web:80\"]"]), [Role::Listing]);
    }
}
