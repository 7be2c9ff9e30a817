//! Whose the commits of a branch are. Neither its name nor a body decides that, for anybody may write those: every commit that the
//! base does not have must be one that caulk made, and hold what caulk put into it.

use super::{desired::digest_of, settings::Settings, words::Trailer};
use crate::github::{Account, CommitSeen, FileChange};

/// GitHub tells of no more files of a comparison.
const MOST_FILES: usize = 300;

/// A branch as it was seen.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its commit.
    pub head: String,
    /// What lies between its base and it; `None` if they have no history in common.
    pub since: Option<Since>,
}

/// What lies between a base and a branch.
#[derive(Debug, Clone)]
pub struct Since {
    /// How many commits the base has that the branch has not.
    pub behind: u64,
    /// How many commits the branch has that the base has not.
    pub ahead: u64,
    /// Those, oldest first.
    pub commits: Vec<CommitSeen>,
    /// The files that they change.
    pub files: Vec<FileChange>,
}

/// Whose the commits of a branch are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// It has no commit that the base has not.
    Empty,
    /// It has one commit, which is ours and untouched.
    Ours {
        /// Names the contents of its files.
        digest: String,
    },
    /// Somebody else has a hand in it.
    Others {
        /// How that is known, as the end of a sentence.
        reason: String,
        /// What our own commit below theirs holds, if there is one.
        below: Option<String>,
    },
}

/// Who is meant by "ours".
#[derive(Debug, Clone, Copy)]
pub struct Ourselves<'a> {
    /// The account of the token.
    pub account: &'a str,
    /// The address of the author of commits that are made by git.
    pub email: Option<&'a str>,
    /// What else the user's side calls ours.
    pub settings: &'a Settings,
}

impl Ourselves<'_> {
    /// Tells whether an account is ours.
    #[must_use]
    pub fn are(&self, account: Option<&Account>) -> bool {
        let others = self.settings.accounts.iter().map(String::as_str);
        let mut known = others.chain([self.account]).filter(|name| !name.is_empty());
        account.is_some_and(|account| known.any(|name| account.is(name)))
    }

    /// Returns what our commit says that it holds, if it is one.
    fn made(&self, commit: &CommitSeen) -> Option<Trailer> {
        let email = commit.commit.author.as_ref().map(|author| author.email.as_str());
        let by_us = self.are(commit.author.as_ref())
            || self.email.is_some_and(|ours| email.is_some_and(|email| email.eq_ignore_ascii_case(ours)));
        let trailer = Trailer::of(&commit.commit.message)?;
        (by_us && commit.parents.len() == 1).then_some(trailer)
    }
}

impl Branch {
    /// Decides whose the commits are.
    #[must_use]
    pub fn ownership(&self, we: Ourselves<'_>) -> Ownership {
        let others = |reason: String, below| Ownership::Others { reason, below };
        let Some(since) = &self.since else {
            return others("it has no commit in common with the base".to_owned(), None);
        };
        let Some(first) = since.commits.first() else {
            return match since.ahead {
                0 => Ownership::Empty,
                _ => others("its commits cannot be seen".to_owned(), None),
            };
        };
        let ours = we.made(first);
        if since.ahead > 1 {
            let theirs = since.commits.iter().find(|commit| we.made(commit).is_none());
            let reason =
                theirs.map_or_else(|| format!("it has {} commits, and we make one", since.ahead), not_ours);
            return others(reason, ours.map(|trailer| trailer.digest));
        }
        let Some(trailer) = ours else { return others(not_ours(first), None) };
        if since.files.len() < MOST_FILES && found(&since.files).as_ref() != Some(&trailer.digest) {
            return others(
                format!("its commit {} no longer holds what caulk put into it", short(&first.sha)),
                None,
            );
        }
        Ownership::Ours { digest: trailer.digest }
    }

    /// Returns how many commits the base has that the branch has not.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.since.as_ref().map_or(u64::MAX, |since| since.behind)
    }
}

fn not_ours(commit: &CommitSeen) -> String {
    format!("caulk did not make its commit {}", short(&commit.sha))
}

/// Returns the first letters of a commit's name.
pub(super) fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// Names the contents that a comparison shows, if files are changed and nothing else happens to them.
fn found(files: &[FileChange]) -> Option<String> {
    let mut blobs: Vec<(&str, &str)> = Vec::new();
    for file in files {
        if file.status != "modified" {
            return None;
        }
        blobs.push((&file.filename, file.sha.as_deref()?));
    }
    blobs.sort_unstable();
    Some(digest_of(blobs.into_iter()))
}
