//! Where a repository came from.

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
