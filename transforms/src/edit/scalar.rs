//! Replacing scalars, or parts of them, in the style that they have.

use std::ops::Range;

use crate::span::Span;
use crate::syntax::{Entry, Kind, Node, Scalar, ScalarStyle};

use super::encode::{self, Place};
use super::layout::{Layout, editable};
use super::mapping::Mapping;
use super::{Edit, EditSet, Refusal};

/// Replaces a range of bytes of a scalar's value by `new`, where they stand in the source.
///
/// Quotes, escapes, folding and indentation of the rest stay as they are. A plain scalar on one line is quoted if its
/// new text would be read as something else than a string, or not as one scalar.
///
/// # Errors
/// If the node is no scalar or frozen, if its tag is that of another type than a string, if the range cuts an escape or a
/// folded line break, or if the scalar's style cannot hold the new text.
pub fn replace_in_scalar(node: Node<'_>, range: Range<usize>, new: &str) -> Result<EditSet, Refusal> {
    let span = editable(node)?;
    let scalar = text_scalar(node)?;
    let (Some(before), Some(_), Some(after)) =
        (scalar.value.get(..range.start), scalar.value.get(range.clone()), scalar.value.get(range.end..))
    else {
        return Err(Refusal::OutOfRange);
    };
    let value = [before, new, after].concat();
    let (range, new) = differing(scalar.value, &range, new);
    let layout = Layout::of(node);
    let source = layout.text(source_span(node, span, scalar.style));
    let mapping = Mapping::of(source, scalar.style, scalar.value).ok_or(Refusal::NotMapped)?;
    let place = place(node, span);
    if scalar.style == ScalarStyle::Plain && needs_quotes(node, scalar.value, &value, place)? {
        return quote_plain(layout, span, &value, place);
    }
    let inside = mapping.source_of(&range).ok_or(Refusal::InsideEscape)?;
    let head = source.get(..inside.start).unwrap_or_default();
    let tail = source.get(inside.end..).unwrap_or_default();
    let impossible = || Refusal::NotRepresentable(style_name(scalar.style));
    let next_line = format!("{}{}", layout.line_break(span.start), " ".repeat(mapping.indent));
    let written = written_part(new, scalar.style, &next_line, tail).ok_or_else(impossible)?;
    let changed = [head, &written, tail].concat();
    let is_block = matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded);
    let unindented = if is_block { mapping.indent == 0 } else { place.first_column };
    // Lines of the source count too: folded ones are not lines of the value.
    let next_lines = changed.split_once(is_break).map_or("", |(_, rest)| rest);
    let ends_document =
        unindented && encode::has_document_marker(&value) || encode::has_document_marker(next_lines);
    // What follows a block scalar must stay on the next line.
    let joins_next = source.ends_with(is_break) && !changed.ends_with(is_break);
    let gains_tab = is_block && begins_with_tab(&value) > begins_with_tab(scalar.value);
    if ends_document || joins_next || gains_tab || !mapping.still_reads(&changed, scalar.style, &value) {
        return Err(impossible());
    }
    let span = Span::new(span.start + inside.start as u32, span.start + inside.end as u32);
    Ok(EditSet::new(vec![Edit::new(span, written)])?)
}

/// Replaces the whole value of a scalar by the string `new`, in the style that the scalar has if that can hold it.
///
/// A plain or quoted scalar is written on one line. A value that is not written yet (`key:`) is put behind its colon
/// or dash.
///
/// # Errors
/// If the node is no scalar or frozen, if its tag is that of another type than a string, or if it is a block scalar that
/// cannot hold the new text.
pub fn replace_scalar(node: Node<'_>, new: &str) -> Result<EditSet, Refusal> {
    let span = editable(node)?;
    let scalar = text_scalar(node)?;
    if matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return replace_in_scalar(node, 0..scalar.value.len(), new);
    }
    let layout = Layout::of(node);
    let mut written = encode::scalar(new, scalar.style, place(node, span));
    if span.is_empty() {
        // `{a}` has a value and no colon that it could be written behind.
        if indicator(node).is_none_or(|indicator| indicator.end != span.start) {
            return Err(Refusal::SharedLine);
        }
        let before = layout.before(span.start);
        if !before.ends_with(' ') {
            written.insert(0, ' ');
        }
        let follows = layout.after(span.start);
        if !(follows.is_empty() || follows.starts_with([' ', '\t', ',', ']', '}'])) {
            return Err(Refusal::SharedLine);
        }
    }
    Ok(EditSet::new(vec![Edit::new(span, written)])?)
}

