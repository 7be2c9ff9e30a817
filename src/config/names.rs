//! Names that a configuration or a command line may give, and what was probably meant by others.

use std::fmt;

use anyhow::{Result, bail};

/// Checks the name of a rule.
///
/// # Errors
/// With the nearest right name, if there is no such rule.
pub fn known_rule(name: &str, rules: &[&str]) -> Result<()> {
    if rules.contains(&name) {
        return Ok(());
    }
    bail!(
        "there is no rule `{name}`{}",
        Suggestion(nearest(name, rules.iter().copied()), "; the rules are ", rules)
    )
}

/// Returns the name that was probably meant.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.map(|known| (strsim::jaro_winkler(name, known), known));
    scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

/// The end of a complaint about a name: the nearest right one, else all of them.
pub(super) struct Suggestion<'a>(pub(super) Option<&'a str>, pub(super) &'a str, pub(super) &'a [&'a str]);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(name) => write!(f, "; did you mean `{name}`?"),
            None => write!(f, "{}`{}`", self.1, self.2.join("`, `")),
        }
    }
}

/// Checks the DNS domain of a cluster, which becomes a part of host names in manifests.
///
/// # Errors
/// The reason, if it is no domain.
pub fn cluster_domain(domain: &str) -> Result<String> {
    let in_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(in_label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if domain.len() > 253 || !domain.split('.').all(is_label) {
        bail!(
            "`{domain}` is no domain of a cluster; write one like `cluster.local`, in small letters and without a dot at the end"
        );
    }
    Ok(domain.to_owned())
}
