//! Moving the items of one list before those of another list of the same mapping, as `command` into `args`.

use crate::span::Span;
use crate::syntax::{Entry, Kind, Node, ScalarStyle};

use super::encode;
use super::gather::{Gathered, gather, key_trail};
use super::insert::insertion;
use super::layout::{Layout, editable, movable};
use super::remove::{Seat, block_extent, remove_items, seat};
use super::scalar::{rename, rewritten, uniform_style};
use super::{Edit, EditSet, Refusal};

/// Moves all items of the list `command` before those of the list `args` of the same mapping; the key of `command`
/// goes, its comments stay.
///
/// The items take the style of `args`: in brackets or on lines of their own, with its indentation and, where its
/// items are all quoted alike, its quotes. If `args` is empty or null, its entry goes and `command` takes its name.
///
/// # Errors
/// If an item is no string, if a node is frozen, or if a comment or an item of several lines has no place in `args`.
pub fn move_items_before(command: Entry<'_>, args: Entry<'_>) -> Result<EditSet, Refusal> {
    move_tail_before(command, 0, args)
}

/// Does as [`move_items_before`], but drops the first `skip` items of `command`, which must have no comments.
///
/// # Errors
/// As there, and if no item would be left to move.
pub fn move_tail_before(command: Entry<'_>, skip: usize, args: Entry<'_>) -> Result<EditSet, Refusal> {
    if command.key().parent() != args.key().parent() || command == args {
        return Err(Refusal::DifferentMappings);
    }
    editable(command.value())?;
    if command.value().kind() != Kind::Sequence {
        return Err(Refusal::NotAList);
    }
    let items: Vec<Node<'_>> = command.value().items().collect();
    let moved = items.get(skip..).unwrap_or_default();
    if moved.is_empty() {
        return Err(Refusal::NothingToMove);
    }
    if moved.iter().any(|item| item.as_str().is_none()) {
        return Err(Refusal::ItemIsNoString);
    }
    let target = args.value();
    let is_list = target.kind() == Kind::Sequence;
    if target.is_null() || (is_list && target.items().next().is_none()) {
        return take_name(command, skip, args);
    }
    if !is_list {
        return Err(Refusal::NotAList);
    }
    editable(target)?;
    let layout = Layout::of(target);
    let seat = seat(command)?;
    let edits = if !command.value().is_flow() && !target.is_flow() {
        let lines = moved_lines(layout, command, skip)?;
        Move { layout, command, args, seat, end: lines.end }.lines(lines, moved)?
    } else {
        let gathered = gather(layout, command, skip, target)?;
        Move { layout, command, args, seat, end: seat.span().end }.items(&gathered)?
    };
    Ok(EditSet::joined(edits)?)
}

/// Gives `command` the name of `args`, whose value is empty, and removes the entry `args`, but none of its comments.
fn take_name(command: Entry<'_>, skip: usize, args: Entry<'_>) -> Result<EditSet, Refusal> {
    let key = args.key();
    let name = key.as_str().filter(|_| key.tag().is_none()).ok_or(Refusal::NotAScalar)?;
    // A key that is a number or null, not a string, would become one with the other key's quotes.
    if key.scalar().is_some_and(|key| key.style == ScalarStyle::Plain && encode::is_ambiguous(key.value)) {
        return Err(Refusal::NotAScalar);
    }
    let mut edits = rename(command, name)?.edits().to_vec();
    let dropped = remove_items(command.value(), 0..skip)?;
    let comments = |edit: &Edit| command.key().stream().comments_in(edit.span);
    if dropped.edits().iter().any(|edit| !comments(edit).is_empty()) {
        return Err(Refusal::CommentInTheWay);
    }
    edits.extend_from_slice(dropped.edits());
    edits.push(without_comments(args)?);
    Ok(EditSet::joined(edits)?)
}

