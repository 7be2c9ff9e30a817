//! Form by form: a value, where it stands, and the hosts in it.

use super::{Form, HostToken, Place, Role, scan, scan_arguments};

/// Checks that `marked`, with its `«` and `»` taken out, has exactly the hosts between them.
fn check(marked: &str, place: Place<'_>) -> Vec<(Form, Option<u16>, bool, Role)> {
    let value = marked.replace(['«', '»'], "");
    let mut shown = String::new();
    let mut at = 0;
    let tokens = scan(&value, place);
    for token in tokens.iter().filter(|token| !token.variable) {
        assert_eq!(token.host, &value[token.range.clone()]);
        shown.push_str(&value[at..token.range.start]);
        shown.push_str(&format!("«{}»", token.host));
        at = token.range.end;
    }
    shown.push_str(&value[at..]);
    assert_eq!(shown, marked, "{place:?}");
    let facts = |token: &HostToken<'_>| (token.form, token.port, token.tls, token.role);
    tokens.iter().filter(|token| !token.variable).map(facts).collect()
}

fn any(marked: &str) -> Vec<(Form, Option<u16>, bool, Role)> {
    check(marked, Place::Value(&["SETTING"]))
}

fn host(marked: &str) -> Vec<(Form, Option<u16>, bool, Role)> {
    check(marked, Place::Value(&["env", "DB_HOST"]))
}

fn hosts(marked: &str) -> Vec<(Form, Option<u16>, bool, Role)> {
    check(marked, Place::Value(&["BOOTSTRAP_SERVERS"]))
}

#[test]
fn urls_with_user_info_port_path_and_query() {
    assert_eq!(any("http://«redis»"), [(Form::Url, None, false, Role::Connection)]);
    assert_eq!(any("https://«web.data»:8443/a/b?x=y#z"), [(Form::Url, Some(8443), true, Role::Connection)]);
    for value in [
        "postgresql://kaizoku:${SECRET_DB_PASSWORD}@«postgresql»:5432/kaizoku",
        "redis://:{{ .VALKEY_PASSWORD }}@«valkey-primary»:6379",
        "amqp://user:p@ss:word@«rabbit.mq.svc»:5672//",
        "postgres://u:${PW:-a/b@c}@«db»/x?sslmode=disable",
        "http://«redis.data.svc.cluster.local.»:80/",
        "http://«web»?next=http://other/x",
        "s3:http://«seaweedfs»:8333/backups",
        "mysql+pymysql://u:p@«mysql»/x",
        "http://«web»:${PORT}/x",
        "${SCHEME}://«web»:80/x",
        "<a href=\"http://«web»/\">",
        "dns:///«jaeger»:4317",
        "see http://«web»:80, or https://«web.b»/x",
        "http://«a»:80;$(OTHER);https://«b»",
        "http://[::1]:80 http://«10.0.0.1»:80",
        "jdbc:postgresql://«db»:5432/x",
        "nats://u:p@«nats-0.nats»:4222,nats://u:p@«nats-1.nats»:4222",
    ] {
        any(value);
    }
}

#[test]
fn urls_with_several_hosts() {
    assert_eq!(
        any("mongodb://u:p@«a»:1,«b»:2,«c»/db?ssl=true").iter().map(|token| token.2).collect::<Vec<_>>(),
        [true, true, true]
    );
    any("redis-sentinel://«a»:26379,«b»:26379/mymaster");
    any("PLAINTEXT://«kafka»:9092,«other»:9092");
    any("SASL_SSL://«kafka»:9092,SASL_SSL://«other»:9092");
    any("jdbc:mysql:replication://«a»,«b»:3306/x");
    any("http://«a»,b");
    any("http://«a»:1,«b»:2/x");
}

#[test]
fn urls_that_are_no_hosts_in_dns() {
    for value in [
        "unix:///run/x.sock",
        "file:///etc/x",
        "s3://bucket/x",
        "kubernetes:///web.data:80",
        "oci://registry/x",
        "http://",
        "http:///x",
        "http://:80",
        "http://a:b/",
        "http://a:80b/",
        "redis://u:12/3@host",
        "http://-a/",
        "http://a..b/",
        "http://a:0/",
        "http://a:99999/",
        "spiffe://cluster.local/ns/x",
    ] {
        any(value);
    }
}

