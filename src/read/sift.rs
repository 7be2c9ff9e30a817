//! Cheap looks at the bytes of a file, to parse only what may matter.
//!
//! Most YAML of a repository cannot concern any rule. Finding that out costs a hundredth of parsing it.

use caulk_transforms::{
    model::{kustomize::FILE_NAMES, prefilter},
    path::RepoPath,
};
use memchr::memmem;

/// Words that a kustomization or a delivery holds if it changes what containers run.
const CHANGES: [&str; 5] = ["patch", "images", "components", "replacements", "transformers"];

/// A larger file is no example of how a program is called. Most of these are bundles of an operator.
const LARGEST_EXAMPLE: usize = 64 << 10;

/// Tells whether the file may hold a command, or decide what becomes of one, or show what arguments a program takes.
///
/// It may err on the side of "yes" only: a file that it rejects holds no container with a command, no PATH, no kustomization and no
/// delivery that changes containers. What such a kustomization names is needed in addition.
pub(super) fn may_decide_a_command(path: &RepoPath, bytes: &[u8]) -> bool {
    if FILE_NAMES.contains(&path.name()) || path.name() == "Chart.yaml" {
        return true;
    }
    // Schemas are the largest files, and tell so in their first lines.
    if only_schemas(bytes) {
        return false;
    }
    has_key(bytes, "command")
        || has_key(bytes, "PATH")
        || (bytes.len() <= LARGEST_EXAMPLE && has_key(bytes, "args") && has(bytes, "image"))
        || delivers(bytes)
        || prefilter::hides_letters(bytes)
}

/// Tells whether the model may learn anything from the file.
pub(super) fn may_concern_the_model(path: &RepoPath, bytes: &[u8]) -> bool {
    let words = || ["command", "args", "image", "PATH"].iter().any(|word| has_key(bytes, word));
    !only_schemas(bytes) && (prefilter::matters(path, bytes) || words())
}

/// Tells whether the file is a kustomization, or tells Flux or Argo CD to deliver one, and changes what containers run.
pub(super) fn changes_others(path: &RepoPath, bytes: &[u8]) -> bool {
    (FILE_NAMES.contains(&path.name()) || delivers(bytes)) && CHANGES.iter().any(|word| has(bytes, word))
}

/// Tells whether the file may tell Flux or Argo CD to deliver something. One that changes nothing itself still decides which
/// kustomization an object goes through, and so which patches reach it.
fn delivers(bytes: &[u8]) -> bool {
    has(bytes, "kustomize.toolkit.fluxcd.io/v") || has(bytes, "argoproj.io/v")
}

fn has(bytes: &[u8], word: &str) -> bool {
    memmem::find(bytes, word.as_bytes()).is_some()
}

/// Tells whether the word is a key somewhere, in whatever notation, or part of the path of a JSON patch.
fn has_key(bytes: &[u8], word: &str) -> bool {
    memmem::find_iter(bytes, word.as_bytes()).any(|at| {
        let before = bytes[..at].trim_ascii_end().last();
        let rest = &bytes[at + word.len()..];
        let rest = rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest);
        let colon = rest.trim_ascii_start().first() == Some(&b':');
        colon || matches!(before, Some(b'/' | b'?'))
    })
}

/// Returns the text that the bytes are, if they are UTF-8 without NUL. The full check of control characters is the decoder's.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|_| memchr::memchr(0, bytes).is_none())
}

/// Tells whether the text stands for a file that git LFS keeps elsewhere. The specification has it begin like this and be small.
pub(super) fn is_pointer(bytes: &[u8]) -> bool {
    bytes.starts_with(b"version https://git-lfs.github.com/spec/") && bytes.len() < 1024
}

/// Tells whether a text that is no YAML looks like a Go template, as Helm charts hold them.
pub(super) fn is_template(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"{{").is_some_and(|at| memmem::find(&bytes[at..], b"}}").is_some())
}

/// Tells whether every document is a CustomResourceDefinition. These are the largest files of many repositories, full of
/// the words that are looked for, and never hold a container.
pub(super) fn only_schemas(bytes: &[u8]) -> bool {
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
    if schemas == 0 {
        return false;
    }
    // A document without such a line could be anything.
    let documents = memmem::find_iter(bytes, b"\n---").count() + 1;
    let leading = usize::from(opens_with_marker(bytes));
    documents - leading.min(documents - 1) <= schemas
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
    fn commands_are_seen_in_every_notation() {
        let wanted = |path: &str, text: &str| {
            may_decide_a_command(&RepoPath::new(path).expect("a path"), text.as_bytes())
        };
        for text in [
            "command: [x]",
            "- command : [x]",
            "{\"command\": []}",
            "{'command' : []}",
            "? command\n: [x]",
            "kind: ConfigMap\ndata: {PATH: /x}",
            "? \"command\"\n: [x]",
            "path: /spec/containers/0/command/0",
            "{\"image\": 1, \"args\": []}",
            "{\"c\\u006fmmand\": []}",
            "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1\nspec: {images: []}",
        ] {
            assert!(wanted("a.yaml", text), "{text}");
        }
        assert!(wanted("a/kustomization.yaml", ""));
        for text in ["args: [x]", "image: x", "text: a command line", "kind: Service", "a: |\n  commands: x"]
        {
            assert!(!wanted("a.yaml", text), "{text}");
        }
    }

    #[test]
    fn the_model_wants_services_as_well() {
        let wanted =
            |text: &str| may_concern_the_model(&RepoPath::new("a.yaml").expect("a path"), text.as_bytes());
        assert!(wanted("kind: Service"));
        assert!(wanted("- image: x"));
        assert!(wanted("kind: Secret\ndata:\n  PATH: eA=="));
        assert!(!wanted("kind: Secret"));
        assert!(!wanted(&format!("{SCHEMA}# containers: []\n")));
    }
}
