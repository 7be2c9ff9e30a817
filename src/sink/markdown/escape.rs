//! Escaping for GitHub's Markdown.
//!
//! Besides the marks of Markdown itself, GitHub looks for mentions, issues and links in the text that comes of it, so a
//! backslash is not enough for these: an invisible letter keeps them apart. Code is exempt from both.

use std::borrow::Cow;

use crate::sink::screen::{masked, plain, plain_lines};

/// Keeps apart what GitHub would take for a mention, an issue or a link.
const APART: char = '\u{200b}';

/// Returns text from a manifest or a message as one line of prose. Secrets in it are masked, and what stands between
/// backticks becomes code.
#[must_use]
pub fn prose(text: &str) -> String {
    let masked = masked(text);
    let parts: Vec<&str> = masked.split('`').collect();
    // An odd backtick is no code, and then nothing is.
    if parts.len().is_multiple_of(2) {
        return words(&masked);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for (number, part) in parts.into_iter().enumerate() {
        match number % 2 {
            // Two spans without a letter between would be one.
            0 if part.is_empty() => out.extend((number > 0).then_some(APART)),
            0 => out.push_str(&inline(&plain(part), number == 0)),
            _ if part.is_empty() => out.push_str("\\`\\`"),
            _ => out.push_str(&span(&plain(part))),
        }
    }
    out
}

/// Returns text as one line of prose in which nothing is code. Secrets in it are masked.
#[must_use]
pub fn words(text: &str) -> String {
    inline(&plain(&masked(text)), true)
}

/// Returns text as inline code that may stand in a table. Secrets in it are masked.
#[must_use]
pub fn code(text: &str) -> String {
    match plain(&masked(text)) {
        text if text.is_empty() => String::new(),
        text => span(&text),
    }
}

/// Returns a patch as a fenced block whose fence is longer than any in it. What may steer a terminal or an eye is made
/// visible; secrets stay, for a patch says what it changes.
#[must_use]
pub fn fenced(info: &str, text: &str) -> String {
    let text = block(text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    let end = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
    format!("{fence}{info}\n{text}{end}{fence}\n")
}

/// Returns a line of HTML text, as `<summary>` takes it.
#[must_use]
pub fn html(text: &str) -> String {
    let masked = masked(text);
    let text = plain(&masked);
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out.replace("##[", &format!("#{APART}#["))
}

/// Returns how many characters GitHub counts in a text: it counts as JavaScript does.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Returns the lines of a block, harmless for eyes, terminals and the log of a workflow.
fn block(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        // Files with CRLF would show a mark at the end of every line.
        let line = line.strip_suffix("\r\n").map_or(Cow::Borrowed(line), |line| format!("{line}\n").into());
        let line = plain_lines(&line);
        // The log of a workflow takes these for commands; the runner skips blanks, and so the mark of a context line.
        let line = match line.trim_start().starts_with("::") {
            true => line.replacen("::", &format!(":{APART}:"), 1).into(),
            false => line,
        };
        out.push_str(&line.replace("##[", &format!("#{APART}#[")));
    }
    out
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|letter| letter != '`').map(str::len);
    runs.max().unwrap_or_default()
}

/// Returns one line without treacherous letters as a code span.
fn span(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let text = bars(text).replace("##[", &format!("#{APART}#["));
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Escapes bars for a table: with an odd number of backslashes before each, whatever stands before it in the text.
fn bars(text: &str) -> Cow<'_, str> {
    if !text.contains('|') {
        return Cow::Borrowed(text);
    }
    let (mut out, mut run) = (String::with_capacity(text.len() + 8), 0);
    for letter in text.chars() {
        if letter == '|' {
            out.push_str(if run % 2 == 0 { "\\" } else { "\\\\" });
        }
        run = if letter == '\\' { run + 1 } else { 0 };
        out.push(letter);
    }
    Cow::Owned(out)
}

/// Escapes one line without treacherous letters. At the beginning of a block more has a meaning.
fn inline(text: &str, begins: bool) -> String {
    let text = if begins { text.trim_start() } else { text };
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    if begins {
        let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, behind) = text.split_at(digits);
        if text.starts_with(['#', '+', '-', '=', ':']) {
            out.push('\\');
        } else if digits > 0 && behind.starts_with(['.', ')']) {
            out.push_str(number);
            out.push('\\');
            rest = behind;
        }
    }
    for (at, letter) in rest.char_indices() {
        let (before, behind) = (&rest[..at], &rest[at + letter.len_utf8()..]);
        match letter {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => out.extend(['\\', letter]),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '$' => out.push_str("&#36;"),
            '@' => out.extend(['@', APART]),
            '#' if behind.starts_with(|next: char| next.is_ascii_digit() || next == '#') => {
                out.extend(['#', APART]);
            }
            // `GH-12`, and `www.` and `://` as GitHub finds links by them.
            '-' if ends_with(before, "gh") => out.extend(['-', APART]),
            '.' if ends_with(before, "www") => out.extend([APART, '.']),
            ':' if behind.starts_with(['/', ':']) => out.extend([':', APART]),
            _ => out.push(letter),
        }
    }
    out
}

fn ends_with(text: &str, end: &str) -> bool {
    let from = text.len().checked_sub(end.len());
    from.and_then(|from| text.get(from..)).is_some_and(|found| found.eq_ignore_ascii_case(end))
}
