//! What plans hold, for people.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::Value;

use super::{
    lines::{self, Spot},
    plan::{Analysis, Entry, Line, Settings, Status, is_trouble},
    previous::Glance,
    state,
};
use crate::sink::screen;

/// Numbers over plans.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Whether every plan is whole.
    pub finished: bool,
    /// Repositories that were looked at, now or before.
    pub looked_at: usize,
    /// Of these, those that an earlier plan knew.
    pub unchanged: usize,
    /// Of these, those in which something is to change.
    pub to_change: usize,
    /// Files that are to change.
    pub files: usize,
    /// Repositories that are left alone.
    pub skipped: usize,
    /// Repositories that could not be looked at, or not wholly.
    pub failed: usize,
    /// The failed ones by kind.
    pub failures: BTreeMap<String, usize>,
    /// What became of repositories when the plans were carried out, where a state tells.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub carried: BTreeMap<String, usize>,
}

/// How much is told of each repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    Nothing,
    /// What is to change, and what went wrong.
    Findings,
    /// That, and the diffs.
    Diffs,
}

/// Goes through plans in the order of the repositories' names. Of each repository the last line of the last plan counts.
///
/// # Errors
/// If a plan cannot be read.
pub fn tell(plans: &[PathBuf], detail: Detail, say: &mut dyn FnMut(&str) -> Result<()>) -> Result<Tally> {
    let mut tally = Tally { finished: true, ..Tally::default() };
    let mut index = BTreeMap::new();
    for plan in plans {
        tally.finished &= note(plan, &mut index)?;
    }
    let mut order: Vec<(String, &Path, Spot)> = index.into_values().collect();
    order.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, path, spot) in order {
        let Line::Repository(entry) = lines::read_at(path, spot)? else { continue };
        tally.count(&entry);
        let text = section(&entry, detail);
        if !text.is_empty() {
            say(&text)?;
        }
    }
    Ok(tally)
}

/// Returns how many of the plans' repositories became what when they were carried out, by the state.
///
/// # Errors
/// If a plan or the state cannot be read.
pub fn carried(plans: &[PathBuf], state: &Path) -> Result<BTreeMap<String, usize>> {
    let mut index = BTreeMap::new();
    for plan in plans {
        note(plan, &mut index)?;
    }
    let mut numbers = BTreeMap::new();
    for outcome in state::read(state)?.iter().filter(|outcome| index.contains_key(&outcome.id)) {
        *numbers.entry(outcome.result.name().to_owned()).or_default() += 1;
    }
    Ok(numbers)
}

/// Returns what is asked of each repository, which must be the same in all plans.
///
/// # Errors
/// If it is not, or a plan cannot be read.
pub fn settings(plans: &[PathBuf]) -> Result<Settings> {
    let mut settings: Option<Settings> = None;
    for path in plans {
        let mut header = None;
        lines::read(path, |line: Glance, spot| {
            header = if line.kind == "plan" { Some(spot) } else { header };
            Ok(())
        })?;
        let found = header.map(|spot| lines::read_at(path, spot)).transpose()?;
        let Some(Line::Plan(header)) = found else { bail!("{} is no plan", path.display()) };
        if settings.as_ref().is_some_and(|settings| *settings != header.settings) {
            bail!("{} was made with other options than the plans before it; apply it alone", path.display());
        }
        settings = Some(header.settings);
    }
    settings.context("no plan is named")
}

type Index<'p> = BTreeMap<String, (String, &'p Path, Spot)>;

/// Takes note of where a plan's repositories stand. Returns whether it is whole.
fn note<'p>(plan: &'p Path, index: &mut Index<'p>) -> Result<bool> {
    let (mut begun, mut last) = (false, String::new());
    lines::read(plan, |line: Glance, spot| {
        begun |= line.kind == "plan" && line.version == Some(super::plan::VERSION);
        if let (Some(id), Some(name)) = (line.id, line.name) {
            index.insert(id, (name, plan, spot));
        }
        last = line.kind;
        Ok(())
    })?;
    if !begun && !last.is_empty() {
        bail!("{} is no plan that this caulk knows", plan.display());
    }
    Ok(last == "end")
}

