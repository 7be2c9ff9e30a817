//! Configuration by lines: YAML, properties, INI, TOML, env files, nginx and its like. The lines tell the format.

use crate::hosts::{
    Form, Found, Key, Role, Roles, Slice, Subject,
    endpoint::{self, Context},
    forms, key,
    lex::Port,
    list,
};

/// Adds the hosts of every line.
pub(super) fn scan<'a>(slice: &Slice<'a>, base: Key, found: &mut Found<'a>) {
    let first = found.tokens.len();
    let mut open = Open { base, keys: Vec::new(), name: None, ssh: is_ssh(slice.as_str()) };
    for line in super::lines(slice) {
        read_line(&line, &mut open, found);
    }
    // `proxy_pass http://backend` means the file's own `upstream backend`, not a host.
    let own: Vec<&str> = upstreams(slice.as_str()).collect();
    let mut index = 0;
    found.tokens.retain(|token| {
        index += 1;
        index <= first || !own.contains(&token.host)
    });
}

/// The keys that a line stands below, by indentation.
struct Open<'a> {
    base: Key,
    keys: Vec<(usize, &'a str)>,
    /// The last `name: X` with its indentation, whose `value:` follows.
    name: Option<(usize, &'a str)>,
    /// The lines are those of ssh's client, whose `Host` is a name of its own.
    ssh: bool,
}

impl<'a> Open<'a> {
    /// Closes the keys that a line with this indentation does not stand below.
    fn close(&mut self, indent: usize, dash: bool) {
        let below = |key: usize| key < indent || key == indent && dash;
        while self.keys.last().is_some_and(|(key, _)| !below(*key)) {
            self.keys.pop();
        }
    }

    fn meaning(&self, last: Option<&'a str>, roles: Roles) -> Key {
        let keys: Vec<&str> = self.keys.iter().map(|(_, key)| *key).chain(last).collect();
        super::meaning_below(self.base, &keys, roles)
    }
}

fn read_line<'a>(line: &Slice<'a>, open: &mut Open<'a>, found: &mut Found<'a>) {
    let content = line.trimmed();
    let text = content.as_str();
    if text.is_empty()
        || text.starts_with(['#', ';', '!'])
        || ["//", "-- ", "--[", "%", "/*", "<!--", "\"\"\""].iter().any(|mark| text.starts_with(mark))
    {
        return;
    }
    let indent = content.range.start - line.range.start;
    let content = without_comment(&content);
    let (inner, dash) = without_dashes(&content);
    open.close(indent, dash);
    let first = found.tokens.len();
    read_content(line, &inner, dash, open, found);
    if let Some(role) = role_of_line(inner.as_str()) {
        found.raise(first, |_| role);
    }
}

