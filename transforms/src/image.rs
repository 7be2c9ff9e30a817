//! Image references, parsed by the rules of the distribution specification and Docker's defaults.

use std::fmt;

use thiserror::Error;

/// Why a text is no image reference.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ImageError {
    /// There is nothing but white space.
    #[error("the image reference is empty")]
    Empty,
    /// It holds a variable or a template that is filled in later.
    #[error("the image reference holds a variable: {0}")]
    Variable(String),
    /// A part breaks the grammar.
    #[error("{text} is no image reference: {part} is malformed")]
    Malformed {
        /// The whole text.
        text: String,
        /// The part that breaks the grammar.
        part: &'static str,
    },
}

/// A reference to an image with every default filled in: `node:24` is `docker.io/library/node:24`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    /// The registry's host and port, `docker.io` by default.
    pub registry: String,
    /// The repository's path inside the registry.
    pub repository: String,
    /// The tag as written; none is `latest` unless there is a digest.
    pub tag: Option<String>,
    /// The digest with its algorithm: `sha256:...`.
    pub digest: Option<String>,
}

impl ImageRef {
    /// Parses a reference.
    ///
    /// # Errors
    /// [`ImageError`] says what is wrong with it; a reference with `$(`, `${` or `{{` is [`ImageError::Variable`].
    pub fn parse(text: &str) -> Result<Self, ImageError> {
        if text.trim().is_empty() {
            return Err(ImageError::Empty);
        }
        if ["$(", "${", "{{", "$"].iter().any(|mark| text.contains(mark)) {
            return Err(ImageError::Variable(text.to_owned()));
        }
        let malformed = |part| ImageError::Malformed { text: text.to_owned(), part };
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        if digest.is_some_and(|digest| !is_digest(digest)) {
            return Err(malformed("the digest"));
        }
        // A colon after the last slash begins the tag; one before it belongs to the registry's port.
        let last = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[last..].split_once(':') {
            Some((_, tag)) => (&rest[..rest.len() - tag.len() - 1], Some(tag)),
            None => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(malformed("the tag"));
        }
        let (registry, repository) = split_registry(name);
        if !repository.split('/').all(is_component) {
            return Err(malformed("the repository"));
        }
        let registry_ok =
            registry.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'[')
                && registry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
        if !registry_ok {
            return Err(malformed("the registry"));
        }
        Ok(Self { registry, repository, tag: tag.map(str::to_owned), digest: digest.map(str::to_owned) })
    }

    /// Returns registry and repository without tag and digest: `docker.io/library/node`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// Returns the tag that a runtime asks for: `latest` where neither tag nor digest stands; none for a bare digest.
    #[must_use]
    pub fn effective_tag(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, Some(_)) => None,
            (None, None) => Some("latest"),
        }
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn split_registry(name: &str) -> (String, String) {
    let (registry, repository) = match name.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => {
            (host.to_ascii_lowercase(), rest)
        }
        _ => ("docker.io".to_owned(), name),
    };
    let registry = match registry.as_str() {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        _ => registry,
    };
    let repository = if registry == "docker.io" && !repository.contains('/') {
        format!("library/{repository}")
    } else {
        repository.to_owned()
    };
    (registry, repository)
}

fn is_component(part: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    edge(part.bytes().next())
        && edge(part.bytes().last())
        && part
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|byte| word(byte) || b".-".contains(&byte))
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        ImageRef::parse(text).map_or_else(|error| format!("error: {error}"), |image| image.to_string())
    }

    #[test]
    fn defaults_are_filled_in() {
        assert_eq!(parsed("node:24"), "docker.io/library/node:24");
        assert_eq!(parsed("goauthentik/server"), "docker.io/goauthentik/server");
        assert_eq!(parsed("index.docker.io/library/redis"), "docker.io/library/redis");
        assert_eq!(parsed("localhost/a"), "localhost/a");
        assert_eq!(parsed("localhost:5000/a/b:c"), "localhost:5000/a/b:c");
        let digest = format!("a@sha256:{}", "0".repeat(64));
        assert_eq!(parsed(&digest), format!("docker.io/library/{digest}"));
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        assert!(matches!(ImageRef::parse("$(params.IMAGE)"), Err(ImageError::Variable(_))));
        assert!(matches!(ImageRef::parse("a:${TAG}"), Err(ImageError::Variable(_))));
        assert_eq!(ImageRef::parse("  "), Err(ImageError::Empty));
        for text in ["A/b", "a:b c", "a@sha256:zz", "a b", "../a", "a:", "a//b"] {
            assert!(matches!(ImageRef::parse(text), Err(ImageError::Malformed { .. })), "{text}");
        }
    }
}
