//! Looks anew at a repository whose base moved since the plan was made.

use anyhow::{Context as _, Result};

use super::{failure::of_part, source::candidate};
use crate::{
    github::{Client, Name},
    sweep::{
        analyse::Analyser,
        key::Common,
        plan::{Entry, Failure, FailureKind, Header, Settings, Status},
        source::{Fetch, Listed},
    },
};

/// Plans single repositories.
pub struct Replanner<'a> {
    /// How they are looked at. The settings are those of the plan.
    pub analyser: Analyser,
    /// Computes what an analysis rests on besides the repository, by the plan's settings.
    pub common: &'a (dyn Fn(&Settings) -> Result<Common> + 'a),
    /// Brings them here.
    pub fetch: &'a dyn Fetch,
    /// How many bytes one may have.
    pub bound: u64,
}

impl std::fmt::Debug for Replanner<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replanner").field("analyser", &self.analyser).finish_non_exhaustive()
    }
}

impl Replanner<'_> {
    /// Plans a repository as it is now, in the manner of its plan. Returns nothing where this process would look at it otherwise than
    /// the plan did, so that the next plan has to.
    ///
    /// # Errors
    /// If it cannot be looked at; a [`Failure`] says why.
    pub fn replan(&self, client: &Client, name: &Name, header: &Header) -> Result<Option<Entry>> {
        let common = (self.common)(&header.settings)?;
        if common.text() != header.key {
            return Ok(None);
        }
        let told = client.heads(std::slice::from_ref(name), &header.settings.branch)?.pop();
        let told = told.context("GitHub does not answer for the repository")?;
        let candidate = match told.map(candidate) {
            Ok(Listed::Repository(candidate)) => *candidate,
            Ok(Listed::Failed { failure, .. }) => return Err(failure.into()),
            Err(error) => return Err(of_part(&error).into()),
        };
        let Some(head) = &candidate.head else {
            let reason = "there is nothing in it any more".to_owned();
            return Err(Failure { kind: FailureKind::Empty, reason }.into());
        };
        let key = common.of(&candidate.id, &candidate.addresses, head);
        let opened = self.fetch.fetch(&candidate, self.bound)?;
        let analyser = Analyser { settings: header.settings.clone(), ..self.analyser.clone() };
        match analyser.analyse(&candidate, &key, &opened) {
            Status::Failed(failure) => Err(failure.into()),
            // Since then it opted out.
            Status::Skipped { .. } => Ok(None),
            status => Ok(Some(Entry { id: candidate.id, name: candidate.name, status })),
        }
    }
}
