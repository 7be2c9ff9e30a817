//! SARIF 2.1.0, as GitHub's code scanning takes it.

use std::collections::BTreeMap;

use anyhow::Result;
use caulk_transforms::{finding::Applicability, known, rule::Meta, rules};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Fix as SarifFix, Invocation, Location,
    LogicalLocation, Message, MultiformatMessageString, Notification, PhysicalLocation, PropertyBag, Region,
    Replacement, ReportingConfiguration, ReportingDescriptor, Result as SarifResult, ResultLevel, Run,
    SCHEMA_URL, Sarif, Suppression, Tool, ToolComponent,
};
use sha2::{Digest as _, Sha256};

use super::{
    fixes,
    level::{self, Level, clean},
};
use crate::sink::{
    json::{self, Edit, Finding, Report, Skipped, VerdictName},
    screen::masked,
};

/// GitHub takes so many results, and refuses a file with more.
const MOST: usize = 25_000;

/// The name under which GitHub looks for the fingerprint of a result.
const FINGERPRINT: &str = "primaryLocationLineHash";

/// Renders the report.
pub(super) fn render(report: &Report) -> Result<Vec<u8>> {
    let rules = described(report);
    let mut fingerprints = Fingerprints::default();
    let prints: Vec<String> = report.findings.iter().map(|finding| fingerprints.of(finding)).collect();
    let mut findings: Vec<(&Finding, String)> = report.findings.iter().zip(prints).collect();
    findings.sort_by_key(|(finding, _)| level::of_finding(finding).unwrap_or(Level::Note));
    let left_out = findings.len().saturating_sub(MOST);
    findings.truncate(MOST);
    let results: Vec<SarifResult> =
        findings.into_iter().map(|(finding, print)| result(finding, print, &rules)).collect();
    let run = Run::builder()
        .tool(tool(report, &rules))
        .column_kind(json!("unicodeCodePoints"))
        .invocations(vec![invocation(report, left_out)])
        .results(results)
        .build();
    let sarif = Sarif::builder().schema(SCHEMA_URL).version(json!("2.1.0")).runs(vec![run]).build();
    Ok(json::escaped(&sarif)?)
}

/// Returns the rules of the report in a fixed order, with what this caulk knows about them.
fn described(report: &Report) -> BTreeMap<&str, Option<&'static Meta>> {
    let known = |id: &str| rules::ALL.iter().map(|rule| rule.meta()).find(|meta| meta.id == id);
    report.findings.iter().map(|finding| (finding.rule.as_str(), known(&finding.rule))).collect()
}

fn tool(report: &Report, rules: &BTreeMap<&str, Option<&'static Meta>>) -> Tool {
    let descriptor = |(id, meta): (&&str, &Option<&'static Meta>)| match meta {
        Some(meta) => ReportingDescriptor::builder()
            .id(*id)
            .name(*id)
            .short_description(plain_text(meta.summary))
            .full_description(plain_text(meta.summary))
            .help(MultiformatMessageString::builder().text(meta.page).markdown(meta.page).build())
            .default_configuration(configuration(meta.best))
            .properties(properties([("tags", json!(["kubernetes", "gitops"])), ("precision", json!("high"))]))
            .build(),
        None => ReportingDescriptor::builder().id(clean(id)).build(),
    };
    let driver = ToolComponent::builder()
        .name("caulk")
        .semantic_version(clean(&report.caulk))
        .rules(rules.iter().map(descriptor).collect::<Vec<_>>())
        .build();
    Tool::builder().driver(driver).build()
}

fn configuration(best: Applicability) -> ReportingConfiguration {
    let level = match best {
        Applicability::Safe => "error",
        Applicability::Unsafe => "warning",
        Applicability::Display => "note",
    };
    ReportingConfiguration::builder().level(json!(level)).build()
}

/// Tells how the run went: what it could not read, and what does not fit here.
fn invocation(report: &Report, left_out: usize) -> Invocation {
    let mut notifications: Vec<Notification> = report.skipped.iter().filter_map(notification).collect();
    if left_out > 0 {
        let text = format!("{left_out} results are left out, because more than {MOST} are not taken");
        notifications
            .push(Notification::builder().message(Message::from(&text)).level(json!("warning")).build());
    }
    let failed = report.skipped.iter().any(|skipped| skipped.failure);
    Invocation::builder().execution_successful(!failed).tool_execution_notifications(notifications).build()
}

