//! A cheap look at a file's bytes: can it matter for where manifests land, or what containers become on the way?
//!
//! It errs on the side of "yes". What it rejects holds no kustomization, no patch, no list of containers, no Service
//! or Namespace, no object that an operator or a chart makes Services of, nothing that delivers, no full name of a
//! Service, and no object by whose fields somebody connects. Files without any mark, which a generator or a chart takes,
//! are not its affair: only what takes them tells.

use memchr::memmem;

use super::{kustomize::FILE_NAMES, services::operators::OPERATORS};
use crate::path::RepoPath;

/// Kinds that matter wherever they stand. Those of operators come on top.
const KINDS: &[&str] = &[
    "Application",
    "ApplicationSet",
    "Component",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "FluxInstance",
    "HelmChart",
    "HelmRelease",
    "Job",
    "Kustomization",
    "Namespace",
    "OCIRepository",
    "Pod",
    "Service",
    "StatefulSet",
];

/// Kinds by whose fields a controller connects to a host. `short-service-host` knows the fields.
pub(crate) const CONNECTING: &[&str] =
    &["ClusterSecretStore", "GrafanaDatasource", "Middleware", "ObjectStore", "Provider", "SecretStore"];

/// A dashboard that is larger than this says nothing, not even the variables of a cluster.
const LARGEST_SETTINGS: usize = 16 << 10;

/// Tells whether an object of this kind is seen wherever it stands, so that its namespace may count as known by it.
#[must_use]
pub fn is_always_seen(kind: &str) -> bool {
    KINDS.contains(&kind) || OPERATORS.iter().any(|row| row.kind == kind)
}

/// Tells whether a file can matter.
#[must_use]
pub fn matters(path: &RepoPath, bytes: &[u8]) -> bool {
    if FILE_NAMES.contains(&path.name()) {
        return true;
    }
    // What most files have, and have near their beginning, is looked for first.
    has_kind(bytes)
        || has_key(bytes, b"ontainers")
        || has(bytes, b".svc.")
        || is_patch(bytes)
        || hides_letters(bytes)
        // Operators copy lists of variables into their pods.
        || (has(bytes, b"apiVersion") && has_key(bytes, b"env"))
}

/// JSON and double quotes may write any letter as an escape. `\u003c` and its like, which encoders make, hide nothing.
#[must_use]
pub fn hides_letters(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\\', bytes).any(|at| {
        matches!(
            bytes.get(at + 1..).unwrap_or_default(),
            [b'u', b'0', b'0', b'4'..=b'7', ..] | [b'x', b'4'..=b'7', ..]
        )
    })
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

fn has(bytes: &[u8], word: &[u8]) -> bool {
    memmem::find(bytes, word).is_some()
}

/// Tells whether something ends in `word` that may be a key.
fn has_key(bytes: &[u8], word: &[u8]) -> bool {
    memmem::find_iter(bytes, word).any(|at| matches!(bytes.get(at + word.len()), Some(b':' | b'"')))
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
            || KINDS.iter().chain(CONNECTING).any(|each| each.as_bytes() == kind)
            || (kind == b"ConfigMap"
                && (bytes.len() <= LARGEST_SETTINGS || !has(bytes, b"grafana_dashboard: ")))
            || (kind == b"Secret" && has(bytes, b"stringData"))
            || (kind.ends_with(b"ExternalSecret") && has(bytes, b"template"))
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
            "kind: Secret\nstringData: {}",
            "kind: ClusterSecretStore",
            "a: http://b.c.svc.cluster.local",
            "apiVersion: x/v1\nkind: Thing\nspec: {env: []}",
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
