//! Taking items out of lists and entries out of mappings.

use std::ops::Range;

use crate::span::Span;
use crate::syntax::{Entry, Kind, Node};

use super::insert::{bare_start, comma_after, editable_end};
use super::layout::{Layout, editable, entry_end, movable};
use super::{Edit, EditSet, Refusal};

/// Removes items of a list, with the comment lines directly above each and the comment behind it.
///
/// # Errors
/// If the node is no list or frozen, if no item of a block list would remain, or if a comment stands there that does
/// not clearly belong to an item that goes.
pub fn remove_items(sequence: Node<'_>, range: Range<usize>) -> Result<EditSet, Refusal> {
    let span = editable(sequence)?;
    if sequence.kind() != Kind::Sequence {
        return Err(Refusal::NotAList);
    }
    let items: Vec<Node<'_>> = sequence.items().collect();
    let gone = items.get(range.clone()).ok_or(Refusal::OutOfRange)?;
    if gone.is_empty() {
        return Ok(EditSet::default());
    }
    for item in gone {
        movable(*item)?;
    }
    let layout = Layout::of(sequence);
    let (before, after) = (items.get(range.start.wrapping_sub(1)), items.get(range.end));
    let edits = match (sequence.is_flow(), before, after) {
        (true, None, None) => vec![all_flow_items(layout, span)?],
        (true, _, Some(next)) => vec![flow_items_before(layout, gone, *next)?],
        (true, Some(last), None) => flow_items_after(layout, gone, *last, span)?,
        (false, None, None) => return Err(Refusal::WouldBeEmpty),
        (false, _, next) => vec![block_items(layout, gone, next.copied())?],
    };
    Ok(EditSet::joined(edits)?)
}

/// Removes an entry of a mapping, with the comment lines directly above its key, and those that directly follow it
/// and are indented deeper than the key.
///
/// # Errors
/// If the mapping is frozen or would be empty, if the entry holds an anchor or alias, or if it shares its lines with
/// something else.
pub fn remove_entry(entry: Entry<'_>) -> Result<EditSet, Refusal> {
    let layout = Layout::of(entry.key());
    let span = match seat(entry)? {
        Seat::Lines { start, end, column } => {
            let start = layout.own_comments(start, column);
            let end = layout.deeper_comments_below(end, column);
            layout.removal(Span::new(start, end))?
        }
        Seat::BehindDash(span) | Seat::Braces(span) => span,
    };
    Ok(EditSet::new(vec![Edit::new(span, "")])?)
}

/// The bytes that an entry takes, and that can go without touching its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    /// Whole lines, from the start of the key's line to the start of the line after the value.
    Lines {
        /// The first byte.
        start: u32,
        /// The byte after the last.
        end: u32,
        /// The key's column, counted from 0.
        column: usize,
    },
    /// The first key of a mapping that is an item of a list, on the dash's line: up to the next key, which moves up.
    BehindDash(Span),
    /// In braces: the entry with the comma behind it, or the one before it if it is the last.
    Braces(Span),
}

impl Seat {
    /// Returns the bytes.
    pub(super) const fn span(self) -> Span {
        match self {
            Self::Lines { start, end, .. } => Span { start, end },
            Self::BehindDash(span) | Self::Braces(span) => span,
        }
    }
}

/// Finds the bytes of an entry that is to go.
pub(super) fn seat(entry: Entry<'_>) -> Result<Seat, Refusal> {
    let mapping = entry.key().parent().ok_or(Refusal::OutOfRange)?;
    editable(mapping)?;
    let key = movable(entry.key())?;
    movable(entry.value())?;
    if entry.is_explicit() || entry.key().tag().is_some() {
        return Err(Refusal::SharedLine);
    }
    let entries: Vec<Entry<'_>> = mapping.entries().collect();
    let index = entries.iter().position(|other| *other == entry).ok_or(Refusal::OutOfRange)?;
    let (before, after) = (entries.get(index.wrapping_sub(1)), entries.get(index + 1));
    if before.is_none() && after.is_none() {
        return Err(Refusal::WouldBeEmpty);
    }
    let layout = Layout::of(mapping);
    let end = entry_end(entry)?;
    if mapping.is_flow() {
        let braces = editable(mapping)?;
        return in_braces(layout, braces, before, Span::new(key.start, end), after).map(Seat::Braces);
    }
    if !layout.ends_line(end) {
        return Err(Refusal::SharedLine);
    }
    if layout.begins_line(key.start) {
        let start = layout.line(key.start).start;
        return Ok(Seat::Lines { start, end: layout.next_line(end), column: layout.column(key.start) });
    }
    behind_dash(layout, key.start, end, after).map(Seat::BehindDash)
}

