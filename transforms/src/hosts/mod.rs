//! Host names in values: where a connection's host stands, byte for byte, and what the name says.
//!
//! [`scan`] finds the hosts of one value. It reads URLs, `host:port`, lists, DSNs and JDBC strings wherever
//! they are unmistakable, and a bare word only under a key that names a host ([`key`]). Embedded files are read line by
//! line ([`file`](Place::File)). It never decides whether a host is a Service: that is the rule's part.
//!
//! Architecture invariant: a range covers the host and nothing else, so that replacing it leaves every other byte.

mod endpoint;
mod file;
mod forms;
pub mod key;
mod lex;
mod list;
pub mod name;
mod script;
mod url;

use std::ops::Range;

pub use key::{Key, Role, Subject};
pub use name::{ClusterName, Suffix};
pub use script::{Argument, scan_arguments};

/// The shape in which a host was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// The authority of a URL: `scheme://user:pw@HOST:port/path`.
    Url,
    /// `HOST:port`, alone or in a list.
    HostPort,
    /// A bare word under a key that names a host.
    Word,
    /// `host=HOST` of a connection string.
    Dsn,
    /// `jdbc:oracle:thin:@HOST:port:sid` and its like.
    Opaque,
    /// `(HOST = HOST)` of an Oracle net descriptor.
    Descriptor,
    /// `user:pw@tcp(HOST:port)/db`, as Go's MySQL driver has it.
    Network,
    /// A name that is looked up by SRV records: `dnssrv+_grpc._tcp.HOST`, `mongodb+srv://HOST`.
    Srv,
}

impl<'a> Place<'a> {
    /// Returns the place of an entry of a ConfigMap or Secret: a file if its name or its lines say so, else a setting.
    #[must_use]
    pub fn data(name: &'a &'a str, value: &str) -> Self {
        if is_embedded_file(value) || file::is_file_name(name) {
            Self::File(name)
        } else {
            Self::Value(std::slice::from_ref(name))
        }
    }
}

impl Form {
    /// All forms, in the order in which they are tried.
    pub const ALL: [Self; 8] = [
        Self::Url,
        Self::Srv,
        Self::Opaque,
        Self::Descriptor,
        Self::Network,
        Self::Dsn,
        Self::HostPort,
        Self::Word,
    ];
}

/// One host in a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostToken<'a> {
    /// The bytes of the value that are the host.
    pub range: Range<usize>,
    /// The host as it is written.
    pub host: &'a str,
    /// The shape around it.
    pub form: Form,
    /// The URL's scheme, as written.
    pub scheme: Option<&'a str>,
    /// The port that is written with the host.
    pub port: Option<u16>,
    /// The connection is encrypted and, as far as the value says, checks the host's name.
    pub tls: bool,
    /// The name of the nearest key: of the environment variable, the flag, or the line.
    pub key: Option<&'a str>,
    /// What the host is used for, as far as keys tell.
    pub role: Role,
    /// Some of the host, or what touches it, is a variable (`$(X)`, `${X}`, `{{ x }}`): it is never offered for a change.
    pub variable: bool,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The value of an environment variable, a setting, or an item of a list: the keys that lead there, outermost first.
    Value(&'a [&'a str]),
    /// A program's argument, with the flag in the word before it, if that was one.
    Argument(Option<&'a str>),
    /// A shell script: only URLs and `host:port` count.
    Script,
    /// A file that is embedded in a ConfigMap or Secret under this name.
    File(&'a str),
}

/// Finds the hosts of `value`, in the order in which they stand; their ranges do not overlap.
#[must_use]
pub fn scan<'a>(value: &'a str, place: Place<'a>) -> Vec<HostToken<'a>> {
    let mut found = Found::default();
    if !may_hold(value) {
        return Vec::new();
    }
    match place {
        Place::Value(keys) => {
            let text = Slice::whole(value);
            let name = keys.last().copied();
            let meaning = Key { subject: key::path_subject(keys), role: Role::Connection };
            if !is_embedded_file(value) {
                match file::is_json(value) {
                    true => file::scan(value, name.unwrap_or_default(), meaning, &mut found),
                    false => forms::scan(&text, meaning, name, &mut found),
                }
            } else if meaning.subject != Subject::Prose {
                file::scan(value, name.unwrap_or_default(), meaning, &mut found);
            }
            found.raise_roles(keys);
        }
        Place::Argument(flag) => script::scan_argument(value, flag, &mut found),
        Place::Script => script::scan_script(&Slice::whole(value), &mut found),
        Place::File(name) => file::scan(value, name, Key::ANY, &mut found),
    }
    found.finish()
}

/// Returns the names that the `upstream` blocks of nginx define in a text.
pub(crate) fn upstreams(text: &str) -> impl Iterator<Item = &str> {
    file::upstreams(text)
}

/// Tells whether a key is the directive of nginx that passes requests to a host or to an `upstream` block.
pub(crate) fn passes_to_upstreams(key: &str) -> bool {
    key.ends_with("_pass")
}

/// Tells cheaply whether a value can hold a host: many are numbers and truth values.
fn may_hold(value: &str) -> bool {
    let bytes = value.as_bytes();
    let mark = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b':' | b'=' | b'.');
    bytes.iter().any(mark) && !matches!(value, "true" | "false" | "null" | "none" | "None")
}

