//! The changes, as the editor makes them on a text and as they are made on parsed values, and their comparison.

use std::ops::Range;

use caulk_transforms::edit::{self, EditSet, Refusal};
use caulk_transforms::span::Span;
use caulk_transforms::syntax::{Entry, Node, Stream, parse};

use crate::before::Before;
use crate::seen::{self, Seen};
use crate::typed::{self, Typed};

/// One change of one node.
#[derive(Debug, Clone)]
pub(crate) enum Change<'a> {
    Rename { entry: Entry<'a>, name: &'static str },
    Part { node: Node<'a>, range: Range<usize>, new: &'static str },
    Scalar { node: Node<'a>, new: &'static str },
    Insert { list: Node<'a>, at: usize, values: Vec<&'static str> },
    RemoveItems { list: Node<'a>, range: Range<usize> },
    RemoveEntry { entry: Entry<'a> },
    Move { command: Entry<'a>, skip: usize, args: Entry<'a> },
}

impl Change<'_> {
    pub(crate) fn helper(&self) -> &'static str {
        match self {
            Self::Rename { .. } => "rename_key",
            Self::Part { .. } => "replace_in_scalar",
            Self::Scalar { .. } => "replace_scalar",
            Self::Insert { .. } => "insert_items",
            Self::RemoveItems { .. } => "remove_items",
            Self::RemoveEntry { .. } => "remove_entry",
            Self::Move { .. } => "move_tail_before",
        }
    }

    fn edits(&self) -> Result<EditSet, Refusal> {
        match self {
            Self::Rename { entry, name } => edit::rename_key(*entry, name),
            Self::Part { node, range, new } => edit::replace_in_scalar(*node, range.clone(), new),
            Self::Scalar { node, new } => edit::replace_scalar(*node, new),
            Self::Insert { list, at, values } => edit::insert_items(*list, *at, values),
            Self::RemoveItems { list, range } => edit::remove_items(*list, range.clone()),
            Self::RemoveEntry { entry } => edit::remove_entry(*entry),
            Self::Move { command, skip, args } => edit::move_tail_before(*command, *skip, *args),
        }
    }
}