/// Returns what the hosts of a line are, where its form tells.
fn role_of_line(text: &str) -> Option<Role> {
    let first = text.split([' ', '\t', '=', ':']).next().unwrap_or_default();
    let one_of = |table: &[&str]| table.iter().any(|known| first.eq_ignore_ascii_case(known));
    // `DNS.1 = web` in a request for a certificate; `.host = "web"` in a program that rewrites events.
    let numbered = first.split_once('.').is_some_and(|(kind, number)| {
        ["DNS", "URI", "IP", "email"].contains(&kind) && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let mentions = numbered
        || text.starts_with('.')
        || one_of(MENTIONS)
        || one_of(SQL) && text.contains(' ')
        // Fluent Bit sets fields so; nginx sets variables that requests are passed to.
        || first.eq_ignore_ascii_case("set") && !text.contains('$');
    if mentions {
        return Some(Role::Mention);
    }
    // `web:80 {` begins what is served under that name.
    let block =
        text.ends_with('{') && !text.contains(['=', '"']) && !one_of(DIRECTIVES) && !text.contains(": ");
    block.then_some(Role::Listing)
}

/// Directives that answer, compare, or write headers and logs.
const MENTIONS: &[&str] = &[
    "acl",
    "add",
    "add_header",
    "condition",
    "error_page",
    "errorloc",
    "header",
    "header_down",
    "header_up",
    "http-after-response",
    "http-check",
    "http-request",
    "http-response",
    "if",
    "label_keys",
    "log-format",
    "logformat",
    "match",
    "more_set_headers",
    "proxypassreverse",
    "redir",
    "redirect",
    "redirectmatch",
    "requestheader",
    "respond",
    "return",
    "rewrite",
    "rewritecond",
    "rewriterule",
    "server_name",
    "serveralias",
    "servername",
    "stats",
    "sub_filter",
    "use_backend",
    "valid_referers",
];

/// What statements of SQL begin with.
const SQL: &[&str] = &["insert", "update", "delete", "grant", "revoke", "alter", "select", "values"];

/// Tells whether lines are the configuration of ssh's client.
fn is_ssh(text: &str) -> bool {
    const WORDS: &[&str] =
        &["IdentityFile ", "HostName ", "ProxyJump ", "StrictHostKeyChecking ", "UserKnownHostsFile "];
    super::lines(&Slice::whole(text)).any(|line| {
        let line = line.trimmed();
        WORDS.iter().any(|word| line.as_str().starts_with(word))
    })
}

fn read_content<'a>(
    line: &Slice<'a>,
    inner: &Slice<'a>,
    dash: bool,
    open: &mut Open<'a>,
    found: &mut Found<'a>,
) {
    if let Some((name, value)) = pair(inner) {
        let indent = inner.range.start - line.range.start;
        return read_pair(indent, name, &value, open, found);
    }
    let open = &*open;
    found.with_roles_if_any(|found, roles| {
        if dash || !directive(inner, open, roles, found) {
            let name = open.keys.last().map(|(_, key)| *key);
            forms::scan(inner, open.meaning(None, roles), name, found);
        }
    });
}

fn read_pair<'a>(
    indent: usize,
    name: &'a str,
    value: &Slice<'a>,
    open: &mut Open<'a>,
    found: &mut Found<'a>,
) {
    let text = value.as_str();
    if name.eq_ignore_ascii_case("name") || name.eq_ignore_ascii_case("key") {
        open.name = Some((indent, text.trim_matches(['"', '\''])));
    }
    if opens(text) {
        open.close(indent, false);
        open.keys.push((indent, name));
        return;
    }
    let told = open.name.filter(|(at, _)| name == "value" && *at == indent);
    let name = told.map_or(name, |(_, told)| told);
    let first = found.tokens.len();
    found.with_roles_if_any(|found, roles| {
        forms::scan(value, open.meaning(Some(name), roles), Some(name), found);
    });
    if text.contains('{') {
        let before = |end: usize| text.get(..end - value.range.start).unwrap_or_default();
        found.raise(first, |token| role_in_flow(before(token.range.start)));
    }
}

/// Returns what the keys say that are open at the end of a text like `{cors: {origins: ["`.
fn role_in_flow(text: &str) -> Role {
    let mut open: Vec<&str> = Vec::new();
    let (mut last, mut start) = ("", 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '{' | '[' => open.push(std::mem::take(&mut last)),
            '}' | ']' => last = open.pop().map_or("", |_| ""),
            ',' => last = "",
            ':' | '=' if last.is_empty() => {
                last = text.get(start..at).unwrap_or_default().trim_matches(['"', '\'', ' ']);
            }
            _ => continue,
        }
        start = at + 1;
    }
    open.push(last);
    let keys: Vec<&str> = open.into_iter().filter(|key| !key.is_empty()).collect();
    // A list of origins stands below its key, which says so.
    key::path(&keys).role.max(keys.iter().map(|key| key::of(key).role).max().unwrap_or(Role::Connection))
}

/// Tells whether a key's value is what stands below it.
fn opens(value: &str) -> bool {
    matches!(value, "" | "[" | "{" | "|" | "|-" | "|+" | ">" | ">-" | ">+")
        || value.starts_with('&') && !value.contains(' ')
}

/// Cuts ` # comment` off, unless it is inside quotes.
fn without_comment<'a>(line: &Slice<'a>) -> Slice<'a> {
    let text = line.as_str();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(" #")) {
        let before = text.get(..from + at).unwrap_or_default();
        let closed = |quote: char| before.matches(quote).count() % 2 == 0;
        if closed('"') && closed('\'') {
            return line.part(line.range.start..line.range.start + from + at).trimmed();
        }
        from += at + 2;
    }
    line.clone()
}

/// Skips the dashes of list items.
fn without_dashes<'a>(line: &Slice<'a>) -> (Slice<'a>, bool) {
    let (mut rest, mut dash) = (line.clone(), false);
    while rest.as_str().starts_with("- ") || rest.as_str() == "-" {
        rest = rest.part(rest.range.start + 1..rest.range.end).trimmed();
        dash = true;
    }
    (rest, dash)
}

