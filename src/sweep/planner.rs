//! Plans what is to be done in many repositories, several at a time, and keeps nothing of a repository once its line is written.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use serde::de::IgnoredAny;

use super::{
    analyse::Analyser,
    key::Common,
    lines::{self, Lines},
    plan::{Cost, Entry, Header, Line, Status},
    previous::{Glance, Previous},
    scratch::Scratch,
    select::Filter,
    shard::Shard,
    source::{Candidate, Fetch, Listed, Source},
};

/// How a plan is made.
#[derive(Debug)]
pub struct Planner<'a> {
    /// Which repositories are meant.
    pub filter: Filter,
    /// Which part of them is this process's.
    pub shard: Option<Shard>,
    /// What decides every analysis.
    pub common: Common,
    /// How each is looked at.
    pub analyser: Analyser,
    /// How many repositories are worked on at the same time.
    pub parallel: usize,
    /// How many bytes all repositories that are here at the same time may have.
    pub space: u64,
    /// The API that the repositories are told by.
    pub api: Option<String>,
    /// Set from outside when the run is to stop.
    pub stop: &'a AtomicBool,
    /// The time since the epoch of Unix, in milliseconds.
    pub now: u64,
}

/// How many repositories came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Looked at.
    pub done: usize,
    /// Known from an earlier plan.
    pub unchanged: usize,
    /// Left alone.
    pub skipped: usize,
    /// Could not be looked at, or not wholly.
    pub failed: usize,
    /// Already in this plan when it was gone on with.
    pub before: usize,
}

/// What became of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The repositories of this run.
    pub counts: Counts,
    /// The first failures, by name, with the reason. The plan holds all of them.
    pub failures: Vec<(String, String)>,
    /// What it cost.
    pub cost: Cost,
    /// Whether the plan is whole.
    pub finished: bool,
}

/// So many failures are told of at once.
const FAILURES: usize = 20;

/// What the workers share.
struct Shared<'s> {
    source: &'s mut dyn Source,
    open: std::vec::IntoIter<Listed>,
    lines: Lines,
    /// What this very plan holds already.
    own: Previous,
    previous: Previous,
    counts: Counts,
    failures: Vec<(String, String)>,
    /// The first error that concerns all.
    error: Option<anyhow::Error>,
}

impl Planner<'_> {
    /// Makes the plan in the file, or goes on with it. A finished plan in its place becomes the one before; what that one and
    /// `others` know is not done again. `calls` tells of what the API was asked.
    ///
    /// # Errors
    /// If files cannot be used, or the source cannot tell all repositories.
    pub fn plan(
        &self,
        path: &Path,
        others: &[PathBuf],
        source: &mut dyn Source,
        fetch: &dyn Fetch,
        calls: &dyn Fn() -> std::collections::BTreeMap<String, u64>,
    ) -> Result<Planned> {
        let begun = Instant::now();
        let header = self.header();
        let mut previous = Previous::default();
        others.iter().try_for_each(|other| previous.add(other))?;
        let (own, goes_on) = settle(path, &header)?;
        let before = previous_of(path);
        if before.exists() {
            previous.add(&before)?;
        }
        let mut lines = Lines::open(path, |_: IgnoredAny, _| Ok(()))?;
        let _scratch = Scratch::beside(path)?;
        if !goes_on {
            lines.append(&Line::Plan(header))?;
        }
        let open = Vec::new().into_iter();
        let counts = Counts::default();
        let failures = Vec::new();
        let shared = Mutex::new(Shared { source, open, lines, own, previous, counts, failures, error: None });
        let (bytes, fetched) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..self.parallel.max(1) {
                scope.spawn(|| self.work(&shared, fetch, &bytes, &fetched));
            }
        });
        let mut shared = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = shared.error {
            return Err(error);
        }
        let cost = Cost {
            seconds: begun.elapsed().as_secs_f64(),
            fetched_bytes: bytes.into_inner(),
            fetched: fetched.into_inner(),
            calls: calls(),
            peak_memory: super::memory::peak(),
        };
        let finished = !self.stop.load(Ordering::Relaxed);
        if finished {
            shared.lines.append(&Line::End(cost.clone()))?;
        }
        Ok(Planned { counts: shared.counts, failures: shared.failures, cost, finished })
    }

    fn header(&self) -> Header {
        Header {
            version: super::plan::VERSION,
            caulk: env!("CARGO_PKG_VERSION").to_owned(),
            key: self.common.text(),
            begun: self.now,
            api: self.api.clone(),
            shard: self.shard.map(|shard| shard.to_string()),
            settings: self.analyser.settings.clone(),
        }
    }

    fn work(&self, shared: &Mutex<Shared<'_>>, fetch: &dyn Fetch, bytes: &AtomicU64, fetched: &AtomicU64) {
        let bound = self.space / self.parallel.max(1) as u64;
        loop {
            let next = self.next(&mut lock(shared));
            let (candidate, key) = match next {
                Ok(Some(next)) => next,
                Ok(None) => return,
                // A stop cuts calls short.
                Err(_) if self.stop.load(Ordering::Relaxed) => return,
                Err(error) => return fail(shared, error),
            };
            let status = match fetch.fetch(&candidate, bound) {
                Ok(opened) => {
                    bytes.fetch_add(opened.bytes, Ordering::Relaxed);
                    fetched.fetch_add(1, Ordering::Relaxed);
                    self.analyser.analyse(&candidate, &key, &opened)
                }
                Err(failure) if failure.kind.is_passing() && self.stop.load(Ordering::Relaxed) => return,
                Err(failure) => Status::Failed(failure),
            };
            let entry = Entry { id: candidate.id, name: candidate.name, status };
            let mut shared = lock(shared);
            shared.count(&entry);
            if let Err(error) = shared.lines.append(&Line::Repository(Box::new(entry))) {
                shared.error.get_or_insert(error);
                return;
            }
        }
    }

    /// Returns the next repository that has to be looked into. What needs no looking is written down on the way.
    fn next(&self, shared: &mut Shared<'_>) -> Result<Option<(Candidate, String)>> {
        loop {
            if self.stop.load(Ordering::Relaxed) || shared.error.is_some() {
                return Ok(None);
            }
            let Some(listed) = shared.open.next() else {
                let Some(page) = shared.source.next()? else { return Ok(None) };
                shared.open = page.into_iter();
                continue;
            };
            let candidate = match listed {
                Listed::Repository(candidate) => *candidate,
                Listed::Failed { name, failure } => {
                    // What cannot be seen has no identity; its name must do.
                    let id = format!("name:{}", name.to_ascii_lowercase());
                    if self.is_ours(&id) {
                        shared.write(Entry { id, name, status: Status::Failed(failure) })?;
                    }
                    continue;
                }
            };
            if !self.is_ours(&candidate.id) || !self.filter.means(&candidate) {
                continue;
            }
            if let Some(next) = self.needs_looking(shared, candidate)? {
                return Ok(Some(next));
            }
        }
    }

    fn is_ours(&self, id: &str) -> bool {
        self.shard.is_none_or(|shard| shard.holds(id))
    }

    fn needs_looking(
        &self,
        shared: &mut Shared<'_>,
        candidate: Candidate,
    ) -> Result<Option<(Candidate, String)>> {
        let reason = self.filter.reason_to_skip(&candidate);
        let (None, Some(head)) = (reason, &candidate.head) else {
            let status = Status::Skipped { reason: reason.unwrap_or("empty").to_owned(), key: None };
            shared.write(Entry { id: candidate.id, name: candidate.name, status })?;
            return Ok(None);
        };
        let key = self.common.of(&candidate.id, &candidate.addresses, head);
        let (known, here) = match shared.own.take(&candidate.id, &key)? {
            Some(known) => (Some(known), true),
            None => (shared.previous.take(&candidate.id, &key)?, false),
        };
        let Some(mut entry) = known else { return Ok(Some((candidate, key))) };
        // The analysis holds as it was; what our pull request looks like is news.
        let same_pull = entry.analysis().is_none_or(|analysis| analysis.pull == candidate.pull);
        if here && same_pull && entry.name == candidate.name {
            shared.counts.before += 1;
            return Ok(None);
        }
        entry.name = candidate.name;
        entry.status = match entry.status {
            Status::Done(mut analysis) | Status::Unchanged(mut analysis) => {
                analysis.pull = candidate.pull;
                Status::Unchanged(analysis)
            }
            other => other,
        };
        shared.write(entry)?;
        Ok(None)
    }
}

