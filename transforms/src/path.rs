//! Paths inside a repository.

use std::{fmt, sync::Arc};

use thiserror::Error;

/// Why a path is none inside a repository.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// The path climbs above the repository's root.
    #[error("path leaves the repository: {0}")]
    Outside(String),
}

/// A file's or folder's path relative to the repository's root: `/` between the parts, no `.` or `..`; the root is empty.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<str>);

impl RepoPath {
    /// Makes a path from a relative one, resolving `.` and `..` lexically.
    ///
    /// # Errors
    /// [`PathError::Outside`] if it climbs above the root or is absolute.
    pub fn new(path: &str) -> Result<Self, PathError> {
        // Nearly all paths come from walks and have nothing to resolve.
        if is_resolved(path) {
            return Ok(Self(path.into()));
        }
        Self(Arc::from("")).join(path)
    }

    /// Returns this path with `relative` appended, resolving `.` and `..` lexically.
    ///
    /// # Errors
    /// [`PathError::Outside`] if the result climbs above the root or `relative` is absolute.
    pub fn join(&self, relative: &str) -> Result<Self, PathError> {
        let outside = || PathError::Outside(relative.to_owned());
        if relative.starts_with('/') {
            return Err(outside());
        }
        let plain = relative.strip_prefix("./").unwrap_or(relative);
        if !self.0.is_empty() && is_resolved(plain) {
            return Ok(Self([&*self.0, "/", plain].concat().into()));
        }
        let mut parts: Vec<&str> = self.0.split('/').filter(|part| !part.is_empty()).collect();
        for part in relative.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or_else(outside)?;
                }
                part => parts.push(part),
            }
        }
        Ok(Self(parts.join("/").into()))
    }

    /// Returns the folder that holds this path; the root's is the root.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(self.0.rsplit_once('/').map_or("", |(folder, _)| folder).into())
    }

    /// Returns the last part.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// Tells whether this path is `folder` or lies below it.
    #[must_use]
    pub fn is_below(&self, folder: &Self) -> bool {
        folder.0.is_empty()
            || self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Returns the path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Tells whether a relative path has neither `.` and `..` nor empty parts, and some part.
fn is_resolved(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_never_climb_out() {
        let path = |text: &str| RepoPath::new(text).map(|path| path.as_str().to_owned());
        assert_eq!(path("./a//b/../c.yaml"), Ok("a/c.yaml".into()));
        let joined = |relative: &str| {
            path("a/b").map(|_| {
                RepoPath::new("a/b").expect("a path").join(relative).map(|path| path.as_str().to_owned())
            })
        };
        for (relative, result) in [
            ("c/d", "a/b/c/d"),
            ("./c", "a/b/c"),
            ("", "a/b"),
            (".", "a/b"),
            ("./", "a/b"),
            ("../c/", "a/c"),
            ("././c", "a/b/c"),
        ] {
            assert_eq!(joined(relative), Ok(Ok(result.to_owned())), "{relative}");
        }
        assert!(path("../a").is_err());
        assert!(path("/etc/passwd").is_err());
        assert!(path("a/../../b").is_err());
    }

    #[test]
    fn below_respects_whole_parts() {
        let path = |text: &str| RepoPath::new(text).expect("a path");
        assert!(path("apps/x.yaml").is_below(&path("apps")));
        assert!(!path("apps2/x.yaml").is_below(&path("apps")));
        assert!(path("x").is_below(&path("")));
    }
}
