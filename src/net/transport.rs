//! HTTP with the checks that hostile manifests call for: addresses, redirects, retries, times and sizes.
//!
//! The OCI client crates take neither a resolver nor a rule for redirects nor a bound for what they read into
//! memory, so requests are made here, on a blocking client: registries are the only thing that caulk waits for.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ureq::{
    Agent, Body,
    config::Config,
    http::{HeaderMap, Response, Uri},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use super::{address::Policy, secrets, trouble::Trouble};

/// How long to wait, and how often to ask.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes.
    pub silence: Duration,
    /// For a whole layer, pack of objects or answer of an API.
    pub transfer: Duration,
    /// For a whole manifest, configuration or token.
    pub small: Duration,
    /// How often a request is made at most.
    pub attempts: u32,
    /// The longest wait that a registry may ask for.
    pub retry_after: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            transfer: Duration::from_secs(600),
            small: Duration::from_secs(60),
            attempts: 3,
            retry_after: Duration::from_secs(20),
        }
    }
}

/// A client that keeps to the policy.
#[derive(Debug)]
pub(crate) struct Transport {
    agent: Agent,
    policy: Arc<Policy>,
    patience: Patience,
    /// Hosts that limit requests; they are not asked again in this run.
    limited: Mutex<BTreeSet<String>>,
}

