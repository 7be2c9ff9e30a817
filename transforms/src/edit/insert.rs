//! Putting items into lists.

use crate::span::Span;
use crate::syntax::{Kind, Node, ScalarStyle};

use super::encode::{self, Place};
use super::layout::{Layout, editable, is_blank, is_spaces};
use super::scalar::uniform_style;
use super::{Edit, EditSet, Refusal};

/// Puts strings into a list, before its item `at`, or at its end if `at` is the number of its items.
///
/// They are laid out and quoted as the items that are there: on the same line or on lines of their own, with the dash in the
/// same column. Comment lines directly above an item stay with it.
///
/// # Errors
/// If the node is no list or frozen, or if its layout leaves no clear place.
pub fn insert_items(sequence: Node<'_>, at: usize, values: &[&str]) -> Result<EditSet, Refusal> {
    let style = uniform_style(sequence).unwrap_or(match sequence.is_flow() {
        true => ScalarStyle::DoubleQuoted,
        false => ScalarStyle::Plain,
    });
    let place = items_place(sequence);
    let items: Vec<NewItem<'_>> =
        values.iter().map(|value| NewItem::bare(encode::scalar(value, style, place))).collect();
    Ok(EditSet::joined(insertion(sequence, at, &items)?)?)
}

/// An item that is to be put into a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewItem<'a> {
    /// The comments on lines of their own above it.
    pub(super) lead: Vec<&'a str>,
    /// The scalar as it is written, on one line.
    pub(super) text: String,
    /// The blanks and the comment behind it, or nothing.
    pub(super) trail: &'a str,
}

impl NewItem<'_> {
    fn bare(text: String) -> Self {
        Self { lead: Vec::new(), text, trail: "" }
    }

    fn has_comments(&self) -> bool {
        !self.lead.is_empty() || !self.trail.is_empty()
    }
}

/// Returns what bears on how the items of a list may be written.
pub(super) fn items_place(sequence: Node<'_>) -> Place {
    let flow = std::iter::successors(Some(sequence), |node| node.parent()).any(Node::is_flow);
    Place { flow, first_column: false }
}

/// Makes the edits that put `new` before the item `at` of a list, or at its end.
pub(super) fn insertion(sequence: Node<'_>, at: usize, new: &[NewItem<'_>]) -> Result<Vec<Edit>, Refusal> {
    let span = editable(sequence)?;
    if sequence.kind() != Kind::Sequence {
        return Err(Refusal::NotAList);
    }
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let items: Vec<Node<'_>> = sequence.items().collect();
    let layout = Layout::of(sequence);
    let is_flow = sequence.is_flow();
    match (items.get(at), items.last()) {
        (Some(next), _) if is_flow => before_flow_item(layout, &items, *next, new),
        (Some(next), _) => before_block_item(layout, *next, new).map(|edit| vec![edit]),
        (None, _) if at > items.len() => Err(Refusal::OutOfRange),
        (None, Some(last)) if is_flow => after_flow_item(layout, &items, *last, span, new),
        (None, Some(last)) => after_block_item(layout, *last, new).map(|edit| vec![edit]),
        (None, None) => into_empty(layout, span, new).map(|edit| vec![edit]),
    }
}

