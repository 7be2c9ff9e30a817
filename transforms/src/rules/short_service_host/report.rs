//! Findings and explanations out of verdicts.

use std::collections::BTreeMap;

use super::{
    Judged, META,
    decide::{Completion, Problem, Verdict},
    modifiers::Surroundings,
    spots::{self, Host, Owner, Spot},
};
use crate::{
    edit::{self, EditSet, Refusal},
    finding::{Applicability, Declaration, Evidence, Finding, Fix, Location, Remedy},
    hosts::{self, ClusterName},
    model::{Repository, path_of},
    rule::{Context, HostForm},
};

/// Returns the complete name of a host.
pub(super) fn completed(cx: &Context<'_>, surroundings: &Surroundings<'_>, completion: &Completion) -> String {
    let name = ClusterName {
        pod: completion.pod.as_deref(),
        service: &completion.service,
        namespace: None,
        suffix: crate::hosts::Suffix::None,
        dot: false,
    };
    name.complete(&completion.namespace, &surroundings.domain.name, cx.options.host_form)
}

/// Returns the findings of one place: one for each tier, since a scalar's new value can be declared only once at a time.
pub(super) fn findings(cx: &Context<'_>, surroundings: &Surroundings<'_>, judged: &Judged<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for tier in [Applicability::Safe, Applicability::Unsafe] {
        let own: Vec<(&Host, &Completion)> = completions(judged).filter(|(_, found)| found.tier == tier).collect();
        if !own.is_empty() {
            // A fix that is trusted less brings the better ones of its value along, for one of them goes first.
            let all: Vec<_> = completions(judged).filter(|(_, found)| found.tier >= tier).collect();
            findings.push(completion(cx, surroundings, &judged.spot, tier, &own, &all));
        }
    }
    let shown = judged.spot.hosts.iter().zip(&judged.verdicts);
    findings.extend(shown.filter_map(|(host, verdict)| match verdict {
        Verdict::Show(why, evidence) => Some(Finding {
            message: format!("the host `{}` is a Service's short name, which a pod's search list must complete", host.text),
            evidence: evidence.clone(),
            remedy: Remedy::Withheld(why.clone()),
            ..blank(&judged.spot, host)
        }),
        _ => None,
    }));
    findings
}

/// Returns a finding for each host whose namespace is nowhere defined.
pub(super) fn unknown_namespaces(judged: &Judged<'_>) -> Vec<Finding> {
    let told = judged.spot.hosts.iter().zip(&judged.verdicts);
    let found = told.filter_map(|(host, verdict)| match verdict {
        Verdict::UnknownNamespace { namespace, known, evidence } => {
            let nearest = known.first().map_or("", String::as_str);
            Some(Finding {
                message: format!("the host `{}` names the namespace {namespace}, which is defined nowhere", host.text),
                evidence: evidence.clone(),
                remedy: Remedy::Withheld(format!("the Service is known in {}: did you mean {nearest}?", known.join(", "))),
                ..blank(&judged.spot, host)
            })
        }
        _ => None,
    });
    found.collect()
}

fn completions<'a>(judged: &'a Judged<'_>) -> impl Iterator<Item = (&'a Host, &'a Completion)> {
    judged.spot.hosts.iter().zip(&judged.verdicts).filter_map(|(host, verdict)| match verdict {
        Verdict::Complete(completion) => Some((host, completion)),
        _ => None,
    })
}

fn completion(
    cx: &Context<'_>,
    surroundings: &Surroundings<'_>,
    spot: &Spot<'_>,
    tier: Applicability,
    own: &[(&Host, &Completion)],
    all: &[(&Host, &Completion)],
) -> Finding {
    let new = |completion: &Completion| completed(cx, surroundings, completion);
    let mut reasons: Vec<String> = own.iter().flat_map(|(_, found)| found.reasons.clone()).collect();
    reasons.dedup();
    let mut evidence: Vec<Evidence> = own.iter().flat_map(|(_, found)| found.evidence.clone()).collect();
    evidence.sort();
    evidence.dedup();
    let titles: Vec<String> = own.iter().map(|(host, found)| format!("`{}` as `{}`", host.text, new(found))).collect();
    let messages: Vec<String> = own.iter().map(|(host, found)| message(host, found, cx.options.host_form)).collect();
    let changes: Vec<(&Host, String)> = all.iter().map(|(host, found)| (*host, new(found))).collect();
    let remedy = match edits(spot, &changes) {
        Err(refusal) => Remedy::Withheld(format!("the edit is not possible here: {refusal}")),
        Ok((edits, value)) => Remedy::Fix(Fix {
            title: format!("write {}", titles.join(", ")),
            applicability: tier,
            reasons,
            edits: BTreeMap::from([(spot.owner.file(), edits)]),
            declares: vec![Declaration::Value { file: spot.owner.file(), scalar: spot.node.id(), value }],
        }),
    };
    let (first, _) = own[0];
    let names: Vec<&str> = own.iter().map(|(host, _)| host.text.as_str()).collect();
    let blank = blank(spot, first);
    Finding {
        place: format!("{}:{}={}", spot.owner.document(), path_of(spot.node), names.join(",")),
        message: messages.join("; "),
        evidence,
        remedy,
        ..blank
    }
}

