//! `command` stands where `args` should: it replaces the image's entrypoint, and what it names is no program there.

mod decide;
mod modifiers;

use std::collections::BTreeMap;

use decide::{Case, Decision, Move, Problem, decide};

use super::container_run::Run;
use crate::{
    argv,
    edit::{self, EditSet, Refusal},
    facts::{ImageFacts, Question},
    finding::{Applicability, Declaration, Evidence, Finding, Fix, Location, Remedy},
    model::{Repository, Words},
    rule::{Context, Meta, Rule},
    syntax::{Entry, Node},
};

/// The rule.
#[derive(Debug)]
pub(super) struct EntrypointOverridden;

static META: Meta = Meta {
    id: "entrypoint-overridden",
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

    fn ask(&self, cx: &Context<'_>) -> Vec<Question> {
        let mut questions = Vec::new();
        for container in cx.repository.containers() {
            let run = Run::of(cx.repository, container);
            let (Some([word, ..]), Some(image)) = (run.command_words(), run.image_ref()) else { continue };
            questions.push(Question::Image(image.clone()));
            // Only a word that might be missing is worth a look into the image's layers.
            if cx.facts.image(image).is_ok_and(|facts| wants_program(word, facts)) {
                questions.push(Question::Program { image: image.clone(), program: word.clone() });
            }
        }
        questions
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        let used = used_elsewhere(cx.repository);
        for run in runs(cx.repository) {
            if let Some((decision, entry)) = judge(cx, &run, &used) {
                findings.extend(finding(cx, &run, entry, decision));
            }
        }
    }

    fn explain(&self, cx: &Context<'_>, place: Location) -> Vec<String> {
        let used = used_elsewhere(cx.repository);
        let mut lines = Vec::new();
        for container in cx.repository.containers().iter().filter(|container| container.file == place.file) {
            let run = Run::of(cx.repository, container);
            if !run.node.span().is_some_and(|span| span.contains(place.span)) {
                continue;
            }
            match judge(cx, &run, &used) {
                Some((Decision::Leave(reason), _)) => lines.push(format!("{}: left alone: {reason}", META.id)),
                Some((Decision::Repeats(_), _)) => {
                    lines.push(format!("{}: left alone: the command repeats the whole entrypoint", META.id));
                }
                Some(_) | None => {}
            }
        }
        lines
    }
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

/// Returns the containers that may be judged: an encrypted document carries a MAC over everything in it.
fn runs(repository: &Repository) -> impl Iterator<Item = Run<'_>> {
    let runs = repository.containers().iter().map(|container| Run::of(repository, container));
    runs.filter(|run| !run.object.encrypted)
}

/// Returns the containers whose command repeats the whole entrypoint, with the number of its words.
pub(super) fn repeating<'a>(cx: &Context<'a>) -> Vec<(Run<'a>, Entry<'a>, usize)> {
    let used = UsedElsewhere::new();
    let mut found = Vec::new();
    for run in runs(cx.repository) {
        if let Some((Decision::Repeats(words), entry)) = judge(cx, &run, &used) {
            found.push((run, entry, words));
        }
    }
    found
}

/// Judges a container that has a command of plain words.
fn judge<'a>(cx: &Context<'_>, run: &Run<'a>, used: &UsedElsewhere) -> Option<(Decision, Entry<'a>)> {
    let command = run.command_words()?;
    let entry = run.node.entry("command")?;
    let image = match &run.image {
        None => return Some((Decision::Leave("the container names no image here".to_owned()), entry)),
        Some(Err(error)) => Err(error.to_string()),
        Some(Ok(image)) => cx.facts.image(image).map_err(str::to_owned),
    };
    let Some(args) = run.args.list() else {
        return Some((Decision::Leave("args is no list of words".to_owned()), entry));
    };
    let word = command.first().cloned().unwrap_or_default();
    let decision = decide(Case {
        command,
        args,
        image: image.as_ref().map(|facts| *facts).map_err(String::as_str),
        presence: run.image_ref().and_then(|image| cx.facts.program(image, &word)),
        used_elsewhere: run.image_ref().and_then(|image| used.get(&(image.name(), word.clone()))),
        pod_path: own_path(run),
        windows: on_windows(cx.repository, run),
    });
    Some((decision, entry))
}

/// Returns PATH where the container sets it to a literal value.
fn own_path<'a>(run: &Run<'a>) -> Option<&'a str> {
    let variables = run.node.get("env").map(Node::resolve).into_iter().flat_map(Node::items).map(Node::resolve);
    let path = variables.filter(|variable| variable.get("name").and_then(Node::as_str) == Some("PATH")).last()?;
    path.get("value").and_then(Node::as_str).filter(|value| !value.contains("$("))
}

fn on_windows(repository: &Repository, run: &Run<'_>) -> bool {
    let Some(pod) = run.container.pod.map(|pod| repository.node(run.container.file, pod)) else { return false };
    let word = |path: &[&str]| pod.at(path).and_then(Node::as_str);
    word(&["os", "name"]) == Some("windows") || word(&["nodeSelector", "kubernetes.io/os"]) == Some("windows")
}

