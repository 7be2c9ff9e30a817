//! A host leans on the search list of a pod: it names a Service without its namespace, or without the cluster's domain.

mod composed;
mod decide;
mod domain;
mod marks;
mod modifiers;
mod pods;
mod proxies;
mod readers;
mod report;
mod spots;
mod survey;
mod world;

use decide::{Problem, Verdict, decide};
use modifiers::Surroundings;
use readers::{Read, Readers};
use spots::{Host, Reader, Spot};
use world::{Situation, World};

use std::{cell::OnceCell, sync::OnceLock};

use crate::{
    finding::{Applicability, FileId, Finding, Location, RuleId},
    hosts::{self, ClusterName, Form, Suffix},
    model::{SourceFile, is_encrypted},
    rule::{Context, HostFindings, HostForm, HostScope, HostTexts, Meta, Rule},
    untouched::Untouched,
};

/// The rule.
#[derive(Debug)]
pub(super) struct ShortServiceHost;

static META: Meta = Meta {
    id: "short-service-host",
    summary: "a host leaves the namespace or the domain of its Service to the pod's search list",
    best: Applicability::Safe,
    default_on: true,
    page: include_str!("short_service_host/README.md"),
};

impl Rule for ShortServiceHost {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn prepare(&self, cx: &Context<'_>) {
        let _ = host_texts(cx);
    }

    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>) {
        findings.extend(all_findings(cx).short.iter().cloned());
    }

    fn explain(&self, cx: &Context<'_>, place: Location) -> Vec<String> {
        let line = |at: Location| cx.repository.file(at.file).stream.position(at.span.start).0;
        let here = |at: Location| at.file == place.file && line(at) == line(place);
        let told: Vec<String> = judge_all(cx).judged.iter().flat_map(|judged| report::explain(judged, &here)).collect();
        if told.is_empty() { report::explain_unread(cx.repository, place).into_iter().collect() } else { told }
    }
}

/// Returns the hosts whose namespace is nowhere defined, as findings of the sister rule.
pub(super) fn unknown_namespaces(cx: &Context<'_>, rule: RuleId) -> Vec<Finding> {
    let found = all_findings(cx).unknown_namespaces.iter();
    found.map(|finding| Finding { rule, ..finding.clone() }).collect()
}

/// Returns what is to be said of all hosts. Both rules need it, and looking at each host is most of their work.
fn all_findings<'a>(cx: &Context<'a>) -> &'a HostFindings {
    cx.shared.hosts.get_or_init(|| {
        let Judgement { surroundings, judged, untouched } = judge_all(cx);
        HostFindings {
            short: judged.iter().flat_map(|judged| report::findings(cx, &surroundings, judged)).collect(),
            unknown_namespaces: judged.iter().flat_map(report::unknown_namespaces).collect(),
            untouched,
        }
    })
}

/// A place with a verdict for each of its hosts.
struct Judged<'a> {
    spot: Spot<'a>,
    verdicts: Vec<Verdict>,
}

/// What is said of all hosts, and what was known for it.
struct Judgement<'a> {
    surroundings: Surroundings<'a>,
    judged: Vec<Judged<'a>>,
    untouched: Untouched,
}

/// Returns what the texts say about hosts: each is gone through once, for all that is looked for.
pub(super) fn host_texts<'a>(cx: &Context<'a>) -> &'a HostTexts {
    cx.shared.host_texts.get_or_init(|| {
        let files: Vec<(FileId, &SourceFile)> = (0..).map(FileId).zip(cx.repository.files()).collect();
        let parts = cx.repository.workers().pieces(&files, |files| {
            let mut part = HostTexts::default();
            for (id, file) in files {
                let text = file.stream.text();
                composed::collect(text, &mut part.composed);
                part.upstreams.extend(hosts::upstreams(text).map(str::to_owned));
                part.domains.extend(domain::of_file(cx.repository, *id, text));
                let roots = file.stream.documents().filter_map(|document| document.root());
                part.encrypted += roots.filter(|root| is_encrypted(*root)).count();
            }
            part
        });
        let mut texts = HostTexts::default();
        for part in parts {
            texts.composed.extend(part.composed);
            texts.upstreams.extend(part.upstreams);
            texts.domains.extend(part.domains);
            texts.encrypted += part.encrypted;
        }
        texts
    })
}

