//! Comments that silence a rule: `# caulk: ignore[rule] reason`, above the line or at its end.

use crate::{span::Span, syntax::Stream};

/// A comment that silences rules on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The comment.
    pub span: Span,
    /// The line that it speaks of, from 1.
    pub line: u32,
    /// The rules; empty means all of them.
    pub rules: Vec<String>,
    /// The reason that a person gave.
    pub reason: String,
}

impl Suppression {
    /// Tells whether a rule is silenced on a line.
    #[must_use]
    pub fn covers(&self, rule: &str, line: u32) -> bool {
        self.line == line && (self.rules.is_empty() || self.rules.iter().any(|name| name == rule))
    }
}

/// Collects the suppressions of a file.
#[must_use]
pub fn collect(stream: &Stream) -> Vec<Suppression> {
    // Nearly every file has none, and looking for the word is far cheaper than looking at each comment.
    if memchr::memmem::find(stream.text().as_bytes(), b"caulk:").is_none() {
        return Vec::new();
    }
    let comments = stream.comments();
    let read = |(number, comment): (usize, &crate::syntax::Comment)| {
        let (rules, reason) = parse(comment.span.of(stream.text()))?;
        let mut line = stream.position(comment.span.start).0;
        if comment.own_line {
            line += 1;
            // It speaks of the first line after the block of comments that it stands in.
            for next in &comments[number + 1..] {
                if !next.own_line || stream.position(next.span.start).0 != line {
                    break;
                }
                line += 1;
            }
        }
        Some(Suppression { span: comment.span, line, rules, reason })
    };
    comments.iter().enumerate().filter_map(read).collect()
}

/// Reads a comment: the rules and the reason.
fn parse(comment: &str) -> Option<(Vec<String>, String)> {
    let text = comment.trim_start_matches('#').trim_start().strip_prefix("caulk:")?.trim_start();
    let rest = text.strip_prefix("ignore")?;
    let Some(listed) = rest.strip_prefix('[') else {
        // `ignored`, `ignore-next` and the like are other words.
        return rest
            .chars()
            .next()
            .is_none_or(char::is_whitespace)
            .then(|| (Vec::new(), rest.trim().to_owned()));
    };
    let (rules, reason) = listed.split_once(']')?;
    let rules = rules.split(',').map(str::trim).filter(|rule| !rule.is_empty()).map(str::to_owned).collect();
    Some((rules, reason.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_rules_and_a_reason() {
        let read = |text: &str| parse(text).map(|(rules, reason)| format!("{}|{reason}", rules.join(",")));
        assert_eq!(read("# caulk: ignore[a-b, c] on purpose"), Some("a-b,c|on purpose".into()));
        assert_eq!(read("# caulk: ignore"), Some("|".into()));
        assert_eq!(read("# caulk: ignore all of it"), Some("|all of it".into()));
        assert_eq!(read("# caulk: ignored"), None);
        assert_eq!(read("# caulk is a tool"), None);
    }
}
