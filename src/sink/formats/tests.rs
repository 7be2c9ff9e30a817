//! Each format with hostile texts, read back as those do who take it.

use proptest::prelude::*;
use serde_json::Value;

use super::{Format, render};
use crate::{
    config::Tier,
    sink::{
        json::{
            Edit, Report, VerdictName,
            samples::{HOSTILE, finding, report_of},
        },
        markdown::oracle,
        screen::plain,
    },
};

const SECRETS: &str = "redis://u:hunter2hunter2@h:1 password=hunter2hunter2";

fn told(format: Format, report: &Report) -> String {
    String::from_utf8(render(format, report).expect("a report can be told")).expect("text")
}

/// A command of a workflow as the runner reads it.
#[derive(Debug)]
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    data: String,
}

impl Command {
    fn property(&self, name: &str) -> &str {
        self.properties.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// Reads a log as the runner does: a line that begins with two colons, behind blanks, is a command.
fn commands(log: &str) -> Vec<Command> {
    let unescaped = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
    let read = |line: &str| {
        let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let pair = |pair: &str| {
            let (key, value) = pair.split_once('=')?;
            let value = unescaped(value).replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
            Some((key.to_owned(), value))
        };
        Some(Command {
            name: name.to_owned(),
            properties: properties.split(',').filter_map(pair).collect(),
            data: unescaped(data).replace("%25", "%"),
        })
    };
    log.lines().filter_map(read).collect()
}

fn assert_annotations(text: &str) {
    let log = told(Format::Github, &report_of(text));
    let all = commands(&log);
    let names: Vec<&str> = all.iter().map(|command| command.name.as_str()).collect();
    // The unread file and the safe fix that is not written; the unsafe one; the withheld one.
    assert_eq!(names, ["error", "error", "warning", "notice"], "{text:?}: {log}");
    assert_eq!(log.lines().count(), 4, "{text:?}: {log}");
    for command in &all {
        assert!(log.lines().all(|line| !line.contains("##[") || line.starts_with("::")), "{log}");
        assert_eq!(command.property("file"), super::level::clean(text), "{log}");
        assert!(!command.data.is_empty() && command.property("title").starts_with("caulk: "), "{log}");
    }
    assert_eq!(all[0].property("line"), "3");
}

fn assert_xml(text: &str) {
    let xml = told(Format::Junit, &report_of(text));
    let junit = quick_junit::Report::deserialize_from_str(&xml).expect("JUnit");
    let cases: Vec<_> = junit.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
    assert_eq!(cases.len(), 5, "{text:?}: {xml}");
    assert_eq!((junit.tests, junit.failures, junit.errors), (5, 3, 1), "{text:?}: {xml}");
    // What XML 1.0 calls a character; a reader refuses the whole file for any other.
    let is_allowed = |letter: char| matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    assert!(xml.chars().all(is_allowed), "{text:?}: {xml:?}");
    let elements = xml.matches("<testcase ").count();
    assert_eq!(elements, 5, "{text:?}: {xml}");
}

fn assert_json(text: &str) {
    for format in [Format::Sarif, Format::Rdjson, Format::Json] {
        let told = told(format, &report_of(text));
        let _: Value = serde_json::from_str(&told).expect("JSON");
        let steers = |letter: char| {
            letter != '\n' && letter != plain(&letter.to_string()).chars().next().unwrap_or(letter)
        };
        assert!(!told.contains(steers), "{format:?} {text:?}: {told}");
    }
    let sarif: Value = serde_json::from_str(&told(Format::Sarif, &report_of(text))).expect("JSON");
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    let uri = location["uri"].as_str().expect("an address");
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
    assert!(uri.bytes().all(allowed), "{text:?}: {uri}");
}

fn assert_outputs(text: &str) {
    let lines = told(Format::GithubOutput, &report_of(text));
    let names: Vec<&str> = lines.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert_eq!(names, ["findings", "fixed", "changed-files", "exit-code"], "{text:?}: {lines}");
    assert_eq!(lines.lines().count(), 4, "{text:?}: {lines}");
    let files = lines.lines().nth(2).and_then(|line| line.strip_prefix("changed-files=")).expect("files");
    assert_eq!(serde_json::from_str::<Vec<String>>(files).expect("a list"), [text]);
}

fn assert_harmless(text: &str) {
    assert_annotations(text);
    assert_xml(text);
    assert_json(text);
    assert_outputs(text);
    let markdown = told(Format::Markdown, &report_of(text));
    oracle::assert_harmless(text, &markdown, &told(Format::Markdown, &report_of("plain")));
}

#[test]
fn nothing_hostile_breaks_out_of_its_place() {
    for text in HOSTILE {
        assert_harmless(&format!("a{text}b"));
        assert_harmless(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn nothing_that_is_made_of_hostile_pieces_does_either(
        pieces in proptest::collection::vec(proptest::sample::select(HOSTILE), 1..9)
    ) {
        assert_harmless(&pieces.concat());
    }
}

#[test]
fn secrets_are_masked_in_every_format_but_the_patch() {
    let mut report = report_of(SECRETS);
    for fix in report.findings.iter_mut().filter_map(|finding| finding.fix.as_mut()) {
        fix.edits[0].replacement = SECRETS.to_owned();
    }
    let formats = [Format::Github, Format::Sarif, Format::Markdown, Format::Junit, Format::Rdjson];
    for format in formats {
        let told = told(format, &report);
        assert!(!told.contains("hunter2") && told.contains("*****"), "{format:?}: {told}");
    }
    assert!(told(Format::Patch, &report).contains("hunter2hunter2"));
}

#[test]
fn a_fix_that_holds_a_secret_is_not_offered_to_other_tools() {
    let mut report = report_of("plain");
    let fixes = |report: &Report| {
        let (sarif, rdjson) = (told(Format::Sarif, report), told(Format::Rdjson, report));
        (sarif.matches("\"fixes\"").count(), rdjson.matches("\"suggestions\"").count())
    };
    assert_eq!(fixes(&report), (1, 1), "one is part of the plan");
    let edit = |replacement: &str| Edit {
        replacement: replacement.to_owned(),
        ..report_of("plain").findings[0].fix.as_ref().expect("a fix").edits[0].clone()
    };
    let fix = report.findings[0].fix.as_mut().expect("a fix");
    fix.edits = vec![edit("\"--token\""), edit("\"hunter2\"")];
    assert_eq!(fixes(&report), (0, 0));
    report.findings[0].fix.as_mut().expect("a fix").edits = vec![edit("args")];
    report.findings[0].fix.as_mut().expect("a fix").as_read = false;
    assert_eq!(fixes(&report), (0, 0), "the edits count in another text");
}

#[test]
fn annotations_are_the_worst_and_the_rest_is_counted() {
    let mut report = report_of("plain");
    (report.findings, report.skipped) = (Vec::new(), Vec::new());
    for tier in [Tier::Display, Tier::Unsafe, Tier::Safe] {
        for number in 0..30 {
            report.findings.push(finding(&format!("{number}.yaml"), VerdictName::BelowTier, tier));
        }
    }
    let log = told(Format::Github, &report);
    let all = commands(&log);
    let count = |name: &str| all.iter().filter(|command| command.name == name).count();
    assert_eq!((count("error"), count("warning"), count("notice")), (10, 10, 10));
    assert_eq!(all[0].property("file"), "0.yaml");
    assert!(
        all.last().expect("the rest").data.starts_with("61 more annotations are not shown here"),
        "{log}"
    );
    report.findings.truncate(10);
    let log = told(Format::Github, &report);
    assert_eq!(commands(&log).len(), 10, "ten fit: {log}");
}

#[test]
fn a_summary_stays_below_the_limit_of_a_step() {
    let mut report = report_of("plain");
    for number in 0..20_000 {
        // Letters of three bytes are the most that one counted letter can have.
        let name = format!("{}-{number}.yaml", "✓".repeat(60));
        report.findings.push(finding(&name, VerdictName::Mended, Tier::Safe));
        report.findings.push(finding(&name, VerdictName::Withheld, Tier::Safe));
        let mut change = report_of(&name).changes.remove(0);
        change.diff = "+✓✓✓✓✓✓✓✓✓✓✓✓\n".repeat(20);
        report.changes.push(change);
    }
    let told = told(Format::Markdown, &report);
    assert!(told.len() < 1 << 20, "{}", told.len());
    assert!(told.contains("files fit here; the report has the rest."));
}

#[test]
fn fingerprints_survive_moves_and_tell_twins_apart() {
    let prints = |report: &Report| -> Vec<String> {
        let sarif: Value = serde_json::from_str(&told(Format::Sarif, report)).expect("JSON");
        let results = sarif["runs"][0]["results"].as_array().expect("results").clone();
        let print = |result: &Value| {
            result["partialFingerprints"]["primaryLocationLineHash"].as_str().map(str::to_owned)
        };
        results.iter().filter_map(print).collect()
    };
    let mut report = report_of("plain");
    let before = prints(&report);
    assert_eq!(before.len(), report.findings.len());
    assert!(
        before.iter().all(|print| before.iter().filter(|other| *other == print).count() == 1),
        "{before:?}"
    );
    for finding in &mut report.findings {
        (finding.line, finding.end_line) = (finding.line + 7, finding.end_line + 7);
        finding.place = finding.place.replacen("0:", "3:", 1);
    }
    assert_eq!(prints(&report), before, "lines and documents came above");
    report.findings.iter_mut().for_each(|finding| finding.subject = "another".to_owned());
    assert!(prints(&report).iter().all(|print| !before.contains(print)));
}
