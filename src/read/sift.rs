//! Cheap looks at the bytes of a file, to parse only what may matter.
//!
//! Most YAML of a repository cannot concern any rule. Finding that out costs a hundredth of parsing it.

use caulk_transforms::{model::prefilter, path::RepoPath};
use memchr::memmem;

/// Words of which a file that matters holds at least one: what a container runs, and what decides where it runs and what
/// overlays make of it. In JSON the colon comes after a quote.
const WORDS: [&str; 9] =
    ["command", "args:", "args\"", "image:", "image\"", "images:", "kustomize.", "argoproj.io", "fluxcd.io"];

/// Tells whether a rule might find something in the file, or learn from it how another file is used.
///
/// It may err on the side of "yes" only: a file that it rejects holds no container, no kustomization and nothing that
/// delivers one.
pub(super) fn may_concern_a_rule(path: &RepoPath, bytes: &[u8]) -> bool {
    if matches!(path.name(), "kustomization.yaml" | "kustomization.yml" | "Kustomization") {
        return true;
    }
    let has = |word: &str| memmem::find(bytes, word.as_bytes()).is_some();
    (WORDS.iter().any(|word| has(word)) || prefilter::matters(path, bytes)) && !only_schemas(bytes)
}

/// Tells whether the bytes are UTF-8 text without NUL. The full check of control characters is the decoder's.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    memchr::memchr(0, bytes).is_none() && std::str::from_utf8(bytes).is_ok()
}

/// Tells whether a text that is no YAML looks like a Go template, as Helm charts hold them.
pub(super) fn is_template(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"{{").is_some_and(|at| memmem::find(&bytes[at..], b"}}").is_some())
}

/// Tells whether every document is a CustomResourceDefinition. These are the largest files of many repositories, full of
/// the words that are looked for, and never hold a container.
fn only_schemas(bytes: &[u8]) -> bool {
    const KIND: &[u8] = b"\nkind:";
    let value = |from: usize| {
        let rest = &bytes[from..];
        let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
        line.trim_ascii() == b"CustomResourceDefinition"
    };
    let mut schemas = 0;
    for at in memmem::find_iter(bytes, KIND) {
        if !value(at + KIND.len()) {
            return false;
        }
        schemas += 1;
    }
    if let Some(rest) = bytes.strip_prefix(&KIND[1..]) {
        if !value(bytes.len() - rest.len()) {
            return false;
        }
        schemas += 1;
    }
    // A document without such a line could be anything.
    let documents = memmem::find_iter(bytes, b"\n---").count() + 1;
    let leading = usize::from(opens_with_marker(bytes));
    schemas > 0 && documents - leading.min(documents - 1) <= schemas
}

/// Tells whether nothing but comments and blank lines stands before the first `---`.
fn opens_with_marker(bytes: &[u8]) -> bool {
    let Some(at) = memmem::find(bytes, b"\n---") else { return false };
    bytes[..at].split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str =
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {command: 1}\n";

    #[test]
    fn schemas_alone_are_passed_over() {
        for text in [
            SCHEMA.to_owned(),
            format!("---\n{SCHEMA}"),
            format!("# about\n\n---\n{SCHEMA}"),
            format!("{SCHEMA}---\n{SCHEMA}"),
            format!("kind: CustomResourceDefinition\ncommand: x\n---\n{SCHEMA}"),
        ] {
            assert!(only_schemas(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_schema_beside_something_else_is_read() {
        for text in [
            format!("{SCHEMA}---\nkind: Deployment\n"),
            format!("kind: Deployment\n---\n{SCHEMA}"),
            format!("{SCHEMA}---\n  kind: Deployment\n"),
            format!("{{kind: Pod}}\n---\n{SCHEMA}"),
            "command: x\n".to_owned(),
            String::new(),
        ] {
            assert!(!only_schemas(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn what_has_a_command_args_or_overlays_is_read() {
        let wanted = |path: &str, text: &str| {
            may_concern_a_rule(&RepoPath::new(path).expect("a path"), text.as_bytes())
        };
        assert!(wanted("a.yaml", "command: [x]"));
        assert!(wanted("a.yaml", "{\"image\": 1, \"args\": []}"));
        assert!(wanted("a.yaml", "{\"c\\u006fmmand\": []}"));
        assert!(wanted("a/kustomization.yaml", ""));
        assert!(wanted("a.yaml", "- image: x"));
        assert!(wanted("a.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization"));
        assert!(!wanted("a.yaml", "kind: Secret\ndata: { imagery: x }"));
    }
}
