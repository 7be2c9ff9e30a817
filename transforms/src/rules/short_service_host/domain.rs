//! The cluster's domain: configured, or read off the repository's own full names.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use super::{
    report,
    spots::{Host, Spot},
    world::World,
};
use crate::{
    finding::{Evidence, FileId},
    hosts::{ClusterName, Role, Suffix, name::is_dns_name},
    model::Repository,
    rule::{HostTexts, Options},
};

/// The domain, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) evidence: Evidence,
    /// Why it is a guess, if it is one.
    pub(super) guess: Option<String>,
}

impl Domain {
    fn guess(name: &str, why: &str) -> Self {
        Self {
            name: name.to_owned(),
            evidence: Evidence { what: why.to_owned(), source: "the repository".to_owned() },
            guess: Some(format!("{why}, so {name} is a guess (set cluster-domain)")),
        }
    }
}

/// The domain of a cluster that nobody gave another one.
const USUAL: &str = "cluster.local";

/// What the names of Services that several clusters share end in, whatever the domain of each cluster is.
const SHARED: &str = "clusterset.local";

/// How many names of Services that are not known, in namespaces that are, tell as much as one of a known Service.
const ENOUGH: usize = 2;

/// How many places are cited.
const CITED: usize = 3;

/// What stands in front of the domain in a full name.
static SUFFIX: LazyLock<memchr::memmem::Finder<'static>> = LazyLock::new(|| memchr::memmem::Finder::new(".svc."));

/// The full names that connections use, with one domain.
#[derive(Default)]
struct Witnesses<'a> {
    /// One of them names a Service that is known, or named after a release that is.
    service: bool,
    names: BTreeSet<(&'a str, &'a str)>,
    places: Vec<(&'a Spot<'a>, &'a Host)>,
}

/// Returns the domain to write: what connections to the repository's own Services end in, if no text says otherwise.
pub(super) fn find(
    repository: &Repository,
    options: &Options,
    texts: &HostTexts,
    spots: &[Spot<'_>],
    world: &World,
) -> Domain {
    if let Some(name) = &options.cluster_domain {
        let evidence = Evidence {
            what: format!("the cluster's domain is {name}"),
            source: "the configuration (cluster-domain)".to_owned(),
        };
        return Domain { name: name.trim_matches('.').to_owned(), evidence, guess: None };
    }
    let witnesses = witnesses(repository, spots, world);
    let written: BTreeSet<Option<&str>> = texts.domains.iter().map(Option::as_deref).collect();
    let mut told = witnesses.iter();
    match (told.next(), told.next()) {
        (Some((name, found)), None) => agreed(repository, name, found, &written),
        (Some(_), Some(_)) => {
            let names: Vec<&str> = witnesses.keys().copied().collect();
            Domain::guess(USUAL, &format!("the full names of the repository end in different domains ({})", names.join(", ")))
        }
        (None, _) if written.is_empty() => {
            Domain::guess(USUAL, "no full name in the repository tells the cluster's domain")
        }
        (None, _) if written.iter().all(Option::is_none) => {
            Domain::guess(USUAL, "the repository writes the cluster's domain as a variable")
        }
        (None, _) => Domain::guess(USUAL, "no connection to a known Service or namespace tells the cluster's domain"),
    }
}

/// Judges the one domain that connections end in.
fn agreed(repository: &Repository, name: &str, found: &Witnesses<'_>, written: &BTreeSet<Option<&str>>) -> Domain {
    let places = found.places.iter().take(CITED);
    let places: Vec<String> = places.map(|(spot, host)| repository.cite(report::location(spot, host))).collect();
    let (count, places) = (found.places.len(), places.join(", "));
    let others = written.iter().filter(|other| **other != Some(name));
    let others: Vec<&str> = others.map(|other| other.unwrap_or("a variable")).collect();
    if !others.is_empty() {
        let why = format!(
            "connections end in .svc.{name} ({places}), but the full names of the repository end in different domains ({name}, {})",
            others.join(", ")
        );
        return Domain::guess(name, &why);
    }
    if !found.service && found.names.len() < ENOUGH {
        return Domain::guess(name, &format!("one full name alone ({places}), of no Service that is known, tells the cluster's domain"));
    }
    Domain {
        name: name.to_owned(),
        evidence: Evidence {
            what: format!("full names in connections ({count}) end in .svc.{name} and in nothing else, as in {places}"),
            source: "the repository's own full names".to_owned(),
        },
        guess: None,
    }
}

/// Returns the full names by which connections are made to Services, or into namespaces, that are known, by their domain.
fn witnesses<'a>(repository: &Repository, spots: &'a [Spot<'_>], world: &World) -> BTreeMap<&'a str, Witnesses<'a>> {
    let mut found: BTreeMap<&str, Witnesses<'_>> = BTreeMap::new();
    for spot in spots.iter().filter(|spot| !spot.is_unused_values(repository)) {
        for host in spot.hosts.iter().filter(|host| host.role == Role::Connection) {
            let Some(name) = ClusterName::parse(&host.text) else { continue };
            let (Some(namespace), Suffix::Domain(domain)) = (name.namespace, name.suffix) else { continue };
            // What is public, with a certificate, may be another cluster's.
            let foreign = domain == SHARED || host.tls && domain != USUAL;
            if foreign || !domain.contains('.') {
                continue;
            }
            let service = world.service(None, namespace, name.service).is_some() || world.release(None, namespace, name.service).is_some();
            if service || world.namespace(None, namespace).is_some() {
                let witnesses = found.entry(domain).or_default();
                witnesses.service |= service;
                witnesses.names.insert((name.service, namespace));
                witnesses.places.push((spot, host));
            }
        }
    }
    found
}

/// Returns the domains behind `.svc.` in the text of a file, comments and all; a variable is `None`. None of them proves
/// anything, but each may speak against what connections say. A domain in a file without objects, such as a chart's
/// template, says nothing about the cluster.
pub(super) fn of_file(repository: &Repository, file: FileId, text: &str) -> BTreeSet<Option<String>> {
    let mut found: BTreeSet<_> = SUFFIX.find_iter(text.as_bytes()).filter_map(|at| domain_at(text, at)).collect();
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
    (domain.contains('.') && domain != SHARED && is_dns_name(domain)).then(|| Some(domain.to_owned()))
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
        assert_eq!(domain("a.b.svc.clusterset.local"), None);
        assert_eq!(domain("*.svc.cluster.local"), None);
        assert_eq!(domain(".svc.cluster.local"), None);
    }
}
