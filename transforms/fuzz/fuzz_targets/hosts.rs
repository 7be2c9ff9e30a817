//! Any value in any place: what is found lies inside it, and a replaced host is found again in its place.
#![no_main]

use caulk_transforms::hosts::{HostToken, Place, scan, scan_arguments};
use libfuzzer_sys::fuzz_target;

const FULL: &str = "web.data.svc.cluster.local";

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else { return };
    let Ok(value) = std::str::from_utf8(rest) else { return };
    let places = [
        Place::Value(&["DB_HOST"]),
        Place::Value(&["env", "KAFKA_BROKERS"]),
        Place::Value(&["SETTING"]),
        Place::Argument(None),
        Place::Argument(Some("--server")),
        Place::Script,
        Place::File("app.conf"),
        Place::File("app.json"),
    ];
    let place = places[usize::from(*first) % places.len()];
    check(value, place);
    let words: Vec<&str> = value.split('\0').collect();
    for argument in scan_arguments(&words) {
        well_formed(words[argument.index], &argument.tokens);
    }
});

fn check(value: &str, place: Place<'_>) {
    let tokens = scan(value, place);
    well_formed(value, &tokens);
    for token in tokens.iter().filter(|token| !token.variable).take(8) {
        let changed = [&value[..token.range.start], FULL, &value[token.range.end..]].concat();
        let again = scan(&changed, place);
        let new = again.iter().find(|new| new.range.start == token.range.start);
        assert!(new.is_some_and(|new| new.host == FULL && !new.variable), "{changed:?} {token:?} {again:?}");
    }
}

fn well_formed(value: &str, tokens: &[HostToken<'_>]) {
    let mut end = 0;
    for token in tokens {
        assert!(token.range.start >= end && token.range.start < token.range.end);
        assert_eq!(value.get(token.range.clone()), Some(token.host));
        end = token.range.end;
    }
}
