//! The table of forms. Each reads what the ones before it left.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    Form, Found, Key, Slice, Subject,
    endpoint::{self, Context, Endpoint},
    key,
    lex::Port,
    list, url,
};

type Reader = for<'a> fn(&Slice<'a>, Key, Option<&'a str>, &mut Found<'a>);

/// How one form is read.
struct Row {
    reader: Reader,
    /// Whether it is unmistakable, so that it counts also where the key speaks of something else.
    unmistakable: bool,
}

/// The forms in the order in which they are tried.
const TABLE: &[Row] = &[
    Row { reader: url::scan, unmistakable: true },
    Row { reader: opaque, unmistakable: true },
    Row { reader: descriptors, unmistakable: true },
    Row { reader: networks, unmistakable: true },
    Row { reader: dsn, unmistakable: false },
    Row { reader: list::scan, unmistakable: false },
];

/// Adds the hosts of one value on one line, or of a list over several.
pub(super) fn scan<'a>(slice: &Slice<'a>, meaning: Key, name: Option<&'a str>, found: &mut Found<'a>) {
    if meaning.subject == Subject::Prose || slice.range.is_empty() {
        return;
    }
    for row in TABLE {
        if row.unmistakable || meaning.subject != Subject::Other {
            (row.reader)(slice, meaning, name, found);
        }
    }
}

/// JDBC strings without an authority, and what stands between them and the host.
const OPAQUE: &[(&str, bool)] =
    &[("jdbc:oracle:thin:", true), ("jdbc:oracle:oci:", true), ("jdbc:sybase:tds:", false)];

fn opaque<'a>(slice: &Slice<'a>, meaning: Key, key: Option<&'a str>, found: &mut Found<'a>) {
    static JDBC: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("jdbc:"));
    let text = slice.as_str();
    if JDBC.find(text.as_bytes()).is_none() {
        return;
    }
    for (prefix, at_sign) in OPAQUE {
        let Some(start) = find_ignoring_case(text, prefix) else { continue };
        let mut begin = start + prefix.len();
        if *at_sign {
            let word =
                text.get(begin..).unwrap_or_default().split(char::is_whitespace).next().unwrap_or_default();
            let Some(at) = word.rfind('@') else { continue };
            begin += at + 1;
        }
        let rest = text.get(begin..).unwrap_or_default();
        begin += if rest.starts_with("//") { 2 } else { 0 };
        let stretch = slice.range.start + start..slice.range.end;
        if found.is_taken(&stretch) || rest.starts_with('(') {
            continue;
        }
        if let Some(endpoint) = endpoint::read(slice.text, slice.range.start + begin, slice.range.end) {
            found.add(slice, &endpoint, Context::new(Form::Opaque, meaning, key));
            found.take(stretch);
        }
    }
}

/// `(ADDRESS=(PROTOCOL=TCP)(HOST=db)(PORT=1521))`.
fn descriptors<'a>(slice: &Slice<'a>, meaning: Key, key: Option<&'a str>, found: &mut Found<'a>) {
    bracketed(slice, "(host", b'=', Form::Descriptor, meaning, key, found);
}

/// `user:pw@tcp(db:3306)/name`.
fn networks<'a>(slice: &Slice<'a>, meaning: Key, key: Option<&'a str>, found: &mut Found<'a>) {
    bracketed(slice, "tcp(", b' ', Form::Network, meaning, key, found);
}

/// Reads an endpoint between `opening` (and `=` where that is the `mark`) and a closing bracket.
fn bracketed<'a>(
    slice: &Slice<'a>,
    opening: &str,
    mark: u8,
    form: Form,
    meaning: Key,
    key: Option<&'a str>,
    found: &mut Found<'a>,
) {
    let text = slice.as_str();
    if memchr::memchr(b'(', text.as_bytes()).is_none() {
        return;
    }
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| find_ignoring_case(rest, opening)) {
        from += at + opening.len();
        let rest = text.get(from..).unwrap_or_default();
        let inner = rest.trim_start_matches([' ', char::from(mark)]);
        if mark == b'=' && !rest.trim_start().starts_with('=') {
            continue;
        }
        let begin = slice.range.start + text.len() - inner.len();
        let Some(endpoint) = endpoint::read(slice.text, begin, slice.range.end) else { continue };
        if slice
            .text
            .get(endpoint.end..slice.range.end)
            .is_some_and(|rest| rest.trim_start().starts_with(')'))
        {
            let start = slice.range.start + from - opening.len();
            found.add(slice, &endpoint, Context::new(form, meaning, key));
            // Go's DSN is one word with the user before it, and none of it is a list.
            found.take(if form == Form::Network { slice.range.clone() } else { start..endpoint.end + 1 });
        }
    }
}

