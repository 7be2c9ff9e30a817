//! `command` holds a whole command line in one string, which no shell takes apart.

use std::collections::BTreeMap;

use super::{
    container_run::{Patched, Run, of_each, patched},
    entrypoint_overridden as overridden, entrypoint_repeated,
};
use crate::{
    argv, catalog,
    edit::{self, Edit, EditSet, Refusal},
    facts::{Presence, Question},
    finding::{Applicability, Declaration, Evidence, Finding, Fix, Remedy},
    model::Words,
    rule::{Context, Meta, Reads, Rule},
    syntax::Node,
};

/// The rule.
#[derive(Debug)]
pub(super) struct OneStringCommand;

static META: Meta = Meta {
    id: "one-string-command",
    summary: "`command` holds a program and its arguments in one string, which Kubernetes does not take apart",
    best: Applicability::Safe,
    default_on: true,
    page: include_str!("one_string_command/README.md"),
};

impl Rule for OneStringCommand {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn reads(&self) -> Reads {
        Reads::Commands
    }

    fn ask(&self, cx: &Context<'_>) -> Vec<Question> {
        let mut asked = of_each(cx.repository, |container| {
            Run::all(cx.repository, container).into_iter().flat_map(|run| questions(cx, &run))
        });
        asked.extend(patched(cx.repository).flat_map(|run| questions(cx, &run)));
        asked
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        findings.extend(of_each(cx.repository, |container| {
            let runs = Run::all(cx.repository, container);
            let judged: Vec<Judged<'_>> = runs.into_iter().filter_map(|run| judge(cx, run)).collect();
            finding(cx, &judged)
        }));
        let judged = patched(cx.repository).filter_map(|run| judge(cx, run));
        findings.extend(judged.filter_map(|judged| in_patch(cx, &judged)));
    }
}

fn questions(cx: &Context<'_>, run: &Run<'_>) -> Vec<Question> {
    let (Some(text), Some(image)) = (one_string(run), run.image_ref()) else { return Vec::new() };
    let mut questions = vec![Question::Image(image.clone())];
    if let (Ok(_), Parts::Words(words)) = (cx.facts.image(image), take_apart(text)) {
        let programs = words.into_iter().take(1).chain([text.to_owned()]);
        questions.extend(programs.map(|program| Question::Program { image: image.clone(), program }));
    }
    questions
}

/// Returns the first word of the command if it has white space inside and nothing is filled in later.
fn one_string<'r>(run: &'r Run<'_>) -> Option<&'r str> {
    let first = run.command_words()?.first()?;
    (first.trim().contains(char::is_whitespace) && !first.contains("$(")).then_some(first.as_str())
}

/// What a shell would make of a text.
enum Parts {
    /// Plain words.
    Words(Vec<String>),
    /// It needs a shell.
    Shell,
}

fn take_apart(text: &str) -> Parts {
    // Whatever a shell gives a meaning, also inside double quotes, is left to it. A word with `=` in front would be an
    // assignment.
    let special = ['$', '`', '|', '&', ';', '<', '>', '(', ')', '*', '?', '[', '{', '~', '!', '#', '\n', '\r'];
    let assigns = text.split_whitespace().next().is_some_and(|word| word.contains('='));
    if text.contains(special) || assigns {
        return Parts::Shell;
    }
    match shell_words::split(text) {
        Ok(words) if words.first().is_some_and(|word| !word.is_empty()) => Parts::Words(words),
        _ => Parts::Shell,
    }
}

/// What is to be said of a container as one overlay will have it.
struct Judged<'a> {
    run: Run<'a>,
    text: String,
    evidence: Vec<Evidence>,
    verdict: Verdict,
}

enum Verdict {
    Split { words: Vec<String>, tier: Applicability, reasons: Vec<String> },
    Withheld(String),
}