/// Removes an entry and keeps the comment behind it, on a line of its own.
fn without_comments(entry: Entry<'_>) -> Result<Edit, Refusal> {
    let layout = Layout::of(entry.key());
    let key = editable(entry.key())?.start;
    let seat = seat(entry)?;
    match (seat, layout.comments(Span::new(key, seat.span().end))) {
        (Seat::Lines { .. }, []) => Ok(Edit::new(layout.removal(seat.span())?, "")),
        (Seat::Lines { .. }, [only]) if layout.same_line(key, only.span.start) => {
            Ok(Edit::new(Span::new(key, only.span.start), ""))
        }
        (Seat::BehindDash(span) | Seat::Braces(span), []) => Ok(Edit::new(span, "")),
        _ => Err(Refusal::CommentInTheWay),
    }
}

/// Returns the lines of a block list below its key, from the item `skip` on, with the comments that belong there.
fn moved_lines(layout: Layout<'_>, command: Entry<'_>, skip: usize) -> Result<Span, Refusal> {
    let colon = command.colon().ok_or(Refusal::SharedLine)?;
    if !layout.ends_line(colon.end) {
        return Err(Refusal::SharedLine);
    }
    let items: Vec<Node<'_>> = command.value().items().collect();
    let (Some(first), Some(last)) = (items.get(skip), items.last()) else {
        return Err(Refusal::NothingToMove);
    };
    if layout.ends_in_open_block_scalar(*last) {
        return Err(Refusal::BlockScalarAbove);
    }
    let mut start = layout.next_line(colon.end);
    if skip > 0 {
        let first = block_extent(layout, *first)?.start;
        if !layout.comments(Span::new(start, first)).is_empty() {
            return Err(Refusal::CommentInTheWay);
        }
        start = first;
    }
    let key = editable(command.key())?.start;
    let end = layout.deeper_comments_below(block_extent(layout, *last)?.end, layout.column(key));
    Ok(Span::new(start, end))
}

/// The items of `command` on their way into the list `args`, which is not empty.
#[derive(Debug, Clone, Copy)]
struct Move<'a> {
    layout: Layout<'a>,
    command: Entry<'a>,
    args: Entry<'a>,
    seat: Seat,
    /// Where the lines of `command` that go end.
    end: u32,
}

