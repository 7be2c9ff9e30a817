//! Why a helper makes no edit.

use thiserror::Error;

use crate::syntax::Frozen;

use super::EditConflict;

/// Why an edit is refused. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// An edit here could change more than it says.
    #[error("the node cannot be edited: {0}")]
    Frozen(#[from] Frozen),
    /// An anchor that an alias refers to would go or move.
    #[error("an anchor or alias would be moved or removed")]
    AnchorOrAlias,
    /// The value of the key is no list.
    #[error("the value is not a list")]
    NotAList,
    /// The node is no string, number, truth value or null.
    #[error("the node is not a scalar")]
    NotAScalar,
    /// An item that should move is a list, a mapping or null.
    #[error("an item of the list is not a string")]
    ItemIsNoString,
    /// The positions are not those of items, or of characters of the value.
    #[error("the range lies outside of the node")]
    OutOfRange,
    /// There is nothing to do.
    #[error("no item would remain or move")]
    NothingToMove,
    /// A block list or mapping cannot be empty; its key has to go instead.
    #[error("nothing would remain in the collection")]
    WouldBeEmpty,
    /// The mapping has that key already.
    #[error("the mapping has the key `{0}` already")]
    KeyExists(String),
    /// The two keys are not in the same mapping.
    #[error("the two keys are not in the same mapping")]
    DifferentMappings,
    /// The range of the value begins or ends inside an escape or a folded line break.
    #[error("the part begins or ends inside an escape or a folded line break")]
    InsideEscape,
    /// The scalar's source and value could not be matched.
    #[error("the source of the scalar is not understood")]
    NotMapped,
    /// The text would be read differently there.
    #[error("the new text cannot be written in this {0} scalar")]
    NotRepresentable(&'static str),
    /// The tag of the scalar says that it is a number, a truth value or the like, which the new text may not be.
    #[error("the tag of the scalar says that it is no string")]
    TaggedOtherwise,
    /// A comment would have to be put between the items of a list that stands on one line.
    #[error("a comment has no place in a list on one line")]
    CommentInFlow,
    /// A comment would be lost, or it is not clear what it belongs to.
    #[error("a comment stands where the edit would have to remove or move it")]
    CommentInTheWay,
    /// An item over several lines would have to be put into a list on one line.
    #[error("an item of several lines has no place in a list on one line")]
    ItemOfSeveralLines,
    /// The block scalar above would take in lines that are not its own.
    #[error("the block scalar above would change with the edit")]
    BlockScalarAbove,
    /// Something else stands on the lines of the node.
    #[error("the node shares its lines with something else")]
    SharedLine,
    /// A line is indented in a way that cannot be copied.
    #[error("the indentation of a line cannot be adapted")]
    Indentation,
    /// The file would grow beyond what a span can address, or edits of one helper overlap.
    #[error(transparent)]
    Conflict(#[from] EditConflict),
}