/// Gives a key another name, in the quotes that it has.
///
/// # Errors
/// If the key is no scalar, is frozen or introduced by `? `, or if the mapping has that key already.
pub fn rename_key(entry: Entry<'_>, name: &str) -> Result<EditSet, Refusal> {
    let mapping = entry.key().parent().ok_or(Refusal::NotAScalar)?;
    if entry.name() != Some(name) && mapping.entry(name).is_some() {
        return Err(Refusal::KeyExists(name.to_owned()));
    }
    rename(entry, name)
}

/// Gives a key another name, even if the mapping has it: the other key goes with the same edit.
pub(super) fn rename(entry: Entry<'_>, name: &str) -> Result<EditSet, Refusal> {
    let key = entry.key();
    editable(key)?;
    let is_text = key.as_str().is_some() && key.anchor().is_none();
    if entry.is_explicit() || !is_text || entry.colon().is_none() {
        return Err(Refusal::NotAScalar);
    }
    replace_scalar(key, name)
}

/// Returns the colon or dash that a node is the value of.
fn indicator(node: Node<'_>) -> Option<Span> {
    let entry = || node.parent()?.entries().find(|entry| entry.value() == node)?.colon();
    node.dash().or_else(entry)
}

fn follows_tab(node: Node<'_>) -> bool {
    node.span().is_some_and(|span| Layout::of(node).before(span.start).ends_with('\t'))
}

/// Returns the scalar of a node that may hold any text: `!!int x` would make a file that parsers refuse.
fn text_scalar(node: Node<'_>) -> Result<Scalar<'_>, Refusal> {
    let standard = node.tag().and_then(|tag| tag.strip_prefix("tag:yaml.org,2002:"));
    match node.scalar() {
        None => Err(Refusal::NotAScalar),
        Some(_) if standard.is_some_and(|kind| kind != "str") => Err(Refusal::TaggedOtherwise),
        // The parser reads `:` with a tab before some plain scalars and refuses it before others.
        Some(Scalar { style: ScalarStyle::Plain, .. }) if follows_tab(node) => Err(Refusal::Indentation),
        Some(scalar) => Ok(scalar),
    }
}

/// Returns where and in what surroundings a scalar stands.
pub(super) fn place(node: Node<'_>, span: Span) -> Place {
    let flow = std::iter::successors(node.parent(), |node| node.parent()).any(Node::is_flow);
    Place { flow, first_column: Layout::of(node).column(span.start) == 0 }
}

/// Returns the bytes that make the value: of a block scalar also the line breaks at its end.
fn source_span(node: Node<'_>, span: Span, style: ScalarStyle) -> Span {
    if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        return span;
    }
    let text = node.stream().text();
    let rest = text.get(span.end as usize..).unwrap_or_default();
    // Whole blank lines only: the indentation of the next key is not the scalar's.
    let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let blank = rest.get(..blank).unwrap_or_default();
    let lines = blank.rfind(['\n', '\r']).map_or(0, |last| last + 1);
    Span::new(span.start, span.end + lines as u32)
}

/// Tells whether a plain scalar cannot stay plain with its new value.
///
/// Refused if parsers differ on the type of the old value, as for `0777`, and the new one is no plain string either.
fn needs_quotes(node: Node<'_>, old: &str, new: &str, place: Place) -> Result<bool, Refusal> {
    let may_change_type = node.tag().is_none() && !encode::is_typed(old) && encode::is_ambiguous(new);
    if may_change_type && encode::is_ambiguous(old) {
        return Err(Refusal::NotRepresentable(style_name(ScalarStyle::Plain)));
    }
    let gains_lines = new.contains('\n') && !old.contains('\n');
    // In brackets, older parsers read these differently.
    let gains_indicator =
        place.flow && [':', '?'].iter().any(|sign| new.contains(*sign) && !old.contains(*sign));
    Ok(gains_lines || gains_indicator || may_change_type || !encode::plain_is_possible(new, place))
}

/// Puts a plain scalar on one line into quotes.
fn quote_plain(layout: Layout<'_>, span: Span, value: &str, place: Place) -> Result<EditSet, Refusal> {
    if span.is_empty() || layout.text(span).contains(['\n', '\r']) {
        return Err(Refusal::NotRepresentable(style_name(ScalarStyle::Plain)));
    }
    let written = encode::scalar(value, ScalarStyle::DoubleQuoted, place);
    Ok(EditSet::new(vec![Edit::new(span, written)])?)
}