/// Makes the edits of one scalar, and its value after them.
fn edits(spot: &Spot<'_>, changes: &[(&Host, String)]) -> Result<(EditSet, String), Refusal> {
    let mut all = EditSet::default();
    let mut value = spot.node.as_str().unwrap_or_default().to_owned();
    for (host, new) in changes {
        let edit = edit::replace_in_scalar(spot.node, host.range.clone(), new)?;
        all = all.merge(&edit)?;
    }
    for (host, new) in changes.iter().rev() {
        value.replace_range(host.range.clone(), new);
    }
    Ok((all, value))
}

fn message(host: &Host, completion: &Completion, form: HostForm) -> String {
    let Completion { service, namespace, .. } = completion;
    let host = &host.text;
    match completion.problem {
        Problem::OwnNamespace => format!(
            "the host `{host}` is the short name of a Service in {namespace}: it resolves only through the search list of \
             pods in that namespace"
        ),
        Problem::OtherNamespace => {
            format!("the host `{host}` does not resolve here: the only Service {service} is in the namespace {namespace}")
        }
        Problem::Qualified if form == HostForm::Svc => format!("the host `{host}` does not say that it is a Service"),
        Problem::Qualified => {
            format!("the host `{host}` lacks the cluster's domain: it resolves only through a pod's search list")
        }
        Problem::BarePod => format!("the host `{host}` is a pod's name, which is in DNS only below its Service {service}"),
    }
}

/// Returns a finding at a host, with nothing said yet.
fn blank(spot: &Spot<'_>, host: &Host) -> Finding {
    let subject = match (spot.owner, spot.container) {
        (Owner::Object(object), Some(name)) => format!("{}, container {name}", object.title()),
        (Owner::Object(object), None) => object.title(),
        (Owner::File(..), _) => "a generated ConfigMap or Secret".to_owned(),
    };
    Finding {
        rule: META.id,
        at: location(spot, host),
        place: format!("{}:{}={}", spot.owner.document(), path_of(spot.node), host.text),
        message: String::new(),
        subject,
        evidence: Vec::new(),
        remedy: Remedy::Withheld(String::new()),
    }
}

/// Returns the bytes of the host in the file, or of its scalar where they are not to be told apart.
pub(super) fn location(spot: &Spot<'_>, host: &Host) -> Location {
    let exact = edit::replace_in_scalar(spot.node, host.range.clone(), "caulk-host-place").ok();
    let exact = exact.and_then(|edits| edits.edits().first().map(|edit| edit.span));
    let span = exact.or_else(|| spot.node.span()).unwrap_or(crate::span::Span::empty(0));
    Location { file: spot.owner.file(), span }
}

/// Tells what every host is that stands where `here` says.
pub(super) fn explain(judged: &Judged<'_>, here: &dyn Fn(Location) -> bool) -> Vec<String> {
    let all = judged.spot.hosts.iter().zip(&judged.verdicts);
    let told = all.filter(|(host, _)| here(location(&judged.spot, host))).map(|(host, verdict)| {
        let what = match verdict {
            Verdict::Leave(why) => format!("left alone: {why}"),
            Verdict::Show(why, _) => why.clone(),
            Verdict::Complete(found) => {
                let evidence: Vec<String> =
                    found.evidence.iter().map(|known| format!("{} ({})", known.what, known.source)).collect();
                let known = format!("Service {} in {}: {}", found.service, found.namespace, evidence.join("; "));
                match found.reasons.is_empty() {
                    true => known,
                    false => format!("{known}; {}, because {}", found.tier.name(), found.reasons.join("; ")),
                }
            }
            Verdict::UnknownNamespace { namespace, known, .. } => {
                format!("no namespace {namespace} is known; the Service is in {}", known.join(", "))
            }
        };
        format!("{}: host `{}`: {what}", META.id, host.text)
    });
    told.collect()
}

/// Tells why the hosts of a line are not read, where they stand in values that make no connections.
pub(super) fn explain_unread(repository: &Repository, place: Location) -> Option<String> {
    let stream = &repository.file(place.file).stream;
    let line = stream.line_span(stream.position(place.span.start).0).of(stream.text());
    let key = spots::unread_key(stream.node_at(place.span.start)?)?;
    let holds = hosts::scan(line, hosts::Place::Script).iter().any(|token| !token.variable);
    holds.then(|| format!("{}: left alone: what stands below `{key}` is read as no connection", META.id))
}
