//! A cheap look at a file's bytes: can it matter for where manifests land, or what containers become on the way?
//!
//! It errs on the side of "yes". What it rejects holds no kustomization, no patch, no list of containers, no Service
//! or Namespace, no object that an operator or a chart makes Services of, and nothing that delivers.

use memchr::memmem;

use super::{kustomize::FILE_NAMES, services::operators::OPERATORS};
use crate::path::RepoPath;

/// Kinds that matter wherever they stand. Those of operators come on top.
const KINDS: &[&str] = &[
    "Application",
    "ApplicationSet",
    "Component",
    "FluxInstance",
    "HelmChart",
    "HelmRelease",
    "Kustomization",
    "Namespace",
    "OCIRepository",
    "Service",
    "StatefulSet",
];

/// ConfigMaps with the variables of a cluster are small; larger ones hold dashboards and the like.
const LARGEST_SETTINGS: usize = 16 << 10;

/// Tells whether a file can matter.
#[must_use]
pub fn matters(path: &RepoPath, bytes: &[u8]) -> bool {
    if FILE_NAMES.contains(&path.name()) {
        return true;
    }
    let has = |word: &[u8]| memmem::find(bytes, word).is_some();
    is_patch(bytes) || has(b"ontainers:") || has(b"ontainers\"") || hides_letters(bytes) || has_kind(bytes)
}

/// JSON and double quotes may write any letter as an escape. `\u003c` and its like, which encoders make, hide nothing.
#[must_use]
pub fn hides_letters(bytes: &[u8]) -> bool {
    let is_letter = |at: usize| matches!(bytes.get(at + 4), Some(b'4'..=b'7'));
    memmem::find_iter(bytes, b"\\u00").any(is_letter)
        || memmem::find_iter(bytes, b"\\x").any(|at| matches!(bytes.get(at + 2), Some(b'4'..=b'7')))
}

/// A JSON patch has neither kind nor containers.
fn is_patch(bytes: &[u8]) -> bool {
    let op = memmem::find_iter(bytes, b"op").any(|at| {
        let rest = bytes.get(at + 2..).unwrap_or_default();
        matches!(rest, [b':' | b'"' | b'\'', ..])
            && !bytes.get(at.wrapping_sub(1)).is_some_and(u8::is_ascii_alphanumeric)
    });
    op && memmem::find(bytes, b"path").is_some()
}

fn has_kind(bytes: &[u8]) -> bool {
    memmem::find_iter(bytes, b"kind").any(|at| {
        let rest = bytes.get(at + 4..).unwrap_or_default();
        let rest = rest.trim_ascii_start();
        let rest =
            rest.strip_prefix(b"\"").or_else(|| rest.strip_prefix(b"'")).unwrap_or(rest).trim_ascii_start();
        let Some(value) = rest.strip_prefix(b":") else { return false };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
        let end = value.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(value.len());
        let Some(kind) = value.get(..end) else { return false };
        let is_odd = value.first().is_some_and(|byte| matches!(byte, b'&' | b'*' | b'!' | b'|' | b'>'));
        is_odd
            || KINDS.iter().any(|each| each.as_bytes() == kind)
            || (kind == b"ConfigMap" && bytes.len() <= LARGEST_SETTINGS)
            || OPERATORS.iter().any(|row| row.kind.as_bytes() == kind)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_seen_in_every_notation() {
        let path = RepoPath::new("a.yaml").expect("a path");
        for text in [
            "kind: Service\n",
            "{\"kind\": \"Namespace\"}",
            "kind : 'HelmRelease' # x",
            "kind: Elasticsearch",
            "kind: &k Service",
            "- op: add\n  path: /x\n",
            "[{\"op\":\"add\",\"path\":\"/x\"}]",
            "initContainers: [{image: x}]",
            "kind: ConfigMap",
            "{\"kind\": \"\\u0053ervice\"}",
        ] {
            assert!(matters(&path, text.as_bytes()), "{text}");
        }
        for text in [
            "kind: Secret\n",
            "replicas: 3\nimage: x\n",
            "kinds: Service",
            "stop: 1\npath: /x",
            "kind: ServiceMonitor",
            "a: \"\\u003cb>\"",
        ] {
            assert!(!matters(&path, text.as_bytes()), "{text}");
        }
        assert!(matters(&RepoPath::new("a/kustomization.yaml").expect("a path"), b""));
    }
}
