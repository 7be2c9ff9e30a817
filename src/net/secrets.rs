//! The secrets that this process has sent. A server, or a proxy in front of it, may send them back within its words, and what it
//! says is shown, kept and told in pull requests: so they are struck out where its words come in.

use std::sync::{Mutex, PoisonError};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};

/// What stands in the place of a secret.
const STRUCK: &str = "***";

/// Shorter ones are words, and would be struck out of sentences.
const SHORTEST: usize = 8;

static SENT: Mutex<Vec<SecretString>> = Mutex::new(Vec::new());

/// Keeps in mind what an `Authorization` header says: the credentials as sent, and the password within.
pub(crate) fn remember(authorization: &str) {
    let credentials = authorization.split_once(' ').map_or(authorization, |(_, rest)| rest).trim();
    keep(credentials);
    let pair = STANDARD.decode(credentials).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
        keep(password);
    }
}

/// Keeps a secret in mind.
pub(crate) fn keep(secret: &str) {
    let mut sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    if secret.len() >= SHORTEST && sent.iter().all(|known| known.expose_secret() != secret) {
        sent.push(SecretString::from(secret.to_owned()));
        // One may lie within another.
        sent.sort_by_key(|known| std::cmp::Reverse(known.expose_secret().len()));
    }
}

/// Strikes the secrets out of a server's words.
#[must_use]
pub(crate) fn struck(words: &str) -> String {
    let sent = SENT.lock().unwrap_or_else(PoisonError::into_inner);
    sent.iter().fold(words.to_owned(), |words, secret| words.replace(secret.expose_secret(), STRUCK))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_struck_out_in_every_form() {
        let pair = STANDARD.encode("x-access-token:ghp_of_the_secrets_test");
        remember("Bearer token-of-the-secrets-test");
        remember(&format!("Basic {pair}"));
        remember("Bearer word");
        let words = format!("bad Bearer token-of-the-secrets-test, {pair}, ghp_of_the_secrets_test, word");
        assert_eq!(struck(&words), "bad Bearer ***, ***, ***, word");
    }
}
