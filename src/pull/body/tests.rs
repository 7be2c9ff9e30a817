//! Bodies of hostile and of large plans, read by another parser of GitHub's Markdown.

use proptest::prelude::*;

use super::*;
use crate::{
    config::Tier,
    sink::{
        json::{
            Change, VerdictName,
            samples::{HOSTILE, finding, report_of},
        },
        markdown::oracle::{self, html},
    },
};

const MARKER: &str = "<!-- caulk:v1 fingerprint=00 head=00 base=00 -->";

fn body(report: &Report) -> Body {
    let rendered =
        [Rendered { overlay: report.changes[0].path.clone(), diff: report.changes[0].diff.clone() }];
    let context = Context {
        base: "main",
        head: "caulk/mend",
        marker: MARKER,
        rendered: &rendered,
        ..Context::default()
    };
    render(report, &context).expect("a body")
}

fn assert_harmless(text: &str) {
    let body = body(&report_of(text)).text;
    oracle::assert_harmless(text, &body, &body_of_plain());
    assert!(body.ends_with(MARKER));
}

fn body_of_plain() -> String {
    body(&report_of("plain")).text
}

#[test]
fn nothing_hostile_breaks_out_of_its_place() {
    for text in HOSTILE {
        assert_harmless(&format!("a{text}b"));
        assert_harmless(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn nothing_that_is_made_of_hostile_pieces_does_either(
        pieces in proptest::collection::vec(proptest::sample::select(HOSTILE), 1..9)
    ) {
        assert_harmless(&pieces.concat());
    }
}

#[test]
fn secrets_stay_out_of_table_and_prose() {
    let mut report = report_of("redis://u:hunter2hunter2@h:1 password=hunter2hunter2");
    report.changes.clear();
    report.rollouts.clear();
    let context = Context { marker: MARKER, ..Context::default() };
    let body = render(&report, &context).expect("a body").text;
    assert!(!body.contains("hunter2"), "{body}");
    assert!(body.contains("redis") && body.contains("\\*\\*\\*\\*"), "{body}");
}

#[test]
fn a_large_plan_is_cut_at_whole_files() {
    let mut report = report_of("plain");
    (report.findings, report.changes) = (Vec::new(), Vec::new());
    for number in 0..2_000 {
        let path = format!("clusters/production/apps/application-{number}/deployment.yaml");
        report.findings.push(finding(&path, VerdictName::Mended, Tier::Safe));
        let lines = "-          command: [\"server\"]\n+          args: [\"server\"]\n";
        let diff = format!("--- a/{path}\n+++ b/{path}\n@@ -1,1 +1,1 @@\n{}", lines.repeat(number % 5 + 1));
        report.changes.push(Change { path, diff });
    }
    report.summary.mended = report.findings.len();
    let size: usize = report.changes.iter().map(|change| change.diff.len()).sum();
    assert!(size > 300_000, "{size}");
    let context = Context { base: "main", head: "caulk/mend", marker: MARKER, ..Context::default() };
    let body = render(&report, &context).expect("a body");
    assert!(length(&body.text) <= MOST, "{}", length(&body.text));
    assert!(length(&body.text) > MOST * 9 / 10, "there is room for more: {}", length(&body.text));
    assert_eq!(body.shown + body.left_out, 2_000);
    assert!(
        body.text
            .contains(&format!("{} of 2000 files fit here; the rest is under “Files changed”.", body.shown))
    );
    let whole = report.changes.iter().filter(|change| body.text.contains(&change.diff)).count();
    assert_eq!(whole, body.shown);
    let rendered = html(&body.text);
    assert_eq!(rendered.matches("<details>").count(), body.shown);
    assert_eq!(rendered.matches("</details>").count(), body.shown);
    assert_eq!(rendered.matches("<pre>").count(), body.shown);
    assert!(body.text.ends_with(MARKER));
}

#[test]
fn a_file_that_is_too_large_makes_room_for_the_others() {
    let mut report = report_of("plain");
    let large = Change { path: "large.yaml".to_owned(), diff: "+x\n".repeat(30_000) };
    report.changes.insert(0, large);
    let body = render(&report, &Context { marker: MARKER, ..Context::default() }).expect("a body");
    assert_eq!((body.shown, body.left_out), (1, 1));
    assert!(body.text.contains("1 of 2 files fit here"), "{}", body.text);
}

#[test]
fn a_template_of_the_user_is_filled_and_escaped() {
    let report = report_of("plain");
    let with = |template: &str| {
        let context = Context { base: "m*n", marker: MARKER, template: Some(template), ..Context::default() };
        render(&report, &context)
    };
    let body = with("Into {{ base }}, {{ base|code }}: {{ files }}\n{{ table }}").expect("a body");
    assert!(body.text.starts_with("Into m\\*n, `m*n`: 1\n| File |"), "{}", body.text);
    assert!(body.text.ends_with(MARKER));
    assert!(with("{{ nothing }}").is_err());
    assert!(with("{% if %}").is_err());
    assert!(with(&"x".repeat(MOST)).expect_err("no room").to_string().contains("leaves no room"));
}

#[test]
fn a_marker_cannot_be_seen() {
    for marker in ["", "caulk", "<!-- a --> b -->", "<!-- a\n-->"] {
        assert!(
            render(&report_of("plain"), &Context { marker, ..Context::default() }).is_err(),
            "{marker:?}"
        );
    }
}
