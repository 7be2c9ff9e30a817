//! The `patch` that GitHub gives for a file of a pull request: hunks without a header.

use thiserror::Error;

/// A line of the head's file that a hunk shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The line without its line feed.
    pub text: String,
    /// Whether the pull request adds or changes it.
    pub added: bool,
}

/// A run of lines that the pull request's page shows together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The number of its first line in the head's file, from 1.
    pub first: u32,
    /// Its lines on the head's side, changed or not.
    pub lines: Vec<Shown>,
}

/// Why a patch could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PatchError {
    /// A line belongs to no hunk.
    #[error("line {0} of the patch belongs to no hunk")]
    Stray(usize),
    /// A hunk's first line is malformed.
    #[error("line {0} of the patch begins no hunk that can be read")]
    Header(usize),
    /// The hunks do not follow each other.
    #[error("the hunk at line {0} of the patch overlaps the one before")]
    Order(usize),
    /// The last hunk has fewer lines than it says.
    #[error("the patch breaks off")]
    BrokenOff,
}

impl Hunk {
    /// Returns the number of the line behind its last.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.first.saturating_add(u32::try_from(self.lines.len()).unwrap_or(u32::MAX))
    }

    /// Tells whether all lines from `first` to `last` are shown here.
    #[must_use]
    pub fn holds(&self, first: u32, last: u32) -> bool {
        self.first <= first && first <= last && last < self.end()
    }

    /// Returns the numbers of the lines that the pull request adds or changes.
    pub fn added(&self) -> impl Iterator<Item = u32> + '_ {
        (self.first..).zip(&self.lines).filter(|(_, line)| line.added).map(|(number, _)| number)
    }

    /// Tells whether it shows the lines that the file has. The page may be about another head by now.
    #[must_use]
    pub fn shows(&self, file: &[&str]) -> bool {
        let Some(first) = (self.first as usize).checked_sub(1) else { return self.lines.is_empty() };
        let Some(found) = file.get(first..first + self.lines.len()) else { return false };
        // A carriage return may be lost on the way; what the lines hold is what counts here.
        let bare = |line: &str| line.trim_end_matches(['\n', '\r']).to_owned();
        found.iter().zip(&self.lines).all(|(file, shown)| bare(file) == bare(&shown.text))
    }
}

/// Reads the hunks. A patch that breaks off is refused: the lines that it does not show would pass for untouched ones.
///
/// # Errors
/// If it is no such patch.
pub fn parse(patch: &str) -> Result<Vec<Hunk>, PatchError> {
    let mut hunks: Vec<Hunk> = Vec::new();
    // How many lines of the base's and the head's side are still to come.
    let (mut old, mut new) = (0_u32, 0_u32);
    // A last line feed ends a line and begins none.
    let patch = patch.strip_suffix('\n').unwrap_or(patch);
    for (line, number) in patch.split('\n').zip(1..) {
        if old == 0 && new == 0 {
            if line.starts_with('\\') || line.is_empty() {
                continue;
            }
            let Some(sides) = line.strip_prefix("@@ -") else { return Err(PatchError::Stray(number)) };
            let (base, head) = header(sides).ok_or(PatchError::Header(number))?;
            if hunks.last().is_some_and(|before| head.first < before.end()) {
                return Err(PatchError::Order(number));
            }
            (old, new) = (base.count, head.count);
            hunks.push(Hunk { first: head.first, lines: Vec::new() });
            continue;
        }
        let Some(hunk) = hunks.last_mut() else { return Err(PatchError::Stray(number)) };
        let mut shown = |text: &str, added| hunk.lines.push(Shown { text: text.to_owned(), added });
        match (line.as_bytes().first(), new, old) {
            (Some(b'+'), 1.., _) => {
                shown(&line[1..], true);
                new -= 1;
            }
            (Some(b'-'), _, 1..) => old -= 1,
            (Some(b' ') | None, 1.., 1..) => {
                shown(line.get(1..).unwrap_or_default(), false);
                (old, new) = (old - 1, new - 1);
            }
            (Some(b'\\'), _, _) => {}
            _ => return Err(PatchError::Stray(number)),
        }
    }
    if (old, new) == (0, 0) { Ok(hunks) } else { Err(PatchError::BrokenOff) }
}

struct Side {
    first: u32,
    count: u32,
}