fn behind_dash(layout: Layout<'_>, start: u32, end: u32, after: Option<&Entry<'_>>) -> Result<Span, Refusal> {
    let behind_dashes = layout.before(start).bytes().all(|byte| matches!(byte, b' ' | b'-'));
    let next = after.filter(|_| behind_dashes).ok_or(Refusal::SharedLine)?;
    let next = bare_start(next.key())?;
    let next_line = layout.next_line(end);
    if !layout.begins_line(next) || next < next_line || layout.column(next) != layout.column(start) {
        return Err(Refusal::SharedLine);
    }
    // A comment of the next key has no line of its own to stay on.
    if !layout.comments(Span::new(next_line, next)).is_empty() {
        return Err(Refusal::CommentInTheWay);
    }
    Ok(Span::new(start, next))
}

fn in_braces(
    layout: Layout<'_>,
    braces: Span,
    before: Option<&Entry<'_>>,
    entry: Span,
    after: Option<&Entry<'_>>,
) -> Result<Span, Refusal> {
    let span = match (before, after) {
        (_, Some(next)) => Span::new(entry.start, bare_start(next.key())?),
        (Some(last), None) => Span::new(behind_kept(layout, entry_end(*last)?)?, entry.end),
        (None, None) => return Err(Refusal::WouldBeEmpty),
    };
    let trailing = layout.comment_after(span.end).filter(|comment| comment.span.start < braces.end);
    if (after.is_none() && trailing.is_some()) || !layout.comments(span).is_empty() {
        return Err(Refusal::CommentInTheWay);
    }
    Ok(span)
}

/// Returns where to cut off what follows the last entry that stays. Its colon keeps a blank if it has no value: libyaml takes
/// `a:}` for the beginning of a scalar.
fn behind_kept(layout: Layout<'_>, end: u32) -> Result<u32, Refusal> {
    if !layout.before(end).ends_with(':') {
        return Ok(end);
    }
    if layout.after(end).starts_with(' ') { Ok(end + 1) } else { Err(Refusal::SharedLine) }
}

fn block_items(layout: Layout<'_>, gone: &[Node<'_>], next: Option<Node<'_>>) -> Result<Edit, Refusal> {
    let owned =
        gone.iter().map(|item| block_extent(layout, *item)).collect::<Result<Vec<Span>, Refusal>>()?;
    let (Some(first), Some(last)) = (owned.first(), owned.last()) else { return Err(Refusal::OutOfRange) };
    let lines = Span::new(first.start, last.end);
    only_owned_comments(layout, lines, &owned)?;
    let dash = gone.first().and_then(|item| item.dash()).ok_or(Refusal::Indentation)?.start;
    if layout.begins_line(dash) {
        return Ok(Edit::new(layout.removal(lines)?, ""));
    }
    // The first item of a list in a list, `- - a`: the next one takes its place behind the outer dash.
    let next = next.and_then(Node::dash).ok_or(Refusal::SharedLine)?.start;
    let behind_dashes = layout.before(dash).bytes().all(|byte| matches!(byte, b' ' | b'-'));
    if !behind_dashes || !layout.begins_line(next) {
        return Err(Refusal::SharedLine);
    }
    if !layout.comments(Span::new(last.end, next)).is_empty() {
        return Err(Refusal::CommentInTheWay);
    }
    Ok(Edit::new(Span::new(dash, next), ""))
}

/// Returns the lines of an item of a block list with the comment lines that it owns.
pub(super) fn block_extent(layout: Layout<'_>, item: Node<'_>) -> Result<Span, Refusal> {
    let dash = item.dash().ok_or(Refusal::Indentation)?;
    let end = editable_end(item, dash)?;
    if !layout.ends_line(end) {
        return Err(Refusal::SharedLine);
    }
    let start = if layout.begins_line(dash.start) {
        layout.own_comments(dash.start, layout.column(dash.start))
    } else {
        dash.start
    };
    Ok(Span::new(start, layout.next_line(end)))
}

