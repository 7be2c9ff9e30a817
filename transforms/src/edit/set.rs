//! The edits of one file, as sorted disjoint byte spans.

use thiserror::Error;

use crate::span::Span;

/// One replacement. An empty span inserts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The bytes that go.
    pub span: Span,
    /// The text that comes in their place.
    pub replacement: String,
}

impl Edit {
    /// Makes an edit that puts `replacement` in the place of `span`.
    #[must_use]
    pub fn new(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into() }
    }
}

/// The edits of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditSet {
    /// Invariant: sorted, and no two of them overlap or touch.
    edits: Vec<Edit>,
}

/// Two edits that cannot be made in one pass, because the result would depend on their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the edits of bytes {}..{} and {}..{} overlap or touch", first.start, first.end, second.start, second.end)]
pub struct EditConflict {
    /// The edit that begins first.
    pub first: Span,
    /// The edit that begins inside it or at its end.
    pub second: Span,
}

/// Why edits do not fit a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// The text is shorter than the edits assume.
    #[error("the edit of bytes {}..{} lies beyond the end of the text", .0.start, .0.end)]
    OutOfRange(Span),
    /// The edit would cut a character of more than one byte.
    #[error("the edit of bytes {}..{} begins or ends inside a character", .0.start, .0.end)]
    InsideCharacter(Span),
}

impl EditSet {
    /// Sorts the edits; fails if two of them overlap or touch. Edits that change nothing are left out.
    pub fn new(mut edits: Vec<Edit>) -> Result<Self, EditConflict> {
        edits.retain(|edit| !(edit.span.is_empty() && edit.replacement.is_empty()));
        edits.sort_unstable();
        match edits.windows(2).find(|pair| touch(pair[0].span, pair[1].span)) {
            Some(pair) => Err(EditConflict { first: pair[0].span, second: pair[1].span }),
            None => Ok(Self { edits }),
        }
    }

    /// Makes a set of edits of one helper, which may touch: those are joined in the order of their spans.
    pub(super) fn joined(mut edits: Vec<Edit>) -> Result<Self, EditConflict> {
        edits.sort_by_key(|edit| edit.span);
        let mut joined: Vec<Edit> = Vec::with_capacity(edits.len());
        for edit in edits {
            match joined.last_mut() {
                Some(last) if last.span.end == edit.span.start => {
                    last.span.end = edit.span.end;
                    last.replacement.push_str(&edit.replacement);
                }
                _ => joined.push(edit),
            }
        }
        Self::new(joined)
    }

    /// Returns the edits, sorted and disjoint.
    #[must_use]
    pub fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Tells whether there is no edit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Returns the edits of both sets; fails if an edit of one overlaps or touches an edit of the other.
    pub fn merge(&self, other: &Self) -> Result<Self, EditConflict> {
        Self::new(self.edits.iter().chain(&other.edits).cloned().collect())
    }

    /// Returns the first two edits, one of each set, that overlap or touch.
    #[must_use]
    pub fn conflict(&self, other: &Self) -> Option<EditConflict> {
        let (mut mine, mut theirs) = (self.edits.iter().peekable(), other.edits.iter().peekable());
        while let (Some(left), Some(right)) = (mine.peek(), theirs.peek()) {
            let (first, second) = (left.span.min(right.span), left.span.max(right.span));
            if touch(first, second) {
                return Some(EditConflict { first, second });
            }
            if left.span.end < right.span.end {
                mine.next()
            } else {
                theirs.next()
            };
        }
        None
    }

    /// Tells whether an edit of one set overlaps or touches an edit of the other.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.conflict(other).is_some()
    }

    /// Tells whether an edit overlaps or touches `span`.
    #[must_use]
    pub fn touches(&self, span: Span) -> bool {
        let next = self.edits.partition_point(|edit| edit.span.end < span.start);
        self.edits.get(next).is_some_and(|edit| edit.span.start <= span.end)
    }

    /// Returns `text` with the edits made.
    pub fn apply(&self, text: &str) -> Result<String, ApplyError> {
        if self.edits.is_empty() {
            return Ok(text.to_owned());
        }
        let grown: usize = self.edits.iter().map(|edit| edit.replacement.len()).sum();
        let mut result = String::with_capacity(text.len() + grown);
        let mut copied = 0;
        for edit in &self.edits {
            let span = edit.span;
            if span.end as usize > text.len() {
                return Err(ApplyError::OutOfRange(span));
            }
            let kept = text.get(copied..span.start as usize).ok_or(ApplyError::InsideCharacter(span))?;
            result.push_str(kept);
            result.push_str(&edit.replacement);
            copied = span.end as usize;
        }
        let last = self.edits.last().map_or(Span::empty(0), |edit| edit.span);
        result.push_str(text.get(copied..).ok_or(ApplyError::InsideCharacter(last))?);
        Ok(result)
    }
}

/// Tells whether two spans, the first beginning no later, overlap or have a bound in common.
fn touch(first: Span, second: Span) -> bool {
    second.start <= first.end
}

#[cfg(test)]
mod tests;