fn judge<'a>(cx: &Context<'_>, run: Run<'a>) -> Option<Judged<'a>> {
    let text = one_string(&run).filter(|_| !run.object.encrypted && !run.is_windows())?.to_owned();
    let image = run.image_ref();
    let facts = image.and_then(|image| cx.facts.image(image).ok());
    // What a cluster has started is a program, white space and all.
    if facts.is_some_and(|facts| facts.windows || facts.started.contains_key(&text)) {
        return None;
    }
    let mut evidence = match presence(cx, &run, &text) {
        Some(Presence::Present(..)) => return None,
        Some(Presence::Absent(evidence)) => vec![evidence],
        Some(Presence::Unknown(_)) | None => Vec::new(),
    };
    let crash = image.and_then(|image| cx.facts.crash(image, &text)).cloned();
    let verdict = match take_apart(&text) {
        Parts::Words(words) => split(cx, &run, words, &mut evidence),
        Parts::Shell => Verdict::Withheld(format!(
            "the string holds shell syntax: if a shell is to run it, write command: {}",
            flow(&["sh".to_owned(), "-c".to_owned(), text.clone()])
        )),
    };
    // What was seen to crash is told, whatever else proves it.
    evidence.extend(crash.filter(|crash| !evidence.contains(crash)));
    Some(Judged { run, text, evidence, verdict })
}

/// Tells whether the image has a program: by a look into it, else by what is stated of it.
fn presence(cx: &Context<'_>, run: &Run<'_>, program: &str) -> Option<Presence> {
    let image = run.image_ref()?;
    if let Some(answer @ (Presence::Present(..) | Presence::Absent(_))) = cx.facts.program(image, program) {
        return Some(answer.clone());
    }
    let facts = cx.facts.image(image).ok()?;
    let evidence = facts.evidence.first()?.clone();
    let listed = |names: &[String]| names.iter().any(|name| name == program);
    let path = facts.path.as_deref().unwrap_or(argv::DEFAULT_PATH);
    let own = argv::starts(facts, program, path) && !facts.missing.contains_key(program);
    if listed(&facts.programs) || own {
        Some(Presence::Present(program.to_owned(), evidence))
    } else if listed(&facts.absent) || facts.programs_complete {
        Some(Presence::Absent(evidence))
    } else {
        None
    }
}

/// Decides how far the words may be trusted.
fn split(cx: &Context<'_>, run: &Run<'_>, words: Vec<String>, evidence: &mut Vec<Evidence>) -> Verdict {
    let Some(first) = words.first() else { return Verdict::Withheld("nothing is left of the string".to_owned()) };
    let proposal = || format!("write command: {}", flow(&words));
    let proven_absent = !evidence.is_empty();
    let reason = match presence(cx, run, first) {
        Some(Presence::Present(_, proof)) => {
            evidence.push(proof);
            (!proven_absent).then(|| "nobody looked whether the image has a file of that long name".to_owned())
        }
        Some(Presence::Absent(proof)) => {
            evidence.push(proof);
            return Verdict::Withheld(format!("the image has no program {first} either; {} once it has", proposal()));
        }
        _ if catalog::is_common_program(first) => {
            Some(format!("{first} is a common program, but nobody looked whether the image has it"))
        }
        _ => {
            return Verdict::Withheld(format!("nobody knows whether the image has {first}; if it does, {}", proposal()));
        }
    };
    let tier = if reason.is_some() { Applicability::Unsafe } else { Applicability::Safe };
    Verdict::Split { words, tier, reasons: reason.into_iter().collect() }
}

fn finding(cx: &Context<'_>, judged: &[Judged<'_>]) -> Option<Finding> {
    let first = judged.first()?;
    let run = &first.run;
    Some(Finding {
        rule: META.id,
        at: run.location(run.node.entry("command")?)?,
        place: run.place(),
        subject: run.subject(),
        message: message(first),
        evidence: first.evidence.clone(),
        remedy: remedy(cx, judged)?,
    })
}

fn message(judged: &Judged<'_>) -> String {
    format!(
        "`command` holds a whole command line in one string, which nobody takes apart: the container fails with \
         `exec: \"{}\": executable file not found in $PATH`",
        judged.text
    )
}

/// Reports a command that stands in an inline or a JSON patch, which is not edited.
fn in_patch(cx: &Context<'_>, judged: &Judged<'_>) -> Option<Finding> {
    let Patched { at, place, subject } = judged.run.patched_at(cx.repository)?;
    let reason = match &judged.verdict {
        Verdict::Withheld(reason) => reason.clone(),
        Verdict::Split { words, .. } => format!(
            "{} patches the command in a text that caulk does not edit: write {} there",
            judged.run.overlay(),
            flow(&replaced(words, &judged.run.command))
        ),
    };
    Some(Finding {
        rule: META.id,
        at,
        place,
        subject,
        message: message(judged),
        evidence: judged.evidence.clone(),
        remedy: Remedy::Withheld(reason),
    })
}

