//! Lines, indentation, comments and line breaks around a node.

use crate::span::Span;
use crate::syntax::{Comment, Entry, Kind, Node, ScalarStyle, Stream};

use super::Refusal;
use super::mapping::{Chomping, Header};

/// The text of a stream, seen as lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    stream: &'a Stream,
}

impl<'a> Layout<'a> {
    pub(super) fn of(node: Node<'a>) -> Self {
        Self { stream: node.stream() }
    }

    pub(super) fn text(self, span: Span) -> &'a str {
        self.stream.text().get(span.range()).unwrap_or_default()
    }

    fn end_of_text(self) -> u32 {
        self.stream.text().len() as u32
    }

    fn line_number(self, at: u32) -> u32 {
        self.stream.position(at).0
    }

    /// Returns the line that holds `at`, without its break.
    pub(super) fn line(self, at: u32) -> Span {
        self.stream.line_span(self.line_number(at))
    }

    /// Returns where the line after the one that holds `at` begins, or the end of the text.
    pub(super) fn next_line(self, at: u32) -> u32 {
        self.stream.line_span_with_break(self.line_number(at)).end
    }

    /// Returns what stands before `at` on its line.
    pub(super) fn before(self, at: u32) -> &'a str {
        self.text(Span::new(self.line(at).start.min(at), at))
    }

    /// Returns what stands after `at` on its line, without the line break.
    pub(super) fn after(self, at: u32) -> &'a str {
        self.text(Span::new(at, self.line(at).end.max(at)))
    }

    /// Tells whether only spaces stand before `at` on its line.
    pub(super) fn begins_line(self, at: u32) -> bool {
        is_spaces(self.before(at))
    }

    /// Returns the column of `at`, counted from 0.
    pub(super) fn column(self, at: u32) -> usize {
        self.stream.position(at).1 as usize - 1
    }

    /// Tells whether both lie on one line.
    pub(super) fn same_line(self, left: u32, right: u32) -> bool {
        self.line_number(left) == self.line_number(right)
    }

    /// Returns the line break that lines near `at` end with.
    pub(super) fn line_break(self, at: u32) -> &'a str {
        let line = self.line_number(at);
        let breaks = [line, line.saturating_sub(1)].map(|line| {
            let (whole, bare) = (self.stream.line_span_with_break(line), self.stream.line_span(line));
            self.text(Span::new(bare.end, whole.end))
        });
        breaks.into_iter().find(|found| !found.is_empty()).unwrap_or("\n")
    }

    /// Returns the comments that begin in `span`.
    pub(super) fn comments(self, span: Span) -> &'a [Comment] {
        self.stream.comments_in(span)
    }

    /// Returns the comment on the line that holds `at`, if it begins at `at` or behind it.
    pub(super) fn comment_after(self, at: u32) -> Option<Comment> {
        self.comments(Span::new(at, self.line(at).end.max(at))).first().copied()
    }

    /// Tells whether nothing but blanks and perhaps a comment follows `at` on its line.
    pub(super) fn ends_line(self, at: u32) -> bool {
        let end = self.comment_after(at).map_or_else(|| self.line(at).end, |comment| comment.span.start);
        is_blank(self.text(Span::new(at, end.max(at))))
    }

    /// Returns where the comment lines directly above the line of `at` begin that are indented by `column`; the
    /// start of the line itself if there are none.
    pub(super) fn own_comments(self, at: u32, column: usize) -> u32 {
        let mut line = self.line_number(at);
        while line > 1 {
            let above = self.stream.line_span(line - 1);
            let is_own = self
                .comments(above)
                .first()
                .is_some_and(|comment| comment.own_line && self.column(comment.span.start) == column);
            if !is_own {
                break;
            }
            line -= 1;
        }
        self.stream.line_span(line).start
    }

    /// Returns the end of the comment lines that directly follow, from `at`, the start of a line, and that are
    /// indented by more than `column`; `at` if there are none.
    pub(super) fn deeper_comments_below(self, at: u32, column: usize) -> u32 {
        let mut end = at;
        for line in self.line_number(at)..=self.stream.line_count() {
            let whole = self.stream.line_span_with_break(line);
            let comment = self.comments(whole).first();
            let is_deeper =
                comment.is_some_and(|comment| comment.own_line && self.column(comment.span.start) > column);
            // At the end of a text without a final line break, `at` is still on the line before.
            if whole.start < end || !is_deeper {
                break;
            }
            end = whole.end;
        }
        end
    }

    /// Widens whole lines that are to go, up to the end of a text without a final line break, by the line break
    /// before them, so that the text still has none.
    pub(super) fn removal(self, lines: Span) -> Result<Span, Refusal> {
        let at_end = lines.end == self.end_of_text();
        let text = self.stream.text();
        let removal = if at_end && !text.ends_with(['\n', '\r']) {
            let before = self.text(Span::new(0, lines.start));
            let kept = before.trim_end_matches([' ', '\t', '\n', '\r']).len();
            Span::new(self.line(kept as u32).end, lines.end)
        } else {
            lines
        };
        self.check_block_scalar_above(removal, lines.start)?;
        Ok(removal)
    }

    /// Refuses to remove the lines from `first` on, and perhaps line breaks before them, if the block scalar above
    /// them would take in what follows, or lose lines.
    fn check_block_scalar_above(self, removal: Span, first: u32) -> Result<(), Refusal> {
        let before = self.text(Span::new(0, removal.start)).trim_end_matches([' ', '\t', '\n', '\r']);
        let Some((last, _)) = before.char_indices().next_back() else { return Ok(()) };
        let Some((above, header)) = self.stream.node_at(last as u32).and_then(block_scalar) else {
            return Ok(());
        };
        let rest = self.text(Span::new(removal.end, self.end_of_text()));
        let keeps = header.chomping == Chomping::Keep;
        let blank_follows = !rest.is_empty() && rest.split(['\n', '\r']).next().is_some_and(is_blank);
        let cut = self.text(Span::new(removal.start.min(first), first));
        let strips = header.chomping == Chomping::Strip && matches!(cut, "\n" | "\r\n" | "\r");
        let cuts_break = !cut.is_empty() && !strips;
        let next = removal.end + (rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len()) as u32;
        let swallows = self.comment_after(next).is_some_and(|comment| comment.span.start == next)
            && self.column(next)
                > above.parent().and_then(Node::span).map_or(0, |span| self.column(span.start));
        if (keeps && blank_follows) || cuts_break || swallows {
            return Err(Refusal::BlockScalarAbove);
        }
        Ok(())
    }

    /// Tells whether `node`, or the last node in it, is a block scalar whose end depends on what follows it.
    pub(super) fn ends_in_open_block_scalar(self, node: Node<'a>) -> bool {
        let Some((last, header)) = node.descendants().last().and_then(block_scalar) else { return false };
        let end = last.span().map_or(0, |span| span.end);
        match header.chomping {
            Chomping::Strip => false,
            Chomping::Clip => self.next_line(end) == self.line(end).end,
            Chomping::Keep => true,
        }
    }
}

