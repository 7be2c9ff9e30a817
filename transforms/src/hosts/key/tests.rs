//! Keys in every spelling, and what they say.

use super::*;

#[test]
fn words_are_split_in_every_spelling() {
    let check = |key: &str, want: &[&str]| assert_eq!(words(key), want, "{key}");
    check("AUTHENTIK_REDIS__HOST", &["AUTHENTIK", "REDIS", "HOST"]);
    check("spring.datasource.url", &["spring", "datasource", "url"]);
    check("bootstrapServers", &["bootstrap", "Servers"]);
    check("--db-host", &["db", "host"]);
    check("redisURLInternal", &["redis", "URL", "Internal"]);
    check("UN_SONARR_0_URL", &["UN", "SONARR", "0", "URL"]);
    check("", &[]);
    check("häuser_host", &["h", "user", "host"]);
}

#[test]
fn keys_that_name_hosts() {
    for key in [
        "HOST",
        "DB_HOST",
        "dbHost",
        "PGHOST",
        "db.hostname",
        "REDIS_HOST_NAME",
        "SMTP_SERVER",
        "OTLP_ENDPOINT",
        "DATABASE_URL",
        "connectHost",
        "MQTT_ADDRESS",
        "UN_SONARR_0_URL",
        "DB_HOST_RO",
        "redis_url_1",
        "proxyURL",
        "base_url",
        "DB_HOST_1",
    ] {
        assert_eq!(of(key).subject, Subject::Host, "{key}");
        assert_eq!(of(key).role, Role::Connection, "{key}");
    }
    for key in [
        "KAFKA_BROKERS",
        "bootstrap.servers",
        "BOOTSTRAP_SERVERS",
        "MEMCACHED_SERVERS",
        "hosts",
        "redisHosts",
    ] {
        assert_eq!(of(key).subject, Subject::Hosts, "{key}");
    }
}

#[test]
fn keys_that_name_something_else() {
    for key in [
        "POSTGRES_DB",
        "CACHE_DRIVER",
        "OTEL_SERVICE_NAME",
        "CLIENT_ID",
        "OIDC_CLIENT_ID",
        "WEB_SEARCH_ENGINE",
        "METRICS_STORAGE_TYPE",
        "MQTT_BASE_TOPIC",
        "HOST_PORT",
        "HOST_PATH",
        "SERVER_ID",
        "SERVER_NAME",
        "GHOST",
        "RABBITMQ_VHOST",
        "CURL",
        "SA_NAME",
        "STARTPAGE_TITLE",
        "DB_DATABASE_NAME",
        "HOST_PREFIX",
        "INSTANCE_NAME",
        "DB_USER",
        "redis-image",
        "server.key",
    ] {
        assert!(!of(key).names_hosts(), "{key}");
    }
    for key in ["image", "IMAGE_TAG", "REDIS_VERSION", "LOG_FORMAT"] {
        assert_eq!(of(key).subject, Subject::Other, "{key}");
    }
}

#[test]
fn identities_and_lists_of_names_are_marked() {
    for key in [
        "OIDC_ISSUER_URL",
        "AUDIENCE",
        "REDIRECT_URI",
        "KC_HOSTNAME",
        "RABBITMQ_NODENAME",
        "BIND_HOST",
        "web.listen-address",
        "KAFKA_ADVERTISED_LISTENERS",
        "initial-cluster",
        "GF_SERVER_ROOT_URL",
        "PUBLIC_URL",
        "HOSTNAME",
    ] {
        assert_eq!(of(key).role, Role::Identity, "{key}");
    }
    for key in [
        "NO_PROXY",
        "noProxy",
        "SABNZBD__HOST_WHITELIST_ENTRIES",
        "ALLOWED_HOSTS",
        "dnsNames",
        "CORS_ORIGINS",
    ] {
        assert_eq!(of(key).role, Role::Listing, "{key}");
    }
    assert_eq!(path(&["ingress", "main", "hosts", "host"]).role, Role::Listing);
    assert_eq!(path(&["env", "DB_HOST"]), Key { subject: Subject::Host, role: Role::Connection });
    assert_eq!(path(&[]), Key::ANY);
}