impl Tally {
    fn count(&mut self, entry: &Entry) {
        if let Some(analysis) = entry.analysis() {
            self.looked_at += 1;
            self.files += analysis.files.len();
            self.to_change += usize::from(!analysis.files.is_empty());
        }
        match &entry.status {
            Status::Unchanged(_) => self.unchanged += 1,
            Status::Skipped { .. } => self.skipped += 1,
            Status::Done(_) | Status::Failed(_) => {}
        }
        let kind = match &entry.status {
            Status::Failed(failure) => Some(failure.kind.name()),
            _ => entry.analysis().filter(|analysis| analysis.has_trouble()).map(|_| "unreadable-files"),
        };
        if let Some(kind) = kind {
            self.failed += 1;
            *self.failures.entry(kind.to_owned()).or_default() += 1;
        }
    }
}

/// Renders the numbers.
#[must_use]
pub fn numbers(tally: &Tally) -> String {
    let mut text = format!(
        "{} looked at ({} unchanged): {} to change, in {} files; {} skipped; {} failed\n",
        tally.looked_at, tally.unchanged, tally.to_change, tally.files, tally.skipped, tally.failed
    );
    for (kind, count) in &tally.failures {
        let _ = writeln!(text, "  {kind}: {count}");
    }
    if !tally.carried.is_empty() {
        let carried: Vec<String> =
            tally.carried.iter().map(|(name, count)| format!("{count} {name}")).collect();
        let _ = writeln!(text, "carried out: {}", carried.join(", "));
    }
    if !tally.finished {
        text.push_str("not finished; `caulk sweep plan` with the same options goes on\n");
    }
    text
}

/// Renders a repository; nothing if there is nothing to tell.
fn section(entry: &Entry, detail: Detail) -> String {
    let name = screen::plain(&entry.name);
    match &entry.status {
        _ if detail == Detail::Nothing => String::new(),
        Status::Skipped { reason, .. } => format!("{name}: skipped: {}\n", screen::plain(reason)),
        Status::Failed(failure) => {
            format!("{name}: failed ({}): {}\n", failure.kind.name(), screen::plain(&failure.reason))
        }
        Status::Done(analysis) | Status::Unchanged(analysis) => looked_at(&name, analysis, detail),
    }
}

fn looked_at(name: &str, analysis: &Analysis, detail: Detail) -> String {
    let mut text = String::new();
    if !analysis.files.is_empty() {
        let (mended, files) = (&analysis.report["summary"]["mended"], analysis.files.len());
        let _ = writeln!(text, "{name}: {mended} to mend in {files} files, on {}", analysis.commit);
        for finding in list(analysis, "findings").filter(|finding| finding["verdict"] == "mended") {
            let (path, rule) = (plain(&finding["path"]), plain(&finding["rule"]));
            let _ = writeln!(text, "  {path}:{}: {rule}: {}", finding["line"], plain(&finding["message"]));
        }
    }
    for skip in list(analysis, "skipped").filter(|skip| is_trouble(skip)) {
        let _ = writeln!(text, "{name}: could not use {}: {}", plain(&skip["path"]), plain(&skip["reason"]));
    }
    for sentence in &analysis.disregarded {
        let _ = writeln!(text, "{name}: {}", screen::plain(sentence));
    }
    if detail == Detail::Diffs {
        let diffs = list(analysis, "changes").filter_map(|change| change["diff"].as_str());
        diffs.for_each(|diff| text.push_str(&screen::plain_lines(diff)));
    }
    text
}

fn list<'a>(analysis: &'a Analysis, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    analysis.report[name].as_array().into_iter().flatten()
}

fn plain(value: &Value) -> Cow<'_, str> {
    screen::plain(value.as_str().unwrap_or_default())
}
