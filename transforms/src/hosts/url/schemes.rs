//! What schemes and parameters of URLs mean.

/// Schemes whose authority is no host that cluster DNS is asked for.
#[rustfmt::skip]
pub(super) const NOT_DNS: &[&str] = &[
    "kubernetes", "k8s", "file", "unix", "data", "urn", "s3", "s3a", "s3n", "gs", "gcs", "azblob", "azure", "wasb",
    "wasbs", "abfs", "abfss", "oci", "docker", "docker-daemon", "containers-storage", "spiffe", "arn", "secret",
    "vault", "ref+vault", "ref+awssecrets", "ref+sops", "env", "pkg", "sqlite", "sqlite3", "h2", "classpath",
    "chrome", "about", "javascript", "mailto", "android", "app", "swift", "b2", "rclone", "rest+unix", "http+unix",
    "unix+http", "npipe", "fd", "exec", "consul", "eureka", "nacos", "zfs", "nfs", "lb", "op", "awssm", "gsm", "helm",
    "git+file", "memory", "mem", "inmemory", "otpauth", "slack", "discord", "telegram", "tgram", "pover", "ntfy",
    "ntfys", "cluster", "srn",
];
/// Schemes that mean TLS with a check of the host's name.
#[rustfmt::skip]
pub(super) const TLS: &[&str] = &[
    "https", "rediss", "valkeys", "amqps", "wss", "mqtts", "ldaps", "ftps", "smtps", "imaps", "pop3s", "grpcs", "tls",
    "ssl", "sasl_ssl", "nats+tls", "kafka+ssl", "redis+ssl", "redis+tls", "https+insecure", "mqtt+ssl", "mqtt+tls",
    "ws+tls", "h2", "couchbases", "bolt+s", "neo4j+s", "http+tls", "tcps", "syslog+tls", "stomps", "jaeger+https",
];
/// Schemes whose authority may list bare hosts, `mongodb://a,b/db`. Elsewhere a further host needs a port.
#[rustfmt::skip]
pub(super) const SEVERAL: &[&str] = &[
    "mongodb", "redis", "rediss", "redis-sentinel", "redis+sentinel", "sentinel", "postgres", "postgresql", "pgsql",
    "mysql", "mariadb", "replication", "loadbalance", "amqp", "amqps", "nats", "kafka", "plaintext", "ssl",
    "sasl_ssl", "sasl_plaintext", "zk", "zookeeper", "memcached", "etcd", "cassandra", "sqlserver", "couchbase",
    "clickhouse", "ch",
];
/// Parameters by which a connection string asks for TLS with a check of the host's name.
#[rustfmt::skip]
pub(super) const VERIFY: &[&str] = &[
    "sslmode=verify-full", "sslmode=verify_identity", "tls=true", "ssl=true", "encrypt=true", "usessl=true",
    "ssl-mode=verify_identity", "tls=verify", "secure=true",
];
