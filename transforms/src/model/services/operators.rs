//! Services that operators make of their custom resources: a data table, each row with its source.
//!
//! In a pattern, `{name}` is the object's name and `{a.b.[].c}` the texts at that path, one Service for each; a row
//! with `when` counts only where that path is set, and neither null, `false` nor empty. A row that is `unread` names the
//! place where its names should be read, and counts as a convention until somebody has.

use crate::model::value::{Shape, Texts, Value};

/// What an operator makes of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    /// The API group of the kind.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The names of the Services that are always made.
    pub names: &'static [&'static str],
    /// Names of Services that are made where a path is set.
    pub when: &'static [(&'static str, &'static str)],
    /// Where the operator's code says so: repository and path.
    pub source: &'static str,
    /// Whether that was read there, rather than told by somebody; what was not is no better than a convention.
    pub read: bool,
}

const fn row(
    group: &'static str,
    kind: &'static str,
    names: &'static [&'static str],
    source: &'static str,
) -> Operator {
    Operator { group, kind, names, when: &[], source, read: true }
}

const fn with(operator: Operator, when: &'static [(&'static str, &'static str)]) -> Operator {
    Operator { when, ..operator }
}

const fn unread(operator: Operator) -> Operator {
    Operator { read: false, ..operator }
}

/// Every known operator's kinds, by group and kind.
#[rustfmt::skip]
pub static OPERATORS: &[Operator] = &[
    unread(with(row("acid.zalan.do", "postgresql", &["{name}", "{name}-repl"], "zalando/postgres-operator: pkg/cluster/util.go, cluster.go (serviceName, connectionPoolerName)"), &[("spec.enableConnectionPooler", "{name}-pooler"), ("spec.enableReplicaConnectionPooler", "{name}-pooler-repl")])),
    with(row("agent.k8s.elastic.co", "Agent", &[], "elastic/cloud-on-k8s: pkg/controller/agent/name.go"), &[("spec.fleetServerEnabled", "{name}-agent-http")]),
    unread(row("apm.k8s.elastic.co", "ApmServer", &["{name}-apm-http"], "elastic/cloud-on-k8s: pkg/apis/apm/v1/name.go")),
    unread(row("apps.emqx.io", "EMQX", &["{name}-dashboard", "{name}-listeners"], "emqx/emqx-operator: api/v2/emqx_types.go, names.go")),
    with(row("ceph.rook.io", "CephCluster", &["rook-ceph-mgr"], "rook/rook: pkg/operator/ceph/cluster/mgr/spec.go"), &[("spec.dashboard.enabled", "rook-ceph-mgr-dashboard")]),
    row("ceph.rook.io", "CephObjectStore", &["rook-ceph-rgw-{name}"], "rook/rook: pkg/operator/ceph/object/rgw.go"),
    unread(row("clickhouse.altinity.com", "ClickHouseInstallation", &["clickhouse-{name}"], "Altinity/clickhouse-operator: pkg/model/chi/namer")),
    row("databases.spotahome.com", "RedisFailover", &["rfs-{name}"], "spotahome/redis-operator: operator/redisfailover/service/names.go"),
    row("dragonflydb.io", "Dragonfly", &["{name}"], "dragonflydb/dragonfly-operator: internal/resources/resources.go"),
    row("elasticsearch.k8s.elastic.co", "Elasticsearch", &["{name}-es-http", "{name}-es-internal-http", "{name}-es-transport", "{name}-es-{spec.nodeSets.[].name}"], "elastic/cloud-on-k8s: pkg/apis/elasticsearch/v1/name.go"),
    unread(row("enterprisesearch.k8s.elastic.co", "EnterpriseSearch", &["{name}-ent-http"], "elastic/cloud-on-k8s: pkg/apis/enterprisesearch/v1/name.go")),
    row("grafana.integreatly.org", "Grafana", &["{name}-service"], "grafana/grafana-operator: controllers/model (GetGrafanaService)"),
    unread(row("jaegertracing.io", "Jaeger", &["{name}-query", "{name}-collector", "{name}-collector-headless"], "jaegertracing/jaeger-operator: pkg/service")),
    row("k8s.keycloak.org", "Keycloak", &["{name}-service", "{name}-discovery"], "keycloak/keycloak: operator Constants, KeycloakServiceDependentResource"),
    with(row("k8s.mariadb.com", "MariaDB", &["{name}", "{name}-internal"], "mariadb-operator/mariadb-operator: api/v1alpha1/mariadb_keys.go"), &[("spec.replication", "{name}-primary"), ("spec.replication", "{name}-secondary"), ("spec.galera", "{name}-primary"), ("spec.galera", "{name}-secondary")]),
    unread(with(row("kafka.strimzi.io", "Kafka", &["{name}-kafka-bootstrap", "{name}-kafka-brokers"], "strimzi/strimzi-kafka-operator: api/.../kafka/KafkaResources.java"), &[("spec.zookeeper", "{name}-zookeeper-client"), ("spec.zookeeper", "{name}-zookeeper-nodes")])),
    unread(row("kafka.strimzi.io", "KafkaBridge", &["{name}-bridge-service"], "strimzi/strimzi-kafka-operator: api/.../bridge/KafkaBridgeResources.java")),
    unread(row("kafka.strimzi.io", "KafkaConnect", &["{name}-connect-api"], "strimzi/strimzi-kafka-operator: api/.../connect/KafkaConnectResources.java")),
    unread(row("kafka.strimzi.io", "KafkaMirrorMaker2", &["{name}-mirrormaker2-api"], "strimzi/strimzi-kafka-operator: api/.../mirrormaker2/KafkaMirrorMaker2Resources.java")),
    unread(row("kibana.k8s.elastic.co", "Kibana", &["{name}-kb-http"], "elastic/cloud-on-k8s: pkg/apis/kibana/v1/name.go")),
    unread(row("logstash.k8s.elastic.co", "Logstash", &["{name}-ls-api", "{name}-ls-{spec.services.[].name}"], "elastic/cloud-on-k8s: pkg/apis/logstash/v1alpha1/name.go")),
    unread(row("maps.k8s.elastic.co", "ElasticMapsServer", &["{name}-ems-http"], "elastic/cloud-on-k8s: pkg/apis/maps/v1alpha1/name.go")),
    row("minio.min.io", "Tenant", &["minio", "{name}-console", "{name}-hl"], "minio/operator: pkg/apis/minio.min.io/v2/names.go"),
    unread(row("mongodbcommunity.mongodb.com", "MongoDBCommunity", &["{name}-svc"], "mongodb/mongodb-kubernetes-operator: api/v1/mongodbcommunity_types.go (ServiceName)")),
    row("monitoring.coreos.com", "Alertmanager", &["alertmanager-operated"], "prometheus-operator/prometheus-operator: pkg/alertmanager/statefulset.go"),
    row("monitoring.coreos.com", "Prometheus", &["prometheus-operated"], "prometheus-operator/prometheus-operator: pkg/prometheus/server/statefulset.go"),
    unread(row("monitoring.coreos.com", "ThanosRuler", &["thanos-ruler-operated"], "prometheus-operator/prometheus-operator: pkg/thanos/statefulset.go")),
    unread(row("mysql.oracle.com", "InnoDBCluster", &["{name}", "{name}-instances"], "mysql/mysql-operator: mysqloperator/controller/innodbcluster/cluster_objects.py")),
    unread(with(row("opensearch.opster.io", "OpenSearchCluster", &["{spec.general.serviceName}"], "opensearch-project/opensearch-k8s-operator: opensearch-operator/pkg/builders/cluster.go"), &[("spec.dashboards.enable", "{name}-dashboards")])),
    unread(row("opentelemetry.io", "OpenTelemetryCollector", &["{name}-collector"], "open-telemetry/opentelemetry-operator: internal/naming/main.go")),
    unread(row("operator.victoriametrics.com", "VLSingle", &["vlsingle-{name}"], "VictoriaMetrics/operator: api/operator/v1 (PrefixedName)")),
    unread(row("operator.victoriametrics.com", "VLogs", &["vlogs-{name}"], "VictoriaMetrics/operator: api/operator/v1beta1 (PrefixedName)")),
    unread(row("operator.victoriametrics.com", "VMAgent", &["vmagent-{name}"], "VictoriaMetrics/operator: api/operator/v1beta1 (PrefixedName)")),
    unread(row("operator.victoriametrics.com", "VMAlert", &["vmalert-{name}"], "VictoriaMetrics/operator: api/operator/v1beta1 (PrefixedName)")),
    unread(row("operator.victoriametrics.com", "VMAlertmanager", &["vmalertmanager-{name}"], "VictoriaMetrics/operator: api/operator/v1beta1 (PrefixedName)")),
    unread(row("operator.victoriametrics.com", "VMAuth", &["vmauth-{name}"], "VictoriaMetrics/operator: api/operator/v1beta1 (PrefixedName)")),
    unread(with(row("operator.victoriametrics.com", "VMCluster", &[], "VictoriaMetrics/operator: api/operator/v1beta1/vmcluster_types.go"), &[("spec.vmselect", "vmselect-{name}"), ("spec.vminsert", "vminsert-{name}"), ("spec.vmstorage", "vmstorage-{name}")])),
    unread(row("operator.victoriametrics.com", "VMSingle", &["vmsingle-{name}"], "VictoriaMetrics/operator: api/operator/v1beta1/vmsingle_types.go (PrefixedName)")),
    unread(row("pgv2.percona.com", "PerconaPGCluster", &["{name}-ha", "{name}-pods", "{name}-primary", "{name}-replicas", "{name}-pgbouncer"], "percona/percona-postgresql-operator: internal/naming/names.go")),
    unread(with(row("postgres-operator.crunchydata.com", "PostgresCluster", &["{name}-ha", "{name}-pods", "{name}-primary", "{name}-replicas"], "CrunchyData/postgres-operator: internal/naming/names.go"), &[("spec.proxy.pgBouncer", "{name}-pgbouncer")])),
    row("postgresql.cnpg.io", "Cluster", &["{name}-rw", "{name}-ro", "{name}-r", "{spec.managed.services.additional.[].serviceTemplate.metadata.name}"], "cloudnative-pg/cloudnative-pg: pkg/specs/services.go, api/v1/cluster_funcs.go"),
    unread(row("postgresql.cnpg.io", "Pooler", &["{name}"], "cloudnative-pg/cloudnative-pg: pkg/specs/pgbouncer/services.go")),
    unread(with(row("psmdb.percona.com", "PerconaServerMongoDB", &["{name}-{spec.replsets.[].name}"], "percona/percona-server-mongodb-operator: pkg/psmdb/service.go"), &[("spec.sharding.enabled", "{name}-mongos"), ("spec.sharding.enabled", "{name}-cfg")])),
    unread(with(row("pxc.percona.com", "PerconaXtraDBCluster", &["{name}-pxc", "{name}-pxc-unready"], "percona/percona-xtradb-cluster-operator: pkg/pxc/service.go"), &[("spec.haproxy.enabled", "{name}-haproxy"), ("spec.haproxy.enabled", "{name}-haproxy-replicas"), ("spec.proxysql.enabled", "{name}-proxysql")])),
    unread(row("rabbitmq.com", "RabbitmqCluster", &["{name}", "{name}-nodes"], "rabbitmq/cluster-operator: internal/resource/service.go, headless_service.go")),
    unread(row("redis.redis.opstreelabs.in", "Redis", &["{name}", "{name}-headless", "{name}-additional"], "OT-CONTAINER-KIT/redis-operator: internal/k8sutils/redis-standalone.go")),
    unread(row("redis.redis.opstreelabs.in", "RedisCluster", &["{name}-leader", "{name}-leader-headless", "{name}-leader-additional", "{name}-follower", "{name}-follower-headless", "{name}-follower-additional"], "OT-CONTAINER-KIT/redis-operator: internal/k8sutils/redis-cluster.go")),
    unread(row("redis.redis.opstreelabs.in", "RedisReplication", &["{name}", "{name}-headless", "{name}-additional"], "OT-CONTAINER-KIT/redis-operator: internal/k8sutils/redis-replication.go")),
    unread(row("redis.redis.opstreelabs.in", "RedisSentinel", &["{name}-sentinel", "{name}-sentinel-headless", "{name}-sentinel-additional"], "OT-CONTAINER-KIT/redis-operator: internal/k8sutils/redis-sentinel.go")),
    row("scylla.scylladb.com", "ScyllaCluster", &["{name}-client"], "scylladb/scylla-operator: pkg/naming/names.go"),
    unread(row("serving.knative.dev", "Service", &["{name}"], "knative/serving: pkg/reconciler/route/resources/names/names.go")),
    unread(row("zookeeper.pravega.io", "ZookeeperCluster", &["{name}-client", "{name}-headless"], "pravega/zookeeper-operator: api/v1beta1/zookeepercluster_types.go")),
];

