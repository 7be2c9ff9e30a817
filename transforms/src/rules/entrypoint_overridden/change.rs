//! The change of `command` to `args`: its edits, what it declares for the file and for every overlay, and its tier.

use std::collections::BTreeMap;

use super::modifiers;
use crate::{
    argv,
    edit::{self, EditSet, Refusal},
    facts::ImageFacts,
    finding::{Applicability, Declaration, Fix, Remedy},
    model::{Words, compose::Variant},
    rule::Context,
    rules::container_run::Run,
    syntax::{Entry, Node},
};

/// What is to be done with the words of `command`, before anything speaks against it.
#[derive(Debug, Clone)]
pub(in crate::rules) struct Change {
    /// How many of the first words go, because the entrypoint says them already.
    pub(in crate::rules) dropped: usize,
    /// How far the change may be trusted.
    pub(in crate::rules) tier: Applicability,
    /// Why it is not trusted more.
    pub(in crate::rules) reasons: Vec<String>,
    /// What it does.
    pub(in crate::rules) title: String,
}

/// Makes the fix for a container: `runs` is how each overlay has it, or the container as its file says.
pub(in crate::rules) fn remedy(cx: &Context<'_>, runs: &[&Run<'_>], change: &Change) -> Remedy {
    let Some(first) = runs.first() else { return Remedy::Withheld("nothing runs this container".to_owned()) };
    let Some(entry) = first.node.entry("command") else {
        return Remedy::Withheld("the command stands elsewhere".to_owned());
    };
    let edits = match edits(first.node, entry, change.dropped) {
        Ok(edits) => edits,
        Err(refusal) => return Remedy::Withheld(format!("the edit is not possible here: {refusal}")),
    };
    let (file, container) = (first.container.file, first.container.node);
    let (command, args) = (Words::of(first.node.get("command")), Words::of(first.node.get("args")));
    let mut fix = Fix {
        title: change.title.clone(),
        applicability: change.tier,
        reasons: Vec::new(),
        edits: BTreeMap::from([(file, edits)]),
        declares: vec![Declaration::Argv {
            file,
            container,
            command: Vec::new(),
            args: joined(&command, &args, change.dropped),
        }],
    };
    for run in runs {
        let graded = graded(cx, run, change);
        fix.applicability = fix.applicability.min(graded.applicability);
        fix.title = graded.title;
        for reason in graded.reasons {
            if !fix.reasons.contains(&reason) {
                fix.reasons.push(reason);
            }
        }
        fix.declares.extend(run.variant.map(|variant| Declaration::Composed {
            variant: variant.key(),
            command: Vec::new(),
            args: composed(run, variant, change.dropped),
        }));
    }
    Remedy::Fix(fix)
}

/// Returns the arguments that an overlay's container is to have.
///
/// Where the overlay brings a whole list of `args` and the file has none, that list takes the place of the moved words. Nothing
/// is lost if both are flags alone, none with a value in a word of its own, and the list repeats them all: its author wrote down
/// the whole command line. Else the words are to come before the list, and the proof tells whether they do.
fn composed(run: &Run<'_>, variant: &Variant, dropped: usize) -> Vec<String> {
    let whole = joined(&run.command, &run.args, dropped);
    let (Words::List(moved), Words::List(list)) = (&run.command, &run.args) else { return whole };
    let replaces = run.node.entry("args").is_none() && variant.args.list.is_some();
    let count = |words: &[String], word: &String| words.iter().filter(|other| *other == word).count();
    let repeats = |word: &String| count(list, word) >= count(moved, word);
    // A flag without `=` may take the next word for its value, unless it stood without one before.
    let stands_alone = |word: &String| is_flag(word) && (word.contains('=') || moved.contains(word));
    let is_whole = moved.iter().all(|word| is_flag(word) && repeats(word)) && list.iter().all(stands_alone);
    if replaces && is_whole { list.clone() } else { whole }
}

/// Tells whether a word is a flag: `-v`, `--log-level=info`; not `--`, `-` or a negative number.
pub(super) fn is_flag(word: &str) -> bool {
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()))
}

fn joined(command: &Words, args: &Words, dropped: usize) -> Vec<String> {
    let rest = command.list().unwrap_or_default().iter().skip(dropped);
    rest.chain(args.list().unwrap_or_default()).cloned().collect()
}

/// Grades the change as one overlay sees it.
fn graded(cx: &Context<'_>, run: &Run<'_>, change: &Change) -> Fix {
    let mut fix = Fix {
        title: change.title.clone(),
        applicability: change.tier,
        reasons: change.reasons.clone(),
        edits: BTreeMap::new(),
        declares: Vec::new(),
    };
    if let Some(image) = run.image_ref()
        && let Ok(facts) = cx.facts.image(image)
    {
        come_back(run, facts, change.dropped, &mut fix);
        modifiers::apply(cx.repository, run, (image, facts), &mut fix);
    }
    fix
}

/// Lowers a fix that keeps the command for every reason that speaks against what is known of the image.
pub(in crate::rules) fn lower_by_doubts(cx: &Context<'_>, run: &Run<'_>, fix: &mut Fix) {
    if let Some(image) = run.image_ref()
        && let Ok(facts) = cx.facts.image(image)
    {
        modifiers::apply(cx.repository, run, (image, facts), fix);
    }
}

/// Says so where the entrypoint brings arguments of its own, which the command had left out.
fn come_back(run: &Run<'_>, facts: &ImageFacts, dropped: usize, fix: &mut Fix) {
    let own = argv::dissect(&facts.entrypoint);
    let words = facts.entrypoint.get(own.skipped + 1..).unwrap_or_default();
    let had = run.command.list().unwrap_or_default();
    let had = &had[..dropped.min(had.len())];
    let gained: Vec<&str> = words.iter().filter(|word| !had.contains(word)).map(String::as_str).collect();
    if !gained.is_empty() {
        fix.title = format!("{} (the entrypoint's own `{}` comes back)", fix.title, gained.join(" "));
    }
}

/// Makes the edits that turn the words of `command` behind the first `dropped` into the first words of `args`.
fn edits(container: Node<'_>, command: Entry<'_>, dropped: usize) -> Result<EditSet, Refusal> {
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
