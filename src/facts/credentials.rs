//! The user's credentials for registries, as Docker and podman keep them.

use std::{
    collections::BTreeSet,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use docker_credential::{CredentialRetrievalError, DockerCredential};
use serde_json::Value;

/// Credentials for one registry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Secret {
    /// There are none; with the reason if there should be some.
    Anonymous(Option<&'static str>),
    Basic(String, String),
    /// A refresh token, which the token service turns into an access token.
    IdentityToken(String),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous(_) => "Anonymous",
            Self::Basic(..) => "Basic(hidden)",
            Self::IdentityToken(_) => "IdentityToken(hidden)",
        })
    }
}

/// The configuration files that hold credentials, in the order in which they are asked.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    files: Vec<Value>,
}

/// How long a credential helper may take. Some wait for a person.
const HELPER_TIME: Duration = Duration::from_secs(10);
/// A configuration file or a helper's answer is never larger.
const MAX_BYTES: u64 = 4 << 20;
/// The name under which Docker keeps the credentials of Docker Hub.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

impl Credentials {
    /// Reads the configuration files of Docker and podman that are there.
    pub(crate) fn load() -> Self {
        Self { files: places().iter().filter_map(|path| read(path)).collect() }
    }

    /// Returns the registries for which something is stored, as images name them.
    pub(crate) fn registries(&self) -> BTreeSet<String> {
        let keys = self.files.iter().flat_map(|file| {
            ["auths", "credHelpers"].into_iter().filter_map(|key| file.get(key)?.as_object())
        });
        keys.flat_map(|map| map.keys()).map(|key| registry_of(key)).filter(|host| !host.is_empty()).collect()
    }

    /// Returns the credentials for a registry.
    pub(crate) fn get(&self, registry: &str) -> Secret {
        let mut reason = None;
        for file in &self.files {
            match from_file(file, registry) {
                Ok(Some(secret)) => return secret,
                Ok(None) => {}
                Err(why) => reason = Some(why),
            }
        }
        Secret::Anonymous(reason)
    }
}

fn places() -> Vec<PathBuf> {
    let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = var("HOME").or_else(|| var("USERPROFILE"));
    let docker = var("DOCKER_CONFIG").or_else(|| home.as_ref().map(|home| home.join(".docker")));
    let podman = var("REGISTRY_AUTH_FILE").or_else(|| {
        let runtime = var("XDG_RUNTIME_DIR")
            .map(|folder| folder.join("containers/auth.json"))
            .filter(|path| path.is_file());
        runtime.or_else(|| home.map(|home| home.join(".config/containers/auth.json")))
    });
    docker.map(|folder| folder.join("config.json")).into_iter().chain(podman).collect()
}

fn read(path: &Path) -> Option<Value> {
    let file = std::fs::File::open(path).ok()?;
    serde_json::from_reader(file.take(MAX_BYTES)).ok()
}

/// `https://index.docker.io/v1/` is Docker Hub; podman's keys may have a path behind the host.
fn registry_of(key: &str) -> String {
    let host = key.split_once("://").map_or(key, |(_, rest)| rest).split('/').next().unwrap_or_default();
    match host {
        "index.docker.io" | "registry-1.docker.io" => "docker.io".to_owned(),
        host => host.to_ascii_lowercase(),
    }
}

fn from_file(file: &Value, registry: &str) -> Result<Option<Secret>, &'static str> {
    // podman writes docker.io, Docker the address of its first index.
    let servers: &[&str] = if registry == "docker.io" { &[DOCKER_HUB, "docker.io"] } else { &[registry] };
    let helpers = file.get("credHelpers");
    let named = servers.iter().find_map(|server| Some((*server, helpers?.get(server)?.as_str()?)));
    if let Some((server, name)) = named {
        return ask_helper(name, server);
    }
    let stored = serde_json::json!({ "auths": file.get("auths").cloned().unwrap_or_default() }).to_string();
    for server in servers {
        match docker_credential::get_credential_from_reader(stored.as_bytes(), server) {
            Ok(DockerCredential::UsernamePassword(user, password)) => {
                return Ok(Some(Secret::Basic(user, password)));
            }
            Ok(DockerCredential::IdentityToken(token)) => return Ok(Some(Secret::IdentityToken(token))),
            Err(CredentialRetrievalError::NoCredentialConfigured) => {}
            Err(_) => return Err("; its stored credentials are malformed"),
        }
    }
    match file.get("credsStore").and_then(Value::as_str) {
        Some(name) => ask_helper(name, servers.first().copied().unwrap_or(registry)),
        None => Ok(None),
    }
}

