//! The catalog of images that is compiled in: what they run, and how that is known.
//!
//! `catalog/README.md` says what a row covers. Nothing is parsed at start: the tables are sorted constants.

use std::borrow::Cow;

use crate::{
    facts::{Caveat, Forwards, ImageFacts},
    finding::Evidence,
    image::ImageRef,
};

mod select;
mod version;

#[cfg(test)]
mod tests;

mod table {
    use super::{Border, Forwards, Image, Range, Row, Words};

    include!(concat!(env!("OUT_DIR"), "/catalog.rs"));
}

/// All that is known of one image.
#[derive(Debug)]
struct Image {
    name: &'static str,
    /// Earlier states differ, and no version is known for the change.
    unplaced: bool,
    /// Sorted: by prefix and variants, then by range; a row without one comes last.
    rows: &'static [Row],
    arguments: &'static [Words],
    repeatable: &'static [Words],
    programs: &'static [Words],
    absent: &'static [Words],
}

/// What some tags of an image run.
#[derive(Debug)]
struct Row {
    range: Range,
    prefix: &'static str,
    variants: &'static [&'static str],
    tags: &'static [&'static str],
    /// None where the base image, which nobody read, decides.
    entrypoint: Option<&'static [&'static str]>,
    cmd: &'static [&'static str],
    path: Option<&'static str>,
    forwards: Forwards,
    forwards_source: Option<&'static str>,
    source: &'static str,
}

/// Words of which something is stated.
#[derive(Debug)]
struct Words {
    words: &'static [&'static str],
    complete: bool,
    range: Range,
    source: &'static str,
}

/// Versions from one (none without it) up to another (open without it), the second not included.
#[derive(Debug, Clone, Copy)]
struct Range {
    from: Option<Border>,
    until: Option<Border>,
}

/// A version where something changes.
#[derive(Debug, Clone, Copy)]
struct Border {
    numbers: &'static [u64],
    text: &'static str,
}

/// One row of the catalog, for listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Registry and repository.
    pub image: &'static str,
    /// The tags that the row covers, in words: `from v0.34.0 on`.
    pub tags: String,
    /// ENTRYPOINT; none where the base image decides.
    pub entrypoint: Option<&'static [&'static str]>,
    /// CMD.
    pub cmd: &'static [&'static str],
    /// What the entrypoint does with its arguments.
    pub forwards: Forwards,
    /// Where it was read.
    pub source: &'static str,
}

/// Returns what the catalog knows of an image, with its evidence; none if that is nothing.
///
/// A tag that no row covers gets the newest row with [`Caveat::TagNotCovered`], or [`Caveat::MovingTag`] if the
/// tag is no version.
#[must_use]
pub fn lookup(image: &ImageRef) -> Option<ImageFacts> {
    let known = find(&unmirrored(&image.name()))?;
    let selection = select::select(known, image.effective_tag())?;
    let row = selection.row;
    let entrypoint = row.entrypoint?;
    let mut facts = ImageFacts {
        entrypoint: owned(entrypoint),
        cmd: owned(row.cmd),
        path: row.path.map(str::to_owned),
        forwards: row.forwards,
        ..ImageFacts::default()
    };
    facts.evidence.push(row_evidence(known, row));
    if let Some(source) = row.forwards_source {
        let what = format!("{} {}", known.name, forwards_in_words(row.forwards));
        facts.evidence.push(Evidence { what, source: source.to_owned() });
    }
    add_words(known, &selection, &mut facts);
    facts.caveats.extend(selection.caveat);
    Some(facts)
}

/// Lists the rows of the catalog, sorted by image.
pub fn entries() -> impl Iterator<Item = Entry> {
    table::IMAGES.iter().flat_map(|image| {
        image.rows.iter().map(|row| Entry {
            image: image.name,
            tags: row.tags_in_words(),
            entrypoint: row.entrypoint,
            cmd: row.cmd,
            forwards: row.forwards,
            source: row.source,
        })
    })
}

