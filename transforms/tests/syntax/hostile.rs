//! Texts made to hurt.
