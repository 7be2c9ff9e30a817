//! Markdown as GitHub renders it: what comes from manifests is shown as it is and never does anything.

pub mod escape;
#[cfg(test)]
pub(crate) mod oracle;
pub mod parts;
pub mod template;
