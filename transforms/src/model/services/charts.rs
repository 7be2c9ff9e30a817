//! Releases of Helm charts, and the Services that they make.

use std::{collections::BTreeMap, sync::Arc};

use super::Knowledge;
use crate::model::{
    Object, Repository,
    kustomize::{Resource, list},
    placement::{ClusterId, Placement, Placements},
    value::{Place, Shape, Texts, Value},
};

/// A release of a chart.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The chart's name, if it is known.
    pub chart: Option<String>,
    /// The chart's version, as written.
    pub version: Option<String>,
    /// The namespace of what it makes.
    pub namespace: Option<Arc<str>>,
    /// Its cluster.
    pub cluster: Option<ClusterId>,
    /// Its values, as far as they stand in the object.
    pub values: Option<Value>,
    /// Whether more values come from elsewhere.
    pub more_values: bool,
    /// `fullnameOverride` of the values.
    pub full_name: Option<String>,
    /// Its object.
    pub at: Place,
    /// Its object, as `Kind/name`.
    pub subject: String,
}

/// Where the names of app-template's Services are made.
const APP_TEMPLATE: &str = "bjw-s-labs/helm-charts: charts/library/common/templates/lib (determineResourceNameFromValues, \
     service.valuesToObject); charts/other/app-template/templates/common.yaml (nameOverride is the release's name)";

impl Release {
    /// Returns the full name that most charts give what they make: the release's name, with the chart's if that is not
    /// in it; `fullnameOverride` overrules both. Source: the starter of `helm create`.
    #[must_use]
    pub fn conventional_name(&self) -> Option<String> {
        if let Some(name) = &self.full_name {
            return Some(name.clone());
        }
        let chart = self.chart.as_ref()?;
        Some(if self.name.contains(chart.as_str()) {
            self.name.clone()
        } else {
            format!("{}-{chart}", self.name)
        })
    }

    /// Tells whether, by convention, something of this release may have the name.
    #[must_use]
    pub fn may_name(&self, name: &str) -> bool {
        let begins =
            |full: &str| name.strip_prefix(full).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        self.conventional_name().as_deref().is_some_and(begins)
    }
}

/// Returns the release that an object is, or those that an Application makes.
pub(super) fn releases(
    repository: &Repository,
    sources: &Sources<'_>,
    placements: &Placements,
    resource: &Resource,
    placement: &Placement,
) -> Vec<Release> {
    match (resource.group_version().0, &*resource.kind) {
        ("helm.toolkit.fluxcd.io" | "helm.fluxcd.io", "HelmRelease") => {
            flux(repository, sources, placements, resource, placement).into_iter().collect()
        }
        ("argoproj.io", "Application") => argo(placements.texts(), resource, placement),
        _ => Vec::new(),
    }
}

fn flux(
    repository: &Repository,
    sources: &Sources<'_>,
    placements: &Placements,
    resource: &Resource,
    placement: &Placement,
) -> Option<Release> {
    let texts = placements.texts();
    let spec = texts.get(&resource.value, "spec")?;
    let fill = |text: String| placements.fill(placement, &text).unwrap_or(text);
    let text = |keys: &[&str]| texts.text_at(&spec, keys).filter(|text| !text.is_empty()).map(fill);
    let target = text(&["targetNamespace"]);
    let named = text(&["releaseName"]);
    let name = named.unwrap_or_else(|| match target {
        Some(target) => format!("{target}-{}", placement.name),
        None => placement.name.to_string(),
    });
    let (chart, version) = match text(&["chart", "spec", "chart"]).or_else(|| text(&["chart", "name"])) {
        Some(chart) => (Some(last_part(&chart).to_owned()), text(&["chart", "spec", "version"])),
        None => sources.chart(repository, &text(&["chartRef", "kind"])?, &text(&["chartRef", "name"])?),
    };
    let chart = Chart {
        release: name,
        name: chart,
        version,
        values: texts.get(&spec, "values"),
        more_values: !list(texts, &spec, "valuesFrom").is_empty(),
    };
    release(texts, resource, placement, chart)
}

/// What a release says of its chart.
struct Chart {
    release: String,
    name: Option<String>,
    version: Option<String>,
    values: Option<Value>,
    more_values: bool,
}

fn release(texts: &Texts, resource: &Resource, placement: &Placement, chart: Chart) -> Option<Release> {
    let full_name = chart.values.as_ref().and_then(|values| {
        let own = texts.text_at(values, &["fullnameOverride"]);
        own.or_else(|| texts.text_at(values, &["global", "fullnameOverride"])).filter(|text| !text.is_empty())
    });
    Some(Release {
        name: chart.release,
        chart: chart.name,
        version: chart.version,
        namespace: placement.pods.known().map(Arc::from),
        cluster: placement.cluster,
        values: chart.values,
        more_values: chart.more_values,
        full_name,
        at: *resource.value.places().first()?,
        subject: format!("{}/{}", resource.kind, placement.name),
    })
}

/// The objects that a release may name in the place of a chart, by kind and name; of several the first.
#[derive(Debug)]
pub(super) struct Sources<'a>(BTreeMap<(&'a str, &'a str), &'a Object>);

impl<'a> Sources<'a> {
    /// Collects them. Flux takes no other kinds.
    pub(super) fn of(repository: &'a Repository) -> Self {
        let objects = repository.objects().iter();
        let kinds = |object: &&Object| matches!(object.kind.as_str(), "OCIRepository" | "HelmChart");
        let mut sources = BTreeMap::new();
        for object in objects.filter(kinds) {
            sources.entry((object.kind.as_str(), object.name.as_str())).or_insert(object);
        }
        Self(sources)
    }