fn notification(skipped: &Skipped) -> Option<Notification> {
    let level = level::of_skipped(skipped)?;
    let region = skipped.line.map(|line| Region::builder().start_line(i64::from(line)).build());
    let text = format!("{}; {}", clean(&skipped.reason), clean(&skipped.advice));
    Some(
        Notification::builder()
            .message(Message::from(&text))
            .level(json!(name_of(level).to_string()))
            .locations(vec![location(&skipped.path, region)])
            .build(),
    )
}

fn result(
    finding: &Finding,
    fingerprint: String,
    rules: &BTreeMap<&str, Option<&'static Meta>>,
) -> SarifResult {
    let index = rules.keys().position(|id| *id == finding.rule).unwrap_or_default();
    let logical = LogicalLocation::builder()
        .name(clean(&finding.subject))
        .fully_qualified_name(clean(&finding.place))
        .build();
    let mut place = location(&finding.path, Some(region(finding)));
    place.logical_locations = Some(vec![logical]);
    let mut result = SarifResult::builder()
        .rule_id(clean(&finding.rule))
        .rule_index(index as i64)
        .level(name_of(level::of_finding(finding).unwrap_or(Level::Note)))
        .message(Message::from(&level::story(finding)))
        .locations(vec![place])
        .partial_fingerprints(BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint)]))
        .build();
    if finding.verdict == VerdictName::Suppressed {
        let reason = finding.reason.as_deref().unwrap_or_default();
        let silenced = Suppression::builder().kind(json!("inSource")).justification(clean(reason)).build();
        result.suppressions = Some(vec![silenced]);
    }
    result.fixes = fix(finding).map(|fix| vec![fix]);
    result
}

fn region(finding: &Finding) -> Region {
    Region::builder()
        .start_line(i64::from(finding.line))
        .start_column(i64::from(finding.column))
        .end_line(i64::from(finding.end_line))
        .end_column(i64::from(finding.end_column))
        .build()
}

fn fix(finding: &Finding) -> Option<SarifFix> {
    let fix = fixes::shown(finding)?;
    let own = (finding.path.as_str(), fix.edits.as_slice());
    let others = fix.elsewhere.iter().map(|other| (other.path.as_str(), other.edits.as_slice()));
    let changes = std::iter::once(own).chain(others).filter(|(_, edits)| !edits.is_empty());
    let changes: Vec<ArtifactChange> = changes
        .map(|(path, edits)| {
            ArtifactChange::builder()
                .artifact_location(artifact(path))
                .replacements(edits.iter().map(replacement).collect::<Vec<_>>())
                .build()
        })
        .collect();
    let description = level::remedy(finding).unwrap_or_default();
    Some(SarifFix::builder().description(Message::from(&description)).artifact_changes(changes).build())
}

fn replacement(edit: &Edit) -> Replacement {
    let deleted = Region::builder()
        .start_line(i64::from(edit.line))
        .start_column(i64::from(edit.column))
        .end_line(i64::from(edit.end_line))
        .end_column(i64::from(edit.end_column))
        .build();
    let inserted = ArtifactContent::builder().text(edit.replacement.as_str()).build();
    Replacement::builder().deleted_region(deleted).inserted_content(inserted).build()
}

fn location(path: &str, region: Option<Region>) -> Location {
    let mut physical = PhysicalLocation::builder().artifact_location(artifact(path)).build();
    physical.region = region;
    Location::builder().physical_location(physical).build()
}

/// Paths are URIs here, relative to the root of the repository.
fn artifact(path: &str) -> ArtifactLocation {
    ArtifactLocation::builder().uri(uri(&masked(path))).uri_base_id("%SRCROOT%").build()
}

fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn plain_text(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn properties<const N: usize>(pairs: [(&str, Value); N]) -> PropertyBag {
    let pairs = pairs.map(|(name, value)| (name.to_owned(), value));
    PropertyBag::builder().additional_properties(BTreeMap::from(pairs)).build()
}

const fn name_of(level: Level) -> ResultLevel {
    match level {
        Level::Error => ResultLevel::Error,
        Level::Warning => ResultLevel::Warning,
        Level::Note => ResultLevel::Note,
    }
}

/// Makes fingerprints that stay when lines, documents and list items come and go around a finding.
#[derive(Debug, Default)]
struct Fingerprints(BTreeMap<String, usize>);

impl Fingerprints {
    fn of(&mut self, finding: &Finding) -> String {
        let mut hash = Sha256::new();
        for part in [&finding.rule, &finding.path, &finding.subject, &known::without_numbers(&finding.place)]
        {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        let print: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        // As GitHub's own hashes do it: equal ones are told apart by their number.
        let number = self.0.entry(print.clone()).or_default();
        *number += 1;
        format!("{print}:{number}")
    }
}