/// Makes a change and compares what the other parsers read with the same change of what they read before.
///
/// The outer error tells a difference, the inner one a refusal.
pub(crate) fn check(
    stream: &Stream,
    before: &Before,
    change: &Change<'_>,
) -> Result<Result<(), Refusal>, String> {
    let edits = match change.edits() {
        Ok(edits) => edits,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let text = stream.text();
    let after = edits.apply(text).map_err(|error| error.to_string())?;
    let fail =
        |what: String| Err(format!("{what}\n{change:?}\n{edits:?}\n--- after:\n{}", excerpt(&after, &edits)));
    let unread = parse(after.as_str()).err();
    if let Some(issue) = unread.as_ref().filter(|issue| !issue.message.starts_with("invalid indentation")) {
        return fail(format!("no YAML any more: {issue}"));
    }
    let Some(seen) = seen::read(&after) else {
        return fail("the other parser refuses the result".to_owned());
    };
    let mut expected = before.seen.documents.clone();
    make(change, &mut expected, Some(&seen.documents));
    if expected != seen.documents {
        return fail(format!("another tree: {}", first_difference(&expected, &seen.documents)));
    }
    if let Some(typed) = &before.typed {
        let Some(now) = typed::read(&after) else { return fail("libyaml refuses the result".to_owned()) };
        let mut expected = typed.clone();
        make(change, &mut expected, Some(&now));
        if expected != now {
            return fail(format!("other types: {}", first_difference(&expected, &now)));
        }
    }
    if let Err(lost) = compare_comments(change, &before.seen.comments, &seen.comments) {
        return fail(lost);
    }
    if text.ends_with(['\n', '\r']) != after.ends_with(['\n', '\r']) {
        return fail("the final line break came or went".to_owned());
    }
    if let Some(outside) = outside(change, &edits) {
        return fail(format!("an edit outside of the node: {outside:?}"));
    }
    // A bracket that closes too far left is read behind a plain scalar and refused behind a quoted one. The result is right to the
    // other parsers; it is never written, for a plan reads every result again.
    Ok(unread.map_or(Ok(()), |_| Err(Refusal::Indentation)))
}

/// Returns an edit of a scalar that does not lie in it.
fn outside(change: &Change<'_>, edits: &EditSet) -> Option<caulk_transforms::edit::Edit> {
    let node = match change {
        Change::Rename { entry, .. } => entry.key(),
        Change::Part { node, .. } | Change::Scalar { node, .. } => *node,
        _ => return None,
    };
    let span = node.span()?;
    let is_block = node.scalar().is_some_and(|scalar| scalar.value.ends_with('\n'));
    // The line break at the end of a block scalar is its own, too.
    let end = if is_block {
        node.stream().line_span_with_break(node.stream().position(span.end).0).end
    } else {
        span.end
    };
    let own = Span::new(span.start, end);
    edits.edits().iter().find(|edit| !own.contains(edit.span)).cloned()
}

fn excerpt(after: &str, edits: &EditSet) -> String {
    let start = edits.edits().first().map_or(0, |edit| edit.span.start as usize);
    let lines = after.get(..start).map_or(0, |head| head.matches('\n').count());
    let shown: Vec<&str> = after.split_inclusive('\n').skip(lines.saturating_sub(8)).take(30).collect();
    shown.concat()
}

fn first_difference<T: PartialEq + std::fmt::Debug>(expected: &[T], found: &[T]) -> String {
    let pair = expected.iter().zip(found).find(|(expected, found)| expected != found);
    let (expected, found) =
        (format!("{:?}", pair.map(|pair| pair.0)), format!("{:?}", pair.map(|pair| pair.1)));
    let same = expected.bytes().zip(found.bytes()).take_while(|(one, other)| one == other).count();
    let near = |text: &str| -> String { text.chars().skip(same.saturating_sub(60)).take(240).collect() };
    format!("\nexpected ...{}\nfound    ...{}", near(&expected), near(&found))
}

/// A tree of one of the other parsers.
pub(crate) trait Tree: Clone {
    fn children(&mut self) -> &mut Vec<Self>;
    fn string(text: &str) -> Self;
    /// Gives a scalar, which the editor reads as `was`, another text; `now` is what was read there afterwards.
    fn write(&mut self, was: &str, text: &str, is_string: bool, now: Option<&Self>);
    fn child(&self, index: usize) -> Option<&Self>;
    fn is_empty(&self) -> bool;
}

impl Tree for Seen {
    fn children(&mut self) -> &mut Vec<Self> {
        &mut self.children
    }

    fn string(text: &str) -> Self {
        Self { kind: seen::Kind::Scalar(text.to_owned()), tag: None, anchor: 0, children: Vec::new() }
    }

    fn write(&mut self, _: &str, text: &str, _: bool, _: Option<&Self>) {
        self.kind = seen::Kind::Scalar(text.to_owned());
    }

    fn child(&self, index: usize) -> Option<&Self> {
        self.children.get(index)
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty()
    }
}

impl Tree for Typed {
    fn children(&mut self) -> &mut Vec<Self> {
        &mut self.children
    }

    fn string(text: &str) -> Self {
        typed::Kind::String(text.to_owned()).leaf()
    }

    fn write(&mut self, was: &str, text: &str, is_string: bool, now: Option<&Self>) {
        // A tag that serde knows no type for stays around whatever is written.
        if let (typed::Kind::Tagged(_), Some(content)) = (&self.kind, self.children.first_mut()) {
            return content.write(was, text, is_string, now.and_then(|now| now.child(0)));
        }
        let was_string = matches!(self.kind, typed::Kind::String(_));
        // A block scalar at the end of a text without a final line break has one here and none there.
        let unbroken =
            matches!(&self.kind, typed::Kind::String(value) if was.strip_suffix('\n') == Some(value));
        let text = if unbroken { text.strip_suffix('\n').unwrap_or(text) } else { text };
        match now {
            // A part of a number makes another number, or a string; either is right.
            Some(now) if !is_string && !was_string => *self = now.clone(),
            _ => *self = Self::string(text),
        }
    }

    fn child(&self, index: usize) -> Option<&Self> {
        self.children.get(index)
    }

    fn is_empty(&self) -> bool {
        self.children.is_empty()
    }
}

/// Returns the document of a node and the positions of the nodes that lead to it.
fn path(node: Node<'_>) -> (usize, Vec<usize>) {
    let mut path = Vec::new();
    let mut at = node;
    while let Some(parent) = at.parent() {
        let index = children(parent).position(|child| child == at).expect("a child of its parent");
        path.push(index);
        at = parent;
    }
    path.reverse();
    let document = node.stream().documents().position(|document| document.root() == Some(at));
    (document.expect("a root"), path)
}

pub(crate) fn children<'a>(node: Node<'a>) -> impl Iterator<Item = Node<'a>> {
    node.items().chain(node.entries().flat_map(|entry| [entry.key(), entry.value()]))
}

fn find<'t, T: Tree>(documents: &'t mut [T], node: Node<'_>) -> &'t mut T {
    let (document, path) = path(node);
    path.into_iter().fold(&mut documents[document], |tree, index| &mut tree.children()[index])
}

fn find_now<'t, T: Tree>(documents: Option<&'t [T]>, node: Node<'_>) -> Option<&'t T> {
    let (document, path) = path(node);
    path.into_iter().try_fold(documents?.get(document)?, |tree, index| tree.child(index))
}

