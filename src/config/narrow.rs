//! A repository's own configuration where its author is not trusted: it may narrow what the user's side says, and no more.

use std::collections::BTreeSet;

use caulk_transforms::{finding::Applicability, image::ImageRef};

use super::{Config, NAME, PullRequest, RuleSettings, Scope, Tier};

/// Whose configuration a run follows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Authority {
    /// The tree's own, as in a checkout of the user's or on a base branch.
    #[default]
    Own,
    /// This one, from the user's side: the base branch's, or a central one. The tree's own may only narrow it.
    Trusted {
        /// The text of a `.caulk.yaml`; an empty one stands for the defaults.
        text: String,
        /// What complaints call it.
        name: String,
    },
    /// This one, and the tree's own has no say at all: strangers wrote it, and it could hide what they break.
    Only {
        /// The text of a `.caulk.yaml`; an empty one stands for the defaults.
        text: String,
        /// What complaints call it.
        name: String,
    },
}

/// Joins what is trusted with what the tree says of itself. Returns as well what the tree may not say, each as a sentence.
///
/// The tree may exclude files, switch rules off, lower their tiers, name keys and hosts to leave alone, and state facts that
/// the trusted side says nothing about: `cluster-domain`, and `images:` of other repositories than those it lists.
pub(super) fn narrow(trusted: Config, own: Config, is_on: &dyn Fn(&str) -> bool) -> (Config, Vec<String>) {
    let mut joined = trusted;
    let mut disregarded = Vec::new();
    let mut refuse = |what: String| disregarded.push(format!("{NAME} may not say {what} here"));
    if joined.cluster_domain.is_none() {
        joined.cluster_domain = own.cluster_domain;
    } else if own.cluster_domain.is_some() && own.cluster_domain != joined.cluster_domain {
        refuse("`cluster-domain`: the trusted configuration does".to_owned());
    }
    let name_of = |image: &str| ImageRef::parse(image).map(|image| image.name()).unwrap_or_default();
    let known: BTreeSet<String> = joined.images.iter().map(|entry| name_of(&entry.image)).collect();
    for entry in own.images {
        match known.contains(&name_of(&entry.image)) {
            true => refuse(format!("what {} runs: the trusted configuration does", entry.image)),
            false => joined.images.push(entry),
        }
    }
    for (name, settings) in own.rules {
        let on = joined.rules.get(&name).and_then(|known| known.enabled).unwrap_or_else(|| is_on(&name));
        narrow_rule(joined.rules.entry(name.clone()).or_default(), settings, on, &mut |what| {
            refuse(format!("`rules: {{ {name}: {{ {what} }} }}`: that would widen what is changed"));
        });
    }
    // A pattern that begins with `!` would take back what the trusted side excludes.
    let (back, more): (Vec<String>, Vec<String>) =
        own.exclude.into_iter().partition(|line| line.trim_start().starts_with('!'));
    back.iter().for_each(|line| refuse(format!("`exclude: [\"{line}\"]`")));
    joined.exclude.extend(more);
    if own.pull_request != PullRequest::default() {
        refuse("`pull-request`: how pull requests are made is the trusted side's to say".to_owned());
    }
    (joined, disregarded)
}

fn narrow_rule(joined: &mut RuleSettings, own: RuleSettings, on: bool, refuse: &mut dyn FnMut(&str)) {
    match own.enabled {
        Some(false) => joined.enabled = Some(false),
        Some(true) if !on => refuse("enabled: true"),
        _ => {}
    }
    if let Some(most) = own.at_most {
        let lower = |known: Tier| Applicability::from(most) < Applicability::from(known);
        if joined.at_most.is_none_or(lower) {
            joined.at_most = Some(most);
        }
    }
    match own.scope {
        Some(Scope::CrossNamespace) => joined.scope = own.scope,
        Some(Scope::All) if joined.scope == Some(Scope::CrossNamespace) => refuse("scope: all"),
        _ => {}
    }
    if own.form.is_some() && own.form != joined.form {
        refuse("form");
    }
    if !own.keys.is_empty() {
        refuse("keys");
    }
    joined.ignore_keys.extend(own.ignore_keys);
    joined.ignore_hosts.extend(own.ignore_hosts);
}
