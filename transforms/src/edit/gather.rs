//! Taking the items of a list apart, each with its comments.

use crate::span::Span;
use crate::syntax::{Entry, Node};

use super::Refusal;
use super::insert::{NewItem, items_place};
use super::layout::{Layout, editable, movable};
use super::remove::block_extent;
use super::scalar::{rewritten, uniform_style};

/// The items of a list that leave it, and the comment of its key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Gathered<'a> {
    pub(super) items: Vec<NewItem<'a>>,
    /// The comment behind the key of a block list or the closing bracket, with the blanks before it.
    pub(super) key_trail: Option<&'a str>,
}

/// Takes the items of the list `command`, without the first `skip`, as they are written in the list `to`.
pub(super) fn gather<'a>(
    layout: Layout<'a>,
    command: Entry<'a>,
    skip: usize,
    to: Node<'a>,
) -> Result<Gathered<'a>, Refusal> {
    let list = command.value();
    let span = editable(list)?;
    let nodes: Vec<Node<'a>> = list.items().collect();
    let style = uniform_style(to);
    let moved = nodes.get(skip..).unwrap_or_default();
    let texts = moved.iter().map(|item| rewritten(*item, style, items_place(to)));
    let mut items = texts
        .map(|text| Ok(NewItem { lead: Vec::new(), text: text?, trail: "" }))
        .collect::<Result<Vec<NewItem<'a>>, Refusal>>()?;
    let end = if list.is_flow() { span.end } else { block_end(layout, command, &nodes)? };
    let start = if list.is_flow() { span.start } else { layout.next_line(colon_end(command)?) };
    let spans = nodes.iter().map(|item| movable(*item)).collect::<Result<Vec<Span>, Refusal>>()?;
    for comment in layout.comments(Span::new(start, end)) {
        let before = spans.partition_point(|item| item.end <= comment.span.start);
        let behind_item = before.checked_sub(1).filter(|_| !comment.own_line);
        let at = behind_item.unwrap_or(before);
        // A comment of an item that is dropped would be lost.
        let index = at.checked_sub(skip).ok_or(Refusal::CommentInTheWay)?;
        let item = items.get_mut(index).ok_or(Refusal::CommentInTheWay)?;
        if behind_item.is_none() {
            item.lead.push(layout.text(comment.span));
        } else if item.trail.is_empty() {
            item.trail = with_blanks(layout, comment.span);
        } else {
            return Err(Refusal::CommentInTheWay);
        }
    }
    let mut gathered = Gathered { items, key_trail: None };
    if list.is_flow() {
        closing_comment(layout, span.end, nodes.len() == 1, to, &mut gathered);
    } else {
        gathered.key_trail = key_trail(layout, command)?;
    }
    Ok(gathered)
}

/// Returns the comment behind the key of a block list, with the blanks before it.
pub(super) fn key_trail<'a>(layout: Layout<'a>, command: Entry<'_>) -> Result<Option<&'a str>, Refusal> {
    let colon = colon_end(command)?;
    Ok(layout.comment_after(colon).map(|comment| with_blanks(layout, comment.span)))
}

/// Takes the comment behind the closing bracket: it is the item's if there is but one and it gets a line of its own,
/// else the key's.
fn closing_comment<'a>(
    layout: Layout<'a>,
    end: u32,
    only_item: bool,
    to: Node<'a>,
    gathered: &mut Gathered<'a>,
) {
    let Some(comment) = layout.comment_after(end).filter(|_| layout.ends_line(end)) else { return };
    let text = with_blanks(layout, comment.span);
    let on_own_line = !to.is_flow()
        || to.items().next().and_then(Node::span).is_some_and(|first| layout.begins_line(first.start));
    match gathered.items.first_mut() {
        Some(item) if only_item && on_own_line && item.trail.is_empty() => item.trail = text,
        _ => gathered.key_trail = Some(text),
    }
}

/// Returns a comment with the blanks before it.
fn with_blanks(layout: Layout<'_>, comment: Span) -> &str {
    let before = layout.before(comment.start);
    let blanks = before.len() - before.trim_end_matches([' ', '\t']).len();
    layout.text(Span::new(comment.start - blanks as u32, comment.end))
}

fn colon_end(command: Entry<'_>) -> Result<u32, Refusal> {
    Ok(command.colon().ok_or(Refusal::SharedLine)?.end)
}

/// Returns the end of a block list's lines, if no comment follows that is indented as if it were in the list.
fn block_end(layout: Layout<'_>, command: Entry<'_>, nodes: &[Node<'_>]) -> Result<u32, Refusal> {
    let last = nodes.last().ok_or(Refusal::NothingToMove)?;
    let end = block_extent(layout, *last)?.end;
    let column = layout.column(editable(command.key())?.start);
    if layout.deeper_comments_below(end, column) == end { Ok(end) } else { Err(Refusal::CommentInTheWay) }
}
