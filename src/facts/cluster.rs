//! What a cluster says of images whose containers did not start, or did.

use std::{collections::BTreeMap, fs, io::Read as _, path::Path};

use anyhow::{Context as _, Result, bail};
use caulk_transforms::{
    argv::{DEFAULT_PATH, dissect, same_program},
    evidence::{self, Crash, Start},
    facts::ImageFacts,
    finding::Evidence,
    image::ImageRef,
};

/// No file of evidence is larger.
const EVIDENCE_BYTES: u64 = 512 << 20;

/// A crash with the file that tells it.
#[derive(Debug, Clone)]
pub struct Report {
    /// What crashed.
    pub crash: Crash,
    /// The file.
    pub source: String,
}

/// What all files of evidence tell.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// What does not start or does not stay.
    pub reports: Vec<Report>,
    /// Containers whose own command was started, each with the file that tells it.
    starts: Vec<(Start, String)>,
}

/// Reads files of evidence.
///
/// # Errors
/// With the file's name, if it cannot be read or is no evidence.
pub fn read(paths: &[std::path::PathBuf]) -> Result<Cluster> {
    let mut reports: Vec<Report> = Vec::new();
    let mut starts = Vec::new();
    for path in paths {
        let text = text(path)?;
        let told =
            evidence::read(&text).with_context(|| format!("failed to use {} as evidence", path.display()))?;
        let source = path.display().to_string();
        reports.extend(told.crashes.into_iter().map(|crash| Report { crash, source: source.clone() }));
        starts.extend(told.starts.into_iter().map(|start| (start, source.clone())));
    }
    Ok(Cluster { reports: joined(reports), starts })
}

fn text(path: &Path) -> Result<String> {
    let failed = || format!("failed to read the evidence {}", path.display());
    let file = fs::File::open(path).with_context(failed)?;
    let mut text = String::new();
    file.take(EVIDENCE_BYTES + 1).read_to_string(&mut text).with_context(failed)?;
    if text.len() as u64 > EVIDENCE_BYTES {
        bail!("the evidence {} is larger than {EVIDENCE_BYTES} bytes", path.display());
    }
    Ok(text)
}

/// Joins what pods and events in several files tell of one container.
fn joined(reports: Vec<Report>) -> Vec<Report> {
    let sources: Vec<(Crash, String)> =
        reports.iter().map(|report| (report.crash.clone(), report.source.clone())).collect();
    let merged = evidence::merge(reports.into_iter().map(|report| report.crash).collect());
    let source_of = |crash: &Crash| {
        let same = sources.iter().filter(|(other, _)| other.title() == crash.title());
        // The file that names the cause is the one to look into.
        same.clone()
            .find(|(other, _)| other.cause.is_some())
            .or_else(|| same.clone().next())
            .map(|(_, source)| source.clone())
    };
    merged.into_iter().map(|crash| Report { source: source_of(&crash).unwrap_or_default(), crash }).collect()
}

/// Returns the proof that an image lacks a program on its PATH, if a container of this very image could not start it.
pub(super) fn proof_of_absence(
    reports: &[Report],
    image: &ImageRef,
    path: Option<&str>,
    program: &str,
) -> Option<Evidence> {
    let mut proofs = reports.iter().filter(|report| {
        let cause = report.crash.cause.as_ref();
        cause.is_some_and(|cause| cause.kind.proves_absence() && cause.program == program)
            && same_image(report.crash.image.as_deref(), report.crash.digest.as_ref(), image)
            && report.crash.shows_the_image(path)
            && report.crash.names_its_word()
    });
    witness(proofs.next()?, proofs.count())
}

/// Returns what a crash tells, with the number of others that tell the same.
fn witness(first: &Report, others: usize) -> Option<Evidence> {
    let cause = first.crash.cause.as_ref().map(|cause| cause.text.clone())?;
    let more = if others == 0 { String::new() } else { format!(", and {others} more") };
    let what = format!("{} says `{cause}`: {}{more}", first.crash.title(), first.crash.history());
    Some(Evidence { what, source: first.source.clone() })
}

/// Returns the first words of commands that containers of this very image could not start, and that none has started.
pub(super) fn crashes(cluster: &Cluster, image: &ImageRef) -> BTreeMap<String, Evidence> {
    let mut by_word: BTreeMap<&String, Vec<&Report>> = BTreeMap::new();
    for report in &cluster.reports {
        let (Some(cause), Some((command, _))) = (&report.crash.cause, &report.crash.argv) else { continue };
        if cause.kind.proves_absence()
            && command.first() == Some(&cause.program)
            && same_image(report.crash.image.as_deref(), report.crash.digest.as_ref(), image)
        {
            by_word.entry(&cause.program).or_default().push(report);
        }
    }
    let has_started = |word: &String| {
        cluster.starts.iter().any(|(start, _)| {
            start.command.first() == Some(word)
                && same_image(Some(&start.image), start.digest.as_ref(), image)
        })
    };
    by_word.retain(|word, _| !has_started(word));
    let told = by_word
        .into_iter()
        .filter_map(|(word, reports)| Some((word.clone(), witness(reports.first()?, reports.len() - 1)?)));
    told.collect()
}

/// Adds to what is known of an image what a cluster has seen of its containers, wherever their programs came from: it
/// contradicts whoever says that the image lacks what was started, or starts with what was not found.
pub(super) fn observe(cluster: &Cluster, image: &ImageRef, facts: &mut ImageFacts) {
    for (start, source) in &cluster.starts {
        if let Some(word) = start.command.first()
            && same_image(Some(&start.image), start.digest.as_ref(), image)
        {
            let what = format!("{} {} with command {:?}", start.title, start.state, start.command);
            facts.started.entry(word.clone()).or_insert(Evidence { what, source: source.clone() });
        }
    }
    for Report { crash, source } in &cluster.reports {
        let Some(cause) = &crash.cause else { continue };
        if !same_image(crash.image.as_deref(), crash.digest.as_ref(), image) {
            continue;
        }
        let what = format!("{} says `{}`", crash.title(), cause.text);
        let evidence = Evidence { what, source: source.clone() };
        // Whoever names another program has got past the first word of the command.
        let first = crash.argv.as_ref().and_then(|(command, _)| command.first());
        if let Some(word) = first.filter(|word| **word != cause.program) {
            facts.started.entry(word.clone()).or_insert_with(|| evidence.clone());
        }
        if cause.kind.proves_absence() && is_of_entrypoint(&cause.program, facts) {
            facts.missing.entry(cause.program.clone()).or_insert(evidence);
        }
    }
}

/// Tells whether the entrypoint executes a program, as one of its wrappers or as what they start.
fn is_of_entrypoint(program: &str, facts: &ImageFacts) -> bool {
    let path = facts.path.as_deref().unwrap_or(DEFAULT_PATH);
    let executed = facts.entrypoint.iter().take(dissect(&facts.entrypoint).skipped + 1);
    executed.into_iter().any(|word| same_program(program, word, path))
}

/// The name, the tag and, where both are known, the digest must be the same: another version may have the program.
fn same_image(text: Option<&str>, runs: Option<&String>, image: &ImageRef) -> bool {
    let Some(there) = text.and_then(|text| ImageRef::parse(text).ok()) else { return false };
    if there.name() != image.name() {
        return false;
    }
    match &image.digest {
        Some(digest) => Some(digest) == there.digest.as_ref().or(runs),
        None => there.digest.is_none() && there.effective_tag() == image.effective_tag(),
    }
}
