//! Carries plans to GitHub: the one that writes. One repository after the other, because GitHub asks for that of whoever writes.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, bail};
use serde::Deserialize;

use super::{
    carry::{Carried, Carry},
    clock::Clock,
    lines::{self, Spot},
    plan::{Entry, Header, Line, Pull, PullState},
    state::{Became, Outcome, State},
    wave::{Allowance, Wait, Wave, turn},
};
use crate::github::Clock as _;

/// How plans are carried out.
#[derive(Debug)]
pub struct Applier<'a> {
    /// What is allowed.
    pub allowance: Allowance,
    /// How often those are tried again whose failure may pass.
    pub retries: u32,
    /// The pause before the first time; it doubles.
    pub pause: Duration,
    /// Stands for how pull requests are made.
    pub manner: String,
    /// The time.
    pub clock: &'a Clock,
    /// The API that is written to.
    pub api: String,
}

/// What became of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// Repositories that were worked on in this run, by what became of them.
    pub became: BTreeMap<String, usize>,
    /// Those among them that failed, by name, with the reason.
    pub failed: BTreeMap<String, String>,
    /// Repositories for which nothing had to be asked.
    pub settled: usize,
    /// Repositories that wait.
    pub waiting: BTreeMap<Wait, usize>,
    /// How many repositories of the undertaking have the change.
    pub out: usize,
    /// Whether every plan was whole.
    pub whole: bool,
    /// Whether the run was stopped.
    pub stopped: bool,
    /// Repositories that want another run: they moved, or are held up by something that passes.
    pub again: usize,
}

impl Applied {
    fn count(&mut self, outcome: &Outcome) {
        *self.became.entry(outcome.result.name().to_owned()).or_default() += 1;
        match &outcome.result {
            Became::Failed(failure) => drop(self.failed.insert(outcome.name.clone(), failure.reason.clone())),
            result => self.again += usize::from(!result.is_done()),
        }
    }

    /// Tells whether nothing is left to be done.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.whole && !self.stopped && self.waiting.is_empty() && self.again == 0
    }
}

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
    files: Vec<serde::de::IgnoredAny>,
}

/// A repository that is to be worked on, and where its line is.
#[derive(Debug)]
struct Task {
    id: String,
    name: String,
    pull: Option<Pull>,
    plan: usize,
    spot: Spot,
}

/// The plans, with the repositories of all of them.
#[derive(Debug, Default)]
struct Plans<'p> {
    files: Vec<(&'p Path, Header)>,
    tasks: BTreeMap<String, Task>,
    whole: bool,
}

/// What happened to one task.
enum Turn {
    Settled,
    Waits(Wait),
    Stopped,
    Worked { passing: bool },
}

