//! Which row of an image a tag is about, and how certain that is.

use super::{
    Border, Caveat, Image, Range, Row,
    version::{self, Version},
};

/// A row, and how well it fits the tag.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) row: &'static Row,
    pub(super) caveat: Option<Caveat>,
    /// Whether the tag names another build than the row's, so that it may hold other programs.
    pub(super) other_build: bool,
    /// The tag's version, if the row covers it.
    version: Option<Vec<u64>>,
}

impl Selection {
    /// Tells whether a statement with this range is about the tag: about its version, or, where that is not
    /// covered, about the newest.
    pub(super) fn reaches(&self, range: &Range) -> bool {
        match &self.version {
            Some(numbers) => range.covers(numbers),
            None => range.until.is_none(),
        }
    }
}

/// Selects the row for a tag; none where nothing is known of it.
pub(super) fn select(image: &'static Image, tag: Option<&str>) -> Option<Selection> {
    let Some(tag) = tag else {
        // A bare digest may be of any age.
        return if image.unplaced { None } else { newest(image, &|_| true, Caveat::TagNotCovered) };
    };
    if let Some(row) = image.rows.iter().find(|row| row.tags.contains(&tag)) {
        // A tag that was read by its name: a version stays what it was, anything else moves.
        let caveat = Version::parse(tag).is_none().then_some(Caveat::MovingTag);
        return Some(Selection { row, caveat, other_build: false, version: None });
    }
    let prefix = longest_prefix(image, tag);
    let rest = tag.get(prefix.len()..).unwrap_or_default();
    if version::words(rest).any(is_windows) {
        return None;
    }
    match Version::parse(rest) {
        Some(version) => by_version(image, tag, prefix, version),
        None => by_words(image, prefix, rest),
    }
}

fn by_version(image: &'static Image, tag: &str, prefix: &str, version: Version<'_>) -> Option<Selection> {
    let words: Vec<&str> = version.words().filter(|word| !says_nothing(word)).collect();
    let fits = |row: &Row| row.prefix == prefix && row.is_for(&words);
    let covering = image.rows.iter().find(|row| fits(row) && row.range.covers(&version.numbers));
    // A prerelease lies on one side of a change or the other, except where it is itself the first version.
    let is_first = |row: &Row| row.range.from.is_some_and(|from| tag.ends_with(from.text));
    let on_border = version.is_prerelease()
        && !covering.is_some_and(is_first)
        && image.rows.iter().any(|row| row.range.borders().any(|border| is_same(border, &version.numbers)));
    if let Some(row) = covering.filter(|_| !on_border) {
        return Some(Selection { row, caveat: None, other_build: false, version: Some(version.numbers) });
    }
    let overlaps = |row: &Row| fits(row) && row.range.overlaps(&version.numbers);
    if let Some(selection) = newest(image, &overlaps, Caveat::TagNotCovered) {
        return Some(selection);
    }
    if image.unplaced {
        return None;
    }
    let other_build = || {
        let selection = newest(image, &|_| true, Caveat::TagNotCovered)?;
        Some(Selection { other_build: true, ..selection })
    };
    newest(image, &fits, Caveat::TagNotCovered).or_else(other_build)
}

/// Selects for a tag that is no version: `latest`, `alpine`, a branch.
fn by_words(image: &'static Image, prefix: &str, tag: &str) -> Option<Selection> {
    let words: Vec<&str> = version::words(tag).filter(|word| !says_nothing(word) && !moves(word)).collect();
    let fits = |row: &Row| row.prefix == prefix && (row.is_for(&words) || row.is_plain());
    if image.unplaced && !words.is_empty() {
        // It may be a version in other clothes: `postgresql-v2.11.3`.
        return None;
    }
    let selection = newest(image, &fits, Caveat::MovingTag)?;
    Some(Selection { other_build: !selection.row.is_for(&words), ..selection })
}

/// Selects the newest of the fitting rows, if the newest of each variant runs the same.
fn newest(image: &'static Image, fits: &dyn Fn(&Row) -> bool, caveat: Caveat) -> Option<Selection> {
    // Rows of single tags speak for others only where there is nothing else.
    let is_general = |row: &Row| fits(row) && !row.is_for_its_tags_only();
    let has_general = image.rows.iter().any(is_general);
    let fitting = || image.rows.iter().filter(|row| if has_general { is_general(row) } else { fits(row) });
    let row = fitting().last()?;
    // Rows are sorted, so the newest of a variant is the one that no other of it follows.
    let is_newest = |row: &&Row| {
        fitting().rfind(|other| row.is_variant_of(other)).is_some_and(|last| std::ptr::eq(last, *row))
    };
    let runs = |row: &Row| (row.entrypoint, row.cmd, row.forwards);
    let alike = fitting().filter(is_newest).all(|other| runs(other) == runs(row));
    alike.then_some(Selection { row, caveat: Some(caveat), other_build: false, version: None })
}

