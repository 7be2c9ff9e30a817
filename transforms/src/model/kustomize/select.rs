//! Which objects a patch or a replacement is for.

use regex_lite::Regex;

use super::resource::Resource;
use crate::model::value::{Texts, Value};

/// A selector of objects. An empty field selects all; the others are regular expressions for the whole text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Target {
    /// The API group.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The name, today's or the first.
    pub name: String,
    /// The namespace, today's or the first.
    pub namespace: String,
    /// A Kubernetes label selector.
    pub labels: String,
    /// The same for annotations.
    pub annotations: String,
}

impl Target {
    /// Reads a selector.
    pub(crate) fn read(texts: &Texts, value: &Value) -> Self {
        let text = |key: &str| texts.text_at(value, &[key]).unwrap_or_default();
        Self {
            group: text("group"),
            version: text("version"),
            kind: text("kind"),
            name: text("name"),
            namespace: text("namespace"),
            labels: text("labelSelector"),
            annotations: text("annotationSelector"),
        }
    }

    /// Tells whether the selector takes a resource.
    pub(crate) fn takes(&self, texts: &Texts, resource: &Resource) -> bool {
        let (group, version) = resource.group_version();
        let first = resource.first_id();
        (matches(&self.namespace, first.effective_namespace())
            || matches(&self.namespace, resource.id().effective_namespace()))
            && (matches(&self.name, &first.name) || matches(&self.name, &resource.name))
            && matches(&self.group, group)
            && matches(&self.version, version)
            && matches(&self.kind, &resource.kind)
            && (self.labels.is_empty() || selects(&self.labels, &|key| resource.label(texts, "labels", key)))
            && (self.annotations.is_empty()
                || selects(&self.annotations, &|key| resource.label(texts, "annotations", key)))
    }
}

/// Tells whether a pattern is empty or matches the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    if pattern.is_empty() || pattern == text {
        return true;
    }
    // Most targets are plain names, so a regular expression is rarely made.
    if pattern.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte)) {
        return false;
    }
    Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(text))
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
        assert!(matches("", "x"));
        assert!(matches("web.*|api", "web-1"));
        assert!(!matches("web", "web-1"));
        assert!(!matches("w(", "w"), "a broken pattern matches nothing");
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