impl Applier<'_> {
    /// Carries the plans out. `told` hears of each repository as it is done.
    ///
    /// # Errors
    /// If a plan cannot be read or is for another server, or the state cannot be written. What concerns one repository alone is part
    /// of the result.
    pub fn apply(
        &self,
        plans: &[PathBuf],
        state: &mut State,
        carry: &mut dyn Carry,
        told: &mut dyn FnMut(&Outcome) -> Result<()>,
    ) -> Result<Applied> {
        let plans = self.index(plans)?;
        let mut wave = self.wave(&plans, state);
        let mut applied = Applied { whole: plans.whole, ..Applied::default() };
        let mut open: Vec<&Task> = plans.tasks.values().collect();
        open.sort_by_key(|task| (turn(&task.id), &task.id));
        let mut worked = BTreeSet::new();
        for round in 0..=self.retries {
            let pause = self.pause * 2_u32.saturating_pow(round.saturating_sub(1));
            if round > 0 && (open.is_empty() || !self.clock.sleep(pause)) {
                break;
            }
            let mut again = Vec::new();
            for task in std::mem::take(&mut open) {
                match self.turn(task, &plans, state, &mut wave, carry, told)? {
                    Turn::Settled => applied.settled += 1,
                    Turn::Waits(wait) => *applied.waiting.entry(wait).or_default() += 1,
                    Turn::Worked { passing } => {
                        worked.insert(task.id.as_str());
                        again.extend(passing.then_some(task));
                    }
                    Turn::Stopped => {
                        applied.stopped = true;
                        break;
                    }
                }
            }
            open = again;
            if applied.stopped {
                break;
            }
        }
        worked.iter().filter_map(|id| state.of(id)).for_each(|outcome| applied.count(outcome));
        applied.out = wave.size();
        Ok(applied)
    }

    /// Finds what there is to do in all plans. Of each repository the last line of the last plan counts.
    fn index<'p>(&self, paths: &'p [PathBuf]) -> Result<Plans<'p>> {
        let mut plans = Plans { whole: true, ..Plans::default() };
        for path in paths {
            let number = plans.files.len();
            let (mut header, mut last) = (None, String::new());
            lines::read(path, |brief: Brief, spot| {
                if brief.kind == "plan" {
                    header = Some(spot);
                } else if let (Some(id), Some(name)) = (brief.id, brief.name) {
                    let planned = matches!(brief.status.as_deref(), Some("done" | "unchanged"));
                    let is_open = brief.pull.as_ref().is_some_and(|pull| pull.state == PullState::Open);
                    plans.tasks.remove(&id);
                    if planned && (!brief.files.is_empty() || is_open) {
                        let task = Task { id: id.clone(), name, pull: brief.pull, plan: number, spot };
                        plans.tasks.insert(id, task);
                    }
                }
                last = brief.kind;
                Ok(())
            })?;
            plans.whole &= last == "end";
            plans.files.push((path, self.header(path, header)?));
        }
        Ok(plans)
    }

    fn header(&self, path: &Path, spot: Option<Spot>) -> Result<Header> {
        let found = spot.map(|spot| lines::read_at(path, spot)).transpose()?;
        let Some(Line::Plan(header)) = found else { bail!("{} is no plan", path.display()) };
        header.check()?;
        match &header.api {
            Some(api) if *api == self.api => Ok(header),
            Some(api) => bail!("{} is for {api}, and {} is spoken to", path.display(), self.api),
            None => {
                bail!("{} is for repositories on this machine, which have no pull requests", path.display())
            }
        }
    }

    /// Counts what is out already, by the state and by what the plans saw.
    fn wave(&self, plans: &Plans<'_>, state: &State) -> Wave {
        let mut wave = Wave::new(self.allowance);
        let campaigns: Vec<String> = plans.files.iter().map(|(_, header)| self.campaign(header)).collect();
        for outcome in state.outcomes() {
            if outcome.result.is_out() && campaigns.contains(&outcome.campaign) {
                wave.is_out(&outcome.id);
            }
        }
        for task in plans.tasks.values() {
            if self.is_open(task, plans, state) {
                wave.open(&task.name, true);
            }
        }
        wave
    }

    /// Tells whether our pull request is open, as far as the plan or a later outcome knows.
    fn is_open(&self, task: &Task, plans: &Plans<'_>, state: &State) -> bool {
        let after = state.of(&task.id).filter(|known| self.is_of(known, task, plans));
        let pull = after.map_or(task.pull.as_ref(), |known| known.pull.as_ref());
        pull.is_some_and(|pull| pull.state == PullState::Open)
    }

    fn is_of(&self, known: &Outcome, task: &Task, plans: &Plans<'_>) -> bool {
        plans.files.get(task.plan).is_some_and(|(_, header)| header.begun == known.plan)
    }

    fn campaign(&self, header: &Header) -> String {
        format!("{} {}", header.key, self.manner)
    }

    fn turn(
        &self,
        task: &Task,
        plans: &Plans<'_>,
        state: &mut State,
        wave: &mut Wave,
        carry: &mut dyn Carry,
        told: &mut dyn FnMut(&Outcome) -> Result<()>,
    ) -> Result<Turn> {
        let Some((path, header)) = plans.files.get(task.plan) else { bail!("a task without a plan") };
        let Line::Repository(entry) = lines::read_at(path, task.spot)? else {
            bail!("{} was changed meanwhile", path.display());
        };
        let Some(analysis) = entry.analysis() else { return Ok(Turn::Settled) };
        let want = format!("{} {}", analysis.key, self.manner);
        let known = state.of(&task.id);
        if known.is_some_and(|known| self.is_settled(known, task, plans, &want)) {
            return Ok(Turn::Settled);
        }
        let failed = known.is_some_and(|known| matches!(known.result, Became::Failed(_)));
        let was_open = self.is_open(task, plans, state);
        if !failed && carry.is_there(&entry) {
            wave.is_out(&task.id);
            return Ok(Turn::Settled);
        }
        if self.clock.is_over() {
            return Ok(Turn::Stopped);
        }
        if let Some(wait) = wave.holds_back(&task.id, &task.name, was_open) {
            return Ok(Turn::Waits(wait));
        }
        let Some(carried) = carry.carry(&entry, header) else { return Ok(Turn::Stopped) };
        let outcome = self.outcome(&entry, header, want, carried);
        let is_open = outcome.pull.as_ref().is_some_and(|pull| pull.state == PullState::Open);
        if outcome.result.is_out() {
            wave.is_out(&task.id);
        }
        if was_open != is_open {
            wave.open(&task.name, is_open);
        }
        let passing = matches!(&outcome.result, Became::Failed(failure) if failure.kind.is_passing());
        told(&outcome)?;
        state.add(outcome)?;
        Ok(Turn::Worked { passing })
    }

    /// Tells whether there is nothing to do, because it was done: in this plan, or in an earlier one that wanted the same of a
    /// repository whose pull request is as it was left.
    fn is_settled(&self, known: &Outcome, task: &Task, plans: &Plans<'_>, want: &str) -> bool {
        let as_left = || match (&known.pull, &task.pull) {
            (None, None) => true,
            (Some(left), Some(now)) => left.is_same(now),
            _ => false,
        };
        known.result.is_done() && known.want == want && (self.is_of(known, task, plans) || as_left())
    }

    fn outcome(&self, entry: &Entry, header: &Header, want: String, carried: Carried) -> Outcome {
        Outcome {
            id: entry.id.clone(),
            name: entry.name.clone(),
            plan: header.begun,
            campaign: self.campaign(header),
            want,
            at: u64::try_from(self.clock.time().as_millis()).unwrap_or_default(),
            result: carried.result,
            pull: carried.pull,
            url: carried.url,
            notes: carried.notes,
        }
    }
}
