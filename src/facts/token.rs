//! What a registry wants to see before it answers: nothing, basic credentials, or a token of its token service.

use std::time::{Duration, Instant};

use http_auth::parser::ChallengeParser;

use super::{
    address::Policy,
    credentials::Secret,
    transport::{Request, Transport, host_of, read_bounded},
    trouble::Trouble,
};

/// An `Authorization` header and how long it holds.
#[derive(Clone)]
pub(crate) struct Authorization {
    pub(crate) header: String,
    pub(crate) until: Instant,
}

impl std::fmt::Debug for Authorization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorization(hidden)")
    }
}

/// Whom the token is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    /// The registry, as images name it.
    pub(crate) registry: &'a str,
    /// The host that answers for it.
    pub(crate) host: &'a str,
    pub(crate) repository: &'a str,
}

/// Token services on another host than their registry that are known to be the same operator's.
const KNOWN_SERVICES: &[(&str, &str)] = &[
    ("registry-1.docker.io", "auth.docker.io"),
    ("registry.gitlab.com", "gitlab.com"),
    ("lscr.io", "ghcr.io"),
    ("docker.elastic.co", "docker-auth.elastic.co"),
];

const TOKEN_BYTES: u64 = 1 << 20;

/// Obtains what a registry asked for with its `WWW-Authenticate` header.
pub(crate) fn obtain(
    transport: &Transport,
    policy: &Policy,
    scope: Scope<'_>,
    challenge: &str,
    secret: &Secret,
) -> Result<Authorization, Trouble> {
    let refused = || Trouble::Unauthorized(scope.registry.to_owned(), reason(secret));
    match parse(challenge).ok_or_else(refused)? {
        Challenge::Basic => match secret {
            Secret::Basic(user, password) => Ok(Authorization {
                header: basic(user, password),
                until: Instant::now() + Duration::from_secs(24 * 3600),
            }),
            Secret::Anonymous(_) | Secret::IdentityToken(_) => Err(refused()),
        },
        Challenge::Bearer { realm, service } => {
            let service_host = host_of(&realm)?;
            let trusted = is_trusted(policy, scope, &service_host);
            let own = if trusted { secret.clone() } else { Secret::Anonymous(None) };
            let token = bearer(transport, scope, &realm, service, &own);
            if !trusted && !matches!(secret, Secret::Anonymous(_)) && token.is_err() {
                return Err(Trouble::ForeignTokenService(scope.registry.to_owned(), service_host));
            }
            token
        }
    }
}

fn reason(secret: &Secret) -> &'static str {
    match secret {
        Secret::Anonymous(Some(reason)) => reason,
        Secret::Anonymous(None) => " without credentials",
        Secret::Basic(..) | Secret::IdentityToken(_) => " with the stored credentials",
    }
}

fn is_trusted(policy: &Policy, scope: Scope<'_>, service: &str) -> bool {
    let named = |registry: &str| {
        policy
            .settings(registry)
            .is_some_and(|settings| settings.token_hosts.iter().any(|host| host == service))
    };
    service == scope.host
        || KNOWN_SERVICES.contains(&(scope.host, service))
        || named(scope.registry)
        || named(scope.host)
}

enum Challenge {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

fn parse(header: &str) -> Option<Challenge> {
    let challenges: Vec<_> = ChallengeParser::new(header).collect::<Result<_, _>>().ok()?;
    let bearer = challenges.iter().find(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer"));
    if let Some(bearer) = bearer {
        let param = |name: &str| {
            bearer
                .params
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.to_unescaped())
        };
        return Some(Challenge::Bearer { realm: param("realm")?, service: param("service") });
    }
    challenges
        .iter()
        .any(|challenge| challenge.scheme.eq_ignore_ascii_case("basic"))
        .then_some(Challenge::Basic)
}

fn bearer(
    transport: &Transport,
    scope: Scope<'_>,
    realm: &str,
    service: Option<String>,
    secret: &Secret,
) -> Result<Authorization, Trouble> {
    let mut request = Request { url: realm.to_owned(), ..Request::default() };
    // The scope is our own: a registry's word for it could ask for more than this repository.
    let fields = [("service", service), ("scope", Some(format!("repository:{}:pull", scope.repository)))];
    let fields = fields.into_iter().filter_map(|(name, value)| Some((name, value?)));
    match secret {
        Secret::IdentityToken(token) => {
            request.form.extend(fields);
            request.form.extend([
                ("grant_type", "refresh_token".to_owned()),
                ("refresh_token", token.clone()),
                ("client_id", "caulk".to_owned()),
            ]);
        }
        Secret::Basic(user, password) => {
            request.query.extend(fields);
            request.authorization = Some(basic(user, password));
        }
        Secret::Anonymous(_) => request.query.extend(fields),
    }
    let response = transport.send(&request)?;
    let host = host_of(realm)?;
    match response.status().as_u16() {
        200 => {}
        401 | 403 => return Err(Trouble::Unauthorized(scope.registry.to_owned(), reason(secret))),
        status => return Err(Trouble::Status(host, status)),
    }
    let bytes = read_bounded(response, &host, "the token", TOKEN_BYTES)?;
    let answer: serde_json::Value = serde_json::from_slice(&bytes).map_err(|error| malformed(&error))?;
    let field = |name: &str| answer.get(name).and_then(serde_json::Value::as_str);
    let token = field("token").or_else(|| field("access_token"));
    let token = token.filter(|token| token.bytes().all(|byte| (0x21..0x7f).contains(&byte)));
    let token = token.ok_or(Trouble::Malformed("the token", "it is missing".to_owned()))?;
    // The specification's default is 60 seconds; a little less, for the way.
    let expires = answer.get("expires_in").and_then(serde_json::Value::as_u64);
    let seconds = expires.unwrap_or(60).clamp(10, 3600) - 5;
    Ok(Authorization {
        header: format!("Bearer {token}"),
        until: Instant::now() + Duration::from_secs(seconds),
    })
}

fn malformed(error: &serde_json::Error) -> Trouble {
    Trouble::Malformed("the token", error.to_string())
}

fn basic(user: &str, password: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let header = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull""#;
        let Some(Challenge::Bearer { realm, service }) = parse(header) else {
            panic!("it is a bearer challenge")
        };
        assert_eq!(
            (realm.as_str(), service.as_deref()),
            ("https://auth.docker.io/token", Some("registry.docker.io"))
        );
        assert!(matches!(parse("Basic realm=\"x\""), Some(Challenge::Basic)));
        assert!(parse("Negotiate").is_none());
        assert!(parse("Bearer").is_none());
    }

    #[test]
    fn only_a_registrys_own_token_service_is_trusted() {
        let policy = Policy::default();
        let scope = |host| Scope { registry: "x", host, repository: "a" };
        assert!(is_trusted(&policy, scope("quay.io"), "quay.io"));
        assert!(is_trusted(&policy, scope("registry-1.docker.io"), "auth.docker.io"));
        assert!(!is_trusted(&policy, scope("acme.example"), "auth.docker.io"));
        assert!(!is_trusted(&policy, scope("acme.example"), "evil.example"));
    }
}
