//! Edits: what is to be replaced by what, and the helpers that make them.
//!
//! Rules never slice text. They call a helper, which owns indentation, quoting, comments and line endings, and
//! which refuses, with the reason, where an edit could change more than it says.

mod encode;
mod gather;
mod insert;
mod layout;
mod mapping;
mod moving;
mod refusal;
mod remove;
mod scalar;
mod set;

pub use insert::insert_items;
pub use moving::{move_items_before, move_tail_before};
pub use refusal::Refusal;
pub use remove::{remove_entry, remove_items};
pub use scalar::{rename_key, replace_in_scalar, replace_scalar};
pub use set::{ApplyError, Edit, EditConflict, EditSet};

#[cfg(test)]
mod tests;
