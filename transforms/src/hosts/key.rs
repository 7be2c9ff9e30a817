//! What a key says about its value: whether it names a host, and whether as a connection.

/// What kind of value a key announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A host: a bare word counts.
    Host,
    /// Several hosts: bare words with blanks between them count too.
    Hosts,
    /// Anything: only URLs, connection strings and `host:port` count.
    Any,
    /// Something else that may look like `host:port` (an image with its tag): only URLs count.
    Other,
    /// Text for people, or a file's name: nothing counts.
    Prose,
}

/// What a host is used for, as far as its keys tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A connection, as far as is known.
    Connection,
    /// A name that something goes by rather than one that is looked up: an issuer, an origin, the own address.
    Identity,
    /// One of several names that are accepted, refused or left out: a white list, NO_PROXY, a certificate's names.
    Listing,
}

/// What a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The kind of value.
    pub subject: Subject,
    /// The use of its hosts.
    pub role: Role,
}

impl Key {
    /// A key that says nothing.
    pub const ANY: Self = Self { subject: Subject::Any, role: Role::Connection };

    /// Tells whether a bare word under this key is a host.
    #[must_use]
    pub const fn names_hosts(self) -> bool {
        matches!(self.subject, Subject::Host | Subject::Hosts)
    }
}

const HOST: &[&str] =
    &["host", "hostname", "addr", "address", "server", "endpoint", "url", "uri", "upstream", "dsn", "fqdn"];
const HOSTS: &[&str] = &[
    "hosts",
    "hostnames",
    "addrs",
    "addresses",
    "servers",
    "endpoints",
    "brokers",
    "urls",
    "uris",
    "upstreams",
    "nodes",
    "peers",
    "sentinels",
    "seeds",
];
/// Words at the end that only say which one is meant: `DB_HOST_RO`, `REDIS_URL_1`.
const QUALIFIERS: &[&str] = &[
    "ro", "rw", "read", "write", "reader", "writer", "primary", "replica", "master", "slave", "internal",
    "default", "main", "main1",
];
/// Keys written as one word, which end in a host word: `PGHOST`, `dbhost`, `connecturl`.
const ENDINGS: &[&str] = &["hostname", "hosts", "host", "url", "uri", "dsn", "bootstrapservers"];
/// Words that end so and mean something else.
const NOT_ENDINGS: &[&str] = &["ghost", "vhost", "curl", "localhost", "mercuri"];
const OTHER: &[&str] = &[
    "image",
    "images",
    "tag",
    "version",
    "repository",
    "digest",
    "path",
    "paths",
    "file",
    "files",
    "dir",
    "directory",
    "folder",
    "port",
    "ports",
    "time",
    "timeout",
    "interval",
    "duration",
    "date",
    "schedule",
    "cron",
    "password",
    "passwd",
    "secret",
    "token",
    "selector",
    "topic",
    "topics",
    "channel",
    "queue",
    "database",
    "schema",
    "user",
    "username",
    "rule",
    "rules",
    "regex",
    "pattern",
    "expr",
    "format",
    "locale",
    "lang",
    "color",
    "colour",
    "role",
    "scope",
    "scopes",
    "group",
    "groups",
    "permission",
    "permissions",
    "mount",
    "volume",
    "volumes",
    "platform",
    "arn",
    "urn",
    "bucket",
    "annotation",
    "annotations",
    "label",
    "labels",
    "class",
    "kind",
    "type",
    "mode",
    "level",
];
const PROSE: &[&str] = &[
    "description",
    "comment",
    "comments",
    "help",
    "message",
    "title",
    "summary",
    "doc",
    "docs",
    "documentation",
    "homepage",
    "note",
    "notes",
    "readme",
    "license",
    "icon",
    "banner",
    "motd",
    "changelog",
    "subtitle",
    "tooltip",
    "caption",
    "placeholder",
    "legend",
    "runbook",
    "certificate",
    "cert",
    "crt",
    "pem",
    "key",
    "ca",
    "fingerprint",
];
const IDENTITY: &[&[&str]] = &[
    &["issuer"],
    &["audience"],
    &["aud"],
    &["origin"],
    &["origins"],
    &["redirect"],
    &["callback"],
    &["bind"],
    &["listen"],
    &["listener"],
    &["listeners"],
    &["advertise"],
    &["advertised"],
    &["announce"],
    &["announced"],
    &["nodename"],
    &["node", "name"],
    &["initial", "cluster"],
    &["kc", "hostname"],
    &["public"],
    &["external"],
    &["canonical"],
    &["root", "url"],
    &["site", "url"],
    &["app", "url"],
    &["server", "name"],
    &["servername"],
    &["sni"],
    &["cookie"],
    &["realm"],
    &["domain"],
    &["frontend", "url"],
    &["virtual", "host"],
    &["vhost"],
    &["my", "host"],
    &["self"],
    &["rp", "id"],
    &["webauthn"],
    &["spiffe"],
    &["host", "header"],
    &["authority"],
    &["header"],
    &["return"],
    &["sub", "filter"],
    &["referer"],
    &["referers"],
];
const LISTING: &[&[&str]] = &[
    &["whitelist"],
    &["white", "list"],
    &["allowlist"],
    &["allow", "list"],
    &["blacklist"],
    &["blocklist"],
    &["denylist"],
    &["deny", "list"],
    &["allowed"],
    &["trusted"],
    &["noproxy"],
    &["no", "proxy"],
    &["non", "proxy", "hosts"],
    &["dns", "names"],
    &["dnsnames"],
    &["dns", "name"],
    &["alt", "names"],
    &["sans"],
    &["san"],
    &["cors"],
    &["exclude"],
    &["excluded"],
    &["ignore"],
    &["ignored"],
    &["permitted"],
    &["common", "name"],
    &["rewrite"],
    &["blocked"],
];
/// Mappings in whose values hosts are names that are served or written, not looked up.
const SERVED_BELOW: &[&str] = &[
    "ingress",
    "ingresses",
    "route",
    "routes",
    "httproute",
    "gateway",
    "hostaliases",
    "certificate",
    "certificates",
    "networkpolicy",
    "networkpolicies",
    "virtualservice",
    "tls",
];

