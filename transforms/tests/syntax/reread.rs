//! A second, slow reading of scalars from the bytes at their spans. It shares no code with the library.

use caulk_transforms::syntax::{Kind, Node, ScalarStyle};

/// Returns the value that the text of a scalar stands for.
pub(crate) fn value(node: Node<'_>) -> Option<String> {
    let text = node.span()?.of(node.stream().text());
    match node.scalar()?.style {
        ScalarStyle::Plain => Some(fold(text.trim_matches([' ', '\t']))),
        ScalarStyle::SingleQuoted => {
            let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
            Some(fold(&inner.replace("''", "'")))
        }
        ScalarStyle::DoubleQuoted => double(text.strip_prefix('"')?.strip_suffix('"')?),
        ScalarStyle::Literal => block(text.strip_prefix('|')?, false, node),
        ScalarStyle::Folded => block(text.strip_prefix('>')?, true, node),
    }
}

/// Splits at LF, CRLF and lone CR.
pub(crate) fn lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(str::to_owned).collect()
}

fn fold(text: &str) -> String {
    let lines = lines(text);
    let last = lines.len() - 1;
    let mut out = String::new();
    let mut blank = 0;
    for (index, line) in lines.iter().enumerate() {
        let line = if index > 0 { line.trim_start_matches([' ', '\t']) } else { line };
        let line = if index < last { line.trim_end_matches([' ', '\t']) } else { line };
        if index > 0 && index < last && line.is_empty() {
            blank += 1;
            continue;
        }
        if index > 0 {
            out.push_str(&if blank == 0 { " ".to_owned() } else { "\n".repeat(blank) });
        }
        blank = 0;
        out.push_str(line);
    }
    out
}

fn double(text: &str) -> Option<String> {
    let text: Vec<char> = text.replace("\r\n", "\n").replace('\r', "\n").chars().collect();
    let (mut out, mut at, mut solid) = (String::new(), 0, 0);
    while let Some(&letter) = text.get(at) {
        at += 1;
        match letter {
            '\\' if text.get(at) == Some(&'\n') => {
                let breaks = skip_lines(&text, &mut at);
                out.push_str(&"\n".repeat(breaks - 1));
                solid = out.len();
            }
            '\\' => {
                out.push(escape(&text, &mut at)?);
                solid = out.len();
            }
            '\n' => {
                let kept = out.trim_end_matches([' ', '\t']).len().max(solid);
                out.truncate(kept);
                at -= 1;
                let breaks = skip_lines(&text, &mut at);
                out.push_str(&if breaks == 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) });
                solid = out.len();
            }
            other => out.push(other),
        }
    }
    Some(out)
}

fn skip_lines(text: &[char], at: &mut usize) -> usize {
    let mut breaks = 0;
    while let Some(letter) = text.get(*at).filter(|letter| matches!(letter, ' ' | '\t' | '\n')) {
        breaks += usize::from(*letter == '\n');
        *at += 1;
    }
    breaks
}

fn escape(text: &[char], at: &mut usize) -> Option<char> {
    let letter = *text.get(*at)?;
    *at += 1;
    let digits = match letter {
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => 0,
    };
    if digits > 0 {
        let code: String = text.get(*at..*at + digits)?.iter().collect();
        *at += digits;
        return char::from_u32(u32::from_str_radix(&code, 16).ok()?);
    }
    let table = [
        ('0', '\0'),
        ('a', '\x07'),
        ('b', '\x08'),
        ('t', '\t'),
        ('\t', '\t'),
        ('n', '\n'),
        ('v', '\x0b'),
        ('f', '\x0c'),
        ('r', '\r'),
        ('e', '\x1b'),
        (' ', ' '),
        ('"', '"'),
        ('/', '/'),
        ('\\', '\\'),
        ('N', '\u{85}'),
        ('_', '\u{a0}'),
        ('L', '\u{2028}'),
        ('P', '\u{2029}'),
    ];
    table.into_iter().find(|(name, _)| *name == letter).map(|(_, meaning)| meaning)
}

fn block(text: &str, folded: bool, node: Node<'_>) -> Option<String> {
    let lines = lines(text);
    let (header, body) = lines.split_first()?;
    let header: String = header.chars().take_while(|letter| !matches!(letter, ' ' | '\t' | '#')).collect();
    let digit = header.chars().find_map(|letter| letter.to_digit(10));
    let blank = |line: &String| line.chars().all(|letter| letter == ' ');
    let leading = |line: &String| line.chars().take_while(|letter| *letter == ' ').count();
    let indent = match digit {
        Some(digit) => outer_indent(node) + digit as usize,
        None => body.iter().find(|line| !blank(line)).map_or(usize::MAX, leading),
    };
    let content: Vec<Option<String>> = body
        .iter()
        .map(|line| (line.len() > indent || !blank(line)).then(|| line.chars().skip(indent).collect()))
        .collect();
    let trailing = content.iter().rev().take_while(|line| line.is_none()).count();
    let mut out = String::new();
    let (mut blanks, mut before): (usize, Option<&str>) = (0, None);
    for line in &content[..content.len() - trailing] {
        let Some(line) = line else {
            blanks += 1;
            continue;
        };
        let indented = |line: &str| line.starts_with([' ', '\t']);
        let joins = folded && before.is_some_and(|before| !indented(before)) && !indented(line);
        let breaks = blanks + usize::from(before.is_some());
        out.push_str(&match (joins, blanks) {
            (true, 0) => " ".to_owned(),
            (true, blanks) => "\n".repeat(blanks),
            (false, _) => "\n".repeat(breaks),
        });
        out.push_str(line);
        (blanks, before) = (0, Some(line.as_str()));
    }
    if header.contains('+') {
        // The span ends before the last line break, which is part of the value.
        let breaks = if before.is_some() { trailing + 1 } else { trailing };
        out.push_str(&"\n".repeat(breaks));
    } else if !header.contains('-') && before.is_some() {
        out.push('\n');
    }
    Some(out)
}

/// Returns the column of the block collection around a node: explicit indentation counts from there.
fn outer_indent(node: Node<'_>) -> usize {
    let Some(parent) = node.parent().filter(|parent| matches!(parent.kind(), Kind::Mapping | Kind::Sequence))
    else {
        return 0;
    };
    let start = parent.span().map_or(0, |span| span.start);
    node.stream().position(start).1 as usize - 1
}