    /// Returns chart and version of an OCIRepository or HelmChart, by its name.
    fn chart(&self, repository: &Repository, kind: &str, name: &str) -> (Option<String>, Option<String>) {
        let Some(object) = self.0.get(&(kind, name)) else { return (None, None) };
        let root = repository.node(object.file, object.root);
        let text = |keys: &[&str]| root.at(keys).and_then(|node| node.resolve().as_str()).map(str::to_owned);
        let (chart, version): (_, &[&str]) = match kind {
            "OCIRepository" => (text(&["spec", "url"]), &["spec", "ref", "tag"]),
            _ => (text(&["spec", "chart"]), &["spec", "version"]),
        };
        (chart.map(|chart| last_part(&chart).to_owned()), text(version))
    }
}

fn argo(texts: &Texts, resource: &Resource, placement: &Placement) -> Vec<Release> {
    let Some(spec) = texts.get(&resource.value, "spec") else { return Vec::new() };
    let mut sources = list(texts, &spec, "sources");
    sources.extend(texts.get(&spec, "source"));
    let charts = sources.into_iter().filter_map(|source| {
        let name = texts.text_at(&source, &["chart"])?;
        let release_name =
            texts.text_at(&source, &["helm", "releaseName"]).unwrap_or_else(|| placement.name.to_string());
        let values = texts.at(&source, &["helm", "valuesObject"]);
        let more = values.is_none() && texts.get(&source, "helm").is_some();
        let chart = Chart {
            release: release_name,
            name: Some(last_part(&name).to_owned()),
            version: texts.text_at(&source, &["targetRevision"]),
            values,
            more_values: more,
        };
        release(texts, resource, placement, chart)
    });
    charts.collect()
}

fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or(path)
}

/// Returns the names of the Services that a release makes, where its chart's code was read.
pub(super) fn services(texts: &Texts, release: &Release) -> Vec<(String, Knowledge)> {
    if release.chart.as_deref() != Some("app-template") {
        return Vec::new();
    }
    let Some(values) = &release.values else { return Vec::new() };
    let Some(services) = texts.get(values, "service") else { return Vec::new() };
    let full_name = app_full_name(texts, release, values);
    let enabled = |value: &Value| {
        texts.shape(value) == Shape::Mapping && texts.text_at(value, &["enabled"]).as_deref() != Some("false")
    };
    let entries: Vec<_> = texts.entries(&services).into_iter().filter(|(_, value)| enabled(value)).collect();
    let major: Option<u32> = release
        .version
        .as_deref()
        .and_then(|text| text.trim_start_matches('v').split('.').next()?.parse().ok());
    let alone = entries.len() == 1;
    entries
        .iter()
        .flat_map(|(key, value)| {
            let names = app_names(texts, &full_name, key, value, alone, major);
            // Values from elsewhere may add a Service, and with two of them the names change.
            let certain = names.len() == 1 && !release.more_values;
            let knowledge = if certain { Knowledge::Made(APP_TEMPLATE) } else { Knowledge::Convention };
            names.into_iter().map(move |name| (name, knowledge)).collect::<Vec<_>>()
        })
        .collect()
}

fn app_full_name(texts: &Texts, release: &Release, values: &Value) -> String {
    let text =
        |keys: &[&str]| texts.text_at(values, keys).filter(|text| !text.is_empty() && !text.contains("{{"));
    if let Some(name) = text(&["global", "fullnameOverride"]).or_else(|| text(&["fullnameOverride"])) {
        return name;
    }
    match text(&["global", "nameOverride"]) {
        Some(part) if !release.name.contains(part.as_str()) => format!("{}-{part}", release.name),
        _ => release.name.clone(),
    }
}

/// Returns the name of one Service; several where the version decides and is not known.
fn app_names(
    texts: &Texts,
    full_name: &str,
    key: &str,
    value: &Value,
    alone: bool,
    major: Option<u32>,
) -> Vec<String> {
    let text = |key: &str| texts.text_at(value, &[key]).filter(|text| !text.is_empty());
    // Names that templates make are not known.
    if ["forceRename", "prefix", "suffix", "nameOverride"]
        .iter()
        .any(|key| text(key).is_some_and(|text| text.contains("{{")))
    {
        return Vec::new();
    }
    if let Some(name) = text("forceRename") {
        return vec![name];
    }
    let mut name = full_name.to_owned();
    if let Some(part) = text("nameOverride") {
        return vec![format!("{name}-{part}")];
    }
    if let Some(prefix) = text("prefix").filter(|prefix| *prefix != name) {
        name = format!("{prefix}-{name}");
    }
    let suffixed = format!("{name}-{key}");
    let is_primary = texts.text_at(value, &["primary"]).as_deref() == Some("true");
    let mut names = match major {
        _ if alone => vec![name],
        Some(4..) if name == key || name.ends_with(&format!("-{key}")) => vec![name],
        Some(4..) => vec![suffixed],
        Some(2..=3) if is_primary => vec![name],
        Some(2..=3) => vec![suffixed, name],
        _ => vec![name, suffixed],
    };
    if let Some(suffix) = text("suffix") {
        names = names.into_iter().map(|name| format!("{name}-{suffix}")).collect();
    }
    names
}