/// Returns what the keys that lead to a value say, the last one foremost.
#[must_use]
pub fn path(keys: &[&str]) -> Key {
    let Some((last, above)) = keys.split_last() else { return Key::ANY };
    let mut key = of(last);
    let served = |key: &&str| SERVED_BELOW.iter().any(|word| key.eq_ignore_ascii_case(word));
    if key.role == Role::Connection && above.iter().any(served) {
        key.role = Role::Listing;
    }
    key
}

/// Returns what one key says: `DB_HOST`, `db.host`, `dbHost`, `--db-host` all say the same.
#[must_use]
pub fn of(key: &str) -> Key {
    let words = words(key);
    Key { subject: subject(&words), role: role(&words) }
}

fn subject(words: &[&str]) -> Subject {
    let numbered = |word: &&&str| !word.bytes().all(|byte| byte.is_ascii_digit());
    let mut plain = words.iter().rev().filter(numbered).peekable();
    let Some(last) = plain.peek().copied() else { return Subject::Any };
    if one_of(last, PROSE) {
        return Subject::Prose;
    }
    let strong = plain.clone().find(|word| !one_of(word, QUALIFIERS)).unwrap_or(last);
    if strong.eq_ignore_ascii_case("name")
        && plain.nth(1).is_some_and(|word| word.eq_ignore_ascii_case("host"))
    {
        return Subject::Host;
    }
    host_word(strong).unwrap_or(if one_of(last, OTHER) { Subject::Other } else { Subject::Any })
}

fn host_word(word: &str) -> Option<Subject> {
    if one_of(word, HOST) {
        return Some(Subject::Host);
    }
    if one_of(word, HOSTS) {
        return Some(Subject::Hosts);
    }
    if one_of(word, NOT_ENDINGS) {
        return None;
    }
    let ending = ENDINGS.iter().find(|ending| ends_with(word, ending))?;
    Some(if ending.ends_with('s') { Subject::Hosts } else { Subject::Host })
}

fn role(words: &[&str]) -> Role {
    let holds = |table: &[&[&str]]| {
        table.iter().any(|phrase| {
            words.windows(phrase.len()).any(|window| {
                window.iter().zip(*phrase).all(|(word, wanted)| word.eq_ignore_ascii_case(wanted))
            })
        })
    };
    // The variable HOSTNAME is the pod's own name; `DB_HOSTNAME` is a host to connect to.
    let own_name = words.len() == 1 && words[0].eq_ignore_ascii_case("hostname");
    if holds(LISTING) {
        Role::Listing
    } else if own_name || holds(IDENTITY) {
        Role::Identity
    } else {
        Role::Connection
    }
}

fn one_of(word: &str, table: &[&str]) -> bool {
    table.iter().any(|entry| word.eq_ignore_ascii_case(entry))
}

fn ends_with(word: &str, ending: &str) -> bool {
    let start = word.len().checked_sub(ending.len());
    start.and_then(|start| word.get(start..)).is_some_and(|tail| tail.eq_ignore_ascii_case(ending))
}

/// Splits a key into words: at what is no letter or digit, before a capital after a small letter, and before the last
/// capital of several that a small letter follows (`DBHost`).
pub(super) fn words(key: &str) -> Vec<&str> {
    let bytes = key.as_bytes();
    let mut words = Vec::with_capacity(4);
    let mut start = 0;
    for at in 0..=bytes.len() {
        let separator = bytes.get(at).is_none_or(|byte| !byte.is_ascii_alphanumeric());
        if separator || is_hump(bytes, at) {
            if let Some(word) = key.get(start..at).filter(|word| !word.is_empty()) {
                words.push(word);
            }
            start = if separator { at + 1 } else { at };
        }
    }
    words
}

fn is_hump(bytes: &[u8], at: usize) -> bool {
    let (Some(before), Some(here)) = (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at)) else {
        return false;
    };
    here.is_ascii_uppercase()
        && (before.is_ascii_lowercase()
            || before.is_ascii_digit()
            || before.is_ascii_uppercase() && bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase))
}

#[cfg(test)]
mod tests {
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
}
