//! `command` stands where `args` should: it replaces the image's entrypoint, and what it names is no program there.

mod change;
mod decide;
mod doubled;
mod modifiers;
mod report;

use std::collections::BTreeMap;

pub(in crate::rules) use change::{Change, lower_by_doubts, remedy};
use decide::{Case, Decision, decide};

use super::{
    container_path::OwnPath,
    container_run::{Run, of_each, patched},
};
use crate::{
    argv::basename,
    facts::{ImageFacts, Question},
    finding::{Applicability, Evidence, Finding, Location},
    image::ImageRef,
    model::{Container, Repository, Words},
    rule::{Context, Meta, Reads, Rule},
};

/// The rule.
#[derive(Debug)]
pub(super) struct EntrypointOverridden;

/// What the rule is called.
pub(in crate::rules) const ID: &str = "entrypoint-overridden";

static META: Meta = Meta {
    id: ID,
    summary: "`command` replaces the image's entrypoint and names no program of the image",
    best: Applicability::Safe,
    default_on: true,
    page: include_str!("entrypoint_overridden/README.md"),
};

/// Words that other containers give to an image as their first argument, with the place.
type UsedElsewhere = BTreeMap<(String, String), Evidence>;

impl Rule for EntrypointOverridden {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn reads(&self) -> Reads {
        Reads::Commands
    }

    fn ask(&self, cx: &Context<'_>) -> Vec<Question> {
        let mut asked = of_each(cx.repository, |container| {
            let runs = editable(cx.repository, container).then(|| Run::all(cx.repository, container));
            runs.into_iter().flatten().flat_map(|run| questions(cx, &run))
        });
        asked.extend(patched(cx.repository).flat_map(|run| questions(cx, &run)));
        asked
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let used = used_elsewhere(cx.repository);
        findings.extend(of_each(cx.repository, |container| {
            let judged = editable(cx.repository, container).then(|| judged(cx, container, &used));
            judged.into_iter().flat_map(|judged| report::container(cx, &judged))
        }));
        for run in patched(cx.repository) {
            if let Some(decision) = judge(cx, &run, &used) {
                findings.extend(report::patch(cx, &run, decision));
            }
        }
    }

    fn explain(&self, cx: &Context<'_>, place: Location) -> Vec<String> {
        let used = used_elsewhere(cx.repository);
        let here = |container: &&Container| {
            let node = cx.repository.node(container.file, container.node);
            container.file == place.file && node.span().is_some_and(|span| span.contains(place.span))
        };
        let mut lines = Vec::new();
        let containers = cx.repository.containers().iter();
        for container in containers.filter(here).filter(|container| editable(cx.repository, container)) {
            for (run, decision) in judged(cx, container, &used) {
                let left = match decision {
                    Decision::Leave(reason) => reason,
                    Decision::Repeats(_) => "the command repeats the whole entrypoint".to_owned(),
                    Decision::Move(_) | Decision::Show { .. } => continue,
                };
                lines.push(format!("{}: left alone in {}: {left}", META.id, run.overlay()));
            }
        }
        lines
    }
}

/// Tells whether a container may be judged: an encrypted document carries a MAC over everything in it.
fn editable(repository: &Repository, container: &Container) -> bool {
    !repository.object(container.object).encrypted
}

fn questions(cx: &Context<'_>, run: &Run<'_>) -> Vec<Question> {
    let (Some([word, ..]), Some(image)) = (run.command_words(), run.image_ref()) else { return Vec::new() };
    let mut questions = vec![Question::Image(image.clone())];
    // Only a word that might be missing is worth a look into the image's layers.
    if cx.facts.image(image).is_ok_and(|facts| wants_program(word, facts)) {
        questions.push(Question::Program { image: image.clone(), program: word.clone() });
    }
    questions
}

fn wants_program(word: &str, facts: &ImageFacts) -> bool {
    let stated = |words: &[String]| words.iter().any(|stated| stated == word);
    !word.is_empty()
        && !word.starts_with('-')
        && !word.contains(['$', '/', ' '])
        && !facts.entrypoint.is_empty()
        && !stated(&facts.programs)
        && !stated(&facts.absent)
        && !facts.programs_complete
}

/// Returns the containers whose command repeats the whole entrypoint in every overlay, with the number of its words.
pub(super) fn repeating<'a>(cx: &Context<'a>) -> Vec<(Vec<Run<'a>>, usize)> {
    let used = UsedElsewhere::new();
    let mut found = Vec::new();
    for container in cx.repository.containers().iter().filter(|each| editable(cx.repository, each)) {
        let judged = judged(cx, container, &used);
        let Some((_, Decision::Repeats(words))) = judged.first() else { continue };
        let words = *words;
        if judged.iter().all(|(_, decision)| *decision == Decision::Repeats(words)) {
            found.push((judged.into_iter().map(|(run, _)| run).collect(), words));
        }
    }
    found
}

/// Judges a container as every overlay will have it.
fn judged<'a>(
    cx: &Context<'a>,
    container: &'a Container,
    used: &UsedElsewhere,
) -> Vec<(Run<'a>, Decision)> {
    let runs = Run::all(cx.repository, container).into_iter();
    runs.filter_map(|run| judge(cx, &run, used).map(|decision| (run, decision))).collect()
}

/// Judges a container that has a command of plain words.
fn judge(cx: &Context<'_>, run: &Run<'_>, used: &UsedElsewhere) -> Option<Decision> {
    let command = run.command_words()?;
    let image = match &run.image {
        None => return Some(Decision::Leave("no overlay gives the container an image".to_owned())),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(image)) => cx.facts.image(image).map_err(str::to_owned),
    };
    let Some(args) = run.args.list() else {
        return Some(Decision::Leave("args is no list of words".to_owned()));
    };
    let word = command.first().cloned().unwrap_or_default();
    let path = run.path();
    Some(decide(Case {
        command,
        args,
        image_name: run.image_ref().map_or("", |image| basename(&image.repository)),
        image: image.as_ref().map(|facts| *facts).map_err(String::as_str),
        presence: run.image_ref().and_then(|image| cx.facts.program(image, &word)),
        crash: run.image_ref().and_then(|image| cx.facts.crash(image, &word)),
        used_elsewhere: run.image_ref().and_then(|image| used.get(&(image.name(), word.clone()))),
        pod_path: match &path {
            OwnPath::Literal(path) => Some(path),
            OwnPath::Unset | OwnPath::Later => None,
        },
        windows: run.is_windows(),
    }))
}

/// Collects the first arguments that containers without a command give to their images.
fn used_elsewhere(repository: &Repository) -> UsedElsewhere {
    let words = of_each(repository, |container| {
        let node = repository.node(container.file, container.node);
        let args = node.get("args")?;
        let (Words::Unset, Words::List(words)) = (Words::of(node.get("command")), Words::of(Some(args))) else {
            return None;
        };
        let span = args.span()?;
        let image = ImageRef::parse(&container.image.as_ref()?.text).ok()?;
        Some((image.name(), words.first()?.clone(), Location { file: container.file, span }))
    });
    let mut used = UsedElsewhere::new();
    for (image, word, at) in words {
        used.entry((image, word)).or_insert_with_key(|(image, word)| Evidence {
            what: format!("another container gives `{word}` to {image} as an argument"),
            source: repository.cite(at),
        });
    }
    used
}
