//! `caulk diagnose`

use std::{collections::BTreeSet, env, fmt::Write as _, path::PathBuf};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{
    evidence::{Crash, Tie, tie},
    finding::{Applicability, Location, Remedy},
    model::{
        Container, ContainerId, Repository,
        value::{Place, TextId},
    },
    plan::Verdict,
};
use clap::Args;
use serde::Serialize;

use super::{CLEAN, FAILED, FOUND, output, sources::SourceArgs};
use crate::{
    facts::cluster::{self, Report},
    read::Thoroughness,
    run::{self, Request},
    sink::screen::plain,
};

/// List the crash loops of a cluster with their manifests and causes
#[derive(Debug, Args)]
pub(super) struct Diagnose {
    /// Files and folders with the manifests
    #[arg(default_value = ".", value_name = "PATHS")]
    paths: Vec<PathBuf>,
    /// Report for machines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sources: SourceArgs,
}

/// One crash loop.
#[derive(Debug, Serialize)]
struct Diagnosis {
    container: String,
    image: Option<String>,
    reason: String,
    history: String,
    cause: Option<String>,
    manifest: Option<String>,
    /// Whether the manifest still says what crashed.
    current: Option<bool>,
    tied_by: Option<String>,
    findings: Vec<String>,
    source: String,
}

impl Diagnose {
    pub(super) fn run(&self) -> Result<u8> {
        if self.sources.evidence().is_empty() {
            bail!(
                "nothing is to be diagnosed: give --evidence FILE with what `kubectl get pods -A -o json` printed"
            );
        }
        let reports = cluster::read(self.sources.evidence())?.reports;
        let folder = env::current_dir().context("the current folder is gone")?;
        let request = Request {
            paths: self.paths.clone(),
            config: None,
            cluster_domain: None,
            rules: Vec::new(),
            tier: Applicability::Unsafe,
            thoroughness: Thoroughness::Model,
            threads: 0,
            sources: self.sources.options()?,
            addresses: Vec::new(),
        };
        let run = run::run(&request, &folder)?;
        let diagnoses: Vec<Diagnosis> =
            reports.iter().map(|report| diagnose(report, &run, &run.repository)).collect();
        output::report(&if self.json {
            format!("{}\n", serde_json::to_string_pretty(&diagnoses)?)
        } else {
            text(&diagnoses)
        })?;
        let failed = run.skipped.iter().any(|skip| skip.trouble.is_failure());
        Ok(match (failed, diagnoses.is_empty()) {
            (true, _) => FAILED,
            (false, true) => CLEAN,
            (false, false) => FOUND,
        })
    }
}

fn diagnose(report: &Report, run: &run::Run, repository: &Repository) -> Diagnosis {
    let Report { crash, source } = report;
    let ties = tie(crash, repository);
    let best = ties.first().cloned();
    Diagnosis {
        container: crash.title(),
        image: crash.image.clone(),
        reason: crash.reason.clone(),
        history: crash.history(),
        cause: cause(crash),
        manifest: best.as_ref().map(|tie| cite(repository, tie.container)),
        current: best.as_ref().map(|tie| tie.current),
        findings: findings(run, repository, &ties),
        tied_by: best.map(|tie| tie.by),
        source: source.clone(),
    }
}

fn cause(crash: &Crash) -> Option<String> {
    crash.cause.as_ref().map(|cause| cause.text.clone())
}

fn cite(repository: &Repository, container: ContainerId) -> String {
    let container = &repository.containers()[container.0 as usize];
    let node = repository.node(container.file, container.node);
    match node.span() {
        Some(span) => repository.cite(Location { file: container.file, span }),
        None => repository.file(container.file).path.to_string(),
    }
}

/// Returns what caulk says of the container, in the base and in its patches, and how it would mend it.
fn findings(run: &run::Run, repository: &Repository, ties: &[Tie]) -> Vec<String> {
    let Some(best) = ties.first() else { return Vec::new() };
    let tied: Vec<&Container> = ties
        .iter()
        .filter(|tie| tie.current == best.current)
        .map(|tie| &repository.containers()[tie.container.0 as usize])
        .collect();
    let patched: BTreeSet<String> =
        tied.iter().flat_map(|container| patches(repository, container)).collect();
    let about = run.plan.outcomes.iter().filter(|outcome| {
        let holds = |container: &&&Container| {
            let node = repository.node(container.file, container.node);
            outcome.path == repository.file(container.file).path
                && node.span().is_some_and(|span| span.contains(outcome.finding.at.span))
        };
        let here = tied.iter().any(|container| holds(&container)) || patched.contains(&outcome.finding.place);
        here && !matches!(outcome.verdict, Verdict::Suppressed(_))
    });
    let line = |remedy: &Remedy| match remedy {
        Remedy::Fix(fix) => format!("{} ({})", fix.title, fix.applicability.name()),
        Remedy::Withheld(reason) => reason.clone(),
    };
    about.map(|outcome| format!("{}: {}", outcome.finding.rule, line(&outcome.finding.remedy))).collect()
}

/// Returns what names the container in findings about a patch of it, which stand in no container of a file.
fn patches(repository: &Repository, container: &Container) -> Vec<String> {
    let place = Place { text: TextId::of_file(container.file), node: container.node };
    let variants = repository.composition().of(place);
    variants.map(|variant| format!("{}:{}:{}", variant.overlay, variant.subject, variant.path)).collect()
}

fn text(diagnoses: &[Diagnosis]) -> String {
    let mut out = String::new();
    for diagnosis in diagnoses {
        // Writing to a string never fails.
        let _ = writeln!(
            out,
            "{}: {}, {}",
            plain(&diagnosis.container),
            plain(&diagnosis.reason),
            plain(&diagnosis.history)
        );
        let mut line = |name: &str, value: &str| {
            let _ = writeln!(out, "  {name:<9} {}", plain(value));
        };
        line("cause", diagnosis.cause.as_deref().unwrap_or("no cause known"));
        match (&diagnosis.manifest, &diagnosis.tied_by) {
            (Some(manifest), Some(by)) => line("manifest", &format!("{manifest} (by {by})")),
            _ => line("manifest", "none of the files given"),
        }
        if diagnosis.current == Some(false) {
            line("", "the manifest says something else by now");
        }
        for finding in &diagnosis.findings {
            line("mend", finding);
        }
    }
    let known = diagnoses.iter().filter(|diagnosis| diagnosis.cause.is_some()).count();
    let _ = writeln!(out, "{} crash loops, {known} with a known cause", diagnoses.len());
    out
}
