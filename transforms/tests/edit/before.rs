//! What a text means to the other parsers, and whether that is what the editor reads.

use caulk_transforms::syntax::{Kind, Node, Stream};

use crate::change::children;
use crate::seen::{self, Seen};
use crate::typed::{self, Typed};

/// What the texts mean to the other parsers, before any change.
pub(crate) struct Before {
    pub(crate) seen: seen::Text,
    /// None if libyaml refuses the text.
    pub(crate) typed: Option<Vec<Typed>>,
}

impl Before {
    /// Reads a text; none if the other parser refuses it or reads another tree than the editor.
    pub(crate) fn of(stream: &Stream) -> Option<Self> {
        let seen = seen::read(stream.text())?;
        let roots: Vec<Node<'_>> = stream.documents().filter_map(|document| document.root()).collect();
        let same = roots.len() == seen.documents.len()
            && roots.iter().zip(&seen.documents).all(|(root, seen)| is_same(*root, seen));
        let typed = typed::read(stream.text()).filter(|typed| {
            // It takes one anchor for another where a name is used twice.
            let mut anchors: Vec<&str> =
                roots.iter().flat_map(|root| root.descendants()).filter_map(Node::anchor).collect();
            anchors.sort_unstable();
            let are_distinct = anchors.windows(2).all(|pair| pair[0] != pair[1]);
            are_distinct
                && typed.len() == roots.len()
                && roots.iter().zip(typed).all(|(root, typed)| has_shape(*root, typed))
        });
        same.then_some(Self { seen, typed })
    }

    /// Tells whether libyaml reads the text as the editor does, so that types are compared, too.
    #[allow(dead_code, reason = "a test asks")]
    pub(crate) fn has_types(&self) -> bool {
        self.typed.is_some()
    }

    /// Leaves libyaml out: it misreads tabs where YAML 1.2 allows them.
    #[allow(dead_code, reason = "real files need it not")]
    pub(crate) fn without_types(mut self) -> Self {
        self.typed = None;
        self
    }
}

/// Tells whether the other parser reads the same node.
fn is_same(node: Node<'_>, seen: &Seen) -> bool {
    let kind = match (node.kind(), &seen.kind) {
        (Kind::Scalar, seen::Kind::Scalar(value)) => {
            let ours = node.scalar().map(|scalar| scalar.value);
            let unwritten = value == "~" && node.span().is_some_and(|span| span.is_empty());
            ours == Some(value) || unwritten
        }
        (Kind::Sequence, seen::Kind::Sequence)
        | (Kind::Mapping, seen::Kind::Mapping)
        | (Kind::Alias, seen::Kind::Alias(_)) => true,
        _ => false,
    };
    kind && children(node).count() == seen.children.len()
        && children(node).zip(&seen.children).all(|(node, seen)| is_same(node, seen))
}

/// Tells whether libyaml reads a value of the same shape and strings of the same text. Custom tags and aliases it resolves.
///
/// The texts tell where the two disagree about what belongs to a scalar: under a `|` at the root libyaml takes a line that
/// begins with `#` for a comment, while YAML 1.2 makes it the first line of the scalar (production 162 counts from -1).
fn has_shape(node: Node<'_>, typed: &Typed) -> bool {
    let count = children(node).count();
    let is_tagged = matches!(typed.kind, typed::Kind::Tagged(_));
    let is_resolved = node.kind() == Kind::Alias || is_tagged && node.frozen().is_some();
    let same_text = match (&typed.kind, node.scalar()) {
        // A block scalar at the end of a text without a final line break has one here and none there.
        (typed::Kind::String(text), Some(scalar)) => {
            scalar.value == text || scalar.value.strip_suffix('\n') == Some(text)
        }
        _ => true,
    };
    let same_children = typed.children.len() == count
        && children(node).zip(&typed.children).all(|(node, typed)| has_shape(node, typed));
    is_resolved || (same_text && same_children)
}
