//! Templates of Markdown: whatever they put in is escaped, but for parts that are Markdown already.

use anyhow::{Context as _, Result};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, syntax::SyntaxConfig, value::Serde};
use serde::Serialize;

use super::escape;

/// Marks text that is Markdown already.
#[must_use]
pub fn ready(markdown: impl Into<String>) -> Value {
    Value::from_safe_string(markdown.into())
}

/// Fills a template. Values are escaped as prose; the filter `code` makes them inline code.
///
/// # Errors
/// If the template is none, or names a value that is not there.
pub fn fill(template: &str, values: impl Serialize) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("markdown".into()));
    environment.set_formatter(|out, _, value| {
        let text = value.to_string();
        let text = if value.is_safe() { text } else { escape::prose(&text) };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    environment.add_filter("code", |text: &str| ready(escape::code(text)));
    environment.render_str(template, Value::from(Serde(values))).context("failed to fill the template")
}
