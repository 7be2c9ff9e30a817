//! What is found in one repository of a sweep.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
};

use anyhow::{Context as _, Result};

use super::{
    plan::{Analysis, Failure, FailureKind, Settings, Status},
    source::{Candidate, Opened},
};
use crate::{
    config, facts,
    read::Thoroughness,
    run::{self, Request},
};

/// How repositories are looked at.
#[derive(Debug, Clone)]
pub struct Analyser {
    /// What is asked of each.
    pub settings: Settings,
    /// Where answers about images come from.
    pub sources: facts::Options,
    /// How many threads work on one repository.
    pub threads: usize,
}

impl Analyser {
    /// Looks at a repository. Whatever goes wrong in it is part of the result.
    #[must_use]
    pub fn analyse(&self, candidate: &Candidate, key: &str, opened: &Opened) -> Status {
        let looked = catch_unwind(AssertUnwindSafe(|| self.look(candidate, key, opened)));
        match looked {
            Ok(Ok(status)) => status,
            Ok(Err(failure)) => Status::Failed(failure),
            // One repository must not end the sweep of all others.
            Err(_) => Status::Failed(Failure {
                kind: FailureKind::Other,
                reason: "caulk itself stumbled over it; please report that".to_owned(),
            }),
        }
    }

    fn look(&self, candidate: &Candidate, key: &str, opened: &Opened) -> Result<Status, Failure> {
        let own = own_configuration(opened).map_err(|error| failed(&error))?;
        if let Some(text) = own {
            let config = config::check(&text, config::NAME);
            let config = config.map_err(|error| of_kind(FailureKind::Configuration, &error))?;
            if config.sweep == Some(false) {
                let reason = format!("its {} opts out with `sweep: false`", config::NAME);
                return Ok(Status::Skipped { reason, key: Some(key.to_owned()) });
            }
        }
        self.plan(candidate, key, opened).map_err(|error| failed(&error))
    }

    fn plan(&self, candidate: &Candidate, key: &str, opened: &Opened) -> Result<Status> {
        let request = Request {
            paths: vec![PathBuf::from(".")],
            config: None,
            cluster_domain: self.settings.cluster_domain.clone(),
            rules: self.settings.rules.clone(),
            tier: self.settings.tier(),
            thoroughness: Thoroughness::Commands,
            threads: self.threads,
            sources: self.sources.clone(),
            addresses: candidate.addresses.clone(),
        };
        let run = run::run_tree(&request, &opened.store, opened.commit, &self.settings.authority())?;
        let branch = candidate.head.as_ref().map(|head| head.branch.clone()).unwrap_or_default();
        let commit = opened.commit.to_string();
        let analysis = Analysis::new(key.to_owned(), branch, commit, candidate.pull.clone(), &run)?;
        Ok(Status::Done(Box::new(analysis)))
    }
}

/// Returns the text of the repository's own configuration, if it has one that can be read as text.
fn own_configuration(opened: &Opened) -> Result<Option<String>> {
    let repository = opened.store.repository()?;
    let commit = repository.find_commit(opened.commit).context("the commit is not there")?;
    let tree = commit.tree().context("the tree of the commit is missing or damaged")?;
    let Some(entry) = tree.get_name(config::NAME) else { return Ok(None) };
    let mut bytes = Vec::new();
    // What is wrong with it beyond its text is told by the run.
    let read = opened.store.read(entry.id(), config::LARGEST, &mut bytes);
    Ok(read.ok().and_then(|()| String::from_utf8(bytes).ok()))
}

fn failed(error: &anyhow::Error) -> Failure {
    let damaged = error.chain().any(|cause| cause.is::<git2::Error>());
    of_kind(if damaged { FailureKind::Corrupt } else { FailureKind::Other }, error)
}

fn of_kind(kind: FailureKind, error: &anyhow::Error) -> Failure {
    Failure { kind, reason: format!("{error:#}") }
}