/// Runs `docker-credential-NAME get`. The library that reads the files would wait for it without end.
fn ask_helper(name: &str, server: &str) -> Result<Option<Secret>, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("; its credential helper has no proper name");
    }
    let mut child = Command::new(format!("docker-credential-{name}"))
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|_| "; its credential helper could not be started")?;
    if let Some(mut input) = child.stdin.take() {
        // A helper that does not read has its own reason, which its answer tells.
        let _ = input.write_all(server.as_bytes());
    }
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = output.take(MAX_BYTES).read_to_string(&mut text);
            // Nobody listens any more once the time is over.
            let _ = sender.send(read.map(|_| text).unwrap_or_default());
        });
    }
    let deadline = Instant::now() + HELPER_TIME;
    let output = receiver.recv_timeout(HELPER_TIME);
    while output.is_ok() && Instant::now() < deadline {
        match child.try_wait() {
            Ok(Some(status)) => return answer(&output.unwrap_or_default(), status.success()),
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    Err("; its credential helper did not answer in time")
}

fn answer(text: &str, success: bool) -> Result<Option<Secret>, &'static str> {
    if !success {
        // Source: the protocol of docker-credential-helpers.
        return if text.contains("credentials not found") {
            Ok(None)
        } else {
            Err("; its credential helper failed")
        };
    }
    let answer: Value =
        serde_json::from_str(text).map_err(|_| "; its credential helper gave a malformed answer")?;
    let field = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (user, secret) = (field("Username"), field("Secret"));
    Ok(match user.as_str() {
        _ if secret.is_empty() => None,
        "<token>" => Some(Secret::IdentityToken(secret)),
        _ => Some(Secret::Basic(user, secret)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(json: &str) -> Credentials {
        Credentials { files: vec![serde_json::from_str(json).expect("valid JSON")] }
    }

    #[test]
    fn stored_credentials_are_for_their_own_host_only() {
        // user:word
        let stored = credentials(
            r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcjp3b3Jk"},"Acme.example:5000/team":{"auth":"dXNlcjp3b3Jk"},"ghcr.io":{"identitytoken":"t"}}}"#,
        );
        let basic = Secret::Basic("user".to_owned(), "word".to_owned());
        assert_eq!(stored.get("docker.io"), basic);
        assert_eq!(stored.get("ghcr.io"), Secret::IdentityToken("t".to_owned()));
        assert_eq!(stored.get("evil.example"), Secret::Anonymous(None));
        assert_eq!(stored.get("example:5000"), Secret::Anonymous(None));
        let hosts: Vec<String> = stored.registries().into_iter().collect();
        assert_eq!(hosts, ["acme.example:5000", "docker.io", "ghcr.io"]);
    }

    #[test]
    fn a_helper_with_a_path_for_a_name_is_never_started() {
        let stored = credentials(r#"{"credHelpers":{"ghcr.io":"../../bin/sh"},"credsStore":"a b"}"#);
        assert_eq!(
            stored.get("ghcr.io"),
            Secret::Anonymous(Some("; its credential helper has no proper name"))
        );
        assert_eq!(
            stored.get("quay.io"),
            Secret::Anonymous(Some("; its credential helper has no proper name"))
        );
        assert!(!format!("{:?}", Secret::Basic("user".into(), "word".into())).contains("word"));
    }

    #[test]
    fn answers_of_helpers_are_told_apart() {
        let token = answer(r#"{"ServerURL":"a","Username":"<token>","Secret":"t"}"#, true);
        assert_eq!(token, Ok(Some(Secret::IdentityToken("t".to_owned()))));
        assert_eq!(answer("credentials not found in native keychain", false), Ok(None));
        assert!(answer("locked", false).is_err());
        assert!(answer("{", true).is_err());
    }
}
