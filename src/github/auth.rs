//! Who caulk is towards GitHub. Tokens are kept as secrets: they are in no error, no debug output and no process list.

use std::{
    env, fs,
    io::Read as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use octocrab::{AuthState, auth::AppAuth, models::AppId};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::Error;

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
        let enterprise = !is_public(host);
        let names: &[&str] = match enterprise {
            // A token for github.com is no business of another server, unless that server's own workflow set it.
            true => &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"],
            false => &["GITHUB_TOKEN", "GH_TOKEN"],
        };
        let stated =
            names.iter().filter_map(|name| env::var(name).ok()).find(|value| !value.trim().is_empty());
        let found = stated.or_else(|| gh(host));
        found.map_or(Self::Anonymous, |token| Self::Token(SecretString::from(token.trim().to_owned())))
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
    let site = if host == "api.github.com" { "github.com" } else { host };
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

fn on_path(name: &str) -> Option<PathBuf> {
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(&name))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_holds_no_token() {
        let credentials = Credentials::Token(SecretString::from("ghp_hunter2".to_owned()));
        assert_eq!(format!("{credentials:?}"), "Token(hidden)");
        assert!(!format!("{:?}", credentials.state()).contains("hunter2"));
    }
}