/// A request without a body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request<'a> {
    pub(crate) head: bool,
    pub(crate) url: String,
    pub(crate) query: Vec<(&'a str, String)>,
    pub(crate) authorization: Option<String>,
    pub(crate) accept: Option<&'a str>,
    pub(crate) range: Option<(u64, u64)>,
    /// Whether the answer may be large, and take its time.
    pub(crate) large: bool,
    /// The fields of a form, which make it a POST.
    pub(crate) form: Vec<(&'a str, String)>,
}

/// More redirects than any registry needs.
pub(super) const MAX_REDIRECTS: usize = 5;

impl Transport {
    /// Makes a client; `ca_bundle` holds certificates in PEM that are trusted instead of the built-in ones.
    pub(crate) fn new(
        policy: Arc<Policy>,
        patience: Patience,
        proxy: Option<ureq::Proxy>,
        ca_bundle: Option<&[u8]>,
    ) -> Result<Self, String> {
        let tls = TlsConfig::builder().root_certs(roots(ca_bundle)?).build();
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .tls_config(tls)
            .user_agent(concat!("caulk/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .max_idle_connections_per_host(8)
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_per_read(Some(patience.silence))
            .timeout_recv_response(Some(patience.silence))
            .timeout_recv_body(Some(patience.transfer))
            .build();
        let resolver = Guard { policy: Arc::clone(&policy), inner: DefaultResolver::default() };
        let agent = Agent::with_parts(config, DefaultConnector::new(), resolver);
        Ok(Self { agent, policy, patience, limited: Mutex::default() })
    }

    /// Sends a request, again if that may help, and follows redirects.
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Response<Body>, Trouble> {
        let host = host_of(&request.url)?;
        let mut attempt = 1;
        loop {
            if self.limited().contains(&host) {
                return Err(Trouble::Limited(host));
            }
            let outcome = self.follow(request);
            let wait = match &outcome {
                Ok(response) if matches!(response.status().as_u16(), 429 | 500 | 502 | 503 | 504) => {
                    self.wait_asked_for(&host, response)?
                }
                Err(error) if error.is_passing() => None,
                _ => return outcome,
            };
            if attempt >= self.patience.attempts {
                return match outcome {
                    Ok(response) if response.status() == 429 => {
                        self.limited().insert(host.clone());
                        Err(Trouble::Limited(host))
                    }
                    Ok(response) => Err(Trouble::Status(host, response.status().as_u16())),
                    Err(error) => Err(error),
                };
            }
            std::thread::sleep(wait.unwrap_or_else(|| backoff(attempt, &request.url)));
            attempt += 1;
        }
    }

    fn limited(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.limited.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the wait that the registry asks for; one that is too long ends all requests to it.
    fn wait_asked_for(&self, host: &str, response: &Response<Body>) -> Result<Option<Duration>, Trouble> {
        let seconds = header(response.headers(), "retry-after").and_then(|text| text.trim().parse().ok());
        let Some(wait) = seconds.map(Duration::from_secs) else { return Ok(None) };
        if wait > self.patience.retry_after {
            self.limited().insert(host.to_owned());
            return Err(Trouble::Limited(host.to_owned()));
        }
        Ok(Some(wait))
    }

    fn follow(&self, request: &Request<'_>) -> Result<Response<Body>, Trouble> {
        let first = host_of(&request.url)?;
        let mut request = request.clone();
        for _ in 0..=MAX_REDIRECTS {
            let host = host_of(&request.url)?;
            self.check_url(&request.url, &host)?;
            let response = self.once(&request).map_err(|error| trouble(&host, &error))?;
            if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let refused = |target: &str| Trouble::Redirect(first.clone(), target.to_owned());
            let Some(location) = header(response.headers(), "location") else { return Ok(response) };
            let target = join(&request.url, location).ok_or_else(|| refused(location))?;
            let there = host_of(&target).map_err(|_| refused(&target))?;
            self.check_url(&target, &there).map_err(|_| refused(&there))?;
            if !same_origin(&request.url, &target) {
                // Credentials are for the registry; whoever it points to gets none.
                request.authorization = None;
                request.form.clear();
            }
            request.query.clear();
            request.url = target;
        }
        Err(Trouble::Redirect(first, "one place after the other".to_owned()))
    }

    pub(super) fn agent(&self) -> &Agent {
        &self.agent
    }

    /// TLS is left out only for hosts that the user's side named as insecure.
    pub(super) fn check_url(&self, url: &str, host: &str) -> Result<(), Trouble> {
        self.policy.check_host(host)?;
        let allowed =
            url.starts_with("https://") || url.starts_with("http://") && self.policy.is_insecure(host);
        if allowed { Ok(()) } else { Err(Trouble::Forbidden(format!("{host} without TLS"))) }
    }

    fn once(&self, request: &Request<'_>) -> Result<Response<Body>, ureq::Error> {
        request.authorization.iter().for_each(|authorization| secrets::remember(authorization));
        // The token of a registry is asked for with a password or a longer-lived token in a form.
        let sensitive = request.form.iter().filter(|(name, _)| matches!(*name, "password" | "refresh_token"));
        sensitive.for_each(|(_, value)| secrets::keep(value));
        let whole = if request.large { self.patience.transfer } else { self.patience.small };
        if !request.form.is_empty() {
            let form: Vec<(&str, &str)> =
                request.form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let post = self.agent.post(&request.url).config().timeout_recv_body(Some(whole)).build();
            return post.send_form(form);
        }
        let mut builder =
            if request.head { self.agent.head(&request.url) } else { self.agent.get(&request.url) };
        for (name, value) in &request.query {
            builder = builder.query(*name, value);
        }
        if let Some(authorization) = &request.authorization {
            builder = builder.header("authorization", authorization);
        }
        if let Some(accept) = request.accept {
            builder = builder.header("accept", accept);
        }
        if let Some((from, length)) = request.range {
            builder = builder.header("range", format!("bytes={from}-{}", from + length.saturating_sub(1)));
        }
        builder.config().timeout_recv_body(Some(whole)).build().call()
    }
}

/// Waits longer each time, and not all at the same moment.
fn backoff(attempt: u32, url: &str) -> Duration {
    let jitter = url.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 200;
    Duration::from_millis(300 * 2_u64.pow(attempt - 1) + jitter)
}

/// Reads a body into memory, up to a bound.
pub(crate) fn read_bounded(
    response: Response<Body>,
    host: &str,
    what: &'static str,
    bound: u64,
) -> Result<Vec<u8>, Trouble> {
    let mut bytes = Vec::new();
    body(response, host).take(bound + 1).read_to_end(&mut bytes).map_err(|error| from_io(&error))?;
    if bytes.len() as u64 > bound { Err(Trouble::TooLarge(what, bound)) } else { Ok(bytes) }
}

/// Finds our own trouble in an error of reading a body.
fn from_io(error: &io::Error) -> Trouble {
    let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Trouble>());
    ours.cloned().unwrap_or_else(|| Trouble::Malformed("an answer", error.to_string()))
}

/// Returns the body as a stream whose errors are ours.
pub(crate) fn body(response: Response<Body>, host: &str) -> impl Read + use<> {
    let expected = response.body().content_length();
    let reader = response.into_body().into_with_config().limit(u64::MAX).reader();
    Named { reader, host: host.to_owned(), expected, read: 0 }
}

struct Named<R> {
    reader: R,
    host: String,
    expected: Option<u64>,
    read: u64,
}

impl<R: Read> Read for Named<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read =
            self.reader.read(buffer).map_err(|error| io::Error::other(io_trouble(&self.host, &error)))?;
        self.read += read as u64;
        if read == 0 && !buffer.is_empty() && self.expected.is_some_and(|expected| self.read < expected) {
            return Err(io::Error::other(Trouble::Unreachable(
                self.host.clone(),
                "the connection was cut".to_owned(),
            )));
        }
        Ok(read)
    }
}

fn io_trouble(host: &str, error: &io::Error) -> Trouble {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>());
    match inner {
        Some(inner) => trouble(host, inner),
        None if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock) => {
            Trouble::Timeout(host.to_owned())
        }
        None => Trouble::Unreachable(host.to_owned(), error.to_string()),
    }
}

