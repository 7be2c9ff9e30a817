//! What becomes of a plan: shown, reported or written.

pub mod diff;
pub mod formats;
pub mod json;
pub mod markdown;
mod mask;
pub mod progress;
pub mod screen;
pub mod stage;
pub mod text;
pub mod write;
