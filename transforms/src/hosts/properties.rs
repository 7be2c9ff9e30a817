//! Properties that hold for every value: what is not the host stays, and a replaced host is found again.

use proptest::prelude::*;

use super::{HostToken, Place, scan};

const FULL: &str = "web.data.svc.cluster.local";

fn places() -> impl Strategy<Value = Place<'static>> {
    prop_oneof![
        Just(Place::Value(&["DB_HOST"])),
        Just(Place::Value(&["env", "BROKERS"])),
        Just(Place::Value(&["SETTING"])),
        Just(Place::Argument(None)),
        Just(Place::Argument(Some("--server"))),
        Just(Place::Script),
        Just(Place::File("app.conf")),
        Just(Place::File("app.json")),
        Just(Place::File("run.sh")),
        Just(Place::File("x.xml")),
    ]
}

/// Text out of the pieces that the grammar turns on.
fn texts() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "://",
        "http",
        "redis",
        "a.b",
        ":80",
        ":",
        "//",
        "/",
        "@",
        ",",
        ";",
        " ",
        "\n",
        "\"",
        "'",
        "=",
        "host=",
        "Server=",
        "tcp:",
        "key: ",
        "- ",
        "server ",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "#",
        " # ",
        "\\",
        "é",
        "${X}",
        "$(Y)",
        "{{ z }}",
        "%s",
        "$",
        "jdbc:oracle:thin:@",
        "(HOST=",
        "tcp(",
        "_x._tcp.",
        ".",
        "-",
        "_",
        "7",
        "mongodb",
        "\t",
        "host",
        "url: ",
        "upstream u {",
        "proxy_pass ",
        "name: ",
        "value: ",
        "\"host\":",
        "dns+",
        "?x=",
        "&",
        "<",
        ">",
        "|",
        "\r\n",
        "\u{feff}",
        "resolver ",
        "1433",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..16).prop_map(|pieces| pieces.concat())
}

fn assert_well_formed(value: &str, tokens: &[HostToken<'_>]) {
    let mut end = 0;
    for token in tokens {
        assert!(token.range.start >= end, "tokens overlap: {value:?} {tokens:?}");
        assert!(!token.range.is_empty());
        assert_eq!(value.get(token.range.clone()), Some(token.host), "{value:?}");
        end = token.range.end;
    }
}

/// Replaces each host alone, and expects the new one in its place.
fn assert_replaceable(value: &str, place: Place<'_>) {
    for token in scan(value, place).iter().filter(|token| !token.variable) {
        let changed = [&value[..token.range.start], FULL, &value[token.range.end..]].concat();
        let start = token.range.start;
        let again = scan(&changed, place);
        let new = again.iter().find(|token| token.range.start == start);
        assert!(
            new.is_some_and(|new| new.host == FULL && !new.variable && new.form == token.form),
            "{place:?}\n{value:?}\n{changed:?}\n{token:?}\n{again:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_hosts_that_are_slices_of_it(value in any::<String>(), place in places()) {
        assert_well_formed(&value, &scan(&value, place));
    }

    #[test]
    fn a_replaced_host_is_found_again(value in texts(), place in places()) {
        assert_well_formed(&value, &scan(&value, place));
        assert_replaceable(&value, place);
    }

    #[test]
    fn every_form_finds_just_its_host(
        host in "[a-z][a-z0-9-]{0,8}[a-z0-9](\\.[a-z][a-z0-9]{1,6}){0,2}\\.?",
        port in 20_u16..,
        user in "[a-z0-9:]{0,8}",
        path in "(/[a-z0-9._-]{0,6}){0,3}",
        template in prop::sample::select(TEMPLATES),
    ) {
        let fill = |text: &str| {
            text.replace("~USER", &user).replace("~PORT", &port.to_string()).replace("~PATH", &path)
        };
        let (before, after) = template.split_once("~HOST").expect("a template");
        let (before, after) = (fill(before), fill(after));
        let value = format!("{before}{host}{after}");
        let tokens = scan(&value, Place::Value(&["DB_HOST"]));
        assert_well_formed(&value, &tokens);
        let tokens: Vec<_> = tokens.into_iter().filter(|token| !token.variable).collect();
        prop_assert_eq!(tokens.len(), 1, "{:?} {:?}", value, tokens);
        prop_assert_eq!(&tokens[0].range, &(before.len()..before.len() + host.len()));
    }
}

const TEMPLATES: &[&str] = &[
    "http://~HOST",
    "https://~HOST:~PORT~PATH",
    "postgresql://~USER@~HOST:~PORT~PATH?x=y",
    "redis://:${PW}@~HOST:~PORT",
    "jdbc:postgresql://~HOST:~PORT/x",
    "jdbc:oracle:thin:@~HOST:~PORT:sid",
    "jdbc:sqlserver://~HOST:~PORT;databaseName=x",
    "~USER@tcp(~HOST:~PORT)/x",
    "host=~HOST port=~PORT user=x",
    "Server=~HOST;Database=x",
    "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=~HOST)(PORT=~PORT)))",
    "~HOST:~PORT",
    "~HOST",
    "  ~HOST:~PORT~PATH ",
    "dns+~HOST:~PORT",
    "$(A),~HOST:~PORT",
];
