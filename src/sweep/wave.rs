//! How many repositories may be written to, and in what order.

use std::collections::{BTreeMap, BTreeSet};

use super::shard::stable_hash;

/// What the user's side allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Allowance {
    /// How many repositories of the undertaking get the change before somebody lets the rest have it.
    pub canary: Option<usize>,
    /// How many pull requests of ours may be open in all repositories together.
    pub most_open: Option<usize>,
    /// How many may be open in the repositories of one owner.
    pub most_open_per_owner: Option<usize>,
}

/// Why a repository waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// For the wave after the first repositories.
    Wave,
    /// For fewer open pull requests.
    Open,
    /// For fewer open pull requests of its owner.
    OpenOfOwner,
}

impl Wait {
    /// Returns the name that the numbers use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wave => "waits for the rest to be let go (without --canary)",
            Self::Open => "waits for open pull requests to be merged or closed (--most-open)",
            Self::OpenOfOwner => "waits for its owner's to be merged or closed (--most-open-per-owner)",
        }
    }
}

/// Counts what is out.
#[derive(Debug, Default)]
pub struct Wave {
    allowance: Allowance,
    /// The repositories that have the change.
    out: BTreeSet<String>,
    open: usize,
    by_owner: BTreeMap<String, usize>,
}

impl Wave {
    /// Begins to count.
    #[must_use]
    pub fn new(allowance: Allowance) -> Self {
        Self { allowance, ..Self::default() }
    }

    /// Takes note that a repository has the change.
    pub fn is_out(&mut self, id: &str) {
        self.out.insert(id.to_owned());
    }

    /// Takes note that a pull request of ours is open, or is open no more.
    pub fn open(&mut self, name: &str, is_open: bool) {
        let of_owner = self.by_owner.entry(owner(name)).or_default();
        for count in [&mut self.open, of_owner] {
            *count = if is_open { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    /// Returns how many repositories have the change.
    #[must_use]
    pub fn size(&self) -> usize {
        self.out.len()
    }

    /// Tells whether a repository has to wait. `is_open`: our pull request is open there already.
    #[must_use]
    pub fn holds_back(&self, id: &str, name: &str, is_open: bool) -> Option<Wait> {
        let is_full = |most: Option<usize>, count: usize| most.is_some_and(|most| count >= most);
        let of_owner = self.by_owner.get(&owner(name)).copied().unwrap_or_default();
        if !self.out.contains(id) && is_full(self.allowance.canary, self.out.len()) {
            Some(Wait::Wave)
        } else if is_open {
            None
        } else if is_full(self.allowance.most_open, self.open) {
            Some(Wait::Open)
        } else if is_full(self.allowance.most_open_per_owner, of_owner) {
            Some(Wait::OpenOfOwner)
        } else {
            None
        }
    }
}

fn owner(name: &str) -> String {
    name.split('/').next().unwrap_or_default().to_ascii_lowercase()
}

/// Returns where a repository stands in the order of writing. It is the same in every run and has nothing to do with names, so that
/// the first few are a fair sample of all.
#[must_use]
pub fn turn(id: &str) -> u64 {
    stable_hash(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wave_is_no_larger_than_asked_for_and_keeps_its_repositories() {
        let mut wave = Wave::new(Allowance { canary: Some(2), ..Allowance::default() });
        let holds = |wave: &Wave, id: &str| wave.holds_back(id, "acme/x", false);
        assert_eq!(holds(&wave, "a"), None);
        wave.is_out("a");
        wave.is_out("a");
        assert_eq!(holds(&wave, "b"), None);
        wave.is_out("b");
        assert_eq!(holds(&wave, "c"), Some(Wait::Wave));
        assert_eq!(
            wave.holds_back("c", "acme/x", true),
            Some(Wait::Wave),
            "an older pull request is no ticket"
        );
        assert_eq!(holds(&wave, "a"), None);
    }

    #[test]
    fn open_pull_requests_are_limited_by_owner_and_in_all() {
        let limits = Allowance { canary: None, most_open: Some(3), most_open_per_owner: Some(2) };
        let mut wave = Wave::new(limits);
        wave.open("acme/a", true);
        wave.open("Acme/b", true);
        assert_eq!(wave.holds_back("c", "ACME/c", false), Some(Wait::OpenOfOwner));
        assert_eq!(wave.holds_back("c", "acme/c", true), None, "what is open is kept up to date");
        assert_eq!(wave.holds_back("d", "other/d", false), None);
        wave.open("other/d", true);
        assert_eq!(wave.holds_back("e", "third/e", false), Some(Wait::Open));
        wave.open("acme/a", false);
        assert_eq!(wave.holds_back("c", "acme/c", false), None);
    }

    #[test]
    fn without_limits_nothing_waits() {
        let mut wave = Wave::new(Allowance::default());
        for number in 0..1_000 {
            wave.is_out(&number.to_string());
            wave.open("acme/x", true);
        }
        assert_eq!(wave.holds_back("x", "acme/x", false), None);
    }
}
