//! Versions in tags: `v1.2.3-alpine` is the numbers 1, 2, 3 and the words `alpine`.
//!
//! The build script compiles this file too, so it leans on nothing of the crate.

/// The numbers at the start of a tag, and what follows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version<'a> {
    pub(crate) numbers: Vec<u64>,
    pub(crate) rest: &'a str,
}

impl<'a> Version<'a> {
    /// Reads the version that a tag begins with; none if it begins with no version (`latest`, a commit's hash).
    pub(crate) fn parse(tag: &'a str) -> Option<Self> {
        if let Some(date) = tag.strip_prefix("RELEASE.") {
            return Self::parse_date(date);
        }
        let mut rest = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
        let mut numbers = Vec::new();
        loop {
            let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, tail) = rest.split_at(end);
            numbers.push(digits.parse().ok()?);
            rest = tail;
            match rest.strip_prefix('.') {
                Some(tail) if tail.starts_with(|first: char| first.is_ascii_digit()) => rest = tail,
                _ => break,
            }
        }
        // Letters that follow at once make it something else, as the `e` of the hash `7e6b88e9` does.
        let ends = rest.is_empty() || rest.starts_with(['-', '_', '+', '.']) || is_short_prerelease(rest);
        ends.then_some(Self { numbers, rest })
    }

    /// Reads `2025-02-15T10-36-16Z`, as MinIO writes its releases.
    fn parse_date(date: &'a str) -> Option<Self> {
        let (date, rest) = date.split_once('Z').unwrap_or((date, ""));
        let numbers = date.split(['-', 'T']).map(|part| part.parse().ok()).collect::<Option<Vec<u64>>>()?;
        (numbers.len() == 6 || numbers.len() == 3).then_some(Self { numbers, rest })
    }

    /// Returns the words after the numbers, `alpine3` and `22` for `-alpine3.22`.
    pub(crate) fn words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        words(self.rest)
    }

    /// Tells whether the tag names something before the release of its numbers.
    pub(crate) fn is_prerelease(&self) -> bool {
        is_short_prerelease(self.rest)
            || self.words().any(|word| PRERELEASES.iter().any(|name| is_numbered(word, name)))
    }
}

pub(crate) const PRERELEASES: &[&str] =
    &["alpha", "beta", "rc", "pre", "preview", "dev", "snapshot", "nightly", "canary", "test", "m"];

/// Splits the part of a tag that is no version into its words.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['-', '_', '+', '.']).filter(|word| !word.is_empty())
}

/// Tells whether `word` is `name`, perhaps with a number: `alpine3` is `alpine`.
pub(crate) fn is_numbered(word: &str, name: &str) -> bool {
    word.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
        && word[name.len()..].bytes().all(|byte| byte.is_ascii_digit())
}

/// Tells whether the text is `b1`, `rc2` and the like.
fn is_short_prerelease(rest: &str) -> bool {
    ["a", "b", "rc", "alpha", "beta"].iter().any(|name| {
        rest.strip_prefix(name).is_some_and(|number| !number.is_empty() && is_numbered(rest, name))
    })
}

/// Compares versions part by part; a part that is not there counts as 0.
pub(crate) fn compare(left: &[u64], right: &[u64]) -> std::cmp::Ordering {
    let longest = left.len().max(right.len());
    let part = |numbers: &[u64], index: usize| numbers.get(index).copied().unwrap_or(0);
    (0..longest)
        .map(|index| part(left, index).cmp(&part(right, index)))
        .find(|order| order.is_ne())
        .unwrap_or(std::cmp::Ordering::Equal)
}

/// Returns the first version after all that begin with these numbers: 1.3 for 1.2.
pub(crate) fn next(numbers: &[u64]) -> Vec<u64> {
    let mut next = numbers.to_vec();
    if let Some(last) = next.last_mut() {
        *last = last.saturating_add(1);
    }
    next
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;

    fn numbers(tag: &str) -> Option<Vec<u64>> {
        Version::parse(tag).map(|version| version.numbers)
    }

    #[test]
    fn tags_that_begin_with_a_version_have_its_numbers() {
        assert_eq!(numbers("v1.2.3"), Some(vec![1, 2, 3]));
        assert_eq!(numbers("2024.12.1"), Some(vec![2024, 12, 1]));
        assert_eq!(numbers("16-alpine"), Some(vec![16]));
        assert_eq!(numbers("1.42.2.10156-f737b826c"), Some(vec![1, 42, 2, 10156]));
        assert_eq!(numbers("1.11.0b1"), Some(vec![1, 11, 0]));
        assert_eq!(numbers("v2.0.0-beta.1"), Some(vec![2, 0, 0]));
        assert_eq!(numbers("RELEASE.2025-02-15T10-36-16Z"), Some(vec![2025, 2, 15, 10, 36, 16]));
    }

    #[test]
    fn other_tags_have_none() {
        for tag in
            ["latest", "main", "7e6b88e9", "v", "", "version-0.6.13", "RELEASE.x", "java25-jdk", "8u502-b07"]
        {
            assert_eq!(numbers(tag), None, "{tag}");
        }
        assert_eq!(numbers(&"9".repeat(40)), None);
    }

    #[test]
    fn prereleases_are_seen() {
        for tag in ["v1.0.0-RC1", "v2.0.0-beta.1", "1.11.0b1", "v2.0.0-alpha11", "v2.2.0-beta20250613"] {
            assert!(Version::parse(tag).is_some_and(|version| version.is_prerelease()), "{tag}");
        }
        for tag in ["1.0.0", "1.0.0-alpine", "8.0.0-debian-12-r3"] {
            assert!(Version::parse(tag).is_some_and(|version| !version.is_prerelease()), "{tag}");
        }
    }

    #[test]
    fn the_order_is_total_and_numeric() {
        assert_eq!(compare(&[1, 10], &[1, 9]), Ordering::Greater);
        assert_eq!(compare(&[1], &[1, 0, 0]), Ordering::Equal);
        let versions: Vec<Vec<u64>> =
            (0..3).flat_map(|a| (0..3).flat_map(move |b| [vec![a, b], vec![a, b, 1], vec![a]])).collect();
        for left in &versions {
            assert_eq!(compare(left, &next(left)), Ordering::Less);
            for right in &versions {
                assert_eq!(compare(left, right), compare(right, left).reverse());
                for third in &versions {
                    if compare(left, right).is_le() && compare(right, third).is_le() {
                        assert!(compare(left, third).is_le());
                    }
                }
            }
        }
    }
}