#[test]
fn variables_that_touch_a_host_are_marked() {
    for value in [
        "http://${HOST}:80",
        "http://$(HOST).data.svc/x",
        "http://redis-${ENV}/x",
        "http://${PRE}redis/x",
        "http://redis${SUFFIX}",
        "http://{{ .Values.host }}/",
        "http://$HOST/x",
        "http://{host}/x",
        "redis-${N}:6379",
        "gitserver-%d:3178",
        "http://web-%s.data/",
        "http://<host>:80/",
    ] {
        let tokens = scan(value, Place::Value(&["DB_HOST"]));
        assert!(!tokens.is_empty() && tokens.iter().all(|token| token.variable), "{value}: {tokens:?}");
    }
    assert!(scan("http://$host$uri", Place::Value(&["x"])).iter().all(|token| token.variable));
}

#[test]
fn host_and_port_count_anywhere_but_under_keys_of_other_things() {
    assert_eq!(any("«redis»:6379"), [(Form::HostPort, Some(6379), false, Role::Connection)]);
    any("«a.b»:80,«c»:81");
    any("«a»:80;«c»:81");
    any(" «a»:80 «c»:81 ");
    any("[\"«a»:80\", \"«c»:81\"]");
    any("«minio»:9000/bucket");
    any("«memcached»:11211:1");
    any("tcp:«db»:3306");
    any("dns+«thanos-store.monitoring.svc»:10901");
    any("«redis»:6379,password=x,ssl=False");
    any("user:pw@«db»:5432");
    any("«a»:${PORT}");
    any("etcd-0=http://«etcd-0.etcd»:2380,etcd-1=http://«etcd-1.etcd»:2380");
    any("node1=«redis»:6379");
    for value in [
        "redis:7",
        "redis",
        "10:30",
        "12:30:45",
        "a:b",
        "the redis:6379 is up",
        "foo/bar:80:x",
        "image=redis:6379",
        "x:80x",
        "redis:",
        ":6379",
        "C:/x",
        "a@b.example:80@c",
    ] {
        any(value);
    }
    check("redis:6379", Place::Value(&["image"]));
    check("redis:6379", Place::Value(&["description"]));
    check("http://redis:6379", Place::Value(&["description"]));
    check("http://«redis»:6379", Place::Value(&["image"]));
}

#[test]
fn bare_words_count_only_under_keys_that_name_hosts() {
    assert_eq!(host("«redis»"), [(Form::Word, None, false, Role::Connection)]);
    host("«redis.data.svc.cluster.local»");
    host("«a»,«b»");
    host("«10.0.0.1»");
    host("«web.data.svc»/path");
    for value in
        ["", " ", "true story", "a/b", "3306", "$", "-", "redis or kafka", "a,b/c", "ENC[AES256_GCM,data:x]"]
    {
        host(value);
    }
    hosts("«a» «b»:9092");
    hosts("«a»\t«b»\n");
    any("redis");
}

#[test]
fn under_some_keys_a_word_needs_a_dot() {
    check("redis", Place::Value(&["CELERY_BROKER"]));
    check("«redis.data»", Place::Value(&["CELERY_BROKER"]));
    check("«redis»:6379", Place::Value(&["CELERY_BROKER"]));
}

#[test]
fn roles_come_from_the_keys() {
    let role = |key: &str, value: &str| scan(value, Place::Value(&[key])).first().map(|token| token.role);
    assert_eq!(role("OIDC_ISSUER", "http://keycloak/x"), Some(Role::Identity));
    assert_eq!(role("NO_PROXY", "a.b:80"), Some(Role::Listing));
    assert_eq!(role("HOST_WHITELIST", "sabnzbd:80, sabnzbd.media:80"), Some(Role::Listing));
    assert_eq!(role("REDIS_URL", "redis://redis"), Some(Role::Connection));
    let literal = scan("a.b:80\nc.d:80\n", Place::Value(&["ALLOWED_HOSTS"]));
    assert!(literal.len() == 2 && literal.iter().all(|token| token.role == Role::Listing));
}

#[test]
fn connection_strings() {
    assert_eq!(any("host=«pg» port=5432 user=x"), [(Form::Dsn, None, false, Role::Connection)]);
    assert_eq!(
        any("host=«a»,«b» port=1,2 sslmode=verify-full"),
        [(Form::Dsn, None, true, Role::Connection), (Form::Dsn, None, true, Role::Connection)]
    );
    assert_eq!(any("Server=tcp:«db»,1433;Database=x"), [(Form::Dsn, Some(1433), false, Role::Connection)]);
    any("Server=«db»\\SQL;Database=x");
    any("Data Source=«db»;User Id=x");
    any("Host=«pg.data»;Port=5432;Password=a b;c");
    any("user=x host='«pg»' dbname=y");
    check("host=«pg»", Place::Value(&["PG_DSN"]));
    for value in ["host=pg", "a=b c=d", "host= port=1", "server=${X};database=y", "host=a b=c/d host=e f"] {
        let expected = if value.ends_with("e f") { "host=«a» b=c/d host=«e» f" } else { value };
        any(expected);
    }
}