/// Judges every host of the repository that may be a Service's, and counts what is never touched.
fn judge_all<'a>(cx: &Context<'a>) -> Judgement<'a> {
    let texts = host_texts(cx);
    let (spots, untouched) = spots::collect(cx.repository, cx.options, texts);
    if !spots.is_empty() {
        // Its pieces of work are done before others wait for it.
        let _ = cx.repository.services();
    }
    let (world, readers) = (OnceLock::new(), OnceLock::new());
    cx.repository.workers().both(
        || drop(world.set(if spots.is_empty() { World::default() } else { World::of(cx.repository, &spots) })),
        || drop(readers.set(Readers::of(cx.repository, &spots))),
    );
    let world = world.into_inner().unwrap_or_default();
    let surroundings = Surroundings {
        repository: cx.repository,
        domain: domain::find(cx.repository, cx.options, texts, &spots, &world),
        writes_domain: cx.options.host_form != HostForm::Svc,
        composed: &texts.composed,
        readers: readers.into_inner().unwrap_or_else(|| Readers::of(cx.repository, &spots)),
    };
    let verdicts = cx.repository.workers().map(&spots, |spot| {
        let situations = survey::situations(cx.repository, spot.owner);
        let reads = OnceCell::new();
        let reads = || &**reads.get_or_init(|| surroundings.readers.of_spot(spot));
        spot.hosts.iter().map(|host| judge(cx, &surroundings, &world, &situations, spot, &reads, host)).collect()
    });
    let judged = spots.into_iter().zip(verdicts).map(|(spot, verdicts)| Judged { spot, verdicts }).collect();
    Judgement { surroundings, judged, untouched }
}

fn judge<'r>(
    cx: &Context<'_>,
    surroundings: &Surroundings<'_>,
    world: &World,
    situations: &[Situation],
    spot: &Spot<'_>,
    reads: &dyn Fn() -> &'r [Read<'r>],
    host: &Host,
) -> Verdict {
    if spot.is_unused_values(cx.repository) {
        return Verdict::Leave("these are a chart's values, and nothing here tells where it is installed with them".to_owned());
    }
    let Some(name) = ClusterName::parse(&host.text) else { return Verdict::Leave("it is no cluster name".to_owned()) };
    if host.form == Form::Word && host.key.as_deref().is_some_and(|key| key.eq_ignore_ascii_case("hostname")) && name.namespace.is_none() {
        return Verdict::Leave("it is a pod's own name".to_owned());
    }
    if let Some(reason) = host.role.is_none() {
        return Verdict::Leave(reason.to_owned());
    }
    let passes = host.key.as_deref().is_some_and(hosts::passes_to_upstreams);
    if passes && host_texts(cx).upstreams.contains(&host.text) {
        return Verdict::Leave("an `upstream` block of nginx has this name".to_owned());
    }
    if (name.service, name.namespace) == ("kubernetes", Some("default")) {
        return Verdict::Leave("it is the API server's usual name, which tokens and certificates hold as well".to_owned());
    }
    if cx.options.host_form == HostForm::Svc && name.suffix == Suffix::Svc {
        return Verdict::Leave("the name has the form that is asked for".to_owned());
    }
    let mut verdict = decide(world, name, situations);
    if cx.options.host_scope == HostScope::CrossNamespace && stays_home(&verdict, situations) {
        return Verdict::Leave("it is in the pod's own namespace, and only others are asked for".to_owned());
    }
    if let Verdict::Complete(completion) = &mut verdict {
        if let Some(reason) = asks_no_cluster_dns(spot, reads()) {
            return Verdict::Show(reason, Vec::new());
        }
        let text = report::completed(cx, surroundings, completion);
        modifiers::apply(surroundings, spot, reads(), (host, &text), completion);
        completion.evidence.extend(surroundings.writes_domain.then(|| surroundings.domain.evidence.clone()));
        if completion.tier == Applicability::Display {
            let why = format!("`{text}` is proposed, but {}", completion.reasons.join("; "));
            return Verdict::Show(why, completion.evidence.clone());
        }
    }
    verdict
}

/// Tells why those who read a value do not ask the cluster's DNS, if so (row 1).
fn asks_no_cluster_dns(spot: &Spot<'_>, reads: &[Read<'_>]) -> Option<String> {
    let found = reads.iter().find_map(|read| Some((read, read.look.other_dns.as_ref()?)));
    let (read, reason) = found?;
    match spot.reader {
        Reader::Container(_) => Some(format!("the pod's {reason}")),
        Reader::Chart { .. } => Some(format!("the chart's {reason}")),
        _ if reads.iter().all(|read| read.look.other_dns.is_some()) => {
            Some(format!("only {} is known to read this, and its {reason}", read.object.title()))
        }
        _ => None,
    }
}

/// Tells whether a completion stays in the namespace of the pod, wherever it runs.
fn stays_home(verdict: &Verdict, situations: &[Situation]) -> bool {
    match verdict {
        Verdict::Complete(completion) => {
            completion.problem == Problem::OwnNamespace
                || situations.iter().all(|here| here.namespace.as_ref() == Some(&completion.namespace))
        }
        _ => false,
    }
}
