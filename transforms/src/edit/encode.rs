//! How a text is written as a scalar of a style, and what a plain scalar must not be.

use crate::syntax::ScalarStyle;

/// Where a scalar stands, as far as it bears on what may be written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Inside brackets or braces, where a comma ends a plain scalar.
    pub(super) flow: bool,
    /// At the first column, where `---` would end the document.
    pub(super) first_column: bool,
}

/// Writes `value` on one line: in the wanted style where that style can hold it, else in double quotes.
pub(super) fn scalar(value: &str, wanted: ScalarStyle, place: Place) -> String {
    match wanted {
        ScalarStyle::Plain if plain_is_string(value, place) => value.to_owned(),
        ScalarStyle::SingleQuoted if value.chars().all(is_printable) => {
            format!("'{}'", value.replace('\'', "''"))
        }
        _ => format!("\"{}\"", double_quoted(value)),
    }
}

/// Tells whether `value`, written plain, is read as this very string under YAML 1.1 and 1.2.
pub(super) fn plain_is_string(value: &str, place: Place) -> bool {
    let starts_well = value.starts_with(|first: char| {
        first.is_alphanumeric() || matches!(first, '/' | '.' | '_' | '-' | '+' | '$' | '(' | '=')
    });
    // In brackets `a:b` and `?` are read differently by older parsers.
    let portable = !place.flow || !value.contains(':') && !value.contains('?');
    starts_well
        && portable
        && !value.contains('\n')
        && plain_is_possible(value, place)
        && !is_ambiguous(value)
}

/// Tells whether `value`, written plain, is one scalar with this text, of whatever type.
pub(super) fn plain_is_possible(value: &str, place: Place) -> bool {
    let mut characters = value.chars();
    let (Some(first), second, last) = (characters.next(), characters.next(), value.chars().next_back())
    else {
        return false;
    };
    let ends_plain = |next: Option<char>| {
        next.is_none_or(|next| next.is_whitespace() || place.flow && is_flow_indicator(next))
    };
    let first_is_wrong = match first {
        // In brackets, libyaml takes `:x` and `?x` for indicators.
        '?' | ':' if place.flow => true,
        '-' | '?' | ':' => ends_plain(second),
        _ => ",[]{}#&*!|>'\"%@`".contains(first),
    };
    // In brackets, the parser refuses a dash between a blank and the comma or bracket that follows.
    let dash_is_last =
        place.flow && value.strip_suffix('-').is_some_and(|rest| rest.ends_with([' ', '\t', '\n']));
    let edges_are_blank = first.is_whitespace() || last.is_some_and(char::is_whitespace);
    if first_is_wrong || dash_is_last || edges_are_blank || (place.first_column && has_document_marker(value))
    {
        return false;
    }
    let mut pairs = value.chars().zip(value.chars().skip(1).map(Some).chain([None]));
    pairs.all(|(this, next)| {
        let printable = is_printable(this) || this == '\n';
        let key = this == ':' && ends_plain(next);
        let comment = this.is_whitespace() && next == Some('#');
        printable && !key && !comment && (!place.flow || !is_flow_indicator(this))
    })
}

/// Tells whether a line begins with what ends a document at the first column.
pub(super) fn has_document_marker(value: &str) -> bool {
    value.split(['\n', '\r']).any(|line| line.starts_with("---") || line.starts_with("..."))
}

fn is_flow_indicator(character: char) -> bool {
    matches!(character, ',' | '[' | ']' | '{' | '}')
}

/// Tells whether some parser reads the plain text as something else than a string: null, a truth value, a number,
/// a date, a merge key. It may err on the side of yes.
pub(super) fn is_ambiguous(plain: &str) -> bool {
    const WORDS: [&str; 17] = [
        "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<", ".inf", "-.inf",
        "+.inf", ".nan",
    ];
    let is_word = WORDS.iter().any(|word| plain.eq_ignore_ascii_case(word));
    let starts_like_number = plain.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first));
    let is_number_like = starts_like_number
        && plain.contains(|digit: char| digit.is_ascii_digit())
        && plain
            .chars()
            .all(|character| character.is_ascii_hexdigit() || "+-._:xXoOtTzZ \t".contains(character));
    is_word || is_number_like
}

/// Tells whether every parser reads the plain text as null, a truth value or a number.
pub(super) fn is_typed(plain: &str) -> bool {
    const WORDS: [&str; 11] =
        ["", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE"];
    let digits = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    let is_decimal = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.chars().all(|character| character.is_ascii_digit() || character == '.')
        && digits.matches('.').count() <= 1
        // Octal to some, a string or decimal to others.
        && (!digits.starts_with('0') || digits == "0" || digits.starts_with("0."));
    WORDS.contains(&plain) || is_decimal
}

/// Tells whether the character may stand in any scalar as it is, on one line.
///
/// The line breaks of YAML 1.1 (U+0085, U+2028, U+2029) and the byte order mark may not.
pub(super) fn is_printable(character: char) -> bool {
    match character {
        '\t' => true,
        '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => !character.is_control(),
    }
}

/// Writes `text` as a part of a double-quoted scalar.
pub(super) fn double_quoted(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            _ if is_printable(character) => written.push(character),
            // JSON's form, so that a JSON file stays JSON. What is not printable has at most four digits.
            _ => written.push_str(&format!("\\u{:04x}", u32::from(character))),
        }
    }
    written
}

#[cfg(test)]
mod tests;
