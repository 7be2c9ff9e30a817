//! Where a repository came from.

use caulk_transforms::model::address::Address;
use git2::Config;

use super::store::Store;

/// Returns the address of the remote `origin`, which may hold a password; `None` where there is none.
///
/// Whoever wrote the repository's configuration wrote this too: it names what is meant, and never where a token goes.
#[must_use]
pub fn origin(store: &Store) -> Option<String> {
    let config = store.repository().ok()?.commondir().join("config");
    Config::open(&config).ok()?.get_string("remote.origin.url").ok()
}

/// Returns the addresses of all remotes, without what is a secret in them. Folders of this machine are none.
#[must_use]
pub fn addresses(store: &Store) -> Vec<Address> {
    let told = || {
        let config = Config::open(&store.repository().ok()?.commondir().join("config")).ok()?;
        let mut found = Vec::new();
        let entries = config.entries(Some(r"^remote\..*\.url$")).ok()?;
        entries.for_each(|entry| found.extend(entry.value().ok().and_then(Address::parse))).ok()?;
        Some(found)
    };
    let mut found = told().unwrap_or_default();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use std::{fs, process::Command};

    use super::*;

    #[test]
    fn all_remotes_are_told_without_secrets() {
        let folder = tempfile::tempdir().expect("a folder");
        let git = |words: &[&str]| {
            let done = Command::new("git").arg("-C").arg(folder.path()).args(words).status();
            assert!(done.expect("git").success());
        };
        git(&["init", "-q"]);
        let store = || Store::open(folder.path()).expect("a repository");
        let addresses =
            || super::addresses(&store()).iter().map(|each| each.as_str().to_owned()).collect::<Vec<_>>();
        assert!(addresses().is_empty());
        git(&["remote", "add", "origin", "https://me:hunter2@git.example/me/ops.git"]);
        git(&["remote", "add", "upstream", "git@git.example:acme/ops"]);
        git(&["remote", "add", "disk", "/srv/git/ops"]);
        assert_eq!(addresses(), ["git.example/acme/ops", "git.example/me/ops"]);
        let store = store();
        fs::write(folder.path().join(".git/config"), "[remote").expect("a broken file");
        assert!(super::addresses(&store).is_empty(), "a configuration that cannot be read tells nothing");
    }
}
