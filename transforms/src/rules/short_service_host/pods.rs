//! What pods say about how they look names up.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
};

use super::{
    decide::Problem,
    marks::Marks,
    proxies::{self, Group},
    spots::Host,
};
use crate::model::value::{Place, Texts, Value};

/// Which sort of object holds data for pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    ConfigMap,
    Secret,
}

/// What an object's pods say about looking names up, or those that a chart makes of its values.
///
/// It is asked of the object as an overlay will have it. Which of its pods has what is not told apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// Why a pod may not ask the cluster's DNS, if so (row 1).
    pub(super) other_dns: Option<String>,
    /// Names of the pods themselves.
    hostnames: BTreeSet<String>,
    /// Names that `hostAliases` give addresses.
    aliases: BTreeSet<String>,
    /// A file of the resolver that a volume takes the place of.
    mounted: Option<&'static str>,
    resolvers: Vec<Resolver>,
    /// Variables about proxies, container by container.
    pub(super) groups: Vec<Group>,
    /// The ConfigMaps and Secrets that are read.
    pub(super) reads: BTreeSet<(Sort, String)>,
    /// Those that are values of a release.
    pub(super) values: BTreeSet<(Sort, String)>,
}

/// A pod's own words about its resolver.
#[derive(Debug, Clone, Copy)]
struct Resolver {
    ndots: Option<usize>,
    searches: bool,
}

/// The values of a mapping's keys that are read together.
#[derive(Default)]
struct Words {
    name: Option<Value>,
    kind: Option<Value>,
    sort: Option<Value>,
    dns_policy: Option<Value>,
    host_network: Option<Value>,
    env: Option<Value>,
    env_from: Option<Value>,
}

impl Words {
    /// Keeps the value of a key that is one of them; of a key that stands twice the first, as a look-up does.
    fn note(&mut self, key: &str, value: &Value) {
        let slot = match key {
            "name" => &mut self.name,
            "kind" => &mut self.kind,
            "type" => &mut self.sort,
            "dnsPolicy" => &mut self.dns_policy,
            "hostNetwork" => &mut self.host_network,
            "env" => &mut self.env,
            "envFrom" => &mut self.env_from,
            _ => return,
        };
        slot.get_or_insert_with(|| value.clone());
    }

    fn text<'a>(&self, texts: &'a Texts, value: &'a Option<Value>) -> Option<Cow<'a, str>> {
        value.as_ref().and_then(|value| texts.text(value))
    }
}

/// Files that decide what a name means before the cluster's DNS does, and their folder.
const RESOLVER_FILES: &[&str] = &["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc"];

/// With this many dots a name is tried as it is first, where a pod asks for nothing else. Source: Kubernetes.
const NDOTS: usize = 5;

impl Look {
    /// Looks an object through: the words stand in one mapping, in pods as in the values of charts.
    pub(super) fn at(texts: &Texts, whole: &Value) -> Self {
        Self::through(texts, whole, &Marks::of(texts, whole))
    }

    /// Looks through what of an object may hold one of the marks.
    pub(super) fn through(texts: &Texts, whole: &Value, marks: &Marks) -> Self {
        let mut look = Self::default();
        let mut open = vec![(whole.clone(), false)];
        // Aliases lead to the same places over and over.
        let mut seen: HashSet<Place> = HashSet::new();
        while let Some((value, is_env)) = open.pop() {
            if !marks.may_be_in(texts, &value) {
                continue;
            }
            if let Value::Source(place) = &value
                && texts.stream(place.text).may_have_aliases()
                && !seen.insert(*place)
            {
                continue;
            }
            let mut words = Words::default();
            let first = open.len();
            texts.each_entry(&value, &mut |key, inner| {
                look.entry(texts, key, &inner);
                words.note(key, &inner);
                open.push((inner, key == "env"));
            });
            if open.len() > first {
                look.dns(texts, &words);
                look.named(texts, &words);
            } else {
                open.extend(texts.items(&value).into_iter().map(|item| (item, is_env)));
            }
            look.groups.extend(proxies::group(texts, &value, (&words.env, &words.env_from), is_env));
        }
        look
    }

    fn dns(&mut self, texts: &Texts, words: &Words) {
        let policy = words.text(texts, &words.dns_policy).unwrap_or_default();
        if matches!(&*policy, "Default" | "None") {
            self.other_dns = Some(format!("dnsPolicy is {policy}: it does not ask the cluster's DNS"));
        }
        // What is written in other words than `false` may be true: `yes`, or a template's value.
        let host_network = words.text(texts, &words.host_network).is_some_and(|text| !matches!(&*text, "" | "false"));
        if host_network && policy != "ClusterFirstWithHostNet" {
            let why = "network is the node's, without dnsPolicy ClusterFirstWithHostNet: it does not ask the cluster's DNS";
            self.other_dns = Some(why.to_owned());
        }
    }

