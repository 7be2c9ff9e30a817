//! Proxies that containers use, and the names for which they do not.

use super::{pods::Sort, spots::Host};
use crate::model::value::{Shape, Texts, Value};

/// Variables about proxies that stand together: of one container, or in one mapping of a chart's values.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Name and value; none for a value that stands elsewhere.
    pub(super) variables: Vec<(String, Option<String>)>,
    /// What all variables are taken from.
    pub(super) from: Vec<Source>,
}

/// A ConfigMap or Secret all of whose entries become variables.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) sort: Sort,
    pub(super) name: String,
    pub(super) prefix: String,
}

/// What a source holds about proxies.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// It is not in the repository.
    Absent,
    /// Its entries about proxies, by name.
    Variables(Vec<(String, Option<String>)>),
    /// It is made of a file that is not read.
    Unread,
}

/// Variables that make programs use a proxy.
const PROXIES: &[&str] = &["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/// The variable with the names that are reached without one.
const EXCEPTIONS: &str = "NO_PROXY";
/// What sets a proxy in a script or in Java's options.
const WORDS: &[&str] = &["http_proxy=", "https_proxy=", "all_proxy=", "http.proxyhost", "https.proxyhost", "socksproxyhost"];

/// Tells whether a variable is about proxies. Programs take both cases.
pub(super) fn is_about_proxies(name: &str) -> bool {
    PROXIES.iter().chain([&EXCEPTIONS]).any(|known| known.eq_ignore_ascii_case(name))
}

/// Returns the variables that a mapping, list or text itself holds, with those of its `env` and `envFrom`; `is_env` tells that its
/// container was asked for them already.
pub(super) fn group(
    texts: &Texts,
    value: &Value,
    (env, from): (&Option<Value>, &Option<Value>),
    is_env: bool,
) -> Option<Group> {
    let mut group = Group::default();
    match texts.shape(value) {
        Shape::Scalar => {
            let text = texts.text(value).filter(|text| mentions_proxies(text))?.to_ascii_lowercase();
            let word = WORDS.iter().find(|word| text.contains(**word))?;
            group.variables.push((PROXIES.first()?.to_string(), Some((*word).to_owned())));
        }
        Shape::Null => {}
        Shape::Mapping | Shape::Sequence => {
            if !is_env {
                variables(texts, value, &mut group.variables);
            }
            if let Some(env) = env {
                variables(texts, env, &mut group.variables);
            }
            let from = from.as_ref().map(|list| texts.items(list)).unwrap_or_default();
            group.from.extend(from.iter().filter_map(|item| source(texts, item)));
        }
    }
    let uses = !group.from.is_empty() || group.variables.iter().any(|(name, _)| !name.eq_ignore_ascii_case(EXCEPTIONS));
    uses.then_some(group)
}

/// Tells whether a text has the word that all of [`WORDS`] have, in any case. Its rarest letter is looked for.
fn mentions_proxies(text: &str) -> bool {
    mentions(text).next().is_some()
}

/// Returns where the text has that word.
pub(super) fn mentions(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'x', b'X', bytes).filter_map(|at| {
        let start = at.checked_sub(3)?;
        bytes.get(start..at + 2)?.eq_ignore_ascii_case(b"proxy").then_some(start)
    })
}

/// Collects the variables about proxies of a list of `name` and `value`, or of a mapping.
fn variables(texts: &Texts, env: &Value, found: &mut Vec<(String, Option<String>)>) {
    for item in texts.items(env) {
        let name = texts.get(&item, "name");
        let Some(name) = name.as_ref().and_then(|name| texts.text(name)).filter(|name| is_about_proxies(name)) else {
            continue;
        };
        let value = match texts.get(&item, "valueFrom") {
            Some(_) => None,
            None => Some(texts.text_at(&item, &["value"]).unwrap_or_default()),
        };
        found.push((name.into_owned(), value));
    }
    texts.each_entry(env, &mut |name, value| {
        if is_about_proxies(name) {
            let text = texts.text(&value).map(|text| text.into_owned());
            found.push((name.to_owned(), text.or_else(|| texts.text_at(&value, &["value"]))));
        }
    });
}

