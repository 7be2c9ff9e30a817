//! The YAML test suite: 308 valid texts, 94 invalid ones.

use std::collections::BTreeMap;

use caulk_transforms::syntax::{decode, parse};

use crate::oracle::{Comparison, compare};
use crate::{dump, invariants, shared};

/// One case: the files of its folder by name.
type Case = BTreeMap<String, Vec<u8>>;

fn cases() -> Option<BTreeMap<String, Case>> {
    let path = shared::shared("yaml-test-suite/data.tar.gz")?;
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for (name, bytes) in shared::archive(&path, |_| true) {
        let Some((folder, file)) = name.trim_start_matches("./").rsplit_once('/') else { continue };
        cases.entry(folder.to_owned()).or_default().insert(file.to_owned(), bytes);
    }
    cases.retain(|_, case| case.contains_key("in.yaml"));
    Some(cases)
}

fn text(case: &Case, file: &str) -> String {
    String::from_utf8(case.get(file).cloned().unwrap_or_default()).expect("the suite is UTF-8")
}

/// Returns the texts of all cases.
pub(crate) fn texts() -> Option<Vec<String>> {
    Some(cases()?.values().map(|case| text(case, "in.yaml")).collect())
}

#[test]
fn every_valid_text_has_the_events_of_the_suite() {
    let Some(cases) = cases() else { return };
    let valid: Vec<_> = cases.iter().filter(|(_, case)| !case.contains_key("error")).collect();
    assert_eq!(valid.len(), 308);
    let mut wrong = Vec::new();
    for (id, case) in valid {
        match parse(text(case, "in.yaml")) {
            Ok(stream) if dump::events(&stream) == text(case, "test.event") => {}
            Ok(stream) => wrong.push(format!("{id}: {}", dump::events(&stream))),
            Err(issue) => wrong.push(format!("{id}: {issue}")),
        }
    }
    assert!(wrong.is_empty(), "{} differ: {wrong:#?}", wrong.len());
}

#[test]
fn every_invalid_text_is_refused() {
    let Some(cases) = cases() else { return };
    let invalid: Vec<_> = cases.iter().filter(|(_, case)| case.contains_key("error")).collect();
    assert_eq!(invalid.len(), 94);
    let accepted: Vec<_> =
        invalid.iter().filter(|(_, case)| parse(text(case, "in.yaml")).is_ok()).map(|(id, _)| id).collect();
    assert!(accepted.is_empty(), "accepted: {accepted:?}");
}

#[test]
fn every_valid_text_has_the_spans_of_the_other_parser() {
    let Some(cases) = cases() else { return };
    let (mut total, mut refused, mut scalars) = (Comparison::default(), Vec::new(), 0);
    for (id, case) in cases.iter().filter(|(_, case)| !case.contains_key("error")) {
        let text = decode(case["in.yaml"].clone()).expect("the suite's valid texts decode");
        let stream = parse(text).expect("valid");
        scalars += invariants::check(&stream);
        let mut found = compare(&stream);
        refused.extend(found.refused.take().map(|error| format!("{id}: {error}")));
        for difference in found.differences.iter_mut().chain(&mut found.editable_differences) {
            *difference = format!("{id}: {difference}");
        }
        total.add(found);
    }
    eprintln!(
        "suite: {} nodes, {} comments compared, {scalars} scalars read again, {} differences, {} refused there",
        total.nodes,
        total.comments,
        total.differences.len(),
        refused.len()
    );
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(total.editable_differences.is_empty(), "{:#?}", total.editable_differences);
    assert_eq!(total.differences.len(), 0, "{:#?}", total.differences);
}
