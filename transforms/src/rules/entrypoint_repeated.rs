//! `command` says the whole entrypoint of the image again.

use super::{
    container_run::Run,
    entrypoint_overridden::{self as overridden, Change, remedy},
};
use crate::{
    facts::Question,
    finding::{Applicability, Finding},
    rule::{Context, Meta, Reads, Rule},
};

/// The rule.
#[derive(Debug)]
pub(super) struct EntrypointRepeated;

/// What the rule is called.
pub(in crate::rules) const ID: &str = "entrypoint-repeated";

static META: Meta = Meta {
    id: ID,
    summary: "`command` repeats the image's entrypoint, so a new one in the image would not take effect",
    best: Applicability::Unsafe,
    default_on: false,
    page: include_str!("entrypoint_repeated/README.md"),
};

impl Rule for EntrypointRepeated {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn reads(&self) -> Reads {
        Reads::Commands
    }

    fn ask(&self, cx: &Context<'_>) -> Vec<Question> {
        overridden::EntrypointOverridden.ask(cx)
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        for (runs, words) in overridden::repeating(cx) {
            findings.extend(finding(cx, &runs, words));
        }
    }
}

fn finding(cx: &Context<'_>, runs: &[Run<'_>], words: usize) -> Option<Finding> {
    let run = runs.first()?;
    let facts = cx.facts.image(run.image_ref()?).ok()?;
    let change = Change {
        dropped: words,
        tier: Applicability::Unsafe,
        reasons: vec!["what runs stays the same today, but the manifest then leans on the image".to_owned()],
        title: "leave the entrypoint to the image and keep its arguments in args".to_owned(),
    };
    Some(Finding {
        rule: META.id,
        at: run.location(run.node.entry("command")?)?,
        place: run.place(),
        subject: run.subject(),
        message: format!(
            "`command` repeats the image's entrypoint `{}`: if a later image has another one, it will not take effect",
            facts.entrypoint.join(" ")
        ),
        evidence: facts.evidence.clone(),
        remedy: remedy(cx, &runs.iter().collect::<Vec<_>>(), &change),
    })
}
