//! Flux's variables: `${NAME}` in what a Flux Kustomization delivers.

use std::collections::BTreeMap;

/// The variables of one Flux Kustomization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables {
    /// Whether anything is substituted at all.
    pub(crate) on: bool,
    /// The values that are known.
    pub(crate) known: BTreeMap<String, String>,
    /// Whether there are more that are not known: in a Secret, or in a ConfigMap that is not in the repository.
    pub(crate) more: bool,
}

impl Variables {
    /// Returns the text with all variables filled in; none if one of them is not known.
    #[must_use]
    pub fn fill(&self, text: &str) -> Option<String> {
        if !self.on || !text.contains("${") {
            return Some(text.to_owned());
        }
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (expression, tail) = after.split_once('}')?;
            if before.ends_with('$') {
                // `$${NAME}` is left as `${NAME}`, which nobody fills in any more.
                return None;
            }
            result.push_str(before);
            result.push_str(&self.value(expression)?);
            rest = tail;
        }
        result.push_str(rest);
        Some(result)
    }

    /// Returns the value of what stands between the braces: a name, with a default or without.
    fn value(&self, expression: &str) -> Option<String> {
        let end = expression.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        let (name, rest) = expression.split_at_checked(end.unwrap_or(expression.len()))?;
        let default = [":-", ":=", "-", "="].iter().find_map(|mark| rest.strip_prefix(mark));
        match (self.known.get(name), default) {
            // An empty value counts as none, whatever the mark. Source: `toDefault` of drone/envsubst, which Flux uses.
            (Some(value), Some(default)) if value.is_empty() => Some(default.to_owned()),
            (Some(value), _) if default.is_some() || rest.is_empty() => Some(value.clone()),
            // A Secret may have another value than the default.
            (None, Some(default)) if !self.more => Some(default.to_owned()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_and_unknown_ones_are_unknown() {
        let known = BTreeMap::from([("A".to_owned(), "x".to_owned())]);
        let variables = Variables { on: true, known, more: false };
        assert_eq!(variables.fill("p/${A}/q").as_deref(), Some("p/x/q"));
        assert_eq!(variables.fill("${A:=y}${B:-z}").as_deref(), Some("xz"));
        assert_eq!(variables.fill("${B}"), None);
        assert_eq!(variables.fill("${A"), None);
        assert_eq!(variables.fill("$${A}"), None);
        let empty = Variables { known: BTreeMap::from([("A".to_owned(), String::new())]), ..variables };
        assert_eq!(empty.fill("x${A}${A:-y}${A=z}").as_deref(), Some("xyz"));
        assert_eq!(Variables { more: true, ..variables }.fill("${B:=z}"), None);
        assert_eq!(Variables::default().fill("${B}").as_deref(), Some("${B}"), "nothing is substituted");
    }
}
