//! The name of a repository.

use std::{fmt, str::FromStr};

use serde::Serialize;

/// `owner/name`, both of the letters that GitHub allows. Compared without regard to case, as GitHub does.
#[derive(Debug, Clone, Serialize)]
#[serde(into = "String")]
pub struct Name {
    owner: String,
    name: String,
}

impl Name {
    /// Returns the owner.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Returns the name without its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the path of the repository's calls, which needs no further escaping.
    pub(super) fn route(&self, rest: &str) -> String {
        format!("/repos/{}/{}{rest}", self.owner, self.name)
    }

    fn folded(&self) -> (String, String) {
        (self.owner.to_ascii_lowercase(), self.name.to_ascii_lowercase())
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |part: &str| {
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
            !part.is_empty() && part.len() <= 100 && part != "." && part != ".." && part.bytes().all(letters)
        };
        match text.split_once('/') {
            Some((owner, name)) if plain(owner) && plain(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(format!("`{}` is no repository; it is written owner/name", text.escape_debug())),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.to_string()
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded().cmp(&other.folded())
    }
}

/// Escapes what stands for one part of a path or a query; `keep` are further letters that stay.
pub(super) fn escape(text: &str, keep: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        match byte.is_ascii_alphanumeric() || "-_.~".contains(letter) || keep.contains(letter) {
            true => escaped.push(letter),
            false => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_a_path() {
        for bad in ["", "a", "a/", "/b", "a/b/c", "a/..", "../b", "a/b?c", "a/b c", "a/b\n", "a/b%2f", "ä/b"]
        {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        let name: Name = "Acme/home-ops.x_1".parse().expect("a name");
        assert_eq!(name, "acme/HOME-ops.x_1".parse().expect("a name"));
        assert_eq!(name.route("/pulls"), "/repos/Acme/home-ops.x_1/pulls");
        assert_eq!(escape("caulk/mend #1", "/"), "caulk/mend%20%231");
    }
}
