//! The lines of a diff that may be commented.

/// Returns the hunk that holds both lines of a side, up to the last of them.
pub(crate) fn covering(patch: &str, side: &str, first: u32, last: u32) -> Option<String> {
    let mut hunk = String::new();
    let (mut old, mut new, mut began) = (0, 0, false);
    for line in patch.lines() {
        if let Some((from, to)) = header(line) {
            (old, new, began) = (from, to, false);
            hunk = line.to_owned();
            continue;
        }
        hunk.push('\n');
        hunk.push_str(line);
        let (left, right) = match line.bytes().next() {
            Some(b'+') => (None, Some(new)),
            Some(b'-') => (Some(old), None),
            // The mark of a missing final line feed is no line.
            Some(b'\\') => continue,
            _ => (Some(old), Some(new)),
        };
        old += u32::from(left.is_some());
        new += u32::from(right.is_some());
        let here = if side == "LEFT" { left } else { right };
        began |= here == Some(first);
        if here == Some(last) {
            return began.then_some(hunk);
        }
    }
    None
}

fn header(line: &str) -> Option<(u32, u32)> {
    let ranges = line.strip_prefix("@@ -")?.split(" @@").next()?;
    let (old, new) = ranges.split_once(" +")?;
    let start = |range: &str| range.split(',').next()?.parse().ok();
    Some((start(old)?, start(new)?))
}

#[cfg(test)]
mod tests {
    use super::covering;

    #[test]
    fn lines_outside_the_hunks_are_not_found() {
        let patch = "@@ -1,2 +1,3 @@\n a\n+b\n c\n@@ -10,2 +11,2 @@ x\n-j\n+J\n k";
        assert_eq!(covering(patch, "RIGHT", 2, 2).as_deref(), Some("@@ -1,2 +1,3 @@\n a\n+b"));
        assert!(covering(patch, "RIGHT", 1, 3).is_some());
        assert!(covering(patch, "RIGHT", 11, 12).is_some());
        assert!(covering(patch, "LEFT", 10, 10).is_some());
        for (first, last) in [(4, 4), (3, 11), (13, 13)] {
            assert_eq!(covering(patch, "RIGHT", first, last), None);
        }
    }
}
