//! What a rule is, and what it is given.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use crate::{
    facts::{Facts, Question},
    finding::{Applicability, Finding, Location, RuleId},
    model::Repository,
    untouched::Untouched,
};

/// What a rule is called and what it is for. Its page is the README of its folder.
#[derive(Debug, PartialEq, Eq)]
pub struct Meta {
    /// The kebab-case name.
    pub id: RuleId,
    /// One line: what it finds.
    pub summary: &'static str,
    /// The best that its fixes can be.
    pub best: Applicability,
    /// Whether it runs without being asked for.
    pub default_on: bool,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// A rule: it looks at the repository and reports what is wrong, with a fix or the reason for none.
///
/// A rule is pure. What it must know about the world it asks first; an answer that is missing means "unknown", and
/// unknown never becomes a fix that is safe.
pub trait Rule: Sync {
    /// Returns its name and page.
    fn meta(&self) -> &'static Meta;

    /// Tells what it looks at, so that files which cannot concern it need not be parsed.
    fn reads(&self) -> Reads {
        Reads::Everything
    }

    /// Works out, for itself and for other rules, what needs no answers and does not depend on where objects land. It is called
    /// while that is worked out, so it must not ask for placements.
    fn prepare(&self, cx: &Context<'_>) {
        let _ = cx;
    }

    /// Returns what it needs to know before it can check. It is called again after each round of answers, until it asks
    /// nothing new, so that a second question may build on the first answer.
    fn ask(&self, cx: &Context<'_>) -> Vec<Question> {
        let _ = cx;
        Vec::new()
    }

    /// Reports what is wrong.
    fn check(&self, cx: &Context<'_>, findings: &mut Vec<Finding>);

    /// Tells, for `caulk explain FILE:LINE`, what this rule thinks of the place, also where it leaves it alone.
    fn explain(&self, cx: &Context<'_>, place: Location) -> Vec<String> {
        let _ = (cx, place);
        Vec::new()
    }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reads {
    /// Containers with a command, what overlays make of them, and args as far as these say how a command is used.
    Commands,
    /// Whatever the model knows.
    #[default]
    Everything,
}

/// What a rule may look at.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// The answers so far.
    pub facts: &'a Facts,
    /// The options of the configuration.
    pub options: &'a Options,
    /// What rules work out for each other.
    pub shared: &'a Shared,
}

/// What one rule works out and another one needs as well. It is for one look at one repository with the same options.
#[derive(Debug, Default)]
pub struct Shared {
    /// What the texts say about hosts.
    pub(crate) host_texts: OnceLock<HostTexts>,
    /// The findings about hosts.
    pub(crate) hosts: OnceLock<HostFindings>,
}

/// What the texts of the repository say about hosts, whatever they are the texts of.
#[derive(Debug, Default)]
pub(crate) struct HostTexts {
    /// The domains behind `.svc.`; a variable is `None`.
    pub(crate) domains: BTreeSet<Option<String>>,
    /// The names of the variables that stand beside a letter of a host.
    pub(crate) composed: BTreeSet<String>,
    /// The names that nginx's `upstream` blocks define: a file may hold the blocks that another one passes requests to.
    pub(crate) upstreams: BTreeSet<String>,
    /// How many documents are encrypted.
    pub(crate) encrypted: usize,
}

/// The findings about hosts, which come of one look at each of them.
#[derive(Debug)]
pub(crate) struct HostFindings {
    /// Hosts that lean on the search list of a pod.
    pub(crate) short: Vec<Finding>,
    /// Hosts whose namespace is defined nowhere.
    pub(crate) unknown_namespaces: Vec<Finding>,
    /// What was met and is never touched.
    pub(crate) untouched: Untouched,
}

/// How hosts are written out in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostForm {
    /// `x.n.svc.cluster.local`
    #[default]
    Fqdn,
    /// `x.n.svc.cluster.local.`
    FqdnDot,
    /// `x.n.svc`
    Svc,
}

/// Which hosts are written out in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostScope {
    /// All.
    #[default]
    All,
    /// Those of another namespace alone.
    CrossNamespace,
}

/// Options of the rules, from the configuration and the command line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// The cluster's DNS domain, where it is configured.
    pub cluster_domain: Option<String>,
    /// How `short-service-host` writes hosts.
    pub host_form: HostForm,
    /// Which hosts `short-service-host` looks at.
    pub host_scope: HostScope,
    /// Keys that name a host, besides the built-in ones.
    pub host_keys: Vec<String>,
    /// Keys that never name a host.
    pub ignored_keys: Vec<String>,
    /// Hosts that are left alone.
    pub ignored_hosts: Vec<String>,
}

/// Which rules run, and how far their fixes are trusted at most.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Rules that were asked for by name; empty means all that are on by default.
    pub only: BTreeSet<String>,
    /// Rules that the configuration switches on or off.
    pub switched: BTreeMap<String, bool>,
    /// Tiers that the configuration lowers rules to.
    pub at_most: BTreeMap<String, Applicability>,
}

impl Selection {
    /// Tells whether a rule runs.
    #[must_use]
    pub fn runs(&self, meta: &Meta) -> bool {
        if !self.only.is_empty() {
            return self.only.contains(meta.id);
        }
        self.switched.get(meta.id).copied().unwrap_or(meta.default_on)
    }
}
