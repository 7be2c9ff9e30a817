//! What overlays render differently, by kubectl or kustomize where one is at hand.
//!
//! The repository may be a stranger's, so only overlays are rendered that our own model could follow to the last file, and the program
//! works on a copy of the regular files, without environment and network.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{
    model::kustomize::{Builder, Graph, Kustomization, ProblemKind},
    path::RepoPath,
};

use super::body::Rendered;
use crate::{git::Snapshot, program, read::LARGEST, run::Run, sink::diff};

/// More overlays than these make a body that nobody reads.
const MOST_OVERLAYS: usize = 10;

/// How long one overlay may take.
const TIME: Duration = Duration::from_secs(20);

/// How long all of them may take.
const ALL_TIME: Duration = Duration::from_secs(60);

/// No overlay renders more.
const MOST_BYTES: u64 = 16 << 20;

/// More files, or more bytes, are not copied for this.
const MOST_FILES: usize = 20_000;
const MOST_COPIED: u64 = 256 << 20;

/// A program that renders kustomizations.
#[derive(Debug, Clone)]
pub struct Renderer {
    program: PathBuf,
    command: &'static str,
}

impl Renderer {
    /// Finds kustomize or kubectl on PATH.
    #[must_use]
    pub fn find() -> Option<Self> {
        let kustomize = program::on_path("kustomize").map(|program| Self { program, command: "build" });
        kustomize.or_else(|| Some(Self { program: program::on_path("kubectl")?, command: "kustomize" }))
    }

    /// Returns where the program is.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Returns what the changes of a run make different in the overlays that hold them. An overlay that cannot be rendered before
    /// and after is left out.
    #[must_use]
    pub fn render(&self, run: &Run) -> Vec<Rendered> {
        self.try_render(run).unwrap_or_default()
    }

    fn try_render(&self, run: &Run) -> Result<Vec<Rendered>> {
        let snapshot = run.tree.snapshot().context("there is no commit to render")?;
        let overlays = overlays(run);
        if overlays.is_empty() {
            return Ok(Vec::new());
        }
        let copy = tempfile::Builder::new().prefix("caulk-render-").tempdir()?;
        export(snapshot, copy.path())?;
        let deadline = Instant::now() + ALL_TIME;
        let build = |overlay: &RepoPath| self.build(&copy.path().join(overlay.as_str()), deadline).ok();
        let before: Vec<Option<String>> = overlays.iter().map(build).collect();
        for change in &run.plan.changes {
            fs::write(copy.path().join(change.path.as_str()), &change.after)?;
        }
        let after: Vec<Option<String>> = overlays.iter().map(build).collect();
        let both = overlays.iter().zip(before).zip(after);
        Ok(both
            .filter_map(|((overlay, before), after)| {
                let (before, after) = before.zip(after).filter(|(before, after)| before != after)?;
                let name = if overlay.as_str().is_empty() { "." } else { overlay.as_str() };
                Some(Rendered { overlay: name.to_owned(), diff: diff::unified(name, &before, &after) })
            })
            .collect())
    }

    fn build(&self, folder: &Path, deadline: Instant) -> Result<String> {
        let time = TIME.min(deadline.saturating_duration_since(Instant::now()));
        if time.is_zero() {
            bail!("no time is left");
        }
        // Without PATH there is no git to fetch with, and the proxy's port takes no connections.
        let nowhere = "http://127.0.0.1:9";
        let mut command = Command::new(&self.program);
        command.arg(self.command).arg(folder).env_clear().current_dir(folder);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"] {
            command.env(name, nowhere);
        }
        let printed = program::run(&mut command, &[], time, MOST_BYTES)?;
        String::from_utf8(printed).context("it printed no text")
    }
}

/// Returns the folders of the outermost kustomizations that hold changed files and that nothing unknown is part of.
fn overlays(run: &Run) -> Vec<RepoPath> {
    let placements = run.repository.placements();
    let graph = placements.graph();
    let changed: BTreeSet<RepoPath> = run.plan.changes.iter().map(|change| change.path.parent()).collect();
    let included: BTreeSet<RepoPath> = graph.iter().flat_map(|each| children(graph, &each.folder)).collect();
    let mut builder = Builder::new(&run.repository, placements.texts(), graph);
    let outermost = graph.iter().filter(|each| !each.component && !included.contains(&each.folder));
    let known = outermost.filter(|each| {
        let parts = parts(graph, &each.folder);
        !parts.is_disjoint(&changed)
            && parts.iter().all(|part| is_local(run, graph.folder(part)))
            && builder.folder(&each.folder).problems.iter().all(|problem| is_harmless(&problem.kind))
    });
    known.map(|each| each.folder.clone()).take(MOST_OVERLAYS).collect()
}

/// Returns the folders that a kustomization is made of, its own among them.
fn parts(graph: &Graph, folder: &RepoPath) -> BTreeSet<RepoPath> {
    let (mut parts, mut open) = (BTreeSet::new(), vec![folder.clone()]);
    while let Some(folder) = open.pop() {
        if parts.insert(folder.clone()) {
            open.extend(children(graph, &folder));
        }
    }
    parts
}

/// Tells whether a kustomization names nothing that is fetched. Any path in it could be an address, so none may stand in it at all,
/// nor an escape that could hide one; transformers have paths of their own.
fn is_local(run: &Run, kustomization: Option<&Kustomization>) -> bool {
    let Some((kustomization, file)) = kustomization.and_then(|each| Some((each, each.file?))) else {
        return false;
    };
    let Some(file) = run.repository.files().get(file.0 as usize) else { return false };
    let lines = file.stream.text().lines().filter(|line| !line.trim_start().starts_with('#'));
    let is_plain =
        |line: &str| !line.contains(['\\', '\r']) && !line.contains("://") && !line.contains("git@");
    kustomization.transformers.is_empty() && lines.into_iter().all(is_plain)
}

fn children(graph: &Graph, folder: &RepoPath) -> Vec<RepoPath> {
    let Some(kustomization) = graph.folder(folder) else { return Vec::new() };
    let entries = kustomization.resources.iter().chain(&kustomization.components);
    let paths = entries.filter_map(|entry| folder.join(&entry.text).ok());
    paths.filter(|path| graph.folder(path).is_some()).collect()
}

/// Tells whether whatever is wrong is at least inside of the repository and no program.
const fn is_harmless(kind: &ProblemKind) -> bool {
    matches!(
        kind,
        ProblemKind::NotRead(_)
            | ProblemKind::Target { .. }
            | ProblemKind::Patch(_)
            | ProblemKind::Merge { .. }
            | ProblemKind::Json { .. }
            | ProblemKind::Conflict(_)
            | ProblemKind::Replacement(_)
    )
}

/// Writes the regular files of a commit into a folder. Links could lead out of it and are left out.
fn export(snapshot: &Snapshot, root: &Path) -> Result<()> {
    let (mut copied, mut bytes) = (0_u64, Vec::new());
    let files = snapshot.entries().filter(|(_, entry)| entry.mode.is_file());
    for ((path, _), number) in files.zip(0..) {
        if snapshot.read(path, LARGEST, &mut bytes).is_err() {
            continue;
        }
        copied += bytes.len() as u64;
        if number >= MOST_FILES || copied > MOST_COPIED {
            bail!("the repository is too large to be copied");
        }
        let target = root.join(path.as_str());
        fs::create_dir_all(target.parent().context("a file has a folder")?)?;
        fs::write(target, &bytes)?;
    }
    Ok(())
}