fn source(texts: &Texts, item: &Value) -> Option<Source> {
    let keys = [
        ("configMapRef", Sort::ConfigMap),
        ("configMap", Sort::ConfigMap),
        ("secretRef", Sort::Secret),
        ("secret", Sort::Secret),
    ];
    keys.iter().find_map(|(key, sort)| {
        let value = texts.get(item, key)?;
        let name = texts.text_at(&value, &["name"]).or_else(|| texts.text(&value).map(|text| text.into_owned()))?;
        Some(Source { sort: *sort, name, prefix: texts.text_at(item, &["prefix"]).unwrap_or_default() })
    })
}

/// Tells why a proxy may stand between the group's container and the host under its new name, if so.
pub(super) fn reason(group: &Group, host: &Host, new: &str, held: &dyn Fn(&Source) -> Held) -> Option<String> {
    // Only what is known to speak something else goes past them.
    if host.scheme.as_deref().is_some_and(|scheme| !matches!(scheme, "http" | "https" | "ws" | "wss" | "grpc")) {
        return None;
    }
    let mut variables = group.variables.clone();
    for source in &group.from {
        match held(source) {
            Held::Variables(more) => {
                let prefixed = more.into_iter().map(|(name, value)| (format!("{}{name}", source.prefix), value));
                variables.extend(prefixed.filter(|(name, _)| is_about_proxies(name)));
            }
            Held::Absent if source.name.to_ascii_lowercase().contains("proxy") => {
                return Some(format!("all variables of {} are taken, which is not here and may set a proxy", source.name));
            }
            Held::Unread => {
                return Some(format!("all variables of {} are taken, of which a file is not read: it may set a proxy", source.name));
            }
            Held::Absent => {}
        }
    }
    let (exceptions, proxies): (Vec<_>, Vec<_>) =
        variables.into_iter().partition(|(name, _)| name.eq_ignore_ascii_case(EXCEPTIONS));
    let uses = proxies.iter().any(|(_, value)| value.as_deref() != Some(""));
    // Programs differ in which case they take, so each list must do.
    let excepted = |(_, list): &(String, Option<String>)| list.as_deref().is_some_and(|list| covers(list, new));
    let passed_by = !exceptions.is_empty() && exceptions.iter().all(excepted);
    (uses && !passed_by).then(|| "the container uses a proxy, and NO_PROXY does not cover the long name".to_owned())
}

/// Tells whether a list of exceptions has the name, as every program reads it. Few know what `*.domain` means.
fn covers(list: &str, name: &str) -> bool {
    list.split([',', ' ']).map(str::trim).any(|entry| {
        let domain = entry.strip_prefix('.').unwrap_or(entry);
        let below = || name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        entry == "*" || !domain.is_empty() && below()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_found_in_any_case_and_place() {
        for word in WORDS {
            for text in [(*word).to_owned(), word.to_ascii_uppercase(), format!("xX{word}")] {
                assert!(mentions_proxies(&text), "{text}");
            }
        }
        for text in ["", "x", "prox", "oxy", "pro_xy", "pröxy"] {
            assert!(!mentions_proxies(text), "{text}");
        }
    }

    #[test]
    fn exceptions_cover_names_by_their_ending() {
        let name = "web.front.svc.cluster.local";
        for list in ["*", "localhost,.cluster.local", "cluster.local", "a .svc.cluster.local", name, ".local"] {
            assert!(covers(list, name), "{list}");
        }
        for list in ["", ",", "web", "web.front", ".svc", "*.cluster.local", "10.0.0.0/8", "r.local", ".cluster.local."] {
            assert!(!covers(list, name), "{list}");
        }
    }
}
