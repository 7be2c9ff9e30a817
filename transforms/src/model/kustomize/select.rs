//! Which objects a patch or a replacement is for.

use regex_lite::Regex;

use super::resource::Resource;
use crate::model::value::{Texts, Value};

/// A selector of objects.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The API group.
    pub group: Pattern,
    /// The API version.
    pub version: Pattern,
    /// The kind.
    pub kind: Pattern,
    /// The name, today's or the first.
    pub name: Pattern,
    /// The namespace, today's or the first.
    pub namespace: Pattern,
    /// A Kubernetes label selector; empty for all.
    pub labels: String,
    /// The same for annotations.
    pub annotations: String,
}

/// A regular expression for a whole text; one that is not given takes every text.
#[derive(Debug, Clone, Default)]
pub enum Pattern {
    /// Every text.
    #[default]
    Any,
    /// This text alone. Most targets are plain names.
    Text(String),
    /// What the expression takes.
    Regex(Regex),
    /// Nothing, for the expression is broken.
    Broken,
}

impl Pattern {
    /// Makes a pattern of its text.
    #[must_use]
    pub fn new(text: String) -> Self {
        if text.is_empty() {
            return Self::Any;
        }
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte)) {
            return Self::Text(text);
        }
        Regex::new(&format!("^(?:{text})$")).map_or(Self::Broken, Self::Regex)
    }

    /// Tells whether the pattern takes a text.
    #[must_use]
    pub fn takes(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Text(wanted) => wanted == text,
            Self::Regex(regex) => regex.is_match(text),
            Self::Broken => false,
        }
    }
}

impl Target {
    /// Reads a selector.
    pub(crate) fn read(texts: &Texts, value: &Value) -> Self {
        let text = |key: &str| texts.text_at(value, &[key]).unwrap_or_default();
        let pattern = |key: &str| Pattern::new(text(key));
        Self {
            group: pattern("group"),
            version: pattern("version"),
            kind: pattern("kind"),
            name: pattern("name"),
            namespace: pattern("namespace"),
            labels: text("labelSelector"),
            annotations: text("annotationSelector"),
        }
    }

    /// Tells whether the selector takes a resource.
    pub(crate) fn takes(&self, texts: &Texts, resource: &Resource) -> bool {
        let (group, version) = resource.group_version();
        self.kind.takes(&resource.kind)
            && self.group.takes(group)
            && self.version.takes(version)
            && (self.name.takes(&resource.name) || self.name.takes(&resource.first_id().name))
            && (self.namespace.takes(resource.id().effective_namespace())
                || self.namespace.takes(resource.first_id().effective_namespace()))
            && (self.labels.is_empty() || selects(&self.labels, &|key| resource.label(texts, "labels", key)))
            && (self.annotations.is_empty()
                || selects(&self.annotations, &|key| resource.label(texts, "annotations", key)))
    }
}

/// Tells whether a label selector takes an object with these labels.
fn selects(selector: &str, label: &dyn Fn(&str) -> Option<String>) -> bool {
    requirements(selector).iter().all(|requirement| satisfied(requirement.trim(), label))
}

/// Splits a selector at its commas, but not inside of parentheses.
fn requirements(selector: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for letter in selector.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(letter);
        }
    }
    parts
}

fn satisfied(requirement: &str, label: &dyn Fn(&str) -> Option<String>) -> bool {
    if requirement.is_empty() {
        return true;
    }
    if let Some((key, value)) = requirement.split_once("!=") {
        return label(key.trim()).as_deref() != Some(value.trim());
    }
    if let Some((key, value)) = requirement.split_once('=') {
        return label(key.trim()).as_deref() == Some(value.trim_start_matches('=').trim());
    }
    if let Some((head, values)) = requirement.split_once('(') {
        let values = values.trim_end_matches(')');
        let found =
            |key: &str| label(key).is_some_and(|text| values.split(',').any(|value| value.trim() == text));
        let mut words = head.split_whitespace();
        return match (words.next(), words.next()) {
            (Some(key), Some("in")) => found(key),
            (Some(key), Some("notin")) => !found(key),
            _ => false,
        };
    }
    match requirement.strip_prefix('!') {
        Some(key) => label(key.trim()).is_none(),
        None => label(requirement).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_the_whole_text() {
        let takes = |pattern: &str, text| Pattern::new(pattern.to_owned()).takes(text);
        assert!(takes("", "x"));
        assert!(takes("web.*|api", "web-1"));
        assert!(!takes("web", "web-1"));
        assert!(!takes("w(", "w"), "a broken pattern takes nothing");
    }

    #[test]
    fn label_selectors_are_those_of_kubernetes() {
        let labels = |key: &str| (key == "app").then(|| "web".to_owned());
        for (selector, takes) in [
            ("app=web", true),
            ("app==web", true),
            ("app!=web", false),
            ("tier!=x", true),
            ("app", true),
            ("!app", false),
            ("app in (api, web),!tier", true),
            ("app notin (web)", false),
            ("tier in (a)", false),
        ] {
            assert_eq!(selects(selector, &labels), takes, "{selector}");
        }
    }
}
