//! Carries plans to GitHub: the one that writes. One repository after the other, because GitHub asks for that of whoever writes.

mod plans;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};

use anyhow::Result;

use self::plans::{Plans, Task};
use super::{
    carry::{Carried, Carry},
    clock::Clock,
    plan::{Entry, Header, PullState},
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

/// What happened to one task.
enum Turn {
    Settled,
    Waits(Wait),
    Stopped,
    Worked { passing: bool },
}

/// Hears of each repository as it is done.
pub type Told<'t> = &'t mut dyn FnMut(&Outcome) -> Result<()>;

impl Applier<'_> {
    /// Carries the plans out.
    ///
    /// # Errors
    /// If a plan cannot be read or is for another server, or the state cannot be written. What concerns one repository alone is part
    /// of the result.
    pub fn apply(
        &self,
        plans: &[PathBuf],
        state: &mut State,
        carry: &mut dyn Carry,
        told: Told<'_>,
    ) -> Result<Applied> {
        let plans = Plans::read(plans, &self.api)?;
        let wave = self.wave(&plans, state);
        let mut applied = Applied { whole: plans.whole, ..Applied::default() };
        let mut open: Vec<&Task> = plans.tasks().collect();
        open.sort_by_key(|task| (turn(&task.id), &task.id));
        let mut worked = BTreeSet::new();
        let mut desk = Desk { of: self, plans: &plans, state, wave, carry, told };
        for round in 0..=self.retries {
            let pause = self.pause * 2_u32.saturating_pow(round.saturating_sub(1));
            if round > 0 && (open.is_empty() || applied.stopped || !self.clock.sleep(pause)) {
                break;
            }
            let mut again = Vec::new();
            for task in std::mem::take(&mut open) {
                match desk.turn(task)? {
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
        }
        applied.out = desk.wave.size();
        worked.iter().filter_map(|id| state.of(id)).for_each(|outcome| applied.count(outcome));
        Ok(applied)
    }

    /// Counts what is out already, by the state and by what the plans saw.
    fn wave(&self, plans: &Plans<'_>, state: &State) -> Wave {
        let mut wave = Wave::new(self.allowance);
        let campaigns: Vec<String> = plans.headers().map(|header| self.campaign(header)).collect();
        for outcome in state.outcomes() {
            if outcome.result.is_out() && campaigns.contains(&outcome.campaign) {
                wave.is_out(&outcome.id);
            }
        }
        for task in plans.tasks().filter(|task| plans.is_open(task, state)) {
            wave.open(&task.name, true);
        }
        wave
    }

    fn campaign(&self, header: &Header) -> String {
        format!("{} {}", header.key, self.manner)
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

/// What one repository after the other is worked on with.
struct Desk<'d> {
    of: &'d Applier<'d>,
    plans: &'d Plans<'d>,
    state: &'d mut State,
    wave: Wave,
    carry: &'d mut dyn Carry,
    told: Told<'d>,
}

impl Desk<'_> {
    fn turn(&mut self, task: &Task) -> Result<Turn> {
        let (entry, header) = self.plans.entry(task)?;
        let Some(analysis) = entry.analysis() else { return Ok(Turn::Settled) };
        let want = format!("{} {}", analysis.key, self.of.manner);
        let known = self.state.of(&task.id);
        let failed = known.is_some_and(|known| matches!(known.result, Became::Failed(_)));
        if known.is_some_and(|known| self.is_settled(known, task, &want))
            || !failed && self.carry.is_there(&entry)
        {
            return Ok(Turn::Settled);
        }
        let was_open = self.plans.is_open(task, self.state);
        if self.of.clock.is_over() {
            return Ok(Turn::Stopped);
        }
        if let Some(wait) = self.wave.holds_back(&task.id, &task.name, was_open) {
            return Ok(Turn::Waits(wait));
        }
        let Some(carried) = self.carry.carry(&entry, header) else { return Ok(Turn::Stopped) };
        let outcome = self.of.outcome(&entry, header, want, carried);
        self.state.add(outcome.clone())?;
        let is_open = outcome.pull.as_ref().is_some_and(|pull| pull.state == PullState::Open);
        if outcome.result.is_out() {
            self.wave.is_out(&task.id);
        }
        if was_open != is_open {
            self.wave.open(&task.name, is_open);
        }
        (self.told)(&outcome)?;
        let passing = matches!(&outcome.result, Became::Failed(failure) if failure.kind.is_passing());
        Ok(Turn::Worked { passing })
    }

    /// Tells whether there is nothing to do, because it was done: in this plan, or in an earlier one that wanted the same of a
    /// repository whose pull request is as it was left.
    fn is_settled(&self, known: &Outcome, task: &Task, want: &str) -> bool {
        let as_left = || match (&known.pull, &task.pull) {
            (None, None) => true,
            (Some(left), Some(now)) => left.is_same(now),
            _ => false,
        };
        known.result.is_done() && known.want == want && (self.plans.is_of(known, task) || as_left())
    }
}
