//! Logical lines of a Dockerfile: continued lines joined, comments and the bodies of heredocs left out.

use super::{DockerfileError, words};

pub(super) struct Line {
    /// The 1-based number of its first line.
    pub(super) number: usize,
    pub(super) text: String,
}

/// Returns the logical lines and the escape character that the file declares.
///
/// # Errors
/// A heredoc that does not end.
pub(super) fn logical(text: &str) -> Result<(Vec<Line>, char), DockerfileError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let escape = escape_directive(text);
    let mut lines = Vec::new();
    let mut physical = text.lines().enumerate();
    while let Some((index, first)) = physical.next() {
        if is_comment(first) || first.trim().is_empty() {
            continue;
        }
        let mut joined = String::new();
        let mut current = first;
        loop {
            let trimmed = current.trim_end();
            let Some(continued) = trimmed.strip_suffix(escape) else {
                joined.push_str(current);
                break;
            };
            joined.push_str(continued);
            // Comments and empty lines inside a continued instruction are left out.
            let next = physical.find(|(_, line)| !is_comment(line) && !line.trim().is_empty());
            let Some((_, line)) = next else { break };
            current = line;
        }
        for (name, tabs) in heredocs(joined.trim(), escape) {
            let ended =
                physical.any(|(_, line)| if tabs { line.trim_start_matches('\t') } else { line } == name);
            if !ended {
                let message = format!("the heredoc {name} does not end");
                return Err(DockerfileError::Line { line: index + 1, message });
            }
        }
        lines.push(Line { number: index + 1, text: joined.trim().to_owned() });
    }
    Ok((lines, escape))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// `# escape=` counts only among the directives at the very top.
fn escape_directive(text: &str) -> char {
    for line in text.lines() {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(|rest| rest.split_once('='))
        else {
            break;
        };
        if name.trim().eq_ignore_ascii_case("escape") {
            return if value.trim() == "`" { '`' } else { '\\' };
        }
    }
    '\\'
}

/// Returns the delimiters of the heredocs that an instruction opens, with whether tabs are stripped.
fn heredocs(text: &str, escape: char) -> Vec<(String, bool)> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if !["RUN", "COPY", "ADD"].iter().any(|other| name.eq_ignore_ascii_case(other)) {
        return Vec::new();
    }
    words(rest, escape).iter().filter_map(|word| heredoc(word)).collect()
}

/// `<<EOF`, `<<-"EOF"`, `3<<EOF`; not `<<<word` and not `$((1 << 2))`, whose parts are words of their own.
fn heredoc(word: &str) -> Option<(String, bool)> {
    let rest = word.trim_start_matches(|character: char| character.is_ascii_digit()).strip_prefix("<<")?;
    let (rest, tabs) = rest.strip_prefix('-').map_or((rest, false), |rest| (rest, true));
    let name: String = rest.chars().filter(|character| !matches!(character, '"' | '\'' | '\\')).collect();
    (!name.is_empty() && !rest.contains('<')).then_some((name, tabs))
}