/// The keys of connection strings that name the host.
const DSN_HOST: &[&str] = &[
    "host",
    "hosts",
    "server",
    "servers",
    "data source",
    "datasource",
    "address",
    "addr",
    "network address",
    "servername",
    "hostname",
    "fallback_host",
];

/// `host=db port=5432 dbname=x`, `Server=tcp:db,1433;Database=x`.
fn dsn<'a>(slice: &Slice<'a>, meaning: Key, key: Option<&'a str>, found: &mut Found<'a>) {
    let text = slice.as_str();
    let pairs = memchr::memchr_iter(b'=', text.as_bytes()).count();
    if pairs == 0 || pairs == 1 && !is_dsn_key(key) {
        return;
    }
    let separator = |letter: char| if text.contains(';') { letter == ';' } else { letter.is_whitespace() };
    let tls = url::verifies(text);
    let mut start = slice.range.start;
    let mut hosts = Vec::new();
    for pair in text.split(separator) {
        let range = start..start + pair.len();
        start = range.end
            + text
                .get(range.end - slice.range.start..)
                .and_then(|rest| rest.chars().next())
                .map_or(0, char::len_utf8);
        let Some((name, _)) = pair.split_once('=') else { continue };
        let name_of = name.trim().trim_start_matches(['"', '\'']);
        if url::one_of(name_of, DSN_HOST) && !found.is_taken(&range) {
            hosts.extend(dsn_hosts(slice, range.start + name.len() + 1, range.end));
        }
    }
    if !hosts.is_empty() {
        let context = Context { tls, ..Context::new(Form::Dsn, meaning, key) };
        hosts.iter().for_each(|endpoint| found.add(slice, endpoint, context));
        found.take(slice.range.clone());
    }
}

fn is_dsn_key(name: Option<&str>) -> bool {
    name.is_some_and(|name| {
        let words = key::words(name);
        words.last().is_some_and(|word| url::one_of(word, &["dsn", "conninfo", "string", "connectionstring"]))
    })
}

/// Reads `tcp:db,1433`, `db\instance`, `'db'`, `a,b`: one or several endpoints.
fn dsn_hosts(slice: &Slice<'_>, start: usize, end: usize) -> Vec<Endpoint> {
    let value = slice.part(start..end).trimmed();
    let quotes = value.as_str().len() - value.as_str().trim_start_matches(['"', '\'']).len();
    let mut at = value.range.start + quotes;
    let rest = slice.text.get(at..value.range.end).unwrap_or_default();
    if rest.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("tcp:")) {
        at += 4;
    }
    let mut list = Vec::new();
    while let Some(endpoint) = endpoint::read(slice.text, at, value.range.end) {
        let next = slice.text.get(endpoint.end..value.range.end).unwrap_or_default();
        let comma = next.starts_with(',');
        if !(comma || next.is_empty() || next.starts_with(['"', '\'', '\\'])) {
            return Vec::new();
        }
        at = endpoint.end + 1;
        // SQL Server writes its port after a comma; a host has a letter.
        let number = slice.text.get(endpoint.host.clone()).is_some_and(|host| !super::lex::has_letter(host));
        if !number || list.is_empty() {
            list.push(endpoint);
        } else if let Some(last) = list.last_mut() {
            let port = slice.text.get(endpoint.host).and_then(|port| port.parse().ok());
            last.port = port.map_or(Port::None, Port::Number);
        }
        if !comma {
            break;
        }
    }
    list
}

/// Finds `needle`, which is ASCII and lower-case, in whatever case it is written.
pub(super) fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    let (first, len) = (*needle.as_bytes().first()?, needle.len());
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), text.as_bytes())
        .find(|at| text.get(*at..*at + len).is_some_and(|part| part.eq_ignore_ascii_case(needle)))
}
