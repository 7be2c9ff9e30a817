//! Addresses of git repositories, comparable whatever way they are written.

use std::sync::Arc;

/// Where a git repository is: host and path, without how it is reached and as whom.
///
/// Invariant: small letters, neither user nor password nor port in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

/// Ways by which a repository is reached over a network.
const SCHEMES: &[&str] = &["https", "http", "ssh", "git", "git+ssh", "git+https", "ssh+git"];

/// What sites put before their own host's name: where ssh goes through the port of HTTPS, and for browsers.
const DOORS: &[&str] = &["ssh.", "altssh.", "www."];

impl Address {
    /// Reads `https://user@host:443/owner/name.git`, `ssh://git@host/owner/name` or `git@host:owner/name`. `None` is what
    /// names no host: a folder, or a text that is filled in elsewhere.
    ///
    /// Small and capital letters count as one, as for the large sites and for Argo CD.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        if text.contains(|letter: char| letter.is_whitespace() || "${}<>*\\\"'".contains(letter)) {
            return None;
        }
        let (authority, path) = match text.split_once("://") {
            Some((scheme, rest)) => SCHEMES.contains(&scheme).then(|| rest.split_once('/'))??,
            None => text.split_once(':').filter(|(host, _)| !host.contains('/') && host.len() > 1)?,
        };
        let host = without_port(authority.rsplit('@').next()?).trim_end_matches('.');
        let plain = DOORS.iter().find_map(|door| host.strip_prefix(door)).unwrap_or(host);
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        // Azure DevOps and Bitbucket have these words in one form of the address and not in the other.
        let parts = path.split('/').filter(|part| !part.is_empty() && *part != "_git");
        let parts: Vec<&str> = parts
            .enumerate()
            .filter(|part| !matches!(part, (0, "scm" | "v3")))
            .map(|(_, part)| part)
            .collect();
        (!plain.is_empty() && !parts.is_empty()).then(|| Self(format!("{plain}/{}", parts.join("/")).into()))
    }

    /// Returns `host/owner/name`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether both repositories have the same name: one may be a fork or a mirror of the other, or its old address.
    #[must_use]
    pub fn is_named_as(&self, other: &Self) -> bool {
        self.name() == other.name()
    }

    fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        Address::parse(text).map(|address| address.as_str().to_owned())
    }

    #[test]
    fn one_repository_has_one_address_however_it_is_written() {
        for text in [
            "https://git.example/acme/ops",
            "https://git.example/acme/ops.git",
            "https://user:secret@GIT.example:8443/Acme/ops.git/",
            "http://git.example//acme/ops/",
            "ssh://git@git.example:22/acme/ops.git",
            "ssh://git@ssh.git.example:443/acme/ops.git",
            "git@git.example:acme/ops.git",
            "git@git.example:/acme/ops",
            "git.example:acme/ops",
            "git://git.example./acme/ops",
            "https://git.example/scm/acme/ops.git",
            " https://www.git.example/acme/_git/ops ",
        ] {
            assert_eq!(parsed(text).as_deref(), Some("git.example/acme/ops"), "{text}");
        }
        assert_eq!(parsed("ssh://git@[2001:db8::1]:22/ops").as_deref(), Some("2001:db8::1/ops"));
    }

    #[test]
    fn what_names_no_host_is_no_address() {
        for text in [
            "",
            "/srv/git/ops",
            "../ops",
            "file:///srv/git/ops",
            "oci://registry.example/acme/ops",
            "C:\\git\\ops",
            "c:/git/ops",
            "https://git.example",
            "https://git.example/",
            "https://git.example/.git",
            "https://${HOST}/acme/ops",
            "https://git.example/{{ owner }}/ops",
            "<GIT_URL>",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn forks_have_the_name_and_not_the_address() {
        let [own, fork, other] = ["https://h/a/ops", "git@h:b/ops.git", "https://h/a/apps"]
            .map(|text| Address::parse(text).expect("an address"));
        assert!(own != fork && own.is_named_as(&fork));
        assert!(!own.is_named_as(&other));
    }
}