/// Counts the lines that begin with a tab, which some parsers take for a wrong indentation in a block scalar.
fn begins_with_tab(value: &str) -> usize {
    value.split('\n').filter(|line| line.starts_with('\t')).count()
}

/// Returns the part of a value that a replacement changes, without what both have in common at their ends.
fn differing<'n>(value: &str, range: &Range<usize>, new: &'n str) -> (Range<usize>, &'n str) {
    let old = value.get(range.clone()).unwrap_or_default();
    let same = |(old, new): &(char, char)| old == new;
    let first: usize = old.chars().zip(new.chars()).take_while(same).map(|(same, _)| same.len_utf8()).sum();
    let (old, new) = (old.get(first..).unwrap_or_default(), new.get(first..).unwrap_or_default());
    let last: usize =
        old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(same, _)| same.len_utf8()).sum();
    (range.start + first..range.end - last, new.get(..new.len() - last).unwrap_or_default())
}

/// Writes a part of a scalar of the style, which `tail` follows.
fn written_part(new: &str, style: ScalarStyle, next_line: &str, tail: &str) -> Option<String> {
    let printable = |text: &str| text.chars().all(encode::is_printable);
    match style {
        ScalarStyle::DoubleQuoted => Some(encode::double_quoted(new)),
        ScalarStyle::SingleQuoted => printable(new).then(|| new.replace('\'', "''")),
        ScalarStyle::Plain | ScalarStyle::Folded => printable(new).then(|| new.to_owned()),
        ScalarStyle::Literal => {
            let line_break = next_line.trim_end_matches(' ');
            let mut lines = new.split('\n').peekable();
            let mut written = lines.next()?.to_owned();
            while let Some(line) = lines.next() {
                let is_empty = line.is_empty()
                    && (lines.peek().is_some() || tail.is_empty() || tail.starts_with(is_break));
                written.push_str(if is_empty { line_break } else { next_line });
                written.push_str(line);
            }
            written
                .chars()
                .all(|character| encode::is_printable(character) || is_break(character))
                .then_some(written)
        }
    }
}

fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r')
}

fn style_name(style: ScalarStyle) -> &'static str {
    match style {
        ScalarStyle::Plain => "plain",
        ScalarStyle::SingleQuoted => "single-quoted",
        ScalarStyle::DoubleQuoted => "double-quoted",
        ScalarStyle::Literal => "literal block",
        ScalarStyle::Folded => "folded block",
    }
}

/// Tells how all scalars of a list are written, if they are all written alike and on one line.
pub(super) fn uniform_style(sequence: Node<'_>) -> Option<ScalarStyle> {
    let mut styles = sequence.items().map(|item| item.scalar().map(|scalar| scalar.style));
    let first = styles.next()??;
    let quotable =
        matches!(first, ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    (quotable && styles.all(|style| style == Some(first))).then_some(first)
}

/// Writes an existing scalar anew for another place, in the style that its new neighbours have all; as it is written
/// where that is possible and they differ.
///
/// # Errors
/// If it is no string, or is written over several lines.
pub(super) fn rewritten(node: Node<'_>, style: Option<ScalarStyle>, to: Place) -> Result<String, Refusal> {
    let span = editable(node)?;
    let value = node.as_str().ok_or(Refusal::ItemIsNoString)?;
    let scalar = node.scalar().ok_or(Refusal::ItemIsNoString)?;
    let source = Layout::of(node).text(span);
    let is_block = matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded);
    if is_block || source.contains(['\n', '\r']) {
        return Err(Refusal::ItemOfSeveralLines);
    }
    if node.kind() != Kind::Scalar || node.tag().is_some() {
        return Err(Refusal::ItemIsNoString);
    }
    let plain = scalar.style == ScalarStyle::Plain;
    // A number or truth value keeps its type.
    let typed = plain && encode::is_ambiguous(value);
    let fits = !plain || encode::plain_is_possible(value, to);
    match style {
        Some(style) if style != scalar.style && !typed => Ok(encode::scalar(value, style, to)),
        _ if fits => Ok(source.to_owned()),
        _ => Ok(encode::scalar(value, ScalarStyle::DoubleQuoted, to)),
    }
}
