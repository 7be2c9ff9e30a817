//! The head of a repository on GitHub, brought here without its history.

use std::{path::PathBuf, time::Duration};

use anyhow::Result;

use super::{
    access::Access,
    failure::{of_call, of_fetch},
};
use crate::{
    git::{self, Network, Remote, fetch as wire},
    github::Clock as _,
    sweep::{
        clock::Clock,
        plan::{Failure, FailureKind},
        source::{Candidate, Fetch, Opened},
    },
};

/// Fetches what [`super::Hub`] tells of.
#[derive(Debug)]
pub struct Fetcher<'a> {
    /// Who may read.
    pub access: &'a Access,
    /// How the server is reached.
    pub network: Network,
    /// Where repositories are while they are looked at.
    pub folder: PathBuf,
    /// The time.
    pub clock: Clock,
    /// How often a fetch is begun at most.
    pub attempts: u32,
}

/// A longer pause is not taken for the sake of one repository; a later run tries it again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Fetch for Fetcher<'_> {
    fn fetch(&self, candidate: &Candidate, bound: u64) -> Result<Opened, Failure> {
        let mut attempt = 1;
        loop {
            let error = match self.once(candidate, bound) {
                Ok(opened) => return Ok(opened),
                Err(error) => error,
            };
            let failure = match error.downcast_ref::<Failure>() {
                Some(failure) => failure.clone(),
                None => of_fetch(&error),
            };
            let pause = asked_for(&error).unwrap_or(Duration::from_secs(1 << attempt.min(5)));
            let again = failure.kind.is_passing() && attempt < self.attempts && pause <= LONGEST_PAUSE;
            if !again || !self.clock.sleep(pause) {
                return Err(failure);
            }
            attempt += 1;
        }
    }
}

impl Fetcher<'_> {
    fn once(&self, candidate: &Candidate, bound: u64) -> Result<Opened> {
        let head = candidate
            .head
            .as_ref()
            .ok_or_else(|| Failure { kind: FailureKind::Empty, reason: "it has no commit".to_owned() })?;
        let (owner, _) = candidate.name.split_once('/').unwrap_or((&candidate.name, ""));
        let client = self.access.of(owner)?;
        let url = candidate.url.as_deref().unwrap_or_default();
        if !client.is_site(url) {
            let reason = format!("its address {url} is not on the site of {}", client.host());
            return Err(Failure { kind: FailureKind::Forbidden, reason }.into());
        }
        let token = client.git_token().map_err(|error| of_call(&error))?;
        let mut remote = Remote::new(&format!("{url}.git"), token.as_ref(), &self.network)?;
        let want = wire::Want::Commit(head.commit);
        let fetched = wire::fetch(&mut remote, &want, bound, Some(&self.folder))?;
        Ok(Opened { store: fetched.store, commit: fetched.commit, bytes: fetched.bytes })
    }
}

/// Returns how long the server wants to be left alone.
fn asked_for(error: &anyhow::Error) -> Option<Duration> {
    match error.downcast_ref::<git::Refusal>()? {
        git::Refusal::Passing { retry_after, .. } => *retry_after,
        _ => None,
    }
}
