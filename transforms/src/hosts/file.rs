//! Files that are embedded in a value: their kind, and each kind's way of being read.

mod config;
mod json;

use super::{Found, Key, Slice, Subject, key, script, url};

/// How an embedded file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Keys and values in strings.
    Json,
    /// Line by line: `key: value`, `key = value`, directives, items of lists.
    Config,
    /// Program text: URLs and `host:port`.
    Code,
    /// Text between tags: URLs.
    Markup,
    /// Text for people, or a certificate: nothing.
    Prose,
}

const CODE: &[&str] = &[
    "sh", "bash", "py", "js", "mjs", "cjs", "ts", "rb", "pl", "lua", "php", "go", "groovy", "java", "kt",
    "ps1", "sql", "awk", "vcl", "rego", "star", "r", "nu", "fish", "zsh", "expr", "alloy", "river",
];
const MARKUP: &[&str] = &["xml", "xsl", "plist"];
const PROSE: &[&str] = &[
    "md", "html", "htm", "svg", "css", "rst", "crt", "pem", "key", "cert", "csr", "cer", "pub", "license",
    "rules", "csv", "tsv", "log", "asc", "sig",
];
/// Endings that say a file is filled in first; the ending before it tells the kind.
const TEMPLATES: &[&str] = &["tpl", "tmpl", "template", "j2", "jinja", "gotmpl", "erb", "sample", "dist"];

/// Adds the hosts of the file `text`, which is called `name`. `base` is what its own key says.
pub(super) fn scan<'a>(text: &'a str, name: &str, base: Key, found: &mut Found<'a>) {
    let slice = Slice::whole(text);
    match kind(text, name) {
        Kind::Json => json::scan(&slice, found),
        Kind::Config => config::scan(&slice, base, found),
        Kind::Code => script::scan_script(&slice, found),
        Kind::Markup => url::scan(&slice, Key::ANY, None, found),
        Kind::Prose => {}
    }
}

/// Tells whether a name in a ConfigMap's data is a file's name rather than a setting's.
pub(super) fn is_file_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        let known =
            ["json", "yaml", "yml", "conf", "cfg", "cnf", "ini", "toml", "properties", "env", "hcl", "txt"];
        !stem.is_empty()
            && [&known[..], CODE, MARKUP, PROSE, TEMPLATES].iter().any(|table| url::one_of(ending, table))
    })
}

fn kind(text: &str, name: &str) -> Kind {
    let mut stem = name;
    while let Some((rest, ending)) = stem.rsplit_once('.') {
        if url::one_of(ending, TEMPLATES) {
            stem = rest;
            continue;
        }
        for (table, kind) in [(CODE, Kind::Code), (MARKUP, Kind::Markup), (PROSE, Kind::Prose)] {
            if url::one_of(ending, table) {
                return kind;
            }
        }
        break;
    }
    kind_by_content(text)
}

fn kind_by_content(text: &str) -> Kind {
    let head = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let after = |open: char| head.strip_prefix(open).map(str::trim_start);
    if after('{').is_some_and(|rest| rest.starts_with('"'))
        || after('[').is_some_and(|rest| rest.starts_with('{'))
    {
        Kind::Json
    } else if head.starts_with("#!") {
        Kind::Code
    } else if head.starts_with("-----BEGIN") {
        Kind::Prose
    } else if head.starts_with("<?xml") || head.starts_with("<!DOCTYPE") {
        Kind::Markup
    } else {
        Kind::Config
    }
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
fn meaning_below(base: Key, keys: &[&str]) -> Key {
    if keys.is_empty() {
        let subject = if base.subject == Subject::Hosts { Subject::Hosts } else { Subject::Any };
        return Key { subject, ..base };
    }
    key::path(keys)
}

#[cfg(test)]
mod tests;
