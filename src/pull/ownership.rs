//! Whose the commits of a branch are. Neither its name nor a body decides that, for anybody may write those: the last commit must be
//! one that caulk made, hold what caulk put into it, and stand on the commit that it was made on, which was the base then.

use std::collections::BTreeMap;

use super::{desired::digest_of, settings::Settings, words::Trailer};
use crate::github::{Account, CommitSeen, FileChange, Person, TreeFile};

/// GitHub tells of no more files of a comparison.
pub(super) const MOST_FILES: usize = 300;

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
    /// Names the contents that the last commit gives to files, if it does nothing else and somebody looked.
    pub holds: Option<String>,
}

/// Whose the commits of a branch are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ownership {
    /// It has no commit that the base has not.
    Empty,
    /// Its last commit is ours and untouched, and stands where ours do.
    Ours {
        /// Names what it changes, wherever that is.
        fingerprint: String,
        /// Names the contents of its files.
        digest: String,
    },
    /// Somebody else has a hand in it.
    Others {
        /// How that is known, as the end of a sentence.
        reason: String,
        /// What our own commit below theirs changes, if there is one.
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

    /// Returns what our commit says that it holds, if it is one. Whoever amends a commit or puts it elsewhere is its committer, and
    /// one that stands on another commit than it was made on was put there: what lies below may be anybody's.
    pub(super) fn made(&self, commit: &CommitSeen) -> Option<Trailer> {
        let text = &commit.commit;
        let written = self.are(commit.author.as_ref()) || self.has_address(text.author.as_ref());
        let committed = self.are(commit.committer.as_ref())
            || self.has_address(text.committer.as_ref())
            || is_site(commit.committer.as_ref(), text.committer.as_ref());
        let trailer = Trailer::of(&text.message)?;
        let stands = matches!(&*commit.parents, [parent] if parent.sha == trailer.parent);
        (written && committed && stands).then_some(trailer)
    }

    fn has_address(&self, person: Option<&Person>) -> bool {
        let known = self.email.zip(person);
        known.is_some_and(|(ours, person)| person.email.eq_ignore_ascii_case(ours))
    }
}

/// Tells whether GitHub itself made a commit, which it does for its API.
fn is_site(account: Option<&Account>, person: Option<&Person>) -> bool {
    match account {
        Some(account) => account.is("web-flow"),
        // Enterprise servers may have no account for themselves.
        None => person.is_some_and(|person| matches!(&*person.name, "GitHub" | "GitHub Enterprise")),
    }
}

impl Branch {
    /// Decides whose the commits are. The last one decides: ours are made on what was the base, so whatever is below came from there,
    /// also where the base has been rewritten since.
    #[must_use]
    pub fn ownership(&self, we: Ourselves<'_>) -> Ownership {
        let others = |reason: String, below| Ownership::Others { reason, below };
        let Some(since) = &self.since else {
            return others("it has no commit in common with the base".to_owned(), None);
        };
        let Some(last) = since.commits.last() else {
            return match since.ahead {
                0 => Ownership::Empty,
                _ => others("its commits cannot be seen".to_owned(), None),
            };
        };
        if let Some(trailer) = self.tip().and_then(|tip| we.made(tip)) {
            if since.holds.as_ref() == Some(&trailer.digest) {
                let Trailer { fingerprint, digest, .. } = trailer;
                return Ownership::Ours { fingerprint, digest };
            }
            let commit = short(&last.sha);
            return others(format!("its commit {commit} no longer holds what caulk put into it"), None);
        }
        let theirs = since.commits.iter().find(|commit| we.made(commit).is_none()).unwrap_or(last);
        let below = since.commits.iter().find_map(|commit| we.made(commit));
        others(not_ours(theirs), below.map(|trailer| trailer.fingerprint))
    }

    /// Returns the last commit. GitHub tells of no more than 250, the oldest first.
    fn tip(&self) -> Option<&CommitSeen> {
        self.since.as_ref()?.commits.last().filter(|last| last.sha == self.head)
    }

    /// Returns our commit if it is the last one, with its parent and what it says that it holds.
    pub(super) fn our_tip(&self, we: Ourselves<'_>) -> Option<(&str, Trailer)> {
        let tip = self.tip()?;
        Some((tip.parents.first()?.sha.as_str(), we.made(tip)?))
    }

    /// Returns how many commits the branch has that the base has not.
    #[must_use]
    pub fn ahead(&self) -> u64 {
        self.since.as_ref().map_or(0, |since| since.ahead)
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

impl Since {
    /// Names the contents that the comparison shows, if there is one commit and files are changed and nothing else happens to them.
    /// Of modes and of many files it does not tell.
    pub(super) fn compared(&self) -> Option<String> {
        let is_whole = self.ahead == 1 && self.files.len() < MOST_FILES;
        let blobs = self
            .files
            .iter()
            .map(|file| Some((&*file.filename, file.sha.as_deref().filter(|_| file.status == "modified")?)));
        digest(blobs.collect::<Option<Vec<_>>>().filter(|_| is_whole)?)
    }
}

/// Names the contents that files get from one tree to the next, if nothing else happens: no mode changes, and no file comes or goes.
pub(super) fn between(before: &[TreeFile], after: &[TreeFile]) -> Option<String> {
    let known: BTreeMap<&str, &TreeFile> = before.iter().map(|file| (&*file.path, file)).collect();
    let mut blobs = Vec::new();
    for file in after {
        let old = known.get(&*file.path)?;
        if old.mode != file.mode {
            return None;
        }
        blobs.extend((old.sha != file.sha).then_some((&*file.path, &*file.sha)));
    }
    digest(blobs).filter(|_| before.len() == after.len())
}

fn digest(mut blobs: Vec<(&str, &str)>) -> Option<String> {
    blobs.sort_unstable();
    Some(digest_of(blobs.into_iter()))
}