impl<'a> Move<'a> {
    /// Moves the lines of a block list into a block list as they are, indented anew.
    fn lines(self, lines: Span, moved: &[Node<'a>]) -> Result<Vec<Edit>, Refusal> {
        let layout = self.layout;
        let to = self.args.value().items().next().and_then(Node::dash).ok_or(Refusal::Indentation)?.start;
        let from = moved.first().and_then(|item| item.dash()).ok_or(Refusal::Indentation)?.start;
        if !layout.begins_line(to) || !layout.begins_line(from) {
            return Err(Refusal::SharedLine);
        }
        let text = requoted(layout, lines, moved, self.args.value())?;
        let mut text = shifted(&text, layout.column(from), layout.column(to))?;
        if !text.ends_with('\n') {
            text.push_str(layout.line_break(to));
        }
        let mut edits = self.key_comments(key_trail(layout, self.command)?)?;
        edits.push(Edit::new(Span::empty(layout.own_comments(to, layout.column(to))), text));
        edits.push(self.removal()?);
        Ok(edits)
    }

    /// Moves the items one by one into a list of another style.
    fn items(self, gathered: &Gathered<'_>) -> Result<Vec<Edit>, Refusal> {
        let mut edits = self.key_comments(gathered.key_trail)?;
        edits.extend(insertion(self.args.value(), 0, &gathered.items)?);
        edits.push(self.removal()?);
        Ok(edits)
    }

    /// Removes the entry `command`, whose items and comments have found another place.
    fn removal(self) -> Result<Edit, Refusal> {
        let span = match self.seat {
            Seat::Lines { start, column, .. } if self.comments_hoisted()? => {
                self.layout.removal(Span::new(self.layout.own_comments(start, column), self.end))?
            }
            Seat::Lines { start, .. } => self.layout.removal(Span::new(start, self.end))?,
            Seat::BehindDash(span) | Seat::Braces(span) => span,
        };
        Ok(Edit::new(span, ""))
    }

    /// Tells whether the comment lines above `command` have to move: not if they stand above `args` anyway once the
    /// lines between are gone.
    fn comments_hoisted(self) -> Result<bool, Refusal> {
        let (layout, key) = (self.layout, editable(self.args.key())?.start);
        Ok(!layout.begins_line(key) || layout.own_comments(key, layout.column(key)) != self.end)
    }

    /// Puts the comments of the key `command`, above it and behind it, where they belong to `args`.
    fn key_comments(self, trail: Option<&'a str>) -> Result<Vec<Edit>, Refusal> {
        let layout = self.layout;
        let (mut edits, mut lines) = (Vec::new(), Vec::new());
        if let Seat::Lines { start, column, .. } = self.seat
            && self.comments_hoisted()?
        {
            let above = layout.comments(Span::new(layout.own_comments(start, column), start));
            lines.extend(above.iter().map(|comment| layout.text(comment.span)));
        }
        match (trail, self.trail_place()?) {
            (Some(trail), Some(at)) => edits.push(Edit::new(Span::empty(at), trail)),
            (Some(trail), None) => lines.push(trail.trim_start_matches([' ', '\t'])),
            (None, _) => {}
        }
        if !lines.is_empty() {
            edits.push(self.comment_lines(&lines)?);
        }
        Ok(edits)
    }

    /// Returns where on the line of `args` a comment can be added, if it has none.
    fn trail_place(self) -> Result<Option<u32>, Refusal> {
        let end = match self.args.value().is_flow() {
            true => editable(self.args.value())?.end,
            false => self.args.colon().ok_or(Refusal::SharedLine)?.end,
        };
        let is_free = self.layout.ends_line(end) && self.layout.comment_after(end).is_none();
        Ok(is_free.then(|| self.layout.line(end).end))
    }

    /// Puts comments on lines of their own above `args`, or above its first item if `args` shares its line with a dash.
    fn comment_lines(self, comments: &[&str]) -> Result<Edit, Refusal> {
        let layout = self.layout;
        let key = editable(self.args.key())?.start;
        let first = self.args.value().items().next().ok_or(Refusal::NotAList)?;
        let first = first.dash().or(first.span()).ok_or(Refusal::Indentation)?.start;
        let mut places = [key, first].into_iter();
        let below = places.find(|at| layout.begins_line(*at)).ok_or(Refusal::CommentInFlow)?;
        let column = layout.column(below);
        let (indent, line_break) = (" ".repeat(column), layout.line_break(below));
        let lines: String = comments.iter().map(|comment| format!("{indent}{comment}{line_break}")).collect();
        Ok(Edit::new(Span::empty(layout.own_comments(below, column)), lines))
    }
}

/// Returns lines with the items in them quoted as those of the other list.
fn requoted(layout: Layout<'_>, lines: Span, items: &[Node<'_>], as_in: Node<'_>) -> Result<String, Refusal> {
    let style = uniform_style(as_in);
    let mut edits = Vec::new();
    for item in items {
        let span = movable(*item)?;
        let written = match rewritten(*item, style, super::insert::items_place(as_in)) {
            Err(Refusal::ItemOfSeveralLines) => continue,
            written => written?,
        };
        edits.push(Edit::new(Span::new(span.start - lines.start, span.end - lines.start), written));
    }
    EditSet::new(edits)?.apply(layout.text(lines)).map_err(|_| Refusal::OutOfRange)
}

/// Returns lines moved from one column to another.
fn shifted(lines: &str, from: usize, to: usize) -> Result<String, Refusal> {
    // A lone carriage return breaks lines too, but no one writes it.
    if lines.replace("\r\n", "").contains('\r') {
        return Err(Refusal::Indentation);
    }
    let mut result = String::with_capacity(lines.len() + 64);
    for line in lines.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        let spaces = bare.len() - bare.trim_start_matches(' ').len();
        let text = bare.get(spaces..).unwrap_or_default();
        let drop = from.saturating_sub(to).min(spaces);
        // A comment may stand anywhere; an empty line has nothing to move.
        let free = text.is_empty() || text.starts_with('#');
        if drop < from.saturating_sub(to) && !free {
            return Err(Refusal::Indentation);
        }
        if !bare.is_empty() {
            result.push_str(&" ".repeat(to.saturating_sub(from)));
        }
        result.push_str(line.get(drop..).unwrap_or_default());
    }
    Ok(result)
}
