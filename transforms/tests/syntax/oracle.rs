//! Our spans beside those of an independent parser.

use caulk_transforms::syntax::{Kind, Node, Stream};
use granit_parser::{Event, Parser, StructureStyle};

/// What a comparison found.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) nodes: usize,
    pub(crate) scalars: usize,
    pub(crate) comments: usize,
    /// Nodes at another place than the other parser says, each described.
    pub(crate) differences: Vec<String>,
    /// Those of them that may be edited all the same.
    pub(crate) editable_differences: Vec<String>,
    /// Why the other parser could not be asked.
    pub(crate) refused: Option<String>,
}

impl Comparison {
    pub(crate) fn add(&mut self, other: Self) {
        self.nodes += other.nodes;
        self.scalars += other.scalars;
        self.comments += other.comments;
        self.differences.extend(other.differences);
        self.editable_differences.extend(other.editable_differences);
    }
}

/// One node as the other parser sees it.
struct Seen {
    kind: Kind,
    start: usize,
    end: usize,
    /// The value of a scalar.
    value: Option<String>,
    /// Brackets are exact; ends of block collections are not comparable.
    flow: bool,
    block_scalar: bool,
}

/// Compares every node and comment of a text.
pub(crate) fn compare(stream: &Stream) -> Comparison {
    let text = stream.text();
    let (seen, comments) = match read(text) {
        Ok(seen) => seen,
        Err(error) => return Comparison { refused: Some(error), ..Comparison::default() },
    };
    let ours: Vec<Node<'_>> =
        stream.documents().filter_map(|document| document.root()).flat_map(Node::descendants).collect();
    let mut found = Comparison { nodes: ours.len(), comments: comments.len(), ..Comparison::default() };
    if ours.len() != seen.len() {
        found.differences.push(format!("{} nodes here, {} there", ours.len(), seen.len()));
        found.editable_differences.clone_from(&found.differences);
        return found;
    }
    for (node, seen) in ours.into_iter().zip(&seen) {
        found.scalars += usize::from(node.kind() == Kind::Scalar);
        if let Some(difference) = difference(node, seen) {
            if node.frozen().is_none() {
                found.editable_differences.push(difference.clone());
            }
            found.differences.push(difference);
        }
    }
    let ours: Vec<_> = stream.comments().iter().map(|comment| comment.span.range()).collect();
    if ours != comments {
        found.differences.push(format!("comments {ours:?} here, {comments:?} there"));
        found.editable_differences.push("comments".to_owned());
    }
    found
}

fn read(text: &str) -> Result<(Vec<Seen>, Vec<std::ops::Range<usize>>), String> {
    let mut seen: Vec<Seen> = Vec::new();
    let (mut open, mut comments) = (Vec::new(), Vec::new());
    let options = granit_parser::options! { max_buffered_comment_events: usize::MAX };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| error.to_string())?;
        let range = span.byte_range().ok_or("no byte offsets")?;
        let (start, end) = (range.start, range.end);
        let mut push = |kind, flow, block_scalar, value| {
            seen.push(Seen { kind, start, end, value, flow, block_scalar });
        };
        match event {
            Event::Comment(..) => comments.push(start..end),
            Event::Alias(_) => push(Kind::Alias, false, false, None),
            Event::Scalar(value, style, ..) => {
                use granit_parser::ScalarStyle::{Folded, Literal};
                push(Kind::Scalar, false, matches!(style, Literal | Folded), Some(value.into_owned()));
            }
            Event::SequenceStart(style, ..) | Event::MappingStart(style, ..) => {
                let kind =
                    if matches!(event, Event::SequenceStart(..)) { Kind::Sequence } else { Kind::Mapping };
                push(kind, style == StructureStyle::Flow, false, None);
                open.push(seen.len() - 1);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let index = open.pop().ok_or("an end without a start")?;
                seen[index].end = end;
            }
            _ => {}
        }
    }
    Ok((seen, comments))
}

fn difference(node: Node<'_>, seen: &Seen) -> Option<String> {
    let text = node.stream().text();
    let here = node.span();
    let there = text.get(seen.start..seen.end).unwrap_or("?");
    let describe = |what: &str| {
        let near: String = there.chars().take(60).collect();
        Some(format!("{what}: {:?} {here:?} here, {}..{} there {near:?}", node.kind(), seen.start, seen.end))
    };
    if node.kind() != seen.kind {
        return describe("kind");
    }
    let Some(span) = here else { return describe("unresolved") };
    let range = span.range();
    if let Some(scalar) = node.scalar() {
        // A value that is not written is `~` there, at the next token; it has no place to compare.
        if range.is_empty() {
            let unwritten = seen.value.as_deref() == Some("~") || seen.value.as_deref() == Some("");
            return if unwritten && there.is_empty() { None } else { describe("unwritten") };
        }
        if Some(scalar.value) != seen.value.as_deref() {
            return describe(&format!("value {:?} here, {:?} there", scalar.value, seen.value));
        }
    }
    if seen.block_scalar {
        return if same_block(text, &range, seen) { None } else { describe("block scalar") };
    }
    if range.start != seen.start && !is_dash(text.get(range.start..seen.start)) {
        return describe("start");
    }
    let comparable = match node.kind() {
        Kind::Scalar | Kind::Alias => true,
        Kind::Sequence | Kind::Mapping => seen.flow && node.is_flow() && !is_pair(node),
    };
    if comparable && range.end != seen.end { describe("end") } else { None }
}

/// The other parser begins a block scalar at its content and ends it behind the blank lines that follow.
fn same_block(text: &str, ours: &std::ops::Range<usize>, seen: &Seen) -> bool {
    let blank = |from: usize, to: usize| text.get(from..to).is_some_and(|part| part.trim().is_empty());
    let header = text.get(ours.start..seen.start).unwrap_or_default();
    let (first, rest) = header.split_once(['\n', '\r']).unwrap_or((header, ""));
    let is_header = first.starts_with(['|', '>']) && rest.trim().is_empty();
    let content = text.get(seen.start..seen.end).unwrap_or_default();
    if seen.start == ours.start {
        // A header at the end of the text, with no line of content: both begin at the header.
        return text.get(ours.clone()).is_some_and(|ours| ours.trim() == content.trim());
    }
    if content.trim().is_empty() {
        return is_header;
    }
    // Blank lines at the end may be on either side of the border; content may not.
    let same_end = if seen.end >= ours.end { blank(ours.end, seen.end) } else { blank(seen.end, ours.end) };
    is_header && same_end
}

/// The other parser begins a sequence without indentation behind its first dash, and a comment that follows it.
fn is_dash(between: Option<&str>) -> bool {
    let rest = between.and_then(|text| text.strip_prefix('-')).map(|rest| rest.trim_start_matches(' '));
    rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with('#') && !rest.contains(['\n', '\r'])))
}

/// Tells whether a mapping is a pair without braces in a flow sequence.
fn is_pair(node: Node<'_>) -> bool {
    let Some(span) = node.span() else { return false };
    let first = node.entries().next().and_then(|entry| entry.key().span());
    let braces = span.of(node.stream().text()).starts_with('{');
    node.kind() == Kind::Mapping && (!braces || first.map(|key| key.start) == Some(span.start))
}
