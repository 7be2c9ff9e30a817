//! docker-registry with its own token authentication: it believes the tokens that a service of ours signs.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use crate::{
    real,
    server::{Answer, Content, Request, Server},
    world::{World, compose, deployment, has, incident},
};

/// `user:word`.
const BASIC: &str = "Basic dXNlcjp3b3Jk";

/// Signs a token for one repository, as docker-registry's documentation of its token format says.
fn token(folder: &Path) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let certificate = fs::read_to_string(folder.join("token.pem")).expect("a certificate");
    let der: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let head = json!({"typ": "JWT", "alg": "RS256", "x5c": [der]});
    let claims = json!({"iss": "issuer", "sub": "user", "aud": "registry", "exp": now + 300, "nbf": now - 10, "iat": now, "jti": "1",
        "access": [{"type": "repository", "name": "team/server", "actions": ["pull", "push"]}]});
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(&claims));
    let mut signer = Command::new("openssl")
        .args(["dgst", "-sha256", "-sign"])
        .arg(folder.join("token.key"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl runs");
    signer.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("openssl reads");
    let signature = signer.wait_with_output().expect("openssl ends").stdout;
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// A token service that wants to see the user's name and password.
fn service(folder: PathBuf) -> Server {
    Server::with(
        Content::default(),
        Box::new(move |request: &Request, _| {
            let known = request.headers.get("authorization").is_some_and(|value| value == BASIC);
            if !known {
                return Some(Answer::status(401));
            }
            let body = json!({ "token": token(&folder), "expires_in": 300 }).to_string();
            Some(Answer::Whole(200, Vec::new(), body.into_bytes()).header("content-type", "application/json"))
        }),
    )
}

#[test]
fn a_registry_that_demands_tokens_is_read_with_those_of_its_service() {
    if !has("openssl") {
        return;
    }
    let keys = tempfile::tempdir().expect("a folder");
    let made = "req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.pem -days 2 -subj /CN=issuer";
    real::openssl(keys.path(), made);
    let tokens = service(keys.path().to_owned());
    let auth = |_: &Path| {
        format!(
            "auth:\n  token:\n    realm: http://{}/token\n    service: registry\n    issuer: issuer\n    rootcertbundle: {}\n",
            tokens.host,
            keys.path().join("token.pem").display()
        )
    };
    let Some(registry) = real::start_with(Some("user:word"), auth) else { return };
    let image = registry.push("team/server:v1", &incident());
    let world = World::new(&[("a.yaml", &deployment("a", &image)), ("compose.yaml", &compose(&[&image]))]);
    let pair = format!("{}={}", registry.host, tokens.host);
    let service = ["--insecure-registry", tokens.host.as_str(), "--token-host", &pair];
    let ran = world.online(&registry.host, &[&["--write"], &service[..]].concat());
    assert!(world.read("repo/a.yaml").contains("command: [\"server\"]"), "nobody is known: {ran:?}");
    let stored = format!(r#"{{"auths":{{"{}":{{"auth":"dXNlcjp3b3Jk"}}}}}}"#, registry.host);
    world.write("home/.docker/config.json", &stored);
    let ran = world.online(&registry.host, &[&["--write"], &service[..]].concat());
    assert!(world.read("repo/a.yaml").contains("args: [\"server\"]"), "{ran:?}");
    assert!(!format!("{ran:?}").contains("eyJ"), "no token is shown");
}
