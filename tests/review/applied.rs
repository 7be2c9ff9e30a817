//! Suggestions as GitHub applies them, for every test that compares their outcome with what `caulk fix` writes.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The folders of every rule's cases, in order.
pub(crate) fn cases() -> Vec<PathBuf> {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("transforms/src/rules");
    let folders = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    let mut cases: Vec<PathBuf> =
        folders(&rules).iter().flat_map(|rule| folders(&rule.join("cases"))).collect();
    cases.sort();
    cases
}

/// Replaces lines of the head's file as GitHub does: what separates them is a line feed, and the end of the file stays.
///
/// A suggestion is its first and last line, from 1, and the text of its comment.
pub(crate) fn applied(head: &str, mut suggestions: Vec<(usize, usize, String)>) -> String {
    let mut lines: Vec<String> = head.split('\n').map(str::to_owned).collect();
    suggestions.sort_by_key(|(_, last, _)| std::cmp::Reverse(*last));
    for (first, last, body) in suggestions {
        lines.splice(first - 1..last, suggested(&body));
    }
    lines.join("\n")
}

/// Reads the lines between the fences of a comment as CommonMark has it.
fn suggested(body: &str) -> Vec<String> {
    let mut lines = body.split('\n').skip_while(|line| !line.starts_with("```"));
    let open = lines.next().expect("a fence");
    let fence = &open[..open.len() - open.trim_start_matches('`').len()];
    assert_eq!(&open[fence.len()..], "suggestion", "{body}");
    let closes = |line: &&str| line.len() >= fence.len() && line.bytes().all(|byte| byte == b'`');
    lines.take_while(|line| !closes(line)).map(str::to_owned).collect()
}
