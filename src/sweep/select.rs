//! Which of the repositories that a source tells of are swept.

use anyhow::{Context as _, Result};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::source::Candidate;

/// The topic that keeps a repository out of sweeps, unless the user's side names another one.
pub const OPT_OUT: &str = "caulk-ignore";

/// What the user's side says of which repositories it means.
#[derive(Debug)]
pub struct Filter {
    include: Option<GlobSet>,
    exclude: GlobSet,
    topics: Vec<String>,
    opt_out: String,
    forks: bool,
}

impl Filter {
    /// Makes a filter. A pattern with a slash is matched with `owner/name`, another one with the name alone. Of the topics, if
    /// there are any, a repository must have one.
    ///
    /// # Errors
    /// If a pattern is malformed.
    pub fn new(include: &[String], exclude: &[String], topics: &[String], forks: bool) -> Result<Self> {
        Ok(Self {
            include: if include.is_empty() { None } else { Some(set(include)?) },
            exclude: set(exclude)?,
            topics: topics.iter().map(|topic| topic.to_ascii_lowercase()).collect(),
            opt_out: OPT_OUT.to_owned(),
            forks,
        })
    }

    /// Tells whether the user's side means a repository at all. What is not meant is not even told of.
    #[must_use]
    pub fn means(&self, candidate: &Candidate) -> bool {
        let name = candidate.name.as_str();
        let has = |topic: &String| candidate.topics.iter().any(|other| other.eq_ignore_ascii_case(topic));
        self.include.as_ref().is_none_or(|include| include.is_match(name))
            && !self.exclude.is_match(name)
            && (self.topics.is_empty() || self.topics.iter().any(has))
    }

    /// Returns why a repository that is meant is passed over all the same.
    #[must_use]
    pub fn reason_to_skip(&self, candidate: &Candidate) -> Option<&'static str> {
        if candidate.archived {
            Some("archived")
        } else if candidate.fork && !self.forks {
            Some("a fork")
        } else if candidate.topics.contains(&self.opt_out) {
            Some("its topic caulk-ignore opts out")
        } else if candidate.head.is_none() {
            Some("empty")
        } else {
            None
        }
    }
}

fn set(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(glob(pattern)?);
    }
    Ok(set.build()?)
}

fn glob(pattern: &str) -> Result<Glob> {
    let whole = if pattern.contains('/') { pattern.to_owned() } else { format!("**/{pattern}") };
    GlobBuilder::new(&whole)
        .literal_separator(true)
        // GitHub's names are the same in any case.
        .case_insensitive(true)
        .build()
        .with_context(|| format!("`{pattern}` is no pattern for repositories"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{git::Oid, sweep::source::Head};

    fn candidate(name: &str) -> Candidate {
        Candidate {
            id: name.to_owned(),
            name: name.to_owned(),
            url: None,
            addresses: Vec::new(),
            topics: vec!["gitops".to_owned()],
            archived: false,
            fork: false,
            head: Some(Head { branch: "main".to_owned(), commit: Oid::ZERO_SHA1 }),
            pull: None,
        }
    }

    fn filter(include: &[&str], exclude: &[&str], topics: &[&str]) -> Filter {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        Filter::new(&owned(include), &owned(exclude), &owned(topics), false).expect("a filter")
    }

    #[test]
    fn patterns_choose_by_owner_and_name() {
        let means = |filter: &Filter, name: &str| filter.means(&candidate(name));
        let all = filter(&[], &[], &[]);
        assert!(means(&all, "acme/site"));
        let some = filter(&["*-gitops", "acme/*"], &["old-*", "acme/secret"], &[]);
        assert!(means(&some, "other/my-gitops") && means(&some, "acme/site") && means(&some, "ACME/Site"));
        assert!(!means(&some, "other/site") && !means(&some, "acme/old-x") && !means(&some, "acme/secret"));
        assert!(!means(&filter(&["acme*"], &[], &[]), "acme/site"), "a star does not cross the slash");
        assert!(Filter::new(&["a[".to_owned()], &[], &[], false).is_err());
    }

    #[test]
    fn a_topic_is_asked_for_in_any_case() {
        assert!(filter(&[], &[], &["x", "GitOps"]).means(&candidate("a/b")));
        assert!(!filter(&[], &[], &["x"]).means(&candidate("a/b")));
    }

    #[test]
    fn what_is_passed_over_has_a_reason() {
        let filter = filter(&[], &[], &[]);
        let reason = |change: fn(&mut Candidate)| {
            let mut candidate = candidate("a/b");
            change(&mut candidate);
            filter.reason_to_skip(&candidate)
        };
        assert_eq!(reason(|_| ()), None);
        assert_eq!(reason(|candidate| candidate.archived = true), Some("archived"));
        assert_eq!(reason(|candidate| candidate.fork = true), Some("a fork"));
        assert_eq!(reason(|candidate| candidate.head = None), Some("empty"));
        let opted = reason(|candidate| candidate.topics.push(OPT_OUT.to_owned()));
        assert_eq!(opted, Some("its topic caulk-ignore opts out"));
    }
}