/// Makes a change on what another parser read; `now` is what it reads afterwards.
fn make<T: Tree>(change: &Change<'_>, documents: &mut [T], now: Option<&[T]>) {
    match change {
        Change::Rename { entry, name } => {
            find(documents, entry.key()).write("", name, true, find_now(now, entry.key()));
        }
        Change::Part { node, range, new } => {
            let was = node.scalar().expect("a scalar").value;
            let value = [&was[..range.start], *new, &was[range.end..]].concat();
            find(documents, *node).write(was, &value, false, find_now(now, *node));
        }
        Change::Scalar { node, new } => {
            let was = node.scalar().expect("a scalar").value;
            find(documents, *node).write(was, new, true, None);
        }
        Change::Insert { list, at, values } => {
            let new = values.iter().map(|value| T::string(value));
            find(documents, *list).children().splice(*at..*at, new);
        }
        Change::RemoveItems { list, range } => {
            find(documents, *list).children().drain(range.clone());
        }
        Change::RemoveEntry { entry } => {
            let (mapping, index) = place(*entry);
            find(documents, mapping).children().drain(index..index + 2);
        }
        Change::Move { command, skip, args } => make_move(*command, *skip, *args, documents),
    }
}

fn make_move<T: Tree>(command: Entry<'_>, skip: usize, args: Entry<'_>, documents: &mut [T]) {
    let (mapping, command) = place(command);
    let (_, args) = place(args);
    let children = find(documents, mapping).children();
    children[command + 1].children().drain(..skip);
    if children[args + 1].is_empty() {
        children[command] = children[args].clone();
        children.drain(args..args + 2);
        return;
    }
    let moved = std::mem::take(children[command + 1].children());
    children[args + 1].children().splice(0..0, moved);
    children.drain(command..command + 2);
}

/// Returns the mapping of an entry and the position of its key among the children.
fn place(entry: Entry<'_>) -> (Node<'_>, usize) {
    let mapping = entry.key().parent().expect("a mapping");
    let index = mapping.entries().position(|other| other == entry).expect("an entry of its mapping");
    (mapping, 2 * index)
}

/// Compares the comments: all are still there, but for those that a removed node owns.
fn compare_comments(
    change: &Change<'_>,
    before: &[seen::Comment],
    after: &[seen::Comment],
) -> Result<(), String> {
    let texts = |comments: &[seen::Comment]| {
        let mut texts: Vec<String> = comments.iter().map(|comment| comment.text.clone()).collect();
        texts.sort_unstable();
        texts
    };
    let (mut all, now) = (texts(before), texts(after));
    let owned = owned_lines(change, before);
    let kept: Vec<seen::Comment> =
        before.iter().filter(|comment| !owned.contains(&comment.line)).cloned().collect();
    let mut missing = texts(&kept);
    for text in &now {
        let found = all.binary_search(text).map_err(|_| format!("a new comment: {text:?}"))?;
        all.remove(found);
        if let Ok(found) = missing.binary_search(text) {
            missing.remove(found);
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(format!("lost comments: {missing:?}")) }
}

/// Returns the lines whose comments may go with a removed node: its own, and comment lines directly around.
fn owned_lines(change: &Change<'_>, comments: &[seen::Comment]) -> Range<usize> {
    let (first, last) = match change {
        Change::RemoveItems { list, range } => {
            let items: Vec<Node<'_>> = list.items().collect();
            (items.get(range.start).copied(), items.get(range.end.wrapping_sub(1)).copied())
        }
        Change::RemoveEntry { entry } => (Some(entry.key()), Some(entry.value())),
        _ => (None, None),
    };
    let Some((first, last)) = first.zip(last) else { return 0..0 };
    let stream = first.stream();
    let start = first.dash().or(first.span()).map_or(0, |span| stream.position(span.start).0 as usize);
    let end = last.span().map_or(0, |span| stream.position(span.end).0 as usize);
    let column = first.dash().or(first.span()).map_or(0, |span| stream.position(span.start).1 as usize - 1);
    let has = |line: usize, fits: &dyn Fn(usize) -> bool| {
        let alone = |comment: &seen::Comment| {
            let span = stream.line_span(line as u32);
            span.of(stream.text()).trim_start().len() == span.of(stream.text()).len() - comment.column
        };
        comments.iter().any(|comment| comment.line == line && fits(comment.column) && alone(comment))
    };
    let above = (1..start).rev().take_while(|line| has(*line, &|at| at == column)).count();
    let is_entry = matches!(change, Change::RemoveEntry { .. });
    let below = (end + 1..).take_while(|line| is_entry && has(*line, &|at| at > column)).count();
    start - above..end + below + 1
}