#[test]
fn jdbc_without_authority_descriptors_and_go() {
    assert_eq!(any("jdbc:oracle:thin:@«db»:1521:sid"), [(Form::Opaque, Some(1521), false, Role::Connection)]);
    any("jdbc:oracle:thin:user/pw@«db»:1521/svc");
    any("jdbc:oracle:thin:@//«db»:1521/svc");
    any("jdbc:sqlserver://«db»:1433;databaseName=x;encrypt=false");
    any("jdbc:sqlserver://;serverName=«db»;databaseName=x");
    any("jdbc:sybase:Tds:«db»:5000/x");
    any("jdbc:mysql://«db»/x?useSSL=false");
    assert_eq!(
        any("(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST = «db»)(PORT=1521))(CONNECT_DATA=(SID=x)))"),
        [(Form::Descriptor, None, false, Role::Connection)]
    );
    assert_eq!(
        any("user:pw@tcp(«db»:3306)/name?x=y"),
        [(Form::Network, Some(3306), false, Role::Connection)]
    );
    any("user:pw@unix(/run/x.sock)/name");
}

#[test]
fn names_looked_up_by_srv_keep_their_labels() {
    assert_eq!(any("dnssrv+_grpc._tcp.«store.data»:10901")[0].0, Form::Srv);
    assert_eq!(any("mongodb+srv://u:p@«mongo»/x")[0].0, Form::Srv);
    host("_ldap._tcp.«ad»");
}

#[test]
fn arguments_by_flag_pair_and_script() {
    let show = |words: &[&str]| -> Vec<(usize, String)> {
        let found = scan_arguments(words);
        found
            .iter()
            .flat_map(|word| {
                word.tokens
                    .iter()
                    .filter(|token| !token.variable)
                    .map(|token| (word.index, token.host.to_owned()))
            })
            .collect()
    };
    let one = |index: usize, host: &str| vec![(index, host.to_owned())];
    assert_eq!(show(&["--db-host=pg", "-v"]), one(0, "pg"));
    assert_eq!(show(&["--db-host", "pg"]), one(1, "pg"));
    assert_eq!(show(&["--name", "pg"]), []);
    assert_eq!(show(&["--image=redis:6379", "redis:6380"]), one(1, "redis"));
    assert_eq!(show(&["vaultwarden-postgresql:5432", "-t", "30"]), one(0, "vaultwarden-postgresql"));
    assert_eq!(show(&["-Dspring.redis.host=redis"]), one(0, "redis"));
    assert_eq!(show(&["--host", "http://front-end"]), one(1, "front-end"));
    assert_eq!(show(&["sh", "-c", "until nc -z redis:6379; do sleep 1; done"]), one(2, "redis"));
    assert_eq!(
        show(&["/bin/bash", "-ec", "ping redis; curl -s http://web:80/x | grep host=redis"]),
        one(2, "web")
    );
    assert_eq!(show(&["psql", "host=pg dbname=x user=y"]), []);
    assert_eq!(show(&["--cluster.peers=thanos-peers.default.svc:10900"]), one(0, "thanos-peers.default.svc"));
    assert_eq!(show(&["# see redis:6379\nX=redis:6379 run --image=web:80 ${H}:80\n"]), one(0, "redis"));
    assert_eq!(show(&["sh", "-c", "export PGHOST=pg\nHOST=pg\nexport X=pg"]), one(2, "pg"));
    assert_eq!(show(&[]), []);
}

#[test]
fn a_protocol_before_a_host_in_a_script_is_not_the_host() {
    for value in ["socat - TCP:«redis»:6379", "er=tcp:«5tcp»:53", "er=tcp:«web.data»:53", "tcp:53"] {
        check(value, Place::Script);
    }
    for value in ["peer=tcp:«5tcp»:53,peer=tcp:«web»:53", "peer=dns+«web»:53"] {
        any(value);
    }
}

#[test]
fn long_and_odd_values_do_not_hurt() {
    let long = "a,".repeat(20_000);
    assert!(scan(&long, Place::Value(&["SETTING"])).is_empty());
    let many = "http://a:80,".repeat(2_000);
    assert_eq!(scan(&many, Place::Value(&["SETTING"])).len(), 2_000);
    for value in [
        "://",
        "é://é",
        "http://é/",
        "ＵＲＬ：http://a,é:80",
        "\u{feff}http://a",
        "jdbc:oracle:thin:@",
        "(host=",
        "tcp(",
        "host=\u{e9};a=b",
    ] {
        for place in
            [Place::Value(&["HOST"]), Place::File("x"), Place::Script, Place::Argument(Some("--host"))]
        {
            let _ = scan(value, place);
        }
    }
}
