//! Services in small repositories.

use std::sync::Arc;

use super::*;
use crate::{model::SourceFile, path::RepoPath, syntax};

fn repository(files: &[(&str, &str)]) -> Repository {
    let parsed = files.iter().map(|(path, text)| SourceFile {
        path: RepoPath::new(path).expect("a path"),
        stream: Arc::new(syntax::parse(*text).expect("YAML")),
        protection: None,
    });
    Repository::build(parsed.collect())
}

/// Returns `namespace/name: kind of knowledge`, sorted.
fn known(text: &str) -> Vec<String> {
    let repository = repository(&[("a.yaml", text)]);
    let line = |service: &Service| {
        let knowledge = match service.knowledge {
            Knowledge::Object => "object",
            Knowledge::Made(_) => "made",
            Knowledge::Convention => "convention",
        };
        format!("{}/{}: {knowledge}", service.namespace.as_deref().unwrap_or("?"), service.name)
    };
    let mut lines: Vec<String> = repository.services().all().iter().map(line).collect();
    lines.sort();
    lines
}

#[test]
fn services_are_looked_up_by_namespace_and_cluster() {
    let text = "\
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: one}}
---
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: two}, spec: {clusterIP: None}}
---
{apiVersion: v1, kind: Service, metadata: {name: e, namespace: two}, spec: {type: ExternalName, externalName: x.org}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: three}}
---
{apiVersion: v1, kind: Service, metadata: {name: '${X}', namespace: two}}
";
    let repository = repository(&[("a.yaml", text)]);
    let services = repository.services();
    let cluster = Some(ClusterId(0));
    assert_eq!(services.lookup(cluster, "one", "a").count(), 1);
    assert_eq!(
        services.lookup(None, "two", "a").map(|each| &each.sort).collect::<Vec<_>>(),
        [&Sort::Headless]
    );
    assert_eq!(services.lookup(Some(ClusterId(7)), "one", "a").count(), 0);
    assert_eq!(services.anywhere("a").count(), 2);
    let external = services.anywhere("e").next().expect("a Service");
    assert_eq!(external.sort, Sort::External("x.org".to_owned()));
    assert!(services.namespace(cluster, "three").is_some() && services.namespace(cluster, "one").is_some());
    assert!(services.namespace(cluster, "four").is_none());
    assert_eq!(services.all().len(), 3, "a name with a variable is no name");
}

#[test]
fn pods_of_stateful_sets_are_known_by_their_number() {
    let text = "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: n}, spec: {serviceName: dbs}}\n";
    let repository = repository(&[("a.yaml", text)]);
    let services = repository.services();
    assert!(services.pod_set(None, "n", "db-0", "dbs").is_some());
    assert!(services.pod_set(None, "n", "db-x", "dbs").is_none());
    assert!(services.pod_set(None, "n", "db-0", "other").is_none());
    assert!(services.pod_set(None, "m", "db-0", "dbs").is_none());
}

#[test]
fn operators_make_services() {
    let text = "\
{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: pg, namespace: n}, spec: {managed: {services: {additional: [{serviceTemplate: {metadata: {name: extra}}}]}}}}
---
{apiVersion: kafka.strimzi.io/v1beta2, kind: Kafka, metadata: {name: k, namespace: n}, spec: {kafka: {}}}
---
{apiVersion: elasticsearch.k8s.elastic.co/v1, kind: Elasticsearch, metadata: {name: e, namespace: n}, spec: {nodeSets: [{name: hot}]}}
---
{apiVersion: cluster.x-k8s.io/v1, kind: Cluster, metadata: {name: other, namespace: n}}
";
    assert_eq!(
        known(text),
        [
            "n/e-es-hot: made",
            "n/e-es-http: made",
            "n/e-es-internal-http: made",
            "n/e-es-transport: made",
            "n/extra: made",
            "n/k-kafka-bootstrap: convention",
            "n/k-kafka-brokers: convention",
            "n/pg-r: made",
            "n/pg-ro: made",
            "n/pg-rw: made",
        ]
    );
}

fn app(version: &str, values: &str) -> String {
    format!(
        "{{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {{name: app, namespace: n}}, spec: {{chart: {{spec: {{chart: app-template, version: {version}}}}}, values: {values}}}}}\n"
    )
}

#[test]
fn app_template_names_its_services_after_the_release() {
    assert_eq!(known(&app("3.5.1", "{service: {main: {}}}")), ["n/app: made"]);
    assert_eq!(
        known(&app("4.0.0", "{service: {app: {}, metrics: {}, off: {enabled: false}}}")),
        ["n/app-metrics: made", "n/app: made"]
    );
    assert_eq!(
        known(&app("3.5.1", "{service: {app: {primary: true}, mqtt: {nameOverride: mq}}}")),
        ["n/app-mq: made", "n/app: made"]
    );
    assert_eq!(
        known(&app("3.5.1", "{service: {a: {}, b: {nameOverride: b}}}")),
        ["n/app-a: convention", "n/app-b: made", "n/app: convention"]
    );
    assert_eq!(known(&app("4.0.0", "{fullnameOverride: x, service: {main: {}}}")), ["n/x: made"]);
    assert_eq!(known(&app("4.0.0", "{service: {main: {forceRename: '{{ .Release.Name }}-y'}}}")), [""; 0]);
}

#[test]
fn a_target_namespace_is_in_the_release_name_and_holds_the_pods() {
    let text =
        app("4.0.0", "{service: {main: {}}}").replace("spec: {chart:", "spec: {targetNamespace: t, chart:");
    assert_eq!(known(&text), ["t/t-app: made"]);
}

#[test]
fn conventional_names_begin_with_the_full_name_of_a_release() {
    let release = |name: &str, more: &str| {
        format!(
            "{{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {{name: {name}, namespace: n}}, spec: {{chartRef: {{kind: OCIRepository, name: c}}{more}}}}}\n---\n{{apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository, metadata: {{name: c}}, spec: {{url: oci://ghcr.io/x/redis, ref: {{tag: 1.0.0}}}}}}\n"
        )
    };
    let named = |text: &str, name: &str| {
        let repository = repository(&[("a.yaml", text)]);
        repository.services().releases_named(None, "n", name).count()
    };
    assert_eq!(named(&release("my-redis", ""), "my-redis-master"), 1);
    assert_eq!(named(&release("cache", ""), "cache-redis-master"), 1);
    assert_eq!(named(&release("cache", ""), "cache"), 0, "the chart's name would be in it");
    assert_eq!(named(&release("cache", ", values: {fullnameOverride: r}"), "r-headless"), 1);
    assert_eq!(named(&release("my-redis", ""), "my-redish"), 0);
}

#[test]
fn every_operator_row_is_sorted_unique_and_sourced() {
    let keys: Vec<_> = operators::OPERATORS.iter().map(|row| (row.group, row.kind)).collect();
    assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
    for row in operators::OPERATORS {
        assert!(row.source.contains('/') && row.source.contains(": "), "{row:?}");
        assert!(!row.names.is_empty() || !row.when.is_empty(), "{row:?}");
    }
}