    fn entry(&mut self, texts: &Texts, key: &str, inner: &Value) {
        let text = |value: &Value| texts.text(value).map(|text| text.into_owned());
        match key {
            "hostname" => self.hostnames.extend(text(inner)),
            "hostAliases" => {
                let lists = texts.items(inner).into_iter().filter_map(|alias| texts.get(&alias, "hostnames"));
                self.aliases.extend(lists.flat_map(|names| texts.items(&names)).filter_map(|name| text(&name)));
            }
            // `path` is where app-template mounts something.
            "mountPath" | "path" => {
                let path = text(inner).unwrap_or_default();
                let file = RESOLVER_FILES.iter().find(|file| **file == path.trim_end_matches('/'));
                self.mounted = self.mounted.or(file.copied());
            }
            "dnsConfig" => self.resolvers.push(resolver(texts, inner)),
            "configMap" | "configMapRef" | "configMapKeyRef" => self.read(texts, Sort::ConfigMap, inner),
            "secret" | "secretRef" | "secretKeyRef" => self.read(texts, Sort::Secret, inner),
            _ => {}
        }
    }

    fn read(&mut self, texts: &Texts, sort: Sort, inner: &Value) {
        let named = ["name", "secretName"].iter().find_map(|key| texts.text_at(inner, &[key]));
        let name = named.or_else(|| texts.text(inner).map(|text| text.into_owned()));
        self.reads.extend(name.map(|name| (sort, name)));
    }

    /// `{type: configMap, name: x}`, as app-template mounts it, and `{kind: ConfigMap, name: x}`, as Flux takes values.
    fn named(&mut self, texts: &Texts, words: &Words) {
        let (kind, sort) = (words.text(texts, &words.kind), words.text(texts, &words.sort));
        if kind.is_none() && sort.is_none() {
            return;
        }
        let Some(name) = words.text(texts, &words.name).map(Cow::into_owned) else { return };
        match (kind.as_deref(), sort.as_deref()) {
            (Some("ConfigMap"), _) => drop(self.values.insert((Sort::ConfigMap, name))),
            (Some("Secret"), _) => drop(self.values.insert((Sort::Secret, name))),
            (_, Some("configMap")) => drop(self.reads.insert((Sort::ConfigMap, name))),
            (_, Some("secret")) => drop(self.reads.insert((Sort::Secret, name))),
            _ => {}
        }
    }

    /// Returns what here speaks against writing `new`, a longer name, for the host; proxies left out.
    pub(super) fn reasons(&self, host: &Host, new: &str, problem: Problem) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.aliases.contains(&host.text) {
            reasons.push("the pod's hostAliases give this name an address of its own".to_owned());
        } else if self.aliases.contains(new.trim_end_matches('.')) {
            reasons.push("the pod's hostAliases give the long name an address of its own".to_owned());
        }
        if let Some(path) = self.mounted {
            reasons.push(format!("a volume is mounted at {path}, and may give names addresses of its own"));
        }
        if self.hostnames.contains(&host.text) {
            reasons.push("the pod itself has this hostname".to_owned());
        }
        // With fewer dots asked for, a dotted name is tried as it is first and may be another one today.
        let fewest = self.resolvers.iter().filter_map(|resolver| resolver.ndots).min();
        if let Some(ndots) = fewest.filter(|ndots| *ndots == 0 || *ndots < 2 && problem == Problem::Qualified) {
            reasons.push(format!("the pod's ndots is {ndots}: the name may be taken as complete today"));
        }
        // A wildcard of such a domain answers before the long name is tried as it is; the short one is found earlier.
        let dots = new.matches('.').count();
        let searched = |resolver: &Resolver| resolver.searches && resolver.ndots.unwrap_or(NDOTS) > dots;
        if !new.ends_with('.') && self.resolvers.iter().any(searched) {
            reasons.push("the pod's dnsConfig searches other domains before the long name is tried as it is".to_owned());
        }
        reasons
    }
}

fn resolver(texts: &Texts, config: &Value) -> Resolver {
    let items = |key| texts.get(config, key).map(|list| texts.items(&list)).unwrap_or_default();
    let is_ndots = |option: &Value| texts.text_at(option, &["name"]).as_deref() == Some("ndots");
    let options = items("options");
    let ndots = options.iter().find(|option| is_ndots(option)).and_then(|option| texts.text_at(option, &["value"]));
    Resolver { ndots: ndots.and_then(|text| text.parse().ok()), searches: !items("searches").is_empty() }
}
