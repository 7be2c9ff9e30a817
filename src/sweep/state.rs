//! What has been carried to GitHub, as a file of lines that grows while it is done.
//!
//! It spares work and keeps waves and limits over many runs. Nothing wrong comes of losing it: what is there on GitHub decides, and a
//! repository that is looked at once more is found to be as it should.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use super::{
    lines::Lines,
    plan::{Failure, Pull},
};

/// The version of the file's shape.
const VERSION: u32 = 1;

/// A line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Record {
    /// The first line.
    State {
        /// The version of this shape: 1.
        version: u32,
    },
    /// A write was granted.
    Write {
        /// When, in milliseconds since the epoch of Unix.
        at: u64,
    },
    /// What became of a repository. If there are several of one repository, the last counts.
    Outcome(Box<Outcome>),
}

/// What became of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The repository's identity.
    pub id: String,
    /// `owner/name`.
    pub name: String,
    /// When the plan was begun that was carried out, which tells it from others.
    pub plan: u64,
    /// Stands for the undertaking that several plans belong to: what is asked of all repositories.
    pub campaign: String,
    /// Stands for what the plan wanted of the repository.
    pub want: String,
    /// When it was done, in milliseconds since the epoch of Unix.
    pub at: u64,
    /// What was done.
    #[serde(flatten)]
    pub result: Became,
    /// Our pull request as it was left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull: Option<Pull>,
    /// The page of the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What did not work and is no failure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What was done in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "became", rename_all = "kebab-case")]
pub enum Became {
    /// A pull request was opened.
    Opened,
    /// The open one was updated.
    Updated,
    /// The open one was right as it was.
    Kept,
    /// The open one was closed, because there is nothing to change any more.
    Closed,
    /// There is nothing to change, and no pull request.
    Nothing,
    /// It is left alone.
    LeftAlone {
        /// Why, as machines know it.
        why: String,
        /// Why, in words.
        reason: String,
        /// Whether it stays so until something changes in the repository.
        settled: bool,
    },
    /// It did not work.
    Failed(Failure),
}

impl Became {
    /// Tells whether there is nothing to be done until something changes.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        match self {
            Self::LeftAlone { settled, .. } => *settled,
            Self::Failed(_) => false,
            Self::Opened | Self::Updated | Self::Kept | Self::Closed | Self::Nothing => true,
        }
    }

    /// Tells whether the repository has, or had, the change before its people's eyes.
    #[must_use]
    pub const fn is_out(&self) -> bool {
        matches!(self, Self::Opened | Self::Updated | Self::Kept | Self::Closed)
    }

    /// Returns the name that the numbers use.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Opened => "opened",
            Self::Updated => "updated",
            Self::Kept => "kept",
            Self::Closed => "closed",
            Self::Nothing => "nothing",
            Self::LeftAlone { why, .. } => why,
            Self::Failed(failure) => failure.kind.name(),
        }
    }
}

/// The file, open for one process.
#[derive(Debug)]
pub struct State {
    lines: Arc<Mutex<Lines>>,
    /// A file that was replaced by a shorter one. Its lock keeps out whoever opened it before that.
    _replaced: Option<Lines>,
    outcomes: BTreeMap<String, Outcome>,
    writes: Vec<Duration>,
}

/// Writes longer ago than this count no more.
const WRITES_COUNT: Duration = Duration::from_secs(3600);

/// So many lines that no longer count are borne with.
const WASTE: usize = 2_000;

impl State {
    /// Opens or makes the file. `now` is the time since the epoch of Unix.
    ///
    /// # Errors
    /// If it cannot be used, or another process uses it.
    pub fn open(path: &Path, now: Duration) -> Result<Self> {
        let mut read = Read::default();
        let mut lines = Lines::open(path, |record, _| read.take(record))?;
        read.check(path)?;
        let since = now.saturating_sub(WRITES_COUNT);
        read.writes.retain(|at| *at >= since);
        let wasted = read.count.saturating_sub(read.outcomes.len() + read.writes.len());
        let (outcomes, writes) = (read.outcomes, read.writes);
        let mut replaced = None;
        if read.count == 0 {
            lines.append(&Record::State { version: VERSION })?;
        } else if wasted > WASTE {
            let short = shortened(path, &writes, &outcomes)?;
            replaced = Some(std::mem::replace(&mut lines, short));
        }
        Ok(Self { lines: Arc::new(Mutex::new(lines)), _replaced: replaced, outcomes, writes })
    }

    /// Returns what became of a repository the last time.
    #[must_use]
    pub fn of(&self, id: &str) -> Option<&Outcome> {
        self.outcomes.get(id)
    }

