//! What there is to do in several plans, as an index into their files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Result, bail};
use serde::{Deserialize, de::IgnoredAny};

use crate::sweep::{
    lines::{self, Spot},
    plan::{Entry, Header, Line, Pull, PullState},
    state::{Outcome, State},
};

/// As much of a repository's line as the order of the work needs.
#[derive(Debug, Deserialize)]
struct Brief {
    kind: String,
    id: Option<String>,
    name: Option<String>,
    status: Option<String>,
    #[serde(default)]
    pull: Option<Pull>,
    #[serde(default)]
    files: Vec<IgnoredAny>,
}

/// A repository that is to be worked on, and where its line is.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) pull: Option<Pull>,
    plan: usize,
    spot: Spot,
}

/// The plans, with the repositories of all of them.
#[derive(Debug, Default)]
pub(super) struct Plans<'p> {
    files: Vec<(&'p Path, Header)>,
    tasks: BTreeMap<String, Task>,
    /// Whether every plan is whole.
    pub(super) whole: bool,
}

impl<'p> Plans<'p> {
    /// Finds what there is to do. Of each repository the last line of the last plan counts.
    ///
    /// # Errors
    /// If a file is no plan, or one for another API.
    pub(super) fn read(paths: &'p [PathBuf], api: &str) -> Result<Self> {
        let mut plans = Plans { whole: true, ..Plans::default() };
        for path in paths {
            let (mut begin, mut last) = (None, String::new());
            lines::read(path, |brief: Brief, spot| {
                if brief.kind == "plan" {
                    begin = Some(spot);
                }
                last.clone_from(&brief.kind);
                plans.take(brief, spot);
                Ok(())
            })?;
            plans.whole &= last == "end";
            plans.files.push((path, header(path, begin, api)?));
        }
        Ok(plans)
    }

    fn take(&mut self, brief: Brief, spot: Spot) {
        let (Some(id), Some(name)) = (brief.id, brief.name) else { return };
        let planned = matches!(brief.status.as_deref(), Some("done" | "unchanged"));
        let is_open = brief.pull.as_ref().is_some_and(|pull| pull.state == PullState::Open);
        self.tasks.remove(&id);
        if planned && (!brief.files.is_empty() || is_open) {
            let task = Task { id: id.clone(), name, pull: brief.pull, plan: self.files.len(), spot };
            self.tasks.insert(id, task);
        }
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values()
    }

    pub(super) fn headers(&self) -> impl Iterator<Item = &Header> {
        self.files.iter().map(|(_, header)| header)
    }

    /// Reads the line of a repository.
    pub(super) fn entry(&self, task: &Task) -> Result<(Entry, &Header)> {
        let Some((path, header)) = self.files.get(task.plan) else { bail!("a task without a plan") };
        match lines::read_at(path, task.spot)? {
            Line::Repository(entry) if entry.id == task.id => Ok((*entry, header)),
            _ => bail!("{} was changed meanwhile", path.display()),
        }
    }

    /// Tells whether an outcome is of the plan that the task is from.
    pub(super) fn is_of(&self, known: &Outcome, task: &Task) -> bool {
        self.files.get(task.plan).is_some_and(|(_, header)| header.begun == known.plan)
    }

    /// Tells whether our pull request is open, as far as the plan or a later outcome knows.
    pub(super) fn is_open(&self, task: &Task, state: &State) -> bool {
        let after = state.of(&task.id).filter(|known| self.is_of(known, task));
        let pull = after.map_or(task.pull.as_ref(), |known| known.pull.as_ref());
        pull.is_some_and(|pull| pull.state == PullState::Open)
    }
}

fn header(path: &Path, spot: Option<Spot>, spoken_to: &str) -> Result<Header> {
    let found = spot.map(|spot| lines::read_at(path, spot)).transpose()?;
    let Some(Line::Plan(header)) = found else { bail!("{} is no plan", path.display()) };
    header.check()?;
    match &header.api {
        Some(api) if api == spoken_to => Ok(header),
        Some(api) => bail!("{} is for {api}, and {spoken_to} is spoken to", path.display()),
        None => bail!("{} is for repositories on this machine, which have no pull requests", path.display()),
    }
}
