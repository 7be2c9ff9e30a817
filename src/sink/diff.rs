//! A plan as a unified diff that `git apply` and `patch -p1` take.

use std::{borrow::Cow, fmt::Write as _};

use similar::{ChangeTag, TextDiff};

/// Renders the change of one file. `path` is the file's name from where the patch is applied.
#[must_use]
pub fn unified(path: &str, before: &str, after: &str) -> String {
    let (old, new) = (lines(before), lines(after));
    let diff = TextDiff::from_slices(&old, &new);
    let mut out = format!("--- {}\n+++ {}\n", header("a", path), header("b", path));
    for group in diff.grouped_ops(3) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range = |start: usize, end: usize| match end - start {
            // An empty range is named by the line before it.
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            length => format!("{},{length}", start + 1),
        };
        let old_range = range(first.old_range().start, last.old_range().end);
        let new_range = range(first.new_range().start, last.new_range().end);
        let _ = writeln!(out, "@@ -{old_range} +{new_range} @@");
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            out.push(match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            out.push_str(change.value());
            if !change.value().ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// Splits after line feeds alone: a lone carriage return ends no line for the tools that apply patches.
fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Returns the path behind its prefix; quoted as git does where the name holds what would break the line.
fn header(prefix: &str, path: &str) -> String {
    let mut quoted = String::new();
    let mut odd = false;
    for letter in path.chars() {
        let escape: Cow<'static, str> = match letter {
            '"' => "\\\"".into(),
            '\\' => "\\\\".into(),
            '\t' => "\\t".into(),
            '\n' => "\\n".into(),
            '\r' => "\\r".into(),
            letter if letter.is_control() => {
                let mut bytes = [0; 4];
                letter
                    .encode_utf8(&mut bytes)
                    .bytes()
                    .fold(String::new(), |mut text, byte| {
                        let _ = write!(text, "\\{byte:03o}");
                        text
                    })
                    .into()
            }
            letter => {
                quoted.push(letter);
                continue;
            }
        };
        odd = true;
        quoted.push_str(&escape);
    }
    match odd {
        true => format!("\"{prefix}/{quoted}\""),
        // `patch` cuts names at a blank unless a tab follows.
        false if path.contains(' ') => format!("{prefix}/{quoted}\t"),
        false => format!("{prefix}/{quoted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_line_stands_between_its_neighbours() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\n";
        assert_eq!(
            unified("x.yaml", before, after),
            "--- a/x.yaml\n+++ b/x.yaml\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n"
        );
    }

    #[test]
    fn the_end_without_a_line_feed_is_told() {
        assert_eq!(
            unified("x", "a\nb", "a\nc"),
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn carriage_returns_stay_in_their_lines() {
        assert_eq!(
            unified("x", "a\r\nb\rc\r\n", "a\r\nB\rc\r\n"),
            "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\r\n-b\rc\r\n+B\rc\r\n"
        );
    }

    #[test]
    fn hostile_names_cannot_leave_their_line() {
        let patch = unified("a\n+++ b/\u{1b}[31m\"x.yaml", "a\n", "b\n");
        assert!(patch.starts_with("--- \"a/a\\n+++ b/\\033[31m\\\"x.yaml\"\n"), "{patch}");
        assert!(unified("a b.yaml", "a\n", "b\n").starts_with("--- a/a b.yaml\t\n+++ b/a b.yaml\t\n"));
    }
}