    /// Returns what became of all repositories, by their identities.
    pub fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.values()
    }

    /// Returns when the writes of the last hour were.
    #[must_use]
    pub fn writes(&self) -> &[Duration] {
        &self.writes
    }

    /// Writes down what became of a repository. When this returns it is on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, outcome: Outcome) -> Result<()> {
        lock(&self.lines).append(&Record::Outcome(Box::new(outcome.clone())))?;
        self.outcomes.insert(outcome.id.clone(), outcome);
        Ok(())
    }

    /// Returns what writes down that a write was granted.
    pub fn recorder(&self) -> impl Fn(Duration) + Send + Sync + use<> {
        let lines = Arc::clone(&self.lines);
        move |at| {
            let at = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
            // A disk that takes no more is told of with the next outcome.
            let _ = lock(&lines).write(&Record::Write { at });
        }
    }
}

fn lock(lines: &Mutex<Lines>) -> MutexGuard<'_, Lines> {
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Puts a file in the place of the old one that holds nothing twice.
fn shortened(path: &Path, writes: &[Duration], outcomes: &BTreeMap<String, Outcome>) -> Result<Lines> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let short = PathBuf::from(name);
    if short.exists() {
        fs::remove_file(&short).with_context(|| format!("failed to remove {}", short.display()))?;
    }
    let mut lines = Lines::open(&short, |_: Record, _| Ok(()))?;
    lines.write(&Record::State { version: VERSION })?;
    for at in writes {
        lines.write(&Record::Write { at: u64::try_from(at.as_millis()).unwrap_or(u64::MAX) })?;
    }
    for outcome in outcomes.values() {
        lines.write(&Record::Outcome(Box::new(outcome.clone())))?;
    }
    lines.sync()?;
    fs::rename(&short, path).with_context(|| format!("failed to replace {}", path.display()))?;
    Ok(lines)
}

/// Reads what became of all repositories, whoever may be adding to it. There is nothing yet where there is no file.
///
/// # Errors
/// If it cannot be read or is of another kind.
pub fn read(path: &Path) -> Result<Vec<Outcome>> {
    let mut read = Read::default();
    if path.exists() {
        super::lines::read(path, |record, _| read.take(record))?;
        read.check(path)?;
    }
    Ok(read.outcomes.into_values().collect())
}

#[derive(Debug, Default)]
struct Read {
    version: Option<u32>,
    count: usize,
    outcomes: BTreeMap<String, Outcome>,
    writes: Vec<Duration>,
}

impl Read {
    fn take(&mut self, record: Record) -> Result<()> {
        self.count += 1;
        match record {
            Record::State { version } => self.version = Some(version),
            Record::Write { at } => self.writes.push(Duration::from_millis(at)),
            Record::Outcome(outcome) => _ = self.outcomes.insert(outcome.id.clone(), *outcome),
        }
        Ok(())
    }

    fn check(&self, path: &Path) -> Result<()> {
        if self.count > 0 && self.version != Some(VERSION) {
            bail!("{} is no state of a sweep that this caulk knows", path.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(id: &str, at: u64) -> Outcome {
        Outcome {
            id: id.to_owned(),
            name: id.to_owned(),
            plan: 1,
            campaign: "c".to_owned(),
            want: "w".to_owned(),
            at,
            result: Became::Opened,
            pull: None,
            url: None,
            notes: Vec::new(),
        }
    }

    const NOW: Duration = Duration::from_secs(1_800_000_000);

    #[test]
    fn the_last_outcome_and_the_writes_of_the_last_hour_count() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let mut state = State::open(&path, NOW).expect("a state");
        let wrote = state.recorder();
        wrote(NOW - Duration::from_secs(4_000));
        wrote(NOW - Duration::from_secs(10));
        drop(wrote);
        state.add(outcome("a", 1)).expect("a line");
        state.add(outcome("a", 2)).expect("a line");
        assert!(State::open(&path, NOW).expect_err("it is in use").to_string().contains("another sweep"));
        drop(state);
        let state = State::open(&path, NOW).expect("a state");
        assert_eq!(state.of("a"), Some(&outcome("a", 2)));
        assert_eq!(state.writes(), [NOW - Duration::from_secs(10)]);
        assert_eq!(read(&path).expect("outcomes"), [outcome("a", 2)]);
    }

    #[test]
    fn a_file_that_grew_is_shortened_and_stays_locked() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("state");
        let mut state = State::open(&path, NOW).expect("a state");
        let wrote = state.recorder();
        (0..3_000).for_each(|_| wrote(NOW - Duration::from_secs(9_000)));
        drop(wrote);
        state.add(outcome("a", 1)).expect("a line");
        drop(state);
        let long = fs::metadata(&path).expect("a file").len();
        let mut state = State::open(&path, NOW).expect("a state");
        assert!(fs::metadata(&path).expect("a file").len() < long / 10);
        assert!(State::open(&path, NOW).is_err(), "the new file is locked as well");
        state.add(outcome("b", 1)).expect("a line");
        drop(state);
        assert_eq!(read(&path).expect("outcomes"), [outcome("a", 1), outcome("b", 1)]);
    }

    #[test]
    fn a_plan_is_no_state() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("plan");
        fs::write(&path, "{\"kind\":\"plan\",\"version\":1}\n").expect("a file");
        assert!(State::open(&path, NOW).is_err());
        assert!(read(&folder.path().join("absent")).expect("nothing yet").is_empty());
    }
}