pub(super) fn trouble(host: &str, error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::Timeout(_) => Trouble::Timeout(host.to_owned()),
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Trouble>()) {
            Some(trouble) => trouble.clone(),
            None if error.kind() == io::ErrorKind::TimedOut => Trouble::Timeout(host.to_owned()),
            None => Trouble::Unreachable(host.to_owned(), error.to_string()),
        },
        other => Trouble::Unreachable(host.to_owned(), other.to_string()),
    }
}

/// Looks names up and drops the addresses that the policy refuses. The connection goes to what is left, so that a name
/// cannot stand for one address when it is checked and for another when it is used.
#[derive(Debug)]
struct Guard {
    policy: Arc<Policy>,
    inner: DefaultResolver,
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let mut kept = self.empty();
        let mut refused = None;
        for address in &*found {
            match self.policy.check_address(host, address.ip()) {
                Ok(()) => kept.push(*address),
                Err(trouble) => refused = Some(trouble),
            }
        }
        match refused.filter(|_| kept.is_empty()) {
            Some(trouble) => Err(ureq::Error::Io(io::Error::other(trouble))),
            None => Ok(kept),
        }
    }
}

fn roots(ca_bundle: Option<&[u8]>) -> Result<RootCerts, String> {
    let Some(pem) = ca_bundle else { return Ok(RootCerts::WebPki) };
    let mut certificates: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| error.to_string())? {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    Ok(RootCerts::new_with_certs(&certificates))
}

/// Returns the host of an address, with its port if there is one.
pub(crate) fn host_of(url: &str) -> Result<String, Trouble> {
    let malformed = || Trouble::Malformed("an address", url.escape_debug().to_string());
    let uri: Uri = url.parse().map_err(|_| malformed())?;
    let authority = uri.authority().map(|authority| authority.as_str()).ok_or_else(malformed)?;
    // User info would be sent along as credentials that nobody stored.
    if authority.contains('@') || authority.is_empty() {
        Err(malformed())
    } else {
        Ok(authority.to_ascii_lowercase())
    }
}

pub(super) fn same_origin(a: &str, b: &str) -> bool {
    let scheme = |url: &str| url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme(a) == scheme(b) && host_of(a).is_ok() && host_of(a) == host_of(b)
}

/// Makes an absolute address of what a `Location` header holds.
pub(super) fn join(base: &str, location: &str) -> Option<String> {
    let (scheme, rest) = base.split_once("://")?;
    if location.starts_with("https://") || location.starts_with("http://") {
        Some(location.to_owned())
    } else if location.starts_with("//") {
        Some(format!("{scheme}:{location}"))
    } else if location.starts_with('/') {
        let host = rest.split(['/', '?', '#']).next()?;
        Some(format!("{scheme}://{host}{location}"))
    } else {
        None
    }
}

/// Returns a header as text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests;