/// Makes the fix, if all overlays agree on it.
fn remedy(cx: &Context<'_>, judged: &[Judged<'_>]) -> Option<Remedy> {
    let first = judged.first()?;
    let withheld = judged.iter().find_map(|judged| match &judged.verdict {
        Verdict::Withheld(reason) => Some(reason.clone()),
        Verdict::Split { .. } => None,
    });
    if let Some(reason) = withheld {
        return Some(Remedy::Withheld(reason));
    }
    let Verdict::Split { words, .. } = &first.verdict else { return None };
    let (run, file) = (&first.run, first.run.container.file);
    let edits = match edits(run.node.entry("command")?.value().resolve(), words) {
        Ok(edits) => edits,
        Err(refusal) => return Some(Remedy::Withheld(format!("the edit is not possible here: {refusal}"))),
    };
    let args = Words::of(run.node.get("args"));
    let mut fix = Fix {
        title: "split the string into the words of the command".to_owned(),
        applicability: Applicability::Safe,
        reasons: Vec::new(),
        edits: BTreeMap::from([(file, edits)]),
        declares: vec![
            Declaration::Argv {
                file,
                container: run.container.node,
                command: replaced(words, &run.command),
                args: args.list().unwrap_or_default().to_vec(),
            },
            // Words that start may leave out an init, or be the entrypoint's own, which nobody could tell of the string.
            Declaration::Uncovers { rule: overridden::ID },
            Declaration::Uncovers { rule: entrypoint_repeated::ID },
        ],
    };
    for judged in judged {
        grade(cx, judged, words, &mut fix);
    }
    Some(Remedy::Fix(fix))
}

/// Lowers the fix to what one overlay allows, and declares what it will run.
fn grade(cx: &Context<'_>, judged: &Judged<'_>, words: &[String], fix: &mut Fix) {
    let Verdict::Split { tier, reasons, .. } = &judged.verdict else { return };
    let mut graded = Fix {
        title: fix.title.clone(),
        applicability: *tier,
        reasons: reasons.clone(),
        edits: BTreeMap::new(),
        declares: Vec::new(),
    };
    overridden::lower_by_doubts(cx, &judged.run, &mut graded);
    fix.applicability = fix.applicability.min(graded.applicability);
    for reason in graded.reasons {
        if !fix.reasons.contains(&reason) {
            fix.reasons.push(reason);
        }
    }
    let run = &judged.run;
    fix.declares.extend(run.variant.map(|variant| Declaration::Composed {
        variant: variant.key(),
        command: replaced(words, &run.command),
        args: run.args.list().unwrap_or_default().to_vec(),
    }));
}

/// Returns the words of the command with the first one taken apart.
fn replaced(words: &[String], command: &Words) -> Vec<String> {
    words.iter().chain(command.list().unwrap_or_default().iter().skip(1)).cloned().collect()
}

/// Puts the words in the place of the first item.
fn edits(command: Node<'_>, words: &[String]) -> Result<EditSet, Refusal> {
    let (Some(item), Some((first, rest))) = (command.items().next(), words.split_first()) else {
        return Ok(EditSet::default());
    };
    let replaced = edit::replace_scalar(item, first)?;
    if rest.is_empty() {
        return Ok(replaced);
    }
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let inserted = edit::insert_items(command, 1, &rest)?;
    Ok(EditSet::new(joined(replaced.edits().iter().chain(inserted.edits())))?)
}

/// Makes one edit of two that touch: the first word ends where the others are put.
fn joined<'a>(edits: impl Iterator<Item = &'a Edit>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = edits.cloned().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut joined: Vec<Edit> = Vec::new();
    for edit in edits {
        match joined.last_mut() {
            Some(last) if last.span.end == edit.span.start => {
                last.span.end = edit.span.end;
                last.replacement.push_str(&edit.replacement);
            }
            _ => joined.push(edit),
        }
    }
    joined
}

/// Returns words as a list in brackets.
fn flow(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    format!("[{}]", quoted.join(", "))
}
