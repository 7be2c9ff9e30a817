//! The words by which keys are known.

#[rustfmt::skip]
pub(super) const HOST: &[&str] =
    &[
    "host", "hostname", "addr", "address", "server", "endpoint", "url", "uri", "upstream", "dsn", "fqdn",
];
#[rustfmt::skip]
pub(super) const HOSTS: &[&str] = &[
    "hosts", "hostnames", "addrs", "addresses", "servers", "endpoints", "brokers", "urls", "uris", "upstreams",
    "nodes", "peers", "sentinels", "seeds",
];
/// Words for a host that name a kind of thing as often.
#[rustfmt::skip]
pub(super) const DOTTED: &[&str] = &[
    "broker", "backend", "target", "gateway", "collector", "sentinel", "peer", "proxy",
];
/// Words at the end that only say which one is meant: `DB_HOST_RO`, `REDIS_URL_1`.
#[rustfmt::skip]
pub(super) const QUALIFIERS: &[&str] = &[
    "ro", "rw", "read", "write", "reader", "writer", "primary", "replica", "master", "slave", "internal", "default",
    "main", "main1",
];
/// Keys written as one word, which end in a host word: `PGHOST`, `dbhost`, `connecturl`.
#[rustfmt::skip]
pub(super) const ENDINGS: &[&str] = &[
    "hostname", "hosts", "host", "url", "uri", "dsn", "bootstrapservers",
];
/// Words that end so and mean something else.
#[rustfmt::skip]
pub(super) const NOT_ENDINGS: &[&str] = &[
    "ghost", "vhost", "curl", "localhost", "mercuri",
];
#[rustfmt::skip]
pub(super) const OTHER: &[&str] = &[
    "image", "images", "tag", "version", "repository", "digest", "path", "paths", "file", "files", "dir", "directory",
    "folder", "port", "ports", "time", "timeout", "interval", "duration", "date", "schedule", "cron", "password",
    "passwd", "secret", "token", "selector", "topic", "topics", "channel", "queue", "database", "schema", "user",
    "username", "rule", "rules", "regex", "pattern", "expr", "format", "locale", "lang", "color", "colour", "role",
    "scope", "scopes", "group", "groups", "permission", "permissions", "mount", "volume", "volumes", "platform",
    "arn", "urn", "bucket", "annotation", "annotations", "label", "labels", "class", "kind", "type", "mode", "level",
];
#[rustfmt::skip]
pub(super) const PROSE: &[&str] = &[
    "description", "comment", "comments", "help", "message", "title", "summary", "doc", "docs", "documentation",
    "homepage", "note", "notes", "readme", "license", "icon", "banner", "motd", "changelog", "subtitle", "tooltip",
    "caption", "placeholder", "legend", "runbook", "certificate", "cert", "crt", "pem", "key", "ca", "fingerprint",
];
/// Phrases by which something names itself.
#[rustfmt::skip]
pub(super) const IDENTITY: &[&str] = &[
    "issuer", "audience", "aud", "origin", "origins", "redirect", "callback", "bind", "listen", "listener",
    "listeners", "advertise", "advertised", "announce", "announced", "nodename", "node name", "initial cluster",
    "kc hostname", "public", "external", "canonical", "root url", "site url", "server name", "servername", "sni",
    "cookie", "realm", "domain", "virtual host", "vhost", "my host", "myhostname", "myhost", "my hostname", "self", "rp id", "webauthn", "spiffe",
    "host header", "authority", "header", "return", "sub filter", "referer", "referers", "issuers", "iss", "audiences",
    "publish", "network host", "transport host", "kafka host name", "registry host name", "registry http host",
    "minio server url", "siteurl", "rooturl", "url prefix", "local hostname", "local host", "local address", "local addr",
    "local name", "connect address", "node address", "instance addr", "instance address", "instance hostname",
    "hostname override", "instance", "job", "helo", "ehlo", "hello", "identity", "letsencrypt host", "acme host",
    "nginx host", "replacement", "schema url", "resource server",
    "keycloak frontend url", "overwritehost", "overwrite host", "domains", "dd hostname", "mail hostname", "pod host",
];
/// Keys by which something names itself where they are all that is said.
#[rustfmt::skip]
pub(super) const OWN: &[&str] = &[
    "hostname", "host name", "frontend url", "app url", "webhook url",
];
/// Phrases of texts that nobody looks up.
#[rustfmt::skip]
pub(super) const MENTION: &[&str] = &[
    "runbook", "user agent", "useragent", "root host", "initial master nodes", "client id", "entity id", "entityid",
    "content security policy", "frame ancestors", "log format", "logformat", "xmlns", "schema location",
    "resource attributes", "name override",
];
/// Words at the end of a key that say the same.
#[rustfmt::skip]
pub(super) const MENTIONED_LAST: &[&str] = &[
    "id", "ids", "uuid", "schema", "namespace", "regex", "pattern", "expr", "sql", "statement", "tag", "tags", "label",
    "labels", "attributes", "annotation", "annotations", "context", "prefix",
];
/// Phrases of lists of names.
#[rustfmt::skip]
pub(super) const LISTING: &[&str] = &[
    "whitelist", "white list", "allowlist", "allow list", "blacklist", "blocklist", "denylist", "deny list",
    "allowed", "trusted", "noproxy", "no proxy", "non proxy hosts", "dns names", "dnsnames", "dns name", "alt names",
    "sans", "san", "cors", "exclude", "excluded", "ignore", "ignored", "permitted", "common name", "rewrite", "connect src", "frame src", "child src", "img src", "script src", "style src", "font src", "media src",
    "default src", "csp",
    "blocked", "hosts allow", "hosts deny", "allow hosts", "deny hosts", "cert hosts", "certificate hosts", "tls hosts",
    "cn",
];
/// Mappings in whose values hosts are names that are served or written, not looked up.
#[rustfmt::skip]
pub(super) const SERVED_BELOW: &[&str] = &[
    "ingress", "ingresses", "route", "routes", "httproute", "gateway", "hostaliases", "certificate", "certificates",
    "networkpolicy", "networkpolicies", "virtualservice", "tls", "annotations", "labels", "external_labels",
    "externallabels", "headers", "match", "matches", "rules", "attributes", "processors", "alt_names", "params",
];
