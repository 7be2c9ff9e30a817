//! The cluster's domain: configured, or read off the repository's own full names.

use std::sync::LazyLock;

use crate::{
    finding::{Evidence, FileId, Location},
    hosts::name::is_dns_name,
    model::Repository,
    rule::{HostTexts, Options},
    span::Span,
};

/// The domain, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) evidence: Evidence,
    /// Why it is a guess, if it is one.
    pub(super) guess: Option<String>,
}

/// The domain of a cluster that nobody gave another one.
const USUAL: &str = "cluster.local";

/// What stands in front of the domain in a full name.
static SUFFIX: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new(".svc."));

/// Returns the domain to write.
pub(super) fn find(repository: &Repository, options: &Options, texts: &HostTexts) -> Domain {
    if let Some(name) = &options.cluster_domain {
        let evidence = Evidence {
            what: format!("the cluster's domain is {name}"),
            source: "the configuration (cluster-domain)".to_owned(),
        };
        return Domain { name: name.trim_matches('.').to_owned(), evidence, guess: None };
    }
    let seen = &texts.domains;
    let usual = |why: String| Domain {
        name: USUAL.to_owned(),
        evidence: Evidence { what: why.clone(), source: "the repository".to_owned() },
        guess: Some(format!("{why}, so {USUAL} is a guess (set cluster-domain)")),
    };
    let mut domains = seen.iter();
    match (domains.next(), domains.next()) {
        (Some((Some(name), (count, at))), None) => Domain {
            name: name.clone(),
            evidence: Evidence {
                what: format!("full names in the repository ({count}) end in .svc.{name} and in nothing else, as in {}", repository.cite(*at)),
                source: "the repository's own full names".to_owned(),
            },
            guess: None,
        },
        (None, _) => usual("no full name in the repository tells the cluster's domain".to_owned()),
        (Some((None, _)), None) => usual("the repository writes the cluster's domain as a variable".to_owned()),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = seen.keys().map(|name| name.as_deref().unwrap_or("a variable")).collect();
            usual(format!("the full names of the repository end in different domains ({})", names.join(", ")))
        }
    }
}

/// Returns the domains behind `.svc.` in the text of a file, each with its place; a variable is `None`. A domain in a file
/// without objects, such as a chart's template, says nothing about the cluster.
pub(super) fn of_file(repository: &Repository, file: FileId, text: &str) -> Vec<(Option<String>, Location)> {
    let domain = |at| {
        let start = u32::try_from(at).unwrap_or(u32::MAX);
        Some((domain_at(text, at)?, Location { file, span: Span::empty(start) }))
    };
    let mut found: Vec<_> = SUFFIX.find_iter(text.as_bytes()).filter_map(domain).collect();
    let holds_objects = || repository.objects().binary_search_by_key(&file, |object| object.file).is_ok();
    if !found.is_empty() && !holds_objects() {
        found.clear();
    }
    found
}

/// Reads the domain behind `.svc.` at `at`, if a name of a Service and a namespace stands before.
fn domain_at(text: &str, at: usize) -> Option<Option<String>> {
    let is_host = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.');
    let before = text.get(..at)?;
    let start = before.rfind(|letter: char| !is_host(letter)).map_or(0, |at| at + 1);
    let labels = before.get(start..)?;
    // What a variable ends in (`${APP}.web`) is a name all the same.
    let variable = before.get(..start).is_some_and(|before| before.ends_with(['}', ')']));
    if !variable && labels.split('.').filter(|label| !label.is_empty()).count() < 2 {
        return None;
    }
    let rest = text.get(at + ".svc.".len()..)?;
    let end = rest.find(|letter: char| !is_host(letter)).unwrap_or(rest.len());
    let after = rest.get(end..)?;
    let domain = rest.get(..end)?.trim_end_matches('.');
    if domain.is_empty() || after.starts_with(['$', '{']) {
        return after.starts_with("${").then_some(None);
    }
    // `sabnzbd.media.svc.cluster` in a white list is a part of a name.
    (domain.contains('.') && is_dns_name(domain)).then(|| Some(domain.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Option<Option<String>> {
        domain_at(text, text.find(".svc.").expect("a name"))
    }

    #[test]
    fn domains_are_read_behind_full_names_only() {
        assert_eq!(domain("http://a.b.svc.cluster.local:80"), Some(Some("cluster.local".into())));
        assert_eq!(domain("a.b.svc.cluster.milkyway.\n"), Some(Some("cluster.milkyway".into())));
        assert_eq!(domain("a.b.svc.${CLUSTER_DOMAIN}"), Some(None));
        assert_eq!(domain("${A}.b.svc.cluster.local"), Some(Some("cluster.local".into())));
        assert_eq!(domain("a.b.svc.cluster,"), None);
        assert_eq!(domain("*.svc.cluster.local"), None);
        assert_eq!(domain(".svc.cluster.local"), None);
    }
}