/// Lists every name that [`lookup`] knows, sorted; several may be one image.
pub fn names() -> impl Iterator<Item = &'static str> {
    table::NAMES.iter().map(|(name, _)| *name)
}

/// Tells whether a bare word is the name of a program that many images hold.
///
/// Such a word under `command:` may well be meant as the program: coreutils, BusyBox applets, interpreters,
/// package tools, servers.
#[must_use]
pub fn is_common_program(name: &str) -> bool {
    table::COMMON_PROGRAMS.binary_search(&name).is_ok()
}

/// Returns the name on Docker Hub for that of a mirror which passes its images through unchanged.
fn unmirrored(name: &str) -> Cow<'_, str> {
    let mirrors = ["mirror.gcr.io/", "public.ecr.aws/docker/"];
    match mirrors.iter().find_map(|mirror| name.strip_prefix(mirror)) {
        Some(rest) if rest.contains('/') => Cow::Owned(format!("docker.io/{rest}")),
        Some(rest) => Cow::Owned(format!("docker.io/library/{rest}")),
        None => Cow::Borrowed(name),
    }
}

fn find(name: &str) -> Option<&'static Image> {
    let at = table::NAMES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    table::NAMES.get(at).and_then(|(_, index)| table::IMAGES.get(*index))
}

fn add_words(image: &Image, selection: &select::Selection, facts: &mut ImageFacts) {
    let fields = [
        (image.arguments, &mut facts.arguments, "takes", "as its first argument"),
        (image.repeatable, &mut facts.repeatable, "takes the later", "where it is given twice"),
        (image.programs, &mut facts.programs, "has", "on its PATH"),
        (image.absent, &mut facts.absent, "has no", "on its PATH"),
    ];
    // Another build takes the same arguments, but nobody knows what programs it holds.
    let known = if selection.other_build { 1 } else { fields.len() };
    for (statements, field, verb, place) in fields.into_iter().take(known) {
        for statement in statements.iter().filter(|statement| selection.reaches(&statement.range)) {
            field.extend(owned(statement.words));
            facts.programs_complete |= statement.complete;
            let words =
                if statement.words.is_empty() { "no program".to_owned() } else { statement.words.join(", ") };
            let only = if statement.complete { ", and nothing else," } else { "" };
            facts.evidence.push(Evidence {
                what: format!("{} {verb} {words}{only} {place}", image.name),
                source: statement.source.to_owned(),
            });
        }
    }
}

fn row_evidence(image: &Image, row: &Row) -> Evidence {
    let words = |words: &[&str]| if words.is_empty() { "none".to_owned() } else { format!("{words:?}") };
    Evidence {
        what: format!(
            "{} has ENTRYPOINT {} and CMD {} ({})",
            image.name,
            words(row.entrypoint.unwrap_or_default()),
            words(row.cmd),
            row.tags_in_words()
        ),
        source: row.source.to_owned(),
    }
}

fn forwards_in_words(forwards: Forwards) -> &'static str {
    match forwards {
        Forwards::OwnProgram | Forwards::Presumed => "hands its arguments to its own program",
        Forwards::Exec => "executes its first argument",
        Forwards::PrependIfFlag => "puts its program before a flag and executes any other first argument",
        Forwards::PrependIfUnknown => {
            "puts its program before a flag or what is no program, and executes any other first argument"
        }
        Forwards::Ignored => "ignores its arguments",
        Forwards::Unknown => "does something unknown with its arguments",
    }
}

impl Row {
    /// Returns the tags that the row covers, in words.
    fn tags_in_words(&self) -> String {
        let mut parts = vec![match (self.range.from, self.range.until) {
            (Some(from), Some(until)) => format!("from {}{} until {}", self.prefix, from.text, until.text),
            (Some(from), None) => format!("from {}{} on", self.prefix, from.text),
            (None, _) if !self.tags.is_empty() => self.tags.join(", "),
            (None, _) => "the newest tags".to_owned(),
        }];
        if self.variants != ["plain"] && self.variants != ["any"] {
            parts.push(self.variants.join(", "));
        }
        parts.join(", ")
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
