//! Where in the configuration a complaint belongs, and what was probably meant.

use super::{Complaint, Suggestion, nearest};

/// Turns a parser's error into one that names the nearest right key.
pub(super) fn complaint(text: &str, error: &serde_yaml::Error) -> Complaint {
    let told = error.to_string();
    let reported = error.location().map(|place| place.line());
    let message = told.split(" at line ").next().unwrap_or(&told);
    let Some((place, unknown, known)) = unknown_name(message) else {
        return Complaint { line: reported, message: message.to_owned() };
    };
    // The parser reports where the mapping begins; the key itself stands at that line or further down.
    let line = line_from(text, reported.unwrap_or(1), |line| key_in(line) == Some(unknown)).or(reported);
    let place = place.map_or_else(String::new, |place| format!("{place}: "));
    let suggestion = Suggestion(nearest(unknown, known.iter().copied()), "; there are ", &known);
    Complaint { line, message: format!("{place}unknown key or value `{unknown}`{suggestion}") }
}

/// Takes apart `images[0]: unknown field `x`, expected one of `a`, `b``.
fn unknown_name(message: &str) -> Option<(Option<&str>, &str, Vec<&str>)> {
    let (before, rest) =
        message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let (unknown, rest) = rest.split_once("`, expected ")?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let place = before.trim_end().strip_suffix(':').filter(|place| !place.is_empty());
    Some((place, unknown, known))
}

/// Returns the line of the first key of that name.
pub(super) fn line_of_key(text: &str, key: &str) -> Option<usize> {
    line_from(text, 1, |line| key_in(line) == Some(key))
}

/// Returns the first line that holds the value.
pub(super) fn line_of_value(text: &str, value: &str) -> Option<usize> {
    line_from(text, 1, |line| {
        !value.is_empty() && line.split_once(':').is_some_and(|(_, rest)| rest.contains(value))
    })
}

fn line_from(text: &str, first: usize, matches: impl Fn(&str) -> bool) -> Option<usize> {
    let mut lines = text.lines().zip(1..).skip(first.saturating_sub(1));
    lines.find(|(line, _)| matches(line)).map(|(_, number)| number)
}

/// Returns the first key of a line, also behind a dash or a brace.
fn key_in(line: &str) -> Option<&str> {
    let (key, _) = line.split_once(':')?;
    Some(key.trim_start_matches([' ', '\t', '-', '{']).trim_matches([' ', '"', '\'']))
}
