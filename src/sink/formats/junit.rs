//! JUnit XML: each file is a suite, and each finding a test that failed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::level::{self, Level, clean};
use crate::sink::json::{Finding, Report, Skipped, VerdictName};

/// Renders the report. Characters that XML may not hold are left out by the writer.
pub(super) fn render(report: &Report) -> Result<Vec<u8>> {
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    let mut add = |path: &str, mut case: TestCase| {
        let name = clean(path);
        case.set_classname(name.as_str());
        suites.entry(name.clone()).or_insert_with(|| TestSuite::new(name)).add_test_case(case);
    };
    for finding in &report.findings {
        add(&finding.path, of_finding(finding));
    }
    for skipped in &report.skipped {
        if let Some(level) = level::of_skipped(skipped) {
            add(&skipped.path, of_skipped(skipped, level));
        }
    }
    let mut junit = Junit::new("caulk");
    // Whoever reads this takes a report without any test for a run that was cut short.
    if suites.is_empty() {
        let mut suite = TestSuite::new("caulk");
        suite.add_test_case(TestCase::new("nothing found", TestCaseStatus::success()));
        junit.add_test_suite(suite);
    }
    junit.add_test_suites(suites.into_values());
    let xml = junit.to_string().context("failed to write XML")?;
    // The writer leaves out what XML may not hold, but for two characters that are none.
    Ok(xml.replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}").into_bytes())
}

fn of_finding(finding: &Finding) -> TestCase {
    let message = clean(&finding.message);
    let mut status = match (finding.verdict, finding.remaining) {
        (VerdictName::Suppressed, _) => TestCaseStatus::skipped(),
        (_, None) => TestCaseStatus::success(),
        (_, Some(_)) => TestCaseStatus::non_success(NonSuccessKind::Failure),
    };
    // A test that passed tells nothing but its name.
    if !matches!(status, TestCaseStatus::Success { .. }) {
        status.set_message(message).set_type(clean(&finding.rule)).set_description(level::story(finding));
    }
    let name = format!("{}: {} (line {})", clean(&finding.rule), clean(&finding.subject), finding.line);
    TestCase::new(name, status)
}

fn of_skipped(skipped: &Skipped, level: Level) -> TestCase {
    let mut status = match level {
        Level::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
        Level::Warning | Level::Note => TestCaseStatus::skipped(),
    };
    status
        .set_message(clean(&skipped.reason))
        .set_type(clean(&skipped.kind))
        .set_description(clean(&skipped.advice));
    TestCase::new("reading", status)
}