/// Splits `key: value`, `key = value`, `"key": value`, `export KEY=value`.
fn pair<'a>(line: &Slice<'a>) -> Option<(&'a str, Slice<'a>)> {
    let mut at = line.range.start;
    for word in ["export ", "ENV ", "ARG "] {
        at += if line.as_str().starts_with(word) { word.len() } else { 0 };
    }
    let rest = line.text.get(at..line.range.end)?;
    let quote = rest.chars().next().filter(|letter| matches!(letter, '"' | '\''));
    let inner = rest.get(usize::from(quote.is_some())..)?;
    let len = match quote {
        Some(quote) => inner.find(quote)?,
        None => inner.bytes().position(|byte| !is_key_byte(byte))?,
    };
    let name = inner.get(..len).filter(|name| !name.is_empty())?;
    let after = inner.get(len + usize::from(quote.is_some())..)?;
    let trimmed = after.trim_start();
    let value = match trimmed.strip_prefix(":=").or_else(|| trimmed.strip_prefix("=>")) {
        Some(value) => value,
        None => match (trimmed.strip_prefix('='), trimmed.strip_prefix(':')) {
            (Some(value), _) => value.strip_prefix('=').unwrap_or(value),
            (None, Some(value)) if value.is_empty() || value.starts_with([' ', '\t']) => value,
            _ => return None,
        },
    };
    let start = line.range.end - value.len();
    Some((name, line.part(start..line.range.end).trimmed()))
}

const fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/' | b'$' | b'@')
}

/// Directives whose arguments are hosts: nginx, HAProxy, Caddy, Redis, CoreDNS, Apache.
const DIRECTIVES: &[&str] = &[
    "proxy_pass",
    "fastcgi_pass",
    "uwsgi_pass",
    "scgi_pass",
    "grpc_pass",
    "memcached_pass",
    "reverse_proxy",
    "replicaof",
    "slaveof",
    "forward",
    "resolver",
    "balancermember",
    "php_fastcgi",
];

/// Others, whose URLs are connections.
const CONNECT: &[&str] = &[
    "proxypass",
    "proxypassmatch",
    "proxy",
    "set",
    "source",
    "curl",
    "wget",
    "exec",
    "load",
    "auth_url",
    "forward_auth",
];

/// Reads `proxy_pass http://host:80/;`, `server host:80 weight=2;`, `Host  loki`. Returns whether it was a directive.
fn directive<'a>(line: &Slice<'a>, open: &Open<'a>, roles: Roles, found: &mut Found<'a>) -> bool {
    let mut words = list::items(line);
    let Some(first) = words.next() else { return false };
    let name = first.as_str();
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        return false;
    }
    let Some(second) = words.next() else { return false };
    let own = roles.path(&[name]);
    let rest = line.part(first.range.end..line.range.end).trimmed();
    // URLs are unmistakable; what follows adds to them. A directive that nobody knows may do anything with them.
    let connects = DIRECTIVES.iter().chain(CONNECT).any(|known| name.eq_ignore_ascii_case(known));
    let unknown = if connects || own.names_hosts() { Role::Connection } else { Role::Identity };
    let meaning =
        Key { subject: Subject::Other, role: own.role.max(open.meaning(None, roles).role).max(unknown) };
    forms::scan(&rest, meaning, Some(name), found);
    if name.eq_ignore_ascii_case("server") {
        let nginx = line.as_str().ends_with([';', '}']);
        let host = if nginx { Some(second) } else { words.next() };
        host.into_iter().for_each(|host| add(&host, nginx, own, name, found));
    } else if DIRECTIVES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        let bare = ["replicaof", "slaveof", "resolver"].iter().any(|known| name.eq_ignore_ascii_case(known));
        std::iter::once(second).chain(words).for_each(|word| add(&word, bare, own, name, found));
    } else if own.names_hosts() && words.next().is_none() && !(open.ssh && name.eq_ignore_ascii_case("host"))
    {
        // Fluent Bit and others put nothing but blanks between a key and its value.
        forms::scan(&rest, own, Some(name), found);
    }
    true
}

fn add<'a>(word: &Slice<'a>, bare: bool, own: Key, name: &'a str, found: &mut Found<'a>) {
    if found.is_taken(&word.range) {
        return;
    }
    let Some(endpoint) = endpoint::read(word.text, word.range.start, word.range.end) else { return };
    let plain = endpoint.port == Port::None;
    let letter = word.text.get(endpoint.host.clone()).is_some_and(super::super::lex::has_letter);
    if endpoint.end == word.range.end && letter && (bare || !plain) {
        let form = if plain { Form::Word } else { Form::HostPort };
        found.add(word, &endpoint, Context::new(form, own, Some(name)));
        found.take(word.range.clone());
    }
}

/// Returns the names that nginx's `upstream` blocks define.
pub(in crate::hosts) fn upstreams(text: &str) -> impl Iterator<Item = &str> {
    memchr::memmem::find_iter(text.as_bytes(), "upstream ").filter_map(move |at| {
        let rest = text.get(at + "upstream ".len()..)?.trim_start();
        let (name, after) = rest.split_once([' ', '{', '\n', '\t'])?;
        let block = rest.as_bytes().get(name.len()) == Some(&b'{') || after.trim_start().starts_with('{');
        block.then_some(name)
    })
}
