//! A repository on a server, spoken to by git's own protocol over HTTP.
//!
//! libgit2 could do this, but sets its times, certificates and proxies for the whole process by calls that are not safe, asks
//! for credentials again and again, and follows what repositories configure. Here every request goes to the one
//! address that the user's side named, with the token for it and a bound on everything.

use std::{fmt, io::Read, time::Duration};

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use ureq::{
    Agent, Body,
    config::Config,
    http::{Response, Uri},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

use crate::net::secrets;

/// How a server is reached. All of it is the user's to say.
#[derive(Clone)]
pub struct Network {
    /// Certificates in PEM form that are trusted in place of the built-in ones.
    pub ca_bundle: Option<Vec<u8>>,
    /// The proxy; [`Network::default`] takes that of the environment.
    pub proxy: Option<ureq::Proxy>,
    /// Whether the server may be spoken to without TLS. Loopback always may.
    pub insecure: bool,
    /// How long to wait for a connection.
    pub connect: Duration,
    /// How long to wait for the next bytes.
    pub silence: Duration,
    /// How long a whole answer may take.
    pub transfer: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            ca_bundle: None,
            proxy: ureq::Proxy::try_from_env(),
            insecure: false,
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(60),
            transfer: Duration::from_secs(600),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A proxy's address may hold a password.
        f.debug_struct("Network").field("insecure", &self.insecure).finish_non_exhaustive()
    }
}

/// Why a server did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The token is missing, wrong, or may not do this. Many servers say "not found" in its place.
    #[error("{host} does not accept the credentials (HTTP {status}): check the token and what it may do")]
    Credentials {
        /// The server.
        host: String,
        /// 401 or 403.
        status: u16,
    },
    /// There is no such repository, or none that the token may see.
    #[error("{host} knows no repository of that name, or none that the token may see (HTTP 404)")]
    NotFound {
        /// The server.
        host: String,
    },
    /// The server limits requests, or has trouble of its own; later it may work.
    #[error("{host} answers with HTTP {status}")]
    Passing {
        /// The server.
        host: String,
        /// 429 or above 499.
        status: u16,
        /// What its `Retry-After` header says.
        retry_after: Option<Duration>,
    },
    /// The server sends elsewhere.
    #[error(
        "{host} redirects to {target}, and credentials go to no other place: name that one if it is right"
    )]
    Redirect {
        /// The server.
        host: String,
        /// Where it sends.
        target: String,
    },
    /// The server does not have the branch or commit, or has nothing at all.
    #[error("the repository has no {0}")]
    NoSuchRef(String),
    /// The server was waited for in vain.
    #[error("{host} does not answer in time")]
    Timeout {
        /// The server.
        host: String,
    },
    /// There is no connection to the server.
    #[error("{host} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        host: String,
        /// Why not.
        reason: String,
    },
    /// The pack is larger than may be.
    #[error("the repository sends more than {0} bytes")]
    TooLarge(u64),
}

/// A repository on a server.
pub struct Remote {
    agent: Agent,
    url: String,
    host: String,
    authorization: Option<SecretString>,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.url).finish_non_exhaustive()
    }
}

/// More bytes than these are no list of references.
pub(super) const LIST_BYTES: u64 = 64 << 20;

/// Some servers speak git only to programs of that name.
const USER_AGENT: &str = concat!("git/2.0 (caulk ", env!("CARGO_PKG_VERSION"), ")");

impl Remote {
    /// Names a repository: `https://host/owner/name`, with a token for that host alone.
    ///
    /// # Errors
    /// If the address is none, holds credentials, or would be spoken to without TLS; or if the CA bundle holds no certificate.
    pub fn new(url: &str, token: Option<&SecretString>, network: &Network) -> Result<Self> {
        let uri: Uri = url.parse().context("the address of the repository is malformed")?;
        let authority = uri.authority().context("the address of the repository names no host")?.as_str();
        if authority.contains('@') {
            bail!("the address of a repository may not hold credentials; give the token apart from it");
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if network.insecure || is_loopback(uri.host().unwrap_or_default()) => {}
            _ => bail!("{authority} would be spoken to without TLS; use an https address"),
        }
        if uri.query().is_some() {
            bail!("the address of a repository has no query");
        }
        let authorization = token.map(|token| {
            let pair = format!("x-access-token:{}", token.expose_secret());
            let header = format!("Basic {}", STANDARD.encode(pair));
            secrets::remember(&header);
            SecretString::from(header)
        });
        Ok(Self {
            agent: agent(network)?,
            host: authority.to_ascii_lowercase(),
            url: url.trim_end_matches('/').to_owned(),
            authorization,
        })
    }

