//! The catalog against what was read from Dockerfiles: nothing is lost, and each tag gets its own row.
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

use std::{collections::BTreeMap, fs, path::Path};

use caulk_transforms::{
    catalog::{self, Entry},
    image::ImageRef,
};

/// Reads a table of `../shared/facts`, a row as a map from column to text; none where the data is not there.
fn facts(name: &str) -> Option<Vec<BTreeMap<String, String>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/facts").join(name);
    let Ok(text) = fs::read_to_string(&path) else {
        assert!(std::env::var_os("CAULK_REQUIRE_SHARED").is_none(), "{} is not there", path.display());
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    };
    let mut lines = text.lines();
    let columns: Vec<&str> = lines.next()?.split('\t').collect();
    let row = |line: &str| {
        columns.iter().map(|&column| column.to_owned()).zip(line.split('\t').map(str::to_owned)).collect()
    };
    Some(lines.map(row).collect())
}

/// Reads a JSON list of words, which is YAML too; null is none.
fn words(text: &str) -> Option<Vec<String>> {
    serde_yaml::from_str(text).expect("a list of words")
}

fn catalog() -> BTreeMap<&'static str, Vec<Entry>> {
    let mut images: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for entry in catalog::entries() {
        images.entry(entry.image).or_default().push(entry);
    }
    images
}

#[test]
fn every_row_of_the_facts_with_a_source_is_in_the_catalog() {
    let Some(rows) = facts("entrypoints.tsv") else { return };
    let catalog = catalog();
    let mut missing = Vec::new();
    for row in rows.iter().filter(|row| !row["source"].is_empty()) {
        let (entrypoint, cmd) = (words(&row["entrypoint"]), words(&row["cmd"]).unwrap_or_default());
        let is_row = |entry: &&Entry| match entry.entrypoint {
            Some(known) => known == entrypoint.clone().unwrap_or_default() && entry.cmd == cmd,
            // The table's `null` may only mean that the Dockerfile leaves it to its base.
            None => entrypoint.is_none() && entry.cmd == cmd,
        };
        let entries = catalog.get(row["image"].as_str()).map(Vec::as_slice).unwrap_or_default();
        if !entries.iter().any(|entry| is_row(&entry)) {
            missing.push(format!("{} {} {} {}", row["image"], row["tag"], row["entrypoint"], row["cmd"]));
        }
    }
    assert_eq!(missing, Vec::<String>::new());
    assert!(rows.len() > 300, "only {} rows were read", rows.len());
}

/// The states of one image, as (first release, ENTRYPOINT).
type States = Vec<(String, Option<Vec<String>>)>;

fn states() -> Option<BTreeMap<String, States>> {
    let mut images: BTreeMap<String, States> = BTreeMap::new();
    for row in facts("entrypoint-changes.tsv")? {
        let state = (row["first_tag_containing"].clone(), words(&row["entrypoint"]));
        images.entry(row["image"].clone()).or_default().push(state);
    }
    Some(images)
}

/// A release that first holds a state has that state, unless a later one came into the same release.
#[test]
fn the_first_release_of_a_state_gets_that_state() {
    let Some(images) = states() else { return };
    let mut looked_up = 0;
    for (name, states) in &images {
        for (index, (tag, entrypoint)) in states.iter().enumerate() {
            let is_last = states[index + 1..].iter().all(|(later, _)| is_above(later, tag));
            if tag.is_empty() || !is_last {
                continue;
            }
            let image = ImageRef::parse(&format!("{name}:{tag}")).expect("an image");
            let Some(facts) = catalog::lookup(&image).filter(|facts| facts.caveats.is_empty()) else {
                continue;
            };
            looked_up += 1;
            // git-sync's Dockerfile holds a placeholder for the program's name.
            if entrypoint.as_ref().is_some_and(|words| words.iter().any(|word| word.contains("ARG_BIN"))) {
                continue;
            }
            assert_eq!(facts.entrypoint, entrypoint.clone().unwrap_or_default(), "{image}");
        }
    }
    assert!(looked_up > 90, "only {looked_up} releases were looked up");
}

/// Tells whether a version is known to be above another one.
fn is_above(later: &str, tag: &str) -> bool {
    let numbers = |tag: &str| -> Vec<u64> {
        let digits = tag.trim_start_matches('v').split(|byte: char| !byte.is_ascii_digit());
        digits.take_while(|part| !part.is_empty()).filter_map(|part| part.parse().ok()).collect()
    };
    later.is_empty() || numbers(later) > numbers(tag)
}
