//! What a key says about its value: whether it names a host, and whether as a connection.

mod tables;

use tables::{
    DOTTED, ENDINGS, HOST, HOSTS, IDENTITY, LISTING, MENTION, MENTIONED_LAST, NOT_ENDINGS, OTHER, OWN, PROSE,
    QUALIFIERS, SERVED_BELOW,
};

/// What kind of value a key announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A host: a bare word counts.
    Host,
    /// Several hosts: bare words with blanks between them count too.
    Hosts,
    /// Perhaps a host: a bare word counts if it has a dot (`BROKER: redis` names a driver as often).
    Dotted,
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
    /// Text that is shown, compared or kept: a namespace of XML, a label, what a shell prints.
    Mention,
}

impl Role {
    /// Tells why such a host is to be left alone, if it is no connection at all.
    #[must_use]
    pub const fn is_none(self) -> Option<&'static str> {
        match self {
            Self::Connection | Self::Identity => None,
            Self::Listing => Some("it is one of a list of names, not a connection"),
            Self::Mention => Some("it is text that is shown, compared or kept, not a connection"),
        }
    }
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

    /// Tells whether a bare word under this key may be a host.
    #[must_use]
    pub const fn names_hosts(self) -> bool {
        matches!(self.subject, Subject::Host | Subject::Hosts | Subject::Dotted)
    }
}

/// Returns what the keys that lead to a value say, the last one foremost.
#[must_use]
pub fn path(keys: &[&str]) -> Key {
    Key { subject: path_subject(keys), role: path_role(keys) }
}

/// Returns the first half of [`path`].
pub(super) fn path_subject(keys: &[&str]) -> Subject {
    keys.last().map_or(Subject::Any, |last| subject(&words(last)))
}

/// Returns the second half of [`path`], which only values with hosts need.
pub(super) fn path_role(keys: &[&str]) -> Role {
    let Some((last, above)) = keys.split_last() else { return Role::Connection };
    let own = role(&words(last));
    let served = |key: &&str| SERVED_BELOW.iter().any(|word| key.eq_ignore_ascii_case(word));
    if own == Role::Connection && above.iter().any(served) { Role::Listing } else { own }
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
    if one_of(word, DOTTED) {
        return Some(Subject::Dotted);
    }
    if one_of(word, NOT_ENDINGS) {
        return None;
    }
    let ending = ENDINGS.iter().find(|ending| ends_with(word, ending))?;
    Some(if ending.ends_with('s') { Subject::Hosts } else { Subject::Host })
}

fn role(words: &[&str]) -> Role {
    let holds = |table: &[&str]| table.iter().any(|phrase| holds_phrase(words, phrase));
    // The variable HOSTNAME is the pod's own name; `DB_HOSTNAME` is a host to connect to.
    let own_name = OWN.iter().any(|phrase| behind_phrase(words, phrase).is_some_and(<[_]>::is_empty));
    if holds(MENTION) || words.last().is_some_and(|last| one_of(last, MENTIONED_LAST)) {
        Role::Mention
    } else if holds(LISTING) {
        Role::Listing
    } else if own_name || holds(IDENTITY) {
        Role::Identity
    } else {
        Role::Connection
    }
}

/// Tells whether the words of a phrase stand one after the other.
fn holds_phrase(words: &[&str], phrase: &str) -> bool {
    (0..words.len()).any(|start| behind_phrase(&words[start..], phrase).is_some())
}

/// Returns the words that follow if the first ones are those of the phrase. Most keys differ in their first letter, and this
/// is asked some hundred times of each: nothing is split.
fn behind_phrase<'a>(words: &'a [&'a str], phrase: &str) -> Option<&'a [&'a str]> {
    let mut rest = phrase.as_bytes();
    for (number, word) in words.iter().enumerate() {
        let (part, tail) = rest.split_at_checked(word.len())?;
        if !part.eq_ignore_ascii_case(word.as_bytes()) {
            return None;
        }
        match tail.split_first() {
            None => return words.get(number + 1..),
            Some((b' ', tail)) => rest = tail,
            Some(_) => return None,
        }
    }
    None
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
mod tests;