/// Collects the first arguments that containers without a command give to their images.
fn used_elsewhere(repository: &Repository) -> UsedElsewhere {
    let mut used = UsedElsewhere::new();
    for container in repository.containers() {
        let run = Run::of(repository, container);
        let (Words::Unset, Words::List(args), Some(image)) = (&run.command, &run.args, run.image_ref()) else {
            continue;
        };
        let (Some(word), Some(span)) = (args.first(), run.node.get("args").and_then(Node::span)) else { continue };
        used.entry((image.name(), word.clone())).or_insert_with(|| Evidence {
            what: format!("another container gives `{word}` to {} as an argument", image.name()),
            source: repository.cite(Location { file: container.file, span }),
        });
    }
    used
}

fn finding(cx: &Context<'_>, run: &Run<'_>, entry: Entry<'_>, decision: Decision) -> Option<Finding> {
    let (problem, evidence, remedy) = match decision {
        Decision::Leave(_) | Decision::Repeats(_) => return None,
        Decision::Show { problem, reason, evidence } => (problem, evidence, Remedy::Withheld(reason)),
        Decision::Move(change) => {
            let (problem, evidence) = (change.problem, change.evidence.clone());
            (problem, evidence, remedy(cx, run, entry, change))
        }
    };
    Some(Finding {
        rule: META.id,
        at: run.location(entry)?,
        place: run.place(),
        subject: run.subject(),
        message: message(cx, run, problem),
        evidence,
        remedy,
    })
}

fn message(cx: &Context<'_>, run: &Run<'_>, problem: Problem) -> String {
    let word = run.command_words().and_then(<[String]>::first).map_or("", String::as_str);
    let facts = run.image_ref().and_then(|image| cx.facts.image(image).ok());
    let entrypoint = facts.map_or_else(|| "entrypoint".to_owned(), |facts| {
        format!("entrypoint `{}`", facts.entrypoint.join(" "))
    });
    let fails = format!("the container fails with `exec: \"{word}\": executable file not found in $PATH`");
    match problem {
        Problem::Flag => format!(
            "`command` replaces the image's {entrypoint}, and `{word}` is a flag, no program: {fails}"
        ),
        Problem::Absent => format!(
            "`command` replaces the image's {entrypoint}, and the image has no program `{word}`: {fails}"
        ),
        Problem::Argument => format!(
            "`command` replaces the image's {entrypoint}, and `{word}` looks like one of its arguments: \
             if it is no program, {fails}"
        ),
        Problem::InitSkipped => format!(
            "`command` replaces the image's {entrypoint}, so the program runs without its init: \
             signals may be lost and dead children stay"
        ),
    }
}

fn remedy(cx: &Context<'_>, run: &Run<'_>, entry: Entry<'_>, change: Move) -> Remedy {
    let edits = match edits(run.node, entry, change.dropped) {
        Ok(edits) => edits,
        Err(refusal) => return Remedy::Withheld(format!("the edit is not possible here: {refusal}")),
    };
    let rest = run.command.list().unwrap_or_default().iter().skip(change.dropped);
    let args = rest.chain(run.args.list().unwrap_or_default()).cloned().collect();
    let file = run.container.file;
    let title = match (run.args.list().is_some_and(|args| !args.is_empty()), change.dropped) {
        (false, 0) => "rename command to args",
        (true, 0) => "move the words of command to the front of args",
        (_, _) => "leave the program to the image's entrypoint and keep its arguments in args",
    };
    let mut fix = Fix {
        title: title.to_owned(),
        applicability: change.tier,
        reasons: change.reasons,
        edits: BTreeMap::from([(file, edits)]),
        declares: vec![Declaration::Argv { file, container: run.container.node, command: Vec::new(), args }],
    };
    qualify(cx, run, change.dropped, &mut fix);
    Remedy::Fix(fix)
}

/// Says what the entrypoint brings back, and lowers the fix for every reason that speaks against it.
pub(super) fn qualify(cx: &Context<'_>, run: &Run<'_>, dropped: usize, fix: &mut Fix) {
    if let Some(image) = run.image_ref()
        && let Ok(facts) = cx.facts.image(image)
    {
        lost_flags(run, facts, dropped, fix);
        modifiers::apply(cx.repository, run, (image, facts), fix);
    }
}

/// Says so where the entrypoint brings arguments of its own, which the command had left out.
fn lost_flags(run: &Run<'_>, facts: &ImageFacts, dropped: usize, fix: &mut Fix) {
    let own = argv::dissect(&facts.entrypoint);
    let words = facts.entrypoint.get(own.skipped + 1..).unwrap_or_default();
    let gained: Vec<&str> = words
        .iter()
        .filter(|word| !run.command.list().unwrap_or_default().iter().take(dropped).any(|had| had == *word))
        .map(String::as_str)
        .collect();
    if !gained.is_empty() {
        fix.title = format!("{} (the entrypoint's own `{}` come back)", fix.title, gained.join(" "));
    }
}

/// Makes the edits that turn the words of `command` behind the first `dropped` into the first words of `args`.
pub(super) fn edits(container: Node<'_>, command: Entry<'_>, dropped: usize) -> Result<EditSet, Refusal> {
    let words = command.value().resolve().items().count();
    match (container.entry("args"), dropped) {
        (_, dropped) if dropped >= words => edit::remove_entry(command),
        (None, 0) => edit::rename_key(command, "args"),
        (None, dropped) => {
            let removed = edit::remove_items(command.value(), 0..dropped)?;
            edit::rename_key(command, "args")?.merge(&removed).map_err(Refusal::from)
        }
        (Some(args), 0) => edit::move_items_before(command, args),
        (Some(args), dropped) => edit::move_tail_before(command, dropped, args),
    }
}