/// Reads `1,2 +3,4 @@ ...`.
fn header(sides: &str) -> Option<(Side, Side)> {
    let (base, rest) = sides.split_once(" +")?;
    let (head, _) = rest.split_once(" @@")?;
    Some((side(base)?, side(head)?))
}

fn side(text: &str) -> Option<Side> {
    let (first, count) = match text.split_once(',') {
        Some((first, count)) => (first.parse().ok()?, count.parse().ok()?),
        None => (text.parse().ok()?, 1),
    };
    // Only an empty side begins before the first line.
    (first > 0 || count == 0).then_some(Side { first, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(patch: &str) -> Vec<(u32, String, bool)> {
        let hunks = parse(patch).expect("a patch");
        let lines = hunks.iter().flat_map(|hunk| (hunk.first..).zip(&hunk.lines));
        lines.map(|(number, line)| (number, line.text.clone(), line.added)).collect()
    }

    #[test]
    fn lines_are_numbered_as_in_the_head() {
        let patch = "@@ -1,3 +1,4 @@\n a\n-b\n+B\n+b2\n c\n@@ -10,2 +11 @@ kind: x\n-x\n y\n";
        let expected = [(1, "a", false), (2, "B", true), (3, "b2", true), (4, "c", false), (11, "y", false)];
        assert_eq!(lines(patch), expected.map(|(number, text, added)| (number, text.to_owned(), added)));
    }

    #[test]
    fn ends_without_a_line_feed_and_empty_sides_are_read() {
        let patch = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file";
        assert_eq!(lines(patch), [(1, "b".to_owned(), true)]);
        assert_eq!(lines("@@ -0,0 +1,2 @@\n+a\n+b"), [(1, "a".to_owned(), true), (2, "b".to_owned(), true)]);
        assert_eq!(lines("@@ -1,2 +0,0 @@\n-a\n-b"), []);
        assert_eq!(lines(""), []);
    }

    #[test]
    fn carriage_returns_and_blank_lines_stay() {
        let patch = "@@ -1,3 +1,3 @@\n a\r\n\n-c\r\n+C\r\n";
        let expected = [(1, "a\r", false), (2, "", false), (3, "C\r", true)];
        assert_eq!(lines(patch), expected.map(|(number, text, added)| (number, text.to_owned(), added)));
        let hunks = parse(patch).expect("a patch");
        assert!(hunks[0].shows(&["a\r\n", "\r\n", "C\r\n", "d\r\n"]));
        assert!(!hunks[0].shows(&["a\r\n", "\r\n", "D\r\n"]));
        assert!(!hunks[0].shows(&["a\r\n", "\r\n"]));
    }

    #[test]
    fn lines_that_look_like_headers_are_content() {
        let patch = "@@ -1,2 +1,3 @@\n+@@ -1 +1 @@\n +++ b\n---- a\n+--- c\n";
        let expected = [(1, "@@ -1 +1 @@", true), (2, "+++ b", false), (3, "--- c", true)];
        assert_eq!(lines(patch), expected.map(|(number, text, added)| (number, text.to_owned(), added)));
    }

    #[test]
    fn a_patch_that_breaks_off_is_refused() {
        for patch in
            ["@@ -1,9 +1,9 @@\n a\n+b\n", "@@ -1,2 +1 @@\n a", "@@ -1 +1,2 @@\n a", "@@ -1,2 +1,2 @@"]
        {
            assert_eq!(parse(patch), Err(PatchError::BrokenOff), "{patch}");
        }
    }

    #[test]
    fn what_is_no_patch_is_refused() {
        assert_eq!(parse("hello"), Err(PatchError::Stray(1)));
        assert_eq!(parse("@@ -1 +x @@\n a"), Err(PatchError::Header(1)));
        assert_eq!(parse("@@ -1,2 +0,2 @@\n a\n b"), Err(PatchError::Header(1)));
        assert_eq!(parse("@@ -1 +1 @@\n*a"), Err(PatchError::Stray(2)));
        assert_eq!(parse("@@ -1 +5,1 @@\n-a\n+b\n@@ -9 +3 @@\n c"), Err(PatchError::Order(4)));
        assert_eq!(parse("@@ -1,4294967295 +4294967295,4294967295 @@\n a"), Err(PatchError::BrokenOff));
    }
}