/// Refuses if a comment in `whole` is in none of the spans.
pub(super) fn only_owned_comments(layout: Layout<'_>, whole: Span, owned: &[Span]) -> Result<(), Refusal> {
    let is_owned = |at: u32| owned.iter().any(|span| span.start <= at && at < span.end);
    match layout.comments(whole).iter().all(|comment| is_owned(comment.span.start)) {
        true => Ok(()),
        false => Err(Refusal::CommentInTheWay),
    }
}

fn all_flow_items(layout: Layout<'_>, brackets: Span) -> Result<Edit, Refusal> {
    let inside = Span::new(brackets.start + 1, brackets.end - 1);
    if !layout.comments(inside).is_empty() {
        return Err(Refusal::CommentInTheWay);
    }
    Ok(Edit::new(inside, ""))
}

/// Returns the lines of an item in brackets that stands on lines of its own, with the comment lines that it owns.
fn flow_extent(layout: Layout<'_>, item: Node<'_>) -> Result<Span, Refusal> {
    let start = bare_start(item)?;
    let end = editable(item)?.end;
    let end = comma_after(layout, end).map_or(end, |comma| comma + 1);
    if !layout.begins_line(start) || !layout.ends_line(end) {
        return Err(Refusal::SharedLine);
    }
    Ok(Span::new(layout.own_comments(start, layout.column(start)), layout.next_line(end)))
}

fn flow_items_before(layout: Layout<'_>, gone: &[Node<'_>], next: Node<'_>) -> Result<Edit, Refusal> {
    let next_start = bare_start(next)?;
    let start = gone.first().map(|item| bare_start(*item)).ok_or(Refusal::OutOfRange)??;
    let inline = Span::new(start, next_start);
    let own_lines = layout.begins_line(start) && layout.begins_line(next_start);
    if !own_lines {
        return match layout.comments(inline).is_empty() {
            true => Ok(Edit::new(inline, "")),
            false => Err(Refusal::CommentInTheWay),
        };
    }
    let owned = gone.iter().map(|item| flow_extent(layout, *item)).collect::<Result<Vec<Span>, Refusal>>()?;
    let start = owned.first().map_or(start, |first| first.start);
    let lines = Span::new(start, layout.own_comments(next_start, layout.column(next_start)));
    only_owned_comments(layout, lines, &owned)?;
    Ok(Edit::new(lines, ""))
}

fn flow_items_after(
    layout: Layout<'_>,
    gone: &[Node<'_>],
    last: Node<'_>,
    brackets: Span,
) -> Result<Vec<Edit>, Refusal> {
    let kept = editable_span(last)?;
    let end = gone.last().map(|item| editable(*item)).ok_or(Refusal::OutOfRange)??.end;
    let inline = Span::new(kept.end, end);
    let trailing = layout.comment_after(end).filter(|comment| comment.span.start < brackets.end);
    if layout.comments(inline).is_empty() && trailing.is_none() {
        return Ok(vec![Edit::new(Span::new(behind_kept(layout, kept.end)?, end), "")]);
    }
    let owned = gone.iter().map(|item| flow_extent(layout, *item)).collect::<Result<Vec<Span>, Refusal>>()?;
    let (Some(first), Some(end_line)) = (owned.first(), owned.last()) else {
        return Err(Refusal::OutOfRange);
    };
    let lines = Span::new(first.start, end_line.end);
    only_owned_comments(layout, lines, &owned)?;
    let comma = comma_after(layout, kept.end).ok_or(Refusal::SharedLine)?;
    if end_line.end >= brackets.end || first.start <= comma {
        return Err(Refusal::SharedLine);
    }
    let mut edits = vec![Edit::new(lines, "")];
    if comma_after(layout, end).is_none() {
        edits.push(Edit::new(Span::new(comma, comma + 1), ""));
    }
    Ok(edits)
}

fn editable_span(node: Node<'_>) -> Result<Span, Refusal> {
    node.span().ok_or(Refusal::Frozen(crate::syntax::Frozen::Unresolved))
}