fn before_block_item(layout: Layout<'_>, next: Node<'_>, new: &[NewItem<'_>]) -> Result<Edit, Refusal> {
    let dash = next.dash().ok_or(Refusal::Indentation)?.start;
    let column = layout.column(dash);
    if layout.begins_line(dash) {
        let at = layout.own_comments(dash, column);
        return Ok(Edit::new(Span::empty(at), block_lines(layout, dash, new)));
    }
    // The first item of a list in a list, `- - a`: the new one takes its place behind the outer dash.
    let behind_dashes = layout.before(dash).bytes().all(|byte| matches!(byte, b' ' | b'-'));
    if !behind_dashes || new.first().is_none_or(|first| !first.lead.is_empty()) {
        return Err(Refusal::SharedLine);
    }
    let lines = block_lines(layout, dash, new);
    let lines = lines.get(column..).unwrap_or_default();
    Ok(Edit::new(Span::empty(dash), format!("{lines}{}", " ".repeat(column))))
}

fn after_block_item(layout: Layout<'_>, last: Node<'_>, new: &[NewItem<'_>]) -> Result<Edit, Refusal> {
    let dash = last.dash().ok_or(Refusal::Indentation)?;
    let end = editable_end(last, dash)?;
    if !layout.ends_line(end) {
        return Err(Refusal::SharedLine);
    }
    if layout.ends_in_open_block_scalar(last) {
        return Err(Refusal::BlockScalarAbove);
    }
    let lines = block_lines(layout, dash.start, new);
    let (line_end, next_line) = (layout.line(end).end, layout.next_line(end));
    if next_line > line_end {
        return Ok(Edit::new(Span::empty(next_line), lines));
    }
    // The last line of a text without a final line break.
    let line_break = layout.line_break(end);
    // Lines of one text may end in different ways: the new ones end like that of the dash.
    let lines = lines.strip_suffix(layout.line_break(dash.start)).unwrap_or(&lines);
    Ok(Edit::new(Span::empty(line_end), format!("{line_break}{lines}")))
}

/// Returns where an item of a block list ends. Items need not be editable, only understood.
pub(super) fn editable_end(item: Node<'_>, dash: Span) -> Result<u32, Refusal> {
    let span = item.span().ok_or(Refusal::Frozen(crate::syntax::Frozen::Unresolved))?;
    Ok(span.end.max(dash.end))
}

/// Writes the lines of new items, with the dash below the one at `dash` and the same gap behind it.
fn block_lines(layout: Layout<'_>, dash: u32, new: &[NewItem<'_>]) -> String {
    let line_break = layout.line_break(dash);
    let indent = " ".repeat(layout.column(dash));
    let behind = layout.after(dash + 1);
    let gap = behind.get(..behind.len() - behind.trim_start_matches(' ').len()).unwrap_or_default();
    let gap = if gap.is_empty() || is_blank(behind) { " " } else { gap };
    let mut lines = String::new();
    for item in new {
        for comment in &item.lead {
            lines.extend([&indent, *comment, line_break]);
        }
        lines.extend([&indent, "-", gap, &item.text, item.trail, line_break]);
    }
    lines
}

fn before_flow_item(
    layout: Layout<'_>,
    items: &[Node<'_>],
    next: Node<'_>,
    new: &[NewItem<'_>],
) -> Result<Vec<Edit>, Refusal> {
    let start = bare_start(next)?;
    if layout.begins_line(start) {
        let at = layout.own_comments(start, layout.column(start));
        return Ok(vec![Edit::new(Span::empty(at), flow_lines(layout, start, new, true))]);
    }
    let separator = separator(layout, items);
    let text = new.iter().map(|item| format!("{}{separator}", item.text)).collect::<String>();
    no_comments(new)?;
    Ok(vec![Edit::new(Span::empty(start), text)])
}

fn after_flow_item(
    layout: Layout<'_>,
    items: &[Node<'_>],
    last: Node<'_>,
    sequence: Span,
    new: &[NewItem<'_>],
) -> Result<Vec<Edit>, Refusal> {
    let start = bare_start(last)?;
    let end = editable(last)?.end;
    let own_line = layout.begins_line(start) && !layout.same_line(end, sequence.end);
    if !own_line {
        let separator = separator(layout, items);
        let text = new.iter().map(|item| format!("{separator}{}", item.text)).collect::<String>();
        no_comments(new)?;
        return Ok(vec![Edit::new(Span::empty(end), text)]);
    }
    let comma = comma_after(layout, end);
    let lines =
        Edit::new(Span::empty(layout.next_line(end)), flow_lines(layout, start, new, comma.is_some()));
    if comma.is_some() {
        return Ok(vec![lines]);
    }
    if !layout.ends_line(end) || !only_blanks_until(layout, layout.next_line(end), sequence.end - 1) {
        return Err(Refusal::SharedLine);
    }
    Ok(vec![Edit::new(Span::empty(end), ","), lines])
}

/// Tells whether there is nothing, or nothing but comments, in a part of a list.
fn only_blanks_until(layout: Layout<'_>, start: u32, end: u32) -> bool {
    let mut at = start;
    let is_space = |text: &str| text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
    for comment in layout.comments(Span::new(start.min(end), end)) {
        if !is_space(layout.text(Span::new(at, comment.span.start))) {
            return false;
        }
        at = comment.span.end;
    }
    is_space(layout.text(Span::new(at.min(end), end)))
}

/// Returns the comma behind an item, if it is on the same line.
pub(super) fn comma_after(layout: Layout<'_>, end: u32) -> Option<u32> {
    let after = layout.after(end);
    let gap = after.len() - after.trim_start_matches([' ', '\t']).len();
    after.get(gap..)?.starts_with(',').then_some(end + gap as u32)
}

/// Writes the lines of new items of a list in brackets, indented as the item at `start`, a comma behind each.
fn flow_lines(layout: Layout<'_>, start: u32, new: &[NewItem<'_>], last_comma: bool) -> String {
    let (indent, line_break) = (layout.before(start), layout.line_break(start));
    let mut lines = String::new();
    for (index, item) in new.iter().enumerate() {
        for comment in &item.lead {
            lines.extend([indent, *comment, line_break]);
        }
        let comma = if last_comma || index + 1 < new.len() { "," } else { "" };
        lines.extend([indent, &item.text, comma, item.trail, line_break]);
    }
    lines
}

fn into_empty(layout: Layout<'_>, brackets: Span, new: &[NewItem<'_>]) -> Result<Edit, Refusal> {
    let inside = Span::new(brackets.start + 1, brackets.end - 1);
    if !layout.comments(inside).is_empty() {
        return Err(Refusal::CommentInTheWay);
    }
    no_comments(new)?;
    let texts: Vec<&str> = new.iter().map(|item| item.text.as_str()).collect();
    Ok(Edit::new(inside, texts.join(", ")))
}

fn no_comments(new: &[NewItem<'_>]) -> Result<(), Refusal> {
    if new.iter().any(NewItem::has_comments) { Err(Refusal::CommentInFlow) } else { Ok(()) }
}

/// Returns where an item in brackets begins, which must have no anchor or tag before it.
pub(super) fn bare_start(item: Node<'_>) -> Result<u32, Refusal> {
    if item.anchor().is_some() || item.tag().is_some() {
        return Err(Refusal::AnchorOrAlias);
    }
    Ok(item.span().ok_or(Refusal::Frozen(crate::syntax::Frozen::Unresolved))?.start)
}

/// Returns what stands between the first two items of a list, if that is a comma with blanks.
fn separator<'a>(layout: Layout<'a>, items: &[Node<'_>]) -> &'a str {
    let between = match items {
        [first, second, ..] if second.anchor().is_none() && second.tag().is_none() => {
            first.span().zip(second.span()).map(|(first, second)| Span::new(first.end, second.start))
        }
        _ => None,
    };
    let text = between.map_or("", |between| layout.text(between));
    if text.strip_prefix(',').is_some_and(is_spaces) { text } else { ", " }
}