impl Shared<'_> {
    fn count(&mut self, entry: &Entry) {
        self.counts.count(entry);
        if let Status::Failed(failure) = &entry.status
            && self.failures.len() < FAILURES
        {
            self.failures.push((entry.name.clone(), failure.reason.clone()));
        }
    }

    /// Writes down what was not worked for; a crash of the machine may cost it.
    fn write(&mut self, entry: Entry) -> Result<()> {
        self.count(&entry);
        self.lines.write(&Line::Repository(Box::new(entry)))?;
        Ok(())
    }
}

impl Counts {
    fn count(&mut self, entry: &Entry) {
        let number = match &entry.status {
            Status::Done(analysis) | Status::Unchanged(analysis) if analysis.has_trouble() => {
                &mut self.failed
            }
            Status::Done(_) => &mut self.done,
            Status::Unchanged(_) => &mut self.unchanged,
            Status::Skipped { .. } => &mut self.skipped,
            Status::Failed(_) => &mut self.failed,
        };
        *number += 1;
    }
}

fn lock<'m, 's>(shared: &'m Mutex<Shared<'s>>) -> MutexGuard<'m, Shared<'s>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn fail(shared: &Mutex<Shared<'_>>, error: anyhow::Error) {
    lock(shared).error.get_or_insert(error);
}

/// Returns where the plan before the one at the path is.
#[must_use]
pub fn previous_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".previous");
    PathBuf::from(name)
}

/// Makes room for a plan: one that is finished is put aside, one that can be gone on with stays. Returns what that one holds,
/// and whether it has begun.
fn settle(path: &Path, header: &Header) -> Result<(Previous, bool)> {
    let mut own = Previous::default();
    if !path.exists() {
        return Ok((own, false));
    }
    let (mut begin, mut last) = (None, None);
    lines::read(path, |line: Glance, spot| {
        if line.kind == "plan" {
            begin = Some(spot);
        }
        last = Some(line.kind);
        Ok(())
    })?;
    let Some(begin) = begin else {
        if last.is_some() {
            bail!("{} is no plan", path.display());
        }
        return Ok((own, false));
    };
    if last.as_deref() == Some("end") {
        fs::rename(path, previous_of(path)).with_context(|| format!("failed to move {}", path.display()))?;
        return Ok((own, false));
    }
    if let Ok(Line::Plan(found)) = lines::read_at(path, begin)
        && (Header { begun: header.begun, ..found }) == *header
    {
        own.add(path)?;
        return Ok((own, true));
    }
    // Begun with other settings and never finished: nothing in it holds any more.
    fs::remove_file(path).with_context(|| format!("failed to remove {}", path.display()))?;
    Ok((own, false))
}
