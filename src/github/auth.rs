//! Who caulk is towards GitHub. Tokens are kept as secrets: they are in no error, no debug output and no process list.

use std::{
    env, fs,
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use octocrab::{AuthState, auth::AppAuth, models::AppId};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::Error;
use crate::{net::transport, program::on_path};

/// Credentials for GitHub.
#[derive(Clone)]
pub enum Credentials {
    /// None at all: public repositories can be read, slowly.
    Anonymous,
    /// A token of any kind.
    Token(SecretString),
    /// A GitHub App; its installation is found by the repository.
    App(AppAuth),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Token(_) => "Token(hidden)",
            Self::App(_) => "App(hidden)",
        })
    }
}

/// How long `gh` may take; it may want to ask a person.
const GH_TIME: Duration = Duration::from_secs(10);

/// A token or a key is never larger.
const MAX_BYTES: u64 = 64 << 10;

impl Credentials {
    /// Takes a token from the environment, or else from `gh` where it is logged in to the host.
    #[must_use]
    pub fn find(host: &str) -> Self {
        Self::find_named(host).0
    }

    /// As [`Credentials::find`], and tells where the token was found.
    ///
    /// A token of the environment goes to the host that it is for, and to no other: `GITHUB_TOKEN` and `GH_TOKEN` are
    /// github.com's, unless the environment names another server by `GITHUB_API_URL`, as its own workflows do, or nothing
    /// but the user's side names one.
    #[must_use]
    pub fn find_named(host: &str) -> (Self, Option<&'static str>) {
        let named = env::var("GITHUB_API_URL").ok().filter(|url| !url.trim().is_empty());
        let named = named.and_then(|url| transport::host_of(url.trim()).ok());
        let names = variables(host, named.as_deref());
        let value = |name: &&'static str| env::var(name).ok().filter(|value| !value.trim().is_empty());
        let stated = names.iter().find_map(|name| Some((value(name)?, *name)));
        let found = stated.or_else(|| Some((gh(host)?, "gh")));
        match found {
            Some((token, name)) => (Self::Token(SecretString::from(token.trim().to_owned())), Some(name)),
            None => (Self::Anonymous, None),
        }
    }

    /// Returns the kind of the token, as far as its first letters tell.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        let token = match self {
            Self::Anonymous => return TokenKind::None,
            Self::App(_) => return TokenKind::App,
            Self::Token(token) => token.expose_secret(),
        };
        let kinds = [
            ("github_pat_", TokenKind::FineGrained),
            ("ghs_", TokenKind::Installation),
            ("ghp_", TokenKind::Classic),
            ("gho_", TokenKind::Classic),
        ];
        kinds.iter().find(|(front, _)| token.starts_with(front)).map_or(TokenKind::Other, |(_, kind)| *kind)
    }

    /// Reads a token, as a file or a pipe holds it.
    ///
    /// # Errors
    /// If there is none.
    pub fn token_file(path: &Path) -> Result<Self, Error> {
        let text = read(path)?;
        let token = text.expose_secret().trim();
        if token.is_empty() || token.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(Error::Credentials(format!("{} holds no token", path.display())));
        }
        Ok(Self::Token(SecretString::from(token.to_owned())))
    }

    /// Reads the private key of an App.
    ///
    /// # Errors
    /// If the file cannot be read or holds no RSA key in PEM form.
    pub fn app(id: u64, key: &Path) -> Result<Self, Error> {
        let pem = read(key)?;
        let key = octocrab::auth::EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes())
            .map_err(|_| Error::Credentials(format!("{} holds no RSA key in PEM form", key.display())))?;
        Ok(Self::App(AppAuth { app_id: AppId::from(id), key }))
    }

    pub(super) fn state(&self) -> AuthState {
        match self {
            Self::Anonymous => AuthState::None,
            Self::Token(token) => AuthState::AccessToken { token: token.clone() },
            Self::App(app) => AuthState::App(app.clone()),
        }
    }
}

