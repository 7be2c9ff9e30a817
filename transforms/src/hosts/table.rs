//! The forms in which real values write hosts, each with examples; none may be without one.
//!
//! `«` and `»` stand around the hosts. Whatever else stands in a value stays, byte for byte, when a host is replaced.

use super::{HostToken, Place, scan, scan_arguments};

/// A form that is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    UrlWithUserInfo,
    UrlWithPort,
    UrlWithSeveralHosts,
    HostAndPort,
    ListWithCommas,
    ListWithSemicolons,
    ListWithBlanks,
    ConnectionString,
    Jdbc,
    Kafka,
    Amqp,
    MongoDb,
    RedisSentinel,
    Memcached,
    FlagAndValueInOne,
    FlagAndValueApart,
    ShellUrl,
    ShellHostAndPort,
    ShellNothingElse,
    NginxUpstream,
    NginxProxyPass,
    Properties,
    Toml,
    Yaml,
    EnvFile,
}

/// All of them. [`position`] keeps the list whole.
const ALL: [Written; 25] = [
    Written::UrlWithUserInfo,
    Written::UrlWithPort,
    Written::UrlWithSeveralHosts,
    Written::HostAndPort,
    Written::ListWithCommas,
    Written::ListWithSemicolons,
    Written::ListWithBlanks,
    Written::ConnectionString,
    Written::Jdbc,
    Written::Kafka,
    Written::Amqp,
    Written::MongoDb,
    Written::RedisSentinel,
    Written::Memcached,
    Written::FlagAndValueInOne,
    Written::FlagAndValueApart,
    Written::ShellUrl,
    Written::ShellHostAndPort,
    Written::ShellNothingElse,
    Written::NginxUpstream,
    Written::NginxProxyPass,
    Written::Properties,
    Written::Toml,
    Written::Yaml,
    Written::EnvFile,
];