    /// Returns the server's name, with its port if there is one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Asks what a service of the repository offers, following redirects within the server.
    pub(super) fn offer(&mut self, service: &str, version: &str) -> Result<impl Read + use<>> {
        const TAIL: &str = "/info/refs";
        let mut hops = 0;
        loop {
            let url = format!("{}{TAIL}?service={service}", self.url);
            let mut request = self.agent.get(&url).header("git-protocol", version);
            if let Some(authorization) = &self.authorization {
                request = request.header("authorization", authorization.expose_secret());
            }
            let response = request.call().map_err(|error| self.trouble(&error))?;
            if !response.status().is_redirection() {
                return self.answer(response, &format!("application/x-{service}-advertisement"));
            }
            let target = self.target(&response);
            let moved = self.moved(&target).filter(|_| hops < 3);
            let Some(moved) = moved else {
                return Err(Refusal::Redirect { host: self.host.clone(), target }.into());
            };
            self.url = moved;
            hops += 1;
        }
    }

    /// Sends a message to a service of the repository.
    pub(super) fn call(&self, service: &str, version: &str, message: &[u8]) -> Result<impl Read + use<>> {
        let url = format!("{}/{service}", self.url);
        let mut request = self
            .agent
            .post(&url)
            .header("git-protocol", version)
            .content_type(format!("application/x-{service}-request"))
            .header("accept", format!("application/x-{service}-result"));
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization.expose_secret());
        }
        let response = request.send(message).map_err(|error| self.trouble(&error))?;
        if response.status().is_redirection() {
            let target = self.target(&response);
            return Err(Refusal::Redirect { host: self.host.clone(), target }.into());
        }
        self.answer(response, &format!("application/x-{service}-result"))
    }

    fn answer(&self, response: Response<Body>, kind: &str) -> Result<impl Read + use<>> {
        let host = self.host.clone();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let refusal = match response.status().as_u16() {
            200 => None,
            status @ (401 | 403) => Some(Refusal::Credentials { host, status }),
            404 => Some(Refusal::NotFound { host }),
            status => {
                let seconds = header("retry-after").and_then(|text| text.trim().parse().ok());
                Some(Refusal::Passing { host, status, retry_after: seconds.map(Duration::from_secs) })
            }
        };
        if let Some(refusal) = refusal {
            return Err(refusal.into());
        }
        let found = header("content-type").unwrap_or_default();
        if found.split(';').next().unwrap_or_default().trim() != kind {
            bail!("{} does not answer in git's protocol: is that the address of a repository?", self.host);
        }
        Ok(response.into_body().into_with_config().limit(u64::MAX).reader())
    }

    fn target(&self, response: &Response<Body>) -> String {
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let location = location.unwrap_or("nowhere");
        if location.starts_with('/') && !location.starts_with("//") {
            let origin = self.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            return secrets::struck(&format!("{origin}{location}"));
        }
        // A query may hold anything, also a secret.
        secrets::struck(location.split('?').next().unwrap_or_default())
    }

    /// Returns where the repository is now, if that is on the same server.
    fn moved(&self, target: &str) -> Option<String> {
        let there: Uri = target.parse().ok()?;
        let here: Uri = self.url.parse().ok()?;
        let same = there.scheme() == here.scheme() && there.authority() == here.authority();
        let base = target.split('?').next()?.strip_suffix("/info/refs")?;
        (same && base != self.url).then(|| base.to_owned())
    }

    fn trouble(&self, error: &ureq::Error) -> anyhow::Error {
        match error {
            ureq::Error::Timeout(_) => Refusal::Timeout { host: self.host.clone() }.into(),
            other => Refusal::Unreachable { host: self.host.clone(), reason: other.to_string() }.into(),
        }
    }
}

fn agent(network: &Network) -> Result<Agent> {
    let config = Config::builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(network.proxy.clone())
        .tls_config(TlsConfig::builder().root_certs(roots(network.ca_bundle.as_deref())?).build())
        .user_agent(USER_AGENT)
        .accept_encoding("identity")
        .timeout_resolve(Some(network.connect))
        .timeout_connect(Some(network.connect))
        .timeout_per_read(Some(network.silence))
        .timeout_recv_response(Some(network.transfer))
        .timeout_send_body(Some(network.transfer))
        .timeout_recv_body(Some(network.transfer))
        .build();
    Ok(Agent::new_with_config(config))
}

fn roots(ca_bundle: Option<&[u8]>) -> Result<RootCerts> {
    let Some(pem) = ca_bundle else { return Ok(RootCerts::WebPki) };
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.context("the CA bundle is malformed")? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        bail!("the CA bundle holds no certificate in PEM form");
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