/// What kind of token it is: what it may do is set in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenKind {
    /// None.
    #[default]
    None,
    /// It has scopes: a classic personal token, or one of `gh`.
    Classic,
    /// A personal token with permissions for single repositories.
    FineGrained,
    /// That of a workflow, or of an App where it is installed.
    Installation,
    /// The key of an App.
    App,
    /// One whose letters say nothing.
    Other,
}

/// Returns the variables whose token may go to the host. `named` is the host that the environment itself names.
fn variables(host: &str, named: Option<&str>) -> &'static [&'static str] {
    let is_github = |host: &str| host == "github.com" || host == "api.github.com";
    match named {
        // What is put into a workflow's environment is for the server that runs it.
        Some(named) if named == host && is_github(host) => &["GITHUB_TOKEN", "GH_TOKEN"],
        Some(named) if named == host => {
            &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"]
        }
        Some(_) if is_github(host) => &[],
        Some(_) => &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"],
        None if is_github(host) => &["GITHUB_TOKEN", "GH_TOKEN"],
        None => &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"],
    }
}

/// Tells whether the host is github.com or GitHub's cloud for enterprises.
pub(super) fn is_public(host: &str) -> bool {
    host == "github.com" || host == "api.github.com" || host.ends_with(".ghe.com")
}

fn read(path: &Path) -> Result<SecretString, Error> {
    let fail = |reason: String| Error::Credentials(format!("failed to read {}: {reason}", path.display()));
    let mut text = String::new();
    let file = fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| fail(error.to_string()))?;
    Ok(SecretString::from(text))
}

/// Asks `gh auth token`. The program is looked for on PATH alone, never in the folder that caulk runs in.
fn gh(host: &str) -> Option<String> {
    let program = on_path("gh")?;
    let site = host.strip_prefix("api.").filter(|_| is_public(host)).unwrap_or(host);
    let mut child = Command::new(program)
        .args(["auth", "token", "--hostname", site])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let read = output.take(MAX_BYTES).read_to_string(&mut text);
        // Nobody listens any more once the time is over.
        let _ = sender.send(read.map(|_| text).ok());
    });
    let deadline = Instant::now() + GH_TIME;
    let text = receiver.recv_timeout(GH_TIME).ok().flatten();
    while text.is_some() && Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return text.filter(|text| status.success() && !text.trim().is_empty()),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_to_the_host_that_it_is_for() {
        let has = |host: &str, named: Option<&str>| variables(host, named).contains(&"GITHUB_TOKEN");
        assert!(has("api.github.com", None) && has("api.github.com", Some("api.github.com")));
        assert!(has("git.acme.example", Some("git.acme.example")));
        // A workflow of github.com's that speaks to another server, and the other way round.
        assert!(!has("git.acme.example", Some("api.github.com")));
        assert!(variables("api.github.com", Some("git.acme.example")).is_empty());
        assert!(!variables("git.acme.example", Some("api.github.com")).contains(&"GH_TOKEN"));
        // The user's side alone names the server.
        assert!(has("git.acme.example", None));
        assert!(!variables("api.github.com", None).contains(&"GH_ENTERPRISE_TOKEN"));
    }

    #[test]
    fn the_first_letters_tell_the_kind() {
        let kind = |token: &str| Credentials::Token(SecretString::from(token.to_owned())).kind();
        assert_eq!(kind("ghp_x"), TokenKind::Classic);
        assert_eq!(kind("github_pat_x"), TokenKind::FineGrained);
        assert_eq!(kind("ghs_x"), TokenKind::Installation);
        assert_eq!(kind("0123456789abcdef"), TokenKind::Other);
        assert_eq!(Credentials::Anonymous.kind(), TokenKind::None);
    }

    #[test]
    fn debug_output_holds_no_token() {
        let credentials = Credentials::Token(SecretString::from("ghp_hunter2".to_owned()));
        assert_eq!(format!("{credentials:?}"), "Token(hidden)");
        assert!(!format!("{:?}", credentials.state()).contains("hunter2"));
    }
}
