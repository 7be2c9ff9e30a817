//! `command` says the whole entrypoint of the image again.

use std::collections::BTreeMap;

use super::{container_run::Run, entrypoint_overridden as overridden};
use crate::{
    facts::Question,
    finding::{Applicability, Declaration, Finding, Fix, Remedy},
    rule::{Context, Meta, Rule},
    syntax::Entry,
};

/// The rule.
#[derive(Debug)]
pub(super) struct EntrypointRepeated;

static META: Meta = Meta {
    id: "entrypoint-repeated",
    summary: "`command` repeats the image's entrypoint, so a new one in the image would not take effect",
    best: Applicability::Unsafe,
    default_on: false,
    page: include_str!("entrypoint_repeated/README.md"),
};

impl Rule for EntrypointRepeated {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn ask(&self, cx: &Context<'_>) -> Vec<Question> {
        overridden::EntrypointOverridden.ask(cx)
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (run, entry, words) in overridden::repeating(cx) {
            findings.extend(finding(cx, &run, entry, words));
        }
    }
}

fn finding(cx: &Context<'_>, run: &Run<'_>, entry: Entry<'_>, words: usize) -> Option<Finding> {
    let command = run.command_words()?;
    let facts = cx.facts.image(run.image_ref()?).ok()?;
    Some(Finding {
        rule: META.id,
        at: run.location(entry)?,
        place: run.place(),
        subject: run.subject(),
        message: format!(
            "`command` repeats the image's entrypoint `{}`: if a later image has another one, it will not take effect",
            facts.entrypoint.join(" ")
        ),
        evidence: facts.evidence.clone(),
        remedy: remedy(cx, run, entry, &command[words..]),
    })
}

fn remedy(cx: &Context<'_>, run: &Run<'_>, entry: Entry<'_>, rest: &[String]) -> Remedy {
    let dropped = run.command.list().map_or(0, <[String]>::len) - rest.len();
    let edits = match overridden::edits(run.node, entry, dropped) {
        Ok(edits) => edits,
        Err(refusal) => return Remedy::Withheld(format!("the edit is not possible here: {refusal}")),
    };
    let file = run.container.file;
    let args = rest.iter().chain(run.args.list().unwrap_or_default()).cloned().collect();
    let mut fix = Fix {
        title: "leave the entrypoint to the image and keep its arguments in args".to_owned(),
        applicability: Applicability::Unsafe,
        reasons: vec!["what runs stays the same today, but the manifest then leans on the image".to_owned()],
        edits: BTreeMap::from([(file, edits)]),
        declares: vec![Declaration::Argv { file, container: run.container.node, command: Vec::new(), args }],
    };
    overridden::qualify(cx, run, dropped, &mut fix);
    Remedy::Fix(fix)
}