fn longest_prefix(image: &Image, tag: &str) -> &'static str {
    let prefixes = image.rows.iter().map(|row| row.prefix).filter(|prefix| tag.starts_with(prefix));
    prefixes.max_by_key(|prefix| prefix.len()).unwrap_or_default()
}

/// Tells whether a word of a tag changes nothing: an architecture, a build's number or hash, a prerelease's name.
fn says_nothing(word: &str) -> bool {
    const ARCHITECTURES: &[&str] = &[
        "amd64",
        "arm64",
        "arm64v8",
        "arm32v7",
        "armv7",
        "arm",
        "aarch64",
        "x86",
        "64",
        "linux",
        "multiarch",
    ];
    let is_hash = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    ARCHITECTURES.contains(&word)
        || word.bytes().all(|byte| byte.is_ascii_digit())
        || is_hash
        || version::PRERELEASES.iter().any(|name| version::is_numbered(word, name))
}

/// Tells whether a word of a tag says only that the tag moves.
fn moves(word: &str) -> bool {
    const MOVING: &[&str] = &[
        "latest", "main", "master", "stable", "edge", "rolling", "develop", "devel", "release", "next",
        "unstable", "testing", "lts",
    ];
    MOVING.contains(&word)
}

fn is_same(border: Border, numbers: &[u64]) -> bool {
    version::compare(border.numbers, numbers).is_eq()
}

impl Row {
    /// Tells whether both rows are about the same kind of tags.
    fn is_variant_of(&self, other: &Self) -> bool {
        let named = |row: &Self| if row.range.from.is_none() { row.tags } else { &[] };
        (self.prefix, self.variants, named(self)) == (other.prefix, other.variants, named(other))
    }

    /// Tells whether the row is for the tags that it names and no others.
    fn is_for_its_tags_only(&self) -> bool {
        self.range.from.is_none() && !self.tags.is_empty()
    }

    /// Tells whether the row is for tags with these words.
    fn is_for(&self, words: &[&str]) -> bool {
        if self.variants.contains(&"any") {
            return true;
        }
        if words.is_empty() {
            return self.is_plain();
        }
        // Each word has to be known, or the tag may be another build.
        let known = |word: &&str| self.variants.iter().any(|variant| version::is_numbered(word, variant));
        words.iter().all(known)
    }

    fn is_plain(&self) -> bool {
        self.variants.contains(&"plain") || self.variants.contains(&"any")
    }
}

fn is_windows(word: &str) -> bool {
    ["windows", "windowsservercore", "nanoserver", "ltsc"].iter().any(|name| version::is_numbered(word, name))
}

impl Range {
    /// Tells whether every version that begins with these numbers lies in the range.
    pub(super) fn covers(&self, numbers: &[u64]) -> bool {
        let Some(from) = self.from else { return false };
        is_like(from, numbers)
            && version::compare(from.numbers, numbers).is_le()
            && self.until.is_none_or(|until| version::compare(&version::next(numbers), until.numbers).is_le())
    }

    /// Tells whether some version that begins with these numbers lies in the range.
    fn overlaps(&self, numbers: &[u64]) -> bool {
        let Some(from) = self.from else { return false };
        version::compare(from.numbers, &version::next(numbers)).is_lt()
            && self.until.is_none_or(|until| version::compare(numbers, until.numbers).is_lt())
    }

    fn borders(&self) -> impl Iterator<Item = Border> {
        self.from.into_iter().chain(self.until)
    }
}

/// Tells whether two versions are of one scheme: a date such as 20240101 is no version above 1.2.3.
fn is_like(border: Border, numbers: &[u64]) -> bool {
    const DATE: u64 = 1_000_000;
    let is_date = |numbers: &[u64]| numbers.first().is_some_and(|first| *first >= DATE);
    is_date(border.numbers) == is_date(numbers) || border.text == "0" && !is_date(numbers)
}
