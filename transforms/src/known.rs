//! Findings that were there before, told again although lines, documents and list items have moved.

use std::collections::{BTreeMap, BTreeSet};

use crate::path::RepoPath;

/// Findings of one rule in one object that are known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KnownFinding {
    /// The rule.
    pub rule: String,
    /// The file.
    pub path: RepoPath,
    /// The object, with the container where there is one.
    pub subject: String,
    /// The place in the file, as [`crate::finding::Finding::place`] names it.
    pub place: String,
}

impl KnownFinding {
    /// Returns what stays the same when documents and list items come and go around the finding.
    fn lasting(&self) -> (&str, &RepoPath, &str, String) {
        (&self.rule, &self.path, &self.subject, without_numbers(&self.place))
    }
}

/// Tells which of the findings are known, by their positions. Each known one stands for one finding: first for that at its very
/// place, then for one at a place that differs in numbers alone.
#[must_use]
pub fn recognise(known: &[KnownFinding], findings: &[KnownFinding]) -> BTreeSet<usize> {
    let mut exact: BTreeMap<&KnownFinding, usize> = BTreeMap::new();
    known.iter().for_each(|each| *exact.entry(each).or_default() += 1);
    let mut found: BTreeSet<usize> = BTreeSet::new();
    for (number, finding) in findings.iter().enumerate() {
        if let Some(left) = exact.get_mut(finding).filter(|left| **left > 0) {
            *left -= 1;
            found.insert(number);
        }
    }
    let mut moved: BTreeMap<_, usize> = BTreeMap::new();
    for (each, left) in exact.into_iter().filter(|(_, left)| *left > 0) {
        *moved.entry(each.lasting()).or_default() += left;
    }
    for (number, finding) in findings.iter().enumerate() {
        if !found.contains(&number)
            && let Some(left) = moved.get_mut(&finding.lasting()).filter(|left| **left > 0)
        {
            *left -= 1;
            found.insert(number);
        }
    }
    found
}

/// Returns a place without the number of its document and the numbers of list items.
#[must_use]
pub fn without_numbers(place: &str) -> String {
    let path = place.split_once(':').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    let path = path.map_or(place, |(_, path)| path);
    let mut kept = String::with_capacity(path.len());
    let mut parts = path.split('[');
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        kept.push('[');
        kept.push_str(if part[digits..].starts_with(']') { &part[digits..] } else { part });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &str, place: &str) -> KnownFinding {
        let path = RepoPath::new("a.yaml").expect("a path");
        KnownFinding { rule: "r".to_owned(), path, subject: subject.to_owned(), place: place.to_owned() }
    }

    fn recognised(known: &[(&str, &str)], findings: &[(&str, &str)]) -> Vec<usize> {
        let make = |all: &[(&str, &str)]| -> Vec<KnownFinding> {
            all.iter().map(|(subject, place)| finding(subject, place)).collect()
        };
        recognise(&make(known), &make(findings)).into_iter().collect()
    }

    #[test]
    fn a_finding_is_told_again_when_documents_and_items_move() {
        assert_eq!(recognised(&[("A", "0:x[0].y")], &[("A", "2:x[3].y")]), [0]);
        assert_eq!(recognised(&[("A", "0:x[0].y")], &[("B", "0:x[0].y")]), [0; 0]);
        assert_eq!(recognised(&[("A", "0:x[0].y")], &[("A", "0:x[0].z")]), [0; 0]);
    }

    #[test]
    fn each_known_one_stands_for_one_and_its_own_place_comes_first() {
        let places = [("A", "0:x[0]"), ("A", "0:x[1]"), ("A", "0:x[2]")];
        assert_eq!(recognised(&[("A", "0:x[1]")], &places), [1]);
        assert_eq!(recognised(&[("A", "0:x[1]"), ("A", "0:x[7]")], &places), [0, 1]);
    }

    #[test]
    fn keys_in_brackets_are_no_numbers() {
        assert_eq!(without_numbers("12:a[0].b[key].c[1x]"), "a[].b[key].c[1x]");
        assert_eq!(without_numbers("a:b[0]"), "a:b[]");
    }
}
