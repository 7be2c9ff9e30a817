//! Files that are embedded in a value: their kind, and each kind's way of being read.

mod config;
mod json;
mod markup;

pub(super) use config::upstreams;

use super::{Found, Key, Roles, Slice, Subject, script, url};

/// How an embedded file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keys and values in strings.
    Json,
    /// Line by line: `key: value`, `key = value`, directives, items of lists.
    Config,
    /// A shell's script, or settings of that form: URLs and `host:port`.
    Shell,
    /// Program text, in which a string may be anything.
    Program,
    /// Text between tags: URLs.
    Markup,
    /// Text for people, or a certificate: nothing.
    Prose,
}

const SHELL: &[&str] = &["sh", "bash", "vcl", "star", "nu", "fish", "zsh", "expr", "alloy", "river"];
const PROGRAM: &[&str] = &[
    "py", "js", "mjs", "cjs", "ts", "rb", "pl", "lua", "php", "go", "groovy", "java", "kt", "ps1", "awk",
    "rego", "r",
];
const MARKUP: &[&str] = &["xml", "xsl", "plist"];
const PROSE: &[&str] = &[
    "md", "html", "htm", "svg", "css", "rst", "crt", "pem", "key", "cert", "csr", "cer", "pub", "license",
    "rules", "csv", "tsv", "log", "asc", "sig", "sql",
];
/// Endings that say a file is filled in first; the ending before it tells the kind.
const TEMPLATES: &[&str] = &["tpl", "tmpl", "template", "j2", "jinja", "gotmpl", "erb", "sample", "dist"];

/// Adds the hosts of the file `text`, which is called `name`. `base` is what its own key says.
pub(super) fn scan<'a>(text: &'a str, name: &str, base: Key, found: &mut Found<'a>) {
    let slice = Slice::whole(text);
    match kind(text, name) {
        Kind::Json => json::scan(&slice, found),
        Kind::Config => config::scan(&slice, base, found),
        Kind::Shell => script::scan_script(&slice, found),
        Kind::Program => script::scan_program(&slice, found),
        Kind::Markup => markup::scan(&slice, found),
        Kind::Prose => {}
    }
}

/// Tells whether a name in a ConfigMap's data is a file's name rather than a setting's.
pub(super) fn is_file_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        let known =
            ["json", "yaml", "yml", "conf", "cfg", "cnf", "ini", "toml", "properties", "env", "hcl", "txt"];
        !stem.is_empty()
            && [&known[..], SHELL, PROGRAM, MARKUP, PROSE, TEMPLATES]
                .iter()
                .any(|table| url::one_of(ending, table))
    })
}

fn kind(text: &str, name: &str) -> Kind {
    let mut stem = name;
    while let Some((rest, ending)) = stem.rsplit_once('.') {
        if url::one_of(ending, TEMPLATES) {
            stem = rest;
            continue;
        }
        let tables =
            [(SHELL, Kind::Shell), (PROGRAM, Kind::Program), (MARKUP, Kind::Markup), (PROSE, Kind::Prose)];
        for (table, kind) in tables {
            if url::one_of(ending, table) {
                return kind;
            }
        }
        break;
    }
    kind_by_content(text)
}

/// Programs, other than shells, that a script's first line may name.
const INTERPRETERS: &[&str] = &["python", "node", "ruby", "perl", "php", "lua", "deno", "awk"];

fn kind_by_content(text: &str) -> Kind {
    let head = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    if is_json(text) {
        // A dashboard is drawn in a browser, and names its sources otherwise.
        let is_dashboard = text.contains("\"panels\"") && text.contains("\"schemaVersion\"");
        if is_dashboard { Kind::Prose } else { Kind::Json }
    } else if let Some(program) = head.strip_prefix("#!").and_then(|rest| rest.lines().next()) {
        let other = INTERPRETERS.iter().any(|name| program.contains(name));
        if other { Kind::Program } else { Kind::Shell }
    } else if head.starts_with("-----BEGIN") {
        Kind::Prose
    } else if head.starts_with("<?xml")
        || head.starts_with("<!DOCTYPE")
        || head.starts_with('<') && head.contains(" xmlns")
    {
        Kind::Markup
    } else {
        Kind::Config
    }
}

/// Tells whether a text begins as JSON does.
pub(super) fn is_json(text: &str) -> bool {
    let head = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let after = |open: char| head.strip_prefix(open).map(str::trim_start);
    // Erlang's terms begin with brackets of both kinds as well.
    let object =
        |rest: &str| rest.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']));
    object(head) || after('[').is_some_and(object)
}

/// Returns the lines, without what ends them.
pub(super) fn lines<'a>(slice: &Slice<'a>) -> impl Iterator<Item = Slice<'a>> + use<'a> {
    let slice = slice.clone();
    let mut at = slice.range.start;
    std::iter::from_fn(move || {
        let rest = slice.text.get(at..slice.range.end).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let line = slice.part(at..at + end);
        at = (at + end + 1).min(slice.range.end);
        Some(line)
    })
}

/// Returns what the keys of a line say; a bare word under a file's own key means nothing unless it is a list of hosts.
fn meaning_below(base: Key, keys: &[&str], roles: Roles) -> Key {
    if keys.is_empty() {
        let subject = if base.subject == Subject::Hosts { Subject::Hosts } else { Subject::Any };
        return Key { subject, ..base };
    }
    roles.path(keys)
}

#[cfg(test)]
mod tests;