/// Returns the row of a kind.
#[must_use]
pub fn find(group: &str, kind: &str) -> Option<&'static Operator> {
    OPERATORS.iter().find(|row| row.kind == kind && row.group == group)
}

impl Operator {
    /// Returns the names of the Services that are made of an object.
    #[must_use]
    pub fn services(&self, texts: &Texts, name: &str, object: &Value) -> Vec<String> {
        let always = self.names.iter().copied();
        let sometimes =
            self.when.iter().filter(|(path, _)| is_set(texts, object, path)).map(|(_, pattern)| *pattern);
        always.chain(sometimes).flat_map(|pattern| expand(texts, name, object, pattern)).collect()
    }
}

fn expand(texts: &Texts, name: &str, object: &Value, pattern: &str) -> Vec<String> {
    let named = pattern.replace("{name}", name);
    let Some((before, rest)) = named.split_once('{') else { return vec![named] };
    let Some((path, after)) = rest.split_once('}') else { return Vec::new() };
    let mut found = Vec::new();
    follow(texts, object, path, &mut found);
    found.iter().map(|text| format!("{before}{text}{after}")).collect()
}

fn follow(texts: &Texts, value: &Value, path: &str, found: &mut Vec<String>) {
    let Some((step, rest)) = path.split_once('.').or_else(|| (!path.is_empty()).then_some((path, ""))) else {
        found.extend(texts.text(value).map(std::borrow::Cow::into_owned));
        return;
    };
    match step {
        "[]" => texts.items(value).iter().for_each(|item| follow(texts, item, rest, found)),
        key => {
            if let Some(inner) = texts.get(value, key) {
                follow(texts, &inner, rest, found);
            }
        }
    }
}

fn is_set(texts: &Texts, object: &Value, path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').collect();
    texts.at(object, &keys).is_some_and(|value| match texts.shape(&value) {
        Shape::Null => false,
        Shape::Scalar => !matches!(texts.text(&value).as_deref(), Some("false" | "")),
        Shape::Mapping | Shape::Sequence => true,
    })
}