/// Where the text of a row stands.
#[derive(Debug, Clone, Copy)]
enum At {
    /// The value of a variable or setting.
    Key(&'static str),
    /// The words of `args`, with `|` between them.
    Words,
    /// A file in a ConfigMap.
    File(&'static str),
}

use At::{File, Key, Words};
use Written::*;

#[rustfmt::skip]
const ROWS: &[(Written, At, &str)] = &[
    (UrlWithUserInfo, Key("DATABASE_URL"), "postgresql://app:s3cret@«db»/app"),
    (UrlWithUserInfo, Key("URL"), "redis://:${PASSWORD}@«redis.data»/0"),
    (UrlWithPort, Key("ANY"), "http://«web»:8080/path?next=/x#top"),
    (UrlWithPort, Key("ANY"), "wss://«web.apps.svc»:443"),
    (UrlWithSeveralHosts, Key("ANY"), "http://«es-0»:9200,http://«es-1»:9200"),
    (UrlWithSeveralHosts, Key("ANY"), "jdbc:postgresql://«pg-0»:5432,«pg-1»:5432/app"),
    (HostAndPort, Key("ANY"), "«redis»:6379"),
    (HostAndPort, Key("ANY"), "«redis.data.svc»:6379"),
    (ListWithCommas, Key("SERVERS"), "«a»:1234,«b.c»:1234"),
    (ListWithCommas, Key("HOSTS"), "«a»,«b»"),
    (ListWithSemicolons, Key("ANY"), "«a»:1234;«b»:1234"),
    (ListWithBlanks, Key("SERVERS"), "«a»:1234 «b»:1234"),
    (ConnectionString, Key("DSN"), "host=«db» port=5432 user=app dbname=app"),
    (ConnectionString, Key("CONNECTION"), "Server=tcp:«sql»,1433;Database=app;User Id=app"),
    (ConnectionString, Key("CONNECTION"), "Data Source=«sql»;Initial Catalog=app"),
    (Jdbc, Key("ANY"), "jdbc:postgresql://«db»:5432/app"),
    (Jdbc, Key("ANY"), "jdbc:mysql:loadbalance://«a»:3306,«b»:3306/app"),
    (Jdbc, Key("ANY"), "jdbc:oracle:thin:@«db»:1521:app"),
    (Jdbc, Key("ANY"), "jdbc:sqlserver://«db»:1433;databaseName=app"),
    (Kafka, Key("KAFKA_BOOTSTRAP_SERVERS"), "«kafka-0.kafka»:9092,«kafka-1.kafka»:9092"),
    (Kafka, Key("ANY"), "PLAINTEXT://«kafka»:9092,SSL://«kafka»:9093"),
    (Kafka, Key("KAFKA_BROKERS"), "«kafka»"),
    (Amqp, Key("ANY"), "amqp://guest:guest@«rabbitmq»:5672/%2f"),
    (Amqp, Key("ANY"), "amqps://u:p@«a»:5671,amqps://u:p@«b»:5671"),
    (MongoDb, Key("ANY"), "mongodb://u:p@«mongo-0.mongo»:27017,«mongo-1.mongo»:27017/app?replicaSet=rs0"),
    (MongoDb, Key("ANY"), "mongodb+srv://u:p@«mongo.data.svc.cluster.local»/app"),
    (RedisSentinel, Key("ANY"), "redis-sentinel://«s-0.s»:26379,«s-1.s»:26379/0#main"),
    (RedisSentinel, Key("REDIS_SENTINELS"), "«s-0»:26379,«s-1»:26379"),
    (Memcached, Key("MEMCACHED_SERVERS"), "«memcached-0.memcached»:11211,«memcached-1.memcached»:11211"),
    (Memcached, Key("MEMCACHE_SERVERS"), "«memcached»:11211:1 «other»:11211:1"),
    (FlagAndValueInOne, Words, "--db-host=«db»|--name=db"),
    (FlagAndValueInOne, Words, "--upstream=http://«web»:80|-Dspring.redis.host=«redis»"),
    (FlagAndValueApart, Words, "--db-host|«db»|--name|db"),
    (FlagAndValueApart, Words, "--url|http://«web»/x|-v"),
    (ShellUrl, Words, "sh|-c|curl -s http://«web»:80/ready"),
    (ShellHostAndPort, Words, "/bin/bash|-ec|until nc -z «redis»:6379; do sleep 1; done"),
    (ShellNothingElse, Words, "sh|-c|ping redis && psql -h db && DB_HOST=db run"),
    (NginxUpstream, File("nginx.conf"), "upstream api {\n  server «api-0.api»:8080 weight=2;\n  server «api-1.api»;\n}\n"),
    (NginxProxyPass, File("default.conf"), "location / {\n  proxy_pass http://«api»:8080/;\n  proxy_set_header Host api;\n}\n"),
    (Properties, File("application.properties"), "# redis.host=old\nspring.redis.host=«redis»\nspring.application.name=redis\n"),
    (Properties, File("application.properties"), "spring.datasource.url: jdbc:postgresql://«db»/app\n"),
    (Toml, File("config.toml"), "[database]\nhost = \"«db»\"\nname = \"db\"\nservers = [\"«a»:1234\", \"«b»:1234\"]\n"),
    (Yaml, File("config.yaml"), "redis:\n  host: «redis» # the cache\n  database: redis\nurls:\n  - 'http://«web»:80'\n"),
    (EnvFile, File("app.env"), "# DB_HOST=old\nexport DB_HOST=«db»\nDB_NAME=db\nURL=\"http://«web»/\"\n"),
];

/// Returns a form's place among [`ALL`]. A form that is new here must be new there, or this does not compile.
fn position(form: Written) -> usize {
    match form {
        UrlWithUserInfo | UrlWithPort | UrlWithSeveralHosts | HostAndPort | ListWithCommas
        | ListWithSemicolons | ListWithBlanks | ConnectionString | Jdbc | Kafka | Amqp | MongoDb
        | RedisSentinel | Memcached | FlagAndValueInOne | FlagAndValueApart | ShellUrl | ShellHostAndPort
        | ShellNothingElse | NginxUpstream | NginxProxyPass | Properties | Toml | Yaml | EnvFile => {
            form as usize
        }
    }
}

/// Returns the hosts of a row's text, each with where it begins in it.
fn hosts(at: At, text: &str) -> Vec<(usize, String)> {
    let tell = |from: usize, tokens: Vec<HostToken<'_>>| {
        let fixed = tokens.into_iter().filter(|token| !token.variable);
        fixed.map(|token| (from + token.range.start, token.host.to_owned())).collect::<Vec<_>>()
    };
    match at {
        Key(key) => tell(0, scan(text, Place::Value(&["env", key]))),
        File(name) => tell(0, scan(text, Place::File(name))),
        Words => {
            let words: Vec<&str> = text.split('|').collect();
            let starts = |index: usize| words[..index].iter().map(|word| word.len() + 1).sum::<usize>();
            let found = scan_arguments(&words).into_iter();
            found.flat_map(|word| tell(starts(word.index), word.tokens)).collect()
        }
    }
}

/// Splits a marked text: the plain one, and the hosts with where they begin.
fn unmarked(marked: &str) -> (String, Vec<(usize, String)>) {
    let (mut plain, mut expected) = (String::new(), Vec::new());
    for part in marked.split('«') {
        match part.split_once('»') {
            Some((host, rest)) => {
                expected.push((plain.len(), host.to_owned()));
                plain.extend([host, rest]);
            }
            None => plain.push_str(part),
        }
    }
    (plain, expected)
}

#[test]
fn every_form_has_a_row() {
    for (number, form) in ALL.into_iter().enumerate() {
        assert_eq!(position(form), number);
        let rows = ROWS.iter().filter(|(of, ..)| *of == form);
        let hosts: usize = rows.clone().map(|(_, _, text)| text.matches('«').count()).sum();
        assert!(rows.count() > 0, "{form:?} has no example");
        assert!((hosts > 0) != (form == ShellNothingElse), "{form:?}");
    }
}

#[test]
fn every_row_has_just_its_hosts() {
    for (form, at, marked) in ROWS {
        let (text, expected) = unmarked(marked);
        assert_eq!(hosts(*at, &text), expected, "{form:?}: {text}");
    }
}

#[test]
fn a_replaced_host_leaves_every_other_byte_and_is_found_again() {
    const FULL: &str = "web.data.svc.cluster.local";
    for (form, at, marked) in ROWS {
        let (text, expected) = unmarked(marked);
        for (number, (start, host)) in expected.iter().enumerate() {
            let changed = [&text[..*start], FULL, &text[start + host.len()..]].concat();
            let again = hosts(*at, &changed);
            assert_eq!(again.get(number), Some(&(*start, FULL.to_owned())), "{form:?}: {changed}");
            assert_eq!(again.len(), expected.len(), "{form:?}: {changed}");
        }
    }
}