/// Returns the node and its header if it is a block scalar.
fn block_scalar(node: Node<'_>) -> Option<(Node<'_>, Header)> {
    let is_block = matches!(node.scalar()?.style, ScalarStyle::Literal | ScalarStyle::Folded);
    let source = node.stream().text().get(node.span()?.range())?;
    is_block.then(|| Header::of(source)).flatten().map(|header| (node, header))
}

pub(super) fn is_spaces(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}

pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Returns a node's span; refused if the node is frozen.
pub(super) fn editable(node: Node<'_>) -> Result<Span, Refusal> {
    if let Some(reason) = node.frozen() {
        return Err(reason.into());
    }
    node.span().ok_or(Refusal::Frozen(crate::syntax::Frozen::Unresolved))
}

/// Returns the span of a node without anchor and tag, which may move or go with all that it holds.
pub(super) fn movable(node: Node<'_>) -> Result<Span, Refusal> {
    let tied = |node: Node<'_>| node.anchor().is_some() || node.kind() == Kind::Alias;
    if node.descendants().any(tied) {
        return Err(Refusal::AnchorOrAlias);
    }
    editable(node)
}

/// Returns where an entry ends: behind its value, its colon or its key, whichever is last.
pub(super) fn entry_end(entry: Entry<'_>) -> Result<u32, Refusal> {
    let key = editable(entry.key())?.end;
    let colon = entry.colon().map_or(key, |colon| colon.end);
    let value = entry.value().span().ok_or(Refusal::Frozen(crate::syntax::Frozen::Unresolved))?;
    Ok(value.end.max(colon).max(key))
}
