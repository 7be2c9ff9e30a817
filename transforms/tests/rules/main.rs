//! Every rule against its case folders and the examples of its page.
//!
//! A case is `src/rules/<rule>/cases/<case>/` with `before/` (the repository), `after/` (the files that change; none if
//! nothing may), `images.yaml` (what is known of images, in the words of `.caulk.yaml`), `policy.yaml` (optional), and
//! `findings.snap`. Each case is run as it is and in variants: CRLF, with a byte order mark, without a last newline.

#![expect(clippy::disallowed_methods, reason = "the harness reads the case folders; the library does not")]

mod cases;
mod places;
mod world;

use std::collections::BTreeSet;

use cases::{Case, all_cases, page_cases};
use caulk_transforms::rules;

#[test]
fn every_case_comes_out_as_its_folder_says() {
    for case in all_cases() {
        case.check_result();
        case.check_snapshot();
    }
}

#[test]
fn every_case_holds_in_every_variant_of_its_bytes() {
    for case in all_cases() {
        for variant in case.variants() {
            variant.check_result();
        }
    }
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    for case in all_cases().into_iter().chain(page_cases()) {
        case.check_second_run();
    }
}

#[test]
fn no_rule_keeps_another_from_mending() {
    for case in all_cases().into_iter().chain(page_cases()) {
        case.check_beside_others();
    }
}

#[test]
fn the_examples_of_every_page_are_true() {
    let pages = page_cases();
    for rule in rules::ALL {
        let id = rule.meta().id;
        let best = rule.meta().best;
        let shown = pages.iter().any(|case| case.rule == id);
        assert!(
            shown || best == caulk_transforms::finding::Applicability::Display,
            "the page of {id} has no example"
        );
    }
    for case in pages {
        case.check_result();
    }
}

#[test]
fn every_rule_has_a_case_that_mends_and_one_that_is_silent() {
    let cases = all_cases();
    for rule in rules::ALL {
        let meta = rule.meta();
        let of_rule: Vec<&Case> = cases.iter().filter(|case| case.rule == meta.id).collect();
        if meta.best > caulk_transforms::finding::Applicability::Display {
            assert!(of_rule.iter().any(|case| case.changes()), "{} has no case that mends", meta.id);
        }
        assert!(
            of_rule.iter().any(|case| case.name.starts_with("silent-")),
            "{} has no silent- case",
            meta.id
        );
    }
}

#[test]
fn silent_cases_are_silent() {
    for case in all_cases().into_iter().filter(|case| case.name.starts_with("silent-")) {
        assert!(!case.changes(), "{} changes something", case.name);
        let said: Vec<String> = case.findings_of_its_rule();
        assert!(said.is_empty(), "{} is not silent: {said:?}", case.name);
    }
}

#[test]
fn rule_ids_are_unique_and_kebab_case() {
    let ids: Vec<&str> = rules::ALL.iter().map(|rule| rule.meta().id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    for id in ids {
        assert!(id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{id}");
    }
}

#[test]
fn every_page_has_its_sections() {
    for rule in rules::ALL {
        let meta = rule.meta();
        for section in ["## What it does", "## Why", "## Fix safety", "## When it stays silent"] {
            assert!(meta.page.contains(section), "the page of {} lacks {section:?}", meta.id);
        }
        assert!(
            meta.page.starts_with(&format!("# {}\n", meta.id)),
            "the page of {} has another title",
            meta.id
        );
    }
}