/// Tells whether a text of several lines is to be read line by line. A folded list ends in one newline only.
fn is_embedded_file(value: &str) -> bool {
    memchr::memchr(b'\n', value.trim_end().as_bytes()).is_some()
}

/// A part of a value, whose positions stay those of the whole value.
#[derive(Debug, Clone)]
struct Slice<'a> {
    text: &'a str,
    range: Range<usize>,
}

impl<'a> Slice<'a> {
    fn whole(text: &'a str) -> Self {
        Self { text, range: 0..text.len() }
    }

    fn part(&self, range: Range<usize>) -> Self {
        Self { text: self.text, range }
    }

    fn as_str(&self) -> &'a str {
        self.text.get(self.range.clone()).unwrap_or_default()
    }

    /// Returns the part without white space at its ends.
    fn trimmed(&self) -> Self {
        let text = self.as_str();
        let start = self.range.start + (text.len() - text.trim_start().len());
        self.part(start..start + text.trim().len())
    }
}

/// Collects tokens, and the stretches of text that they belong to, which no other form may read again.
#[derive(Debug, Default)]
struct Found<'a> {
    tokens: Vec<HostToken<'a>>,
    taken: Vec<Range<usize>>,
}

/// Whether keys are asked for the roles of hosts, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Roles {
    Unread,
    Read,
}

impl Roles {
    /// Returns what the keys that lead to a value say, the last one foremost.
    fn path(self, keys: &[&str]) -> Key {
        match self {
            Self::Unread => Key { subject: key::path_subject(keys), role: Role::Connection },
            Self::Read => key::path(keys),
        }
    }
}

impl<'a> Found<'a> {
    /// Reads a text without its keys' roles, and again with them if it has hosts: most have none, and nothing but their tokens
    /// depends on roles.
    fn with_roles_if_any<T>(&mut self, scan: impl Fn(&mut Self, Roles) -> T) -> T {
        let before = (self.tokens.len(), self.taken.len());
        let result = scan(self, Roles::Unread);
        if self.tokens.len() == before.0 {
            return result;
        }
        self.tokens.truncate(before.0);
        self.taken.truncate(before.1);
        scan(self, Roles::Read)
    }

    fn take(&mut self, range: Range<usize>) {
        self.taken.push(range);
    }

    fn is_taken(&self, range: &Range<usize>) -> bool {
        // The stretches of one line are few and lie at the end of the list.
        self.taken.iter().rev().take(256).any(|taken| taken.start < range.end && range.start < taken.end)
    }

    /// Gives the tokens from a number on a role, unless they have a stronger one.
    fn raise(&mut self, from: usize, role: impl Fn(&HostToken<'a>) -> Role) {
        for token in self.tokens.iter_mut().skip(from) {
            token.role = token.role.max(role(token));
        }
    }

    /// Gives all tokens the role that these keys tell, unless they have a stronger one.
    fn raise_roles(&mut self, keys: &[&str]) {
        if !self.tokens.is_empty() {
            let role = key::path_role(keys);
            self.tokens.iter_mut().for_each(|token| token.role = token.role.max(role));
        }
    }

    fn finish(mut self) -> Vec<HostToken<'a>> {
        self.tokens.sort_by_key(|token| (token.range.start, token.range.end));
        let mut end = 0;
        self.tokens.retain(|token| {
            let apart = token.range.start >= end;
            if apart {
                end = token.range.end;
            }
            apart
        });
        self.tokens
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;
